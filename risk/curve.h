/* What selling brings, R(q), as a row of pieces from the best price down, in double; and back. */
#ifndef RISK_CURVE_H
#define RISK_CURVE_H

#include "risk/sweep.h"

/* From (quantity, proceeds) on. The last piece of a finite depth has no end and brings nothing more.
 * fees: proceeds * f / (1 - f), summed over what was sold before; fee_weight: f / (1 - f) within. */
struct piece {
    double         quantity, proceeds, fees, fee_weight;
    struct segment segment;
    bool           is_past_depth;
};

struct curve {
    struct sweep sweep;
    struct piece piece;
    double       price;             /* of endless depth, where there are no venues */
    enum { CURVE_BEGINS, CURVE_IN_DEPTH, CURVE_ENDED } place;
};

/* `depth` is a sale; NULL or without venues: endless at `price`. */
void curve_open(struct curve *curve, const struct depth *depth, double price);

/* The next piece, in curve->piece; false: the one before had no end. */
bool curve_next(struct curve *curve);

/* Within a piece, from its start to its end. */
double piece_proceeds(const struct piece *piece, double quantity);
double piece_quantity(const struct piece *piece, double proceeds);

/* Where it ends; may be infinite. */
double piece_quantity_end(const struct piece *piece);
double piece_proceeds_end(const struct piece *piece);

/* The quantity that brings so much, and the piece in which it lies; past the depth: infinite. */
double curve_find(const struct depth *depth, double price, double proceeds, struct piece *piece);

/* The piece that holds a quantity. */
void curve_at(const struct depth *depth, double price, double quantity, struct piece *piece);

/* The pieces that lie, or partly lie, between two quantities: the first holds `low`. Of too many
 * only each `stride`-th is kept. */
enum { RECORD_PIECES_MAX = 128 };

struct curve_record {
    struct piece pieces[RECORD_PIECES_MAX];
    size_t       pieces_count, stride;
};

void curve_record(const struct depth *depth, double price, double low, double high,
                  struct curve_record *record);

#endif
