/* The statistics of an answer, from the models to the figures. */
#include "risk/preview_risk.h"

#include "risk/elementary.h"
#include "risk/latency.h"
#include "risk/normal.h"
#include "risk/passage.h"
#include "risk/schedule.h"
#include "risk/statistic.h"

static const double year_s = 31536000.0;
static const double day_years = 1.0 / 365.0;

static const int64_t blocks_shown[BLOCKS_MAX] = { 1, 2, 3, 5, 10, 25, 50, 100 };
static const char *const tier_names[STAGES_COUNT] = { "warn", "pre_liquidation", "partial", "full",
                                                      "backstop" };

/* A statistic that is not finite, or does not fit, is none. */
static struct decimal
shown(double x)
{
    struct decimal out = DECIMAL_NONE;
    decimal_of_statistic(x, &out);
    return out;
}

static struct passage
passage_to(struct decimal price, struct decimal barrier, double sigma)
{
    return (struct passage){
        .log_distance = real_log(statistic_of(barrier) / statistic_of(price)),
        .sigma        = sigma,
        .log_drift    = log_drift_of(0.0, sigma),
    };
}

struct decimal
touch_statistic(struct decimal price, struct decimal barrier, struct decimal volatility,
                int64_t horizon_s)
{
    if (decimal_is_none(barrier) || decimal_is_none(volatility) || decimal_sign(price) <= 0 ||
        decimal_sign(barrier) <= 0)
        return DECIMAL_NONE;
    struct passage passage = passage_to(price, barrier, statistic_of(volatility));
    return shown(passage_probability(&passage, (double)horizon_s / year_s));
}

static int
why_no_passage(const struct risk_exposure *exposure)
{
    if (exposure->is_liquidatable)
        return REASON_ALREADY_LIQUIDATABLE;
    if (decimal_is_none(exposure->liquidation_price))
        return exposure->price_reason;
    if (decimal_is_none(exposure->volatility))
        return REASON_NO_VOLATILITY;
    if (decimal_sign(exposure->price) <= 0)
        return REASON_NO_PRICE;
    return REASON_NONE;
}

static void
fill_passage(const struct risk_exposure *exposure, int64_t horizon_s, struct risk_figures *risk)
{
    double horizon_years = (double)horizon_s / year_s;
    int    reason = why_no_passage(exposure);

    risk->liquidation_probability_reason = reason;
    risk->median_time_s_reason           = reason;
    if (exposure->is_liquidatable) {
        risk->liquidation_probability = decimal_one;
        risk->expected_time_s         = decimal_zero;
        risk->median_time_s           = decimal_zero;
    }
    if (reason != REASON_NONE)
        return;
    struct passage passage = passage_to(exposure->price, exposure->liquidation_price,
                                        statistic_of(exposure->volatility));
    risk->liquidation_probability = shown(passage_probability(&passage, horizon_years));
    risk->expected_time_s         = shown(passage_limited_mean_years(&passage,
            horizon_years) * year_s);
    risk->median_time_s           = shown(passage_quantile_years(&passage, 0.5) * year_s);
    if (decimal_is_none(risk->median_time_s))
        risk->median_time_s_reason = REASON_NEVER;
}

static struct decimal
loss_probability_shown(const struct risk_exposure *exposure, struct shortfall shortfall)
{
    return shown(exposure->is_short ? shortfall.short_loss_probability
                 : shortfall.loss_probability);
}

static void
fill_loss(const struct execution *execution, const struct risk_exposure *exposure,
          struct risk_figures *risk)
{
    risk->loss_probability_reason = decimal_is_none(exposure->collateral_then)
        ? exposure->loss_reason
                                  : decimal_is_none(exposure->volatility)
                                      ? REASON_NO_VOLATILITY
                                                                               : REASON_NONE;
    if (risk->loss_probability_reason != REASON_NONE)
        return;
    double          block_years = statistic_of(execution->block_time_s) / year_s;
    struct exposure moving = {
        statistic_of(exposure->collateral_then), statistic_of(exposure->obligation_then),
        statistic_of(exposure->volatility)
    };
    struct shortfall overall = shortfall_by_block(&moving, block_years,
                                                  statistic_of(execution->inclusion_probability));
    risk->loss_probability   = loss_probability_shown(exposure, overall);
    risk->expected_shortfall = shown(overall.expected_shortfall);
    for (size_t i = 0; i < BLOCKS_MAX; i++) {
        struct shortfall then = shortfall_after(&moving, block_years * (double)blocks_shown[i]);
        risk->blocks[risk->blocks_count++] = (struct block_loss){
            blocks_shown[i], loss_probability_shown(exposure, then), shown(then.expected_shortfall)
        };
    }
}

/* From the first sign of trouble to the last resort: each stage must hold for so long, and may
 * fail so often. */
static void
fill_buffers(const struct parameters *parameters, const struct risk_exposure *exposure,
             int64_t horizon_s,
             struct risk_figures *risk)
{
    const struct execution *execution = &parameters->execution;
    double block_years = statistic_of(execution->block_time_s) / year_s;
    double latency_years = (double)execution->latency_s / year_s + block_years;
    double tolerated = statistic_of(parameters->suggestions.target_probability);
    double rare = 1.0 - statistic_of(execution->confidence);
    struct stage_target targets[STAGES_COUNT] = {
        { (double)horizon_s / year_s, tolerated },
        { (double)horizon_s / year_s / 24.0, tolerated },
        { latency_years, rare / 10.0 },
        { latency_years, rare },
        { block_years, rare },
    };
    double buffers[STAGES_COUNT];

