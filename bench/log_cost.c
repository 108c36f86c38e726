/* What the log costs: integrating a batch, a proof and a tile, in a log of ten thousand entries and in a
 * long one; and how many recorded decisions a second are integrated. Arguments: entries of the long one. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "audit/checkpoint.h"
#include "db/embedded.h"
#include "db/growth.h"
#include "db/integrate.h"
#include "db/log.h"
#include "db/row.h"

#define ORIGIN "bench.local/audit"
#define INST   "aaaaaaaa-0000-4000-8000-000000000001"

enum { SHORT_LOG = 10000, LONG_LOG = 100000, CHUNK = 65536, BATCH = 4096, ROUNDS = 7, READS = 300,
       STREAM = 16384, CHUNK_BYTES_MAX = 64 << 20 };

struct bench {
    struct database  *database;
    struct connection connection;
    struct integrator integrator;
    struct signer     signer;
    int64_t           next_iseq;
};

struct costs { double append_us, proof_us, tile_us; };

struct backend { int64_t pid; };

static const struct field backend_fields[] = {
    INTEGER_FIELD(backend, pid, .min = 1, .max = INT32_MAX),
};
static const struct record backend_record = RECORD(backend, backend_fields);

static void
stop(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static void
must(struct bench *bench, enum outcome outcome, const char *what)
{
    if (outcome)
        stop(what, bench->connection.why);
}

static double
now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void
write_rows(struct bench *bench, struct growth *growth, struct array *indexes, struct array *leaves)
{
    static const char leaf[] =
        "INSERT INTO audit.leaf (idx, inst, iseq, leaf_hash) SELECT idx, '" INST "', idx, leaf_hash"
        " FROM unnest($1::bigint[], $2::bytea[]) AS u (idx, leaf_hash)";
    static const char search[] =
        "INSERT INTO audit.search (idx, kind, market, account, ts) SELECT idx, 'decision', 'eth-usd',"
        " 'acct-' || idx % 1000, idx FROM unnest($1::bigint[]) AS u (idx)";
    static const char tile[] =
        "INSERT INTO audit.tile AS t (level, n, data) SELECT level::smallint, n, data"
        " FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS u (level, n, data)"
        " ON CONFLICT (level, n) DO UPDATE SET data = excluded.data";
    static const char bundle[] =
        "INSERT INTO audit.bundle AS t (n, data) SELECT n, data FROM unnest($1::bigint[], $2::bytea[])"
        " AS u (n, data) ON CONFLICT (n) DO UPDATE SET data = excluded.data";
    const struct arg leaf_args[] = { array_arg(indexes), array_arg(leaves) };
    const struct arg tile_args[] = { array_arg(&growth->levels), array_arg(&growth->numbers),
                                     array_arg(&growth->data) };
    const struct arg bundle_args[] = { array_arg(&growth->bundle_numbers), array_arg(&growth->bundle_data) };

    must(bench, run_command(&bench->connection, leaf, leaf_args, 2, NULL), "leaves");
    must(bench, run_command(&bench->connection, search, leaf_args, 1, NULL), "search");
    must(bench, run_command(&bench->connection, tile, tile_args, 3, NULL), "tiles");
    must(bench, run_command(&bench->connection, bundle, bundle_args, 2, NULL), "bundles");
}

static void
write_head(struct bench *bench, const struct frontier *frontier)
{
    static const char head[] = "UPDATE audit.head SET size = $1::bigint, root = $2::bytea, frontier = $3::bytea";
    static const char insert[] = "INSERT INTO audit.checkpoint (size, root, note, published_at)"
                                 " VALUES ($1::bigint, $2::bytea, 'generated', now())";
    struct digest     root = frontier_root(frontier);
    char              room[ARG_INTEGER_MAX];
    const struct arg  args[] = { arg_integer(frontier->size, room), ARG_DIGEST(&root),
                                 ARG_BYTES(frontier->hashes, frontier->count * DIGEST_BYTES) };

    must(bench, run_command(&bench->connection, head, args, 3, NULL), "head");
    must(bench, run_command(&bench->connection, insert, args, 2, NULL), "checkpoint");
}

/* Entries whose commitments are hashes of their numbers, up to `size`. */
static void
generate(struct bench *bench, struct growth *growth, int64_t size)
{
    char             room[2][ARG_INTEGER_MAX];
    const struct arg partitions[] = { arg_integer(growth->frontier.size, room[0]),
                                      arg_integer(size + (1 << 20), room[1]) };
    struct pg_result        *rows;

    must(bench, run(&bench->connection, "SELECT audit.leaf_partitions_make($1::bigint, $2::bigint)",
                    partitions, 2, &rows), "partitions");
    rows_free(rows);
    while (growth->frontier.size < size) {
        struct arena arena;
        struct array indexes, leaves, *arrays[] = { &growth->levels, &growth->numbers, &growth->data,
                                                    &growth->bundle_numbers, &growth->bundle_data };
        enum array_of of[] = { ARRAY_OF_BIGINT, ARRAY_OF_BIGINT, ARRAY_OF_BYTEA, ARRAY_OF_BIGINT,
                               ARRAY_OF_BYTEA };
        arena_open(&arena, 8 * (size_t)CHUNK_BYTES_MAX);
        array_open(&indexes, ARRAY_OF_BIGINT, &arena, 0, CHUNK_BYTES_MAX);
        array_open(&leaves, ARRAY_OF_BYTEA, &arena, 0, CHUNK_BYTES_MAX);
        for (size_t i = 0; i < sizeof of / sizeof *of; i++)
            array_open(arrays[i], of[i], &arena, 0, CHUNK_BYTES_MAX);
        for (int i = 0; i < CHUNK && growth->frontier.size < size; i++) {
            struct digest commitment = digest_of(&growth->frontier.size, sizeof growth->frontier.size);
            struct entry  entry = entry_of(&commitment);
            array_add_bigint(&indexes, growth->frontier.size);
            struct digest leaf = growth_append(growth, &entry);
            array_add(&leaves, leaf.bytes, DIGEST_BYTES);
        }
        growth_end(growth);
        write_rows(bench, growth, &indexes, &leaves);
        arena_close(&arena);
    }
    write_head(bench, &growth->frontier);
}

