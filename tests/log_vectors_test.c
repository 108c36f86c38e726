/* Every case of the log's vectors, made and read: trees, proofs, tiles, bundles, commitments, keys,
 * notes, witnesses. */
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/base64.h"
#include "audit/entry.h"
#include "audit/proof.h"
#include "audit/witness.h"
#include "tests/merkle.h"
#include "tests/suite.h"

enum { PATH_BYTES = 1024, ARENA_MAX = 1 << 24, TEXT_MAX = 1 << 20, WITNESS_TIME_S = 1700000000 };

struct vectors { json_t *all; struct arena arena; size_t passed, failed; };

/* False, and it says so, where the shared folder is not there. Integers are read as reals: one is
 * 2^64 - 1. */
static bool
vectors_open(struct vectors *vectors)
{
    const char *folder = getenv("BREAKWATER_VECTORS"), *shared = getenv("BREAKWATER_SHARED");
    char        path[PATH_BYTES];

    if (folder)
        snprintf(path, sizeof path, "%s/log/vectors.json", folder);
    else
        snprintf(path, sizeof path, "%s/vectors/log/vectors.json", shared ? shared : "../shared");
    *vectors = (struct vectors){ .all = json_load_file(path, JSON_DECODE_INT_AS_REAL, NULL) };
    arena_open(&vectors->arena, ARENA_MAX);
    if (!vectors->all)
        printf("log_vectors: skipped, as %s cannot be read\n", path);
    return vectors->all != NULL;
}

static void
vectors_close(struct vectors *vectors, size_t at_least)
{
    printf("log_vectors: %zu checks passed, %zu failed\n", vectors->passed, vectors->failed);
    fflush(stdout);
    ck_assert_uint_eq(vectors->failed, 0);
    ck_assert_uint_ge(vectors->passed, at_least);
    json_decref(vectors->all);
    arena_close(&vectors->arena);
}

static void check(struct vectors *vectors, bool is_so, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void
check(struct vectors *vectors, bool is_so, const char *format, ...)
{
    va_list list;

    if (is_so) {
        vectors->passed++;
        return;
    }
    vectors->failed++;
    printf("log_vectors: ");
    va_start(list, format);
    vprintf(format, list);
    va_end(list);
    printf("\n");
}

static json_t *
member(const json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);
    ck_assert_msg(value != NULL, "the vectors have no %s", name);
    return value;
}

static const char *
text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(member(object, name));
    ck_assert_msg(text != NULL, "%s is no text", name);
    return text;
}

/* -1 for what is beyond the range of sizes: no reader of ours gets so far with it. */
static int64_t
integer_of(const json_t *object, const char *name)
{
    double real = json_number_value(member(object, name));
    return real < 0x1p62 ? (int64_t)real : -1;
}

static size_t
unhex(const char *hex, uint8_t *out)
{
    size_t count = strlen(hex) / 2;
    for (size_t i = 0; i < count; i++) {
        char two[3] = { hex[2 * i], hex[2 * i + 1] };
        out[i] = (uint8_t)strtoul(two, NULL, 16);
    }
    return count;
}

static struct digest
digest_at(const json_t *object, const char *name)
{
    struct digest digest;
    ck_assert(digest_parse(text_of(object, name), &digest));
    return digest;
}

static bool
is_digest(const struct digest *digest, const char *hex)
{
    char text[DIGEST_TEXT_MAX];
    digest_format(digest, text);
    return !strcmp(text, hex);
}

static struct text
new_text(struct vectors *vectors)
{
    struct text text;
    text_open(&text, &vectors->arena, 64, TEXT_MAX);
    return text;
}

static bool
is_text(const struct text *text, const char *expected)
{
    return !text->is_full && text->count == strlen(expected) &&
           !memcmp(text->bytes, expected, text->count);
}

static bool
is_base64(struct vectors *vectors, const struct digest *digest, const char *expected)
{
    struct text   text = new_text(vectors);
    struct digest read;

    base64_add(&text, digest->bytes, DIGEST_BYTES);
    return is_text(&text, expected) &&
           line_digest((struct line){ expected, strlen(expected) }, &read) &&
           digest_equal(digest, &read);
}

