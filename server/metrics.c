/* Counters as relaxed atomics: each is right by itself, and nobody needs two of them to agree. */
#include "server/metrics.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/document.h"

/* 1xx never is an answer: class 0 counts those that were not answered. */
enum { CLASSES = 6, BUCKETS = 14 };

static const char *const class_names[CLASSES] = { "none", "1xx", "2xx", "3xx", "4xx", "5xx" };

/* Upper ends, in microseconds, and as Prometheus wants them: in seconds. The last has no end. */
static const struct { int64_t us; const char *s; } buckets[BUCKETS] = {
    { 100, "0.0001" },  { 250, "0.00025" }, { 500, "0.0005" },   { 1000, "0.001" },
    { 2500, "0.0025" }, { 5000, "0.005" },  { 10000, "0.01" },   { 25000, "0.025" },
    { 100000, "0.1" },  { 250000, "0.25" }, { 1000000, "1" },    { 2500000, "2.5" },
    { 10000000, "10" }, { INT64_MAX, "+Inf" },
};

struct series {
    /* each counts its own; their sums are made when they are written */
    _Atomic uint64_t buckets[BUCKETS];
    _Atomic uint64_t elapsed_us;
};

struct metrics {
    const struct route *routes;
    size_t              routes_count;
    _Atomic int64_t     in_flight;
    _Atomic uint64_t    bytes_in, bytes_out;
    _Atomic uint64_t    refusals[PROBLEM_COUNT];
    _Atomic int64_t     connections;
    _Atomic uint64_t    cut[WAITING_COUNT];
    _Atomic uint64_t    refused;
    _Atomic int64_t     streams;
    _Atomic uint64_t    endings[ENDING_COUNT];
    struct series       series[][CLASSES];           /* by route; the last is of no route */
};

struct metrics *
metrics_open(const struct route *routes)
{
    size_t count = 0;

    while (routes[count].path)
        count++;
    struct metrics *metrics = calloc(1, sizeof *metrics + (count + 1) * sizeof *metrics->series);
    if (!metrics)
        return NULL;
    metrics->routes       = routes;
    metrics->routes_count = count;
    return metrics;
}

void
metrics_close(struct metrics *metrics)
{
    free(metrics);
}

static void
add(_Atomic uint64_t *counter, uint64_t more)
{
    atomic_fetch_add_explicit(counter, more, memory_order_relaxed);
}

