/* The queue between who makes a reply's bytes and the connection that takes them. */
#include "server/stream.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/exchange.h"
#include "server/metrics.h"
#include "server/streams.h"

/* A watcher for whom more than that waits does not keep up. */
enum { ROOM_FIRST = 512, BEHIND_BYTES = 4 << 10 };

const char *const ending_names[ENDING_COUNT + 1] = {
    [ENDING_NONE]        = "none",
    [ENDING_COMPLETE]    = "complete",
    [ENDING_CLIENT_GONE] = "client_gone",
    [ENDING_TOO_SLOW]    = "too_slow",
    [ENDING_STOPPING]    = "stopping",
    [ENDING_FAILED]      = "failed",
};

static struct stream *
make(struct exchange *exchange, bool is_produced, struct watchers *watchers)
{
    struct stream     *stream = calloc(1, sizeof *stream);
    pthread_condattr_t monotonic;

    if (!stream)
        return NULL;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&stream->lock, NULL);
    pthread_cond_init(&stream->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    stream->exchange     = exchange;
    stream->is_connected = true;
    stream->is_produced  = is_produced;
    stream->watchers     = watchers;
    stream->is_bare      = !strcmp(exchange->request.method, "HEAD");
    return stream;
}

static enum problem
enlist(struct stream *stream)
{
    struct listener *listener = stream->exchange->listener;
    enum problem     problem  = PROBLEM_NONE;

    pthread_mutex_lock(&listener->streams_lock);
    if (listener->streams_are_stopped)
        problem = PROBLEM_STOPPING;
    else if (listener->streams_count >= listener->settings.streams_max)
        problem = PROBLEM_OVERLOADED;
    else {
        listener->streams_count++;
        listener->producing += stream->is_produced;
        stream->after = listener->streams;
        if (stream->after)
            stream->after->before = stream;
        listener->streams = stream;
    }
    pthread_mutex_unlock(&listener->streams_lock);
    return problem;
}

static void
delist(struct stream *stream)
{
    struct listener *listener = stream->exchange->listener;

    pthread_mutex_lock(&listener->streams_lock);
    if (stream->before)
        stream->before->after = stream->after;
    else
        listener->streams = stream->after;
    if (stream->after)
        stream->after->before = stream->before;
    listener->streams_count--;
    pthread_mutex_unlock(&listener->streams_lock);
}

static void
discard(struct stream *stream)
{
    pthread_cond_destroy(&stream->changed);
    pthread_mutex_destroy(&stream->lock);
    free(stream->bytes);
    free(stream);
}

enum problem
stream_open(struct exchange *exchange, bool is_produced, struct watchers *watchers)
{
    assert(!exchange->stream);
    struct stream *stream = make(exchange, is_produced, watchers);
    if (!stream)
        return PROBLEM_OVERLOADED;
    enum problem problem = enlist(stream);
    if (problem) {
        discard(stream);
        return problem;
    }
    exchange->stream = stream;
    if (exchange->listener->settings.metrics)
        metrics_stream_begin(exchange->listener->settings.metrics);
    return PROBLEM_NONE;
}

/* Called by exchange_close() alone. */
void
stream_free(struct stream *stream)
{
    struct metrics *metrics = stream->exchange->listener->settings.metrics;

    delist(stream);
    if (metrics)
        metrics_stream_end(metrics, stream->ending);
    discard(stream);
}

static void
finish(struct stream *stream, enum ending ending)
{
    if (stream->ending == ENDING_NONE)
        stream->ending = ending;
}

static void
wake(struct stream *stream)
{
    if (stream->is_asleep)
        connection_resume(stream->exchange->connection);
    stream->is_asleep = false;
}

/* A connection that still has bytes under way may stand still in them: it is shut. */
static void
cut(struct stream *stream, enum ending ending)
{
    bool was_asleep = stream->is_asleep;

    finish(stream, ending);
    stream->is_cut = true;
    stream->count  = 0;
    pthread_cond_broadcast(&stream->changed);
    wake(stream);
    if (stream->is_connected && !was_asleep)
        connection_shut(stream->exchange->connection);
}

