/* One way to meet the target: what a quantity of it changes, what it costs, and how much of it
 * does. For risk/suggest*.c. */
#ifndef RISK_SUGGEST_ACTION_H
#define RISK_SUGGEST_ACTION_H

#include "risk/depth.h"
#include "risk/suggest_bench.h"
#include "risk/suggest_sale.h"

enum { WAYS_MAX = 16, WALLET_NONE = -1 };

/* What a sale or purchase does to the account, beyond the depth. */
enum trade_kind {
    TRADE_NONE,
    TRADE_SELL_TO_REPAY,                /* collateral; proceeds beyond the debt are cash */
    TRADE_SELL_TO_HOLD,                 /* collateral, swapped for another */
    TRADE_BUY_TO_REPAY,                 /* a debt is bought back */
    TRADE_CLOSE_PERP
};

/* Amounts in units of `asset`, in multiples of its unit. */
struct way {
    enum action         action;
    const char         *asset;
    struct decimal      unit, price;              /* at the mark */
    int                 reason;                   /* why it cannot be done at all; REASON_NONE */
    struct slot         slot;                     /* what is changed first */
    bool                repays;                   /* the slot falls by it; else it grows */
    struct decimal      transfer_fee_rate;
    struct decimal      most;                     /* of debt, collateral, perp; none: no end */
    int                 wallet;                   /* row that it is taken from; WALLET_NONE */
    bool                needs_wallet;
    struct decimal      cost_rate;                /* of the value, >= 0 */
    struct decimal      gas;
    double              relief[MOMENTS_COUNT];    /* of a unit; of a trade: where it was found */
    enum trade_kind     trade;
    struct depth        depth;
    struct slot         other;                    /* what pays, or receives */
    struct decimal      other_price, other_unit;
    struct relief_terms terms[MOMENTS_COUNT];
    double              net_price;                /* of the trade's next unit, where found */
};

/* What a quantity did: what it costs; of a sale, its proceeds, those before they were rounded (where
 * the depth tells), and what of the other asset they became. */
struct deed { struct decimal cost, proceeds, brought, became; };

/* The ways of the bench's situation, the slots that they need added to the bench (before
 * bench_begin). */
size_t ways_open(struct bench *bench, struct way ways[static WAYS_MAX]);

/* The estimates of relief; after bench_begin. */
void way_value(struct bench *bench, struct way *way);

/* What the wallet has for it; none: it is not taken from a wallet. */
struct decimal way_wallet(const struct bench *bench, const struct way *way);

/* Changes the bench as the quantity does. A reason other than REASON_NONE:
 * it cannot be done (the depth ends, what pays does not suffice), and the bench is as before. */
int way_do(struct bench *bench, const struct way *way, struct decimal quantity, struct deed *deed);

/* The bench without the way: what of it may change, and the sums. Where several ways are done,
 * all are noted before the first and undone together. */
struct undo { struct leg_note slot, other, cash; struct sums_note sums[MOMENTS_COUNT]; };
void way_note(struct bench *bench, const struct way *way, struct undo *undo);
void way_undo(struct bench *bench, const struct way *way, const struct undo *undo);

/* The least quantity, at most `most` (none: no further bound), with which the bench as it stands
 * meets the target. REASON_NONE: it is done, and what it costs. Else why there is none, and nothing
 * is done. */
int way_settle(struct bench *bench, struct way *way, struct decimal most, struct decimal *quantity,
               struct decimal *cost);

#endif
