/* A PostgreSQL array in its binary form, built item by item: what
 * unnest() makes rows of. Only for db/. */
#ifndef DB_ARRAY_H
#define DB_ARRAY_H

#include "db/database.h"
#include "record/text.h"

/* Type numbers that PostgreSQL fixed for good (pg_type.dat). */
enum array_of { ARRAY_OF_BYTEA = 17, ARRAY_OF_BIGINT = 20, ARRAY_OF_TEXT = 25,
                ARRAY_OF_DATE = 1082 };

struct array { struct text text; int32_t count; bool has_null; enum array_of of; };

void       array_open(struct array *array, enum array_of of, struct arena *arena, size_t room,
                      size_t max);
/* NULL bytes: SQL null */
void       array_add(struct array *array, const void *bytes, size_t count);
void       array_add_string(struct array *array, const char *string);
void       array_add_bigint(struct array *array, int64_t integer);
void       array_add_date(struct array *array, int64_t day);   /* since 1970-01-01 */
/* An item that is written in place: what is appended to array->text between the two calls. */
size_t     array_begin(struct array *array);
void       array_end(struct array *array, size_t begun);
struct arg array_arg(struct array *array);

#endif
