/* The cheapest mix of ways. */
#include "risk/suggest_mix.h"

#include "risk/elementary.h"
#include "risk/statistic.h"

enum { OPTIONS_MAX = 6 };

/* A payment or hedge: as much relief as one likes up to a limit, at one price. */
struct option {
    struct way *way;
    struct decimal limit;       /* none: no end */
    double relief, price, most; /* of a unit; cost a unit of relief; units */
    double gas;
    struct trade sale; /* the sale while it is cheaper than this option */
    double sale_relief, sale_cost;
};

/* For one moment's need: options by their price, and the sale that may go with them. */
struct menu {
    enum moment moment;
    double need;
    struct option options[OPTIONS_MAX];
    size_t count;
    struct way *sale; /* NULL: none */
    double sale_gas, sale_most;
};

/* A set of ways, and how much each does, in double. */
struct plan {
    double cost;
    double quantities[OPTIONS_MAX];
    double sale;
    struct way *last; /* settled exactly; NULL: there is no plan */
};

static double
sign_of(const struct way *sale)
{
    return sale->depth.side == DEPTH_SELL ? 1 : -1;
}

static double
sale_cost(const struct way *sale, const struct trade *trade)
{
    return real_max(0, sign_of(sale) *
                           (trade->quantity * statistic_of(sale->price) - trade->proceeds));
}

/* What can be used of it at all; none: no end. */
static struct decimal
limit_of(const struct bench *bench, const struct way *way)
{
    struct decimal wallet = way_wallet(bench, way);

    if (decimal_is_none(wallet))
        return way->most;
    return decimal_is_none(way->most) ? wallet : least(wallet, way->most);
}

static void
insert(struct menu *menu, const struct option *option)
{
    size_t i = menu->count < OPTIONS_MAX ? menu->count++ : OPTIONS_MAX - 1;

    if (i == OPTIONS_MAX - 1 && menu->count == OPTIONS_MAX && menu->options[i].way &&
        menu->options[i].price <= option->price)
        return;
    for (; i > 0 && menu->options[i - 1].price > option->price; i--)
        menu->options[i] = menu->options[i - 1];
    menu->options[i] = *option;
}

static void
add_option(struct menu *menu, const struct bench *bench, struct way *way)
{
    struct option option = { .way = way,
                             .limit = limit_of(bench, way),
                             .relief = way->relief[menu->moment] };

    option.most = decimal_is_none(option.limit) ? REAL_INFINITY : statistic_of(option.limit);
    if (option.relief <= 0 || option.most <= 0)
        return;
    option.price = statistic_of(way->cost_rate) * statistic_of(way->price) / option.relief;
    option.gas = statistic_of(way->gas);
    insert(menu, &option);
}

/* The sale goes on until its marginal cost of relief, s (P - net) / s (weight net - value), is the
 * option's price r: net = (P + r value) / (1 + r weight). */
static void
sell_up_to(const struct menu *menu, struct option *option)
{
    const struct way *sale = menu->sale;
    struct relief_terms terms = sale->terms[menu->moment];
    double net = (statistic_of(sale->price) + option->price * terms.value) /
                 (1 + option->price * terms.weight);

    sale_until(&sale->depth, net, menu->sale_most, &option->sale);
    option->sale_relief = real_max(0, sale_relief(&sale->depth, terms, &option->sale));
    option->sale_cost = sale_cost(sale, &option->sale);
}

/* A swap relieves less than a sale that repays, at the same cost: it is never part of a mix. */
static void
open_menu(struct menu *menu, const struct bench *bench, struct way *ways, size_t ways_count,
          enum moment moment, double need)
{
    *menu = (struct menu){ .moment = moment, .need = need };
    for (size_t i = 0; i < ways_count; i++) {
        struct way *way = &ways[i];
        if (way->reason != REASON_NONE || way->action == ACTION_SWAP)
            continue;
        if (way->trade == TRADE_NONE) {
            add_option(menu, bench, way);
            continue;
        }
        menu->sale = way;
        menu->sale_gas = statistic_of(way->gas);
        menu->sale_most = statistic_of(way->most);
    }
    for (size_t i = 0; menu->sale && i < menu->count; i++)
        sell_up_to(menu, &menu->options[i]);
}

