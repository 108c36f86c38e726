/* What a quantity of a way changes and costs. */
#include "risk/suggest_action.h"

#include <string.h>

static const struct slot cash_slot = { SLOT_CASH, 0 };

struct decimal
way_wallet(const struct bench *bench, const struct way *way)
{
    const struct account *account = bench->situation->account;
    struct decimal sum = decimal_zero;

    if (!way->needs_wallet)
        return DECIMAL_NONE;
    for (size_t i = 0; i < account->wallet_count; i++)
        if (!strcmp(account->wallet[i].asset, way->asset) &&
            !decimal_add(sum, account->wallet[i].quantity, &sum))
            sum.units = DECIMAL_MAX_UNITS;
    return sum;
}

void
way_note(struct bench *bench, const struct way *way, struct undo *undo)
{
    bench_note_sums(bench, undo->sums);
    bench_note(bench, way->slot, &undo->slot);
    if (way->trade == TRADE_NONE)
        return;
    bench_note(bench, way->other, &undo->other);
    bench_note(bench, cash_slot, &undo->cash);
}

void
way_undo(struct bench *bench, const struct way *way, const struct undo *undo)
{
    bench_put_sums(bench, undo->sums);
    bench_put(bench, &undo->slot);
    if (way->trade == TRADE_NONE)
        return;
    bench_put(bench, &undo->other);
    bench_put(bench, &undo->cash);
}

/* ceil(quantity * price * rate), to quote.unit. */
static struct decimal
cost_of(struct bench *bench, const struct way *way, struct decimal quantity, struct decimal rate)
{
    return reckon_step(&bench->reckoning, PRODUCT(quantity, way->price, rate), NOTHING, ROUND_UP,
                       bench->position.parameters->quote.unit);
}

/* What arrives after the token's own fee, which is rounded up. */
static struct decimal
delivered_of(struct bench *bench, const struct way *way, struct decimal quantity)
{
    struct decimal fee;

    if (decimal_sign(way->transfer_fee_rate) == 0)
        return quantity;
    fee = reckon_step(&bench->reckoning, PRODUCT(quantity, way->transfer_fee_rate), NOTHING,
                      ROUND_UP, way->unit);
    return reckon_subtract(&bench->reckoning, quantity, fee);
}

/* Proceeds become units of the other asset, down; what is left is less than a unit. */
static struct decimal
convert(struct bench *bench, const struct way *way, const struct walk *walk, struct deed *deed)
{
    deed->became = reckon_step(&bench->reckoning, PRODUCT(walk->proceeds),
                               PRODUCT(way->other_price), ROUND_DOWN, way->other_unit);
    deed->proceeds = walk->proceeds;
    deed->brought = reckon_add(&bench->reckoning, walk->proceeds, walk->rest);
    return deed->became;
}

/* Proceeds beyond the debt are cash. */
static void
repay_with(struct bench *bench, const struct way *way, const struct walk *walk, struct deed *deed)
{
    struct decimal owed = bench_quantity(bench, way->other);
    struct decimal repaid = convert(bench, way, walk, deed);
    struct decimal used;

    if (decimal_compare(repaid, owed) <= 0) {
        bench_raise(bench, way->other, decimal_negate(repaid));
        return;
    }
    deed->proceeds = deed->brought = deed->became = decimal_zero;
    used = reckon_multiply(&bench->reckoning, owed, way->other_price, ROUND_UP);
    bench_set(bench, way->other, decimal_zero);
    bench_raise(bench, cash_slot,
                greatest(decimal_zero, reckon_subtract(&bench->reckoning, walk->proceeds, used)));
}

/* Selling collateral: what it brings, where it goes. */
static void
sell(struct bench *bench, const struct way *way, struct decimal quantity, const struct walk *walk,
     struct deed *deed)
{
    bench_raise(bench, way->slot, decimal_negate(quantity));
    if (way->trade == TRADE_SELL_TO_REPAY && way->other.kind == SLOT_DEBT)
        repay_with(bench, way, walk, deed);
    else
        bench_raise(bench, way->other, convert(bench, way, walk, deed));
}

