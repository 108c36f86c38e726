/* The roots of a concave piecewise linear function, segment by segment. */
#include "risk/liquidation_price.h"

/* f(P) = base - fall * P. */
struct line { struct wide base, fall; };

/* Prices that end {f >= 0}; none where there is none. */
struct interval { struct decimal below, above; };

/* A price, as a quotient: from_notional / |quantity|. */
struct kink { struct decimal notional, quantity; };

/* The perp legs of the asset whose maintenance moves with P, each in one of its brackets. */
struct walk {
    const struct asset *asset;
    struct decimal      quantity[LEGS_MAX];       /* > 0 */
    size_t              bracket[LEGS_MAX];
    size_t              count;
};

/* What is asked: of one asset of a position. `fits` turns false where a sum overflows. */
struct question {
    const struct position  *position;
    const struct valuation *valuation;
    size_t                  asset;
    bool                    fits;
};

static void
raise(struct question *question, struct wide *sum, struct decimal addend)
{
    question->fits = question->fits && wide_add_decimal(sum, addend);
}

static void
lower(struct question *question, struct wide *sum, struct decimal addend)
{
    raise(question, sum, decimal_negate(addend));
}

static void
raise_by_product(struct question *question, struct wide *sum, struct decimal a, struct decimal b)
{
    question->fits = question->fits && wide_add_product(sum, a, b);
}

static void
lower_by_product(struct question *question, struct wide *sum, struct decimal a, struct decimal b)
{
    question->fits = question->fits && wide_subtract_product(sum, a, b);
}

static const struct asset *
asset_of(const struct question *question)
{
    return &question->position->assets[question->asset].asset;
}

/* Equity after closing this asset's perps: cash + collateral - debt + profit - closing fee. */
static struct line
equity_line(struct question *question)
{
    const struct position *position = question->position;
    const struct valuation *valuation = question->valuation;
    struct line line = { wide_zero, wide_zero };

    raise(question, &line.base, position->cash);
    for (size_t i = 0; i < position->collateral_count; i++)
        if (position->collateral[i].asset == question->asset)
            lower(question, &line.fall, position->collateral[i].quantity);
        else
            raise(question, &line.base, valuation->collateral[i]);
    for (size_t i = 0; i < position->debt_count; i++)
        if (position->debt[i].asset == question->asset)
            raise(question, &line.fall, position->debt[i].quantity);
        else
            lower(question, &line.base, valuation->debt[i]);
    for (size_t i = 0; i < position->perps_count; i++) {
        const struct position_perp *perp = &position->perps[i];
        if (perp->asset != question->asset) {
            raise(question, &line.base, valuation->profit[i]);
            continue;
        }
        lower_by_product(question, &line.base, perp->quantity, perp->entry_price);
        lower(question, &line.fall, perp->quantity);
        raise_by_product(question, &line.fall, decimal_magnitude(perp->quantity),
                         asset_of(question)->closing_fee_rate);
    }
    return line;
}

/* The asset's own collateral: quantity * threshold * P. Where weighted values are rounded, quantity
 * * threshold is the quantity that counts, down to the asset's unit. */
static void
add_own_collateral(struct question *question, struct line *line, struct decimal quantity)
{
    const struct asset *asset = asset_of(question);
    struct decimal counted;

    if (!question->position->parameters->quote.round_weighted) {
        lower_by_product(question, &line->fall, quantity, asset->threshold);
        return;
    }
    question->fits = question->fits && decimal_step(PRODUCT(quantity, asset->threshold), NOTHING,
                                                    ROUND_DOWN, asset->unit, &counted);
    if (question->fits)
        lower(question, &line->fall, counted);
}

/* The closing fee of an own perp: a part of the notional at P, or of the notional at the bankruptcy
 * price, base / fall of the equity, as a constant (rounded up, toward liquidation, at 1e-36). */
static void
add_own_fee(struct question *question, struct line *line, struct decimal quantity,
            struct line equity)
{
    struct decimal rate = asset_of(question)->closing_fee_rate;
    bool is_bankruptcy_price = wide_sign(equity.base) * wide_sign(equity.fall) > 0;

