/* A guardian's action is a proposal that is active at once, and another one, scheduled with it, that
 * brings back what was in force: unless something else became active by then. */
#include "handlers/guardian.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "db/activation.h"
#include "handlers/amendment.h"
#include "handlers/governance.h"
#include "handlers/service.h"
#include "record/instant.h"
#include "risk/governance.h"

enum { RATIONALE_MAX = 4000, URI_MAX = 2000, MONTH_S = 2592000, PATCH_BYTES_MAX = 1 << 20 };

#define SECOND_US INT64_C(1000000)

struct guardian_action {
    const char *patch, *rationale, *rationale_uri;
    int64_t     duration_s;
};

static const struct field guardian_action_fields[] = {
    OBJECT_FIELD (guardian_action, patch),
    TEXT_FIELD   (guardian_action, rationale, .form = TEXT_ANY, .min = 1, .max = RATIONALE_MAX),
    TEXT_FIELD   (guardian_action, rationale_uri, .form = TEXT_ANY, .min = 1, .max = URI_MAX,
                  .optional = true),
    INTEGER_FIELD(guardian_action, duration_s, .min = 1, .max = MONTH_S, .optional = true),
};
const struct record guardian_action_record = RECORD(guardian_action, guardian_action_fields);

struct acting {
    struct request               *request;
    struct reply                 *reply;
    const struct guardian_action *asked;
    const char                   *market;
    int64_t                       now_us, duration_s;
    struct stored_version         in_force;
    struct parameters            *base;
    struct amendment              amendment;
    struct proposal               action;
    const char                   *document_before;    /* what is in force again in the end */
};

static enum problem
read_base(struct acting *acting)
{
    struct connection *connection = service_connection(acting->request);
    struct faults      warnings;
    char               tag[TAG_MAX];
    enum problem       problem;

    if ((problem = problem_of_outcome(market_lock(connection, acting->market))))
        return problem;
    enum find found = version_in_force(connection, acting->market, acting->request->arena,
                                       &acting->in_force);
    if (found != FOUND)
        return found == FIND_AWAY ? PROBLEM_DATABASE_AWAY : PROBLEM_NO_SUCH_MARKET;
    version_tag(acting->in_force.version, &acting->in_force.sha256, tag);
    if ((problem = check_match(acting->request, tag, acting->reply)))
        return problem;
    acting->base = document_read(acting->in_force.document.bytes, acting->in_force.document.count,
                                 acting->request->arena, &warnings);
    return acting->base ? PROBLEM_NONE : PROBLEM_INTERNAL;
}

static enum problem
check_limits(struct acting *acting)
{
    const struct guardian_limits *limits = governance_of(acting->base)->guardian;
    struct reply                 *reply = acting->reply;

    if (acting->base->status == MARKET_RETIRED)
        return PROBLEM_MARKET_RETIRED;
    if (!limits) {
        snprintf(reply->detail, sizeof reply->detail,
                 "the market's document states no guardian (/governance/guardian)");
        return PROBLEM_GUARDIAN_REFUSED;
    }
    acting->duration_s = acting->asked->duration_s == INTEGER_NONE ? limits->duration_s
                                                                   : acting->asked->duration_s;
    if (acting->duration_s <= limits->duration_s)
        return PROBLEM_NONE;
    faults_open(&reply->faults, 1);
    fault_add(&reply->faults, "/duration_s", "out_of_bounds",
              "at most %" PRId64 " s: /governance/guardian/duration_s", limits->duration_s);
    return PROBLEM_GUARDIAN_REFUSED;
}

static enum problem
amend(struct acting *acting)
{
    const struct stored_document *base = &acting->in_force.document;
    struct faults                *faults = &acting->reply->faults;
    const char                   *patch = acting->asked->patch;
    enum problem                  problem = PROBLEM_NONE;

    faults_open(faults, FAULTS_MAX);
    if (!amendment_make(acting->base, base->bytes, base->count, patch, strlen(patch),
                        acting->now_us, acting->request->arena, &acting->amendment, faults))
        problem = PROBLEM_PARAMETERS_REFUSED;
    else if (!guardian_allows(&acting->amendment.changes, faults))
        problem = PROBLEM_GUARDIAN_REFUSED;
    if (problem)
        faults_place_below(faults, "/patch");
    return problem;
}

/* Of several actions in a row the last one brings back what was there before the first. */
static enum problem
find_document_before(struct acting *acting)
{
    struct proposals_wanted wanted = { .market = acting->market, .state = "scheduled",
                                       .limit = PROPOSALS_LIMIT_MAX };
    struct connection *connection = service_connection(acting->request);
    struct proposal   *items = NULL, revert;
    size_t             count = 0;

    acting->document_before = acting->in_force.document.bytes;
    if (proposals_list(connection, &wanted, acting->request->arena, &items, &count) == FIND_AWAY)
        return PROBLEM_DATABASE_AWAY;
    for (size_t i = 0; i < count; i++) {
        if (items[i].kind != PROPOSAL_REVERT)
            continue;
        if (proposal_find(connection, items[i].id, false, acting->request->arena, &revert) != FOUND)
            return PROBLEM_DATABASE_AWAY;
        acting->document_before = revert.document;
    }
    return PROBLEM_NONE;
}

