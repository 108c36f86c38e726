/* Proofs: of inclusion and of consistency as JSON, and as the text that a client files away. */
#include "handlers/log.h"

#include <stdio.h>
#include <string.h>

#include "audit/base64.h"
#include "audit/entry.h"
#include "audit/proof.h"
#include "db/log.h"
#include "handlers/service.h"
#include "handlers/stored.h"
#include "record/members.h"
#include "server/accept.h"

enum { PROOF_TEXT_MAX = 64 << 10 };

struct inclusion_query { int64_t index, size; const char *hash; };

static const struct field inclusion_query_fields[] = {
    INTEGER_FIELD(inclusion_query, index, .optional = true, .min = 0, .max = INTEGER_MAX),
    TEXT_FIELD   (inclusion_query, hash, .optional = true, .form = TEXT_ANY, .min = 43, .max = 64),
    INTEGER_FIELD(inclusion_query, size, .optional = true, .min = 1, .max = INTEGER_MAX),
};
const struct record inclusion_query_record = RECORD(inclusion_query, inclusion_query_fields);

struct consistency_query { int64_t first, second; };

static const struct field consistency_query_fields[] = {
    INTEGER_FIELD(consistency_query, first, .min = 0, .max = INTEGER_MAX),
    INTEGER_FIELD(consistency_query, second, .min = 0, .max = INTEGER_MAX),
};
const struct record consistency_query_record = RECORD(consistency_query, consistency_query_fields);

struct log_proof_query { int64_t size; };

static const struct field log_proof_query_fields[] = {
    INTEGER_FIELD(log_proof_query, size, .optional = true, .min = 1, .max = INTEGER_MAX),
};
const struct record log_proof_query_record = RECORD(log_proof_query, log_proof_query_fields);

/* Why a tile that a published checkpoint covers could not be read. */
static enum problem
no_tile(struct request *request)
{
    return connection_is_up(service_connection(request)) ? PROBLEM_INTERNAL : PROBLEM_DATABASE_AWAY;
}

/* The leaf's own hash, as level 0 has it. */
static bool
read_leaf(const struct tile_reader *reader, int64_t index, int64_t size, struct digest *out)
{
    struct digest hashes[TILE_WIDTH];
    struct tile   tile = { .level = 0, .index = index / TILE_WIDTH };

    tile.width = tile_width(0, tile.index, size);
    if (!reader->read(reader->context, &tile, hashes))
        return false;
    *out = hashes[index % TILE_WIDTH];
    return true;
}

static enum problem
find_index(struct request *request, const char *hash, int64_t size, struct reply *reply,
           int64_t *index)
{
    struct digest leaf;

    if (!proof_hash_parse(hash, &leaf))
        return log_refuse_query(reply, "?hash", "bad_text",
                                "a leaf hash is 64 hexadecimal digits, or base64url");
    enum problem problem = problem_of_find(
        log_index_of_leaf(service_connection(request), &leaf, index), PROBLEM_NOT_IN_LOG);
    if (!problem && *index >= size)
        problem = PROBLEM_NOT_IN_LOG;
    if (problem == PROBLEM_NOT_IN_LOG)
        snprintf(reply->detail, sizeof reply->detail, "a tree of this size has no such leaf");
    return problem;
}

/* `size` NONE: the published one. */
static enum problem
choose_size(struct request *request, int64_t asked, struct reply *reply, int64_t *size)
{
    int64_t published_size = log_published_size(request->service->log);

    *size = asked == INTEGER_NONE ? published_size : asked;
    return *size > published_size || published_size == 0 ? log_not_covered(reply, published_size)
                                                         : PROBLEM_NONE;
}

static enum problem
answer_inclusion(struct request *request, int64_t index, int64_t size, struct reply *reply)
{
    struct tile_reader      reader = log_tile_reader(service_connection(request));
    struct inclusion_proof *answer = arena_alloc(request->arena, 1, sizeof *answer);
    struct proof            proof;
    struct digest           leaf;

    if (!read_leaf(&reader, index, size, &leaf) || !inclusion_make(&reader, index, size, &proof))
        return no_tile(request);
    if (!answer || !inclusion_answer(index, size, &leaf, &proof, request->arena, answer))
        return PROBLEM_INTERNAL;
    reply->answer = answer;
    return PROBLEM_NONE;
}

