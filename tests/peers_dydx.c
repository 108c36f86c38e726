/* dYdX v4: the bankruptcy price, the fillable price and the insurance fund's part of a slice; how
 * much may be closed. */
#include <string.h>

#include "tests/peers.h"

static const char rules[] =
    "{'quote': {'unit': '0.000001'}, 'trigger': {'rule': 'below'}, 'close': {'rule': 'full'},"
    " 'dust': {'rule': 'none'}, 'penalty': {'rule': 'by_health', 'form': 'discount'},"
    " 'split': {'insurance_of': 'whole'}}";

static mpq_srcptr
ppm(struct peer *peer, const json_t *object, const char *member, const char *otherwise)
{
    return quotient_of(peer, vector_or(peer, object, member, otherwise), power_of_ten(peer, 6));
}

/* 10 to the power that the vector states. */
static mpq_srcptr
power_in(struct peer *peer, const json_t *object, const char *member)
{
    return power_of_ten(peer, (long)mpq_get_d(vector_number(peer, object, member)));
}

static struct leg_name
perpetual_name(struct peer *peer, const json_t *object)
{
    return leg_name("p", (size_t)mpq_get_d(vector_number(peer, object, "perpetual_id")));
}

/* The venue counts values in whole quantums, toward zero. */
static mpq_srcptr
whole_quantums(struct peer *peer, mpq_srcptr value)
{
    mpq_srcptr million = power_of_ten(peer, 6);
    mpq_srcptr quantums = floor_of(peer, product_of(peer, magnitude_of(peer, value), million));
    mpq_srcptr whole = quotient_of(peer, quantums, million);
    return mpq_sgn(value) < 0 ? negative_of(peer, whole) : whole;
}

/* The venue keeps no entry price: it is the mark, and the cash the quote balance with all positions
 * at the mark (rules.md 1). `terms` holds the price and the rates, `quantums` what is held. Returns
 * what it is worth. */
static mpq_srcptr
add_position(struct peer *peer, const char *name, const json_t *terms, mpq_srcptr quantums)
{
    mpq_srcptr scale = power_in(peer, terms, "atomic_resolution");
    mpq_srcptr price = product_of(peer, vector_number(peer, terms, "oracle_price_value"),
                                  power_in(peer, terms, "oracle_price_exponent"));
    mpq_srcptr quantity = product_of(peer, quantums, scale);
    mpq_srcptr rate = product_of(peer, ppm(peer, terms, "initial_margin_ppm", "200000"),
                                 ppm(peer, terms, "maintenance_fraction_ppm", "500000"));
    mpq_srcptr spread = ppm(peer, peer->input, "spread_to_maintenance_margin_ratio_ppm", "0");
    json_t *asset =
        document_add_asset(peer, name, quotient_of(peer, ratio_of(peer, "1"), scale), price);
    json_t *bracket = json_object();
    json_t *brackets = json_array();
    put_number(bracket, "from_notional", ratio_of(peer, "0"));
    put_number(bracket, "rate", rate);
    json_array_append_new(brackets, bracket);
    json_object_set_new(asset, "brackets", brackets);
    put_number(asset, "penalty_rate", product_of(peer, rate, spread));
    account_add_perp(peer, name, quantity, price);
    return whole_quantums(peer, product_of(peer, quantity, price));
}

/* At the health of 1 - 1/adjustment the discount is the whole spread. */
static void
begin_rules(struct peer *peer)
{
    mpq_srcptr one = ratio_of(peer, "1");
    mpq_srcptr adjustment = ppm(peer, peer->input, "bankruptcy_adjustment_ppm", "1000000");
    request_begin(peer, rules);
    put_number(document_group(peer, "penalty"), "health_for_max",
               difference_of(peer, one, quotient_of(peer, one, adjustment)));
    put_number(document_group(peer, "split"), "insurance_rate",
               ppm(peer, peer->input, "max_liquidation_fee_ppm", "0"));
}

