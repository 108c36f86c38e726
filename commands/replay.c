/* breakwater replay: computes decisions again, from the database or from an export alone, and says
 * which come out otherwise than they were recorded. */
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/commands.h"
#include "commands/opened.h"
#include "db/decisions_find.h"
#include "db/log.h"
#include "handlers/replay.h"
#include "record/instant.h"
#include "record/json_member.h"
#include "record/value.h"

enum { THREADS_MAX = 64, WINDOW = 256, TOLD_MAX = 20, ROWS_BYTES = 256 << 20 };

static const char usage[] =
    "usage: breakwater replay [--from TIME] [--to TIME] [--threads N] [FILE]\n"
    "\n"
    "Computes decisions again from their records and the parameters and states that those name, and\n"
    "compares the figures byte for byte. Without FILE those that stand in the published log of the\n"
    "database (BREAKWATER_DATABASE_URL); with it those of an export alone, which needs no database:\n"
    "GET /v1/decisions/export?documents=true.\n"
    "\n"
    "  --from, --to TIME  decided at or after, before: as in 2026-11-24T00:00:00Z\n"
    "  --threads N        how many compute; without it one for each processor\n"
    "\n"
    "Exit status: 0, all come out the same, or those of an earlier release the same in all that\n"
    "they recorded; 1, one does not, or cannot be computed again.\n";

struct options { const char *file; int64_t from_us, to_us, threads; };

/* A document of an export, in place. */
struct document { struct digest sha256; const char *bytes; size_t count; };

struct run {
    struct options    options;
    pthread_mutex_t   lock;                   /* of what is claimed, and of stdout */
    int64_t           at, end;                /* indexes of the log, or bytes of the export */
    const char       *bytes;                  /* of the export; NULL: the database */
    struct document  *documents;
    size_t            documents_count;
    struct database  *database;
    int64_t           announced;              /* by the export's trailer; -1: there is none */
    _Atomic int64_t   decisions, identical, grown, different, incomplete, foreign, told;
    atomic_bool       has_failed;
    char              why[DATABASE_WHY_MAX];
};

/* A thread's own. */
struct worker { pthread_t thread; struct run *run; struct connection connection; };

static void
fail_run(struct run *run, const char *why)
{
    pthread_mutex_lock(&run->lock);
    if (!atomic_exchange(&run->has_failed, true))
        snprintf(run->why, sizeof run->why, "%s", why);
    pthread_mutex_unlock(&run->lock);
}

/* Of the first few decisions that are not the same. */
static void
tell(struct run *run, const char *id, const struct replay *replay)
{
    if (atomic_fetch_add(&run->told, 1) >= TOLD_MAX)
        return;
    pthread_mutex_lock(&run->lock);
    printf("%s, by %s (%s)%s%s\n", id, replay->engine.version ? replay->engine.version : "?",
           replay->engine.build ? replay->engine.build : "?", replay->why[0] ? ": " : "",
           replay->why);
    for (size_t i = 0; i < replay->differences.count; i++) {
        const struct change *change = &replay->differences.items[i];
        printf("  %s: recorded %.200s, now %.200s\n", change->path,
               change->from ? change->from : "nothing", change->to ? change->to : "nothing");
    }
    pthread_mutex_unlock(&run->lock);
}

static bool
is_of_another_engine(const struct replay *replay)
{
    return replay->engine.version &&
           (strcmp(replay->engine.version, BREAKWATER_VERSION) != 0 ||
            strcmp(replay->engine.build, BREAKWATER_BUILD) != 0);
}

/* All that an earlier release recorded comes out the same: later ones only add members. */
static bool
is_grown(const struct replay *replay)
{
    bool is_grown = is_of_another_engine(replay) && !*replay->why && replay->differences.count;

    for (size_t i = 0; i < replay->differences.count; i++)
        is_grown &= !replay->differences.items[i].from;
    return is_grown;
}

static void
replay_one(struct run *run, const char *id, struct span record, const struct replay_source *source)
{
    struct arena  arena;
    struct replay replay;

    arena_open(&arena, REPLAY_ARENA_BYTES);
    enum replayed replayed = replay_record(record.bytes, record.count, source, &arena, &replay);
    atomic_fetch_add(&run->decisions, 1);
    if (is_of_another_engine(&replay))
        atomic_fetch_add(&run->foreign, 1);
    switch (replayed) {
    case REPLAY_IDENTICAL:
        atomic_fetch_add(&run->identical, 1);
        break;
    case REPLAY_DIFFERENT:
        atomic_fetch_add(is_grown(&replay) ? &run->grown : &run->different, 1);
        tell(run, id, &replay);
        break;
    case REPLAY_INCOMPLETE:
    case REPLAY_NOT_A_DECISION:
        atomic_fetch_add(&run->incomplete, 1);
        tell(run, id, &replay);
        break;
    case REPLAY_AWAY:
        fail_run(run, "a document cannot be read, or there is no memory");
        break;
    }
    arena_close(&arena);
}

