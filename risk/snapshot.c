/* Snapshots: their records, and how a pushed one is accepted. */
#include "risk/snapshot.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "record/instant.h"
#include "risk/depth.h"
#include "risk/statistic.h"

enum { MILLISECOND_US = 1000, SECOND_US = 1000000, PRICE_AGE_S = 3600, CANDLED_MAX = 16 };

static const struct decimal volatility_most = DECIMAL_OF(100);

#define NONE { -DECIMAL_MAX_UNITS - 1 }

/* Of a market whose document says nothing: the defaults of their records. */
static const struct oracle_settings usual_oracle = {
    .age_max_s = 60, .clock_skew_s = 2, .confidence_max_rate = DECIMAL_MICRO_OF(10000),
    .confidence_floor_rate = DECIMAL_MICRO_OF(100), .quorum = 3, .window_s = 1800,
    .volatility_half_life_s = 43200, .volatility_long_half_life_s = 2592000,
    .deviation_z = DECIMAL_OF(4), .safety_factor = DECIMAL_OF(2),
    .slice_floor_rate = DECIMAL_MICRO_OF(100000), .retry_s = 60,
};
static const struct adaptive_settings usual_adaptive = {
    .volatility_calm = DECIMAL_OF(1), .volatility_stressed = DECIMAL_OF(3), .depth_deep = NONE,
    .depth_thin = NONE, .band = DECIMAL_MICRO_OF(100000), .rise_s = 3600, .fall_s = 14400,
    .maintenance_multiplier_max = DECIMAL_OF(1), .slice_rate_min = DECIMAL_OF(1),
};

static const struct field asset_reports_fields[] = {
    LIST_FIELD(asset_reports, reports, source_price, .min = 1, .max = SOURCES_MAX),
};
static const struct record asset_reports_record = BARE(asset_reports, asset_reports_fields);

#define ASSETS .max = STATE_ASSETS_MAX

static const struct field asset_gain_fields[] = {
    DECIMAL_FIELD(asset_gain, gain, .at_least = &decimal_zero),
};
static const struct record asset_gain_record = BARE(asset_gain, asset_gain_fields);

#define CANDLED .optional = true, .min = 1, .max = CANDLED_MAX

static const struct field snapshot_push_fields[] = {
    INSTANT_FIELD(snapshot_push, observed_at),
    MAP_FIELD    (snapshot_push, prices,     asset_reports,    asset, .min = 1, ASSETS),
    MAP_FIELD    (snapshot_push, volatility, asset_volatility, asset, .optional = true, ASSETS),
    MAP_FIELD    (snapshot_push, volume,     asset_volume,     asset, .optional = true, ASSETS),
    MAP_FIELD    (snapshot_push, depth,      asset_depth,      asset, .optional = true, ASSETS),
    MAP_FIELD    (snapshot_push, candles,    candle_series,    asset, CANDLED),
    MAP_FIELD    (snapshot_push, gains,      asset_gain,       asset, .optional = true, ASSETS),
};
const struct record snapshot_push_record = RECORD(snapshot_push, snapshot_push_fields);

static const struct field judged_report_fields[] = {
    NAME_FIELD   (judged_report, source),
    DECIMAL_FIELD(judged_report, price),
    DECIMAL_FIELD(judged_report, confidence),
    INSTANT_FIELD(judged_report, observed_at),
    CHOICE_FIELD (judged_report, fate, .choices = source_fate_names),
};
static const struct record judged_report_record = RECORD(judged_report, judged_report_fields);

static const struct field asset_sources_fields[] = {
    LIST_FIELD(asset_sources, reports, judged_report, .min = 1, .max = SOURCES_MAX),
};
static const struct record asset_sources_record = BARE(asset_sources, asset_sources_fields);

