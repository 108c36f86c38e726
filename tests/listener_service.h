/* A small service behind a real listener, for the listener's tests: a thread that takes requests,
 * and a table of odd operations. */
#ifndef TESTS_LISTENER_SERVICE_H
#define TESTS_LISTENER_SERVICE_H

#include <pthread.h>
#include <stdatomic.h>

#include "server/listener.h"

enum { TAKEN_MAX = 1024, LARGE_BYTES = 8 << 20 };

struct taken { struct request *request; struct reply *reply; };

struct service {
    struct listener *listener;
    unsigned         port;
    pthread_t        thread;
    pthread_mutex_t  mutex;
    pthread_cond_t   changed;
    struct taken     queue[TAKEN_MAX];
    size_t           count;
    bool             is_held;             /* the thread resumes nothing while this is set */
    bool             is_ending;
    bool             is_full;             /* take refuses */
    _Atomic size_t   begun, ended, handled, completed;
    _Atomic unsigned status_last;         /* as `end` was told */
    _Atomic size_t   agains;              /* how often /again asks for another run */
    char            *large;
};

/* The settings that the tests share; a test may change them before service_open. */
struct listener_settings service_settings(void);

/* NULL: those */
void   service_open(struct service *service, const struct listener_settings *settings);
void   service_close(struct service *service);        /* and checks that each begin had its end */
void   service_hold(struct service *service, bool is_held);
size_t service_taken(struct service *service);        /* waiting in the queue */
/* false: not within some seconds */
bool   service_wait_for_taken(struct service *service, size_t count);
bool   service_wait_for_ended(struct service *service, size_t count);

extern const struct route service_routes[];

#endif
