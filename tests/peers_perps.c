/* Venues of perpetual futures, and integrators of one: Binance, Bybit, Gate, Hyperliquid.
 * Liquidation prices, maintenance tables. The cases have no op; what they ask stands in their
 * words. */
#include <string.h>

#include "tests/peers.h"

static const char rules[] =
    "{'trigger': {'rule': 'at_or_below', 'maintenance_price': 'liquidation'},"
    " 'close': {'rule': 'full'}, 'dust': {'rule': 'none'}, 'penalty': {'rule': 'fixed'}}";

static const char entry_rules[] =
    "{'trigger': {'rule': 'at_or_below', 'maintenance_price': 'entry',"
    " 'closing_fee_price': 'bankruptcy'},"
    " 'close': {'rule': 'full'}, 'dust': {'rule': 'none'}, 'penalty': {'rule': 'fixed'}}";

static const char hyperliquid_rules[] =
    "{'trigger': {'rule': 'at_or_below', 'maintenance_rounding': 'down'},"
    " 'close': {'rule': 'full'}, 'dust': {'rule': 'none'}, 'penalty': {'rule': 'fixed'}}";

static void
add_bracket(struct peer *peer, json_t *asset, mpq_srcptr from_notional, mpq_srcptr rate)
{
    json_t *bracket = json_object();
    if (!json_object_get(asset, "brackets"))
        json_object_set_new(asset, "brackets", json_array());
    put_number(bracket, "from_notional", from_notional);
    put_number(bracket, "rate", rate);
    json_array_append_new(json_object_get(asset, "brackets"), bracket);
    (void)peer;
}

/* Of a table only the bracket in force is stated, by its rate and deduction: below it a free one,
 * up to where they meet. */
static void
add_brackets(struct peer *peer, json_t *asset, mpq_srcptr rate, mpq_srcptr deduction)
{
    mpq_srcptr zero = ratio_of(peer, "0");
    if (mpq_sgn(deduction) == 0) {
        add_bracket(peer, asset, zero, rate);
        return;
    }
    add_bracket(peer, asset, zero, zero);
    add_bracket(peer, asset, quotient_of(peer, deduction, rate), rate);
}

/* Small prices are those of lots, so that they keep their digits (rules.md 7). */
static mpq_srcptr
lot_of(struct peer *peer, mpq_srcptr price)
{
    long zeros = mpq_sgn(price) ? digits_of(quotient_of(peer, ratio_of(peer, "1"), price)) : 0;
    return power_of_ten(peer, zeros ? zeros + 2 : 0);
}

static json_t *
add_position(struct peer *peer, const char *name, mpq_srcptr quantity, mpq_srcptr entry_price,
             mpq_srcptr mark)
{
    mpq_srcptr lot = lot_of(peer, mark);
    account_add_perp(peer, name, quotient_of(peer, quantity, lot),
                     product_of(peer, entry_price, lot));
    return document_add_asset(peer, name, power_of_ten(peer, 18), product_of(peer, mark, lot));
}

static const char *
direction_of(mpq_srcptr side)
{
    return mpq_sgn(side) > 0 ? "below" : "above";
}

/* Of the position X, whose mark that was; null where there is none. */
static void
give_price(struct peer *peer, const char *name, mpq_srcptr side, mpq_srcptr mark)
{
    mpq_srcptr price = answer_price(peer, "X", direction_of(side), "price");
    if (price)
        give_number(peer, name, quotient_of(peer, price, lot_of(peer, mark)));
    else
        give_none(peer, name);
}

/* The deductions that the service computes, in the document as it keeps it. */
static const json_t *
accepted_brackets(struct peer *peer)
{
    char *document = json_dumps(document_group(peer, ""), JSON_COMPACT);
    const json_t *kept = document_keep(peer, document);
    if (!kept)
        peer_fail(peer, "refused: %s", peer->refused);
    free(document);
    return json_object_get(json_object_get(json_object_get(kept, "assets"), "X"), "brackets");
}

