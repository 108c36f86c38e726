/* Morpho Blue and its pre-liquidation. The debt is held in shares: the share is the debt asset, its
 * price the rate at which the market exchanges it for the loan asset. */
#include <string.h>

#include "record/assets.h"
#include "tests/peers.h"

#define PRESET "handlers/presets/morpho-pre-liquidation.json"

static const char rules[] =
    "{'quote': {'round_weighted': true}, 'trigger': {'rule': 'below'},"
    " 'close': {'rule': 'full', 'excess': 'refuse', 'steps': 'value'}, 'dust': {'rule': 'none'},"
    " 'penalty': {'rule': 'from_threshold', 'slope': '0.3', 'cap_rate': '0.15'}}";

static const char factor_rules[] =
    "{'trigger': {'rule': 'below'}, 'close': {'rule': 'full'}, 'dust': {'rule': 'none'},"
    " 'penalty': {'rule': 'from_threshold'}}";

/* How many smallest units make one of what the request speaks of: powers of ten, so chosen that
 * values fit and that prices keep their digits (rules.md 7). */
struct scales {
    mpq_srcptr loan, collateral, share;
};

/* The exchange rate of shares, of which a million are virtual, as is one unit of the loan asset. */
static mpq_srcptr
share_rate(struct peer *peer)
{
    return quotient_of(
        peer,
        sum_of(peer, vector_number(peer, peer->input, "totalBorrowAssets"), ratio_of(peer, "1")),
        sum_of(peer, vector_number(peer, peer->input, "totalBorrowShares"), ratio_of(peer, "1e6")));
}

/* Units of the loan asset for one of the collateral. */
static mpq_srcptr
collateral_rate(struct peer *peer)
{
    return vector_scaled(peer, peer->input, "price", 36);
}

static struct scales
choose_scales(struct peer *peer)
{
    mpq_srcptr collateral = vector_number(peer, peer->input, "collateral");
    mpq_srcptr shares = vector_number(peer, peer->input, "borrowShares");
    mpq_srcptr value = larger_of(product_of(peer, collateral, collateral_rate(peer)),
                                 product_of(peer, shares, share_rate(peer)));
    mpq_srcptr loan = scale_of_value(peer, value);
    return (struct scales){
        .loan = loan,
        .collateral = scale_of_quantity(peer, collateral, collateral_rate(peer), value, loan),
        .share = scale_of_quantity(peer, shares, share_rate(peer), value, loan),
    };
}

static void
put_window(struct peer *peer, json_t *asset)
{
    mpq_srcptr wad = power_of_ten(peer, 18);
    mpq_srcptr one = ratio_of(peer, "1");
    json_t *window = put_object(asset, "pre_liquidation");
    put_number(window, "threshold", vector_over(peer, peer->input, "preLltv", wad));
    put_number(window, "close_start_rate", vector_over(peer, peer->input, "preLCF1", wad));
    put_number(window, "close_end_rate", vector_over(peer, peer->input, "preLCF2", wad));
    put_number(window, "penalty_start_rate",
               difference_of(peer, vector_over(peer, peer->input, "preLIF1", wad), one));
    put_number(window, "penalty_end_rate",
               difference_of(peer, vector_over(peer, peer->input, "preLIF2", wad), one));
}

static struct scales
begin_position(struct peer *peer)
{
    struct scales scales = choose_scales(peer);
    mpq_srcptr shares = vector_over(peer, peer->input, "borrowShares", scales.share);
    request_begin(peer, rules);
    put_number(document_group(peer, "quote"), "unit",
               quotient_of(peer, ratio_of(peer, "1"), scales.loan));
    json_t *asset = document_add_asset(
        peer, "c", scales.collateral,
        scaled_price(peer, collateral_rate(peer), scales.collateral, scales.loan));
    put_number(asset, "threshold", vector_scaled(peer, peer->input, "lltv", 18));
    put_number(asset, "opening_weight", vector_scaled(peer, peer->input, "lltv", 18));
    if (vector_has(peer->input, "preLltv"))
        put_window(peer, asset);
    document_add_asset(peer, "d", scales.share,
                       scaled_price(peer, share_rate(peer), scales.share, scales.loan));
    account_add_collateral(peer, "c",
                           vector_over(peer, peer->input, "collateral", scales.collateral));
    if (mpq_sgn(shares) > 0)
        account_add_debt(peer, "d", shares);
    return scales;
}

