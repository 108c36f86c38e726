/* risk/oracle: reports against an independent calculation, attacks with their outcomes, what must
 * always hold. */
#include "risk/oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/json.h"
#include "risk/elementary.h"
#include "risk/statistic.h"
#include "tests/exact.h"
#include "tests/generate.h"
#include "tests/near.h"
#include "tests/reading.h"
#include "tests/suite.h"
#include "tests/venues.h"

enum { LINE_BYTES = 4096, COLUMNS = 7, MARKETS_MAX = 8, WORDS_MAX = 80 };

#define NOW_US INT64_C(1700000000000000)

#define LENGTH(list) ((int)(sizeof(list) / sizeof *(list)))

static const char golden_path[] = "tests/golden/guard.txt";

/* Those of tests/oracle/guard.py. */
static const char golden_settings[] =
    "{'age_max_s':60,'sources':"
    "{'a':'1','b':'1','c':'1','d':'1','e':'2','f':'0.5','g':'1','h':'3'}}";

static size_t
split(char *text, const char *at, char **parts, size_t most)
{
    size_t count = 0;
    char *rest = text;

    while (rest && count < most) {
        char *end = strstr(rest, at);
        parts[count++] = rest;
        if (end)
            *end = '\0';
        rest = end ? end + strlen(at) : NULL;
    }
    return count;
}

static struct decimal
number_or_none(const char *text)
{
    return strcmp(text, "none") ? number(text) : DECIMAL_NONE;
}

/* source price confidence age_ms ... */
static size_t
read_reports(char *text, struct source_price reports[static SOURCES_MAX])
{
    char *words[WORDS_MAX];
    size_t count = split(text, " ", words, WORDS_MAX) / 4;

    ck_assert_uint_le(count, SOURCES_MAX);
    for (size_t i = 0; i < count; i++)
        reports[i] = (struct source_price){ words[4 * i], number(words[4 * i + 1]),
                                            number(words[4 * i + 2]),
                                            NOW_US - strtoll(words[4 * i + 3], NULL, 10) * 1000 };
    return count;
}

static void
check_verdict(const struct oracle_answer *answer, const char *expected, const char *line)
{
    const char *reason = oracle_reason_name(answer->reason);
    char slice[DECIMAL_TEXT_MAX];
    char ours[128];

    decimal_format(answer->slice_rate, slice);
    snprintf(ours, sizeof ours, "%s %s %lld %s %zu", oracle_verdict_name(answer->verdict),
             reason ? reason : "usual", (long long)answer->retry_after_s, slice,
             answer->confirming_count);
    ck_assert_msg(!strcmp(ours, expected), "ours %s, expected %s: %s", ours, expected, line);
}

static void
check_aggregate(const struct oracle_answer *answer, char *expected, const char *line)
{
    char *words[WORDS_MAX];
    size_t count = split(expected, " ", words, WORDS_MAX);
    char price[DECIMAL_TEXT_MAX] = "none";

    if (!decimal_is_none(answer->aggregate.price))
        decimal_format(answer->aggregate.price, price);
    ck_assert_msg(!strcmp(price, words[0]), "ours %s, expected %s: %s", price, words[0], line);
    for (size_t i = 1; i < count; i++)
        ck_assert_msg(
            !strcmp(source_fate_name(answer->aggregate.judgements[i - 1].fate), words[i]),
            "report %zu is %s, expected %s: %s", i,
            source_fate_name(answer->aggregate.judgements[i - 1].fate), words[i], line);
}

static void
check_figures(const struct oracle_answer *answer, char *expected, const char *line)
{
    char *words[3];
    double deviation;

    ck_assert_uint_eq(split(expected, " ", words, 3), 3);
    deviation = strtod(words[0], NULL);
    ck_assert_msg(is_near(answer->deviation, deviation, 1e-9) ||
                  real_abs(answer->deviation - deviation) < 1e-15, "%.17g %s: %s",
                  answer->deviation, words[0], line);
    ck_assert_msg(is_near(answer->bound, strtod(words[1], NULL), 1e-12), "%.17g %s: %s",
                  answer->bound, words[1], line);
    ck_assert_msg(is_near(answer->push.cost, strtod(words[2], NULL), 1e-9), "%.17g %s: %s",
                  answer->push.cost, words[2], line);
}

