/* The largest debt whose optimal penalty stays under a rate. */
#include "risk/curve.h"
#include "risk/elementary.h"
#include "risk/normal.h"
#include "risk/optimum.h"
#include "risk/statistic.h"

/* With q = d (1 + L) / P the condition at rate L is a line in the quantity:
 * R(q) >= slope q + start, as both what is needed and what is sold grow with the debt. */
struct line {
    double slope, start;
};

/* P(Y > 1+L) <= w at L = rate. */
static struct line
line_of(const struct penalty_terms *terms, double rate, double price)
{
    double s = terms->volatility * real_sqrt(terms->execution_years);
    double z = s > 0 ? -normal_quantile(terms->equity_weight) : 0;
    double factor = real_exp(s * s / 2 + z * s);

    return (struct line){ factor * (1 + terms->hurdle_rate) * price / (1 + rate),
                          factor * terms->gas };
}

/* The last quantity within a piece at which R - line is not negative, from `margin` at its start;
 * negative: there is none. A stretch: c k D^2 - B D - m = 0, B = x0^2 - c + m k, k = x0 / a. */
static double
crossing_within(const struct segment *segment, double slope, double margin)
{
    double k;
    double b;
    double square;

    if (segment->is_level)
        return margin < 0 || segment->net_end >= slope ? -1 : margin / (slope - segment->net_end);
    k = segment->x0 / segment->a;
    b = segment->x0 * segment->x0 - slope + margin * k;
    square = b * b + 4 * slope * k * margin;
    if (square < 0)
        return -1;
    return b < 0 && margin >= 0 ? 2 * margin / (real_sqrt(square) - b)
                                : (b + real_sqrt(square)) / (2 * slope * k);
}

/* R is concave, so what is not negative is one interval; its end is the answer, 0 if it is empty.
 */
static double
last_crossing(const struct depth *depth, double price, struct line line)
{
    struct curve curve;
    double reached = 0;

    curve_open(&curve, depth, price);
    while (curve_next(&curve) && !curve.piece.is_past_depth) {
        const struct piece *piece = &curve.piece;
        double margin = piece->proceeds - line.slope * piece->quantity - line.start;
        double crossing = crossing_within(&piece->segment, line.slope, margin);
        if (crossing >= 0 && crossing < piece->segment.quantity)
            return piece->quantity + crossing;
        if (!(piece->segment.quantity < REAL_INFINITY))
            return piece->segment.net_end >= line.slope && piece->segment.is_level ? REAL_INFINITY
                                                                                   : 0;
        reached = piece_quantity_end(piece);
    }
    return piece_proceeds(&curve.piece, reached) >= line.slope * reached + line.start ? reached : 0;
}

double
penalty_largest_slice(const struct penalty_terms *terms, double rate)
{
    double price = terms->depth ? statistic_of(terms->depth->reference) : 1;
    struct line line = line_of(terms, rate, price);

    return last_crossing(terms->depth, price, line) * price / (1 + rate);
}
