/* Query strings to a C struct, as its record describes it: "limit=20&order=asc". */
#ifndef SERVER_QUERY_H
#define SERVER_QUERY_H

#include "record/arena.h"
#include "record/fault.h"
#include "record/record.h"

/* `query` is what stands behind the "?", NULL or "" where there is none; it is decoded in
 * place. `out` has record->size bytes, set to zero first. A NULL record allows no parameter.
 * Texts are copied to `arena`. False: faults->count > 0, pointers "?limit" ("?" where the name
 * is not one that a parameter could have).
 * Codes: unknown_parameter, duplicate_parameter, missing_parameter, bad_encoding,
 * and those of field_read_text(). */
bool query_read(const struct record *record, char *query, struct arena *arena, void *out,
                struct faults *faults);

#endif
