/* The parts of the service, joined as `breakwater serve` joins them. */
#include "tests/api_service.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands/commands.h"
#include "db/disk.h"
#include "db/housekeeper.h"
#include "db/log.h"
#include "db/log_keys.h"
#include "db/markets.h"
#include "db/sequencer.h"
#include "db/workers.h"
#include "db/writer.h"
#include "handlers/routes.h"
#include "handlers/service.h"
#include "handlers/states.h"
#include "handlers/watch.h"
#include "server/metrics.h"

enum {
    THREADS = 2,
    WORKERS = 2,
    WORKERS_QUEUE_MAX = 100,
    QUEUE_MAX = 1000,
    CONNECTIONS_MAX = 100,
    IDLE_S = 30
};

struct running {
    struct api_service *shared;
    struct service      service;
    struct listener    *listener;
    struct log_keys     log_keys;
    struct limits       limits;
    struct address_ranges trusted_proxies;
};

static bool
fail(struct running *running, const char *what, const char *why)
{
    snprintf(running->shared->why, sizeof running->shared->why, "%.40s: %.250s", what, why);
    return false;
}

static unsigned
roles_of(int key)
{
    bool is_one_role = key > ROLE_ANYONE && key < ROLE_COUNT;

    if (key == API_OTHER)
        return 1u << ROLE_PREVIEW;
    return is_one_role ? 1u << key : (1u << ROLE_COUNT) - 2;
}

/* A key of one role is held by who is called so: approvals count holders. */
static const char *
holder_of(int key)
{
    bool is_one_role = key > ROLE_ANYONE && key < ROLE_COUNT;

    return key == API_OTHER ? "other" : is_one_role ? role_names[key] : "tester";
}

static bool
make_keys(struct running *running, struct connection *connection)
{
    struct caller_key key;
    bool       was_there;

    for (int i = ROLE_PREVIEW; i < API_UNKNOWN; i++)
        if (key_create(connection, NULL, roles_of(i), holder_of(i),
                       running->shared->secrets[i], &key) ||
            (i == API_REVOKED && key_revoke(connection, NULL, key.id, &was_there)))
            return fail(running, "keys", connection->why);
    snprintf(running->shared->secrets[API_UNKNOWN], KEY_SECRET_MAX, "bw_0123456789abcdef_%043d", 0);
    return true;
}

static bool
fill(struct running *running)
{
    struct connection connection;
    char              why[DATABASE_WHY_MAX];

    if (!connection_open(&connection, running->service.database))
        return fail(running, "database", connection.why);
    bool is_filled = (samples_load(&connection, why) || fail(running, "samples", why)) &&
                     make_keys(running, &connection) &&
                     market_cache_reload(running->service.markets, &connection) &&
                     key_cache_reload(running->service.keys, &connection);
    connection_close(&connection);
    running->shared->has_keys = is_filled;
    return is_filled;
}

static int
measure_disk(const char *path, struct statvfs *out, void *context)
{
    const struct api_service *shared = context;

    (void)path;
    *out = (struct statvfs){ .f_frsize = 4096, .f_blocks = 1000,
                             .f_bavail = shared->is_disk_full ? 49 : 500 };
    return 0;
}

static bool
open_disk(struct running *running)
{
    struct disk_settings settings = { .path = "/", .measure = measure_disk,
                                      .context = running->shared };
    char                 why[DATABASE_WHY_MAX];

    running->service.disk = disk_open(&settings, why);
    return running->service.disk || fail(running, "disk", why);
}

static bool
open_database(struct running *running)
{
    struct database_settings settings = { .url = running->shared->url };
    struct service          *service = &running->service;
    char                     why[DATABASE_WHY_MAX];

    service->database = database_open(&settings, why);
    if (!service->database)
        return fail(running, "database", why);
    service->markets = database_markets(service->database);
    service->keys    = database_keys(service->database);
    service->snapshots = database_snapshots(service->database);
    return running->shared->has_keys || fill(running);
}

/* With keys of the test's own, and a state file beside them. */
static bool
open_log(struct running *running)
{
    char                      key_path[160], state_path[160], why[DATABASE_WHY_MAX];
    struct service           *service = &running->service;
    struct sequencer_settings settings = {
        .origin = LOG_ORIGIN, .keys = &running->log_keys, .state_path = state_path,
        .waits_for_witnesses = running->shared->lacks_witnesses,
    };

    snprintf(key_path, sizeof key_path, "%s/log.key", running->shared->state);
    snprintf(state_path, sizeof state_path, "%s/audit-state", running->shared->state);
    if (!log_keys_open(key_path, LOG_ORIGIN, true, &running->log_keys, why))
        return fail(running, "log keys", why);
    service->log       = database_log(service->database);
    service->log_keys  = &running->log_keys;
    service->sequencer = sequencer_open(service->database, &settings, why);
    return service->sequencer || fail(running, "log", why);
}

