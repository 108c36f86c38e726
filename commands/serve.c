/* breakwater serve: opens the parts in order, waits for a signal, and
 * closes them in the opposite order. */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands/commands.h"
#include "commands/opened.h"
#include "db/caretaker.h"
#include "db/disk.h"
#include "db/housekeeper.h"
#include "db/keys.h"
#include "db/log_keys.h"
#include "db/log_seal.h"
#include "db/markets.h"
#include "db/sequencer.h"
#include "db/log.h"
#include "db/workers.h"
#include "db/writer.h"
#include "handlers/routes.h"
#include "handlers/witnesses.h"
#include "handlers/service.h"
#include "handlers/states.h"
#include "handlers/watch.h"
#include "server/log.h"
#include "server/metrics.h"
#include "server/watchers.h"

enum {
    WORKERS_QUEUE_MAX   = 1000,
    PRODUCERS           = 4,              /* each with a connection of its own */
    PRODUCERS_QUEUE_MAX = 16,
    /* of a stop: the whole, and how long an open connection may be silent before it is closed */
    DRAIN_MS_MAX        = 8000,
    DRAIN_SILENT_MS_MAX = 1000,
};

struct serving {
    struct opened    opened;
    int              log_fd;
    struct log_keys  log_keys;
    struct policy    policy;                      /* of no witnesses where no file names any */
    char             keys_path[PATH_BYTES_MAX + 8];
    struct service   service;
    struct limits    limits;
    struct address_ranges trusted_proxies;
    struct listener *listener;
};

static void
report(void *context, const char *line)
{
    const struct serving *serving = context;
    log_event(serving->log_fd, LOG_LEVEL_INFO, "database", "%s", line);
}

/* On a database of our own: keys for each role in a file, and markets to look at. */
static bool
fill_embedded(struct serving *serving)
{
    struct connection connection;
    char              why[DATABASE_WHY_MAX] = "it does not answer";

    if (!connection_open(&connection, serving->service.database))
        return fail("database", connection.why);
    bool is_filled = keys_write_first(&connection, serving->keys_path, why) &&
                     samples_load(&connection, why) &&
                     market_cache_reload(serving->service.markets, &connection) &&
                     key_cache_reload(serving->service.keys, &connection);
    connection_close(&connection);
    return is_filled || fail("database", why);
}

/* Nothing is known of the disk of a database elsewhere, unless a setting says where it is. */
static bool
open_disk(struct serving *serving)
{
    const struct opened *opened = &serving->opened;
    struct disk_settings settings = { .path = opened->settings.disk,
                                      .database = opened->database };
    char                 why[DATABASE_WHY_MAX];

    if (!settings.path && opened->embedded)
        settings.path = embedded_data(opened->embedded);
    if (settings.path)
        serving->service.disk = disk_open(&settings, why);
    return !settings.path || serving->service.disk || fail("BREAKWATER_DISK", why);
}

static bool
open_database(struct serving *serving)
{
    struct service *service = &serving->service;
    struct opened  *opened = &serving->opened;

    if (!opened_database(opened, EMBEDDED_OWN, report, serving))
        return false;
    snprintf(serving->keys_path, sizeof serving->keys_path, "%s/keys", opened->state);
    service->database    = opened->database;
    service->markets     = database_markets(service->database);
    service->keys        = database_keys(service->database);
    service->snapshots   = database_snapshots(service->database);
    service->is_embedded = opened->embedded != NULL;
    return open_disk(serving) && (!opened->embedded || fill_embedded(serving));
}

enum { POLICY_BYTES_MAX = 64 << 10 };

/* The file's bytes stay in the settings' arena, which outlives the threads. */
static bool
read_policy(struct serving *serving)
{
    const char         *path = serving->opened.settings.log_policy;
    struct policy_fault fault;
    char                why[160];

    if (!path)
        return true;
    FILE *file = fopen(path, "re");
    if (!file)
        return fail(path, strerror(errno));
    char  *bytes = arena_alloc(&serving->opened.arena, 1, POLICY_BYTES_MAX);
    size_t count = bytes ? fread(bytes, 1, POLICY_BYTES_MAX, file) : 0;
    fclose(file);
    if (!count || count == POLICY_BYTES_MAX)
        return fail(path, "a policy is a file of 1 to 65535 bytes");
    if (policy_parse(bytes, count, &serving->policy, &fault))
        return true;
    snprintf(why, sizeof why, "line %zu: %s", fault.line, fault.what);
    return fail(path, why);
}

