/* Approval, rejection, cancellation: each moves a proposal that is locked meanwhile. */
#include "handlers/votes.h"

#include <stdio.h>
#include <string.h>

#include "handlers/governance.h"
#include "handlers/service.h"
#include "record/instant.h"

enum { REASON_MAX = 1000 };

#define SECOND_US INT64_C(1000000)

struct new_approval { const char *document_sha256; };

static const struct field new_approval_fields[] = {
    TEXT_FIELD(new_approval, document_sha256, .form = TEXT_SHA256, .min = 64, .max = 64),
};
const struct record new_approval_record = RECORD(new_approval, new_approval_fields);

struct proposal_ending { const char *reason; };

static const struct field proposal_ending_fields[] = {
    TEXT_FIELD(proposal_ending, reason, .form = TEXT_ANY, .min = 1, .max = REASON_MAX, .optional = true),
};
const struct record proposal_ending_record = RECORD(proposal_ending, proposal_ending_fields);

/* A proposal that somebody wants to move. */
struct vote {
    struct request *request;
    struct reply   *reply;
    struct actor    actor;
    int64_t         now_us;
    struct proposal proposal;
};

static enum problem
wrong_state(const struct vote *vote, const char *wanted)
{
    snprintf(vote->reply->detail, sizeof vote->reply->detail, "the proposal is %s; %s",
             proposal_states[vote->proposal.state], wanted);
    return PROBLEM_PROPOSAL_STATE;
}

static enum problem
check_approvable(const struct vote *vote)
{
    const struct new_approval *asked = vote->request->body;
    const struct proposal     *proposal = &vote->proposal;
    enum problem               problem;

    if (strcmp(asked->document_sha256, proposal->sha256) != 0) {
        snprintf(vote->reply->detail, sizeof vote->reply->detail,
                 "the proposal's document is %.64s", proposal->sha256);
        return PROBLEM_OTHER_DOCUMENT;
    }
    if (proposal->state == STATE_EXPIRED ||
        (proposal->state == STATE_PROPOSED && proposal->expires_at != INSTANT_NONE &&
         proposal->expires_at <= vote->now_us))
        return PROBLEM_PROPOSAL_EXPIRED;
    if (proposal->state == STATE_SUPERSEDED && (problem = check_base(vote->request, proposal,
                                                                     vote->reply)))
        return problem;
    if (proposal->state != STATE_PROPOSED)
        return wrong_state(vote, "only one that is proposed is approved");
    if (!strcmp(proposal->holder, vote->actor.holder))
        return PROBLEM_OWN_PROPOSAL;
    return check_base(vote->request, proposal, vote->reply);
}

static enum problem
move(struct vote *vote, const char *event, enum proposal_state state, int64_t due_at,
     const char *reason)
{
    struct move moved = { .event = event, .state = state, .due_at = due_at,
                          .actor = vote->actor, .reason = reason };
    return problem_of_outcome(proposal_move(service_connection(vote->request), &vote->proposal,
                                            &moved, vote->now_us));
}

/* With as many holders as it needs, the delay begins. */
static enum problem
schedule(struct vote *vote)
{
    struct proposal *proposal = &vote->proposal;
    int64_t          due_at = vote->now_us + proposal->delay_s * SECOND_US;
    enum problem     problem;

    if (proposal->not_before != INSTANT_NONE && proposal->not_before > due_at)
        due_at = proposal->not_before;
    if ((problem = move(vote, "approved", STATE_APPROVED, INSTANT_NONE, NULL)) ||
        (problem = move(vote, "scheduled", STATE_SCHEDULED, due_at, NULL)))
        return problem;
    return problem_of_outcome(proposals_notify(service_connection(vote->request)));
}

