/* PUT and GET of market state. What is sent are the canonical bytes themselves, so that they may be hashed. */
#include "handlers/snapshots.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "db/disk.h"
#include "db/snapshots.h"
#include "handlers/service.h"
#include "record/instant.h"

/* Of one key: 20 at once, then 10 a second. */
enum { SECOND_US = 1000000 };

static const struct rate push_rate = { .per_second = 10, .burst = 20 };

struct receipt_report { const char *source, *fate; };

static const struct field receipt_report_fields[] = {
    NAME_FIELD(receipt_report, source),
    NAME_FIELD(receipt_report, fate),
};
static const struct record receipt_report_record = RECORD(receipt_report, receipt_report_fields);

struct receipt_price {
    const char            *asset;
    struct decimal         price;
    struct receipt_report *reports;
    size_t                 reports_count;
};

static const struct field receipt_price_fields[] = {
    NAME_FIELD   (receipt_price, asset),
    DECIMAL_FIELD(receipt_price, price, .optional = true, .nullable = true),
    LIST_FIELD   (receipt_price, reports, receipt_report, .max = SOURCES_MAX),
};
static const struct record receipt_price_record = RECORD(receipt_price, receipt_price_fields);

struct snapshot_receipt {
    const char           *market, *sha256, *previous_sha256;
    int64_t               observed_at, accepted_at;
    struct receipt_price *prices;
    size_t                prices_count;
};

#define HASH .form = TEXT_SHA256, .min = 64, .max = 64

static const struct field snapshot_receipt_fields[] = {
    NAME_FIELD   (snapshot_receipt, market),
    TEXT_FIELD   (snapshot_receipt, sha256, HASH),
    TEXT_FIELD   (snapshot_receipt, previous_sha256, HASH, .optional = true, .nullable = true),
    INSTANT_FIELD(snapshot_receipt, observed_at),
    INSTANT_FIELD(snapshot_receipt, accepted_at),
    LIST_FIELD   (snapshot_receipt, prices, receipt_price, .max = STATE_ASSETS_MAX),
};
const struct record snapshot_receipt_record = RECORD(snapshot_receipt, snapshot_receipt_fields);

static enum problem
no_such_market(struct request *request, struct reply *reply)
{
    snprintf(reply->detail, sizeof reply->detail, "there is no market \"%.64s\"; GET /v1/markets lists them", request->args[0]);
    return PROBLEM_NO_SUCH_MARKET;
}

static bool
fill_price(struct arena *arena, const struct snapshot *snapshot, const struct asset_sources *sources, struct receipt_price *out)
{
    const struct decimal *price = state_price(&snapshot->state, sources->asset);

    *out = (struct receipt_price){
        .asset   = sources->asset,
        .price   = price ? *price : DECIMAL_NONE,
        .reports = arena_alloc(arena, sources->reports_count, sizeof *out->reports),
    };
    for (; out->reports && out->reports_count < sources->reports_count; out->reports_count++) {
        const struct judged_report *report = &sources->reports[out->reports_count];
        out->reports[out->reports_count] =
            (struct receipt_report){ report->source, source_fate_name((enum source_fate)report->fate) };
    }
    return out->reports;
}

/* Of the feed's own view: which of its reports count, and what they made. The snapshot is held until the answer is sent. */
static enum problem
receipt(struct request *request, const struct kept_snapshot *kept, struct reply *reply)
{
    const struct snapshot   *snapshot = &kept->snapshot;
    struct snapshot_receipt *out = arena_alloc(request->arena, 1, sizeof *out);
    struct receipt_price    *prices = arena_alloc(request->arena, snapshot->sources_count, sizeof *prices);

    if (!out || !prices)
        return PROBLEM_INTERNAL;
    *out = (struct snapshot_receipt){
        .market          = snapshot->market,
        .sha256          = kept->sha256_text,
        .previous_sha256 = snapshot->memory ? snapshot->memory->previous_sha256 : NULL,
        .observed_at     = snapshot->observed_at,
        .accepted_at     = snapshot->accepted_at,
        .prices          = prices,
    };
    for (size_t i = 0; i < snapshot->sources_count; i++)
        if (!fill_price(request->arena, snapshot, &snapshot->sources[i], &prices[out->prices_count++]))
            return PROBLEM_INTERNAL;
    reply->answer = out;
    return PROBLEM_NONE;
}

