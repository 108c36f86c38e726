/* Silo v2: how much of a debt is repaid to bring an account back to its target LTV, and what is
 * taken for it. The vectors state values and quantities; a price is the one over the other. */
#include "tests/peers.h"

static const char rules[] =
    "{'trigger': {'rule': 'at_or_below'},"
    " 'close': {'rule': 'target_health', 'shortfall': 'repay_in_full', 'steps': 'value'},"
    " 'dust': {'rule': 'full', 'debt_rate': '0.1', 'short_request': 'raise',"
    " 'waived_when_insolvent': true},"
    " 'penalty': {'rule': 'fixed'}}";

/* In the peer's units. */
struct silo {
    mpq_srcptr threshold, target; /* LTVs */
    mpq_srcptr debt_value, debt, collateral_value, collateral;
};

struct scales {
    mpq_srcptr value, debt, collateral;
};

static mpq_srcptr
unit_price(struct peer *peer, mpq_srcptr value, mpq_srcptr quantity)
{
    return mpq_sgn(quantity) ? quotient_of(peer, value, quantity) : ratio_of(peer, "1");
}

/* The health to restore is threshold / target; where that is no health to restore to (under 1, over
 * 10) the target itself is the threshold and 1 the health, which asks for the same amount. A target
 * of 0 asks for all. */
static void
put_target(struct peer *peer, json_t *asset, const struct silo *silo)
{
    mpq_srcptr one = ratio_of(peer, "1");
    mpq_srcptr health = mpq_sgn(silo->target) ? quotient_of(peer, silo->threshold, silo->target)
                                              : ratio_of(peer, "0");
    bool is_health = mpq_cmp(health, one) >= 0 && mpq_cmp(health, ratio_of(peer, "10")) <= 0;
    put_number(asset, "threshold", is_health ? silo->threshold : silo->target);
    put_number_up(document_group(peer, "close"), "health", is_health ? health : one);
}

static struct scales
begin_silo(struct peer *peer, const struct silo *silo)
{
    mpq_srcptr most = larger_of(silo->debt_value, silo->collateral_value);
    mpq_srcptr debt_price = unit_price(peer, silo->debt_value, silo->debt);
    mpq_srcptr price = unit_price(peer, silo->collateral_value, silo->collateral);
    struct scales scales = { .value = scale_of_value(peer, most) };
    scales.debt = scale_of_quantity(peer, silo->debt, debt_price, most, scales.value);
    scales.collateral = scale_of_quantity(peer, silo->collateral, price, most, scales.value);
    mpq_srcptr scaled = scaled_price(peer, price, scales.collateral, scales.value);
    request_begin(peer, rules);
    put_number(document_group(peer, "quote"), "unit",
               quotient_of(peer, ratio_of(peer, "1"), scales.value));
    json_t *asset = document_add_asset(peer, "c", scales.collateral, places_up(peer, scaled, 18));
    put_number(asset, "penalty_rate", vector_scaled(peer, peer->input, "liquidationFee", 18));
    put_target(peer, asset, silo);
    document_add_asset(peer, "d", scales.debt,
                       scaled_price(peer, debt_price, scales.debt, scales.value));
    account_add_collateral(peer, "c", quotient_of(peer, silo->collateral, scales.collateral));
    if (mpq_sgn(silo->debt))
        account_add_debt(peer, "d", quotient_of(peer, silo->debt, scales.debt));
    return scales;
}

/* By its threshold, whatever the target. */
static bool
is_liquidatable(struct peer *peer, const struct silo *silo)
{
    struct silo now = *silo;
    now.target = now.threshold;
    begin_silo(peer, &now);
    peer_ask(peer);
    return answer_is_status(peer, "liquidatable");
}

static void
preview(struct peer *peer)
{
    const json_t *input = peer->input;
    mpq_srcptr zero = ratio_of(peer, "0");
    mpq_srcptr wad = power_of_ten(peer, 18);
    struct silo silo = {
        .threshold = vector_over(peer, input, "lt", wad),
        .target = vector_over(peer, input, "liquidationTargetLtv", wad),
        .debt_value = vector_number(peer, input, "totalBorrowerDebtValue"),
        .debt = vector_number(peer, input, "totalBorrowerDebtAssets"),
        .collateral_value = vector_number(peer, input, "totalBorrowerCollateralValue"),
        .collateral = vector_number(peer, input, "totalBorrowerCollateralAssets"),
    };
    if (!is_liquidatable(peer, &silo)) {
        give_number(peer, "collateralAssetsToLiquidate", zero);
        give_number(peer, "debtAssetsToRepay", zero);
        give_units(peer, "ltvAfterLiquidation", answer_figure_or(peer, "health/ltv", zero), wad);
        return;
    }
    struct scales scales = begin_silo(peer, &silo);
    put_text(request_wish(peer), "collateral", "c");
    put_text(request_wish(peer), "debt", "d");
    put_number(request_wish(peer), "repay",
               quotient_of(peer,
                           smaller_of(vector_number(peer, input, "maxDebtToCover"), silo.debt),
                           scales.debt));
    peer_ask(peer);
    give_units(peer, "collateralAssetsToLiquidate", answer_figure(peer, "liquidation/seize"),
               scales.collateral);
    give_units(peer, "debtAssetsToRepay", answer_figure(peer, "liquidation/repay"), scales.debt);
    give_units(peer, "ltvAfterLiquidation", answer_figure_or(peer, "liquidation/ltv_after", zero),
               wad);
}

