/* A pushed state, judged: prices, what is refused, what is remembered, and that the bytes say it all. */
#include "risk/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "record/instant.h"
#include "record/json.h"
#include "tests/suite.h"

enum { ARENA_BYTES = 32 << 20, JSON_MAX = 4096 };

#define NOON_US   INT64_C(1769860800000000)        /* 2026-01-31T12:00:00Z */
#define SECOND_US INT64_C(1000000)

#define REPORT(name, price) "{'source':'" name "','price':'" price "','observed_at':'2026-01-31T11:59:59Z'}"
#define THREE     "'ETH':[" REPORT("a", "1999") "," REPORT("b", "2000") "," REPORT("c", "2400") "]"
#define AT_NOON   "'observed_at':'2026-01-31T12:00:00Z'"
#define RULES     "'assets':{'ETH':{'volatility_cap':'2'}},'trigger':{'rule':'below'},'close':{'rule':'full'}," \
                  "'dust':{'rule':'none'},'penalty':{'rule':'fixed'}"

struct made {
    struct arena           arena;
    struct parameters      parameters;
    struct snapshot_before before;
    struct snapshot_push   push;
    struct snapshot_room   room;
    struct snapshot        out;
    struct faults          faults, warnings;
};

static void
read_json(struct made *made, const struct record *record, const char *text, void *out)
{
    char *json = arena_copy(&made->arena, text, strlen(text));

    for (char *at = json; *at; at++)
        if (*at == '\'')
            *at = '"';
    faults_open(&made->faults, 1);
    ck_assert_msg(json_read(record, json, strlen(json), &made->arena, out, &made->faults), "%s: %s", text,
                  made->faults.items[0].pointer);
    faults_open(&made->faults, FAULTS_MAX);
}

static struct made *
open_made(const char *rules)
{
    static const char sha256[] = "0000000000000000000000000000000000000000000000000000000000000000";
    struct made      *made = calloc(1, sizeof *made);

    arena_open(&made->arena, ARENA_BYTES);
    read_json(made, &parameters_record, rules, &made->parameters);
    faults_open(&made->warnings, FAULTS_MAX);
    ck_assert(parameters_accept(&made->parameters, &made->faults, &made->warnings));
    made->before = (struct snapshot_before){ "eth-usd", sha256, &made->parameters, NULL, NULL };
    return made;
}

static void
close_made(struct made *made)
{
    arena_close(&made->arena);
    free(made);
}

static enum snapshot_fault
accept_at(struct made *made, const char *text, int64_t now_us)
{
    read_json(made, &snapshot_push_record, text, &made->push);
    return snapshot_accept(&made->before, &made->push, now_us, &made->room, &made->out, &made->faults);
}

static void
is_price(const struct made *made, const char *asset, const char *expected)
{
    const struct decimal *price = state_price(&made->out.state, asset);
    char                  text[DECIMAL_TEXT_MAX];

    ck_assert_ptr_nonnull(price);
    decimal_format(*price, text);
    ck_assert_str_eq(text, expected);
}

/* Of three of equal weight the one in the middle; 2400 alone lies. */
START_TEST(price_is_the_median_of_its_sources)
{
    struct made *made = open_made("{" RULES "}");

    ck_assert_int_eq(accept_at(made, "{" AT_NOON ",'prices':{" THREE "}}", NOON_US), SNAPSHOT_GOOD);
    is_price(made, "ETH", "2000");
    ck_assert_int_eq(snapshot_price_at(&made->out, "ETH"), NOON_US - SECOND_US);
    close_made(made);
}
END_TEST

