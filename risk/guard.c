/* The prices of an answer: where they come from, and the oracle guard's verdict on them. */
#include "risk/guard.h"

#include <string.h>

#include "record/instant.h"
#include "risk/health.h"
#include "risk/situation.h"
#include "risk/statistic.h"

static void
list_price(const struct guard_question *question, const struct position_asset *asset,
           struct figures *figures, struct figures_room *room)
{
    const struct asset_sources *sources = question->snapshot
        ? snapshot_sources(question->snapshot, asset->asset.name) : NULL;
    struct price_source   *names = room->price_sources[figures->prices_count];
    struct dropped_source *dropped = room->dropped_sources[figures->prices_count];
    struct price_figure   *price = &figures->prices[figures->prices_count++];

    *price = (struct price_figure){ asset->asset.name, asset->price,
                                    sources ? PRICE_WEIGHTED_MEDIAN : PRICE_OF_REQUEST, names, 0,
                                    dropped, 0, INSTANT_NONE };
    if (!sources) {
        names[price->sources_count++].source = "request";
        return;
    }
    price->observed_at = snapshot_price_at(question->snapshot, asset->asset.name);
    for (size_t i = 0; i < sources->reports_count; i++) {
        const struct judged_report *report = &sources->reports[i];
        if (report->fate == SOURCE_USED)
            names[price->sources_count++].source = report->source;
        else
            dropped[price->dropped_count++] =
                (struct dropped_source){ report->source, report->fate };
    }
}

/* The stated volatility, else what the market's prices showed, within the asset's bounds. */
static double
volatility_for(const struct guard_question *question, const struct asset *asset,
               const struct price_memory *memory)
{
    enum volatility_limit unused;
    struct decimal        volatility = volatility_of(asset, question->state);
    struct decimal        shown = memory ? memory_volatility(memory) : DECIMAL_NONE;

    if (!state_volatility(question->state, asset->name) && !decimal_is_none(shown))
        volatility = volatility_within(shown, asset->volatility_floor, asset->volatility_cap,
                                       &unused);
    return decimal_is_none(volatility) ? 0.0 : statistic_of(volatility);
}

/* False: it does not fit. */
static bool
was_liquidatable(const struct guard_question *question, size_t asset, struct decimal reference,
                 bool *was)
{
    struct position  position;
    struct valuation valuation;

    position_copy(question->position, &position);
    position_reprice(&position, asset, reference);
    if (!health_compute(&position, &valuation))
        return false;
    *was = valuation.health.status == STATUS_LIQUIDATABLE;
    return true;
}

static struct decimal
trigger_price(const struct figures *figures, const char *asset)
{
    for (size_t i = 0; i < figures->liquidation_prices_count; i++)
        if (!strcmp(figures->liquidation_prices[i].asset, asset))
            return figures->liquidation_prices[i].price;
    return DECIMAL_NONE;
}

static bool
find_gain(const struct guard_question *question, size_t asset,
          const struct oracle_reference *reference, struct oracle_gain *gain)
{
    const struct figures *figures = question->figures;
    const char           *name = question->position->assets[asset].asset.name;
    const struct decimal *feed = snapshot_gain(question->snapshot, name);

    *gain = (struct oracle_gain){ .trigger_price = trigger_price(figures, name),
                                  .feed = feed ? statistic_of(*feed) : 0.0 };
    if (question->health->status != STATUS_LIQUIDATABLE ||
        decimal_is_none(figures->penalty.amount) || decimal_sign(figures->penalty.amount) <= 0)
        return true;
    gain->account = statistic_of(figures->penalty.amount);
    return decimal_is_none(reference->price) ||
           was_liquidatable(question, asset, reference->price, &gain->was_liquidatable);
}

static bool
judge_asset(const struct guard_question *question, size_t index, struct decimal *reference,
            struct oracle_answer *answer)
{
    const struct asset         *asset = &question->position->assets[index].asset;
    const struct asset_sources *sources = snapshot_sources(question->snapshot, asset->name);
    const struct price_memory  *memory = snapshot_memory(question->snapshot, asset->name);
    struct source_price         reports[SOURCES_MAX];
    struct oracle_question      asked = { .reports = reports, .now = question->now_us,
                                          .reference = { .price = DECIMAL_NONE } };

    for (size_t i = 0; sources && i < sources->reports_count; i++)
        reports[asked.reports_count++] = (struct source_price){
            sources->reports[i].source, sources->reports[i].price, sources->reports[i].confidence,
            sources->reports[i].observed_at,
        };
    if (memory)
        asked.reference = memory_reference(memory);
    asked.volatility = volatility_for(question, asset, memory);
    asked.depth      = state_depth(question->state, asset->name);
    if (!find_gain(question, index, &asked.reference, &asked.gain))
        return false;
    oracle_judge(question->parameters->oracle, &asked, answer);
    *reference = asked.reference.price;
    return true;
}

static struct decimal
shown(double statistic, bool exists)
{
    struct decimal out = DECIMAL_NONE;

    if (exists)
        decimal_of_statistic(statistic, &out);
    return out;
}

