/* Resolving an account: which assets it holds, under which weights, at which prices. */
#include "risk/position.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { US_PER_S = 1000000 };

_Static_assert(ASSETS_MAX <= LEGS_MAX * 3, "a position has room for every asset of a document");

/* Whole seconds of the ramp that have gone by, 0 .. duration. */
static int64_t
gone_s(const struct ramp *ramp, int64_t now_us)
{
    if (now_us <= ramp->start_at)
        return 0;
    /* Apart, because the difference of two instants may not fit. */
    int128 gone = ((int128)now_us - ramp->start_at) / US_PER_S;
    return gone < ramp->duration_s ? (int64_t)gone : ramp->duration_s;
}

/* floor((initial * (duration - gone) + threshold * gone) / duration); thresholds are at most 1e18
 * units and durations at most 3e7 s, so that 128 bits are plenty. */
struct decimal
ramped_threshold(struct decimal threshold, const struct ramp *ramp, int64_t now_us)
{
    int64_t gone;
    int128 sum;

    if (!ramp)
        return threshold;
    gone = gone_s(ramp, now_us);
    sum = ramp->initial_threshold.units * (ramp->duration_s - gone) + threshold.units * gone;
    return (struct decimal){ sum / ramp->duration_s };
}

struct decimal
threshold_at(const struct asset *asset, int64_t now_us)
{
    return ramped_threshold(asset->threshold, asset->ramp, now_us);
}

/* While ramps move, the window never begins above where it ends. */
static struct decimal
pre_threshold(const struct asset *asset, int64_t now_us)
{
    const struct pre_liquidation *pre = asset->pre_liquidation;
    struct decimal begins;

    if (!pre)
        return asset->threshold;
    begins = ramped_threshold(pre->threshold, pre->ramp, now_us);
    return decimal_compare(begins, asset->threshold) < 0 ? begins : asset->threshold;
}

static void
replace(struct decimal *weight, struct decimal other)
{
    if (!decimal_is_none(other))
        *weight = other;
}

static void
apply_category(struct asset *asset, const char *name)
{
    for (size_t i = 0; name && i < asset->categories_count; i++) {
        const struct category *category = &asset->categories[i];
        if (strcmp(category->name, name) != 0)
            continue;
        replace(&asset->opening_weight, category->opening_weight);
        replace(&asset->threshold, category->threshold);
        if (!decimal_is_none(category->threshold))
            asset->ramp = category->ramp;
        replace(&asset->penalty_rate, category->penalty_rate);
    }
}

int
position_asset(const struct position *position, const char *name)
{
    for (size_t i = 0; i < position->assets_count; i++)
        if (!strcmp(position->assets[i].asset.name, name))
            return (int)i;
    return POSITION_ASSET_NONE;
}

enum addition { ADDED, UNKNOWN_ASSET, NO_PRICE };

static enum addition
add_asset(struct position *position, const char *name, const struct state *state, size_t *index)
{
    int known = position_asset(position, name);
    const struct asset *listed = parameters_asset(position->parameters, name);
    const struct decimal *price = state_price(state, name);
    struct position_asset *added = &position->assets[position->assets_count];

    if (known != POSITION_ASSET_NONE) {
        *index = (size_t)known;
        return ADDED;
    }
    if (!listed)
        return UNKNOWN_ASSET;
    if (!price)
        return NO_PRICE;
    assert(position->assets_count < ASSETS_MAX);
    added->asset = *listed;
    apply_category(&added->asset, position->category);
    added->asset.threshold = threshold_at(&added->asset, position->now_us);
    added->pre_threshold = pre_threshold(&added->asset, position->now_us);
    added->price = *price;
    *index = position->assets_count++;
    return ADDED;
}

/* Whether it was added. */
static bool
tell_of(enum addition addition, const char *name, const char *pointer, struct faults *faults)
{
    switch (addition) {
    case ADDED:
        return true;
    case UNKNOWN_ASSET:
        fault_add(faults, pointer, "unknown_asset", "the market's parameters do not list %s", name);
        return false;
    case NO_PRICE:
        fault_add(faults, "/state/prices", "no_price", "the state has no price of %s", name);
        return false;
    }
    return false;
}

