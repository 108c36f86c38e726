/* Weights, and what is refused by their sum. */
#include "handlers/cost.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "handlers/service.h"

/* Units. Levels are walked once for each venue that they are sold beside, so that each counts by the
 * number of its asset's venues; ranges cost a root each. */
enum { ACCOUNT_UNITS = 150, LEG_UNITS = 2, LEVEL_UNITS_20 = 3, RANGE_UNITS = 13, VENUE_UNITS = 4 };

static int64_t
units_of(const struct asset_depth *depth)
{
    int64_t venues = (int64_t)depth->venues_count;
    int64_t levels = 0;
    int64_t ranges = 0;

    for (size_t i = 0; i < depth->venues_count; i++) {
        const struct venue *venue = &depth->venues[i];
        levels += (int64_t)(venue->bids_count + venue->asks_count);
        ranges += (int64_t)venue->ranges_count;
    }
    return venues * venues * VENUE_UNITS + levels * venues * LEVEL_UNITS_20 / 20 +
           ranges * RANGE_UNITS;
}

void
cost_table_make(const struct state *state, struct cost_table *table)
{
    table->state = state;
    for (size_t i = 0; i < state->depth_count; i++)
        table->units[i] = units_of(&state->depth[i]);
}

/* An asset counts once, however many legs it has. */
struct counting {
    const struct cost_table *table;
    bool                     is_counted[STATE_ASSETS_MAX];
    int64_t                  units, most;
    const char              *dearest;
};

static void
count_asset(struct counting *counting, const char *asset)
{
    const struct state *state = counting->table->state;
    size_t              i     = 0;

    counting->units += LEG_UNITS;
    while (i < state->depth_count && strcmp(state->depth[i].asset, asset) != 0)
        i++;
    if (i == state->depth_count || counting->is_counted[i])
        return;
    counting->is_counted[i] = true;
    counting->units        += counting->table->units[i];
    if (counting->table->units[i] > counting->most) {
        counting->most    = counting->table->units[i];
        counting->dearest = state->depth[i].asset;
    }
}

int64_t
cost_of(const struct cost_table *table, const struct account *account, const char **dearest)
{
    struct counting counting = { .table = table, .units = ACCOUNT_UNITS };

    for (size_t i = 0; i < account->collateral_count; i++)
        count_asset(&counting, account->collateral[i].asset);
    for (size_t i = 0; i < account->debt_count; i++)
        count_asset(&counting, account->debt[i].asset);
    for (size_t i = 0; i < account->perps_count; i++)
        count_asset(&counting, account->perps[i].asset);
    for (size_t i = 0; i < account->wallet_count; i++)
        count_asset(&counting, account->wallet[i].asset);
    *dearest = counting.dearest;
    return counting.units;
}

static int64_t
cost_max(const struct request *request)
{
    return request->service->cost_max ? request->service->cost_max : COST_MAX;
}

static enum problem
refuse(const char *pointer, int64_t max, const char *dearest, const char *remedy,
       struct reply *reply)
{
    snprintf(reply->detail, sizeof reply->detail,
             "computing this would cost more than the %" PRId64 " units that it may; the depth of"
             " %.64s costs most", max, dearest ? dearest : "no asset");
    faults_open(&reply->faults, FAULTS_MAX);
    fault_add(&reply->faults, pointer, "too_costly", "%s", remedy);
    return PROBLEM_TOO_COSTLY;
}

enum problem
cost_check(const struct request *request, const struct state *state, const struct account *account,
           bool *is_dear, struct reply *reply)
{
    struct cost_table table;
    const char       *dearest;
    char              pointer[FAULT_POINTER_MAX];

    cost_table_make(state, &table);
    int64_t units = cost_of(&table, account, &dearest);
    *is_dear = units > COST_LISTENER_MAX;
    if (units <= cost_max(request))
        return PROBLEM_NONE;
    snprintf(pointer, sizeof pointer, "/state/depth/%.64s", dearest ? dearest : "");
    return refuse(pointer, cost_max(request), dearest,
                  "give fewer levels, ranges or venues, those nearest to the price", reply);
}

enum problem
cost_check_batch(const struct request *request, const struct state *state,
                 const struct account *(*account_at)(const void *items, size_t index),
                 const void *items, size_t count, bool *is_dear, struct reply *reply)
{
    struct cost_table table;
    int64_t           max   = cost_max(request) * COST_BATCH_TIMES;
    int64_t           units = 0;
    const char       *dearest;
    char              pointer[FAULT_POINTER_MAX];

    cost_table_make(state, &table);
    for (size_t i = 0; i < count; i++) {
        int64_t of_item = cost_of(&table, account_at(items, i), &dearest);
        units += of_item;
        if (of_item > cost_max(request)) {
            snprintf(pointer, sizeof pointer, "/state/depth/%.64s", dearest ? dearest : "");
            return refuse(pointer, cost_max(request), dearest,
                          "give fewer levels, ranges or venues, those nearest to the price",
                          reply);
        }
        if (units > max) {
            snprintf(pointer, sizeof pointer, "/items/%zu", i);
            return refuse(pointer, max, dearest, "send these items in another batch", reply);
        }
    }
    *is_dear = units > COST_LISTENER_MAX;
    return PROBLEM_NONE;
}