/* The sale takes the rest: `need` of relief. */
static void
finish_with_sale(const struct menu *menu, double need, struct plan *plan)
{
    struct trade trade;

    if (sale_relieving(&menu->sale->depth, menu->sale->terms[menu->moment], need, menu->sale_most,
                       &trade) != SALE_FOUND) {
        plan->last = NULL;
        return;
    }
    plan->sale = trade.quantity;
    plan->cost += sale_cost(menu->sale, &trade);
    plan->last = menu->sale;
}

static bool
share_a_wallet(const struct menu *menu, unsigned set)
{
    for (size_t i = 0; i < menu->count; i++)
        for (size_t j = 0; j < i; j++)
            if ((set >> i & 1) && (set >> j & 1) && menu->options[i].way->wallet != WALLET_NONE &&
                menu->options[i].way->wallet == menu->options[j].way->wallet)
                return true;
    return false;
}

static double
gas_of(const struct menu *menu, unsigned set, bool with_sale)
{
    double gas = with_sale ? menu->sale_gas : 0;

    for (size_t i = 0; i < menu->count; i++)
        if (set >> i & 1)
            gas += menu->options[i].gas;
    return gas;
}

/* Of one set, the cheapest plan; `best` is replaced where it is cheaper. */
static void
try_set(const struct menu *menu, unsigned set, bool with_sale, struct plan *best)
{
    struct plan plan = { .cost = gas_of(menu, set, with_sale) };
    double need = menu->need;
    double sold = 0;

    for (size_t i = 0; i < menu->count && plan.cost < best->cost && !plan.last; i++) {
        const struct option *option = &menu->options[i];
        double wanted;
        if (!(set >> i & 1))
            continue;
        if (with_sale && option->sale_relief >= need)
            break;
        sold = with_sale ? option->sale_relief : 0;
        wanted = (need - sold) / option->relief;
        plan.quantities[i] = real_min(wanted, option->most);
        plan.cost += plan.quantities[i] * option->relief * option->price;
        if (wanted <= option->most) {
            plan.last = option->way;
            plan.sale = with_sale ? option->sale.quantity : 0;
            plan.cost += with_sale ? option->sale_cost : 0;
        } else {
            need -= option->most * option->relief;
        }
    }
    if (!plan.last && with_sale && plan.cost < best->cost)
        finish_with_sale(menu, need, &plan);
    if (plan.last && plan.cost < best->cost)
        *best = plan;
}

static int
size_of(unsigned set)
{
    return __builtin_popcount(set);
}

/* All sets, but those that draw on the same row of the wallet twice. Without gas a larger set is
 * never dearer, but which of two ways to use a row has to be tried. */
static void
best_plan(const struct menu *menu, double bound, struct plan *best)
{
    *best = (struct plan){ .cost = bound };
    for (unsigned set = 1; set < 1u << menu->count; set++) {
        if (share_a_wallet(menu, set))
            continue;
        if (menu->sale && size_of(set) < MIX_MAX)
            try_set(menu, set, true, best);
        if (size_of(set) > 1 && size_of(set) <= MIX_MAX)
            try_set(menu, set, false, best);
    }
}

/* A part that is done; false where it cannot be. */
static bool
add_part(struct bench *bench, struct way *way, struct decimal quantity, struct decimal cost,
         struct mix *mix)
{
    if (decimal_sign(quantity) == 0)
        return true;
    if (mix->parts_count == MIX_MAX)
        return false;
    mix->ways[mix->parts_count] = way;
    mix->parts[mix->parts_count++] = (struct mix_part){ (int)way->action, way->asset, quantity,
                                                        cost };
    mix->cost = reckon_add(&bench->reckoning, mix->cost, cost);
    return true;
}

/* A part that is not the last, which makes up for its rounding: all there is, or 12 digits, down to
 * the unit. */