/* Decisions as the writer leaves them: records of 1.1 KB in today's partition, their entries queued, 32 to
 * a commit. */
static void
queue(struct bench *bench, int64_t count)
{
    static const char sql[] =
        "WITH r AS (SELECT i, convert_to(format('{\"actor\":null,\"engine\":{\"build\":\"bench\"},\"figures\":"
        "{\"health\":{\"status\":\"healthy\"},\"x\":\"%s\"},\"id\":\"dec_%s\",\"inputs\":{\"account\":{\"id\":"
        "\"acct-%s\"}},\"inst\":\"" INST "\",\"iseq\":%s,\"kind\":\"decision\",\"market\":\"eth-usd\","
        "\"operation\":\"preview\",\"parameters\":{\"version\":1},\"ts\":%s}', repeat('0123456789', 85), i,"
        " i % 1000, i, (extract(epoch FROM now()) * 1e6)::bigint), 'UTF8') AS record,"
        "  sha256(convert_to(i::text, 'UTF8')) AS salt"
        "  FROM generate_series($1::bigint, $2::bigint) i),"
        " b AS (INSERT INTO audit.body (day, inst, iseq, salt, record)"
        "  SELECT (now() AT TIME ZONE 'UTC')::date, '" INST "', i, salt, record FROM r)"
        " INSERT INTO audit.pending (inst, iseq, entry, terms) SELECT '" INST "', min(i),"
        "  string_agg('\\x01'::bytea || sha256(convert_to(E'audit-commit/v1\\n', 'UTF8') || salt || record),"
        "             '' ORDER BY i),"
        "  string_agg(format(E'%s\\tpreview\\teth-usd\\tacct-%s\\t\\thealthy\\t%s\\t1\\n',"
        "                    (now() AT TIME ZONE 'UTC')::date - date '1970-01-01', i % 1000,"
        "                    (extract(epoch FROM now()) * 1e6)::bigint), '' ORDER BY i)"
        "  FROM r GROUP BY (i - $1::bigint) / 32";
    char             room[2][ARG_INTEGER_MAX];
    const struct arg args[] = { arg_integer(bench->next_iseq, room[0]),
                                arg_integer(bench->next_iseq + count - 1, room[1]) };

    must(bench, run_command(&bench->connection, sql, args, 2, NULL), "queue");
    must(bench, run_command(&bench->connection, "ANALYZE audit.pending", NULL, 0, NULL), "analyze");
    bench->next_iseq += count;
}

