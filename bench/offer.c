/* Asks a server at a rate that does not wait for its answers. usage: offer PORT FILE CONNECTIONS RATE
 * SECONDS; FILE is a request, byte by byte, whose answers have a Content-Length. Each connection asks
 * by a clock of its own, every CONNECTIONS / RATE seconds, from a moment that is drawn. A request that
 * is due while its connection still waits is not sent: it counts as skipped. Prints one JSON object;
 * times are from when a request was due until its answer had come, of those that were accepted. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/common.h"

enum {
    CONNECTIONS_MAX = 4096,
    RATE_MAX        = 100000,
    SECONDS_MAX     = 60,
    REQUEST_MAX     = 64 << 10,
    HEAD_MAX        = 4 << 10,
    PIECE_MAX       = 64 << 10,
    EVENTS_MAX      = 256,
    STATUSES        = 600,
    CONNECT_S       = 1,
    LINGER_NS       = 2000000000,         /* for the last answers */
};

struct connection {
    int     fd;                           /* -1: none */
    bool    is_waiting;
    int64_t phase_ns;                     /* when it first asks, from the beginning */
    int64_t due_ns;                       /* the request that it waits for */
    size_t  body_left;                    /* once the head is complete */
    int     status;                       /* 0: the head is not complete */
    size_t  head_count;
    char    head[HEAD_MAX + 1];
};

struct offer {
    struct sockaddr_in address;
    int                epoll;
    size_t             request_count;
    char               request[REQUEST_MAX];
    size_t             connections_count;
    struct connection *connections;       /* by phase */
    int64_t            period_ns;
    size_t             waiting;           /* connections that do */
    size_t             sent, skipped, failed;
    size_t             statuses[STATUSES];
    size_t             accepted, accepted_max;
    int64_t           *accepted_ns;
};

static _Noreturn void
stop(const char *what)
{
    fprintf(stderr, "offer: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static void
hang_up(struct offer *offer, struct connection *connection)
{
    offer->waiting -= connection->is_waiting;
    offer->failed  += connection->is_waiting;
    connection->is_waiting = false;
    close(connection->fd);
    connection->fd = -1;
}

/* A request goes into the buffer at once, since the connection has nothing else in it. */
static void
reach(struct offer *offer, struct connection *connection)
{
    struct timeval     patience = { .tv_sec = CONNECT_S };
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = connection };
    int                on = 1, room = 2 * REQUEST_MAX;
    int                fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        stop("socket");
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (struct sockaddr *)&offer->address, sizeof offer->address) ||
        epoll_ctl(offer->epoll, EPOLL_CTL_ADD, fd, &event)) {
        close(fd);
        return;
    }
    connection->fd = fd;
}

static void
ask(struct offer *offer, struct connection *connection, int64_t due_ns)
{
    if (connection->is_waiting) {
        offer->skipped++;
        return;
    }
    if (connection->fd < 0)
        reach(offer, connection);
    offer->sent++;
    connection->due_ns     = due_ns;
    connection->status     = 0;
    connection->head_count = 0;
    if (connection->fd < 0) {
        offer->failed++;
        return;
    }
    connection->is_waiting = true;
    offer->waiting++;
    if (send(connection->fd, offer->request, offer->request_count, MSG_NOSIGNAL | MSG_DONTWAIT) !=
        (ssize_t)offer->request_count)
        hang_up(offer, connection);
}

/* True: the head is complete, and sound. */
static bool
read_head(struct connection *connection, const char *end)
{
    static const char length[] = "\r\nContent-Length:";
    const char       *field = strcasestr(connection->head, length);

    if (strncmp(connection->head, "HTTP/1.1 ", 9) || !field || field > end)
        return false;
    connection->body_left = strtoul(field + sizeof length - 1, NULL, 10);
    connection->status    = (int)strtoul(connection->head + 9, NULL, 10);
    return connection->status >= 100 && connection->status < STATUSES;
}

static void
count_answer(struct offer *offer, struct connection *connection)
{
    offer->statuses[connection->status]++;
    if (connection->status < 300 && offer->accepted < offer->accepted_max)
        offer->accepted_ns[offer->accepted++] =
            bench_clock_ns(CLOCK_MONOTONIC) - connection->due_ns;
    connection->is_waiting = false;
    offer->waiting--;
}

/* False: this is no answer to one request. */
static bool
take(struct offer *offer, struct connection *connection, const char *bytes, size_t count)
{
    if (!connection->is_waiting)
        return false;
    if (!connection->status) {
        size_t before = connection->head_count;
        size_t taken  = count < HEAD_MAX - before ? count : HEAD_MAX - before;
        memcpy(connection->head + before, bytes, taken);
        connection->head_count = before + taken;
        connection->head[before + taken] = '\0';
        const char *end = strstr(connection->head, "\r\n\r\n");
        if (!end)
            return taken == count;
        if (!read_head(connection, end))
            return false;
        count -= (size_t)(end + 4 - connection->head) - before;
    }
    if (count > connection->body_left)
        return false;
    connection->body_left -= count;
    if (!connection->body_left)
        count_answer(offer, connection);
    return true;
}

static void
receive(struct offer *offer, struct connection *connection)
{
    char    bytes[PIECE_MAX];
    ssize_t count = recv(connection->fd, bytes, sizeof bytes, MSG_DONTWAIT);

    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (count <= 0 || !take(offer, connection, bytes, (size_t)count))
        hang_up(offer, connection);
}

