/* The list of ways out: settled, priced, ranked. */
#include "risk/suggest.h"

#include "risk/preview_risk.h"
#include "risk/suggest_mix.h"

_Static_assert(WAYS_MAX + 1 <= SUGGESTIONS_MAX, "the answer has room for every way and a mix");

struct advice {
    struct bench bench;
    const struct cost_of_liquidation *cost; /* NULL: not known */
    struct decimal probability;             /* of a liquidation, as the account stands */
    struct decimal burden;
    struct way ways[WAYS_MAX];
    size_t ways_count;
    struct figures *figures;
    struct figures_room *room;
};

static struct suggestion *
add_suggestion(struct advice *advice, enum action action, const char *asset)
{
    struct suggestion *suggestion =
        &advice->room->suggestions[advice->figures->suggestions_count++];

    *suggestion = (struct suggestion){
        .action = (int)action,
        .asset = asset,
        .quantity = DECIMAL_NONE,
        .quantity_reason = REASON_NONE,
        .available_reason = REASON_NONE,
        .cost = DECIMAL_NONE,
        .avoided_cost = DECIMAL_NONE,
        .net_benefit = DECIMAL_NONE,
        .after = { DECIMAL_NONE, DECIMAL_NONE, DECIMAL_NONE },
        .parts = advice->room->mix_parts,
    };
    return suggestion;
}

/* (penalty + slippage) of what is left of the burden, + gas. */
static struct decimal
liquidation_cost(struct advice *advice, struct decimal burden)
{
    struct reckoning *reckoning = &advice->bench.reckoning;
    struct decimal loss = reckon_add(reckoning, advice->cost->penalty, advice->cost->slippage);

    if (decimal_sign(advice->burden) > 0)
        loss = reckon_step(reckoning, PRODUCT(loss, burden), PRODUCT(advice->burden), ROUND_UP,
                           decimal_unit);
    return reckon_add(reckoning, loss, advice->cost->gas);
}

/* p0 l - p1 l', down to quote.unit; of what is left after nothing is owed any more, p1 is 0. */
static struct decimal
avoided_cost(struct advice *advice, struct decimal probability_after)
{
    struct bench *bench = &advice->bench;
    struct reckoning *reckoning = &bench->reckoning;
    struct decimal before;
    struct decimal after;

    if (!advice->cost || decimal_is_none(advice->probability) || decimal_is_none(probability_after))
        return DECIMAL_NONE;
    before = reckon_multiply(reckoning, advice->probability,
                             liquidation_cost(advice, advice->burden), ROUND_DOWN);
    after = reckon_multiply(reckoning, probability_after,
                            liquidation_cost(advice, bench_burden(bench)), ROUND_UP);
    return reckon_step(reckoning, PRODUCT(reckon_subtract(reckoning, before, after)), NOTHING,
                       ROUND_DOWN, bench->position.parameters->quote.unit);
}

/* What the bench, as it stands, says of the suggestion. */
static void
describe(struct advice *advice, struct suggestion *suggestion, struct decimal cost)
{
    bench_after(&advice->bench, &suggestion->after);
    suggestion->cost = cost;
    suggestion->avoided_cost = avoided_cost(advice, suggestion->after.liquidation_probability);
    if (!decimal_is_none(suggestion->avoided_cost))
        suggestion->net_benefit = reckon_subtract(&advice->bench.reckoning,
                                                  suggestion->avoided_cost, cost);
}

/* After an overflow the sums are wrong, the legs are not. */
static void
recover(struct bench *bench)
{
    bench->reckoning.overflow = false;
    bench->reckoning.overflow = !bench_begin(bench);
}

static void
suggest_way(struct advice *advice, struct way *way)
{
    struct bench *bench = &advice->bench;
    struct suggestion *suggestion = add_suggestion(advice, way->action, way->asset);
    struct decimal wallet = way_wallet(bench, way);
    struct undo undo;
    struct decimal quantity;
    struct decimal cost;
    int reason = way->reason;

    if (reason == REASON_NONE) {
        way_note(bench, way, &undo);
        reason = way_settle(bench, way, DECIMAL_NONE, &quantity, &cost);
    }
    if (reason == REASON_OVERFLOW) {
        way_undo(bench, way, &undo);
        recover(bench);
    }
    suggestion->quantity_reason = suggestion->available_reason = reason;
    if (reason != REASON_NONE)
        return;
    suggestion->quantity = quantity;
    describe(advice, suggestion, cost);
    way_undo(bench, way, &undo);
    suggestion->available = decimal_is_none(wallet) || decimal_compare(quantity, wallet) <= 0;
    if (!suggestion->available)
        suggestion->available_reason = REASON_WALLET_TOO_SMALL;
}