static double
integrate_us(struct bench *bench, int64_t rows)
{
    double begun = now_us();

    if (integrate(&bench->connection, &bench->integrator, rows) != INTEGRATED)
        stop("integrate", bench->integrator.why);
    return now_us() - begun;
}

static int
by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double
median(double *times, size_t count)
{
    qsort(times, count, sizeof *times, by_size);
    return times[count / 2];
}

static int64_t
somewhere(int64_t size)
{
    return (int64_t)(((uint64_t)random() << 20 ^ (uint64_t)random()) % (uint64_t)size);
}

static struct costs
measure(struct bench *bench, int64_t size)
{
    struct tile_reader reader = log_tile_reader(&bench->connection);
    struct costs       costs;
    struct proof       proof;
    double             times[READS];

    for (int i = 0; i < ROUNDS; i++) {
        queue(bench, BATCH);
        times[i] = integrate_us(bench, BATCH);
    }
    costs.append_us = median(times, ROUNDS) / BATCH;
    for (int i = 0; i < READS; i++) {
        double begun = now_us();
        if (!inclusion_make(&reader, somewhere(size), size, &proof))
            stop("proof", bench->connection.why);
        times[i] = now_us() - begun;
    }
    costs.proof_us = median(times, READS);
    for (int i = 0; i < READS; i++) {
        struct tile            tile = { 0, somewhere(size / TILE_WIDTH), TILE_WIDTH };
        struct arena           arena;
        struct stored_document bytes;
        double                 begun = now_us();
        arena_open(&arena, 1 << 16);
        if (log_tile_find(&bench->connection, &tile, &arena, &bytes) != FOUND)
            stop("tile", bench->connection.why);
        arena_close(&arena);
        times[i] = now_us() - begun;
    }
    costs.tile_us = median(times, READS);
    return costs;
}

/* Of this process, and of the one of PostgreSQL that serves it: what others on the machine do does not
 * count. */
static double
processor_us(struct bench *bench)
{
    char            path[64];
    unsigned long   user = 0, kernel = 0;
    struct backend  backend;
    struct timespec own;
    struct pg_result *rows;

    must(bench, run(&bench->connection, "SELECT pg_backend_pid() AS pid", NULL, 0, &rows), "pid");
    if (!row_read(&backend_record, rows, 0, &backend))
        stop("pid", "it cannot be read");
    rows_free(rows);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
    snprintf(path, sizeof path, "/proc/%d/stat", (int)backend.pid);
    FILE *file = fopen(path, "re");
    if (!file || fscanf(file, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel) != 2)
        stop("processor time", path);
    fclose(file);
    return (double)own.tv_sec * 1e6 + (double)own.tv_nsec / 1e3 +
           (double)(user + kernel) * 1e6 / (double)sysconf(_SC_CLK_TCK);
}

