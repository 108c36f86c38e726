/* The account under trial: legs are changed and put back, and its standing against the target is
 * known at once, because only what was changed is valued again. For risk/suggest*.c. */
#ifndef RISK_SUGGEST_BENCH_H
#define RISK_SUGGEST_BENCH_H

#include "risk/situation.h"

enum moment { MOMENT_MARK, MOMENT_STRESS, MOMENTS_COUNT };

enum slot_kind { SLOT_CASH, SLOT_COLLATERAL, SLOT_DEBT, SLOT_PERP };
struct slot { enum slot_kind kind; size_t leg; };

/* What a leg puts into the figures of one moment. */
struct effect { struct decimal value, support, requirement, profit, maintenance, fee; };

/* A leg and the sums as they stand, to be put back. */
struct leg_note {
    struct slot slot;
    struct decimal quantity;
    struct effect effects[MOMENTS_COUNT];
};
struct sums_note { struct decimal support, requirement, debt, bare; };

struct bench {
    const struct situation *situation;
    struct position  position;                    /* at the mark; legs may be added, with 0 */
    struct valuation valuations[MOMENTS_COUNT];   /* of the position as it stands */
    struct decimal   prices[MOMENTS_COUNT][ASSETS_MAX];
    struct decimal   bare[MOMENTS_COUNT];         /* requirement without the reward */
    size_t           main;                        /* the main asset */
    bool             is_long;                     /* a fall liquidates */
    struct decimal   volatility;                  /* of the main asset; none: there is no stress */
    struct decimal   target_health;
    size_t           own_perps_count;             /* before legs were added */
    struct reckoning reckoning;
};

/* How the account stands. margins: support - requirement under stress, support - target_health *
 * requirement at the mark, in the quote; the target is met where neither is below 0 (under stress,
 * with at_or_below: above 0). The stress is left out where it is not known. */
struct standing { bool met; double margins[MOMENTS_COUNT]; };

/* False: the account has no main asset with a price. Copies the position; legs are added before
 * bench_begin values everything. */
bool bench_open(struct bench *bench, const struct situation *situation);
bool bench_begin(struct bench *bench);            /* false: overflow */

/* The largest collateral leg of the asset, or a new one of 0; a new perp of 0, entered at the mark.
 * False: there is no room. */
bool bench_collateral(struct bench *bench, size_t asset, struct slot *slot);
bool bench_new_perp(struct bench *bench, size_t asset, struct slot *slot);

struct decimal bench_quantity(const struct bench *bench, struct slot slot);
void bench_set(struct bench *bench, struct slot slot, struct decimal quantity);
void bench_raise(struct bench *bench, struct slot slot, struct decimal by);   /* may be below 0 */

/* Putting all legs back that were changed since, and the sums, is as if nothing had been. */
void bench_note(struct bench *bench, struct slot slot, struct leg_note *note);
void bench_note_sums(const struct bench *bench, struct sums_note sums[static MOMENTS_COUNT]);
void bench_put(struct bench *bench, const struct leg_note *note);
void bench_put_sums(struct bench *bench, const struct sums_note sums[static MOMENTS_COUNT]);

/* The liquidation price is not just the root of the health's own figures, and is looked at beside
 * them: not beyond the stress price. */
bool bench_is_priced_apart(const struct bench *bench);

void bench_standing(struct bench *bench, struct standing *standing);

/* The figures of the account as it stands; an account without a liquidation price in the main
 * asset's direction is never touched. */
void bench_after(struct bench *bench, struct after *after);

/* Debts and perps of the main asset, at the mark: what a liquidation is in proportion to. */
struct decimal bench_burden(struct bench *bench);

/* The share of the notional that closing a unit of a perp releases, at the price of the moment: the
 * marginal maintenance rate and the closing fee, as a value a unit. An estimate. */
double bench_perp_requirement(const struct bench *bench, enum moment moment,
                              const struct position_perp *perp);

#endif