    if (decimal_is_none(exposure->volatility))
        return;
    stage_buffers(statistic_of(exposure->volatility), targets, buffers);
    for (size_t i = 0; i < STAGE_BACKSTOP; i++) {
        double factor = real_exp(exposure->is_short ? -buffers[i] : buffers[i]);
        struct decimal price = decimal_is_none(exposure->liquidation_price)
            ? DECIMAL_NONE : shown(statistic_of(exposure->liquidation_price) * factor);
        risk->buffers[risk->buffers_count++] = (struct buffer){
            tier_names[i], shown(buffer_margin_rate(buffers[i])), price
        };
    }
}

/* A long loses at most all of its value (liquidity_var). A short pays V (e^(mT + z s) (1 +
 * S_exo)(1 + S) - 1); its mean beyond that is V ((1 + S_exo)(1 + S) e^(mT + s^2/2) Phi(s - z) /
 * (1 - alpha) - 1). */
static void
fill_value_at_risk(const struct execution *execution, const struct risk_exposure *exposure,
                   int64_t horizon_s,
                   struct risk_figures *risk)
{
    risk->liquidity_adjusted_var_reason = decimal_is_none(exposure->volatility)
        ? REASON_NO_VOLATILITY
                                        : decimal_is_none(exposure->slippage_rate)
                                            ? exposure->slippage_reason
                                                                                   : REASON_NONE;
    if (risk->liquidity_adjusted_var_reason != REASON_NONE)
        return;
    double        sigma = statistic_of(exposure->volatility);
    struct unwind unwind = {
        .position_value   = statistic_of(exposure->value),
        .sigma            = sigma,
        .time_years       = (double)horizon_s / year_s,
        .log_drift        = log_drift_of(0.0, sigma),
        .confidence       = statistic_of(execution->confidence),
        .half_spread_rate = stressed_half_spread(statistic_of(execution->spread_rate),
                                                 statistic_of(execution->spread_volatility),
                                                 statistic_of(execution->spread_multiplier)),
        .slippage_rate    = statistic_of(exposure->slippage_rate),
    };
    if (!exposure->is_short) {
        risk->liquidity_adjusted_var       = shown(liquidity_var(&unwind));
        risk->liquidity_adjusted_shortfall = shown(liquidity_es(&unwind));
        return;
    }
    double s = sigma * __builtin_sqrt(unwind.time_years);
    double z = normal_quantile(unwind.confidence);
    double cost = (1.0 + unwind.half_spread_rate) * (1.0 + unwind.slippage_rate);
    double mean = unwind.log_drift * unwind.time_years;
    risk->liquidity_adjusted_var =
        shown(unwind.position_value * (cost * real_exp(mean + z * s) - 1.0));
    risk->liquidity_adjusted_shortfall = shown(unwind.position_value *
        (cost * real_exp(mean + s * s / 2.0) * normal_cdf(s - z) / (1.0 - unwind.confidence) - 1.0));
}

static void
fill_schedule(const struct execution *execution, const struct risk_exposure *exposure,
              int64_t horizon_s,
              struct risk_figures *risk)
{
    risk->schedule.duration_s_reason = decimal_is_none(exposure->volume)     ? REASON_NO_VOLUME
                                     : decimal_is_none(exposure->volatility) ? REASON_NO_VOLATILITY
                                                                             : REASON_NONE;
    if (risk->schedule.duration_s_reason != REASON_NONE)
        return;
    struct unwind_pace pace = {
        .impact          = statistic_of(execution->impact_coefficient),
        .volume_years    =
            statistic_of(exposure->value) / statistic_of(exposure->volume) * day_years,
        .impact_exponent = statistic_of(execution->impact_exponent),
        .risk_weight     = normal_quantile(statistic_of(execution->confidence)),
        .sigma           = statistic_of(exposure->volatility),
    };
    double years = optimal_unwind_years(&pace, statistic_of(execution->block_time_s) / year_s,
                                        (double)horizon_s / year_s);
    risk->schedule.duration_s = shown(years * year_s);
    risk->schedule.cost_rate  = shown(unwind_cost(&pace, years));
}

void
risk_fill(const struct parameters *parameters, const struct risk_exposure *exposure,
          int64_t horizon_s,
          struct risk_figures *risk, struct figures_room *room)
{
    risk->blocks            = room->blocks;
    risk->buffers           = room->buffers;
    risk->asset             = exposure->asset;
    risk->horizon_s         = horizon_s;
    risk->volatility        = exposure->volatility;
    risk->volatility_reason = decimal_is_none(exposure->volatility) ? REASON_NO_VOLATILITY
        : REASON_NONE;
    fill_passage(exposure, horizon_s, risk);
    fill_loss(&parameters->execution, exposure, risk);
    fill_buffers(parameters, exposure, horizon_s, risk);
    fill_value_at_risk(&parameters->execution, exposure, horizon_s, risk);
    fill_schedule(&parameters->execution, exposure, horizon_s, risk);
}
