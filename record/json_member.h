/* One member of a JSON object's text, as it stands there: for bytes
 * that must not be written anew. */
#ifndef RECORD_JSON_MEMBER_H
#define RECORD_JSON_MEMBER_H

#include "record/scan.h"

/* The bytes of member `name`'s value in the object `bytes`; false: not an object, or it has no such
 * member. Names with escapes are not found. */
bool json_member(const char *bytes, size_t count, const char *name, struct span *value);

/* Several members in one pass over the object; one that is not there has no bytes. False: not an object. */
bool json_members(const char *bytes, size_t count, const char *const names[], size_t names_count,
                  struct span values[]);

/* As json_member for a string without escapes: its characters. */
bool json_member_text(const char *bytes, size_t count, const char *name, struct span *text);

#endif
