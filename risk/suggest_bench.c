/* The account under trial. */
#include "risk/suggest_bench.h"

#include <string.h>

#include "risk/elementary.h"
#include "risk/joint_shock.h"
#include "risk/liquidation_price.h"
#include "risk/passage.h"
#include "risk/preview_risk.h"
#include "risk/statistic.h"

/* The used part of the 30 kB. */
static void
copy_position(struct position *to, const struct position *from)
{
    to->parameters = from->parameters;
    to->category = from->category;
    to->now_us = from->now_us;
    to->cash = from->cash;
    to->assets_count = from->assets_count;
    to->collateral_count = from->collateral_count;
    to->debt_count = from->debt_count;
    to->perps_count = from->perps_count;
    memcpy(to->assets, from->assets, from->assets_count * sizeof *from->assets);
    memcpy(to->collateral, from->collateral, from->collateral_count * sizeof *from->collateral);
    memcpy(to->debt, from->debt, from->debt_count * sizeof *from->debt);
    memcpy(to->perps, from->perps, from->perps_count * sizeof *from->perps);
}

/* What is held of the main asset less what is owed. */
static bool
is_net_long(const struct position *position, size_t asset)
{
    double net = 0;

    for (size_t i = 0; i < position->collateral_count; i++)
        if (position->collateral[i].asset == asset)
            net += statistic_of(position->collateral[i].quantity);
    for (size_t i = 0; i < position->debt_count; i++)
        if (position->debt[i].asset == asset)
            net -= statistic_of(position->debt[i].quantity);
    for (size_t i = 0; i < position->perps_count; i++)
        if (position->perps[i].asset == asset)
            net += statistic_of(position->perps[i].quantity);
    return net >= 0;
}

bool
bench_open(struct bench *bench, const struct situation *situation)
{
    const struct liquidation_price *main = situation->main;

    if (situation->main_asset < 0 || !main)
        return false;
    bench->situation = situation;
    bench->main = (size_t)situation->main_asset;
    if (decimal_sign(situation->now.assets[bench->main].price) <= 0)
        return false;
    bench->is_long = main->direction == DIRECTION_NONE ? is_net_long(&situation->now, bench->main)
                                                       : main->direction == DIRECTION_BELOW;
    bench->volatility = volatility_of(&situation->now.assets[bench->main].asset, situation->state);
    bench->target_health = situation->parameters->suggestions.target_health;
    bench->own_perps_count = situation->now.perps_count;
    bench->reckoning = (struct reckoning){ false };
    copy_position(&bench->position, &situation->now);
    return true;
}

/* The log distance of the stress price from the mark, below 0 where a fall liquidates. */
static double
stress_of(const struct bench *bench)
{
    const struct situation *situation = bench->situation;
    double sigma = statistic_of(bench->volatility);
    double drift = log_drift_of(0, sigma);
    double distance = passage_distance(
        sigma, bench->is_long ? drift : -drift, (double)situation->horizon_s / SECONDS_PER_YEAR,
        statistic_of(situation->parameters->suggestions.target_probability));

    return bench->is_long ? -distance : distance;
}

/* The factor's move is the main asset's over its beta; each price is rounded to its unit, against
 * what the account holds or owes of it. */
static void
price_stress(struct bench *bench)
{
    double move = stress_of(bench);
    double main_beta = factor_beta(bench->situation, bench->main);

    for (size_t i = 0; i < bench->situation->now.assets_count; i++) {
        const struct position_asset *held = &bench->position.assets[i];
        double beta = i == bench->main ? 1
                      : main_beta == 0 ? 0
                                       : factor_beta(bench->situation, i) / main_beta;
        bool is_down = i == bench->main ? bench->is_long : is_net_long(&bench->position, i);
        if (beta == 0)
            continue;
        if (!decimal_of_rate(statistic_of(held->price) * real_exp(beta * move),
                             held->asset.price_unit, is_down ? ROUND_DOWN : ROUND_UP,
                             &bench->prices[MOMENT_STRESS][i]))
            bench->reckoning.overflow = true;
    }
}

