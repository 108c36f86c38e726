/* The log's right edge while it grows: the frontier, and the tiles and the bundle that are not full
 * yet. Only for db/. */
#ifndef DB_GROWTH_H
#define DB_GROWTH_H

#include "audit/entry.h"
#include "audit/tree.h"
#include "db/array.h"

/* A row that grows: hashes of a tile, or entries of a bundle. */
struct growing { int64_t n; size_t count; bool has_grown; uint8_t bytes[BUNDLE_BYTES_MAX]; };

/* Rows that are to be written, each with all its bytes. */
struct growth {
    struct frontier frontier;
    struct growing  tiles[TILE_LEVELS], bundle;
    struct array    levels, numbers, data;        /* tiles */
    struct array    bundle_numbers, bundle_data;
};

/* From the head; the right edge's bytes are set by growth_set_tile and growth_set_bundle before the
 * first append. The arrays take at most `max` bytes of the arena. */
void growth_open(struct growth *growth, const struct frontier *frontier, struct arena *arena,
                 size_t max);
/* What stands in the row that is not full yet; false: it is not as long as the size says. */
bool growth_set_tile(struct growth *growth, int level, int64_t n, const void *bytes, size_t count);
bool growth_set_bundle(struct growth *growth, int64_t n, const void *bytes, size_t count);
/* Whether all that the size asks for was set. */
bool growth_is_whole(const struct growth *growth);

/* One entry more; returns its leaf hash. */
struct digest growth_append(struct growth *growth, const struct entry *entry);
/* Adds the rows that grew and are not full to the arrays. False: no memory. */
bool growth_end(struct growth *growth);

#endif