static void
incentive_factor(struct peer *peer)
{
    mpq_srcptr wad = power_of_ten(peer, 18);
    mpq_srcptr one = ratio_of(peer, "1");
    request_begin(peer, factor_rules);
    put_number(document_group(peer, "penalty"), "slope",
               vector_over(peer, peer->input, "cursor", wad));
    put_number(document_group(peer, "penalty"), "cap_rate",
               difference_of(peer, vector_over(peer, peer->input, "maxLif", wad), one));
    put_number(document_add_asset(peer, "c", wad, one), "threshold",
               vector_over(peer, peer->input, "lltv", wad));
    document_add_asset(peer, "d", wad, one);
    account_add_collateral(peer, "c", one);
    account_add_debt(peer, "d", one);
    peer_ask(peer);
    give_units(peer, "lif", sum_of(peer, one, answer_figure(peer, "penalty/form_rate")), wad);
}

/* A ratio of the SDK's: unbounded where there is a debt and nothing behind it, and 0 without a
 * debt. */
static void
give_ratio(struct peer *peer, const char *name, const char *path, const char *without_debt)
{
    mpq_srcptr ratio = answer_figure_or(peer, path, NULL);
    bool is_indebted = mpq_sgn(answer_figure(peer, "health/debt")) > 0;
    if (!is_indebted)
        give_text(peer, name, without_debt);
    else if (ratio)
        give_units(peer, name, ratio, power_of_ten(peer, 18));
    else
        give_text(peer, name, PEER_UNBOUNDED);
}

static void
give_liquidation_price(struct peer *peer, const struct scales *scales)
{
    mpq_srcptr price = answer_price(peer, "c", NULL, "price");
    mpq_srcptr distance = answer_price(peer, "c", NULL, "distance_rate");
    if (price)
        give_number(
            peer, "liquidationPrice",
            product_of(peer, price,
                       quotient_of(peer, product_of(peer, scales->loan, power_of_ten(peer, 36)),
                                   scales->collateral)));
    else if (mpq_sgn(answer_figure(peer, "health/debt")) > 0)
        give_text(peer, "liquidationPrice", PEER_UNBOUNDED);
    else
        give_none(peer, "liquidationPrice");
    if (distance)
        give_units(peer, "priceVariation", distance, power_of_ten(peer, 18));
    else
        give_none(peer, "priceVariation");
}

static void
position(struct peer *peer)
{
    struct scales scales = begin_position(peer);
    mpq_srcptr zero = ratio_of(peer, "0");
    peer_ask(peer);
    bool is_healthy = answer_is_status(peer, "healthy");
    give_units(peer, "borrowAssets", answer_figure(peer, "health/debt"), scales.loan);
    give_units(peer, "collateralValue", answer_figure(peer, "health/collateral"), scales.loan);
    give_units(peer, "maxBorrowAssets", answer_figure(peer, "health/support"), scales.loan);
    give_units(peer, "maxBorrowableAssets", answer_figure(peer, "health/borrowable"), scales.loan);
    give_flag(peer, "isHealthy", is_healthy);
    give_ratio(peer, "healthFactor", "health/ratio", PEER_UNBOUNDED);
    give_ratio(peer, "ltv", "health/ltv", "0");
    give_ratio(peer, "borrowCapacityUsage", "health/usage", "0");
    give_liquidation_price(peer, &scales);
    give_units(peer, "withdrawableCollateral", answer_amount(peer, "withdrawable", "c"),
               scales.collateral);
    give_units(peer, "seizableCollateral",
               is_healthy ? zero : answer_figure_or(peer, "liquidation/seize", zero),
               scales.collateral);
}

/* Values leave the service in the loan asset, shares as the debt's quantity. */
static void
give_liquidation(struct peer *peer, const struct scales *scales)
{
    const json_t *input = peer->input;
    mpq_srcptr rate = share_rate(peer);
    mpq_srcptr owed = account_quantity(peer, "debt", "d");
    mpq_srcptr repaid = answer_figure(peer, "liquidation/repay");
    mpq_srcptr bad = answer_amount(peer, "liquidation/bad_debts", "d");
    mpq_srcptr seized = floor_of(
        peer, product_of(peer, answer_figure(peer, "liquidation/seize"), scales->collateral));
    mpq_srcptr repaid_shares = product_of(peer, repaid, scales->share);
    mpq_srcptr bad_shares = product_of(peer, bad, scales->share);
    mpq_srcptr repaid_assets = ceiling_of(peer, product_of(peer, repaid_shares, rate));
    mpq_srcptr bad_assets = ceiling_of(peer, product_of(peer, bad_shares, rate));
    mpq_srcptr assets_gone = sum_of(peer, repaid_assets, bad_assets);
    mpq_srcptr shares_gone = sum_of(peer, repaid_shares, bad_shares);
    give_number(peer, "seizedAssets", seized);
    give_number(peer, "repaidShares", repaid_shares);
    give_number(peer, "repaidAssets", repaid_assets);
    give_number(peer, "badDebtShares", bad_shares);
    give_number(peer, "badDebtAssets", bad_assets);
    give_number(peer, "collateralLeft",
                difference_of(peer, vector_number(peer, input, "collateral"), seized));
    give_number(peer, "borrowSharesLeft",
                difference_of(peer, product_of(peer, owed, scales->share), shares_gone));
    give_number(peer, "totalBorrowAssets",
                difference_of(peer, vector_number(peer, input, "totalBorrowAssets"), assets_gone));
    give_number(peer, "totalBorrowShares",
                difference_of(peer, vector_number(peer, input, "totalBorrowShares"), shares_gone));
}