/* Where the maintenance does not move with the price (the document says: of the mark, of the
 * entry), it is today's under stress too, as in the liquidation price. */
static void
keep_maintenance(struct bench *bench)
{
    struct valuation *stress = &bench->valuations[MOMENT_STRESS];
    const struct valuation *mark = &bench->valuations[MOMENT_MARK];

    if (bench->position.parameters->trigger.maintenance_price != MAINTENANCE_AT_MARK)
        return;
    for (size_t i = 0; i < bench->position.perps_count; i++) {
        struct decimal *requirement = &stress->health.requirement;
        *requirement = reckon_subtract(&bench->reckoning, *requirement, stress->maintenance[i]);
        *requirement = reckon_add(&bench->reckoning, *requirement, mark->maintenance[i]);
        stress->maintenance[i] = mark->maintenance[i];
    }
}

static void
bare_requirements(struct bench *bench)
{
    for (int m = 0; m < MOMENTS_COUNT; m++) {
        struct decimal requirement = bench->valuations[m].health.requirement;
        bench->bare[m] = decimal_sign(requirement) == 0
                             ? requirement
                             : reckon_subtract(&bench->reckoning, requirement,
                                               bench->position.parameters->trigger.reward);
    }
}

/* Of what the situation has valued already; legs that were added are 0. */
static void
copy_valuation(const struct position *position, const struct situation *situation,
               struct valuation *to)
{
    const struct valuation *from = &situation->valuation_now;

    to->health = from->health;
    for (size_t i = 0; i < position->collateral_count; i++) {
        bool is_own = i < situation->now.collateral_count;
        to->collateral[i] = is_own ? from->collateral[i] : decimal_zero;
        to->support[i] = is_own ? from->support[i] : decimal_zero;
    }
    for (size_t i = 0; i < position->debt_count; i++) {
        to->debt[i] = from->debt[i];
        to->requirement[i] = from->requirement[i];
    }
    for (size_t i = 0; i < position->perps_count; i++) {
        bool is_own = i < situation->now.perps_count;
        to->profit[i] = is_own ? from->profit[i] : decimal_zero;
        to->maintenance[i] = is_own ? from->maintenance[i] : decimal_zero;
        to->closing_fee[i] = is_own ? from->closing_fee[i] : decimal_zero;
    }
}

bool
bench_begin(struct bench *bench)
{
    struct position *position = &bench->position;
    bool fits = true;

    for (size_t i = 0; i < position->assets_count; i++)
        bench->prices[MOMENT_MARK][i] = bench->prices[MOMENT_STRESS][i] = position->assets[i].price;
    copy_valuation(position, bench->situation, &bench->valuations[MOMENT_MARK]);
    if (!decimal_is_none(bench->volatility)) {
        price_stress(bench);
        for (size_t i = 0; i < position->assets_count; i++)
            position_reprice(position, i, bench->prices[MOMENT_STRESS][i]);
        fits = health_compute(position, &bench->valuations[MOMENT_STRESS]) && fits;
        for (size_t i = 0; i < position->assets_count; i++)
            position_reprice(position, i, bench->prices[MOMENT_MARK][i]);
        keep_maintenance(bench);
    } else {
        bench->valuations[MOMENT_STRESS].health = bench->valuations[MOMENT_MARK].health;
    }
    bare_requirements(bench);
    return fits && !bench->reckoning.overflow;
}

static int
moments_count(const struct bench *bench)
{
    return decimal_is_none(bench->volatility) ? 1 : MOMENTS_COUNT;
}