static const struct { const char *push; enum snapshot_fault expect; const char *pointer, *code; } refusals[] = {
    { "{" AT_NOON ",'prices':{" THREE "}}", SNAPSHOT_GOOD, NULL, NULL },
    { "{'observed_at':'2026-01-31T12:00:02Z','prices':{" THREE "}}", SNAPSHOT_GOOD, NULL, NULL },
    { "{'observed_at':'2026-01-31T12:00:02.001Z','prices':{" THREE "}}", SNAPSHOT_REFUSED, "/observed_at", "from_the_future" },
    { "{" AT_NOON ",'prices':{'ETH':[{'source':'a','price':'0','observed_at':'2026-01-31T11:59:59Z'}]}}", SNAPSHOT_REFUSED,
      "/prices", "no_usable_report" },
    { "{" AT_NOON ",'prices':{'ETH':[{'source':'a','price':'1','observed_at':'2026-01-31T10:59:59Z'}]}}", SNAPSHOT_REFUSED,
      "/prices", "no_usable_report" },
    { "{" AT_NOON ",'prices':{" THREE "},'volatility':{'ETH':'1'},'candles':{'ETH':{'period_s':60,'rows':"
      "[['1','1','1','1'],['1','1','1','1']]}}}", SNAPSHOT_REFUSED, "/candles/ETH", "volatility_twice" },
    { "{" AT_NOON ",'prices':{" THREE "},'candles':{'ETH':{'period_s':60,'rows':[['1','1','1','1'],['0','1','1','1']]}}}",
      SNAPSHOT_REFUSED, "/candles/ETH/rows/1", "candle_not_positive" },
    { "{" AT_NOON ",'prices':{" THREE "},'depth':{'ETH':[{'venue':'v','kind':'book','fee_rate':'0','bids':[['2','1']],"
      "'asks':[['1','1']]}]}}", SNAPSHOT_REFUSED, "/depth/ETH/0/bids/0", "book_crossed" },
};

START_TEST(push_is_judged)
{
    struct made *made = open_made("{" RULES "}");

    ck_assert_int_eq(accept_at(made, refusals[_i].push, NOON_US), refusals[_i].expect);
    if (refusals[_i].pointer) {
        ck_assert_str_eq(made->faults.items[0].pointer, refusals[_i].pointer);
        ck_assert_str_eq(made->faults.items[0].code, refusals[_i].code);
    }
    close_made(made);
}
END_TEST

START_TEST(push_that_is_not_newer_is_refused)
{
    struct made    *made = open_made("{" RULES "}");
    struct snapshot before = { .observed_at = NOON_US };

    made->before.snapshot = &before;
    ck_assert_int_eq(accept_at(made, "{" AT_NOON ",'prices':{" THREE "}}", NOON_US), SNAPSHOT_NOT_NEWER);
    ck_assert_int_eq(accept_at(made, "{'observed_at':'2026-01-31T12:00:00.000999Z','prices':{" THREE "}}", NOON_US),
                     SNAPSHOT_NOT_NEWER);
    ck_assert_int_eq(accept_at(made, "{'observed_at':'2026-01-31T12:00:00.001Z','prices':{" THREE "}}", NOON_US), SNAPSHOT_GOOD);
    close_made(made);
}
END_TEST

/* Candles that swing by a factor of e^2 in a minute: far above the cap of 2. Flat ones: 0. */
START_TEST(candles_make_a_volatility_within_its_bounds)
{
    struct made *made = open_made("{" RULES "}");
    char         text[DECIMAL_TEXT_MAX];

    ck_assert_int_eq(accept_at(made, "{" AT_NOON ",'prices':{" THREE "},'candles':{'ETH':{'period_s':60,'rows':"
                                     "[['1','7','1','7'],['7','7','1','1']]}}}", NOON_US), SNAPSHOT_GOOD);
    decimal_format(*state_volatility(&made->out.state, "ETH"), text);
    ck_assert_str_eq(text, "2");
    ck_assert_int_eq(accept_at(made, "{" AT_NOON ",'prices':{" THREE "},'candles':{'ETH':{'period_s':60,'rows':"
                                     "[['5','5','5','5'],['5','5','5','5']]}}}", NOON_US), SNAPSHOT_GOOD);
    decimal_format(*state_volatility(&made->out.state, "ETH"), text);
    ck_assert_str_eq(text, "0");
    close_made(made);
}
END_TEST

