/* JSON merge patch, RFC 7396. The only user of Jansson: off the hot path. */
#ifndef RECORD_MERGE_PATCH_H
#define RECORD_MERGE_PATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "record/arena.h"
#include "record/fault.h"

struct merged { const char *bytes; size_t count; };   /* JSON without white space, in the arena */

/* The target as the patch leaves it: members of the patch replace the target's, null removes, an
 * object is merged, everything else (arrays too) is replaced whole. Both are objects. False: a fault
 * with its pointer into the patch (a fault of the target is a mistake of ours): not_json,
 * duplicate_member, wrong_type (not an object), not_a_decimal (a JSON fraction or exponent, which
 * would not be exact), too_deep, unknown_path (null where there is nothing to remove), out_of_memory.
 * `faults` is open; all faults are added, as many as fit. */
bool merge_patch(const char *target, size_t target_count, const char *patch, size_t patch_count,
                 struct arena *arena, struct merged *out, struct faults *faults);

#endif
