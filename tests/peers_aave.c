/* Aave v3 and v4, and aave-utilities: accounts, summaries, a liquidation call, its amounts. */
#include <string.h>

#include "tests/peers.h"

static const char v3_rules[] =
    "{'quote': {'unit': '0.00000001'}, 'trigger': {'rule': 'below'},"
    " 'close': {'rule': 'fraction', 'of': 'position', 'steps': 'quantity'},"
    " 'dust': {'rule': 'refuse'}, 'penalty': {'rule': 'fixed'}, 'split': {'protocol_of': 'bonus'}}";

/* The whole debt that is asked for, and no dust rule. */
static const char v3_available_rules[] =
    "{'quote': {'unit': '0.00000001'}, 'trigger': {'rule': 'below'},"
    " 'close': {'rule': 'full'}, 'dust': {'rule': 'none'}, 'penalty': {'rule': 'fixed'},"
    " 'split': {'protocol_of': 'bonus'}}";

static const char v4_rules[] =
    "{'trigger': {'rule': 'below'}, 'close': {'rule': 'target_health', 'health': '1'},"
    " 'dust': {'rule': 'full', 'debt_value': '1000', 'collateral_value': '1000'},"
    " 'penalty': {'rule': 'fixed'}, 'split': {'protocol_of': 'bonus'}}";

/* 10500 basis points of what is repaid are a bonus of 0.05. */
static mpq_srcptr
bonus_rate(struct peer *peer, const json_t *object, const char *member)
{
    return difference_of(peer, vector_scaled(peer, object, member, 4), ratio_of(peer, "1"));
}

/* An average weight, of the collateral's value. */
static void
give_average(struct peer *peer, const char *name, const char *weighted, const char *scale)
{
    mpq_srcptr collateral = answer_figure(peer, "health/collateral");
    mpq_srcptr average = mpq_sgn(collateral)
                             ? quotient_of(peer, answer_figure(peer, weighted), collateral)
                             : ratio_of(peer, "0");
    give_number(peer, name, product_of(peer, average, ratio_of(peer, scale)));
}

static void
add_legs(struct peer *peer, const char *list, const char *prefix)
{
    size_t i;
    const json_t *leg;
    json_array_foreach(json_object_get(peer->input, list), i, leg) {
        struct leg_name name = leg_name(prefix, i);
        json_t *asset = document_add_asset(peer, name.text, power_of_ten(peer, 18),
                                           vector_number(peer, leg, "priceUSD"));
        if (*prefix == 'd') {
            account_add_debt(peer, name.text, vector_number(peer, leg, "balance"));
            continue;
        }
        put_number(asset, "opening_weight", vector_scaled(peer, leg, "ltvBps", 4));
        put_number(asset, "threshold", vector_scaled(peer, leg, "liquidationThresholdBps", 4));
        account_add_collateral(peer, name.text, vector_number(peer, leg, "balance"));
    }
}

static void
account_snapshot(struct peer *peer)
{
    request_begin(peer, plain_rules);
    add_legs(peer, "collaterals", "c");
    add_legs(peer, "debts", "d");
    peer_ask(peer);
    give_number(peer, "healthFactor", answer_figure_or(peer, "health/ratio", ratio_of(peer, "-1")));
    give_average(peer, "currentLiquidationThreshold", "health/support", "1");
    give_average(peer, "currentLoanToValue", "health/opening", "1");
    give_number(peer, "availableBorrowsBase", answer_figure(peer, "health/borrowable"));
}

/* One collateral and one debt at the price 1: their values. */
static void
begin_totals(struct peer *peer, mpq_srcptr collateral, mpq_srcptr debt, mpq_srcptr threshold)
{
    mpq_srcptr one = ratio_of(peer, "1");
    request_begin(peer, plain_rules);
    put_number(document_add_asset(peer, "c", power_of_ten(peer, 18), one), "threshold", threshold);
    document_add_asset(peer, "d", power_of_ten(peer, 18), one);
    account_add_collateral(peer, "c", collateral);
    account_add_debt(peer, "d", debt);
}