bool
bench_collateral(struct bench *bench, size_t asset, struct slot *slot)
{
    struct position *position = &bench->position;
    struct position_leg *legs = position->collateral;
    bool is_found = false;

    *slot = (struct slot){ SLOT_COLLATERAL, position->collateral_count };
    for (size_t i = 0; i < position->collateral_count; i++)
        if (legs[i].asset == asset &&
            (!is_found || decimal_compare(legs[i].quantity, legs[slot->leg].quantity) > 0)) {
            slot->leg = i;
            is_found = true;
        }
    if (is_found)
        return true;
    if (position->collateral_count == LEGS_MAX)
        return false;
    legs[position->collateral_count++] = (struct position_leg){ asset, decimal_zero };
    return true;
}

bool
bench_new_perp(struct bench *bench, size_t asset, struct slot *slot)
{
    struct position *position = &bench->position;

    if (position->perps_count == LEGS_MAX)
        return false;
    *slot = (struct slot){ SLOT_PERP, position->perps_count };
    position->perps[position->perps_count++] =
        (struct position_perp){ asset, decimal_zero, position->assets[asset].price };
    return true;
}

struct decimal
bench_quantity(const struct bench *bench, struct slot slot)
{
    switch (slot.kind) {
    case SLOT_CASH:
        return bench->position.cash;
    case SLOT_COLLATERAL:
        return bench->position.collateral[slot.leg].quantity;
    case SLOT_DEBT:
        return bench->position.debt[slot.leg].quantity;
    case SLOT_PERP:
        return bench->position.perps[slot.leg].quantity;
    }
    __builtin_unreachable();
}

static struct decimal
weighted(struct bench *bench, struct decimal value, struct decimal weight, enum rounding rounding)
{
    const struct quote *quote = &bench->position.parameters->quote;

    return reckon_step(&bench->reckoning, PRODUCT(value, weight), NOTHING, rounding,
                       quote->round_weighted ? quote->unit : decimal_unit);
}

static struct effect
effect_of_perp(struct bench *bench, enum moment moment, const struct position_perp *perp)
{
    const struct parameters *parameters = bench->position.parameters;
    const struct asset *asset = &bench->position.assets[perp->asset].asset;
    struct decimal price = bench->prices[moment][perp->asset];
    struct decimal gain = reckon_subtract(&bench->reckoning, price, perp->entry_price);
    struct decimal kept = price;
    struct effect effect = { .value = decimal_zero };

    if (parameters->trigger.maintenance_price == MAINTENANCE_AT_ENTRY)
        kept = perp->entry_price;
    else if (parameters->trigger.maintenance_price == MAINTENANCE_AT_MARK)
        kept = bench->prices[MOMENT_MARK][perp->asset];
    effect.profit = quote_value(&bench->reckoning, parameters, perp->quantity, gain, ROUND_DOWN);
    effect.maintenance = maintenance_of(&bench->reckoning, parameters, asset, perp->quantity, kept);
    effect.fee = reckon_step(
        &bench->reckoning,
        PRODUCT(decimal_magnitude(perp->quantity), price, asset->closing_fee_rate), NOTHING,
        ROUND_UP, parameters->quote.unit);
    effect.support = effect.profit;
    effect.requirement = reckon_add(&bench->reckoning, effect.maintenance, effect.fee);
    return effect;
}

/* As health_compute values the leg. */
static struct effect
effect_of(struct bench *bench, enum moment moment, struct slot slot)
{
    const struct position *position = &bench->position;
    const struct parameters *parameters = position->parameters;
    struct effect effect = { .value = decimal_zero };
    const struct position_leg *leg;

    switch (slot.kind) {
    case SLOT_CASH:
        effect.support = greatest(position->cash, decimal_zero);
        effect.requirement = greatest(decimal_negate(position->cash), decimal_zero);
        effect.value = effect.requirement;
        return effect;
    case SLOT_COLLATERAL:
        leg = &position->collateral[slot.leg];
        effect.value = quote_value(&bench->reckoning, parameters, leg->quantity,
                                   bench->prices[moment][leg->asset], ROUND_DOWN);
        effect.support = weighted(bench, effect.value, position->assets[leg->asset].asset.threshold,
                                  ROUND_DOWN);
        return effect;
    case SLOT_DEBT:
        leg = &position->debt[slot.leg];
        effect.value = quote_value(&bench->reckoning, parameters, leg->quantity,
                                   bench->prices[moment][leg->asset], ROUND_UP);
        effect.requirement = weighted(bench, effect.value,
                                      position->assets[leg->asset].asset.borrow_factor, ROUND_UP);
        return effect;
    case SLOT_PERP:
        return effect_of_perp(bench, moment, &position->perps[slot.leg]);
    }
    __builtin_unreachable();
}

