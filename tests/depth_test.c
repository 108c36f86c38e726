/* Walks through depth: rows from an independent calculation, real books, and what must always hold.
 */
#include "risk/depth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/captures.h"
#include "tests/suite.h"
#include "tests/venues.h"

enum { LINE_BYTES = 4096, WORD_BYTES = 64, WALK_BYTES = 1024 };

static const char golden_path[] = "tests/golden/depth.txt";

struct row {
    char side[WORD_BYTES], price[WORD_BYTES], reference[WORD_BYTES], scale[WORD_BYTES];
    char lot[WORD_BYTES], unit[WORD_BYTES], quantity[WORD_BYTES];
    const char *venues, *expected; /* into the line */
};

/* A pointer behind the next word, which is copied; fails the test where there is none. */
static const char *
take_word(const char *line, char word[static WORD_BYTES])
{
    size_t bytes = strcspn(line, " ");

    ck_assert_uint_lt(bytes, WORD_BYTES);
    ck_assert_uint_gt(bytes, 0);
    memcpy(word, line, bytes);
    word[bytes] = '\0';
    return line + bytes + strspn(line + bytes, " ");
}

static void
split_row(char *line, struct row *row)
{
    char *words[] = { row->side, row->price, row->reference, row->scale,
                      row->lot,  row->unit,  row->quantity };
    const char *next = line;
    char *bar = strchr(line, '|');
    char *second = bar ? strchr(bar + 1, '|') : NULL;

    ck_assert_ptr_nonnull(second);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        next = take_word(next, words[i]);
    second[-1] = '\0';
    row->venues = bar + 2;
    row->expected = second + 2;
    line[strcspn(line, "\n")] = '\0';
    second[2 + strcspn(second + 2, "\n")] = '\0';
}

static size_t
append(char *text, size_t used, struct decimal value)
{
    char number_text[DECIMAL_TEXT_MAX];

    if (decimal_is_none(value))
        snprintf(number_text, sizeof number_text, "none");
    else
        decimal_format(value, number_text);
    return used + (size_t)snprintf(text + used, WALK_BYTES - used, "%s%s", used > 0 ? " " : "",
                                   number_text);
}

/* As the rows have it. */
static void
print_walk(const struct walk *walk, char text[static WALK_BYTES])
{
    size_t used = append(text, 0, walk->filled);

    used = append(text, used, walk->unfilled);
    used = append(text, used, walk->proceeds);
    used = append(text, used, walk->average_price);
    used = append(text, used, walk->slippage_rate);
    for (size_t i = 0; i < walk->fills_count; i++) {
        used += (size_t)snprintf(text + used, WALK_BYTES - used, " %s", walk->fills[i].venue);
        used = append(text, used, walk->fills[i].quantity);
        used = append(text, used, walk->fills[i].proceeds);
    }
}

static void
check_row(const struct row *row, const char *venues)
{
    enum depth_side side = !strcmp(row->side, "sell") ? DEPTH_SELL : DEPTH_BUY;
    char ours[WALK_BYTES];
    struct market market;
    struct depth depth;
    struct walk walk;

    market_open(&market, venues);
    depth_open(&depth, market.depth, side, number(row->price), number(row->lot), number(row->unit));
    depth.reference = number(row->reference);
    depth.scale = number(row->scale);
    walk = walk_of(&depth, row->quantity);
    print_walk(&walk, ours);
    ck_assert_msg(!strcmp(ours, row->expected),
                  "%s %s of %s at %s, scale %s:\nours     %s\nexpected %s", row->side,
                  row->quantity, row->venues, row->reference, row->scale, ours, row->expected);
    market_close(&market);
}

/* Rows with their venues, or rows that name a capture: each kind is a test of its own. */
static void
check_rows(bool of_captures)
{
    FILE *file = fopen(golden_path, "r");
    char line[LINE_BYTES];
    size_t checked_count = 0;

    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file)) {
        struct row row;
        char *capture = NULL;
        if (*line == '#')
            continue;
        split_row(line, &row);
        if ((*row.venues != '[') != of_captures)
            continue;
        if (of_captures)
            capture = capture_read(row.venues);
        if (of_captures && !capture)
            break;
        check_row(&row, of_captures ? capture : row.venues);
        checked_count++;
        free(capture);
    }
    fclose(file);
    if (!of_captures)
        ck_assert_uint_ge(checked_count, 90);
}

START_TEST(walks_are_those_of_the_independent_calculation)
{
    check_rows(false);
}
END_TEST

START_TEST(walks_through_captured_markets_are_those_of_the_independent_calculation)
{
    check_rows(true);
}
END_TEST

