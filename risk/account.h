/* The account that is asked about, and a liquidator's wish. rules.md 1, contract.md (The request). */
#ifndef RISK_ACCOUNT_H
#define RISK_ACCOUNT_H

#include "record/record.h"

enum { LEGS_MAX = 64 };

struct leg  { const char *asset; struct decimal quantity; };                       /* quantity >= 0 */
struct perp { const char *asset; struct decimal quantity, entry_price; };          /* quantity signed, entry > 0 */

struct account {
    const char    *id;                            /* NULL where the caller gives none */
    const char    *category;                      /* e-mode; NULL: none */
    struct decimal cash;                          /* signed, in the quote */
    struct leg    *collateral;
    size_t         collateral_count;
    struct leg    *debt;                          /* in order of seniority */
    size_t         debt_count;
    struct perp   *perps;
    size_t         perps_count;
    struct leg    *wallet;                        /* what the holder could add or repay with */
    size_t         wallet_count;
};

/* What a liquidator asks for; a member left out is chosen by the rules. Of repay and seize at most one. */
struct liquidator {
    const char    *collateral, *debt;             /* NULL: the largest leg by value */
    struct decimal repay, seize;                  /* none: as much as the rules allow */
    const char    *perp;                          /* close this perp instead of seizing collateral */
    struct decimal quantity;                      /* of the perp; none: by the close rule */
    struct decimal fill_price;                    /* of the perp's close; none: through the depth, if there is any */
    struct decimal buy_with;                      /* rules.md 4, sale(pay): a buyer of seized collateral pays this much debt */
};

extern const struct record account_record, liquidator_record;

#endif
