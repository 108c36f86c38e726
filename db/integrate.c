/* From the queue into the tree. */
#include "db/integrate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "db/binary.h"
#include "db/decisions.h"
#include "db/integrate_take.h"
#include "db/integration_run.h"
#include "db/log.h"
#include "db/search.h"
#include "record/record.h"

enum {
    ARENA_BYTES_MAX = 512 << 20,
    LEAF_COLUMNS = 5, SEARCH_COLUMNS = 10,
};

static void
at_step(const struct run *run, enum integration_step step)
{
    if (run->integrator->at_step)
        run->integrator->at_step(run->integrator->context, step);
}

enum outcome
head_open(struct connection *connection, const char *origin)
{
    static const char insert[] =
        "INSERT INTO audit.head (origin, size, root, frontier) VALUES ($1, 0, $2::bytea, '')"
        " ON CONFLICT (one) DO NOTHING";
    static const char find[] = "SELECT 1 FROM audit.head WHERE origin = $1";
    struct digest     empty = tree_empty_root();
    const struct arg  args[] = { ARG_TEXT(origin), ARG_DIGEST(&empty) };
    PGresult         *rows;
    enum outcome      outcome = run_command(connection, insert, args, 2, NULL);

    if (outcome || (outcome = run(connection, find, args, 1, &rows)))
        return outcome;
    outcome = PQntuples(rows) ? OUTCOME_OK : OUTCOME_CONFLICT;
    PQclear(rows);
    return outcome;
}

/* True: this run may go on. The lock ends with the transaction. */
static enum integration
lock(struct run *run)
{
    PGresult *rows;

    if (run->integrator->lock_left_out)
        return INTEGRATED;
    if (run_binary(run->connection, "SELECT pg_try_advisory_xact_lock(7241, 1)", NULL, 0, &rows))
        return run_away(run);
    bool is_ours = *PQgetvalue(rows, 0, 0);
    PQclear(rows);
    return is_ours ? INTEGRATED : INTEGRATION_BUSY;
}

static enum integration
read_head_row(struct run *run, const PGresult *rows)
{
    if (!PQntuples(rows))
        return run_halt(run, "the log has no head");
    if (strcmp(PQgetvalue(rows, 0, 0), run->integrator->origin) != 0)
        return run_halt(run, "the log in this database has another origin");
    if (PQgetlength(rows, 0, 2) != DIGEST_BYTES ||
        !frontier_open(&run->head, binary_bigint(rows, 0, 1), PQgetvalue(rows, 0, 3),
                       (size_t)PQgetlength(rows, 0, 3)))
        return run_halt(run, "the head's frontier is not that of its size");
    memcpy(run->root.bytes, PQgetvalue(rows, 0, 2), DIGEST_BYTES);
    struct digest root = frontier_root(&run->head);
    if (!digest_equal(&root, &run->root))
        return run_halt(run, "the head's root is not that of its frontier");
    bool is_signed = PQgetisnull(rows, 0, 4)
                     ? run->head.size == 0
                     : binary_bigint(rows, 0, 4) == run->head.size &&
                       PQgetlength(rows, 0, 5) == DIGEST_BYTES &&
                       !memcmp(PQgetvalue(rows, 0, 5), run->root.bytes, DIGEST_BYTES);
    return is_signed ? INTEGRATED : run_halt(run, "the head is not that of the latest checkpoint");
}

/* A statement of its own: what is read together with a row that one waits for is from before the
 * wait. */
static enum integration
lock_head(struct run *run)
{
    return run_command(run->connection, "SELECT FROM audit.head FOR UPDATE", NULL, 0, NULL)
           ? run_away(run) : INTEGRATED;
}

static enum integration
read_head(struct run *run)
{
    static const char sql[] =
        "SELECT h.origin, h.size, h.root, h.frontier, c.size, c.root FROM audit.head h LEFT JOIN"
        " (SELECT size, root FROM audit.checkpoint ORDER BY size DESC LIMIT 1) c ON true";
    PGresult *rows;

    if (run_binary(run->connection, sql, NULL, 0, &rows))
        return run_away(run);
    enum integration result = read_head_row(run, rows);
    PQclear(rows);
    return result;
}

