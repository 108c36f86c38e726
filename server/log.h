/* The service's log: one JSON object a line, written with one
 * write(). Never secrets, never bodies. */
#ifndef SERVER_LOG_H
#define SERVER_LOG_H

#include "record/arena.h"
#include "record/record.h"

enum log_level { LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

/* A request that has ended. */
struct log_request {
    int64_t     time;                     /* microseconds since 1970: when it came */
    int         level;                    /* enum log_level */
    const char *trace_id;
    const char *method;
    const char *path;                     /* without the query, which may hold what is private */
    const char *operation;                /* NULL: no operation has the path */
    int64_t     status;                   /* 0: the connection ended before an answer */
    const char *code;                     /* of the problem; NULL: none */
    int64_t     elapsed_us;
    const char *address;                  /* of the client */
    const char *key_id;                   /* NULL: anonymous */
    int64_t     bytes_in, bytes_out;      /* of the bodies */
    const char *ending;                   /* of a stream: "complete" ...; NULL: it was none */
};

extern const struct record log_request_record;

/* The level is chosen by the status: 5xx are errors but for 503, a warning as is an answer that was
 * not sent. fd -1: nothing is written. */
void log_request(int fd, struct log_request *line, struct arena *arena);

/* {"time","level","event","detail"}: what the service does by itself. The time is read here. */
void log_event(int fd, enum log_level level, const char *event, const char *detail_format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
