/* Penalty rates: the peers' and model.md's worked numbers, by rule, and the clamps. */
#include "risk/multiplier.h"

#include "tests/scene.h"
#include "tests/suite.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* What is NULL is nothing: 0 for a bound, none for a health, the cap 1, the rate's unit 1e-18. */
struct given {
    enum penalty_rule rule;
    enum penalty_form form;
    const char *penalty_rate, *threshold, *slope, *health_for_max, *minimum_factor;
    const char *rate_unit, *floor_rate, *cap_rate, *ratio, *optimal_rate, *ltv;
};

static struct decimal
or_else(const char *text, const char *otherwise)
{
    return decimal_of(text ? text : otherwise);
}

static struct penalty
penalty_of(const struct given *given)
{
    return (struct penalty){
        .rule = (int)given->rule,
        .form = (int)given->form,
        .rate_unit = or_else(given->rate_unit, "0.000000000000000001"),
        .floor_rate = or_else(given->floor_rate, "0"),
        .cap_rate = or_else(given->cap_rate, "1"),
        .equity_cap = given->ltv != NULL,
        .slope = or_else(given->slope, "none"),
        .health_for_max = or_else(given->health_for_max, "none"),
        .minimum_factor = or_else(given->minimum_factor, "0"),
    };
}

static struct multiplier
multiplier_given(const struct given *given)
{
    const struct penalty penalty = penalty_of(given);
    const struct asset asset = { .threshold = or_else(given->threshold, "0"),
                                 .penalty_rate = or_else(given->penalty_rate, "0") };

    return multiplier_of(&penalty, &asset, or_else(given->ratio, "none"), DECIMAL_NONE,
                         or_else(given->optimal_rate, "none"), or_else(given->ltv, "none"));
}

#define LIF      .rule = PENALTY_FROM_THRESHOLD, .slope = "0.3", .cap_rate = "0.15"
#define AAVE_V4  .rule = PENALTY_BY_HEALTH, .rate_unit = "0.0001"
#define EULER    .rule = PENALTY_BY_HEALTH, .form = FORM_DISCOUNT, .health_for_max = "0.8", \
                 .penalty_rate = "0.2"
#define OPTIMAL  .rule = PENALTY_OPTIMAL, .rate_unit = "0.000001", .floor_rate = "0.01", \
                 .cap_rate = "0.15"

/* form_rate: the bonus, or the discount. */
static const struct { struct given given; const char *form_rate; } rows[] = {
    { { .rule = PENALTY_FIXED, .penalty_rate = "0.05" }, "0.05" },
    { { .rule = PENALTY_FIXED, .penalty_rate = "0.05", .form = FORM_DISCOUNT }, "0.05" },
    { { .rule = PENALTY_FIXED, .penalty_rate = "0.05", .floor_rate = "0.06" }, "0.06" },
    { { .rule = PENALTY_FIXED, .penalty_rate = "0.05", .cap_rate = "0.04" }, "0.04" },
    { { .rule = PENALTY_FIXED, .penalty_rate = "0.0567", .rate_unit = "0.001" }, "0.056" },
    /* Morpho's tiers. */
    { { LIF, .threshold = "0.385" }, "0.15" },
    { { LIF, .threshold = "0.77" }, "0.074113856068743286" },
    { { LIF, .threshold = "0.86" }, "0.043841336116910229" },
    { { LIF, .threshold = "0.945" }, "0.01677681748856126" },
    { { .rule = PENALTY_FROM_THRESHOLD, .slope = "1", .threshold = "0", .cap_rate = "0.3" },
      "0.3" },
    /* Aave v4's own tests: 10000 + 600 and so on, in basis points. */
    { { AAVE_V4, .health_for_max = "0.8", .minimum_factor = "0.5", .penalty_rate = "0.1",
        .ratio = "0.96" }, "0.06" },
    { { AAVE_V4, .health_for_max = "0.9", .minimum_factor = "0.4", .penalty_rate = "0.2",
        .ratio = "0.899999999999999999" }, "0.2" },
    { { AAVE_V4, .health_for_max = "0.9", .minimum_factor = "0.4", .penalty_rate = "0.2",
        .ratio = "0.95" }, "0.14" },
    { { AAVE_V4, .health_for_max = "0.9", .minimum_factor = "0.4", .penalty_rate = "0.2",
        .ratio = "1" }, "0.08" },
    { { AAVE_V4, .health_for_max = "0.9", .minimum_factor = "0.4", .penalty_rate = "0.2" },
      "0.08" },
    /* Euler: the discount is 1 - health, at most 0.2. */
    { { EULER, .ratio = "0.862745098039215686" }, "0.137254901960784314" },
    { { EULER, .ratio = "0.8" }, "0.2" },
    { { EULER, .ratio = "-3" }, "0.2" },
    { { EULER, .ratio = "1.2" }, "0" },
    { { .rule = PENALTY_BY_HEALTH, .health_for_max = "1", .penalty_rate = "0.1", .ratio = "1" },
      "0.1" },
    /* model.md 3, clamp: floor 0.01, cap 0.15; a, d, d, a. */
    { { OPTIMAL, .optimal_rate = "0.025899784467", .ltv = "0.86" }, "0.0259" },
    { { OPTIMAL, .optimal_rate = "0.25739651012", .ltv = "0.86" }, "0.15" },
    { { OPTIMAL, .optimal_rate = "0.25739651012", .ltv = "0.93" }, "0.075268817204301075" },
    { { OPTIMAL, .optimal_rate = "0.025899784467", .ltv = "1.02" }, "0" },
    { { OPTIMAL, .optimal_rate = "-0.5", .ltv = "0.86" }, "0.01" },
    { { OPTIMAL, .ltv = "0.995" }, "0.005025125628140703" },
    { { OPTIMAL, .ltv = "none" }, "0.01" },
    { { OPTIMAL, .ltv = "0" }, "0.01" },
    { { OPTIMAL, .optimal_rate = "170141183460469231731" }, "0.15" },
};

