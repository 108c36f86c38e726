/* The tree against the roots that the certificate-transparency reference tests publish, and against
 * RFC 6962's recursive definitions written down here once more. */
#include "audit/tree.h"

#include <stdlib.h>
#include <string.h>

#include "tests/merkle.h"
#include "tests/suite.h"

enum { CASES = 10, SIZES_A_CASE = 13, SIZE_MAX_EVERY_BIT = 12 };      /* proofs: sizes 1 to 130 */

/* An assertion of check writes to its file each time, which takes longer than a hash. */
static void
must(bool is_so, const char *what, size_t a, size_t b)
{
    if (!is_so)
        ck_abort_msg("%s: %zu of %zu", what, a, b);
}

static void
assert_digest(const struct digest *digest, const char *expected)
{
    char text[DIGEST_TEXT_MAX];
    digest_format(digest, text);
    ck_assert_str_eq(text, expected);
}

/* The eight leaves of the certificate-transparency project's tests, and the roots of the trees of
 * the first 1 to 8. */
static const struct { const char *leaf; size_t count; const char *root; } reference[] = {
    { "", 0, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d" },
    { "\x00", 1, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125" },
    { "\x10", 1, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77" },
    { "\x20\x21", 2, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7" },
    { "\x30\x31", 2, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4" },
    { "\x40\x41\x42\x43", 4, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef" },
    { "\x50\x51\x52\x53\x54\x55\x56\x57", 8,
      "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c" },
    { "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16,
      "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328" },
};
enum { REFERENCE_COUNT = sizeof reference / sizeof *reference };

START_TEST(roots_are_those_of_the_reference_tests)
{
    struct frontier frontier = { .size = 0 };
    struct digest   stored[TILE_LEVELS], root = frontier_root(&frontier), empty = tree_empty_root();

    assert_digest(&root, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    ck_assert(digest_equal(&root, &empty));
    for (size_t i = 0; i < REFERENCE_COUNT; i++) {
        struct digest leaf = tree_leaf_hash(reference[i].leaf, reference[i].count);
        ck_assert_uint_eq(frontier_append(&frontier, &leaf, stored), 1);
        ck_assert(digest_equal(&stored[0], &leaf));
        root = frontier_root(&frontier);
        assert_digest(&root, reference[i].root);
    }
}
END_TEST

/* transparency-dev/merkle, rfc6962_test.go: leaf "L123456", node "N123" "N456" (whose parts are not
 * digests there). */
START_TEST(prefixes_keep_leaves_and_nodes_apart)
{
    struct digest leaf = tree_leaf_hash("L123456", 7);
    struct digest left = digest_of("abc", 3), right = digest_of("", 0),
                  node = tree_node_hash(&left, &right);
    uint8_t       both[2 * DIGEST_BYTES], prefixed[1 + sizeof both] = { 1 };

    assert_digest(&leaf, "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
    memcpy(both, left.bytes, DIGEST_BYTES);
    memcpy(both + DIGEST_BYTES, right.bytes, DIGEST_BYTES);
    memcpy(prefixed + 1, both, sizeof both);
    struct digest by_hand = digest_of(prefixed, sizeof prefixed),
                  as_leaf = tree_leaf_hash(both, sizeof both);
    ck_assert(digest_equal(&node, &by_hand));
    ck_assert(!digest_equal(&node, &as_leaf));
}
END_TEST

START_TEST(long_and_short_entries_are_hashed_alike)
{
    uint8_t bytes[201] = { 0 };

    for (size_t count = 0; count < sizeof bytes; count++) {
        bytes[count] = (uint8_t)count; /* bytes[0] is the prefix, bytes[1..count] the entry */
        struct digest expected = digest_of(bytes, count + 1),
                      hash = tree_leaf_hash(bytes + 1, count);
        ck_assert(digest_equal(&hash, &expected));
    }
}
END_TEST

static const size_t edge_sizes[] = { 1, 2, 255, 256, 257, 511, 512, 513, 65535, 65536, 65537 };

START_TEST(tiles_and_roots_are_as_defined)
{
    size_t             size = edge_sizes[_i];
    struct merkle     *merkle = merkle_open();
    struct tile_reader reader = merkle_reader(merkle);
    struct digest      expected, root, by_tiles;
    struct frontier    frontier;

    merkle_append_decimals(merkle, size);
    expected = merkle_defined(merkle, 0, size);
    root     = frontier_root(&merkle->frontier);
    ck_assert(digest_equal(&root, &expected));
    ck_assert(tree_root(&reader, (int64_t)size, &by_tiles));
    ck_assert(digest_equal(&by_tiles, &expected));
    ck_assert(tree_frontier(&reader, (int64_t)size, &frontier));
    ck_assert_uint_eq(frontier.count, merkle->frontier.count);
    ck_assert_mem_eq(frontier.hashes, merkle->frontier.hashes, frontier.count * DIGEST_BYTES);
    for (size_t level = 0, span = 1; level < MERKLE_LEVELS; level++, span *= TILE_WIDTH) {
        ck_assert_uint_eq(merkle->counts[level], size / span);
        for (size_t i = 0; i < size / span; i++) {
            expected = merkle_defined(merkle, i * span, (i + 1) * span);
            must(digest_equal(&merkle->levels[level][i], &expected), "hash of a tile", i, size);
        }
    }
    merkle_close(merkle);
}
END_TEST

START_TEST(frontier_is_stored_and_opened)
{
    struct merkle  *merkle = merkle_open();
    struct frontier frontier, empty;
    struct digest   stored[TILE_LEVELS], leaf = digest_of("x", 1), root, expected;

    merkle_append_decimals(merkle, 300);                 /* 256 + 32 + 8 + 4 */
    ck_assert_uint_eq(merkle->frontier.count, 4);
    ck_assert(frontier_open(&frontier, 300, merkle->frontier.hashes, 4 * DIGEST_BYTES));
    ck_assert_uint_eq(frontier_append(&frontier, &leaf, stored), 1);
    merkle_append(merkle, &leaf);
    root     = frontier_root(&frontier);
    expected = merkle_defined(merkle, 0, 301);
    ck_assert(digest_equal(&root, &expected));
    ck_assert(!frontier_open(&frontier, 300, merkle->frontier.hashes, 3 * DIGEST_BYTES));
    ck_assert(!frontier_open(&frontier, 300, merkle->frontier.hashes, 4 * DIGEST_BYTES + 1));
    ck_assert(!frontier_open(&frontier, 301, merkle->frontier.hashes, 4 * DIGEST_BYTES));
    ck_assert(!frontier_open(&frontier, -1, merkle->frontier.hashes, 0));
    ck_assert(frontier_open(&empty, 0, NULL, 0));
    root = frontier_root(&empty);
    assert_digest(&root, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    merkle_close(merkle);
}
END_TEST

/* PATH(m, D[n]), the definition. */
static void
path_defined(const struct merkle *merkle, size_t m, size_t begin, size_t end, struct proof *out)
{
    size_t split = 1;

    if (end - begin == 1)
        return;
    while (2 * split < end - begin)
        split *= 2;
    if (m < split) {
        path_defined(merkle, m, begin, begin + split, out);
        out->hashes[out->count++] = merkle_defined(merkle, begin + split, end);
    } else {
        path_defined(merkle, m - split, begin + split, end, out);
        out->hashes[out->count++] = merkle_defined(merkle, begin, begin + split);
    }
}

/* SUBPROOF(m, D[n], b), the definition. */
static void
subproof_defined(const struct merkle *merkle, size_t m, size_t begin, size_t end, bool is_known,
                 struct proof *out)
{
    size_t split = 1;

    if (m == end - begin) {
        if (!is_known)
            out->hashes[out->count++] = merkle_defined(merkle, begin, end);
        return;
    }
    while (2 * split < end - begin)
        split *= 2;
    if (m <= split) {
        subproof_defined(merkle, m, begin, begin + split, is_known, out);
        out->hashes[out->count++] = merkle_defined(merkle, begin + split, end);
    } else {
        subproof_defined(merkle, m - split, begin + split, end, false, out);
        out->hashes[out->count++] = merkle_defined(merkle, begin, begin + split);
    }
}

static bool
is_same(const struct proof *proof, const struct proof *expected)
{
    return proof->count == expected->count &&
           !memcmp(proof->hashes, expected->hashes, proof->count * DIGEST_BYTES);
}

/* Which bits of a digest are changed: all of small trees and with BREAKWATER_LONG=1, else two or
 * three, others each time. */
static size_t
bits_step(size_t size)
{
    const char *is_long = getenv("BREAKWATER_LONG");
    return size <= SIZE_MAX_EVERY_BIT || (is_long && !strcmp(is_long, "1")) ? 1 : 101;
}

static void
assert_inclusion(struct merkle *merkle, size_t index, size_t size, const struct digest *root)
{
    struct tile_reader   reader = merkle_reader(merkle);
    struct proof         proof, expected = { .count = 0 };
    const struct digest *leaf = &merkle->levels[0][index];
    int64_t              i = (int64_t)index, n = (int64_t)size;

    must(inclusion_make(&reader, i, n, &proof), "the proof is made", index, size);
    path_defined(merkle, index, 0, size, &expected);
    must(is_same(&proof, &expected), "the proof is the defined one", index, size);
    must(inclusion_check(leaf, i, n, &proof, root), "the proof holds", index, size);
    for (size_t h = 0; h < proof.count; h++)
        for (size_t bit = (7 * index + h) % bits_step(size); bit < 256; bit += bits_step(size)) {
            proof.hashes[h].bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            must(!inclusion_check(leaf, i, n, &proof, root), "a change is refused", index, size);
            proof.hashes[h].bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    for (size_t bit = 3 * index % bits_step(size); bit < 256; bit += bits_step(size)) {
        struct digest other = *leaf, other_root = *root;
        other.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        other_root.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        must(!inclusion_check(&other, i, n, &proof, root), "a change is refused", index, size);
        must(!inclusion_check(leaf, i, n, &proof, &other_root), "a change is refused", index, size);
    }
    for (int64_t bit = 1; bit <= 2 * n; bit *= 2)
        must(!inclusion_check(leaf, i ^ bit, n, &proof, root), "a change is refused", index, size);
    proof.hashes[proof.count++] = *leaf;
    must(!inclusion_check(leaf, i, n, &proof, root), "a change is refused", index, size);
    if (--proof.count) {
        proof.count--;
        must(!inclusion_check(leaf, i, n, &proof, root), "a change is refused", index, size);
    }
}

START_TEST(every_inclusion_is_proven_and_every_change_refused)
{
    struct merkle *merkle = merkle_open();

    for (size_t size = (size_t)_i * SIZES_A_CASE + 1; size <= ((size_t)_i + 1) * SIZES_A_CASE;
         size++) {
        merkle_append_decimals(merkle, size);
        struct digest root = merkle_defined(merkle, 0, size);
        for (size_t index = 0; index < size; index++)
            assert_inclusion(merkle, index, size, &root);
    }
    merkle_close(merkle);
}
END_TEST

static void
assert_consistency(struct merkle *merkle, size_t first, size_t second, const struct digest *root)
{
    struct tile_reader reader = merkle_reader(merkle);
    struct proof       proof, expected = { .count = 0 };
    struct digest      first_root = merkle_defined(merkle, 0, first), changed;
    int64_t            m = (int64_t)first, n = (int64_t)second;

    must(consistency_make(&reader, m, n, &proof), "the proof is made", first, second);
    if (first)
        subproof_defined(merkle, first, 0, second, true, &expected);
    must(is_same(&proof, &expected), "the proof is the defined one", first, second);
    must(consistency_check(m, n, &proof, &first_root, root), "the proof holds", first, second);
    for (size_t h = 0; h < proof.count; h++)
        for (size_t bit = (7 * first + h) % bits_step(second); bit < 256;
             bit += bits_step(second)) {
            proof.hashes[h].bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            must(!consistency_check(m, n, &proof, &first_root, root), "a change is refused", first,
                 second);
            proof.hashes[h].bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    for (size_t bit = 3 * first % bits_step(second); bit < 256; bit += bits_step(second)) {
        changed = first_root;
        changed.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        must(!consistency_check(m, n, &proof, &changed, root), "a change is refused", first,
             second);
        if (first) { /* any tree follows the empty one: nothing ties its root */
            changed = *root;
            changed.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            must(!consistency_check(m, n, &proof, &first_root, &changed), "a change is refused",
                 first, second);
        }
    }
    proof.hashes[proof.count++] = *root;
    must(!consistency_check(m, n, &proof, &first_root, root), "a change is refused", first, second);
    if (--proof.count) {
        proof.count--;
        must(!consistency_check(m, n, &proof, &first_root, root), "a change is refused", first,
             second);
    }
}

START_TEST(every_consistency_is_proven_and_every_change_refused)
{
    struct merkle *merkle = merkle_open();

    for (size_t second = (size_t)_i * SIZES_A_CASE + 1; second <= ((size_t)_i + 1) * SIZES_A_CASE;
         second++) {
        merkle_append_decimals(merkle, second);
        struct digest root = merkle_defined(merkle, 0, second);
        for (size_t first = 0; first <= second; first++)
            assert_consistency(merkle, first, second, &root);
    }
    merkle_close(merkle);
}
END_TEST

static const size_t across[][2] = {
    { 255, 256 },   { 256, 257 },     { 257, 513 },     { 511, 512 },   { 512, 513 },
    { 513, 65535 }, { 65535, 65536 }, { 65536, 65537 }, { 256, 65537 },
};

START_TEST(proofs_across_tiles_are_as_defined)
{
    struct merkle     *merkle = merkle_open();
    struct tile_reader reader = merkle_reader(merkle);
    size_t             m = across[_i][0], n = across[_i][1];
    int64_t            first = (int64_t)m, second = (int64_t)n;
    struct proof       proof, expected = { .count = 0 }, path = { .count = 0 };

    merkle_append_decimals(merkle, n);
    struct digest root = merkle_defined(merkle, 0, n), first_root = merkle_defined(merkle, 0, m);
    subproof_defined(merkle, m, 0, n, true, &expected);
    ck_assert(consistency_make(&reader, first, second, &proof));
    ck_assert(is_same(&proof, &expected));
    ck_assert(consistency_check(first, second, &proof, &first_root, &root));
    path_defined(merkle, m - 1, 0, n, &path);
    ck_assert(inclusion_make(&reader, first - 1, second, &proof));
    ck_assert(is_same(&proof, &path));
    ck_assert(inclusion_check(&merkle->levels[0][m - 1], first - 1, second, &proof, &root));
    merkle_close(merkle);
}
END_TEST

/* A proof in a tree of 3 levels of tiles takes at most two tiles a level: the leaf's and the right
 * edge's. */
START_TEST(few_tiles_are_read_and_a_missing_one_is_reported)
{
    struct merkle     *merkle = merkle_open();
    struct tile_reader reader = merkle_reader(merkle);
    struct proof       proof;
    struct digest      root;

    merkle_append_decimals(merkle, 65537);
    ck_assert(inclusion_make(&reader, 1000, 65537, &proof));
    size_t needed = merkle->reads;
    ck_assert_uint_le(needed, 6);
    for (size_t failing = 1; failing <= needed; failing++) {
        merkle->reads        = 0;
        merkle->failing_read = (int64_t)failing;
        ck_assert(!inclusion_make(&reader, 1000, 65537, &proof));
    }
    merkle->reads        = 0;
    merkle->failing_read = 1;
    ck_assert(!consistency_make(&reader, 1000, 65537, &proof));
    merkle->reads = 0;
    ck_assert(!tree_root(&reader, 65537, &root));
    merkle_close(merkle);
}
END_TEST

START_TEST(impossible_sizes_are_refused)
{
    struct digest any = digest_of("any", 3), empty = tree_empty_root();
    struct proof  none = { .count = 0 };

    ck_assert(!inclusion_check(&any, 0, 0, &none, &any));
    ck_assert(!inclusion_check(&any, -1, 1, &none, &any));
    ck_assert(!inclusion_check(&any, 1, 1, &none, &any));
    ck_assert(!inclusion_check(&any, INT64_MIN, INT64_MIN, &none, &any));
    ck_assert(!inclusion_check(&any, INT64_MAX - 1, INT64_MAX, &none, &any));
    ck_assert(inclusion_check(&any, 0, 1, &none, &any));
    ck_assert(consistency_check(0, 0, &none, &empty, &empty));
    ck_assert(!consistency_check(0, 0, &none, &any, &any));
    ck_assert(!consistency_check(0, 5, &none, &any, &any));
    ck_assert(consistency_check(0, 5, &none, &empty, &any));
    ck_assert(!consistency_check(2, 1, &none, &any, &any));
    ck_assert(!consistency_check(-1, -1, &none, &any, &any));
    ck_assert(!consistency_check(-1, 1, &none, &any, &any));
    ck_assert(!consistency_check(1, 2, &none, &any, &any));
    ck_assert(consistency_check(INT64_MAX, INT64_MAX, &none, &any, &any));
}
END_TEST

Suite *
tree_suite(void)
{
    Suite *suite = suite_create("tree");
    TCase *tcase = tcase_create("tree");
    tcase_set_timeout(tcase, 600);
    tcase_add_test(tcase, roots_are_those_of_the_reference_tests);
    tcase_add_test(tcase, prefixes_keep_leaves_and_nodes_apart);
    tcase_add_test(tcase, long_and_short_entries_are_hashed_alike);
    tcase_add_loop_test(tcase, tiles_and_roots_are_as_defined, 0,
                        sizeof edge_sizes / sizeof *edge_sizes);
    tcase_add_test(tcase, frontier_is_stored_and_opened);
    tcase_add_loop_test(tcase, every_inclusion_is_proven_and_every_change_refused, 0, CASES);
    tcase_add_loop_test(tcase, every_consistency_is_proven_and_every_change_refused, 0, CASES);
    tcase_add_loop_test(tcase, proofs_across_tiles_are_as_defined, 0,
                        sizeof across / sizeof *across);
    tcase_add_test(tcase, few_tiles_are_read_and_a_missing_one_is_reported);
    tcase_add_test(tcase, impossible_sizes_are_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}
