/* Collateral is credited at value / M, debts are paid in order, then the fee, then the borrower. */
#include "risk/account_liquidation.h"

/* A debt to be paid: a leg, or negative cash as the last. */
struct due { const char *name; struct decimal quantity, value, price, unit; };

/* While it is paid out. `left`: what has arrived and is not spent. */
struct payout {
    struct reckoning        reckoning;
    const struct position  *position;
    const struct valuation *valuation;
    struct decimal          unit;                 /* of the quote */
    struct decimal          left;
    struct account_outcome *out;
};

static size_t
dues_count(const struct position *position)
{
    return position->debt_count + (decimal_sign(position->cash) < 0);
}

static struct due
due_of(const struct position *position, const struct valuation *valuation, size_t i)
{
    const struct quote *quote = &position->parameters->quote;

    if (i == position->debt_count) {
        struct decimal owed = decimal_negate(position->cash);
        return (struct due){ quote->asset, owed, owed, decimal_one, quote->unit };
    }
    const struct position_leg *leg = &position->debt[i];
    const struct position_asset *owed = &position->assets[leg->asset];
    return (struct due){ owed->asset.name, leg->quantity, valuation->debt[i], owed->price,
                         owed->asset.unit };
}

/* sum floor(value / M) */
static struct decimal
credit_of(struct payout *payout, struct decimal optimal_rate)
{
    const struct position *position = payout->position;
    struct decimal credit = decimal_zero;

    for (size_t i = 0; i < position->collateral_count; i++) {
        struct multiplier m = health_multiplier_outside_window(position, &payout->valuation->health,
                                                               position->collateral[i].asset,
                                                               optimal_rate);
        struct decimal value = payout->valuation->collateral[i];
        reckon_sum(&payout->reckoning, &credit,
                   reckon_step(&payout->reckoning, PRODUCT(value, m.denominator),
                               PRODUCT(m.numerator), ROUND_DOWN, payout->unit));
    }
    return credit;
}

/* What is left of a payment on its way: 1 less the highest transfer fee among the debts. */
static struct decimal
arriving_rate(const struct position *position)
{
    struct decimal kept = decimal_zero;

    for (size_t i = 0; i < position->debt_count; i++)
        kept = greatest(kept, position->assets[position->debt[i].asset].asset.transfer_fee_rate);
    return (struct decimal){ DECIMAL_ONE_UNITS - kept.units };
}

static void
pay(struct payout *payout, const struct due *due)
{
    struct account_outcome *out = payout->out;
    struct decimal affordable = due->quantity;
    bool fits = true;

    if (decimal_sign(due->price) > 0)
        fits = decimal_step(PRODUCT(payout->left), PRODUCT(due->price), ROUND_DOWN, due->unit,
                            &affordable);
    if (!fits)                                    /* more than any debt, and than any amount */
        affordable = due->quantity;
    out->paid[out->paid_count++] = (struct amount){ due->name, least(affordable, due->quantity) };
    out->surplus_amount = (struct amount){ due->name, decimal_zero };
    if (is_below(affordable, due->quantity)) {
        struct decimal missing = { due->quantity.units - affordable.units };
        out->bad_debts[out->bad_debts_count++] = (struct amount){ due->name, missing };
        reckon_sum(&payout->reckoning, &out->bad_debt,
                   reckon_step(&payout->reckoning, PRODUCT(missing, due->price), NOTHING, ROUND_UP,
                               payout->unit));
        payout->left = decimal_zero;
        return;
    }
    out->surplus_amount.quantity = fits
                                 ? (struct decimal){ affordable.units - due->quantity.units }
                                 : DECIMAL_NONE;
    payout->left = greatest(reckon_subtract(&payout->reckoning, payout->left, due->value),
                            decimal_zero);
}

/* Of the whole: out of what the debts left; of the bonus: out of the bonus. */
static void
take_fee(struct payout *payout, struct decimal arrived, struct decimal arriving)
{
    const struct split *split = &payout->position->parameters->split;
    struct account_outcome *out = payout->out;
    struct reckoning *reckoning = &payout->reckoning;
    bool is_of_whole = split->protocol_of == SPLIT_OF_WHOLE;
    struct decimal base = is_of_whole ? payout->valuation->health.collateral : out->bonus;
    struct decimal fee = reckon_step(reckoning, PRODUCT(base, split->protocol_rate), NOTHING,
                                     ROUND_DOWN, payout->unit);
    struct decimal used = reckon_subtract(reckoning, arrived, payout->left);

    out->fee = is_of_whole ? least(fee, payout->left) : fee;
    if (is_of_whole)
        reckon_sum(reckoning, &used, out->fee);
    out->gross = out->credit;
    if (decimal_compare(used, arrived) != 0)
        out->gross = least(out->credit, reckon_step(reckoning, PRODUCT(used), PRODUCT(arriving),
                                                    ROUND_UP, payout->unit));
    out->surplus = reckon_subtract(reckoning, out->credit, out->gross);
}

enum liquidation_status
account_liquidate(const struct position *position, const struct valuation *valuation,
                  struct decimal optimal_rate, struct account_outcome *out)
{
    struct payout payout = { .position = position, .valuation = valuation,
                             .unit = position->parameters->quote.unit, .out = out };
    struct decimal arriving = arriving_rate(position);
    struct decimal arrived;
    size_t dues = dues_count(position);

    if (dues == 0)
        return LIQUIDATION_NO_DEBT;
    *out = (struct account_outcome){ .surplus_amount = { NULL, DECIMAL_NONE } };
    out->credit = credit_of(&payout, optimal_rate);
    out->bonus = reckon_subtract(&payout.reckoning, valuation->health.collateral, out->credit);
    arrived = reckon_step(&payout.reckoning, PRODUCT(out->credit, arriving), NOTHING, ROUND_DOWN,
                          payout.unit);
    payout.left = arrived;
    for (size_t i = 0; i < dues; i++) {
        struct due due = due_of(position, valuation, i);
        pay(&payout, &due);
    }
    take_fee(&payout, arrived, arriving);
    if (payout.reckoning.overflow)
        return LIQUIDATION_OVERFLOW;
    return position->collateral_count > 0 ? LIQUIDATION_COMPUTED : LIQUIDATION_NO_COLLATERAL;
}
