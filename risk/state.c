/* The market state as records, what no single field of it can say, and how its parts are found. */
#include "risk/state.h"

#include <stdio.h>
#include <string.h>

enum { AT_BYTES_MAX = 128 };

static const struct decimal under_one        = DECIMAL_UNITS_OF(DECIMAL_ONE_UNITS - 1);
static const struct decimal volatility_most  = DECIMAL_OF(1000);

static const struct field asset_price_fields[] = {
    DECIMAL_FIELD(asset_price, price, .at_least = &decimal_zero),
};
const struct record asset_price_record = BARE(asset_price, asset_price_fields);

static const struct field asset_volatility_fields[] = {
    DECIMAL_FIELD(asset_volatility, volatility, .at_least = &decimal_zero,
                  .at_most = &volatility_most),
};
const struct record asset_volatility_record =
    BARE(asset_volatility, asset_volatility_fields);

static const struct field asset_volume_fields[] = {
    DECIMAL_FIELD(asset_volume, volume, .at_least = &decimal_zero),
};
const struct record asset_volume_record = BARE(asset_volume, asset_volume_fields);

static const struct field level_fields[] = {
    DECIMAL_FIELD(level, price, .above = &decimal_zero),
    DECIMAL_FIELD(level, size,  .at_least = &decimal_zero),
};
static const struct record level_record = TUPLE(level, level_fields);

static const struct field range_fields[] = {
    DECIMAL_FIELD(range, lower,     .above = &decimal_zero),
    DECIMAL_FIELD(range, upper,     .above = &decimal_zero),
    DECIMAL_FIELD(range, liquidity, .at_least = &decimal_zero),
};
static const struct record range_record = RECORD(range, range_fields);

static const struct field book_fields[] = {
    NAME_FIELD   (venue, venue),
    DECIMAL_FIELD(venue, fee_rate, .at_least = &decimal_zero, .at_most = &under_one),
    SPELLED_LIST_FIELD(venue, bids, level, .optional = true, .max = LEVELS_MAX),
    SPELLED_LIST_FIELD(venue, asks, level, .optional = true, .max = LEVELS_MAX),
};
static const struct record book_record = RECORD(venue, book_fields);

static const struct field constant_product_fields[] = {
    NAME_FIELD   (venue, venue),
    DECIMAL_FIELD(venue, fee_rate, .at_least = &decimal_zero, .at_most = &under_one),
    DECIMAL_FIELD(venue, base,     .above = &decimal_zero),
    DECIMAL_FIELD(venue, quote,    .above = &decimal_zero),
};
static const struct record constant_product_record = RECORD(venue, constant_product_fields);

static const struct field concentrated_fields[] = {
    NAME_FIELD   (venue, venue),
    DECIMAL_FIELD(venue, fee_rate, .at_least = &decimal_zero, .at_most = &under_one),
    DECIMAL_FIELD(venue, price,    .above = &decimal_zero),
    LIST_FIELD   (venue, ranges, range, .max = RANGES_MAX),
};
static const struct record concentrated_record = RECORD(venue, concentrated_fields);

/* A desk's quote may hold its fee already; then there is none to name. */
static const struct field quoted_fields[] = {
    NAME_FIELD   (venue, venue),
    DECIMAL_FIELD(venue, fee_rate,      .optional = true, .initial = "0",
                  .at_least = &decimal_zero, .at_most = &under_one),
    DECIMAL_FIELD(venue, notional,      .above = &decimal_zero),
    DECIMAL_FIELD(venue, slippage_rate, .above = &decimal_zero, .at_most = &under_one),
};
static const struct record quoted_record = RECORD(venue, quoted_fields);

static const struct record_case venue_cases[] = {
    [VENUE_BOOK]             = { "book",             &book_record },
    [VENUE_CONSTANT_PRODUCT] = { "constant_product", &constant_product_record },
    [VENUE_CONCENTRATED]     = { "concentrated",     &concentrated_record },
    [VENUE_QUOTED]           = { "quoted",           &quoted_record },
};
static const struct record venue_record = VARIANT(venue, kind, venue_cases);

static const struct field asset_depth_fields[] = {
    LIST_FIELD(asset_depth, venues, venue, .min = 1, .max = VENUES_MAX),
};
const struct record asset_depth_record = BARE(asset_depth, asset_depth_fields);

static const struct field state_fields[] = {
    MAP_FIELD(state, prices,     asset_price,      asset, .min = 1, .max = STATE_ASSETS_MAX),
    MAP_FIELD(state, volatility, asset_volatility, asset, .optional = true, .max = STATE_ASSETS_MAX),
    MAP_FIELD(state, volume,     asset_volume,     asset, .optional = true, .max = STATE_ASSETS_MAX),
    MAP_FIELD(state, depth,      asset_depth,      asset, .optional = true, .max = STATE_ASSETS_MAX),
};
const struct record state_record = RECORD(state, state_fields);

static const struct field state_request_fields[] = {
    TEXT_FIELD(state, snapshot,   .form = TEXT_SHA256, .min = 64, .max = 64, .optional = true),
    MAP_FIELD (state, prices,     asset_price,      asset, .optional = true, .min = 1,
               .max = STATE_ASSETS_MAX),
    MAP_FIELD (state, volatility, asset_volatility, asset, .optional = true,
               .max = STATE_ASSETS_MAX),
    MAP_FIELD (state, volume,     asset_volume,     asset, .optional = true,
               .max = STATE_ASSETS_MAX),
    MAP_FIELD (state, depth,      asset_depth,      asset, .optional = true,
               .max = STATE_ASSETS_MAX),
};
const struct record state_request_record = {
    .name = "state", .size = sizeof(struct state), .fields = state_request_fields,
    .count = COUNT_OF(state_request_fields),
};

