/* What an optimum costs: the backstop's subsidy, the objective, and the largest slice under a cap.
 */
#include "risk/curve.h"
#include "risk/elementary.h"
#include "risk/normal.h"
#include "risk/optimum.h"
#include "risk/statistic.h"

/* The backstop's loss on a debt is never more than the debt. */
static const double BACKSTOP_RATE = 1;

/* Past 12 deviations nothing is left: 2e-33. */
static const double DEVIATIONS_MOST = 12;

/* The shortfall's integral over z, the sale that is needed being  needed e^(s z). */
struct integral {
    double needed, s;
    double base;     /* d / P */
    double from, to; /* 1 + L, and where the backstop takes over */
    double sum;
};

/* Gauss and Legendre's eight points on [-1, 1], the positive half. */
static const struct {
    double point, weight;
} gauss[] = {
    { 0.18343464249564980, 0.36268378337836198 },
    { 0.52553240991632899, 0.31370664587788729 },
    { 0.79666647741362674, 0.22238103445337447 },
    { 0.96028985649753623, 0.10122853629037626 },
};

static double
deviation_of(const struct integral *integral, double proceeds)
{
    if (proceeds <= 0)
        return -DEVIATIONS_MOST;
    return real_max(
        -DEVIATIONS_MOST,
        real_min(DEVIATIONS_MOST, (real_log(proceeds) - real_log(integral->needed)) / integral->s));
}

/* (Y(z) - from) phi(z) */
static double
integrand(const struct integral *integral, const struct piece *piece, double z)
{
    double needed = integral->needed * real_exp(integral->s * z);
    double incentive = piece_quantity(piece, needed) / integral->base;

    return (incentive - integral->from) * normal_density(z);
}

static double
panel(const struct integral *integral, const struct piece *piece, double low, double high)
{
    double middle = (low + high) / 2;
    double half = (high - low) / 2;
    double sum = 0;

    for (size_t i = 0; i < sizeof gauss / sizeof *gauss; i++)
        sum += gauss[i].weight * (integrand(integral, piece, middle - half * gauss[i].point) +
                                  integrand(integral, piece, middle + half * gauss[i].point));
    return sum * half;
}

/* A level: Y = alpha + beta e^(s z), which has a closed form. Tails are taken from above. */
static double
level_part(const struct integral *integral, const struct piece *piece, double low, double high)
{
    double price = piece->segment.net_end;
    double s = integral->s;
    double alpha = (piece->quantity - piece->proceeds / price) / integral->base;
    double beta = integral->needed / (price * integral->base);

    return (alpha - integral->from) * (normal_cdf(-low) - normal_cdf(-high)) +
           beta * real_exp(s * s / 2) * (normal_cdf(s - low) - normal_cdf(s - high));
}

static void
add_piece(struct integral *integral, const struct piece *piece, double low, double high)
{
    int panels_count = (int)(2 * (high - low)) + 1;
    double width = (high - low) / panels_count;

    if (piece->segment.is_level) {
        integral->sum += level_part(integral, piece, low, high);
        return;
    }
    for (int i = 0; i < panels_count; i++)
        integral->sum += panel(integral, piece, low + i * width, low + (i + 1) * width);
}

/* Between `from` and `to` piece by piece; what is beyond costs `to`. */
static double
integrate(struct integral *integral, const struct depth *depth, double price)
{
    struct curve curve;
    double last = -DEVIATIONS_MOST;

    curve_open(&curve, depth, price);
    while (curve_next(&curve) && !curve.piece.is_past_depth) {
        const struct piece *piece = &curve.piece;
        double start = real_max(piece->quantity, integral->from * integral->base);
        double end = real_min(piece_quantity_end(piece), integral->to * integral->base);
        double low;
        double high;
        if (end <= start)
            continue;
        low = deviation_of(integral, piece_proceeds(piece, start));
        high = deviation_of(integral, piece_proceeds(piece, end));
        if (high > low)
            add_piece(integral, piece, low, high);
        last = high;
        if (end >= integral->to * integral->base || high >= DEVIATIONS_MOST)
            break;
    }
    return integral->sum + (integral->to - integral->from) * normal_cdf(-last);
}

double
penalty_subsidy(const struct penalty_terms *terms, double rate)
{
    double price = terms->depth ? statistic_of(terms->depth->reference) : 1;
    double s = terms->volatility * real_sqrt(terms->execution_years);
    struct integral integral = {
        .needed = (terms->debt * (1 + terms->hurdle_rate) + terms->gas) * real_exp(s * s / 2),
        .s = s,
        .base = terms->debt / price,
        .from = 1 + rate,
        .to = 1 + rate + BACKSTOP_RATE,
    };
    struct piece piece;
    double quantity;

    if (s > 0)
        return integrate(&integral, terms->depth, price);
    quantity = curve_find(terms->depth, price, integral.needed, &piece);
    return real_max(0, real_min(quantity / integral.base, integral.to) - integral.from);
}

/* E[(K - A e^X)+] for K = 1 + L, A = 1 / LTV, without drift. */
static double
bad_debt_expected(const struct penalty_terms *terms, double rate)
{
    double s = terms->volatility * real_sqrt(terms->latency_years);
    double equity = terms->ltv > 0 ? 1 / terms->ltv : REAL_INFINITY;
    double u;

    if (!(equity < REAL_INFINITY))
        return 0;
    if (!(s > 0))
        return real_max(0, 1 + rate - equity);
    u = (real_log((1 + rate) / equity) + s * s / 2) / s;
    return (1 + rate) * normal_cdf(u) - equity * normal_cdf(u - s);
}

double
penalty_cost(const struct penalty_terms *terms, double rate)
{
    return penalty_subsidy(terms, rate) + terms->equity_weight * rate +
           terms->bad_debt_weight * bad_debt_expected(terms, rate);
}
