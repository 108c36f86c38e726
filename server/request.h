/* A request as its handler sees it, and the reply that it fills. No socket, no SQL. */
#ifndef SERVER_REQUEST_H
#define SERVER_REQUEST_H

#include "record/arena.h"
#include "record/fault.h"
#include "server/address.h"
#include "server/route.h"

enum { REPLY_HEADERS_MAX = 8 };

struct service;

struct caller {
    const char *key_id;                   /* NULL: anonymous */
    const char *holder;
    unsigned    roles;                    /* bit 1u << enum role */
    int64_t     rate, burst;              /* of its key alone, requests a second; 0: as all have */
    bool        is_loopback;              /* the peer's address is 127.0.0.0/8 or ::1 */
    bool        is_proxied;               /* the peer is a proxy that is believed */
    struct address address;               /* of the client, behind all proxies that are believed */
};

/* What a caller may still ask, as RateLimit and RateLimit-Policy tell it. */
struct quota {
    const char *policy;                   /* its name; NULL: there is no limit */
    int64_t     burst, window_s;          /* so many requests in so many seconds */
    int64_t     left;                     /* of them now */
    int64_t     full_s;                   /* seconds until all are there again */
    bool        is_settled;               /* the request has taken all that it is worth */
};

struct request {
    const struct route *route;
    struct service     *service;
    struct arena       *arena;            /* closed after the reply is sent */
    /* what computing needs and the answer does not: closed by request_forget() too */
    struct arena       *fleeting;
    const char         *args[ROUTE_ARGS_MAX];
    const void         *query;            /* the struct route->query describes */
    const void         *body;             /* the struct route->body describes; fleeting */
    const char         *body_bytes;       /* as received */
    size_t              body_count;
    struct caller       caller;
    struct quota        quota;
    int64_t             now_us;           /* the one clock reading of this request */
    uint64_t            number;           /* since the start of the process */
    /* for the log line; path as received, without the query */
    const char         *method, *path;
    /* Header fields, NULL where absent; in the arena. */
    const char         *authorization, *idempotency_key, *if_match, *if_none_match, *accept,
                       *prefer, *traceparent, *last_event_id;
    /* forwarded: any of the fields that proxies add: Forwarded, X-Forwarded-For, Via ... */
    const char         *host, *forwarded;
    char                trace_id[33];     /* of traceparent, or made */
    void               *exchange;         /* the listener's */
    void               *context;          /* the service's, from `begin` to `end` */
};

struct header { const char *name, *value; };

struct reply {
    unsigned       status;                /* 0: the route's */
    const void    *answer;                /* the struct route->answer describes */
    const char    *bytes;                 /* or the body itself, in the arena or static */
    size_t         count;
    const char    *media_type;            /* NULL: the route's */
    struct header  headers[REPLY_HEADERS_MAX];
    size_t         headers_count;
    /* 0: no Retry-After; problems of 429 and 503 always carry one (at least 1) */
    unsigned       retry_after_s;
    char           detail[240];           /* of a problem: a sentence for the caller */
    struct faults  faults;                /* of a problem: its errors */
    /* the handler is done, but something must happen before the answer may go */
    bool           waits;
    void          *pending;               /* what it waits for; the handler's and the service's */
};

/* By a handler that is done, before its reply waits: a thousand may wait at a time. Where it is
 * called anew, the body is read again. */
void request_forget(struct request *request);
void reply_open(struct reply *reply);         /* clean, without writing all of the faults */
/* texts of the arena; past the max: assert */
void reply_add_header(struct reply *reply, const char *name, const char *value);

#endif
