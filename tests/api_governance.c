/* Governance over HTTP. */
#include "tests/api_governance.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "audit/digest.h"
#include "record/instant.h"
#include "record/record.h"
#include "tests/api.h"

enum { TEXT_MAX_BYTES = 512, POLLS_MAX = 400, POLL_US = 25000 };

/* A document of the market's own, so that tests do not meet: it is called as the test says. */
#define DOCUMENT(governance) \
    "{'quote':{'asset':'USD'},'assets':{'ETH':{'threshold':'0.8','opening_weight':'0.7'," \
    "'brackets':[{'from_notional':'0','rate':'0.01'},{'from_notional':'1000','rate':'0.02'}]}," \
    "'USDC':{'threshold':'0.9'}},'trigger':{'rule':'below'},'close':{'rule':'full'}," \
    "'dust':{'rule':'none'},'penalty':{'rule':'fixed'},'governance':" governance "}"
#define AT_ONCE "{'delay_s':0,'guardian':{'duration_s':3600}}"

/* A request's parts; the rest of it is as of now. */
struct post {
    const char *path;
    int         key;
    const char *tag;                          /* If-Match; NULL: none */
    const char *idempotency_key;              /* NULL: a new one */
    const char *body;                         /* with ' for " */
};

static void
post(const struct post *post, int status, struct api_answer *answer)
{
    static const char hex[] = "0123456789abcdef";
    uint8_t           random[8];
    char              headers[TEXT_MAX_BYTES], key[2 * sizeof random + 1];
    char             *body = api_text(post->body);
    int               count;

    random_fill(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++) {
        key[2 * i]     = hex[random[i] >> 4];
        key[2 * i + 1] = hex[random[i] & 15];
    }
    key[2 * sizeof random] = '\0';
    count = snprintf(headers, sizeof headers, "Idempotency-Key: %s\r\n",
                     post->idempotency_key ? post->idempotency_key : key);
    if (post->tag)
        snprintf(headers + count, sizeof headers - (size_t)count, "If-Match: %s\r\n", post->tag);
    struct api_request request = { .method = "POST", .path = post->path, .key = post->key,
                                   .headers = headers, .body = body };
    api_call(&request, answer);
    ck_assert_msg(answer->http.status == status, "POST %s %s: %d, not %d: %.1500s", post->path,
                  post->body, answer->http.status, status, answer->http.body);
    free(body);
}

static void
get(const char *path, const char *headers, int status, struct api_answer *answer)
{
    struct api_request request = { .method = "GET", .path = path, .headers = headers };

    api_call(&request, answer);
    ck_assert_msg(answer->http.status == status, "GET %s: %d, not %d: %.1500s", path,
                  answer->http.status, status, answer->http.body);
}

static const char *
text_of(const struct api_answer *answer, const char *name)
{
    return json_string_value(json_object_get(answer->json, name));
}

static void
refused(const struct api_answer *answer, const char *code, const char *pointer)
{
    const json_t *errors = json_object_get(answer->json, "errors");
    bool          is_there = !pointer;

    ck_assert_msg(text_of(answer, "code") && !strcmp(text_of(answer, "code"), code), "%s: %.1500s",
                  code, answer->http.body);
    for (size_t i = 0; i < json_array_size(errors); i++)
        is_there |= !strcmp(json_string_value(json_object_get(json_array_get(errors, i),
                                                              "pointer")), pointer);
    ck_assert_msg(is_there, "no error at %s: %.1500s", pointer, answer->http.body);
}

/* Holds what the answer says, as members of JSON with ' for "? */
static void
says(const struct api_answer *answer, const char *part)
{
    json_t *wanted = api_json(part);

    ck_assert_msg(api_contains(answer->json, wanted), "%s is not in %.2500s", part,
                  answer->http.body);
    json_decref(wanted);
}

/* A proposal that a test holds: its place, its tag, its document. */
struct held { char location[80], tag[96], sha256[65]; };

static void
hold(struct api_answer *answer, struct held *held)
{
    http_header(&answer->http, "Location", held->location, sizeof held->location);
    http_header(&answer->http, "ETag", held->tag, sizeof held->tag);
    snprintf(held->sha256, sizeof held->sha256, "%s", text_of(answer, "document_sha256"));
    api_forget(answer);
}

static void
propose(const char *market, int64_t base, const char *patch, struct held *held)
{
    size_t            room = strlen(patch) + TEXT_MAX_BYTES;
    char             *body = malloc(room);
    struct api_answer answer;
    struct post       request = { "/v1/proposals", ROLE_PROPOSE, "*", NULL, body };

    snprintf(body, room, "{'market':'%s','base_version':%lld,'patch':%s,'rationale':'a test says so'}",
            market, (long long)base, patch);
    post(&request, 201, &answer);
    hold(&answer, held);
    free(body);
}

static void
vote(const struct held *held, const char *what, int key, const char *sha256, int status,
     struct api_answer *answer)
{
    char        path[TEXT_MAX_BYTES], body[TEXT_MAX_BYTES] = "{}";
    struct post request = { path, key, held->tag, NULL, body };

    snprintf(path, sizeof path, "%s/%s", held->location, what);
    if (sha256)
        snprintf(body, sizeof body, "{'document_sha256':'%s'}", sha256);
    post(&request, status, answer);
}

static void
approve(struct held *held, int key)
{
    struct api_answer answer;

    vote(held, "approvals", key, held->sha256, 201, &answer);
    hold(&answer, held);
}

static int64_t
version_of(const char *market)
{
    char              path[TEXT_MAX_BYTES];
    struct api_answer answer;
    struct api_request request = { .method = "GET", .path = path };

    snprintf(path, sizeof path, "/v1/markets/%s", market);
    api_call(&request, &answer);
    int64_t version = answer.http.status == 200
                      ? json_integer_value(json_object_get(answer.json, "parameters_version")) : 0;
    api_forget(&answer);
    return version;
}

