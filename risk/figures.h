/* The answer: what forced liquidation of this account would cost, and the way back. contract.md (The answer).
 * A number that does not exist is none, and its _reason says why. Statistics have at most 12 significant digits. */
#ifndef RISK_FIGURES_H
#define RISK_FIGURES_H

#include "record/record.h"
#include "risk/account.h"
#include "risk/edition.h"
#include "risk/effective.h"
#include "risk/oracle.h"
#include "risk/parameters.h"
#include "risk/state.h"

enum {
    PRICES_MAX = 2 * ASSETS_MAX, FLAGS_MAX = 8, PARTS_MAX = 8, SUGGESTIONS_MAX = 48, MIX_MAX = 4, WARNINGS_MAX = 24,
    BLOCKS_MAX = 8, TIERS_MAX = 5, PRICE_SOURCES_MAX = 32, WARNING_DETAIL_MAX = 256, WORKINGS_MAX = 64, WORKING_TEXT_MAX = 1024
};

/* Why there is no number: the `_reason` beside it. */
enum reason {
    REASON_NO_DEBT, REASON_NO_COLLATERAL, REASON_NO_POSITION, REASON_NO_PRICE, REASON_NO_DEPTH, REASON_NO_VOLATILITY,
    REASON_NO_VOLUME, REASON_NEVER, REASON_ALREADY_LIQUIDATABLE, REASON_DEPTH_EXHAUSTED, REASON_PENALTY_EXCEEDS_VALUE,
    REASON_NO_COUNTERPART, REASON_NOT_THIS_RULE, REASON_INFEASIBLE, REASON_WALLET_TOO_SMALL, REASON_NOT_NEEDED,
    REASON_NO_BENEFIT, REASON_NOT_RECOGNISED, REASON_OVERFLOW, REASON_STATE_OF_REQUEST,
    REASON_NO_GUARD, REASON_NO_HISTORY, REASON_NO_QUORUM,
    REASON_NONE = -1
};

enum status { STATUS_HEALTHY, STATUS_PRE_LIQUIDATABLE, STATUS_LIQUIDATABLE };
enum direction { DIRECTION_BELOW, DIRECTION_ABOVE, DIRECTION_NONE = -1 };
enum at { AT_TRIGGER, AT_MARK };
enum depth_model { DEPTH_PROPORTIONAL, DEPTH_POOL_CONSTANT, DEPTH_MIXED, DEPTH_NONE };
enum limited_by {
    LIMITED_BY_DEBT, LIMITED_BY_CLOSE_FACTOR, LIMITED_BY_TARGET_HEALTH, LIMITED_BY_MAXIMUM_SLICE, LIMITED_BY_DEPTH,
    LIMITED_BY_REQUEST, LIMITED_BY_DUST, LIMITED_BY_COLLATERAL, LIMITED_BY_ACCOUNT, LIMITED_BY_POSITION, LIMITED_BY_NONE = -1
};

struct health {
    int            status;                        /* enum status */
    struct decimal ratio;
    int            ratio_reason;
    struct decimal support, pre_support, requirement, equity;
    struct decimal collateral, debt, maintenance, unrealised_profit;   /* unweighted values */
    struct decimal opening, borrowable, headroom;                      /* opening: borrowing power, weighted by opening_weight */
    struct decimal ltv;
    int            ltv_reason;
    struct decimal usage;
    int            usage_reason;
    struct decimal window;                        /* 0..1 through the pre-liquidation window; none outside it */
};

struct price_range { struct decimal best, worst; };

struct liquidation_price {
    const char        *asset;
    int                direction;                 /* DIRECTION_NONE where there is no price */
    struct decimal     price;
    int                price_reason;
    struct decimal     distance_rate;             /* price / mark - 1 */
    struct decimal     bankruptcy_price;
    int                bankruptcy_price_reason;
    struct decimal     execution_price;           /* equity after closing through the depth, with fee, penalty and gas, is 0 */
    int                execution_price_reason;
    struct price_range range;                     /* of execution_price over the stated uncertainty of the depth */
};

struct amount { const char *asset; struct decimal quantity; };

struct fill { const char *venue; struct decimal quantity, proceeds; };

/* Everything is taken at once (close full, scope account). In the quote but for the amounts. */
struct account_liquidation {
    struct decimal credit, fee, surplus;          /* collateral at value / M; the protocol's; what is left of the credit */
    struct amount *paid;
    size_t         paid_count;
    struct amount *surplus_amounts;               /* the same surplus in units of the last debt paid */
    size_t         surplus_amounts_count;
};

struct perp_liquidation {
    const char    *asset;
    struct decimal quantity, quantity_max, notional_max;
    struct decimal limit_price, bankruptcy_proceeds;
    struct decimal proceeds, insurance_fee, insurance_delta;   /* none without a fill */
};

