/* A proposal from the request to its row: what it is made on, what it would be, whether it may. */
#include "handlers/proposals.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handlers/amendment.h"
#include "handlers/governance.h"
#include "handlers/service.h"
#include "record/instant.h"
#include "risk/edition.h"
#include "risk/governance.h"

enum { RATIONALE_MAX = 4000, URI_MAX = 2000, HISTORY_MAX = 200 };

#define SECOND_US INT64_C(1000000)

struct new_proposal {
    const char *market;
    int64_t     base_version;
    const char *patch, *confirms, *title, *rationale, *rationale_uri;
    int64_t     not_before;
};

static const struct field new_proposal_fields[] = {
    NAME_FIELD   (new_proposal, market),
    INTEGER_FIELD(new_proposal, base_version, .min = 0, .max = INTEGER_MAX),
    OBJECT_FIELD (new_proposal, patch, .optional = true),
    NAME_FIELD   (new_proposal, confirms, .optional = true),
    TEXT_FIELD   (new_proposal, title, .form = TEXT_ANY, .min = 1, .max = 256, .optional = true),
    TEXT_FIELD   (new_proposal, rationale, .form = TEXT_ANY, .min = 1, .max = RATIONALE_MAX),
    TEXT_FIELD   (new_proposal, rationale_uri, .form = TEXT_ANY, .min = 1, .max = URI_MAX,
                  .optional = true),
    INSTANT_FIELD(new_proposal, not_before, .optional = true),
};
const struct record new_proposal_record = RECORD(new_proposal, new_proposal_fields);

/* A proposal while it is made. */
struct making {
    struct request            *request;
    struct reply              *reply;
    const struct new_proposal *asked;
    int64_t                    now_us;
    bool                       is_new;        /* a market is created */
    struct stored_version      in_force;
    struct parameters         *base;
    struct amendment           amendment;
    struct proposal            proposal;
};

static enum problem
refuse(struct reply *reply, enum problem problem, const char *pointer, const char *code,
       const char *detail)
{
    faults_open(&reply->faults, FAULTS_MAX);
    fault_add(&reply->faults, pointer, code, "%s", detail);
    return problem;
}

/* What the members say together. */
static enum problem
check_members(const struct making *making)
{
    const struct new_proposal *asked = making->asked;

    if (!asked->patch == !asked->confirms)
        return refuse(making->reply, PROBLEM_INVALID, asked->patch ? "/confirms" : "/patch",
                      asked->patch ? "unknown_member" : "missing_member",
                      "a proposal has a patch, or confirms what a guardian did, not both");
    if (asked->title && asked->base_version)
        return refuse(making->reply, PROBLEM_INVALID, "/title", "unknown_member",
                      "only a market that is created (base_version 0) takes a title");
    if (asked->confirms && !asked->base_version)
        return refuse(making->reply, PROBLEM_INVALID, "/confirms", "unknown_member",
                      "there is nothing to confirm of a market that is not there yet");
    return PROBLEM_NONE;
}

static enum problem
no_such_market(const struct making *making)
{
    snprintf(making->reply->detail, sizeof making->reply->detail,
             "there is no market \"%.64s\"; base_version 0 creates it", making->asked->market);
    return PROBLEM_NO_SUCH_MARKET;
}

/* The version in force is the base; where it moved, 412. */
static enum problem
read_base(struct making *making)
{
    const struct new_proposal *asked = making->asked;
    struct faults              warnings;
    char                       tag[TAG_MAX] = "\"0\"";
    enum problem               problem;
    enum find found = version_in_force(service_connection(making->request), asked->market,
                                       making->request->arena, &making->in_force);

    making->is_new = found == FOUND_NOTHING;
    if (found == FIND_AWAY)
        return PROBLEM_DATABASE_AWAY;
    if (making->is_new && asked->base_version)
        return no_such_market(making);
    if (!making->is_new)
        version_tag(making->in_force.version, &making->in_force.sha256, tag);
    if ((problem = check_match(making->request, tag, making->reply)))
        return problem;
    if (making->is_new)
        return PROBLEM_NONE;
    if (asked->base_version != making->in_force.version) {
        snprintf(making->reply->detail, sizeof making->reply->detail,
                 "version %" PRId64 " is in force", making->in_force.version);
        return refuse(making->reply, PROBLEM_PRECONDITION_FAILED, "/base_version", "moved",
                      "another version is in force");
    }
    making->base = document_read(making->in_force.document.bytes, making->in_force.document.count,
                                 making->request->arena, &warnings);
    return making->base ? PROBLEM_NONE : PROBLEM_INTERNAL;
}

