/* A market's parameter document: liquidation rules as data. rules.md 2 and 3 are its schema. */
#ifndef RISK_PARAMETERS_H
#define RISK_PARAMETERS_H

#include "record/fault.h"
#include "record/record.h"

struct adaptive_settings;
struct governance;
struct oracle_settings;

enum { ASSETS_MAX = 64, BRACKETS_MAX = 64, CATEGORIES_MAX = 16 };

/* maintenance(N) = N * rate - deduction, of the last bracket with from_notional <= N. */
struct bracket { struct decimal from_notional, rate, deduction; };

struct ramp { struct decimal initial_threshold; int64_t start_at, duration_s; };

/* Replaces the asset's own weights for an account of this category; none: keeps it. A threshold of
 * its own moves along a ramp of its own: the asset's is of the threshold that it replaces. */
struct category {
    const char    *name;
    struct decimal opening_weight, threshold, penalty_rate;
    struct ramp   *ramp;                          /* NULL: its threshold stands */
};

struct pre_liquidation {
    struct decimal threshold, close_start_rate, close_end_rate;
    struct decimal penalty_start_rate, penalty_end_rate;
    struct ramp   *ramp;                          /* of its threshold; NULL: it stands */
};

struct asset {
    const char             *name;
    struct decimal          unit, price_unit, opening_weight, threshold, borrow_factor;
    struct decimal          penalty_rate, closing_fee_rate, transfer_fee_rate;
    struct bracket         *brackets;
    size_t                  brackets_count;
    struct category        *categories;
    size_t                  categories_count;
    struct pre_liquidation *pre_liquidation;      /* NULL: no window */
    struct ramp            *ramp;                 /* NULL: the threshold stands */
    struct decimal          volatility_floor, volatility_cap;
    int64_t                 price_age_max_s;
    struct decimal          beta;                 /* to the one risk factor [1] */
    struct decimal          borrow_rate;          /* a year's interest on a debt of it [0] */
};

struct quote { const char *asset; struct decimal unit; bool round_weighted; };

enum trigger_rule { TRIGGER_BELOW, TRIGGER_AT_OR_BELOW };
enum maintenance_price { MAINTENANCE_AT_MARK, MAINTENANCE_AT_ENTRY, MAINTENANCE_AT_LIQUIDATION };
enum closing_fee_price { CLOSING_FEE_AT_LIQUIDATION, CLOSING_FEE_AT_BANKRUPTCY };
enum rounding_choice { CHOICE_UP, CHOICE_DOWN };

struct trigger {
    int            rule;                          /* enum trigger_rule */
    int            maintenance_price, closing_fee_price, maintenance_rounding;
    struct decimal reward;
};

enum close_rule { CLOSE_FULL, CLOSE_FRACTION, CLOSE_TARGET_HEALTH, CLOSE_WITHIN_SLIPPAGE };
enum close_scope { SCOPE_LEG, SCOPE_ACCOUNT };
enum close_of { OF_LEG, OF_POSITION };
enum close_excess { EXCESS_CUT, EXCESS_REFUSE };
enum close_shortfall { SHORTFALL_CUT_REPAY, SHORTFALL_REPAY_IN_FULL };
enum close_steps { STEPS_EXACT, STEPS_QUANTITY, STEPS_VALUE };

struct close {
    int            rule;                          /* enum close_rule */
    int            excess, shortfall, steps, repay_rounding;
    int64_t        seize_margin_units;
    int            scope, of;                     /* full; fraction */
    struct decimal rate, full_at_health, full_below_value, minimum_value;   /* fraction */
    struct decimal health;                        /* target_health */
};

enum dust_rule { DUST_NONE, DUST_REFUSE, DUST_FULL, DUST_LEAVE_MINIMUM };
enum dust_short_request { SHORT_REFUSE, SHORT_RAISE };

