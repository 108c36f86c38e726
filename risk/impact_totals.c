/* Many accounts' values, added up; the same whatever the order in which they come. */
#include <stdlib.h>
#include <string.h>

#include "risk/impact.h"
#include "risk/reckoning.h"

enum { BEFORE, AFTER };

const struct decimal impact_quantiles[IMPACT_QUANTILES] = {
    DECIMAL_OF(0), DECIMAL_MICRO_OF(10000), DECIMAL_MICRO_OF(50000), DECIMAL_MICRO_OF(250000),
    DECIMAL_MICRO_OF(500000), DECIMAL_MICRO_OF(750000), DECIMAL_MICRO_OF(950000),
    DECIMAL_MICRO_OF(990000), DECIMAL_OF(1),
};

void
impact_totals_open(struct impact_totals *totals)
{
    memset(totals, 0, sizeof *totals);
}

static void
add_value(struct decimal *sum, struct decimal value)
{
    if (decimal_is_none(*sum) || decimal_is_none(value) || !decimal_add(*sum, value, sum))
        *sum = DECIMAL_NONE;
}

void
impact_count(struct impact_totals *totals, enum impact_state state,
             const struct impact_values *values)
{
    totals->accounts[state]++;
    totals->unvalued[state] += !values;
    for (size_t shock = 0; values && shock < IMPACT_SHOCKS; shock++) {
        struct impact_tally *tally = &totals->tallies[state][shock];
        bool was = values->is_liquidatable[shock][BEFORE];
        bool is = values->is_liquidatable[shock][AFTER];
        tally->liquidatable_before += was;
        tally->liquidatable_after += is;
        tally->no_longer_liquidatable += was && !is;
        if (was || !is)
            continue;
        tally->newly_liquidatable++;
        add_value(&tally->newly_debt, values->debt[shock]);
        add_value(&tally->newly_collateral, values->collateral[shock]);
    }
}

/* How far the health ratio falls; a rise is below 0. */
static struct decimal
fall_of(const struct impact_case *one)
{
    struct decimal fall = decimal_zero;

    if (!decimal_is_none(one->health_ratio[BEFORE]) && !decimal_is_none(one->health_ratio[AFTER]))
        decimal_subtract(one->health_ratio[BEFORE], one->health_ratio[AFTER], &fall);
    return fall;
}

static bool
is_worse(const struct impact_case *a, const struct impact_case *b)
{
    int by_debt = a->shock < IMPACT_SHOCKS ? decimal_compare(a->debt, b->debt) : 0;
    int by_fall = decimal_compare(fall_of(a), fall_of(b));

    if (a->shock != b->shock)
        return a->shock < b->shock;
    return by_debt ? by_debt > 0 : by_fall ? by_fall > 0 : strcmp(a->decision, b->decision) < 0;
}

static void
insert(struct impact_totals *totals, const struct impact_case *one)
{
    size_t at = totals->worst_count;

    while (at > 0 && is_worse(one, &totals->worst[at - 1]))
        at--;
    if (at == IMPACT_WORST_MAX)
        return;
    size_t last = totals->worst_count < IMPACT_WORST_MAX ? totals->worst_count
                                                         : IMPACT_WORST_MAX - 1;
    memmove(&totals->worst[at + 1], &totals->worst[at], (last - at) * sizeof *one);
    totals->worst[at]   = *one;
    totals->worst_count = last + 1;
}

static void
copy_id(char out[static IMPACT_ID_MAX + 1], const char *id)
{
    size_t count = id ? strnlen(id, IMPACT_ID_MAX) : 0;

    if (count)
        memcpy(out, id, count);
    out[count] = '\0';
}

void
impact_rank(struct impact_totals *totals, const struct impact_values *values, const char *account,
            const char *decision)
{
    struct impact_case one = { .shock = 0 };

    while (one.shock < IMPACT_SHOCKS && !(values->is_liquidatable[one.shock][AFTER] &&
                                          !values->is_liquidatable[one.shock][BEFORE]))
        one.shock++;
    one.debt       = values->debt[0];
    one.collateral = values->collateral[0];
    for (int side = BEFORE; side <= AFTER; side++) {
        one.health_ratio[side]      = values->health_ratio[side];
        one.liquidation_price[side] = values->liquidation_price[side];
        one.penalty_rate[side]      = values->penalty_rate[side];
    }
    copy_id(one.account, account);
    copy_id(one.decision, decision);
    copy_id(one.asset, values->asset);
    if (one.shock < IMPACT_SHOCKS || decimal_sign(fall_of(&one)) > 0)
        insert(totals, &one);
}

void
impact_totals_add(struct impact_totals *totals, const struct impact_totals *other)
{
    for (size_t state = 0; state < IMPACT_STATES; state++) {
        totals->accounts[state] += other->accounts[state];
        totals->unvalued[state] += other->unvalued[state];
        for (size_t shock = 0; shock < IMPACT_SHOCKS; shock++) {
            struct impact_tally       *sum = &totals->tallies[state][shock];
            const struct impact_tally *one = &other->tallies[state][shock];
            sum->liquidatable_before += one->liquidatable_before;
            sum->liquidatable_after += one->liquidatable_after;
            sum->newly_liquidatable += one->newly_liquidatable;
            sum->no_longer_liquidatable += one->no_longer_liquidatable;
            add_value(&sum->newly_debt, one->newly_debt);
            add_value(&sum->newly_collateral, one->newly_collateral);
        }
    }
    for (size_t i = 0; i < other->worst_count; i++)
        insert(totals, &other->worst[i]);
}

/* None is the smallest of all units: it goes last. */
static int
by_value(const void *a, const void *b)
{
    const struct decimal *one = a;
    const struct decimal *two = b;

    if (decimal_is_none(*one) || decimal_is_none(*two))
        return decimal_is_none(*one) - decimal_is_none(*two);
    return decimal_compare(*one, *two);
}

size_t
impact_quantiles_of(struct decimal *samples, size_t count,
                    struct decimal out[static IMPACT_QUANTILES])
{
    size_t known = 0;

    if (count > 1)
        qsort(samples, count, sizeof *samples, by_value);
    while (known < count && !decimal_is_none(samples[known]))
        known++;
    for (size_t i = 0; i < IMPACT_QUANTILES; i++) {
        /* ceil(q * known), at least 1; shares are whole millionths */
        size_t millionths = (size_t)(impact_quantiles[i].units / (DECIMAL_ONE_UNITS / 1000000));
        size_t rank = (millionths * known + 999999) / 1000000;
        out[i] = known ? samples[rank ? rank - 1 : 0] : DECIMAL_NONE;
    }
    return known;
}
