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

/* What a client is waited for: its next request, the rest of a header that has begun, of a body, or
 * that it takes its answer. */
enum waiting { WAITING_REQUEST, WAITING_HEADER, WAITING_BODY, WAITING_READER, WAITING_COUNT };

/* "request", "header", "body", "reader"; NULL-ended */
extern const char *const waiting_names[WAITING_COUNT + 1];

enum {
    /* a client that is slower than this for longer than it is granted is cut off */
    SLOW_BYTES_A_S        = 16 << 10,
    /* places past those that there are, and past those of an address, for who asks how the service is */
    PLACES_RESERVED       = 64,
    ADDRESS_PLACES_RESERVED = 8,
};

struct connections_settings {
    unsigned                     max;             /* connections; 0: any number */
    unsigned                     address_max;     /* of one address; 0: any number */
    const struct address_ranges *exempt;          /* from that: proxies; NULL: nobody */
    unsigned                     slow_s;          /* from a header's first byte to its end; 0: for ever */
    struct metrics              *metrics;         /* NULL: none */
};

/* NULL: no memory, or no thread. */
struct connections *connections_open(const struct connections_settings *settings);
void                connections_close(struct connections *connections);

/* May it have one more? Not where its address has its reserve, too. */
bool         connections_admit(struct connections *connections, const struct sockaddr *address);
/* Where all places are taken, who has been waited for the longest, for a header or for the next
 * request, loses his. Its own header is waited for at once. NULL: no memory; then it is not counted,
 * nor watched. */
struct peer *connections_enter(struct connections *connections, const struct sockaddr *address,
                               int fd);
void         connections_leave(struct connections *connections, struct peer *peer);

/* It has a place of the reserve: it may ask how the service is, once, and nothing else. */
bool         peer_is_extra(const struct peer *peer);

/* It has so many seconds from then on (of CLOCK_MONOTONIC), and one more for each SLOW_BYTES_A_S of
 * these bytes, or of what a reader takes; grace_s 0: for ever. NULL: nothing. */
void         peer_wait(struct peer *peer, enum waiting waiting, int64_t from_us, unsigned grace_s,
                       size_t bytes);
/* For its next request: as long as it is silent, then for the rest of the header. */
void         peer_wait_for_request(struct peer *peer, int64_t from_us);
void         peer_wait_no_more(struct peer *peer);

#endif
