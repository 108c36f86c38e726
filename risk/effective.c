/* A document's values under the stress that a snapshot remembers. */
#include "risk/effective.h"

#include <string.h>

#include "risk/reckoning.h"
#include "risk/snapshot.h"

static const char *const reasons[] = { "calm", "volatility", "depth", "held", "no_memory", NULL };

#define ALWAYS .optional = true, .nullable = true

static const struct field effective_asset_fields[] = {
    NAME_FIELD   (effective_asset, asset),
    CHOICE_FIELD (effective_asset, reason, .choices = reasons),
    DECIMAL_FIELD(effective_asset, stress),
    DECIMAL_FIELD(effective_asset, maintenance_multiplier),
    DECIMAL_FIELD(effective_asset, threshold, ALWAYS),
};
static const struct record effective_asset_record = RECORD(effective_asset, effective_asset_fields);

static const struct field effective_fields[] = {
    CHOICE_FIELD (effective, reason, .choices = reasons),
    NAME_FIELD   (effective, asset, ALWAYS),
    DECIMAL_FIELD(effective, stress),
    DECIMAL_FIELD(effective, penalty_floor_rate),
    DECIMAL_FIELD(effective, slice_rate),
    DECIMAL_FIELD(effective, maximum_slice_value, ALWAYS),
    LIST_FIELD   (effective, assets, effective_asset, .max = ASSETS_MAX),
};
const struct record effective_record = RECORD(effective, effective_fields);

/* The rules under stress, and what they point to behind them. */
struct effective_room {
    struct parameters parameters;
    struct asset     *assets;
    struct bracket   *brackets;               /* the next free ones */
    struct category  *categories;
    struct ramp      *ramps;
};

struct extent { size_t brackets, categories, ramps; };

static struct extent
extent_of(const struct parameters *parameters)
{
    struct extent extent = { 0, 0, parameters->assets_count };

    for (size_t i = 0; i < parameters->assets_count; i++) {
        extent.brackets += parameters->assets[i].brackets_count;
        extent.categories += parameters->assets[i].categories_count;
    }
    extent.ramps += extent.categories;
    return extent;
}

/* Each array is aligned where the one before it ends. */
_Static_assert(sizeof(struct effective_room) % _Alignof(struct asset) == 0, "assets come next");
_Static_assert(_Alignof(struct asset) >= _Alignof(struct bracket), "brackets come next");
_Static_assert(_Alignof(struct bracket) >= _Alignof(struct category), "categories come next");
_Static_assert(_Alignof(struct category) >= _Alignof(struct ramp), "ramps come last");

size_t
effective_room_bytes(const struct parameters *parameters)
{
    struct extent extent = extent_of(parameters);

    return sizeof(struct effective_room) + parameters->assets_count * sizeof(struct asset) +
           extent.brackets * sizeof(struct bracket) + extent.categories * sizeof(struct category) +
           extent.ramps * sizeof(struct ramp);
}

static void
open_room(struct effective_room *room, const struct parameters *parameters)
{
    struct extent extent = extent_of(parameters);

    room->assets     = (struct asset *)(room + 1);
    room->brackets   = (struct bracket *)(room->assets + parameters->assets_count);
    room->categories = (struct category *)(room->brackets + extent.brackets);
    room->ramps      = (struct ramp *)(room->categories + extent.categories);
    room->parameters = *parameters;
    room->parameters.assets =
        memcpy(room->assets, parameters->assets, parameters->assets_count * sizeof *room->assets);
}

static void
under_stress(const struct parameters *parameters, const struct price_memory *memory,
             struct adaptive *out)
{
    adaptive_effective(parameters->execution.adaptive, &memory->stress,
                       parameters->penalty.floor_rate, out);
}

bool
effective_differs(const struct parameters *parameters, const struct snapshot *snapshot)
{
    const struct adaptive_settings *adaptive = parameters->execution.adaptive;

    if (!adaptive || !snapshot || !snapshot->memory)
        return false;
    for (size_t i = 0; i < snapshot->memory->assets_count; i++)
        if (is_below(adaptive->band, snapshot->memory->assets[i].stress.held))
            return true;
    return false;
}

