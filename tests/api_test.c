/* The API over HTTP: a row a call; what every operation has in common; openapi.yaml's own examples;
 * and that all it documents was seen. */
#include "tests/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/database.h"
#include "handlers/routes.h"
#include "record/instant.h"
#include "risk/question.h"
#include "tests/api_batch.h"
#include "tests/api_figures.h"
#include "tests/api_cost.h"
#include "tests/api_decisions.h"
#include "tests/api_disk.h"
#include "tests/api_flows.h"
#include "tests/api_governance.h"
#include "tests/api_impact.h"
#include "tests/api_limits.h"
#include "tests/api_log.h"
#include "tests/api_log_vectors.h"
#include "tests/api_pair.h"
#include "tests/outside.h"
#include "tests/openapi.h"
#include "tests/suite.h"

/* Pieces of questions, with ' for ". */
#define ETH10           "'collateral':[{'asset':'ETH','quantity':'10'}]"
#define USDC12K         "'debt':[{'asset':'USDC','quantity':'12000'}]"
#define ACCOUNT         ETH10 "," USDC12K
#define PRICES          "'prices':{'ETH':'2000','USDC':'1'}"
#define OF(market, account, state) "{'market':'" market "','account':{" account "}," \
    "'state':{" state "}}"
#define ASK(account)    OF("eth-usd", account, PRICES)
#define IN(state)       OF("eth-usd", ACCOUNT, state)
#define COLLATERAL(leg) ASK("'collateral':[" leg "]")
#define BOOK(sides)     IN(PRICES ",'depth':{'ETH':[{'venue':'v','kind':'book'," \
    "'fee_rate':'0'," sides "}]}")
#define GOOD            ASK(ACCOUNT)

#define BAD       "POST", "/v1/previews", .status = 400, .code = "invalid", .error
#define SENSELESS "POST", "/v1/previews", .status = 422, .code = "meaningless", .error
#define NOT_JSON \
    "POST", "/v1/previews", .is_direct = true, .status = 400, .code = "not_json", .pointer
#define PUSH(market) "PUT", "/v1/markets/" market "/snapshot", .body
#define OLD       "{'source':'s','price':'2000','observed_at':'2026-01-01T00:00:00Z'}"
#define SHA256_OF_NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define PREVIEW   "POST", "/v1/previews", .body
#define FOUND     .status = 200, .expect
#define GET       "GET"
#define NOBODY    API_KEYS                    /* no key; a row that names none has every role */

#define BIDS      "/state/depth/ETH/0/bids"
#define NO_RULES  "'assets':{},'trigger':{'rule':'below'},'close':{'rule':'full'}," \
                  "'dust':{'rule':'none'},'penalty':{'rule':'fixed'}"
#define RULED_BY(rules) "{'parameters':{" rules "},'account':{'cash':'1'},'state':{" PRICES "}}"
#define QUOTED    "{'venue':'v','kind':'quoted','notional':'1','slippage_rate':'0.1'}"
#define DEPTH(venues) IN(PRICES ",'depth':{'ETH':[" venues "]}")
#define WITH(member)  "{'market':'eth-usd'," member ",'account':{" ACCOUNT "},'state':{" PRICES "}}"

static char *too_deep(void);
static char *too_many_on_a_side(void);
static char *too_many_on_all(void);
static char *too_large(void);

/* `code` is the problem's; `error` and `pointer` are of its first error; `expect` is a part of the
 * answer. What a row does not name is not looked at. */
