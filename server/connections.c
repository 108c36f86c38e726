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

enum { CHAINS = 1024, WATCH_MS = 500 };

const char *const waiting_names[WAITING_COUNT + 1] = {
    [WAITING_HEADER] = "header",
    [WAITING_BODY]   = "body",
    [WAITING_READER] = "reader",
};

/* An address that has connections: a network, as it is limited by. */
struct host { struct address network; unsigned count; struct host *next; };

struct peer {
    struct host    *host;
    int             fd;
    _Atomic int64_t until_us;             /* 0: for ever */
    _Atomic int     waiting;              /* enum waiting */
    struct peer    *before, *after;
    /* The watching thread's: what had arrived when it first saw that a reader is waited for. */
    int64_t         seen_until_us;
    uint64_t        arrived_first;
};

struct connections {
    struct connections_settings settings;
    pthread_mutex_t lock;
    pthread_cond_t  changed;
    pthread_t       thread;
    bool            is_ending;
    struct peer    *peers;
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

/* The library finds a socket that was shut closed, in whatever it waits for. */
static void
cut_late(struct connections *connections)
{
    int64_t now_us = clock_us();

    for (struct peer *peer = connections->peers; peer; peer = peer->after) {
        int64_t until_us = atomic_load(&peer->until_us);
        if (!until_us)
            continue;
        if (atomic_load(&peer->waiting) == WAITING_READER)
            until_us += earned_us(peer, until_us);
        if (until_us > now_us)
            continue;
        if (connections->settings.metrics)
            metrics_connection_cut(connections->settings.metrics,
                                   (enum waiting)atomic_load(&peer->waiting));
        atomic_store(&peer->until_us, 0);
        shutdown(peer->fd, SHUT_RDWR);
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

bool
connections_admit(struct connections *connections, const struct sockaddr *from)
{
    const struct connections_settings *settings = &connections->settings;
    struct address                     address = address_of(from);

    if (!settings->address_max ||
        (settings->exempt && address_ranges_hold(settings->exempt, &address)))
        return true;
    struct address network = address_network(&address);
    pthread_mutex_lock(&connections->lock);
    const struct host *host = find_host(connections, &network);
    bool               is_admitted = !host || host->count < settings->address_max;
    pthread_mutex_unlock(&connections->lock);
    if (!is_admitted && settings->metrics)
        metrics_connection_refused(settings->metrics);
    return is_admitted;
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
    pthread_mutex_lock(&connections->lock);
    peer->host = take_host(connections, &network);
    if (peer->host) {
        peer->after = connections->peers;
        if (peer->after)
            peer->after->before = peer;
        connections->peers = peer;
    }
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

void
peer_wait(struct peer *peer, enum waiting waiting, int64_t from_us, unsigned grace_s, size_t bytes)
{
    int64_t granted_s = (int64_t)grace_s + (int64_t)(bytes / SLOW_BYTES_A_S);

    if (!peer)
        return;
    atomic_store_explicit(&peer->waiting, (int)waiting, memory_order_relaxed);
    atomic_store_explicit(&peer->until_us, grace_s ? from_us + granted_s * 1000000 : 0,
                          memory_order_relaxed);
}

void
peer_wait_no_more(struct peer *peer)
{
    if (peer)
        atomic_store_explicit(&peer->until_us, 0, memory_order_relaxed);
}