static bool
do_part(struct bench *bench, struct way *way, double wanted, struct decimal limit, struct mix *mix)
{
    struct decimal quantity;
    struct deed deed;

    if (!decimal_is_none(limit) && wanted >= statistic_of(limit))
        quantity = limit;
    else if (!decimal_of_statistic(wanted, &quantity))
        return false;
    quantity.units -= quantity.units % way->unit.units;
    if (decimal_sign(quantity) == 0)
        return true;
    return way_do(bench, way, quantity, &deed) == REASON_NONE &&
           add_part(bench, way, quantity, deed.cost, mix);
}

/* The parts but the last as planned, and the last as much as is then needed. */
static bool
carry_out(struct bench *bench, const struct menu *menu, const struct plan *plan, struct mix *mix)
{
    struct decimal limit = DECIMAL_NONE;
    struct decimal quantity;
    struct decimal cost;

    *mix = (struct mix){ .cost = decimal_zero };
    for (size_t i = 0; i < menu->count; i++) {
        const struct option *option = &menu->options[i];
        if (option->way == plan->last)
            limit = option->limit;
        else if (!do_part(bench, option->way, plan->quantities[i], option->limit, mix))
            return false;
    }
    if (menu->sale && menu->sale != plan->last &&
        !do_part(bench, menu->sale, plan->sale, menu->sale->most, mix))
        return false;
    return way_settle(bench, plan->last, limit, &quantity, &cost) == REASON_NONE &&
           add_part(bench, plan->last, quantity, cost, mix) && mix->parts_count > 1;
}

/* Every leg that the ways touch. */
static void
note_all(struct bench *bench, const struct way *ways, size_t count, struct undo *undos)
{
    for (size_t i = 0; i < count; i++)
        if (ways[i].reason == REASON_NONE)
            way_note(bench, &ways[i], &undos[i]);
}

static void
undo_all(struct bench *bench, const struct way *ways, size_t count, const struct undo *undos)
{
    for (size_t i = 0; i < count; i++)
        if (ways[i].reason == REASON_NONE)
            way_undo(bench, &ways[i], &undos[i]);
}

/* Whether the gas of any two ways alone is no less than the bound. */
static bool
cannot_pay(const struct way *ways, size_t count, struct decimal bound)
{
    struct decimal least_gas = DECIMAL_NONE;
    struct decimal next_gas = DECIMAL_NONE;

    for (size_t i = 0; i < count; i++) {
        struct decimal gas = ways[i].gas;
        if (ways[i].reason != REASON_NONE)
            continue;
        if (decimal_is_none(least_gas) || decimal_compare(gas, least_gas) < 0) {
            next_gas = least_gas;
            least_gas = gas;
        } else if (decimal_is_none(next_gas) || decimal_compare(gas, next_gas) < 0) {
            next_gas = gas;
        }
    }
    return decimal_is_none(next_gas) ||
           (!decimal_is_none(bound) &&
            (decimal_compare(least_gas, bound) >= 0 || decimal_compare(next_gas, bound) >= 0 ||
             least_gas.units + next_gas.units >= bound.units));
}

bool
mix_find(struct bench *bench, struct way *ways, size_t ways_count, struct decimal bound,
         struct mix *mix)
{
    struct undo undos[WAYS_MAX];
    struct standing standing;
    bool is_found = false;

    if (cannot_pay(ways, ways_count, bound))
        return false;
    note_all(bench, ways, ways_count, undos);
    bench_standing(bench, &standing);
    for (int m = 0; m < MOMENTS_COUNT; m++) {
        struct menu menu;
        struct plan plan;
        struct mix found;
        if (standing.margins[m] >= 0)
            continue;
        open_menu(&menu, bench, ways, ways_count, (enum moment)m, -standing.margins[m]);
        best_plan(&menu, decimal_is_none(bound) ? REAL_INFINITY : statistic_of(bound), &plan);
        if (!plan.last)
            continue;
        if (carry_out(bench, &menu, &plan, &found) &&
            (decimal_is_none(bound) || decimal_compare(found.cost, bound) < 0)) {
            *mix = found;
            bound = found.cost;
            is_found = true;
        }
        undo_all(bench, ways, ways_count, undos);
    }
    return is_found;
}