static struct text
written(struct made *made, const struct snapshot *snapshot)
{
    struct text out;
    text_open(&out, &made->arena, JSON_MAX, ARENA_BYTES);
    json_write(&snapshot_record, snapshot, JSON_CANONICAL, &out);
    ck_assert(!out.is_full);
    return out;
}

/* What is written is read as the same: a decision on it can be made again. The price held for a minute
 * is all that the time-weighted one knows. */
START_TEST(bytes_say_all_and_memory_goes_on)
{
    struct made    *made = open_made("{" RULES "}");
    struct snapshot first, second;
    char            price[DECIMAL_TEXT_MAX];

    ck_assert_int_eq(accept_at(made, "{" AT_NOON ",'prices':{" THREE "}}", NOON_US), SNAPSHOT_GOOD);
    struct text bytes = written(made, &made->out);
    faults_open(&made->faults, 1);
    ck_assert(json_read(&snapshot_record, bytes.bytes, bytes.count, &made->arena, &first, &made->faults));
    struct text again = written(made, &first);
    ck_assert_uint_eq(again.count, bytes.count);
    ck_assert_mem_eq(again.bytes, bytes.bytes, bytes.count);

    made->before.snapshot        = &first;
    made->before.snapshot_sha256 = "1111111111111111111111111111111111111111111111111111111111111111";
    ck_assert_int_eq(accept_at(made, "{'observed_at':'2026-01-31T12:01:00Z','prices':{'ETH':[{'source':'a','price':'1000',"
                                     "'observed_at':'2026-01-31T12:01:00Z'}]}}", NOON_US + 60 * SECOND_US), SNAPSHOT_GOOD);
    bytes = written(made, &made->out);
    faults_open(&made->faults, 1);
    ck_assert(json_read(&snapshot_record, bytes.bytes, bytes.count, &made->arena, &second, &made->faults));
    ck_assert_str_eq(second.memory->previous_sha256, made->before.snapshot_sha256);
    ck_assert_uint_eq(second.memory->assets_count, 1);
    double mean = 0;
    decimal_format(second.memory->assets[0].time_weighted_price, price);
    mean = strtod(price, NULL);
    ck_assert_double_eq_tol(mean, 2000, 1e-6);
    close_made(made);
}
END_TEST

/* An asset that is not told of keeps what is remembered of it. */
START_TEST(memory_of_a_silent_asset_is_carried)
{
    struct made    *made = open_made("{" RULES "}");
    struct snapshot first;

    ck_assert_int_eq(accept_at(made, "{" AT_NOON ",'prices':{" THREE "}}", NOON_US), SNAPSHOT_GOOD);
    struct text bytes = written(made, &made->out);
    faults_open(&made->faults, 1);
    ck_assert(json_read(&snapshot_record, bytes.bytes, bytes.count, &made->arena, &first, &made->faults));
    made->before.snapshot = &first;
    ck_assert_int_eq(accept_at(made, "{'observed_at':'2026-01-31T12:00:01Z','prices':{'BTC':[" REPORT("a", "60000") "]}}",
                               NOON_US + SECOND_US), SNAPSHOT_GOOD);
    ck_assert_ptr_null(state_price(&made->out.state, "ETH"));
    ck_assert_uint_eq(made->out.memory->assets_count, 2);
    ck_assert_str_eq(made->out.memory->assets[1].asset, "ETH");
    ck_assert_int_eq(made->out.memory->assets[1].observed_at, NOON_US);
    close_made(made);
}
END_TEST

Suite *
snapshot_suite(void)
{
    Suite *suite = suite_create("snapshot");
    TCase *tcase = tcase_create("snapshot");

    tcase_add_test(tcase, price_is_the_median_of_its_sources);
    tcase_add_loop_test(tcase, push_is_judged, 0, COUNT_OF(refusals));
    tcase_add_test(tcase, push_that_is_not_newer_is_refused);
    tcase_add_test(tcase, candles_make_a_volatility_within_its_bounds);
    tcase_add_test(tcase, bytes_say_all_and_memory_goes_on);
    tcase_add_test(tcase, memory_of_a_silent_asset_is_carried);
    suite_add_tcase(suite, tcase);
    return suite;
}
