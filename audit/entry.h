/* Entries of the log, 0x01 and a commitment, and the bundles that hold up to 256 of them
 * (c2sp.org/tlog-tiles, "Log entries"). */
#ifndef AUDIT_ENTRY_H
#define AUDIT_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/digest.h"
#include "audit/draft.h"
#include "audit/tile.h"
#include "record/text.h"

/* A bundle's: big-endian uint16 length, entry. */
enum {
    ENTRY_FORMAT       = 0x01,
    BUNDLE_ENTRY_BYTES = 2 + ENTRY_BYTES,
    BUNDLE_BYTES_MAX   = TILE_WIDTH * BUNDLE_ENTRY_BYTES,
};

struct entry { uint8_t bytes[ENTRY_BYTES]; };

struct entry  entry_of(const struct digest *commitment);
struct digest entry_leaf_hash(const struct digest *commitment); /* SHA-256(0x00 || entry) */

/* False: not 33 bytes, or of a format that is not known. */
bool entry_parse(const void *bytes, size_t count, struct digest *commitment);

/* An entry of any log, of at most 65,535 bytes, appended to a bundle. */
void bundle_add(struct text *out, const void *entry, size_t count);

/* The next entry of a bundle of any log. False: its end, or, where at != end, no entry. */
struct bundle { const uint8_t *at, *end; };
bool bundle_next(struct bundle *bundle, const uint8_t **entry, size_t *count);

/* A bundle of this log: exactly `width` entries, 1 to 256. False: *bad is the first entry that is
 * not one, or `width` where something follows the last. */
bool bundle_parse(const void *bytes, size_t count, int width,
                  struct digest commitments[static TILE_WIDTH], int *bad);

#endif
