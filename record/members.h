/* Members of two structs of one record, side by side. Private to record/difference*.c. */
#ifndef RECORD_MEMBERS_H
#define RECORD_MEMBERS_H

#include "record/record.h"

/* One side's member: `field` of the struct `in`; NULL: that side has none of this name. */
struct side { const struct field *field; const char *in; };
struct sides { struct side from, to; };

/* A list whose items are addressed by their first member: brackets, by their lower bound. */
bool list_is_keyed(const struct field *field);

/* The member's value where that is a struct, a list's or a map's items; NULL: there is none. */
const char *side_pointer(struct side side);
size_t      side_count(struct side side);
bool        side_is_there(struct side side);

/* The same item of the other side: by its key; NULL: it has none. */
const char *side_item(struct side side, const struct field *field, const char *item);

/* The members of both, by name; a side that is NULL has none. Of a variant, those of either case,
 * without the tag. Returns how many; `out` is room for 2 * FIELDS_MAX. */
size_t members_pair(const struct record *record, const char *from, const char *to,
                    struct sides out[static 2 * FIELDS_MAX]);

/* The case that a struct of a variant is; NULL: the record is no variant, or there is no struct. */
const struct record_case *case_of(const struct record *record, const char *in);

#endif
