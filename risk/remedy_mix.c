/* The cheapest mix of actions, and the exact end of a search. */
#include "risk/elementary.h"
#include "risk/remedy.h"
#include "risk/statistic.h"

enum { STEPS_MAX = 256 };

/* The actions in the order of what a unit of relief costs, and at each such ratio what the sale
 * does until it is as dear. */
struct order {
    const struct sale_remedy *sale;
    const struct linear_remedy *linear;
    size_t rows[LINEAR_REMEDIES_MAX];
    struct remedy sold[LINEAR_REMEDIES_MAX];
    size_t count;
};

static double
ratio_of(const struct linear_remedy *action)
{
    return action->relief > 0 ? real_max(0, action->cost) / action->relief : REAL_INFINITY;
}

/* The sale's next unit costs price - R' for weight R' - kappa of relief; at a ratio that is at the
 * net price R' = (price + ratio kappa) / (1 + ratio weight). */
static void
order_open(struct order *order, const struct sale_remedy *sale, const struct linear_remedy *linear,
           size_t count, double need)
{
    order->sale = sale;
    order->linear = linear;
    order->count = count;
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        for (; at > 0 && ratio_of(&linear[i]) < ratio_of(&linear[order->rows[at - 1]]); at--)
            order->rows[at] = order->rows[at - 1];
        order->rows[at] = i;
    }
    for (size_t i = 0; sale && i < count; i++) {
        double ratio = ratio_of(&linear[order->rows[i]]);
        double net = (sale->price + ratio * sale->kappa) / (1 + ratio * sale->weight);
        order->sold[i] = (struct remedy){ 0 };
        if (ratio < REAL_INFINITY)
            order->sold[i] = remedy_sale_down_to(sale, net, need);
    }
}

/* Adds a part's cost and relief. */
static void
add(struct mixed_remedy *mix, struct remedy *part, struct remedy remedy)
{
    *part = remedy;
    mix->cost += remedy.cost;
    mix->relief += remedy.relief;
}

/* With the actions of a set alone: bit i is linear[i], bit `count` the sale. */
static bool
mix_of(const struct order *order, unsigned set, double need, struct mixed_remedy *mix)
{
    bool sells = set >> order->count & 1;
    double left = need;
    struct remedy remedy;
    bool suffices;

    *mix = (struct mixed_remedy){ 0 };
    for (size_t i = 0; i < order->count; i++) {
        size_t row = order->rows[i];
        double by_sale = sells ? order->sold[i].relief : 0;
        if (!(set >> row & 1))
            continue;
        if (by_sale >= left)
            break;
        if (remedy_linear(&order->linear[row], left - by_sale, &remedy)) {
            add(mix, &mix->linear[row], remedy);
            if (sells)
                add(mix, &mix->sale, order->sold[i]);
            return true;
        }
        add(mix, &mix->linear[row], remedy);
        left -= remedy.relief;
    }
    if (!sells)
        return false;
    suffices = remedy_sale(order->sale, left, &remedy);
    add(mix, &mix->sale, remedy);
    return suffices;
}

bool
remedy_mix(const struct sale_remedy *sale, const struct linear_remedy *linear, size_t count,
           double need, struct mixed_remedy *mix)
{
    unsigned always = sale && !(sale->gas > 0) ? 1u << count : 0;
    unsigned all = (sale ? 1u << count : 0) | ((1u << count) - 1);
    bool found = false;
    struct order order;
    struct mixed_remedy candidate;

    for (size_t i = 0; i < count; i++)
        always |= linear[i].gas > 0 ? 0 : 1u << i;
    order_open(&order, sale, linear, count, need);
    for (unsigned set = 0; set <= all; set++) {
        if ((set & all) != set || (set & always) != always)
            continue;
        if (!mix_of(&order, set, need, &candidate))
            continue;
        if (!found || candidate.cost < mix->cost)
            *mix = candidate;
        found = true;
    }
    if (!found)
        mix_of(&order, all, need, mix);
    return found;
}

/* Lots from the estimate outward, in steps that double, then halved. */
bool
remedy_finish(bool (*meets)(const void *context, struct decimal quantity), const void *context,
              double estimate, struct decimal unit, struct decimal most, struct decimal *quantity)
{
    int128 most_lots = most.units / unit.units;
    struct decimal start = { most_lots * unit.units };
    int128 step = 1;
    int128 low;
    int128 high;

    decimal_of_rate(real_max(0, estimate), unit, ROUND_UP, &start);
    high = start.units / unit.units < most_lots ? start.units / unit.units : most_lots;
    for (; high < most_lots && !meets(context, (struct decimal){ high * unit.units }); step *= 2)
        high = most_lots - high > step ? high + step : most_lots;
    if (!meets(context, (struct decimal){ high * unit.units }))
        return false;
    low = high;
    for (step = 1; low > 0 && meets(context, (struct decimal){ low * unit.units }); step *= 2) {
        high = low;
        low = low > step ? low - step : 0;
    }
    if (low == 0 && meets(context, decimal_zero))
        high = 0;
    for (int i = 0; i < STEPS_MAX && high - low > 1; i++) {
        int128 middle = low + (high - low) / 2;
        if (meets(context, (struct decimal){ middle * unit.units }))
            high = middle;
        else
            low = middle;
    }
    quantity->units = high * unit.units;
    return true;
}