static const struct call {
    const char *method, *path, *headers, *body;
    char     *(*build)(void);                 /* makes the body, in place of `body` */
    int         key, status;
    const char *code, *error, *pointer, *expect;
    bool        is_direct;                    /* a proxy would answer by itself, or change it */
} calls[] = {
    /* Not JSON. */
    { NOT_JSON = "", .body = "" },
    { NOT_JSON = "", .body = "not json" },
    { NOT_JSON = "", .body = "{'market':'eth-usd',}" },
    { NOT_JSON = "", .body = GOOD "x" },
    { NOT_JSON = "/account/cash", .body = "{'account':{'cash':NaN}}" },
    { NOT_JSON = "/account/cash", .body = "{'account':{'cash':Infinity}}" },
    { NOT_JSON = "/account/cash", .body = "{'account':{'cash':-Infinity}}" },
    { NOT_JSON = "/account/debt/0", .body = "{'account':{'debt':[{'asset':'ETH','quantity':'1'" },
    { NOT_JSON = NULL, .build = too_deep },

    /* Not of the shape. */
    { BAD = "wrong_type", .pointer = "", .body = "[]" },
    { BAD = "wrong_type", .pointer = "", .body = "null", .is_direct = true },
    { BAD = "wrong_type", .pointer = "/market", .body = "{'market':7}" },
    { BAD = "wrong_type", .pointer = "/account", .body = "{'market':'eth-usd','account':[]}" },
    { BAD = "wrong_type", .pointer = "/workings", .body = WITH("'workings':'yes'") },
    { BAD = "missing_member", .pointer = "/account", .body = "{'state':{" PRICES "}}" },
    { BAD = "missing_member", .pointer = "/market", .body = "{'account':{" ACCOUNT "}}" },
    { BAD = "missing_member", .pointer = "/state/prices", .body = IN("'volatility':{}") },
    { BAD = "missing_member", .pointer = "/account/debt/0/quantity",
      .body = ASK("'debt':[{'asset':'USDC'}]") },
    { BAD = "unknown_member", .pointer = "/nickname", .body = WITH("'nickname':'x'") },
    { BAD = "unknown_member", .pointer = "/account/perp", .body = ASK(ACCOUNT ",'perp':[]") },
    { BAD = "duplicate_member", .pointer = "/account/debt", .body = ASK(ACCOUNT "," USDC12K),
      .is_direct = true },
    { BAD = "duplicate_member", .pointer = "/state/prices/ETH", .is_direct = true,
      .body = IN("'prices':{'ETH':'1','USDC':'1','ETH':'1'}") },
    { BAD = "bad_text", .pointer = "/market", .body = OF("eth usd", ACCOUNT, PRICES) },
    { BAD = "unknown_choice", .pointer = "/at", .body = WITH("'at':'then'") },
    { BAD = "out_of_bounds", .pointer = "/horizon_s", .body = WITH("'horizon_s':59") },
    { BAD = "wrong_type", .pointer = "/horizon_s", .body = WITH("'horizon_s':60.5") },
    { BAD = "out_of_bounds", .pointer = "/state/prices/ETH",
      .body = IN("'prices':{'ETH':'-2000','USDC':'1'}") },
    { BAD = "too_few", .pointer = "/state/prices", .body = IN("'prices':{}") },
    { BAD = "out_of_bounds", .pointer = BIDS "/0/1", .body = BOOK("'bids':[['1999','-1']]") },
    { BAD = "out_of_bounds", .pointer = BIDS "/0/0", .body = BOOK("'bids':[['0','1']]") },
    { BAD = "too_few", .pointer = BIDS "/0", .body = BOOK("'bids':[['1999']]") },
    { BAD = "too_many", .pointer = BIDS "/0", .body = BOOK("'bids':[['1999','1','1']]") },
    { BAD = "too_many", .pointer = BIDS, .build = too_many_on_a_side },
    { BAD = "unknown_choice", .pointer = "/state/depth/ETH/0/kind",
      .body = DEPTH("{'venue':'v','kind':'auction'}") },
    { BAD = "out_of_bounds", .pointer = "/account/perps/0/entry_price",
      .body = ASK("'perps':[{'asset':'ETH','quantity':'1','entry_price':'0'}]") },
    { BAD = "unknown_rule", .pointer = "/parameters/trigger/rule",
      .body = RULED_BY("'trigger':{'rule':'sideways'}") },

    /* Well-formed, and meaningless together. */
    { SENSELESS = "empty_account", .pointer = "/account", .body = ASK("") },
    { SENSELESS = "empty_account", .pointer = "/account",
      .body = ASK("'wallet':[{'asset':'USDC','quantity':'5'}]") },
    { SENSELESS = "unknown_asset", .pointer = "/account/collateral/0/asset",
      .body = ASK("'collateral':[{'asset':'DOGE','quantity':'1'}]") },
    { SENSELESS = "unknown_asset", .pointer = "/account/debt/1/asset",
      .body = ASK(ETH10 ",'debt':[{'asset':'USDC','quantity':'1'},{'asset':'EUR',"
                        "'quantity':'1'}]") },
    { SENSELESS = "no_price", .pointer = "/state/prices", .body = IN("'prices':{'ETH':'2000'}") },
    { SENSELESS = "book_unsorted", .pointer = BIDS "/1",
      .body = BOOK("'bids':[['1999','1'],['1999.5','1']]") },
    { SENSELESS = "book_unsorted", .pointer = "/state/depth/ETH/0/asks/1",
      .body = BOOK("'asks':[['2001','1'],['2000.5','1']]") },
    { SENSELESS = "book_crossed", .pointer = BIDS "/0",
      .body = BOOK("'bids':[['2001','1']],'asks':[['2000','1']]") },
    { SENSELESS = "book_crossed", .pointer = BIDS "/0",
      .body = BOOK("'bids':[['2000','1']],'asks':[['2000','1']]") },
    { SENSELESS = "duplicate_venue", .pointer = "/state/depth/ETH/1/venue",
      .body = DEPTH(QUOTED "," QUOTED) },
    { SENSELESS = "too_many", .pointer = "/state/depth/ETH/1/bids", .build = too_many_on_all },
    { PREVIEW = ASK("'collateral':[{'asset':'ETH','quantity':'100000000000000000000'}]"),
      .status = 422, .code = "overflow" },
    { PREVIEW = OF("doge-usd", ACCOUNT, PRICES), .status = 404, .code = "no_such_market" },
    { PREVIEW = NULL, .build = too_large, .status = 413, .code = "body_too_large",
      .is_direct = true },

    /* Rules: a market's, or the request's own, and not both. */
    { BAD = "missing_member", .pointer = "/market",
      .body = "{'account':{" ACCOUNT "},'state':{" PRICES "}}" },
    { BAD = "unknown_member", .pointer = "/parameters",
      .body = WITH("'parameters':{" NO_RULES "}") },
    { PREVIEW = RULED_BY(NO_RULES), .key = ROLE_PREVIEW, .status = 403, .code = "role_missing" },
    { PREVIEW = RULED_BY(NO_RULES), .key = NOBODY, .status = 403, .code = "role_missing" },
    { PREVIEW = RULED_BY("'assets':{'ETH':{'threshold':'0.5','opening_weight':'0.6'}},"
                         "'trigger':{'rule':'below'},'close':{'rule':'full'},"
                         "'dust':{'rule':'none'},"
                         "'penalty':{'rule':'fixed','floor_rate':'0.2','cap_rate':'0.1'}"),
      .status = 422, .code = "parameters_refused",
      .expect = "{'errors':[{'pointer':'/parameters/penalty','code':'penalty_bounds'},{'pointer':"
                "'/parameters/assets/ETH','code':'opening_above_threshold'}]}" },

    /* Content type, method, path, header fields. */
    { PREVIEW = GOOD, .headers = "Content-Type: text/json\r\n", .status = 415 },
    { PREVIEW = GOOD, .headers = "Content-Type: application/jsonp\r\n", .status = 415 },
    { PREVIEW = GOOD, .headers = "Content-Type: \r\n", .status = 415, .is_direct = true },
    { PREVIEW = GOOD, .headers = "Content-Type: application/json; charset=utf-8\r\n",
      .status = 201 },
    { PREVIEW = GOOD, .headers = "Idempotency-Key: \r\n", .status = 400, .is_direct = true,
      .code = "idempotency_key_invalid" },
    { PREVIEW = GOOD, .headers = "Idempotency-Key: \xC3\xA9\r\n", .status = 400, .is_direct = true,
      .code = "idempotency_key_invalid" },
    { PREVIEW = GOOD, .headers = "Idempotency-Key: a\r\nIdempotency-Key: b\r\n", .status = 400,
      .code = "malformed", .is_direct = true },
    { "DELETE", "/v1/previews", .status = 405, .code = "wrong_method", .is_direct = true },
    { GET, "/v1/previews", .status = 405, .code = "wrong_method", .is_direct = true },
    { GET, "/v1/nothing", .status = 404, .code = "no_such_route", .is_direct = true },
    { GET, "/", .status = 404, .code = "no_such_route", .is_direct = true },
    { GET, "/v1/markets/", .status = 404, .is_direct = true },

    /* Keys. This service is the embedded default: from here, with nothing in between, nobody needs
     * one. */
    { PREVIEW = GOOD, .key = NOBODY, .status = 201 },
    { PREVIEW = GOOD, .key = NOBODY, .headers = "Host: localhost\r\n", .status = 201 },
    { PREVIEW = GOOD, .key = NOBODY, .headers = "Host: [::1]:8080\r\n", .status = 201,
      .is_direct = true },
    { PREVIEW = GOOD, .key = NOBODY, .headers = "Host: api.example\r\n", .status = 401,
      .is_direct = true },
    { PREVIEW = GOOD, .key = NOBODY, .headers = "Host: 127.0.0.1.example\r\n", .status = 401,
      .is_direct = true },
    { PREVIEW = GOOD, .key = NOBODY, .headers = "Forwarded: for=192.0.2.1\r\n", .status = 401,
      .is_direct = true },
    { PREVIEW = GOOD, .key = NOBODY, .headers = "X-Forwarded-For: 127.0.0.1\r\n", .status = 401,
      .is_direct = true },
    { PREVIEW = GOOD, .key = NOBODY, .headers = "X-Forwarded-Host: localhost\r\n", .status = 401,
      .is_direct = true },
    { PREVIEW = GOOD, .key = NOBODY, .headers = "X-Real-IP: 127.0.0.1\r\n", .status = 401,
      .is_direct = true },
    { PREVIEW = GOOD, .key = NOBODY, .headers = "Via: 1.1 gate\r\n", .status = 401,
      .is_direct = true },
    { PREVIEW = GOOD, .key = NOBODY, .headers = "Authorization: Basic dXNlcjp3b3Jk\r\n",
      .status = 401 },
    { PREVIEW = GOOD, .key = NOBODY, .headers = "Authorization: Bearer \r\n", .status = 401 },
    { PREVIEW = GOOD, .key = ROLE_PREVIEW, .status = 201 },
    { PREVIEW = GOOD, .key = ROLE_FEED, .status = 403, .code = "role_missing" },
    { PREVIEW = GOOD, .key = API_REVOKED, .status = 401, .code = "key_unknown" },
    { PREVIEW = GOOD, .key = API_UNKNOWN, .status = 401, .code = "key_unknown" },

    /* Markets and parameters. */
    { GET, "/v1/markets", FOUND =
      "{'items':[{'market':'btc-usd-perp','quote':'USD','assets':['BTC'],'parameters_version':1},"
      "{'market':'eth-usd','quote':'USD','assets':['BTC','ETH','USDC'],'parameters_version':1}],"
      "'next_cursor':null}" },
    { GET, "/v1/markets?limit=1", FOUND =
      "{'items':[{'market':'btc-usd-perp'}],'next_cursor':'btc-usd-perp'}" },
    { GET, "/v1/markets?cursor=btc-usd-perp&limit=1", FOUND =
      "{'items':[{'market':'eth-usd'}],'next_cursor':null}" },
    { GET, "/v1/markets?cursor=eth-usd", FOUND = "{'items':[],'next_cursor':null}" },
    { GET, "/v1/markets?limit=0", .status = 400, .error = "out_of_bounds", .pointer = "?limit" },
    { GET, "/v1/markets?limit=1001", .status = 400, .error = "out_of_bounds", .pointer = "?limit" },
    { GET, "/v1/markets?limit=x", .status = 400, .error = "wrong_type", .pointer = "?limit" },
    { GET, "/v1/markets?limit=1&limit=1", .status = 400, .error = "duplicate_parameter",
      .pointer = "?limit" },
    { GET, "/v1/markets?limits=1", .status = 400, .code = "query_invalid",
      .error = "unknown_parameter", .pointer = "?limits" },
    { GET, "/v1/markets?limit=%zz", .status = 400, .error = "bad_encoding", .is_direct = true },
    { GET, "/v1/markets/eth-usd", FOUND = "{'market':'eth-usd','parameters_version':1}" },
    { GET, "/v1/markets/doge-usd", .status = 404, .code = "no_such_market" },
    { GET, "/v1/markets/eth-usd/parameters", FOUND =
      "{'market':'eth-usd','version':1,'parameters':{'trigger':{'rule':'below'},"
      "'assets':{'ETH':{'threshold':'0.83'}}}}" },
    { GET, "/v1/markets/eth-usd/parameters?version=1", FOUND = "{'version':1}" },
    { GET, "/v1/markets/eth-usd/parameters?version=2", .status = 404, .code = "no_such_version" },
    { GET, "/v1/markets/eth-usd/parameters?version=0", .status = 400, .error = "out_of_bounds" },
    { GET, "/v1/markets/doge-usd/parameters", .status = 404, .code = "no_such_market" },
    { GET, "/v1/presets/aave-v3", FOUND =
      "{'trigger':{'rule':'below'},'close':{'rule':'fraction','rate':'0.5'}}" },
    { GET, "/v1/presets/aave-v9", .status = 404, .code = "no_such_preset" },
    { GET, "/v1/presets/..%2f..%2fopenapi", .status = 404, .code = "no_such_preset",
      .is_direct = true },

    /* State: the market's latest where the question has none; here no feed has sent any. */
    { PREVIEW = "{'market':'btc-usd-perp','account':{'cash':'1'}}", .status = 409,
      .code = "snapshot_missing" },
    { PREVIEW = IN("'snapshot':'" SHA256_OF_NOTHING "'"), .status = 404,
      .code = "no_such_snapshot" },
    { BAD = "unknown_member", .pointer = "/state/snapshot",
      .body = IN(PRICES ",'snapshot':'" SHA256_OF_NOTHING "'") },
    { BAD = "bad_text", .pointer = "/state/snapshot", .body = IN("'snapshot':'xyz'") },
    { BAD = "missing_member", .pointer = "/state", .body =
      "{'parameters':{" NO_RULES "},'account':{'cash':'1'}}" },
    { GET, "/v1/markets/btc-usd-perp/snapshot", .status = 404, .code = "no_such_snapshot" },
    { GET, "/v1/markets/doge-usd/snapshot", .status = 404, .code = "no_such_market" },
    { GET, "/v1/snapshots/" SHA256_OF_NOTHING, .status = 404, .code = "no_such_snapshot" },
    { GET, "/v1/snapshots/x", .status = 404, .code = "no_such_snapshot" },
    { PUSH("doge-usd") = "{'observed_at':'2026-01-01T00:00:00Z','prices':{'ETH':[" OLD "]}}",
      .status = 404, .code = "no_such_market" },
    { PUSH("eth-usd") = "{'observed_at':'2026-01-01T00:00:00Z','prices':{}}", .status = 400,
      .error = "too_few", .pointer = "/prices" },
    { PUSH("eth-usd") = "{'observed_at':'2026-01-01T00:00:00Z','prices':{'ETH':[" OLD "]}}",
      .status = 422, .error = "no_usable_report", .pointer = "/prices" },
    { PUSH("eth-usd") = "{'observed_at':'2526-01-01T00:00:00Z','prices':{'ETH':[" OLD "]}}",
      .status = 422, .error = "from_the_future", .pointer = "/observed_at" },
    { PUSH("eth-usd") = "{'observed_at':'2026-01-01T00:00:00Z','prices':{'ETH':[" OLD "]},"
                        "'candles':{'ETH':{'period_s':60,'rows':[['1','2','1','1'],"
                        "['1','1','2','1']]}}}",
      .status = 422, .error = "candle_low_above_body", .pointer = "/candles/ETH/rows/1" },
    { PUSH("eth-usd") = "{'observed_at':'2026-01-01T00:00:00Z','prices':{'ETH':[" OLD "]},"
                        "'volatility':{'ETH':'0.8'},'candles':{'ETH':{'period_s':60,'rows':"
                        "[['1','2','1','1'],['1','2','1','1']]}}}",
      .status = 422, .error = "volatility_twice", .pointer = "/candles/ETH" },

    /* Decisions that nobody made. */
    { GET, "/v1/decisions/dec_1", .status = 404, .code = "no_such_decision" },
    { GET, "/v1/decisions/dec_5000" "00000000000040008000000000000000" "000000000000",
      .status = 404, .code = "no_such_decision" },
    { GET, "/v1/decisions/dec_1", .key = ROLE_FEED, .status = 403, .code = "role_missing" },
    { GET, "/v1/decisions/dec_1", .key = ROLE_AUDIT, .status = 404, .code = "no_such_decision" },

    { GET, "/v1/decisions", .key = ROLE_PREVIEW, .status = 403, .code = "role_missing" },
    { GET, "/v1/decisions?limit=0", .key = ROLE_AUDIT, .status = 400, .code = "query_invalid",
      .error = "out_of_bounds", .pointer = "?limit" },
    { GET, "/v1/decisions?cursor=7.0f1e2d3c4b5a6978", .key = ROLE_AUDIT, .status = 400,
      .code = "query_invalid", .error = "bad_cursor", .pointer = "?cursor" },
    { GET, "/v1/decisions?cursor=x", .key = ROLE_AUDIT, .status = 400, .error = "bad_cursor" },
    { GET, "/v1/decisions?kind=bet", .key = ROLE_AUDIT, .status = 400,
      .error = "unknown_choice" },
    { GET, "/v1/decisions?from=yesterday", .key = ROLE_AUDIT, .status = 400,
      .error = "not_an_instant" },
    { GET, "/v1/decisions/export", .key = ROLE_PREVIEW, .status = 403, .code = "role_missing" },
    { GET, "/v1/decisions/export?from_index=-1", .key = ROLE_AUDIT, .status = 400,
      .error = "out_of_bounds" },
    { GET, "/v1/decisions/dec_1/replay", .key = ROLE_AUDIT, .status = 404,
      .code = "no_such_decision" },

    /* Operation. */
    { "HEAD", "/livez", .status = 200, .is_direct = true },
    { GET, "/readyz", FOUND = "{'ready':true,'database':true,'stopping':false,'log':'signed'}" },
    { GET, "/version", FOUND = "{'name':'breakwater','build':'test'}" },
    { GET, "/metrics", .status = 200 },
    { GET, "/problems/no-such-market", FOUND = "{'slug':'no-such-market','status':404}" },
    { GET, "/problems/no_such_market", .status = 404, .code = "no_such_problem" },
};

