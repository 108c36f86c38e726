/* The market state: what each field may be, what they may be together, and how parts are found. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/arena.h"
#include "record/json.h"
#include "risk/state.h"
#include "tests/generate.h"
#include "tests/suite.h"

enum { ARENA_BYTES = 8 << 20 };

static const char good[] =
    "{\"prices\":{\"ETH\":\"2000\",\"USDC\":\"1\"},\"volatility\":{\"ETH\":\"0.8\"},"
    "\"volume\":{\"ETH\":\"250000000\"},\"depth\":{\"ETH\":["
    "{\"venue\":\"a\",\"kind\":\"book\",\"fee_rate\":\"0.001\","
    "\"bids\":[[\"1999.5\",\"3.2\"],[\"1999\",\"0\"]],\"asks\":[[\"2000.5\",\"1.1\"]]},"
    "{\"venue\":\"b\",\"kind\":\"constant_product\",\"fee_rate\":\"0.003\",\"base\":\"1000\",\"quote\":\"2000000\"},"
    "{\"venue\":\"c\",\"kind\":\"concentrated\",\"fee_rate\":\"0.0005\",\"price\":\"2000\","
    "\"ranges\":[{\"lower\":\"1800\",\"upper\":\"2200\",\"liquidity\":\"50000\"}]},"
    "{\"venue\":\"d\",\"kind\":\"quoted\",\"fee_rate\":\"0\",\"notional\":\"500000\",\"slippage_rate\":\"0.01\"}]}}";

static bool
read_state(struct arena *arena, const char *text, struct state *state, struct faults *faults)
{
    arena_open(arena, ARENA_BYTES);
    faults_open(faults, 1);
    return json_read(&state_record, text, strlen(text), arena, state, faults);
}

static void
check_bad(void *context, const char *text, size_t bytes, const char *code, const char *pointer)
{
    struct arena arena;
    struct faults faults;
    struct state state;
    size_t *count = context;

    arena_open(&arena, ARENA_BYTES);
    faults_open(&faults, 1);
    ck_assert_msg(!json_read(&state_record, text, bytes, &arena, &state, &faults), "accepted: %.*s",
                  (int)bytes, text);
    ck_assert_msg(!strcmp(faults.items[0].code, code), "%s, not %s: %.*s", faults.items[0].code,
                  code, (int)bytes, text);
    ck_assert_msg(!strcmp(faults.items[0].pointer, pointer), "%s, not %s: %.*s",
                  faults.items[0].pointer, pointer, (int)bytes, text);
    arena_close(&arena);
    ++*count;
}

START_TEST(each_fault_of_shape_is_refused_where_it_stands)
{
    size_t count = 0;

    generate_bad_inputs(&state_record, good, check_bad, &count);
    ck_assert_uint_gt(count, 100);
}
END_TEST

START_TEST(parts_are_found_by_asset_and_empty_rows_are_dropped)
{
    struct arena arena;
    struct faults faults;
    struct state state;

    ck_assert(read_state(&arena, good, &state, &faults));
    ck_assert(state_accept(&state, "/state", &faults));
    ck_assert(state_price(&state, "ETH")->units == (int128)2000 * DECIMAL_ONE_UNITS);
    ck_assert(state_volatility(&state, "ETH")->units == DECIMAL_ONE_UNITS / 10 * 8);
    ck_assert(state_volume(&state, "ETH")->units == (int128)250000000 * DECIMAL_ONE_UNITS);
    ck_assert_uint_eq(state_depth(&state, "ETH")->venues_count, 4);
    ck_assert_uint_eq(state_depth(&state, "ETH")->venues[0].bids_count, 1);
    ck_assert_int_eq(state_depth(&state, "ETH")->venues[3].kind, VENUE_QUOTED);
    ck_assert_ptr_null(state_price(&state, "BTC"));
    ck_assert_ptr_null(state_volatility(&state, "USDC"));
    ck_assert_ptr_null(state_volume(&state, "USDC"));
    ck_assert_ptr_null(state_depth(&state, "USDC"));
    arena_close(&arena);
}
END_TEST

#define BOOK(bids, asks)                                                                           \
    "{\"venue\":\"a\",\"kind\":\"book\",\"fee_rate\":\"0\",\"bids\":[" bids "],\"asks\":[" asks "]}"
#define POOL(ranges)                                                                                    \
    "{\"venue\":\"a\",\"kind\":\"concentrated\",\"fee_rate\":\"0\",\"price\":\"5\",\"ranges\":[" ranges \
    "]}"
#define RANGE(lower, upper) "{\"lower\":\"" lower "\",\"upper\":\"" upper "\",\"liquidity\":\"1\"}"
#define DESK(name)                                                                                 \
    "{\"venue\":\"" name "\",\"kind\":\"quoted\",\"notional\":\"1\",\"slippage_rate\":\"0.01\"}"

/* Venues, and the first fault among them; no code: accepted. */
static const struct {
    const char *venues, *code, *pointer;
} together[] = {
    { BOOK("[\"9\",\"1\"],[\"8\",\"1\"]", "[\"10\",\"1\"],[\"11\",\"1\"]"), NULL, NULL },
    { BOOK("[\"9\",\"1\"],[\"9\",\"2\"]", ""), NULL, NULL },
    { BOOK("", ""), NULL, NULL },
    { BOOK("[\"8\",\"1\"],[\"9\",\"1\"]", ""), "book_unsorted", "/state/depth/ETH/0/bids/1" },
    { BOOK("", "[\"9\",\"1\"],[\"10\",\"1\"],[\"9.5\",\"1\"]"), "book_unsorted",
      "/state/depth/ETH/0/asks/2" },
    { BOOK("[\"9\",\"1\"],[\"10\",\"0\"],[\"9.5\",\"1\"]", ""), "book_unsorted",
      "/state/depth/ETH/0/bids/2" },
    { BOOK("[\"8\",\"0\"],[\"9\",\"1\"]", ""), NULL, NULL },
    { BOOK("[\"10\",\"1\"]", "[\"10\",\"1\"]"), "book_crossed", "/state/depth/ETH/0/bids/0" },
    { BOOK("[\"12\",\"0\"],[\"9\",\"1\"]", "[\"8\",\"0\"],[\"10\",\"1\"]"), NULL, NULL },
    { DESK("a") "," DESK("b"), NULL, NULL },
    { DESK("a") "," DESK("b") "," DESK("a"), "duplicate_venue", "/state/depth/ETH/2/venue" },
    { DESK("z") "," BOOK("[\"1\",\"1\"]", "[\"1\",\"1\"]"), "book_crossed",
      "/state/depth/ETH/1/bids/0" },
    { POOL(RANGE("1", "2") "," RANGE("2", "3") "," RANGE("5", "6")), NULL, NULL },
    { POOL(RANGE("2", "2")), "ranges_unsorted", "/state/depth/ETH/0/ranges/0" },
    { POOL(RANGE("1", "3") "," RANGE("2", "4")), "ranges_unsorted", "/state/depth/ETH/0/ranges/1" },
    { POOL(RANGE("3", "4") "," RANGE("1", "2")), "ranges_unsorted", "/state/depth/ETH/0/ranges/1" },
};

