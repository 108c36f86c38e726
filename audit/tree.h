/* The Merkle tree of RFC 6962 section 2.1: its hashes, how it grows, proofs out of tiles, and their
 * check. Indexes and sizes are 0 to 2^63 - 1. Nothing here allocates. */
#ifndef AUDIT_TREE_H
#define AUDIT_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/digest.h"
#include "audit/tile.h"

enum { FRONTIER_HASHES_MAX = 63, PROOF_HASHES_MAX = 64 };

/* SHA-256 of nothing; SHA-256(0x00 || entry); SHA-256(0x01 || left || right). */
struct digest tree_empty_root(void);
struct digest tree_leaf_hash(const void *entry, size_t count);
struct digest tree_node_hash(const struct digest *left, const struct digest *right);

/* A tree as the roots of the perfect subtrees that it is made of, the largest (leftmost) first: one
 * for each bit of its size. This is all that appending and the root need. Stored as the bytes of
 * `hashes`, 32 times `count` of them. */
struct frontier { int64_t size; size_t count; struct digest hashes[FRONTIER_HASHES_MAX]; };

/* From what was stored. False: the size is negative, or `count` bytes are not the 32 for each of
 * its bits. */
bool frontier_open(struct frontier *out, int64_t size, const void *bytes, size_t count);

/* One leaf more. Returns how many levels of tiles grow by a hash, at least the leaves': the hash
 * that level l grows by is stored[l], and its place there is tile_hashes(l, size) - 1 with the new
 * size. */
size_t frontier_append(struct frontier *frontier, const struct digest *leaf,
                       struct digest stored[static TILE_LEVELS]);

struct digest frontier_root(const struct frontier *frontier);

/* Where tiles come from: fills tile->width hashes. The width asked for is that of the tree at hand.
 * False: it cannot. */
struct tile_reader {
    bool (*read)(void *context, const struct tile *tile, struct digest hashes[static TILE_WIDTH]);
    void *context;
};

/* Hashes of a proof, in its order: from the leaf to the root. */
struct proof { size_t count; struct digest hashes[PROOF_HASHES_MAX]; };

/* The root, and the frontier, of the first `size` leaves. False: a tile could not be read. */
bool tree_root(const struct tile_reader *reader, int64_t size, struct digest *out);
bool tree_frontier(const struct tile_reader *reader, int64_t size, struct frontier *out);

/* PATH(index, D[size]) of RFC 6962 section 2.1.1. 0 <= index < size. False: a tile could not be
 * read. */
bool inclusion_make(const struct tile_reader *reader, int64_t index, int64_t size,
                    struct proof *out);

/* PROOF(first, D[second]) of RFC 6962 section 2.1.2; no hashes where first is 0 or second. 0 <=
 * first <= second. */
bool consistency_make(const struct tile_reader *reader, int64_t first, int64_t second,
                      struct proof *out);

/* RFC 9162 section 2.1.3.2. Whatever the numbers are, false unless the proof leads from this leaf
 * hash to this root. */
bool inclusion_check(const struct digest *leaf, int64_t index, int64_t size,
                     const struct proof *proof, const struct digest *root);

/* RFC 9162 section 2.1.4.2. From size 0: the proof must have no hashes, and the first root be the
 * empty tree's. */
bool consistency_check(int64_t first, int64_t second, const struct proof *proof,
                       const struct digest *first_root, const struct digest *second_root);

#endif
