/* What an integration takes out of the queue: of each instance the records that follow those before, merged
 * by the time at which they were queued; with their bodies where the queue does not tell what they are
 * searched by. Only for integrate.c. */
#ifndef DB_INTEGRATE_TAKE_H
#define DB_INTEGRATE_TAKE_H

#include "audit/entry.h"
#include "db/database.h"
#include "db/search.h"
#include "record/arena.h"

enum { SOURCES_MAX = 256, TAKEN_MAX = 32768 };

/* A record in the queue; an entry without bytes: there is none in its place. */
struct queued {
    struct span       entry;
    int64_t           time_us;
    bool              is_told;            /* what it is searched by, but for its id; else: see its body */
    struct search_row search;
    int64_t           day;                /* of audit.body; since 1970-01-01 */
    int               body_row;           /* -1: none */
};

/* An instance; its records by their distance from `next`. */
struct source {
    char              inst[INST_TEXT_MAX];
    int64_t           next;               /* of the first record; what follows it must have no gap */
    struct pg_result *queue, *bodies;
    struct queued    *records;
    int64_t           count, at;          /* up to the first gap, and those that were given out */
    int64_t           beyond;             /* the counter behind a gap; -1: there is none */
    int64_t           time_us;            /* of the record at `at`, or of one before it if that is later */
    bool              is_closed;          /* by its `close` record: for the caller */
};

struct take { struct source sources[SOURCES_MAX]; size_t count; };

/* A record; borrows from the take. Its salt and bytes are there where what it is searched by is not told;
 * `record` NULL: they are missing. */
struct taken {
    struct source           *source;
    const struct queued     *queued;
    int64_t                  iseq;
    const char              *salt, *record;
    size_t                   salt_count, record_count;
    bool                     has_day;     /* it is in audit.body */
    int64_t                  day;         /* since 1970-01-01 */
};

/* Deletes them from the queue, in the open transaction: of each instance that is not in `blocked`, the
 * commits that begin within `rows_max` records. It must be closed whatever the outcome. */
enum outcome take_open(struct connection *connection, struct arena *arena, int64_t rows_max,
                       char (*blocked)[INST_TEXT_MAX], size_t blocked_count, struct take *out);
/* False: there are no more. */
bool         take_next(struct take *take, struct taken *out);
void         take_close(struct take *take);

#endif
