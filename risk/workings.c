/* The workings of an answer: each figure's formula, with the numbers put in and the price it
 * stands on. */
#include "risk/workings.h"

#include <stdio.h>
#include <string.h>

#include "record/json.h"
#include "risk/situation.h"


/* One working in the making: its numbers are collected in `numbers`, cut when they are too many. */
struct writer_of_workings {
    struct text *out;
    const struct record *answer;
    size_t       written;
    char         numbers[WORKING_TEXT_MAX];
    size_t       count;
};

static void
put(struct writer_of_workings *workings, const char *text)
{
    size_t count = strlen(text);

    if (workings->count + count + 1 > sizeof workings->numbers)
        return;
    memcpy(workings->numbers + workings->count, text, count + 1);
    workings->count += count;
}

static void
put_number(struct writer_of_workings *workings, struct decimal number)
{
    char text[DECIMAL_TEXT_MAX] = "none";

    if (!decimal_is_none(number))
        decimal_format(number, text);
    put(workings, text);
}

static struct decimal
whole(int64_t number)
{
    return number == INTEGER_NONE ? DECIMAL_NONE
                                  : (struct decimal){ (int128)number * DECIMAL_ONE_UNITS };
}

/* "name = number", after a comma where it is not the first. */
static void
name_number(struct writer_of_workings *workings, const char *name, struct decimal number)
{
    if (workings->count)
        put(workings, ", ");
    put(workings, name);
    put(workings, " = ");
    put_number(workings, number);
}

/* Does the answer have the member that "/health/ratio" begins with? */
static bool
is_answered(const struct record *answer, const char *figure)
{
    size_t count = strcspn(figure + 1, "/");

    for (size_t i = 0; i < answer->count; i++)
        if (strlen(answer->fields[i].name) == count &&
            !memcmp(answer->fields[i].name, figure + 1, count))
            return true;
    return false;
}

static void
end(struct writer_of_workings *workings, const char *figure, const char *formula, const char *basis)
{
    struct working working = { figure, formula, workings->numbers, basis };

    if (!workings->count)
        put(workings, "none");
    if (workings->written < WORKINGS_MAX && is_answered(workings->answer, figure)) {
        if (workings->written++)
            text_add_string(workings->out, ",");
        json_write(&working_record, &working, JSON_DECLARED, workings->out);
    }
    workings->count      = 0;
    workings->numbers[0] = '\0';
}

/* "10 ETH * 2000 * 0.83", after a plus where it is not the first term. */
static void
add_term(struct writer_of_workings *workings, struct decimal quantity, const char *asset,
         struct decimal price, struct decimal weight)
{
    if (workings->count)
        put(workings, " + ");
    put_number(workings, quantity);
    put(workings, " ");
    put(workings, asset);
    put(workings, " * ");
    put_number(workings, price);
    if (!decimal_is_none(weight)) {
        put(workings, " * ");
        put_number(workings, weight);
    }
}

static void
write_legs(struct writer_of_workings *workings, const struct position *position,
           const struct position_leg *legs, size_t count, bool is_debt)
{
    for (size_t i = 0; i < count; i++) {
        const struct position_asset *held = &position->assets[legs[i].asset];
        add_term(workings, legs[i].quantity, held->asset.name, held->price,
                 is_debt ? held->asset.borrow_factor : held->asset.threshold);
    }
}

