/* One request and its reply, from the first line to the last byte sent: what the listener's files
 * share. It knows no HTTP library. */
#ifndef SERVER_EXCHANGE_H
#define SERVER_EXCHANGE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "server/connections.h"
#include "server/listener.h"

enum {
    RETIRED_MAX        = 4,
    URI_BYTES_MAX      = 4 << 10,         /* 414 past it */
    HEADERS_BYTES_MAX  = 8 << 10,         /* names, values and separators: 431 past it */
    HEADERS_COUNT_MAX  = 100,
    /* a refused body is read to its end up to this, so that the answer arrives */
    DISCARD_BYTES_MAX  = 8 << 20,
    RECEIVE_S_MAX      = 120,             /* from the header to the body's end */
    RERUNS_MAX         = 3,
    /* of what is held while a request waits; of what is used all at once, and let go */
    EXCHANGE_LENT_BYTES  = 2304,
    ARENA_BLOCK_BYTES    = 2 << 10,
    FLEETING_BLOCK_BYTES = 32 << 10,
    /* what a request may use, and how much more for each byte of its body */
    ARENA_BYTES_LEAST  = 4 << 20,
    ARENA_BYTES_A_BYTE = 16,
    ANSWER_BYTES_MAX   = 64 << 20,
    ANSWER_HEADERS_MAX = REPLY_HEADERS_MAX + 20,
    ALLOW_BYTES        = 64,
};

struct stream;

/* The HTTP library's, and the socket that it accepts from: a duplicate of the listener's, since the
 * library closes it where a start fails. */
struct accepting { void *daemon; int fd; };

struct listener {
    struct accepting         accepting;
    /* that had the certificates before: their connections go on */
    struct accepting         retired[RETIRED_MAX];
    size_t                   retired_count;
    int                      fd;          /* that accepts */
    unsigned                 port;
    const struct route      *routes;
    struct hooks             hooks;
    struct listener_settings settings;
    char                    *cors_origins, *tls_cert, *tls_key;      /* own copies */
    struct connections      *connections;
    uint64_t                 seed;                   /* of trace ids: differs by process */
    _Atomic uint64_t         number;                 /* of the newest request */
    _Atomic size_t           bodies_bytes;           /* of the budget */
    /* requests whose header is complete; those that a thread of the service has */
    _Atomic size_t           in_flight, taken;
    atomic_bool              is_leaving, is_quiet, is_closing;
    pthread_mutex_t          spares_lock;
    struct exchange         *spares;                 /* for the next requests */
    size_t                   spares_count;
    size_t                   spares_least;           /* that there were since the last trim */
    pthread_mutex_t          streams_lock;
    struct stream           *streams;
    size_t                   streams_count, producing;      /* of them, those that a producer has */
    bool                     streams_are_stopped;           /* there will be no more */
};

enum stage { STAGE_HEAD, STAGE_BODY, STAGE_TAKEN, STAGE_ANSWERED };

/* What the listener does next: wait for the rest of the request, answer, or
 * suspend and hand over to the service. */
enum next { NEXT_RECEIVE, NEXT_ANSWER, NEXT_HAND_OVER };

/* What stands from room_lent on is not zeroed, and the last of it, the faults, is touched by those
 * who have some: the rest fits into a page. */
struct exchange {
    struct exchange *next_spare;
    struct listener *listener;
    void            *connection;          /* the HTTP library's */
    struct peer     *peer;                /* that it is of; NULL: it is not watched */
    struct arena     arena, fleeting;
    struct request   request;
    enum stage       stage;
    enum problem     problem;             /* the first one wins */
    bool             is_begun;            /* hooks.begin was called */
    bool             has_body, is_chunked;
    bool             is_cut_short;        /* answered before its body was received */
    bool             is_seen[32];         /* header fields that may stand once, by their row */
    size_t           headers_bytes, headers_seen;
    const char      *content_type, *content_length, *transfer_encoding, *expect, *origin,
                    *request_method;
    char            *forwarded_for, *forwarded;      /* all fields of each, joined */
    char            *target;              /* path and query, in pieces */
    char            *query;
    char             allow[ALLOW_BYTES];  /* of 405, and of a preflight */
    int64_t          started_us;          /* monotonic: when the header was complete */
    size_t           announced;           /* Content-Length */
    size_t           discarded, reserved, room;
    char            *body;
    unsigned         reruns;
    enum resumption  resumption;          /* what exchange_resume said */
    enum problem     resumed_with;
    /* The answer. */
    unsigned         status;              /* 0: there is none yet */
    const char      *media_type;
    /* in the arena, which lives until they are sent, or static */
    const char      *bytes;
    size_t           count;
    struct stream   *stream;              /* that follows them; NULL: none */
    bool             is_rendered;
    struct header    headers[ANSWER_HEADERS_MAX];
    size_t           headers_count;
    char             retry_after[12];
    _Alignas(max_align_t) char room_lent[EXCHANGE_LENT_BYTES];      /* the arena's first block */
    struct reply     reply;
};

/* exchange.c: its course. `target` is as received. NULL: no memory. */
struct exchange *exchange_open(struct listener *listener, const char *target);
enum next        exchange_run(struct exchange *exchange);   /* the request is complete */
enum next        exchange_go_on(struct exchange *exchange);                /* it was resumed */
void             exchange_complete(struct exchange *exchange);  /* the connection is done with it */
void             exchange_close(struct exchange *exchange);

/* spares.c: exchanges are used again, by requests as many as there were at once. */
struct exchange *spare_take(struct listener *listener);     /* not cleared; NULL: no memory */
void             spare_give_back(struct exchange *exchange);
/* Frees those that were not needed since the last trim, and returns how many they were. */
size_t           spares_trim(struct listener *listener);
void             spares_free(struct listener *listener);

/* intake.c: what is checked before and while the body is received. */
void      exchange_add_header(struct exchange *exchange, const char *name, size_t name_count,
                              const char *value, size_t value_count);
/* who asks: all fields are added */
void      exchange_place(struct exchange *exchange, const struct sockaddr *peer);
/* the header is complete */
enum next exchange_begin(struct exchange *exchange, const char *method, const char *version);
/* count > 0; false: cut the connection */
bool      exchange_take(struct exchange *exchange, const char *bytes, size_t count);

/* answer.c: the reply as status, header fields and bytes. */
void exchange_render(struct exchange *exchange);
bool exchange_answer_preflight(struct exchange *exchange);   /* OPTIONS that CORS allows */

int64_t exchange_clock_us(int clock);     /* CLOCK_REALTIME, CLOCK_MONOTONIC */

#endif
