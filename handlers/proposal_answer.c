/* A proposal as it is answered: what it says, what it would change, who approved, what became of it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "handlers/governance.h"
#include "handlers/service.h"
#include "record/difference.h"
#include "record/instant.h"
#include "record/json.h"

enum { RATIONALE_MAX = 4000, URI_MAX = 2000, EVENTS_MAX = 1000, CONFLICTS_MAX = 4096,
       CHANGES_BYTES_MAX = 4 << 20 };

#define HASH .form = TEXT_SHA256, .min = 64, .max = 64

static const struct field approval_fields[] = {
    NAME_FIELD   (approval, holder),
    TEXT_FIELD   (approval, document_sha256, HASH),
    INSTANT_FIELD(approval, approved_at),
    INSTANT_FIELD(approval, voided_at, .nullable = true),
};
static const struct record approval_record = RECORD(approval, approval_fields);

static const struct field proposal_event_fields[] = {
    NAME_FIELD   (proposal_event, event),
    NAME_FIELD   (proposal_event, holder, .nullable = true),
    TEXT_FIELD   (proposal_event, reason, .form = TEXT_ANY, .max = RATIONALE_MAX, .nullable = true),
    INSTANT_FIELD(proposal_event, at),
};
static const struct record proposal_event_record = RECORD(proposal_event, proposal_event_fields);

struct conflict { const char *path; };

static const struct field conflict_fields[] = {
    TEXT_FIELD(conflict, path, .form = TEXT_ANY, .min = 1, .max = 1024),
};
static const struct record conflict_record = BARE(conflict, conflict_fields);

struct document_warning { const char *pointer, *code, *detail; };

static const struct field document_warning_fields[] = {
    TEXT_FIELD(document_warning, pointer, .form = TEXT_ANY, .max = 256),
    NAME_FIELD(document_warning, code),
    TEXT_FIELD(document_warning, detail, .form = TEXT_ANY, .max = 256),
};
static const struct record document_warning_record =
    RECORD(document_warning, document_warning_fields);

struct proposal_answer {
    const char              *id;
    int                      kind;
    const char              *market, *title;
    int                      state;
    int64_t                  base_version, version;
    const char              *document_sha256, *confirms, *holder, *rationale, *rationale_uri;
    int64_t                  approvals_required, delay_s;
    int64_t                  created_at, not_before, expires_at, due_at;
    struct approval         *approvals;
    size_t                   approvals_count;
    struct proposal_event   *events;
    size_t                   events_count;
    struct conflict         *conflicts;
    size_t                   conflicts_count;
    struct document_warning *warnings;
    size_t                   warnings_count;
    const char              *patch, *changes, *document;
};

static const struct field proposal_answer_fields[] = {
    NAME_FIELD   (proposal_answer, id),
    CHOICE_FIELD (proposal_answer, kind, .choices = proposal_kinds),
    NAME_FIELD   (proposal_answer, market),
    TEXT_FIELD   (proposal_answer, title, .form = TEXT_ANY, .min = 1, .max = 256,
                  .optional = true),
    CHOICE_FIELD (proposal_answer, state, .choices = proposal_states),
    INTEGER_FIELD(proposal_answer, base_version, .min = 0, .max = INTEGER_MAX),
    INTEGER_FIELD(proposal_answer, version, .min = 1, .max = INTEGER_MAX, .nullable = true),
    TEXT_FIELD   (proposal_answer, document_sha256, HASH),
    NAME_FIELD   (proposal_answer, confirms, .optional = true),
    NAME_FIELD   (proposal_answer, holder, .nullable = true),
    TEXT_FIELD   (proposal_answer, rationale, .form = TEXT_ANY, .min = 1, .max = RATIONALE_MAX),
    TEXT_FIELD   (proposal_answer, rationale_uri, .form = TEXT_ANY, .min = 1, .max = URI_MAX,
                  .optional = true),
    INTEGER_FIELD(proposal_answer, approvals_required, .min = 0, .max = 16),
    INTEGER_FIELD(proposal_answer, delay_s, .min = 0, .max = 31536000),
    INSTANT_FIELD(proposal_answer, created_at),
    INSTANT_FIELD(proposal_answer, not_before, .optional = true),
    INSTANT_FIELD(proposal_answer, expires_at, .optional = true),
    INSTANT_FIELD(proposal_answer, due_at, .nullable = true),
    LIST_FIELD   (proposal_answer, approvals, approval, .max = EVENTS_MAX),
    LIST_FIELD   (proposal_answer, events, proposal_event, .max = EVENTS_MAX),
    LIST_FIELD   (proposal_answer, conflicts, conflict, .max = CONFLICTS_MAX),
    LIST_FIELD   (proposal_answer, warnings, document_warning, .max = FAULTS_MAX),
    OBJECT_FIELD (proposal_answer, patch),
    OBJECT_FIELD (proposal_answer, changes),
    OBJECT_FIELD (proposal_answer, document),
};
const struct record proposal_answer_record = RECORD(proposal_answer, proposal_answer_fields);

/* Documents that a proposal stands between, as they are needed. */
struct standing {
    struct parameters *base;                  /* NULL: a market is created */
    struct parameters *next;
    bool               is_moved;              /* something else than the base is in force */
    struct changes     changes;               /* of the proposal */
    struct changes     others;                /* from the base to what is in force */
    struct faults      warnings;
};