/* Where in the request a judged list stands, and what has been counted so far. */
struct judge {
    struct faults *faults;
    const char    *at, *asset;          /* the state's pointer; below it, its depth's asset */
    size_t         venue;               /* and the number of the asset's venue */
    size_t         levels_count;        /* over all venues, without the rows of size zero */
    size_t         found;
};

static void
refuse(struct judge *judge, const char *member, size_t row, const char *code, const char *detail)
{
    char pointer[FAULT_POINTER_MAX];
    char number[24] = "";

    if (row != SIZE_MAX)
        snprintf(number, sizeof number, "/%zu", row);
    snprintf(pointer, sizeof pointer, "%.*s/depth/%s/%zu/%s%s", AT_BYTES_MAX, judge->at,
             judge->asset, judge->venue, member, number);
    fault_add(judge->faults, pointer, code, "%s", detail);
    judge->found++;
}

/* Drops the rows of size zero in place; the first row out of order is named by its number before
 * that. `direction` is the sign of a step that is in order; equal prices are. */
static void
accept_side(struct judge *judge, const char *member, int direction, struct level *levels,
            size_t *count, struct spelling *spelling)
{
    size_t kept = 0;

    for (size_t i = 0; i < *count; i++) {
        if (decimal_sign(levels[i].size) == 0)
            continue;
        if (kept > 0 && decimal_compare(levels[i].price, levels[kept - 1].price) * direction < 0) {
            refuse(judge, member, i, "book_unsorted",
                   direction < 0 ? "bids stand in descending order of price"
                                 : "asks stand in ascending order of price");
            return;
        }
        levels[kept++] = levels[i];
    }
    if (kept < *count)
        spelling->count = 0;
    *count = kept;
    judge->levels_count += kept;
    if (judge->levels_count > LEVELS_MAX && judge->levels_count - kept <= LEVELS_MAX)
        refuse(judge, member, SIZE_MAX, "too_many", "at most 20000 levels over all venues");
}

static void
accept_book(struct judge *judge, struct venue *venue)
{
    size_t found = judge->found;

    accept_side(judge, "bids", -1, venue->bids, &venue->bids_count, &venue->bids_spelling);
    accept_side(judge, "asks", 1, venue->asks, &venue->asks_count, &venue->asks_spelling);
    if (judge->found > found || venue->bids_count == 0 || venue->asks_count == 0)
        return;
    if (decimal_compare(venue->bids[0].price, venue->asks[0].price) >= 0)
        refuse(judge, "bids", 0, "book_crossed", "the best bid is not below the best ask");
}

static void
accept_ranges(struct judge *judge, const struct venue *venue)
{
    for (size_t i = 0; i < venue->ranges_count; i++) {
        const struct range *range = &venue->ranges[i];
        if (decimal_compare(range->lower, range->upper) >= 0) {
            refuse(judge, "ranges", i, "ranges_unsorted",
                   "a range's lower price is below its upper one");
            return;
        }
        if (i > 0 && decimal_compare(range->lower, venue->ranges[i - 1].upper) < 0) {
            refuse(judge, "ranges", i, "ranges_unsorted", "ranges ascend and do not overlap");
            return;
        }
    }
}

static void
accept_venue(struct judge *judge, struct venue *venues, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (!strcmp(venues[j].venue, venues[i].venue)) {
            refuse(judge, "venue", SIZE_MAX, "duplicate_venue",
                   "another venue of this asset has the same name");
            break;
        }
    switch ((enum venue_kind)venues[i].kind) {
    case VENUE_BOOK:
        accept_book(judge, &venues[i]);
        return;
    case VENUE_CONCENTRATED:
        accept_ranges(judge, &venues[i]);
        return;
    case VENUE_CONSTANT_PRODUCT:
    case VENUE_QUOTED:
        return;
    }
}

bool
state_accept(struct state *state, const char *at, struct faults *faults)
{
    struct judge judge = { .faults = faults, .at = at };

    for (size_t i = 0; i < state->depth_count; i++) {
        struct asset_depth *depth = &state->depth[i];
        judge.asset = depth->asset;
        for (size_t j = 0; j < depth->venues_count; j++) {
            judge.venue = j;
            accept_venue(&judge, depth->venues, j);
        }
    }
    return judge.found == 0;
}

const struct decimal *
state_price(const struct state *state, const char *asset)
{
    for (size_t i = 0; i < state->prices_count; i++)
        if (!strcmp(state->prices[i].asset, asset))
            return &state->prices[i].price;
    return NULL;
}

const struct decimal *
state_volatility(const struct state *state, const char *asset)
{
    for (size_t i = 0; i < state->volatility_count; i++)
        if (!strcmp(state->volatility[i].asset, asset))
            return &state->volatility[i].volatility;
    return NULL;
}

const struct decimal *
state_volume(const struct state *state, const char *asset)
{
    for (size_t i = 0; i < state->volume_count; i++)
        if (!strcmp(state->volume[i].asset, asset))
            return &state->volume[i].volume;
    return NULL;
}

const struct asset_depth *
state_depth(const struct state *state, const char *asset)
{
    for (size_t i = 0; i < state->depth_count; i++)
        if (!strcmp(state->depth[i].asset, asset))
            return &state->depth[i];
    return NULL;
}