static enum problem
amend(struct making *making)
{
    const struct stored_document *base = &making->in_force.document;
    struct faults                *faults = &making->reply->faults;
    const char                   *patch = making->asked->patch;

    faults_open(faults, FAULTS_MAX);
    if (amendment_make(making->base, making->is_new ? NULL : base->bytes,
                       making->is_new ? 0 : base->count, patch, strlen(patch), making->now_us,
                       making->request->arena, &making->amendment, faults))
        return PROBLEM_NONE;
    faults_place_below(faults, "/patch");
    return PROBLEM_PARAMETERS_REFUSED;
}

/* What a guardian did is in force now, and becomes so for good: the same document. */
static enum problem
confirm(struct making *making)
{
    struct connection *connection = service_connection(making->request);
    struct proposal    action;
    enum find          found = proposal_find(connection, making->asked->confirms, false,
                                             making->request->arena, &action);

    if (found == FIND_AWAY)
        return PROBLEM_DATABASE_AWAY;
    if (found == FOUND_NOTHING)
        return refuse(making->reply, PROBLEM_MEANINGLESS, "/confirms", "unknown_proposal",
                      "there is no proposal with this id");
    if (action.kind != PROPOSAL_GUARDIAN || strcmp(action.market, making->asked->market) != 0 ||
        action.version != making->in_force.version)
        return refuse(making->reply, PROBLEM_MEANINGLESS, "/confirms", "not_in_force",
                      "it is not a guardian's action that is in force in this market");
    assert(making->base);                     /* what is in force has a document */
    making->amendment.document       = making->in_force.document.bytes;
    making->amendment.document_count = making->in_force.document.count;
    making->amendment.parameters     = *making->base;
    return PROBLEM_NONE;
}

/* A paused market takes what opens or retires it, and what makes the pause last; a retired one takes
 * nothing more. */
static enum problem
check_status(const struct making *making)
{
    int status = making->base ? making->base->status : MARKET_OPEN;

    if (status == MARKET_RETIRED)
        return PROBLEM_MARKET_RETIRED;
    if (status != MARKET_PAUSED || making->asked->confirms ||
        making->amendment.parameters.status != MARKET_PAUSED)
        return PROBLEM_NONE;
    snprintf(making->reply->detail, sizeof making->reply->detail,
             "the market is paused: a proposal opens it ({\"status\": null}), retires it, or confirms"
             " the guardian's pause");
    return PROBLEM_MARKET_PAUSED;
}

static const struct governance *
governance_for(const struct making *making)
{
    return governance_of(making->is_new ? &making->amendment.parameters : making->base);
}

/* When it would be in force, were it approved at once. */
static int64_t
earliest_us(const struct making *making, int64_t delay_s)
{
    int64_t at_us = making->now_us + delay_s * SECOND_US;
    int64_t not_before = making->asked->not_before;

    return not_before != INSTANT_NONE && not_before > at_us ? not_before : at_us;
}

static bool
read_history(struct making *making, const struct governance *governance, int64_t active_at_us,
             struct edition **out, size_t *count)
{
    struct arena          *arena = making->request->arena;
    struct stored_version *versions;
    struct faults          warnings;

    if (versions_since(service_connection(making->request), making->asked->market,
                       active_at_us - governance->window_s * SECOND_US, HISTORY_MAX, arena,
                       &versions, count) != FOUND)
        return false;
    struct edition *editions = arena_alloc(arena, *count, sizeof *editions);
    for (size_t i = 0; editions && i < *count; i++) {
        char *sha256 = arena_alloc(arena, 1, DIGEST_TEXT_MAX);
        if (!sha256)
            return false;
        digest_format(&versions[i].sha256, sha256);
        editions[i] = (struct edition){
            versions[i].version, versions[i].active_at, sha256,
            document_read(versions[i].document.bytes, versions[i].document.count, arena, &warnings),
        };
        if (!editions[i].parameters)
            return false;
    }
    *out = editions;
    return editions;
}

/* All of them hold of a change of what is in force; a market that is created has none yet. */
static enum problem
check_rails(struct making *making, int64_t active_at_us)
{
    const struct governance *governance = governance_for(making);
    struct edition          *history;
    size_t                   count;

    if (making->is_new || !making->asked->patch || governance->rails_count == 0)
        return PROBLEM_NONE;
    if (!read_history(making, governance, active_at_us, &history, &count))
        return PROBLEM_DATABASE_AWAY;
    faults_open(&making->reply->faults, FAULTS_MAX);
    if (governance_within_rails(governance, history, count, &making->amendment.parameters,
                                &making->amendment.changes, active_at_us, &making->reply->faults))
        return PROBLEM_NONE;
    faults_place_below(&making->reply->faults, "/patch");
    return PROBLEM_RAILS_REFUSED;
}

