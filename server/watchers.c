/* Watchers of topics: a list, and a thread that pings. */
#include "server/watchers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/exchange.h"
#include "server/streams.h"

struct watchers {
    pthread_mutex_t lock;
    pthread_cond_t  ending;
    pthread_t       thread;
    struct stream  *first;
    size_t          count;
    uint64_t        turn;
    bool            is_ending;
};

static void
push_to_all(struct watchers *watchers, const char *topic, int64_t sequence, const char *bytes,
            size_t count)
{
    for (struct stream *stream = watchers->first; stream; stream = stream->watcher_after) {
        if (topic && (strcmp(stream->topic, topic) || (sequence && sequence <= stream->sequence)))
            continue;
        if (sequence)
            stream->sequence = sequence;
        stream_push(stream, bytes, count);
    }
}

static void *
ping(void *context)
{
    static const char comment[] = ": ping\n\n";
    struct watchers  *watchers  = context;
    struct timespec   until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += WATCHERS_PING_S;
    pthread_mutex_lock(&watchers->lock);
    while (!watchers->is_ending) {
        if (!pthread_cond_timedwait(&watchers->ending, &watchers->lock, &until))
            continue;
        push_to_all(watchers, NULL, 0, comment, sizeof comment - 1);
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += WATCHERS_PING_S;
    }
    pthread_mutex_unlock(&watchers->lock);
    return NULL;
}

static void
discard(struct watchers *watchers)
{
    pthread_cond_destroy(&watchers->ending);
    pthread_mutex_destroy(&watchers->lock);
    free(watchers);
}

struct watchers *
watchers_open(void)
{
    struct watchers   *watchers = calloc(1, sizeof *watchers);
    pthread_condattr_t monotonic;

    if (!watchers)
        return NULL;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&watchers->lock, NULL);
    pthread_cond_init(&watchers->ending, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (!pthread_create(&watchers->thread, NULL, ping, watchers))
        return watchers;
    discard(watchers);
    return NULL;
}

void
watchers_close(struct watchers *watchers)
{
    if (!watchers)
        return;
    pthread_mutex_lock(&watchers->lock);
    watchers->is_ending = true;
    pthread_cond_signal(&watchers->ending);
    pthread_mutex_unlock(&watchers->lock);
    pthread_join(watchers->thread, NULL);
    discard(watchers);
}

uint64_t
watchers_turn(struct watchers *watchers)
{
    pthread_mutex_lock(&watchers->lock);
    uint64_t turn = watchers->turn;
    pthread_mutex_unlock(&watchers->lock);
    return turn;
}

size_t
watchers_count(struct watchers *watchers)
{
    pthread_mutex_lock(&watchers->lock);
    size_t count = watchers->count;
    pthread_mutex_unlock(&watchers->lock);
    return count;
}

static void
link_first(struct watchers *watchers, struct stream *stream)
{
    stream->watcher_after = watchers->first;
    if (watchers->first)
        watchers->first->watcher_before = stream;
    watchers->first = stream;
    watchers->count++;
}

enum joined
watchers_join(struct watchers *watchers, struct request *request, struct reply *reply,
              const char *topic, uint64_t turn, int64_t sequence, const struct text *first,
              enum problem *problem)
{
    struct exchange *exchange = request->exchange;
    enum joined      joined   = JOINED_NOT;

    pthread_mutex_lock(&watchers->lock);
    if (watchers->turn == turn) {
        *problem = stream_open(exchange, false, watchers);
        joined   = *problem ? JOINED_REFUSED : JOINED;
    }
    if (joined == JOINED) {
        exchange->stream->topic    = topic;
        exchange->stream->sequence = sequence;
        link_first(watchers, exchange->stream);
        reply->bytes      = first->bytes;
        reply->count      = first->count;
        reply->media_type = "text/event-stream";
    }
    pthread_mutex_unlock(&watchers->lock);
    return joined;
}

void
watchers_part(struct stream *stream)
{
    struct watchers *watchers = stream->watchers;

    pthread_mutex_lock(&watchers->lock);
    if (stream->watcher_before)
        stream->watcher_before->watcher_after = stream->watcher_after;
    else
        watchers->first = stream->watcher_after;
    if (stream->watcher_after)
        stream->watcher_after->watcher_before = stream->watcher_before;
    watchers->count--;
    pthread_mutex_unlock(&watchers->lock);
}

void
watchers_publish(struct watchers *watchers, const char *topic, int64_t sequence, const char *bytes,
                 size_t count)
{
    pthread_mutex_lock(&watchers->lock);
    watchers->turn++;
    push_to_all(watchers, topic, sequence, bytes, count);
    pthread_mutex_unlock(&watchers->lock);
}

static void
write_field(struct text *out, const char *name, const char *value, size_t count)
{
    text_add_string(out, name);
    text_add_string(out, ": ");
    text_add(out, value, count);
    text_add_string(out, "\n");
}

void
event_write(struct text *out, const char *id, const char *event, const char *data, size_t count)
{
    if (id)
        write_field(out, "id", id, strlen(id));
    if (event)
        write_field(out, "event", event, strlen(event));
    for (size_t at = 0; at <= count;) {
        size_t line = 0;
        while (at + line < count && data[at + line] != '\n' && data[at + line] != '\r')
            line++;
        write_field(out, "data", data + at, line);
        at += line;
        at += at + 1 < count && data[at] == '\r' && data[at + 1] == '\n' ? 2 : 1;
    }
    text_add_string(out, "\n");
}

void
event_write_retry(struct text *out, unsigned retry_ms)
{
    text_format(out, "retry: %u\n\n", retry_ms);
}