struct sale { struct decimal price, quantity; };  /* what a buyer of seized collateral pays, and gets */

struct liquidation {
    int                         at;               /* enum at */
    int                         depth_model;
    int                         reason;           /* why there is none; REASON_NONE: there is */
    const char                 *collateral, *debt;
    struct decimal              repay, repay_max, repay_delivered;   /* delivered: after the token's own transfer fee */
    struct decimal              seize, close_rate;
    int                         limited_by;
    struct decimal              average_price, slippage_rate;
    struct fill                *fills;
    size_t                      fills_count;
    struct decimal              unfilled;
    struct decimal              bad_debt;         /* a value in the quote */
    struct amount              *bad_debts;
    size_t                      bad_debts_count;
    bool                        collateral_exhausted;
    struct decimal              ltv_after;
    struct account_liquidation *account;
    struct perp_liquidation    *perp;
    struct sale                *sale;
};

struct flag { const char *flag; };                /* capped_by_equity, capped_by_policy, floored, depth_infeasible */

struct penalty_part { const char *name; struct decimal rate; };

struct penalty_split { struct decimal liquidator, insurance, protocol, borrower; };

struct penalty_figures {
    struct decimal       rate, amount;            /* of the repaid value; in the quote */
    struct decimal       form_rate;               /* the rate as the document's form says it: bonus or discount */
    struct decimal       optimal_rate;
    int                  optimal_rate_reason;
    struct decimal       subsidy_rate;            /* what the backstop must add when the optimum is capped; of the repaid value */
    struct decimal       largest_slice;           /* the most debt value for which the optimum stays under the cap */
    struct flag         *flags;
    size_t               flags_count;
    struct penalty_part *parts;                   /* they add up to the rate */
    size_t               parts_count;
    struct penalty_split split;                   /* in units of the seized asset (perp, account: of the quote); none: no liquidation */
};

struct block_loss { int64_t block; struct decimal probability, expected_shortfall; };   /* of being taken after so many blocks */

struct buffer { const char *tier; struct decimal distance_rate, price; };   /* warn, pre_liquidation, partial, full: each >= the next */

struct schedule {                                 /* the time-optimal unwind, model.md 2 */
    struct decimal duration_s;
    int            duration_s_reason;
    struct decimal cost_rate;
};

struct risk_figures {
    const char        *asset;                     /* the main risk asset: what the liquidation price is of; NULL: none */
    int64_t            horizon_s;
    struct decimal     volatility;                /* as used: clamped to the asset's floor and cap */
    int                volatility_reason;
    struct decimal     liquidation_probability;   /* of touching the liquidation price within the horizon */
    int                liquidation_probability_reason;
    struct decimal     joint_shock_rate;          /* of the one factor, all assets by their betas: liquidates */
    int                joint_shock_rate_reason;
    struct decimal     expected_time_s, median_time_s;   /* E[min(time, horizon)]; the median has no horizon */
    int                median_time_s_reason;
    struct decimal     loss_probability, expected_shortfall;   /* over the blocks until inclusion; the latter in the quote */
    int                loss_probability_reason;
    struct block_loss *blocks;
    size_t             blocks_count;
    struct buffer     *buffers;
    size_t             buffers_count;
    struct decimal     liquidity_adjusted_var, liquidity_adjusted_shortfall;   /* over the horizon, in the quote */
    int                liquidity_adjusted_var_reason;
    struct schedule    schedule;
};

enum action { ACTION_ADD_COLLATERAL, ACTION_ADD_STABLE, ACTION_REPAY, ACTION_REDUCE, ACTION_SWAP, ACTION_HEDGE, ACTION_MIX };

struct after { struct decimal health_ratio, liquidation_price, liquidation_probability; };

struct mix_part { int action; const char *asset; struct decimal quantity, cost; };

struct suggestion {
    int              action;                      /* enum action */
    const char      *asset;                       /* NULL for a mix */
    struct decimal   quantity;
    int              quantity_reason;             /* why there is none */
    bool             available;                   /* the wallet has it, or nothing is needed from it */
    int              available_reason;
    struct decimal   cost, avoided_cost, net_benefit;
    struct after     after;
    struct mix_part *parts;                       /* of a mix */
    size_t           parts_count;
};

enum price_basis { PRICE_OF_REQUEST, PRICE_WEIGHTED_MEDIAN };

struct price_source { const char *source; };

struct dropped_source { const char *source; int fate; };    /* enum source_fate, but not used */