/* Hashes in hex; false: one is no digest. */
static void
proof_of(const json_t *list, struct proof *out)
{
    out->count = json_array_size(list);
    ck_assert_uint_le(out->count, PROOF_HASHES_MAX);
    for (size_t i = 0; i < out->count; i++)
        ck_assert(digest_parse(json_string_value(json_array_get(list, i)), &out->hashes[i]));
}

static bool
is_same(const struct proof *a, const struct proof *b)
{
    return a->count == b->count && !memcmp(a->hashes, b->hashes, a->count * sizeof *a->hashes);
}

/* A bit of each hash changed in turn: the check must refuse. */
static bool
changes_are_refused(bool (*holds)(const struct proof *proof, const void *context),
                    const struct proof *proof, const void *context)
{
    struct proof changed = *proof;

    for (size_t i = 0; i < proof->count; i++) {
        changed.hashes[i].bytes[i % DIGEST_BYTES] ^= 0x10;
        if (holds(&changed, context))
            return false;
        changed.hashes[i] = proof->hashes[i];
    }
    changed.count--;
    if (proof->count && holds(&changed, context))
        return false;
    changed.count = proof->count + 1;
    changed.hashes[proof->count] = (struct digest){ { 0 } };
    return !holds(&changed, context);
}

struct claim { int64_t from, to; struct digest from_hash, to_hash; };

static bool
is_included(const struct proof *proof, const void *context)
{
    const struct claim *claim = context;
    return inclusion_check(&claim->from_hash, claim->from, claim->to, proof, &claim->to_hash);
}

static bool
is_consistent(const struct proof *proof, const void *context)
{
    const struct claim *claim = context;
    return consistency_check(claim->from, claim->to, proof, &claim->from_hash, &claim->to_hash);
}

static void
check_inclusion(struct vectors *vectors, struct merkle *merkle, const json_t *row)
{
    struct claim claim = { .from = integer_of(row, "leaf_index"),
                           .to = integer_of(row, "tree_size") };
    struct tile_reader reader = merkle_reader(merkle);
    struct proof       expected, proof;
    long long          index = (long long)claim.from, size = (long long)claim.to;

    proof_of(member(row, "audit_path_hex"), &expected);
    claim.from_hash = merkle->levels[0][claim.from];
    claim.to_hash   = merkle_defined(merkle, 0, (size_t)claim.to);
    check(vectors,
          inclusion_make(&reader, claim.from, claim.to, &proof) && is_same(&proof, &expected),
          "inclusion of %lld in %lld is another", index, size);
    check(vectors, is_included(&expected, &claim), "inclusion of %lld in %lld is not accepted",
          index, size);
    check(vectors, changes_are_refused(is_included, &expected, &claim),
          "a change of inclusion of %lld in %lld is accepted", index, size);
}

static void
check_consistency(struct vectors *vectors, struct merkle *merkle, const json_t *row)
{
    struct claim claim = { .from = integer_of(row, "first"), .to = integer_of(row, "second") };
    struct tile_reader reader = merkle_reader(merkle);
    struct proof       expected, proof;
    long long          first = (long long)claim.from, second = (long long)claim.to;

    proof_of(member(row, "consistency_hex"), &expected);
    claim.from_hash = merkle_defined(merkle, 0, (size_t)claim.from);
    claim.to_hash   = merkle_defined(merkle, 0, (size_t)claim.to);
    if (json_object_get(row, "first_root_hex"))
        check(vectors, is_digest(&claim.from_hash, text_of(row, "first_root_hex")), "root of %lld",
              first);
    check(vectors,
          consistency_make(&reader, claim.from, claim.to, &proof) && is_same(&proof, &expected),
          "consistency of %lld to %lld is another", first, second);
    check(vectors, is_consistent(&expected, &claim), "consistency of %lld to %lld is not accepted",
          first, second);
    check(vectors, changes_are_refused(is_consistent, &expected, &claim),
          "a change of consistency of %lld to %lld is accepted", first, second);
}

