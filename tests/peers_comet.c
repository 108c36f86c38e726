/* Compound v3: is an account liquidatable, what its absorption leaves, and what a buyer of
 * collateral gets. */
#include "tests/peers.h"

/* All of the account at once: each collateral is credited at its value less the discount. */
static const char absorb_rules[] =
    "{'quote': {'unit': '0.00000001', 'round_weighted': true}, 'trigger': {'rule': 'below'},"
    " 'close': {'rule': 'full', 'scope': 'account'}, 'dust': {'rule': 'none'},"
    " 'penalty': {'rule': 'fixed', 'form': 'discount'}}";

/* The store gives a part of the discount on. */
static const char store_rules[] =
    "{'quote': {'unit': '0.00000001'}, 'trigger': {'rule': 'below'}, 'close': {'rule': 'full'},"
    " 'dust': {'rule': 'none'},"
    " 'penalty': {'rule': 'fixed', 'form': 'discount'}, 'split': {'protocol_of': 'bonus'}}";

/* A factor of 1e18 is no discount. */
static mpq_srcptr
complement(struct peer *peer, mpq_srcptr factor)
{
    return difference_of(peer, ratio_of(peer, "1"),
                         quotient_of(peer, factor, power_of_ten(peer, 18)));
}

/* The base is the one debt, if only of 0; a balance in the account's favour is cash. */
static void
begin_account(struct peer *peer)
{
    const json_t *input = peer->input;
    mpq_srcptr scale = vector_number(peer, input, "baseScale");
    mpq_srcptr price = vector_scaled(peer, input, "basePrice", 8);
    mpq_srcptr balance = vector_over(peer, input, "balance", scale);
    mpq_srcptr zero = ratio_of(peer, "0");
    size_t i;
    const json_t *leg;
    request_begin(peer, absorb_rules);
    document_add_asset(peer, "base", scale, price);
    json_array_foreach(json_object_get(input, "collaterals"), i, leg) {
        struct leg_name name = leg_name("c", i);
        mpq_srcptr unit = vector_number(peer, leg, "scale");
        mpq_srcptr factor = vector_or(peer, leg, "liquidationFactor", "1e18");
        mpq_srcptr weight = vector_or(peer, leg, "liquidateCollateralFactor", "0");
        json_t *asset =
            document_add_asset(peer, name.text, unit, vector_scaled(peer, leg, "price", 8));
        put_number(asset, "threshold", quotient_of(peer, weight, power_of_ten(peer, 18)));
        put_number(asset, "penalty_rate", complement(peer, factor));
        account_add_collateral(peer, name.text, vector_over(peer, leg, "balance", unit));
    }
    account_add_debt(peer, "base", larger_of(negative_of(peer, balance), zero));
    account_set_cash(peer, larger_of(product_of(peer, balance, price), zero));
}

static void
is_liquidatable(struct peer *peer)
{
    begin_account(peer);
    peer_ask(peer);
    give_flag(peer, "liquidatable", answer_is_status(peer, "liquidatable"));
}

/* Reserves pay what the debt was, and what was left over for the account. */
static void
absorb(struct peer *peer)
{
    const json_t *input = peer->input;
    mpq_srcptr scale = vector_number(peer, input, "baseScale");
    mpq_srcptr price = vector_scaled(peer, input, "basePrice", 8);
    begin_account(peer);
    peer_ask(peer);
    mpq_srcptr balance = floor_of(
        peer, product_of(peer, answer_amount(peer, "liquidation/account/surplus_amounts", "base"),
                         scale));
    mpq_srcptr paid = difference_of(peer, balance, vector_number(peer, input, "balance"));
    give_number(peer, "newBalance", balance);
    give_number(peer, "basePaidOut", paid);
    give_units(peer, "usdValue", product_of(peer, quotient_of(peer, paid, scale), price),
               power_of_ten(peer, 8));
    give_units(peer, "deltaBalance",
               quotient_of(peer, answer_figure(peer, "liquidation/account/credit"), price), scale);
    give_units(peer, "reservesLoss", answer_amount(peer, "liquidation/bad_debts", "base"), scale);
}

static void
quote_collateral(struct peer *peer)
{
    const json_t *input = peer->input;
    mpq_srcptr scale = vector_number(peer, input, "assetScale");
    mpq_srcptr one = ratio_of(peer, "1");
    request_begin(peer, store_rules);
    put_number(document_group(peer, "split"), "protocol_rate",
               complement(peer, vector_number(peer, input, "storeFrontPriceFactor")));
    json_t *asset =
        document_add_asset(peer, "c", scale, vector_scaled(peer, input, "assetPrice", 8));
    put_number(asset, "penalty_rate",
               complement(peer, vector_number(peer, input, "liquidationFactor")));
    put_text(asset, "price_unit", "0.00000001");
    document_add_asset(peer, "base", vector_number(peer, input, "baseScale"),
                       vector_scaled(peer, input, "basePrice", 8));
    account_add_collateral(peer, "c", one);
    account_add_debt(peer, "base", one);
    put_text(request_wish(peer), "collateral", "c");
    put_text(request_wish(peer), "debt", "base");
    put_number(request_wish(peer), "buy_with",
               vector_over(peer, input, "baseAmount", vector_number(peer, input, "baseScale")));
    peer_ask(peer);
    give_units(peer, "collateralAmount", answer_figure(peer, "liquidation/sale/quantity"), scale);
}

const struct peer_translation comet_translations[] = {
    { "comet", "comet.isLiquidatable", is_liquidatable, NULL },
    { "comet", "comet.absorb", absorb, NULL },
    { "comet", "comet.quoteCollateral", quote_collateral, NULL },
    { NULL, NULL, NULL, NULL },
};