/* A member of snapshot.state, under its own name: a kept state of a request is a snapshot too. */
#define OF_STATE(member, item_type, ...) \
    { .name = #member, .kind = FIELD_MAP, .offset = offsetof(struct snapshot, state.member), \
      .count_offset = offsetof(struct snapshot, state.member##_count), \
      .key_offset = offsetof(struct item_type, asset), .items = &item_type##_record, ASSETS, __VA_ARGS__ }

static const struct field snapshot_fields[] = {
    OF_STATE(prices,     asset_price,      .min = 1),
    OF_STATE(volatility, asset_volatility, .optional = true),
    OF_STATE(volume,     asset_volume,     .optional = true),
    OF_STATE(depth,      asset_depth,      .optional = true),
    NAME_FIELD   (snapshot, market, .optional = true),
    INSTANT_FIELD(snapshot, observed_at, .optional = true),
    INSTANT_FIELD(snapshot, accepted_at, .optional = true),
    TEXT_FIELD   (snapshot, parameters_sha256, .form = TEXT_SHA256, .min = 64, .max = 64, .optional = true),
    MAP_FIELD    (snapshot, sources, asset_sources, asset, .optional = true, .min = 1, ASSETS),
    MAP_FIELD    (snapshot, candles, candle_series, asset, CANDLED),
    MAP_FIELD    (snapshot, gains, asset_gain, asset, .optional = true, ASSETS),
    POINTER_FIELD(snapshot, memory, market_memory, .optional = true),
};
const struct record snapshot_record = RECORD(snapshot, snapshot_fields);

struct acceptance {
    const struct snapshot_before *before;
    struct snapshot_push         *push;
    int64_t                       now_us;
    struct snapshot_room         *room;
    struct snapshot              *out;
    struct faults                *faults;
};

static void
refuse(struct acceptance *acceptance, const char *group, const char *asset, const char *code, const char *detail)
{
    char pointer[FAULT_POINTER_MAX];

    snprintf(pointer, sizeof pointer, "/%s%s%s", group, asset ? "/" : "", asset ? asset : "");
    fault_add(acceptance->faults, pointer, code, "%s", detail);
}

/* The rules for one asset's prices. Without a guard a report may be as old as the price may be. */
static struct oracle_settings
settings_of(const struct acceptance *acceptance, const struct asset *asset)
{
    struct oracle_settings settings = usual_oracle;

    if (acceptance->before->parameters->oracle)
        return *acceptance->before->parameters->oracle;
    settings.age_max_s = asset ? asset->price_age_max_s : PRICE_AGE_S;
    return settings;
}

static struct decimal
within(const struct asset *asset, struct decimal volatility)
{
    enum volatility_limit unused;

    return volatility_within(volatility, asset ? asset->volatility_floor : decimal_zero,
                             asset ? asset->volatility_cap : volatility_most, &unused);
}

static const struct asset *
asset_of(const struct acceptance *acceptance, const char *name)
{
    return parameters_asset(acceptance->before->parameters, name);
}

/* The stated volatilities, and those of candles. */
static void
accept_volatility(struct acceptance *acceptance)
{
    struct snapshot_push *push = acceptance->push;
    struct state         *state = &acceptance->out->state;

    state->volatility = acceptance->room->volatility;
    for (size_t i = 0; i < push->volatility_count; i++)
        state->volatility[state->volatility_count++] = push->volatility[i];
    for (size_t i = 0; i < push->candles_count; i++) {
        const struct candle_series *series = &push->candles[i];
        const struct asset         *asset = asset_of(acceptance, series->asset);
        struct candles_volatility   volatility;
        char                        pointer[FAULT_POINTER_MAX];

        snprintf(pointer, sizeof pointer, "/candles/%s", series->asset);
        if (state_volatility(state, series->asset)) {
            refuse(acceptance, "candles", series->asset, "volatility_twice", "the asset's volatility is stated too");
        } else if (state->volatility_count == STATE_ASSETS_MAX) {
            refuse(acceptance, "candles", NULL, "too_many", "at most 128 assets have a volatility");
        } else if (candles_accept(series, pointer, acceptance->faults)) {
            struct oracle_settings settings = settings_of(acceptance, asset);
            candles_volatility(series, settings.volatility_half_life_s,
                               asset ? asset->volatility_floor : decimal_zero,
                               asset ? asset->volatility_cap : volatility_most, &volatility);
            state->volatility[state->volatility_count++] =
                (struct asset_volatility){ series->asset, volatility.volatility };
        }
    }
}

const struct price_memory *
snapshot_memory(const struct snapshot *snapshot, const char *asset)
{
    for (size_t i = 0; snapshot->memory && i < snapshot->memory->assets_count; i++)
        if (!strcmp(snapshot->memory->assets[i].asset, asset))
            return &snapshot->memory->assets[i];
    return NULL;
}

static const struct price_memory *
memory_before(const struct acceptance *acceptance, const char *asset)
{
    const struct snapshot *snapshot = acceptance->before->snapshot;

    return snapshot ? snapshot_memory(snapshot, asset) : NULL;
}

/* What an asset's reports are weighed with: the stated volatility, else what its prices showed until
 * now, within the market's bounds. */
static struct decimal
volatility_for(const struct acceptance *acceptance, const char *name, const struct price_memory *memory)
{
    const struct decimal *stated = state_volatility(&acceptance->out->state, name);
    struct decimal        shown = memory ? memory_volatility(memory) : DECIMAL_NONE;

    return within(asset_of(acceptance, name), stated ? *stated : decimal_is_none(shown) ? decimal_zero : shown);
}

static void
keep_reports(struct acceptance *acceptance, const struct asset_reports *reports, const struct aggregate *aggregate)
{
    struct snapshot      *out = acceptance->out;
    struct judged_report *judged = acceptance->room->reports[out->sources_count];

    for (size_t i = 0; i < reports->reports_count; i++)
        judged[i] = (struct judged_report){ reports->reports[i].source, reports->reports[i].price,
                                            reports->reports[i].confidence, reports->reports[i].observed_at,
                                            (int)aggregate->judgements[i].fate };
    out->sources[out->sources_count++] = (struct asset_sources){ reports->asset, judged, reports->reports_count };
}

static void
remember(struct acceptance *acceptance, const struct price_memory *memory)
{
    struct market_memory *all = &acceptance->room->memory;

    if (all->assets_count < STATE_ASSETS_MAX)
        all->assets[all->assets_count++] = *memory;
}

/* What sells within the slippage tolerance, at the price; none: nothing asks for it, or it is not known. */
static struct decimal
depth_value(const struct acceptance *acceptance, const char *name, struct decimal price)
{
    static const struct decimal     most = DECIMAL_OF(INT64_C(1000000000000));
    const struct parameters        *parameters = acceptance->before->parameters;
    const struct adaptive_settings *adaptive = parameters->execution.adaptive;
    const struct asset             *asset = asset_of(acceptance, name);
    const struct asset_depth       *found = state_depth(&acceptance->out->state, name);
    struct depth                    depth;
    struct decimal                  quantity, value;

    if (!adaptive || decimal_is_none(adaptive->depth_deep) || !asset || !found || !found->venues_count ||
        decimal_sign(price) <= 0)
        return DECIMAL_NONE;
    depth_open(&depth, found, DEPTH_SELL, price, asset->unit, parameters->quote.unit);
    if (!depth_largest(&depth, parameters->execution.slippage_tolerance_rate, most, &quantity) ||
        !decimal_step(PRODUCT(quantity, price), NOTHING, ROUND_DOWN, decimal_unit, &value))
        return DECIMAL_NONE;
    return value;
}

static void
accept_price(struct acceptance *acceptance, const struct asset_reports *reports)
{
    struct snapshot           *out = acceptance->out;
    struct snapshot_room      *room = acceptance->room;
    const struct price_memory *memory = memory_before(acceptance, reports->asset);
    struct oracle_settings     settings = settings_of(acceptance, asset_of(acceptance, reports->asset));
    const struct adaptive_settings *adaptive = acceptance->before->parameters->execution.adaptive;
    struct decimal             volatility = volatility_for(acceptance, reports->asset, memory);
    struct aggregate           aggregate;
    struct price_memory        next;

    oracle_aggregate(&settings, reports->reports, reports->reports_count, statistic_of(volatility),
                     acceptance->now_us, &aggregate);
    keep_reports(acceptance, reports, &aggregate);
    if (decimal_is_none(aggregate.price)) {
        if (memory)
            remember(acceptance, memory);
        return;
    }
    out->state.prices[out->state.prices_count++] = (struct asset_price){ reports->asset, aggregate.price };
    struct memory_observation observation = { out->observed_at, aggregate.price, volatility,
                                              depth_value(acceptance, reports->asset, aggregate.price) };
    if (memory_next(&settings, adaptive ? adaptive : &usual_adaptive, memory, &observation, acceptance->now_us,
                    room->spans[room->memory.assets_count], &next) == MEMORY_GOOD) {
        next.asset = reports->asset;
        remember(acceptance, &next);
    }
}

/* What was remembered of assets that this snapshot says nothing of. */
static void
carry_memory(struct acceptance *acceptance)
{
    const struct snapshot *before = acceptance->before->snapshot;

    for (size_t i = 0; before && before->memory && i < before->memory->assets_count; i++)
        if (!snapshot_sources(acceptance->out, before->memory->assets[i].asset))
            remember(acceptance, &before->memory->assets[i]);
}

static void
open_snapshot(struct acceptance *acceptance)
{
    struct snapshot      *out = acceptance->out;
    struct snapshot_push *push = acceptance->push;
    struct snapshot_room *room = acceptance->room;

    *out = (struct snapshot){
        .market            = acceptance->before->market,
        .observed_at       = push->observed_at - push->observed_at % MILLISECOND_US,
        .accepted_at       = acceptance->now_us - acceptance->now_us % MILLISECOND_US,
        .parameters_sha256 = acceptance->before->parameters_sha256,
        .sources           = room->sources,
        .candles           = push->candles,
        .candles_count     = push->candles_count,
        .gains             = push->gains,
        .gains_count       = push->gains_count,
        .memory            = &room->memory,
    };
    out->state.prices       = room->prices;
    out->state.volume       = push->volume;
    out->state.volume_count = push->volume_count;
    out->state.depth        = push->depth;
    out->state.depth_count  = push->depth_count;
    room->memory            = (struct market_memory){ acceptance->before->snapshot_sha256, room->memories, 0 };
    for (size_t i = 0; i < push->prices_count; i++)
        for (size_t j = 0; j < push->prices[i].reports_count; j++)
            push->prices[i].reports[j].observed_at -= push->prices[i].reports[j].observed_at % MILLISECOND_US;
}

const struct asset_sources *
snapshot_sources(const struct snapshot *snapshot, const char *asset)
{
    for (size_t i = 0; i < snapshot->sources_count; i++)
        if (!strcmp(snapshot->sources[i].asset, asset))
            return &snapshot->sources[i];
    return NULL;
}

const struct decimal *
snapshot_gain(const struct snapshot *snapshot, const char *asset)
{
    for (size_t i = 0; i < snapshot->gains_count; i++)
        if (!strcmp(snapshot->gains[i].asset, asset))
            return &snapshot->gains[i].gain;
    return NULL;
}

int64_t
snapshot_price_at(const struct snapshot *snapshot, const char *asset)
{
    const struct asset_sources *sources = snapshot_sources(snapshot, asset);
    int64_t                     oldest = INSTANT_NONE;

    for (size_t i = 0; sources && i < sources->reports_count; i++) {
        const struct judged_report *report = &sources->reports[i];
        if (report->fate == SOURCE_USED && (oldest == INSTANT_NONE || report->observed_at < oldest))
            oldest = report->observed_at;
    }
    return oldest;
}

enum snapshot_fault
snapshot_accept(const struct snapshot_before *before, struct snapshot_push *push, int64_t now_us,
                struct snapshot_room *room, struct snapshot *out, struct faults *faults)
{
    struct acceptance acceptance = { before, push, now_us, room, out, faults };
    int64_t           skew_s = before->parameters->oracle ? before->parameters->oracle->clock_skew_s
                                                          : usual_oracle.clock_skew_s;

    open_snapshot(&acceptance);
    if (out->observed_at > now_us + skew_s * SECOND_US)
        refuse(&acceptance, "observed_at", NULL, "from_the_future",
               "a state that is not taken yet would keep out every other one until then");
    else if (before->snapshot && out->observed_at <= before->snapshot->observed_at)
        return SNAPSHOT_NOT_NEWER;
    state_accept(&out->state, "", faults);
    accept_volatility(&acceptance);
    for (size_t i = 0; i < push->prices_count && !faults->count; i++)
        accept_price(&acceptance, &push->prices[i]);
    carry_memory(&acceptance);
    if (!out->state.prices_count && !faults->count)
        refuse(&acceptance, "prices", NULL, "no_usable_report", "no asset has a report that can be used");
    return faults->count ? SNAPSHOT_REFUSED : SNAPSHOT_GOOD;
}
