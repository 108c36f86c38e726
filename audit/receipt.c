/* Receipts. */
#include "audit/receipt.h"

#include <assert.h>
#include <string.h>

#include "audit/base64.h"
#include "audit/entry.h"

#define SUFFIX "/receipt"

bool
receipt_name(const char *origin, char name[static KEY_NAME_BYTES_MAX + 1])
{
    size_t count = strlen(origin);

    if (!key_name_is_good(origin, count) || count + strlen(SUFFIX) > KEY_NAME_BYTES_MAX)
        return false;
    memcpy(name, origin, count);
    memcpy(name + count, SUFFIX, sizeof SUFFIX);
    return true;
}

static bool
is_receipt_name(const char *name)
{
    size_t count = strlen(name);
    return count > strlen(SUFFIX) && !strcmp(name + count - strlen(SUFFIX), SUFFIX);
}

void
receipt_sign(const struct receipt *receipt, const struct signer *signer, struct text *out)
{
    size_t       start = out->count;
    struct entry entry = entry_of(&receipt->commitment);

    assert(is_receipt_name(signer->key.name));
    assert(receipt->ts_ms >= 0);
    text_add_string(out, signer->key.name);
    text_add_string(out, "\nreceipt/v1\n");
    base64_add(out, entry.bytes, sizeof entry.bytes);
    text_add(out, "\n", 1);
    text_add_integer(out, receipt->ts_ms);
    text_add(out, "\n", 1);
    size_t count = out->count - start;
    text_add(out, "\n", 1);
    if (!out->is_full)
        note_add_signature(out, signer, out->bytes + start, count);
}

static bool
parse_text(struct line text, const char *key_name, struct receipt *out)
{
    struct lines lines = lines_of(text.bytes, text.count);
    struct line  name, version, base64, ts;
    struct entry entry;

    return lines_next(&lines, &name) && lines_next(&lines, &version) &&
           lines_next(&lines, &base64) && lines_next(&lines, &ts) && lines.at == lines.end &&
           line_is(name, key_name) && line_is(version, "receipt/v1") &&
           base64_decode(base64.bytes, base64.count, entry.bytes, sizeof entry.bytes) &&
           entry_parse(entry.bytes, sizeof entry.bytes, &out->commitment) &&
           line_integer(ts, &out->ts_ms);
}

enum verdict
receipt_open(const char *bytes, size_t count, const struct key *key, struct receipt *out)
{
    struct note    note;
    struct receipt receipt;

    if (!is_receipt_name(key->name))
        return VERDICT_OTHER_ORIGIN;
    if (!note_parse(bytes, count, &note))
        return VERDICT_MALFORMED;
    enum verdict verdict = note_check(&note, key);
    if (verdict != VERDICT_GOOD)
        return verdict;
    if (!parse_text(note.text, key->name, &receipt))
        return VERDICT_MALFORMED;
    *out = receipt;
    return VERDICT_GOOD;
}