static void
liquidate(struct peer *peer)
{
    struct scales scales = begin_position(peer);
    if (vector_has(peer->input, "seizedAssets"))
        put_number(request_wish(peer), "seize",
                   vector_over(peer, peer->input, "seizedAssets", scales.collateral));
    else
        put_number(request_wish(peer), "repay",
                   vector_over(peer, peer->input, "repaidShares", scales.share));
    if (!peer_ask(peer))
        give_text(peer, "error", peer->refused);
    else if (!answer_is_status(peer, "liquidatable"))
        give_text(peer, "error", "HEALTHY_POSITION");
    else
        give_liquidation(peer, &scales);
}

/* What the account may be asked for first, then the wish. */
static void
evaluate(struct peer *peer)
{
    struct scales scales = begin_position(peer);
    mpq_srcptr wad = power_of_ten(peer, 18);
    peer_ask(peer);
    if (answer_is_status(peer, "liquidatable")) {
        give_either(peer, "error", "LiquidatablePosition", "NotInPreLiquidationWindow");
        return;
    }
    if (answer_is_status(peer, "healthy")) {
        give_either(peer, "error", "NotPreLiquidatablePosition", "NotInPreLiquidationWindow");
        return;
    }
    give_units(peer, "ltv", answer_figure(peer, "health/ltv"), wad);
    give_units(peer, "quotient", answer_figure(peer, "health/window"), wad);
    give_units(peer, "preLIF",
               sum_of(peer, ratio_of(peer, "1"), answer_figure(peer, "penalty/form_rate")), wad);
    give_units(peer, "preLCF", answer_figure(peer, "liquidation/close_rate"), wad);
    give_units(peer, "repayableShares", answer_figure(peer, "liquidation/repay_max"), scales.share);
    give_units(peer, "seizableCollateral", answer_figure(peer, "liquidation/seize"),
               scales.collateral);
    if (!vector_has(peer->input, "repaidShares"))
        return;
    put_number(request_wish(peer), "repay",
               vector_over(peer, peer->input, "repaidShares", scales.share));
    if (!peer_ask(peer))
        give_text(peer, "error",
                  answer_refusal(peer, "exceeds_close_size", "PreLiquidationTooLarge"));
}

/* The registry's row is the preset's asset of that threshold. */
static void
defaults(struct peer *peer)
{
    mpq_srcptr wad = power_of_ten(peer, 18);
    mpq_srcptr one = ratio_of(peer, "1");
    mpq_srcptr lltv = vector_over(peer, peer->input, "lltv", wad);
    const struct asset_file *preset = asset_find(PRESET);
    const json_t *kept = preset ? document_keep(peer, preset->bytes) : NULL;
    const char *name;
    json_t *asset;
    if (!kept)
        peer_fail(peer, "%s: %s", PRESET, peer->refused);
    json_object_foreach(json_object_get(kept, "assets"), name, asset) {
        const json_t *window = json_object_get(asset, "pre_liquidation");
        if (!window || mpq_cmp(vector_number(peer, asset, "threshold"), lltv))
            continue;
        give_units(peer, "preLltv", vector_number(peer, window, "threshold"), wad);
        give_units(peer, "preLCF1", vector_number(peer, window, "close_start_rate"), wad);
        give_units(peer, "preLCF2", vector_number(peer, window, "close_end_rate"), wad);
        give_units(peer, "preLIF1",
                   sum_of(peer, one, vector_number(peer, window, "penalty_start_rate")), wad);
        give_units(peer, "preLIF2",
                   sum_of(peer, one, vector_number(peer, window, "penalty_end_rate")), wad);
    }
}

/* A condition by the parameters that it names, a document that breaks it, and what the service and
 * the peer call that. */
