/* State from memory where it is there: a decision waits for a query only where it names an older snapshot. */
#include "handlers/given.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "handlers/service.h"
#include "record/instant.h"
#include "record/json.h"

enum { STATE_ROOM_MAX = 64 << 10, TEXT_MAX = 8 << 20, SECOND_US = 1000000 };

static enum problem
refuse(struct reply *reply, const char *pointer, const char *code, const char *detail)
{
    faults_open(&reply->faults, FAULTS_MAX);
    fault_add(&reply->faults, pointer, code, "%s", detail);
    return PROBLEM_INVALID;
}

static enum problem
inline_state(struct request *request, struct state *state, struct given *out, struct reply *reply)
{
    struct text text;

    if (!state->prices_count)
        return refuse(reply, "/state/prices", "missing_member", "a state has prices, or names a snapshot");
    faults_open(&reply->faults, FAULTS_MAX);
    if (!state_accept(state, "/state", &reply->faults))
        return PROBLEM_MEANINGLESS;
    text_open(&text, request->fleeting, request->body_count, TEXT_MAX);
    json_write(&state_record, state, JSON_CANONICAL, &text);
    if (text.is_full)
        return PROBLEM_INTERNAL;
    *out = (struct given){ .state = state, .sha256 = digest_of(text.bytes, text.count), .count = text.count };
    out->bytes = service_keep_state(request, &out->sha256, text.bytes, text.count);
    return out->bytes ? PROBLEM_NONE : PROBLEM_INTERNAL;
}

static struct given
of_kept(const struct kept_snapshot *kept)
{
    return (struct given){
        .state    = &kept->snapshot.state,
        .snapshot = kept->snapshot.market ? &kept->snapshot : NULL,
        .sha256   = kept->sha256,
        .bytes    = kept->bytes,
        .count    = kept->count,
    };
}

struct staleness { const struct parameters *parameters; const struct snapshot *snapshot; int64_t now_us; struct reply *reply; };

/* Says so where the asset's price is too old. What has no price at all is told by the position. */
static bool
is_stale(const struct staleness *staleness, const char *name)
{
    const struct asset *asset = name ? parameters_asset(staleness->parameters, name) : NULL;
    int64_t             price_at = name ? snapshot_price_at(staleness->snapshot, name) : INSTANT_NONE;

    if (!asset || price_at == INSTANT_NONE || staleness->now_us - price_at <= asset->price_age_max_s * SECOND_US)
        return false;
    snprintf(staleness->reply->detail, sizeof staleness->reply->detail,
             "the price of %.64s is %" PRId64 " s old; the market takes %" PRId64 " s at most", name,
             (staleness->now_us - price_at) / SECOND_US, asset->price_age_max_s);
    return true;
}

static bool
is_any_stale(const struct staleness *staleness, const struct question *question)
{
    const struct account    *account = &question->account;
    const struct liquidator *liquidator = question->liquidator;
    bool                     is_found = false;

    for (size_t i = 0; i < account->collateral_count && !is_found; i++)
        is_found = is_stale(staleness, account->collateral[i].asset);
    for (size_t i = 0; i < account->debt_count && !is_found; i++)
        is_found = is_stale(staleness, account->debt[i].asset);
    for (size_t i = 0; i < account->perps_count && !is_found; i++)
        is_found = is_stale(staleness, account->perps[i].asset);
    for (size_t i = 0; i < account->wallet_count && !is_found; i++)
        is_found = is_stale(staleness, account->wallet[i].asset);
    if (liquidator && !is_found)
        is_found = is_stale(staleness, liquidator->collateral) || is_stale(staleness, liquidator->debt);
    return is_found;
}

