/* The verdict in an answer, on a snapshot as it is remembered. Numbers by mpmath from model.md 10:
 * the time-weighted price is its example's, 1996.65277612, over a window of 1800 s. */
#include "risk/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handlers/answers.h"
#include "record/json.h"
#include "risk/preview.h"
#include "risk/workings.h"
#include "tests/reading.h"
#include "tests/scene.h"
#include "tests/suite.h"

enum { ARENA_MAX = 16 << 20, REPORTS = 4, TEXT_MAX = 4096, SECOND_US = 1000000 };

#define NOW_US INT64_C(1769860800000000)

#define DOCUMENT(more) \
    "{'parameters':{'assets':{'A':{'threshold':'0.8','penalty_rate':'0.05'},'D':{}}," \
    "'trigger':{'rule':'below'},'close':{'rule':'full'},'dust':{'rule':'none'}," \
    "'penalty':{'rule':'fixed'}" more "}"
#define GUARDED  DOCUMENT(",'oracle':{}")
#define SLICED   DOCUMENT(",'oracle':{},'execution':{'maximum_slice_value':'1000'}")
#define HOLDING(debt) \
    ",'account':{'collateral':[{'asset':'A','quantity':'10'}]," \
    "'debt':[{'asset':'D','quantity':'" debt "'}]}"
#define STATE(price, more) \
    ",'state':{'prices':{'A':'" price "','D':'1'},'volatility':{'A':'0.8'}" more "}," \
    "'workings':true}"
#define POOL     ",'depth':{'A':[{'venue':'pool','kind':'constant_product','fee_rate':'0'," \
                 "'base':'1000','quote':'2000000'}]}"

/* What the sources of A said; a price of NULL ends the list. */
struct said { const char *price; enum source_fate fate; int age_s; };

struct asked {
    struct arena         arena;
    struct question      question;
    struct snapshot      snapshot;
    struct asset_sources sources[2];
    struct judged_report reports[2][REPORTS];
    struct price_memory  remembered[2];
    struct market_memory memory;
    struct asset_gain    gain;
    struct answer        answer;
    struct figures_room  room;
    char                 workings[1 << 16];
};

static const char *const names[REPORTS] = { "a", "b", "c", "d" };

static void
report(struct asked *asked, const struct said *said)
{
    for (int i = 0; i < REPORTS && said[i].price; i++) {
        asked->reports[0][i] = (struct judged_report){
            names[i], decimal_of(said[i].price), decimal_zero,
            NOW_US - (int64_t)said[i].age_s * SECOND_US, (int)said[i].fate,
        };
        asked->sources[0].reports_count++;
    }
    for (int i = 0; i < 3; i++)
        asked->reports[1][i] = (struct judged_report){ names[i], decimal_one, decimal_zero, NOW_US,
                                                       SOURCE_USED };
    asked->sources[0].asset         = "A";
    asked->sources[0].reports       = asked->reports[0];
    asked->sources[1]               = (struct asset_sources){ "D", asked->reports[1], 3 };
    asked->snapshot.sources         = asked->sources;
    asked->snapshot.sources_count   = 2;
}

static struct price_memory
memory_of(const char *asset, const char *time_weighted_price)
{
    return (struct price_memory){
        .asset = asset, .time_weighted_price = decimal_of(time_weighted_price),
        .window_s = decimal_of("1800"), .gap_s = decimal_zero, .variance = DECIMAL_NONE,
        .long_variance = DECIMAL_NONE,
    };
}

static void
remember(struct asked *asked, const char *time_weighted_price)
{
    asked->remembered[0]   = memory_of("A", time_weighted_price);
    asked->remembered[1]   = memory_of("D", "1");
    asked->memory          = (struct market_memory){ NULL, asked->remembered, 2 };
    asked->snapshot.memory = &asked->memory;
}

static void
write_down(struct asked *asked)
{
    struct text text;

    text_open(&text, &asked->arena, TEXT_MAX, sizeof asked->workings - 1);
    workings_write(&asked->question, NOW_US, &asked->answer.figures, preview_kind.figures, &text);
    ck_assert(!text.is_full);
    memcpy(asked->workings, text.bytes, text.count);
}

