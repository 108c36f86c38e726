/* What records are searched by: columns that are derived from their bytes, or from what those bytes were
 * made of, when they are integrated. */
#ifndef DB_SEARCH_H
#define DB_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/scan.h"
#include "record/text.h"

/* Spans of the record; those without bytes: it has no such member. */
struct search_row {
    struct span kind, id, operation, market, account, actor, status;
    int64_t     ts;                       /* microseconds */
    int64_t     parameters_version;       /* INTEGER_NONE: none */
};

/* False: the bytes are no record. */
bool search_row_of(const char *record, size_t count, struct search_row *out);

/* The same as whoever makes a decision knows it, for the queue. All are names, of letters, digits and
 * `._:-`; NULL: the record has no such member. */
struct search_terms {
    const char *operation, *market, *account, *actor, *status;
    int64_t     ts;                       /* microseconds */
    int64_t     parameters_version;       /* INTEGER_NONE: none */
    int64_t     day;                      /* of audit.body; since 1970-01-01 */
};

/* A line: day, operation, market, account, actor, status, ts and version, a tab after each but the last;
 * nothing between where there is none. */
void search_terms_write(const struct search_terms *terms, struct text *out);
/* False: the line, without its end, is none of these. `out` has spans of it, and no id. */
bool search_terms_read(struct span line, struct search_row *out, int64_t *day);

#endif
