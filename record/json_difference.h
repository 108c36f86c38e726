/* What differs between two JSON texts, value by value, whatever they describe. */
#ifndef RECORD_JSON_DIFFERENCE_H
#define RECORD_JSON_DIFFERENCE_H

#include "record/difference.h"
#include "record/scan.h"

enum { JSON_DIFFERENCES_MAX = 64 };

/* Each path, a JSON pointer, whose values differ or which only one text has, with the bytes of both
 * as they stand there (NULL: it is not there); the first JSON_DIFFERENCES_MAX. Both texts must be
 * JSON in the same form, as canonical ones are: values are compared by their bytes. All is in the
 * arena. False: out of memory, or one is not JSON. */
bool json_difference(struct span from, struct span to, struct arena *arena, struct changes *out);

#endif
