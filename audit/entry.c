/* Entries and bundles. */
#include "audit/entry.h"

#include <assert.h>
#include <string.h>

#include "audit/tree.h"

struct entry
entry_of(const struct digest *commitment)
{
    struct entry entry = { { ENTRY_FORMAT } };
    memcpy(entry.bytes + 1, commitment->bytes, DIGEST_BYTES);
    return entry;
}

struct digest
entry_leaf_hash(const struct digest *commitment)
{
    struct entry entry = entry_of(commitment);
    return tree_leaf_hash(entry.bytes, sizeof entry.bytes);
}

bool
entry_parse(const void *bytes, size_t count, struct digest *commitment)
{
    const uint8_t *at = bytes;

    if (count != ENTRY_BYTES || at[0] != ENTRY_FORMAT)
        return false;
    memcpy(commitment->bytes, at + 1, DIGEST_BYTES);
    return true;
}

void
bundle_add(struct text *out, const void *entry, size_t count)
{
    const char length[2] = { (char)(count >> 8), (char)(count & 0xFF) };

    assert(count <= UINT16_MAX);
    text_add(out, length, sizeof length);
    text_add(out, entry, count);
}

bool
bundle_next(struct bundle *bundle, const uint8_t **entry, size_t *count)
{
    size_t left = (size_t)(bundle->end - bundle->at);

    if (left < 2)
        return false;
    size_t length = (size_t)bundle->at[0] << 8 | bundle->at[1];
    if (left - 2 < length)
        return false;
    *entry      = bundle->at + 2;
    *count      = length;
    bundle->at += 2 + length;
    return true;
}

bool
bundle_parse(const void *bytes, size_t count, int width,
             struct digest commitments[static TILE_WIDTH], int *bad)
{
    struct bundle  bundle = { .at = bytes, .end = (const uint8_t *)bytes + count };
    const uint8_t *entry;
    size_t         entry_count;

    assert(width >= 1 && width <= TILE_WIDTH);
    for (*bad = 0; *bad < width; (*bad)++)
        if (!bundle_next(&bundle, &entry, &entry_count) ||
            !entry_parse(entry, entry_count, &commitments[*bad]))
            return false;
    return bundle.at == bundle.end;
}