static void
await(const char *market, int64_t version)
{
    for (int i = 0; version_of(market) != version; i++) {
        ck_assert_msg(i < POLLS_MAX, "%s is at version %lld, not %lld", market,
                      (long long)version_of(market), (long long)version);
        usleep(POLL_US);
    }
}

static void
change(const char *market, int64_t base, const char *patch)
{
    struct held held;

    propose(market, base, patch, &held);
    approve(&held, ROLE_APPROVE);
    await(market, base + 1);
}

static void
create(const char *market, const char *document)
{
    change(market, 0, document);
}

static void
state_is(const struct held *held, const char *state)
{
    for (int i = 0;; i++) {
        struct api_answer answer;
        get(held->location, NULL, 200, &answer);
        bool is_so = !strcmp(text_of(&answer, "state"), state);
        ck_assert_msg(is_so || i < POLLS_MAX, "it is not %s: %.1500s", state, answer.http.body);
        api_forget(&answer);
        if (is_so)
            return;
        usleep(POLL_US);
    }
}

START_TEST(proposal_becomes_the_version_in_force)
{
    struct api_answer answer;
    struct held       held;

    create("flow", DOCUMENT(AT_ONCE));
    propose("flow", 1, "{'assets':{'ETH':{'threshold':'0.75'}}}", &held);
    get(held.location, NULL, 200, &answer);
    says(&answer, "{'state':'proposed','base_version':1,'version':null,'holder':'propose',"
                  "'approvals':[],'conflicts':[],"
                  "'changes':{'/assets/ETH/threshold':{'from':'0.8','to':'0.75'}},"
                  "'document':{'assets':{'ETH':{'threshold':'0.75'}}}}");
    api_forget(&answer);
    approve(&held, ROLE_APPROVE);
    await("flow", 2);
    get(held.location, NULL, 200, &answer);
    says(&answer, "{'state':'active','version':2,'approvals':[{'holder':'approve','voided_at':null}],"
                  "'events':[{'event':'proposed','holder':'propose'},"
                  "{'event':'approval','holder':'approve'},{'event':'approved'},"
                  "{'event':'scheduled'},{'event':'active','holder':null}]}");
    api_forget(&answer);
    get("/v1/markets/flow/parameters/versions", NULL, 200, &answer);
    says(&answer, "{'items':[{'version':2,'holder':'propose','why':'a test says so'},"
                  "{'version':1}],'next_cursor':null}");
    ck_assert_str_eq(json_string_value(json_object_get(
        json_array_get(json_object_get(answer.json, "items"), 0), "sha256")), held.sha256);
    api_forget(&answer);
}
END_TEST

START_TEST(versions_are_read_listed_and_compared)
{
    struct api_answer answer, again;
    char              tag[128], headers[256], path[256], at[INSTANT_TEXT_MAX];
    int64_t           active_at;

    create("past", DOCUMENT(AT_ONCE));
    get("/v1/markets/past/parameters", NULL, 200, &answer);
    /* The instant is cut to its milliseconds: a millisecond later it was in force. */
    ck_assert(instant_parse(text_of(&answer, "active_at"), strlen(text_of(&answer, "active_at")),
                            &active_at));
    instant_format(active_at + 1000, at);
    snprintf(path, sizeof path, "/v1/markets/past/parameters?at=%s", at);
    api_forget(&answer);
    usleep(2000);
    change("past", 1, "{'assets':{'ETH':{'threshold':'0.79','brackets':["
                      "{'from_notional':'0','rate':'0.01'},{'from_notional':'1000','rate':'0.03'}]}}}");
    get("/v1/markets/past/parameters?version=1", NULL, 200, &answer);
    says(&answer, "{'version':1,'parameters':{'assets':{'ETH':{'threshold':'0.8'}}}}");
    http_header(&answer.http, "ETag", tag, sizeof tag);
    http_header(&answer.http, "Cache-Control", headers, sizeof headers);
    ck_assert_str_eq(headers, "public, max-age=31536000, immutable");
    snprintf(headers, sizeof headers, "If-None-Match: %s\r\n", tag);
    get("/v1/markets/past/parameters?version=1", headers, 304, &again);
    api_forget(&again);
    get("/v1/markets/past/parameters", headers, 200, &again);
    says(&again, "{'version':2}");
    api_forget(&again);
    get(path, NULL, 200, &again);
    says(&again, "{'version':1}");
    api_forget(&again);
    api_forget(&answer);
    get("/v1/markets/past/parameters?at=1999-01-01T00:00:00Z", NULL, 404, &answer);
    refused(&answer, "no_such_version", NULL);
    api_forget(&answer);

    get("/v1/markets/past/parameters/diff?from=1&to=2", NULL, 200, &answer);
    says(&answer, "{'changes':{'/assets/ETH/threshold':{'from':'0.8','to':'0.79'},"
                  "'/assets/ETH/brackets/1000/rate':{'from':'0.02','to':'0.03'}}}");
    api_forget(&answer);
    get("/v1/markets/past/parameters/diff?from=2&to=1", "Accept: text/markdown\r\n", 200, &answer);
    ck_assert_ptr_nonnull(strstr(answer.http.body, "| /assets/ETH/threshold | "));
    api_forget(&answer);
    get("/v1/markets/past/parameters/diff?from=1&to=9", NULL, 404, &answer);
    refused(&answer, "no_such_version", NULL);
    api_forget(&answer);
    get("/v1/markets/past/parameters/versions?limit=1", NULL, 200, &answer);
    says(&answer, "{'items':[{'version':2}],'next_cursor':'2'}");
    api_forget(&answer);
    get("/v1/markets/past/parameters/versions?limit=1&cursor=2", NULL, 200, &answer);
    says(&answer, "{'items':[{'version':1}],'next_cursor':null}");
    api_forget(&answer);
    get("/v1/markets/past/parameters/versions?order=asc", NULL, 200, &answer);
    says(&answer, "{'items':[{'version':1},{'version':2}]}");
    api_forget(&answer);
    get("/v1/markets/past/parameters/versions?cursor=x", NULL, 400, &answer);
    api_forget(&answer);
    get("/v1/markets/none/parameters/versions", NULL, 404, &answer);
    api_forget(&answer);
    get("/v1/markets/none/parameters/diff?from=1&to=2", NULL, 404, &answer);
    api_forget(&answer);
}
END_TEST

