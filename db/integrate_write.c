/* The rows of one integration. */
#include <stdio.h>
#include <string.h>

#include <libpq-fe.h>

#include "db/integration_run.h"

enum integration
run_away(struct run *run)
{
    snprintf(run->integrator->why, sizeof run->integrator->why, "%s", run->connection->why);
    return INTEGRATION_AWAY;
}

enum integration
run_starved(struct run *run)
{
    snprintf(run->integrator->why, sizeof run->integrator->why, "there is no memory for it now");
    return INTEGRATION_AWAY;
}

enum integration
run_halt(struct run *run, const char *why)
{
    snprintf(run->integrator->why, sizeof run->integrator->why, "%s", why);
    return INTEGRATION_HALTED;
}

/* Runs a statement that must touch exactly so many rows. */
static enum integration
must_change(struct run *run, const char *sql, const struct arg *args, size_t count, int64_t expected,
            const char *why)
{
    int64_t changed;

    if (run_command(run->connection, sql, args, count, &changed))
        return run_away(run);
    return changed == expected ? INTEGRATED : run_halt(run, why);
}

/* The same of rows that are copied: every one of them. */
static enum integration
must_copy(struct run *run, const char *sql, struct copy *copy, const char *why)
{
    int64_t changed;

    if (copy_send(run->connection, sql, copy, &changed))
        return run_away(run);
    return changed == run->growth.frontier.size - run->head.size ? INTEGRATED : run_halt(run, why);
}

enum integration
run_write_leaves(struct run *run)
{
    return must_copy(run, "COPY audit.leaf (idx, inst, iseq, day, leaf_hash) FROM STDIN (FORMAT binary)",
                     &run->leaves, "not every leaf was written");
}

enum integration
run_write_tiles(struct run *run)
{
    static const char tiles[] =
        "INSERT INTO audit.tile AS t (level, n, data) SELECT level::smallint, n, data"
        " FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS u (level, n, data)"
        " ON CONFLICT (level, n) DO UPDATE SET data = excluded.data"
        " WHERE substr(excluded.data, 1, length(t.data)) = t.data";
    static const char bundles[] =
        "INSERT INTO audit.bundle AS t (n, data) SELECT n, data"
        " FROM unnest($1::bigint[], $2::bytea[]) AS u (n, data)"
        " ON CONFLICT (n) DO UPDATE SET data = excluded.data"
        " WHERE substr(excluded.data, 1, length(t.data)) = t.data";
    struct growth   *growth = &run->growth;
    const struct arg tile_args[] = { array_arg(&growth->levels), array_arg(&growth->numbers),
                                     array_arg(&growth->data) };
    const struct arg bundle_args[] = { array_arg(&growth->bundle_numbers),
                                       array_arg(&growth->bundle_data) };
    enum integration result = must_change(run, tiles, tile_args, 3, growth->levels.count,
                                          "a tile is not what it was: it can only grow");

    return result != INTEGRATED
         ? result : must_change(run, bundles, bundle_args, 2, growth->bundle_numbers.count,
                                "a bundle is not what it was: it can only grow");
}

enum integration
run_write_search(struct run *run)
{
    return must_copy(run, "COPY audit.search (idx, kind, id, operation, market, account, actor, ts,"
                     " parameters_version, status) FROM STDIN (FORMAT binary)",
                     &run->search, "not every search row was written");
}

enum integration
run_write_instances(struct run *run)
{
    static const char sql[] =
        "INSERT INTO audit.instance AS i (inst, next_iseq, closed_at)"
        " SELECT inst::uuid, next, CASE WHEN closed::boolean THEN clock_timestamp() END"
        " FROM unnest($1::text[], $2::bigint[], $3::text[]) AS u (inst, next, closed)"
        " ON CONFLICT (inst) DO UPDATE SET next_iseq = excluded.next_iseq,"
        " closed_at = coalesce(i.closed_at, excluded.closed_at)"
        " WHERE i.next_iseq < excluded.next_iseq";
    const struct arg args[] = { array_arg(&run->instances), array_arg(&run->next),
                                array_arg(&run->closed) };

    return must_change(run, sql, args, 3, run->instances.count,
                       "an instance's counter moved meanwhile");
}

enum integration
run_write_checkpoint(struct run *run, const struct digest *root)
{
    static const char  sql[] =
        "INSERT INTO audit.checkpoint (size, root, note, published_at)"
        " VALUES ($1::bigint, $2::bytea, $3, CASE WHEN $4::boolean THEN clock_timestamp() END)";
    struct integrator *integrator = run->integrator;
    struct checkpoint *checkpoint = &integrator->signed_head;
    struct text        note;
    char               room[ARG_INTEGER_MAX];

    snprintf(checkpoint->origin, sizeof checkpoint->origin, "%s", integrator->origin);
    checkpoint->size = run->growth.frontier.size;
    checkpoint->root = *root;
    text_open(&note, &run->arena, sizeof integrator->note, sizeof integrator->note);
    checkpoint_sign(checkpoint, integrator->signers, integrator->signers_count, &note);
    text_add(&note, "", 1);
    if (note.is_full)
        return run_starved(run);
    integrator->note_count = note.count - 1;
    memcpy(integrator->note, note.bytes, note.count);
    const struct arg args[] = { arg_integer(checkpoint->size, room), ARG_DIGEST(root),
                                ARG_TEXT(integrator->note),
                                ARG_TEXT(integrator->is_publishing ? "t" : "f") };
    return must_change(run, sql, args, 4, 1, "the checkpoint was not written");
}

enum integration
run_write_head(struct run *run, const struct digest *root)
{
    static const char      sql[] =
        "UPDATE audit.head SET size = $1::bigint, root = $2::bytea, frontier = $3::bytea,"
        " epoch = epoch + 1, updated_at = clock_timestamp() WHERE size = $4::bigint";
    const struct frontier *frontier = &run->growth.frontier;
    char                   room[2][ARG_INTEGER_MAX];
    const struct arg       args[] = {
        arg_integer(frontier->size, room[0]), ARG_DIGEST(root),
        ARG_BYTES(frontier->hashes, frontier->count * DIGEST_BYTES),
        arg_integer(run->head.size, room[1]),
    };
    int64_t changed;

    if (run_command(run->connection, sql, args, 4, &changed))
        return run_away(run);
    if (changed != 1) {
        snprintf(run->integrator->why, sizeof run->integrator->why, "another process was faster");
        return INTEGRATION_AGAIN;
    }
    return run_command(run->connection, "SELECT pg_notify('breakwater_log', '')", NULL, 0, NULL)
           ? run_away(run) : INTEGRATED;
}