static bool
open_witnesses(struct serving *serving)
{
    struct service           *service = &serving->service;
    struct witnesses_settings settings = {
        .database = service->database, .sequencer = service->sequencer,
        .origin = serving->opened.settings.origin, .policy = &serving->policy,
        .authority_file = serving->opened.settings.log_authorities,
    };

    service->witnesses = witnesses_open(&settings);
    return service->witnesses || fail("witnesses", "their threads could not be started");
}

/* A log that was sealed is not signed; the one that comes after it quotes it. */
static bool
mind_seal(struct serving *serving)
{
    char             path[PATH_BYTES_MAX + 8], why[DATABASE_WHY_MAX];
    char            *note = arena_alloc(&serving->opened.arena, 1, SEAL_BYTES_MAX);
    struct connection connection;

    if (!note)
        return fail("seal", "no memory");
    snprintf(path, sizeof path, "%s/seal", serving->opened.state);
    switch (log_seal_read(path, serving->opened.settings.origin, note, why)) {
    case SEAL_NONE:
        return true;
    case SEAL_OF_THIS:
        sequencer_halt(serving->service.sequencer, "it is sealed: a log of another origin goes on");
        return true;
    case SEAL_OF_ANOTHER:
        break;
    case SEAL_BAD:
        return fail("seal", why);
    }
    bool is_done = connection_open(&connection, serving->service.database) &&
                   !log_seal_quote(&connection, note);
    if (!is_done)
        fail("the log before this one could not be quoted", connection.why);
    connection_close(&connection);
    return is_done;
}

static bool
record_keys(struct serving *serving)
{
    struct connection connection;
    bool              is_done = connection_open(&connection, serving->service.database) &&
                                !log_keys_record(&connection, &serving->log_keys);

    if (!is_done)
        fail("the log's keys could not be recorded", connection.why);
    connection_close(&connection);
    return is_done;
}

/* The keys that sign the log are made where there are none yet: by the embedded default, or for a log
 * that nobody has signed. */
static bool
open_log(struct serving *serving)
{
    const struct settings    *settings = &serving->opened.settings;
    struct service           *service = &serving->service;
    char                      key_path[PATH_BYTES_MAX + 16], state_path[PATH_BYTES_MAX + 16];
    char                      why[DATABASE_WHY_MAX];
    struct sequencer_settings sequencer = { .origin = settings->origin,
                                            .keys = &serving->log_keys,
                                            .state_path = state_path, .is_held = true };

    if (!opened_state(&serving->opened) || !read_policy(serving))
        return false;
    sequencer.waits_for_witnesses = serving->policy.quorum;
    snprintf(key_path, sizeof key_path, "%s/log.key", serving->opened.state);
    snprintf(state_path, sizeof state_path, "%s/audit-state", serving->opened.state);
    service->log = database_log(service->database);
    bool may_make = !log_published_size(service->log);
    if (!log_keys_open(settings->log_key ? settings->log_key : key_path, settings->origin, may_make,
                       &serving->log_keys, why) ||
        (settings->log_key_next && !log_keys_open_next(settings->log_key_next, settings->origin,
                                                       &serving->log_keys, why)))
        return fail("the log's key", why);
    service->log_keys  = &serving->log_keys;
    service->sequencer = sequencer_open(service->database, &sequencer, why);
    return service->sequencer ? mind_seal(serving) && record_keys(serving) && open_witnesses(serving) : fail("the log", why);
}

static bool
open_threads(struct serving *serving)
{
    const struct settings *settings = &serving->opened.settings;
    struct service        *service = &serving->service;
    struct writer_settings writer = {
        .queue_max = (size_t)settings->queue_max,
        .record_left_out = settings->record == RECORDING_OFF,
    };

    if (!(service->states = states_open()))
        return fail("states", "no memory");
    service->writer = writer_open(service->database, &writer);
    if (!service->writer)
        return fail("writer", "it could not be started");
    service->workers = workers_open(service->database, (size_t)settings->workers,
                                    WORKERS_QUEUE_MAX);
    service->producers = workers_open(service->database, PRODUCERS, PRODUCERS_QUEUE_MAX);
    if (!service->workers || !service->producers)
        return fail("workers", "they could not be started");
    service->watchers = watchers_open();
    if (!service->watchers)
        return fail("watchers", "they could not be started");
    watch_open(service);
    service->housekeeper = housekeeper_open(service->database);
    if (!service->housekeeper)
        return fail("housekeeper", "it could not be started");
    struct caretaker_settings caretaker = { .retention_days = settings->retention_days,
                                            .sequencer = service->sequencer,
                                            .key = &serving->log_keys.log.key };
    service->caretaker = caretaker_open(service->database, &caretaker);
    return service->caretaker || fail("caretaker", "it could not be started");
}