/* What a quantity may not be: all at /account/collateral/0/quantity. */
static const struct { const char *quantity, *error; } quantities[] = {
    { "true", "wrong_type" },
    { "null", "wrong_type" },
    { "['1']", "wrong_type" },
    { "0.5", "not_a_decimal" },
    { "1.0", "not_a_decimal" },
    { "1e3", "not_a_decimal" },
    { "1E-3", "not_a_decimal" },
    { "9007199254740992", "not_a_decimal" },
    { "'1e3'", "not_a_decimal" },
    { "'NaN'", "not_a_decimal" },
    { "'Infinity'", "not_a_decimal" },
    { "'-inf'", "not_a_decimal" },
    { "'0x10'", "not_a_decimal" },
    { "' 1'", "not_a_decimal" },
    { "'1,5'", "not_a_decimal" },
    { "'.5'", "not_a_decimal" },
    { "'+1'", "not_a_decimal" },
    { "'0.1234567890123456789'", "not_a_decimal" },
    { "'170141183460469231732'", "overflow" },
    { "'99999999999999999999999999999999999999999'", "overflow" },
    { "'-0.000000000000000001'", "out_of_bounds" },
    { "-1", "out_of_bounds" },
};

/* Each '[' is a level: JSON_DEPTH_MAX and more of them. */
static char *
too_deep(void)
{
    static const char before[] = "{'account':{'collateral':";
    char             *text = calloc(1, 100000 + sizeof before);

    ck_assert_ptr_nonnull(text);
    memcpy(text, before, sizeof before);
    memset(text + sizeof before - 1, '[', 100000);
    return text;
}