static void
check_row(const struct oracle_settings *settings, const struct market *markets, char *line)
{
    struct source_price reports[SOURCES_MAX];
    struct oracle_question question = { .reports = reports, .now = NOW_US };
    struct oracle_answer answer;
    char *columns[COLUMNS];
    char *words[5];
    char whole[LINE_BYTES];
    size_t market;

    snprintf(whole, sizeof whole, "%s", line);
    ck_assert_uint_eq(split(line, " | ", columns, COLUMNS), COLUMNS);
    question.reports_count = read_reports(columns[0], reports);
    ck_assert_uint_eq(split(columns[1], " ", words, 4), 4);
    question.volatility = strtod(words[0], NULL);
    question.reference = (struct oracle_reference){ number_or_none(words[1]),
                                                    strtod(words[2], NULL),
                                                    strtod(words[3], NULL) };
    market = strtoul(columns[2], NULL, 10);
    ck_assert_uint_lt(market, MARKETS_MAX);
    question.depth = market > 0 ? markets[market].depth : NULL;
    ck_assert_uint_eq(split(columns[3], " ", words, 5), 5);
    question.gain = (struct oracle_gain){ strtod(words[0], NULL), *words[1] == '1',
                                          number_or_none(words[2]), strtod(words[3], NULL) };
    question.sequencer_down = *words[4] == '1';
    oracle_judge(settings, &question, &answer);
    check_aggregate(&answer, columns[4], whole);
    check_verdict(&answer, columns[5], whole);
    check_figures(&answer, columns[6], whole);
}

START_TEST(verdicts_are_those_of_the_independent_calculation)
{
    FILE *file = fopen(golden_path, "r");
    struct market markets[MARKETS_MAX] = { 0 };
    struct oracle_settings settings;
    struct arena arena;
    char line[LINE_BYTES];
    size_t rows_count = 0;

    ck_assert_ptr_nonnull(file);
    reading_open(&arena, &oracle_settings_record, golden_settings, &settings);
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        if (!strncmp(line, "market ", 7)) {
            if (line[7] != '0')
                market_open(&markets[(line[7] - '0') % MARKETS_MAX], line + 9);
        } else if (*line != '#') {
            check_row(&settings, markets, line);
            rows_count++;
        }
    }
    fclose(file);
    ck_assert_uint_ge(rows_count, 200);
    for (size_t i = 1; i < MARKETS_MAX; i++)
        market_close(&markets[i]);
    arena_close(&arena);
}
END_TEST

/* A market near 2000, watched by five sources; it has stood at 2000 for the half hour before. */
struct guarded {
    struct arena           arena;
    struct oracle_settings settings;
    struct market          market;
    struct source_price    reports[SOURCES_MAX];
    struct oracle_question question;
    struct oracle_answer   answer;
};

#define DEEP \
    "[{'venue':'x','kind':'book','fee_rate':'0.001','bids':[['1999','500'],['1960','9000']]," \
    "'asks':[['2001','500'],['2040','9000']]}," \
    "{'venue':'y','kind':'constant_product','fee_rate':'0.003','base':'50000'," \
    "'quote':'100000000'}]"
#define THIN \
    "[{'venue':'y','kind':'constant_product','fee_rate':'0.003','base':'500','quote':'1000000'}]"
#define FIVE_LISTED "{'sources':{'a':'1','b':'1','c':'1','d':'1','e':'1'}}"

struct said { const char *source, *price, *confidence; int64_t age_ms; };

static void
guarded_open(struct guarded *guarded, const char *venues)
{
    reading_open(&guarded->arena, &oracle_settings_record, FIVE_LISTED, &guarded->settings);
    market_open(&guarded->market, venues);
    guarded->question = (struct oracle_question){
        .reports = guarded->reports,
        .volatility = 0.8,
        .reference = { number("2000"), 1800, 12 },
        .depth = guarded->market.depth,
        .gain = { .trigger_price = DECIMAL_NONE },
        .now = NOW_US,
    };
}

static void
guarded_close(struct guarded *guarded)
{
    market_close(&guarded->market);
    arena_close(&guarded->arena);
}

static void
guarded_add(struct guarded *guarded, const struct said *said, size_t count)
{
    for (size_t i = 0; i < count; i++)
        guarded->reports[guarded->question.reports_count++] =
            (struct source_price){ said[i].source, number(said[i].price),
                                   number(said[i].confidence), NOW_US - said[i].age_ms * 1000 };
}