static enum problem
compose(struct making *making)
{
    const struct new_proposal *asked = making->asked;
    const struct governance   *governance = governance_for(making);
    struct arena              *arena = making->request->arena;
    char                      *id = arena_alloc(arena, 1, PROPOSAL_ID_MAX);
    char                      *sha256 = arena_alloc(arena, 1, DIGEST_TEXT_MAX);
    char                      *base_sha256 = arena_alloc(arena, 1, DIGEST_TEXT_MAX);
    const char *document = arena_copy(arena, making->amendment.document,
                                      making->amendment.document_count);

    if (!id || !sha256 || !base_sha256 || !document)
        return PROBLEM_INTERNAL;
    struct digest digest = digest_of(document, making->amendment.document_count);
    digest_format(&digest, sha256);
    digest_format(&making->in_force.sha256, base_sha256);
    proposal_id_make(id);
    making->proposal = (struct proposal){
        .id = id, .kind = PROPOSAL_CHANGE, .market = asked->market, .title = asked->title,
        .base_version = asked->base_version, .base_sha256 = making->is_new ? NULL : base_sha256,
        .patch = asked->patch ? asked->patch : "{}", .sha256 = sha256, .document = document,
        .confirms = asked->confirms, .rationale = asked->rationale,
        .rationale_uri = asked->rationale_uri, .key = making->request->caller.key_id,
        .holder = making->request->caller.holder,
        .approvals_required = governance->approvals_required,
        /* Nobody is in a market that is created: no rail is touched. */
        .delay_s = making->is_new ? governance->delay_s
                                  : governance_delay_s(governance, &making->amendment.changes),
        .not_before = asked->not_before, .created_at = making->now_us,
        .expires_at = making->now_us + governance->expiry_s * SECOND_US, .due_at = INSTANT_NONE,
    };
    return PROBLEM_NONE;
}

static enum problem
store(struct making *making)
{
    struct connection *connection = service_connection(making->request);
    struct proposal   *proposal = &making->proposal;
    struct move        move = { .event = "proposed", .state = STATE_PROPOSED,
                                .due_at = INSTANT_NONE,
                                .actor = { proposal->key, proposal->holder } };
    enum outcome       outcome = proposal_insert(connection, proposal);

    if (!outcome)
        outcome = proposal_move(connection, proposal, &move, making->now_us);
    return problem_of_outcome(outcome);
}

static enum problem
make(struct making *making)
{
    enum problem problem;

    if (!proposals_now(service_connection(making->request), &making->now_us))
        return PROBLEM_DATABASE_AWAY;
    if ((problem = read_base(making)) ||
        (problem = making->base && making->base->status == MARKET_RETIRED ? PROBLEM_MARKET_RETIRED
                                                                          : PROBLEM_NONE) ||
        (problem = making->asked->patch ? amend(making) : confirm(making)) ||
        (problem = check_status(making)) || (problem = compose(making)) ||
        (problem = check_rails(making, earliest_us(making, making->proposal.delay_s))))
        return problem;
    return store(making);
}

enum problem
create_proposal(struct request *request, struct reply *reply)
{
    struct making          *making = arena_alloc(request->arena, 1, sizeof *making);
    struct governed_request governed;
    bool                    is_answered;
    enum problem            problem;

    if (!making)
        return PROBLEM_INTERNAL;
    making->request = request;
    making->reply   = reply;
    making->asked   = request->body;
    if ((problem = check_members(making)) ||
        (problem = governing_begin(request, reply, &governed, &is_answered)) || is_answered)
        return problem;
    if ((problem = make(making)))
        return governing_abandon(request, problem);
    return governing_end(request, reply, &governed, &making->proposal);
}

enum problem
get_proposal(struct request *request, struct reply *reply)
{
    struct proposal proposal;
    struct text     out;
    char           *tag = arena_alloc(request->arena, 1, TAG_MAX);
    enum find       found = proposal_find(service_connection(request), request->args[0], false,
                                          request->arena, &proposal);
    enum problem    problem;

    if (found != FOUND)
        return found == FIND_AWAY ? PROBLEM_DATABASE_AWAY : PROBLEM_NO_SUCH_PROPOSAL;
    text_open(&out, request->arena, proposal.document ? strlen(proposal.document) : 0, 8 << 20);
    if (!tag)
        return PROBLEM_INTERNAL;
    if ((problem = proposal_answer(request, &proposal, &out)))
        return problem;
    proposal_tag(&proposal, tag);
    reply_add_header(reply, "ETag", tag);
    reply_add_header(reply, "Cache-Control", "no-cache");
    reply->bytes = out.bytes;
    reply->count = out.count;
    return PROBLEM_NONE;
}

static const char *const orders[] = { "asc", "desc", NULL };

struct proposal_query { const char *market; int state; int64_t limit; const char *cursor; int order; };

