/* Entries to leaves to tiles to the root, as they are fed. */
#include "audit/verify.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/entry.h"
#include "audit/verify_records.h"

enum { TILES_DUE_MAX = TILE_LEVELS };

struct verify {
    struct frontier      frontier;        /* of the entries fed so far */
    struct checkpoint    goal, kept;
    bool                 has_kept, with_records;
    /* The last tile of each level as the entries give it, and the commitments of the last bundle. */
    struct digest        tiles[TILE_LEVELS][TILE_WIDTH], commitments[TILE_WIDTH];
    struct tile          due[TILES_DUE_MAX];      /* to be compared, the first of them next */
    size_t               due_first, due_count;
    int64_t              records_next;    /* entries before it have had their records */
    struct chains        chains;
    struct verify_counts counts;
    struct verify_fault  fault;
};

static const struct { const char *name, *sentence; } checks[] = {
#define CHECK(name, text, sentence) { text, sentence },
    VERIFY_CHECKS(CHECK)
#undef CHECK
};

const char *
verify_check_name(enum verify_check check)
{
    return checks[check].name;
}

const char *
verify_check_sentence(enum verify_check check)
{
    return checks[check].sentence;
}

bool
verify_fail(struct verify *verify, enum verify_check check, int64_t entry, const char *format, ...)
{
    va_list args;

    if (verify->fault.check)
        return false;
    verify->fault.check = check;
    verify->fault.entry = entry;
    va_start(args, format);
    vsnprintf(verify->fault.where, sizeof verify->fault.where, format, args);
    va_end(args);
    return false;
}

const struct verify_fault *
verify_fault(const struct verify *verify)
{
    return &verify->fault;
}

const struct verify_counts *
verify_counts(const struct verify *verify)
{
    return &verify->counts;
}

int64_t
verify_size(const struct verify *verify)
{
    return verify->frontier.size;
}

struct verify *
verify_open(bool with_records)
{
    struct verify *verify = calloc(1, sizeof *verify);

    if (!verify)
        return NULL;
    verify->with_records = with_records;
    verify->fault.entry = -1;
    verify->counts.first_not_canonical = -1;
    return verify;
}

void
verify_close(struct verify *verify)
{
    if (!verify)
        return;
    chains_free(&verify->chains);
    free(verify);
}

/* The right edge of each level, which is all that the frontier's root is made of. */
static bool
read_edge(struct verify *verify, const struct tile_reader *reader, int64_t size)
{
    for (int level = 0; level < TILE_LEVELS; level++) {
        int64_t     hashes = tile_hashes(level, size);
        struct tile tile = { .level = level, .index = hashes / TILE_WIDTH,
                             .width = (int)(hashes % TILE_WIDTH) };
        if (tile.width && !reader->read(reader->context, &tile, verify->tiles[level]))
            return false;
    }
    return true;
}

bool
verify_begin(struct verify *verify, const struct tile_reader *reader, const struct checkpoint *from)
{
    if (!read_edge(verify, reader, from->size) ||
        !tree_frontier(reader, from->size, &verify->frontier))
        return verify_fail(verify, VERIFY_UNREADABLE, -1, "a tile of size %lld",
                           (long long)from->size);
    struct digest root = frontier_root(&verify->frontier);
    if (!digest_equal(&root, &from->root))
        return verify_fail(verify, VERIFY_FORKED, -1, "size %lld", (long long)from->size);
    verify->records_next = verify->chains.begin = from->size;
    verify->goal = *from;
    return true;
}

void
verify_aim(struct verify *verify, const struct checkpoint *to)
{
    assert(to->size >= verify->frontier.size);
    verify->goal = *to;
}

void
verify_keep(struct verify *verify, const struct checkpoint *kept)
{
    verify->kept = *kept;
    verify->has_kept = true;
}

void
verify_on_decisions(struct verify *verify, const struct verify_decisions *decisions)
{
    verify->chains.decisions = *decisions;
}

struct verify_step
verify_next(const struct verify *verify)
{
    int64_t size = verify->frontier.size;

    if (verify->due_first < verify->due_count)
        return (struct verify_step){ .want = VERIFY_WANT_TILE,
                                     .tile = verify->due[verify->due_first] };
    if (verify->with_records && verify->records_next < size)
        return (struct verify_step){ .want = VERIFY_WANT_RECORDS, .first = verify->records_next,
                                     .end = size };
    if (size == verify->goal.size)
        return (struct verify_step){ .want = VERIFY_WANT_NOTHING };
    int64_t bundle = size / TILE_WIDTH;
    return (struct verify_step){
        .want = VERIFY_WANT_TILE,
        .tile = { .level = TILE_ENTRIES, .index = bundle,
                  .width = tile_width(TILE_ENTRIES, bundle, verify->goal.size) },
    };
}

/* Tiles that are full by the entries up to `size`, and at the goal those that are not. */
static void
find_due(struct verify *verify)
{
    int64_t size = verify->frontier.size;
    int64_t leaves = 1;

    verify->due_first = verify->due_count = 0;
    for (int level = 0; level < TILE_LEVELS && size / leaves > 0; level++, leaves *= TILE_WIDTH) {
        int64_t hashes = size / leaves;
        int     width = (int)((hashes - 1) % TILE_WIDTH) + 1;
        bool    is_fresh = size % leaves == 0;
        if (width == TILE_WIDTH ? is_fresh : size == verify->goal.size)
            verify->due[verify->due_count++] = (struct tile){
                .level = level, .index = (hashes - 1) / TILE_WIDTH, .width = width };
    }
}