static bool
has_reader(const struct stream *stream)
{
    return stream->is_connected && !stream->is_cut && !stream->is_over && !stream->is_bare;
}

/* Doubles the ring until there is room for `more`, or it is as large as it may be. */
static void
grow(struct stream *stream, size_t more)
{
    size_t room = stream->room ? stream->room : ROOM_FIRST;

    while (room < STREAM_BYTES_MAX && room - stream->count < more)
        room *= 2;
    if (room == stream->room)
        return;
    char *bytes = malloc(room);
    if (!bytes)
        return;
    assert(stream->count == 0 || stream->room > 0);
    for (size_t i = 0; i < stream->count; i++)
        bytes[i] = stream->bytes[(stream->first + i) % stream->room];
    free(stream->bytes);
    stream->bytes = bytes;
    stream->first = 0;
    stream->room  = room;
}

/* As much as there is room for. */
static size_t
put(struct stream *stream, const char *bytes, size_t count)
{
    if (stream->room - stream->count < count)
        grow(stream, count);
    size_t free_count = stream->room - stream->count;
    size_t all        = count < free_count ? count : free_count;
    if (!all)
        return 0;
    size_t at    = (stream->first + stream->count) % stream->room;
    size_t ahead = all < stream->room - at ? all : stream->room - at;
    memcpy(stream->bytes + at, bytes, ahead);
    memcpy(stream->bytes, bytes + ahead, all - ahead);
    stream->count += all;
    wake(stream);
    return all;
}

/* False: no room for STREAM_WRITE_S. Who takes a byte now and then is found out by those who watch
 * connections. */
static bool
wait_for_room(struct stream *stream)
{
    const struct exchange *exchange = stream->exchange;
    struct timespec        until;
    int                    failed = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += STREAM_WRITE_S;
    if (stream->is_connected)
        peer_wait(exchange->peer, WAITING_READER, exchange_clock_us(CLOCK_MONOTONIC),
                  exchange->listener->settings.slow_s, 0);
    while (has_reader(stream) && stream->count == STREAM_BYTES_MAX && failed != ETIMEDOUT)
        failed = pthread_cond_timedwait(&stream->changed, &stream->lock, &until);
    if (stream->is_connected)
        peer_wait_no_more(exchange->peer);
    return failed != ETIMEDOUT;
}

bool
stream_write(struct stream *stream, const char *bytes, size_t count)
{
    pthread_mutex_lock(&stream->lock);
    while (count && has_reader(stream)) {
        size_t some = put(stream, bytes, count);
        bytes += some;
        count -= some;
        if (count && !some && (stream->room < STREAM_BYTES_MAX || !wait_for_room(stream)))
            cut(stream, stream->room < STREAM_BYTES_MAX ? ENDING_FAILED : ENDING_TOO_SLOW);
    }
    bool is_wanted = has_reader(stream);
    pthread_mutex_unlock(&stream->lock);
    return is_wanted;
}

bool
stream_is_wanted(struct stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    bool is_wanted = has_reader(stream);
    pthread_mutex_unlock(&stream->lock);
    return is_wanted;
}

bool
stream_push(struct stream *stream, const char *bytes, size_t count)
{
    pthread_mutex_lock(&stream->lock);
    if (has_reader(stream)) {
        grow(stream, count);
        if (stream->room - stream->count < count)
            cut(stream, ENDING_TOO_SLOW);
        else
            put(stream, bytes, count);
    }
    bool is_wanted = has_reader(stream);
    pthread_mutex_unlock(&stream->lock);
    return is_wanted;
}

/* From here on the connection may take what is written, on the listener's thread: all that the
 * answer's head needs of the arena is made before. */
