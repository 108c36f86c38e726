/* Any bytes as each of the log's texts: read or refused; what is read and can be written is written
 * as the same bytes. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "audit/entry.h"
#include "audit/proof.h"
#include "audit/receipt.h"
#include "audit/witness.h"
#include "record/json.h"
#include "tests/notes.h"

enum { ARENA_BYTES_MAX = 1 << 22, TEXT_BYTES_MAX = 1 << 21 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static struct key
key_of_line(const char *line)
{
    struct key   key;
    enum verdict verdict = key_parse(line, strlen(line), &key);
    assert(verdict == VERDICT_GOOD);
    return key;
}

static void
assert_same(const struct text *text, const char *bytes, size_t count)
{
    assert(!text->is_full);
    assert(text->count == count);
    assert(!memcmp(text->bytes, bytes, count));
}

static void
try_keys(const char *bytes, size_t count, struct arena *arena)
{
    struct key    key;
    struct signer signer;
    struct text   text;

    text_open(&text, arena, 64, TEXT_BYTES_MAX);
    if (key_parse(bytes, count, &key) == VERDICT_GOOD)
        key_write(&key, &text);
    else if (signer_parse(bytes, count, &signer) == VERDICT_GOOD)
        signer_write(&signer, &text);
    else
        return;
    assert_same(&text, bytes, count - (bytes[count - 1] == '\n'));
}

static void
try_note(const char *bytes, size_t count, struct arena *arena)
{
    struct key  key = key_of_line(LOG_VKEY), witness = key_of_line(WITNESS1_VKEY);
    struct note note;
    struct text text;
    int64_t     time_s;

    if (!note_parse(bytes, count, &note))
        return;
    text_open(&text, arena, count, TEXT_BYTES_MAX);
    text_add(&text, note.text.bytes, note.text.count);
    text_add(&text, "\n", 1);
    for (size_t i = 0; i < note.signatures_count; i++) {
        text_add(&text, note.signatures[i].line.bytes, note.signatures[i].line.count);
        text_add(&text, "\n", 1);
    }
    assert_same(&text, bytes, count);
    note_check(&note, &key);
    cosignature_find(&note, &witness, &time_s);
}

static void
try_checkpoint(const char *bytes, size_t count, struct arena *arena)
{
    struct checkpoint checkpoint;
    struct text       text;

    if (!checkpoint_parse(bytes, count, &checkpoint))
        return;
    text_open(&text, arena, 64, TEXT_BYTES_MAX);
    checkpoint_write(&checkpoint, &text);
    assert_same(&text, bytes, count);
}

static void
try_proof(const char *bytes, size_t count, struct arena *arena)
{
    struct key        key = key_of_line(LOG_VKEY);
    struct digest     leaf = digest_of("", 0);
    struct tlog_proof proof;
    struct checkpoint checkpoint;
    struct text       text;

    if (!tlog_proof_parse(bytes, count, &proof))
        return;
    tlog_proof_check(&proof, &leaf, &key, NULL, &checkpoint);
    if (proof.extra.count || memmem(bytes, count, "\nextra ", 7))
        return;                               /* we never write that line */
    text_open(&text, arena, count, TEXT_BYTES_MAX);
    tlog_proof_write(&text, proof.index, &proof.path, proof.checkpoint.bytes,
                     proof.checkpoint.count);
    assert_same(&text, bytes, count);
}

static void
assert_written_alike(const struct record *record, const void *one, const void *other, size_t room,
                     struct arena *arena)
{
    struct text first, second;

    text_open(&first, arena, room, TEXT_BYTES_MAX);
    text_open(&second, arena, room, TEXT_BYTES_MAX);
    json_write(record, one, JSON_DECLARED, &first);
    json_write(record, other, JSON_DECLARED, &second);
    assert_same(&first, second.bytes, second.count);
}

/* What /log/proof answers. */
static void
try_inclusion(const char *bytes, size_t count, struct arena *arena)
{
    struct inclusion_proof answer, again;
    struct digest          leaf;
    struct proof           proof;
    struct faults          faults;

    faults_open(&faults, 1);
    if (!json_read(&inclusion_proof_record, bytes, count, arena, &answer, &faults) ||
        !inclusion_answer_read(&answer, &leaf, &proof))
        return;
    bool is_made = inclusion_answer(answer.leaf_index, answer.tree_size, &leaf, &proof, arena,
                                    &again);
    assert(is_made);
    assert_written_alike(&inclusion_proof_record, &answer, &again, count, arena);
}

