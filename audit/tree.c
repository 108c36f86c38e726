/* The tree that grows, and proofs made from tiles. */
#include "audit/tree.h"

#include <assert.h>
#include <string.h>

enum { LEAF_PREFIX = 0, NODE_PREFIX = 1 };

_Static_assert(sizeof(struct digest) == DIGEST_BYTES, "digests in a row are the bytes of a tile");

struct digest
tree_empty_root(void)
{
    return digest_of("", 0);
}

struct digest
tree_leaf_hash(const void *entry, size_t count)
{
    static const uint8_t prefix[] = { LEAF_PREFIX };
    uint8_t              small[1 + 2 * DIGEST_BYTES] = { LEAF_PREFIX };

    if (count >= sizeof small) {
        const struct digest_part parts[] = { { prefix, sizeof prefix }, { entry, count } };
        return digest_of_parts(parts, 2);
    }
    if (count)
        memcpy(small + 1, entry, count);
    return digest_of(small, 1 + count);
}

struct digest
tree_node_hash(const struct digest *left, const struct digest *right)
{
    uint8_t bytes[1 + 2 * DIGEST_BYTES] = { NODE_PREFIX };

    memcpy(bytes + 1, left->bytes, DIGEST_BYTES);
    memcpy(bytes + 1 + DIGEST_BYTES, right->bytes, DIGEST_BYTES);
    return digest_of(bytes, sizeof bytes);
}

bool
frontier_open(struct frontier *out, int64_t size, const void *bytes, size_t count)
{
    if (size < 0 || count != DIGEST_BYTES * (size_t)__builtin_popcountll((uint64_t)size))
        return false;
    *out = (struct frontier){ .size = size, .count = count / DIGEST_BYTES };
    if (count)
        memcpy(out->hashes, bytes, count);
    return true;
}

/* As a binary counter goes up: two perfect subtrees of one height become one of the next, from the
 * lowest bit on. */
size_t
frontier_append(struct frontier *frontier, const struct digest *leaf,
                struct digest stored[static TILE_LEVELS])
{
    struct digest hash   = *leaf;
    size_t        levels = 0;

    assert(frontier->size >= 0 && frontier->size < INT64_MAX);
    stored[levels++] = hash;
    for (int height = 0; frontier->size >> height & 1; height++) {
        assert(frontier->count > 0);
        hash = tree_node_hash(&frontier->hashes[--frontier->count], &hash);
        if ((height + 1) % TILE_HEIGHT == 0)
            stored[levels++] = hash;
    }
    frontier->hashes[frontier->count++] = hash;
    frontier->size++;
    return levels;
}

/* Perfect subtrees beside each other, the largest first, as one tree: RFC 6962 splits at the
 * largest power of two. */
static struct digest
root_of(const struct digest *hashes, size_t count)
{
    struct digest root = hashes[count - 1];

    for (size_t i = count - 1; i-- > 0;)
        root = tree_node_hash(&hashes[i], &root);
    return root;
}

struct digest
frontier_root(const struct frontier *frontier)
{
    return frontier->count ? root_of(frontier->hashes, frontier->count) : tree_empty_root();
}

/* Makes proofs for a tree of `size` leaves; keeps the tile that it read last. */
struct prover {
    const struct tile_reader *reader;
    int64_t                   size;
    struct tile               tile;               /* width 0: none is read */
    struct digest             hashes[TILE_WIDTH];
};

static bool
load(struct prover *prover, int level, int64_t index)
{
    if (prover->tile.width && prover->tile.level == level && prover->tile.index == index)
        return true;
    prover->tile = (struct tile){ .level = level, .index = index };
    prover->tile.width = tile_width(level, index, prover->size);
    assert(prover->tile.width > 0);
    if (prover->reader->read(prover->reader->context, &prover->tile, prover->hashes))
        return true;
    prover->tile.width = 0;
    return false;
}

/* The root of the perfect subtree over the leaves from index * 2^height on: 2^(height mod 8) hashes
 * of one tile, folded. */
static bool
read_perfect(struct prover *prover, int height, int64_t index, struct digest *out)
{
    struct digest row[TILE_WIDTH / 2];
    int           level = height / TILE_HEIGHT;
    size_t        count = (size_t)1 << height % TILE_HEIGHT;
    int64_t       first = index * (int64_t)count;

    if (!load(prover, level, first / TILE_WIDTH))
        return false;
    assert(first % TILE_WIDTH + (int64_t)count <= prover->tile.width);
    memcpy(row, &prover->hashes[first % TILE_WIDTH], count * sizeof *row);
    for (; count > 1; count /= 2)
        for (size_t i = 0; i < count / 2; i++)
            row[i] = tree_node_hash(&row[2 * i], &row[2 * i + 1]);
    *out = row[0];
    return true;
}

