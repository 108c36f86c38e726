/* What the listener's own files share of streams. */
#ifndef SERVER_STREAMS_H
#define SERVER_STREAMS_H

#include <pthread.h>

#include "server/stream.h"

struct exchange;
struct listener;
struct watchers;

/* Who has the stream: the connection until it is completed, a producer until it returns. The last to
 * leave closes the exchange. Locks are taken in this order: the watchers', the list's, the stream's. */
struct stream {
    pthread_mutex_t  lock;
    pthread_cond_t   changed;             /* there is room, or the end has come */
    struct exchange *exchange;
    char            *bytes;               /* a ring, which grows to STREAM_BYTES_MAX */
    size_t           first, count, room;
    int64_t          sent;                /* that the connection took */
    bool             is_asleep;           /* the connection is suspended */
    bool             is_connected;
    bool             is_produced;         /* a producer has it */
    bool             is_bare;             /* HEAD */
    bool             is_over;             /* no more comes; what is there is still sent */
    bool             is_cut;              /* nothing more is sent */
    enum ending      ending;              /* the first that came */
    /* of the listener's list */
    struct stream   *before, *after;
    /* of watchers */
    struct watchers *watchers;
    struct stream   *watcher_before, *watcher_after;
    const char      *topic;
    int64_t          sequence;            /* of the newest event that it has */
};

/* Makes the stream of the request. A producer's goes to stream_leave() in the end; the others' belong
 * to watchers. */
enum problem stream_open(struct exchange *exchange, bool is_produced, struct watchers *watchers);
/* Never waits. False: there was no room, so that it is cut now, or it had ended. */
bool         stream_push(struct stream *stream, const char *bytes, size_t count);

enum taking { TAKING_BYTES, TAKING_SLEEP, TAKING_END, TAKING_CUT };
/* For the connection. SLEEP: it was suspended under the stream's lock, and is resumed when there is
 * something. */
enum taking  stream_take(struct stream *stream, char *bytes, size_t count, size_t *taken);
/* The connection is completed. */
void         stream_detach(struct stream *stream);
/* The service stops: what is under way is cut, who watches is told that there is no more. */
void         streams_stop(struct listener *listener);
void         stream_free(struct stream *stream);

/* listener.c, the one that knows connections; under the stream's lock. */
void connection_suspend(void *connection);
void connection_resume(void *connection);
void connection_shut(void *connection);   /* both ways, at once */

/* watchers.c */
void watchers_part(struct stream *stream);

#endif
