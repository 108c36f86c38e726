/* Entries make the leaves, leaves the tiles and the roots: all of them compared with what is stored. */
#include "db/log_check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "audit/checkpoint.h"
#include "db/binary.h"
#include "db/log_check_run.h"

enum { CHUNK_BYTES_MAX = 16 << 20, GONE_BYTES_MAX = 64 << 20 };

enum log_check
check_bad(struct check *check, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(check->why, DATABASE_WHY_MAX, format, args);
    va_end(args);
    return LOG_CHECK_BAD;
}

enum log_check
check_away(struct check *check)
{
    snprintf(check->why, DATABASE_WHY_MAX, "%s", check->connection->why);
    return LOG_CHECK_AWAY;
}

static enum log_check
read_head(struct check *check)
{
    PGresult *rows;

    if (run_binary(check->connection, "SELECT size, root FROM audit.head", NULL, 0, &rows))
        return check_away(check);
    enum log_check result = LOG_CHECK_GOOD;
    if (!PQntuples(rows) || !binary_digest(rows, 0, 1, &check->root))
        result = check_bad(check, "head: there is none");
    else
        check->size = binary_bigint(rows, 0, 0);
    PQclear(rows);
    return result;
}

/* A checkpoint of the size that the tree has now. Notes of before the key was changed are another key's:
 * their text is checked. */
static enum log_check
check_checkpoint(struct check *check, const PGresult *rows, int row)
{
    int64_t           size = binary_bigint(rows, row, 0);
    struct digest     root = frontier_root(&check->growth.frontier), stored;
    struct checkpoint checkpoint;
    struct note       note;
    const char       *bytes = PQgetvalue(rows, row, 2);
    enum verdict      verdict = checkpoint_open(bytes, (size_t)PQgetlength(rows, row, 2),
                                                check->settings->key, &note, &checkpoint);

    if (!binary_digest(rows, row, 1, &stored) || !digest_equal(&stored, &root))
        return check_bad(check, "checkpoint %" PRId64 ": its root is not the tree's", size);
    if (verdict == VERDICT_NOT_SIGNED && size < check->size &&
        checkpoint_parse(note.text.bytes, note.text.count, &checkpoint))
        verdict = VERDICT_GOOD;
    if (verdict)
        return check_bad(check, "checkpoint %" PRId64 ": %s", size, verdict_text(verdict));
    return checkpoint.size == size && digest_equal(&checkpoint.root, &root)
         ? LOG_CHECK_GOOD
         : check_bad(check, "checkpoint %" PRId64 ": its note is of another tree", size);
}

/* The bundle's entries, as many as the size says. */
static enum log_check
read_bundle(struct check *check, const PGresult *rows, int row, int64_t n, struct digest *commitments)
{
    int width = tile_width(TILE_ENTRIES, n, check->size), bad;

    if (row >= PQntuples(rows) || binary_bigint(rows, row, 0) != n)
        return check_bad(check, "tile/entries/%" PRId64 ": it is not there", n);
    if (PQgetlength(rows, row, 1) < width * BUNDLE_ENTRY_BYTES)
        return check_bad(check, "tile/entries/%" PRId64 ": it is shorter than the log", n);
    if (!bundle_parse(PQgetvalue(rows, row, 1), (size_t)width * BUNDLE_ENTRY_BYTES, width,
                      commitments, &bad))
        return check_bad(check, "entry %" PRId64 ": it is not one", n * TILE_WIDTH + bad);
    return LOG_CHECK_GOOD;
}

