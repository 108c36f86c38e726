/* Sockets and libmicrohttpd. Its threads poll(): the epoll mode of 0.9.75 stalls when exactly 128
 * connections are ready. An answer is queued in the second or a later call of on_request, since one
 * that is queued in the first closes the connection. */
#include "server/listener.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "server/exchange.h"
#include "server/listening.h"
#include "server/metrics.h"
#include "server/pem.h"
#include "server/streams.h"

enum {
    WHY_BYTES       = 160,
    /* of a connection, for its header and pieces of a body; cleared after each request, so that all
     * of it is resident */
    POOL_BYTES      = 22 << 10,
    FIELD_BYTES     = 64,                 /* that the library keeps beside the bytes of a field */
    FILES_OWN       = 256,                /* files beside the connections */
    STREAM_BLOCK_BYTES = 16 << 10,        /* of a stream to a client of HTTP/1.0 */
};

_Static_assert(POOL_BYTES > URI_BYTES_MAX + HEADERS_BYTES_MAX +
                            HEADERS_COUNT_MAX * FIELD_BYTES + (1 << 10),
               "our limits are met before the library's");

/* The library calls it with the target of each request's first line; what it
 * returns is on_request's state. */
static void *
on_target(void *listener, const char *target, struct MHD_Connection *connection)
{
    struct exchange *exchange = exchange_open(listener, target);

    if (!exchange)
        return NULL;
    exchange->connection = connection;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    exchange->peer = info ? info->socket_context : NULL;
    return exchange;
}

static enum MHD_Result
on_accept(void *context, const struct sockaddr *address, socklen_t address_bytes)
{
    struct listener *listener = context;

    (void)address_bytes;
    return connections_admit(listener->connections, address) ? MHD_YES : MHD_NO;
}

static void
on_connection(void *context, struct MHD_Connection *connection, void **peer,
              enum MHD_ConnectionNotificationCode what)
{
    struct listener *listener = context;

    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        connections_leave(listener->connections, *peer);
        *peer = NULL;
        return;
    }
    const union MHD_ConnectionInfo *address =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const union MHD_ConnectionInfo *fd =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    *peer = connections_enter(listener->connections, address ? address->client_addr : NULL,
                              fd ? fd->connect_fd : -1);
}

static enum MHD_Result
on_header(void *exchange, enum MHD_ValueKind kind, const char *name, size_t name_count,
          const char *value, size_t value_count)
{
    (void)kind;
    exchange_add_header(exchange, name, name_count, value ? value : "", value ? value_count : 0);
    /* the library's own copy of a key, which it does not clear when the connection is closed */
    if (value && !strcasecmp(name, "Authorization"))
        explicit_bzero((char *)(uintptr_t)value, value_count);
    return MHD_YES;
}

/* Under the stream's lock, so that no resumption can come before. */
void
connection_suspend(void *connection)
{
    MHD_suspend_connection(connection);
}

void
connection_resume(void *connection)
{
    MHD_resume_connection(connection);
}

/* The library, which may wait for this socket, finds it closed. */
void
connection_shut(void *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    if (info)
        shutdown(info->connect_fd, SHUT_RDWR);
}

/* The library has room for bytes of a stream. */
static ssize_t
on_room(void *context, uint64_t position, char *bytes, size_t count)
{
    const struct exchange *exchange = context;
    size_t                 taken    = 0;

    if (position < exchange->count) {
        size_t left = exchange->count - (size_t)position;
        taken = left < count ? left : count;
        memcpy(bytes, exchange->bytes + position, taken);
        return (ssize_t)taken;
    }
    switch (stream_take(exchange->stream, bytes, count, &taken)) {
    case TAKING_BYTES: return (ssize_t)taken;
    case TAKING_SLEEP: return 0;
    case TAKING_END:   return MHD_CONTENT_READER_END_OF_STREAM;
    case TAKING_CUT:   return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    return MHD_CONTENT_READER_END_WITH_ERROR;
}

static void
keep(void *bytes)
{
    (void)bytes;
}

/* The bytes are the arena's, which lives until the exchange is closed: they are not copied. */
static struct MHD_Response *
response_of(struct exchange *exchange)
{
    if (exchange->stream && !exchange->problem)
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES, on_room,
                                                 exchange, NULL);
    return MHD_create_response_from_buffer_with_free_callback(
        exchange->count, (void *)(uintptr_t)exchange->bytes, keep);
}