START_TEST(a_rule_gives_its_rate)
{
    struct multiplier m = multiplier_given(&rows[_i].given);

    check_decimal(multiplier_form_rate(m, rows[_i].given.form), rows[_i].form_rate);
    if (rows[_i].given.form == FORM_BONUS)
        check_decimal(m.denominator, "1");
    else
        check_decimal(m.numerator, "1");
}
END_TEST

/* 1 / 0.95 = 1.0526315789473684210526.. */
START_TEST(a_discount_is_a_larger_part_of_the_repaid)
{
    const struct given given = { .rule = PENALTY_FIXED, .penalty_rate = "0.05",
                                 .form = FORM_DISCOUNT };

    check_decimal(multiplier_rate(multiplier_given(&given)), "0.052631578947368422");
}
END_TEST

/* The window replaces the rule, its form, its bounds. */
START_TEST(inside_the_window_the_rate_is_interpolated)
{
    static const struct { const char *window, *numerator; } cases[] = {
        { "0", "1.01" }, { "0.5", "1.03" }, { "1", "1.05" }, { "0.333333333333333333",
          "1.023333333333333333" },
    };
    const struct given given = { .rule = PENALTY_FIXED, .penalty_rate = "0.2", .floor_rate = "0.1",
                                 .form = FORM_DISCOUNT };
    const struct penalty penalty = penalty_of(&given);
    struct pre_liquidation pre = { .penalty_start_rate = decimal_of("0.01"),
                                   .penalty_end_rate = decimal_of("0.05") };
    struct asset asset = { .penalty_rate = decimal_of("0.2"), .pre_liquidation = &pre };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct multiplier m = multiplier_of(&penalty, &asset, decimal_one,
                                            decimal_of(cases[i].window), DECIMAL_NONE,
                                            DECIMAL_NONE);
        check_decimal(m.numerator, cases[i].numerator);
        check_decimal(m.denominator, "1");
    }
    asset.pre_liquidation = NULL;
    struct multiplier m = multiplier_of(&penalty, &asset, decimal_one, decimal_of("0.5"),
                                        DECIMAL_NONE, DECIMAL_NONE);
    check_decimal(m.denominator, "0.8");
}
END_TEST

/* Over all healths from -2 to 2: a lower health never has a lower penalty, whatever the rule's
 * ends. */
START_TEST(distress_never_lowers_the_penalty)
{
    static const char *const ends[] = { "-1", "0", "0.8", "1" };
    static const char *const factors[] = { "0", "0.5", "1" };

    for (size_t i = 0; i < COUNT(ends); i++)
        for (size_t j = 0; j < COUNT(factors); j++) {
            const struct given given = { .rule = PENALTY_BY_HEALTH, .health_for_max = ends[i],
                                         .minimum_factor = factors[j] };
            const struct penalty penalty = penalty_of(&given);
            const struct asset asset = { .penalty_rate = decimal_of("0.1") };
            struct decimal before = decimal_of("1.1");
            for (int step = -200; step <= 200; step++) {
                struct decimal ratio = { (int128)step * (DECIMAL_ONE_UNITS / 100) };
                struct multiplier m = multiplier_of(&penalty, &asset, ratio, DECIMAL_NONE,
                                                    DECIMAL_NONE, DECIMAL_NONE);
                ck_assert(m.numerator.units <= before.units);
                ck_assert(m.numerator.units >= DECIMAL_ONE_UNITS);
                before = m.numerator;
            }
        }
}
END_TEST

Suite *
multiplier_suite(void)
{
    Suite *suite = suite_create("multiplier");
    TCase *tcase = tcase_create("multiplier");

    tcase_add_loop_test(tcase, a_rule_gives_its_rate, 0, COUNT(rows));
    tcase_add_test(tcase, a_discount_is_a_larger_part_of_the_repaid);
    tcase_add_test(tcase, inside_the_window_the_rate_is_interpolated);
    tcase_add_test(tcase, distress_never_lowers_the_penalty);
    suite_add_tcase(suite, tcase);
    return suite;
}