/* A price that the answer stands on. */
struct price_figure {
    const char          *asset;
    struct decimal       price;
    int                  basis;                   /* enum price_basis */
    struct price_source *sources;                 /* that count in it */
    size_t               sources_count;
    struct dropped_source *dropped;               /* that reported it, and do not count */
    size_t               dropped_count;
    int64_t              observed_at;             /* of the oldest that counts; of a request: none */
};

/* Of a verdict: why not all was judged, where the market's guard had no part in it; behind those of
 * enum oracle_reason. */
enum { GUARD_STATE_OF_REQUEST = ORACLE_NO_QUORUM, GUARD_NO_GUARD };

/* The oracle guard's verdict on the prices: guard.h. */
struct oracle_figures {
    int            verdict;                       /* enum oracle_verdict */
    int            reason;                        /* oracle_reason less 1, or those two; or -1 */
    bool           judged;                        /* false: for one of those two reasons */
    const char    *asset;                         /* that the verdict is about; NULL: not judged */
    int64_t        retry_after_s;                 /* of a verdict that defers; else INTEGER_NONE */
    struct decimal slice_rate;                    /* of the usual slice, 0 unless it accepts */
    int64_t        used_count, quorum;            /* sources, at the time of the verdict */
    struct decimal time_weighted_price;           /* before this price, of the snapshot's memory */
    struct decimal deviation, bound;              /* ln(price / that), and what is usual */
    int64_t        confirming_count;              /* sources past the bound themselves */
    int            deviation_reason;              /* why none of these four is there */
    struct decimal manipulation_cost;             /* in the quote */
    int            manipulation_cost_reason;
    struct decimal attack_gain;                   /* in the quote */
    int            attack_gain_reason;
};

struct warning { const char *code; const char *detail; };

struct working { const char *figure, *formula, *numbers, *basis; };

struct withdrawable { const char *asset; struct decimal quantity; };

struct figures {
    struct price_figure      *prices;
    size_t                    prices_count;
    struct oracle_figures     oracle;
    struct effective         *effective;          /* NULL: the document's values stand as they are */
    const struct parameters  *rules;              /* that the figures were computed with; not a member of the answer */
    const struct liquidation_price *main;         /* that moves to the trigger; likewise */
    struct health             health;
    struct liquidation_price *liquidation_prices;
    size_t                    liquidation_prices_count;
    struct withdrawable      *withdrawable;
    size_t                    withdrawable_count;
    struct liquidation        liquidation;
    struct penalty_figures    penalty;
    struct risk_figures       risk;
    struct suggestion        *suggestions;
    size_t                    suggestions_count;
    struct upcoming          *upcoming;
    size_t                    upcoming_count;
    struct warning           *warnings;
    size_t                    warnings_count;
};

extern const struct record price_figure_record, oracle_figures_record;
extern const char *const health_status_names[];
extern const struct record health_record, liquidation_price_record, withdrawable_record, liquidation_record,
                           penalty_figures_record, risk_figures_record, suggestion_record, warning_record, working_record,
                           figures_record;

/* The arrays that the figures point to, lent by the caller: risk/ never allocates. Not initialised. */
struct figures_room {
    struct liquidation_price   liquidation_prices[PRICES_MAX];
    struct withdrawable        withdrawable[LEGS_MAX];
    struct fill                fills[VENUES_MAX];
    struct amount              bad_debts[LEGS_MAX + 1], paid[LEGS_MAX + 1], surplus_amounts[1];
    struct account_liquidation account;
    struct perp_liquidation    perp;
    struct sale                sale;
    struct flag                flags[FLAGS_MAX];
    struct penalty_part        parts[PARTS_MAX];
    struct block_loss          blocks[BLOCKS_MAX];
    struct buffer              buffers[TIERS_MAX];
    struct suggestion          suggestions[SUGGESTIONS_MAX];
    struct mix_part            mix_parts[MIX_MAX];
    struct upcoming            upcoming[UPCOMING_MAX];
    struct warning             warnings[WARNINGS_MAX];
    struct price_figure        prices[ASSETS_MAX];
    struct price_source        price_sources[ASSETS_MAX][PRICE_SOURCES_MAX];
    struct dropped_source      dropped_sources[ASSETS_MAX][PRICE_SOURCES_MAX];
    struct effective           effective;
    struct effective_asset     effective_assets[ASSETS_MAX];
    struct parameters          sliced;
    struct effective_room     *rules;             /* the caller's; needed where effective_differs() */
    struct effective_room     *scheduled_rules;   /* likewise, of the largest that is scheduled */
    char                       maintenance_detail[WARNING_DETAIL_MAX + 1];   /* of maintenance_below_cost */
};

/* Points the figures at the room, every count 0, every number none. */
void figures_open(struct figures *figures, struct figures_room *room);
void figures_warn(struct figures *figures, const char *code, const char *detail);   /* once a code; past the room: left out */

#endif