static void
guarded_ask(struct guarded *guarded)
{
    oracle_judge(&guarded->settings, &guarded->question, &guarded->answer);
}

static const struct said honest[] = {
    { "a", "2000", "0.8", 900 }, { "b", "2001", "1", 2000 }, { "c", "1999.5", "0.5", 400 },
    { "e", "2000.4", "0.7", 1500 },
};

/* One report beside the four honest ones: what becomes of it, and of the price. The weights behind
 * these medians, by 1 / (c^2 + 0.0812 s): a 1.403, b 0.860, c 3.540, e 1.635. */
static const struct {
    const char *attack;
    struct said said;
    enum source_fate fate;
    const char *price;
} attacks[] = {
    { "a lie above", { "d", "2300", "0.9", 500 }, SOURCE_USED, "2000.4" },
    { "a lie below", { "d", "1500", "0.9", 500 }, SOURCE_USED, "2000" },
    { "a confidence absurdly small", { "d", "2300", "0.000001", 500 }, SOURCE_USED, "2000.4" },
    { "a confidence of 0", { "d", "2300", "0", 0 }, SOURCE_USED, "2000.4" },
    { "a confidence absurdly large", { "d", "2300", "400", 500 }, SOURCE_UNSURE, "2000" },
    { "a confidence past its maximum", { "d", "2300", "23.000000000000000001", 500 },
      SOURCE_UNSURE, "2000" },
    { "a confidence below 0", { "d", "2300", "-1", 500 }, SOURCE_UNSURE, "2000" },
    { "a pool's spot within a flash loan", { "d", "90000", "0", 0 }, SOURCE_USED, "2000" },
    { "a feed that stalls: it counts little", { "d", "2300", "0.9", 50000 }, SOURCE_USED, "2000" },
    { "a feed that has stalled", { "d", "2300", "0.9", 60001 }, SOURCE_STALE, "2000" },
    { "a clock ahead by the skew", { "d", "2300", "0.9", -2000 }, SOURCE_USED, "2000.4" },
    { "a clock ahead", { "d", "2300", "0.9", -2001 }, SOURCE_FROM_THE_FUTURE, "2000" },
    { "a clock a year ahead", { "d", "2300", "0.9", -31536000000 }, SOURCE_FROM_THE_FUTURE,
      "2000" },
    { "a price of 0", { "d", "0", "0", 0 }, SOURCE_NOT_POSITIVE, "2000" },
    { "a price below 0", { "d", "-2000", "1", 0 }, SOURCE_NOT_POSITIVE, "2000" },
    { "a name nobody knows", { "f", "2300", "0.9", 500 }, SOURCE_UNKNOWN, "2000" },
    { "a name again, newer", { "a", "2300", "0.9", 100 }, SOURCE_USED, "2000.4" },
    { "a name again, older", { "a", "2300", "0.9", 5000 }, SOURCE_SUPERSEDED, "2000" },
    { "a name again, ahead of time", { "a", "2300", "0.9", -9000 }, SOURCE_FROM_THE_FUTURE,
      "2000" },
    { "a name again, contradicting itself", { "a", "2300", "0.8", 900 }, SOURCE_CONTRADICTORY,
      "2000.4" },
    { "the same report twice", { "a", "2000", "0.8", 900 }, SOURCE_SUPERSEDED, "2000" },
};

START_TEST(attack_on_one_source_has_the_outcome_stated)
{
    for (int first = 0; first < 2; first++) {
        struct guarded guarded;
        size_t at = first ? 0 : LENGTH(honest);
        bool is_copy = !strcmp(attacks[_i].attack, "the same report twice");

        guarded_open(&guarded, DEEP);
        if (first)
            guarded_add(&guarded, &attacks[_i].said, 1);
        guarded_add(&guarded, honest, LENGTH(honest));
        if (!first)
            guarded_add(&guarded, &attacks[_i].said, 1);
        guarded_ask(&guarded);
        /* Of two copies the first counts, wherever it comes from. */
        ck_assert_msg(guarded.answer.aggregate.judgements[at].fate ==
                          (is_copy && first ? SOURCE_USED : attacks[_i].fate),
                      "%s: %s", attacks[_i].attack,
                      source_fate_name(guarded.answer.aggregate.judgements[at].fate));
        ck_assert_msg(guarded.answer.aggregate.price.units == number(attacks[_i].price).units,
                      "%s: %g", attacks[_i].attack, statistic_of(guarded.answer.aggregate.price));
        ck_assert_int_eq(guarded.answer.verdict, ORACLE_ACCEPT);
        ck_assert_int_eq(guarded.answer.reason, ORACLE_USUAL);
        guarded_close(&guarded);
    }
}
END_TEST