static const struct field proposal_query_fields[] = {
    NAME_FIELD   (proposal_query, market, .optional = true),
    CHOICE_FIELD (proposal_query, state, .choices = proposal_states, .optional = true),
    INTEGER_FIELD(proposal_query, limit, .optional = true, .initial = "50", .min = 1,
                  .max = PROPOSALS_LIMIT_MAX),
    NAME_FIELD   (proposal_query, cursor, .optional = true),
    CHOICE_FIELD (proposal_query, order, .choices = orders, .optional = true, .initial = "desc"),
};
const struct record proposal_query_record = RECORD(proposal_query, proposal_query_fields);

struct proposal_summary {
    const char *id;
    int         kind;
    const char *market;
    int         state;
    int64_t     base_version, version;
    const char *document_sha256, *holder, *rationale;
    int64_t     created_at, due_at;
};

static const struct field proposal_summary_fields[] = {
    NAME_FIELD   (proposal_summary, id),
    CHOICE_FIELD (proposal_summary, kind, .choices = proposal_kinds),
    NAME_FIELD   (proposal_summary, market),
    CHOICE_FIELD (proposal_summary, state, .choices = proposal_states),
    INTEGER_FIELD(proposal_summary, base_version, .min = 0, .max = INTEGER_MAX),
    INTEGER_FIELD(proposal_summary, version, .min = 1, .max = INTEGER_MAX, .nullable = true),
    TEXT_FIELD   (proposal_summary, document_sha256, .form = TEXT_SHA256, .min = 64, .max = 64),
    NAME_FIELD   (proposal_summary, holder, .nullable = true),
    TEXT_FIELD   (proposal_summary, rationale, .form = TEXT_ANY, .min = 1, .max = RATIONALE_MAX),
    INSTANT_FIELD(proposal_summary, created_at),
    INSTANT_FIELD(proposal_summary, due_at, .nullable = true),
};
static const struct record proposal_summary_record =
    RECORD(proposal_summary, proposal_summary_fields);

struct proposal_list {
    struct proposal_summary *items;
    size_t                   items_count;
    const char              *next_cursor;
};

static const struct field proposal_list_fields[] = {
    LIST_FIELD(proposal_list, items, proposal_summary, .max = PROPOSALS_LIMIT_MAX),
    NAME_FIELD(proposal_list, next_cursor, .optional = true, .nullable = true),
};
const struct record proposal_list_record = RECORD(proposal_list, proposal_list_fields);

static struct proposal_summary
summarise(const struct proposal *proposal)
{
    return (struct proposal_summary){
        .id = proposal->id, .kind = proposal->kind, .market = proposal->market,
        .state = proposal->state, .base_version = proposal->base_version,
        .version = proposal->version ? proposal->version : INTEGER_NONE,
        .document_sha256 = proposal->sha256, .holder = proposal->holder,
        .rationale = proposal->rationale, .created_at = proposal->created_at,
        .due_at = proposal->due_at,
    };
}

/* One more than is asked for tells whether there are more. */
static enum problem
answer_list(struct request *request, const struct proposal *items, size_t count, struct reply *reply)
{
    const struct proposal_query *query = request->query;
    struct proposal_list        *answer = arena_alloc(request->arena, 1, sizeof *answer);
    bool                         has_more = count > (size_t)query->limit;
    char                        *cursor = arena_alloc(request->arena, 1, ARG_INTEGER_MAX);

    if (has_more)
        count = (size_t)query->limit;
    if (!answer || !cursor ||
        !(answer->items = arena_alloc(request->arena, count + 1, sizeof *answer->items)))
        return PROBLEM_INTERNAL;
    answer->items_count = count;
    for (size_t i = 0; i < count; i++)
        answer->items[i] = summarise(&items[i]);
    if (has_more) {
        snprintf(cursor, ARG_INTEGER_MAX, "%" PRId64, items[count - 1].number);
        answer->next_cursor = cursor;
    }
    reply->answer = answer;
    return PROBLEM_NONE;
}

enum problem
list_proposals(struct request *request, struct reply *reply)
{
    const struct proposal_query *query = request->query;
    struct proposals_wanted      wanted = {
        .market = query->market,
        .state = query->state == CHOICE_NONE ? NULL : proposal_states[query->state],
        .limit = query->limit + 1, .is_ascending = query->order == 0,
    };
    struct proposal *items = NULL;
    size_t           count = 0;
    char            *end = NULL;

    if (query->cursor) {
        wanted.beyond = strtoll(query->cursor, &end, 10);
        if (*end || wanted.beyond < 1)
            return refuse(reply, PROBLEM_QUERY_INVALID, "?cursor", "bad_text",
                          "a cursor is the next_cursor of an answer");
    }
    if (proposals_list(service_connection(request), &wanted, request->arena, &items, &count) ==
        FIND_AWAY)
        return PROBLEM_DATABASE_AWAY;
    return answer_list(request, items, count, reply);
}
