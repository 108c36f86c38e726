/* The tests' tree. */
#include "tests/merkle.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct merkle *
merkle_open(void)
{
    struct merkle *merkle = calloc(1, sizeof *merkle);

    ck_assert_ptr_nonnull(merkle);
    for (size_t level = 0; level < MERKLE_LEVELS; level++) {
        size_t room = ((size_t)MERKLE_LEAVES_MAX >> 8 * level) + 1;
        merkle->levels[level] = calloc(room, sizeof *merkle->levels[level]);
        ck_assert_ptr_nonnull(merkle->levels[level]);
    }
    return merkle;
}

void
merkle_close(struct merkle *merkle)
{
    for (size_t level = 0; level < MERKLE_LEVELS; level++)
        free(merkle->levels[level]);
    free(merkle);
}

void
merkle_append(struct merkle *merkle, const struct digest *leaf)
{
    struct digest stored[TILE_LEVELS];
    size_t        levels = frontier_append(&merkle->frontier, leaf, stored);

    if (levels < 1 || levels > MERKLE_LEVELS || merkle->frontier.size > MERKLE_LEAVES_MAX)
        ck_abort_msg("%zu levels at size %zu", levels, (size_t)merkle->frontier.size);
    for (size_t level = 0; level < levels; level++)
        merkle->levels[level][merkle->counts[level]++] = stored[level];
}

void
merkle_append_decimals(struct merkle *merkle, size_t size)
{
    while (merkle->counts[0] < size) {
        char          text[24];
        int           count = snprintf(text, sizeof text, "%zu", merkle->counts[0]);
        struct digest leaf = tree_leaf_hash(text, (size_t)count);
        merkle_append(merkle, &leaf);
    }
}

static bool
read_tile(void *context, const struct tile *tile, struct digest hashes[static TILE_WIDTH])
{
    struct merkle *merkle = context;
    size_t         first = (size_t)tile->index * TILE_WIDTH;

    merkle->reads++;
    if (merkle->failing_read && merkle->reads == (size_t)merkle->failing_read)
        return false;
    if (tile->level < 0 || tile->level >= MERKLE_LEVELS || tile->width < 1 ||
        tile->width > TILE_WIDTH || first + (size_t)tile->width > merkle->counts[tile->level])
        ck_abort_msg("no such tile: level %d, index %zu, width %d", tile->level, first / TILE_WIDTH,
                     tile->width);
    memcpy(hashes, &merkle->levels[tile->level][first], (size_t)tile->width * sizeof *hashes);
    return true;
}

struct tile_reader
merkle_reader(struct merkle *merkle)
{
    return (struct tile_reader){ .read = read_tile, .context = merkle };
}

struct digest
merkle_defined(const struct merkle *merkle, size_t begin, size_t end)
{
    size_t split = 1;

    if (begin == end)
        return digest_of("", 0);
    if (end - begin == 1)
        return merkle->levels[0][begin];
    while (2 * split < end - begin)
        split *= 2;
    struct digest left  = merkle_defined(merkle, begin, begin + split);
    struct digest right = merkle_defined(merkle, begin + split, end);
    uint8_t       node[1 + 2 * DIGEST_BYTES] = { 1 };
    memcpy(node + 1, left.bytes, DIGEST_BYTES);
    memcpy(node + 1 + DIGEST_BYTES, right.bytes, DIGEST_BYTES);
    return digest_of(node, sizeof node);
}
