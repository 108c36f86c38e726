/* Connections in a list for the thread that watches, and by address in a table of chains. */
#include "server/connections.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "server/metrics.h"

enum {
    CHAINS   = 1024,
    WATCH_MS = 500,
    /* The kernel's clock of what a socket received has steps of up to 10 ms. */
    COARSE_US = 30000,
};

const char *const waiting_names[WAITING_COUNT + 1] = {
    [WAITING_REQUEST] = "request",
    [WAITING_HEADER] = "header",
    [WAITING_BODY]   = "body",
    [WAITING_READER] = "reader",
};

/* An address that has connections: a network, as it is limited by. */
struct host { struct address network; unsigned count; struct host *next; };

/* What it is waited for, and until when, in one word, since two threads change them: NOBODY_WAITS, or
 * a time in microseconds times WAITING_STATES, plus enum waiting. 0 is for ever; of WAITING_REQUEST
 * it is since when. */
enum { WAITING_STATES = 8, NOBODY_WAITS = WAITING_COUNT };

struct peer {
    struct host     *host;
    int              fd;
    bool             is_extra, is_displaced;
    _Atomic uint64_t state;
    struct peer     *before, *after;
    /* The watching thread's: what had arrived when it first saw that a reader is waited for. */
    int64_t          seen_until_us;
    uint64_t         arrived_first;
};

_Static_assert(NOBODY_WAITS < WAITING_STATES, "each has a number");

struct connections {
    struct connections_settings settings;
    pthread_mutex_t lock;
    pthread_cond_t  changed;
    pthread_t       thread;
    bool            is_ending;
    struct peer    *peers;
    unsigned        count;                /* but for those that are displaced and not yet closed */
    struct host    *chains[CHAINS];
};

static int64_t
clock_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* FNV-1a over the network. */
static struct host **
chain_of(struct connections *connections, const struct address *network)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < sizeof network->bytes; i++)
        hash = (hash ^ network->bytes[i]) * 16777619u;
    return &connections->chains[hash % CHAINS];
}

static struct host *
find_host(struct connections *connections, const struct address *network)
{
    struct host *host = *chain_of(connections, network);

    while (host && memcmp(&host->network, network, sizeof *network))
        host = host->next;
    return host;
}

/* The address's record, made where there is none. */
static struct host *
take_host(struct connections *connections, const struct address *network)
{
    struct host **chain = chain_of(connections, network);
    struct host  *host  = find_host(connections, network);

    if (!host && (host = calloc(1, sizeof *host))) {
        host->network = *network;
        host->next    = *chain;
        *chain        = host;
    }
    if (host)
        host->count++;
    return host;
}

static void
let_go_host(struct connections *connections, struct host *host)
{
    struct host **at = chain_of(connections, &host->network);

    if (--host->count)
        return;
    while (*at != host)
        at = &(*at)->next;
    *at = host->next;
    free(host);
}

/* Bytes that the other end has taken, since it connected. */
static uint64_t
arrived(int fd)
{
    struct tcp_info info  = { .tcpi_bytes_acked = 0 };
    socklen_t       bytes = sizeof info;

    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &bytes) ? 0 : info.tcpi_bytes_acked;
}

/* How much later a reader may be, for what it took. */
static int64_t
earned_us(struct peer *peer, int64_t until_us)
{
    uint64_t now = arrived(peer->fd);

    if (peer->seen_until_us != until_us) {
        peer->seen_until_us = until_us;
        peer->arrived_first = now;
    }
    return (int64_t)((now - peer->arrived_first) / SLOW_BYTES_A_S) * 1000000;
}

/* When data came last, by the clock of now_us; 0: it is not known. */
static int64_t
received_us(int fd, int64_t now_us)
{
    struct tcp_info info  = { .tcpi_last_data_recv = 0 };
    socklen_t       bytes = sizeof info;

    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &bytes)
           ? 0 : now_us - (int64_t)info.tcpi_last_data_recv * 1000;
}

static uint64_t
state_of(enum waiting waiting, int64_t time_us)
{
    return (uint64_t)time_us * WAITING_STATES + waiting;
}

