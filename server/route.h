/* One operation a row: everything that is checked before its function runs. */
#ifndef SERVER_ROUTE_H
#define SERVER_ROUTE_H

#include "record/record.h"
#include "server/problem.h"

enum { ROUTE_ARGS_MAX = 4 };

struct request;
struct reply;

enum role {
    ROLE_ANYONE, ROLE_PREVIEW, ROLE_FEED, ROLE_PROPOSE, ROLE_APPROVE, ROLE_GUARD, ROLE_AUDIT,
    ROLE_ADMIN,
    ROLE_COUNT
};

/* "anyone", "preview" ...; NULL-ended */
extern const char *const role_names[ROLE_COUNT + 1];

/* The listener thread computes in memory; what must query runs on a worker thread, and what streams
 * or takes its time on a producer's, the request suspended meanwhile. */
enum runs_on { RUNS_ON_LISTENER, RUNS_ON_WORKER, RUNS_ON_PRODUCER };

struct route {
    const char          *method;
    /* "/v1/markets/{market}"; a last segment "{rest*}" takes slashes too */
    const char          *path;
    enum role            role;            /* ROLE_ANYONE: no key is needed */
    enum role            or_role;         /* one that will do as well; ROLE_ANYONE: none */
    enum role            or_third_role;   /* likewise */
    const struct record *query;           /* of the query string; NULL: none is allowed */
    const struct record *body;            /* NULL: the route takes none */
    size_t               body_bytes_max;
    /* written in declared order; NULL: the reply carries its own text */
    const struct record *answer;
    const char          *media_type;      /* NULL: application/json */
    unsigned             status;          /* of success */
    enum runs_on         runs_on;
    bool                 idempotency_key_required;
    bool                 is_unmetered;    /* may be asked as often as one likes */
    /* pages of any origin may read it: no key, nothing private */
    bool                 any_origin;
    enum problem       (*handle)(struct request *request, struct reply *reply);
    /* Runs on the listener thread after a reply that waited was settled
     * without a problem; may be NULL. */
    enum problem       (*complete)(struct request *request, struct reply *reply);
    const char          *operation;       /* its operationId in openapi.yaml */
};

/* The first row of the table (ended by a NULL path) for this method and path. `path` is
 * cut into args in place. With the problem WRONG_METHOD, `allow` gets "GET, HEAD,
 * POST". HEAD finds the row of GET. */
const struct route *route_find(const struct route *table, const char *method, char *path,
                               const char *args[static ROUTE_ARGS_MAX], char *allow,
                               size_t allow_bytes, enum problem *problem);

#endif
