/* Gearbox v3: who is paid how much when an account is liquidated whole; and thresholds that move
 * over time. */
#include "tests/peers.h"

#include "record/instant.h"

static const char rules[] =
    "{'trigger': {'rule': 'below'}, 'close': {'rule': 'full', 'scope': 'account'},"
    " 'dust': {'rule': 'none'},"
    " 'penalty': {'rule': 'fixed', 'form': 'discount'}, 'split': {'protocol_of': 'whole'}}";

/* All in smallest units at the price 1, written as 1e-18. The fees owed are a debt of their own:
 * they are paid after the principal and its interest. */
static void
liquidation_payments(struct peer *peer)
{
    const json_t *input = peer->input;
    mpq_srcptr one = ratio_of(peer, "1");
    mpq_srcptr wad = power_of_ten(peer, 18);
    mpq_srcptr interest = vector_number(peer, input, "accruedInterest");
    mpq_srcptr fees =
        floor_of(peer, product_of(peer, interest, vector_scaled(peer, input, "feeInterest", 4)));
    mpq_srcptr transfer_fee =
        quotient_of(peer, vector_or(peer, input, "tokenFeeBps", "0"), power_of_ten(peer, 4));
    request_begin(peer, rules);
    put_number(document_group(peer, "split"), "protocol_rate",
               vector_scaled(peer, input, "feeLiquidation", 4));
    json_t *value = document_add_asset(peer, "value", wad, one);
    put_number(value, "penalty_rate",
               difference_of(peer, one, vector_scaled(peer, input, "liquidationDiscount", 4)));
    put_number(document_add_asset(peer, "principal", wad, one), "transfer_fee_rate", transfer_fee);
    put_number(document_add_asset(peer, "fees", wad, one), "transfer_fee_rate", transfer_fee);
    account_add_collateral(peer, "value", vector_over(peer, input, "totalValue", wad));
    account_add_debt(
        peer, "principal",
        quotient_of(peer, sum_of(peer, vector_number(peer, input, "debt"), interest), wad));
    account_add_debt(peer, "fees", quotient_of(peer, fees, wad));
    peer_ask(peer);
    mpq_srcptr surplus = answer_figure(peer, "liquidation/account/surplus");
    mpq_srcptr profit = sum_of(peer, answer_amount(peer, "liquidation/account/paid", "fees"),
                               answer_figure(peer, "liquidation/account/fee"));
    give_units(peer, "amountToPool",
               difference_of(peer, answer_figure(peer, "liquidation/account/credit"), surplus),
               wad);
    give_units(peer, "remainingFunds", surplus, wad);
    give_units(peer, "profit", profit, wad);
    give_units(peer, "loss", answer_amount(peer, "liquidation/bad_debts", "principal"), wad);
}

static mpq_srcptr
get_either(struct peer *peer, const char *first, const char *second)
{
    return vector_number(peer, peer->input, vector_has(peer->input, first) ? first : second);
}

/* The service's clock stands still at the request; where the ramp stands is told by its distance
 * from then, which past a thousand million seconds makes no difference. */
static void
put_ramp(struct peer *peer, json_t *asset, mpq_srcptr initial, mpq_srcptr elapsed_s,
         mpq_srcptr duration_s)
{
    char text[INSTANT_TEXT_MAX];
    mpq_srcptr bound = power_of_ten(peer, 9);
    mpq_srcptr bounded = larger_of(smaller_of(elapsed_s, bound), negative_of(peer, bound));
    json_t *ramp = put_object(asset, "ramp");
    instant_format(peer->now_us - (int64_t)mpq_get_d(bounded) * 1000000, text);
    put_number(ramp, "initial_threshold", initial);
    put_text(ramp, "start_at", text);
    put_integer(ramp, "duration_s", (long)mpq_get_d(duration_s));
}

/* A collateral worth 1: its support is the threshold. */
void
peer_ramp(struct peer *peer)
{
    const json_t *input = peer->input;
    mpq_srcptr one = ratio_of(peer, "1");
    mpq_srcptr bps = power_of_ten(peer, 4);
    mpq_srcptr duration = vector_number(peer, input, "rampDuration");
    mpq_srcptr elapsed =
        vector_has(input, "timeRemaining")
            ? difference_of(peer, duration, vector_number(peer, input, "timeRemaining"))
            : difference_of(peer, vector_number(peer, input, "now"),
                            vector_number(peer, input, "rampStart"));
    request_begin(peer, plain_rules);
    json_t *asset = document_add_asset(peer, "c", power_of_ten(peer, 18), one);
    put_number(asset, "threshold",
               quotient_of(peer, get_either(peer, "liquidationLTV", "ltFinal"), bps));
    if (mpq_sgn(duration) || mpq_sgn(elapsed) < 0) /* else it is over */
        put_ramp(peer, asset,
                 quotient_of(peer, get_either(peer, "initialLiquidationLTV", "ltInitial"), bps),
                 elapsed, larger_of(duration, one));
    account_add_collateral(peer, "c", one);
    peer_ask(peer);
    give_units(peer, "lt", answer_figure(peer, "health/support"), bps);
    give_units(peer, "liquidationLTV", answer_figure(peer, "health/support"), bps);
}

const struct peer_translation gearbox_translations[] = {
    { "gearbox-v3", "gearbox.liquidationPayments", liquidation_payments, NULL },
    { "gearbox-v3", "gearbox.ltRamp", peer_ramp, NULL },
    { NULL, NULL, NULL, NULL },
};
