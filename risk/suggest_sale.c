/* Sales on the merged price curve of the venues. */
#include "risk/suggest_sale.h"

#include "risk/elementary.h"
#include "risk/sweep.h"

/* Of a segment, the quantity after which the relief has grown by `need`; infinite: not in this one.
 * A level: need / slope. A stretch, k = x0 / a:  value k D^2 - B D + need = 0,
 * B = s (weight x0^2 - value - need k), its smaller root. */
static double
quantity_relieving(const struct segment *segment, struct relief_terms terms, double need)
{
    double k;
    double b;
    double square;

    if (segment->is_level) {
        double slope = segment->sign * (terms.weight * segment->net_end - terms.value);
        return slope > 0 ? need / slope : REAL_INFINITY;
    }
    k = segment->x0 / segment->a;
    b = segment->sign * (terms.weight * segment->x0 * segment->x0 - terms.value - need * k);
    square = b * b - 4 * terms.value * k * need;
    if (b <= 0 || square < 0)
        return REAL_INFINITY;
    return 2 * need / (b + real_sqrt(square));
}

/* Of a stretch, the quantity until the net price is there (within the segment). */
static double
quantity_until(const struct segment *segment, double net_price)
{
    double x = real_sqrt(net_price);

    return segment->a * real_abs(segment->x0 - x) / (x * segment->x0);
}

static void
take(struct trade *trade, const struct segment *segment, double quantity)
{
    double x = segment->is_level ? 0 : segment_x(segment, quantity);

    trade->quantity += quantity;
    trade->proceeds += segment_proceeds(segment, quantity);
    trade->net_price = segment->is_level ? segment->net_end : x * x;
}

double
sale_relief(const struct depth *depth, struct relief_terms terms, const struct trade *trade)
{
    double relief = terms.weight * trade->proceeds - terms.value * trade->quantity;

    return depth->side == DEPTH_SELL ? relief : -relief;
}

/* How far the segment reaches for the purpose: its end, or the net price if that is in it. */
static double
reach_of(const struct segment *segment, double net_price)
{
    if ((segment->net_end - net_price) * segment->sign >= 0)
        return segment->quantity;
    return segment->is_level ? 0 : quantity_until(segment, net_price);
}

enum sale_end
sale_relieving(const struct depth *depth, struct relief_terms terms, double need, double most,
               struct trade *trade)
{
    double peak_price = terms.weight > 0 ? terms.value / terms.weight : REAL_INFINITY;
    struct sweep sweep;
    struct segment segment;

    *trade = (struct trade){ 0, 0, 0 };
    sweep_open(&sweep, depth, SWEEP_ALL_VENUES);
    while (sweep_next(&sweep, &segment)) {
        double missing = need - sale_relief(depth, terms, trade);
        double wanted = quantity_relieving(&segment, terms, missing);
        double reach = reach_of(&segment, peak_price);
        bool is_last = reach < segment.quantity;
        double part = real_min(wanted, reach);
        if (part > most - trade->quantity) {
            take(trade, &segment, most - trade->quantity);
            return SALE_PAST_MOST;
        }
        if (part > 0)
            take(trade, &segment, part);
        if (wanted <= reach)
            return SALE_FOUND;
        if (is_last)
            return SALE_PAST_PEAK;
        sweep_pass(&sweep, &segment);
    }
    return SALE_EXHAUSTED;
}

void
sale_until(const struct depth *depth, double net_price, double most, struct trade *trade)
{
    struct sweep sweep;
    struct segment segment;

    *trade = (struct trade){ 0, 0, 0 };
    sweep_open(&sweep, depth, SWEEP_ALL_VENUES);
    while (sweep_next(&sweep, &segment)) {
        double reach = reach_of(&segment, net_price);
        double part = real_min(reach, most - trade->quantity);
        if (part > 0)
            take(trade, &segment, part);
        if (part < segment.quantity)
            return;
        sweep_pass(&sweep, &segment);
    }
}