static void
health_factor(struct peer *peer)
{
    begin_totals(peer, vector_scaled(peer, peer->input, "collateral", 18),
                 vector_scaled(peer, peer->input, "borrow", 18),
                 vector_scaled(peer, peer->input, "liquidationThresholdBps", 4));
    peer_ask(peer);
    give_number(peer, "healthFactor", answer_figure_or(peer, "health/ratio", ratio_of(peer, "-1")));
}

/* The same with the threshold counted in basis points throughout. */
static void
health_factor_big_units(struct peer *peer)
{
    begin_totals(peer, vector_scaled(peer, peer->input, "collateral", 18),
                 vector_scaled(peer, peer->input, "borrow", 18),
                 vector_scaled(peer, peer->input, "liquidationThreshold", 4));
    peer_ask(peer);
    mpq_srcptr ratio = answer_figure_or(peer, "health/ratio", NULL);
    give_number(peer, "healthFactor",
                ratio ? product_of(peer, ratio, power_of_ten(peer, 4)) : ratio_of(peer, "-1"));
}

/* Reserves priced in a reference currency, and that in dollars. */
static void
user_summary(struct peer *peer)
{
    mpq_srcptr reference = vector_number(peer, peer->input, "marketRefPriceUsd");
    size_t i;
    const json_t *reserve;
    request_begin(peer, plain_rules);
    json_array_foreach(json_object_get(peer->input, "reserves"), i, reserve) {
        struct leg_name name = leg_name("r", i);
        mpq_srcptr price =
            product_of(peer, vector_number(peer, reserve, "priceInMarketRef"), reference);
        json_t *asset = document_add_asset(peer, name.text, power_of_ten(peer, 18), price);
        put_number(asset, "opening_weight", vector_scaled(peer, reserve, "ltvBps", 4));
        put_number(asset, "threshold", vector_scaled(peer, reserve, "ltBps", 4));
        account_add_collateral(peer, name.text, vector_number(peer, reserve, "supplied"));
        account_add_debt(peer, name.text, vector_number(peer, reserve, "borrowed"));
    }
    peer_ask(peer);
    give_number(peer, "totalCollateralUSD", answer_figure(peer, "health/collateral"));
    give_number(peer, "totalBorrowsUSD", answer_figure(peer, "health/debt"));
    give_number(peer, "totalCollateralMarketReferenceCurrency",
                quotient_of(peer, answer_figure(peer, "health/collateral"), reference));
    give_number(peer, "totalBorrowsMarketReferenceCurrency",
                quotient_of(peer, answer_figure(peer, "health/debt"), reference));
    give_number(peer, "availableBorrowsUSD", answer_figure(peer, "health/borrowable"));
    give_average(peer, "currentLoanToValue", "health/opening", "10000");
    give_average(peer, "currentLiquidationThreshold", "health/support", "10000");
    give_number(peer, "healthFactor", answer_figure_or(peer, "health/ratio", ratio_of(peer, "-1")));
}

static void
user_summary_formatted(struct peer *peer)
{
    begin_totals(peer, vector_number(peer, peer->input, "totalCollateralUSD"),
                 vector_number(peer, peer->input, "totalBorrowsUSD"),
                 vector_number(peer, peer->input, "liquidationThreshold"));
    put_number(document_asset(peer, "c"), "opening_weight",
               vector_number(peer, peer->input, "ltv"));
    peer_ask(peer);
    give_average(peer, "currentLoanToValue", "health/opening", "1");
    give_average(peer, "currentLiquidationThreshold", "health/support", "1");
    give_number(peer, "healthFactor", answer_figure_or(peer, "health/ratio", ratio_of(peer, "-1")));
}