static const struct condition {
    const char *first, *second, *member, *value, *code, *error;
} conditions[] = {
    { "preLCF1", "preLCF2", "close_start_rate", "0.9", "pre_close_decreasing", "PreLCFDecreasing" },
    { "preLCF1", "", "close_start_rate", "1.1", "pre_close_above_one", "PreLCFTooHigh" },
    { "preLIF1", "preLIF2", "penalty_start_rate", "0.06", "pre_penalty_decreasing",
      "PreLIFDecreasing" },
    { "preLIF1", "", "penalty_start_rate", "-0.01", "out_of_bounds", "PreLIFTooLow" },
    { "preLIF2", "", "penalty_end_rate", "0.2", "pre_penalty_exceeds_equity", "PreLIFTooHigh" },
    { "preLltv", "", "threshold", "0.86", "pre_window_empty", "PreLltvTooHigh" },
};

static const struct condition *
condition_of(const char *text)
{
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++)
        if (strcasestr(text, conditions[i].first) && strcasestr(text, conditions[i].second))
            return &conditions[i];
    return NULL;
}

static void
validate(struct peer *peer)
{
    const struct condition *condition = condition_of(vector_text(peer, peer->input, "condition"));
    if (!condition) {
        peer_skip(peer, "a condition that is not of the pre-liquidation's parameters");
        return;
    }
    request_begin(peer, plain_rules);
    json_t *asset = document_add_asset(peer, "c", power_of_ten(peer, 18), ratio_of(peer, "1"));
    put_text(asset, "threshold", "0.86");
    json_t *window = put_object(asset, "pre_liquidation");
    put_text(window, "threshold", "0.8");
    put_text(window, "close_start_rate", "0.2");
    put_text(window, "close_end_rate",
             !strcmp(condition->code, "pre_close_above_one") ? "1.2" : "0.8");
    put_text(window, "penalty_start_rate", "0.01");
    put_text(window, "penalty_end_rate", "0.05");
    put_text(window, condition->member, condition->value);
    if (peer_ask(peer))
        peer_fail(peer, "the document was accepted");
    else
        give_text(peer, "error", answer_refusal(peer, condition->code, condition->error));
}

/* Any threshold that the window may end at: halfway from its start to where a liquidation would
 * take more than all. */
static mpq_srcptr
some_threshold(struct peer *peer, mpq_srcptr start)
{
    mpq_srcptr whole =
        quotient_of(peer, power_of_ten(peer, 18), vector_number(peer, peer->input, "preLIF2"));
    mpq_srcptr scale = power_of_ten(peer, 9);
    mpq_srcptr halfway = quotient_of(peer, sum_of(peer, start, whole), ratio_of(peer, "2"));
    return quotient_of(peer, floor_of(peer, product_of(peer, halfway, scale)), scale);
}

/* An account at that point of the window: a million of collateral at the price 1, a debt between
 * its two supports. At the very beginning the window is not open yet: there the debt is the
 * smallest unit above. */
static void
interpolate(struct peer *peer)
{
    mpq_srcptr wad = power_of_ten(peer, 18);
    mpq_srcptr one = ratio_of(peer, "1");
    mpq_srcptr collateral = power_of_ten(peer, 6);
    mpq_srcptr start = vector_over(peer, peer->input, "preLltv", wad);
    mpq_srcptr threshold = some_threshold(peer, start);
    mpq_srcptr quotient = vector_number(peer, peer->input, "quotient");
    if (mpq_cmp(quotient, one) > 0) /* counted in units of 1e-18 */
        quotient = quotient_of(peer, quotient, wad);
    mpq_srcptr ltv =
        sum_of(peer, start, product_of(peer, quotient, difference_of(peer, threshold, start)));
    mpq_srcptr debt = product_of(peer, ltv, collateral);
    request_begin(peer, plain_rules);
    json_t *asset = document_add_asset(peer, "c", wad, one);
    put_number(asset, "threshold", threshold);
    put_window(peer, asset);
    document_add_asset(peer, "d", wad, one);
    account_add_collateral(peer, "c", collateral);
    account_add_debt(peer, "d",
                     mpq_sgn(quotient) ? debt : sum_of(peer, debt, power_of_ten(peer, -18)));
    peer_ask(peer);
    give_units(peer, "preLIF", sum_of(peer, one, answer_figure(peer, "penalty/form_rate")), wad);
    give_units(peer, "preLCF", answer_figure(peer, "liquidation/close_rate"), wad);
}

const struct peer_translation morpho_translations[] = {
    { "morpho-blue", "morpho.lif", incentive_factor, NULL },
    { "morpho-blue", "morpho.position", position, NULL },
    { "morpho-blue", "morpho.liquidate", liquidate, NULL },
    { "morpho-preliquidation", "preliq.evaluate", evaluate, NULL },
    { "morpho-preliquidation", "preliq.defaults", defaults, NULL },
    { "morpho-preliquidation", "preliq.validate", validate, NULL },
    { "morpho-preliquidation", "preliq.interpolate", interpolate, NULL },
    { NULL, NULL, NULL, NULL },
};