#define OF(members) "{'market':'bad','base_version':1,'rationale':'r'," members "}"

/* Each refused as a whole, and nothing of it done. */
static const struct { const char *body, *code, *pointer; int status; } bad_proposals[] = {
    { "{'market':'bad','base_version':1,'rationale':'r'}", "invalid", "/patch", 400 },
    { OF("'patch':{},'confirms':'prp_0'"), "invalid", "/confirms", 400 },
    { OF("'patch':[]"), "invalid", "/patch", 400 },
    { OF("'patch':{},'title':'t'"), "invalid", "/title", 400 },
    { OF("'patch':{'assets':{'ETH':{'treshold':'0.7'}}}"), "parameters_refused",
      "/patch/assets/ETH/treshold", 422 },
    { OF("'patch':{'asets':{}}"), "parameters_refused", "/patch/asets", 422 },
    { OF("'patch':{'assets':{'BTC':null}}"), "parameters_refused", "/patch/assets/BTC", 422 },
    { OF("'patch':{'trigger':null}"), "parameters_refused", "/patch/trigger", 422 },
    { OF("'patch':{'close':{'rule':null}}"), "parameters_refused", "/patch/close/rule", 422 },
    { OF("'patch':{}"), "parameters_refused", "/patch", 422 },
    { OF("'patch':{'assets':{'ETH':{'threshold':'0.80'}}}"), "parameters_refused", "/patch", 422 },
    { OF("'patch':{'assets':{'ETH':{'threshold':0.7}}}"), "parameters_refused",
      "/patch/assets/ETH/threshold", 422 },
    { OF("'patch':{'assets':{'ETH':{'threshold':'0.6'}}}"), "parameters_refused",
      "/patch/assets/ETH", 422 },
    { OF("'patch':{'split':{'protocol_rate':'0.7','insurance_rate':'0.7'}}"), "parameters_refused",
      "/patch/split", 422 },
    { OF("'patch':{'assets':{'ETH':{'penalty_rate':'0.2'}}}"), "rails_refused",
      "/patch/assets/ETH/penalty_rate", 422 },
    { OF("'confirms':'prp_00000000000000000000000000000000'"), "meaningless", "/confirms", 422 },
    { "{'market':'no','base_version':1,'rationale':'r','patch':{'split':{}}}", "no_such_market",
      NULL, 404 },
    { "{'market':'bad','base_version':2,'rationale':'r','patch':{'split':{}}}",
      "precondition_failed", "/base_version", 412 },
    { "{'market':'bad','base_version':0,'rationale':'r','patch':{'split':{}}}",
      "precondition_failed", "/base_version", 412 },
};

#define RAILED "{'delay_s':0,'rails':{'/assets/*/penalty_rate':{'max_change_abs':'0.1'}," \
    "'/assets/ETH/threshold':{'min_delay_s':700}}}"

START_TEST(bad_proposal_is_refused_with_its_place)
{
    struct post       request = { "/v1/proposals", ROLE_PROPOSE, "*", NULL, NULL };
    struct api_answer answer;

    if (version_of("bad") == 0)
        create("bad", DOCUMENT(RAILED));
    request.body = bad_proposals[_i].body;
    post(&request, bad_proposals[_i].status, &answer);
    refused(&answer, bad_proposals[_i].code, bad_proposals[_i].pointer);
    api_forget(&answer);
    get("/v1/proposals?market=bad&state=proposed", NULL, 200, &answer);
    says(&answer, "{'items':[]}");
    api_forget(&answer);
}
END_TEST

START_TEST(delay_is_the_longest_of_what_is_touched)
{
    struct api_answer answer;
    struct held       held;

    create("delays", DOCUMENT(RAILED));
    propose("delays", 1, "{'assets':{'ETH':{'threshold':'0.79'}}}", &held);
    get(held.location, NULL, 200, &answer);
    says(&answer, "{'delay_s':700}");
    api_forget(&answer);
    propose("delays", 1, "{'governance':{'delay_s':1}}", &held);
    get(held.location, NULL, 200, &answer);
    says(&answer, "{'delay_s':700}");
    api_forget(&answer);
    propose("delays", 1, "{'assets':{'ETH':{'penalty_rate':'0.01'}}}", &held);
    get(held.location, NULL, 200, &answer);
    says(&answer, "{'delay_s':0}");
    api_forget(&answer);
}
END_TEST

