/* What waiting costs: the loss that a liquidation makes because the price moves before it is
 * included.
 *
 * Statistics: doubles in natural units (years of 365 days, volatility per square root of a year
 * as a fraction). Total on the ranges stated: a volatility or a time of 0 is a limit, never an
 * error; no NaN comes out. */
#ifndef RISK_LATENCY_H
#define RISK_LATENCY_H

/* Collateral against an obligation (the debt with penalty and costs), both in quote, each 0 to
 * 1e100; the value of one of them moves, without drift: of the collateral, or for a short of the
 * obligation. sigma 0 to 100. */
struct exposure {
    double collateral;
    double obligation;
    double sigma;
};

/* loss_probability that the collateral falls short of the obligation, where the collateral moves;
 * short_loss_probability where the obligation does; expected_shortfall the mean of what is missing,
 * the same for both, quote: between obligation - collateral and obligation. */
struct shortfall {
    double loss_probability;
    double short_loss_probability;
    double expected_shortfall;
};

/* After a wait of time_years, 0 to 1000: a put without interest (Black and Scholes 1973, Merton
 * 1974). With s = sigma sqrt T, u = ln(K/C)/s + s/2 it is K Phi(u) - C Phi(u - s); the
 * probabilities are Phi(u) and Phi(u - s). */
struct shortfall shortfall_after(const struct exposure *exposure, double time_years);

/* After a number of blocks of which each includes the liquidation with the probability given, in
 * (0, 1]: the mean over the geometric law, the sum of pi (1 - pi)^(k-1) f(k) over k = 1, 2, ...,
 * within 1e-12 of it (or 1e-15 of a probability, where the obligation is the larger). Where a
 * liquidation is soon included it is summed; where it is not, or the collateral is far from falling
 * short, what remains of the sum is a closed integral (Poisson; Euler and Maclaurin): some 70 terms
 * at most, but where sigma sqrt(block_years) is past 2. block_years >= 0. */
struct shortfall shortfall_by_block(const struct exposure *exposure, double block_years,
                                    double inclusion_probability);

/* After an exponential wait with the mean 1/rate; rate_per_year > 0. */
struct shortfall shortfall_by_rate(const struct exposure *exposure, double rate_per_year);

/* That the collateral, where it moves, touches the obligation before an exponential wait ends; at
 * least the loss probability. */
double touch_probability(const struct exposure *exposure, double rate_per_year);

/* The distance of ln(collateral / obligation) at which the loss probability after time_years is
 * the one given, in (0, 1/2], without drift: z s + s^2 / 2. */
double loss_buffer(double sigma, double time_years, double loss_probability);

/* The maintenance margin rate that is such a buffer: 1 - e^-buffer. */
double buffer_margin_rate(double buffer);

/* Buffers for the stages of a liquidation, from the first sign of trouble to the last resort. */
enum stage { STAGE_WARN, STAGE_PRE_LIQUIDATION, STAGE_PARTIAL, STAGE_FULL, STAGE_BACKSTOP };
enum { STAGES_COUNT = 5 };

struct stage_target { double time_years; double loss_probability; };

/* The buffer of each stage for its target; where a stage's would be below that of the next, the
 * next's. */
void stage_buffers(double sigma, const struct stage_target targets[static STAGES_COUNT],
                   double buffers[static STAGES_COUNT]);

#endif