static enum problem
read_base(struct request *request, const struct proposal *proposal, struct standing *standing)
{
    struct stored_version version;
    struct faults         warnings;
    enum find found = version_find(service_connection(request), proposal->market,
                                   proposal->base_version, 0, request->arena, &version);

    if (found != FOUND)
        return found == FIND_AWAY ? PROBLEM_DATABASE_AWAY : PROBLEM_INTERNAL;
    standing->base = document_read(version.document.bytes, version.document.count, request->arena,
                                   &warnings);
    return standing->base ? PROBLEM_NONE : PROBLEM_INTERNAL;
}

static enum problem
read_in_force(struct request *request, const struct proposal *proposal, struct standing *standing)
{
    struct stored_version version;
    struct faults         warnings;
    char                  sha256[DIGEST_TEXT_MAX];
    enum find found = version_in_force(service_connection(request), proposal->market,
                                       request->arena, &version);

    if (found == FIND_AWAY)
        return PROBLEM_DATABASE_AWAY;
    if (found == FOUND_NOTHING || !proposal->base_version) {
        standing->is_moved = (found == FOUND_NOTHING) != !proposal->base_version;
        return PROBLEM_NONE;
    }
    digest_format(&version.sha256, sha256);
    standing->is_moved = strcmp(sha256, proposal->base_sha256) != 0;
    if (!standing->is_moved)
        return PROBLEM_NONE;
    const struct parameters *now = document_read(version.document.bytes, version.document.count,
                                                 request->arena, &warnings);
    return now && difference(&parameters_record, standing->base, now, request->arena,
                             &standing->others) ? PROBLEM_NONE : PROBLEM_INTERNAL;
}

static enum problem
read_standing(struct request *request, const struct proposal *proposal, struct standing *standing)
{
    enum problem problem;

    *standing = (struct standing){ .base = NULL };
    standing->next = document_read(proposal->document, strlen(proposal->document), request->arena,
                                   &standing->warnings);
    if (!standing->next)
        return PROBLEM_INTERNAL;
    if (proposal->base_version && (problem = read_base(request, proposal, standing)))
        return problem;
    if (!difference(&parameters_record, standing->base, standing->next, request->arena,
                    &standing->changes))
        return PROBLEM_INTERNAL;
    return read_in_force(request, proposal, standing);
}

/* Both change it, each to something else. */
static bool
is_conflict(const struct standing *standing, const struct change *change)
{
    for (size_t i = 0; i < standing->others.count; i++) {
        const struct change *other = &standing->others.items[i];
        if (!strcmp(other->path, change->path))
            return !other->to || !change->to || strcmp(other->to, change->to) != 0;
    }
    return false;
}

enum problem
check_base(struct request *request, const struct proposal *proposal, struct reply *reply)
{
    struct standing standing;
    enum problem    problem = read_standing(request, proposal, &standing);

    if (problem || !standing.is_moved)
        return problem;
    faults_open(&reply->faults, FAULTS_MAX);
    for (size_t i = 0; i < standing.changes.count; i++)
        if (is_conflict(&standing, &standing.changes.items[i]))
            fault_add(&reply->faults, standing.changes.items[i].path, "conflict",
                      "what is in force now changed this too");
    snprintf(reply->detail, sizeof reply->detail,
             "the proposal is of version %" PRId64 ", and something else is in force now: "
             "propose again, of that", proposal->base_version);
    return PROBLEM_BASE_VERSION_MOVED;
}