START_TEST(preconditions_are_asked_for)
{
    struct post       request = { "/v1/proposals", ROLE_PROPOSE, NULL, NULL,
                                  "{'market':'conditions','base_version':1,'rationale':'r',"
                                  "'patch':{'assets':{'ETH':{'threshold':'0.79'}}}}" };
    struct api_answer answer;
    struct held       held;

    create("conditions", DOCUMENT(AT_ONCE));
    post(&request, 428, &answer);
    refused(&answer, "precondition_required", NULL);
    api_forget(&answer);
    request.tag = "\"v1-0000000000000000000000000000000000000000000000000000000000000000\"";
    post(&request, 412, &answer);
    refused(&answer, "precondition_failed", NULL);
    api_forget(&answer);
    request.tag = "*";
    post(&request, 201, &answer);
    hold(&answer, &held);

    static const char *const votes[] = { "approvals", "rejection", "cancellation" };
    static const int         keys[] = { ROLE_APPROVE, ROLE_GUARD, ROLE_PROPOSE };
    for (size_t i = 0; i < COUNT_OF(votes); i++) {
        struct held other = held;
        char        path[TEXT_MAX_BYTES], body[TEXT_MAX_BYTES] = "{}";
        snprintf(path, sizeof path, "%s/%s", held.location, votes[i]);
        if (i == 0)
            snprintf(body, sizeof body, "{'document_sha256':'%s'}", held.sha256);
        request = (struct post){ path, keys[i], NULL, NULL, body };
        post(&request, 428, &answer);
        refused(&answer, "precondition_required", NULL);
        api_forget(&answer);
        other.tag[1] = '9';
        vote(&other, votes[i], keys[i], i == 0 ? held.sha256 : NULL, 412, &answer);
        refused(&answer, "precondition_failed", NULL);
        api_forget(&answer);
        request = (struct post){ path, API_EVERY_ROLE, "*", "conditions", body };
        post(&request, i == 0 ? 201 : 422, &answer);
        if (i > 0)
            refused(&answer, "key_reused", NULL);
        api_forget(&answer);
    }
    char path[TEXT_MAX_BYTES];
    snprintf(path, sizeof path, "%s/approvals", held.location);
    request = (struct post){ path, API_EVERY_ROLE, "*", "conditions", "{'document_sha256':'"
                             "0000000000000000000000000000000000000000000000000000000000000000'}" };
    post(&request, 422, &answer);
    refused(&answer, "key_reused", NULL);
    api_forget(&answer);
    request = (struct post){ "/v1/proposals", API_EVERY_ROLE, "*", "conditions", "{'market':'x',"
                             "'base_version':1,'rationale':'r','patch':{}}" };
    post(&request, 422, &answer);
    refused(&answer, "key_reused", NULL);
    api_forget(&answer);
    request = (struct post){ "/v1/markets/conditions/guardian-actions", ROLE_GUARD, NULL, NULL,
                             "{'patch':{'status':'paused'},'rationale':'r'}" };
    post(&request, 428, &answer);
    api_forget(&answer);
    request.tag = "\"v9-\"";
    post(&request, 412, &answer);
    api_forget(&answer);
}
END_TEST

START_TEST(approval_that_does_not_count_is_refused)
{
    static const char other[] = "0000000000000000000000000000000000000000000000000000000000000000";
    struct api_answer answer;
    struct held       held, own;
    struct post       request = { "/v1/proposals", API_EVERY_ROLE, "*", NULL,
                                  "{'market':'votes','base_version':2,'rationale':'r',"
                                  "'patch':{'assets':{'ETH':{'threshold':'0.78'}}}}" };

    create("votes", DOCUMENT(AT_ONCE));
    change("votes", 1, "{'governance':{'delay_s':3600,'approvals_required':2}}");
    post(&request, 201, &answer);
    hold(&answer, &own);
    vote(&own, "approvals", API_EVERY_ROLE, own.sha256, 403, &answer);
    refused(&answer, "own_proposal", NULL);
    api_forget(&answer);

    propose("votes", 2, "{'assets':{'ETH':{'threshold':'0.77'}}}", &held);
    vote(&held, "approvals", ROLE_APPROVE, other, 409, &answer);
    refused(&answer, "other_document", NULL);
    api_forget(&answer);
    vote(&held, "approvals", ROLE_APPROVE, own.sha256, 409, &answer);
    refused(&answer, "other_document", NULL);
    api_forget(&answer);
    approve(&held, ROLE_APPROVE);
    state_is(&held, "proposed");
    vote(&held, "approvals", ROLE_APPROVE, held.sha256, 409, &answer);
    refused(&answer, "already_approved", NULL);
    api_forget(&answer);
    approve(&held, API_EVERY_ROLE);
    state_is(&held, "scheduled");
    vote(&held, "approvals", API_EVERY_ROLE, held.sha256, 409, &answer);
    refused(&answer, "proposal_state", NULL);
    api_forget(&answer);

    snprintf(held.location, sizeof held.location, "/v1/proposals/prp_%.32s", other);
    vote(&held, "approvals", ROLE_APPROVE, held.sha256, 404, &answer);
    refused(&answer, "no_such_proposal", NULL);
    api_forget(&answer);
    get(held.location, NULL, 404, &answer);
    api_forget(&answer);
    get("/v1/proposals?cursor=x", NULL, 400, &answer);
    refused(&answer, "query_invalid", "?cursor");
    api_forget(&answer);
}
END_TEST

START_TEST(proposal_ends_before_it_is_active)
{
    struct api_answer answer;
    struct held       held;

    create("ends", DOCUMENT(AT_ONCE));
    change("ends", 1, "{'governance':{'delay_s':3600}}");
    propose("ends", 2, "{'assets':{'ETH':{'threshold':'0.77'}}}", &held);
    vote(&held, "cancellation", API_EVERY_ROLE, NULL, 201, &answer);        /* it is an admin's too */
    says(&answer, "{'state':'cancelled'}");
    hold(&answer, &held);
    vote(&held, "cancellation", ROLE_PROPOSE, NULL, 409, &answer);
    refused(&answer, "proposal_state", NULL);
    api_forget(&answer);
    vote(&held, "rejection", ROLE_APPROVE, NULL, 409, &answer);
    api_forget(&answer);
    vote(&held, "approvals", ROLE_APPROVE, held.sha256, 409, &answer);
    refused(&answer, "proposal_state", NULL);
    api_forget(&answer);

    propose("ends", 2, "{'assets':{'ETH':{'threshold':'0.77'}}}", &held);
    approve(&held, ROLE_APPROVE);
    state_is(&held, "scheduled");
    vote(&held, "rejection", ROLE_GUARD, NULL, 201, &answer);
    says(&answer, "{'state':'rejected','events':[{},{},{},{},{'event':'rejected','holder':'guard'}]}");
    api_forget(&answer);
}
END_TEST

