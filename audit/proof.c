/* Proofs in JSON and as text. */
#include "audit/proof.h"

#include <assert.h>
#include <string.h>

#include "audit/base64.h"

static const struct field proof_hash_fields[] = {
    TEXT_FIELD(proof_hash, hash, .form = TEXT_ANY, .min = BASE64_DIGEST_BYTES,
               .max = BASE64_DIGEST_BYTES),
};
static const struct record proof_hash_record = BARE(proof_hash, proof_hash_fields);

static const struct field inclusion_proof_fields[] = {
    INTEGER_FIELD(inclusion_proof, leaf_index, .max = INTEGER_MAX),
    INTEGER_FIELD(inclusion_proof, tree_size, .min = 1, .max = INTEGER_MAX),
    TEXT_FIELD   (inclusion_proof, leaf_hash, .form = TEXT_ANY, .min = BASE64_DIGEST_BYTES,
                  .max = BASE64_DIGEST_BYTES),
    LIST_FIELD   (inclusion_proof, audit_path, proof_hash, .max = PROOF_HASHES_MAX),
};
const struct record inclusion_proof_record = RECORD(inclusion_proof, inclusion_proof_fields);

static const struct field consistency_proof_fields[] = {
    INTEGER_FIELD(consistency_proof, first, .max = INTEGER_MAX),
    INTEGER_FIELD(consistency_proof, second, .max = INTEGER_MAX),
    LIST_FIELD   (consistency_proof, consistency, proof_hash, .max = PROOF_HASHES_MAX),
};
const struct record consistency_proof_record = RECORD(consistency_proof, consistency_proof_fields);

/* NULL: the arena is full. */
static const char *
copy_digest(const struct digest *digest, struct arena *arena)
{
    struct text text;

    text_open(&text, arena, BASE64_DIGEST_BYTES + 1, BASE64_DIGEST_BYTES + 1);
    base64_add(&text, digest->bytes, DIGEST_BYTES);
    text_add(&text, "", 1);
    return text.is_full ? NULL : text.bytes;
}

static bool
copy_hashes(const struct proof *proof, struct arena *arena, struct proof_hash **list, size_t *count)
{
    *count = proof->count;
    *list  = arena_alloc(arena, proof->count + 1, sizeof **list);
    if (!*list)
        return false;
    for (size_t i = 0; i < proof->count; i++) {
        (*list)[i].hash = copy_digest(&proof->hashes[i], arena);
        if (!(*list)[i].hash)
            return false;
    }
    return true;
}

bool
inclusion_answer(int64_t index, int64_t size, const struct digest *leaf, const struct proof *proof,
                 struct arena *arena, struct inclusion_proof *out)
{
    assert(size <= INTEGER_MAX);
    *out = (struct inclusion_proof){ .leaf_index = index, .tree_size = size };
    out->leaf_hash = copy_digest(leaf, arena);
    return out->leaf_hash && copy_hashes(proof, arena, &out->audit_path, &out->audit_path_count);
}

bool
consistency_answer(int64_t first, int64_t second, const struct proof *proof, struct arena *arena,
                   struct consistency_proof *out)
{
    assert(second <= INTEGER_MAX);
    *out = (struct consistency_proof){ .first = first, .second = second };
    return copy_hashes(proof, arena, &out->consistency, &out->consistency_count);
}

static bool
read_digest(const char *text, struct digest *out)
{
    return line_digest((struct line){ .bytes = text, .count = strlen(text) }, out);
}

static bool
read_hashes(const struct proof_hash *list, size_t count, struct proof *out)
{
    if (count > PROOF_HASHES_MAX)
        return false;
    for (out->count = 0; out->count < count; out->count++)
        if (!read_digest(list[out->count].hash, &out->hashes[out->count]))
            return false;
    return true;
}

bool
inclusion_answer_read(const struct inclusion_proof *answer, struct digest *leaf, struct proof *out)
{
    return read_digest(answer->leaf_hash, leaf) &&
           read_hashes(answer->audit_path, answer->audit_path_count, out);
}

bool
consistency_answer_read(const struct consistency_proof *answer, struct proof *out)
{
    return read_hashes(answer->consistency, answer->consistency_count, out);
}

/* The two alphabets differ in two characters; the third spelling of those is refused. */
bool
proof_hash_parse(const char *text, struct digest *out)
{
    char   base64[BASE64_DIGEST_BYTES];
    size_t count = strlen(text);

    if (count == DIGEST_TEXT_MAX - 1)
        return digest_parse(text, out);
    if (count != BASE64_DIGEST_BYTES && count != BASE64_DIGEST_BYTES - 1)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (text[i] == '+' || text[i] == '/')
            return false;
        base64[i] = text[i];
        if (text[i] == '-')
            base64[i] = '+';
        if (text[i] == '_')
            base64[i] = '/';
    }
    if (count < BASE64_DIGEST_BYTES)
        base64[BASE64_DIGEST_BYTES - 1] = '=';
    return line_digest((struct line){ .bytes = base64, .count = sizeof base64 }, out);
}

void
tlog_proof_write(struct text *out, int64_t index, const struct proof *path, const char *note,
                 size_t note_count)
{
    text_add_string(out, "c2sp.org/tlog-proof@v1\nindex ");
    text_add_integer(out, index);
    text_add(out, "\n", 1);
    for (size_t i = 0; i < path->count; i++)
        lines_add_digest(out, &path->hashes[i]);
    text_add(out, "\n", 1);
    text_add(out, note, note_count);
}

/* The line may be missing. */
static bool
parse_extra(struct lines *lines, struct line *line, struct tlog_proof *out)
{
    size_t measured;

    if (!line_starts(*line, "extra ", &out->extra)) {
        out->extra = (struct line){ .bytes = line->bytes };
        return true;
    }
    return base64_measure(out->extra.bytes, out->extra.count, &measured) && lines_next(lines, line);
}

bool
tlog_proof_parse(const char *bytes, size_t count, struct tlog_proof *out)
{
    struct lines lines = lines_of(bytes, count);
    struct line  line, index;

    if (!lines_next(&lines, &line) || !line_is(line, "c2sp.org/tlog-proof@v1") ||
        !lines_next(&lines, &line) || !parse_extra(&lines, &line, out) ||
        !line_starts(line, "index ", &index) || !line_integer(index, &out->index))
        return false;
    for (out->path.count = 0; lines_next(&lines, &line) && line.count; out->path.count++)
        if (out->path.count == PROOF_HASHES_MAX ||
            !line_digest(line, &out->path.hashes[out->path.count]))
            return false;
    if (line.count)
        return false;                 /* no blank line: the text ended */
    out->checkpoint = (struct line){ .bytes = lines.at, .count = (size_t)(lines.end - lines.at) };
    return true;
}

enum verdict
tlog_proof_check(const struct tlog_proof *proof, const struct digest *leaf, const struct key *log,
                 const struct policy *policy, struct checkpoint *out)
{
    struct note  note;
    enum verdict verdict =
        checkpoint_open(proof->checkpoint.bytes, proof->checkpoint.count, log, &note, out);

    if (verdict == VERDICT_GOOD && policy)
        verdict = policy_check_witnesses(policy, &note);
    if (verdict != VERDICT_GOOD)
        return verdict;
    if (!inclusion_check(leaf, proof->index, out->size, &proof->path, &out->root))
        return VERDICT_NOT_INCLUDED;
    return VERDICT_GOOD;
}