static void
binance_maintenance_amount(struct peer *peer)
{
    const json_t *input = peer->input;
    mpq_srcptr from_notional = vector_number(peer, input, "floor");
    request_begin(peer, rules);
    json_t *asset = document_add_asset(peer, "X", power_of_ten(peer, 18), ratio_of(peer, "1"));
    if (mpq_sgn(from_notional))
        add_brackets(peer, asset, vector_number(peer, input, "prev_mmr"),
                     vector_number(peer, input, "prev_cum"));
    add_bracket(peer, asset, from_notional, vector_number(peer, input, "mmr"));
    const json_t *brackets = accepted_brackets(peer);
    const json_t *last = json_array_get(brackets, json_array_size(brackets) - 1);
    give_number(peer, "maintenance_amount", vector_number(peer, last, "deduction"));
}

/* Under what names a position states its numbers. */
struct binance_names {
    const char *quantity, *entry_price, *mark, *deduction;
};

static void
add_binance_position(struct peer *peer, const char *name, const json_t *position,
                     const struct binance_names *names)
{
    mpq_srcptr quantity = product_of(peer, vector_number(peer, position, "side"),
                                     vector_number(peer, position, names->quantity));
    json_t *asset =
        add_position(peer, name, quantity, vector_number(peer, position, names->entry_price),
                     vector_number(peer, position, names->mark));
    add_brackets(peer, asset, vector_number(peer, position, "mmr"),
                 vector_number(peer, position, names->deduction));
}

static void
binance_liquidation_price(struct peer *peer)
{
    static const struct binance_names own = { "qty", "entry_price", "entry_price",
                                              "maintenance_amount" };
    static const struct binance_names others = { "q", "ep", "mark", "cum" };
    const json_t *input = peer->input;
    size_t i;
    const json_t *position;
    request_begin(peer, rules);
    account_set_cash(peer, vector_number(peer, input, "wallet_balance"));
    add_binance_position(peer, "X", input, &own);
    json_array_foreach(json_object_get(input, "other_positions"), i, position)
        add_binance_position(peer, leg_name("o", i).text, position, &others);
    peer_ask(peer);
    give_price(peer, "liquidation_price", vector_number(peer, input, "side"),
               vector_number(peer, input, "entry_price"));
}

/* Isolated: the position's margin is all the cash there is. */
static void
bybit_linear(struct peer *peer)
{
    const json_t *input = peer->input;
    mpq_srcptr side = vector_number(peer, input, "side");
    mpq_srcptr entry = vector_number(peer, input, "entry_price");
    mpq_srcptr quantity = vector_number(peer, input, "qty");
    mpq_srcptr margin = quotient_of(peer, product_of(peer, entry, quantity),
                                    vector_number(peer, input, "leverage"));
    request_begin(peer, entry_rules);
    json_t *asset = add_position(peer, "X", product_of(peer, side, quantity), entry, entry);
    add_bracket(peer, asset, ratio_of(peer, "0"), vector_number(peer, input, "mmr"));
    account_set_cash(peer, sum_of(peer, margin, vector_or(peer, input, "extra_margin", "0")));
    peer_ask(peer);
    give_price(peer, "liquidation_price", side, entry);
}

static mpq_srcptr
rounded_up_to(struct peer *peer, mpq_srcptr price, mpq_srcptr tick)
{
    return product_of(peer, ceiling_of(peer, quotient_of(peer, price, tick)), tick);
}

/* Seen from the coin: the quote is the coin, the asset a million dollars at 1e6 / P, and who is
 * long the coin is short of dollars (rules.md 1). */
