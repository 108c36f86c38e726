/* What an integration takes out of the queue: of each instance the records that follow those before, each
 * with its body, merged by the time at which they were queued. Only for integrate.c. */
#ifndef DB_INTEGRATE_TAKE_H
#define DB_INTEGRATE_TAKE_H

#include "audit/entry.h"
#include "db/database.h"
#include "record/arena.h"

enum { SOURCES_MAX = 256, TAKEN_MAX = 32768 };

/* An instance; its rows by their distance from `next`. */
struct source {
    char              inst[INST_TEXT_MAX];
    int64_t           next;               /* of the first row; what follows it must have no gap */
    struct pg_result *queue, *bodies;
    int              *queue_rows, *body_rows;     /* -1: none */
    int64_t           count, at;          /* rows up to the first gap, and those that were given out */
    int64_t           beyond;             /* the counter behind a gap; -1: there is none */
    int64_t           time_us;            /* of the row at `at`, or of one before it if that is later */
    bool              is_closed;          /* by its `close` record: for the caller */
};

struct take { struct source sources[SOURCES_MAX]; size_t count; };

/* A row; borrows from the take. `record` NULL: it is not there. */
struct taken {
    struct source *source;
    int64_t        iseq;
    const char    *entry, *salt, *record;
    size_t         entry_count, salt_count, record_count;
    bool           has_day;               /* it is in audit.body */
    int64_t        day;                   /* since 1970-01-01 */
};

/* Deletes them from the queue, in the open transaction: at most `rows_max` of each instance that is not
 * in `blocked`. It must be closed whatever the outcome. */
enum outcome take_open(struct connection *connection, struct arena *arena, int64_t rows_max,
                       char (*blocked)[INST_TEXT_MAX], size_t blocked_count, struct take *out);
/* False: there are no more. */
bool         take_next(struct take *take, struct taken *out);
void         take_close(struct take *take);

#endif
