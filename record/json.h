/* JSON bytes to a C struct and back, as its record describes it. Strict
 * RFC 8259 in UTF-8; one pass, no tree. */
#ifndef RECORD_JSON_H
#define RECORD_JSON_H

#include "record/arena.h"
#include "record/fault.h"
#include "record/record.h"
#include "record/text.h"

enum { JSON_DEPTH_MAX = 32 };

/* Reads the whole of `bytes` into `out` (record->size bytes, set to zero first). Texts, lists and
 * records behind pointers are in `arena`. False: faults->count > 0; the first fault is the first in
 * the text, a missing member standing at its object's end.
 * Codes: not_json (the pointer says how far the text was good, the detail at which byte it
 * stopped), unknown_member, missing_member, duplicate_member, wrong_type, not_a_decimal,
 * overflow, out_of_bounds, unknown_choice, unknown_rule, too_many, too_few,
 * not_an_instant, bad_text, out_of_memory. With faults->max > 1 it goes on after a fault
 * that is not of the syntax or of memory.
 * A tuple, like a list, is too_many or too_few at the array. A tag that is missing or names no case
 * is unknown_rule where it is called "rule", else unknown_choice, and comes before the faults of
 * its object's other members, which are not known without it. `faults` is open and empty. */
bool json_read(const struct record *record, const char *bytes, size_t count, struct arena *arena,
               void *out, struct faults *faults);

/* Declared: members in the record's order. Canonical: RFC 8785 (sorted by UTF-16 code units,
 * shortest escapes). No white space. */
enum json_order { JSON_DECLARED, JSON_CANONICAL };

/* A value that is none is left out, or null where its field is nullable; in a field that is neither
 * it is a mistake of ours, as are a choice that does not exist and a text that is not UTF-8.
 * Embedded records and lists are always written, but for an empty list that is optional and has a
 * minimum. What is written is read as the same, but that instants keep milliseconds only. */
void json_write(const struct record *record, const void *in, enum json_order order,
                struct text *out);
/* The value of one member of the struct `in`; null where it is none. */
void json_write_field(const struct field *field, const void *in, enum json_order order,
                      struct text *out);
/* Does the member of the struct `in` hold what stands for a value that does not exist? */
bool field_is_none(const struct field *field, const void *in);
/* < 0, 0, > 0 as RFC 8785 sorts names. */
int  json_compare_names(const char *a, const char *b);
/* quoted and escaped as RFC 8785 says */
void json_write_string(struct text *out, const char *string);

/* One value from its text form, as `initial` and the settings hold it: "0.02", "60", "true",
 * "leg"; into the field's member of the struct at `out`. Lists and records: false. The fault's
 * pointer is "/" and the field's name. */
bool field_read_text(const struct field *field, const char *text, struct arena *arena, void *out,
                     struct faults *faults);

#endif