/* NULL: no memory. */
static const char *
hash_text(struct arena *arena, const char *document)
{
    struct digest sha256 = digest_of(document, strlen(document));
    char         *text = arena_alloc(arena, 1, DIGEST_TEXT_MAX);

    if (text)
        digest_format(&sha256, text);
    return text;
}

static enum problem
store(struct acting *acting, struct proposal *proposal)
{
    struct connection *connection = service_connection(acting->request);
    struct move        move = { .event = "proposed", .state = STATE_PROPOSED,
                                .due_at = INSTANT_NONE,
                                .actor = { proposal->key, proposal->holder } };
    char              *id = arena_alloc(acting->request->arena, 1, PROPOSAL_ID_MAX);

    if (!id || !proposal->sha256 || !proposal->document || !proposal->base_sha256)
        return PROBLEM_INTERNAL;
    proposal_id_make(id);
    proposal->id = id;
    enum outcome outcome = proposal_insert(connection, proposal);
    return problem_of_outcome(outcome ? outcome
                                      : proposal_move(connection, proposal, &move, acting->now_us));
}

static enum problem
act(struct acting *acting)
{
    struct arena           *arena = acting->request->arena;
    const struct caller    *caller = &acting->request->caller;
    struct proposal        *action = &acting->action;
    enum problem            problem;
    const char *document = arena_copy(arena, acting->amendment.document,
                                      acting->amendment.document_count);

    *action = (struct proposal){
        .kind = PROPOSAL_GUARDIAN, .market = acting->market,
        .base_version = acting->in_force.version,
        .base_sha256 = hash_text(arena, acting->in_force.document.bytes),
        .patch = acting->asked->patch, .document = document,
        .sha256 = document ? hash_text(arena, document) : NULL,
        .rationale = acting->asked->rationale, .rationale_uri = acting->asked->rationale_uri,
        .key = caller->key_id, .holder = caller->holder, .not_before = INSTANT_NONE,
        .created_at = acting->now_us,
        .expires_at = acting->now_us + acting->duration_s * SECOND_US, .due_at = INSTANT_NONE,
    };
    if ((problem = store(acting, action)))
        return problem;
    struct actor actor = { action->key, action->holder };
    return problem_of_outcome(proposal_activate(service_connection(acting->request), action,
                                                &acting->in_force, actor, acting->now_us, arena));
}

static enum problem
schedule_end(struct acting *acting)
{
    struct arena      *arena = acting->request->arena;
    struct text        rationale, patch;
    struct faults      warnings;
    enum problem       problem;
    const char        *document = acting->document_before;
    struct parameters *before = document_read(document, strlen(document), arena, &warnings);

    text_open(&rationale, arena, 128, 128);
    text_format(&rationale, "reverts the guardian's %s", acting->action.id);
    text_add(&rationale, "", 1);
    text_open(&patch, arena, 256, PATCH_BYTES_MAX);
    if (before)
        difference_write_patch(&parameters_record, &acting->amendment.parameters, before, arena,
                               &patch);
    text_add(&patch, "", 1);
    if (!before || rationale.is_full || patch.is_full)
        return PROBLEM_INTERNAL;
    struct proposal revert = {
        .kind = PROPOSAL_REVERT, .market = acting->market,
        .base_version = acting->action.version, .base_sha256 = acting->action.sha256,
        .patch = patch.bytes, .document = document, .sha256 = hash_text(arena, document),
        .rationale = rationale.bytes, .not_before = INSTANT_NONE, .created_at = acting->now_us,
        .expires_at = INSTANT_NONE, .due_at = INSTANT_NONE,
    };
    if ((problem = store(acting, &revert)))
        return problem;
    const struct move move = { .event = "scheduled", .state = STATE_SCHEDULED,
                               .due_at = acting->action.expires_at };
    return problem_of_outcome(proposal_move(service_connection(acting->request), &revert, &move,
                                            acting->now_us));
}

static enum problem
act_and_end(struct acting *acting)
{
    enum problem problem;

    if (!proposals_now(service_connection(acting->request), &acting->now_us))
        return PROBLEM_DATABASE_AWAY;
    if ((problem = read_base(acting)) || (problem = check_limits(acting)) ||
        (problem = amend(acting)) || (problem = find_document_before(acting)) ||
        (problem = act(acting)))
        return problem;
    return schedule_end(acting);
}

enum problem
create_guardian_action(struct request *request, struct reply *reply)
{
    struct acting          *acting = arena_alloc(request->arena, 1, sizeof *acting);
    struct governed_request governed;
    bool                    is_answered;
    enum problem            problem;

    if (!acting)
        return PROBLEM_INTERNAL;
    acting->request = request;
    acting->reply   = reply;
    acting->asked   = request->body;
    acting->market  = request->args[0];
    if ((problem = governing_begin(request, reply, &governed, &is_answered)) || is_answered)
        return problem;
    if ((problem = act_and_end(acting)))
        return governing_abandon(request, problem);
    return governing_end(request, reply, &governed, &acting->action);
}
