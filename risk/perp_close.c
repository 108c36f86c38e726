/* Closing a perp leg by the close rule, with a limit price and bankruptcy proceeds. */
#include "risk/perp_close.h"

#include <string.h>

/* A leg in the making. */
struct slice {
    struct reckoning            reckoning;
    const struct position      *position;
    const struct valuation     *valuation;
    const struct parameters    *parameters;
    const struct position_perp *perp;
    const struct asset         *asset;
    struct decimal              price, magnitude, notional;
};

static struct decimal
notional_of(struct slice *slice, struct decimal quantity)
{
    return quote_value(&slice->reckoning, slice->parameters, quantity, slice->price, ROUND_DOWN);
}

static bool
is_larger(const struct position *position, const struct valuation *valuation, size_t a, size_t b)
{
    const struct position_perp *one = &position->perps[a];
    const struct position_perp *other = &position->perps[b];
    int order = decimal_compare(valuation->maintenance[a], valuation->maintenance[b]);

    if (order != 0)
        return order > 0;
    return decimal_compare_products(decimal_magnitude(one->quantity),
                                    position->assets[one->asset].price,
                                    decimal_magnitude(other->quantity),
                                    position->assets[other->asset].price) > 0;
}

enum liquidation_status
perp_choose(const struct position *position, const struct valuation *valuation, const char *asset,
            size_t *perp)
{
    bool found = false;

    for (size_t i = 0; i < position->perps_count; i++) {
        const struct position_perp *leg = &position->perps[i];
        if (decimal_sign(leg->quantity) == 0 ||
            (asset && strcmp(position->assets[leg->asset].asset.name, asset) != 0) ||
            (found && !is_larger(position, valuation, i, *perp)))
            continue;
        *perp = i;
        found = true;
    }
    return found ? LIQUIDATION_COMPUTED : LIQUIDATION_NO_POSITION;
}

/* The most notional that may be closed: a part of it, at least the minimum; all of a small one. */
static void
size(struct slice *slice, struct perp_outcome *out)
{
    const struct close *close = &slice->parameters->close;
    struct decimal maximum = slice->parameters->execution.maximum_slice_value;
    struct decimal most = slice->notional;

    out->limited_by = LIMITED_BY_POSITION;
    if (close->rule == CLOSE_FRACTION && !is_below(slice->notional, close->full_below_value)) {
        most = quote_value(&slice->reckoning, slice->parameters, slice->notional, close->rate,
                           ROUND_DOWN);
        most = greatest(most, least(close->minimum_value, slice->notional));
        if (is_below(most, slice->notional))
            out->limited_by = LIMITED_BY_CLOSE_FACTOR;
    }
    if (!decimal_is_none(maximum) && is_below(maximum, most)) {
        most = maximum;
        out->limited_by = LIMITED_BY_MAXIMUM_SLICE;
    }
    out->notional_max = most;
    out->quantity_max = slice->magnitude;
    if (is_below(most, slice->notional))
        out->quantity_max = quantity_worth(most, slice->price, ROUND_DOWN, slice->asset->unit,
                                           slice->magnitude);
}

static void
cut(struct slice *slice, struct decimal depth_quantity, struct perp_outcome *out)
{
    if (decimal_is_none(depth_quantity) || !is_below(depth_quantity, out->quantity_max))
        return;
    out->quantity_max = reckon_step(&slice->reckoning, PRODUCT(depth_quantity), NOTHING, ROUND_DOWN,
                                    slice->asset->unit);
    out->notional_max = notional_of(slice, out->quantity_max);
    out->limited_by = LIMITED_BY_DEPTH;
}

static enum liquidation_status
hear_wish(const struct slice *slice, struct decimal quantity, struct perp_outcome *out)
{
    out->quantity = out->quantity_max;
    if (decimal_is_none(quantity))
        return LIQUIDATION_COMPUTED;
    if (decimal_sign(quantity) == 0)
        return LIQUIDATION_ZERO_QUANTITY;
    if (is_below(slice->magnitude, quantity))
        return LIQUIDATION_EXCEEDS_POSITION;
    if (is_below(out->quantity_max, quantity))
        return slice->parameters->close.excess == EXCESS_REFUSE ? LIQUIDATION_EXCEEDS_CLOSE_SIZE
                                                                : LIQUIDATION_COMPUTED;
    if (is_below(quantity, out->quantity_max))
        out->limited_by = LIMITED_BY_REQUEST;
    out->quantity = quantity;
    return LIQUIDATION_COMPUTED;
}

