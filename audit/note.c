/* Notes: their form, and the signatures under them. */
#include "audit/note.h"

#include <assert.h>
#include <string.h>

#include "audit/base64.h"
#include "record/scan.h"

enum { KEY_ID_BYTES = 4 };

#define DASH "\xe2\x80\x94 "             /* U+2014 and a space */

static bool
is_text(const char *at, const char *end)
{
    while (at < end) {
        size_t count = utf8_character(at, end);
        if (!count || ((uint8_t)*at < 0x20 && *at != '\n'))
            return false;
        at += count;
    }
    return true;
}

bool
note_signature_parse(struct line line, struct note_signature *out)
{
    struct note_signature signature = { .line = line };
    struct line           rest;
    uint8_t               id[6];          /* what eight characters hold: the key ID's 4 bytes */
    size_t                count;

    if (!line_starts(line, DASH, &rest) ||
        !line_cut(rest, ' ', &signature.name, &signature.base64) ||
        !key_name_is_good(signature.name.bytes, signature.name.count) ||
        !base64_measure(signature.base64.bytes, signature.base64.count, &count) ||
        count <= KEY_ID_BYTES)
        return false;
    if (!base64_decode(signature.base64.bytes, 8, id, count < sizeof id ? count : sizeof id))
        return false;
    signature.key_id = (uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 | id[3];
    *out = signature;
    return true;
}

/* Where the signatures begin: after the last blank line. NULL: there is none. */
static const char *
find_signatures(const char *bytes, size_t count)
{
    for (size_t at = count; at >= 2; at--)
        if (bytes[at - 1] == '\n' && bytes[at - 2] == '\n')
            return bytes + at;
    return NULL;
}

bool
note_parse(const char *bytes, size_t count, struct note *out)
{
    const char  *end        = bytes + count;
    const char  *signatures = count <= NOTE_BYTES_MAX ? find_signatures(bytes, count) : NULL;
    struct lines lines;
    struct line  line;

    if (!signatures || signatures - bytes < 2 || !is_text(bytes, end) || end[-1] != '\n')
        return false;
    out->text = (struct line){ .bytes = bytes, .count = (size_t)(signatures - bytes) - 1 };
    out->signatures_count = 0;
    lines = (struct lines){ .at = signatures, .end = end };
    while (lines_next(&lines, &line)) {
        if (out->signatures_count == NOTE_SIGNATURES_MAX ||
            !note_signature_parse(line, &out->signatures[out->signatures_count]))
            return false;
        out->signatures_count++;
    }
    return out->signatures_count > 0;
}

bool
note_signature_is_of(const struct note_signature *signature, const struct key *key)
{
    return signature->key_id == key->id && line_is(signature->name, key->name);
}

void
note_add_line(struct text *out, const struct key *key, const void *body, size_t body_count)
{
    uint8_t bytes[KEY_ID_BYTES + 8 + SIGNATURE_BYTES] = {
        (uint8_t)(key->id >> 24), (uint8_t)(key->id >> 16),
        (uint8_t)(key->id >> 8), (uint8_t)key->id,
    };

    assert(body_count <= sizeof bytes - KEY_ID_BYTES);
    memcpy(bytes + KEY_ID_BYTES, body, body_count);
    text_add_string(out, DASH);
    text_add_string(out, key->name);
    text_add(out, " ", 1);
    base64_add(out, bytes, KEY_ID_BYTES + body_count);
    text_add(out, "\n", 1);
}

void
note_add_signature(struct text *out, const struct signer *signer, const char *text,
                   size_t text_count)
{
    uint8_t signature[SIGNATURE_BYTES];

    assert(signer->key.type == KEY_NOTE);
    assert(text_count > 0 && text[text_count - 1] == '\n');
    if (!signer_sign(signer, text, text_count, signature)) {
        out->is_full = true;
        return;
    }
    note_add_line(out, &signer->key, signature, sizeof signature);
}

void
note_write(struct text *out, const char *text, size_t text_count, const struct signer *signers,
           size_t signers_count)
{
    assert(signers_count > 0 && signers_count <= NOTE_SIGNATURES_MAX);
    text_add(out, text, text_count);
    text_add(out, "\n", 1);
    for (size_t i = 0; i < signers_count; i++)
        note_add_signature(out, &signers[i], text, text_count);
}

enum verdict
note_check(const struct note *note, const struct key *key)
{
    enum verdict verdict = VERDICT_NOT_SIGNED;

    assert(key->type == KEY_NOTE);
    for (size_t i = 0; i < note->signatures_count; i++) {
        const struct note_signature *signature = &note->signatures[i];
        uint8_t                      bytes[KEY_ID_BYTES + SIGNATURE_BYTES];
        if (!note_signature_is_of(signature, key))
            continue;
        if (!base64_decode(signature->base64.bytes, signature->base64.count, bytes, sizeof bytes) ||
            !key_verifies(key, note->text.bytes, note->text.count, bytes + KEY_ID_BYTES))
            return VERDICT_BAD_SIGNATURE;
        verdict = VERDICT_GOOD;
    }
    return verdict;
}