static void
try_consistency(const char *bytes, size_t count, struct arena *arena)
{
    struct consistency_proof answer, again;
    struct proof             proof;
    struct faults            faults;

    faults_open(&faults, 1);
    if (!json_read(&consistency_proof_record, bytes, count, arena, &answer, &faults) ||
        !consistency_answer_read(&answer, &proof))
        return;
    bool is_made = consistency_answer(answer.first, answer.second, &proof, arena, &again);
    assert(is_made);
    assert_written_alike(&consistency_proof_record, &answer, &again, count, arena);
}

/* A leaf's hash in a query, again in the form that it came in. */
static void
try_hash(const char *bytes, size_t count, struct arena *arena)
{
    const char   *text = arena_copy(arena, bytes, count);
    char          hex[DIGEST_TEXT_MAX];
    struct digest digest;
    struct text   base64;

    assert(text);
    if (!proof_hash_parse(text, &digest))
        return;
    digest_format(&digest, hex);
    text_open(&base64, arena, 0, TEXT_BYTES_MAX);
    lines_add_digest(&base64, &digest);
    for (char *at = base64.bytes; at < base64.bytes + base64.count; at++)
        *at = (char)(*at == '+' ? '-' : *at == '/' ? '_' : *at);
    assert(!strcmp(text, hex) || !memcmp(text, base64.bytes, strlen(text)));
}

static void
try_policy(const char *bytes, size_t count)
{
    struct policy       policy;
    struct policy_fault fault = { .what = NULL };
    struct note         note;
    struct checkpoint   checkpoint;

    if (policy_parse(bytes, count, &policy, &fault)) {
        assert(policy_quorum_is_met(&policy, UINT64_C(0xFFFFFFFF)));
        policy_check(&policy, HEAD_NOTE WITNESS1_LINE, strlen(HEAD_NOTE WITNESS1_LINE), &note,
                     &checkpoint);
        return;
    }
    assert(fault.what);
    assert(fault.line >= 1);
}

static void
try_answers(const char *bytes, size_t count)
{
    static const struct witness_question question = {
        .old = 3,
        .size = 8,
        .text = { HEAD_TEXT, sizeof HEAD_TEXT - 1 },
        .note = { HEAD_NOTE, sizeof HEAD_NOTE - 1 },
    };
    struct key            witness = key_of_line(WITNESS1_VKEY);
    struct witness_answer answer;

    witness_answer_read(200, "text/plain", bytes, count, &question, &witness, &answer);
    assert(answer.next == WITNESS_COSIGNED || answer.next == WITNESS_ALARM);
    witness_answer_read(409, "text/x.tlog.size", bytes, count, &question, &witness, &answer);
    assert(answer.next == WITNESS_CATCH_UP || answer.next == WITNESS_AHEAD ||
           answer.next == WITNESS_ALARM);
}

static void
try_bundle(const uint8_t *bytes, size_t count)
{
    struct digest commitments[TILE_WIDTH];
    int width = count >= BUNDLE_ENTRY_BYTES && count <= BUNDLE_BYTES_MAX
                    ? (int)(count / BUNDLE_ENTRY_BYTES)
                    : 1,
        bad;

    assert(!bundle_parse(bytes, count, width, commitments, &bad) ||
           count == (size_t)width * BUNDLE_ENTRY_BYTES);
    assert(bad >= 0 && bad <= width);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct key     receipts = key_of_line(RECEIPT_VKEY);
    struct receipt receipt;
    struct arena   arena;
    const char    *text = (const char *)bytes;

    arena_open(&arena, ARENA_BYTES_MAX);
    try_keys(text, count, &arena);
    try_note(text, count, &arena);
    try_checkpoint(text, count, &arena);
    try_proof(text, count, &arena);
    try_inclusion(text, count, &arena);
    try_consistency(text, count, &arena);
    try_hash(text, count, &arena);
    try_policy(text, count);
    try_answers(text, count);
    try_bundle(bytes, count);
    receipt_open(text, count, &receipts, &receipt);
    arena_close(&arena);
    return 0;
}