static int64_t
time_of(uint64_t state)
{
    return (int64_t)(state / WAITING_STATES);
}

/* The library finds a socket that was shut closed, in whatever it waits for. False: it went on just now. */
static bool
cut(struct connections *connections, struct peer *peer, uint64_t state)
{
    if (!atomic_compare_exchange_strong(&peer->state, &state, NOBODY_WAITS))
        return false;
    if (connections->settings.metrics)
        metrics_connection_cut(connections->settings.metrics,
                               (enum waiting)(state % WAITING_STATES));
    shutdown(peer->fd, SHUT_RDWR);
    return true;
}

/* The library says nothing of a header that has begun, but the socket does. */
static void
see_beginning(struct connections *connections, struct peer *peer, uint64_t state, int64_t now_us)
{
    int64_t  since_us = time_of(state);
    unsigned slow_s = connections->settings.slow_s;

    if (!slow_s || since_us + WATCH_MS * 1000 > now_us)
        return;
    int64_t begun_us = received_us(peer->fd, now_us);
    if (begun_us > since_us + COARSE_US)
        atomic_compare_exchange_strong(&peer->state, &state,
                                       state_of(WAITING_HEADER,
                                                begun_us + (int64_t)slow_s * 1000000));
}

static void
cut_late(struct connections *connections)
{
    int64_t now_us = clock_us();

    for (struct peer *peer = connections->peers; peer; peer = peer->after) {
        uint64_t state    = atomic_load(&peer->state);
        unsigned waiting  = state % WAITING_STATES;
        int64_t  until_us = time_of(state);
        if (waiting == WAITING_REQUEST)
            see_beginning(connections, peer, state, now_us);
        if (waiting == WAITING_REQUEST || waiting == NOBODY_WAITS || !until_us)
            continue;
        if (waiting == WAITING_READER)
            until_us += earned_us(peer, until_us);
        if (until_us <= now_us)
            cut(connections, peer, state);
    }
}

/* Since when a header or a request is waited for; INT64_MAX: neither is. */
static int64_t
silent_since(const struct connections *connections, uint64_t state)
{
    unsigned waiting = state % WAITING_STATES;

    if (waiting == WAITING_REQUEST)
        return time_of(state);
    return waiting == WAITING_HEADER
           ? time_of(state) - (int64_t)connections->settings.slow_s * 1000000 : INT64_MAX;
}

/* None where all are at work. */
static void
make_place(struct connections *connections)
{
    struct peer *longest = NULL;
    int64_t      since_us = INT64_MAX;
    uint64_t     state_of_longest = NOBODY_WAITS;

    for (struct peer *peer = connections->peers; peer; peer = peer->after) {
        uint64_t state = atomic_load(&peer->state);
        int64_t  of_this_us = silent_since(connections, state);
        if (of_this_us < since_us) {
            since_us         = of_this_us;
            longest          = peer;
            state_of_longest = state;
        }
    }
    if (longest && cut(connections, longest, state_of_longest)) {
        longest->is_displaced = true;
        connections->count--;
    }
}

static void *
watch(void *context)
{
    struct connections *connections = context;

    pthread_mutex_lock(&connections->lock);
    while (!connections->is_ending) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += WATCH_MS * 1000000;
        until.tv_sec  += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&connections->changed, &connections->lock, &until);
        cut_late(connections);
    }
    pthread_mutex_unlock(&connections->lock);
    return NULL;
}