static bool
open_threads(struct running *running)
{
    size_t                 queue_max = running->shared->queue_max;
    struct writer_settings writer = { .queue_max = queue_max ? queue_max : QUEUE_MAX };
    struct service        *service = &running->service;

    service->writer      = writer_open(service->database, &writer);
    service->workers     = workers_open(service->database, WORKERS, WORKERS_QUEUE_MAX);
    service->producers   = workers_open(service->database, WORKERS, WORKERS_QUEUE_MAX);
    service->states      = states_open();
    service->watchers    = watchers_open();
    watch_open(service);
    service->housekeeper = housekeeper_open(service->database);
    return (service->writer && service->workers && service->producers && service->watchers &&
            service->housekeeper) ||
           fail(running, "threads", "they do not start");
}

static bool
open_listener(struct running *running)
{
    const char              *listen = running->shared->is_beside
                                      ? NULL : getenv("BREAKWATER_TEST_LISTEN");
    struct hooks             hooks = service_hooks(&running->service);
    struct listener_settings settings = {
        .address          = listen ? listen : "127.0.0.1:0",
        .threads          = THREADS,
        .connections_max  = CONNECTIONS_MAX,
        .connections_address_max = running->shared->connections_address_max,
        .idle_s           = IDLE_S,
        .slow_s           = 10,
        .bodies_bytes_max = 64 << 20,
        .streams_max      = 100,
        .log_fd           = -1,
        .metrics          = running->service.metrics,
        .trusted_proxies  = &running->trusted_proxies,
    };
    char why[160];

    memcpy(running->limits.rates, running->shared->rates, sizeof running->limits.rates);
    running->service.limits = &running->limits;
    running->service.cost_max = running->shared->cost_max;
    if (!address_ranges_parse(running->shared->trusted_proxies, &running->trusted_proxies, why))
        return fail(running, "proxies", why);
    running->listener = listener_open(&settings, routes, &hooks, why);
    if (!running->listener)
        return fail(running, "listener", why);
    running->shared->port = listener_port(running->listener);
    return true;
}

static void
close_all(struct running *running)
{
    struct service *service = &running->service;

    if (running->listener)
        listener_close(running->listener);
    workers_close(service->producers);
    workers_close(service->workers);
    if (service->writer)
        writer_close(service->writer);
    if (service->housekeeper)
        housekeeper_close(service->housekeeper);
    sequencer_close(service->sequencer);
    states_close(service->states);
    watchers_close(service->watchers);
    disk_close(service->disk);
    if (service->database)
        database_close(service->database);
    metrics_close(service->metrics);
}

/* Tells that it is ready, or ends. */
static int
serve(struct api_service *shared, int ready_fd)
{
    struct running running = { .shared = shared };
    sigset_t       stops;
    int            number;

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&stops);
    sigaddset(&stops, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &stops, NULL);
    running.service.engine_version = BREAKWATER_VERSION;
    running.service.engine_build   = "test";
    running.service.is_embedded    = shared->is_embedded;
    running.service.metrics        = metrics_open(routes);
    bool is_open = running.service.metrics && open_disk(&running) && open_database(&running) && open_log(&running) &&
                   open_threads(&running) &&
                   open_listener(&running);
    if (is_open && write(ready_fd, "", 1) == 1)
        sigwait(&stops, &number);
    close(ready_fd);
    running.service.is_stopping = true;
    close_all(&running);
    return is_open ? EXIT_SUCCESS : EXIT_FAILURE;
}

struct api_service *
api_service_new(bool is_embedded)
{
    struct api_service *service =
        mmap(NULL, sizeof *service, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (service == MAP_FAILED)
        return NULL;
    postgres_fresh(service->url);
    char scratch[POSTGRES_PATH_MAX];
    postgres_scratch(scratch);
    snprintf(service->state, sizeof service->state, "%s/log-XXXXXX", scratch);
    if (!mkdtemp(service->state)) {
        munmap(service, sizeof *service);
        return NULL;
    }
    service->is_embedded = is_embedded;
    return service;
}

struct api_service *
api_service_beside(const struct api_service *first)
{
    struct api_service *service =
        mmap(NULL, sizeof *service, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (service == MAP_FAILED)
        return NULL;
    *service      = *first;
    service->pid       = 0;
    service->port      = 0;
    service->is_beside = true;
    return service;
}

bool
api_service_start(struct api_service *service)
{
    int  ends[2];
    char byte;

    if (pipe(ends))
        return false;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        exit(serve(service, ends[1]));
    }
    service->pid = pid;
    close(ends[1]);
    bool is_ready = service->pid > 0 && read(ends[0], &byte, 1) == 1;
    close(ends[0]);
    if (!is_ready)
        api_service_stop(service);
    return is_ready;
}

bool
api_service_stop(struct api_service *service)
{
    int status = -1;

    if (service->pid <= 0)
        return false;
    kill(service->pid, SIGTERM);
    while (waitpid(service->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    service->pid = 0;
    return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

void
api_service_free(struct api_service *service)
{
    munmap(service, sizeof *service);
}