/* Buying a debt back: false where what pays does not suffice. */
static bool
buy_back(struct bench *bench, const struct way *way, struct decimal quantity, struct decimal paid)
{
    struct decimal given = reckon_step(&bench->reckoning, PRODUCT(paid), PRODUCT(way->other_price),
                                       ROUND_UP, way->other_unit);

    if (way->other.kind != SLOT_CASH &&
        decimal_compare(given, bench_quantity(bench, way->other)) > 0)
        return false;
    bench_raise(bench, way->slot, decimal_negate(quantity));
    bench_raise(bench, way->other, decimal_negate(given));
    return true;
}

/* Closing a part of a perp: its profit or loss, at the price that the depth gives, becomes cash. */
static void
close_perp(struct bench *bench, const struct way *way, struct decimal quantity,
           struct decimal proceeds)
{
    const struct position_perp *perp = &bench->position.perps[way->slot.leg];
    bool is_long = decimal_sign(perp->quantity) > 0;
    struct decimal entry = reckon_multiply(&bench->reckoning, quantity, perp->entry_price,
                                           is_long ? ROUND_UP : ROUND_DOWN);

    bench_raise(bench, way->slot, is_long ? decimal_negate(quantity) : quantity);
    bench_raise(bench, cash_slot,
                is_long ? reckon_subtract(&bench->reckoning, proceeds, entry)
                        : reckon_subtract(&bench->reckoning, entry, proceeds));
}

static int
do_trade(struct bench *bench, const struct way *way, struct decimal quantity, struct deed *deed)
{
    bool is_sale = way->depth.side == DEPTH_SELL;
    struct walk walk;
    struct decimal value;

    if (!depth_walk(&way->depth, quantity, &walk))
        return REASON_OVERFLOW;
    if (decimal_sign(walk.unfilled) > 0)
        return REASON_DEPTH_EXHAUSTED;
    switch (way->trade) {
    case TRADE_SELL_TO_REPAY:
    case TRADE_SELL_TO_HOLD:
        sell(bench, way, quantity, &walk, deed);
        break;
    case TRADE_BUY_TO_REPAY:
        if (!buy_back(bench, way, quantity, walk.proceeds))
            return REASON_INFEASIBLE;
        break;
    case TRADE_CLOSE_PERP:
        close_perp(bench, way, quantity, walk.proceeds);
        break;
    case TRADE_NONE:
        break;
    }
    value = reckon_step(&bench->reckoning, PRODUCT(quantity, way->price), NOTHING,
                        is_sale ? ROUND_UP : ROUND_DOWN, bench->position.parameters->quote.unit);
    deed->cost = is_sale ? reckon_subtract(&bench->reckoning, value, walk.proceeds)
                         : reckon_subtract(&bench->reckoning, walk.proceeds, value);
    return REASON_NONE;
}

/* Paying into the account or to its debts, or opening a hedge. */
static void
do_payment(struct bench *bench, const struct way *way, struct decimal quantity)
{
    struct decimal delivered = delivered_of(bench, way, quantity);

    if (way->repays && way->slot.kind == SLOT_DEBT)
        delivered = least(delivered, bench_quantity(bench, way->slot));
    bench_raise(bench, way->slot, way->repays ? decimal_negate(delivered) : delivered);
}

int
way_do(struct bench *bench, const struct way *way, struct decimal quantity, struct deed *deed)
{
    deed->proceeds = deed->brought = deed->became = decimal_zero;
    if (way->trade != TRADE_NONE) {
        int reason = do_trade(bench, way, quantity, deed);
        if (reason != REASON_NONE)
            return reason;
    } else {
        do_payment(bench, way, quantity);
        deed->cost = cost_of(bench, way, quantity, way->cost_rate);
    }
    deed->cost = reckon_add(&bench->reckoning, greatest(deed->cost, decimal_zero), way->gas);
    return bench->reckoning.overflow ? REASON_OVERFLOW : REASON_NONE;
}
