/* What takes more than one request. */
#include "tests/api_flows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "audit/digest.h"
#include "db/database.h"
#include "db/retention.h"
#include "handlers/routes.h"
#include "record/instant.h"
#include "record/record.h"
#include "tests/api.h"
#include "tests/openapi.h"

#define ACCOUNT "'account':{'collateral':[{'asset':'ETH','quantity':'10'}]," \
    "'debt':[{'asset':'USDC','quantity':'12000'}]}"
#define GOOD    "{'market':'eth-usd'," ACCOUNT ",'state':{'prices':{'ETH':'2000','USDC':'1'}}}"
#define OTHER   "{'market':'eth-usd'," ACCOUNT ",'state':{'prices':{'ETH':'2001','USDC':'1'}}}"
#define WORKED  "{'market':'eth-usd'," ACCOUNT ",'state':{'prices':{'ETH':'2000','USDC':'1'}}," \
    "'workings':true}"

enum { POLLS_MAX = 200, POLL_US = 50000, LOCATION_MAX = 128, HEADER_MAX = 256 };

static const char *const decisions[] = { "/v1/previews", "/v1/penalties", "/v1/liquidation-prices",
                                         "/v1/suggestions" };

/* A POST of a question written with ' for ", its idempotency key, and the status that
 * it must have. */
static void
ask(const char *path, int key, const char *idempotency_key, const char *question, int status,
    struct api_answer *answer)
{
    char              *body = api_text(question);
    char               headers[HEADER_MAX] = "";
    struct api_request request = { .method = "POST",
                                   .path = path,
                                   .key = key,
                                   .headers = headers,
                                   .body = body };

    if (idempotency_key)
        snprintf(headers, sizeof headers, "Idempotency-Key: %s\r\n", idempotency_key);
    api_call(&request, answer);
    ck_assert_msg(answer->http.status == status, "%s: %d, not %d: %.1000s", path,
                  answer->http.status, status, answer->http.body);
    free(body);
}

static void
get(const char *path, int key, const char *headers, int status, struct api_answer *answer)
{
    struct api_request request = { .method = "GET", .path = path, .key = key, .headers = headers };

    api_call(&request, answer);
    ck_assert_msg(answer->http.status == status, "%s: %d, not %d: %.1000s", path,
                  answer->http.status, status, answer->http.body);
}

static void
refused(const struct api_answer *answer, const char *code)
{
    const char *found = json_string_value(json_object_get(answer->json, "code"));
    ck_assert_msg(found && !strcmp(found, code), "%s, not %s", found, code);
}

static void
same_bytes(const struct api_answer *a, const struct api_answer *b)
{
    ck_assert_msg(a->http.count == b->http.count &&
                      !memcmp(a->http.body, b->http.body, a->http.count),
                  "%s\n  is not\n%s", a->http.body, b->http.body);
}

/* The one is the other without its last member, "workings". */
static void
same_but_for_workings(const struct api_answer *stored, const struct api_answer *first)
{
    static const char more[] = ",\"workings\":[";
    size_t            count = stored->http.count - 1;

    ck_assert_uint_gt(first->http.count, count + sizeof more);
    ck_assert_mem_eq(stored->http.body, first->http.body, count);
    ck_assert_mem_eq(first->http.body + count, more, sizeof more - 1);
    ck_assert_int_eq(stored->http.body[count], '}');
}

START_TEST(decision_reads_back_byte_for_byte)
{
    struct api_answer first, stored;
    char              location[LOCATION_MAX];

    ask(decisions[_i], ROLE_PREVIEW, NULL, WORKED, 201, &first);
    http_header(&first.http, "Location", location, sizeof location);
    get(location, ROLE_PREVIEW, NULL, 200, &stored);
    same_but_for_workings(&stored, &first);
    api_forget(&stored);
    get(location, ROLE_AUDIT, NULL, 200, &stored);
    same_but_for_workings(&stored, &first);
    api_forget(&stored);
    api_forget(&first);
}
END_TEST

START_TEST(decision_is_nobody_elses)
{
    struct api_answer first, other;
    char              location[LOCATION_MAX];

    ask("/v1/previews", ROLE_PREVIEW, NULL, GOOD, 201, &first);
    http_header(&first.http, "Location", location, sizeof location);
    get(location, API_OTHER, NULL, 404, &other);
    refused(&other, "no_such_decision");
    api_forget(&other);
    get(location, ROLE_ANYONE, NULL, 404, &other);
    api_forget(&other);
    api_forget(&first);

    ask("/v1/previews", ROLE_ANYONE, NULL, GOOD, 201, &first);
    http_header(&first.http, "Location", location, sizeof location);
    get(location, ROLE_ANYONE, NULL, 200, &other);
    same_bytes(&other, &first);
    api_forget(&other);
    get(location, ROLE_PREVIEW, NULL, 404, &other);
    api_forget(&other);
    api_forget(&first);
}
END_TEST

static const char *
text_at(const struct api_answer *answer, const char *object, const char *name)
{
    const json_t *within = object ? json_object_get(answer->json, object) : answer->json;
    const char   *text = json_string_value(json_object_get(within, name));
    ck_assert_ptr_nonnull(text);
    return text;
}

