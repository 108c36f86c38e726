/* Records as the schemas that openapi.yaml must have for them. */
#ifndef TESTS_SCHEMA_H
#define TESTS_SCHEMA_H

#include <jansson.h>

#include "record/record.h"

enum { SCHEMAS_MAX = 256, SCHEMA_NAME_MAX = 64 };

/* One schema: a record; or a variant (`tag` is set) as a choice of schemas; or one of its cases. A
 * variant whose cases have the same members is one object, its tag an enum. A bare record has no
 * schema of its own: it stands inside its user's. */
struct schema {
    char                 name[SCHEMA_NAME_MAX];
    const struct record *record;
    const char          *tag, *case_name;         /* of a case: the tag, and its value */
};

struct schemas {
    struct schema items[SCHEMAS_MAX];
    size_t        count;
};

/* The record's schemas and those of all that it is made of, each once, by name. */
void schemas_add(struct schemas *schemas, const struct record *record);

/* Without descriptions: a new reference. */
json_t *schema_expected(const struct schema *schema);
/* Of one member; of a parameter of a query. */
json_t *schema_of_field(const struct field *field);

/* openapi.yaml's schema in the form of the expected one: descriptions dropped; what a text is
 * narrowed to (an enum or a pattern of its own) dropped; references to schemas that are no record's
 * replaced by what stands there. A new reference. */
json_t *schema_actual(const json_t *document, const struct schemas *schemas, const json_t *schema);

/* "liquidation_price" as "LiquidationPrice". */
void schema_name(const char *name, char out[static SCHEMA_NAME_MAX]);

#endif
