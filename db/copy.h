/* Rows for COPY ... FROM STDIN in PostgreSQL's binary form: half the server's cost of a row that
 * unnest() makes, from some hundred rows on. Only for db/. */
#ifndef DB_COPY_H
#define DB_COPY_H

#include "db/database.h"
#include "record/text.h"

struct copy { struct text text; int64_t count; size_t columns; };

/* The rows take at most `max` bytes of the arena. */
void copy_open(struct copy *copy, struct arena *arena, size_t columns, size_t max);
void copy_begin_row(struct copy *copy);
/* A row's columns, in order. NULL bytes: SQL null */
void copy_add(struct copy *copy, const void *bytes, size_t count);
void copy_add_bigint(struct copy *copy, int64_t integer);
void copy_add_date(struct copy *copy, int64_t day);         /* since 1970-01-01 */
void copy_add_uuid(struct copy *copy, const char *text);    /* its 36 characters */

/* `sql` is COPY ... FROM STDIN (FORMAT binary); `changed` gets the number of rows that were written.
 * It is sent once. */
enum outcome copy_send(struct connection *connection, const char *sql, struct copy *copy,
                       int64_t *changed);

#endif