enum problem
stream_begin(struct request *request, struct stream **out)
{
    struct exchange *exchange = request->exchange;
    enum problem     problem  = stream_open(exchange, true, NULL);

    if (problem)
        return problem;
    *out = exchange->stream;
    exchange_render(exchange);
    exchange_resume(request, RESUME_DONE, PROBLEM_NONE);
    return PROBLEM_NONE;
}

void
stream_leave(struct stream *stream, bool is_failed)
{
    struct exchange *exchange = stream->exchange;
    struct listener *listener = exchange->listener;

    pthread_mutex_lock(&stream->lock);
    if (is_failed && !stream->is_bare)        /* of HEAD nothing is missing */
        cut(stream, ENDING_FAILED);
    stream->is_over     = true;
    stream->is_produced = false;
    if (stream->is_connected)
        peer_wait(exchange->peer, WAITING_READER, exchange_clock_us(CLOCK_MONOTONIC),
                  listener->settings.slow_s, 0);
    wake(stream);
    bool is_last = !stream->is_connected;
    pthread_mutex_unlock(&stream->lock);
    if (is_last)
        exchange_close(exchange);
    pthread_mutex_lock(&listener->streams_lock);
    listener->producing--;
    pthread_mutex_unlock(&listener->streams_lock);
}

enum taking
stream_take(struct stream *stream, char *bytes, size_t count, size_t *taken)
{
    enum taking taking = TAKING_BYTES;

    pthread_mutex_lock(&stream->lock);
    *taken = count < stream->count ? count : stream->count;
    if (stream->is_cut)
        taking = TAKING_CUT;
    else if (!*taken && (stream->is_over || stream->is_bare)) {
        taking = TAKING_END;
        finish(stream, ENDING_COMPLETE);
    } else if (!*taken) {
        taking = TAKING_SLEEP;
        stream->is_asleep = true;
        connection_suspend(stream->exchange->connection);
    } else {
        size_t ahead = stream->room - stream->first;
        size_t some  = *taken < ahead ? *taken : ahead;
        memcpy(bytes, stream->bytes + stream->first, some);
        memcpy(bytes + some, stream->bytes, *taken - some);
        stream->first = (stream->first + *taken) % stream->room;
        stream->count -= *taken;
        stream->sent  += (int64_t)*taken;
        pthread_cond_signal(&stream->changed);
    }
    pthread_mutex_unlock(&stream->lock);
    return taking;
}

void
stream_detach(struct stream *stream)
{
    struct exchange *exchange = stream->exchange;

    if (stream->watchers)
        watchers_part(stream);
    pthread_mutex_lock(&stream->lock);
    finish(stream, stream->is_bare ? ENDING_COMPLETE : ENDING_CLIENT_GONE);
    stream->is_connected = false;
    stream->is_asleep    = false;
    pthread_cond_broadcast(&stream->changed);
    bool is_last = !stream->is_produced;
    pthread_mutex_unlock(&stream->lock);
    if (is_last)
        exchange_close(exchange);
}

/* Watchers get a last word and the end of their answer; a producer's stream is cut, since its
 * reader must not take it for whole. */
static void
stop(struct stream *stream)
{
    static const char last_word[] = "event: stopping\ndata: {}\n\n";

    pthread_mutex_lock(&stream->lock);
    if (stream->watchers && stream->count < BEHIND_BYTES) {
        put(stream, last_word, sizeof last_word - 1);
        finish(stream, ENDING_STOPPING);
        stream->is_over = true;
        wake(stream);
    } else if (!stream->is_over || stream->count)
        cut(stream, ENDING_STOPPING);
    pthread_mutex_unlock(&stream->lock);
}

void
streams_stop(struct listener *listener)
{
    pthread_mutex_lock(&listener->streams_lock);
    listener->streams_are_stopped = true;
    for (struct stream *stream = listener->streams; stream; stream = stream->after)
        stop(stream);
    pthread_mutex_unlock(&listener->streams_lock);
}
