/* The optimal liquidation penalty: the root of its first-order condition over any depth. */
#include "risk/optimum.h"

#include "risk/curve.h"
#include "risk/elementary.h"
#include "risk/normal.h"
#include "risk/statistic.h"

static const double RATE_LEAST = -0.5;

/* Term 3 with less than this part of the weight of the equity moves the root by less than 1e-13. */
static const double NEGLIGIBLE = 1e-12;

/* How closely the root is bracketed, in parts of the quantity. */
static const double NARROW = 1e-13;

enum { ROUNDS_MAX = 100 };

/* P(N(0,1) s > difference), s = 0 included: then what is certain. */
static double
probability_above(double difference, double s)
{
    if (s > 0)
        return normal_cdf(-difference / s);
    return difference < 0 ? 1 : 0;
}

/* What G is made of, in logarithms: ln(d (1+g) e^-m) for the sale, ln(1/LTV) + m' for the equity.
 */
struct condition {
    const struct penalty_terms *terms;
    double log_needed, s;
    double log_equity, s_latency;
};

static struct condition
condition_of(const struct penalty_terms *terms)
{
    double variance = terms->volatility * terms->volatility;
    double incentive = terms->debt * (1 + terms->hurdle_rate) + terms->gas;

    return (struct condition){
        .terms = terms,
        .log_needed = real_log(incentive) + variance * terms->execution_years / 2,
        .s = terms->volatility * real_sqrt(terms->execution_years),
        .log_equity = (terms->ltv > 0 ? -real_log(terms->ltv) : REAL_INFINITY) -
                      variance * terms->latency_years / 2,
        .s_latency = terms->volatility * real_sqrt(terms->latency_years),
    };
}

/* P(e^X' / LTV < 1 + L) */
static double
bad_debt_probability(const struct condition *condition, double rate)
{
    if (condition->terms->ltv <= 0)
        return 0;
    return probability_above(condition->log_equity - real_log1p(rate), condition->s_latency);
}

/* G(L), L being sold for `proceeds`. */
static double
slope_at(const struct condition *condition, double rate, double proceeds)
{
    double b = condition->terms->bad_debt_weight;
    double unmet = probability_above(real_log(proceeds) - condition->log_needed, condition->s);

    return condition->terms->equity_weight - unmet +
           (b > 0 ? b * bad_debt_probability(condition, rate) : 0);
}

/* d (1+g) e^(-m + z s): what a sale must bring at the reference price to pay with probability
 * 1 - weight; 0 where any will do. */
static double
needed_proceeds(const struct condition *condition, double weight)
{
    if (weight >= 1)
        return 0;
    return real_exp(condition->log_needed +
                    (condition->s > 0 ? -normal_quantile(weight) * condition->s : 0));
}

/* Where G changes its sign, as quantities: G(low) < 0 <= G(high). */
struct span {
    double low, high;
};

/* Where the sale ends, and the piece of the curve it ends in. */
struct root {
    double quantity;
    struct piece piece;
};

static double
slope_within(const struct condition *condition, const struct piece *piece, double base,
             double quantity)
{
    return slope_at(condition, quantity / base - 1, piece_proceeds(piece, quantity));
}

/* Within one piece: the false position, the slope of an end that stands halved (Illinois); every
 * third time the middle, because without volatility G is a step. */
static double
solve_within(const struct condition *condition, const struct piece *piece, double base,
             struct span span)
{
    double slope_low = slope_within(condition, piece, base, span.low);
    double slope_high = slope_within(condition, piece, base, span.high);

    for (int i = 0; i < ROUNDS_MAX && span.high - span.low > NARROW * span.high; i++) {
        double width = span.high - span.low;
        double quantity = span.low + width / 2;
        double slope;
        if (i % 3 != 2 && slope_low < 0 && slope_high > slope_low)
            quantity = span.low - slope_low * width / (slope_high - slope_low);
        if (!(quantity > span.low && quantity < span.high))
            quantity = span.low + width / 2;
        slope = slope_within(condition, piece, base, quantity);
        if (slope < 0) {
            span.low = quantity;
            slope_low = slope;
            slope_high /= 2;
        } else {
            span.high = quantity;
            slope_high = slope;
            slope_low /= 2;
        }
    }
    return span.high;
}