static enum log_check
read_entries(struct check *check, int64_t first, int64_t end)
{
    static const char sql[] = "SELECT n, data FROM audit.bundle WHERE n >= $1::bigint"
                              " AND n < $2::bigint ORDER BY n";
    int64_t           n_first = first / TILE_WIDTH, n_end = (end + TILE_WIDTH - 1) / TILE_WIDTH;
    char              room[2][ARG_INTEGER_MAX];
    const struct arg  args[] = { arg_integer(n_first, room[0]), arg_integer(n_end, room[1]) };
    enum log_check    result = LOG_CHECK_GOOD;
    PGresult         *rows;

    if (run_binary(check->connection, sql, args, 2, &rows))
        return check_away(check);
    for (int64_t n = n_first; n < n_end && result == LOG_CHECK_GOOD; n++)
        result = read_bundle(check, rows, (int)(n - n_first), n,
                             check->commitments + (n - n_first) * TILE_WIDTH);
    PQclear(rows);
    return result;
}

static enum log_check
append_entries(struct check *check, int64_t first, int64_t end, struct array *indexes,
               struct array *leaves)
{
    static const char sql[] =
        "SELECT size, root, convert_to(note, 'UTF8') FROM audit.checkpoint"
        " WHERE size > $1::bigint AND size <= $2::bigint ORDER BY size";
    char             room[2][ARG_INTEGER_MAX];
    const struct arg args[] = { arg_integer(first, room[0]), arg_integer(end, room[1]) };
    enum log_check   result = LOG_CHECK_GOOD;
    PGresult        *rows;
    int              row = 0;

    if (run_binary(check->connection, sql, args, 2, &rows))
        return check_away(check);
    for (int64_t index = first; index < end; index++) {
        struct entry  entry = entry_of(&check->commitments[index - first]);
        struct digest leaf = growth_append(&check->growth, &entry);
        array_add_bigint(indexes, index);
        array_add(leaves, leaf.bytes, DIGEST_BYTES);
        if (result == LOG_CHECK_GOOD && row < PQntuples(rows) &&
            binary_bigint(rows, row, 0) == index + 1)
            result = check_checkpoint(check, rows, row++);
    }
    PQclear(rows);
    return result;
}

/* The first row of a query that finds what differs: none, or `what` and its numbers. */
static enum log_check
must_find_nothing(struct check *check, const char *sql, const struct arg *args, size_t args_count,
                  const char *what)
{
    PGresult *rows;

    if (run(check->connection, sql, args, args_count, &rows))
        return check_away(check);
    enum log_check result =
        PQntuples(rows) ? check_bad(check, "%s%s: it is not what the entries make", what,
                                    PQgetvalue(rows, 0, 0)) : LOG_CHECK_GOOD;
    PQclear(rows);
    return result;
}

static enum log_check
compare_leaves(struct check *check, struct array *indexes, struct array *leaves)
{
    static const char sql[] =
        "SELECT u.idx FROM unnest($1::bigint[], $2::bytea[]) AS u (idx, leaf_hash)"
        " LEFT JOIN audit.leaf l ON l.idx = u.idx WHERE l.leaf_hash IS DISTINCT FROM u.leaf_hash"
        " ORDER BY u.idx LIMIT 1";
    const struct arg args[] = { array_arg(indexes), array_arg(leaves) };

    return must_find_nothing(check, sql, args, 2, "leaf ");
}

static enum log_check
compare_tiles(struct check *check)
{
    static const char sql[] =
        "SELECT u.level || '/' || u.n FROM unnest($1::bigint[], $2::bigint[], $3::bytea[])"
        " AS u (level, n, data) LEFT JOIN audit.tile t ON t.level = u.level::smallint AND t.n = u.n"
        " WHERE substr(t.data, 1, length(u.data)) IS DISTINCT FROM u.data ORDER BY u.level, u.n LIMIT 1";
    struct growth *growth = &check->growth;

    if (!growth_end(growth))
        return check_away(check);
    const struct arg args[] = { array_arg(&growth->levels), array_arg(&growth->numbers),
                                array_arg(&growth->data) };
    return must_find_nothing(check, sql, args, 3, "tile/");
}