/* So many levels on each venue's bids, all at one price. */
static char *
books(size_t venues, size_t levels)
{
    size_t room = venues * (levels * 16 + 128) + 512;
    char  *text = malloc(room);

    ck_assert_ptr_nonnull(text);
    size_t count = (size_t)snprintf(text, room, "%s",
                                    "{'market':'eth-usd','account':{" ACCOUNT "},'state':{" PRICES
                                    ",'depth':{'ETH':[");
    for (size_t i = 0; i < venues; i++) {
        count += (size_t)snprintf(text + count, room - count,
                                  "%s{'venue':'v%zu','kind':'book','fee_rate':'0','bids':[",
                                  i ? "," : "", i);
        for (size_t j = 0; j < levels; j++)
            count += (size_t)snprintf(text + count, room - count, "%s['1999','1']", j ? "," : "");
        count += (size_t)snprintf(text + count, room - count, "]}");
    }
    snprintf(text + count, room - count, "]}}}");
    return text;
}

static char *
too_many_on_a_side(void)
{
    return books(1, 20001);
}

static char *
too_many_on_all(void)
{
    return books(2, 10001);
}

static char *
too_large(void)
{
    size_t count = (4 << 20) + 1;
    char  *text = malloc(count + 1);

    ck_assert_ptr_nonnull(text);
    memset(text, ' ', count);
    text[count] = '\0';
    return text;
}