static enum MHD_Result
answer(struct exchange *exchange)
{
    if (!exchange->is_rendered)
        exchange_render(exchange);
    exchange->stage = STAGE_ANSWERED;
    struct MHD_Response *response = response_of(exchange);
    if (!response)
        return MHD_NO;
    /* The library does not come to an end after the head of an answer in chunks: without them it
     * closes the connection. */
    if (exchange->stream && !strcmp(exchange->request.method, "HEAD"))
        MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
    enum MHD_Result queued = MHD_YES;
    for (size_t i = 0; queued == MHD_YES && i < exchange->headers_count; i++)
        queued = MHD_add_response_header(response, exchange->headers[i].name,
                                         exchange->headers[i].value);
    if (exchange->stream)
        peer_wait_no_more(exchange->peer);
    else
        peer_wait(exchange->peer, WAITING_READER, exchange_clock_us(CLOCK_MONOTONIC),
                  exchange->listener->settings.slow_s, 0);
    if (queued == MHD_YES)
        queued = MHD_queue_response(exchange->connection, exchange->status, response);
    MHD_destroy_response(response);
    return queued;
}

/* Suspended before it is handed over, since it may come back before `take` returns. From
 * then on it is not ours to touch. */
static enum MHD_Result
hand_over(struct exchange *exchange)
{
    struct listener *listener = exchange->listener;

    atomic_fetch_add(&listener->taken, 1);
    if (atomic_load(&listener->is_closing)) {
        atomic_fetch_sub(&listener->taken, 1);
        exchange->problem = PROBLEM_STOPPING;
        return answer(exchange);
    }
    exchange->stage = STAGE_TAKEN;
    peer_wait_no_more(exchange->peer);
    MHD_suspend_connection(exchange->connection);
    enum problem problem = listener->hooks.take(&exchange->request, &exchange->reply);
    if (problem)
        exchange_resume(&exchange->request, RESUME_DONE, problem);
    return MHD_YES;
}

void
exchange_resume(struct request *request, enum resumption how, enum problem problem)
{
    struct exchange *exchange = request->exchange;
    struct listener *listener = exchange->listener;

    exchange->resumption   = how;
    exchange->resumed_with = problem;
    MHD_resume_connection(exchange->connection);          /* and the exchange may be gone */
    atomic_fetch_sub(&listener->taken, 1);
}

static enum MHD_Result
begin(struct exchange *exchange, const char *method, const char *version)
{
    struct listener                *listener = exchange->listener;
    const union MHD_ConnectionInfo *peer =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

    atomic_fetch_add(&listener->in_flight, 1);
    if (listener->settings.metrics)
        metrics_begin(listener->settings.metrics);
    MHD_get_connection_values_n(exchange->connection, MHD_HEADER_KIND, on_header, exchange);
    exchange_place(exchange, peer ? peer->client_addr : NULL);
    return exchange_begin(exchange, method, version) == NEXT_ANSWER ? answer(exchange) : MHD_YES;
}

static enum MHD_Result
go_on(struct exchange *exchange)
{
    enum next next = exchange->stage == STAGE_TAKEN
                     ? exchange_go_on(exchange) : exchange_run(exchange);

    return next == NEXT_HAND_OVER ? hand_over(exchange) : answer(exchange);
}

/* Called when the header is complete, for each piece of the body, when that is
 * complete, and after each resumption. */
static enum MHD_Result
on_request(void *listener, struct MHD_Connection *connection, const char *url, const char *method,
           const char *version, const char *bytes, size_t *count, void **state)
{
    struct exchange *exchange = *state;
    (void)listener, (void)connection, (void)url;

    if (!exchange)
        return MHD_NO;
    if (exchange->stage == STAGE_HEAD)
        return begin(exchange, method, version);
    if (*count) {
        bool is_taken = exchange_take(exchange, bytes, *count);
        *count = 0;
        return is_taken ? MHD_YES : MHD_NO;
    }
    return go_on(exchange);
}

static void
on_completed(void *listener, struct MHD_Connection *connection, void **state,
             enum MHD_RequestTerminationCode why)
{
    struct exchange *exchange = *state;
    (void)listener, (void)connection, (void)why;

