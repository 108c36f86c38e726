/* Finds the rules: by the market's name in memory, or accepts the request's own. */
#include "handlers/ruling.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "record/json.h"

enum { TEXT_ROOM = 4096, TEXT_MAX = 8 << 20 };

static enum problem
of_document(struct request *request, struct parameters *parameters, struct ruling *out,
            struct reply *reply)
{
    if (!(request->caller.roles & 1u << ROLE_PROPOSE)) {
        snprintf(reply->detail, sizeof reply->detail,
                 "parameters in a request need a key with the role propose");
        return PROBLEM_ROLE_MISSING;
    }
    struct faults warnings;
    faults_open(&warnings, FAULTS_MAX);
    faults_open(&reply->faults, FAULTS_MAX);
    if (!parameters_accept(parameters, &reply->faults, &warnings)) {
        faults_place_below(&reply->faults, "/parameters");
        return PROBLEM_PARAMETERS_REFUSED;
    }
    text_open(&out->document, request->arena, TEXT_ROOM, TEXT_MAX);
    json_write(&parameters_record, parameters, JSON_CANONICAL, &out->document);
    if (out->document.is_full)
        return PROBLEM_INTERNAL;
    out->sha256     = digest_of(out->document.bytes, out->document.count);
    out->parameters = parameters;
    out->version    = INTEGER_NONE;
    return PROBLEM_NONE;
}

static enum problem
of_market(const struct markets *markets, const char *market, struct ruling *out,
          struct reply *reply)
{
    out->market = market_find(markets, market);
    if (!out->market) {
        snprintf(reply->detail, sizeof reply->detail,
                 "there is no market \"%s\"; GET /v1/markets lists them", market);
        return PROBLEM_NO_SUCH_MARKET;
    }
    if (out->market->parameters.status == MARKET_RETIRED) {
        snprintf(reply->detail, sizeof reply->detail, "version %lld retired it",
                 (long long)out->market->version);
        return PROBLEM_MARKET_RETIRED;
    }
    out->parameters = &out->market->parameters;
    out->sha256     = out->market->sha256;
    out->version    = out->market->version;
    out->active_at  = out->market->active_at;
    return PROBLEM_NONE;
}

enum problem
ruling_find(struct request *request, const struct markets *markets, const char *market,
            struct parameters *parameters, struct ruling *out, struct reply *reply)
{
    *out = (struct ruling){ .parameters = NULL };
    if (!market == !parameters) {
        faults_open(&reply->faults, FAULTS_MAX);
        fault_add(&reply->faults, market ? "/parameters" : "/market",
                  market ? "unknown_member" : "missing_member", "%s",
                  "name a market, or give a whole parameters document in its place, not both");
        return PROBLEM_INVALID;
    }
    return market ? of_market(markets, market, out, reply)
                  : of_document(request, parameters, out, reply);
}

enum problem
ruling_for_account(struct ruling *ruling, const struct account *account, struct reply *reply)
{
    const struct market  *market = ruling->market;
    const struct edition *edition;

    if (!market || account->opened_version == INTEGER_NONE)
        return PROBLEM_NONE;
    edition = market->editions_count
            ? edition_for(market->editions, market->editions_count, account->opened_version) : NULL;
    if (!edition) {
        faults_open(&reply->faults, FAULTS_MAX);
        fault_add(&reply->faults, "/account/opened_version", "unknown_version",
                  "version %" PRId64 " is in force", market->version);
        return PROBLEM_MEANINGLESS;
    }
    ruling->parameters = edition->parameters;
    ruling->version    = edition->version;
    ruling->active_at  = edition->active_at;
    return digest_parse(edition->sha256, &ruling->sha256) ? PROBLEM_NONE : PROBLEM_INTERNAL;
}

bool
ruling_foresee(const struct ruling *ruling, int64_t now_us, struct arena *arena,
               struct question *question)
{
    const struct market *market = ruling->market;
    struct edition       current = { ruling->version, ruling->active_at, NULL, ruling->parameters };
    struct edition      *coming;
    char                *sha256;

    if (!market || (!market->scheduled_count && edition_full_at(&current) <= now_us))
        return true;
    coming = arena_alloc(arena, UPCOMING_MAX, sizeof *coming);
    sha256 = arena_alloc(arena, 1, DIGEST_TEXT_MAX);
    if (!coming || !sha256)
        return false;
    digest_format(&ruling->sha256, sha256);
    current.sha256            = sha256;
    question->scheduled_count = editions_coming(&current, market->scheduled,
                                                market->scheduled_count, now_us, coming);
    question->scheduled       = coming;
    return true;
}
