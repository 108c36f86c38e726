/* Who waits for events of a topic, and the text of events (Server-Sent Events, WHATWG HTML 9.2). */
#ifndef SERVER_WATCHERS_H
#define SERVER_WATCHERS_H

#include "record/text.h"
#include "server/request.h"

enum {
    WATCHERS_PING_S = 15,                 /* a comment to each, so that who has gone is noticed */
    WATCHERS_TURNS_MAX = 10,              /* a handler's attempts to join */
};

struct watchers;

/* Starts one thread, for the pings. NULL: no memory, no thread. */
struct watchers *watchers_open(void);
/* After the listener is closed. */
void             watchers_close(struct watchers *watchers);

/* Counts what was published. A handler reads it, then reads what it tells first (the events after
 * request->last_event_id), then joins; where something was published meanwhile it does so again. */
uint64_t watchers_turn(struct watchers *watchers);

enum joined { JOINED, JOINED_NOT, JOINED_REFUSED };

/* The reply becomes a stream: `first` (may be empty), then each event of the topic that is published
 * with a sequence above `sequence`, the newest that `first` tells, or with 0. The topic's text lives
 * as long as the request. NOT: something was published since that turn, nothing is changed. REFUSED:
 * `problem` says why (too many, stopping). */
enum joined watchers_join(struct watchers *watchers, struct request *request, struct reply *reply,
                          const char *topic, uint64_t turn, int64_t sequence,
                          const struct text *first, enum problem *problem);

/* From any thread, after it is durable; never waits. A watcher that has not taken what came before
 * is cut off. Each topic's sequence only rises; 0: no matter what a watcher has. */
void watchers_publish(struct watchers *watchers, const char *topic, int64_t sequence,
                      const char *bytes, size_t count);

size_t watchers_count(struct watchers *watchers);

/* "id: ...\nevent: ...\ndata: ...\n\n"; `id` and `event` may be NULL, and have no line ends; data's
 * lines become a field each. */
void event_write(struct text *out, const char *id, const char *event, const char *data,
                 size_t count);
/* Where the client shall ask again after that time, before the first event. */
void event_write_retry(struct text *out, unsigned retry_ms);

#endif