static uint64_t
read_counter(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void
metrics_begin(struct metrics *metrics)
{
    atomic_fetch_add_explicit(&metrics->in_flight, 1, memory_order_relaxed);
}

void
metrics_end(struct metrics *metrics, const struct metrics_request *request)
{
    size_t   route = request->route
                     ? (size_t)(request->route - metrics->routes) : metrics->routes_count;
    unsigned class = request->status / 100 < CLASSES ? request->status / 100 : CLASSES - 1;
    size_t   i     = 0;

    while (request->elapsed_us > buckets[i].us)
        i++;
    struct series *series = &metrics->series[route][class];
    add(&series->buckets[i], 1);
    add(&series->elapsed_us, (uint64_t)request->elapsed_us);
    if (request->problem)
        add(&metrics->refusals[request->problem], 1);
    add(&metrics->bytes_in, request->bytes_in);
    add(&metrics->bytes_out, request->bytes_out);
    atomic_fetch_sub_explicit(&metrics->in_flight, 1, memory_order_relaxed);
}

void
metrics_connection_begin(struct metrics *metrics)
{
    atomic_fetch_add_explicit(&metrics->connections, 1, memory_order_relaxed);
}

void
metrics_connection_end(struct metrics *metrics)
{
    atomic_fetch_sub_explicit(&metrics->connections, 1, memory_order_relaxed);
}

void
metrics_connection_cut(struct metrics *metrics, enum waiting waiting)
{
    add(&metrics->cut[waiting], 1);
}

void
metrics_connection_refused(struct metrics *metrics)
{
    add(&metrics->refused, 1);
}

void
metrics_stream_begin(struct metrics *metrics)
{
    atomic_fetch_add_explicit(&metrics->streams, 1, memory_order_relaxed);
}

void
metrics_stream_end(struct metrics *metrics, enum ending ending)
{
    atomic_fetch_sub_explicit(&metrics->streams, 1, memory_order_relaxed);
    add(&metrics->endings[ending], 1);
}

static void
write_head(struct text *out, const char *name, const char *type, const char *help)
{
    text_format(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static uint64_t
series_count(const struct series *series)
{
    uint64_t count = 0;

    for (size_t i = 0; i < BUCKETS; i++)
        count += read_counter(&series->buckets[i]);
    return count;
}

typedef void write_series(struct text *out, const char *labels, const struct series *series,
                          uint64_t count);

static void
write_total(struct text *out, const char *labels, const struct series *series, uint64_t count)
{
    (void)series;
    text_format(out, "breakwater_requests_total{%s} %" PRIu64 "\n", labels, count);
}

static void
write_histogram(struct text *out, const char *labels, const struct series *series, uint64_t count)
{
    uint64_t elapsed_us = read_counter(&series->elapsed_us), below = 0;

    /* The count is that of the buckets as they are read here, so that the last bucket equals it. */
    (void)count;
    for (size_t i = 0; i < BUCKETS; i++) {
        below += read_counter(&series->buckets[i]);
        text_format(out, "breakwater_request_duration_seconds_bucket{%s,le=\"%s\"} %" PRIu64 "\n",
                    labels, buckets[i].s, below);
    }
    text_format(out, "breakwater_request_duration_seconds_sum{%s} %" PRIu64 ".%06" PRIu64 "\n",
                labels, elapsed_us / 1000000, elapsed_us % 1000000);
    text_format(out, "breakwater_request_duration_seconds_count{%s} %" PRIu64 "\n", labels, below);
}

static void
write_each(const struct metrics *metrics, struct text *out, write_series *write_one)
{
    for (size_t i = 0; i <= metrics->routes_count; i++)
        for (size_t class = 0; class < CLASSES; class++) {
            const struct series *series = &metrics->series[i][class];
            uint64_t             count  = series_count(series);
            char                 labels[128];
            if (!count)
                continue;
            snprintf(labels, sizeof labels, "operation=\"%s\",class=\"%s\"",
                     i < metrics->routes_count ? metrics->routes[i].operation : "none",
                     class_names[class]);
            write_one(out, labels, series, count);
        }
}

static void
write_refusals(const struct metrics *metrics, struct text *out)
{
    char code[PROBLEM_CODE_MAX];

    write_head(out, "breakwater_refusals_total", "counter",
               "Requests that ended in a problem, by its code.");
    for (int problem = PROBLEM_NONE + 1; problem < PROBLEM_COUNT; problem++) {
        uint64_t count = read_counter(&metrics->refusals[problem]);
        problem_code((enum problem)problem, code);
        if (count)
            text_format(out, "breakwater_refusals_total{code=\"%s\"} %" PRIu64 "\n", code, count);
    }
}

static void
write_endings(const struct metrics *metrics, struct text *out)
{
    write_head(out, "breakwater_streams_ended_total", "counter",
               "Streamed replies that ended, by how.");
    for (int ending = ENDING_NONE + 1; ending < ENDING_COUNT; ending++) {
        uint64_t count = read_counter(&metrics->endings[ending]);
        if (count)
            text_format(out, "breakwater_streams_ended_total{ending=\"%s\"} %" PRIu64 "\n",
                        ending_names[ending], count);
    }
}

static void
write_cuts(const struct metrics *metrics, struct text *out)
{
    write_head(out, "breakwater_connections_cut_total", "counter",
               "Connections cut off since the client was too slow, or silent and its place needed, by what"
               " was waited for.");
    for (size_t i = 0; i < WAITING_COUNT; i++)
        text_format(out, "breakwater_connections_cut_total{waiting=\"%s\"} %" PRIu64 "\n",
                    waiting_names[i], read_counter(&metrics->cut[i]));
}

void
metrics_write_one(struct text *out, const char *name, const char *type, const char *help,
                  int64_t count)
{
    write_head(out, name, type, help);
    text_format(out, "%s %" PRId64 "\n", name, count);
}

void
metrics_write(const struct metrics *metrics, struct text *out)
{
    write_head(out, "breakwater_requests_total", "counter",
               "Requests that ended, by operation and class of their status.");
    write_each(metrics, out, write_total);
    write_head(out, "breakwater_request_duration_seconds", "histogram",
               "From the header's last byte to the answer's,"
               " by operation and class of the status.");
    write_each(metrics, out, write_histogram);
    write_refusals(metrics, out);
    metrics_write_one(out, "breakwater_requests_in_flight", "gauge",
                      "Requests that have not ended.",
                      atomic_load_explicit(&metrics->in_flight, memory_order_relaxed));
    metrics_write_one(out, "breakwater_connections", "gauge", "Connections of clients.",
                      atomic_load_explicit(&metrics->connections, memory_order_relaxed));
    metrics_write_one(out, "breakwater_connections_refused_total", "counter",
                      "Connections that were not accepted: their address has as many as it may.",
                      (int64_t)read_counter(&metrics->refused));
    write_cuts(metrics, out);
    metrics_write_one(out, "breakwater_streams", "gauge", "Streamed replies that have not ended.",
                      atomic_load_explicit(&metrics->streams, memory_order_relaxed));
    write_endings(metrics, out);
    write_head(out, "breakwater_body_bytes_total", "counter",
               "Bytes of bodies, received and sent.");
    text_format(out, "breakwater_body_bytes_total{direction=\"in\"} %" PRIu64 "\n",
                read_counter(&metrics->bytes_in));
    text_format(out, "breakwater_body_bytes_total{direction=\"out\"} %" PRIu64 "\n",
                read_counter(&metrics->bytes_out));
}