static bool
open_limits(struct serving *serving)
{
    const struct settings *settings = &serving->opened.settings;
    struct limits         *limits = &serving->limits;
    char                   why[ADDRESS_WHY_MAX];

    limits->rates[LIMIT_KEY]       = (struct rate){ settings->key_rate, settings->key_burst };
    limits->rates[LIMIT_ADDRESS]   = (struct rate){ settings->address_rate,
                                                    settings->address_burst };
    limits->rates[LIMIT_ANONYMOUS] = (struct rate){ settings->anonymous_rate,
                                                    settings->anonymous_burst };
    serving->service.limits = limits;
    serving->service.cost_max = settings->cost_max;
    if (!limiter_seed(&limits->limiter) || !limiter_seed(&serving->service.pushes))
        return fail("limits", "no randomness");
    return !settings->trusted_proxies ||
           address_ranges_parse(settings->trusted_proxies, &serving->trusted_proxies, why) ||
           fail("BREAKWATER_TRUSTED_PROXIES", why);
}

static bool
open_listener(struct serving *serving)
{
    const struct settings   *settings = &serving->opened.settings;
    struct hooks             hooks = service_hooks(&serving->service);
    struct listener_settings listener = {
        .address         = settings->listen,
        .threads         = (unsigned)settings->threads,
        .connections_max = (unsigned)settings->connections_max,
        .idle_s          = (unsigned)settings->idle_s,
        .slow_s          = (unsigned)settings->slow_s,
        .connections_address_max = (unsigned)settings->connections_address_max,
        .bodies_bytes_max = (size_t)settings->bodies_bytes_max,
        .streams_max     = (size_t)settings->streams_max,
        .log_fd          = settings->log == LOG_REQUESTS ? STDERR_FILENO : -1,
        .metrics         = serving->service.metrics,
        .trusted_proxies = &serving->trusted_proxies,
        .cors_origins    = settings->cors_origins,
        .tls_cert        = settings->tls_cert,
        .tls_key         = settings->tls_key,
    };
    char why[160];

    serving->listener = listener_open(&listener, routes, &hooks, why);
    return serving->listener || fail("BREAKWATER_LISTEN", why);
}

static void
greet(const struct serving *serving)
{
    unsigned port = listener_port(serving->listener);

    printf("\nBreakwater answers on port %u (BREAKWATER_LISTEN=%s).\n", port,
           serving->opened.settings.listen);
    if (serving->opened.embedded)
        printf("Keys, one for each role: %s\nPaste this into another terminal:\n\n"
               "curl -sSw '\\n' http://127.0.0.1:%u/v1/previews"
               " -H 'Content-Type: application/json' -d '"
               "{\"market\":\"eth-usd\",\"account\":{\"id\":\"acct-1\","
               "\"collateral\":[{\"asset\":\"ETH\",\"quantity\":\"10\"}],"
               "\"debt\":[{\"asset\":\"USDC\",\"quantity\":\"15500\"}],"
               "\"wallet\":[{\"asset\":\"USDC\",\"quantity\":\"2000\"}]},"
               "\"state\":{\"prices\":{\"ETH\":\"2000\",\"USDC\":\"1\"},"
               "\"volatility\":{\"ETH\":\"0.8\"},"
               "\"depth\":{\"ETH\":[{\"venue\":\"book\",\"kind\":\"book\",\"fee_rate\":\"0.001\","
               "\"bids\":[[\"1999.5\",\"3.2\"],[\"1999\",\"8\"],[\"1997\",\"20\"]],"
               "\"asks\":[[\"2000.5\",\"4\"]]},"
               "{\"venue\":\"pool\",\"kind\":\"constant_product\",\"fee_rate\":\"0.003\","
               "\"base\":\"1000\",\"quote\":\"2000000\"}]}}}'\n\n",
               serving->keys_path, port);
    fflush(stdout);
}

static void
reload(struct serving *serving)
{
    char why[160];

    if (listener_reload(serving->listener, why))
        log_event(serving->log_fd, LOG_LEVEL_INFO, "reloaded", "the certificate was read again");
    else
        log_event(serving->log_fd, LOG_LEVEL_ERROR, "not reloaded", "%s", why);
}

