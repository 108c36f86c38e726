/* Preconditions, idempotency and transactions of governance requests. */
#include "handlers/governance.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "handlers/service.h"
#include "record/difference.h"
#include "record/json.h"

enum { ANSWER_ROOM = 8192, ANSWER_BYTES_MAX = 8 << 20, SUBJECT_MAX = 16384 };

void
version_tag(int64_t version, const struct digest *sha256, char tag[static TAG_MAX])
{
    char text[DIGEST_TEXT_MAX];

    digest_format(sha256, text);
    snprintf(tag, TAG_MAX, "\"v%" PRId64 "-%s\"", version, text);
}

void
proposal_tag(const struct proposal *proposal, char tag[static TAG_MAX])
{
    snprintf(tag, TAG_MAX, "\"%" PRId64 "-%.64s\"", proposal->revision, proposal->sha256);
}

/* RFC 9110 section 13.1.1: "*", or one of a list. */
static bool
is_match(const char *if_match, const char *tag)
{
    return !strcmp(if_match, "*") || strstr(if_match, tag);
}

enum problem
check_match(const struct request *request, const char *tag, struct reply *reply)
{
    if (!request->if_match) {
        snprintf(reply->detail, sizeof reply->detail,
                 "send If-Match with the ETag of what you have read");
        return PROBLEM_PRECONDITION_REQUIRED;
    }
    if (is_match(request->if_match, tag))
        return PROBLEM_NONE;
    snprintf(reply->detail, sizeof reply->detail, "its ETag is %.90s now: read it again", tag);
    return PROBLEM_PRECONDITION_FAILED;
}

enum problem
problem_of_outcome(enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_OK:       return PROBLEM_NONE;
    case OUTCOME_CONFLICT: return PROBLEM_PROPOSAL_STATE;
    case OUTCOME_RETRY:    return PROBLEM_OVERLOADED;
    case OUTCOME_REFUSED:  return PROBLEM_INTERNAL;
    case OUTCOME_CLOSED:
    case OUTCOME_AWAY:     return PROBLEM_DATABASE_AWAY;
    }
    return PROBLEM_INTERNAL;
}

/* The operation, its path and the body: a key stands for all three. */
static bool
digest_request(struct request *request, struct digest *out)
{
    struct text subject;

    text_open(&subject, request->arena, request->body_count + 512,
              request->body_count + SUBJECT_MAX);
    text_format(&subject, "%s %s\n", request->method, request->path);
    text_add(&subject, request->body_bytes, request->body_count);
    *out = digest_of(subject.bytes, subject.count);
    return !subject.is_full;
}

static enum problem
answer_again(struct reply *reply, const struct governed_answer *stored)
{
    reply->bytes = stored->bytes;
    reply->count = stored->count;
    reply_add_header(reply, "Location", stored->location);
    reply_add_header(reply, "ETag", stored->tag);
    reply_add_header(reply, "Idempotent-Replayed", "true");
    return PROBLEM_NONE;
}

enum problem
governing_begin(struct request *request, struct reply *reply, struct governed_request *governed,
                bool *is_answered)
{
    struct governed_answer stored;

    *is_answered = false;
    *governed = (struct governed_request){ .caller = request->caller.key_id,
                                           .key = request->idempotency_key };
    if (!digest_request(request, &governed->request_sha256))
        return PROBLEM_INTERNAL;
    switch (governed_begin(service_connection(request), governed, request->arena, &stored)) {
    case GOVERNED_BEGUN:     return PROBLEM_NONE;
    case GOVERNED_ANSWERED:  *is_answered = true; return answer_again(reply, &stored);
    case GOVERNED_OTHER:     return PROBLEM_KEY_REUSED;
    case GOVERNED_IN_FLIGHT: return PROBLEM_KEY_IN_FLIGHT;
    case GOVERNED_AWAY:      return PROBLEM_DATABASE_AWAY;
    }
    return PROBLEM_INTERNAL;
}

enum problem
governing_abandon(struct request *request, enum problem problem)
{
    transaction_rollback(service_connection(request));
    return problem;
}

/* NULL: no memory. */
static const char *
location_of(struct request *request, const struct proposal *proposal)
{
    struct text location;

    text_open(&location, request->arena, 64, 128);
    text_format(&location, "/v1/proposals/%s", proposal->id);
    text_add(&location, "", 1);
    return location.is_full ? NULL : location.bytes;
}

enum problem
governing_end(struct request *request, struct reply *reply, const struct governed_request *governed,
              struct proposal *proposal)
{
    char        *tag = arena_alloc(request->arena, 1, TAG_MAX);
    const char  *location = location_of(request, proposal);
    struct text  out;
    enum problem problem;

    text_open(&out, request->arena, ANSWER_ROOM, ANSWER_BYTES_MAX);
    if (!tag || !location)
        return governing_abandon(request, PROBLEM_INTERNAL);
    if ((problem = proposal_answer(request, proposal, &out)))
        return governing_abandon(request, problem);
    proposal_tag(proposal, tag);
    struct governed_answer answer = { location, tag, out.bytes, out.count };
    enum outcome outcome = governed_end(service_connection(request), governed, &answer);
    if (outcome)
        return outcome == OUTCOME_AWAY ? PROBLEM_OUTCOME_UNKNOWN : problem_of_outcome(outcome);
    reply->bytes = out.bytes;
    reply->count = out.count;
    reply_add_header(reply, "Location", location);
    reply_add_header(reply, "ETag", tag);
    return PROBLEM_NONE;
}

struct parameters *
document_read(const char *document, size_t count, struct arena *arena, struct faults *warnings)
{
    struct parameters *parameters = arena_alloc(arena, 1, sizeof *parameters);
    struct faults      faults;

    faults_open(&faults, 1);
    faults_open(warnings, FAULTS_MAX);
    return parameters && json_read(&parameters_record, document, count, arena, parameters, &faults) &&
           parameters_accept(parameters, &faults, warnings) ? parameters : NULL;
}