struct connections *
connections_open(const struct connections_settings *settings)
{
    struct connections *connections = calloc(1, sizeof *connections);
    pthread_condattr_t  monotonic;

    if (!connections)
        return NULL;
    connections->settings = *settings;
    pthread_mutex_init(&connections->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&connections->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (!pthread_create(&connections->thread, NULL, watch, connections))
        return connections;
    pthread_cond_destroy(&connections->changed);
    pthread_mutex_destroy(&connections->lock);
    free(connections);
    return NULL;
}

/* All have left. */
void
connections_close(struct connections *connections)
{
    if (!connections)
        return;
    pthread_mutex_lock(&connections->lock);
    connections->is_ending = true;
    pthread_cond_signal(&connections->changed);
    pthread_mutex_unlock(&connections->lock);
    pthread_join(connections->thread, NULL);
    pthread_cond_destroy(&connections->changed);
    pthread_mutex_destroy(&connections->lock);
    free(connections);
}

static bool
is_limited(const struct connections_settings *settings, const struct address *address)
{
    return settings->address_max &&
           !(settings->exempt && address_ranges_hold(settings->exempt, address));
}

bool
connections_admit(struct connections *connections, const struct sockaddr *from)
{
    const struct connections_settings *settings = &connections->settings;
    struct address                     address = address_of(from);

    if (!is_limited(settings, &address))
        return true;
    struct address network = address_network(&address);
    pthread_mutex_lock(&connections->lock);
    const struct host *host = find_host(connections, &network);
    bool               is_admitted =
        !host || host->count < settings->address_max + ADDRESS_PLACES_RESERVED;
    pthread_mutex_unlock(&connections->lock);
    if (!is_admitted && settings->metrics)
        metrics_connection_refused(settings->metrics);
    return is_admitted;
}

/* The lock is held. */
static void
take_place(struct connections *connections, struct peer *peer, const struct address *address)
{
    const struct connections_settings *settings = &connections->settings;

    if (settings->max && connections->count >= settings->max)
        make_place(connections);
    peer->is_extra = (settings->max && connections->count >= settings->max) ||
                     (is_limited(settings, address) && peer->host->count > settings->address_max);
    connections->count++;
    peer->after = connections->peers;
    if (peer->after)
        peer->after->before = peer;
    connections->peers = peer;
}

struct peer *
connections_enter(struct connections *connections, const struct sockaddr *from, int fd)
{
    struct address address = address_of(from);
    struct address network = address_network(&address);
    struct peer   *peer = calloc(1, sizeof *peer);

    if (!peer)
        return NULL;
    peer->fd = fd;
    peer_wait(peer, WAITING_HEADER, clock_us(), connections->settings.slow_s, 0);
    pthread_mutex_lock(&connections->lock);
    peer->host = take_host(connections, &network);
    if (peer->host)
        take_place(connections, peer, &address);
    pthread_mutex_unlock(&connections->lock);
    if (peer->host) {
        if (connections->settings.metrics)
            metrics_connection_begin(connections->settings.metrics);
        return peer;
    }
    free(peer);
    return NULL;
}

void
connections_leave(struct connections *connections, struct peer *peer)
{
    if (!peer)
        return;
    pthread_mutex_lock(&connections->lock);
    connections->count -= !peer->is_displaced;
    if (peer->before)
        peer->before->after = peer->after;
    else
        connections->peers = peer->after;
    if (peer->after)
        peer->after->before = peer->before;
    let_go_host(connections, peer->host);
    pthread_mutex_unlock(&connections->lock);
    if (connections->settings.metrics)
        metrics_connection_end(connections->settings.metrics);
    free(peer);
}

bool
peer_is_extra(const struct peer *peer)
{
    return peer && peer->is_extra;
}

void
peer_wait(struct peer *peer, enum waiting waiting, int64_t from_us, unsigned grace_s, size_t bytes)
{
    int64_t granted_s = (int64_t)grace_s + (int64_t)(bytes / SLOW_BYTES_A_S);

    if (peer)
        atomic_store_explicit(&peer->state,
                              state_of(waiting, grace_s ? from_us + granted_s * 1000000 : 0),
                              memory_order_relaxed);
}

void
peer_wait_for_request(struct peer *peer, int64_t from_us)
{
    if (peer)
        atomic_store_explicit(&peer->state, state_of(WAITING_REQUEST, from_us),
                              memory_order_relaxed);
}

void
peer_wait_no_more(struct peer *peer)
{
    if (peer)
        atomic_store_explicit(&peer->state, NOBODY_WAITS, memory_order_relaxed);
}
