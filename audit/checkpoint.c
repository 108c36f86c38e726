/* Checkpoints and cosignatures. */
#include "audit/checkpoint.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "audit/base64.h"

enum { KEY_ID_BYTES = 4, TIME_BYTES = 8, COSIGNED_MAX = CHECKPOINT_TEXT_MAX + 64 };

void
checkpoint_write(const struct checkpoint *checkpoint, struct text *out)
{
    assert(key_name_is_good(checkpoint->origin, strlen(checkpoint->origin)));
    assert(checkpoint->size >= 0);
    text_add_string(out, checkpoint->origin);
    text_add(out, "\n", 1);
    text_add_integer(out, checkpoint->size);
    text_add(out, "\n", 1);
    lines_add_digest(out, &checkpoint->root);
}

/* The text stands where the note will; signatures are appended behind it. */
void
checkpoint_sign(const struct checkpoint *checkpoint, const struct signer *signers,
                size_t signers_count, struct text *out)
{
    size_t start = out->count;

    checkpoint_write(checkpoint, out);
    size_t count = out->count - start;
    text_add(out, "\n", 1);
    for (size_t i = 0; i < signers_count && !out->is_full; i++)
        note_add_signature(out, &signers[i], out->bytes + start, count);
}

bool
checkpoint_parse(const char *text, size_t count, struct checkpoint *out)
{
    struct lines      lines      = lines_of(text, count);
    struct checkpoint checkpoint = { .size = 0 };
    struct line       origin, size, root;

    if (!lines_next(&lines, &origin) || !lines_next(&lines, &size) || !lines_next(&lines, &root) ||
        lines.at != lines.end)
        return false;
    if (!key_name_is_good(origin.bytes, origin.count) || !line_integer(size, &checkpoint.size) ||
        !line_digest(root, &checkpoint.root))
        return false;
    memcpy(checkpoint.origin, origin.bytes, origin.count);
    *out = checkpoint;
    return true;
}

enum verdict
checkpoint_open(const char *bytes, size_t count, const struct key *key, struct note *note,
                struct checkpoint *out)
{
    if (!note_parse(bytes, count, note))
        return VERDICT_MALFORMED;
    enum verdict verdict = note_check(note, key);
    if (verdict != VERDICT_GOOD)
        return verdict;
    if (!checkpoint_parse(note->text.bytes, note->text.count, out))
        return VERDICT_MALFORMED;
    return strcmp(out->origin, key->name) ? VERDICT_OTHER_ORIGIN : VERDICT_GOOD;
}

/* What a witness signs, into `message`. 0: the text is too long to be a checkpoint's. */
static size_t
cosigned(char message[static COSIGNED_MAX], int64_t time_s, const char *text, size_t text_count)
{
    int count = snprintf(message, COSIGNED_MAX, "cosignature/v1\ntime %" PRId64 "\n", time_s);

    if (text_count > CHECKPOINT_TEXT_MAX)
        return 0;
    assert(count > 0 && (size_t)count + text_count <= COSIGNED_MAX);
    memcpy(message + count, text, text_count);
    return (size_t)count + text_count;
}

void
cosignature_add(struct text *out, const struct signer *witness, int64_t time_s, const char *text,
                size_t text_count)
{
    char    message[COSIGNED_MAX];
    uint8_t body[TIME_BYTES + SIGNATURE_BYTES];
    size_t  count = cosigned(message, time_s, text, text_count);

    assert(witness->key.type == KEY_COSIGNATURE);
    assert(time_s >= 0);
    assert(count > 0);
    for (size_t i = 0; i < TIME_BYTES; i++)
        body[i] = (uint8_t)((uint64_t)time_s >> 8 * (TIME_BYTES - 1 - i));
    if (!signer_sign(witness, message, count, body + TIME_BYTES)) {
        out->is_full = true;
        return;
    }
    note_add_line(out, &witness->key, body, sizeof body);
}

enum verdict
cosignature_check(const struct note_signature *signature, const char *text, size_t text_count,
                  const struct key *witness, int64_t *time_s)
{
    char     message[COSIGNED_MAX];
    uint8_t  bytes[KEY_ID_BYTES + TIME_BYTES + SIGNATURE_BYTES];
    uint64_t time = 0;

    assert(witness->type == KEY_COSIGNATURE);
    assert(note_signature_is_of(signature, witness));
    if (!base64_decode(signature->base64.bytes, signature->base64.count, bytes, sizeof bytes))
        return VERDICT_BAD_SIGNATURE;
    for (size_t i = 0; i < TIME_BYTES; i++)
        time = time << 8 | bytes[KEY_ID_BYTES + i];
    if (time > INT64_MAX)
        return VERDICT_BAD_SIGNATURE;
    size_t count = cosigned(message, (int64_t)time, text, text_count);
    if (!count || !key_verifies(witness, message, count, bytes + KEY_ID_BYTES + TIME_BYTES))
        return VERDICT_BAD_SIGNATURE;
    *time_s = (int64_t)time;
    return VERDICT_GOOD;
}

enum verdict
cosignature_find(const struct note *note, const struct key *witness, int64_t *time_s)
{
    enum verdict found = VERDICT_NOT_SIGNED;

    for (size_t i = 0; i < note->signatures_count; i++) {
        int64_t time = 0;
        if (!note_signature_is_of(&note->signatures[i], witness))
            continue;
        enum verdict verdict = cosignature_check(&note->signatures[i], note->text.bytes,
                                                 note->text.count, witness, &time);
        if (verdict != VERDICT_GOOD)
            return verdict;
        if (found != VERDICT_GOOD || time > *time_s)
            *time_s = time;
        found = VERDICT_GOOD;
    }
    return found;
}