START_TEST(key_that_is_repeated_is_done_once)
{
    struct post       request = { "/v1/proposals", ROLE_PROPOSE, "*", "once",
                                  "{'market':'once','base_version':1,'rationale':'r',"
                                  "'patch':{'assets':{'ETH':{'threshold':'0.79'}}}}" };
    struct api_answer first, again;
    char              replayed[16];

    create("once", DOCUMENT(AT_ONCE));
    post(&request, 201, &first);
    request.tag = "\"moved on\"";             /* what it was asked with no longer holds: so what */
    post(&request, 201, &again);
    http_header(&again.http, "Idempotent-Replayed", replayed, sizeof replayed);
    ck_assert_str_eq(replayed, "true");
    ck_assert_str_eq(again.http.body, first.http.body);
    api_forget(&again);
    api_forget(&first);
    request.body = "{'market':'once','base_version':1,'rationale':'other',"
                   "'patch':{'assets':{'ETH':{'threshold':'0.79'}}}}";
    post(&request, 422, &again);
    refused(&again, "key_reused", NULL);
    api_forget(&again);
    request.key = API_EVERY_ROLE;             /* another caller's key is another key */
    request.tag = "*";
    post(&request, 201, &again);
    api_forget(&again);
    get("/v1/proposals?market=once&state=proposed", NULL, 200, &again);
    says(&again, "{'items':[{'rationale':'other'},{'rationale':'r'}]}");
    api_forget(&again);
}
END_TEST

static int
preview_of(const char *market, const char *code)
{
    char              body[TEXT_MAX_BYTES];
    struct api_answer answer;

    snprintf(body, sizeof body, "{\"market\":\"%s\",\"account\":{\"collateral\":[{\"asset\":\"ETH\","
             "\"quantity\":\"10\"}],\"debt\":[{\"asset\":\"USDC\",\"quantity\":\"12000\"}]},"
             "\"state\":{\"prices\":{\"ETH\":\"2000\",\"USDC\":\"1\"}}}", market);
    struct api_request request = { .method = "POST", .path = "/v1/previews", .key = ROLE_PREVIEW,
                                   .body = body };
    api_call(&request, &answer);
    int status = answer.http.status;
    ck_assert_msg(!code || strstr(answer.http.body, code), "no %s in %.1500s", code,
                  answer.http.body);
    ck_assert_msg(code || !strstr(answer.http.body, "market_paused"), "%.1500s", answer.http.body);
    api_forget(&answer);
    return status;
}

static void
guard(const char *market, const char *body, int status, struct api_answer *answer)
{
    char        path[TEXT_MAX_BYTES];
    struct post request = { path, ROLE_GUARD, "*", NULL, body };

    snprintf(path, sizeof path, "/v1/markets/%s/guardian-actions", market);
    post(&request, status, answer);
}

START_TEST(guardian_makes_safer_for_a_time)
{
    struct api_answer answer;

    create("guarded", DOCUMENT(AT_ONCE));
    guard("guarded", "{'patch':{'assets':{'ETH':{'threshold':'0.85'}}},'rationale':'r'}", 422,
          &answer);
    refused(&answer, "guardian_refused", "/patch/assets/ETH/threshold");
    api_forget(&answer);
    guard("guarded", "{'patch':{'penalty':{'equity_cap':true}},'rationale':'r'}", 422, &answer);
    api_forget(&answer);
    guard("guarded", "{'patch':{'status':'paused'},'rationale':'r','duration_s':3601}", 422,
          &answer);
    refused(&answer, "guardian_refused", "/duration_s");
    api_forget(&answer);
    guard("guarded", "{'patch':{'split':{}},'rationale':'r'}", 422, &answer);
    refused(&answer, "parameters_refused", "/patch");
    api_forget(&answer);
    guard("none", "{'patch':{'status':'paused'},'rationale':'r'}", 404, &answer);
    api_forget(&answer);

    ck_assert_int_eq(preview_of("guarded", NULL), 201);
    guard("guarded", "{'patch':{'status':'paused'},'rationale':'r','duration_s':1}", 201, &answer);
    says(&answer, "{'kind':'guardian','state':'active','version':2,'holder':'guard'}");
    api_forget(&answer);
    await("guarded", 2);
    ck_assert_int_eq(preview_of("guarded", "market_paused"), 201);
    await("guarded", 3);
    ck_assert_int_eq(preview_of("guarded", NULL), 201);
    get("/v1/markets/guarded/parameters/diff?from=1&to=3", NULL, 200, &answer);
    ck_assert_uint_eq(json_object_size(json_object_get(answer.json, "changes")), 0);
    api_forget(&answer);
    get("/v1/proposals?market=guarded&order=asc", NULL, 200, &answer);
    says(&answer, "{'items':[{},{'kind':'guardian','state':'active','version':2},"
                  "{'kind':'revert','state':'active','version':3,'holder':null}]}");
    api_forget(&answer);
}
END_TEST