/* Does the mix, describes the account after it, and puts it back. */
static void
describe_mix(struct advice *advice, const struct mix *mix, struct suggestion *suggestion)
{
    struct bench *bench = &advice->bench;
    struct undo undos[MIX_MAX];
    struct deed deed;

    for (size_t i = 0; i < mix->parts_count; i++)
        way_note(bench, mix->ways[i], &undos[i]);
    for (size_t i = 0; i < mix->parts_count; i++)
        (void)way_do(bench, mix->ways[i], mix->parts[i].quantity, &deed);
    describe(advice, suggestion, mix->cost);
    for (size_t i = 0; i < mix->parts_count; i++)
        way_undo(bench, mix->ways[i], &undos[i]);
}

static void
suggest_mix(struct advice *advice)
{
    struct decimal cheapest = DECIMAL_NONE;
    struct suggestion *suggestion;
    struct mix mix;

    for (size_t i = 0; i < advice->figures->suggestions_count; i++) {
        const struct suggestion *single = &advice->room->suggestions[i];
        if (single->available &&
            (decimal_is_none(cheapest) || decimal_compare(single->cost, cheapest) < 0))
            cheapest = single->cost;
    }
    if (!mix_find(&advice->bench, advice->ways, advice->ways_count, cheapest, &mix))
        return;
    suggestion = add_suggestion(advice, ACTION_MIX, NULL);
    suggestion->available = true;
    suggestion->parts_count = mix.parts_count;
    for (size_t i = 0; i < mix.parts_count; i++)
        advice->room->mix_parts[i] = mix.parts[i];
    describe_mix(advice, &mix, suggestion);
}

/* 0: available, 1: not available, 2: no quantity would do. */
static int
group_of(const struct suggestion *suggestion)
{
    if (suggestion->available)
        return 0;
    return suggestion->available_reason == REASON_WALLET_TOO_SMALL ? 1 : 2;
}

/* Below 0: a comes before b. DECIMAL_NONE is below every number. */
static int
order_of(const struct suggestion *a, const struct suggestion *b)
{
    if (group_of(a) != group_of(b))
        return group_of(a) - group_of(b);
    if (decimal_compare(a->net_benefit, b->net_benefit) != 0)
        return decimal_compare(b->net_benefit, a->net_benefit);
    if (decimal_compare(a->cost, b->cost) != 0)
        return decimal_compare(a->cost, b->cost);
    return a->action - b->action;
}

static void
rank(struct figures *figures, struct figures_room *room)
{
    for (size_t i = 1; i < figures->suggestions_count; i++) {
        struct suggestion moved = room->suggestions[i];
        size_t to = i;
        for (; to > 0 && order_of(&moved, &room->suggestions[to - 1]) < 0; to--)
            room->suggestions[to] = room->suggestions[to - 1];
        room->suggestions[to] = moved;
    }
}

/* None where the volatility is not known. */
static struct decimal
probability_now(const struct bench *bench)
{
    const struct situation *situation = bench->situation;

    if (decimal_is_none(bench->volatility))
        return DECIMAL_NONE;
    if (situation->valuation_now.health.status == STATUS_LIQUIDATABLE)
        return decimal_one;
    if (decimal_is_none(situation->main->price))
        return decimal_zero;
    return touch_statistic(bench->prices[MOMENT_MARK][bench->main], situation->main->price,
                           bench->volatility, situation->horizon_s);
}

bool
suggestions_fill(const struct situation *situation, const struct cost_of_liquidation *cost,
                 struct figures *figures, struct figures_room *room)
{
    struct advice advice;
    struct standing standing;

    advice.cost = cost;
    advice.figures = figures;
    advice.room = room;
    figures->suggestions = room->suggestions;
    figures->suggestions_count = 0;
    if (!bench_open(&advice.bench, situation))
        return true;
    advice.ways_count = ways_open(&advice.bench, advice.ways);
    if (!bench_begin(&advice.bench))
        return false;
    bench_standing(&advice.bench, &standing);
    if (standing.met)
        return !advice.bench.reckoning.overflow;
    advice.probability = probability_now(&advice.bench);
    advice.burden = bench_burden(&advice.bench);
    for (size_t i = 0; i < advice.ways_count; i++) {
        way_value(&advice.bench, &advice.ways[i]);
        suggest_way(&advice, &advice.ways[i]);
    }
    suggest_mix(&advice);
    rank(figures, room);
    return !advice.bench.reckoning.overflow;
}