/* False: nothing is left. */
static bool
claim_window(struct run *run, int64_t *first, int64_t *end)
{
    pthread_mutex_lock(&run->lock);
    *first  = run->at;
    *end    = run->end - run->at > WINDOW ? run->at + WINDOW : run->end;
    run->at = *end;
    pthread_mutex_unlock(&run->lock);
    return *first < *end;
}

static bool
replay_window(struct worker *worker, int64_t first, int64_t end)
{
    struct run            *run    = worker->run;
    struct replay_source   source = { replay_find_stored, &worker->connection };
    struct decision_filter filter = {
        .parameters_version = INTEGER_NONE,
        .from_us = run->options.from_us, .to_us = run->options.to_us,
    };
    struct found_decision rows[WINDOW];
    size_t                count;
    struct arena          arena;

    arena_open(&arena, ROWS_BYTES);
    enum find found = decisions_find(&worker->connection, &filter, first, end, false, true, WINDOW,
                                     &arena, rows, &count);
    for (size_t i = 0; i < count && found == FOUND; i++)
        if (rows[i].record)                   /* else it was pruned */
            replay_one(run, rows[i].id ? rows[i].id : "?",
                       (struct span){ .bytes = rows[i].record, .count = strlen(rows[i].record) },
                       &source);
    arena_close(&arena);
    return found == FOUND;
}

static void
replay_database(struct worker *worker)
{
    int64_t first, end;

    if (!connection_open(&worker->connection, worker->run->database)) {
        fail_run(worker->run, worker->connection.why);
        return;
    }
    while (!worker->run->has_failed && claim_window(worker->run, &first, &end))
        if (!replay_window(worker, first, end))
            fail_run(worker->run, worker->connection.why);
    connection_close(&worker->connection);
}

static int
compare_documents(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct digest));
}

static enum find
find_in_export(void *context, const struct digest *sha256, struct arena *arena,
               struct stored_document *out)
{
    const struct run      *run = context;
    const struct document *found = run->documents_count
        ? bsearch(sha256, run->documents, run->documents_count, sizeof *run->documents,
                  compare_documents) : NULL;

    (void)arena;
    if (!found)
        return FOUND_NOTHING;
    *out = (struct stored_document){ found->bytes, found->count };
    return FOUND;
}

/* The next line from `*at` on; a last one without its end is none. */
static bool
next_line(const struct run *run, int64_t *at, struct span *line)
{
    const char *start = run->bytes + *at;
    const char *end   = *at < run->end ? memchr(start, '\n', (size_t)(run->end - *at)) : NULL;

    if (!end)
        return false;
    *line = (struct span){ .bytes = start, .count = (size_t)(end - start) };
    *at  += (int64_t)line->count + 1;
    return true;
}

static bool
claim_line(struct run *run, struct span *line)
{
    pthread_mutex_lock(&run->lock);
    bool is_one = next_line(run, &run->at, line);
    pthread_mutex_unlock(&run->lock);
    return is_one;
}

static int64_t
decided_at(struct span record)
{
    struct span value;
    int64_t     ts;

    return json_member(record.bytes, record.count, "ts", &value) &&
           integer_parse(value.bytes, value.count, &ts) ? ts : INTEGER_NONE;
}

static void
replay_export(struct run *run)
{
    const struct replay_source source = { find_in_export, run };
    const struct options      *options = &run->options;
    struct span                line, record, text;
    char                       id[DECISION_ID_MAX];

    while (!run->has_failed && claim_line(run, &line)) {
        if (!json_member(line.bytes, line.count, "record", &record) || *record.bytes != '{')
            continue;
        int64_t at = decided_at(record);
        if ((options->from_us != INSTANT_NONE && at < options->from_us) ||
            (options->to_us != INSTANT_NONE && at >= options->to_us))
            continue;
        bool has_id = json_member_text(record.bytes, record.count, "id", &text);
        snprintf(id, sizeof id, "%.*s", has_id ? (int)text.count : 1, has_id ? text.bytes : "?");
        replay_one(run, id, record, &source);
    }
}

static void *
work(void *context)
{
    struct worker *worker = context;

    if (worker->run->bytes)
        replay_export(worker->run);
    else
        replay_database(worker);
    return NULL;
}

static bool
run_threads(struct run *run)
{
    int64_t        threads = run->options.threads;
    struct worker *workers = calloc((size_t)threads, sizeof *workers);
    int64_t        count   = 0;

    if (!workers)
        return fail("replay", "no memory");
    for (; count < threads; count++) {
        workers[count].run = run;
        if (pthread_create(&workers[count].thread, NULL, work, &workers[count]))
            break;
    }
    for (int64_t i = 0; i < count; i++)
        pthread_join(workers[i].thread, NULL);
    free(workers);
    return count > 0 || fail("replay", "no thread can be started");
}