/* The second action of two takes over the first one's end: it leads back to before both. */
START_TEST(guardian_actions_end_together)
{
    struct api_answer answer;

    create("twice", DOCUMENT(AT_ONCE));
    guard("twice", "{'patch':{'assets':{'ETH':{'threshold':'0.75'}}},'rationale':'r'}", 201,
          &answer);
    api_forget(&answer);
    await("twice", 2);
    guard("twice", "{'patch':{'status':'paused'},'rationale':'r','duration_s':1}", 201, &answer);
    api_forget(&answer);
    await("twice", 4);
    get("/v1/markets/twice/parameters/diff?from=1&to=4", NULL, 200, &answer);
    says(&answer, "{'changes':{}}");
    ck_assert_uint_eq(json_object_size(json_object_get(answer.json, "changes")), 0);
    api_forget(&answer);
    get("/v1/proposals?market=twice&state=superseded", NULL, 200, &answer);
    says(&answer, "{'items':[{'kind':'revert'}]}");
    api_forget(&answer);
}
END_TEST

START_TEST(paused_market_is_opened_confirmed_or_retired)
{
    struct api_answer answer;
    struct held       held;
    char              body[TEXT_MAX_BYTES], id[80];
    struct post       request = { "/v1/proposals", ROLE_PROPOSE, "*", NULL, body };

    create("paused", DOCUMENT(AT_ONCE));
    guard("paused", "{'patch':{'status':'paused'},'rationale':'r','duration_s':3600}", 201,
          &answer);
    snprintf(id, sizeof id, "%s", text_of(&answer, "id"));
    api_forget(&answer);
    await("paused", 2);
    snprintf(body, sizeof body, "{'market':'paused','base_version':2,'rationale':'r',"
                                "'patch':{'assets':{'ETH':{'threshold':'0.79'}}}}");
    post(&request, 409, &answer);
    refused(&answer, "market_paused", NULL);
    api_forget(&answer);

    snprintf(body, sizeof body,
             "{'market':'paused','base_version':2,'rationale':'stays','confirms':'%s'}", id);
    post(&request, 201, &answer);
    says(&answer, "{'changes':{},'patch':{}}");
    hold(&answer, &held);
    approve(&held, ROLE_APPROVE);
    await("paused", 3);
    ck_assert_int_eq(preview_of("paused", "market_paused"), 201);
    get("/v1/proposals?market=paused&state=scheduled", NULL, 200, &answer);
    says(&answer, "{'items':[]}");            /* it does not revert any more */
    api_forget(&answer);
    get("/v1/proposals?market=paused&state=superseded", NULL, 200, &answer);
    says(&answer, "{'items':[{'kind':'revert'}]}");
    api_forget(&answer);

    change("paused", 3, "{'status':null}");
    ck_assert_int_eq(preview_of("paused", NULL), 201);
    change("paused", 4, "{'status':'paused'}");
    ck_assert_int_eq(preview_of("paused", "market_paused"), 201);
    change("paused", 5, "{'status':'retired'}");
    ck_assert_int_eq(preview_of("paused", "market_retired"), 409);
    snprintf(body, sizeof body,
             "{'market':'paused','base_version':6,'rationale':'r','patch':{'status':null}}");
    post(&request, 409, &answer);
    refused(&answer, "market_retired", NULL);
    api_forget(&answer);
    guard("paused", "{'patch':{'status':'paused'},'rationale':'r'}", 409, &answer);
    refused(&answer, "market_retired", NULL);
    api_forget(&answer);
}
END_TEST

START_TEST(proposal_whose_base_moved_says_where)
{
    struct api_answer answer;
    struct held       same, apart, winner;

    create("moved", DOCUMENT(AT_ONCE));
    propose("moved", 1, "{'assets':{'ETH':{'threshold':'0.79','penalty_rate':'0.1'}}}", &same);
    propose("moved", 1, "{'assets':{'ETH':{'penalty_rate':'0.1'}}}", &apart);
    propose("moved", 1, "{'assets':{'ETH':{'threshold':'0.78'}}}", &winner);
    approve(&winner, ROLE_APPROVE);
    await("moved", 2);
    state_is(&same, "superseded");
    get(same.location, NULL, 200, &answer);
    says(&answer, "{'conflicts':['/assets/ETH/threshold'],'version':null}");
    http_header(&answer.http, "ETag", same.tag, sizeof same.tag);
    api_forget(&answer);
    vote(&same, "approvals", ROLE_APPROVE, same.sha256, 409, &answer);
    refused(&answer, "base_version_moved", "/assets/ETH/threshold");
    api_forget(&answer);
    get(apart.location, NULL, 200, &answer);
    says(&answer, "{'conflicts':[],'state':'superseded'}");
    http_header(&answer.http, "ETag", apart.tag, sizeof apart.tag);
    api_forget(&answer);
    vote(&apart, "approvals", ROLE_APPROVE, apart.sha256, 409, &answer);
    refused(&answer, "base_version_moved", NULL);
    api_forget(&answer);
}
END_TEST

START_TEST(market_is_not_created_twice)
{
    struct held held, other;

    propose("twin", 0, DOCUMENT(AT_ONCE), &held);
    propose("twin", 0, DOCUMENT("{'delay_s':0}"), &other);
    approve(&held, ROLE_APPROVE);
    await("twin", 1);
    state_is(&held, "active");
    state_is(&other, "superseded");
}
END_TEST

static int64_t
now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A stream of events as it comes; fails the test where `wanted` does not, within a while. */
struct watching { struct http_client client; char text[1 << 16]; size_t count; };

static void
watch(struct watching *watching, const char *market, const char *headers)
{
    char request[TEXT_MAX_BYTES];

    http_connect(&watching->client, api_running()->port);
    snprintf(request, sizeof request, "GET /v1/markets/%s/parameters/stream HTTP/1.1\r\n"
             "Host: localhost\r\n%s\r\n", market, headers);
    http_send(&watching->client, request);
    watching->count = 0;
}