/* The perfect subtrees of the leaves from `begin` to before `end`, one for each bit of their
 * number, the largest first. `begin` is a multiple of the largest, as wherever RFC 6962 splits. */
static bool
read_pieces(struct prover *prover, int64_t begin, int64_t end,
            struct digest hashes[static FRONTIER_HASHES_MAX], size_t *count)
{
    *count = 0;
    for (int height = FRONTIER_HASHES_MAX - 1; height >= 0; height--) {
        if (!((end - begin) >> height & 1))
            continue;
        assert((begin & ((INT64_C(1) << height) - 1)) == 0);
        if (!read_perfect(prover, height, begin >> height, &hashes[*count]))
            return false;
        (*count)++;
        begin += INT64_C(1) << height;
    }
    return true;
}

/* MTH(D[begin:end]), begin < end. */
static bool
read_subtree(struct prover *prover, int64_t begin, int64_t end, struct digest *out)
{
    struct digest hashes[FRONTIER_HASHES_MAX];
    size_t        count;

    if (!read_pieces(prover, begin, end, hashes, &count))
        return false;
    *out = root_of(hashes, count);
    return true;
}

bool
tree_frontier(const struct tile_reader *reader, int64_t size, struct frontier *out)
{
    struct prover prover = { .reader = reader, .size = size };

    assert(size >= 0);
    *out = (struct frontier){ .size = size };
    return read_pieces(&prover, 0, size, out->hashes, &out->count);
}

bool
tree_root(const struct tile_reader *reader, int64_t size, struct digest *out)
{
    struct frontier frontier;

    if (!tree_frontier(reader, size, &frontier))
        return false;
    *out = frontier_root(&frontier);
    return true;
}

/* The largest power of two below `count`, which is at least 2. */
static int64_t
split_of(int64_t count)
{
    return INT64_C(1) << (63 - __builtin_clzll((uint64_t)count - 1));
}

static void
reverse(struct proof *proof)
{
    for (size_t i = 0; i < proof->count / 2; i++) {
        struct digest hash                  = proof->hashes[i];
        proof->hashes[i]                    = proof->hashes[proof->count - 1 - i];
        proof->hashes[proof->count - 1 - i] = hash;
    }
}

static bool
add_subtree(struct prover *prover, int64_t begin, int64_t end, struct proof *out)
{
    assert(out->count < PROOF_HASHES_MAX);
    return read_subtree(prover, begin, end, &out->hashes[out->count++]);
}

/* From the root down to the subtree that ends the walk, the hash of each subtree that the walk
 * leaves aside. It goes left where `target` leaves or fewer are wanted of the left part, as
 * SUBPROOF does; PATH(m) walks as SUBPROOF(m + 1) does, but to the leaf. */
static bool
add_siblings(struct prover *prover, int64_t target, bool to_leaf, int64_t *begin, int64_t *end,
             struct proof *out)
{
    while (*end - *begin > 1 && (to_leaf || target != *end)) {
        int64_t middle = *begin + split_of(*end - *begin);
        bool    goes_left = target <= middle;
        if (!add_subtree(prover, goes_left ? middle : *begin, goes_left ? *end : middle, out))
            return false;
        *(goes_left ? end : begin) = middle;
    }
    return true;
}

bool
inclusion_make(const struct tile_reader *reader, int64_t index, int64_t size, struct proof *out)
{
    struct prover prover = { .reader = reader, .size = size };
    int64_t       begin  = 0, end = size;

    assert(index >= 0);
    assert(index < size);
    out->count = 0;
    if (!add_siblings(&prover, index + 1, true, &begin, &end, out))
        return false;
    reverse(out);
    return true;
}

bool
consistency_make(const struct tile_reader *reader, int64_t first, int64_t second, struct proof *out)
{
    struct prover prover = { .reader = reader, .size = second };
    int64_t       begin  = 0, end = second;

    assert(first >= 0);
    assert(first <= second);
    out->count = 0;
    if (first == 0 || first == second)
        return true;
    if (!add_siblings(&prover, first, false, &begin, &end, out))
        return false;
    /* Where the walk never went right, this subtree is the first tree itself, whose root the
     * verifier has. */
    if (begin > 0 && !add_subtree(&prover, begin, end, out))
        return false;
    reverse(out);
    return true;
}