    if (exchange) {
        peer_wait_for_request(exchange->peer, exchange_clock_us(CLOCK_MONOTONIC));
        exchange_complete(exchange);
    }
    *state = NULL;
}

/* A connection is a file, and the usual limit is 1,024 files; as far as the system lets us. */
static void
make_room_for_files(unsigned connections)
{
    struct rlimit limit;
    rlim_t        wanted = (rlim_t)connections + FILES_OWN;

    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static struct MHD_Daemon *
start(struct listener *listener, const struct pem *pem, int fd)
{
    const struct listener_settings *settings = &listener->settings;
    unsigned                        tls = pem->cert ? MHD_USE_TLS : 0;
    const struct MHD_OptionItem     secured[] = {
        { MHD_OPTION_HTTPS_MEM_CERT, 0, pem->cert },
        { MHD_OPTION_HTTPS_MEM_KEY, 0, pem->key },
        { MHD_OPTION_HTTPS_PRIORITIES, 0,
          "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE" },
        { MHD_OPTION_END, 0, NULL },
    };
    const struct MHD_OptionItem     plain[] = { { MHD_OPTION_END, 0, NULL } };

    make_room_for_files(settings->connections_max + PLACES_RESERVED);
    return MHD_start_daemon(
        MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | tls, 0, on_accept, listener,
        on_request, listener,
        MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_THREAD_POOL_SIZE, settings->threads,
        MHD_OPTION_CONNECTION_LIMIT, settings->connections_max + PLACES_RESERVED,
        MHD_OPTION_CONNECTION_TIMEOUT, settings->idle_s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES,
        MHD_OPTION_URI_LOG_CALLBACK, on_target, listener,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, listener,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, listener,
        MHD_OPTION_ARRAY, tls ? secured : plain,
        MHD_OPTION_END);
}

/* False: `why`. */
static bool
start_with_certificate(struct listener *listener, struct accepting *out, char why[static WHY_BYTES])
{
    struct pem pem = { NULL, NULL };

    *out = (struct accepting){ NULL, -1 };

    if (!listener->tls_cert ||
        ((pem.cert = pem_read(listener->tls_cert, false, why)) &&
         (pem.key = pem_read(listener->tls_key, true, why)))) {
        out->fd     = fcntl(listener->fd, F_DUPFD_CLOEXEC, 0);
        out->daemon = out->fd < 0 ? NULL : start(listener, &pem, out->fd);
        if (!out->daemon)
            snprintf(why, WHY_BYTES, "cannot start the threads that listen%s",
                     pem.cert ? ", or the certificate and its key do not fit" : "");
    }
    pem_forget(&pem);
    return out->daemon;
}

static struct listener *
discard(struct listener *listener)
{
    spares_free(listener);
    pthread_mutex_destroy(&listener->spares_lock);
    connections_close(listener->connections);
    pthread_mutex_destroy(&listener->streams_lock);
    free(listener->cors_origins);
    free(listener->tls_cert);
    free(listener->tls_key);
    free(listener);
    return NULL;
}

/* NULL for NULL. False: no memory. */
static bool
copy(const char *text, char **out)
{
    *out = text ? strdup(text) : NULL;
    return !text || *out;
}

struct listener *
listener_open(const struct listener_settings *settings, const struct route *routes,
              const struct hooks *hooks, char why[static WHY_BYTES])
{
    struct listener *listener = calloc(1, sizeof *listener);

    if (!listener) {
        snprintf(why, WHY_BYTES, "no memory");
        return NULL;
    }
    pthread_mutex_init(&listener->streams_lock, NULL);
    pthread_mutex_init(&listener->spares_lock, NULL);
    listener->routes       = routes;
    listener->hooks        = *hooks;
    listener->settings     = *settings;
    if (!settings->tls_cert != !settings->tls_key) {
        snprintf(why, WHY_BYTES, "a certificate and its key are given together");
        return discard(listener);
    }
    if (!copy(settings->cors_origins, &listener->cors_origins) ||
        !copy(settings->tls_cert, &listener->tls_cert) ||
        !copy(settings->tls_key, &listener->tls_key) ||
        getrandom(&listener->seed, sizeof listener->seed, 0) != sizeof listener->seed) {
        snprintf(why, WHY_BYTES, "no memory, or no randomness");
        return discard(listener);
    }
    listener->connections = connections_open(&(struct connections_settings){
        .max         = settings->connections_max,
        .address_max = settings->connections_address_max,
        .exempt      = settings->trusted_proxies,
        .slow_s      = settings->slow_s,
        .metrics     = settings->metrics,
    });
    if (!listener->connections) {
        snprintf(why, WHY_BYTES, "no memory, or no thread");
        return discard(listener);
    }
    listener->fd = listening_open(settings->address, why);
    if (listener->fd < 0)
        return discard(listener);
    listener->port = listening_port(listener->fd);
    if (start_with_certificate(listener, &listener->accepting, why))
        return listener;
    close(listener->fd);
    return discard(listener);
}

/* Of a daemon that was quiesced: it does not close its socket itself. */
static void
end_accepting(const struct accepting *accepting)
{
    MHD_stop_daemon(accepting->daemon);
    close(accepting->fd);
}

/* The new one takes over the socket; the one before keeps its connections, until there are too many
 * like it: the oldest is cut off then. */
bool
listener_reload(struct listener *listener, char why[static WHY_BYTES])
{
    if (!listener->tls_cert || atomic_load(&listener->is_quiet))
        return true;
    struct accepting accepting;
    if (!start_with_certificate(listener, &accepting, why))
        return false;
    MHD_quiesce_daemon(listener->accepting.daemon);
    if (listener->retired_count == RETIRED_MAX) {
        end_accepting(&listener->retired[0]);
        listener->retired_count--;
        memmove(listener->retired, listener->retired + 1,
                listener->retired_count * sizeof *listener->retired);
    }
    listener->retired[listener->retired_count++] = listener->accepting;
    listener->accepting = accepting;
    return true;
}

size_t
listener_trim(struct listener *listener)
{
    return spares_trim(listener);
}

unsigned
listener_port(const struct listener *listener)
{
    return listener->port;
}

size_t
listener_in_flight(const struct listener *listener)
{
    return atomic_load(&listener->in_flight);
}

static size_t
count_connections(struct MHD_Daemon *daemon)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

    return info ? info->num_connections : 0;
}