/* Verdicts on whole scenes; what is not named stays: depth is deep, nothing is gained. */
static const struct said jump[] = {
    { "a", "2100", "0.8", 900 }, { "b", "2101", "1", 2000 }, { "c", "2099.5", "0.5", 400 },
    { "d", "2100.2", "1", 700 }, { "e", "2000.4", "0.7", 1500 },
};
static const struct said collusion[] = {
    { "a", "2000", "15", 30000 }, { "b", "2001", "15", 30000 }, { "c", "2000.5", "0.5", 400 },
    { "d", "2300", "0.1", 0 }, { "e", "2301", "0.1", 0 },
};
static const struct said nudge[] = {
    { "a", "2010", "0.8", 900 }, { "b", "2011", "1", 2000 }, { "c", "2009", "0.5", 400 },
    { "d", "2010.2", "1", 700 }, { "e", "2010.4", "0.7", 1500 },
};
static const struct said old[] = {
    { "a", "2000", "0.8", 61000 }, { "b", "2001", "1", 2000 }, { "c", "1999.5", "0.5", 400 },
};
static const struct said spot_only[] = { { "d", "2300", "0", 0 } };

static const struct {
    const char *scene;
    const struct said *said;
    size_t count;
    const char *venues, *trigger;
    double account, feed;
    bool was_liquidatable, is_young, sequencer_down;
    enum oracle_verdict verdict;
    enum oracle_reason reason;
    int64_t retry_least_s, retry_most_s;
} verdicts[] = {
    { .scene = "nothing", .verdict = ORACLE_REJECT, .reason = ORACLE_NO_QUORUM },
    { .scene = "one pool's spot is no quorum", .said = spot_only, .count = 1,
      .verdict = ORACLE_REJECT, .reason = ORACLE_NO_QUORUM },
    { .scene = "too many stand still", .said = old, .count = LENGTH(old),
      .verdict = ORACLE_REJECT, .reason = ORACLE_STALE },
    { .scene = "stale comes before the sequencer", .said = old, .count = LENGTH(old),
      .sequencer_down = true, .verdict = ORACLE_REJECT, .reason = ORACLE_STALE },
    { .scene = "the sequencer is down", .said = honest, .count = LENGTH(honest),
      .sequencer_down = true, .verdict = ORACLE_DEFER, .reason = ORACLE_SEQUENCER_DOWN,
      .retry_least_s = 60, .retry_most_s = 60 },
    { .scene = "no history", .said = jump, .count = LENGTH(jump), .is_young = true, .feed = 1e9,
      .verdict = ORACLE_ACCEPT, .reason = ORACLE_NO_HISTORY },
    { .scene = "four of five jump: a crash upward", .said = jump, .count = LENGTH(jump),
      .verdict = ORACLE_ACCEPT, .reason = ORACLE_CONFIRMED_DEVIATION },
    /* ln(2300/2000) = 0.1398, bound 0.0141: 1800 (1 - 0.101) = 1619. */
    { .scene = "the better half of the weight lies, but they are two", .said = collusion,
      .count = LENGTH(collusion), .verdict = ORACLE_DEFER,
      .reason = ORACLE_UNCONFIRMED_DEVIATION, .retry_least_s = 1610, .retry_most_s = 1625 },
    { .scene = "a push that costs less than it gains", .said = nudge, .count = LENGTH(nudge),
      .venues = THIN, .account = 20000, .verdict = ORACLE_DEFER, .reason = ORACLE_ATTACK_PAYS,
      .retry_least_s = 1800, .retry_most_s = 1800 },
    /* ln(2002.5/2000) / ln(2010.2/2000) = 0.2456 of 1800 s. */
    { .scene = "until the window would reach the trigger", .said = nudge, .count = LENGTH(nudge),
      .venues = THIN, .account = 20000, .trigger = "2002.5", .verdict = ORACLE_DEFER,
      .reason = ORACLE_ATTACK_PAYS, .retry_least_s = 442, .retry_most_s = 443 },
    { .scene = "what the feed knows", .said = nudge, .count = LENGTH(nudge), .venues = THIN,
      .feed = 20000, .was_liquidatable = true, .verdict = ORACLE_DEFER,
      .reason = ORACLE_ATTACK_PAYS, .retry_least_s = 1800, .retry_most_s = 1800 },
    { .scene = "it was liquidatable before", .said = nudge, .count = LENGTH(nudge),
      .venues = THIN, .account = 20000, .was_liquidatable = true, .verdict = ORACLE_ACCEPT,
      .reason = ORACLE_USUAL },
    { .scene = "the same push in a deep market", .said = nudge, .count = LENGTH(nudge),
      .account = 100, .verdict = ORACLE_ACCEPT, .reason = ORACLE_USUAL },
};

