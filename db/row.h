/* SQL rows to and from C structs, as their records describe them. Text format both
 * ways, so that NUMERIC stays exact. */
#ifndef DB_ROW_H
#define DB_ROW_H

#include "db/database.h"
#include "record/record.h"

/* Each member from the column of its name: instants are bigint microseconds, flags boolean, choices
 * their names. Texts borrow from `rows`. A null is the member's "none" where it is nullable or
 * optional. False: a column that is missing, null or not of its kind, which is our own mistake.
 * Lists, maps and records inside are rows of their own: not for them. */
bool row_read(const struct record *record, const struct pg_result *rows, int row, void *out);

void rows_free(struct pg_result *rows);   /* libpq's PQclear, for those who do not include it */

enum { ROW_TEXT_MAX = 48 };

/* The members as arguments $1, $2 ... in the record's order; at most ARGS_MAX. They borrow
 * from `in` and from `out` itself. */
struct row { struct arg args[ARGS_MAX]; char room[ARGS_MAX][ROW_TEXT_MAX]; };
void row_write(const struct record *record, const void *in, struct row *out);

#endif