static void
bybit_inverse(struct peer *peer)
{
    const json_t *input = peer->input;
    mpq_srcptr million = power_of_ten(peer, 6);
    mpq_srcptr side = negative_of(peer, vector_number(peer, input, "side"));
    mpq_srcptr entry = quotient_of(peer, million, vector_number(peer, input, "entry_price"));
    mpq_srcptr quantity = quotient_of(peer, vector_or(peer, input, "qty_usd", "1000000"), million);
    mpq_srcptr value = product_of(peer, quantity, entry);
    mpq_srcptr margin = vector_has(input, "account_balance_btc")
                            ? difference_of(peer, vector_number(peer, input, "account_balance_btc"),
                                            vector_or(peer, input, "order_margin", "0"))
                            : quotient_of(peer, value, vector_number(peer, input, "leverage"));
    mpq_srcptr tick = vector_or(peer, input, "tick", "0.5");
    request_begin(peer, entry_rules);
    json_t *asset = document_add_asset(peer, "X", power_of_ten(peer, 18), entry);
    add_bracket(peer, asset, ratio_of(peer, "0"), vector_or(peer, input, "mmr", "0"));
    put_number(asset, "closing_fee_rate", vector_or(peer, input, "fee", "0"));
    account_add_perp(peer, "X", product_of(peer, side, quantity), entry);
    account_set_cash(peer, margin);
    peer_ask(peer);
    give_number(peer, "position_value_btc", value);
    give_number(peer, "initial_margin", margin);
    mpq_srcptr bankruptcy = answer_price(peer, "X", direction_of(side), "bankruptcy_price");
    mpq_srcptr liquidation = answer_price(peer, "X", direction_of(side), "price");
    if (bankruptcy) {
        give_number(peer, "bankruptcy_price", quotient_of(peer, million, bankruptcy));
        give_number(peer, "rounded",
                    rounded_up_to(peer, quotient_of(peer, million, bankruptcy), tick));
    }
    if (liquidation) {
        mpq_srcptr price = quotient_of(peer, million, liquidation);
        give_number(peer, "liquidation_price",
                    vector_has(input, "fee") ? rounded_up_to(peer, price, tick) : price);
    }
}

/* A margin of its own and a closing fee. */
static void
gate(struct peer *peer)
{
    const json_t *input = peer->input;
    mpq_srcptr side = vector_or(peer, input, "side", "1");
    mpq_srcptr entry =
        vector_number(peer, input, vector_has(input, "entry_price") ? "entry_price" : "entry");
    mpq_srcptr quantity = vector_number(peer, input, "qty");
    mpq_srcptr margin = vector_has(input, "margin")
                            ? vector_number(peer, input, "margin")
                            : quotient_of(peer, product_of(peer, entry, quantity),
                                          vector_number(peer, input, "leverage"));
    request_begin(peer, rules);
    json_t *asset = add_position(peer, "X", product_of(peer, side, quantity), entry, entry);
    add_bracket(peer, asset, ratio_of(peer, "0"), vector_number(peer, input, "mmr"));
    put_number(asset, "closing_fee_rate",
               vector_number(peer, input, vector_has(input, "taker_fee") ? "taker_fee" : "taker"));
    account_set_cash(peer, margin);
    peer_ask(peer);
    give_price(peer, "liquidation_price", side, entry);
    give_price(peer, "formula_result", side, entry);
}

/* The account's other positions are stated by their notional alone: one at the price 1, that does
 * not move. The venue's own records, of the older rule, count the maintenance in whole millionths.
 */
static void
hyperliquid_cross(struct peer *peer)
{
    const json_t *input = peer->input;
    mpq_srcptr zero = ratio_of(peer, "0");
    mpq_srcptr one = ratio_of(peer, "1");
    mpq_srcptr quantity = vector_number(peer, input, "szi");
    mpq_srcptr value = vector_number(peer, input, "position_value");
    mpq_srcptr rate = vector_number(peer, input, "maintenance_margin_rate");
    mpq_srcptr price = quotient_of(peer, value, magnitude_of(peer, quantity));
    mpq_srcptr rest = difference_of(peer, vector_number(peer, input, "total_ntl_pos"), value);
    request_begin(peer, hyperliquid_rules);
    if (!json_is_true(json_object_get(input, "mm_recomputed_at_liq_price"))) {
        put_text(document_group(peer, "trigger"), "maintenance_price", "mark");
        put_text(document_group(peer, "quote"), "unit", "0.000001");
    }
    add_bracket(peer, add_position(peer, "X", quantity, price, price), zero, rate);
    add_bracket(peer, add_position(peer, "rest", rest, one, one), zero, rate);
    account_set_cash(peer, vector_number(peer, input, "cross_account_value"));
    peer_ask(peer);
    give_price(peer, "liquidation_px", vector_number(peer, input, "side"), price);
}

/* `margin` is the position's equity at the mark: the cash is what it was before the profit since
 * the entry. */