/* What the valuation holds of the leg now. */
static struct effect
noted_effect(struct bench *bench, enum moment moment, struct slot slot)
{
    const struct valuation *valuation = &bench->valuations[moment];

    switch (slot.kind) {
    case SLOT_CASH:
        return effect_of(bench, moment, slot);
    case SLOT_COLLATERAL:
        return (struct effect){ .value = valuation->collateral[slot.leg],
                                .support = valuation->support[slot.leg] };
    case SLOT_DEBT:
        return (struct effect){ .value = valuation->debt[slot.leg],
                                .requirement = valuation->requirement[slot.leg] };
    case SLOT_PERP:
        return (struct effect){
            .support = valuation->profit[slot.leg],
            .profit = valuation->profit[slot.leg],
            .maintenance = valuation->maintenance[slot.leg],
            .fee = valuation->closing_fee[slot.leg],
            .requirement = reckon_add(&bench->reckoning, valuation->maintenance[slot.leg],
                                      valuation->closing_fee[slot.leg]),
        };
    }
    __builtin_unreachable();
}

static void
note_effect(struct valuation *valuation, struct slot slot, const struct effect *effect)
{
    switch (slot.kind) {
    case SLOT_CASH:
        return;
    case SLOT_COLLATERAL:
        valuation->collateral[slot.leg] = effect->value;
        valuation->support[slot.leg] = effect->support;
        return;
    case SLOT_DEBT:
        valuation->debt[slot.leg] = effect->value;
        valuation->requirement[slot.leg] = effect->requirement;
        return;
    case SLOT_PERP:
        valuation->profit[slot.leg] = effect->profit;
        valuation->maintenance[slot.leg] = effect->maintenance;
        valuation->closing_fee[slot.leg] = effect->fee;
        return;
    }
    __builtin_unreachable();
}

/* sum += after - before */
static void
exchange(struct bench *bench, struct decimal *sum, struct decimal before, struct decimal after)
{
    *sum = reckon_add(&bench->reckoning, *sum, reckon_subtract(&bench->reckoning, after, before));
}

static void
put_quantity(struct position *position, struct slot slot, struct decimal quantity)
{
    switch (slot.kind) {
    case SLOT_CASH:
        position->cash = quantity;
        return;
    case SLOT_COLLATERAL:
        position->collateral[slot.leg].quantity = quantity;
        return;
    case SLOT_DEBT:
        position->debt[slot.leg].quantity = quantity;
        return;
    case SLOT_PERP:
        position->perps[slot.leg].quantity = quantity;
        return;
    }
    __builtin_unreachable();
}

void
bench_set(struct bench *bench, struct slot slot, struct decimal quantity)
{
    struct effect before[MOMENTS_COUNT];

    for (int m = 0; m < moments_count(bench); m++)
        before[m] = noted_effect(bench, (enum moment)m, slot);
    put_quantity(&bench->position, slot, quantity);
    for (int m = 0; m < moments_count(bench); m++) {
        struct valuation *valuation = &bench->valuations[m];
        struct effect after = effect_of(bench, (enum moment)m, slot);
        note_effect(valuation, slot, &after);
        exchange(bench, &valuation->health.support, before[m].support, after.support);
        exchange(bench, &bench->bare[m], before[m].requirement, after.requirement);
        valuation->health.requirement = decimal_sign(bench->bare[m]) > 0
                                            ? reckon_add(&bench->reckoning, bench->bare[m],
                                                         bench->position.parameters->trigger.reward)
                                            : bench->bare[m];
        if (slot.kind == SLOT_DEBT || slot.kind == SLOT_CASH)
            exchange(bench, &valuation->health.debt, before[m].value, after.value);
    }
}