static void
await_text(struct watching *watching, const char *wanted)
{
    char   *text = api_text(wanted);
    int64_t until_ms = now_ms() + 5000;

    watching->text[watching->count] = '\0';
    while (!strstr(watching->text, text)) {
        struct pollfd source = { .fd = watching->client.fd, .events = POLLIN };
        ck_assert_msg(now_ms() < until_ms && watching->count < sizeof watching->text - 1,
                      "no %s in %s", text, watching->text);
        if (poll(&source, 1, 100) <= 0)
            continue;
        ssize_t got = recv(watching->client.fd, watching->text + watching->count,
                           sizeof watching->text - 1 - watching->count, 0);
        ck_assert_msg(got > 0, "the stream ended: %s", watching->text);
        watching->count += (size_t)got;
        watching->text[watching->count] = '\0';
    }
    free(text);
}

START_TEST(watcher_is_told_of_each_version)
{
    struct watching    *live = malloc(sizeof *live), *late = malloc(sizeof *late);
    struct api_request  bad = { .method = "GET", .path = "/v1/markets/seen/parameters/stream",
                                .headers = "Last-Event-ID: x\r\n" };
    struct api_answer   answer;
    struct held         held;

    create("seen", DOCUMENT(AT_ONCE));
    watch(live, "seen", "");
    await_text(live, "id: 1\nevent: parameters\ndata: {'version':1,");
    await_text(live, "event: scheduled\ndata: {'scheduled':[]}\n\n");
    change("seen", 1, "{'assets':{'ETH':{'threshold':'0.79'}}}");
    await_text(live, "id: 2\nevent: parameters\ndata: {'version':2,");
    change("seen", 2, "{'governance':{'delay_s':3600}}");
    propose("seen", 3, "{'assets':{'ETH':{'threshold':'0.78'}}}", &held);
    approve(&held, ROLE_APPROVE);
    await_text(live, "event: scheduled\ndata: {'scheduled':[{'version':4,");
    watch(late, "seen", "Last-Event-ID: 1\r\n");
    await_text(late, "id: 2\nevent: parameters\ndata: {'version':2,");
    await_text(late, "id: 3\nevent: parameters\ndata: {'version':3,");
    await_text(late, "{'scheduled':[{'version':4,");
    ck_assert_ptr_null(strstr(late->text, "id: 1\n"));
    http_close(&live->client);
    http_close(&late->client);
    free(live);
    free(late);
    api_call(&bad, &answer);
    ck_assert_int_eq(answer.http.status, 400);
    api_forget(&answer);
    get("/v1/markets/none/parameters/stream", NULL, 404, &answer);
    api_forget(&answer);
}
END_TEST

/* The sweep may have been there first: either way it is no approval. */
START_TEST(expired_proposal_is_not_approved)
{
    struct api_answer answer;
    struct held       held;

    api_open_another(true);
    create("late", DOCUMENT(AT_ONCE));
    propose("late", 1, "{'assets':{'ETH':{'threshold':'0.79'}}}", &held);
    postgres_run(api_running()->url, "UPDATE breakwater.proposal SET expires_at = 1"
                                     " WHERE state = 'proposed'");
    state_is(&held, "expired");
    get(held.location, NULL, 200, &answer);
    http_header(&answer.http, "ETag", held.tag, sizeof held.tag);
    says(&answer, "{'events':[{},{'event':'expired','holder':null}]}");
    api_forget(&answer);
    vote(&held, "approvals", ROLE_APPROVE, held.sha256, 409, &answer);
    refused(&answer, "proposal_expired", NULL);
    api_forget(&answer);
    api_close();
}
END_TEST

START_TEST(revoked_key_voids_its_approval)
{
    struct api_answer answer;
    struct held       held;

    api_open_another(true);
    create("revoked", DOCUMENT(AT_ONCE));
    change("revoked", 1, "{'governance':{'delay_s':3600}}");
    propose("revoked", 2, "{'assets':{'ETH':{'threshold':'0.79'}}}", &held);
    approve(&held, ROLE_APPROVE);
    state_is(&held, "scheduled");
    postgres_run(api_running()->url, "UPDATE breakwater.api_key SET revoked_at = 1"
                                     " WHERE holder = 'approve'");
    state_is(&held, "proposed");
    get(held.location, NULL, 200, &answer);
    http_header(&answer.http, "ETag", held.tag, sizeof held.tag);
    says(&answer, "{'due_at':null,'events':[{},{},{},{},{'event':'approval_voided',"
                  "'holder':'approve'},{'event':'proposed','holder':null}]}");
    ck_assert(!json_is_null(json_object_get(json_array_get(json_object_get(
        answer.json, "approvals"), 0), "voided_at")));
    api_forget(&answer);
    approve(&held, API_EVERY_ROLE);
    state_is(&held, "scheduled");
    api_close();
}
END_TEST

