/* Who is connected: how many connections an address has, and until when each must have come further.
 * A thread looks twice a second, and shuts those that have not: HTTP libraries only notice who is
 * silent, not who sends or takes a byte now and then. From any thread. */
#ifndef SERVER_CONNECTIONS_H
#define SERVER_CONNECTIONS_H

#include "server/address.h"

struct connections;
struct metrics;
struct peer;                              /* a connection */
struct sockaddr;

/* What a client is waited for. */
enum waiting { WAITING_HEADER, WAITING_BODY, WAITING_READER, WAITING_COUNT };

/* "header", "body", "reader"; NULL-ended */
extern const char *const waiting_names[WAITING_COUNT + 1];

/* A client that is slower than this for longer than it is granted is cut off. */
enum { SLOW_BYTES_A_S = 16 << 10 };

struct connections_settings {
    unsigned                     address_max;     /* connections of one address; 0: any number */
    const struct address_ranges *exempt;          /* from that: proxies; NULL: nobody */
    struct metrics              *metrics;         /* NULL: none */
};

/* NULL: no memory, or no thread. */
struct connections *connections_open(const struct connections_settings *settings);
void                connections_close(struct connections *connections);

/* May it have one more? */
bool         connections_admit(struct connections *connections, const struct sockaddr *address);
/* NULL: no memory; then it is not counted, nor watched. */
struct peer *connections_enter(struct connections *connections, const struct sockaddr *address,
                               int fd);
void         connections_leave(struct connections *connections, struct peer *peer);

/* It has so many seconds from then on (of CLOCK_MONOTONIC), and one more for each SLOW_BYTES_A_S of
 * these bytes, or of what a reader takes; grace_s 0: for ever. NULL: nothing. */
void         peer_wait(struct peer *peer, enum waiting waiting, int64_t from_us, unsigned grace_s,
                       size_t bytes);
void         peer_wait_no_more(struct peer *peer);

#endif