START_TEST(venues_must_make_sense_together)
{
    struct arena arena;
    struct faults faults;
    struct state state;
    char text[1024];
    bool accepted;

    snprintf(text, sizeof text, "{\"prices\":{\"ETH\":\"1\"},\"depth\":{\"ETH\":[%s]}}",
             together[_i].venues);
    ck_assert_msg(read_state(&arena, text, &state, &faults), "%s", text);
    accepted = state_accept(&state, "/state", &faults);
    ck_assert_int_eq(accepted, together[_i].code == NULL);
    if (!accepted) {
        ck_assert_str_eq(faults.items[0].code, together[_i].code);
        ck_assert_str_eq(faults.items[0].pointer, together[_i].pointer);
    }
    arena_close(&arena);
}
END_TEST

/* Three books whose levels are together one too many, rows of size zero not counted. */
START_TEST(levels_over_all_venues_are_bounded)
{
    enum { EACH = LEVELS_MAX / 2 };
    static const size_t more[] = { 0, 1 };
    struct level *levels = calloc(EACH + 1, sizeof *levels);
    struct faults faults;

    ck_assert_ptr_nonnull(levels);
    for (size_t i = 0; i < EACH + 1; i++)
        levels[i] = (struct level){ DECIMAL_OF(1), DECIMAL_OF(1) };
    for (size_t i = 0; i < 2; i++) {
        struct venue venues[3] = {
            { .kind = VENUE_BOOK, .venue = "a", .bids = levels, .bids_count = EACH },
            { .kind = VENUE_BOOK, .venue = "b", .bids = levels, .bids_count = EACH },
            { .kind = VENUE_BOOK, .venue = "c", .bids = levels, .bids_count = more[i] },
        };
        struct asset_depth depth = { "ETH", venues, 3 };
        struct state state = { .depth = &depth, .depth_count = 1 };
        faults_open(&faults, 1);
        ck_assert_int_eq(state_accept(&state, "/state", &faults), more[i] == 0);
        if (more[i] > 0) {
            ck_assert_str_eq(faults.items[0].code, "too_many");
            ck_assert_str_eq(faults.items[0].pointer, "/state/depth/ETH/2/bids");
        }
    }
    free(levels);
}
END_TEST

Suite *
state_suite(void)
{
    Suite *suite = suite_create("state");
    TCase *tcase = tcase_create("state");

    tcase_add_test(tcase, each_fault_of_shape_is_refused_where_it_stands);
    tcase_add_test(tcase, parts_are_found_by_asset_and_empty_rows_are_dropped);
    tcase_add_loop_test(tcase, venues_must_make_sense_together, 0,
                        sizeof together / sizeof *together);
    tcase_add_test(tcase, levels_over_all_venues_are_bounded);
    suite_add_tcase(suite, tcase);
    return suite;
}