bool
position_add_asset(struct position *position, const char *name, const struct state *state,
                   const char *pointer, size_t *index, struct faults *faults)
{
    return tell_of(add_asset(position, name, state, index), name, pointer, faults);
}

/* One leg's asset and quantity; `list` is the account's member that the leg is in. Its pointer is
 * spelled out only for a fault. */
static bool
add_leg(struct position *position, const struct state *state, const char *list, size_t i,
        const char *name, bool is_in_bounds, size_t *asset, struct faults *faults)
{
    enum addition addition = add_asset(position, name, state, asset);
    char pointer[FAULT_POINTER_MAX];

    if (addition == ADDED && is_in_bounds)
        return true;
    snprintf(pointer, sizeof pointer, "/account/%s/%zu/asset", list, i);
    if (!tell_of(addition, name, pointer, faults))
        return false;
    snprintf(pointer, sizeof pointer, "/account/%s/%zu", list, i);
    fault_add(faults, pointer, "out_of_bounds",
              "quantities are not negative, entry prices above 0");
    return false;
}

static size_t
add_legs(struct position *position, const struct state *state, const char *list,
         const struct leg *legs, size_t count, struct position_leg *out, struct faults *faults)
{
    size_t added = 0;

    assert(count <= LEGS_MAX);
    for (size_t i = 0; i < count; i++) {
        out[added].quantity = legs[i].quantity;
        added += add_leg(position, state, list, i, legs[i].asset,
                         decimal_sign(legs[i].quantity) >= 0, &out[added].asset, faults);
    }
    return added;
}

static size_t
add_perps(struct position *position, const struct state *state, const struct perp *perps,
          size_t count, struct position_perp *out, struct faults *faults)
{
    size_t added = 0;

    assert(count <= LEGS_MAX);
    for (size_t i = 0; i < count; i++) {
        out[added].quantity = perps[i].quantity;
        out[added].entry_price = perps[i].entry_price;
        added += add_leg(position, state, "perps", i, perps[i].asset,
                         decimal_sign(perps[i].entry_price) > 0, &out[added].asset, faults);
    }
    return added;
}

void
position_copy(const struct position *position, struct position *out)
{
    out->parameters       = position->parameters;
    out->category         = position->category;
    out->now_us           = position->now_us;
    out->cash             = position->cash;
    out->assets_count     = position->assets_count;
    out->collateral_count = position->collateral_count;
    out->debt_count       = position->debt_count;
    out->perps_count      = position->perps_count;
    memcpy(out->assets, position->assets, position->assets_count * sizeof *out->assets);
    memcpy(out->collateral, position->collateral,
           position->collateral_count * sizeof *out->collateral);
    memcpy(out->debt, position->debt, position->debt_count * sizeof *out->debt);
    memcpy(out->perps, position->perps, position->perps_count * sizeof *out->perps);
}

void
position_reprice(struct position *position, size_t asset, struct decimal price)
{
    assert(asset < position->assets_count);
    assert(decimal_sign(price) >= 0);
    position->assets[asset].price = price;
}

static struct decimal
sum_of(const struct position_leg *legs, size_t count, size_t asset)
{
    struct decimal sum = decimal_zero;

    for (size_t i = 0; i < count; i++)
        if (legs[i].asset == asset && !decimal_add(sum, legs[i].quantity, &sum))
            return DECIMAL_NONE;
    return sum;
}

struct decimal
position_collateral(const struct position *position, size_t asset)
{
    return sum_of(position->collateral, position->collateral_count, asset);
}

struct decimal
position_debt(const struct position *position, size_t asset)
{
    return sum_of(position->debt, position->debt_count, asset);
}

bool
position_open(const struct parameters *parameters, const struct account *account,
              const struct state *state, int64_t now_us, struct position *out,
              struct faults *faults)
{
    size_t faults_before = faults->count + faults->missed;

    out->parameters = parameters;
    out->category = account->category;
    out->now_us = now_us;
    out->cash = account->cash;
    out->assets_count = 0;
    out->collateral_count = add_legs(out, state, "collateral", account->collateral,
                                     account->collateral_count, out->collateral, faults);
    out->debt_count = add_legs(out, state, "debt", account->debt, account->debt_count, out->debt,
                               faults);
    out->perps_count = add_perps(out, state, account->perps, account->perps_count, out->perps,
                                 faults);
    return faults->count + faults->missed == faults_before;
}