#define GAPS \
    "{'venue':'gaps','kind':'concentrated','fee_rate':'0.003','price':'100','ranges':[" \
    "{'lower':'60','upper':'70','liquidity':'3000'}," \
    "{'lower':'95','upper':'105','liquidity':'40000'}]}"
#define DESK "{'venue':'desk','kind':'quoted','notional':'10000','slippage_rate':'0.02'}"
#define BOOK \
    "{'venue':'b','kind':'book','fee_rate':'0.0005'," \
    "'bids':[['100.2','10'],['99','20.5'],['98','30'],['95','50']]," \
    "'asks':[['100.5','10'],['101','20.5'],['103','30']]}"

/* Each market is followed by the same with one venue more. */
static const char *const markets[] = {
    "[" BOOK "]",
    "[" BOOK "," CP_30 "]",
    "[" BOOK "," CP_30 "," GAPS "]",
    "[" BOOK "," CP_30 "," GAPS "," DESK "]",
};
enum { MARKETS_COUNT = sizeof markets / sizeof *markets };

static const char *const quantities[] = { "0.01", "3",     "10",  "11.5", "30.5",
                                          "47",   "60.49", "110", "250",  "1000" };
enum { QUANTITIES_COUNT = sizeof quantities / sizeof *quantities };

static struct decimal
sum_of(struct decimal a, struct decimal b)
{
    struct decimal sum;

    ck_assert(decimal_add(a, b, &sum));
    return sum;
}

/* Each level of slippage that is asked for is met exactly, and not by one lot more. */
START_TEST(the_largest_quantity_is_the_last_one_within_the_tolerance)
{
    static const char *const tolerances[] = { "-0.1", "-0.0015", "0",   "0.0001", "0.003",
                                              "0.02", "0.1",     "0.5", "1" };
    static const char *const lots[] = { "1", "0.01", "0.00000001", "0.000000000000000001" };

    for (size_t m = 0; m < MARKETS_COUNT; m++)
        for (size_t t = 0; t < sizeof tolerances / sizeof *tolerances; t++)
            for (size_t l = 0; l < 2 * sizeof lots / sizeof *lots; l++) {
                struct market market;
                struct depth depth;
                struct decimal largest;
                struct decimal most = number("5000");
                struct decimal tolerance = number(tolerances[t]);
                struct walk walk;
                market_open(&market, markets[m]);
                depth_open(&depth, market.depth, l % 2 ? DEPTH_BUY : DEPTH_SELL, number("100"),
                           number(lots[l / 2]), decimal_unit);
                depth.reference = number(m % 2 ? "100" : "93.7");
                ck_assert(depth_largest(&depth, tolerance, most, &largest));
                ck_assert(largest.units % depth.lot.units == 0);
                ck_assert(depth_walk(&depth, largest, &walk));
                ck_assert(walk.unfilled.units == 0);
                ck_assert(largest.units == 0 ||
                          decimal_compare(walk.slippage_rate, tolerance) <= 0);
                if (decimal_compare(largest, most) < 0) {
                    ck_assert(depth_walk(&depth, sum_of(largest, depth.lot), &walk));
                    ck_assert(walk.unfilled.units > 0 ||
                              decimal_compare(walk.slippage_rate, tolerance) > 0);
                }
                market_close(&market);
            }
}
END_TEST

/* Sold: proceeds do not fall with the quantity, nor with a venue more; slippage does not fall with
 * the quantity; two parts sold apart bring at least what they bring together. Bought: the other
 * way. A unit of 1e-18 a venue is rounding. */
START_TEST(more_depth_is_better_and_more_quantity_is_dearer)
{
    for (size_t m = 0; m < MARKETS_COUNT; m++)
        for (int side = DEPTH_SELL; side <= DEPTH_BUY; side++) {
            struct market market;
            struct market larger;
            struct walk before = { .slippage_rate = DECIMAL_NONE };
            int sign = side == DEPTH_SELL ? 1 : -1;
            market_open(&market, markets[m]);
            market_open(&larger, markets[m + 1 < MARKETS_COUNT ? m + 1 : m]);
            for (size_t i = 0; i < QUANTITIES_COUNT; i++) {
                struct depth depth = depth_at(&market, (enum depth_side)side, "100");
                struct depth more = depth_at(&larger, (enum depth_side)side, "100");
                struct walk walk = walk_of(&depth, quantities[i]);
                struct walk with_more = walk_of(&more, quantities[i]);
                struct walk half = walk_of(&depth, quantities[i]);
                struct decimal half_quantity = { number(quantities[i]).units / 2 };
                ck_assert(walk.proceeds.units >= before.proceeds.units);
                ck_assert(i == 0 || walk.slippage_rate.units >= before.slippage_rate.units);
                ck_assert(with_more.filled.units >= walk.filled.units);
                if (with_more.filled.units == walk.filled.units)
                    ck_assert((with_more.proceeds.units - walk.proceeds.units) * sign >=
                              -VENUES_MAX);
                ck_assert(depth_walk(&depth, half_quantity, &half));
                if (walk.unfilled.units == 0)
                    ck_assert((2 * half.proceeds.units - walk.proceeds.units) * sign >=
                              -2 * VENUES_MAX);
                before = walk;
            }
            market_close(&market);
            market_close(&larger);
        }
}
END_TEST

