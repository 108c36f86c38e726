/* Replies that are streamed: a bounded queue between who makes the bytes and the connection that
 * takes them. A connection for which nothing is there is suspended: it costs no thread.
 *
 * Two kinds. A *producer* is a handler of a route that RUNS_ON_PRODUCER: it checks, may still answer
 * with a problem, calls stream_begin(), and from then on stream_write() until it returns; the client
 * sets the pace. *Watchers* (server/watchers.h) take events that come from other threads, which never
 * wait: who is too slow for them is cut off.
 *
 * A stream that does not end as it should is cut without its last chunk, so that the client sees it. */
#ifndef SERVER_STREAM_H
#define SERVER_STREAM_H

#include "server/request.h"

struct stream;

enum {
    STREAM_BYTES_MAX = 64 << 10,          /* that wait in a queue */
    STREAM_WRITE_S   = 30,                /* how long a client may take nothing */
};

/* How a stream ended, for the log line (`ending`) and metrics. */
enum ending {
    ENDING_NONE,                          /* it goes on, or was none */
    ENDING_COMPLETE,
    ENDING_CLIENT_GONE,
    ENDING_TOO_SLOW,                      /* the client, for events or for STREAM_WRITE_S */
    ENDING_STOPPING,                      /* the service */
    ENDING_FAILED,                        /* the producer */
    ENDING_COUNT
};

/* "none", "complete" ...; NULL-ended */
extern const char *const ending_names[ENDING_COUNT + 1];

/* The reply as the handler filled it goes out: its status, header fields and media type, its
 * `bytes` first (they live in the arena, or longer). From then on `reply` is not looked at, and the
 * request with its arena is the producer's until it returns: what it returns as a problem cuts the
 * stream. Once a request. OVERLOADED or STOPPING: there is none, answer with that. */
enum problem stream_begin(struct request *request, struct stream **stream);

/* Waits while the queue is full. False, and at once for ever: the client is gone, took nothing for
 * STREAM_WRITE_S or was cut off as too slow, the service stops, or it is a HEAD request, which has no content. */
bool stream_write(struct stream *stream, const char *bytes, size_t count);

/* The producer returned: the service's, once, for what began. The request may be gone then. */
void stream_leave(struct stream *stream, bool is_failed);

/* Would a write still have a reader? */
bool stream_is_wanted(struct stream *stream);

#endif
