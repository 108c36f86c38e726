/* HTTP in, HTTP out. The only file that knows libmicrohttpd is listener.c. */
#ifndef SERVER_LISTENER_H
#define SERVER_LISTENER_H

#include "server/request.h"

/* What the service lends to each request. `end` runs exactly once for each `begin` that was called,
 * whatever happened; requests that name no operation never see it. */
struct hooks {
    struct service *service;
    /* Caller and role: 401 403 429 503. Before the body is received; now_us is
     * read again when that is there. */
    enum problem  (*begin)(struct request *request, struct reply *reply);
    /* Takes a suspended request to a thread of the service: a route that runs on a worker or a
     * producer (which calls route->handle), or a reply that waits. Whoever took it calls
     * exchange_resume() once. A problem: not taken. */
    enum problem  (*take)(struct request *request, struct reply *reply);
    /* status 0: the connection ended before there was an answer. */
    void          (*end)(struct request *request, const struct reply *reply, unsigned status,
                         int64_t elapsed_us);
};

struct listener_settings {
    const char *address;                  /* "127.0.0.1:8080", "[::1]:8080"; port 0: any free one */
    unsigned    threads;
    unsigned    connections_max;
    unsigned    idle_s;                   /* an idle or a stalled connection is closed after this */
    /* How long a client may take: for a header, from its connection or, of a later request, from the
     * first byte; beside what SLOW_BYTES_A_S need, for a body and for an answer. 0: as long as it is
     * not silent. */
    unsigned    slow_s;
    unsigned    connections_address_max;  /* of one address that is no trusted proxy; 0: all */
    size_t      bodies_bytes_max;         /* of all bodies in flight: 503 past it */
    size_t      streams_max;              /* replies that are streamed: 503 past it */
    int         log_fd;                   /* one JSON line a request; -1: none */
    const char *cors_origins;             /* separated by commas, or "*"; NULL: none */
    /* PEM files: TLS 1.2 or later; both NULL: plain HTTP. The key's must be private (mode 0600) */
    const char *tls_cert, *tls_key;
    /* whose word about the address of a client is taken; NULL: nobody's; it outlives the listener */
    const struct address_ranges *trusted_proxies;
    /* NULL: none; else made of the same routes, and it outlives the listener */
    struct metrics *metrics;
};

struct listener;

/* NULL: `why` says why (address in use ...). */
struct listener *listener_open(const struct listener_settings *settings, const struct route *routes,
                               const struct hooks *hooks, char why[static 160]);
/* Reads the certificate and its key again: new connections get them, those that are open go on.
 * False: `why`, and all stays as it was. */
bool             listener_reload(struct listener *listener, char why[static 160]);
/* Now and then: gives back the memory of as many requests as there were not at once since the last
 * time, and returns how many. */
size_t           listener_trim(struct listener *listener);
unsigned         listener_port(const struct listener *listener);
/* Each answer from now on says that its connection closes, for those who keep theirs to turn
 * elsewhere; new connections are taken. */
void             listener_bid_farewell(struct listener *listener);
/* Accept no more. What is in flight goes on, and so do the connections that are open, each for one
 * more answer; streams are ended. */
void             listener_quiesce(struct listener *listener);
size_t           listener_in_flight(const struct listener *listener);
size_t           listener_connections(const struct listener *listener);       /* that are open */
/* After in_flight is 0, or regardless: what is not answered then is cut off. What was taken must be
 * resumed first: that is waited for, for at most CLOSE_WAIT_S; past it the listener is left as it
 * is, for the end of the process. */
enum { CLOSE_WAIT_S = 30 };
void             listener_close(struct listener *listener);

/* From any thread: the request that was taken goes on. PROBLEM_NONE:
 * route->complete, then the reply; `again`: the handler is called anew with a clean
 * reply (at most 3 times, then OVERLOADED). */
enum resumption { RESUME_DONE, RESUME_AGAIN };
void exchange_resume(struct request *request, enum resumption how, enum problem problem);

#endif