/* By the clock of the database, whatever those of the instances say: here it is half a day ahead. */
START_TEST(instances_are_at_the_same_version_within_a_second)
{
    enum { SECOND_MS = 1000 };
    struct api_service *first, *second;
    struct held         held;

    api_open_another(true);
    first  = api_running();
    second = api_service_beside(first);
    ck_assert_msg(api_service_start(second), "%s", second->why);
    postgres_run(first->url, "CREATE OR REPLACE FUNCTION breakwater.now_us() RETURNS bigint LANGUAGE"
                             " sql VOLATILE AS $$ SELECT ((extract(epoch FROM clock_timestamp())"
                             " + 43200) * 1000000)::bigint $$");
    create("both", DOCUMENT(AT_ONCE));
    change("both", 1, "{'governance':{'delay_s':1}}");
    propose("both", 2, "{'assets':{'ETH':{'threshold':'0.79'}}}", &held);
    approve(&held, ROLE_APPROVE);
    int64_t began_ms = now_ms(), seen_ms[2] = { 0, 0 };
    while (!seen_ms[0] || !seen_ms[1]) {
        ck_assert_int_lt(now_ms() - began_ms, 10 * SECOND_MS);
        for (int i = 0; i < 2; i++) {
            api_switch(i ? second : first);
            if (!seen_ms[i] && version_of("both") == 3)
                seen_ms[i] = now_ms();
        }
        usleep(5000);
    }
    ck_assert_int_ge(seen_ms[0] - began_ms, SECOND_MS / 2);
    ck_assert_int_lt(llabs(seen_ms[0] - seen_ms[1]), SECOND_MS);
    ck_assert_int_eq(postgres_number(first->url, "SELECT count(*) FROM breakwater.proposal_event"
                                                 " WHERE event = 'active'"), 3);
    api_switch(first);
    ck_assert(api_service_stop(second));
    api_service_free(second);
    api_close();
}
END_TEST

START_TEST(key_is_known_to_every_instance)
{
    struct post         request = { "/v1/proposals", ROLE_PROPOSE, "*", "everywhere",
                                    "{'market':'eth-usd','base_version':1,'rationale':'r',"
                                    "'patch':{'assets':{'ETH':{'threshold':'0.82'}}}}" };
    struct api_service *first, *second;
    struct api_answer   one, other;

    api_open_another(true);
    first  = api_running();
    second = api_service_beside(first);
    ck_assert_msg(api_service_start(second), "%s", second->why);
    post(&request, 201, &one);
    api_switch(second);
    post(&request, 201, &other);
    ck_assert_str_eq(one.http.body, other.http.body);
    api_forget(&one);
    api_forget(&other);
    api_switch(first);
    ck_assert(api_service_stop(second));
    api_service_free(second);
    api_close();
}
END_TEST

static void
away(const char *method, const char *path, const char *body)
{
    char               *text = body ? api_text(body) : NULL;
    struct api_request  request = { .method = method, .path = path, .key = API_EVERY_ROLE,
                                    .headers = "Idempotency-Key: away\r\nIf-Match: *\r\n",
                                    .body = text };
    struct api_answer   answer;

    if (!body)
        request.headers = NULL;
    api_call(&request, &answer);
    ck_assert_msg(answer.http.status == 503, "%s %s: %d", method, path, answer.http.status);
    api_forget(&answer);
    free(text);
}

START_TEST(governance_waits_for_the_database)
{
    struct held held;
    char        path[TEXT_MAX_BYTES], body[TEXT_MAX_BYTES];

    api_open_another(true);
    create("away", DOCUMENT(AT_ONCE));
    change("away", 1, "{'governance':{'delay_s':1}}");
    propose("away", 2, "{'assets':{'ETH':{'threshold':'0.79'}}}", &held);
    approve(&held, ROLE_APPROVE);
    postgres_kill();
    away("POST", "/v1/proposals", "{'market':'away','base_version':2,'rationale':'r','patch':{}}");
    snprintf(path, sizeof path, "%s/approvals", held.location);
    snprintf(body, sizeof body, "{'document_sha256':'%s'}", held.sha256);
    away("POST", path, body);
    snprintf(path, sizeof path, "%s/rejection", held.location);
    away("POST", path, "{}");
    snprintf(path, sizeof path, "%s/cancellation", held.location);
    away("POST", path, "{}");
    away("POST", "/v1/markets/away/guardian-actions",
         "{'patch':{'status':'paused'},'rationale':'r'}");
    away("GET", "/v1/proposals", NULL);
    away("GET", held.location, NULL);
    away("GET", "/v1/markets/away/parameters?version=1", NULL);
    away("GET", "/v1/markets/away/parameters/versions", NULL);
    away("GET", "/v1/markets/away/parameters/stream", NULL);
    away("GET", "/v1/markets/away/parameters/diff?from=1&to=2", NULL);
    usleep(1000000);                          /* it becomes due while nobody can do anything */
    ck_assert_int_eq(version_of("away"), 2);
    postgres_start();
    await("away", 3);
    state_is(&held, "active");
    api_close();
}
END_TEST

void
api_governance_add(TCase *tcase)
{
    tcase_add_test(tcase, proposal_becomes_the_version_in_force);
    tcase_add_test(tcase, versions_are_read_listed_and_compared);
    tcase_add_loop_test(tcase, bad_proposal_is_refused_with_its_place, 0, COUNT_OF(bad_proposals));
    tcase_add_test(tcase, delay_is_the_longest_of_what_is_touched);
    tcase_add_test(tcase, preconditions_are_asked_for);
    tcase_add_test(tcase, approval_that_does_not_count_is_refused);
    tcase_add_test(tcase, proposal_ends_before_it_is_active);
    tcase_add_test(tcase, key_that_is_repeated_is_done_once);
    tcase_add_test(tcase, guardian_makes_safer_for_a_time);
    tcase_add_test(tcase, guardian_actions_end_together);
    tcase_add_test(tcase, paused_market_is_opened_confirmed_or_retired);
    tcase_add_test(tcase, proposal_whose_base_moved_says_where);
    tcase_add_test(tcase, market_is_not_created_twice);
    tcase_add_test(tcase, watcher_is_told_of_each_version);
}

void
api_governance_add_apart(TCase *tcase)
{
    tcase_add_test(tcase, expired_proposal_is_not_approved);
    tcase_add_test(tcase, revoked_key_voids_its_approval);
    tcase_add_test(tcase, instances_are_at_the_same_version_within_a_second);
    tcase_add_test(tcase, key_is_known_to_every_instance);
    tcase_add_test(tcase, governance_waits_for_the_database);
}