/* Of several names under which the vectors give the same number. */
static mpq_srcptr
either(struct peer *peer, const char *first, const char *second)
{
    return vector_number(peer, peer->input, vector_has(peer->input, first) ? first : second);
}

/* What is seized, at its price. */
static void
give_seized_value(struct peer *peer, const char *name, const struct scales *scales)
{
    const json_t *prices = json_object_get(json_object_get(peer->request, "state"), "prices");
    mpq_srcptr seized = answer_figure_or(peer, "liquidation/seize", ratio_of(peer, "0"));
    give_units(peer, name, product_of(peer, seized, vector_number(peer, prices, "c")),
               scales->value);
}

/* Values alone: at prices of 1; of no value is one unit at the price 0. */
static void
most_of_values(struct peer *peer)
{
    mpq_srcptr target = quotient_of(
        peer, either(peer, "ltvAfterLiquidation", "liquidationTargetLtv"), power_of_ten(peer, 18));
    mpq_srcptr debt = either(peer, "totalBorrowerDebtValue", "borrowerDebtValue");
    mpq_srcptr collateral = either(peer, "totalBorrowerCollateralValue", "sumOfCollateralValue");
    struct silo silo = { target, target,     debt,
                         debt,   collateral, larger_of(collateral, ratio_of(peer, "1")) };
    struct scales scales = begin_silo(peer, &silo);
    peer_ask(peer);
    give_units(peer, "repayValue", answer_figure_or(peer, "liquidation/repay", ratio_of(peer, "0")),
               scales.debt);
    give_seized_value(peer, "collateralValueToLiquidate", &scales);
}

/* The peer turns the value to repay into both assets, not the one into the other: so each is asked
 * of an account whose other leg is written as its value, at the price 1. */
static void
most(struct peer *peer)
{
    mpq_srcptr zero = ratio_of(peer, "0");
    mpq_srcptr target = quotient_of(
        peer, either(peer, "liquidationTargetLtv", "ltvAfterLiquidation"), power_of_ten(peer, 18));
    mpq_srcptr debt = either(peer, "borrowerDebtValue", "totalBorrowerDebtValue");
    mpq_srcptr collateral = either(peer, "sumOfCollateralValue", "totalBorrowerCollateralValue");
    struct silo repaid = {
        target,     target,     debt, vector_number(peer, peer->input, "borrowerDebtAssets"),
        collateral, collateral,
    };
    struct silo seized = {
        target, target,     debt,
        debt,   collateral, vector_number(peer, peer->input, "sumOfCollateralAssets"),
    };
    struct scales scales = begin_silo(peer, &repaid);
    peer_ask(peer);
    give_units(peer, "debtToRepay", answer_figure_or(peer, "liquidation/repay", zero), scales.debt);
    scales = begin_silo(peer, &seized);
    put_integer(document_group(peer, "close"), "seize_margin_units", 2);
    peer_ask(peer);
    give_units(peer, "collateralToLiquidate", answer_figure_or(peer, "liquidation/seize", zero),
               scales.collateral);
}

/* A debt of that value, all of which is repaid; then the same of collateral written as its value.
 */
static void
collateral_to_liquidate(struct peer *peer)
{
    mpq_srcptr zero = ratio_of(peer, "0");
    mpq_srcptr debt = vector_number(peer, peer->input, "debtValueToCover");
    mpq_srcptr value = vector_number(peer, peer->input, "totalBorrowerCollateralValue");
    mpq_srcptr assets = vector_number(peer, peer->input, "totalBorrowerCollateralAssets");
    struct silo silo = { zero, zero, debt, debt, value, assets };
    struct scales scales = begin_silo(peer, &silo);
    peer_ask(peer);
    give_units(peer, "collateralAssets", answer_figure_or(peer, "liquidation/seize", zero),
               scales.collateral);
    silo.collateral = value;
    scales = begin_silo(peer, &silo);
    peer_ask(peer);
    give_units(peer, "collateralValue", answer_figure_or(peer, "liquidation/seize", zero),
               scales.collateral);
}

const struct peer_translation silo_translations[] = {
    { "silo-v2", "silo.liquidationPreview", preview, NULL },
    { "silo-v2", "silo.estimateMaxRepayValue", most_of_values, NULL },
    { "silo-v2", "silo.maxLiquidationPreview", most_of_values, NULL },
    { "silo-v2", "silo.maxLiquidation", most, NULL },
    { "silo-v2", "silo.collateralToLiquidate", collateral_to_liquidate, NULL },
    { NULL, NULL, NULL, NULL },
};