static enum problem
not_newer(struct request *request, const struct market *market, struct reply *reply)
{
    const struct kept_snapshot *latest = snapshot_hold(request->service->snapshots, market->market);
    char                        observed_at[INSTANT_TEXT_MAX] = "another instance has it";

    if (latest)
        instant_format(latest->snapshot.observed_at, observed_at);
    snapshot_release(latest);
    snprintf(reply->detail, sizeof reply->detail, "the market's latest snapshot was taken at %s", observed_at);
    return PROBLEM_SNAPSHOT_NOT_NEWER;
}

static enum problem
put(struct request *request, const struct market *market, struct reply *reply)
{
    struct snapshot_push       *push = (struct snapshot_push *)request->body;
    const struct kept_snapshot *kept;

    faults_open(&reply->faults, FAULTS_MAX);
    switch (snapshot_put(request->service->snapshots, service_connection(request), market, push, request->now_us, request->arena,
                         &kept, &reply->faults)) {
    case SNAPSHOT_PUT:
        return service_keep_snapshot(request, kept) ? receipt(request, kept, reply) : PROBLEM_INTERNAL;
    case SNAPSHOT_PUT_NOT_NEWER: return not_newer(request, market, reply);
    case SNAPSHOT_PUT_REFUSED:   return PROBLEM_MEANINGLESS;
    case SNAPSHOT_PUT_BUSY:      return PROBLEM_OVERLOADED;
    case SNAPSHOT_PUT_AWAY:      return PROBLEM_DATABASE_AWAY;
    }
    return PROBLEM_INTERNAL;
}

enum problem
put_snapshot(struct request *request, struct reply *reply)
{
    struct service       *service = request->service;
    const struct markets *markets;
    const char           *key_id = request->caller.key_id ? request->caller.key_id : "";
    struct quota          quota;
    int64_t               wait_us;

    if (!disk_has_room(service->disk))
        return PROBLEM_DISK_FULL;
    if (!limiter_take(&service->pushes, key_id, strlen(key_id), &push_rate, 1, limits_clock_us(),
                      &quota, &wait_us)) {
        reply->retry_after_s = (unsigned)(wait_us / SECOND_US + 1);
        return PROBLEM_TOO_MANY_REQUESTS;
    }
    markets = markets_hold(service->markets);
    const struct market *market = market_find(markets, request->args[0]);
    enum problem         problem = market ? put(request, market, reply) : no_such_market(request, reply);
    markets_release(service->markets, markets);
    return problem;
}

/* The bytes, under the hash as their tag. */
static enum problem
send(struct request *request, const struct kept_snapshot *kept, const char *cache_control, struct reply *reply)
{
    char *tag = arena_alloc(request->arena, 1, DIGEST_TEXT_MAX + 2);

    if (!service_keep_snapshot(request, kept) || !tag)
        return PROBLEM_INTERNAL;
    snprintf(tag, DIGEST_TEXT_MAX + 2, "\"%s\"", kept->sha256_text);
    reply_add_header(reply, "ETag", tag);
    reply_add_header(reply, "Cache-Control", cache_control);
    reply->bytes = kept->bytes;
    reply->count = kept->count;
    if (request->if_none_match && !strcmp(request->if_none_match, tag)) {
        reply->status = 304;
        reply->bytes  = "";
        reply->count  = 0;
    }
    return PROBLEM_NONE;
}

enum problem
get_latest_snapshot(struct request *request, struct reply *reply)
{
    struct service             *service = request->service;
    const struct kept_snapshot *latest = snapshot_hold(service->snapshots, request->args[0]);

    if (latest)
        return send(request, latest, "no-cache", reply);
    const struct markets *markets = markets_hold(service->markets);
    bool                  is_market = market_find(markets, request->args[0]);
    markets_release(service->markets, markets);
    if (!is_market)
        return no_such_market(request, reply);
    snprintf(reply->detail, sizeof reply->detail, "no feed has sent the state of this market yet");
    return PROBLEM_NO_SUCH_SNAPSHOT;
}

enum problem
get_snapshot(struct request *request, struct reply *reply)
{
    const struct kept_snapshot *found;
    struct digest               sha256;

    if (!digest_parse(request->args[0], &sha256))
        return PROBLEM_NO_SUCH_SNAPSHOT;
    switch (snapshot_find(service_connection(request), &sha256, &found)) {
    case SNAPSHOT_FOUND:   return send(request, found, "private, max-age=31536000, immutable", reply);
    case SNAPSHOT_UNKNOWN: return PROBLEM_NO_SUCH_SNAPSHOT;
    case SNAPSHOT_AWAY:    return PROBLEM_DATABASE_AWAY;
    }
    return PROBLEM_INTERNAL;
}