static void
begin_v3(struct peer *peer, const char *dust)
{
    const json_t *input = peer->input;
    mpq_srcptr leftover =
        quotient_of(peer, vector_or(peer, input, "minLeftoverBase", "0"), power_of_ten(peer, 8));
    mpq_srcptr fee = quotient_of(peer, vector_or(peer, input, "liquidationProtocolFee", "0"),
                                 power_of_ten(peer, 4));
    request_begin(peer, v3_rules);
    put_number(document_group(peer, "close"), "rate",
               vector_scaled(peer, input, "defaultCloseFactor", 4));
    put_number(document_group(peer, "close"), "full_at_health",
               vector_scaled(peer, input, "closeFactorHfThreshold", 18));
    put_number(document_group(peer, "close"), "full_below_value",
               vector_scaled(peer, input, "minBaseMaxCloseFactorThreshold", 8));
    put_number(document_group(peer, "dust"), "debt_value", leftover);
    put_number(document_group(peer, "dust"), "collateral_value", leftover);
    put_text(document_group(peer, "dust"), "rule", dust);
    put_number(document_group(peer, "split"), "protocol_rate", fee);
}

static void
add_reserves(struct peer *peer)
{
    size_t i;
    const json_t *leg;
    json_array_foreach(json_object_get(peer->input, "collaterals"), i, leg) {
        struct leg_name name = leg_name("c", i);
        json_t *asset = document_add_asset(peer, name.text, vector_number(peer, leg, "unit"),
                                           vector_scaled(peer, leg, "price", 8));
        put_number(asset, "opening_weight", vector_scaled(peer, leg, "ltv", 4));
        put_number(asset, "threshold", vector_scaled(peer, leg, "liquidationThreshold", 4));
        put_number(asset, "penalty_rate", bonus_rate(peer, peer->input, "liquidationBonus"));
        account_add_collateral(peer, name.text,
                               vector_over(peer, leg, "balance", vector_number(peer, leg, "unit")));
    }
    json_array_foreach(json_object_get(peer->input, "debts"), i, leg) {
        struct leg_name name = leg_name("d", i);
        document_add_asset(peer, name.text, vector_number(peer, leg, "unit"),
                           vector_scaled(peer, leg, "price", 8));
        account_add_debt(peer, name.text,
                         vector_over(peer, leg, "balance", vector_number(peer, leg, "unit")));
    }
}

/* The reserve that the call names by its place in a list. */
static const json_t *
chosen(struct peer *peer, const char *list, const char *index, const char *prefix,
       struct leg_name *name)
{
    size_t i = (size_t)mpq_get_d(vector_number(peer, peer->input, index));
    *name = leg_name(prefix, i);
    return json_array_get(json_object_get(peer->input, list), i);
}

/* Before anybody asks for an amount: the account, and the most that may be repaid. */
static void
ask_v3_most(struct peer *peer, mpq_srcptr debt_unit)
{
    peer_ask(peer);
    give_units(peer, "totalCollateralBase", answer_figure(peer, "health/collateral"),
               power_of_ten(peer, 8));
    give_units(peer, "totalDebtBase", answer_figure(peer, "health/debt"), power_of_ten(peer, 8));
    give_average(peer, "avgLtv", "health/opening", "10000");
    give_average(peer, "avgLT", "health/support", "10000");
    mpq_srcptr ratio = answer_figure_or(peer, "health/ratio", NULL);
    if (ratio)
        give_units(peer, "healthFactor", ratio, power_of_ten(peer, 18));
    else
        give_text(peer, "healthFactor", PEER_UNBOUNDED);
    give_units(peer, "maxLiquidatableDebt",
               answer_figure_or(peer, "liquidation/repay_max", ratio_of(peer, "0")), debt_unit);
}

/* The call's account under its rules, with or without the rule for dust. */
static void
begin_call(struct peer *peer, const char *dust, const char *collateral, const char *debt)
{
    begin_v3(peer, dust);
    add_reserves(peer);
    put_text(request_wish(peer), "collateral", collateral);
    put_text(request_wish(peer), "debt", debt);
}