START_TEST(scene_has_the_verdict_stated)
{
    struct guarded guarded;
    const char *trigger = verdicts[_i].trigger;

    guarded_open(&guarded, verdicts[_i].venues ? verdicts[_i].venues : DEEP);
    guarded_add(&guarded, verdicts[_i].said, verdicts[_i].count);
    guarded.question.gain = (struct oracle_gain){
        verdicts[_i].account, verdicts[_i].was_liquidatable,
        trigger ? number(trigger) : DECIMAL_NONE, verdicts[_i].feed,
    };
    guarded.question.sequencer_down = verdicts[_i].sequencer_down;
    if (verdicts[_i].is_young)
        guarded.question.reference.price = DECIMAL_NONE;
    guarded_ask(&guarded);
    ck_assert_msg(guarded.answer.verdict == verdicts[_i].verdict &&
                      guarded.answer.reason == verdicts[_i].reason,
                  "%s: %s, %d", verdicts[_i].scene, oracle_verdict_name(guarded.answer.verdict),
                  (int)guarded.answer.reason);
    ck_assert_int_ge(guarded.answer.retry_after_s, verdicts[_i].retry_least_s);
    ck_assert_int_le(guarded.answer.retry_after_s, verdicts[_i].retry_most_s);
    ck_assert((guarded.answer.verdict == ORACLE_ACCEPT) ==
              (decimal_sign(guarded.answer.slice_rate) > 0));
    guarded_close(&guarded);
}
END_TEST

/* In a crash the slice shrinks with the deviation and with what an attack would gain, to its floor;
 * it is never refused. */
START_TEST(crash_is_accepted_in_slices_that_shrink)
{
    static const double gains[] = { 0, 1e3, 1e5, 1e6, 1e9 };
    struct decimal before_deeper = decimal_one;

    for (int64_t price = 1950; price >= 1000; price -= 50) {
        struct decimal before = decimal_one;
        for (size_t g = 0; g < LENGTH(gains); g++) {
            struct guarded guarded;
            char text[32];

            guarded_open(&guarded, DEEP);
            snprintf(text, sizeof text, "%lld", (long long)price);
            guarded_add(&guarded, (const struct said[]){ { "a", text, "1", 0 },
                                                         { "b", text, "1", 0 },
                                                         { "c", text, "1", 0 } }, 3);
            guarded.question.gain.account = gains[g];
            guarded_ask(&guarded);
            ck_assert_int_eq(guarded.answer.reason, ORACLE_CONFIRMED_DEVIATION);
            ck_assert(decimal_compare(guarded.answer.slice_rate, before) <= 0);
            ck_assert(decimal_compare(guarded.answer.slice_rate,
                                      guarded.settings.slice_floor_rate) >= 0);
            before = guarded.answer.slice_rate;
            if (g == 0) {
                ck_assert(decimal_compare(before, before_deeper) <= 0);
                ck_assert_int_lt(decimal_compare(before, decimal_one), 0);
                before_deeper = before;
            }
            guarded_close(&guarded);
        }
        ck_assert(before.units == number("0.1").units);
    }
}
END_TEST

/* A gain that grows never turns a delay into a yes. */
START_TEST(larger_gain_never_helps)
{
    struct guarded guarded;
    bool is_deferred = false;

    guarded_open(&guarded, DEEP);
    guarded_add(&guarded, nudge, LENGTH(nudge));
    for (double gain = 1; gain < 1e9; gain *= 1.5) {
        guarded.question.gain.feed = gain;
        guarded_ask(&guarded);
        ck_assert(!is_deferred || guarded.answer.verdict == ORACLE_DEFER);
        is_deferred = guarded.answer.verdict == ORACLE_DEFER;
        ck_assert(is_deferred == (2 * gain > guarded.answer.push.cost));
    }
    ck_assert(is_deferred);
    guarded_close(&guarded);
}
END_TEST