static bool
add_document(struct run *run, size_t *room, struct span line)
{
    struct span bytes, name;
    char        text[DIGEST_TEXT_MAX];

    if (!json_member(line.bytes, line.count, "document", &bytes) ||
        !json_member_text(line.bytes, line.count, "sha256", &name) ||
        name.count != DIGEST_TEXT_MAX - 1)
        return true;
    if (run->documents_count == *room) {
        *room = *room ? 2 * *room : 256;
        struct document *more = realloc(run->documents, *room * sizeof *more);
        if (!more)
            return false;
        run->documents = more;
    }
    memcpy(text, name.bytes, name.count);
    text[name.count] = '\0';
    struct document *document = &run->documents[run->documents_count];
    *document = (struct document){ .bytes = bytes.bytes, .count = bytes.count };
    run->documents_count += digest_parse(text, &document->sha256);
    return true;
}

/* Documents stand anywhere before the decisions that name them, the trailer at the end. */
static bool
index_export(struct run *run)
{
    size_t      room = 0;
    int64_t     at   = 0;
    struct span line, trailer, count;

    run->announced = -1;
    while (next_line(run, &at, &line)) {
        if (!add_document(run, &room, line))
            return fail(run->options.file, "no memory");
        if (json_member(line.bytes, line.count, "trailer", &trailer) &&
            json_member(trailer.bytes, trailer.count, "count", &count))
            integer_parse(count.bytes, count.count, &run->announced);
    }
    if (run->documents_count)
        qsort(run->documents, run->documents_count, sizeof *run->documents, compare_documents);
    return run->announced >= 0 ||
           fail(run->options.file, "the export has no trailer: it was cut off");
}

static bool
replay_file(struct run *run)
{
    int         fd = open(run->options.file, O_RDONLY | O_CLOEXEC);
    struct stat status;

    if (fd < 0 || fstat(fd, &status) || status.st_size == 0)
        return fail(run->options.file, "it cannot be read, or is empty");
    void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (bytes == MAP_FAILED)
        return fail(run->options.file, "it cannot be read");
    run->bytes = bytes;
    run->end   = status.st_size;
    bool is_done = index_export(run) && run_threads(run);
    free(run->documents);
    munmap(bytes, (size_t)status.st_size);
    return is_done;
}

static void
report(void *context, const char *line)
{
    (void)context;
    fprintf(stderr, "breakwater: %s\n", line);
}

static bool
replay_stored(struct run *run)
{
    struct opened     opened = { 0 };
    struct connection connection;
    struct log_cache *log     = log_cache_open();
    bool              is_done = log && opened_read_settings(&opened) &&
                                opened_database(&opened, EMBEDDED_SHARE, report, NULL);

    run->database = opened.database;
    if (is_done && !connection_open(&connection, opened.database))
        is_done = fail("database", connection.why);
    else if (is_done) {
        is_done  = log_cache_reload(log, &connection) || fail("database", connection.why);
        run->end = log_published_size(log);
        connection_close(&connection);
        is_done = is_done && run_threads(run);
    }
    if (log)
        log_cache_close(log);
    opened_close(&opened);
    return is_done;
}

static bool
read_option(const char *name, const char *value, struct options *options)
{
    if (!strcmp(name, "--from"))
        return instant_parse(value, strlen(value), &options->from_us);
    if (!strcmp(name, "--to"))
        return instant_parse(value, strlen(value), &options->to_us);
    return !strcmp(name, "--threads") &&
           integer_parse(value, strlen(value), &options->threads) && options->threads >= 1 &&
           options->threads <= THREADS_MAX;
}

static bool
read_options(int argc, char **argv, struct options *options)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    *options = (struct options){
        .from_us = INSTANT_NONE, .to_us = INSTANT_NONE,
        .threads = processors < 1 ? 1 : processors > THREADS_MAX ? THREADS_MAX : processors,
    };
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-' && !options->file)
            options->file = argv[i];
        else if (i + 1 == argc || !read_option(argv[i], argv[i + 1], options))
            return false;
        else
            i++;
    }
    return true;
}

int
command_replay(int argc, char **argv)
{
    struct run run = { .announced = -1 };

    if (!read_options(argc, argv, &run.options)) {
        fputs(usage, stderr);
        return EXIT_FAILURE;
    }
    pthread_mutex_init(&run.lock, NULL);
    bool is_done = run.options.file ? replay_file(&run) : replay_stored(&run);
    pthread_mutex_destroy(&run.lock);
    if (is_done && run.has_failed)
        is_done = fail("replay", run.why);
    if (!is_done)
        return EXIT_FAILURE;
    if (run.grown)
        printf("%" PRId64 " of an earlier release come out the same in all that they recorded, and have"
               " more members now\n", run.grown);
    printf("%" PRId64 " decisions: %" PRId64 " identical, %" PRId64 " different, %" PRId64
           " that cannot be computed again; %" PRId64 " were made by another engine\n",
           run.decisions, run.identical, run.different, run.incomplete, run.foreign);
    return run.identical + run.grown == run.decisions ? EXIT_SUCCESS : EXIT_FAILURE;
}