    switch ((enum closing_fee_price)question->position->parameters->trigger.closing_fee_price) {
    case CLOSING_FEE_AT_LIQUIDATION:
        raise_by_product(question, &line->fall, quantity, rate);
        return;
    case CLOSING_FEE_AT_BANKRUPTCY:
        if (is_bankruptcy_price)
            question->fits = question->fits &&
                             wide_add_quotient(&line->base, equity.base, decimal_negate(quantity),
                                               rate, equity.fall, ROUND_DOWN);
        return;
    }
    __builtin_unreachable();
}

/* quantity * (P - entry), less fee and maintenance; of a maintenance that moves with P, what the
 * first bracket takes. */
static void
add_own_perp(struct question *question, struct line *line, size_t i, struct line equity,
             struct walk *walk)
{
    const struct position_perp *perp = &question->position->perps[i];
    const struct asset *asset = asset_of(question);
    struct decimal quantity = decimal_magnitude(perp->quantity);

    lower_by_product(question, &line->base, perp->quantity, perp->entry_price);
    lower(question, &line->fall, perp->quantity);
    add_own_fee(question, line, quantity, equity);
    if (question->position->parameters->trigger.maintenance_price != MAINTENANCE_AT_LIQUIDATION) {
        lower(question, &line->base, question->valuation->maintenance[i]);
        return;
    }
    if (asset->brackets_count == 0 || decimal_sign(quantity) == 0)
        return;
    raise_by_product(question, &line->fall, quantity, asset->brackets[0].rate);
    raise(question, &line->base, asset->brackets[0].deduction);
    walk->quantity[walk->count] = quantity;
    walk->bracket[walk->count++] = 0;
}

static void
add_perps(struct question *question, struct line *line, struct walk *walk)
{
    const struct position *position = question->position;
    const struct valuation *valuation = question->valuation;
    struct line equity;

    if (position->perps_count == 0)
        return;
    equity = equity_line(question);
    for (size_t i = 0; i < position->perps_count; i++) {
        if (position->perps[i].asset == question->asset) {
            add_own_perp(question, line, i, equity, walk);
            continue;
        }
        raise(question, &line->base, valuation->profit[i]);
        lower(question, &line->base, valuation->maintenance[i]);
        lower(question, &line->base, valuation->closing_fee[i]);
    }
}

/* The reward is owed once anything is required, at whatever price. */
static bool
requires_anything(const struct position *position)
{
    if (decimal_sign(position->cash) < 0)
        return true;
    for (size_t i = 0; i < position->debt_count; i++)
        if (decimal_sign(position->debt[i].quantity) > 0)
            return true;
    for (size_t i = 0; i < position->perps_count; i++)
        if (decimal_sign(position->perps[i].quantity) != 0)
            return true;
    return false;
}

/* support - requirement on the first segment, from P = 0; the walk stands at each leg's first
 * bracket. */
static struct line
headroom_line(struct question *question, struct walk *walk)
{
    const struct position *position = question->position;
    const struct valuation *valuation = question->valuation;
    struct line line = { wide_zero, wide_zero };

    raise(question, &line.base, position->cash);
    if (requires_anything(position))
        lower(question, &line.base, position->parameters->trigger.reward);
    for (size_t i = 0; i < position->collateral_count; i++)
        if (position->collateral[i].asset == question->asset)
            add_own_collateral(question, &line, position->collateral[i].quantity);
        else
            raise(question, &line.base, valuation->support[i]);
    for (size_t i = 0; i < position->debt_count; i++)
        if (position->debt[i].asset == question->asset)
            raise_by_product(question, &line.fall, position->debt[i].quantity,
                             asset_of(question)->borrow_factor);
        else
            lower(question, &line.base, valuation->requirement[i]);
    add_perps(question, &line, walk);
    return line;
}

static int
compare_kinks(struct kink a, struct kink b)
{
    return decimal_compare_products(a.notional, b.quantity, b.notional, a.quantity);
}