/* A verdict on the sources alone, or on a first snapshot, compares with nothing. */
static int
deviation_reason(const struct oracle_answer *answer)
{
    if (answer->has_reference)
        return REASON_NONE;
    return answer->verdict == ORACLE_REJECT ? REASON_NO_QUORUM : REASON_NO_HISTORY;
}

static void
show(const struct guard_question *question, const struct oracle_answer *answer,
     struct decimal reference, struct oracle_figures *out)
{
    bool is_compared = answer->has_reference;
    int  reason = deviation_reason(answer);

    *out = (struct oracle_figures){
        .verdict             = (int)answer->verdict,
        .reason              = answer->reason == ORACLE_USUAL ? -1 : (int)answer->reason - 1,
        .judged              = true,
        .asset               = out->asset,
        .retry_after_s       = answer->verdict == ORACLE_DEFER ? answer->retry_after_s
                                                               : INTEGER_NONE,
        .slice_rate          = answer->slice_rate,
        .used_count          = (int64_t)answer->aggregate.used_count,
        .quorum              = question->parameters->oracle->quorum,
        .time_weighted_price = is_compared ? reference : DECIMAL_NONE,
        .deviation           = shown(answer->deviation, is_compared),
        .bound               = shown(answer->bound, is_compared),
        .confirming_count    = is_compared ? (int64_t)answer->confirming_count : INTEGER_NONE,
        .deviation_reason    = reason,
        .manipulation_cost   = shown(answer->push.cost, answer->has_cost),
        .manipulation_cost_reason = is_compared && !answer->has_cost ? REASON_NO_DEPTH : reason,
        .attack_gain         = shown(answer->gain, is_compared),
        .attack_gain_reason  = reason,
    };
}

/* The worse verdict; of two that accept, the one with something to say, then the smaller slice. */
static bool
is_worse(const struct oracle_answer *answer, const struct oracle_figures *worst)
{
    if (!worst->judged || (int)answer->verdict != worst->verdict)
        return !worst->judged || (int)answer->verdict > worst->verdict;
    if (answer->verdict != ORACLE_ACCEPT)
        return false;
    int compared = decimal_compare(answer->slice_rate, worst->slice_rate);
    return compared < 0 || (compared == 0 && answer->reason != ORACLE_USUAL && worst->reason < 0);
}

void
guard_warn(struct figures *figures)
{
    if (figures->oracle.verdict == ORACLE_DEFER)
        figures_warn(figures, "oracle_deferred",
                     "the oracle guard defers: a liquidation must not be planned on these prices; "
                     "ask again after oracle.retry_after_s");
    else if (figures->oracle.verdict == ORACLE_REJECT)
        figures_warn(figures, "oracle_rejected",
                     "the oracle guard rejects the prices: a liquidation must not be planned on "
                     "them");
    else if (decimal_compare(figures->oracle.slice_rate, decimal_one) < 0)
        figures_warn(figures, "oracle_smaller_slices",
                     "the prices moved beyond what is usual and enough sources confirm it: "
                     "liquidate in slices of oracle.slice_rate of the usual");
}

static void
open_verdict(const struct guard_question *question, struct oracle_figures *out)
{
    int reason = question->snapshot ? REASON_NO_GUARD : REASON_STATE_OF_REQUEST;

    *out = (struct oracle_figures){
        .verdict = ORACLE_ACCEPT,
        .reason = question->snapshot ? GUARD_NO_GUARD : GUARD_STATE_OF_REQUEST,
        .retry_after_s = INTEGER_NONE, .slice_rate = decimal_one, .used_count = INTEGER_NONE,
        .quorum = INTEGER_NONE, .time_weighted_price = DECIMAL_NONE, .deviation = DECIMAL_NONE,
        .bound = DECIMAL_NONE, .confirming_count = INTEGER_NONE, .deviation_reason = reason,
        .manipulation_cost = DECIMAL_NONE, .manipulation_cost_reason = reason,
        .attack_gain = DECIMAL_NONE, .attack_gain_reason = reason,
    };
}

bool
guard_fill(const struct guard_question *question, struct figures *figures, struct figures_room *room)
{
    const struct position *position = question->position;
    struct oracle_figures *worst = &figures->oracle;
    struct oracle_answer   answer;
    struct decimal         reference;

    open_verdict(question, worst);
    for (size_t i = 0; i < position->assets_count; i++) {
        list_price(question, &position->assets[i], figures, room);
        if (!question->snapshot || !question->parameters->oracle)
            continue;
        if (!judge_asset(question, i, &reference, &answer))
            return false;
        if (is_worse(&answer, worst)) {
            worst->asset = position->assets[i].asset.name;
            show(question, &answer, reference, worst);
        } else if (answer.verdict == ORACLE_DEFER && worst->verdict == ORACLE_DEFER &&
                   answer.retry_after_s > worst->retry_after_s) {
            worst->retry_after_s = answer.retry_after_s;
        }
    }
    guard_warn(figures);
    return true;
}