/* A question with a guard in its document; said NULL: the state is the request's. */
static struct asked *
ask(const char *text, const struct said *said, const char *time_weighted_price, const char *gain)
{
    struct asked *asked = calloc(1, sizeof *asked);
    struct faults faults, warnings;

    reading_open(&asked->arena, &question_record, text, &asked->question);
    faults_open(&faults, FAULTS_MAX);
    faults_open(&warnings, FAULTS_MAX);
    ck_assert(parameters_accept(asked->question.parameters, &faults, &warnings));
    ck_assert(state_accept(asked->question.state, "", &faults));
    if (said) {
        report(asked, said);
        asked->question.snapshot = &asked->snapshot;
    }
    if (time_weighted_price)
        remember(asked, time_weighted_price);
    if (gain) {
        asked->gain                 = (struct asset_gain){ "A", decimal_of(gain) };
        asked->snapshot.gains       = &asked->gain;
        asked->snapshot.gains_count = 1;
    }
    ck_assert_int_eq(preview_compute(asked->question.parameters, &asked->question, NOW_US,
                                     PARTS_ALL, &asked->room, &asked->answer.figures, &faults),
                     RISK_OK);
    write_down(asked);
    return asked;
}

static void
forget(struct asked *asked)
{
    arena_close(&asked->arena);
    free(asked);
}

static bool
is_warned(const struct asked *asked, const char *code)
{
    for (size_t i = 0; i < asked->answer.figures.warnings_count; i++)
        if (!strcmp(asked->answer.figures.warnings[i].code, code))
            return true;
    return false;
}

#define TWAP "1996.65277612"
#define USED(price)  { price, SOURCE_USED, 0 }
#define THREE(price) { USED(price), USED(price), USED(price) }

enum { ABSENT = -1 };

/* Ten of A against 12000, at 2050: healthy, so that the account is worth nothing to an attacker. */
static const struct {
    const char         *price;
    struct said         said[REPORTS];
    const char         *remembered;
    enum oracle_verdict verdict;
    int                 reason;
    const char         *slice, *deviation, *bound;
    int                 retry_s, used, confirming;
    const char         *warning;
} verdicts[] = {
    { "2050", THREE("2050"), TWAP, ORACLE_ACCEPT, ORACLE_CONFIRMED_DEVIATION - 1, "0.533152",
      "0.026367626583381", "0.014057971269072", ABSENT, 3, 3, "oracle_smaller_slices" },
    { "2050", { USED("2050"), USED("1996"), USED("2050") }, TWAP, ORACLE_DEFER,
      ORACLE_UNCONFIRMED_DEVIATION - 1, "0", "0.026367626583381", "0.014057971269072", 841, 3, 2,
      "oracle_deferred" },
    { "1996.65277612", THREE(TWAP), TWAP, ORACLE_ACCEPT, -1, "1", "0", "0.014057971269072",
      ABSENT, 3, 0, NULL },
    { "2050", THREE("2050"), NULL, ORACLE_ACCEPT, ORACLE_NO_HISTORY - 1, "1", "none", "none",
      ABSENT, 3, ABSENT, NULL },
    { "2050", { USED("2050"), USED("2050") }, TWAP, ORACLE_REJECT,
      ORACLE_NO_QUORUM - 1, "0", "none", "none", ABSENT, 2, ABSENT, "oracle_rejected" },
    /* it counted when the snapshot was accepted, and is past the 60 s now */
    { "2050", { USED("2050"), USED("2050"), { "2050", SOURCE_USED, 61 } }, TWAP, ORACLE_REJECT,
      ORACLE_STALE - 1, "0", "none", "none", ABSENT, 2, ABSENT, "oracle_rejected" },
};

static void
check_figure(struct decimal number, const char *expected)
{
    if (strcmp(expected, "none"))
        check_near(number, expected, "0.00000000001");
    else
        check_decimal(number, expected);
}

START_TEST(verdict_is_that_of_the_sources_and_the_memory)
{
    char text[TEXT_MAX];
    snprintf(text, sizeof text, "%s%s%s", GUARDED HOLDING("12000") ",'state':{'prices':{'A':'",
             verdicts[_i].price, "','D':'1'},'volatility':{'A':'0.8'}},'workings':true}");
    struct asked *asked = ask(text, verdicts[_i].said, verdicts[_i].remembered, NULL);
    const struct oracle_figures *oracle = &asked->answer.figures.oracle;

    ck_assert(oracle->judged);
    ck_assert_str_eq(oracle->asset, "A");
    ck_assert_int_eq(oracle->verdict, (int)verdicts[_i].verdict);
    ck_assert_int_eq(oracle->reason, verdicts[_i].reason);
    check_decimal(oracle->slice_rate, verdicts[_i].slice);
    check_figure(oracle->deviation, verdicts[_i].deviation);
    check_figure(oracle->bound, verdicts[_i].bound);
    ck_assert_int_eq(oracle->used_count, verdicts[_i].used);
    ck_assert_int_eq(oracle->quorum, 3);
    ck_assert(oracle->retry_after_s ==
              (verdicts[_i].retry_s == ABSENT ? INTEGER_NONE : verdicts[_i].retry_s));
    ck_assert(oracle->confirming_count ==
              (verdicts[_i].confirming == ABSENT ? INTEGER_NONE : verdicts[_i].confirming));
    ck_assert_int_eq(decimal_is_none(oracle->deviation), oracle->deviation_reason != REASON_NONE);
    ck_assert_int_eq(decimal_is_none(oracle->manipulation_cost),
                     oracle->manipulation_cost_reason != REASON_NONE);
    ck_assert_int_eq(decimal_is_none(oracle->attack_gain),
                     oracle->attack_gain_reason != REASON_NONE);
    ck_assert(!verdicts[_i].warning || is_warned(asked, verdicts[_i].warning));
    ck_assert_ptr_nonnull(strstr(asked->workings, "\"/oracle/verdict\""));
    forget(asked);
}
END_TEST

