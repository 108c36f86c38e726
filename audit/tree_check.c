/* The check of proofs: RFC 9162's algorithms, which follow a leaf's (or the last old leaf's) way up
 * by the bits of its index. */
#include "audit/tree.h"

/* A node on its way up: its index among the nodes of its height, and that of the last of them. */
struct climb { int64_t node, last; };

static void
up(struct climb *climb)
{
    climb->node >>= 1;
    climb->last >>= 1;
}

/* A last node that is a left child stands alone: it goes up, to where it has a sibling, without
 * being hashed. */
static void
up_past_lone(struct climb *climb)
{
    while (!(climb->node & 1) && climb->node != 0)
        up(climb);
}

bool
inclusion_check(const struct digest *leaf, int64_t index, int64_t size, const struct proof *proof,
                const struct digest *root)
{
    struct climb  climb = { .node = index, .last = size - 1 };
    struct digest hash  = *leaf;

    if (index < 0 || index >= size)
        return false;
    for (size_t i = 0; i < proof->count; i++) {
        if (climb.last == 0)
            return false;
        if (climb.node & 1 || climb.node == climb.last) {
            hash = tree_node_hash(&proof->hashes[i], &hash);
            up_past_lone(&climb);
        } else {
            hash = tree_node_hash(&hash, &proof->hashes[i]);
        }
        up(&climb);
    }
    return climb.last == 0 && digest_equal(&hash, root);
}

/* Both roots out of the proof's hashes after the `seed`, a subtree that both trees have. */
static bool
climb_both(struct climb climb, const struct digest *seed, const struct digest *hashes, size_t count,
           const struct digest *first_root, const struct digest *second_root)
{
    struct digest first = *seed, second = *seed;

    for (size_t i = 0; i < count; i++) {
        if (climb.last == 0)
            return false;
        if (climb.node & 1 || climb.node == climb.last) {
            first  = tree_node_hash(&hashes[i], &first);
            second = tree_node_hash(&hashes[i], &second);
            up_past_lone(&climb);
        } else {
            second = tree_node_hash(&second, &hashes[i]);
        }
        up(&climb);
    }
    return climb.last == 0 && digest_equal(&first, first_root) &&
           digest_equal(&second, second_root);
}

bool
consistency_check(int64_t first, int64_t second, const struct proof *proof,
                  const struct digest *first_root, const struct digest *second_root)
{
    struct climb  climb = { .node = first - 1, .last = second - 1 };
    struct digest empty = tree_empty_root();

    if (first < 0 || first > second)
        return false;
    if (first == second)
        return proof->count == 0 && digest_equal(first_root, second_root) &&
               (first > 0 || digest_equal(first_root, &empty));
    if (first == 0)
        return proof->count == 0 && digest_equal(first_root, &empty);
    if (proof->count == 0)
        return false;
    while (climb.node & 1)
        up(&climb);
    /* An old tree whose size is a power of two is itself the subtree to begin from, and left out of
     * the proof. */
    if ((first & (first - 1)) == 0)
        return climb_both(climb, first_root, proof->hashes, proof->count, first_root, second_root);
    return climb_both(climb, &proof->hashes[0], proof->hashes + 1, proof->count - 1, first_root,
                      second_root);
}