static void
check_error(const struct call *call, const json_t *problem, const char *title)
{
    const json_t *first = json_array_get(json_object_get(problem, "errors"), 0);
    const char   *code = json_string_value(json_object_get(problem, "code"));
    const char   *error = json_string_value(json_object_get(first, "code"));
    const char   *pointer = json_string_value(json_object_get(first, "pointer"));

    if (call->code)
        ck_assert_msg(code && !strcmp(code, call->code), "%s: %s, not %s", title, code, call->code);
    if (call->error)
        ck_assert_msg(error && !strcmp(error, call->error), "%s: %s, not %s", title, error,
                      call->error);
    if (call->pointer)
        ck_assert_msg(pointer && !strcmp(pointer, call->pointer), "%s: at %s, not %s", title,
                      pointer, call->pointer);
}

static int
key_of(const struct call *call)
{
    return call->key == NOBODY ? ROLE_ANYONE : call->key ? call->key : API_EVERY_ROLE;
}

START_TEST(call_is_answered_so)
{
    const struct call *call = &calls[_i];
    char              *built = call->build ? call->build() : NULL;
    char              *body = built || call->body ? api_text(built ? built : call->body) : NULL;
    struct api_request request = {
        .method = call->method,
        .path = call->path,
        .headers = call->headers,
        .body = body,
        .key = key_of(call),
        .is_direct = call->is_direct,
    };
    struct api_answer answer;
    char              title[256];

    api_call(&request, &answer);
    snprintf(title, sizeof title, "row %d, %s %s %.100s", _i, call->method, call->path,
             body ? body : "");
    ck_assert_msg(answer.http.status == call->status, "%s: %d, not %d: %.1000s", title,
                  answer.http.status, call->status, answer.http.body);
    check_error(call, answer.json, title);
    json_t *expected = call->expect ? api_json(call->expect) : NULL;
    ck_assert_msg(!expected || api_contains(answer.json, expected), "%s: %.1000s", title,
                  answer.http.body);
    json_decref(expected);
    api_forget(&answer);
    free(body);
    free(built);
}
END_TEST

START_TEST(quantity_is_refused)
{
    char               text[512];
    struct api_request request = { .method = "POST", .path = "/v1/previews", .is_direct = true };
    struct api_answer  answer;

    snprintf(text, sizeof text,
             "{'market':'eth-usd','account':{'collateral':[{'asset':'ETH','quantity':%s}]},"
             "'state':{" PRICES "}}",
             quantities[_i].quantity);
    char *body = api_text(text);
    request.body = body;
    api_call(&request, &answer);
    ck_assert_msg(answer.http.status == 400, "%s: %d", quantities[_i].quantity, answer.http.status);
    check_error(&(struct call){ .code = "invalid",
                                .error = quantities[_i].error,
                                .pointer = "/account/collateral/0/quantity" },
                answer.json, quantities[_i].quantity);
    api_forget(&answer);
    free(body);
}
END_TEST

/* A path of the operation, from its parameters' examples. */
static void
example_path(const struct route *route, char *path, size_t room)
{
    size_t count = 0;

    for (const char *at = route->path; *at; at++) {
        if (*at != '{') {
            path[count++] = *at;
            continue;
        }
        path[count++] = 'x';
        at = strchr(at, '}');
        ck_assert_uint_lt(count, room - 1);
    }
    path[count] = '\0';
}

static void
ask_so(const struct route *route, const char *query, struct api_request *request, int status,
       const char *code)
{
    char              path[256], headers[256];
    struct api_answer answer;

    example_path(route, path, sizeof path);
    snprintf(path + strlen(path), sizeof path - strlen(path), "%s", query);
    request->method = route->method;
    request->path   = path;
    snprintf(headers, sizeof headers, "%s%s", request->headers ? request->headers : "",
             route->idempotency_key_required ? "Idempotency-Key: so\r\n" : "");
    request->headers = headers;
    api_call(request, &answer);
    ck_assert_msg(answer.http.status == status, "%s: %d, not %d: %.1000s", route->operation,
                  answer.http.status, status, answer.http.body);
    const char *found = json_string_value(json_object_get(answer.json, "code"));
    ck_assert_msg(!code || (found && !strcmp(found, code)), "%s: %s, not %s", route->operation,
                  found, code);
    api_forget(&answer);
}

START_TEST(parameter_that_nobody_knows_is_400)
{
    struct api_request request = { .key = API_EVERY_ROLE, .body = routes[_i].body ? "{}" : NULL };

    ask_so(&routes[_i], "?no_such=1", &request, 400, routes[_i].body ? NULL : "query_invalid");
}
END_TEST

START_TEST(key_that_nobody_has_is_401)
{
    struct api_request request = { .key = API_UNKNOWN, .body = routes[_i].body ? "{}" : NULL };

    ask_so(&routes[_i], "", &request, 401, "key_unknown");
}
END_TEST

