/* A proposal's impact, computed while the client waits, or is told how far it is. */
#include "handlers/impact.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/markets.h"
#include "db/proposals.h"
#include "db/snapshots.h"
#include "handlers/governance.h"
#include "handlers/impact_answer.h"
#include "handlers/service.h"
#include "record/json.h"

enum { THREADS = 2, PROGRESS_US = 250000, ANSWER_ROOM = 8192, ANSWER_MAX = 1 << 18,
       RETRY_AFTER_S = 5,
       IMPACT_S_MAX = 120 };                  /* then it is of what was read so far */

struct impact_query { int64_t decisions; };

static const struct field impact_query_fields[] = {
    INTEGER_FIELD(impact_query, decisions, .min = 1, .max = IMPACT_ACCOUNTS_MAX, .optional = true,
                  .initial = "10000"),
};
const struct record impact_query_record = RECORD(impact_query, impact_query_fields);

/* One request, from its proposal to the last byte. */
struct errand {
    struct request             *request;
    struct reply               *reply;
    struct connection          *connection;
    struct proposal             proposal;
    const struct parameters    *after;
    const struct market        *market;       /* held */
    const struct kept_snapshot *latest;       /* held; NULL: none */
    int64_t                     decisions_max, below, told_us, began_us;
    struct stream              *stream;       /* NULL: the answer comes at once */
};

static enum find
read_page(void *context, size_t limit, struct arena *arena, struct recent_page *page)
{
    struct errand *errand = context;

    if (clock_now_us() - errand->began_us > IMPACT_S_MAX * INT64_C(1000000))
        return FOUND_NOTHING;
    enum find found = recent_read(errand->connection, errand->market->market, errand->below,
                                       limit, arena, page);

    if (found == FOUND)
        errand->below = page->items[page->count - 1].idx;
    return found;
}

static bool
send_event(struct errand *errand, const char *event, const char *data, size_t count)
{
    char head[64];
    int  head_count = snprintf(head, sizeof head, "event: %s\ndata: ", event);

    return stream_write(errand->stream, head, (size_t)head_count) &&
           stream_write(errand->stream, data, count) &&
           stream_write(errand->stream, "\n\n", 2);
}

static bool
tell(void *context, int64_t decisions)
{
    struct errand *errand = context;
    int64_t        now_us = clock_now_us();
    char           data[96];

    if (errand->request->service->is_stopping)
        return false;
    if (!errand->stream || now_us - errand->told_us < PROGRESS_US)
        return !errand->stream || stream_is_wanted(errand->stream);
    errand->told_us = now_us;
    int count = snprintf(data, sizeof data,
                         "{\"decisions\":%" PRId64 ",\"decisions_max\":%" PRId64 "}", decisions,
                         errand->decisions_max);
    return send_event(errand, "progress", data, (size_t)count);
}

/* One at a time, of all instances: the session's lock is gone with its connection, too. */
static enum problem
take_turn(struct errand *errand, bool *has_turn)
{
    int64_t      changed;
    enum outcome outcome = run_command(errand->connection,
                                       "SELECT 1 WHERE pg_try_advisory_lock(7241, 5)", NULL, 0,
                                       &changed);

    *has_turn = !outcome && changed == 1;
    if (outcome)
        return PROBLEM_DATABASE_AWAY;
    if (*has_turn)
        return PROBLEM_NONE;
    errand->reply->retry_after_s = RETRY_AFTER_S;
    return PROBLEM_IMPACT_RUNNING;
}

static void
end_turn(struct errand *errand)
{
    run_command(errand->connection, "SELECT pg_advisory_unlock(7241, 5)", NULL, 0, NULL);
}