static bool
fill_conflicts(struct request *request, const struct standing *standing,
               struct proposal_answer *out)
{
    out->conflicts = arena_alloc(request->arena, standing->changes.count + 1,
                                 sizeof *out->conflicts);
    for (size_t i = 0; out->conflicts && i < standing->changes.count; i++)
        if (is_conflict(standing, &standing->changes.items[i]) &&
            out->conflicts_count < CONFLICTS_MAX)
            out->conflicts[out->conflicts_count++].path = standing->changes.items[i].path;
    return out->conflicts;
}

static bool
fill_warnings(struct request *request, const struct faults *warnings, struct proposal_answer *out)
{
    out->warnings = arena_alloc(request->arena, warnings->count + 1, sizeof *out->warnings);
    for (size_t i = 0; out->warnings && i < warnings->count; i++) {
        const struct fault *fault = &warnings->items[i];
        const char         *pointer = arena_copy(request->arena, fault->pointer,
                                                 strlen(fault->pointer));
        const char *detail = arena_copy(request->arena, fault->detail, strlen(fault->detail));
        if (!pointer || !detail)
            return false;
        out->warnings[out->warnings_count++] =
            (struct document_warning){ pointer, fault->code, detail };
    }
    return out->warnings;
}

static bool
fill_changes(struct request *request, const struct standing *standing, struct proposal_answer *out)
{
    struct text changes;

    text_open(&changes, request->arena, 1024, CHANGES_BYTES_MAX);
    changes_write(&standing->changes, &changes);
    text_add(&changes, "", 1);
    out->changes = changes.bytes;
    return !changes.is_full;
}

static void
fill_columns(const struct proposal *proposal, struct proposal_answer *out)
{
    *out = (struct proposal_answer){
        .id = proposal->id, .kind = proposal->kind, .market = proposal->market,
        .title = proposal->title, .state = proposal->state,
        .base_version = proposal->base_version,
        .version = proposal->version ? proposal->version : INTEGER_NONE,
        .document_sha256 = proposal->sha256, .confirms = proposal->confirms,
        .holder = proposal->holder, .rationale = proposal->rationale,
        .rationale_uri = proposal->rationale_uri,
        .approvals_required = proposal->approvals_required, .delay_s = proposal->delay_s,
        .created_at = proposal->created_at, .not_before = proposal->not_before,
        .expires_at = proposal->expires_at, .due_at = proposal->due_at,
        .patch = proposal->patch, .document = proposal->document,
    };
}

/* Does it still stand to become active? Only then, or where it failed for it, conflicts matter. */
static bool
is_open(const struct proposal *proposal)
{
    return proposal->state == STATE_PROPOSED || proposal->state == STATE_SCHEDULED ||
           proposal->state == STATE_SUPERSEDED;
}

enum problem
proposal_answer(struct request *request, struct proposal *proposal, struct text *out)
{
    struct connection     *connection = service_connection(request);
    struct proposal_answer answer;
    struct standing        standing;
    enum problem           problem = read_standing(request, proposal, &standing);

    if (problem)
        return problem;
    fill_columns(proposal, &answer);
    if (proposal_approvals(connection, proposal->id, request->arena, &answer.approvals,
                           &answer.approvals_count) == FIND_AWAY ||
        proposal_events(connection, proposal->id, request->arena, &answer.events,
                        &answer.events_count) == FIND_AWAY)
        return PROBLEM_DATABASE_AWAY;
    if (!is_open(proposal))
        standing.others.count = 0;
    if (!fill_conflicts(request, &standing, &answer) ||
        !fill_warnings(request, &standing.warnings, &answer) ||
        !fill_changes(request, &standing, &answer))
        return PROBLEM_INTERNAL;
    json_write(&proposal_answer_record, &answer, JSON_DECLARED, out);
    return out->is_full ? PROBLEM_INTERNAL : PROBLEM_NONE;
}