static bool
append(struct verify *verify, const struct digest *commitment)
{
    struct digest stored[TILE_LEVELS];
    struct digest leaf = entry_leaf_hash(commitment);
    size_t        levels = frontier_append(&verify->frontier, &leaf, stored);
    int64_t       size = verify->frontier.size;

    for (size_t i = 0; i < levels; i++)
        verify->tiles[i][(tile_hashes((int)i, size) - 1) % TILE_WIDTH] = stored[i];
    if (!verify->has_kept || size != verify->kept.size)
        return true;
    struct digest root = frontier_root(&verify->frontier);
    return digest_equal(&root, &verify->kept.root) ||
           verify_fail(verify, VERIFY_FORKED, -1, "size %lld", (long long)size);
}

/* Entries that were fed before stand in the bundle again, where it was partial then. */
static bool
feed_bundle(struct verify *verify, const struct tile *tile, const void *bytes, size_t count)
{
    int64_t first = tile->index * TILE_WIDTH;
    int     known = (int)(verify->frontier.size - first);
    int     bad;
    char    path[TILE_PATH_MAX];

    tile_path_format(tile, path);
    if (count != (size_t)tile->width * BUNDLE_ENTRY_BYTES)
        return verify_fail(verify, VERIFY_BUNDLE_LENGTH, -1, "%s has %zu bytes", path, count);
    if (!bundle_parse(bytes, count, tile->width, verify->commitments, &bad))
        return verify_fail(verify, VERIFY_ENTRY_FORMAT, first + bad, "%s", path);
    for (int i = 0; i < known; i++) {
        struct digest leaf = entry_leaf_hash(&verify->commitments[i]);
        if (!digest_equal(&leaf, &verify->tiles[0][i]))
            return verify_fail(verify, VERIFY_ENTRY_CHANGED, first + i, "%s", path);
    }
    for (int i = known; i < tile->width; i++)
        if (!append(verify, &verify->commitments[i]))
            return false;
    find_due(verify);
    return true;
}

static bool
feed_tile(struct verify *verify, const struct tile *tile, const void *bytes, size_t count)
{
    const struct digest *wanted = verify->tiles[tile->level];
    char                 path[TILE_PATH_MAX];

    tile_path_format(tile, path);
    if (count != (size_t)tile->width * DIGEST_BYTES)
        return verify_fail(verify, VERIFY_TILE_LENGTH, -1, "%s has %zu bytes", path, count);
    for (int i = 0; i < tile->width; i++) {
        if (!memcmp((const uint8_t *)bytes + i * DIGEST_BYTES, &wanted[i], DIGEST_BYTES))
            continue;
        int64_t entry = (tile->index * TILE_WIDTH + i) << TILE_HEIGHT * tile->level;
        return verify_fail(verify, VERIFY_TILE_DIFFERS, entry, "%s, hash %d", path, i);
    }
    verify->due_first++;
    return true;
}

static bool
feed_records(struct verify *verify, const struct verify_step *step, const void *bytes, size_t count)
{
    struct lines lines = lines_of(bytes, count);
    struct line  line;

    while (verify->records_next < step->end && lines_next(&lines, &line)) {
        int64_t index = verify->records_next;
        if (!chains_feed(verify, &verify->chains, &verify->counts, line, index,
                         &verify->commitments[index % TILE_WIDTH]))
            return false;
        verify->records_next++;
    }
    if (verify->records_next == step->first)
        return verify_fail(verify, VERIFY_RECORD_MISSING, step->first, "%s", "");
    if (lines.at != lines.end)
        return verify_fail(verify, VERIFY_RECORD_LINE, verify->records_next, "more than was asked for");
    return true;
}

bool
verify_feed(struct verify *verify, const void *bytes, size_t count)
{
    struct verify_step step = verify_next(verify);

    switch (step.want) {
    case VERIFY_WANT_TILE:
        return step.tile.level == TILE_ENTRIES ? feed_bundle(verify, &step.tile, bytes, count)
                                               : feed_tile(verify, &step.tile, bytes, count);
    case VERIFY_WANT_RECORDS:
        return feed_records(verify, &step, bytes, count);
    case VERIFY_WANT_NOTHING:
        break;
    }
    return false;
}

int64_t
verify_untold(const struct verify *verify)
{
    return chains_untold(&verify->chains);
}

bool
verify_end(struct verify *verify)
{
    struct digest root = frontier_root(&verify->frontier);

    assert(verify->frontier.size == verify->goal.size);
    if (!digest_equal(&root, &verify->goal.root))
        return verify_fail(verify, VERIFY_ROOT_DIFFERS, -1, "size %lld",
                           (long long)verify->goal.size);
    int64_t untold = chains_untold(&verify->chains);
    return untold < 0 || verify_fail(verify, VERIFY_PRUNED_UNEXPLAINED, untold, "%s", "");
}

enum verify_check
verify_extension(const struct tile_reader *reader, const struct checkpoint *kept,
                 const struct checkpoint *now)
{
    struct proof proof;

    if (now->size < kept->size)
        return VERIFY_ROLLED_BACK;
    if (now->size == kept->size)
        return digest_equal(&now->root, &kept->root) ? VERIFY_NONE : VERIFY_FORKED;
    if (!consistency_make(reader, kept->size, now->size, &proof))
        return VERIFY_UNREADABLE;
    return consistency_check(kept->size, now->size, &proof, &kept->root, &now->root)
           ? VERIFY_NONE : VERIFY_INCONSISTENT;
}