static enum problem
write_answer(struct errand *errand, const struct impact_outcome *outcome)
{
    struct request       *request = errand->request;
    bool                  is_auditor = request->caller.roles & 1u << ROLE_AUDIT;
    struct impact_answer *answer = arena_alloc(request->arena, 1, sizeof *answer);
    struct text           text;

    if (!answer || !impact_answer_fill(outcome, errand->latest, is_auditor, request->arena, answer))
        return PROBLEM_INTERNAL;
    answer->proposal          = errand->proposal.id;
    answer->market            = errand->proposal.market;
    answer->base_version      = errand->market->version;
    answer->parameters_sha256 = errand->proposal.sha256;
    answer->snapshot_sha256   = errand->latest
                              ? arena_copy(request->arena, errand->latest->sha256_text,
                                           strlen(errand->latest->sha256_text)) : NULL;
    text_open(&text, request->arena, ANSWER_ROOM, ANSWER_MAX);
    json_write(&impact_answer_record, answer, JSON_DECLARED, &text);
    if (text.is_full)
        return PROBLEM_INTERNAL;
    if (errand->stream)
        return send_event(errand, "impact", text.bytes, text.count) ? PROBLEM_NONE
                                                                    : PROBLEM_STOPPING;
    errand->reply->bytes = text.bytes;
    errand->reply->count = text.count;
    return PROBLEM_NONE;
}

static enum problem
compute(struct errand *errand)
{
    struct impact_run run = {
        .rules = { &errand->market->parameters, errand->after, errand->request->now_us },
        .latest = errand->latest ? &errand->latest->snapshot : NULL,
        .decisions_max = errand->decisions_max, .threads = THREADS,
        .read = read_page, .progress = tell, .context = errand,
    };
    struct impact_outcome *outcome = arena_alloc(errand->request->arena, 1, sizeof *outcome);

    if (!outcome)
        return PROBLEM_INTERNAL;
    switch (impact_compute(&run, outcome)) {
    case IMPACT_DONE:          return write_answer(errand, outcome);
    case IMPACT_CANCELLED:     return PROBLEM_STOPPING;       /* nobody reads it */
    case IMPACT_DATABASE_AWAY: return PROBLEM_DATABASE_AWAY;
    case IMPACT_NO_MEMORY:     break;
    }
    return PROBLEM_INTERNAL;
}

static enum problem
begin_stream(struct errand *errand)
{
    const char *accept = errand->request->accept;

    if (!accept || !strstr(accept, "text/event-stream"))
        return PROBLEM_NONE;
    errand->reply->media_type = "text/event-stream";
    return service_stream(errand->request, &errand->stream);
}

static enum problem
compute_in_turn(struct errand *errand)
{
    bool         has_turn;
    enum problem problem = take_turn(errand, &has_turn);

    if (!problem && !(problem = begin_stream(errand)))
        problem = compute(errand);
    if (has_turn)
        end_turn(errand);
    return problem;
}

static enum problem
read_proposal(struct errand *errand)
{
    struct request *request = errand->request;
    struct faults   warnings;
    enum find       found = proposal_find(errand->connection, request->args[0], false,
                                          request->arena, &errand->proposal);

    if (found == FIND_AWAY)
        return PROBLEM_DATABASE_AWAY;
    if (found == FOUND_NOTHING) {
        snprintf(errand->reply->detail, sizeof errand->reply->detail,
                 "there is no proposal \"%.64s\"", request->args[0]);
        return PROBLEM_NO_SUCH_PROPOSAL;
    }
    errand->after = document_read(errand->proposal.document, strlen(errand->proposal.document),
                                  request->arena, &warnings);
    return errand->after ? PROBLEM_NONE : PROBLEM_INTERNAL;
}

static enum problem
compute_in_market(struct errand *errand, const struct markets *markets)
{
    struct service *service = errand->request->service;
    enum problem    problem;

    errand->market = market_find(markets, errand->proposal.market);
    if (!errand->market) {
        snprintf(errand->reply->detail, sizeof errand->reply->detail,
                 "the market \"%.64s\" is not there yet: it has no accounts",
                 errand->proposal.market);
        return PROBLEM_NO_SUCH_MARKET;
    }
    errand->latest = snapshot_hold(service->snapshots, errand->market->market);
    problem = compute_in_turn(errand);
    snapshot_release(errand->latest);
    return problem;
}

enum problem
get_impact(struct request *request, struct reply *reply)
{
    const struct impact_query *query = request->query;
    struct errand  errand = { .request = request, .reply = reply,
                              .connection = service_connection(request),
                              .decisions_max = query->decisions, .below = INT64_MAX,
                              .began_us = request->now_us };
    enum problem   problem = read_proposal(&errand);

    if (problem)
        return problem;
    const struct markets *markets = markets_hold(request->service->markets);
    problem = compute_in_market(&errand, markets);
    markets_release(request->service->markets, markets);
    return problem;
}
