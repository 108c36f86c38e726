/* Tiles and bundles row by row. */
#include "db/growth.h"

#include <string.h>

/* How many bytes of the row that is not full a log of this size has. */
static size_t
open_bytes(int level, int64_t size)
{
    size_t unit = level == TILE_ENTRIES ? BUNDLE_ENTRY_BYTES : DIGEST_BYTES;

    return (size_t)(tile_hashes(level, size) % TILE_WIDTH) * unit;
}

void
growth_open(struct growth *growth, const struct frontier *frontier, struct arena *arena, size_t max)
{
    growth->frontier = *frontier;
    for (int level = 0; level < TILE_LEVELS; level++)
        growth->tiles[level] =
            (struct growing){ .n = tile_hashes(level, frontier->size) / TILE_WIDTH };
    growth->bundle = (struct growing){ .n = frontier->size / TILE_WIDTH };
    array_open(&growth->levels, ARRAY_OF_BIGINT, arena, 0, max);
    array_open(&growth->numbers, ARRAY_OF_BIGINT, arena, 0, max);
    array_open(&growth->data, ARRAY_OF_BYTEA, arena, 0, max);
    array_open(&growth->bundle_numbers, ARRAY_OF_BIGINT, arena, 0, max);
    array_open(&growth->bundle_data, ARRAY_OF_BYTEA, arena, 0, max);
}

static bool
set(struct growing *growing, int64_t n, const void *bytes, size_t count, size_t expected)
{
    if (n != growing->n || count != expected)
        return false;
    memcpy(growing->bytes, bytes, count);
    growing->count = count;
    return true;
}

bool
growth_set_tile(struct growth *growth, int level, int64_t n, const void *bytes, size_t count)
{
    return level >= 0 && level < TILE_LEVELS &&
           set(&growth->tiles[level], n, bytes, count, open_bytes(level, growth->frontier.size));
}

bool
growth_set_bundle(struct growth *growth, int64_t n, const void *bytes, size_t count)
{
    return set(&growth->bundle, n, bytes, count, open_bytes(TILE_ENTRIES, growth->frontier.size));
}

bool
growth_is_whole(const struct growth *growth)
{
    int64_t size = growth->frontier.size;

    for (int level = 0; level < TILE_LEVELS; level++)
        if (growth->tiles[level].count != open_bytes(level, size))
            return false;
    return growth->bundle.count == open_bytes(TILE_ENTRIES, size);
}

static void
write_tile(struct growth *growth, int level)
{
    const struct growing *tile = &growth->tiles[level];

    array_add_bigint(&growth->levels, level);
    array_add_bigint(&growth->numbers, tile->n);
    array_add(&growth->data, tile->bytes, tile->count);
}

static void
write_bundle(struct growth *growth)
{
    array_add_bigint(&growth->bundle_numbers, growth->bundle.n);
    array_add(&growth->bundle_data, growth->bundle.bytes, growth->bundle.count);
}

static void
grow_tile(struct growth *growth, int level, const struct digest *hash)
{
    struct growing *tile = &growth->tiles[level];

    memcpy(tile->bytes + tile->count, hash->bytes, DIGEST_BYTES);
    tile->count += DIGEST_BYTES;
    tile->has_grown = true;
    if (tile->count < TILE_WIDTH * DIGEST_BYTES)
        return;
    write_tile(growth, level);
    tile->n++;
    tile->count = 0;
}

static void
grow_bundle(struct growth *growth, const struct entry *entry)
{
    struct growing *bundle = &growth->bundle;

    bundle->bytes[bundle->count++] = 0;
    bundle->bytes[bundle->count++] = ENTRY_BYTES;
    memcpy(bundle->bytes + bundle->count, entry->bytes, ENTRY_BYTES);
    bundle->count += ENTRY_BYTES;
    bundle->has_grown = true;
    if (bundle->count < BUNDLE_BYTES_MAX)
        return;
    write_bundle(growth);
    bundle->n++;
    bundle->count = 0;
}

struct digest
growth_append(struct growth *growth, const struct entry *entry)
{
    struct digest leaf = tree_leaf_hash(entry->bytes, ENTRY_BYTES);
    struct digest stored[TILE_LEVELS];
    size_t        levels = frontier_append(&growth->frontier, &leaf, stored);

    for (size_t level = 0; level < levels; level++)
        grow_tile(growth, (int)level, &stored[level]);
    grow_bundle(growth, entry);
    return leaf;
}

bool
growth_end(struct growth *growth)
{
    for (int level = 0; level < TILE_LEVELS; level++)
        if (growth->tiles[level].count && growth->tiles[level].has_grown)
            write_tile(growth, level);
    if (growth->bundle.count && growth->bundle.has_grown)
        write_bundle(growth);
    return !growth->levels.text.is_full && !growth->numbers.text.is_full &&
           !growth->data.text.is_full && !growth->bundle_numbers.text.is_full &&
           !growth->bundle_data.text.is_full;
}
