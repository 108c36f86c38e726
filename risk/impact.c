/* One account under two documents. */
#include "risk/impact.h"

#include <string.h>

#include "risk/health.h"
#include "risk/preview.h"
#include "risk/reckoning.h"

const struct decimal impact_shocks[IMPACT_SHOCKS] = {
    DECIMAL_OF(0), DECIMAL_MICRO_OF(-100000), DECIMAL_MICRO_OF(-200000), DECIMAL_MICRO_OF(-300000),
};

enum { BEFORE, AFTER };

/* One document's view of the account. */
struct view {
    struct figures   figures;
    struct position  position;
    struct valuation valuation;
};

static bool
compute(const struct parameters *parameters, int64_t now_us, const struct question *given,
        struct impact_room *room, int side, struct view *view)
{
    struct question question = { .account = given->account, .state = given->state,
                                 .snapshot = given->snapshot, .at = AT_TRIGGER,
                                 .horizon_s = INTEGER_NONE };
    struct faults   faults;

    faults_open(&faults, 1);
    room->figures[side].rules           = room->rules[side];
    room->figures[side].scheduled_rules = NULL;
    return preview_compute(parameters, &question, now_us, PART_LIQUIDATION, &room->figures[side],
                           &view->figures, &faults) == RISK_OK &&
           position_open(view->figures.rules, &given->account, given->state, now_us,
                         &view->position, &faults);
}

static bool
moves_by_itself(const struct question *question, const struct position *position, size_t asset)
{
    return state_volatility(question->state, position->assets[asset].asset.name);
}

static bool
is_owed(const struct position *position, size_t asset)
{
    for (size_t i = 0; i < position->debt_count; i++)
        if (position->debt[i].asset == asset)
            return true;
    return false;
}

/* The share by which an asset moves with the market: its beta, or 0. */
static struct decimal
share_of(const struct question *question, const struct position *position, size_t asset)
{
    bool is_any = false;

    for (size_t i = 0; i < position->assets_count; i++)
        is_any |= moves_by_itself(question, position, i);
    if (is_any ? moves_by_itself(question, position, asset) : !is_owed(position, asset))
        return position->assets[asset].asset.beta;
    return decimal_zero;
}

/* price * (1 + share * shock), down, at least 0. */
static struct decimal
shocked(struct reckoning *reckoning, struct decimal price, struct decimal share,
        struct decimal shock)
{
    struct decimal factor = reckon_add(reckoning, decimal_one,
                                       reckon_multiply(reckoning, share, shock, ROUND_DOWN));

    return reckon_multiply(reckoning, price, greatest(factor, decimal_zero), ROUND_DOWN);
}

static bool
value_shock(struct view views[static 2], const struct decimal *shares, const struct decimal *prices,
            size_t shock, struct impact_values *out)
{
    struct reckoning reckoning = { false };

    for (int side = BEFORE; side <= AFTER; side++) {
        for (size_t i = 0; i < views[side].position.assets_count; i++)
            position_reprice(&views[side].position, i,
                             shocked(&reckoning, prices[i], shares[i], impact_shocks[shock]));
        if (reckoning.overflow || !health_compute(&views[side].position, &views[side].valuation))
            return false;
        out->is_liquidatable[shock][side] =
            views[side].valuation.health.status == STATUS_LIQUIDATABLE;
    }
    out->debt[shock]       = views[BEFORE].valuation.health.debt;
    out->collateral[shock] = views[BEFORE].valuation.health.collateral;
    return true;
}

/* The assets stand in the same order in both, that of the account's legs. */
static bool
value_shocks(const struct question *question, struct view views[static 2],
             struct impact_values *out)
{
    const struct position *position = &views[BEFORE].position;
    struct decimal         shares[ASSETS_MAX], prices[ASSETS_MAX];

    for (size_t i = 0; i < position->assets_count; i++) {
        shares[i] = share_of(question, position, i);
        prices[i] = position->assets[i].price;
    }
    for (size_t shock = 0; shock < IMPACT_SHOCKS; shock++)
        if (!value_shock(views, shares, prices, shock, out))
            return false;
    return true;
}

static const struct liquidation_price *
same_row(const struct figures *figures, const struct liquidation_price *row)
{
    for (size_t i = 0; i < figures->liquidation_prices_count; i++) {
        const struct liquidation_price *other = &figures->liquidation_prices[i];
        if (!strcmp(other->asset, row->asset) && other->direction == row->direction)
            return other;
    }
    return NULL;
}

/* after / before - 1, with the sign that says nearer. */
static struct decimal
change_of(const struct liquidation_price *before, const struct liquidation_price *after)
{
    struct decimal change;

    if (decimal_is_none(after->price) || decimal_is_none(before->price) ||
        decimal_sign(before->price) <= 0 ||
        !decimal_step(PRODUCT(after->price), PRODUCT(before->price), ROUND_HALF_UP, decimal_unit,
                      &change) ||
        !decimal_subtract(change, decimal_one, &change))
        return DECIMAL_NONE;
    return before->direction == DIRECTION_ABOVE ? decimal_negate(change) : change;
}

static void
compare_prices(const struct view views[static 2], struct impact_values *out)
{
    const struct liquidation_price *before = views[BEFORE].figures.main;
    const struct liquidation_price *after = before ? same_row(&views[AFTER].figures, before) : NULL;

    out->asset                     = before ? before->asset : NULL;
    out->liquidation_price[BEFORE] = before ? before->price : DECIMAL_NONE;
    out->liquidation_price[AFTER]  = after ? after->price : DECIMAL_NONE;
    out->price_change              = after ? change_of(before, after) : DECIMAL_NONE;
}

static void
compare_penalties(const struct view views[static 2], struct impact_values *out)
{
    out->penalty_rate[BEFORE] = views[BEFORE].figures.penalty.rate;
    out->penalty_rate[AFTER]  = views[AFTER].figures.penalty.rate;
    out->penalty_change       = DECIMAL_NONE;
    if (!decimal_is_none(out->penalty_rate[BEFORE]) && !decimal_is_none(out->penalty_rate[AFTER]))
        decimal_subtract(out->penalty_rate[AFTER], out->penalty_rate[BEFORE], &out->penalty_change);
}

bool
impact_value(const struct impact_rules *rules, const struct question *question,
             struct impact_room *room, struct impact_values *out)
{
    struct view views[2];

    if (!compute(rules->before, rules->now_us, question, room, BEFORE, &views[BEFORE]) ||
        !compute(rules->after, rules->now_us, question, room, AFTER, &views[AFTER]))
        return false;
    for (int side = BEFORE; side <= AFTER; side++)
        out->health_ratio[side] = views[side].figures.health.ratio;
    compare_prices(views, out);
    compare_penalties(views, out);
    return value_shocks(question, views, out);
}