static void
liquidation_call(struct peer *peer)
{
    struct leg_name name;
    struct leg_name debt_name;
    const json_t *debt = chosen(peer, "debts", "debtIndex", "d", &debt_name);
    mpq_srcptr unit =
        vector_number(peer, chosen(peer, "collaterals", "collateralIndex", "c", &name), "unit");
    mpq_srcptr debt_unit = vector_number(peer, debt, "unit");
    mpq_srcptr asked = smaller_of(vector_number(peer, peer->input, "debtToCover"),
                                  vector_number(peer, debt, "balance"));
    begin_call(peer, "none", name.text, debt_name.text);
    ask_v3_most(peer, debt_unit);
    if (!answer_is_status(peer, "liquidatable")) {
        give_text(peer, "error", "HealthFactorNotBelowThreshold");
        return;
    }
    begin_call(peer, "refuse", name.text, debt_name.text);
    put_number(request_wish(peer), "repay", quotient_of(peer, asked, debt_unit));
    if (!peer_ask(peer)) {
        give_text(peer, "error", answer_refusal(peer, "leaves_dust", "MustNotLeaveDust"));
        return;
    }
    give_units(peer, "actualCollateralToLiquidate", answer_figure(peer, "penalty/split/liquidator"),
               unit);
    give_units(peer, "actualDebtToLiquidate", answer_figure(peer, "liquidation/repay"), debt_unit);
    give_units(peer, "liquidationProtocolFee", answer_figure(peer, "penalty/split/protocol"), unit);
    give_units(peer, "deficitCreated", answer_amount(peer, "liquidation/bad_debts", debt_name.text),
               debt_unit);
    give_flag(peer, "hasNoCollateralLeft",
              answer_is_flagged(peer, "liquidation/collateral_exhausted"));
}

/* An asset counted in so many units, of which the service may hand out fractions. */
static json_t *
add_available(struct peer *peer, const char *name, const char *unit, const char *price,
              mpq_srcptr scale, bool is_whole)
{
    mpq_srcptr one_price = quotient_of(peer, vector_scaled(peer, peer->input, price, 8),
                                       vector_number(peer, peer->input, unit));
    json_t *asset = document_add_asset(peer, name, scale, product_of(peer, one_price, scale));
    if (!is_whole)
        put_number(asset, "unit", power_of_ten(peer, -18));
    return asset;
}

/* Later versions round each of two steps down. v3.0 rounds to the nearest unit, twice: what the
 * service gives exactly, counted in millionths of a unit and rounded down at last, is within one of
 * that. */
static void
available_collateral(struct peer *peer)
{
    const json_t *input = peer->input;
    bool is_nearest = vector_has(input, "roundingProfile") &&
                      !strcmp(vector_text(peer, input, "roundingProfile"), "v3.0");
    mpq_srcptr fine = power_of_ten(peer, 12);
    mpq_srcptr unit = is_nearest ? fine : vector_number(peer, input, "collateralAssetUnit");
    mpq_srcptr debt_unit = is_nearest ? fine : vector_number(peer, input, "debtAssetUnit");
    request_begin(peer, v3_available_rules);
    put_text(document_group(peer, "close"), "steps", is_nearest ? "exact" : "quantity");
    put_number(document_group(peer, "split"), "protocol_rate",
               vector_scaled(peer, input, "liquidationProtocolFee", 4));
    put_number(
        add_available(peer, "c", "collateralAssetUnit", "collateralAssetPrice", unit, !is_nearest),
        "penalty_rate", bonus_rate(peer, input, "liquidationBonus"));
    add_available(peer, "d", "debtAssetUnit", "debtAssetPrice", debt_unit, !is_nearest);
    account_add_collateral(peer, "c", vector_over(peer, input, "collateralBalance", unit));
    account_add_debt(peer, "d", vector_over(peer, input, "debtToCover", debt_unit));
    peer_ask(peer);
    give_units(peer, "actualCollateralToLiquidate", answer_figure(peer, "penalty/split/liquidator"),
               unit);
    give_units(peer, "actualDebtToLiquidate", answer_figure(peer, "liquidation/repay"), debt_unit);
    give_units(peer, "liquidationProtocolFee", answer_figure(peer, "penalty/split/protocol"), unit);
}