static bool
has_next_bracket(const struct walk *walk, size_t leg, struct kink *kink)
{
    size_t next = walk->bracket[leg] + 1;

    if (next >= walk->asset->brackets_count)
        return false;
    *kink = (struct kink){ walk->asset->brackets[next].from_notional, walk->quantity[leg] };
    return true;
}

/* The lowest price at which a leg enters its next bracket; false: all are in their last. */
static bool
next_kink(const struct walk *walk, struct kink *lowest)
{
    bool found = false;

    for (size_t i = 0; i < walk->count; i++) {
        struct kink kink;
        if (!has_next_bracket(walk, i, &kink) || (found && compare_kinks(kink, *lowest) >= 0))
            continue;
        *lowest = kink;
        found = true;
    }
    return found;
}

/* Each leg whose next bracket begins here enters it. */
static void
pass_kink(struct question *question, struct walk *walk, struct kink at, struct line *line)
{
    for (size_t i = 0; i < walk->count; i++) {
        struct kink kink;
        if (!has_next_bracket(walk, i, &kink) || compare_kinks(kink, at) != 0)
            continue;
        const struct bracket *before = &walk->asset->brackets[walk->bracket[i]++];
        const struct bracket *after = before + 1;
        raise_by_product(question, &line->fall, walk->quantity[i], after->rate);
        lower_by_product(question, &line->fall, walk->quantity[i], before->rate);
        raise(question, &line->base, after->deduction);
        lower(question, &line->base, before->deduction);
    }
}

/* The sign of f where P = notional / quantity. */
static int
sign_at(const struct line *line, struct kink kink)
{
    return wide_compare_products(line->base, kink.quantity, line->fall, kink.notional);
}

static int
sign_at_infinity(const struct line *line)
{
    return wide_sign(line->fall) != 0 ? -wide_sign(line->fall) : wide_sign(line->base);
}

/* P = base / fall, to price_unit; none where that is 0 or does not fit. */
static struct decimal
root_of(const struct line *line, enum rounding rounding, struct decimal price_unit)
{
    struct decimal root;

    if (wide_sign(line->base) == 0 ||
        !wide_divide(line->base, line->fall, rounding, price_unit, &root))
        return DECIMAL_NONE;
    return root;
}

static struct decimal
price_at(struct kink kink, enum rounding rounding, struct decimal price_unit)
{
    struct decimal price;

    return decimal_step(PRODUCT(kink.notional), PRODUCT(kink.quantity), rounding, price_unit,
                        &price)
               ? price
               : DECIMAL_NONE;
}

/* From P = 0 upward: f enters {f >= 0} at `below` and leaves it at `above`. Deductions are rounded,
 * so that f may jump by a unit at a kink: a jump across 0 is an end too. */
static struct interval
find_interval(struct question *question, struct line line, struct walk *walk)
{
    struct decimal price_unit = asset_of(question)->price_unit;
    struct interval found = { DECIMAL_NONE, DECIMAL_NONE };
    bool is_inside = wide_sign(line.base) >= 0;
    bool has_next = true;

    while (has_next && question->fits) {
        struct kink kink;
        has_next = next_kink(walk, &kink);
        int sign = has_next ? sign_at(&line, kink) : sign_at_infinity(&line);
        if (is_inside && sign < 0) {
            found.above = root_of(&line, ROUND_DOWN, price_unit);
            break;
        }
        if (!is_inside && sign > 0)
            found.below = root_of(&line, ROUND_UP, price_unit);
        is_inside |= sign > 0;
        if (!has_next)
            break;
        pass_kink(question, walk, kink, &line);
        sign = sign_at(&line, kink);
        if (is_inside && sign < 0) {
            found.above = price_at(kink, ROUND_DOWN, price_unit);
            break;
        }
        if (!is_inside && sign >= 0)
            found.below = price_at(kink, ROUND_UP, price_unit);
        is_inside |= sign >= 0;
    }
    return found;
}

static enum reason
reason_without_price(const struct health *health)
{
    if (decimal_sign(health->requirement) == 0)
        return REASON_NO_DEBT;
    return health->status == STATUS_LIQUIDATABLE ? REASON_ALREADY_LIQUIDATABLE : REASON_NEVER;
}

