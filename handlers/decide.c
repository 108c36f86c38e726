/* A decision from the request to the writer, and to its answer. */
#include "handlers/decide.h"

#include <stdio.h>

#include "db/disk.h"
#include "db/sequencer.h"
#include "handlers/computation.h"
#include "handlers/cost.h"
#include "handlers/service.h"
#include "handlers/stored.h"

enum { TEXT_MAX = 8 << 20, ROOM_BYTES_MAX = 16 << 20 };

bool
decide_await(struct request *request, struct decision *first, void *subject,
             enum problem (*replay)(struct request *request, struct reply *reply),
             struct reply *reply)
{
    struct awaited *awaited = arena_alloc(request->arena, 1, sizeof *awaited);

    if (!awaited)
        return false;
    if (request->idempotency_key) {
        first->idempotency_key = request->idempotency_key;
        first->body_sha256     = digest_of(request->body_bytes, request->body_count);
    }
    *awaited = (struct awaited){ first, subject, replay };
    reply->pending = awaited;
    reply->waits   = true;
    request_forget(request);
    return true;
}

enum problem
decide_begin(const struct request *request, struct reply *reply)
{
    if (!disk_has_room(request->service->disk))
        return PROBLEM_DISK_FULL;
    if (!sequencer_is_overrun(request->service->sequencer))
        return PROBLEM_NONE;
    snprintf(reply->detail, sizeof reply->detail,
             "more records wait for their place in the log than may; decisions are not recorded"
             " without it");
    return PROBLEM_OVERLOADED;
}

/* The room to compute in is let go before the request waits, as a thousand may at a time. */
static enum problem
compute_in_room(struct request *request, const struct answer_kind *kind,
                const struct ruling *ruling, const struct given *given,
                const struct question *question, struct computation *computation,
                struct reply *reply)
{
    struct arena             scratch;
    struct computation_room *room;
    enum problem             problem = PROBLEM_INTERNAL;

    arena_open(&scratch, ROOM_BYTES_MAX);
    room = computation_room_open(ruling->parameters, question, &scratch);
    if (room)
        problem = computation_make(request, kind, ruling, given, question, room, computation,
                                   reply);
    request->arena->is_starved |= scratch.is_starved;
    arena_close(&scratch);
    return problem;
}

/* What costs much is computed by a worker, a few at a time: the handler is called anew there. */
static enum problem
find_place(struct request *request, const struct state *state, const struct account *account,
           struct reply *reply)
{
    struct visit *visit = request->context;
    bool          is_dear;
    enum problem  problem = cost_check(request, state, account, &is_dear, reply);

    if (problem || !is_dear || (visit && visit->connection))
        return problem;
    if (!service_admit_dear(request)) {
        snprintf(reply->detail, sizeof reply->detail,
                 "as many requests of much depth as may be, are being computed");
        return PROBLEM_OVERLOADED;
    }
    visit        = request->context;
    visit->later = request->route->handle;
    reply->waits = true;
    return PROBLEM_NONE;
}

static enum problem
decide(struct request *request, const struct answer_kind *kind, const struct markets *markets,
       struct reply *reply)
{
    struct question     question = *(const struct question *)request->body;
    struct ruling       ruling;
    struct given        given;
    struct computation *computation = arena_room(request->arena, 1, sizeof *computation);
    enum problem        problem;

    if (!computation)
        return PROBLEM_INTERNAL;
    if ((problem = decide_begin(request, reply)) ||
        (problem = ruling_find(request, markets, question.market, question.parameters, &ruling,
                               reply)) ||
        (problem = ruling_for_account(&ruling, &question.account, reply)) ||
        (problem = given_find(request, question.state, ruling.market, &given, reply)))
        return problem;
    if ((reply->waits = given.must_load))
        return PROBLEM_NONE;
    if ((problem = find_place(request, given.state, &question.account, reply)) || reply->waits)
        return problem;
    question.state    = (struct state *)given.state;  /* accepted: it is only read from here on */
    question.snapshot = given.snapshot;
    if (!ruling_foresee(&ruling, request->now_us, request->fleeting, &question))
        return PROBLEM_INTERNAL;
    if ((problem = given_check(request, &given, ruling.market, &question, reply)) ||
        (problem = compute_in_room(request, kind, &ruling, &given, &question, computation,
                                   reply)))
        return problem;
    if (computation->workings.count)
        computation->decision.workings = &computation->workings;
    return decide_await(request, &computation->decision, computation, replay_decision, reply)
        ? PROBLEM_NONE : PROBLEM_INTERNAL;
}

static enum problem
decide_held(struct request *request, const struct answer_kind *kind, struct reply *reply)
{
    const struct markets *markets = markets_hold(request->service->markets);
    enum problem          problem = decide(request, kind, markets, reply);
    markets_release(request->service->markets, markets);
    return problem;
}

enum problem
create_preview(struct request *request, struct reply *reply)
{
    return decide_held(request, &preview_kind, reply);
}

enum problem
create_penalty(struct request *request, struct reply *reply)
{
    return decide_held(request, &penalty_kind, reply);
}

enum problem
create_liquidation_price(struct request *request, struct reply *reply)
{
    return decide_held(request, &liquidation_price_kind, reply);
}

enum problem
create_suggestion(struct request *request, struct reply *reply)
{
    return decide_held(request, &suggestion_kind, reply);
}

enum problem
complete_decision(struct request *request, struct reply *reply)
{
    struct awaited     *awaited = reply->pending;
    struct computation *computation = awaited ? awaited->subject : NULL;
    struct text         out;

    if (!computation)                         /* answered from what was stored */
        return PROBLEM_NONE;
    text_open(&out, request->arena, computation->figures.count + computation->workings.count +
              ANSWER_HEAD_BYTES, TEXT_MAX);
    if (!computation_answer(request, computation, reply, &out) ||
        !reply_add_location(request, computation->decision.id, reply))
        return PROBLEM_INTERNAL;
    reply->bytes = out.bytes;
    reply->count = out.count;
    return PROBLEM_NONE;
}

static enum problem
problem_of_settlement(enum settlement settlement)
{
    switch (settlement) {
    case SETTLED_DURABLE:
    case SETTLED_STALE:
    case SETTLED_DUPLICATE: return PROBLEM_NONE;
    case SETTLED_REFUSED:   return PROBLEM_INTERNAL;
    case SETTLED_AWAY:      return PROBLEM_DATABASE_AWAY;
    case SETTLED_UNKNOWN:   return PROBLEM_OUTCOME_UNKNOWN;
    }
    return PROBLEM_INTERNAL;
}

/* On the writer's thread. */
static void
settled(struct decision *decision)
{
    struct visit         *visit = decision->context;
    const struct awaited *awaited = visit->reply->pending;

    if (decision->settlement == SETTLED_DUPLICATE)
        service_run_on_worker(visit, awaited->replay);
    else
        exchange_resume(visit->request,
                        decision->settlement == SETTLED_STALE ? RESUME_AGAIN : RESUME_DONE,
                        problem_of_settlement(decision->settlement));
}

enum problem
submit_decision(struct visit *visit)
{
    struct writer        *writer = visit->request->service->writer;
    const struct awaited *awaited = visit->reply->pending;

    if (visit->wanted) {
        service_run_on_worker(visit, given_load);
        return PROBLEM_NONE;
    }
    awaited->first->settled = settled;
    awaited->first->context = visit;
    if (writer_submit(writer, awaited->first))
        return PROBLEM_NONE;
    return writer_is_up(writer) ? PROBLEM_OVERLOADED : PROBLEM_DATABASE_AWAY;
}