/* The vector states two reserves, the whole debt and the health: another debt makes up the whole,
 * and cash makes up the health, so that the reserve's own weight does not matter. */
static void
max_liquidatable_debt(struct peer *peer)
{
    const json_t *input = peer->input;
    mpq_srcptr unit = vector_number(peer, input, "collateralUnit");
    mpq_srcptr debt_unit = vector_number(peer, input, "debtUnit");
    mpq_srcptr price = vector_scaled(peer, input, "debtPrice", 8);
    mpq_srcptr debt = vector_over(peer, input, "reserveDebt", debt_unit);
    mpq_srcptr total = vector_scaled(peer, input, "totalDebtBase", 8);
    mpq_srcptr value = places_up(peer, product_of(peer, debt, price), 8);
    mpq_srcptr support = product_of(peer, vector_scaled(peer, input, "healthFactor", 18), total);
    begin_v3(peer, "none");
    document_add_asset(peer, "c", unit, vector_scaled(peer, input, "collateralPrice", 8));
    document_add_asset(peer, "d", debt_unit, price);
    document_add_asset(peer, "rest", power_of_ten(peer, 18), ratio_of(peer, "1"));
    account_add_collateral(peer, "c", vector_over(peer, input, "reserveCollateral", unit));
    account_add_debt(peer, "d", debt);
    account_add_debt(peer, "rest",
                     larger_of(ratio_of(peer, "0"), difference_of(peer, total, value)));
    account_set_cash(peer, places_up(peer, support, 18));
    put_text(request_wish(peer), "collateral", "c");
    put_text(request_wish(peer), "debt", "d");
    peer_ask(peer);
    give_units(peer, "maxLiquidatableDebt", answer_figure(peer, "liquidation/repay_max"),
               debt_unit);
}

static mpq_srcptr
v4_collateral_price(struct peer *peer)
{
    return vector_has(peer->input, "collateralAssetPrice")
               ? vector_scaled(peer, peer->input, "collateralAssetPrice", 8)
               : ratio_of(peer, "1");
}

/* With a bonus that falls with the health, up to the most that `bonus` names; NULL: a fixed one. */
static void
begin_v4(struct peer *peer, const char *bonus)
{
    const json_t *input = peer->input;
    mpq_srcptr scale = vector_or(peer, input, "collateralAssetUnit", "1e18");
    mpq_srcptr fee = vector_or(peer, input, "liquidationFee", "0");
    request_begin(peer, v4_rules);
    json_t *penalty = document_group(peer, "penalty");
    json_t *asset = document_add_asset(peer, "c", scale, v4_collateral_price(peer));
    if (vector_has(input, "targetHealthFactor"))
        put_number(document_group(peer, "close"), "health",
                   vector_scaled(peer, input, "targetHealthFactor", 18));
    put_number(document_group(peer, "split"), "protocol_rate",
               quotient_of(peer, fee, power_of_ten(peer, 4)));
    if (!bonus)
        return;
    put_text(penalty, "rule", "by_health");
    put_text(penalty, "rate_unit", "0.0001");
    put_number(penalty, "health_for_max",
               vector_scaled(peer, input, "healthFactorForMaxBonus", 18));
    put_number(penalty, "minimum_factor", vector_scaled(peer, input, "liquidationBonusFactor", 4));
    put_number(asset, "penalty_rate", bonus_rate(peer, input, bonus));
}