/* No other division of an order among the venues does better: every one of a grid, each venue
 * walked alone. */
START_TEST(no_other_split_does_better)
{
    enum { STEPS = 12 };
    struct market all;
    struct market alone[3];
    struct depth depth;
    struct depth depths[3];
    struct walk best;

    market_open(&all, THREE);
    market_open(&alone[0], "[" BOOK_5 "]");
    market_open(&alone[1], "[" CP_30 "]");
    market_open(&alone[2], "[" V3_5 "]");
    depth = depth_at(&all, DEPTH_SELL, "100");
    for (size_t i = 0; i < 3; i++)
        depths[i] = depth_at(&alone[i], DEPTH_SELL, "100");
    best = walk_of(&depth, "108");
    for (int first = 0; first <= STEPS; first++)
        for (int second = 0; first + second <= STEPS; second++) {
            int parts[3] = { first, second, STEPS - first - second };
            struct decimal proceeds = decimal_zero;
            for (size_t i = 0; i < 3; i++) {
                struct walk walk;
                ck_assert(depth_walk(&depths[i],
                                     (struct decimal){ (int128)9 * parts[i] * DECIMAL_ONE_UNITS },
                                     &walk));
                proceeds = sum_of(proceeds, walk.proceeds);
            }
            ck_assert(decimal_compare(proceeds, best.proceeds) < 0);
        }
    for (size_t i = 0; i < 3; i++)
        market_close(&alone[i]);
    market_close(&all);
}
END_TEST

/* Books: at a price twice as high everything is twice as dear, and slippage is the same. */
START_TEST(a_book_moves_with_the_price)
{
    struct market market;
    struct depth depth;
    struct walk before;
    struct walk after;

    market_open(&market, "[" BOOK "]");
    depth = depth_at(&market, DEPTH_SELL, "100");
    before = walk_of(&depth, "33");
    depth.reference = number("200");
    after = walk_of(&depth, "33");
    ck_assert(after.proceeds.units == 2 * before.proceeds.units);
    ck_assert(after.slippage_rate.units == before.slippage_rate.units);
    ck_assert_int_eq(depth_model(market.depth), DEPTH_PROPORTIONAL);
    market_close(&market);
}
END_TEST

/* 0.12345 at 100 less 5 bp is 12.3388275; at 100.5 and 5 bp more, 12.4129283625. */
START_TEST(what_rounding_took_is_told_where_all_are_books)
{
    struct market books, mixed;
    struct depth  depth;

    market_open(&books, "[{'venue':'b','kind':'book','fee_rate':'0.0005','bids':[['100','10']],"
                        "'asks':[['100.5','10']]}]");
    depth = depth_at(&books, DEPTH_SELL, "100");
    depth.quote_unit = number("0.01");
    ck_assert(decimal_compare(walk_of(&depth, "0.12345").proceeds, number("12.33")) == 0);
    ck_assert(decimal_compare(walk_of(&depth, "0.12345").rest, number("0.0088275")) == 0);
    depth.side = DEPTH_BUY;
    ck_assert(decimal_compare(walk_of(&depth, "0.12345").proceeds, number("12.42")) == 0);
    ck_assert(decimal_compare(walk_of(&depth, "0.12345").rest, number("0.0070716375")) == 0);
    ck_assert(depth_is_of_books(&depth));
    market_close(&books);

    market_open(&mixed, THREE);
    depth = depth_at(&mixed, DEPTH_SELL, "100");
    depth.quote_unit = number("0.01");
    ck_assert(decimal_compare(walk_of(&depth, "0.12345").rest, decimal_zero) == 0);
    ck_assert(!depth_is_of_books(&depth));
    market_close(&mixed);
}
END_TEST

