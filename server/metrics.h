/* Counters of the requests, and their text for Prometheus (exposition format 0.0.4). All functions
 * may be called from any thread. */
#ifndef SERVER_METRICS_H
#define SERVER_METRICS_H

#include "record/text.h"
#include "server/connections.h"
#include "server/route.h"
#include "server/stream.h"

struct metrics;

/* Of the operations of this table (ended by a NULL path). NULL: no memory. */
struct metrics *metrics_open(const struct route *routes);
void            metrics_close(struct metrics *metrics);

/* A request that has ended: `route` NULL where no operation has its path,
 * status 0 where no answer was sent. */
struct metrics_request {
    const struct route *route;
    unsigned            status;
    enum problem        problem;
    int64_t             elapsed_us;
    size_t              bytes_in, bytes_out;
};

void metrics_begin(struct metrics *metrics);                       /* one more request in flight */
void metrics_end(struct metrics *metrics, const struct metrics_request *request);

void metrics_connection_begin(struct metrics *metrics);
void metrics_connection_end(struct metrics *metrics);
void metrics_connection_cut(struct metrics *metrics, enum waiting waiting);
void metrics_connection_refused(struct metrics *metrics);

void metrics_stream_begin(struct metrics *metrics);
void metrics_stream_end(struct metrics *metrics, enum ending ending);

/* breakwater_requests_total{operation,class}, breakwater_request_duration_seconds{operation,class}
 * (a histogram), breakwater_refusals_total{code}, breakwater_requests_in_flight,
 * breakwater_body_bytes_total{direction}, breakwater_connections,
 * breakwater_connections_cut_total{waiting}, breakwater_connections_refused_total, breakwater_streams,
 * breakwater_streams_ended_total{ending}. Series that never counted anything are left out. */
void metrics_write(const struct metrics *metrics, struct text *out);

/* A series of the service's own: `type` is "gauge" or "counter". */
void metrics_write_one(struct text *out, const char *name, const char *type, const char *help,
                       int64_t count);

#endif