/* price / mark - 1, up. */
static struct decimal
distance_rate(struct decimal price, struct decimal mark)
{
    struct decimal ratio;

    if (!decimal_step(PRODUCT(price), PRODUCT(mark), ROUND_UP, decimal_unit, &ratio))
        return DECIMAL_NONE;
    return (struct decimal){ ratio.units - DECIMAL_ONE_UNITS };
}

static struct liquidation_price
row_of(const struct question *question, enum direction direction, struct decimal price,
       struct decimal bankruptcy_price)
{
    const struct position_asset *held = &question->position->assets[question->asset];
    const struct health *health = &question->valuation->health;
    bool is_late = health->status == STATUS_LIQUIDATABLE;
    struct liquidation_price row = {
        .asset = held->asset.name, .direction = direction, .price = price,
        .price_reason = is_late ? REASON_ALREADY_LIQUIDATABLE : REASON_NONE,
        .distance_rate = DECIMAL_NONE,
        .bankruptcy_price = bankruptcy_price,
        .bankruptcy_price_reason = decimal_is_none(bankruptcy_price) ? REASON_NEVER : REASON_NONE,
        .execution_price = DECIMAL_NONE, .execution_price_reason = REASON_NONE,
        .range = { DECIMAL_NONE, DECIMAL_NONE },
    };

    if (direction == DIRECTION_NONE)
        row.price_reason = (int)reason_without_price(health);
    else
        row.distance_rate = distance_rate(price, held->price);
    return row;
}

bool
liquidation_interval(const struct position *position, const struct valuation *valuation,
                     size_t asset, struct decimal *below, struct decimal *above)
{
    struct question question = { position, valuation, asset, true };
    struct walk walk = { .asset = &position->assets[asset].asset, .count = 0 };
    struct line headroom = headroom_line(&question, &walk);
    struct interval interval = find_interval(&question, headroom, &walk);

    *below = interval.below;
    *above = interval.above;
    return question.fits;
}

bool
liquidation_price_of(const struct position *position, const struct valuation *valuation,
                     size_t asset, struct liquidation_price out[static PRICES_OF_ASSET_MAX],
                     size_t *count)
{
    struct question question = { position, valuation, asset, true };
    struct walk walk = { .asset = &position->assets[asset].asset, .count = 0 };
    struct walk no_walk = { .asset = walk.asset, .count = 0 };
    struct line headroom = headroom_line(&question, &walk);
    struct interval liquidation = find_interval(&question, headroom, &walk);
    struct interval bankruptcy = find_interval(&question, equity_line(&question), &no_walk);

    *count = 0;
    if (!decimal_is_none(liquidation.below))
        out[(*count)++] = row_of(&question, DIRECTION_BELOW, liquidation.below, bankruptcy.below);
    if (!decimal_is_none(liquidation.above))
        out[(*count)++] = row_of(&question, DIRECTION_ABOVE, liquidation.above, bankruptcy.above);
    if (*count == 0)
        out[(*count)++] = row_of(&question, DIRECTION_NONE, DECIMAL_NONE, DECIMAL_NONE);
    return question.fits;
}

static bool
is_held(const struct position *position, size_t asset)
{
    for (size_t i = 0; i < position->collateral_count; i++)
        if (position->collateral[i].asset == asset)
            return true;
    for (size_t i = 0; i < position->debt_count; i++)
        if (position->debt[i].asset == asset)
            return true;
    for (size_t i = 0; i < position->perps_count; i++)
        if (position->perps[i].asset == asset)
            return true;
    return false;
}

bool
liquidation_prices(const struct position *position, const struct valuation *valuation,
                   struct liquidation_price out[static PRICES_MAX], size_t *count)
{
    bool fits = true;

    *count = 0;
    for (size_t asset = 0; asset < position->assets_count; asset++) {
        struct liquidation_price *next = out + *count;
        size_t rows;
        if (!is_held(position, asset))
            continue;
        fits = liquidation_price_of(position, valuation, asset, next, &rows) && fits;
        *count += rows;
    }
    return fits;
}
