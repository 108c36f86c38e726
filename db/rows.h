/* Rows of a statement as an array of structs in an arena. Only for db/. */
#ifndef DB_ROWS_H
#define DB_ROWS_H

#include "db/decisions.h"
#include "record/record.h"

/* All rows as structs of the record, as row_read reads them, their texts copied. NOTHING: none. */
enum find find_structs(struct connection *connection, const char *sql, const struct arg *args,
                       size_t args_count, const struct record *record, struct arena *arena,
                       void **items, size_t *count);

#endif
