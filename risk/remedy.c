/* What a holder can do before a liquidation: single actions. */
#include "risk/remedy.h"

#include "risk/curve.h"
#include "risk/elementary.h"
#include "risk/statistic.h"

struct linear_remedy
remedy_add_collateral(const struct remedy_terms *terms, double most)
{
    return (struct linear_remedy){
        .relief = terms->threshold * terms->stress_price,
        .cost = terms->price * terms->capital_rate * terms->horizon_years,
        .gas = terms->gas,
        .most = most,
    };
}

struct linear_remedy
remedy_add_stable(const struct remedy_terms *terms, double threshold, double most)
{
    return (struct linear_remedy){
        .relief = threshold,
        .cost = terms->capital_rate * terms->horizon_years,
        .gas = terms->gas,
        .most = most,
    };
}

struct linear_remedy
remedy_repay(const struct remedy_terms *terms, double borrow_rate, double most)
{
    return (struct linear_remedy){
        .relief = terms->target_health,
        .cost = real_max(0, (terms->capital_rate - borrow_rate) * terms->horizon_years),
        .gas = terms->gas,
        .most = most,
    };
}

struct linear_remedy
remedy_hedge(const struct remedy_terms *terms, double fee_rate)
{
    return (struct linear_remedy){
        .relief = terms->price - terms->stress_price,
        .cost = terms->price * fee_rate,
        .most = REAL_INFINITY,
    };
}

struct sale_remedy
remedy_reduce(const struct remedy_terms *terms, const struct depth *depth, double most)
{
    return (struct sale_remedy){
        .depth = depth,
        .price = terms->price,
        .kappa = terms->threshold * terms->stress_price,
        .weight = terms->target_health,
        .gas = terms->gas,
        .most = most,
    };
}

struct sale_remedy
remedy_swap(const struct remedy_terms *terms, const struct depth *depth, double stable_threshold,
            double most)
{
    struct sale_remedy sale = remedy_reduce(terms, depth, most);

    sale.weight = stable_threshold;
    return sale;
}

bool
remedy_linear(const struct linear_remedy *action, double need, struct remedy *remedy)
{
    double quantity = action->relief > 0 ? need / action->relief : REAL_INFINITY;
    bool suffices = quantity < REAL_INFINITY && quantity <= action->most;

    quantity = suffices ? quantity : action->relief > 0 ? action->most : 0;
    *remedy = (struct remedy){
        .quantity = quantity,
        .cost = real_max(0, quantity * action->cost) + (quantity > 0 ? action->gas : 0),
        .relief = quantity * action->relief,
    };
    return suffices;
}

static struct remedy
sold(const struct sale_remedy *sale, double quantity, double proceeds)
{
    return (struct remedy){
        .quantity = quantity,
        .cost = real_max(0, quantity * sale->price - proceeds) + (quantity > 0 ? sale->gas : 0),
        .relief = sale->weight * proceeds - sale->kappa * quantity,
        .proceeds = proceeds,
    };
}

/* Of a piece, the first part that relieves `need` more. A stretch: kappa k D^2 - B D + need = 0
 * with k = x0 / a, B = weight x0^2 - kappa - need k; the smaller root. Infinite: it never does. */
static double
relieve_within(const struct sale_remedy *sale, const struct segment *segment, double need)
{
    double k;
    double b;
    double square;

    if (segment->is_level) {
        double rate = sale->weight * segment->net_end - sale->kappa;
        return rate > 0 ? need / rate : REAL_INFINITY;
    }
    k = segment->x0 / segment->a;
    b = sale->weight * segment->x0 * segment->x0 - sale->kappa - need * k;
    square = b * b - 4 * sale->kappa * k * need;
    return b > 0 && square >= 0 ? 2 * need / (b + real_sqrt(square)) : REAL_INFINITY;
}

/* Of a piece, the part whose net price is still at least `net`. */
static double
down_to_within(const struct segment *segment, double net)
{
    double x = real_sqrt(net);

    if (segment->is_level)
        return segment->net_end >= net ? segment->quantity : 0;
    if (x <= segment->x1)
        return segment->quantity;
    return x < segment->x0 ? segment->a * (1 / x - 1 / segment->x0) : 0;
}

/* Sells while the net price is above `net`, up to what relieves `need`, and up to sale->most. */
static struct remedy
sell(const struct sale_remedy *sale, double net, double need)
{
    struct curve curve;

    curve_open(&curve, sale->depth, sale->price);
    while (curve_next(&curve)) {
        const struct piece *piece = &curve.piece;
        double relief = sale->weight * piece->proceeds - sale->kappa * piece->quantity;
        double part = piece->is_past_depth ? 0 : down_to_within(&piece->segment, net);
        part = real_min(part, relieve_within(sale, &piece->segment, real_max(0, need - relief)));
        part = real_min(part, real_max(0, sale->most - piece->quantity));
        if (!(part >= piece->segment.quantity))
            return sold(sale, piece->quantity + part,
                        piece->proceeds + segment_proceeds(&piece->segment, part));
    }
    return sold(sale, curve.piece.quantity, curve.piece.proceeds);
}

/* Beyond the price kappa / weight every further sale takes relief away. */
bool
remedy_sale(const struct sale_remedy *sale, double need, struct remedy *remedy)
{
    if (!(sale->weight > 0)) {
        *remedy = (struct remedy){ 0 };
        return need <= 0;
    }
    *remedy = sell(sale, sale->kappa / sale->weight, need);
    return remedy->relief >= need * (1 - 1e-12);
}

struct remedy
remedy_sale_down_to(const struct sale_remedy *sale, double net, double need)
{
    return sell(sale, real_max(net, sale->kappa / sale->weight), need);
}

double
remedy_expected_loss(double probability, double loss_rate, double debt)
{
    return probability * loss_rate * debt;
}
