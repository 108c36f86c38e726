/* Batches of previews: each item as alone, one commit for all. */
#include "tests/api_batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/writer.h"
#include "tests/api.h"

#define STATE   "'state':{'prices':{'ETH':'2000','USDC':'1'}}"
#define ACCOUNT "{'account':{'collateral':[{'asset':'ETH','quantity':'10'}]," \
    "'debt':[{'asset':'USDC','quantity':'12000'}]}}"
#define OTHER   "{'account':{'collateral':[{'asset':'ETH','quantity':'9'}]," \
    "'debt':[{'asset':'USDC','quantity':'12000'}]}}"
#define HUGE    "{'account':{'collateral':[{'asset':'ETH','quantity':'100000000000000000000'}]," \
    "'debt':[{'asset':'USDC','quantity':'12000'}]}}"
#define UNKNOWN "{'account':{'collateral':[{'asset':'DOGE','quantity':'1'}]}}"
#define OF(items)  "{'market':'eth-usd'," STATE ",'items':[" items "]}"
#define RECORDS "SELECT count(*) FROM audit.body"

enum { HEADER_MAX = 256, ITEM_BYTES = 256 };

static void
ask(const char *path, const char *idempotency_key, const char *question, int status,
    struct api_answer *answer)
{
    char              *body = api_text(question);
    char               headers[HEADER_MAX] = "";
    struct api_request request = { .method = "POST", .path = path, .key = ROLE_PREVIEW,
                                   .headers = headers, .body = body };

    if (idempotency_key)
        snprintf(headers, sizeof headers, "Idempotency-Key: %s\r\n", idempotency_key);
    api_call(&request, answer);
    ck_assert_msg(answer->http.status == status, "%d, not %d: %.1000s", answer->http.status,
                  status, answer->http.body);
    free(body);
}

static const json_t *
item_of(const struct api_answer *answer, size_t index)
{
    const json_t *item = json_array_get(json_object_get(answer->json, "items"), index);
    ck_assert_ptr_nonnull(item);
    return item;
}

static int64_t
status_of(const struct api_answer *answer, size_t index)
{
    return json_integer_value(json_object_get(item_of(answer, index), "status"));
}

/* A batch whose whole is refused; one of which nothing can be computed. */
static const struct { const char *body; int status; const char *code; } wholes[] = {
    { OF(""), 400, "invalid" },
    { "{'market':'eth-usd'," STATE "}", 400, "invalid" },
    { "{'market':'eth-usd'," STATE ",'items':[{'account':{'cash':'x'}}]}", 400, "invalid" },
    { "{'market':'doge-usd'," STATE ",'items':[" ACCOUNT "]}", 404, "no_such_market" },
    { "{'market':'btc-usd-perp','items':[" ACCOUNT "]}", 409, "snapshot_missing" },
    { "{'market':'eth-usd','state':{'prices':{'ETH':'2000'},'depth':{'ETH':[{'venue':'v',"
      "'kind':'book','fee_rate':'0','bids':[['2','1']],'asks':[['1','1']]}]}},'items':[" ACCOUNT
      "]}", 422, "meaningless" },
    { OF(UNKNOWN "," HUGE), 200, NULL },
};

START_TEST(batch_is_refused_whole)
{
    struct api_answer answer;

    ask("/v1/previews/batch", NULL, wholes[_i].body, wholes[_i].status, &answer);
    if (wholes[_i].code)
        ck_assert_str_eq(json_string_value(json_object_get(answer.json, "code")), wholes[_i].code);
    else
        ck_assert_int_eq(status_of(&answer, 1), 422);
    api_forget(&answer);
}
END_TEST

/* What an item says is what it would have said alone, but for what names the decision. */
START_TEST(item_is_as_alone)
{
    static const char *const alone[] = {
        "{'market':'eth-usd'," STATE ",'account':{'collateral':[{'asset':'ETH','quantity':'10'}],"
        "'debt':[{'asset':'USDC','quantity':'12000'}]}}",
        "{'market':'eth-usd'," STATE ",'account':{'collateral':[{'asset':'ETH','quantity':'9'}],"
        "'debt':[{'asset':'USDC','quantity':'12000'}]}}",
    };
    static const size_t places[] = { 0, 3 };
    struct api_answer   batch, single;

    ask("/v1/previews/batch", NULL, OF(ACCOUNT "," HUGE "," UNKNOWN "," OTHER), 201, &batch);
    for (size_t i = 0; i < 2; i++) {
        ask("/v1/previews", NULL, alone[i], 201, &single);
        json_t *preview = json_deep_copy(json_object_get(item_of(&batch, places[i]), "preview"));
        json_object_del(preview, "decision");
        json_object_del(preview, "audit");
        json_object_del(single.json, "decision");
        json_object_del(single.json, "audit");
        ck_assert(json_equal(preview, single.json));
        json_decref(preview);
        api_forget(&single);
    }
    api_forget(&batch);
}
END_TEST