/* As it stood when the tree had that size: the frontier's root, and the one from tiles. */
static void
check_root(struct vectors *vectors, struct merkle *merkle, const json_t *row,
           const struct frontier *then)
{
    struct tile_reader reader = merkle_reader(merkle);
    struct digest      grown = frontier_root(then), read;
    int64_t            size = integer_of(row, "size");

    check(vectors, then->size == size && is_digest(&grown, text_of(row, "root_hex")),
          "root of %lld by appending", (long long)size);
    check(vectors, tree_root(&reader, size, &read) && digest_equal(&read, &grown),
          "root of %lld by tiles", (long long)size);
    check(vectors, is_base64(vectors, &grown, text_of(row, "root_b64")), "root of %lld in base64",
          (long long)size);
}

static void
append_ct_leaves(struct vectors *vectors, struct merkle *merkle)
{
    json_t *row, *leaves = member(member(vectors->all, "rfc6962"), "leaves");
    size_t  i;

    json_array_foreach(leaves, i, row) {
        uint8_t       bytes[64];
        size_t        count = unhex(text_of(row, "data_hex"), bytes);
        struct digest leaf = tree_leaf_hash(bytes, count);
        check(vectors, is_digest(&leaf, text_of(row, "leaf_hash_hex")), "hash of leaf %zu", i);
        check(vectors, is_base64(vectors, &leaf, text_of(row, "leaf_hash_b64")),
              "hash of leaf %zu in base64", i);
        merkle_append(merkle, &leaf);
    }
}

START_TEST(rfc6962)
{
    struct vectors vectors;
    json_t        *row;
    size_t         i;

    if (!vectors_open(&vectors))
        return;
    struct merkle *merkle = merkle_open();
    json_t        *group = member(vectors.all, "rfc6962");
    struct digest empty = tree_empty_root(), empty_leaf = tree_leaf_hash("", 0),
                  leaf = tree_leaf_hash("L123456", 7);
    struct digest  node = digest_of("\1N123N456", 9);
    check(&vectors, is_digest(&empty, text_of(group, "empty_root_hex")), "the empty root");
    check(&vectors, is_digest(&empty_leaf, text_of(group, "empty_leaf_hash_hex")),
          "the empty leaf");
    check(&vectors, is_digest(&leaf, text_of(group, "leaf_L123456_hex")), "leaf L123456");
    check(&vectors, is_digest(&node, text_of(group, "node_N123_N456_hex")),
          "node N123 N456: its prefix");
    append_ct_leaves(&vectors, merkle);
    struct frontier growing = { .size = 0 };
    json_array_foreach(member(group, "roots"), i, row) {
        struct digest stored[TILE_LEVELS];
        if (i > 0)
            frontier_append(&growing, &merkle->levels[0][i - 1], stored);
        check_root(&vectors, merkle, row, &growing);
    }
    json_array_foreach(member(group, "inclusion"), i, row)
        check_inclusion(&vectors, merkle, row);
    json_array_foreach(member(group, "consistency"), i, row)
        check_consistency(&vectors, merkle, row);
    merkle_close(merkle);
    vectors_close(&vectors, 4 + 16 + 27 + 36 * 3 + 36 * 3);
}
END_TEST

static void
check_tile(struct vectors *vectors, const struct merkle *merkle, const json_t *row)
{
    const char  *path = text_of(row, "path");
    struct tile  tile;
    char         again[TILE_PATH_MAX];

    check(vectors, tile_path_parse(path, strlen(path), &tile), "%s is refused", path);
    tile_path_format(&tile, again);
    check(vectors, !strcmp(path, again), "%s is written %s", path, again);
    const struct digest *hashes = &merkle->levels[tile.level][tile.index * TILE_WIDTH];
    size_t               count = (size_t)tile.width * DIGEST_BYTES;
    struct digest        sha256 = tree_leaf_hash(hashes, count);
    check(vectors, tile_width(tile.level, tile.index, 70000) == tile.width, "%s: the width", path);
    check(vectors,
          tile_is_served(&tile, 70000) &&
              !tile_is_served(&tile, tile.index << 8 * (tile.level + 1)),
          "%s: served", path);
    check(vectors, (int64_t)count == integer_of(row, "bytes"), "%s: the bytes", path);
    check(vectors, is_digest(hashes, text_of(row, "first_hash_hex")), "%s: the first hash", path);
    check(vectors, is_digest(hashes + tile.width - 1, text_of(row, "last_hash_hex")),
          "%s: the last hash", path);
    check(vectors, is_digest(&sha256, text_of(row, "sha256_of_00_and_tile_hex")), "%s: its digest",
          path);
}