/* Until there is a verdict on the other asset too, the worst is told. */
START_TEST(worst_asset_is_told)
{
    static const struct said two[REPORTS] = { USED("2050"), USED("2050") };
    struct asked *asked = ask(GUARDED HOLDING("12000") STATE("2050", ""), two, NULL, NULL);

    ck_assert_str_eq(asked->answer.figures.oracle.asset, "A");
    ck_assert_int_eq(asked->answer.figures.oracle.verdict, ORACLE_REJECT);
    forget(asked);
}
END_TEST

static const struct {
    const char *text;
    bool        is_snapshot;
    int         reason, missing;
    const char *name;
} unjudged[] = {
    { GUARDED HOLDING("12000") STATE("2050", ""), false, GUARD_STATE_OF_REQUEST,
      REASON_STATE_OF_REQUEST, "request" },
    { DOCUMENT("") HOLDING("12000") STATE("2050", ""), true, GUARD_NO_GUARD, REASON_NO_GUARD, "a" },
};

START_TEST(what_is_not_judged_says_why)
{
    static const struct said three[REPORTS] = THREE("2050");
    struct asked *asked = ask(unjudged[_i].text, unjudged[_i].is_snapshot ? three : NULL, NULL,
                              NULL);
    const struct figures *figures = &asked->answer.figures;

    ck_assert(!figures->oracle.judged);
    ck_assert_int_eq(figures->oracle.verdict, ORACLE_ACCEPT);
    ck_assert_int_eq(figures->oracle.reason, unjudged[_i].reason);
    ck_assert_int_eq(figures->oracle.deviation_reason, unjudged[_i].missing);
    ck_assert_int_eq(figures->oracle.manipulation_cost_reason, unjudged[_i].missing);
    ck_assert_int_eq(figures->oracle.attack_gain_reason, unjudged[_i].missing);
    ck_assert_str_eq(figures->prices[0].sources[0].source, unjudged[_i].name);
    ck_assert_int_eq(figures->prices[0].basis,
                     unjudged[_i].is_snapshot ? PRICE_WEIGHTED_MEDIAN : PRICE_OF_REQUEST);
    ck_assert_ptr_null(strstr(asked->workings, "/oracle/verdict"));
    forget(asked);
}
END_TEST

/* Each price says which sources count in it, which do not and why, and how old its oldest is. */
START_TEST(price_names_its_sources)
{
    static const struct said said[REPORTS] = {
        { "2050", SOURCE_USED, 3 }, { "9", SOURCE_UNSURE, 50 }, { "2050", SOURCE_USED, 7 },
        { "2050", SOURCE_STALE, 90 },
    };
    struct asked *asked = ask(GUARDED HOLDING("12000") STATE("2050", ""), said, NULL, NULL);
    const struct price_figure *price = &asked->answer.figures.prices[0];

    ck_assert_uint_eq(asked->answer.figures.prices_count, 2);
    ck_assert_str_eq(price->asset, "A");
    ck_assert_uint_eq(price->sources_count, 2);
    ck_assert_str_eq(price->sources[0].source, "a");
    ck_assert_str_eq(price->sources[1].source, "c");
    ck_assert_uint_eq(price->dropped_count, 2);
    ck_assert_str_eq(price->dropped[0].source, "b");
    ck_assert_int_eq(price->dropped[0].fate, SOURCE_UNSURE);
    ck_assert_str_eq(price->dropped[1].source, "d");
    ck_assert_int_eq(price->dropped[1].fate, SOURCE_STALE);
    ck_assert(price->observed_at == NOW_US - 7 * SECOND_US);
    forget(asked);
}
END_TEST

/* At 1990 the account is liquidatable, at 1996.65 it is not: its penalty, 15950 * 0.05, is what the
 * push brings in; it is deferred until the window would reach its trigger, 1800 ln(1993.75 /
 * 1996.65) / ln(1990 / 1996.65) s. One that is liquidatable at both brings in nothing; what the
 * feed knows counts where it is more. */