/* The tree stays as it grew; only what is compared begins anew. */
static void
open_rows(struct check *check)
{
    struct growth *growth = &check->growth;

    array_open(&growth->levels, ARRAY_OF_BIGINT, &check->arena, 0, CHUNK_BYTES_MAX);
    array_open(&growth->numbers, ARRAY_OF_BIGINT, &check->arena, 0, CHUNK_BYTES_MAX);
    array_open(&growth->data, ARRAY_OF_BYTEA, &check->arena, 0, CHUNK_BYTES_MAX);
    array_open(&growth->bundle_numbers, ARRAY_OF_BIGINT, &check->arena, 0, CHUNK_BYTES_MAX);
    array_open(&growth->bundle_data, ARRAY_OF_BYTEA, &check->arena, 0, CHUNK_BYTES_MAX);
}

static enum log_check
check_chunk(struct check *check, int64_t first, int64_t end)
{
    struct array   indexes, leaves;
    enum log_check result;

    arena_open(&check->arena, 8 * (size_t)CHUNK_BYTES_MAX);
    open_rows(check);
    array_open(&indexes, ARRAY_OF_BIGINT, &check->arena, 0, CHUNK_BYTES_MAX);
    array_open(&leaves, ARRAY_OF_BYTEA, &check->arena, 0, CHUNK_BYTES_MAX);
    result = read_entries(check, first, end);
    if (result == LOG_CHECK_GOOD) {
        enum log_check of_checkpoints = append_entries(check, first, end, &indexes, &leaves);
        result = of_checkpoints == LOG_CHECK_AWAY ? of_checkpoints
                                                  : compare_leaves(check, &indexes, &leaves);
        if (result == LOG_CHECK_GOOD)
            result = of_checkpoints;
    }
    if (result == LOG_CHECK_GOOD)
        result = compare_tiles(check);
    if (result == LOG_CHECK_GOOD)
        result = check_records(check, first, end);
    arena_close(&check->arena);
    return result;
}

static enum log_check
check_chunks(struct check *check, int64_t *size)
{
    const struct log_check_settings *settings = check->settings;
    enum log_check                   result = LOG_CHECK_GOOD;

    for (*size = 0; *size < check->size && result == LOG_CHECK_GOOD;) {
        int64_t end = *size + CHECK_LEAVES < check->size ? *size + CHECK_LEAVES : check->size;
        if (settings->may_go_on && !settings->may_go_on(settings->context))
            return LOG_CHECK_STOPPED;
        result = check_chunk(check, *size, end);
        if (result == LOG_CHECK_GOOD)
            *size = end;
    }
    if (result != LOG_CHECK_GOOD)
        return result;
    struct digest root = frontier_root(&check->growth.frontier);
    return digest_equal(&root, &check->root)
         ? LOG_CHECK_GOOD : check_bad(check, "head: its root is not the tree's");
}

enum log_check
log_check_all(struct connection *connection, const struct log_check_settings *settings, int64_t *size,
              char why[static DATABASE_WHY_MAX])
{
    struct frontier empty = { 0 };
    struct check   *check = calloc(1, sizeof *check);

    *size = 0;
    snprintf(why, DATABASE_WHY_MAX, "no memory");
    if (!check)
        return LOG_CHECK_AWAY;
    check->connection = connection;
    check->settings   = settings;
    check->why        = why;
    arena_open(&check->arena, CHUNK_BYTES_MAX);
    growth_open(&check->growth, &empty, &check->arena, CHUNK_BYTES_MAX);
    arena_close(&check->arena);
    arena_open(&check->gone_arena, GONE_BYTES_MAX);
    enum log_check result = read_head(check);
    if (result == LOG_CHECK_GOOD)
        result = check_read_gone(check);
    if (result == LOG_CHECK_GOOD)
        result = check_chunks(check, size);
    if (result == LOG_CHECK_GOOD)
        result = check_rows(check);
    arena_close(&check->gone_arena);
    free(check);
    if (result == LOG_CHECK_GOOD)
        *why = '\0';
    return result;
}