START_TEST(big_tree)
{
    struct vectors vectors;
    json_t        *row;
    size_t         i;

    if (!vectors_open(&vectors))
        return;
    struct merkle *merkle = merkle_open();
    json_t        *group = member(vectors.all, "big_tree"), *roots = member(group, "roots");
    struct frontier then[16];
    ck_assert_uint_le(json_array_size(roots), sizeof then / sizeof *then);
    json_array_foreach(roots, i, row) {
        merkle_append_decimals(merkle, (size_t)integer_of(row, "size"));
        then[i] = merkle->frontier;
    }
    merkle_append_decimals(merkle, 70000);
    json_array_foreach(roots, i, row)
        check_root(&vectors, merkle, row, &then[i]);
    json_array_foreach(member(group, "tiles_of_size_70000"), i, row)
        check_tile(&vectors, merkle, row);
    json_array_foreach(member(group, "inclusion"), i, row)
        check_inclusion(&vectors, merkle, row);
    json_array_foreach(member(group, "consistency"), i, row)
        check_consistency(&vectors, merkle, row);
    merkle_close(merkle);
    vectors_close(&vectors, 33 + 48 + 18 + 28);
}
END_TEST

/* What of a probe is no digest is refused where it is read. */
static bool
probe_digest(const json_t *probe, const char *name, struct digest *out)
{
    const char *text = json_string_value(json_object_get(probe, name));
    return line_digest((struct line){ text, text ? strlen(text) : 0 }, out);
}

static bool
probe_proof(const json_t *probe, struct proof *out)
{
    json_t *list = json_object_get(probe, "proof");

    out->count = json_array_size(list);
    for (size_t i = 0; i < out->count; i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (i == PROOF_HASHES_MAX ||
            !line_digest((struct line){ text, text ? strlen(text) : 0 }, &out->hashes[i]))
            return false;
    }
    return true;
}

START_TEST(inclusion_probes)
{
    struct vectors vectors;
    json_t        *probe;
    size_t         i, accepted = 0;

    if (!vectors_open(&vectors))
        return;
    json_array_foreach(member(vectors.all, "reference_probes_inclusion"), i, probe) {
        struct digest leaf, root;
        struct proof  proof;
        bool holds = probe_digest(probe, "leafHash", &leaf) && probe_digest(probe, "root", &root) &&
                     probe_proof(probe, &proof) &&
                     inclusion_check(&leaf, integer_of(probe, "leafIdx"),
                                     integer_of(probe, "treeSize"), &proof, &root);
        accepted += holds;
        check(&vectors, holds == !json_is_true(member(probe, "wantErr")), "%s: %s",
              text_of(probe, "file"), text_of(probe, "desc"));
    }
    ck_assert_uint_ge(accepted, 5);
    vectors_close(&vectors, 98);
}
END_TEST

/* The one accepted probe whose roots are not 32 bytes long is not for fixed-size hashes. From size
 * 0 we have a rule of our own; the probes from there all break it: their first root is not the
 * empty tree's, or the proof not empty. */
START_TEST(consistency_probes)
{
    struct vectors vectors;
    json_t        *probe;
    size_t         i, accepted = 0;

    if (!vectors_open(&vectors))
        return;
    json_array_foreach(member(vectors.all, "reference_probes_consistency"), i, probe) {
        struct digest first, second;
        struct proof  proof;
        if (strstr(text_of(probe, "file"), "sizes-are-equal-one-and-proof-is-empty"))
            continue;
        bool holds = probe_digest(probe, "root1", &first) &&
                     probe_digest(probe, "root2", &second) && probe_proof(probe, &proof) &&
                     consistency_check(integer_of(probe, "size1"), integer_of(probe, "size2"),
                                       &proof, &first, &second);
        accepted += holds;
        check(&vectors, holds == !json_is_true(member(probe, "wantErr")), "%s: %s",
              text_of(probe, "file"), text_of(probe, "desc"));
    }
    ck_assert_uint_ge(accepted, 4);
    vectors_close(&vectors, 97);
}
END_TEST

