/* What lives as long as the process, and what it does before, between and after each request. */
#ifndef HANDLERS_SERVICE_H
#define HANDLERS_SERVICE_H

#include "server/listener.h"

struct connection;
struct database;
struct housekeeper;
struct key_cache;
struct market_cache;
struct metrics;
struct workers;
struct writer;

struct service {
    const char          *engine_version, *engine_build;
    bool                 is_embedded;         /* the private database: previews without a key are allowed from loopback */
    bool                 is_stopping;
    struct database     *database;
    struct key_cache    *keys;
    struct market_cache *markets;
    struct writer       *writer;
    struct workers      *workers;
    struct housekeeper  *housekeeper;
    struct metrics      *metrics;
};

/* A suspended request on its way through the service's threads; in its arena. */
struct visit {
    struct request    *request;
    struct reply      *reply;
    struct connection *connection;            /* a worker's, while it runs there */
    enum problem     (*handle)(struct request *request, struct reply *reply);
};

struct hooks service_hooks(struct service *service);

/* Runs `handle` on a worker, then resumes the request; where no worker has room, resumes it with a problem. */
void               service_run_on_worker(struct visit *visit, enum problem (*handle)(struct request *, struct reply *));
struct connection *service_connection(const struct request *request);   /* of the worker that this handler runs on */

#endif