static void
hyperliquid_isolated(struct peer *peer, const char *mark, const char *entry, const char *name)
{
    const json_t *input = peer->input;
    mpq_srcptr side = vector_number(peer, input, "side");
    mpq_srcptr quantity = product_of(peer, side, vector_number(peer, input, "size"));
    mpq_srcptr now = vector_number(peer, input, mark);
    mpq_srcptr then = vector_number(peer, input, entry);
    mpq_srcptr profit = product_of(peer, quantity, difference_of(peer, now, then));
    request_begin(peer, rules);
    add_bracket(peer, add_position(peer, "X", quantity, then, now), ratio_of(peer, "0"),
                vector_number(peer, input, "mmr"));
    account_set_cash(peer, difference_of(peer, vector_number(peer, input, "margin"), profit));
    peer_ask(peer);
    give_price(peer, name, side, now);
}

static void
hyperliquid_single_tier(struct peer *peer)
{
    hyperliquid_isolated(peer, "price", "price", "liquidation_price");
}

static void
hyperliquid_at_mark(struct peer *peer)
{
    hyperliquid_isolated(peer, "mark", "entry", "mark_based");
}

/* A tier's rate is half of what the leverage asks for at the opening. */
static mpq_srcptr
tier_rate(struct peer *peer, mpq_srcptr leverage)
{
    return quotient_of(peer, ratio_of(peer, "1/2"), leverage);
}

static void
hyperliquid_tiers(struct peer *peer)
{
    size_t i;
    const json_t *tier;
    request_begin(peer, rules);
    json_t *asset = document_add_asset(peer, "X", power_of_ten(peer, 18), ratio_of(peer, "1"));
    json_array_foreach(json_object_get(peer->input, "tiers"), i, tier)
        add_bracket(peer, asset, vector_number(peer, tier, "lower_bound"),
                    tier_rate(peer, vector_number(peer, tier, "max_leverage")));
    const json_t *brackets = accepted_brackets(peer);
    give_list(peer, "mmr", brackets, "rate");
    give_list(peer, "deduction", brackets, "deduction");
}

/* Tiers as text: "0:40x,150000000:20x". A position of that notional at the price 1. */
static void
hyperliquid_maintenance(struct peer *peer)
{
    mpq_srcptr one = ratio_of(peer, "1");
    const char *at = vector_text(peer, peer->input, "tiers");
    request_begin(peer, rules);
    json_t *asset = document_add_asset(peer, "X", power_of_ten(peer, 18), one);
    while (*at) {
        char lower[PEER_NAME_MAX];
        char leverage[PEER_NAME_MAX];
        size_t count = strcspn(at, ":");
        snprintf(lower, sizeof lower, "%.*s", (int)count, at);
        at += count + (at[count] == ':');
        snprintf(leverage, sizeof leverage, "%.*s", (int)strcspn(at, "x,"), at);
        add_bracket(peer, asset, ratio_of(peer, lower), tier_rate(peer, ratio_of(peer, leverage)));
        at += strcspn(at, ",");
        at += *at == ',';
    }
    account_add_perp(peer, "X", vector_number(peer, peer->input, "notional"), one);
    peer_ask(peer);
    give_number(peer, "maintenance_margin", answer_figure(peer, "health/maintenance"));
}

const struct peer_translation perps_translations[] = {
    { "binance_usdm", "maintenance amount", binance_maintenance_amount, NULL },
    { "binance_usdm", "COIN-M maintenance amount", binance_maintenance_amount, NULL },
    { "binance_usdm", "user safety buffer", NULL,
      "a bot's own safety buffer on a price, not a venue's rule" },
    { "binance_usdm", "", binance_liquidation_price, NULL },
    { "bybit", "inverse", bybit_inverse, NULL },
    { "bybit", "", bybit_linear, NULL },
    { "gate_okx", "", gate, NULL },
    { "integrators", "", gate, NULL },
    { "hyperliquid", "cross liquidation price", hyperliquid_cross, NULL },
    { "hyperliquid", "negative solution", hyperliquid_cross, NULL },
    { "hyperliquid", "tier maintenance rate", hyperliquid_tiers, NULL },
    { "hyperliquid", "single tier", hyperliquid_single_tier, NULL },
    { "hyperliquid", "use projected MARK", hyperliquid_at_mark, NULL },
    { "hyperliquid", "maintenance margin", hyperliquid_maintenance, NULL },
    { "hyperliquid", "what-if preview", NULL,
      "editing of a position by an order, not a rule of liquidation" },
    { "hyperliquid", "ADL", NULL, "auto-deleveraging rank: the choice of a counterparty" },
    { NULL, NULL, NULL, NULL },
};
