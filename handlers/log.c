/* Checkpoints, keys and tiles. */
#include "handlers/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "audit/lines.h"
#include "db/log.h"
#include "db/log_keys.h"
#include "handlers/service.h"
#include "handlers/stored.h"

#define FOR_EVER "public, max-age=31536000, immutable"
#define IS_UNDER "/log/"

enum { TAG_BYTES = DIGEST_TEXT_MAX + 2 };

enum problem
log_not_covered(struct reply *reply, int64_t published_size)
{
    snprintf(reply->detail, sizeof reply->detail, "the published checkpoint covers %" PRId64
             " entries", published_size);
    return PROBLEM_NOT_IN_LOG;
}

enum problem
log_refuse_query(struct reply *reply, const char *parameter, const char *code, const char *detail)
{
    faults_open(&reply->faults, FAULTS_MAX);
    fault_add(&reply->faults, parameter, code, "%s", detail);
    return PROBLEM_QUERY_INVALID;
}

enum problem
log_path_integer(struct request *request, struct reply *reply, int64_t *out)
{
    struct line line = { .bytes = request->args[0], .count = strlen(request->args[0]) };

    if (!strchr(request->path, '%') && line_integer(line, out) && *out <= INTEGER_MAX)
        return PROBLEM_NONE;
    snprintf(reply->detail, sizeof reply->detail,
             "a number in the path has decimal digits only, and no leading zero");
    return PROBLEM_PATH_INVALID;
}

const struct published *
log_checkpoint_now(struct request *request, struct reply *reply, enum problem *problem)
{
    struct published *published = arena_alloc(request->arena, 1, sizeof *published);

    *problem = PROBLEM_INTERNAL;
    if (!published)
        return NULL;
    *problem = PROBLEM_NONE;
    if (log_published(request->service->log, published))
        return published;
    snprintf(reply->detail, sizeof reply->detail, "no checkpoint is published yet");
    *problem = PROBLEM_NOT_IN_LOG;
    return NULL;
}

/* A note may gain signatures: it is asked for again each time, and its tag makes that cheap. */
static enum problem
answer_note(struct request *request, const char *note, size_t count, struct reply *reply)
{
    struct digest sha256 = digest_of(note, count);
    char         *tag = arena_alloc(request->arena, 1, TAG_BYTES);

    if (!tag)
        return PROBLEM_INTERNAL;
    *tag = '"';
    digest_format(&sha256, tag + 1);
    memcpy(tag + DIGEST_TEXT_MAX, "\"", 2);
    reply_add_header(reply, "ETag", tag);
    reply_add_header(reply, "Cache-Control", "no-cache");
    reply->bytes = note;
    reply->count = count;
    if (request->if_none_match && !strcmp(request->if_none_match, tag)) {
        reply->status = 304;
        reply->bytes  = "";
        reply->count  = 0;
    }
    return PROBLEM_NONE;
}

enum problem
get_log_checkpoint(struct request *request, struct reply *reply)
{
    enum problem            problem;
    const struct published *published = log_checkpoint_now(request, reply, &problem);

    if (!published)
        return problem;
    return answer_note(request, published->note, published->note_count, reply);
}

enum problem
get_log_checkpoint_of_size(struct request *request, struct reply *reply)
{
    struct stored_checkpoint checkpoint;
    int64_t                  size;
    enum problem             problem = log_path_integer(request, reply, &size);

    if (problem)
        return problem;
    int64_t published_size = log_published_size(request->service->log);
    if (size > published_size)
        return log_not_covered(reply, published_size);
    problem = problem_of_find(log_checkpoint_find(service_connection(request), size, false,
                                                  request->arena, &checkpoint), PROBLEM_NOT_IN_LOG);
    if (!problem)
        return answer_note(request, checkpoint.note, checkpoint.note_count, reply);
    if (problem == PROBLEM_NOT_IN_LOG)
        snprintf(reply->detail, sizeof reply->detail, "no checkpoint of this size was published");
    return problem;
}

static enum problem
answer_key(struct request *request, const struct key *key, struct reply *reply)
{
    struct text out;

    text_open(&out, request->arena, 512, 1024);
    key_write(key, &out);
    text_add(&out, "\n", 1);
    reply_add_header(reply, "Cache-Control", "no-cache");
    reply->bytes = out.bytes;
    reply->count = out.count;
    return out.is_full ? PROBLEM_INTERNAL : PROBLEM_NONE;
}

enum problem
get_log_vkey(struct request *request, struct reply *reply)
{
    return answer_key(request, &request->service->log_keys->log.key, reply);
}

enum problem
get_log_receipt_vkey(struct request *request, struct reply *reply)
{
    return answer_key(request, &request->service->log_keys->receipt.key, reply);
}

/* The path is looked at as it was received: the percent-encoded one would be a second name. */
enum problem
get_log_tile(struct request *request, struct reply *reply)
{
    const char            *path = request->path + strlen(IS_UNDER);
    int64_t                published_size = log_published_size(request->service->log);
    struct stored_document data;
    struct tile            tile;

    if (!tile_path_parse(path, strlen(path), &tile)) {
        snprintf(reply->detail, sizeof reply->detail,
                 "a tile is named tile/0/x001/067 or tile/entries/000.p/8 (c2sp.org/tlog-tiles)");
        return PROBLEM_PATH_INVALID;
    }
    if (!tile_is_served(&tile, published_size))
        return log_not_covered(reply, published_size);
    switch (log_tile_find(service_connection(request), &tile, request->arena, &data)) {
    case FOUND:         break;
    case FOUND_NOTHING: return PROBLEM_INTERNAL;          /* what is published is there */
    case FIND_AWAY:     return PROBLEM_DATABASE_AWAY;
    }
    reply_add_header(reply, "Cache-Control", FOR_EVER);
    reply->bytes = data.bytes;
    reply->count = data.count;
    return PROBLEM_NONE;
}