static void
check_tile_path(struct vectors *vectors, const json_t *row, const char *name, int level)
{
    const char *path = text_of(row, name);
    struct tile tile;
    char        again[TILE_PATH_MAX];

    check(vectors,
          tile_path_parse(path, strlen(path), &tile) && tile.level == level &&
              tile.index == integer_of(row, "index") && tile.width == integer_of(row, "width"),
          "%s is refused or read as another", path);
    tile_path_format(
        &(struct tile){ level, integer_of(row, "index"), (int)integer_of(row, "width") }, again);
    check(vectors, !strcmp(path, again), "%s is written %s", path, again);
}

/* "level 0: 273 full, partial width 112" as we say it. */
static void
check_widths(struct vectors *vectors, const json_t *row)
{
    json_t *lines = member(row, "tiles");
    int64_t size = integer_of(row, "size");

    for (size_t level = 0; level <= TILE_LEVELS; level++) {
        char    ours[80];
        int64_t full = tile_hashes((int)level, size) / TILE_WIDTH;
        int     partial = tile_width((int)level, full, size);
        if (level >= json_array_size(lines)) {
            check(vectors, full == 0 && partial == 0, "size %lld has a level %zu", (long long)size,
                  level);
            continue;
        }
        snprintf(ours, sizeof ours, "level %zu: %lld full, partial width %d", level,
                 (long long)full, partial);
        const char *theirs = json_string_value(json_array_get(lines, level));
        check(vectors, !strcmp(ours, theirs), "size %lld: %s, expected %s", (long long)size, ours,
              theirs);
    }
}

START_TEST(tile_paths)
{
    struct vectors vectors;
    json_t        *row;
    size_t         i;

    if (!vectors_open(&vectors))
        return;
    json_array_foreach(member(vectors.all, "tile_paths"), i, row) {
        check_tile_path(&vectors, row, "tile", (int)integer_of(row, "level"));
        check_tile_path(&vectors, row, "entries", TILE_ENTRIES);
    }
    json_array_foreach(member(vectors.all, "invalid_paths_must_be_404_or_400"), i, row) {
        struct tile tile;
        check(&vectors, !tile_path_parse(json_string_value(row), json_string_length(row), &tile),
              "%s is taken", json_string_value(row));
    }
    json_array_foreach(member(vectors.all, "tile_widths"), i, row)
        check_widths(&vectors, row);
    vectors_close(&vectors, 56 + 22 + 13);
}
END_TEST

static void
check_bundle(struct vectors *vectors, const json_t *row, size_t number)
{
    static uint8_t bytes[1024];
    struct text    again = new_text(vectors);
    size_t         count = unhex(text_of(row, "hex"), bytes), entry_count, entries = 0;
    struct bundle  bundle = { .at = bytes, .end = bytes + count };
    const uint8_t *entry;

    ck_assert_uint_le(count, sizeof bytes);
    for (; bundle_next(&bundle, &entry, &entry_count); entries++) {
        bundle_add(&again, entry, entry_count);
        if (number > 0)
            continue;
        struct digest leaf = tree_leaf_hash(entry, entry_count);
        const json_t *expected =
            json_array_get(member(member(vectors->all, "rfc6962"), "leaves"), entries);
        check(vectors, is_digest(&leaf, text_of(expected, "leaf_hash_hex")),
              "entry %zu of bundle 0", entries);
    }
    check(vectors, bundle.at == bundle.end, "bundle %zu is not read to its end", number);
    check(vectors, again.count == count && !memcmp(again.bytes, bytes, count),
          "bundle %zu is written differently", number);
    bundle = (struct bundle){ .at = bytes, .end = bytes + count - 1 };
    while (bundle_next(&bundle, &entry, &entry_count))
        continue;
    check(vectors, bundle.at != bundle.end, "bundle %zu without its last byte is taken", number);
}