static void
measure_rate(struct bench *bench)
{
    queue(bench, STREAM);
    double begun = now_us(), begun_processor = processor_us(bench);
    for (int i = 0; i < STREAM / BATCH; i++)
        integrate_us(bench, BATCH);
    double each_us = (now_us() - begun) / STREAM;
    printf("integrated, with bodies of 1.1 KB: %.0f decisions a second; %.1f us each, %.1f us of a processor\n",
           1e6 / each_us, each_us, (processor_us(bench) - begun_processor) / STREAM);
}

static void
open_bench(struct bench *bench, const char *url)
{
    struct database_settings settings = { .url = url, .statement_ms = 120000 };
    uint8_t                  seed[KEY_BYTES] = { 1 };
    char                     why[DATABASE_WHY_MAX];

    bench->database = database_open(&settings, why);
    if (!bench->database || !connection_open(&bench->connection, bench->database))
        stop("database", bench->database ? bench->connection.why : why);
    bench->signer     = signer_of(KEY_NOTE, ORIGIN, seed);
    bench->integrator = (struct integrator){ .origin = ORIGIN, .signers = &bench->signer,
                                             .signers_count = 1,
                                       .is_publishing = true };
    must(bench, head_open(&bench->connection, ORIGIN), "head");
}

static void
compare(struct bench *bench, int64_t long_size)
{
    struct growth  *growth = calloc(1, sizeof *growth);
    struct frontier empty = { 0 };
    struct arena    arena;

    arena_open(&arena, CHUNK_BYTES_MAX);
    growth_open(growth, &empty, &arena, CHUNK_BYTES_MAX);
    generate(bench, growth, SHORT_LOG);
    struct costs few = measure(bench, SHORT_LOG);
    measure_rate(bench);
    must(bench, run_command(&bench->connection, "SET session_replication_role = replica", NULL, 0, NULL), "triggers");
    must(bench, run_command(&bench->connection, "TRUNCATE audit.leaf, audit.tile, audit.bundle, audit.search,"
                            " audit.checkpoint, audit.cosignature, audit.instance", NULL, 0, NULL), "truncate");
    must(bench, run_command(&bench->connection, "TRUNCATE audit.body", NULL, 0, NULL), "truncate");
    bench->integrator.seen.is_there = false;
    bench->next_iseq = 0;
    growth_open(growth, &empty, &arena, CHUNK_BYTES_MAX);
    generate(bench, growth, long_size);
    struct costs many = measure(bench, long_size);
    measure_rate(bench);
    printf("%-22s %12s %12s %8s\n", "us", "10,000", "the long log", "ratio");
    printf("%-22s %12.1f %12.1f %8.2f\n", "append, an entry", few.append_us, many.append_us, many.append_us / few.append_us);
    printf("%-22s %12.1f %12.1f %8.2f\n", "inclusion proof", few.proof_us, many.proof_us, many.proof_us / few.proof_us);
    printf("%-22s %12.1f %12.1f %8.2f\n", "full tile", few.tile_us, many.tile_us, many.tile_us / few.tile_us);
    arena_close(&arena);
    free(growth);
}

int
main(int argc, char **argv)
{
    char             state[] = "/tmp/breakwater-bench-XXXXXX", why[DATABASE_WHY_MAX], command[64];
    struct bench     bench = { 0 };
    int64_t          size = argc > 1 ? strtoll(argv[1], NULL, 10) : LONG_LOG;
    struct embedded *embedded = mkdtemp(state) && !chmod(state, 0711) ? embedded_start(state, EMBEDDED_OWN, why) : NULL;

    if (!embedded || size < SHORT_LOG)
        stop("private database", embedded ? "give a size of at least 10000" : why);
    open_bench(&bench, embedded_url(embedded));
    compare(&bench, size);
    connection_close(&bench.connection);
    database_close(bench.database);
    embedded_stop(embedded);
    snprintf(command, sizeof command, "rm -rf %s", state);
    return system(command) ? EXIT_FAILURE : EXIT_SUCCESS;
}
