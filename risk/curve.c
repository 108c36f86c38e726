/* What selling brings, R(q), as a row of pieces from the best price down, in double; and back. */
#include "risk/curve.h"

#include "risk/elementary.h"

void
curve_open(struct curve *curve, const struct depth *depth, double price)
{
    curve->price = price;
    curve->place = CURVE_BEGINS;
    if (depth && depth->venues_count > 0)
        sweep_open(&curve->sweep, depth, SWEEP_ALL_VENUES);
    else
        curve->sweep.depth = NULL;
}

/* The only piece of an endless depth, or what follows a finite one. */
static bool
end(struct curve *curve, double price)
{
    curve->place = CURVE_ENDED;
    curve->piece.fee_weight = 0;
    curve->piece.is_past_depth = price <= 0;
    curve->piece.segment = (struct segment){
        .is_level = true,
        .quantity = REAL_INFINITY,
        .proceeds = price > 0 ? REAL_INFINITY : 0,
        .net_end = price,
        .sign = 1,
    };
    return true;
}

bool
curve_next(struct curve *curve)
{
    struct sweep *sweep = &curve->sweep;
    struct piece *piece = &curve->piece;

    if (curve->place == CURVE_ENDED)
        return false;
    if (!sweep->depth) {
        *piece = (struct piece){ 0 };
        return end(curve, curve->price);
    }
    if (curve->place == CURVE_IN_DEPTH && !(piece->segment.quantity < REAL_INFINITY))
        return false;
    if (curve->place == CURVE_IN_DEPTH)
        sweep_pass(sweep, &piece->segment);
    curve->place = CURVE_IN_DEPTH;
    piece->quantity = sweep->quantity;
    piece->proceeds = sweep->proceeds;
    piece->fees = sweep->fees;
    piece->is_past_depth = false;
    if (!sweep_next(sweep, &piece->segment))
        return end(curve, 0);
    piece->fee_weight = piece->segment.is_level ? sweep->stops[piece->segment.venue].fee_weight
                                                : sweep->a_fees / sweep->a;
    return true;
}

double
piece_proceeds(const struct piece *piece, double quantity)
{
    return piece->proceeds + segment_proceeds(&piece->segment, quantity - piece->quantity);
}

double
piece_quantity(const struct piece *piece, double proceeds)
{
    return piece->quantity + segment_quantity(&piece->segment, proceeds - piece->proceeds);
}

double
piece_quantity_end(const struct piece *piece)
{
    return piece->quantity + piece->segment.quantity;
}

double
piece_proceeds_end(const struct piece *piece)
{
    return piece->proceeds + piece->segment.proceeds;
}

double
curve_find(const struct depth *depth, double price, double proceeds, struct piece *piece)
{
    struct curve curve;

    curve_open(&curve, depth, price);
    while (curve_next(&curve))
        if (piece_proceeds_end(&curve.piece) > proceeds) {
            *piece = curve.piece;
            return piece_quantity(piece, proceeds);
        }
    *piece = curve.piece;
    return REAL_INFINITY;
}

void
curve_at(const struct depth *depth, double price, double quantity, struct piece *piece)
{
    struct curve curve;

    curve_open(&curve, depth, price);
    while (curve_next(&curve) && piece_quantity_end(&curve.piece) <= quantity)
        continue;
    *piece = curve.piece;
}

/* Every second one goes, so that there is room. */
static void
thin(struct curve_record *record)
{
    for (size_t i = 1; 2 * i < record->pieces_count; i++)
        record->pieces[i] = record->pieces[2 * i];
    record->pieces_count = (record->pieces_count + 1) / 2;
    record->stride *= 2;
}

void
curve_record(const struct depth *depth, double price, double low, double high,
             struct curve_record *record)
{
    struct curve curve;
    size_t seen_count = 0;

    record->pieces_count = 0;
    record->stride = 1;
    curve_open(&curve, depth, price);
    while (curve_next(&curve) && (seen_count == 0 || curve.piece.quantity < high)) {
        if (piece_quantity_end(&curve.piece) <= low)
            continue;
        if (seen_count++ % record->stride != 0)
            continue;
        if (record->pieces_count == RECORD_PIECES_MAX)
            thin(record);
        if ((seen_count - 1) % record->stride == 0)
            record->pieces[record->pieces_count++] = curve.piece;
    }
}