START_TEST(key_without_the_role_is_403)
{
    struct api_request request = { .body = routes[_i].body ? "{}" : NULL };
    const struct route *route = &routes[_i];

    for (int role = ROLE_PREVIEW; role < ROLE_COUNT; role++) {
        request.key = role;
        if (route->role != ROLE_ANYONE && role != (int)route->role &&
            role != (int)route->or_role && role != (int)route->or_third_role)
            ask_so(route, "", &request, 403, "role_missing");
    }
}
END_TEST

START_TEST(body_past_the_limit_is_413)
{
    size_t             count = routes[_i].body_bytes_max + 1;
    char              *body = malloc(count);
    struct api_request request = { .key = API_EVERY_ROLE,
                                   .body = body,
                                   .body_count = count,
                                   .is_direct = true };

    memset(body, ' ', count);
    ask_so(&routes[_i], "", &request, 413, "body_too_large");
    free(body);
}
END_TEST

/* The same in chunks, which do not say how many bytes will come. */
START_TEST(body_of_chunks_past_the_limit_is_413)
{
    enum { CHUNK = 1 << 20 };
    const struct route *route = &routes[_i];
    struct http_client  client;
    struct http_answer  answer;
    char                path[256], head[512];
    char               *chunk = malloc(CHUNK + 2);

    memset(chunk, ' ', CHUNK);
    memcpy(chunk + CHUNK, "\r\n", 2);
    example_path(route, path, sizeof path);
    snprintf(
        head, sizeof head,
        "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\nAuthorization: Bearer %s\r\nIdempotency-Key: so\r\n\r\n",
        route->method, path, api_running()->secrets[API_EVERY_ROLE]);
    http_connect(&client, api_running()->port);
    http_send(&client, head);
    for (size_t sent = 0; sent <= route->body_bytes_max; sent += CHUNK)
        if (!http_send(&client, "100000\r\n") || !http_send_bytes(&client, chunk, CHUNK + 2))
            break;
    http_send(&client, "0\r\n\r\n");
    http_receive(&client, false, &answer);
    ck_assert_msg(answer.status == 413, "%s: %d", route->operation, answer.status);
    http_forget(&answer);
    http_close(&client);
    free(chunk);
}
END_TEST

START_TEST(body_that_is_not_json_by_name_is_415)
{
    struct api_request request = { .key = API_EVERY_ROLE,
                                   .body = "{}",
                                   .headers = "Content-Type: text/plain\r\n" };

    if (routes[_i].body)
        ask_so(&routes[_i], "", &request, 415, "wrong_content_type");
}
END_TEST

/* Of questions: each operation that takes one refuses it alike. */
START_TEST(question_is_refused_alike)
{
    static const struct { const char *body; int status; const char *code; } rows[] = {
        { "{", 400, "not_json" },
        { "{}", 400, "invalid" },
        { OF("doge-usd", ACCOUNT, PRICES), 404, "no_such_market" },
        { ASK(""), 422, "meaningless" },
    };
    for (size_t i = 0; routes[_i].body == &question_record && i < COUNT_OF(rows); i++) {
        char              *body = api_text(rows[i].body);
        struct api_request request = { .key = ROLE_PREVIEW,
                                       .body = body,
                                       .is_direct = rows[i].body[1] == '\0' };
        ask_so(&routes[_i], "", &request, rows[i].status, rows[i].code);
        free(body);
    }
}
END_TEST

START_TEST(path_too_long_is_414)
{
    enum { LONG = 5000 };
    char              *path = malloc(LONG + 1);
    struct api_request request = { .method = "GET", .path = path, .is_direct = true };
    struct api_answer  answer;

    memset(path, 'x', LONG);
    memcpy(path, "/v1/markets/", 12);
    path[LONG] = '\0';
    api_call(&request, &answer);
    ck_assert_int_eq(answer.http.status, 414);
    api_forget(&answer);
    free(path);
}
END_TEST