/* The position that the case asks about; NULL: there is none. */
static const json_t *
begin_subaccount(struct peer *peer)
{
    const json_t *input = peer->input;
    mpq_srcptr cash = vector_scaled(peer, input, "usdc_quantums", 6);
    mpq_srcptr asked = vector_number(peer, input, "perpetual_id");
    const json_t *found = NULL;
    size_t i;
    const json_t *position;
    begin_rules(peer);
    json_array_foreach(json_object_get(input, "positions"), i, position) {
        struct leg_name name = perpetual_name(peer, position);
        cash = sum_of(
            peer, cash,
            add_position(peer, name.text, position, vector_number(peer, position, "quantums")));
        if (mpq_equal(vector_number(peer, position, "perpetual_id"), asked))
            found = position;
    }
    if (!found) /* a market without a position in it */
        document_add_asset(peer, perpetual_name(peer, input).text, power_of_ten(peer, 18),
                           ratio_of(peer, "1"));
    account_set_cash(peer, cash);
    return found;
}

/* Asks for the close of so many quantums. */
static bool
ask_close(struct peer *peer, const char *name, mpq_srcptr quantums, mpq_srcptr scale)
{
    put_text(request_wish(peer), "perp", name);
    put_number(request_wish(peer), "quantity",
               product_of(peer, magnitude_of(peer, quantums), scale));
    return peer_ask(peer);
}

static mpq_srcptr
scale_of(struct peer *peer, const json_t *position)
{
    return position ? power_in(peer, position, "atomic_resolution") : ratio_of(peer, "1");
}

static void
give_error(struct peer *peer, const char *theirs)
{
    static const char *const codes[] = { "no_position", "zero_quantity", "exceeds_position" };
    const char *error = peer->refused;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (!strcmp(peer->refusal, codes[i]))
            error = theirs;
    give_text(peer, "error", error);
}

static void
bankruptcy_price(struct peer *peer)
{
    mpq_srcptr scale = scale_of(peer, begin_subaccount(peer));
    struct leg_name name = perpetual_name(peer, peer->input);
    if (!ask_close(peer, name.text, vector_number(peer, peer->input, "delta_quantums"), scale))
        give_error(peer, "ErrInvalidPerpetualPositionSizeDelta");
    else
        give_units(peer, "bankruptcy_price_quote_quantums",
                   answer_figure(peer, "liquidation/perp/bankruptcy_proceeds"),
                   power_of_ten(peer, 6));
}

static void
fillable_price(struct peer *peer)
{
    mpq_srcptr scale = scale_of(peer, begin_subaccount(peer));
    struct leg_name name = perpetual_name(peer, peer->input);
    if (!ask_close(peer, name.text, vector_number(peer, peer->input, "delta_quantums"), scale)) {
        give_error(peer, "ErrInvalidPerpetualPositionSizeDelta");
        return;
    }
    mpq_srcptr price = answer_figure(peer, "liquidation/perp/limit_price");
    give_number(peer, "human_price_usd", price);
    give_number(peer, "fillable_price_quote_quantums_per_base_quantum",
                product_of(peer, product_of(peer, price, scale), power_of_ten(peer, 6)));
}

/* Subticks are a price in quote quantums of a base quantum, times a power of ten. */
static void
insurance_fund_delta(struct peer *peer)
{
    const json_t *input = peer->input;
    mpq_srcptr scale = scale_of(peer, begin_subaccount(peer));
    mpq_srcptr conversion = power_in(peer, input, "quantum_conversion_exponent");
    mpq_srcptr quantums_price =
        product_of(peer, vector_number(peer, input, "subticks"), conversion);
    struct leg_name name = perpetual_name(peer, input);
    put_number(request_wish(peer), "fill_price",
               quotient_of(peer, quotient_of(peer, quantums_price, power_of_ten(peer, 6)), scale));
    if (!ask_close(peer, name.text, vector_number(peer, input, "fill_amount_quantums"), scale))
        give_error(peer, "ErrInvalidQuantumsForInsuranceFundDeltaCalculation");
    else
        give_units(peer, "insurance_fund_delta_quote_quantums",
                   answer_figure(peer, "liquidation/perp/insurance_delta"), power_of_ten(peer, 6));
}

