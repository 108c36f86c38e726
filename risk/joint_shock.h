/* How far the one risk factor must move, all assets with it by their betas, until the account
 * becomes liquidatable. model.md 5 (joint shock). */
#ifndef RISK_JOINT_SHOCK_H
#define RISK_JOINT_SHOCK_H

#include "risk/situation.h"

/* The beta by which the asset moves with the factor: the document's, for the main asset and those
 * whose volatility the state gives; 0 of all others. */
double factor_beta(const struct situation *situation, size_t asset);

/* The shock x, of P_i (1 + beta_i x), nearest to 0 at which support falls below requirement:
 * below 0 where a fall liquidates, above where a rise does; 0 of an account that is liquidatable
 * already. A price stays at 0. A perp's maintenance is taken at today's bracket. As the API shows
 * statistics. False: no shock does it. */
bool joint_shock(const struct situation *situation, struct decimal *shock_rate);

#endif