/* The rate that the answer's form says, as basis points of what is repaid. */
static void
give_bonus(struct peer *peer)
{
    mpq_srcptr factor = sum_of(peer, ratio_of(peer, "1"), answer_figure(peer, "penalty/form_rate"));
    give_number(peer, "liquidationBonus", product_of(peer, factor, power_of_ten(peer, 4)));
}

/* Any account of that health: a debt of 10000, and cash against it. */
static void
v4_bonus(struct peer *peer)
{
    mpq_srcptr debt = ratio_of(peer, "10000");
    begin_v4(peer, "maxLiquidationBonus");
    document_add_asset(peer, "d", power_of_ten(peer, 18), ratio_of(peer, "1"));
    account_add_collateral(peer, "c", debt);
    account_add_debt(peer, "d", debt);
    account_set_cash(peer,
                     product_of(peer, vector_scaled(peer, peer->input, "healthFactor", 18), debt));
    peer_ask(peer);
    give_bonus(peer);
}

/* A debt leg of `debt` and what makes up the whole debt, at the price 1; a collateral, and what
 * makes up the whole support: a leg of weight 1, or one with a loss where the collateral supports
 * more. */
static void
add_v4_account(struct peer *peer, mpq_srcptr collateral, mpq_srcptr debt, mpq_srcptr total,
               mpq_srcptr support)
{
    const json_t *input = peer->input;
    mpq_srcptr zero = ratio_of(peer, "0");
    mpq_srcptr one = ratio_of(peer, "1");
    mpq_srcptr wad = power_of_ten(peer, 18);
    mpq_srcptr price = vector_scaled(peer, input, "debtAssetPrice", 8);
    mpq_srcptr weight = vector_scaled(peer, input, "collateralFactor", 4);
    mpq_srcptr value = product_of(peer, collateral, v4_collateral_price(peer));
    mpq_srcptr missing = difference_of(peer, support, product_of(peer, value, weight));
    mpq_srcptr rest = difference_of(peer, total, product_of(peer, debt, price));
    put_number(document_asset(peer, "c"), "threshold", weight);
    document_add_asset(peer, "d", vector_number(peer, input, "debtAssetUnit"), price);
    document_add_asset(peer, "rest", wad, one);
    put_number(document_add_asset(peer, "other", wad, one), "threshold", one);
    account_add_collateral(peer, "c", collateral);
    account_add_collateral(peer, "other", larger_of(missing, zero));
    account_add_debt(peer, "d", debt);
    account_add_debt(peer, "rest", larger_of(rest, zero));
    if (mpq_sgn(missing) < 0)
        account_add_perp(peer, "other", negative_of(peer, missing), ratio_of(peer, "2"));
    put_text(request_wish(peer), "collateral", "c");
    put_text(request_wish(peer), "debt", "d");
}

/* The account whose whole debt and health the vector states. */
static void
begin_v4_account(struct peer *peer, mpq_srcptr collateral, mpq_srcptr debt)
{
    mpq_srcptr total = vector_scaled(peer, peer->input, "totalDebtValue", 26);
    mpq_srcptr health = vector_scaled(peer, peer->input, "healthFactor", 18);
    begin_v4(peer, "maxLiquidationBonus");
    add_v4_account(peer, collateral, debt, total, product_of(peer, health, total));
}

/* What restores the target may be more than there is of the debt. So it is asked of an account with
 * a thousand times the debt, all in one asset, whose support falls short of the target by as much.
 */