/* A head that this process has seen must be a prefix of the one that is there. */
static enum integration
check_seen(struct run *run)
{
    const struct seen *seen = &run->integrator->seen;
    struct tile_reader reader = log_tile_reader(run->connection);
    struct digest      root;

    if (!seen->is_there)
        return INTEGRATED;
    if (seen->size > run->head.size)
        return run_halt(run, "the log is shorter than a checkpoint that was signed or served: the "
                         "database was rolled back");
    if (seen->size == run->head.size)
        root = run->root;
    else if (!tree_root(&reader, seen->size, &root))
        return connection_is_up(run->connection)
               ? run_halt(run, "a tile on the way to the checkpoint before is not there") : run_away(run);
    return digest_equal(&root, &seen->root)
           ? INTEGRATED : run_halt(run, "the log is not an extension of a checkpoint that was signed or "
                                    "served: it was rewritten");
}

static void
see(struct integrator *integrator, int64_t size, const struct digest *root)
{
    integrator->seen = (struct seen){ true, size, *root };
}

static enum integration
block(struct run *run, const char *inst, int64_t iseq, const char *why)
{
    struct integrator *integrator = run->integrator;

    snprintf(integrator->why, sizeof integrator->why,
             "instance %.36s, record %" PRId64 ": %.120s; the instance is left alone", inst, iseq, why);
    if (integrator->blocked_count < BLOCKED_MAX)
        snprintf(integrator->blocked[integrator->blocked_count++], INST_TEXT_MAX, "%.36s", inst);
    return INTEGRATION_AGAIN;
}

static void
add_span(struct copy *copy, struct span span)
{
    copy_add(copy, span.count ? span.bytes : NULL, span.count);
}

/* Columns in the order of run_write_search. */
static void
add_search(struct run *run, int64_t idx, const struct search_row *row)
{
    struct copy *copy = &run->search;

    copy_begin_row(copy);
    copy_add_bigint(copy, idx);
    add_span(copy, row->kind);
    add_span(copy, row->id);
    add_span(copy, row->operation);
    add_span(copy, row->market);
    add_span(copy, row->account);
    add_span(copy, row->actor);
    copy_add_bigint(copy, row->ts);
    if (row->parameters_version == INTEGER_NONE)
        copy_add(copy, NULL, 0);
    else
        copy_add_bigint(copy, row->parameters_version);
    add_span(copy, row->status);
}

/* Columns in the order of run_write_leaves. */
static void
add_leaf(struct run *run, int64_t idx, const struct taken *taken, const struct digest *leaf)
{
    struct copy *copy = &run->leaves;

    copy_begin_row(copy);
    copy_add_bigint(copy, idx);
    copy_add_uuid(copy, taken->source->inst);
    copy_add_bigint(copy, taken->iseq);
    if (taken->has_day)
        copy_add_date(copy, taken->day);
    else
        copy_add(copy, NULL, 0);
    copy_add(copy, leaf->bytes, DIGEST_BYTES);
}

/* What is wrong with a record that was read; NULL: it is what was committed to. */
static const char *
read_search(const struct taken *taken, const struct digest *commitment, struct search_row *search)
{
    struct digest salt;

    if (!taken->record)
        return "its record is not there";
    if (taken->salt_count != DIGEST_BYTES)
        return "its salt is not one";
    memcpy(salt.bytes, taken->salt, DIGEST_BYTES);
    struct digest found = commitment_of(&salt, taken->record, taken->record_count);
    if (!digest_equal(&found, commitment))
        return "its record is not the one that was committed to";
    return search_row_of(taken->record, taken->record_count, search) ? NULL
                                                                     : "its record has no kind or no time";
}