START_TEST(bundles_and_commitments)
{
    struct vectors vectors;
    json_t        *row;
    size_t         i;

    if (!vectors_open(&vectors))
        return;
    json_array_foreach(member(vectors.all, "entry_bundles"), i, row)
        check_bundle(&vectors, row, i);
    json_array_foreach(member(vectors.all, "audit_commit_v1"), i, row) {
        const char   *record = text_of(row, "record_utf8");
        struct digest salt = digest_at(row, "salt_hex"), parsed;
        struct sealed sealed = sealed_of(&salt, record, strlen(record));
        struct entry  entry = entry_of(&sealed.commitment);
        struct digest leaf = entry_leaf_hash(&sealed.commitment);
        uint8_t       expected[ENTRY_BYTES];
        check(&vectors, is_digest(&sealed.commitment, text_of(row, "commitment_hex")),
              "commitment %zu", i);
        check(&vectors,
              unhex(text_of(row, "entry_hex"), expected) == ENTRY_BYTES &&
                  !memcmp(expected, entry.bytes, ENTRY_BYTES),
              "entry %zu", i);
        check(&vectors, is_digest(&leaf, text_of(row, "leaf_hash_hex")), "leaf hash %zu", i);
        check(&vectors,
              entry_parse(expected, ENTRY_BYTES, &parsed) &&
                  digest_equal(&parsed, &sealed.commitment),
              "entry %zu read", i);
        expected[0] ^= 3;
        check(&vectors, !entry_parse(expected, ENTRY_BYTES, &parsed),
              "entry %zu of another format is taken", i);
        salt.bytes[31] ^= 1;
        sealed = sealed_of(&salt, record, strlen(record));
        check(&vectors, !is_digest(&sealed.commitment, text_of(row, "commitment_hex")),
              "commitment %zu of another salt", i);
    }
    vectors_close(&vectors, 8 + 9 + 12);
}
END_TEST

static struct key
key_at(struct vectors *vectors, const json_t *object, const char *name)
{
    const char *line = text_of(object, name);
    struct key  key = { .id = 0 };
    struct text again = new_text(vectors);

    check(vectors, key_parse(line, strlen(line), &key) == VERDICT_GOOD, "%s is refused", line);
    key_write(&key, &again);
    check(vectors, is_text(&again, line), "%s is written differently", line);
    return key;
}

/* The signer key file, and the same out of its seed. */
static struct signer
signer_at(struct vectors *vectors, const json_t *object, const char *skey, const char *seed_hex,
          const struct key *key)
{
    const char   *line = text_of(object, skey);
    struct signer signer = { .key.id = 0 }, made;
    struct text   again = new_text(vectors);
    uint8_t       seed[KEY_BYTES];

    ck_assert_uint_eq(unhex(text_of(object, seed_hex), seed), KEY_BYTES);
    check(vectors, signer_parse(line, strlen(line), &signer) == VERDICT_GOOD, "%s is refused",
          line);
    made = signer_of(key->type, key->name, seed);
    signer_write(&made, &again);
    check(vectors, is_text(&again, line), "%s is written differently", line);
    check(vectors, !memcmp(&made.key, key, sizeof *key), "%s has another public key", line);
    return signer;
}

/* One changed character of the line after the last space: refused, whatever it was. */
static bool
spoilt_signature_is_refused(struct vectors *vectors, const char *note_text, const struct key *key)
{
    size_t      count = strlen(note_text);
    char       *spoilt = arena_copy(&vectors->arena, note_text, count);
    struct note note;

    for (size_t at = count - 40; at < count - 30; at++) {
        spoilt[at] = spoilt[at] == 'A' ? 'B' : 'A';
        if (!note_parse(spoilt, count, &note) || note_check(&note, key) != VERDICT_BAD_SIGNATURE)
            return false;
        spoilt[at] = note_text[at];
    }
    spoilt[1] ^= 1;
    return note_parse(spoilt, count, &note) && note_check(&note, key) == VERDICT_BAD_SIGNATURE;
}

START_TEST(notes_from_elsewhere)
{
    struct vectors vectors;
    json_t        *row;
    size_t         i;

    if (!vectors_open(&vectors))
        return;
    json_array_foreach(member(vectors.all, "notes_from_elsewhere"), i, row) {
        const char *bytes = text_of(row, "note"), *source = text_of(row, "source");
        struct key  key = key_at(&vectors, row, "vkey");
        struct note note;
        check(&vectors, note_parse(bytes, strlen(bytes), &note) && note.signatures_count == 1,
              "%s is refused", source);
        check(&vectors, note_check(&note, &key) == VERDICT_GOOD, "%s does not verify", source);
        check(&vectors, spoilt_signature_is_refused(&vectors, bytes, &key), "%s: a change is taken",
              source);
        if (!json_object_get(row, "seed_hex"))
            continue;
        struct signer signer = signer_at(&vectors, row, "skey", "seed_hex", &key);
        struct text   made = new_text(&vectors);
        note_write(&made, note.text.bytes, note.text.count, &signer, 1);
        check(&vectors, is_text(&made, bytes), "%s is signed differently", source);
    }
    vectors_close(&vectors, 15 + 8);
}
END_TEST