static void
write_health(struct writer_of_workings *workings, const struct position *position,
             const struct health *health)
{
    write_legs(workings, position, position->collateral, position->collateral_count, false);
    name_number(workings, "cash", position->cash);
    name_number(workings, "unrealised_profit", health->unrealised_profit);
    name_number(workings, "support", health->support);
    end(workings, "/health/support",
        "cash above 0 + sum of quantity * price * threshold, each value down to the quote's unit "
        "+ unrealised profit",
        "prices as stated");
    write_legs(workings, position, position->debt, position->debt_count, true);
    name_number(workings, "cash", position->cash);
    name_number(workings, "maintenance", health->maintenance);
    name_number(workings, "reward", position->parameters->trigger.reward);
    name_number(workings, "requirement", health->requirement);
    end(workings, "/health/requirement",
        "cash below 0 + sum of quantity * price * borrow_factor, each value up to the quote's "
        "unit + maintenance + closing fees + reward",
        "prices as stated");
    name_number(workings, "support", health->support);
    name_number(workings, "requirement", health->requirement);
    name_number(workings, "ratio", health->ratio);
    end(workings, "/health/ratio", "support / requirement, down; compared are the two themselves",
        "prices as stated");
    name_number(workings, "collateral", health->collateral);
    name_number(workings, "debt", health->debt);
    name_number(workings, "cash", position->cash);
    name_number(workings, "unrealised_profit", health->unrealised_profit);
    name_number(workings, "equity", health->equity);
    end(workings, "/health/equity",
        "collateral - debt + cash above 0 + unrealised profit, unweighted", "prices as stated");
}

static void
write_perps(struct writer_of_workings *workings, const struct position *position)
{
    for (size_t i = 0; i < position->perps_count; i++) {
        const struct position_perp  *perp = &position->perps[i];
        const struct position_asset *held = &position->assets[perp->asset];
        put(workings, held->asset.name);
        name_number(workings, "quantity", perp->quantity);
        name_number(workings, "entry_price", perp->entry_price);
        name_number(workings, "price", held->price);
        name_number(workings, "closing_fee_rate", held->asset.closing_fee_rate);
        end(workings, "/health/maintenance",
            "|quantity| * price * rate - deduction of the last bracket with from_notional <= "
            "|quantity| * price",
            "prices as stated, or the entry where the document says so");
    }
}

static void
write_price(struct writer_of_workings *workings, const struct liquidation_price *row, size_t index)
{
    char figure[64];

    snprintf(figure, sizeof figure, "/liquidation_prices/%zu/price", index);
    put(workings, row->asset);
    name_number(workings, "price", row->price);
    name_number(workings, "distance_rate", row->distance_rate);
    name_number(workings, "bankruptcy_price", row->bankruptcy_price);
    end(workings, figure,
        "the root of support(P) - requirement(P) = A + B * P in the bracket that holds it: -A / B, "
        "up to price_unit below the mark, down above it",
        "this asset's price alone moves; the others as stated");
    if (decimal_is_none(row->execution_price))
        return;
    snprintf(figure, sizeof figure, "/liquidation_prices/%zu/execution_price", index);
    put(workings, row->asset);
    name_number(workings, "execution_price", row->execution_price);
    name_number(workings, "best", row->range.best);
    name_number(workings, "worst", row->range.worst);
    end(workings, figure,
        "where the equity is 0 after the exit through the depth, with its fees, the penalty and "
        "gas; "
        "the range over depth * (1 + u) and (1 - u)",
        "books move with the price, pools keep their constant");
}

static void
write_liquidation(struct writer_of_workings *workings, const struct parameters *parameters,
                  const struct liquidation *liquidation, const char *basis)
{
    if (decimal_is_none(liquidation->repay))
        return;
    name_number(workings, "repay_max", liquidation->repay_max);
    name_number(workings, "close_rate", liquidation->close_rate);
    name_number(workings, "maximum_slice_value", parameters->execution.maximum_slice_value);
    name_number(workings, "slippage_tolerance_rate", parameters->execution.slippage_tolerance_rate);
    name_number(workings, "repay", liquidation->repay);
    end(workings, "/liquidation/repay",
        "the close rule's size, cut to the debt, the largest slice, what the depth sells within "
        "the tolerance, and the "
        "liquidator's wish; then the dust rule",
        basis);
    name_number(workings, "repay", liquidation->repay);
    name_number(workings, "seize", liquidation->seize);
    end(workings, "/liquidation/seize",
        "repay * debt price * M / collateral price, down to the asset's unit", basis);
    if (decimal_is_none(liquidation->average_price))
        return;
    name_number(workings, "average_price", liquidation->average_price);
    name_number(workings, "slippage_rate", liquidation->slippage_rate);
    name_number(workings, "unfilled", liquidation->unfilled);
    end(workings, "/liquidation/slippage_rate",
        "1 - proceeds / (quantity * price), the venues sharing the quantity down to one net price "
        "after fees", basis);
}