/* Where no depth is known its two tests are not made, and no cost is shown. */
START_TEST(unknown_depth_makes_no_cost)
{
    static const char desk[] =
        "[{'venue':'desk','kind':'quoted','notional':'1000','slippage_rate':'0.01'}]";

    for (int i = 0; i < 2; i++) {
        struct guarded guarded;

        guarded_open(&guarded, desk);
        guarded_add(&guarded, nudge, LENGTH(nudge));
        guarded.question.gain.feed = 1e9;
        if (i)
            guarded.question.depth = NULL;
        guarded_ask(&guarded);
        ck_assert_int_eq(guarded.answer.verdict, ORACLE_ACCEPT);
        ck_assert(!guarded.answer.has_cost);
        ck_assert(guarded.answer.push.cost == 0);
        guarded_close(&guarded);
    }
}
END_TEST

static double
draw_part(uint64_t *seed)
{
    return (double)(draw(seed) >> 11) * 0x1p-53;
}

/* So many reports of different names near 2000, some far off, some alike, of any age and width that
 * counts. */
static size_t
draw_reports(uint64_t *seed, struct source_price reports[static SOURCES_MAX])
{
    static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k" };
    size_t count = 1 + draw(seed) % LENGTH(names);

    for (size_t i = 0; i < count; i++) {
        double spread = draw(seed) % 4 ? 0.001 : 0.5;
        double price = 2000 * (1 + spread * (2 * draw_part(seed) - 1));
        reports[i].source = names[i];
        ck_assert(decimal_of_statistic(price, &reports[i].price));
        if (draw(seed) % 2)
            reports[i].price = number("2000");
        ck_assert(decimal_of_statistic(price * 0.006 * draw_part(seed), &reports[i].confidence));
        reports[i].observed_at = NOW_US - (int64_t)(60e6 * draw_part(seed));
    }
    return count;
}

enum { DRAWS = 2000 };

START_TEST(order_of_reports_does_not_matter)
{
    uint64_t seed = 7;
    struct oracle_settings settings;
    struct arena arena;

    reading_open(&arena, &oracle_settings_record, "{}", &settings);
    for (int n = 0; n < DRAWS; n++) {
        struct source_price reports[SOURCES_MAX];
        struct aggregate before;
        struct aggregate after;
        size_t count = draw_reports(&seed, reports);

        if (count > 2 && n % 3 == 0)
            reports[count - 1] = reports[0];
        if (count > 2 && n % 3 == 1)
            reports[count - 1].source = reports[0].source;
        oracle_aggregate(&settings, reports, count, 0.8, NOW_US, &before);
        for (size_t i = count - 1; i > 0; i--) {
            size_t j = draw(&seed) % (i + 1);
            struct source_price swapped = reports[i];
            reports[i] = reports[j];
            reports[j] = swapped;
        }
        oracle_aggregate(&settings, reports, count, 0.8, NOW_US, &after);
        ck_assert(before.price.units == after.price.units);
        ck_assert(before.weight == after.weight);
        ck_assert(before.confidence_rate == after.confidence_rate);
        ck_assert_uint_eq(before.used_count, after.used_count);
    }
    arena_close(&arena);
}
END_TEST

/* The price is a source's own or the midpoint of two; nobody has half of the weight among three;
 * and whoever is called honest, with more than half of the weight it lies within what they say. */
static void
check_median(const struct source_price *reports, size_t count, const struct aggregate *aggregate,
             uint64_t *seed)
{
    struct decimal least = { DECIMAL_MAX_UNITS };
    struct decimal most = decimal_zero;
    double weight = 0;
    bool is_found = false;

    for (size_t i = 0; i < count; i++) {
        double own = aggregate->judgements[i].weight;
        ck_assert(count < 3 || own < aggregate->weight / 2);
        for (size_t j = 0; j < count; j++)
            is_found |= reports[i].price.units + (reports[j].price.units -
                                                  reports[i].price.units) / 2 ==
                        aggregate->price.units;
        if (draw(seed) % 4 == 0)
            continue;
        weight += own;
        if (decimal_compare(reports[i].price, least) < 0)
            least = reports[i].price;
        if (decimal_compare(reports[i].price, most) > 0)
            most = reports[i].price;
    }
    ck_assert(is_found);
    if (weight <= aggregate->weight * 0.500001)
        return;
    ck_assert(decimal_compare(aggregate->price, least) >= 0);
    ck_assert(decimal_compare(aggregate->price, most) <= 0);
}

