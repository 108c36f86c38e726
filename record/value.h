/* One value that is not a list or a record, from its text: a JSON string's characters, a JSON
 * number, an environment variable. */
#ifndef RECORD_VALUE_H
#define RECORD_VALUE_H

#include "record/arena.h"
#include "record/fault.h"
#include "record/record.h"

/* `text` (UTF-8) as what the field holds, into its member of the struct at `out`; a text is copied
 * to `arena`. False: one fault, at `place`. */
bool value_read(const struct field *field, const char *text, size_t bytes, struct arena *arena,
                void *out, const struct place *place, struct faults *faults);

static inline bool
value_is_in_bounds(const struct field *field, struct decimal value)
{
    return (!field->at_least || decimal_compare(value, *field->at_least) >= 0) &&
           (!field->above || decimal_compare(value, *field->above) > 0) &&
           (!field->at_most || decimal_compare(value, *field->at_most) <= 0);
}

/* A decimal within its bounds into its member; as value_read otherwise. */
bool value_put_decimal(const struct field *field, struct decimal value, void *out,
                       const struct place *place, struct faults *faults);

/* The value of a member that is left out, where that is not a list, a map or a record. */
bool value_leave_out(const struct field *field, struct arena *arena, void *out,
                     const struct place *place, struct faults *faults);

/* May `text` stand where this form is asked for? */
bool text_has_form(enum text_form form, const char *text, size_t bytes);

/* -?(0|[1-9][0-9]*); what is beyond +-INTEGER_MAX becomes some number that is beyond it, too. */
bool integer_parse(const char *text, size_t bytes, int64_t *out);

/* A detail that names them, as many as fit. `choices` is NULL-ended. */
void choices_format(const char *const *choices, char text[static FAULT_DETAIL_MAX]);

#endif