struct keys { struct key log, witness; struct signer log_signer, witness_signer; };

static void
open_keys(struct vectors *vectors, struct keys *out)
{
    json_t *notes = member(vectors->all, "notes");

    out->log            = key_at(vectors, notes, "vkey");
    out->witness        = key_at(vectors, notes, "witness_vkey");
    out->log_signer     = signer_at(vectors, notes, "skey", "seed_hex", &out->log);
    out->witness_signer =
        signer_at(vectors, notes, "witness_skey", "witness_seed_hex", &out->witness);
    check(vectors, !strcmp(out->log.name, text_of(notes, "key_name")), "the key's name");
    check(vectors, !strcmp(out->witness.name, text_of(notes, "witness_name")),
          "the witness's name");
}

static void
check_checkpoint(struct vectors *vectors, const json_t *row, const struct keys *keys)
{
    const char       *bytes = text_of(row, "note"), *text = text_of(row, "text");
    const char *line = text_of(row, "cosignature_line_time_1700000000"),
               *cosigned = text_of(row, "cosigned_message");
    struct text made = new_text(vectors), cosignature = new_text(vectors), both = new_text(vectors);
    struct checkpoint checkpoint = { .size = -1 };
    struct note       note;
    long long         size = (long long)integer_of(row, "size");
    int64_t           time_s = 0;

    check(vectors,
          checkpoint_open(bytes, strlen(bytes), &keys->log, &note, &checkpoint) == VERDICT_GOOD,
          "checkpoint %lld", size);
    check(vectors, checkpoint.size == size && !strcmp(checkpoint.origin, keys->log.name),
          "checkpoint %lld: what it says", size);
    checkpoint_sign(&checkpoint, &keys->log_signer, 1, &made);
    check(vectors, is_text(&made, bytes), "checkpoint %lld is signed differently", size);
    check(vectors,
          note.text.count == strlen(text) && !memcmp(note.text.bytes, text, note.text.count),
          "checkpoint %lld: its text", size);
    check(vectors, !strcmp(strchr(strchr(cosigned, '\n') + 1, '\n') + 1, text),
          "checkpoint %lld: what a witness signs", size);
    check(vectors, spoilt_signature_is_refused(vectors, bytes, &keys->log),
          "checkpoint %lld: a change is taken", size);
    check(vectors, cosignature_find(&note, &keys->witness, &time_s) == VERDICT_NOT_SIGNED,
          "checkpoint %lld: no cosignature", size);
    cosignature_add(&cosignature, &keys->witness_signer, WITNESS_TIME_S, text, strlen(text));
    check(vectors, is_text(&cosignature, line), "checkpoint %lld is cosigned differently", size);
    text_add_string(&both, bytes);
    text_add_string(&both, line);
    check(vectors,
          note_parse(both.bytes, both.count, &note) &&
              note_check(&note, &keys->log) == VERDICT_GOOD &&
              cosignature_find(&note, &keys->witness, &time_s) == VERDICT_GOOD &&
              time_s == WITNESS_TIME_S,
          "checkpoint %lld: its cosignature is refused", size);
    both.bytes[both.count - 10] ^= 1;
    check(vectors,
          note_parse(both.bytes, both.count, &note) &&
              cosignature_find(&note, &keys->witness, &time_s) == VERDICT_BAD_SIGNATURE,
          "checkpoint %lld: a changed cosignature is taken", size);
}