size_t
listener_connections(const struct listener *listener)
{
    size_t count = count_connections(listener->accepting.daemon);

    for (size_t i = 0; i < listener->retired_count; i++)
        count += count_connections(listener->retired[i].daemon);
    return count;
}

void
listener_bid_farewell(struct listener *listener)
{
    atomic_store(&listener->is_leaving, true);
}

/* Those that the system has taken and the library has not: their clients believe them open. */
static void
take_waiting(struct listener *listener)
{
    struct sockaddr_storage address;
    socklen_t               length = sizeof address;
    int                     fd;

    while ((fd = accept4(listener->fd, (struct sockaddr *)&address, &length,
                         SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        MHD_add_connection(listener->accepting.daemon, fd, (struct sockaddr *)&address, length);
        length = sizeof address;
    }
}

/* The library stops accepting; the system stops taking connections for it. */
void
listener_quiesce(struct listener *listener)
{
    listener_bid_farewell(listener);
    if (atomic_exchange(&listener->is_quiet, true))
        return;
    MHD_quiesce_daemon(listener->accepting.daemon);
    take_waiting(listener);
    shutdown(listener->fd, SHUT_RDWR);
    streams_stop(listener);
}

static bool
is_held(struct listener *listener)
{
    pthread_mutex_lock(&listener->streams_lock);
    bool is_producing = listener->producing > 0;
    pthread_mutex_unlock(&listener->streams_lock);
    return is_producing || atomic_load(&listener->taken) > 0;
}

static bool
wait_for_taken(struct listener *listener)
{
    const struct timespec pause = { .tv_nsec = 1000000 };

    for (int i = 0; i < CLOSE_WAIT_S * 1000 && is_held(listener); i++)
        nanosleep(&pause, NULL);
    return !is_held(listener);
}

void
listener_close(struct listener *listener)
{
    listener_quiesce(listener);
    atomic_store(&listener->is_closing, true);
    if (!wait_for_taken(listener))
        return;
    end_accepting(&listener->accepting);
    for (size_t i = 0; i < listener->retired_count; i++)
        end_accepting(&listener->retired[i]);
    close(listener->fd);
    discard(listener);
}