enum problem
get_log_inclusion(struct request *request, struct reply *reply)
{
    const struct inclusion_query *query = request->query;
    int64_t                       size, index = query->index;
    enum problem                  problem = choose_size(request, query->size, reply, &size);

    if ((index == INTEGER_NONE) == !query->hash)
        return log_refuse_query(reply, "?index", query->hash ? "unknown_parameter"
                                                             : "missing_parameter",
                                "name a leaf by its index or by its hash, by one of them");
    if (!problem && query->hash)
        problem = find_index(request, query->hash, size, reply, &index);
    if (problem)
        return problem;
    if (index >= size)
        return log_refuse_query(reply, "?index", "out_of_bounds",
                                "a tree has leaves up to its size, which is not one of them");
    return answer_inclusion(request, index, size, reply);
}

enum problem
get_log_consistency(struct request *request, struct reply *reply)
{
    const struct consistency_query *query = request->query;
    struct tile_reader              reader = log_tile_reader(service_connection(request));
    struct consistency_proof       *answer = arena_alloc(request->arena, 1, sizeof *answer);
    int64_t                         published_size = log_published_size(request->service->log);
    struct proof                    proof;

    if (query->first > query->second)
        return log_refuse_query(reply, "?first", "out_of_bounds",
                                "the first size is not above the second");
    if (query->second > published_size)
        return log_not_covered(reply, published_size);
    if (!consistency_make(&reader, query->first, query->second, &proof))
        return no_tile(request);
    if (!answer ||
        !consistency_answer(query->first, query->second, &proof, request->arena, answer))
        return PROBLEM_INTERNAL;
    reply->answer = answer;
    return PROBLEM_NONE;
}

/* The text of a proof, with this note of a tree of `size` leaves. */
static enum problem
answer_text(struct request *request, int64_t index, int64_t size, struct line note,
            struct reply *reply)
{
    struct tile_reader reader = log_tile_reader(service_connection(request));
    struct proof       proof;
    struct text        out;

    if (!inclusion_make(&reader, index, size, &proof))
        return no_tile(request);
    text_open(&out, request->arena, 4096, PROOF_TEXT_MAX);
    tlog_proof_write(&out, index, &proof, note.bytes, note.count);
    reply->media_type = "text/plain; charset=utf-8";
    reply->bytes      = out.bytes;
    reply->count      = out.count;
    return out.is_full ? PROBLEM_INTERNAL : PROBLEM_NONE;
}

enum problem
get_log_proof(struct request *request, struct reply *reply)
{
    const struct log_proof_query *query = request->query;
    struct stored_checkpoint      checkpoint;
    int64_t                       index, size;
    enum problem                  problem = log_path_integer(request, reply, &index);

    if (problem || (problem = choose_size(request, query->size, reply, &size)))
        return problem;
    if (index >= size) {
        snprintf(reply->detail, sizeof reply->detail, "a tree of %lld leaves has no leaf %lld",
                 (long long)size, (long long)index);
        return PROBLEM_PATH_INVALID;
    }
    problem = problem_of_find(log_checkpoint_find(service_connection(request), size, true,
                                                  request->arena, &checkpoint), PROBLEM_NOT_IN_LOG);
    if (problem)
        return problem;
    return answer_text(request, index, checkpoint.size,
                       (struct line){ .bytes = checkpoint.note, .count = checkpoint.note_count },
                       reply);
}

/* All that it takes to show a decision to others: its record and salt, whose commitment is in the
 * leaf, the way from the leaf to the root, and the signed root. */
struct decision_proof {
    const char            *decision, *record, *salt;
    struct inclusion_proof proof;
    const char            *checkpoint;
};