static enum integration
append_row(struct run *run, const struct taken *taken)
{
    struct source    *source = taken->source;
    struct search_row search = taken->queued->search;
    struct digest     commitment;
    char              id[DECISION_ID_MAX];
    const char       *fault = NULL;

    if (!entry_parse(taken->queued->entry.bytes, taken->queued->entry.count, &commitment))
        return block(run, source->inst, taken->iseq, "its entry is not one");
    if (taken->iseq > DECISION_ISEQ_MAX)
        return block(run, source->inst, taken->iseq, "no instance counts that far");
    if (taken->queued->is_told) {
        decision_id_format(taken->day, source->inst, taken->iseq, id);
        search.id = (struct span){ .bytes = id, .count = sizeof id - 1 };
    } else if ((fault = read_search(taken, &commitment, &search)))
        return block(run, source->inst, taken->iseq, fault);
    struct entry  entry = entry_of(&commitment);
    int64_t       idx = run->growth.frontier.size;
    struct digest leaf = growth_append(&run->growth, &entry);
    add_leaf(run, idx, taken, &leaf);
    add_search(run, idx, &search);
    source->is_closed |= search.kind.count == 5 && !memcmp(search.kind.bytes, "close", 5);
    return INTEGRATED;
}

static enum integration
append_rows(struct run *run, struct take *take)
{
    enum integration result = INTEGRATION_IDLE;
    struct taken     taken;

    for (size_t i = 0; i < take->count; i++)
        if (take->sources[i].beyond >= 0)
            return block(run, take->sources[i].inst, take->sources[i].beyond,
                         "the record before it is missing in the queue");
    while (take_next(take, &taken))
        if ((result = append_row(run, &taken)))
            return result;
    for (size_t i = 0; i < take->count; i++) {
        struct source *source = &take->sources[i];
        if (!source->count)
            continue;
        array_add_string(&run->instances, source->inst);
        array_add_bigint(&run->next, source->next + source->count);
        array_add_string(&run->closed, source->is_closed ? "t" : "f");
    }
    return result;
}

/* What the right edge's rows hold. */
static enum integration
read_edge(struct run *run)
{
    static const char sql[] =
        "SELECT t.level::bigint, t.n, t.data FROM unnest($1::bigint[], $2::bigint[]) AS u (level, n)"
        " JOIN audit.tile t ON t.level = u.level::smallint AND t.n = u.n"
        " UNION ALL SELECT -1, n, data FROM audit.bundle WHERE n = $3::bigint";
    struct growth *growth = &run->growth;
    struct array   levels, numbers;
    char           room[ARG_INTEGER_MAX];
    PGresult      *rows;
    bool           is_good = true;

    growth_open(growth, &run->head, &run->arena, ARRAY_BYTES_MAX);
    array_open(&levels, ARRAY_OF_BIGINT, &run->arena, 0, ARRAY_BYTES_MAX);
    array_open(&numbers, ARRAY_OF_BIGINT, &run->arena, 0, ARRAY_BYTES_MAX);
    for (int level = 0; level < TILE_LEVELS; level++) {
        array_add_bigint(&levels, level);
        array_add_bigint(&numbers, growth->tiles[level].n);
    }
    const struct arg args[] = { array_arg(&levels), array_arg(&numbers),
                                arg_integer(growth->bundle.n, room) };
    if (run_binary(run->connection, sql, args, 3, &rows))
        return run_away(run);
    for (int row = 0; row < PQntuples(rows); row++) {
        int         level = (int)binary_bigint(rows, row, 0);
        int64_t     n = binary_bigint(rows, row, 1);
        const char *bytes = PQgetvalue(rows, row, 2);
        size_t      count = (size_t)PQgetlength(rows, row, 2);
        is_good &= level == TILE_ENTRIES ? growth_set_bundle(growth, n, bytes, count)
                                         : growth_set_tile(growth, level, n, bytes, count);
    }
    PQclear(rows);
    return is_good && growth_is_whole(growth)
           ? INTEGRATED : run_halt(run, "the tiles at the right edge are not those of the head's size");
}

/* Partitions for what comes next, well before it does. */
static enum integration
make_partitions(struct run *run)
{
    static const char sql[] = "SELECT audit.leaf_partitions_make($1::bigint, $1::bigint + 1048576)";
    char              room[ARG_INTEGER_MAX];
    const struct arg  args[] = { arg_integer(run->growth.frontier.size, room) };

    if (run->head.size >> 20 == run->growth.frontier.size >> 20 && run->head.size > 0)
        return INTEGRATED;
    return run_command(run->connection, sql, args, 1, NULL) ? run_away(run) : INTEGRATED;
}