void
bench_raise(struct bench *bench, struct slot slot, struct decimal by)
{
    bench_set(bench, slot, reckon_add(&bench->reckoning, bench_quantity(bench, slot), by));
}

void
bench_note(struct bench *bench, struct slot slot, struct leg_note *note)
{
    note->slot = slot;
    note->quantity = bench_quantity(bench, slot);
    for (int m = 0; m < moments_count(bench); m++)
        note->effects[m] = noted_effect(bench, (enum moment)m, slot);
}

void
bench_put(struct bench *bench, const struct leg_note *note)
{
    put_quantity(&bench->position, note->slot, note->quantity);
    for (int m = 0; m < moments_count(bench); m++)
        note_effect(&bench->valuations[m], note->slot, &note->effects[m]);
}

void
bench_note_sums(const struct bench *bench, struct sums_note sums[static MOMENTS_COUNT])
{
    for (int m = 0; m < MOMENTS_COUNT; m++) {
        const struct health *health = &bench->valuations[m].health;
        sums[m] = (struct sums_note){ health->support, health->requirement, health->debt,
                                      bench->bare[m] };
    }
}

void
bench_put_sums(struct bench *bench, const struct sums_note sums[static MOMENTS_COUNT])
{
    for (int m = 0; m < MOMENTS_COUNT; m++) {
        struct health *health = &bench->valuations[m].health;
        health->support = sums[m].support;
        health->requirement = sums[m].requirement;
        health->debt = sums[m].debt;
        bench->bare[m] = sums[m].bare;
    }
}

/* The liquidation price in the main asset's direction, all else as it is at the moment. */
static struct decimal
main_price(struct bench *bench, enum moment moment)
{
    struct decimal below;
    struct decimal above;

    if (!liquidation_interval(&bench->position, &bench->valuations[moment], bench->main, &below,
                              &above)) {
        bench->reckoning.overflow = true;
        return DECIMAL_NONE;
    }
    return bench->is_long ? below : above;
}

/* A closing fee that is a constant of the bankruptcy price, weighted quantities and maintenance
 * that are rounded down. */
bool
bench_is_priced_apart(const struct bench *bench)
{
    const struct parameters *parameters = bench->position.parameters;

    return parameters->quote.round_weighted ||
           parameters->trigger.closing_fee_price == CLOSING_FEE_AT_BANKRUPTCY ||
           parameters->trigger.maintenance_rounding == CHOICE_DOWN;
}

/* Support less requirement of the main asset, of a unit of price: about. */
static double
price_weight(const struct bench *bench)
{
    const struct position *position = &bench->position;
    const struct asset *asset = &position->assets[bench->main].asset;
    double weight = 0;

    for (size_t i = 0; i < position->collateral_count; i++)
        if (position->collateral[i].asset == bench->main)
            weight += statistic_of(position->collateral[i].quantity) *
                      statistic_of(asset->threshold);
    for (size_t i = 0; i < position->debt_count; i++)
        if (position->debt[i].asset == bench->main)
            weight -= statistic_of(position->debt[i].quantity) * statistic_of(asset->borrow_factor);
    for (size_t i = 0; i < position->perps_count; i++)
        if (position->perps[i].asset == bench->main)
            weight += statistic_of(position->perps[i].quantity);
    return real_abs(weight);
}

/* How far the liquidation price lies beyond the stress price, as a value; 0: it does not. */
static double
past_price(struct bench *bench)
{
    struct decimal price = main_price(bench, MOMENT_STRESS);
    double gap;

    if (decimal_is_none(price))
        return 0;
    gap = statistic_of(price) - statistic_of(bench->prices[MOMENT_STRESS][bench->main]);
    return real_max(0, bench->is_long ? gap : -gap) * price_weight(bench);
}