START_TEST(median_lies_within_the_honest_half)
{
    uint64_t seed = 11;
    struct oracle_settings settings;
    struct arena arena;

    reading_open(&arena, &oracle_settings_record, "{}", &settings);
    for (int n = 0; n < DRAWS; n++) {
        struct source_price reports[SOURCES_MAX];
        struct aggregate aggregate;
        size_t count = draw_reports(&seed, reports);

        oracle_aggregate(&settings, reports, count, 0.8, NOW_US, &aggregate);
        ck_assert_uint_eq(aggregate.used_count, count);
        check_median(reports, count, &aggregate, &seed);
    }
    arena_close(&arena);
}
END_TEST

/* Of two to thirty-two equal weights an even number has two halves: the midpoint of the middle. */
START_TEST(equal_halves_meet_at_the_midpoint)
{
    static const char *const names[] = {
        "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f",
        "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u", "v",
    };
    struct oracle_settings settings;
    struct arena arena;

    reading_open(&arena, &oracle_settings_record, "{}", &settings);
    for (size_t count = 1; count <= SOURCES_MAX; count++) {
        struct source_price reports[SOURCES_MAX];
        struct aggregate aggregate;

        for (size_t i = 0; i < count; i++)
            reports[i] = (struct source_price){ names[i], { (int128)i * 2 + 1 + number("7").units },
                                                number("0.03"), NOW_US };
        oracle_aggregate(&settings, reports, count, 0.8, NOW_US, &aggregate);
        ck_assert(aggregate.price.units == number("7").units + (int128)count);
    }
    arena_close(&arena);
}
END_TEST

/* z sigma sqrt(W/3) without a gap, z sigma sqrt(gap) from a gap of the window on, and it grows with
 * each of what it is made of. */
START_TEST(bound_grows_with_time_and_volatility)
{
    for (double gap = 0; gap < 4000; gap += 37) {
        double bound = deviation_bound(4, 0.8, 1800, gap, 0.0001);
        double least = gap < 1800 ? real_sqrt(600) : real_sqrt(gap);
        ck_assert(bound >= 0.0001 + 3.2 * least / real_sqrt(SECONDS_PER_YEAR) - 1e-15);
        ck_assert(bound < deviation_bound(4, 0.8, 1800, gap + 37, 0.0001));
        ck_assert(bound < deviation_bound(4.1, 0.8, 1800, gap, 0.0001));
        ck_assert(bound < deviation_bound(4, 0.9, 1800, gap, 0.0001));
        ck_assert(bound < deviation_bound(4, 0.8, 1800, gap, 0.0002));
    }
    ck_assert_near(deviation_bound(4, 0.8, 1800, 1e6, 0), 3.2 * real_sqrt(1e6 / SECONDS_PER_YEAR),
                   1e-14);
    ck_assert(deviation_bound(4, 0, 1800, 12, 0) == 0);
}
END_TEST

/* As large and as small as decimals are, no figure is not a number. */
START_TEST(extremes_have_a_verdict)
{
    static const char *const prices[] = { "0.000000000000000001", "1", "170000000000000000000" };
    static const double volatilities[] = { 0, 0.8, 1000 };

    for (int n = 0; n < 27; n++) {
        struct guarded guarded;
        const char *price = prices[n % 3];

        guarded_open(&guarded, DEEP);
        guarded_add(&guarded, (const struct said[]){ { "a", price, "0", 0 },
                                                     { "b", price, "0", 59000 },
                                                     { "c", price, "0", 1 } }, 3);
        guarded.question.reference.price = number(prices[n / 3 % 3]);
        guarded.question.volatility = volatilities[n / 9];
        guarded.question.gain.feed = 1;
        guarded_ask(&guarded);
        ck_assert(guarded.answer.aggregate.price.units == number(price).units);
        ck_assert(guarded.answer.bound > 0 && guarded.answer.bound < 1e6);
        ck_assert(guarded.answer.push.cost >= 0);
        ck_assert(guarded.answer.retry_after_s >= 0 && guarded.answer.retry_after_s <= 1800);
        guarded_close(&guarded);
    }
}
END_TEST