/* What is kept back of collateral, by the multiplier; never past `lowest`. */
static struct decimal
stricter_threshold(struct reckoning *reckoning, struct decimal threshold, struct decimal multiplier,
                   struct decimal lowest)
{
    struct decimal kept = reckon_subtract(reckoning, decimal_one, threshold);
    struct decimal wanted = reckon_subtract(
        reckoning, decimal_one, reckon_multiply(reckoning, kept, multiplier, ROUND_UP));

    return greatest(wanted, least(threshold, lowest));
}

/* The lowest that an asset's own threshold may become. */
static struct decimal
lowest_threshold(struct reckoning *reckoning, const struct asset *asset)
{
    static const struct decimal half = DECIMAL_MICRO_OF(500000);
    struct decimal lowest = decimal_is_none(asset->opening_weight) ? decimal_zero
                                                                   : asset->opening_weight;

    if (!asset->pre_liquidation)
        return lowest;
    struct decimal sum = reckon_add(reckoning, asset->pre_liquidation->threshold, asset->threshold);
    return greatest(lowest, reckon_multiply(reckoning, sum, half, ROUND_UP));
}

/* NULL: there is none. */
static struct ramp *
scaled_ramp(struct reckoning *reckoning, const struct ramp *given, struct decimal multiplier,
            struct decimal lowest, struct effective_room *room)
{
    if (!given)
        return NULL;
    struct ramp *ramp = room->ramps++;
    *ramp = *given;
    ramp->initial_threshold =
        stricter_threshold(reckoning, ramp->initial_threshold, multiplier, lowest);
    return ramp;
}

static void
scale_categories(struct reckoning *reckoning, struct asset *asset, struct decimal multiplier,
                 struct effective_room *room)
{
    struct category *scaled = room->categories;

    for (size_t i = 0; i < asset->categories_count; i++) {
        struct decimal lowest = decimal_is_none(asset->categories[i].opening_weight)
                                ? asset->opening_weight : asset->categories[i].opening_weight;
        scaled[i] = asset->categories[i];
        if (!decimal_is_none(scaled[i].threshold))
            scaled[i].threshold =
                stricter_threshold(reckoning, scaled[i].threshold, multiplier, lowest);
        scaled[i].ramp = scaled_ramp(reckoning, scaled[i].ramp, multiplier, lowest, room);
    }
    room->categories += asset->categories_count;
    asset->categories = scaled;
}

static void
scale_brackets(struct reckoning *reckoning, struct asset *asset, struct decimal multiplier,
               struct effective_room *room)
{
    static const struct decimal highest = DECIMAL_UNITS_OF(999999999999999999);
    struct bracket *scaled = room->brackets;
    struct decimal  rate = decimal_zero, deduction = decimal_zero;

    for (size_t i = 0; i < asset->brackets_count; i++) {
        scaled[i]      = asset->brackets[i];
        scaled[i].rate = least(highest,
                               reckon_multiply(reckoning, scaled[i].rate, multiplier, ROUND_UP));
        struct decimal rise = reckon_subtract(reckoning, scaled[i].rate, rate);
        reckon_sum(reckoning, &deduction, reckon_multiply(reckoning, scaled[i].from_notional, rise,
                                                          ROUND_HALF_UP));
        scaled[i].deduction = deduction;
        rate                = scaled[i].rate;
    }
    room->brackets += asset->brackets_count;
    asset->brackets = scaled;
}

static void
scale_asset(struct reckoning *reckoning, struct asset *asset, struct decimal multiplier,
            struct effective_room *room)
{
    struct decimal lowest = lowest_threshold(reckoning, asset);

    asset->threshold = stricter_threshold(reckoning, asset->threshold, multiplier, lowest);
    asset->ramp = scaled_ramp(reckoning, asset->ramp, multiplier, lowest, room);
    scale_categories(reckoning, asset, multiplier, room);
    scale_brackets(reckoning, asset, multiplier, room);
}

