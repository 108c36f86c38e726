/* The whole service in a process of its own, for tests that talk HTTP to it: nothing of it, no
 * thread, stands in the tests' processes. */
#ifndef TESTS_API_SERVICE_H
#define TESTS_API_SERVICE_H

#include <stdbool.h>
#include <sys/types.h>

#include "db/keys.h"
#include "handlers/limits.h"
#include "server/route.h"
#include "tests/postgres.h"

/* Whose key a request carries: ROLE_ANYONE is nobody's, ROLE_PREVIEW ... a key that has this role
 * alone; or one of these. OTHER: of another holder, to preview.
 * The holder of a key of one role has the role's name, that of one of every role is "tester". */
enum api_key { API_EVERY_ROLE = ROLE_COUNT, API_OTHER, API_REVOKED, API_UNKNOWN, API_KEYS };

#define LOG_ORIGIN "breakwater.test/audit"

/* Lies in memory that the processes share. */
struct api_service {
    char     url[POSTGRES_URL_MAX];           /* of its database */
    char     state[128];                      /* the folder of the log's keys and its state file */
    bool     is_embedded;                     /* as the default: from here nobody needs a key */
    bool     lacks_witnesses;                 /* the log grows, and nothing of it is published */
    int64_t  cost_max;                        /* 0: the usual */
    size_t   queue_max;                       /* 0: as many as the tests usually have */
    struct rate rates[LIMITS_COUNT];          /* none, unless a test sets some before the start */
    unsigned connections_address_max;         /* 0: any number */
    char     trusted_proxies[64];
    bool     is_disk_full;                    /* as the service's measurements find it */
    bool     has_keys;                        /* they and the sample markets are in the database */
    char     secrets[API_KEYS][KEY_SECRET_MAX];
    unsigned port;
    bool     is_beside;                       /* a second instance: on a free port, without a proxy */
    pid_t    pid;                             /* a child of who started it; ends with it */
    char     why[DATABASE_WHY_MAX];           /* it did not start */
};

/* A fresh database, with the sample markets and the keys once a service was started on it. */
struct api_service *api_service_new(bool is_embedded);
/* Another instance on the database of one that was started. */
struct api_service *api_service_beside(const struct api_service *first);
/* Listens on BREAKWATER_TEST_LISTEN, else on a free port. False: `why`. */
bool                api_service_start(struct api_service *service);
/* As an operator would. False: it did not end well. */
bool                api_service_stop(struct api_service *service);
void                api_service_free(struct api_service *service);

#endif