/* Meanwhile the memory of a peak that has passed goes back to the system. */
static int
wait_for_signal(const struct serving *serving, const sigset_t *signals)
{
    enum { EVERY_S = 2, PEAK_LEAST = 64 };
    const struct timespec every = { .tv_sec = EVERY_S };
    int                   number;

    while ((number = sigtimedwait(signals, NULL, &every)) < 0)
        if (listener_trim(serving->listener) >= PEAK_LEAST)
            malloc_trim(0);
    return number;
}

/* What still comes on a connection that is open is answered, and closes it: only one on which nobody
 * asks is closed without a word, as HTTP allows. */
static bool
is_drained(const struct serving *serving, int silent_ms)
{
    return !listener_in_flight(serving->listener) &&
           (silent_ms >= DRAIN_SILENT_MS_MAX || !listener_connections(serving->listener));
}

/* /readyz says 503 first; then new connections are refused, and what is in flight ends. */
static void
drain(struct serving *serving)
{
    enum { STEP_MS = 10 };
    struct timespec lead  = { .tv_sec = serving->opened.settings.farewell_s };
    struct timespec pause = { .tv_nsec = STEP_MS * 1000 * 1000 };
    int             silent_ms = 0;

    serving->service.is_stopping = true;
    listener_bid_farewell(serving->listener);
    nanosleep(&lead, NULL);
    listener_quiesce(serving->listener);
    for (int ms = 0; ms < DRAIN_MS_MAX && !is_drained(serving, silent_ms); ms += STEP_MS) {
        nanosleep(&pause, NULL);
        silent_ms = listener_in_flight(serving->listener) ? 0 : silent_ms + STEP_MS;
    }
}

static void
close_all(struct serving *serving)
{
    struct service *service = &serving->service;

    if (serving->listener)
        listener_close(serving->listener);
    workers_close(service->producers);
    workers_close(service->workers);
    if (service->writer)
        writer_close(service->writer);
    if (service->housekeeper)
        housekeeper_close(service->housekeeper);
    caretaker_close(service->caretaker);
    witnesses_close(service->witnesses);
    sequencer_close(service->sequencer);
    log_keys_forget(&serving->log_keys);
    states_close(service->states);
    watchers_close(service->watchers);
    disk_close(service->disk);
    opened_close(&serving->opened);
    metrics_close(service->metrics);
}

/* What a request frees is kept for the next one, rather than given to the system, which clears it
 * anew: one with 20,000 levels takes 2.7 MB. Few threads ask at a time: no more heaps than that, each
 * of which keeps some. */
static void
prepare_memory(const struct settings *settings)
{
    enum { KEPT_BYTES = 8 << 20, MAPPED_BYTES = 4 << 20 };

    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
    mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES);
    mallopt(M_ARENA_MAX, (int)settings->threads + 1);
}

static bool
open_all(struct serving *serving)
{
    serving->service.engine_version = BREAKWATER_VERSION;
    serving->service.engine_build   = BREAKWATER_BUILD;
    if (!opened_read_settings(&serving->opened))
        return false;
    prepare_memory(&serving->opened.settings);
    serving->log_fd = serving->opened.settings.log == LOG_NONE ? -1 : STDERR_FILENO;
    serving->service.metrics = metrics_open(routes);
    return (serving->service.metrics || fail("metrics", "no memory")) && open_limits(serving) &&
           open_database(serving) &&
           open_log(serving) && open_threads(serving) && open_listener(serving);
}

int
command_serve(int argc, char **argv)
{
    struct serving serving = { .log_fd = STDERR_FILENO };
    sigset_t       stops;
    int            signal_number;

    (void)argv;
    if (argc > 1) {
        fprintf(stderr,
                "breakwater serve takes no arguments; settings come from the environment\n");
        return EXIT_FAILURE;
    }
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&stops);
    sigaddset(&stops, SIGINT);
    sigaddset(&stops, SIGTERM);
    sigaddset(&stops, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &stops, NULL);     /* before any thread: only this one takes them */

    bool is_open = open_all(&serving);
    if (is_open) {
        malloc_trim(0);
        greet(&serving);
        while ((signal_number = wait_for_signal(&serving, &stops)) == SIGHUP)
            reload(&serving);
        log_event(serving.log_fd, LOG_LEVEL_INFO, "stopping", "signal %d", signal_number);
        drain(&serving);
    }
    close_all(&serving);
    return is_open ? EXIT_SUCCESS : EXIT_FAILURE;
}