static void
listen_until(struct offer *offer, int64_t until_ns)
{
    struct epoll_event    events[EVENTS_MAX];
    int64_t               left_ns = until_ns - bench_clock_ns(CLOCK_MONOTONIC);
    const struct timespec left = { .tv_sec  = left_ns > 0 ? left_ns / 1000000000 : 0,
                                   .tv_nsec = left_ns > 0 ? left_ns % 1000000000 : 0 };
    int                   count = epoll_pwait2(offer->epoll, events, EVENTS_MAX, &left, NULL);

    if (count < 0 && errno != EINTR)
        stop("epoll_pwait2");
    for (int i = 0; i < count; i++)
        receive(offer, events[i].data.ptr);
}

/* The n-th request of all is that of the n-th phase, round after round. */
static void
run(struct offer *offer, int64_t seconds)
{
    int64_t began_ns = bench_clock_ns(CLOCK_MONOTONIC);
    int64_t end_ns   = began_ns + seconds * 1000000000;

    for (size_t n = 0;; n++) {
        size_t             round = n / offer->connections_count;
        struct connection *connection = &offer->connections[n % offer->connections_count];
        int64_t            due_ns = began_ns + connection->phase_ns +
                                    (int64_t)round * offer->period_ns;

        if (due_ns >= end_ns)
            break;
        do
            listen_until(offer, due_ns);
        while (bench_clock_ns(CLOCK_MONOTONIC) < due_ns);
        ask(offer, connection, due_ns);
    }
    int64_t until_ns = bench_clock_ns(CLOCK_MONOTONIC) + LINGER_NS;
    while (offer->waiting && bench_clock_ns(CLOCK_MONOTONIC) < until_ns)
        listen_until(offer, until_ns);
}

static int
compare(const void *a, const void *b)
{
    int64_t first = *(const int64_t *)a;
    int64_t second = *(const int64_t *)b;

    return (first > second) - (first < second);
}

static int
compare_phases(const void *a, const void *b)
{
    return compare(&((const struct connection *)a)->phase_ns,
                   &((const struct connection *)b)->phase_ns);
}

static void
print(struct offer *offer)
{
    size_t count = offer->accepted;

    qsort(offer->accepted_ns, count, sizeof *offer->accepted_ns, compare);
    printf("{\"sent\":%zu,\"skipped\":%zu,\"failed\":%zu,\"unanswered\":%zu,\"statuses\":{",
           offer->sent, offer->skipped, offer->failed, offer->waiting);
    for (int status = 0, is_first = 1; status < STATUSES; status++)
        if (offer->statuses[status]) {
            printf("%s\"%d\":%zu", is_first ? "" : ",", status, offer->statuses[status]);
            is_first = 0;
        }
    printf("},\"accepted_p50_ms\":%.3f,\"accepted_p99_ms\":%.3f}\n",
           count ? 1e-6 * (double)offer->accepted_ns[count / 2] : 0,
           count ? 1e-6 * (double)offer->accepted_ns[count * 99 / 100] : 0);
}

static void
read_request(struct offer *offer, const char *path)
{
    FILE *file = fopen(path, "rb");

    if (!file)
        stop(path);
    offer->request_count = fread(offer->request, 1, sizeof offer->request, file);
    if (offer->request_count == 0 || offer->request_count == sizeof offer->request)
        stop(path);
    fclose(file);
}

static void
prepare(struct offer *offer, size_t count, int64_t rate, int64_t seconds)
{
    enum { SEED = 1 };

    offer->epoll             = epoll_create1(EPOLL_CLOEXEC);
    offer->connections_count = count;
    offer->connections       = calloc(count, sizeof *offer->connections);
    offer->period_ns         = (int64_t)count * 1000000000 / rate;
    offer->accepted_max      = (size_t)(rate * seconds) + count;
    offer->accepted_ns       = calloc(offer->accepted_max, sizeof *offer->accepted_ns);
    if (offer->epoll < 0 || !offer->connections || !offer->accepted_ns)
        stop("no room");
    srandom(SEED);
    for (size_t i = 0; i < count; i++)
        offer->connections[i].phase_ns = (int64_t)((double)random() / RAND_MAX *
                                                   (double)(offer->period_ns - 1));
    qsort(offer->connections, count, sizeof *offer->connections, compare_phases);
    for (size_t i = 0; i < count; i++) {
        offer->connections[i].fd = -1;
        reach(offer, &offer->connections[i]);
    }
}

static int64_t
number(const char *text, int64_t max)
{
    char   *end;
    int64_t found = strtoll(text, &end, 10);

    if (*end || found < 1 || found > max)
        stop(text);
    return found;
}

int
main(int count, char **args)
{
    if (count != 6) {
        fputs("usage: offer PORT FILE CONNECTIONS RATE SECONDS\n", stderr);
        return 2;
    }
    struct offer *offer = calloc(1, sizeof *offer);
    if (!offer)
        return 1;
    int64_t rate    = number(args[4], RATE_MAX);
    int64_t seconds = number(args[5], SECONDS_MAX);
    offer->address = (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port   = htons((uint16_t)number(args[1], UINT16_MAX)),
        .sin_addr   = { .s_addr = htonl(INADDR_LOOPBACK) },
    };
    read_request(offer, args[2]);
    prepare(offer, (size_t)number(args[3], CONNECTIONS_MAX), rate, seconds);
    run(offer, seconds);
    print(offer);
    free(offer->accepted_ns);
    free(offer->connections);
    free(offer);
    return 0;
}
