/* What a change of the rules does to many accounts: which become liquidatable, now and after a fall of
 * the market, and how their liquidation prices and penalties move. Pure: a caller reads the accounts,
 * lends the room, and adds what several threads found. */
#ifndef RISK_IMPACT_H
#define RISK_IMPACT_H

#include "risk/effective.h"
#include "risk/figures.h"
#include "risk/question.h"

enum {
    IMPACT_SHOCKS = 4, IMPACT_WORST_MAX = 20, IMPACT_QUANTILES = 9, IMPACT_ID_MAX = 64,
    IMPACT_ACCOUNTS_MAX = 100000
};

/* As the account's decision found the market, and as it is now. */
enum impact_state { IMPACT_RECORDED, IMPACT_LATEST, IMPACT_STATES };

/* 0, -0.1, -0.2, -0.3: of each asset whose volatility the state gives, by its beta in the document
 * before; where it gives none of the account's, of all that the account does not owe. A price stays
 * at 0. */
extern const struct decimal impact_shocks[IMPACT_SHOCKS];
/* 0 (the least), 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1 (the most) */
extern const struct decimal impact_quantiles[IMPACT_QUANTILES];

/* Both documents as they will hold in full: ramps of the activation to come are left out. */
struct impact_rules { const struct parameters *before, *after; int64_t now_us; };

/* One account in one state of its market, before and after. */
struct impact_values {
    bool           is_liquidatable[IMPACT_SHOCKS][2];
    struct decimal debt[IMPACT_SHOCKS], collateral[IMPACT_SHOCKS];    /* in the quote, before */
    struct decimal health_ratio[2];               /* without a shock; none: no debt */
    const char    *asset;                         /* the main risk asset before; NULL: none */
    struct decimal liquidation_price[2];
    struct decimal price_change;                  /* relative; > 0: nearer to the market; none */
    struct decimal penalty_rate[2], penalty_change;       /* after - before; none */
};

/* Of one thread; large, not initialised but for `rules`: rooms for either document under stress. */
struct impact_room {
    struct figures_room    figures[2];
    struct effective_room *rules[2];
};

/* The question's account and state; the rest of it does not count. False: under one of the documents
 * it cannot be valued (an asset is not there or has no price, or a figure does not fit). */
bool impact_value(const struct impact_rules *rules, const struct question *question,
                  struct impact_room *room, struct impact_values *out);

struct impact_tally {
    int64_t        liquidatable_before, liquidatable_after, newly_liquidatable, no_longer_liquidatable;
    struct decimal newly_debt, newly_collateral;          /* none: the sum does not fit */
};

struct impact_case {
    char           account[IMPACT_ID_MAX + 1], decision[IMPACT_ID_MAX + 1];
    char           asset[IMPACT_ID_MAX + 1];              /* empty: no liquidation price */
    size_t         shock;                                 /* the first at which the change makes it
                                                           * liquidatable; IMPACT_SHOCKS: none does */
    struct decimal debt, collateral, health_ratio[2], liquidation_price[2], penalty_rate[2];
};

struct impact_totals {
    int64_t             accounts[IMPACT_STATES], unvalued[IMPACT_STATES];
    struct impact_tally tallies[IMPACT_STATES][IMPACT_SHOCKS];
    struct impact_case  worst[IMPACT_WORST_MAX];          /* the worst first */
    size_t              worst_count;
};

void impact_totals_open(struct impact_totals *totals);
/* `values` NULL: it could not be valued. */
void impact_count(struct impact_totals *totals, enum impact_state state,
                  const struct impact_values *values);
/* Worse is: liquidatable at a smaller shock; then a larger debt, if at any; then a health ratio that
 * falls further; then the smaller decision's id, so that threads do not matter. */
void impact_rank(struct impact_totals *totals, const struct impact_values *values,
                 const char *account, const char *decision);
void impact_totals_add(struct impact_totals *totals, const struct impact_totals *other);

/* Sorts the samples, those that are none last, and takes the quantiles exactly: the least sample that
 * is not below a share q of them (nearest rank). Returns how many count; 0: all are none. */
size_t impact_quantiles_of(struct decimal *samples, size_t count,
                           struct decimal out[static IMPACT_QUANTILES]);

#endif