static void
give_v4_target(struct peer *peer, mpq_srcptr bonus)
{
    const json_t *input = peer->input;
    mpq_srcptr total = vector_scaled(peer, input, "totalDebtValue", 26);
    mpq_srcptr target = vector_scaled(peer, input, "targetHealthFactor", 18);
    mpq_srcptr health = vector_scaled(peer, input, "healthFactor", 18);
    mpq_srcptr shortfall = product_of(peer, difference_of(peer, target, health), total);
    mpq_srcptr large = product_of(peer, total, power_of_ten(peer, 3));
    mpq_srcptr support = difference_of(peer, product_of(peer, target, large), shortfall);
    mpq_srcptr price = vector_scaled(peer, input, "debtAssetPrice", 8);
    begin_v4(peer, NULL);
    put_number(document_asset(peer, "c"), "penalty_rate", bonus);
    put_text(document_group(peer, "dust"), "rule", "none");
    add_v4_account(peer, ratio_of(peer, "1"), quotient_of(peer, large, price), large, support);
    peer_ask(peer);
    give_units(peer, "debtToTarget", answer_figure(peer, "liquidation/repay_max"),
               vector_number(peer, input, "debtAssetUnit"));
}

static void
v4_debt_to_target(struct peer *peer)
{
    give_v4_target(peer, bonus_rate(peer, peer->input, "liquidationBonus"));
}

static void
v4_amounts(struct peer *peer)
{
    const json_t *input = peer->input;
    mpq_srcptr unit = vector_number(peer, input, "collateralAssetUnit");
    mpq_srcptr debt_unit = vector_number(peer, input, "debtAssetUnit");
    mpq_srcptr collateral = vector_over(peer, input, "collateralReserveBalance", unit);
    mpq_srcptr debt = vector_over(peer, input, "debtReserveBalance", debt_unit);
    mpq_srcptr asked = smaller_of(debt, vector_over(peer, input, "debtToCover", debt_unit));
    begin_v4_account(peer, collateral, debt);
    put_text(document_group(peer, "dust"), "rule", "none");
    peer_ask(peer);
    give_bonus(peer);
    give_v4_target(peer, answer_figure(peer, "penalty/form_rate"));
    begin_v4_account(peer, collateral, debt);
    put_number(request_wish(peer), "repay", asked);
    if (!peer_ask(peer)) {
        give_text(peer, "error", answer_refusal(peer, "leaves_dust", "MustNotLeaveDust"));
        return;
    }
    give_units(peer, "collateralToLiquidate", answer_figure(peer, "liquidation/seize"), unit);
    give_units(peer, "collateralToLiquidator", answer_figure(peer, "penalty/split/liquidator"),
               unit);
    give_units(peer, "debtToLiquidate", answer_figure(peer, "liquidation/repay"), debt_unit);
}

#define HELPER "the peer's bare integer helper"

const struct peer_translation aave_translations[] = {
    { "aave-v3-accounts", "aave.healthFactorDecimal", account_snapshot, NULL },
    { "aave-v3", "aaveutils.healthFactor", health_factor, NULL },
    { "aave-v3", "aaveutils.healthFactorBigUnits", health_factor_big_units, NULL },
    { "aave-v3", "aaveutils.userSummary", user_summary, NULL },
    { "aave-v3", "aaveutils.userSummaryFormatted", user_summary_formatted, NULL },
    { "aave-v3", "aaveutils.linearBalance", NULL,
      "interest accrual: the request carries today's quantities" },
    { "aave-v3", "aavev3.liquidationCall", liquidation_call, NULL },
    { "aave-v3", "aavev3.availableCollateral", available_collateral, NULL },
    { "aave-v3", "aavev3.maxLiquidatableDebt", max_liquidatable_debt, NULL },
    { "aave-v3", "aavev3.percent*", NULL, HELPER },
    { "aave-v3", "aavev3.wad*", NULL, HELPER },
    { "aave-v3", "aavev3.ray*", NULL, HELPER },
    { "aave-v4", "aavev4.liquidationBonus", v4_bonus, NULL },
    { "aave-v4", "aavev4.debtToTarget", v4_debt_to_target, NULL },
    { "aave-v4", "aavev4.liquidationAmounts", v4_amounts, NULL },
    { NULL, NULL, NULL, NULL },
};