static void
check_tlog_proof(struct vectors *vectors, struct merkle *merkle, const struct keys *keys)
{
    const char        *bytes = text_of(member(vectors->all, "notes"), "tlog_proof_index5_size8");
    struct tile_reader reader = merkle_reader(merkle);
    struct text        made = new_text(vectors);
    struct tlog_proof  proof;
    struct proof       path;
    struct checkpoint  checkpoint;

    check(vectors, tlog_proof_parse(bytes, strlen(bytes), &proof) && proof.index == 5,
          "the tlog-proof is refused");
    check(vectors,
          tlog_proof_check(&proof, &merkle->levels[0][5], &keys->log, NULL, &checkpoint) ==
                  VERDICT_GOOD &&
              checkpoint.size == 8,
          "the tlog-proof does not verify");
    check(vectors,
          tlog_proof_check(&proof, &merkle->levels[0][4], &keys->log, NULL, &checkpoint) ==
              VERDICT_NOT_INCLUDED,
          "the tlog-proof of another leaf verifies");
    check(vectors, inclusion_make(&reader, 5, 8, &path), "the path of leaf 5");
    tlog_proof_write(&made, 5, &path, proof.checkpoint.bytes, proof.checkpoint.count);
    check(vectors, is_text(&made, bytes), "the tlog-proof is written differently");
}

static void
check_witness(struct vectors *vectors, struct merkle *merkle, const struct keys *keys,
              const json_t *last)
{
    json_t                 *notes = member(vectors->all, "notes");
    const char             *note_text = text_of(last, "note"), *text = text_of(last, "text");
    const char             *line = text_of(last, "cosignature_line_time_1700000000");
    struct witness_question question = { .old = 3,
                                         .size = 8,
                                         .text = { text, strlen(text) },
                                         .note = { note_text, strlen(note_text) } };
    struct tile_reader      reader = merkle_reader(merkle);
    struct text             made = new_text(vectors);
    struct witness_answer   answer;
    struct proof            proof;
    char                    path[WITNESS_PATH_MAX];

    check(vectors, integer_of(last, "size") == 8, "the last checkpoint is of size 8");
    check(vectors,
          consistency_make(&reader, 3, 8, &proof) &&
              witness_question_write(&question, &proof, &made) &&
              is_text(&made, text_of(notes, "witness_add_checkpoint_body_3_to_8")),
          "the question to a witness");
    witness_answer_read(200, "text/plain", line, strlen(line), &question, &keys->witness, &answer);
    check(vectors, answer.next == WITNESS_COSIGNED && answer.time_s == WITNESS_TIME_S,
          "the witness's answer");
    witness_answer_read(200, "text/plain", line, strlen(line), &question, &keys->log, &answer);
    check(vectors, answer.next == WITNESS_ALARM, "an answer of somebody else");
    witness_monitoring_path(keys->log.name, path);
    check(vectors, !strcmp(path, text_of(notes, "witness_monitoring_path_of_this_log")),
          "the monitoring path");
}

START_TEST(notes)
{
    struct vectors vectors;
    struct keys    keys;
    json_t        *row;
    size_t         i;

    if (!vectors_open(&vectors))
        return;
    struct merkle *merkle = merkle_open();
    json_t        *checkpoints = member(member(vectors.all, "notes"), "checkpoints_over_ct_leaves");
    append_ct_leaves(&vectors, merkle);
    open_keys(&vectors, &keys);
    json_array_foreach(checkpoints, i, row)
        check_checkpoint(&vectors, row, &keys);
    check_tlog_proof(&vectors, merkle, &keys);
    check_witness(&vectors, merkle, &keys,
                  json_array_get(checkpoints, json_array_size(checkpoints) - 1));
    merkle_close(merkle);
    vectors_close(&vectors, 16 + 12 + 50 + 5 + 5);
}
END_TEST

Suite *
log_vectors_suite(void)
{
    Suite *suite = suite_create("log_vectors");
    TCase *tcase = tcase_create("log_vectors");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, rfc6962);
    tcase_add_test(tcase, big_tree);
    tcase_add_test(tcase, inclusion_probes);
    tcase_add_test(tcase, consistency_probes);
    tcase_add_test(tcase, tile_paths);
    tcase_add_test(tcase, bundles_and_commitments);
    tcase_add_test(tcase, notes_from_elsewhere);
    tcase_add_test(tcase, notes);
    suite_add_tcase(suite, tcase);
    return suite;
}
