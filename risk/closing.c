/* Prices at which closing a position through the depth leaves nothing. */
#include "risk/closing.h"

#include "risk/elementary.h"
#include "risk/statistic.h"
#include "risk/sweep.h"

enum { DOUBLINGS_MAX = 120, ROUNDS_MAX = 100 };

static const double NARROW = 1e-13;

/* What the depth gives or takes for the whole quantity at its reference price, in double; false: it
 * cannot be traded there. */
static bool
trade(const struct depth *depth, double quantity, double *proceeds)
{
    struct sweep sweep;
    struct segment segment;

    sweep_open(&sweep, depth, SWEEP_ALL_VENUES);
    while (sweep_next(&sweep, &segment)) {
        double left = quantity - sweep.quantity;
        if (segment.quantity >= left * (1 - 1e-15)) {
            *proceeds = sweep.proceeds + segment_proceeds(&segment, left);
            return true;
        }
        sweep_pass(&sweep, &segment);
    }
    return false;
}

/* What is left of the position's closing at a price, less the obligation: it rises with the price.
 */
struct balance {
    const struct closing *closing;
    double quantity, obligation, fee_rate, penalty_rate;
    int sign;
};

static bool
balance_at(const struct balance *balance, double price, double *left)
{
    struct depth depth = *balance->closing->depth;
    double fees = 1 - balance->sign * balance->fee_rate;
    double penalty = balance->sign * balance->penalty_rate * balance->quantity * price;
    double proceeds;

    if (!decimal_of_rate(price, decimal_unit, ROUND_HALF_UP, &depth.reference) ||
        decimal_sign(depth.reference) <= 0 || !trade(&depth, balance->quantity, &proceeds))
        return false;
    *left = proceeds * fees - penalty - balance->obligation;
    return true;
}

/* False position with the standing end halved, every third time the middle. */
static bool
solve(const struct balance *balance, double low, double high, double *root)
{
    double left_low;
    double left_high;

    if (!balance_at(balance, low, &left_low) || !balance_at(balance, high, &left_high))
        return false;
    for (int i = 0; i < ROUNDS_MAX && high - low > NARROW * high; i++) {
        double middle = low + (high - low) / 2;
        double price = i % 3 == 2 ? middle : low - left_low * (high - low) / (left_high - left_low);
        double left;
        if (!(price > low && price < high))
            price = middle;
        if (!balance_at(balance, price, &left))
            return false;
        if (left < 0) {
            low = price;
            left_low = left;
            left_high /= 2;
        } else {
            high = price;
            left_high = left;
            left_low /= 2;
        }
    }
    *root = balance->sign > 0 ? high : low;
    return true;
}

/* From a guess outward, doubling, until the balance changes its sign. */
static enum reason
bracket_and_solve(const struct balance *balance, double guess, double *root)
{
    double other = guess;
    double left;
    double left_other;
    bool rises;

    if (!balance_at(balance, guess, &left))
        return REASON_DEPTH_EXHAUSTED;
    rises = left < 0;
    for (int i = 0; i < DOUBLINGS_MAX; i++) {
        guess = other;
        other = rises ? other * 1.25 : other / 1.25;
        if (!balance_at(balance, other, &left_other))
            return rises ? REASON_PENALTY_EXCEEDS_VALUE : REASON_DEPTH_EXHAUSTED;
        if ((left_other < 0) != rises)
            return solve(balance, rises ? guess : other, rises ? other : guess, root)
                       ? REASON_NONE
                       : REASON_DEPTH_EXHAUSTED;
    }
    return rises ? REASON_PENALTY_EXCEEDS_VALUE : REASON_NEVER;
}

/* What the position brings at the state's price, after fee and penalty: received down, paid up. */
static enum reason
value_now(const struct closing *closing, struct decimal *value)
{
    struct depth depth = *closing->depth;
    bool is_sale = depth.side == DEPTH_SELL;
    enum rounding against = is_sale ? ROUND_DOWN : ROUND_UP;
    struct decimal keep = { DECIMAL_ONE_UNITS +
                            (is_sale ? -closing->fee_rate.units : closing->fee_rate.units) };
    struct decimal penalty;
    struct walk walk;

    depth.reference = depth.price;
    depth.costs = NULL;
    depth.quote_unit = decimal_unit;
    if (!depth_walk(&depth, closing->quantity, &walk))
        return REASON_OVERFLOW;
    if (decimal_sign(walk.unfilled) != 0)
        return REASON_DEPTH_EXHAUSTED;
    if (!decimal_step(PRODUCT(walk.proceeds, keep), NOTHING, against, decimal_unit, value) ||
        !decimal_step(PRODUCT(closing->quantity, depth.price, closing->penalty_rate), NOTHING,
                      ROUND_UP, decimal_unit, &penalty))
        return REASON_OVERFLOW;
    if (!(is_sale ? decimal_subtract(*value, penalty, value) : decimal_add(*value, penalty, value)))
        return REASON_OVERFLOW;
    return decimal_sign(*value) > 0 ? REASON_NONE : REASON_PENALTY_EXCEEDS_VALUE;
}

static enum reason
price_with_pools(const struct closing *closing, double guess, enum rounding rounding,
                 struct decimal price_unit, struct decimal *price)
{
    struct balance balance = {
        .closing = closing,
        .quantity = statistic_of(closing->quantity),
        .obligation = statistic_of(closing->obligation),
        .fee_rate = statistic_of(closing->fee_rate),
        .penalty_rate = statistic_of(closing->penalty_rate),
        .sign = closing->depth->side == DEPTH_SELL ? 1 : -1,
    };
    enum reason reason;
    double root;

    reason = bracket_and_solve(&balance, guess, &root);
    if (reason == REASON_NONE && !decimal_of_rate(root, price_unit, rounding, price))
        reason = REASON_OVERFLOW;
    return reason;
}

enum reason
closing_price(const struct closing *closing, struct decimal price_unit, struct decimal *price)
{
    const struct depth *depth = closing->depth;
    struct asset_depth found = { NULL, (struct venue *)depth->venues, depth->venues_count };
    enum rounding rounding = depth->side == DEPTH_SELL ? ROUND_UP : ROUND_DOWN;
    struct decimal proportional;
    struct decimal value;
    enum reason reason;

    *price = DECIMAL_NONE;
    if (depth->venues_count == 0)
        return REASON_NO_DEPTH;
    if (decimal_sign(closing->obligation) <= 0)
        return REASON_NEVER;
    reason = value_now(closing, &value);
    if (reason != REASON_NONE)
        return reason;
    if (!decimal_step(PRODUCT(depth->price, closing->obligation), PRODUCT(value), rounding,
                      depth_model(&found) == DEPTH_PROPORTIONAL ? price_unit : decimal_unit,
                      &proportional))
        return REASON_OVERFLOW;
    if (depth_model(&found) != DEPTH_PROPORTIONAL)
        return price_with_pools(closing, statistic_of(proportional), rounding, price_unit, price);
    *price = proportional;
    return REASON_NONE;
}

double
closing_price_of_pool(double quantity, double obligation, double k, double fee_rate)
{
    double keep = quantity * (1 - fee_rate);
    double a = keep * obligation / real_sqrt(k);
    double root = (a + real_sqrt(a * a + 4 * keep * obligation)) / (2 * keep);

    return root * root;
}

double
maintenance_needed(const struct maintenance_need *need)
{
    return 1 - (1 - need->slippage_rate) * (1 - need->fee_rate) + need->penalty_rate +
           need->buffer_rate + need->gas_rate;
}
