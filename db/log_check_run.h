/* What the files of the log's check share. Only for log_check.c and log_check_records.c. */
#ifndef DB_LOG_CHECK_RUN_H
#define DB_LOG_CHECK_RUN_H

#include "db/growth.h"
#include "db/log_check.h"

enum { CHECK_LEAVES = 16384 };                    /* a chunk */

/* What a prune record says went. day -1: one decision alone. */
struct gone { int64_t first, last, day; };

struct check {
    struct connection               *connection;
    const struct log_check_settings *settings;
    char                            *why;
    struct digest                    root;        /* of the head, when the check began */
    int64_t                          size;
    struct growth                    growth;      /* what the tree must be, as far as it is checked */
    struct digest                    commitments[CHECK_LEAVES];
    struct arena                     arena;       /* of the chunk */
    struct arena                     gone_arena;
    struct gone                     *gone;
    size_t                           gone_count;
};

enum log_check check_bad(struct check *check, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
enum log_check check_away(struct check *check);

/* What prune records say. */
enum log_check check_read_gone(struct check *check);
/* The records of leaves first to end - 1, whose commitments are those of the chunk's entries; what they
 * are searched by; and that those which are gone went with a prune record. */
enum log_check check_records(struct check *check, int64_t first, int64_t end);
/* What the tree does not reach: the head, counters, the queue, times, cosignatures, rows too many. */
enum log_check check_rows(struct check *check);

#endif