struct dust {
    int            rule;                          /* enum dust_rule */
    struct decimal debt_value, collateral_value, debt_rate;
    int            short_request;
    bool           waived_when_insolvent;
};

enum penalty_rule { PENALTY_FIXED, PENALTY_FROM_THRESHOLD, PENALTY_BY_HEALTH, PENALTY_OPTIMAL };
enum penalty_form { FORM_BONUS, FORM_DISCOUNT };

struct penalty {
    int            rule;                          /* enum penalty_rule */
    int            form;
    struct decimal rate_unit, floor_rate, cap_rate;
    bool           equity_cap;
    struct decimal slope;                         /* from_threshold */
    struct decimal health_for_max, minimum_factor;                          /* by_health */
    struct decimal equity_weight, bad_debt_weight, hurdle_rate;             /* optimal: w, b, g */
};

enum split_of { SPLIT_OF_BONUS, SPLIT_OF_WHOLE };

struct split {
    struct decimal protocol_rate;
    int            protocol_of;
    struct decimal insurance_rate;
    int            insurance_of;
};

struct execution {
    struct decimal slippage_tolerance_rate;
    struct decimal maximum_slice_value;           /* none: no such cut */
    int64_t        latency_s;
    struct decimal block_time_s, inclusion_probability, gas;
    /* Beyond rules.md 2; the defaults change no figure of a document that does not name them. */
    struct decimal depth_uncertainty_rate;        /* 0..0.95 [0.2]: depth * (1 +- this) */
    struct decimal confidence;                    /* >0.5..0.9999 [0.99]: of VaR and shortfall */
    /* The risk model's section 2: s, sigma_s, a [0, 0, 3]; k, beta [1, 1]. */
    struct decimal spread_rate, spread_volatility, spread_multiplier;
    struct decimal impact_coefficient, impact_exponent;
    struct adaptive_settings *adaptive;           /* NULL: the document's values stand (adaptive.h) */
};

struct suggestions {
    int64_t        horizon_s;
    struct decimal target_probability, target_health;
    struct decimal capital_rate;                  /* a year's cost of the holder's capital [0] */
    bool           hedge;                         /* a short counts as cross-margin [false] */
    struct decimal hedge_fee_rate, hedge_half_spread_rate;   /* [0.0005, 0] */
    struct decimal funding_rate;                  /* a year's [0] */
};

/* Whether the market takes decisions; and what a new version is to accounts that are there already:
 * theirs at once, theirs as thresholds move there over ramp_s, or only for those that are opened from
 * then on (edition.h). A document that does not say is the first of each. */
enum market_status { MARKET_OPEN, MARKET_PAUSED, MARKET_RETIRED };
enum applies_to { APPLIES_TO_ALL, APPLIES_TO_RAMP, APPLIES_TO_NEW_ONLY };

struct parameters {
    int                status;                    /* enum market_status; CHOICE_NONE: open */
    int                applies_to;                /* enum applies_to; CHOICE_NONE: all */
    int64_t            ramp_s;                    /* of applies_to ramp; else INTEGER_NONE */
    struct quote       quote;
    struct asset      *assets;
    size_t             assets_count;
    struct trigger     trigger;
    struct close       close;
    struct dust        dust;
    struct penalty     penalty;
    struct split       split;
    struct execution   execution;
    struct suggestions suggestions;
    struct oracle_settings *oracle;               /* NULL: no guard judges the prices (oracle.h) */
    struct governance *governance;                /* NULL: governance_default (governance.h) */
};

extern const struct record parameters_record;

/* After json_read: the invariants of rules.md 3, each violation with its code and pointer (false:
 * at least one), and warnings (accepted). Computes the deductions: what is left out, and what was
 * stated rounded. No clock, no heap. */
bool parameters_accept(struct parameters *parameters, struct faults *violations,
                       struct faults *warnings);

const struct asset *parameters_asset(const struct parameters *parameters,
                                     const char *name);      /* NULL: unknown */

#endif