START_TEST(one_item_overflows_alone)
{
    struct api_answer answer;

    ask("/v1/previews/batch", NULL, OF(ACCOUNT "," HUGE "," UNKNOWN "," OTHER), 201, &answer);
    ck_assert_int_eq(status_of(&answer, 0), 201);
    ck_assert_int_eq(status_of(&answer, 1), 422);
    ck_assert_int_eq(status_of(&answer, 2), 422);
    ck_assert_int_eq(status_of(&answer, 3), 201);
    const json_t *overflow = json_object_get(item_of(&answer, 1), "problem");
    ck_assert_str_eq(json_string_value(json_object_get(overflow, "code")), "overflow");
    const json_t *unknown = json_object_get(item_of(&answer, 2), "problem");
    const json_t *error = json_array_get(json_object_get(unknown, "errors"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(error, "pointer")),
                     "/items/2/account/collateral/0/asset");
    api_forget(&answer);
}
END_TEST

/* `count` accounts, the one at `bad` of an asset that nobody knows; to be freed. */
static char *
many(size_t count, size_t bad)
{
    char  *text = malloc((count + 2) * ITEM_BYTES);
    size_t at = (size_t)snprintf(text, ITEM_BYTES, "{'market':'eth-usd'," STATE ",'items':[");

    for (size_t i = 0; i < count; i++)
        at += (size_t)snprintf(text + at, ITEM_BYTES,
                               "%s{'account':{'id':'a%zu','collateral':[{'asset':'%s','quantity':"
                               "'%zu'}],'debt':[{'asset':'USDC','quantity':'1000'}]}}",
                               i ? "," : "", i, i == bad ? "DOGE" : "ETH", i + 1);
    snprintf(text + at, ITEM_BYTES, "]}");
    return text;
}

START_TEST(thousand_accounts_are_one_commit)
{
    struct api_answer answer;
    const char       *url = api_running()->url;
    char             *body = many(GROUP_MAX, 500);
    int64_t           before = postgres_number(url, RECORDS);
    int64_t           commits = postgres_number(url, "SELECT count(DISTINCT xmin::text)"
                                                " FROM audit.body");

    ask("/v1/previews/batch", NULL, body, 201, &answer);
    for (size_t i = 0; i < GROUP_MAX; i++)
        ck_assert_int_eq(status_of(&answer, i), i == 500 ? 422 : 201);
    ck_assert_int_eq(postgres_number(url, RECORDS), before + GROUP_MAX - 1);
    ck_assert_int_eq(postgres_number(url, "SELECT count(DISTINCT xmin::text) FROM audit.body"),
                     commits + 1);
    api_forget(&answer);
    free(body);

    body = many(GROUP_MAX + 1, 0);
    ask("/v1/previews/batch", NULL, body, 400, &answer);
    ck_assert_ptr_nonnull(strstr(answer.http.body, "\"too_many\""));
    api_forget(&answer);
    free(body);
}
END_TEST

START_TEST(repeated_batch_gets_the_stored_answers)
{
    struct api_answer first, again;
    const char       *url = api_running()->url;

    ask("/v1/previews/batch", "table", OF(ACCOUNT "," HUGE "," OTHER), 201, &first);
    int64_t records = postgres_number(url, RECORDS);
    ask("/v1/previews/batch", "table", OF(ACCOUNT "," HUGE "," OTHER), 201, &again);
    ck_assert(json_equal(first.json, again.json));
    char replayed[16];
    http_header(&again.http, "Idempotent-Replayed", replayed, sizeof replayed);
    ck_assert_str_eq(replayed, "true");
    ck_assert_int_eq(postgres_number(url, RECORDS), records);
    api_forget(&again);
    ask("/v1/previews/batch", "table", OF(ACCOUNT), 422, &again);
    ck_assert_str_eq(json_string_value(json_object_get(again.json, "code")), "key_reused");
    api_forget(&again);
    api_forget(&first);
}
END_TEST

/* The rules move on between computing and writing: all is computed again, and recorded once. */
START_TEST(batch_is_fenced_whole)
{
    struct api_answer answer;
    const char       *url;

    api_open_another(true);
    url = api_running()->url;
    ask("/v1/previews/batch", NULL, OF(ACCOUNT), 201, &answer);
    api_forget(&answer);
    postgres_run(url, "UPDATE breakwater.market SET epoch = epoch + 1 WHERE market = 'eth-usd'");
    int64_t records = postgres_number(url, RECORDS);
    ask("/v1/previews/batch", "fenced", OF(ACCOUNT "," HUGE "," OTHER), 201, &answer);
    ck_assert_int_eq(status_of(&answer, 0), 201);
    ck_assert_int_eq(status_of(&answer, 1), 422);
    ck_assert_int_eq(status_of(&answer, 2), 201);
    ck_assert_int_eq(postgres_number(url, RECORDS), records + 2);
    api_forget(&answer);

    postgres_stop();
    ask("/v1/previews/batch", NULL, OF(ACCOUNT), 503, &answer);
    api_forget(&answer);
    postgres_start();
    api_close();
}
END_TEST

void
api_batch_add(TCase *tcase)
{
    tcase_add_loop_test(tcase, batch_is_refused_whole, 0, sizeof wholes / sizeof *wholes);
    tcase_add_test(tcase, item_is_as_alone);
    tcase_add_test(tcase, one_item_overflows_alone);
    tcase_add_test(tcase, thousand_accounts_are_one_commit);
    tcase_add_test(tcase, repeated_batch_gets_the_stored_answers);
}

void
api_batch_add_apart(TCase *tcase)
{
    tcase_add_test(tcase, batch_is_fenced_whole);
}