static enum problem
approve(struct vote *vote)
{
    struct connection *connection = service_connection(vote->request);
    struct proposal   *proposal = &vote->proposal;
    int64_t            count = 0;
    enum problem       problem = check_approvable(vote);
    enum outcome       outcome;

    if (problem)
        return problem;
    if ((outcome = approvals_void(connection, proposal, vote->now_us, vote->request->arena)))
        return problem_of_outcome(outcome);
    outcome = approval_insert(connection, proposal, vote->actor, vote->now_us);
    if (outcome)
        return outcome == OUTCOME_CONFLICT ? PROBLEM_ALREADY_APPROVED : problem_of_outcome(outcome);
    if ((problem = move(vote, "approval", STATE_PROPOSED, INSTANT_NONE, NULL)))
        return problem;
    if ((outcome = approvals_count(connection, proposal->id, &count)))
        return problem_of_outcome(outcome);
    return count < proposal->approvals_required ? PROBLEM_NONE : schedule(vote);
}

static bool
is_open(const struct proposal *proposal)
{
    return proposal->state == STATE_PROPOSED || proposal->state == STATE_SCHEDULED;
}

/* Once it is scheduled those who read it late still may say no: the delay is there for them. */
static enum problem
end_as(struct vote *vote, const char *event, enum proposal_state state)
{
    const struct proposal_ending *asked = vote->request->body;
    enum problem         problem;

    if (!is_open(&vote->proposal))
        return wrong_state(vote, "it is over");
    if (vote->proposal.kind != PROPOSAL_CHANGE)
        return wrong_state(vote, "a guardian's action ends by its time, or by a proposal");
    if ((problem = move(vote, event, state, INSTANT_NONE, asked->reason)))
        return problem;
    return problem_of_outcome(proposals_notify(service_connection(vote->request)));
}

static enum problem
reject(struct vote *vote)
{
    return end_as(vote, "rejected", STATE_REJECTED);
}

/* By its holder, or by who administers. */
static enum problem
cancel(struct vote *vote)
{
    bool is_own = vote->proposal.holder && !strcmp(vote->proposal.holder, vote->actor.holder);

    if (!is_own && !(vote->request->caller.roles & 1u << ROLE_ADMIN)) {
        snprintf(vote->reply->detail, sizeof vote->reply->detail,
                 "a proposal is cancelled by the holder who made it, or with the role admin");
        return PROBLEM_ROLE_MISSING;
    }
    return end_as(vote, "cancelled", STATE_CANCELLED);
}

static enum problem
cast(struct vote *vote, enum problem (*act)(struct vote *vote))
{
    struct request    *request = vote->request;
    struct connection *connection = service_connection(request);
    char               tag[TAG_MAX];
    enum problem       problem;
    enum find          found = proposal_find(connection, request->args[0], true, request->arena,
                                             &vote->proposal);

    if (found != FOUND)
        return found == FIND_AWAY ? PROBLEM_DATABASE_AWAY : PROBLEM_NO_SUCH_PROPOSAL;
    if (!proposals_now(connection, &vote->now_us))
        return PROBLEM_DATABASE_AWAY;
    proposal_tag(&vote->proposal, tag);
    if ((problem = check_match(request, tag, vote->reply)))
        return problem;
    return act(vote);
}

static enum problem
govern(struct request *request, struct reply *reply, enum problem (*act)(struct vote *vote))
{
    struct vote *vote = arena_alloc(request->arena, 1, sizeof *vote);
    struct governed_request governed;
    bool                    is_answered;
    enum problem            problem;

    if (!vote)
        return PROBLEM_INTERNAL;
    vote->request = request;
    vote->reply   = reply;
    vote->actor   = (struct actor){ request->caller.key_id, request->caller.holder };
    if ((problem = governing_begin(request, reply, &governed, &is_answered)) || is_answered)
        return problem;
    if ((problem = cast(vote, act)))
        return governing_abandon(request, problem);
    return governing_end(request, reply, &governed, &vote->proposal);
}

enum problem
create_approval(struct request *request, struct reply *reply)
{
    return govern(request, reply, approve);
}

enum problem
create_rejection(struct request *request, struct reply *reply)
{
    return govern(request, reply, reject);
}

enum problem
create_cancellation(struct request *request, struct reply *reply)
{
    return govern(request, reply, cancel);
}
