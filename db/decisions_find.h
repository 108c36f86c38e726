/* Decisions by what they are searched by (audit.search): those that stand in the log. */
#ifndef DB_DECISIONS_FIND_H
#define DB_DECISIONS_FIND_H

#include "db/decisions.h"

/* NULL, INTEGER_NONE, INSTANT_NONE: no matter. */
struct decision_filter {
    const char *kind, *market, *account, *status;
    int64_t     parameters_version;
    int64_t     from_us, to_us;           /* decided at or after from, before to */
};

/* Texts are NULL where the record has no such member. */
struct found_decision {
    int64_t     index;
    const char *id, *kind, *market, *account, *actor;
    int64_t     decided_at, parameters_version;
    const char *status;
    const char *salt, *record;            /* hex; its bytes; only where they were asked for */
};

/* At most `max` of the indexes from `first` on and before `end`, in the order of their indexes, or the
 * newest first. All is in the arena, or is the caller's array. */
enum find decisions_find(struct connection *connection, const struct decision_filter *filter,
                         int64_t first, int64_t end, bool newest_first, bool with_records,
                         size_t max, struct arena *arena, struct found_decision *out,
                         size_t *count);

/* The statement's text, for those who explain it. */
enum { DECISIONS_SQL_MAX = 1280 };
void decisions_sql(const struct decision_filter *filter, bool newest_first, bool with_records,
                   char sql[static DECISIONS_SQL_MAX]);

#endif