/* Members in another order, integers for strings, zeros and white space: the same state, under the
 * same rules. */
START_TEST(same_state_has_the_same_hash)
{
    static const char *const states[] = {
        "{'prices':{'ETH':'2000','USDC':'1'},'volume':{'ETH':'0'}}",
        " { 'volume' : { 'ETH' : '-0' } , 'prices' : { 'USDC' : '1' , 'ETH' : '2000' } } ",
        "{'prices':{'USDC':'1.000','ETH':'2000.0'},'volume':{'ETH':'0.00'}}",
        "{'volatility':null,'prices':{'USDC':1,'ETH':2000},'volume':{'\\u0045TH':0}}",
    };
    struct api_answer answer;
    char              question[512], first[80];

    for (size_t i = 0; i < COUNT_OF(states); i++) {
        snprintf(question, sizeof question, "{'market':'eth-usd'," ACCOUNT ",'state':%s}",
                 states[i]);
        char              *body = api_text(question);
        struct api_request request = { .method = "POST",
                                       .path = "/v1/previews",
                                       .body = body,
                                       .is_direct = true };
        api_call(&request, &answer);
        ck_assert_int_eq(answer.http.status, 201);
        if (i == 0)
            snprintf(first, sizeof first, "%s", text_at(&answer, "decision", "snapshot_sha256"));
        ck_assert_str_eq(text_at(&answer, "decision", "snapshot_sha256"), first);
        free(body);
        api_forget(&answer);
    }
}
END_TEST

START_TEST(same_question_has_the_same_figures)
{
    struct api_answer a, b;

    ask(decisions[_i], ROLE_PREVIEW, NULL, WORKED, 201, &a);
    ask(decisions[_i], ROLE_PREVIEW, NULL, WORKED, 201, &b);
    ck_assert_str_ne(text_at(&a, "decision", "id"), text_at(&b, "decision", "id"));
    ck_assert_str_ne(text_at(&a, "audit", "commitment"), text_at(&b, "audit", "commitment"));
    ck_assert_str_eq(strstr(a.http.body, ",\"health\":"), strstr(b.http.body, ",\"health\":"));
    api_forget(&a);
    api_forget(&b);
}
END_TEST

/* The examples of questions that name a market. */
static const char *const examples[] = { "Lending", "Endangered", "Perpetual", "Wish" };

/* With its workings; to be freed. */
static char *
example(size_t i)
{
    char pointer[64];

    snprintf(pointer, sizeof pointer, "/components/examples/%s/value", examples[i]);
    json_t *question = json_copy((json_t *)openapi_find(api_document(), pointer));
    json_object_set_new(question, "workings", json_true());
    char *text = json_dumps(question, JSON_COMPACT);
    json_decref(question);
    return text;
}

/* Asked for alone, a part is what it is in the whole answer; of the rest it says nothing. */
START_TEST(part_is_as_in_the_preview)
{
    struct api_answer whole, part;
    const char       *member;
    json_t           *value;

    for (size_t i = 0; i < COUNT_OF(examples); i++) {
        char *question = example(i);
        ask("/v1/previews", ROLE_PREVIEW, NULL, question, 201, &whole);
        ask(decisions[_i], ROLE_PREVIEW, NULL, question, 201, &part);
        json_object_foreach(part.json, member, value)
            if (strcmp(member, "decision") != 0 && strcmp(member, "audit") != 0 &&
                strcmp(member, "warnings") != 0 && strcmp(member, "workings") != 0)
                ck_assert_msg(json_equal(value, json_object_get(whole.json, member)),
                              "%s of %s: %.1500s", member, examples[i],
                              json_dumps(value, JSON_COMPACT));
        free(question);
        api_forget(&part);
        api_forget(&whole);
    }
}
END_TEST

START_TEST(workings_are_of_figures_that_are_there)
{
    for (size_t i = 0; i < COUNT_OF(examples); i++) {
        struct api_answer answer;
        char             *question = example(i);
        ask(decisions[_i], ROLE_PREVIEW, NULL, question, 201, &answer);
        const json_t *workings = json_object_get(answer.json, "workings");
        ck_assert_uint_ge(json_array_size(workings), 4);
        for (size_t j = 0; j < json_array_size(workings); j++) {
            const char *figure =
                json_string_value(json_object_get(json_array_get(workings, j), "figure"));
            ck_assert_msg(openapi_find(answer.json, figure) != NULL, "%s of %s", figure,
                          examples[i]);
        }
        free(question);
        api_forget(&answer);
    }
}
END_TEST