static void
check_bad(void *context, const char *text, size_t bytes, const char *code, const char *pointer)
{
    size_t *count = context;
    struct oracle_settings settings;
    struct faults faults;
    struct arena arena;

    arena_open(&arena, 1 << 20);
    faults_open(&faults, 1);
    ck_assert_msg(!json_read(&oracle_settings_record, text, bytes, &arena, &settings, &faults),
                  "accepted: %.*s", (int)bytes, text);
    ck_assert_str_eq(faults.items[0].code, code);
    ck_assert_str_eq(faults.items[0].pointer, pointer);
    arena_close(&arena);
    ++*count;
}

START_TEST(settings_out_of_shape_are_refused)
{
    static const char good[] =
        "{\"age_max_s\":60,\"clock_skew_s\":2,\"confidence_max_rate\":\"0.01\","
        "\"confidence_floor_rate\":\"0.0001\",\"quorum\":3,\"window_s\":1800,"
        "\"volatility_half_life_s\":43200,\"volatility_long_half_life_s\":2592000,"
        "\"deviation_z\":\"4\",\"safety_factor\":\"2\",\"slice_floor_rate\":\"0.1\","
        "\"retry_s\":60,\"sources\":{\"a\":\"1\"}}";
    size_t count = 0;

    generate_bad_inputs(&oracle_settings_record, good, check_bad, &count);
    ck_assert_uint_gt(count, 30);
}
END_TEST

static const struct { const char *settings, *code, *pointer; } clashes[] = {
    { "{}", NULL, NULL },
    { "{'confidence_max_rate':'0.0001'}", NULL, NULL },
    { "{'confidence_max_rate':'0.00009'}", "confidence_bounds", "/oracle/confidence_floor_rate" },
    { "{'volatility_half_life_s':86401,'volatility_long_half_life_s':86400}", "half_life_order",
      "/oracle/volatility_long_half_life_s" },
    { "{'sources':{'a':'1','b':'1'}}", "quorum_above_sources", "/oracle/quorum" },
    { "{'sources':{'a':'1','b':'1','c':'0.5'}}", NULL, NULL },
};

START_TEST(settings_that_clash_are_refused)
{
    struct oracle_settings settings;
    struct faults faults;
    struct arena arena;

    reading_open(&arena, &oracle_settings_record, clashes[_i].settings, &settings);
    faults_open(&faults, 8);
    ck_assert(oracle_settings_accept(&settings, "/oracle", &faults) == !clashes[_i].code);
    ck_assert_uint_eq(faults.count, clashes[_i].code ? 1 : 0);
    if (clashes[_i].code) {
        ck_assert_str_eq(faults.items[0].code, clashes[_i].code);
        ck_assert_str_eq(faults.items[0].pointer, clashes[_i].pointer);
    }
    arena_close(&arena);
}
END_TEST

Suite *
oracle_suite(void)
{
    Suite *suite = suite_create("oracle");
    TCase *cases = tcase_create("oracle");

    tcase_add_test(cases, verdicts_are_those_of_the_independent_calculation);
    tcase_add_loop_test(cases, attack_on_one_source_has_the_outcome_stated, 0,
                        LENGTH(attacks));
    tcase_add_loop_test(cases, scene_has_the_verdict_stated, 0, LENGTH(verdicts));
    tcase_add_test(cases, crash_is_accepted_in_slices_that_shrink);
    tcase_add_test(cases, larger_gain_never_helps);
    tcase_add_test(cases, unknown_depth_makes_no_cost);
    tcase_add_test(cases, order_of_reports_does_not_matter);
    tcase_add_test(cases, median_lies_within_the_honest_half);
    tcase_add_test(cases, equal_halves_meet_at_the_midpoint);
    tcase_add_test(cases, bound_grows_with_time_and_volatility);
    tcase_add_test(cases, extremes_have_a_verdict);
    tcase_add_test(cases, settings_out_of_shape_are_refused);
    tcase_add_loop_test(cases, settings_that_clash_are_refused, 0, LENGTH(clashes));
    suite_add_tcase(suite, cases);
    return suite;
}