/* The piece in which G changes its sign, by halving over those that were recorded. */
static size_t
piece_of_root(const struct condition *condition, const struct curve_record *record, double base)
{
    size_t low = 0;
    size_t high = record->pieces_count;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        const struct piece *piece = &record->pieces[middle];
        if (slope_within(condition, piece, base, piece->quantity) < 0)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Each recording of the pieces within the bracket is thinned to what there is room for; halving
 * leaves the bracket a stride wide, until no piece was left out. */
static struct root
solve(const struct condition *condition, double base, struct span span)
{
    const struct penalty_terms *terms = condition->terms;
    struct curve_record record = { .stride = 2 };
    size_t at = 0;

    for (int i = 0; i < ROUNDS_MAX && record.stride > 1; i++) {
        curve_record(terms->depth, terms->debt / base, span.low, span.high, &record);
        at = piece_of_root(condition, &record, base);
        if (at > 0)
            span.low = record.pieces[at].quantity;
        if (at + 1 < record.pieces_count)
            span.high = record.pieces[at + 1].quantity;
    }
    return (struct root){ solve_within(condition, &record.pieces[at], base, span),
                          record.pieces[at] };
}

static struct root
root_at(const struct penalty_terms *terms, double base, double quantity)
{
    struct root root = { .quantity = quantity };

    curve_at(terms->depth, terms->debt / base, quantity, &root.piece);
    return root;
}

/* Where the root with term 3 cannot lie below. At the root P(Y > 1+L) = w + b P(bad debt), and the
 * latter is at most what it is at the root without term 3, `plain`. */
static struct root
least_root(const struct condition *condition, double base, const struct root *plain)
{
    const struct penalty_terms *terms = condition->terms;
    double weight =
        terms->equity_weight +
        terms->bad_debt_weight * bad_debt_probability(condition, plain->quantity / base - 1);
    double needed = needed_proceeds(condition, weight);
    struct root root;

    root.quantity = curve_find(terms->depth, terms->debt / base, needed, &root.piece);
    if (root.quantity >= base * (1 + RATE_LEAST) && root.quantity <= plain->quantity)
        return root;
    return root_at(terms, base, base * (1 + RATE_LEAST));
}

/* The root with term 3, which is not above the one without. */
static struct root
with_bad_debt(const struct condition *condition, double base, struct root plain)
{
    const struct penalty_terms *terms = condition->terms;
    struct root least;
    struct span span;

    if (terms->bad_debt_weight * bad_debt_probability(condition, plain.quantity / base - 1) <=
        NEGLIGIBLE * terms->equity_weight)
        return plain;
    if (plain.quantity >= base * (1 + PENALTY_RATE_MOST) &&
        slope_within(condition, &plain.piece, base, plain.quantity) < 0)
        return plain;
    least = least_root(condition, base, &plain);
    if (slope_within(condition, &least.piece, base, least.quantity) >= 0)
        return least;
    span = (struct span){ least.quantity, plain.quantity };
    if (least.piece.quantity < plain.piece.quantity)
        return solve(condition, base, span);
    plain.quantity = solve_within(condition, &plain.piece, base, span);
    return plain;
}

/* Of  1 + L0 = kappa + fee + slippage,  L0 being the root without term 3: what pays kappa d loses
 * the fee, and the rest to the depth. Past the depth all of it is sold. */
static void
take_apart(const struct penalty_terms *terms, double kappa, double plain_rate,
           const struct piece *piece, struct optimum *optimum)
{
    double proceeds = real_min(kappa * terms->debt, piece_proceeds_end(piece));
    double fees = piece->fees + piece->fee_weight * (proceeds - piece->proceeds);

    optimum->hurdle = terms->hurdle_rate;
    optimum->gas = terms->gas / terms->debt;
    optimum->volatility = kappa - 1 - optimum->hurdle - optimum->gas;
    optimum->fee = proceeds > 0 ? kappa * fees / proceeds : 0;
    optimum->slippage = plain_rate + 1 - kappa - optimum->fee;
    optimum->bad_debt = optimum->rate - plain_rate;
}

void
penalty_optimum(const struct penalty_terms *terms, struct optimum *optimum)
{
    struct condition condition = condition_of(terms);
    double price = terms->depth ? statistic_of(terms->depth->reference) : 1;
    double base = terms->debt / price;
    double needed = needed_proceeds(&condition, terms->equity_weight);
    struct piece found;
    double quantity = curve_find(terms->depth, price, needed, &found);
    struct root plain = { quantity, found };
    struct root root;

    if (!(quantity <= base * (1 + PENALTY_RATE_MOST)))
        plain = root_at(terms, base, base * (1 + PENALTY_RATE_MOST));
    if (quantity < base * (1 + RATE_LEAST))
        plain = root_at(terms, base, base * (1 + RATE_LEAST));
    root = terms->bad_debt_weight > 0 ? with_bad_debt(&condition, base, plain) : plain;
    optimum->rate = root.quantity / base - 1;
    optimum->is_depth_infeasible = !(quantity < REAL_INFINITY);
    take_apart(terms, needed / terms->debt, plain.quantity / base - 1, &found, optimum);
    optimum->proceeds_slippage =
        1 - piece_proceeds(&root.piece, root.quantity) / (root.quantity * price);
}

double
penalty_ltv_most(const struct penalty_terms *terms, double rate, double quantile)
{
    double s = terms->volatility * real_sqrt(terms->latency_years);

    return real_exp(-s * s / 2 - quantile * s) / (1 + rate);
}