static enum problem
latest(struct request *request, const struct market *market, struct given *out, struct reply *reply)
{
    if (!market)
        return refuse(reply, "/state", "missing_member", "parameters of the request's own need a state");
    const struct kept_snapshot *kept = snapshot_hold(request->service->snapshots, market->market);
    if (!kept) {
        snprintf(reply->detail, sizeof reply->detail, "no feed has sent the state of this market yet; give a \"state\"");
        return PROBLEM_SNAPSHOT_MISSING;
    }
    if (!service_keep_snapshot(request, kept))
        return PROBLEM_INTERNAL;
    *out = of_kept(kept);
    out->is_latest = true;
    return PROBLEM_NONE;
}

enum problem
given_check(const struct request *request, const struct given *given, const struct market *market,
            const struct question *question, struct reply *reply)
{
    if (!given->is_latest)
        return PROBLEM_NONE;
    struct staleness staleness = { &market->parameters, given->snapshot, request->now_us, reply };
    return is_any_stale(&staleness, question) ? PROBLEM_SNAPSHOT_STALE : PROBLEM_NONE;
}

/* The one that was loaded for this request, or the market's latest; NULL: neither has that hash. */
static const struct kept_snapshot *
in_memory(struct request *request, const struct market *market, const struct digest *sha256)
{
    const struct visit         *visit = request->context;
    const struct kept_snapshot *kept;

    if (visit && visit->snapshot && digest_equal(&visit->snapshot->sha256, sha256))
        return visit->snapshot;
    kept = market ? snapshot_hold(request->service->snapshots, market->market) : NULL;
    if (kept && digest_equal(&kept->sha256, sha256))
        return service_keep_snapshot(request, kept) ? kept : NULL;
    snapshot_release(kept);
    return NULL;
}

static enum problem
named(struct request *request, const struct state *state, const struct market *market, struct given *out, struct reply *reply)
{
    struct digest               sha256;
    const struct kept_snapshot *kept;
    struct visit               *visit = service_visit(request);

    if (!visit)
        return PROBLEM_INTERNAL;
    if (state->prices_count || state->volatility_count || state->volume_count || state->depth_count)
        return refuse(reply, "/state/snapshot", "unknown_member", "name a snapshot, or give a whole state in its place, not both");
    if (!digest_parse(state->snapshot, &sha256))
        return refuse(reply, "/state/snapshot", "bad_text", "a SHA-256 is 64 lower hex digits");
    if (!(kept = in_memory(request, market, &sha256))) {
        visit->wanted  = state->snapshot;
        out->must_load = true;
        return PROBLEM_NONE;
    }
    if (market && kept->snapshot.market && strcmp(kept->snapshot.market, market->market) != 0) {
        refuse(reply, "/state/snapshot", "another_market", "the snapshot is of another market");
        return PROBLEM_MEANINGLESS;
    }
    *out = of_kept(kept);
    return PROBLEM_NONE;
}

enum problem
given_find(struct request *request, struct state *state, const struct market *market, struct given *out,
           struct reply *reply)
{
    *out = (struct given){ .must_load = false };
    if (!state)
        return latest(request, market, out, reply);
    return state->snapshot ? named(request, state, market, out, reply) : inline_state(request, state, out, reply);
}

enum problem
given_load(struct request *request, struct reply *reply)
{
    struct visit               *visit = request->context;
    const struct kept_snapshot *found;
    struct digest               sha256;
    bool                        is_digest = digest_parse(visit->wanted, &sha256);

    visit->wanted         = NULL;
    visit->is_asked_again = true;
    switch (is_digest ? snapshot_find(visit->connection, &sha256, &found) : SNAPSHOT_UNKNOWN) {
    case SNAPSHOT_FOUND:
        return service_keep_snapshot(request, found) ? PROBLEM_NONE : PROBLEM_INTERNAL;
    case SNAPSHOT_UNKNOWN:
        snprintf(reply->detail, sizeof reply->detail, "no state with this hash is kept");
        return PROBLEM_NO_SUCH_SNAPSHOT;
    case SNAPSHOT_AWAY:
        return PROBLEM_DATABASE_AWAY;
    }
    return PROBLEM_INTERNAL;
}
