/* What records are searched by: columns that are derived from their bytes when they are integrated. */
#ifndef DB_SEARCH_H
#define DB_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/scan.h"

/* Spans of the record; those without bytes: it has no such member. */
struct search_row {
    struct span kind, id, operation, market, account, actor, status;
    int64_t     ts;                       /* microseconds */
    int64_t     parameters_version;       /* INTEGER_NONE: none */
};

/* False: the bytes are no record. */
bool search_row_of(const char *record, size_t count, struct search_row *out);

#endif
