/* What lives as long as the process, and what it does before, between and after each request. */
#ifndef HANDLERS_SERVICE_H
#define HANDLERS_SERVICE_H

#include <stdatomic.h>

#include "audit/digest.h"
#include "handlers/limits.h"
#include "server/listener.h"
#include "server/stream.h"
#include "server/watchers.h"

struct caretaker;
struct connection;
struct database;
struct disk;
struct held_state;
struct housekeeper;
struct kept_snapshot;
struct key_cache;
struct market_cache;
struct log_cache;
struct log_keys;
struct metrics;
struct sequencer;
struct snapshot_cache;
struct states;
struct witnesses;
struct workers;
struct writer;

struct service {
    const char          *engine_version, *engine_build;
    bool                 is_embedded;         /* the private database: previews without a key are allowed from loopback */
    atomic_bool          is_stopping;
    struct database     *database;
    struct disk         *disk;                /* the database's; NULL: it is not known */
    struct key_cache    *keys;
    struct market_cache *markets;
    struct snapshot_cache *snapshots;
    struct states       *states;              /* of requests that wait */
    struct writer       *writer;
    struct log_cache    *log;                 /* what is published */
    struct sequencer    *sequencer;
    const struct log_keys *log_keys;
    struct workers      *workers;
    struct workers      *producers;           /* of answers that take their time, or are streamed */
    struct watchers     *watchers;            /* of events */
    struct housekeeper  *housekeeper;
    struct caretaker    *caretaker;
    struct witnesses    *witnesses;           /* NULL: none are asked */
    struct metrics      *metrics;
    struct limiter       pushes;              /* of market state, by key */
    int64_t              cost_max;            /* of an account, in the units of handlers/cost.h; 0: the usual */
    atomic_int           dear;                /* requests that are computed by workers, for what they cost */
    struct limits       *limits;              /* NULL: none */
};

/* A request on its way through the service's threads; in its arena. */
struct visit {
    struct request    *request;
    struct reply      *reply;
    struct connection *connection;            /* a worker's, while it runs there */
    enum problem     (*handle)(struct request *request, struct reply *reply);
    struct stream    *stream;                 /* that a producer has begun; NULL: none */
    const struct kept_snapshot *snapshot;     /* held until the request ends; NULL: none */
    /* What is to run on a worker in place of the handler, which waits for it; NULL: none. */
    enum problem     (*later)(struct request *request, struct reply *reply);
    struct held_state *state;                 /* that came with the request; held until it ends; NULL: none */
    const char       *wanted;                 /* the hash of one that is to be loaded on a worker; NULL: none */
    bool              is_dear;                /* it is one of service->dear */
    bool              is_asked_again;         /* what ran on the worker only prepared: the handler is called anew */
};

struct hooks service_hooks(struct service *service);

/* Does the request come from this machine, by a name that only this machine has, with no proxy in
 * between? */
bool service_is_near(const struct request *request);

/* Runs `handle` on a worker, then resumes the request; where no worker has room, resumes it with a problem. */
void               service_run_on_worker(struct visit *visit, enum problem (*handle)(struct request *, struct reply *));
/* The request's own, made when it is first asked for; NULL: no memory. */
struct visit      *service_visit(struct request *request);
/* The request costs much: it is one of a few at a time, until it ends. False: there are enough. */
bool               service_admit_dear(struct request *request);
/* Takes over the caller's hold, until the answer is sent; false: no memory, it was released. */
bool               service_keep_snapshot(struct request *request, const struct kept_snapshot *snapshot);
/* The canonical bytes of the request's own state, until it ends; NULL: no memory. */
const char        *service_keep_state(struct request *request, const struct digest *sha256, const char *bytes,
                                      size_t count);
/* stream_begin(), for a handler that runs on a producer: a problem that it returns afterwards cuts the stream. */
enum problem       service_stream(struct request *request, struct stream **stream);
struct connection *service_connection(const struct request *request);   /* of the worker that this handler runs on */

#endif