static bool
is_of_account(const struct account *account, const char *name)
{
    for (size_t i = 0; i < account->collateral_count; i++)
        if (!strcmp(account->collateral[i].asset, name))
            return true;
    for (size_t i = 0; i < account->debt_count; i++)
        if (!strcmp(account->debt[i].asset, name))
            return true;
    for (size_t i = 0; i < account->perps_count; i++)
        if (!strcmp(account->perps[i].asset, name))
            return true;
    return false;
}

/* The rules' own copy, made when the first asset needs it. */
static struct asset *
copied_asset(const struct parameters *parameters, const char *name, struct effective_room *room,
             const struct parameters **rules)
{
    const struct asset *given = parameters_asset(parameters, name);

    if (*rules == parameters) {
        open_room(room, parameters);
        *rules = &room->parameters;
    }
    return &room->assets[given - parameters->assets];
}

struct application {
    const struct parameters *given, *rules;
    struct effective_room   *room;
    struct effective        *out;
    struct reckoning         reckoning;
};

/* One asset that is remembered: its maintenance, and its say in what is the account's. */
static void
apply(struct application *application, const struct price_memory *memory,
      const struct account *account)
{
    const struct asset *asset = parameters_asset(application->given, memory->asset);
    struct effective   *out = application->out;
    struct adaptive     adaptive;

    if (!asset || !is_of_account(account, memory->asset) || out->assets_count == ASSETS_MAX)
        return;
    under_stress(application->given, memory, &adaptive);
    if (decimal_compare(adaptive.maintenance_multiplier, decimal_one) > 0) {
        struct asset *scaled = copied_asset(application->given, memory->asset, application->room,
                                            &application->rules);
        scale_asset(&application->reckoning, scaled, adaptive.maintenance_multiplier,
                    application->room);
        asset = scaled;
    }
    out->assets[out->assets_count++] = (struct effective_asset){
        memory->asset, (int)adaptive.reason, adaptive.stress, adaptive.maintenance_multiplier,
        asset->threshold,
    };
    if (out->reason != EFFECTIVE_NO_MEMORY && decimal_compare(adaptive.stress, out->stress) <= 0)
        return;
    out->reason             = (int)adaptive.reason;
    out->asset              = adaptive.reason != ADAPTIVE_CALM ? memory->asset : NULL;
    out->stress             = adaptive.stress;
    out->penalty_floor_rate = adaptive.penalty_floor_rate;
    out->slice_rate         = adaptive.slice_rate;
}

/* What is not an asset's own. */
static void
apply_to_account(struct application *application)
{
    struct effective        *out = application->out;
    const struct parameters *given = application->given;
    struct decimal           slice = given->execution.maximum_slice_value;

    out->penalty_floor_rate = least(out->penalty_floor_rate,
                                    greatest(given->penalty.cap_rate, given->penalty.floor_rate));
    if (!decimal_is_none(slice))
        out->maximum_slice_value = reckon_multiply(&application->reckoning, slice, out->slice_rate,
                                                   ROUND_DOWN);
    if (!out->asset)
        return;
    copied_asset(given, out->asset, application->room, &application->rules);
    application->room->parameters.penalty.floor_rate            = out->penalty_floor_rate;
    application->room->parameters.execution.maximum_slice_value = out->maximum_slice_value;
}

const struct parameters *
effective_rules(const struct parameters *parameters, const struct snapshot *snapshot,
                const struct account *account, struct effective_room *room,
                struct effective_asset *assets, struct effective *out)
{
    struct application application = { .given = parameters, .rules = parameters, .room = room,
                                       .out = out };

    *out = (struct effective){
        .reason = EFFECTIVE_NO_MEMORY, .stress = decimal_zero,
        .penalty_floor_rate = parameters->penalty.floor_rate, .slice_rate = decimal_one,
        .maximum_slice_value = parameters->execution.maximum_slice_value, .assets = assets,
    };
    for (size_t i = 0; snapshot && snapshot->memory && i < snapshot->memory->assets_count; i++)
        apply(&application, &snapshot->memory->assets[i], account);
    apply_to_account(&application);
    return application.reckoning.overflow ? NULL : application.rules;
}
