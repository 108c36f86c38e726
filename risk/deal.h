/* A pair's liquidation in the making, passed between its stages: close_size.c, dust.c and
 * liquidation.c. Nobody else's: the outside is risk/liquidation.h. */
#ifndef RISK_DEAL_H
#define RISK_DEAL_H

#include "risk/exchange.h"
#include "risk/liquidation.h"

struct deal {
    struct reckoning         reckoning;
    const struct position   *position;
    const struct valuation  *valuation;
    const struct parameters *parameters;
    const struct side       *debt, *collateral;
    const struct asset      *seized;              /* the collateral's rules */
    struct exchange          exchange;
    enum rounding            repay_rounding;
    enum dust_rule           dust_rule;           /* none where it is waived */
    bool                     is_raised;           /* dust lifts a short wish, not refuses it */
    struct decimal           asked, asked_seize;  /* the wish; none: whatever the rules allow */
    struct decimal           most, close_rate;
    struct decimal           repay, seize;
    enum limited_by          limited_by;
};

/* The most that may be repaid, cut to the slice, to the depth, and to the wish: most, close_rate,
 * asked, repay. */
enum liquidation_status deal_size(struct deal *deal, struct decimal depth_quantity);

/* Dust rule full, before the seizure: a leftover of the debt that is too small is repaid too. */
void deal_sweep_debt(struct deal *deal);

/* After the seizure: the collateral's dust, and the rules that refuse dust or leave a minimum. */
enum liquidation_status deal_settle_dust(struct deal *deal);

static inline struct decimal
deal_value(struct deal *deal, const struct side *side, struct decimal quantity,
           enum rounding rounding)
{
    return quote_value(&deal->reckoning, deal->parameters, quantity, side->price, rounding);
}

/* min(the debt, value / its price). */
static inline struct decimal
deal_debt_worth(const struct deal *deal, struct decimal value, enum rounding rounding)
{
    return quantity_worth(value, deal->debt->price, rounding, deal->debt->unit,
                          deal->debt->quantity);
}

/* What all of the collateral pays for. */
static inline struct decimal
deal_repay_for_all(const struct deal *deal)
{
    return exchange_repay(&deal->exchange, deal->collateral->quantity, deal->repay_rounding);
}

static inline bool
deal_leaves_debt(const struct deal *deal)
{
    return is_below(deal->repay, deal->debt->quantity);
}

static inline bool
deal_leaves_collateral(const struct deal *deal)
{
    return is_below(deal->seize, deal->collateral->quantity);
}

static inline struct decimal
side_left(const struct side *side, struct decimal taken)
{
    return (struct decimal){ side->quantity.units - taken.units };
}

#endif