START_TEST(the_model_of_the_depth_is_named)
{
    static const struct {
        const char *venues;
        enum depth_model model;
    } rows[] = {
        { "[" BOOK "," DESK "]", DEPTH_PROPORTIONAL },
        { "[" CP_30 "," GAPS "]", DEPTH_POOL_CONSTANT },
        { "[" CP_30 "," DESK "]", DEPTH_MIXED },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct market market;
        market_open(&market, rows[i].venues);
        ck_assert_int_eq(depth_model(market.depth), rows[i].model);
        market_close(&market);
    }
    ck_assert_int_eq(depth_model(NULL), DEPTH_NONE);
}
END_TEST

/* Thirteen costed desks are too many to try every set: the best is found by dropping, and says so.
 * With equal desks the right number of them is what trying all numbers says. */
START_TEST(many_fixed_costs_are_weighed_greedily)
{
    enum { DESKS = 13 };
    static const char *const names[DESKS] = { "a", "b", "c", "d", "e", "f", "g",
                                              "h", "i", "j", "k", "l", "m" };
    struct venue venues[DESKS];
    struct decimal costs[DESKS];
    struct asset_depth found = { "A", venues, DESKS };
    struct depth depth;
    struct walk walk;
    struct decimal best = { -DECIMAL_MAX_UNITS };
    size_t best_count = 0;

    for (size_t i = 0; i < DESKS; i++) {
        venues[i] = (struct venue){ .kind = VENUE_QUOTED,
                                    .venue = names[i],
                                    .notional = DECIMAL_OF(10000),
                                    .slippage_rate = number("0.02") };
        costs[i] = number("7");
    }
    for (size_t count = 1; count <= DESKS; count++) {
        struct asset_depth some = { "A", venues, count };
        struct decimal net;
        depth_open(&depth, &some, DEPTH_SELL, number("100"), decimal_unit, decimal_unit);
        walk = walk_of(&depth, "200");
        net.units = walk.proceeds.units - (int128)count * costs[0].units;
        if (decimal_compare(net, best) > 0) {
            best = net;
            best_count = count;
        }
    }
    depth_open(&depth, &found, DEPTH_SELL, number("100"), decimal_unit, decimal_unit);
    depth.costs = costs;
    walk = walk_of(&depth, "200");
    ck_assert(walk.is_greedy);
    ck_assert_uint_gt(best_count, 1);
    ck_assert_uint_lt(best_count, DESKS);
    ck_assert_uint_eq(walk.fills_count, best_count);
    depth.venues_count = VENUES_ENUMERATED_MAX;
    walk = walk_of(&depth, "200");
    ck_assert(!walk.is_greedy);
    ck_assert_uint_eq(walk.fills_count, best_count);
}
END_TEST

START_TEST(what_does_not_fit_a_decimal_is_refused)
{
    struct venue venue = { .kind = VENUE_CONSTANT_PRODUCT,
                           .venue = "a",
                           .base = number("100000000000000000000"),
                           .quote = number("100000000000000000000") };
    struct level bids[] = { { number("100000000000000000000"), number("100") } };
    struct venue book = { .kind = VENUE_BOOK, .venue = "a", .bids = bids, .bids_count = 1 };
    struct asset_depth found = { "A", &venue, 1 };
    struct asset_depth books = { "A", &book, 1 };
    struct depth depth;
    struct walk walk;

    depth_open(&depth, &found, DEPTH_SELL, decimal_one, decimal_unit, decimal_unit);
    depth.scale = number("10");
    ck_assert(!depth_walk(&depth, number("1"), &walk) || walk.filled.units == 0);
    depth_open(&depth, &books, DEPTH_SELL, decimal_one, decimal_unit, decimal_unit);
    ck_assert(!depth_walk(&depth, number("100"), &walk));
    ck_assert(depth_walk(&depth, number("0.01"), &walk));
}
END_TEST

Suite *
depth_suite(void)
{
    Suite *suite = suite_create("depth");
    TCase *tcase = tcase_create("depth");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, walks_are_those_of_the_independent_calculation);
    tcase_add_test(tcase, walks_through_captured_markets_are_those_of_the_independent_calculation);
    tcase_add_test(tcase, the_largest_quantity_is_the_last_one_within_the_tolerance);
    tcase_add_test(tcase, more_depth_is_better_and_more_quantity_is_dearer);
    tcase_add_test(tcase, no_other_split_does_better);
    tcase_add_test(tcase, a_book_moves_with_the_price);
    tcase_add_test(tcase, what_rounding_took_is_told_where_all_are_books);
    tcase_add_test(tcase, the_model_of_the_depth_is_named);
    tcase_add_test(tcase, many_fixed_costs_are_weighed_greedily);
    tcase_add_test(tcase, what_does_not_fit_a_decimal_is_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}
