/* The account that is asked about, and a liquidator's wish. rules.md 1. */
#ifndef RISK_ACCOUNT_H
#define RISK_ACCOUNT_H

#include "record/record.h"

enum { LEGS_MAX = 64 };

struct leg  { const char *asset; struct decimal quantity; };                 /* >= 0 */
struct perp { const char *asset; struct decimal quantity, entry_price; };    /* signed; > 0 */

struct account {
    const char    *id;                            /* NULL where the caller gives none */
    const char    *category;                      /* e-mode; NULL: none */
    int64_t        opened_version;                /* of the parameters that it was opened under;
                                                   * INTEGER_NONE: those in force (edition.h) */
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

/* What a liquidator asks for; a member left out is chosen by the rules. Where both repay and seize
 * are given, seize counts. */
struct liquidator {
    const char    *collateral, *debt;             /* NULL: the largest leg by value */
    struct decimal repay, seize;                  /* none: as much as the rules allow */
    const char    *perp;                          /* close this one; NULL: that which needs most */
    struct decimal quantity;                      /* of the perp; none: by the close rule */
    struct decimal fill_price;                    /* none: through the depth, if there is any */
    struct decimal buy_with;                      /* a sale: pays so much debt, rules.md 4 */
};

extern const struct record account_record, liquidator_record;

#endif