START_TEST(wrong_method_says_which_would_do)
{
    static const struct { const char *method, *path, *allow; } rows[] = {
        { "GET", "/v1/previews", "POST" },
        { "POST", "/v1/markets", "GET, HEAD" },
        { "PUT", "/livez", "GET, HEAD" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct api_request request = { .method = rows[i].method,
                                       .path = rows[i].path,
                                       .is_direct = true };
        struct api_answer  answer;
        char               allow[64];
        api_call(&request, &answer);
        http_header(&answer.http, "Allow", allow, sizeof allow);
        ck_assert_str_eq(allow, rows[i].allow);
        api_forget(&answer);
    }
}
END_TEST

START_TEST(problem_has_its_page)
{
    const struct problem_info *info = problem_info((enum problem)_i);
    char                       path[128];
    struct api_request         request = { .method = "GET", .path = path };
    struct api_answer          answer;

    snprintf(path, sizeof path, "/problems/%s", info->slug);
    api_call(&request, &answer);
    ck_assert_int_eq(answer.http.status, 200);
    ck_assert_str_eq(json_string_value(json_object_get(answer.json, "title")), info->title);
    ck_assert_int_eq(json_integer_value(json_object_get(answer.json, "status")), info->status);
    api_forget(&answer);
}
END_TEST

/* openapi.yaml's operation of a route. */
static const json_t *
operation_of(const struct route *route)
{
    const json_t *item = json_object_get(json_object_get(api_document(), "paths"), route->path);
    return json_object_get(item, !strcmp(route->method, "POST")  ? "post"
                                 : !strcmp(route->method, "PUT") ? "put"
                                                                 : "get");
}

/* The parameter's example, a text without its quotes. */
static size_t
write_example(const json_t *parameter, char *out, size_t room)
{
    char  *value = json_dumps(json_object_get(parameter, "example"), JSON_ENCODE_ANY);
    bool   is_quoted = *value == '"';
    size_t count = (size_t)snprintf(out, room, "%.*s", (int)strcspn(value + is_quoted, "\""),
                                    value + is_quoted);

    free(value);
    return count;
}

/* Puts the examples of parameters into path and query. */
static void
path_of_examples(const struct route *route, char *path, size_t room)
{
    const json_t *parameters = json_object_get(operation_of(route), "parameters");
    size_t        count = 0;

    for (const char *at = route->path; *at; at++) {
        if (*at != '{') {
            path[count++] = *at;
            continue;
        }
        for (size_t i = 0; i < json_array_size(parameters); i++) {
            const json_t *parameter =
                openapi_resolve(api_document(), json_array_get(parameters, i));
            const char   *name = json_string_value(json_object_get(parameter, "name"));
            size_t        length = strlen(name);
            if (!strncmp(name, at + 1, length) && strchr("}*", at[1 + length]))
                count += write_example(parameter, path + count, room - count);
        }
        at = strchr(at, '}');
    }
    path[count] = '\0';
    for (size_t i = 0; i < json_array_size(parameters); i++) {
        const json_t *parameter = openapi_resolve(api_document(), json_array_get(parameters, i));
        if (strcmp(json_string_value(json_object_get(parameter, "in")), "query") != 0)
            continue;
        count += (size_t)snprintf(path + count, room - count, "%c%s=",
                                  strchr(path, '?') ? '&' : '?',
                                  json_string_value(json_object_get(parameter, "name")));
        count += write_example(parameter, path + count, room - count);
    }
}

/* What differs with each answer, or each build. */
static bool
is_ever_new(const char *name)
{
    static const char *const names[] = {
        "id", "decided_at", "active_at", "build", "record_sha256", "salt", "commitment",
        "consistency",
    };
    for (size_t i = 0; name && i < COUNT_OF(names); i++)
        if (!strcmp(names[i], name))
            return true;
    return false;
}

/* Where an answer first differs from the one that openapi.yaml shows. */
struct difference {
    char          pointer[256];
    const json_t *answered, *shown;
};

static bool is_as_shown(const json_t *answered, const json_t *shown, struct difference *difference);

static bool
is_as_shown_below(const char *step, const json_t *answered, const json_t *shown,
                  struct difference *difference)
{
    size_t count = strlen(difference->pointer);

    if (is_ever_new(step))
        return true;
    snprintf(difference->pointer + count, sizeof difference->pointer - count, "/%s", step);
    if (!is_as_shown(answered, shown, difference))
        return false;
    difference->pointer[count] = '\0';
    return true;
}

static bool
is_as_shown(const json_t *answered, const json_t *shown, struct difference *difference)
{
    const char *name;
    json_t     *value;
    char        step[24];
    bool        is_same_size = json_is_object(shown)
                                   ? json_object_size(answered) == json_object_size(shown)
                                   : json_array_size(answered) == json_array_size(shown);
    bool        is_leaf = !json_is_object(shown) && !json_is_array(shown);

    if (!is_same_size || (is_leaf && !json_equal(answered, shown))) {
        difference->answered = answered;
        difference->shown    = shown;
        return false;
    }
    for (size_t i = 0; i < json_array_size(shown); i++) {
        snprintf(step, sizeof step, "%zu", i);
        if (!is_as_shown_below(step, json_array_get(answered, i), json_array_get(shown, i),
                               difference))
            return false;
    }
    json_object_foreach((json_t *)shown, name, value)
        if (!is_as_shown_below(name, json_object_get(answered, name), value, difference))
            return false;
    return true;
}

/* The example of the answer that has the request's name, where there is one; of an operation
 * without a body, the only one. */
static void
compare_with_example(const struct route *route, const char *name, const struct api_answer *answer)
{
    struct difference difference = { .pointer = "" };
    char              status[16];

    snprintf(status, sizeof status, "%u", route->status);
    const json_t *response =
        json_object_get(json_object_get(operation_of(route), "responses"), status);
    const json_t *media = json_object_get(json_object_get(response, "content"), "application/json");
    const json_t *shown = json_object_get(media, "example");
    if (name)
        shown = json_object_get(json_object_get(media, "examples"), name);
    shown = name ? json_object_get(openapi_resolve(api_document(), shown), "value") : shown;
    ck_assert_msg(!shown || is_as_shown(answer->json, shown, &difference),
                  "openapi.yaml shows the answer of %s (example %s) with %s %.1000s, and it is"
                  " now %.1000s", route->operation, name ? name : "", difference.pointer,
                  json_dumps(difference.shown, JSON_COMPACT | JSON_ENCODE_ANY),
                  json_dumps(difference.answered, JSON_COMPACT | JSON_ENCODE_ANY));
}

/* What was observed at some time was observed a second ago. */
static void
make_fresh(json_t *value, const char *now)
{
    const char *name;
    json_t     *member;
    size_t      i;

    json_array_foreach(value, i, member)
        make_fresh(member, now);
    json_object_foreach(value, name, member)
        if (!strcmp(name, "observed_at"))
            json_string_set(member, now);
        else
            make_fresh(member, now);
}

static char *
example_body(const json_t *example)
{
    char    now[INSTANT_TEXT_MAX];
    json_t *value = json_deep_copy(
        json_object_get(openapi_resolve(api_document(), example), "value"));

    instant_format(clock_now_us() - 1000000, now);
    make_fresh(value, now);
    char *body = json_dumps(value, JSON_COMPACT);
    json_decref(value);
    return body;
}

/* Of an operation without a body. Some examples are made up; and where parameters stand in one
 * another's place, all of them together are refused. */
static int
status_of_example(const struct route *route, const char *path)
{
    static const char *const made_up[] = { "/v1/decisions/dec_", "/v1/snapshots/", "/log/checkpoint/",
                                           "/v1/proposals/" };

    for (size_t i = 0; i < COUNT_OF(made_up); i++)
        if (strstr(path, made_up[i]))
            return 404;
    return strstr(path, "cursor=1041.") || strstr(path, "hash=") || strstr(path, "&id=") ? 400 : (int)route->status;
}

START_TEST(example_is_answered)
{
    const struct route *route = &routes[_i];
    char                path[512], headers[256] = "";
    struct api_request request = { .method = route->method,
                                   .path = path,
                                   .key = API_EVERY_ROLE,
                                   .headers = headers };
    struct api_answer   answer;
    const char         *name;
    json_t             *example;
    const json_t *media = json_object_get(
        json_object_get(json_object_get(operation_of(route), "requestBody"), "content"),
        "application/json");

    path_of_examples(route, path, sizeof path);
    if (route->media_type && !strcmp(route->media_type, "text/event-stream"))
        request.method = "HEAD";              /* else it would go on and on */
    if (!route->body) {
        int status = status_of_example(route, path);
        if (!strncmp(path, "/log/", 5))
            api_await_log(3);
        /* proxies know no such template, and no HEAD */
        request.is_direct = strchr(route->path, '*') || !strcmp(request.method, "HEAD");
        api_call(&request, &answer);
        ck_assert_msg(answer.http.status == status, "%s: %d", path, answer.http.status);
        if (status == (int)route->status)
            compare_with_example(route, NULL, &answer);
        api_forget(&answer);
    }
    json_object_foreach(json_object_get(media, "examples"), name, example) {
        char *body = example_body(example);
        request.body = body;
        snprintf(headers, sizeof headers,
                 "Idempotency-Key: %s-%s\r\nIf-Match: *\r\n"
                 "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n",
                 route->operation, name);
        api_call(&request, &answer);
        int status = strstr(path, "/v1/proposals/") ? 404 : (int)route->status;
        ck_assert_msg(answer.http.status == status, "%s, %s: %d: %.1000s", route->operation, name,
                      answer.http.status, answer.http.body);
        if (status == (int)route->status)
            compare_with_example(route, name, &answer);
        free(body);
        api_forget(&answer);
    }
}
END_TEST

START_TEST(document_is_served_as_it_is)
{
    struct api_request request = { .method = "GET", .path = "/openapi.yaml" };
    struct api_answer  answer;
    FILE              *file = fopen("openapi.yaml", "r");

    ck_assert_ptr_nonnull(file);
    api_call(&request, &answer);
    char  *bytes = malloc(answer.http.count + 1);
    size_t count = fread(bytes, 1, answer.http.count + 1, file);
    fclose(file);
    ck_assert_uint_eq(count, answer.http.count);
    ck_assert_mem_eq(bytes, answer.http.body, count);
    free(bytes);
    api_forget(&answer);
}
END_TEST

/* Runs last: every answer that openapi.yaml documents was given by some test above. */
START_TEST(everything_documented_was_seen)
{
    char        missing[4096] = "";
    size_t      count = 0;
    const char *status;
    json_t     *response;

    if (getenv("CK_RUN_CASE")) {
        printf("api: not all cases ran, so what they have not seen says nothing\n");
        return;
    }
    for (size_t i = 0; routes[i].path; i++) {
        json_t *responses = json_object_get(operation_of(&routes[i]), "responses");
        json_object_foreach(responses, status, response)
            if (!api_was_hit(i, (unsigned)strtoul(status, NULL, 10)) && count < sizeof missing)
                count += (size_t)snprintf(missing + count, sizeof missing - count, " %s:%s",
                                          routes[i].operation, status);
    }
    ck_assert_msg(count == 0, "documented, and never seen:%s", missing);
}
END_TEST

/* What a case did stands in its service's log, and that is what its verifiers ask for. */
START_TEST(log_verifies_from_outside)
{
    api_await_log(1);
    outside_check(api_running());
}
END_TEST

static TCase *
add_case(Suite *suite, const char *name, void (*open)(void), void (*close)(void))
{
    TCase *tcase = tcase_create(name);

    tcase_add_unchecked_fixture(tcase, open, close);
    tcase_set_timeout(tcase, 30);
    suite_add_tcase(suite, tcase);
    return tcase;
}

Suite *
api_suite(void)
{
    Suite *suite = suite_create("api");
    TCase *rows = add_case(suite, "calls", api_open, api_close);
    TCase *common = add_case(suite, "operations", api_open, api_close);
    int    count = 0;

    while (routes[count].path)
        count++;
    tcase_add_loop_test(rows, call_is_answered_so, 0, COUNT_OF(calls));
    tcase_add_loop_test(rows, quantity_is_refused, 0, COUNT_OF(quantities));
    tcase_add_loop_test(common, parameter_that_nobody_knows_is_400, 0, count);
    tcase_add_loop_test(common, key_that_nobody_has_is_401, 0, count);
    tcase_add_loop_test(common, key_without_the_role_is_403, 0, count);
    tcase_add_loop_test(common, body_past_the_limit_is_413, 0, count);
    tcase_add_loop_test(common, body_of_chunks_past_the_limit_is_413, 0, count);
    tcase_add_loop_test(common, body_that_is_not_json_by_name_is_415, 0, count);
    tcase_add_loop_test(common, question_is_refused_alike, 0, count);
    tcase_add_test(common, path_too_long_is_414);
    tcase_add_test(common, wrong_method_says_which_would_do);
    tcase_add_loop_test(common, problem_has_its_page, PROBLEM_NONE + 1, PROBLEM_COUNT);
    tcase_add_loop_test(common, example_is_answered, 0, count);
    tcase_add_test(common, document_is_served_as_it_is);
    TCase *figures = add_case(suite, "figures", api_open, api_close);
    TCase *flows = add_case(suite, "flows", api_open, api_close);
    api_figures_add(figures);
    api_flows_add(flows);
    tcase_add_test(rows, log_verifies_from_outside);
    tcase_add_test(common, log_verifies_from_outside);
    tcase_add_test(figures, log_verifies_from_outside);
    tcase_add_test(flows, log_verifies_from_outside);
    api_log_add(add_case(suite, "log", api_open, api_close));
    api_decisions_add_apart(add_case(suite, "decisions", api_prepare, NULL));
    TCase *log_apart = add_case(suite, "log_apart", api_prepare, NULL);
    api_log_add_apart(log_apart);
    api_log_vectors_add_apart(log_apart);
    api_flows_add_apart(add_case(suite, "apart", api_prepare, NULL));
    api_governance_add(add_case(suite, "governance", api_open, api_close));
    api_governance_add_apart(add_case(suite, "governance apart", api_prepare, NULL));
    api_impact_add_apart(add_case(suite, "impact", api_prepare, NULL));
    api_batch_add(add_case(suite, "batches", api_open, api_close));
    api_pair_add_apart(add_case(suite, "pair", api_prepare, NULL));
    api_disk_add_apart(add_case(suite, "disk", api_prepare, NULL));
    api_batch_add_apart(add_case(suite, "batches_apart", api_prepare, NULL));
    api_cost_add_apart(add_case(suite, "cost", api_prepare, NULL));
    api_limits_add_apart(add_case(suite, "limits", api_prepare, NULL));
    tcase_add_test(add_case(suite, "coverage", api_prepare, NULL), everything_documented_was_seen);
    return suite;
}
