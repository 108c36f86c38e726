/* openapi.yaml as a tree of JSON, and a validator for the part of JSON Schema that it uses. */
#ifndef TESTS_OPENAPI_H
#define TESTS_OPENAPI_H

#include <stdbool.h>

#include <jansson.h>

enum { OPENAPI_WHY_MAX = 512 };

/* The whole file; the caller's reference. NULL: `why` says where it is not YAML, or YAML beyond
 * what JSON knows: aliases, tags, a member twice, a number with a fraction. Plain scalars are read
 * as JSON has them: null, true, false, whole numbers; all else is a string. */
json_t *openapi_read(const char *path, char why[static OPENAPI_WHY_MAX]);

/* By an RFC 6901 pointer, "/components/schemas/Name"; NULL: nothing is there. Borrowed. */
const json_t *openapi_find(const json_t *document, const char *pointer);

/* What a {$ref: '#/...'} leads to, its end; any other node as it is. NULL: it leads nowhere. */
const json_t *openapi_resolve(const json_t *document, const json_t *node);

/* Does the value hold what the schema says? Decimals also hold x-above, x-at-least and x-at-most. A
 * keyword that is neither checked nor known to say nothing about values makes it false, so that no
 * schema is passed over. `why`: the value's pointer, and what. */
bool openapi_validate(const json_t *document, const json_t *schema, const json_t *value,
                      char why[static OPENAPI_WHY_MAX]);

#endif
