/* Euler v2: what a liquidator may repay and take of one collateral, and a liquidation LTV on its
 * way down. */
#include <string.h>

#include "tests/peers.h"

static const char rules[] =
    "{'quote': {'round_weighted': true}, 'trigger': {'rule': 'at_or_below'},"
    " 'close': {'rule': 'full', 'excess': 'refuse', 'steps': 'value', 'repay_rounding': 'down'},"
    " 'dust': {'rule': 'none'}, 'penalty': {'rule': 'by_health', 'form': 'discount'}}";

/* The scales of the values, and of the two quantities that the peer names. */
struct scales {
    mpq_srcptr value, liability, seized;
};

static mpq_srcptr
value_scale(struct peer *peer)
{
    mpq_srcptr most = vector_number(peer, peer->input, "liabilityValue");
    size_t i;
    const json_t *leg;
    json_array_foreach(json_object_get(peer->input, "collaterals"), i, leg)
        most = larger_of(most, vector_number(peer, leg, "value"));
    return scale_of_value(peer, most);
}

/* The vector states a leg's value: the price is the value over the balance. Of nothing it is the
 * price that it states. */
static mpq_srcptr
unit_price(struct peer *peer, mpq_srcptr value, mpq_srcptr quantity, mpq_srcptr stated)
{
    return mpq_sgn(quantity) ? quotient_of(peer, value, quantity)
                             : quotient_of(peer, stated, power_of_ten(peer, 18));
}

/* A collateral's value is rounded down, a debt's up: with the price rounded the other way both come
 * out as stated. */
static mpq_srcptr
add_collateral_leg(struct peer *peer, const json_t *leg, const char *name, mpq_srcptr value_scale)
{
    const json_t *input = peer->input;
    mpq_srcptr balance = vector_number(peer, leg, "balance");
    mpq_srcptr value = vector_number(peer, leg, "value");
    mpq_srcptr most = larger_of(value, vector_number(peer, input, "liabilityValue"));
    mpq_srcptr price = unit_price(peer, value, balance, vector_or(peer, leg, "price", "0"));
    mpq_srcptr scale = scale_of_quantity(peer, balance, price, most, value_scale);
    mpq_srcptr scaled = scaled_price(peer, price, scale, value_scale);
    json_t *asset = document_add_asset(peer, name, scale, places_up(peer, scaled, 18));
    put_number(asset, "threshold", vector_scaled(peer, leg, "liquidationLTV", 4));
    put_number(asset, "penalty_rate", vector_scaled(peer, input, "maxLiquidationDiscount", 4));
    account_add_collateral(peer, name, quotient_of(peer, balance, scale));
    return scale;
}

static mpq_srcptr
add_liability(struct peer *peer, mpq_srcptr value_scale)
{
    const json_t *input = peer->input;
    mpq_srcptr owed = vector_number(peer, input, "liabilityAssets");
    mpq_srcptr value = vector_number(peer, input, "liabilityValue");
    mpq_srcptr price = unit_price(peer, value, owed, vector_or(peer, input, "liabilityPrice", "0"));
    mpq_srcptr scale = scale_of_quantity(peer, owed, price, value, value_scale);
    document_add_asset(peer, "d", scale, scaled_price(peer, price, scale, value_scale));
    account_add_debt(peer, "d", quotient_of(peer, owed, scale));
    return scale;
}

static struct scales
begin_account(struct peer *peer)
{
    const json_t *input = peer->input;
    mpq_srcptr one = ratio_of(peer, "1");
    struct scales scales = { .value = value_scale(peer), .seized = one };
    struct leg_name seized = leg_name("c", (size_t)mpq_get_d(vector_number(peer, input, "seize")));
    size_t i;
    const json_t *leg;
    request_begin(peer, rules);
    put_number(document_group(peer, "quote"), "unit", quotient_of(peer, one, scales.value));
    put_number(document_group(peer, "penalty"), "health_for_max",
               difference_of(peer, one, vector_scaled(peer, input, "maxLiquidationDiscount", 4)));
    json_array_foreach(json_object_get(input, "collaterals"), i, leg) {
        struct leg_name name = leg_name("c", i);
        mpq_srcptr scale = add_collateral_leg(peer, leg, name.text, scales.value);
        if (!strcmp(name.text, seized.text))
            scales.seized = scale;
    }
    scales.liability = add_liability(peer, scales.value);
    put_text(request_wish(peer), "collateral", seized.text);
    put_text(request_wish(peer), "debt", "d");
    return scales;
}

#define EXCESSIVE "E_ExcessiveRepayAmount"

/* A wish of so many units of the liability. The peer gives its share of the most, whose values were
 * rounded once: so a wish's own value is not rounded. What the service would cut, as the collateral
 * does not pay for it, the peer refuses. */
static void
give_wish(struct peer *peer, const struct scales *scales, mpq_srcptr most)
{
    mpq_srcptr asked = vector_over(peer, peer->input, "desiredRepay", scales->liability);
    put_number(document_group(peer, "quote"), "unit", power_of_ten(peer, -18));
    put_number(request_wish(peer), "repay", asked);
    if (!peer_ask(peer)) {
        give_text(peer, "error", answer_refusal(peer, "exceeds_close_size", EXCESSIVE));
        return;
    }
    if (mpq_cmp(asked, most) > 0)
        give_text(peer, "error", EXCESSIVE);
    give_units(peer, "repay", answer_figure(peer, "liquidation/repay"), scales->liability);
    give_units(peer, "yield", answer_figure(peer, "liquidation/seize"), scales->seized);
}

static void
check_liquidation(struct peer *peer)
{
    struct scales scales = begin_account(peer);
    peer_ask(peer);
    give_units(peer, "collateralAdjustedValue", answer_figure(peer, "health/support"),
               scales.value);
    give_units(peer, "liabilityValue", answer_figure(peer, "health/debt"), scales.value);
    if (!answer_is_status(peer, "liquidatable")) {
        give_text(peer, "maxRepay", "0");
        give_text(peer, "maxYield", "0");
        return;
    }
    mpq_srcptr most = answer_figure(peer, "liquidation/repay");
    mpq_srcptr factor =
        difference_of(peer, ratio_of(peer, "1"), answer_figure(peer, "penalty/form_rate"));
    give_units(peer, "maxRepay", most, scales.liability);
    give_units(peer, "maxYield", answer_figure(peer, "liquidation/seize"), scales.seized);
    give_units(peer, "discountFactor", factor, power_of_ten(peer, 18));
    if (vector_has(peer->input, "desiredRepay"))
        give_wish(peer, &scales, most);
}

const struct peer_translation euler_translations[] = {
    { "euler-v2", "evk.checkLiquidation", check_liquidation, NULL },
    { "euler-v2", "evk.ltvRamp", peer_ramp, NULL },
    { NULL, NULL, NULL, NULL },
};