static void
open_arrays(struct run *run)
{
    struct { struct array *array; enum array_of of; } arrays[] = {
        { &run->instances, ARRAY_OF_TEXT },
        { &run->next, ARRAY_OF_BIGINT }, { &run->closed, ARRAY_OF_TEXT },
    };

    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        array_open(arrays[i].array, arrays[i].of, &run->arena, 0, ARRAY_BYTES_MAX);
    copy_open(&run->leaves, &run->arena, LEAF_COLUMNS, ARRAY_BYTES_MAX);
    copy_open(&run->search, &run->arena, SEARCH_COLUMNS, ARRAY_BYTES_MAX);
}

static enum integration
take_and_append(struct run *run, int64_t rows_max)
{
    struct integrator *integrator = run->integrator;
    struct take       *take = arena_alloc(&run->arena, 1, sizeof *take);

    if (!take)
        return run_starved(run);
    enum outcome outcome = take_open(run->connection, &run->arena, rows_max, integrator->blocked,
                                     integrator->blocked_count, take);
    enum integration result = outcome ? run_away(run) : append_rows(run, take);
    take_close(take);
    return result;
}

/* All but COMMIT. The first step that does not succeed ends it. */
static enum integration
work(struct run *run, int64_t rows_max)
{
    enum integration result;
    struct digest    root;

    if ((result = lock(run)) || (result = lock_head(run)) || (result = read_head(run)) ||
        (result = check_seen(run)) || (result = read_edge(run)))
        return result;
    open_arrays(run);
    if ((result = take_and_append(run, rows_max)))
        return result;
    at_step(run, STEP_TAKEN);
    root = frontier_root(&run->growth.frontier);
    if (!growth_end(&run->growth) || run->leaves.text.is_full || run->search.text.is_full)
        return run_starved(run);
    if ((result = make_partitions(run)) || (result = run_write_leaves(run)))
        return result;
    at_step(run, STEP_LEAVES);
    if ((result = run_write_tiles(run)))
        return result;
    at_step(run, STEP_TILES);
    if ((result = run_write_search(run)) || (result = run_write_instances(run)))
        return result;
    at_step(run, STEP_SEARCH);
    if ((result = run_write_checkpoint(run, &root)))
        return result;
    at_step(run, STEP_CHECKPOINT);
    result = run_write_head(run, &root);
    at_step(run, STEP_HEAD);
    return result;
}

enum integration
integrate(struct connection *connection, struct integrator *integrator, int64_t rows_max)
{
    struct run *run = NULL;
    struct arena arena;

    arena_open(&arena, ARENA_BYTES_MAX);
    if (!(run = arena_alloc(&arena, 1, sizeof *run))) {
        arena_close(&arena);
        snprintf(integrator->why, sizeof integrator->why, "no memory");
        return INTEGRATION_AWAY;
    }
    run->connection = connection;
    run->integrator = integrator;
    arena_open(&run->arena, ARENA_BYTES_MAX);
    enum integration result = transaction_begin(connection) ? run_away(run) : work(run, rows_max);
    if (result == INTEGRATED && transaction_commit(connection))
        result = run_away(run);
    else if (result != INTEGRATED)
        transaction_rollback(connection);
    if (result == INTEGRATED) {
        see(integrator, integrator->signed_head.size, &integrator->signed_head.root);
        at_step(run, STEP_COMMITTED);
    }
    arena_close(&run->arena);
    arena_close(&arena);
    return result;
}

enum integration
integrate_check(struct connection *connection, struct integrator *integrator)
{
    struct run       run = { .connection = connection, .integrator = integrator };
    enum integration result = read_head(&run);

    if (!result)
        result = check_seen(&run);
    if (!result)
        see(integrator, run.head.size, &run.root);
    return result == INTEGRATED ? INTEGRATION_IDLE : result;
}