static void
write_penalty(struct writer_of_workings *workings, const struct parameters *parameters,
              const struct penalty_figures *penalty, const char *basis)
{
    if (decimal_is_none(penalty->rate))
        return;
    for (size_t i = 0; i < penalty->parts_count; i++)
        name_number(workings, penalty->parts[i].name, penalty->parts[i].rate);
    name_number(workings, "floor_rate", parameters->penalty.floor_rate);
    name_number(workings, "cap_rate", parameters->penalty.cap_rate);
    name_number(workings, "optimal_rate", penalty->optimal_rate);
    name_number(workings, "rate", penalty->rate);
    end(workings, "/penalty/rate",
        parameters->penalty.rule == PENALTY_OPTIMAL
            ? "the least L with w - P(cost > 1 + L) + b P(equity < 1 + L) >= 0, where cost = the "
              "collateral that must be "
              "sold through the depth to earn d (1 + g) after the price has moved; up to "
              "rate_unit, between floor and cap, "
              "at most the equity"
            : "the rate of the document's penalty rule, between floor and cap",
        basis);
    name_number(workings, "liquidator", penalty->split.liquidator);
    name_number(workings, "insurance", penalty->split.insurance);
    name_number(workings, "protocol", penalty->split.protocol);
    end(workings, "/penalty/split",
        "shares up to the unit, the liquidator gets what is left: the sum is exact", basis);
}

static void
write_risk(struct writer_of_workings *workings, const struct risk_figures *risk,
           struct decimal price)
{
    if (decimal_is_none(risk->volatility))
        return;
    name_number(workings, "price", price);
    name_number(workings, "volatility", risk->volatility);
    name_number(workings, "horizon_s",
                (struct decimal){ (int128)risk->horizon_s * DECIMAL_ONE_UNITS });
    name_number(workings, "liquidation_probability", risk->liquidation_probability);
    end(workings, "/risk/liquidation_probability",
        "Phi((b - m h) / v) + e^(2 m b / s^2) Phi((b + m h) / v), b = ln(liquidation price / "
        "price), m = -s^2 / 2, "
        "v = s sqrt(h), h in years of 365 days",
        "the main asset's price as stated");
    for (size_t i = 0; i < risk->buffers_count; i++)
        name_number(workings, risk->buffers[i].tier, risk->buffers[i].distance_rate);
    end(workings, "/risk/buffers", "1 - e^-(z s sqrt(t) + s^2 t / 2), each at least the next",
        "the liquidation price");
}

static void
write_suggestions(struct writer_of_workings *workings, const struct parameters *parameters,
                  const struct figures *figures)
{
    for (size_t i = 0; i < figures->suggestions_count; i++) {
        const struct suggestion *suggestion = &figures->suggestions[i];
        char                     figure[64];
        if (decimal_is_none(suggestion->quantity))
            continue;
        snprintf(figure, sizeof figure, "/suggestions/%zu/quantity", i);
        put(workings, suggestion->asset ? suggestion->asset : "mix");
        name_number(workings, "target_probability", parameters->suggestions.target_probability);
        name_number(workings, "target_health", parameters->suggestions.target_health);
        name_number(workings, "cost", suggestion->cost);
        name_number(workings, "avoided_cost", suggestion->avoided_cost);
        name_number(workings, "net_benefit", suggestion->net_benefit);
        end(workings, figure,
            "the least amount after which the account is healthy at the stress price, which is "
            "touched within the horizon "
            "with the target probability, and has the target health; net benefit = avoided cost - "
            "cost",
            "the main asset at its stress price");
    }
}