/* As many assets as a document may have, each held or owed: the lists keep to their bounds. */
START_TEST(largest_account_is_answered_within_bounds)
{
    enum { ASSETS = 64, ROOM = 64 * 256 };
    static const struct { const char *head, *item; int first, end; } parts[] = {
        { "'assets':{", "'A%d':{'threshold':'0.5'}", 0, ASSETS },
        { "'collateral':[", "{'asset':'A%d','quantity':'10'}", 0, ASSETS / 2 },
        { "'debt':[", "{'asset':'A%d','quantity':'4.9'}", ASSETS / 2, ASSETS },
        { "'prices':{", "'A%d':'100'", 0, ASSETS },
    };
    char  *texts[COUNT_OF(parts)];
    char  *question = malloc(COUNT_OF(parts) * ROOM);
    struct api_answer answer;

    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        texts[i] = malloc(ROOM);
        size_t count = (size_t)snprintf(texts[i], ROOM, "%s", parts[i].head);
        for (int j = parts[i].first; j < parts[i].end; j++) {
            if (j > parts[i].first)
                texts[i][count++] = ',';
            count += (size_t)snprintf(texts[i] + count, ROOM - count, parts[i].item, j);
        }
    }
    snprintf(question, COUNT_OF(parts) * ROOM,
             "{'parameters':{%s},'trigger':{'rule':'below'},'close':{'rule':'full'},"
             "'dust':{'rule':'none'},'penalty':{'rule':'fixed'}},'account':{%s],%s]},"
             "'state':{%s}},'workings':true}", texts[0], texts[1], texts[2], texts[3]);
    ask("/v1/previews", API_EVERY_ROLE, NULL, question, 201, &answer);
    ck_assert_uint_eq(json_array_size(json_object_get(answer.json, "liquidation_prices")), ASSETS);
    ck_assert_uint_eq(json_array_size(json_object_get(answer.json, "workings")), 64);
    api_forget(&answer);
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        free(texts[i]);
    free(question);
}
END_TEST

START_TEST(decision_names_the_rules_in_force)
{
    struct api_answer rules, answer;

    get("/v1/markets/eth-usd/parameters", ROLE_ANYONE, NULL, 200, &rules);
    ask("/v1/previews", ROLE_PREVIEW, NULL, GOOD, 201, &answer);
    ck_assert_str_eq(text_at(&answer, "decision", "parameters_sha256"),
                     json_string_value(json_object_get(rules.json, "sha256")));
    ck_assert(
        json_equal(json_object_get(json_object_get(answer.json, "decision"), "parameters_version"),
                   json_object_get(rules.json, "version")));
    api_forget(&rules);
    api_forget(&answer);
}
END_TEST

static void
is_replayed(const struct api_answer *answer, bool is_it)
{
    char value[16];
    http_header(&answer->http, "Idempotent-Replayed", value, sizeof value);
    ck_assert_str_eq(value, is_it ? "true" : "");
}

/* The whole answer again, the workings with it; another body is refused. */
START_TEST(idempotency_key_gets_the_stored_answer)
{
    struct api_answer first, second;
    char              location[2][LOCATION_MAX], key[32];

    snprintf(key, sizeof key, "again-%d", _i);
    ask(decisions[_i], ROLE_PREVIEW, key, WORKED, 201, &first);
    is_replayed(&first, false);
    ask(decisions[_i], ROLE_PREVIEW, key, WORKED, 201, &second);
    is_replayed(&second, true);
    same_bytes(&second, &first);
    http_header(&first.http, "Location", location[0], LOCATION_MAX);
    http_header(&second.http, "Location", location[1], LOCATION_MAX);
    ck_assert_str_eq(location[0], location[1]);
    api_forget(&second);
    ask(decisions[_i], ROLE_PREVIEW, key, OTHER, 422, &second);
    refused(&second, "key_reused");
    api_forget(&second);
    api_forget(&first);
}
END_TEST

/* Bodies are compared by their bytes: the same one with a space more is another. */
START_TEST(idempotency_key_knows_the_bytes)
{
    static const int   statuses[] = { 201, 422 };
    char              *bodies[] = { api_text(GOOD), api_text(" " GOOD) };
    struct api_request request = { .method = "POST",
                                   .path = "/v1/previews",
                                   .headers = "Idempotency-Key: bytes\r\n",
                                   .is_direct = true };
    struct api_answer  answer;

    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        request.body = bodies[i];
        api_call(&request, &answer);
        ck_assert_int_eq(answer.http.status, statuses[i]);
        api_forget(&answer);
        free(bodies[i]);
    }
}
END_TEST

START_TEST(idempotency_key_is_its_callers)
{
    static const int  keys[] = { ROLE_PREVIEW, API_OTHER, ROLE_ANYONE };
    struct api_answer answers[COUNT_OF(keys)];

    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        ask("/v1/previews", keys[i], "shared", GOOD, 201, &answers[i]);
        is_replayed(&answers[i], false);
    }
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        api_forget(&answers[i]);
}
END_TEST

/* The same key and body, but of another operation, is not the same request. */
START_TEST(idempotency_key_is_its_operations)
{
    struct api_answer answer;

    ask("/v1/previews", ROLE_PREVIEW, "elsewhere", GOOD, 201, &answer);
    api_forget(&answer);
    ask("/v1/penalties", ROLE_PREVIEW, "elsewhere", GOOD, 422, &answer);
    refused(&answer, "key_reused");
    api_forget(&answer);
}
END_TEST