/* How much of one position may be closed under such a rate and least value. */
static mpq_srcptr
ask_notional_max(struct peer *peer, mpq_srcptr rate)
{
    begin_rules(peer);
    json_t *close = document_group(peer, "close");
    put_text(close, "rule", "fraction");
    put_number(close, "rate", rate);
    put_number(close, "minimum_value",
               vector_scaled(peer, peer->input, "min_position_notional_liquidated", 6));
    account_set_cash(
        peer, add_position(peer, "p0", peer->input, vector_number(peer, peer->input, "quantums")));
    put_text(request_wish(peer), "perp", "p0");
    peer_ask(peer);
    return answer_figure(peer, "liquidation/perp/notional_max");
}

/* The least is what the least rate leaves. */
static void
position_block_limits(struct peer *peer)
{
    mpq_srcptr most = ask_notional_max(
        peer, ppm(peer, peer->input, "max_position_portion_liquidated_ppm", "1000000"));
    mpq_srcptr least = ask_notional_max(peer, power_of_ten(peer, -18));
    give_units(peer, "max_notional_liquidatable", most, power_of_ten(peer, 6));
    give_units(peer, "min_notional_liquidatable", least, power_of_ten(peer, 6));
}

/* The counterparty takes the other side of exactly the bankruptcy proceeds. */
static void
deleveraging(struct peer *peer)
{
    const json_t *input = peer->input;
    const json_t *liquidated = json_object_get(input, "liquidated");
    json_t *terms = json_deep_copy(input);
    if (!vector_has(terms, "atomic_resolution"))
        put_text(terms, "atomic_resolution", "-8");
    begin_rules(peer);
    mpq_srcptr value = add_position(peer, "p0", terms, vector_number(peer, liquidated, "quantums"));
    account_set_cash(peer, sum_of(peer, vector_scaled(peer, liquidated, "usdc", 6), value));
    ask_close(peer, "p0", vector_number(peer, input, "delta_quantums"),
              power_in(peer, terms, "atomic_resolution"));
    json_decref(terms);
    mpq_srcptr proceeds = answer_figure(peer, "liquidation/perp/bankruptcy_proceeds");
    mpq_srcptr quantums = floor_of(peer, product_of(peer, proceeds, power_of_ten(peer, 6)));
    mpq_srcptr offsetting = vector_number(peer, json_object_get(input, "offsetting"), "usdc");
    give_number(peer, "liquidated_usdc_after",
                sum_of(peer, vector_number(peer, liquidated, "usdc"), quantums));
    give_number(peer, "offsetting_usdc_after", difference_of(peer, offsetting, quantums));
}

#define OPEN_INTEREST                                                                              \
    "opening margin scaled by the market's open interest: not an input of a liquidation"

const struct peer_translation dydx_translations[] = {
    { "dydx_v4", "bankruptcy_price_quote_quantums", bankruptcy_price, NULL },
    { "dydx_v4", "fillable_price_to_subticks", NULL,
      "a price as a count of subticks: the wire format of one venue" },
    { "dydx_v4", "fillable_price", fillable_price, NULL },
    { "dydx_v4", "insurance_fund_delta", insurance_fund_delta, NULL },
    { "dydx_v4", "position_block_limits", position_block_limits, NULL },
    { "dydx_v4", "deleveraging", deleveraging, NULL },
    { "dydx_v4", "oi_scaled", NULL, OPEN_INTEREST },
    { NULL, NULL, NULL, NULL },
};