static void
write_oracle(struct writer_of_workings *workings, const struct oracle_figures *oracle)
{
    if (!oracle->judged)
        return;
    name_number(workings, "deviation", oracle->deviation);
    name_number(workings, "bound", oracle->bound);
    name_number(workings, "used_count", whole(oracle->used_count));
    name_number(workings, "confirming_count", whole(oracle->confirming_count));
    name_number(workings, "manipulation_cost", oracle->manipulation_cost);
    name_number(workings, "attack_gain", oracle->attack_gain);
    name_number(workings, "slice_rate", oracle->slice_rate);
    end(workings, "/oracle/verdict",
        "reject under the quorum; beyond the bound, |ln(price / time-weighted price)| > z s sqrt(V) "
        "+ confidence, defer unless a quorum of sources is beyond it too; within it, defer where "
        "attack_gain > manipulation_cost / safety_factor; else accept",
        "the weighted median of the sources");
}

static void
write_effective(struct writer_of_workings *workings, const struct parameters *parameters,
                const struct effective *effective)
{
    if (!effective)
        return;
    const struct adaptive_settings *adaptive = parameters->execution.adaptive;
    name_number(workings, "stress", effective->stress);
    name_number(workings, "penalty_floor_rate_max", adaptive->penalty_floor_rate_max);
    name_number(workings, "penalty_floor_rate", effective->penalty_floor_rate);
    name_number(workings, "slice_rate_min", adaptive->slice_rate_min);
    name_number(workings, "slice_rate", effective->slice_rate);
    for (size_t i = 0; i < effective->assets_count; i++)
        name_number(workings, effective->assets[i].asset,
                    effective->assets[i].maintenance_multiplier);
    end(workings, "/effective/stress",
        "stress = (held - band)+ / (1 - band); multiplier = 1 + stress (max - 1), floor = floor + "
        "stress (max - floor)+, slice = 1 - stress (1 - min); threshold = 1 - multiplier (1 - "
        "threshold)",
        "what the market's snapshots remember");
}

static void
tell_basis(const struct figures *figures, char *basis, size_t bytes)
{
    const struct liquidation_price *main = figures->main;
    char                            price[DECIMAL_TEXT_MAX];

    if (main && figures->liquidation.at == AT_TRIGGER && !decimal_is_none(main->price)) {
        decimal_format(main->price, price);
        snprintf(basis, bytes, "%s at its liquidation price %s, the others as stated", main->asset,
                 price);
    } else {
        snprintf(basis, bytes, "prices as stated");
    }
}

void
workings_write(const struct question *question, int64_t now_us,
               const struct figures *figures, const struct record *answer, struct text *out)
{
    const struct parameters  *parameters = figures->rules;
    struct writer_of_workings workings = { .out = out, .answer = answer };
    struct position           position;
    struct faults             faults;
    struct decimal            price = DECIMAL_NONE;
    char                      basis[128];

    faults_open(&faults, 1);
    text_add_string(out, "[");
    write_oracle(&workings, &figures->oracle);
    write_effective(&workings, parameters, figures->effective);
    if (position_open(parameters, &question->account, question->state, now_us, &position,
                      &faults)) {
        write_health(&workings, &position, &figures->health);
        write_perps(&workings, &position);
        if (figures->risk.asset)
            price = position.assets[position_asset(&position, figures->risk.asset)].price;
    }
    for (size_t i = 0; i < figures->liquidation_prices_count; i++)
        if (!decimal_is_none(figures->liquidation_prices[i].price))
            write_price(&workings, &figures->liquidation_prices[i], i);
    tell_basis(figures, basis, sizeof basis);
    write_liquidation(&workings, parameters, &figures->liquidation, basis);
    write_penalty(&workings, parameters, &figures->penalty, basis);
    write_risk(&workings, &figures->risk, price);
    write_suggestions(&workings, parameters, figures);
    text_add_string(out, "]");
}