/* A refused request keeps no key. */
START_TEST(idempotency_key_of_a_refusal_is_free)
{
    struct api_answer answer;

    ask("/v1/previews", ROLE_PREVIEW, "free",
        "{'market':'doge-usd'," ACCOUNT ",'state':{'prices':{'ETH':'1'}}}", 404, &answer);
    api_forget(&answer);
    ask("/v1/previews", ROLE_PREVIEW, "free", GOOD, 201, &answer);
    is_replayed(&answer, false);
    api_forget(&answer);
}
END_TEST

/* The id stands in the secret, "bw_{id}_...". */
static void
id_of_key(int key, char id[static KEY_ID_MAX])
{
    snprintf(id, KEY_ID_MAX, "%s", api_running()->secrets[key] + 3);
}

/* Another connection holds the key in a transaction, as another instance of the service would that
 * is writing it. */
START_TEST(idempotency_key_in_flight_is_409)
{
    static const char sql[] =
        "INSERT INTO breakwater.idempotency (caller, key, body_sha256, decision, created_at)"
        " VALUES ($1, $2, sha256('x'), 'dec_1', 1)";
    struct database_settings settings = { .url = api_running()->url };
    char                     why[DATABASE_WHY_MAX], id[KEY_ID_MAX], key[32];
    struct database         *database = database_open(&settings, why);
    struct connection        connection;
    struct api_answer        answer;

    ck_assert_ptr_nonnull(database);
    ck_assert(connection_open(&connection, database));
    id_of_key(ROLE_PREVIEW, id);
    snprintf(key, sizeof key, "in-flight-%d", _i);
    ck_assert_int_eq(transaction_begin(&connection), OUTCOME_OK);
    ck_assert_int_eq(
        run_command(&connection, sql, (struct arg[]){ ARG_TEXT(id), ARG_TEXT(key) }, 2, NULL),
        OUTCOME_OK);
    ask(decisions[_i], ROLE_PREVIEW, key, GOOD, 409, &answer);
    refused(&answer, "key_in_flight");
    api_forget(&answer);
    transaction_rollback(&connection);
    ask(decisions[_i], ROLE_PREVIEW, key, GOOD, 201, &answer);
    is_replayed(&answer, false);
    api_forget(&answer);
    connection_close(&connection);
    database_close(database);
}
END_TEST

START_TEST(connection_outlives_a_bad_request)
{
    static const struct { const char *body; int status; } rows[] = {
        { "{'market':", 400 }, { GOOD, 201 }, { "[]", 400 }, { "{'market':'doge-usd'," ACCOUNT ","
          "'state':{'prices':{'ETH':'1'}}}", 404 },
        { GOOD, 201 },
    };
    struct http_client client;
    struct api_answer  answer;

    http_connect(&client, api_running()->port);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char              *body = api_text(rows[i].body);
        struct api_request request = { .method = "POST", .path = "/v1/previews", .body = body };
        api_send(&client, &request, &answer);
        ck_assert_int_eq(answer.http.status, rows[i].status);
        api_forget(&answer);
        free(body);
    }
    http_close(&client);
}
END_TEST