static const struct {
    const char *text, *gain;
    enum oracle_verdict verdict;
    const char *attack_gain;
    int retry_s;
} attacks[] = {
    { GUARDED HOLDING("15950") STATE("1990", POOL), NULL, ORACLE_DEFER, "797.5", 785 },
    { GUARDED HOLDING("15950") STATE("1990", POOL), "10000", ORACLE_DEFER, "10000", 785 },
    { GUARDED HOLDING("15980") STATE("1990", POOL), NULL, ORACLE_ACCEPT, "0", ABSENT },
    { GUARDED HOLDING("15980") STATE("1990", POOL), "2.77", ORACLE_ACCEPT, "2.77", ABSENT },
    { GUARDED HOLDING("15980") STATE("1990", POOL), "2.78", ORACLE_DEFER, "2.78", 1800 },
    { GUARDED HOLDING("12000") STATE("1990", POOL), NULL, ORACLE_ACCEPT, "0", ABSENT },
};

START_TEST(gain_is_held_against_the_cost)
{
    static const struct said three[REPORTS] = THREE("1990");
    struct asked *asked = ask(attacks[_i].text, three, TWAP, attacks[_i].gain);
    const struct oracle_figures *oracle = &asked->answer.figures.oracle;

    check_near(oracle->manipulation_cost, "5.5556059855505", "0.0000000001");
    check_near(oracle->attack_gain, attacks[_i].attack_gain, "0.0000000001");
    ck_assert_int_eq(oracle->verdict, (int)attacks[_i].verdict);
    ck_assert(oracle->retry_after_s ==
              (attacks[_i].retry_s == ABSENT ? INTEGER_NONE : attacks[_i].retry_s));
    ck_assert_int_eq(is_warned(asked, "oracle_deferred"), oracle->verdict == ORACLE_DEFER);
    forget(asked);
}
END_TEST

/* In a crash that is confirmed the largest slice, 1000, becomes 533.152: so much is repaid. */
START_TEST(confirmed_crash_is_liquidated_in_smaller_slices)
{
    static const struct said three[REPORTS] = THREE("2050");
    struct asked *asked = ask(SLICED HOLDING("17000") STATE("2050", ""), three, TWAP, NULL);
    const struct figures *figures = &asked->answer.figures;

    ck_assert_int_eq(figures->health.status, STATUS_LIQUIDATABLE);
    check_decimal(figures->oracle.slice_rate, "0.533152");
    check_decimal(figures->liquidation.repay, "533.152");
    ck_assert_int_eq(figures->liquidation.limited_by, LIMITED_BY_MAXIMUM_SLICE);
    check_decimal(figures->rules->execution.maximum_slice_value, "533.152");
    check_decimal(asked->question.parameters->execution.maximum_slice_value, "1000");
    ck_assert_int_eq(figures->oracle.reason, ORACLE_CONFIRMED_DEVIATION - 1);
    ck_assert(is_warned(asked, "oracle_smaller_slices"));
    forget(asked);
}
END_TEST

/* What is computed for the trigger says so by name and price, also where no risk is asked for. */
START_TEST(workings_name_the_asset_that_moves)
{
    struct asked *asked = ask(GUARDED HOLDING("12000") STATE("2050", ""), NULL, NULL, NULL);
    struct faults faults;

    faults_open(&faults, 1);
    memset(asked->workings, 0, sizeof asked->workings);
    ck_assert_int_eq(preview_compute(asked->question.parameters, &asked->question, NOW_US,
                                     PART_LIQUIDATION, &asked->room, &asked->answer.figures,
                                     &faults), RISK_OK);
    write_down(asked);
    ck_assert_ptr_null(asked->answer.figures.risk.asset);
    ck_assert_ptr_nonnull(strstr(asked->workings, "A at its liquidation price 1500, the others"));
    forget(asked);
}
END_TEST

Suite *
guard_suite(void)
{
    Suite *suite = suite_create("guard");
    TCase *tcase = tcase_create("guard");

    tcase_add_loop_test(tcase, verdict_is_that_of_the_sources_and_the_memory, 0,
                        sizeof verdicts / sizeof *verdicts);
    tcase_add_test(tcase, worst_asset_is_told);
    tcase_add_loop_test(tcase, what_is_not_judged_says_why, 0, sizeof unjudged / sizeof *unjudged);
    tcase_add_test(tcase, price_names_its_sources);
    tcase_add_loop_test(tcase, gain_is_held_against_the_cost, 0, sizeof attacks / sizeof *attacks);
    tcase_add_test(tcase, confirmed_crash_is_liquidated_in_smaller_slices);
    tcase_add_test(tcase, workings_name_the_asset_that_moves);
    suite_add_tcase(suite, tcase);
    return suite;
}