/* mark * (1 - rate), up, of a long; mark * (1 + rate), down, of a short. */
static struct decimal
limit_price(struct slice *slice, struct multiplier multiplier, bool is_long)
{
    enum penalty_form form = (enum penalty_form)slice->parameters->penalty.form;
    struct decimal rate = multiplier_form_rate(multiplier, form);
    struct decimal factor = { DECIMAL_ONE_UNITS + (is_long ? -rate.units : rate.units) };

    return reckon_step(&slice->reckoning, PRODUCT(slice->price, factor), NOTHING,
                       is_long ? ROUND_UP : ROUND_DOWN, slice->asset->price_unit);
}

/* Equity is shared by maintenance: what the slice is worth at the mark, less
 * equity * maintenance released / maintenance. */
static struct decimal
bankruptcy_proceeds(struct slice *slice, struct decimal maintenance, const struct perp_outcome *out)
{
    const struct health *health = &slice->valuation->health;
    struct reckoning *reckoning = &slice->reckoning;
    struct decimal left = { slice->magnitude.units - out->quantity.units };
    struct decimal kept = maintenance_of(reckoning, slice->parameters, slice->asset, left,
                                         maintenance_price_of(slice->position, slice->perp));
    struct decimal released = reckon_subtract(reckoning, maintenance, kept);
    struct decimal closed = reckon_subtract(reckoning, slice->notional, notional_of(slice, left));
    struct decimal share = decimal_zero;

    if (!out->is_long)
        closed = decimal_negate(closed);
    if (decimal_sign(health->maintenance) > 0)
        share = reckon_step(reckoning, PRODUCT(health->equity, released),
                            PRODUCT(health->maintenance), ROUND_DOWN,
                            slice->parameters->quote.unit);
    return reckon_subtract(reckoning, closed, share);
}

enum liquidation_status
perp_close(const struct position *position, const struct valuation *valuation, size_t perp,
           struct multiplier multiplier, struct decimal quantity, struct decimal depth_quantity,
           struct perp_outcome *out)
{
    const struct position_perp *leg = &position->perps[perp];
    const struct position_asset *held = &position->assets[leg->asset];
    struct slice slice = {
        .position = position, .valuation = valuation, .parameters = position->parameters,
        .perp = leg, .asset = &held->asset, .price = held->price,
        .magnitude = decimal_magnitude(leg->quantity),
    };
    enum liquidation_status status;

    *out = (struct perp_outcome){
        .asset = held->asset.name, .is_long = decimal_sign(leg->quantity) > 0,
        .proceeds = DECIMAL_NONE, .insurance_fee = DECIMAL_NONE, .bad_debt = DECIMAL_NONE,
        .insurance_delta = DECIMAL_NONE,
    };
    if (decimal_sign(leg->quantity) == 0)
        return LIQUIDATION_NO_POSITION;
    slice.notional = notional_of(&slice, slice.magnitude);
    size(&slice, out);
    cut(&slice, depth_quantity, out);
    status = hear_wish(&slice, quantity, out);
    if (status != LIQUIDATION_COMPUTED)
        return status;
    out->limit_price = limit_price(&slice, multiplier, out->is_long);
    out->bankruptcy_proceeds = bankruptcy_proceeds(&slice, valuation->maintenance[perp], out);
    return slice.reckoning.overflow ? LIQUIDATION_OVERFLOW : LIQUIDATION_COMPUTED;
}

bool
perp_proceeds(const struct position *position, const struct perp_outcome *outcome,
              struct decimal fill_price, struct decimal *proceeds)
{
    struct reckoning reckoning = { false };
    struct decimal value = quote_value(&reckoning, position->parameters, outcome->quantity,
                                       fill_price, ROUND_DOWN);

    *proceeds = outcome->is_long ? value : decimal_negate(value);
    return !reckoning.overflow;
}

bool
perp_settle(const struct position *position, struct decimal proceeds, struct perp_outcome *out)
{
    const struct split *split = &position->parameters->split;
    struct reckoning reckoning = { false };
    struct decimal left = reckon_subtract(&reckoning, proceeds, out->bankruptcy_proceeds);
    struct decimal above = greatest(left, decimal_zero);
    struct decimal base = split->insurance_of == SPLIT_OF_WHOLE ? decimal_magnitude(proceeds)
                                                                : above;
    struct decimal fee = quote_value(&reckoning, position->parameters, base, split->insurance_rate,
                                     ROUND_DOWN);

    out->proceeds = proceeds;
    out->insurance_fee = least(fee, above);
    out->bad_debt = greatest(decimal_negate(left), decimal_zero);
    out->insurance_delta = reckon_subtract(&reckoning, out->insurance_fee, out->bad_debt);
    return !reckoning.overflow;
}