void
bench_standing(struct bench *bench, struct standing *standing)
{
    const struct health *mark = &bench->valuations[MOMENT_MARK].health;
    const struct health *stress = &bench->valuations[MOMENT_STRESS].health;
    bool is_strict = bench->position.parameters->trigger.rule == TRIGGER_AT_OR_BELOW;
    struct decimal wanted = reckon_multiply(&bench->reckoning, bench->target_health,
                                            mark->requirement, ROUND_UP);
    struct decimal left = reckon_subtract(&bench->reckoning, mark->support, wanted);

    standing->margins[MOMENT_MARK] = statistic_of(left);
    standing->margins[MOMENT_STRESS] = 0;
    standing->met = decimal_sign(left) >= 0;
    if (decimal_is_none(bench->volatility))
        return;
    left = reckon_subtract(&bench->reckoning, stress->support, stress->requirement);
    standing->margins[MOMENT_STRESS] = statistic_of(left);
    standing->met = standing->met &&
                    (decimal_sign(left) >= is_strict || decimal_sign(stress->requirement) == 0);
    if (standing->met && bench_is_priced_apart(bench)) {
        double past = past_price(bench);
        standing->met = past == 0;
        standing->margins[MOMENT_STRESS] = past == 0 ? standing->margins[MOMENT_STRESS] : -past;
    }
}

void
bench_after(struct bench *bench, struct after *after)
{
    const struct situation *situation = bench->situation;
    struct health *health = &bench->valuations[MOMENT_MARK].health;

    after->health_ratio = DECIMAL_NONE;
    if (decimal_sign(health->requirement) > 0)
        (void)decimal_step(PRODUCT(health->support), PRODUCT(health->requirement), ROUND_DOWN,
                           decimal_unit, &after->health_ratio);
    after->liquidation_price = main_price(bench, MOMENT_MARK);
    after->liquidation_probability = decimal_is_none(bench->volatility) ? DECIMAL_NONE
                                     : decimal_is_none(after->liquidation_price)
                                         ? decimal_zero
                                         : touch_statistic(bench->prices[MOMENT_MARK][bench->main],
                                                           after->liquidation_price,
                                                           bench->volatility, situation->horizon_s);
}

struct decimal
bench_burden(struct bench *bench)
{
    struct decimal burden = bench->valuations[MOMENT_MARK].health.debt;

    for (size_t i = 0; i < bench->own_perps_count; i++)
        if (bench->position.perps[i].asset == bench->main)
            reckon_sum(&bench->reckoning, &burden,
                       reckon_multiply(&bench->reckoning,
                                       decimal_magnitude(bench->position.perps[i].quantity),
                                       bench->prices[MOMENT_MARK][bench->main], ROUND_UP));
    return burden;
}

double
bench_perp_requirement(const struct bench *bench, enum moment moment,
                       const struct position_perp *perp)
{
    const struct parameters *parameters = bench->position.parameters;
    const struct asset *asset = &bench->position.assets[perp->asset].asset;
    double price = statistic_of(bench->prices[moment][perp->asset]);
    double kept = parameters->trigger.maintenance_price == MAINTENANCE_AT_ENTRY
                      ? statistic_of(perp->entry_price)
                  : parameters->trigger.maintenance_price == MAINTENANCE_AT_MARK
                      ? statistic_of(bench->prices[MOMENT_MARK][perp->asset])
                      : price;
    double notional = real_abs(statistic_of(perp->quantity)) * kept;
    double rate = 0;

    for (size_t i = 0; i < asset->brackets_count; i++)
        if (i == 0 || statistic_of(asset->brackets[i].from_notional) <= notional)
            rate = statistic_of(asset->brackets[i].rate);
    return rate * kept + statistic_of(asset->closing_fee_rate) * price;
}