static const struct field decision_proof_fields[] = {
    NAME_FIELD  (decision_proof, decision),
    TEXT_FIELD  (decision_proof, record, .form = TEXT_ANY, .min = 4, .max = 16 << 20),
    TEXT_FIELD  (decision_proof, salt, .form = TEXT_SHA256, .min = 64, .max = 64),
    RECORD_FIELD(decision_proof, proof, inclusion_proof),
    TEXT_FIELD  (decision_proof, checkpoint, .form = TEXT_ANY, .min = 1, .max = PUBLISHED_NOTE_MAX),
};
const struct record decision_proof_record = RECORD(decision_proof, decision_proof_fields);

static const char *
base64_text(struct arena *arena, const void *bytes, size_t count)
{
    size_t      room = (count + 2) / 3 * 4 + 1;
    struct text text;

    text_open(&text, arena, room, room);
    base64_add(&text, bytes, count);
    text_add(&text, "", 1);
    return text.is_full ? NULL : text.bytes;
}

static const char *
hex_text(struct arena *arena, const struct digest *digest)
{
    char text[DIGEST_TEXT_MAX];

    digest_format(digest, text);
    return arena_copy(arena, text, DIGEST_TEXT_MAX - 1);
}

static enum problem
answer_decision(struct request *request, const struct stored_decision *stored, int64_t index,
                const struct published *published, struct reply *reply)
{
    struct tile_reader     reader = log_tile_reader(service_connection(request));
    struct digest          leaf = entry_leaf_hash(&stored->sealed.commitment);
    struct decision_proof *answer = arena_alloc(request->arena, 1, sizeof *answer);
    struct proof           proof;

    if (!inclusion_make(&reader, index, published->size, &proof))
        return no_tile(request);
    if (!answer || !inclusion_answer(index, published->size, &leaf, &proof, request->arena,
                                     &answer->proof))
        return PROBLEM_INTERNAL;
    answer->decision   = request->args[0];
    answer->record     = base64_text(request->arena, stored->record, stored->record_count);
    answer->salt       = hex_text(request->arena, &stored->sealed.salt);
    answer->checkpoint = arena_copy(request->arena, published->note, published->note_count);
    reply->answer      = answer;
    return answer->record && answer->salt && answer->checkpoint ? PROBLEM_NONE : PROBLEM_INTERNAL;
}

/* Where it stands, if the published checkpoint covers it. */
static enum problem
find_decision(struct request *request, int64_t published_size, struct reply *reply, int64_t *index)
{
    char         inst[INST_TEXT_MAX];
    int64_t      day, iseq;
    enum problem problem = PROBLEM_NO_SUCH_DECISION;

    if (decision_id_parse(request->args[0], &day, inst, &iseq))
        problem = problem_of_find(log_index_of_record(service_connection(request), inst, iseq,
                                                      index), PROBLEM_NOT_INTEGRATED);
    if (!problem && *index >= published_size)
        problem = PROBLEM_NOT_INTEGRATED;
    if (problem == PROBLEM_NOT_INTEGRATED)
        reply->retry_after_s = 1;
    return problem;
}

enum problem
get_decision_proof(struct request *request, struct reply *reply)
{
    static const char *const offers[] = { "application/json", "text/plain" };
    struct stored_decision   stored;
    struct published        *published = arena_alloc(request->arena, 1, sizeof *published);
    int64_t                  index;
    enum problem             problem = named_decision_find(request, &stored);

    if (problem || !published)
        return problem ? problem : PROBLEM_INTERNAL;
    if (!log_published(request->service->log, published))
        published->size = 0;
    if ((problem = find_decision(request, published->size, reply, &index)))
        return problem;
    reply_add_header(reply, "Vary", "Accept");
    return accept_choose(request->accept, offers, COUNT_OF(offers)) == 1
           ? answer_text(request, index, published->size,
                         (struct line){ .bytes = published->note, .count = published->note_count },
                         reply)
           : answer_decision(request, &stored, index, published, reply);
}