/* Both before the first answer: the bad one is answered first. */
START_TEST(pipelined_requests_are_answered_in_turn)
{
    struct http_client client;
    struct http_answer answer;

    http_connect(&client, api_running()->port);
    http_send(
        &client,
        "POST /v1/previews HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: 1\r\n\r\n{"
        "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
    http_receive(&client, false, &answer);
    ck_assert_int_eq(answer.status, 400);
    http_forget(&answer);
    http_receive(&client, false, &answer);
    ck_assert_int_eq(answer.status, 200);
    http_forget(&answer);
    http_close(&client);
}
END_TEST

/* Half of what was announced, and then nothing: no answer, and no harm. */
START_TEST(truncated_body_harms_nobody)
{
    struct http_client client;
    struct http_answer answer;
    struct api_answer  after;

    http_connect(&client, api_running()->port);
    http_send(
        &client,
        "POST /v1/previews HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: 500\r\n\r\n"
        "{\"market\":\"eth-usd\"");
    shutdown(client.fd, SHUT_WR);
    http_receive(&client, false, &answer);
    ck_assert_msg(answer.status == 0 || answer.status == 400, "%d", answer.status);
    http_forget(&answer);
    http_close(&client);
    get("/livez", ROLE_ANYONE, NULL, 200, &after);
    api_forget(&after);
}
END_TEST

START_TEST(trace_is_echoed)
{
    static const char trace[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    struct api_answer answer;
    char              headers[HEADER_MAX], value[HEADER_MAX];

    snprintf(headers, sizeof headers, "traceparent: %s\r\n", trace);
    get("/v1/markets/doge-usd", ROLE_ANYONE, headers, 404, &answer);
    http_header(&answer.http, "traceparent", value, sizeof value);
    ck_assert_str_eq(value, trace);
    ck_assert_str_eq(json_string_value(json_object_get(answer.json, "instance")),
                     "/v1/markets/doge-usd#0af7651916cd43dd8448eb211c80319c");
    api_forget(&answer);
}
END_TEST

START_TEST(parameters_are_fetched_once)
{
    struct api_answer answer;
    char              tag[HEADER_MAX], headers[2 * HEADER_MAX], cache[HEADER_MAX];

    get("/v1/markets/eth-usd/parameters", ROLE_ANYONE, NULL, 200, &answer);
    http_header(&answer.http, "ETag", tag, sizeof tag);
    http_header(&answer.http, "Cache-Control", cache, sizeof cache);
    ck_assert_str_eq(cache, "no-cache");
    ck_assert_int_eq(
        strncmp(tag + 4, json_string_value(json_object_get(answer.json, "sha256")), 64), 0);
    ck_assert_int_eq(strncmp(tag, "\"v1-", 4), 0);
    api_forget(&answer);

    snprintf(headers, sizeof headers, "If-None-Match: %s\r\n", tag);
    get("/v1/markets/eth-usd/parameters", ROLE_ANYONE, headers, 304, &answer);
    api_forget(&answer);
    get("/v1/markets/btc-usd-perp/parameters", ROLE_ANYONE, headers, 200, &answer);
    api_forget(&answer);
    get("/v1/markets/eth-usd/parameters?version=1", ROLE_ANYONE, NULL, 200, &answer);
    http_header(&answer.http, "Cache-Control", cache, sizeof cache);
    ck_assert_str_eq(cache, "public, max-age=31536000, immutable");
    api_forget(&answer);
}
END_TEST

/* Each of them is a document that a question may carry. */
START_TEST(presets_are_accepted)
{
    struct api_answer list, preset, answer;

    get("/v1/presets", ROLE_ANYONE, NULL, 200, &list);
    const json_t *items = json_object_get(list.json, "items");
    ck_assert_uint_eq(json_array_size(items), 14);
    for (size_t i = 0; i < json_array_size(items); i++) {
        const char *name = json_string_value(json_object_get(json_array_get(items, i), "name"));
        char        path[HEADER_MAX];
        snprintf(path, sizeof path, "/v1/presets/%s", name);
        get(path, ROLE_ANYONE, NULL, 200, &preset);
        size_t room = preset.http.count + 256;
        char  *question = malloc(room);
        snprintf(
            question, room,
            "{\"parameters\":%s,\"account\":{\"cash\":\"1\"},\"state\":{\"prices\":{\"X\":\"1\"}}}",
            preset.http.body);
        ask("/v1/liquidation-prices", API_EVERY_ROLE, NULL, question, 201, &answer);
        api_forget(&answer);
        free(question);
        api_forget(&preset);
    }
    api_forget(&list);
}
END_TEST

START_TEST(metrics_count_what_was_asked)
{
    struct api_answer answer;

    ask("/v1/suggestions", ROLE_ANYONE, NULL, GOOD, 201, &answer);
    api_forget(&answer);
    get("/metrics", ROLE_ANYONE, NULL, 200, &answer);
    ck_assert_ptr_nonnull(
        strstr(answer.http.body,
               "breakwater_requests_total{operation=\"createSuggestion\",class=\"2xx\"} "));
    api_forget(&answer);
}
END_TEST

/* What the dashboard and the alert rules ask for is there, by name. */
START_TEST(metrics_that_dashboards_name_are_there)
{
    static const char *const files[] = { "docker/dashboard.json", "docker/alerts.yaml" };
    enum { FILE_BYTES_MAX = 1 << 16 };
    struct api_answer answer;
    char             *text = calloc(1, FILE_BYTES_MAX);
    FILE             *file = fopen(files[_i], "r");
    size_t            named = 0;

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_lt(fread(text, 1, FILE_BYTES_MAX - 1, file), FILE_BYTES_MAX - 1);
    fclose(file);
    ask("/v1/previews", ROLE_ANYONE, NULL, "{}", 400, &answer);
    api_forget(&answer);
    ask("/v1/previews", ROLE_ANYONE, NULL, GOOD, 201, &answer);
    api_forget(&answer);
    get("/metrics", ROLE_ANYONE, NULL, 200, &answer);
    for (char *at = text; (at = strstr(at, "breakwater_")); named++) {
        size_t count = strspn(at, "abcdefghijklmnopqrstuvwxyz_");
        char   name[80] = "\n";
        ck_assert_uint_lt(count, sizeof name - 1);
        memcpy(name + 1, at, count);
        ck_assert_msg(strstr(answer.http.body, name) != NULL, "%s: no metric %s", files[_i], name + 1);
        at += count;
    }
    ck_assert_uint_gt(named, 9);
    api_forget(&answer);
    free(text);
}
END_TEST

/* Until it is answered with this status: what the service finds out by itself. False: not within
 * ten seconds. */
static bool
becomes(const char *method, const char *path, int key, const char *question, int status)
{
    char              *body = question ? api_text(question) : NULL;
    struct api_request request = { .method = method, .path = path, .key = key, .body = body };
    bool               is_so = false;

    for (int i = 0; !is_so && i < POLLS_MAX; i++) {
        struct api_answer answer;
        api_call(&request, &answer);
        is_so = answer.http.status == status;
        api_forget(&answer);
        if (!is_so)
            usleep(POLL_US);
    }
    free(body);
    return is_so;
}

START_TEST(erased_decision_is_gone)
{
    struct api_answer        answer;
    struct database_settings settings = { .url = api_running()->url };
    char                     why[DATABASE_WHY_MAX], location[LOCATION_MAX];
    char                     replay[LOCATION_MAX + 8];
    struct database         *database = database_open(&settings, why);
    struct connection        connection;
    int64_t                  index;

    ck_assert_ptr_nonnull(database);
    ck_assert(connection_open(&connection, database));
    ask("/v1/previews", ROLE_PREVIEW, NULL, GOOD, 201, &answer);
    http_header(&answer.http, "Location", location, LOCATION_MAX);
    api_forget(&answer);
    enum retention result = RETENTION_NOT_YET;
    for (int i = 0; i < POLLS_MAX && result == RETENTION_NOT_YET; i++) {
        usleep(POLL_US);
        result = decision_erase(&connection, NULL, strrchr(location, '/') + 1, "a test", &index);
    }
    ck_assert_int_eq(result, RETENTION_DONE);
    /* until the log tells of it, to those who verify it after us */
    for (int i = 0; i < POLLS_MAX && postgres_number(settings.url, "SELECT count(*) FROM audit.pending"); i++)
        usleep(POLL_US);
    api_await_log(postgres_number(settings.url, "SELECT size FROM audit.head"));
    get(location, ROLE_PREVIEW, NULL, 410, &answer);
    refused(&answer, "decision_pruned");
    api_forget(&answer);
    snprintf(replay, sizeof replay, "%s/replay", location);
    get(replay, ROLE_PREVIEW, NULL, 410, &answer);
    refused(&answer, "decision_pruned");
    api_forget(&answer);
    connection_close(&connection);
    database_close(database);
}
END_TEST

START_TEST(revoked_key_is_refused)
{
    char id[KEY_ID_MAX];

    api_open_another(false);
    struct database_settings settings = { .url = api_running()->url };
    char                     why[DATABASE_WHY_MAX];
    struct database         *database = database_open(&settings, why);
    struct connection        connection;
    bool                     was_there;

    ck_assert_ptr_nonnull(database);
    ck_assert(connection_open(&connection, database));
    ck_assert(becomes("POST", "/v1/previews", ROLE_PREVIEW, GOOD, 201));
    id_of_key(ROLE_PREVIEW, id);
    ck_assert_int_eq(key_revoke(&connection, NULL, id, &was_there), OUTCOME_OK);
    ck_assert(was_there);
    ck_assert(becomes("POST", "/v1/previews", ROLE_PREVIEW, GOOD, 401));
    ck_assert(becomes("POST", "/v1/previews", API_OTHER, GOOD, 201));
    connection_close(&connection);
    database_close(database);
    api_close();
}
END_TEST

/* Not the embedded default: from here, too, a key is needed. */
START_TEST(networked_service_needs_a_key)
{
    struct api_answer answer;

    api_open_another(false);
    for (size_t i = 0; i < COUNT_OF(decisions); i++) {
        ask(decisions[i], ROLE_ANYONE, NULL, GOOD, 401, &answer);
        refused(&answer, "key_unknown");
        api_forget(&answer);
        ask(decisions[i], ROLE_PREVIEW, NULL, GOOD, 201, &answer);
        api_forget(&answer);
    }
    get("/v1/decisions/dec_1", ROLE_ANYONE, NULL, 401, &answer);
    api_forget(&answer);
    get("/v1/markets", ROLE_ANYONE, NULL, 200, &answer);
    api_forget(&answer);
    api_close();
}
END_TEST

START_TEST(stored_answers_outlive_the_process)
{
    struct api_answer first, second;
    char              location[LOCATION_MAX];

    api_open_another(true);
    ask("/v1/previews", ROLE_PREVIEW, "lasting", WORKED, 201, &first);
    http_header(&first.http, "Location", location, sizeof location);
    api_restart();
    ask("/v1/previews", ROLE_PREVIEW, "lasting", WORKED, 201, &second);
    is_replayed(&second, true);
    same_bytes(&second, &first);
    api_forget(&second);
    ask("/v1/previews", ROLE_PREVIEW, "lasting", OTHER, 422, &second);
    refused(&second, "key_reused");
    api_forget(&second);
    get(location, ROLE_PREVIEW, NULL, 200, &second);
    same_but_for_workings(&second, &first);
    api_forget(&second);
    api_forget(&first);
    api_close();
}
END_TEST

/* So many seconds ago, with milliseconds. */
static void
push(int64_t ago_ms, const char *price, int status, struct api_answer *answer)
{
    char at[INSTANT_TEXT_MAX], text[1024];

    instant_format(clock_now_us() - ago_ms * 1000, at);
    snprintf(text, sizeof text,
             "{'observed_at':'%s','prices':{'ETH':[{'source':'a','price':'%s','observed_at':'%s'}],"
             "'USDC':[{'source':'a','price':'1','observed_at':'%s'}]}}", at, price, at, at);
    char *body = api_text(text);
    struct api_request request = { .method = "PUT", .path = "/v1/markets/eth-usd/snapshot",
                                   .key = ROLE_FEED, .body = body };
    api_call(&request, answer);
    ck_assert_msg(answer->http.status == status, "%d, not %d: %.1000s", answer->http.status,
                  status, answer->http.body);
    free(body);
}

#define STATELESS "{'market':'eth-usd'," ACCOUNT "}"

/* A question without a state is put to the latest, and its decision names that by its hash. */
START_TEST(question_without_state_takes_the_latest)
{
    struct api_answer first, second, asked, kept;
    char              path[128], question[512], tag[96], headers[160];

    api_open_another(true);
    push(2000, "2000", 200, &first);
    ask("/v1/previews", ROLE_PREVIEW, NULL, STATELESS, 201, &asked);
    ck_assert_str_eq(text_at(&asked, "decision", "snapshot_sha256"), text_at(&first, NULL, "sha256"));
    ck_assert_str_eq(text_at(&asked, "health", "support"), "16600");
    api_forget(&asked);

    push(1000, "1000", 200, &second);
    ck_assert_str_eq(text_at(&second, NULL, "previous_sha256"), text_at(&first, NULL, "sha256"));
    ask("/v1/previews", ROLE_PREVIEW, NULL, STATELESS, 201, &asked);
    ck_assert_str_eq(text_at(&asked, "health", "support"), "8300");
    api_forget(&asked);
    push(1500, "3000", 409, &asked);
    refused(&asked, "snapshot_not_newer");
    api_forget(&asked);

    /* The first one, by its hash: on a worker, then computed as before. */
    snprintf(question, sizeof question, "{'market':'eth-usd'," ACCOUNT ",'state':{'snapshot':'%s'}}",
             text_at(&first, NULL, "sha256"));
    ask("/v1/previews", ROLE_PREVIEW, NULL, question, 201, &asked);
    ck_assert_str_eq(text_at(&asked, "health", "support"), "16600");
    ck_assert_str_eq(text_at(&asked, "decision", "snapshot_sha256"), text_at(&first, NULL, "sha256"));
    api_forget(&asked);

    snprintf(path, sizeof path, "/v1/snapshots/%s", text_at(&first, NULL, "sha256"));
    get(path, ROLE_AUDIT, NULL, 200, &kept);
    struct digest sha256 = digest_of(kept.http.body, kept.http.count);
    char          hex[DIGEST_TEXT_MAX];
    digest_format(&sha256, hex);
    ck_assert_str_eq(hex, text_at(&first, NULL, "sha256"));
    api_forget(&kept);
    get("/v1/markets/eth-usd/snapshot", ROLE_FEED, NULL, 200, &kept);
    http_header(&kept.http, "ETag", tag, sizeof tag);
    api_forget(&kept);
    snprintf(headers, sizeof headers, "If-None-Match: %s\r\n", tag);
    get("/v1/markets/eth-usd/snapshot", ROLE_FEED, headers, 304, &kept);
    api_forget(&kept);
    api_forget(&first);
    api_forget(&second);
    api_close();
}
END_TEST

/* ETH's limit is 120 s: a snapshot taken within it, and past it when it is asked of. */
START_TEST(price_past_its_age_limit_is_409)
{
    struct api_answer answer;

    api_open_another(true);
    push(120 * 1000 - 2000, "2000", 200, &answer);
    api_forget(&answer);
    ask("/v1/previews", ROLE_PREVIEW, NULL, STATELESS, 201, &answer);
    api_forget(&answer);
    usleep(2100000);
    ask("/v1/previews", ROLE_PREVIEW, NULL, STATELESS, 409, &answer);
    refused(&answer, "snapshot_stale");
    ck_assert_msg(strstr(answer.http.body, "the price of ETH is 120 s old") != NULL, "%s", answer.http.body);
    api_forget(&answer);
    ask("/v1/previews", ROLE_PREVIEW, NULL, GOOD, 201, &answer);
    api_forget(&answer);
    api_close();
}
END_TEST

START_TEST(key_that_pushes_too_often_is_429)
{
    struct api_answer answer;
    int               count = 0, status = 200;

    api_open_another(true);
    while (status != 429 && count++ < 100) {
        struct api_request request = { .method = "PUT", .path = "/v1/markets/none/snapshot",
                                       .key = ROLE_FEED, .body = "{\"observed_at\":\"2026-01-01T00:00:00Z\","
                                       "\"prices\":{\"A\":[{\"source\":\"s\",\"price\":\"1\","
                                       "\"observed_at\":\"2026-01-01T00:00:00Z\"}]}}" };
        api_call(&request, &answer);
        status = answer.http.status;
        api_forget(&answer);
    }
    ck_assert_int_gt(count, 20);
    ck_assert_int_le(count, 99);
    api_close();
}
END_TEST

static int64_t
now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* At once: whoever asks is not kept waiting for a database that is not there. */
static void
asks_get_503_at_once(void)
{
    enum { AT_ONCE_MS = 2000 };
    struct api_answer answer;

    for (size_t i = 0; i < COUNT_OF(decisions); i++) {
        int64_t since_ms = now_ms();
        ask(decisions[i], ROLE_PREVIEW, NULL, GOOD, 503, &answer);
        ck_assert_int_lt(now_ms() - since_ms, AT_ONCE_MS);
        refused(&answer, "database_away");
        api_forget(&answer);
    }
}

START_TEST(database_that_goes_away_comes_back)
{
    struct api_answer answer;
    char              location[LOCATION_MAX];

    api_open_another(true);
    ask("/v1/previews", ROLE_PREVIEW, "before", GOOD, 201, &answer);
    http_header(&answer.http, "Location", location, sizeof location);
    api_forget(&answer);
    postgres_stop();
    ck_assert(becomes("GET", "/readyz", ROLE_ANYONE, NULL, 503));
    asks_get_503_at_once();
    get(location, ROLE_PREVIEW, NULL, 503, &answer);
    refused(&answer, "database_away");
    api_forget(&answer);
    push(0, "2000", 503, &answer);
    refused(&answer, "database_away");
    api_forget(&answer);
    get("/v1/snapshots/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ROLE_PREVIEW, NULL, 503, &answer);
    api_forget(&answer);
    get("/livez", ROLE_ANYONE, NULL, 200, &answer);
    api_forget(&answer);
    get("/v1/markets/eth-usd", ROLE_ANYONE, NULL, 200, &answer);
    api_forget(&answer);

    postgres_start();
    ck_assert(becomes("GET", "/readyz", ROLE_ANYONE, NULL, 200));
    ask("/v1/previews", ROLE_PREVIEW, "after", GOOD, 201, &answer);
    api_forget(&answer);
    ck_assert(becomes("GET", location, ROLE_PREVIEW, NULL, 200));
    api_close();
}
END_TEST

/* Without a word before: the first to ask finds out, and is told so at once. */
START_TEST(database_that_dies_is_noticed)
{
    struct api_answer answer;
    int64_t           since_ms;

    api_open_another(true);
    postgres_kill();
    since_ms = now_ms();
    ask("/v1/previews", ROLE_PREVIEW, "orphan", GOOD, 503, &answer);
    ck_assert_int_lt(now_ms() - since_ms, 5000);
    api_forget(&answer);
    postgres_start();
    ck_assert(becomes("GET", "/readyz", ROLE_ANYONE, NULL, 200));
    ask("/v1/previews", ROLE_PREVIEW, "orphan", GOOD, 201, &answer);
    api_forget(&answer);
    api_close();
}
END_TEST

void
api_flows_add(TCase *tcase)
{
    tcase_add_loop_test(tcase, decision_reads_back_byte_for_byte, 0, COUNT_OF(decisions));
    tcase_add_test(tcase, decision_is_nobody_elses);
    tcase_add_test(tcase, same_state_has_the_same_hash);
    tcase_add_loop_test(tcase, same_question_has_the_same_figures, 0, COUNT_OF(decisions));
    tcase_add_loop_test(tcase, part_is_as_in_the_preview, 1, COUNT_OF(decisions));
    tcase_add_loop_test(tcase, workings_are_of_figures_that_are_there, 0, COUNT_OF(decisions));
    tcase_add_test(tcase, largest_account_is_answered_within_bounds);
    tcase_add_test(tcase, decision_names_the_rules_in_force);
    tcase_add_loop_test(tcase, idempotency_key_gets_the_stored_answer, 0, COUNT_OF(decisions));
    tcase_add_test(tcase, idempotency_key_knows_the_bytes);
    tcase_add_test(tcase, idempotency_key_is_its_callers);
    tcase_add_test(tcase, idempotency_key_is_its_operations);
    tcase_add_test(tcase, idempotency_key_of_a_refusal_is_free);
    tcase_add_loop_test(tcase, idempotency_key_in_flight_is_409, 0, COUNT_OF(decisions));
    tcase_add_test(tcase, connection_outlives_a_bad_request);
    tcase_add_test(tcase, pipelined_requests_are_answered_in_turn);
    tcase_add_test(tcase, truncated_body_harms_nobody);
    tcase_add_test(tcase, trace_is_echoed);
    tcase_add_test(tcase, parameters_are_fetched_once);
    tcase_add_test(tcase, presets_are_accepted);
    tcase_add_test(tcase, metrics_count_what_was_asked);
    tcase_add_test(tcase, erased_decision_is_gone);
    tcase_add_loop_test(tcase, metrics_that_dashboards_name_are_there, 0, 2);
}

void
api_flows_add_apart(TCase *tcase)
{
    tcase_add_test(tcase, revoked_key_is_refused);
    tcase_add_test(tcase, networked_service_needs_a_key);
    tcase_add_test(tcase, stored_answers_outlive_the_process);
    tcase_add_test(tcase, database_that_goes_away_comes_back);
    tcase_add_test(tcase, database_that_dies_is_noticed);
    tcase_add_test(tcase, question_without_state_takes_the_latest);
    tcase_add_test(tcase, price_past_its_age_limit_is_409);
    tcase_add_test(tcase, key_that_pushes_too_often_is_429);
}
