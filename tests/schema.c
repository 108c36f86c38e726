/* From a field to its schema, kind by kind. */
#include "tests/schema.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/openapi.h"

#define NAME_PATTERN    "^[A-Za-z0-9._:-]{1,64}$"
#define SHA256_PATTERN  "^[0-9a-f]{64}$"
#define DECIMAL_PATTERN "^-?(0|[1-9][0-9]*)(\\.[0-9]{1,18})?$"
#define INSTANT_PATTERN "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,6})?Z$"

void
schema_name(const char *name, char out[static SCHEMA_NAME_MAX])
{
    size_t count = 0;
    bool   is_first = true;

    for (; *name; name++) {
        assert(count < SCHEMA_NAME_MAX - 1);
        if (*name != '_')
            out[count++] = is_first ? (char)toupper((unsigned char)*name) : *name;
        is_first = *name == '_';
    }
    out[count] = '\0';
}

static bool
is_uniform(const struct record *record)
{
    for (size_t i = 1; i < record->cases_count; i++)
        if (record->cases[i].record->fields != record->cases[0].record->fields)
            return false;
    return record->cases_count > 0;
}

static void
case_name(const struct record *record, size_t i, char out[static SCHEMA_NAME_MAX])
{
    schema_name(record->name, out);
    size_t count = strlen(out);
    char   rest[SCHEMA_NAME_MAX];
    schema_name(record->cases[i].name, rest);
    assert(count + strlen(rest) < SCHEMA_NAME_MAX);
    memcpy(out + count, rest, strlen(rest) + 1);
}

static const struct schema *
find(const struct schemas *schemas, const char *name)
{
    for (size_t i = 0; i < schemas->count; i++)
        if (!strcmp(schemas->items[i].name, name))
            return &schemas->items[i];
    return NULL;
}

static void
add_fields(struct schemas *schemas, const struct record *record)
{
    for (size_t i = 0; i < record->count; i++)
        if (record->fields[i].items)
            schemas_add(schemas, record->fields[i].items);
}

static void
add_cases(struct schemas *schemas, const struct record *record)
{
    for (size_t i = 0; i < record->cases_count; i++) {
        struct schema *schema = &schemas->items[schemas->count];
        assert(schemas->count < SCHEMAS_MAX);
        if (!is_uniform(record)) {
            case_name(record, i, schema->name);
            schema->record    = record->cases[i].record;
            schema->tag       = record->tag;
            schema->case_name = record->cases[i].name;
            schemas->count++;
        }
        add_fields(schemas, record->cases[i].record);
    }
}

void
schemas_add(struct schemas *schemas, const struct record *record)
{
    struct schema *schema = &schemas->items[schemas->count];

    if (record->bare) {
        add_fields(schemas, record);
        return;
    }
    assert(schemas->count < SCHEMAS_MAX);
    schema_name(record->name, schema->name);
    if (find(schemas, schema->name))
        return;
    schema->record = record;
    schemas->count++;
    add_cases(schemas, record);
    add_fields(schemas, record);
}

static void
put(json_t *schema, const char *keyword, json_t *rule)
{
    json_object_set_new(schema, keyword, rule);
}

/* {type: string}, or {type: [string, 'null']}. */
static json_t *
of_type(const char *type, const struct field *field)
{
    json_t *schema = json_object();
    put(schema, "type", field->nullable ? json_pack("[s, s]", type, "null") : json_string(type));
    return schema;
}

static json_t *
of_pattern(const char *pattern, const struct field *field)
{
    json_t *schema = of_type("string", field);
    put(schema, "pattern", json_string(pattern));
    return schema;
}

static json_t *
of_text(const struct field *field)
{
    json_t *schema;

    if (field->form == TEXT_NAME && field->min == 1 && field->max == 64)
        return of_pattern(NAME_PATTERN, field);
    if (field->form == TEXT_SHA256)
        return of_pattern(SHA256_PATTERN, field);
    schema = of_type("string", field);
    if (field->min > 0)
        put(schema, "minLength", json_integer(field->min));
    put(schema, "maxLength", json_integer(field->max));
    return schema;
}

static json_t *
of_integer(const struct field *field)
{
    json_t *schema = of_type("integer", field);
    put(schema, "minimum", json_integer(field->min));
    put(schema, "maximum", json_integer(field->max));
    return schema;
}

static void
put_decimal(json_t *schema, const char *keyword, const struct decimal *bound)
{
    char text[DECIMAL_TEXT_MAX];

    if (!bound)
        return;
    decimal_format(*bound, text);
    put(schema, keyword, json_string(text));
}

static json_t *
of_decimal(const struct field *field)
{
    json_t *schema = of_pattern(DECIMAL_PATTERN, field);
    put_decimal(schema, "x-above", field->above);
    put_decimal(schema, "x-at-least", field->at_least);
    put_decimal(schema, "x-at-most", field->at_most);
    return schema;
}

static json_t *
of_choice(const struct field *field)
{
    json_t *schema = of_type("string", field);
    json_t *names = json_array();

    for (size_t i = 0; field->choices[i]; i++)
        json_array_append_new(names, json_string(field->choices[i]));
    if (field->nullable)
        json_array_append_new(names, json_null());
    put(schema, "enum", names);
    return schema;
}

/* What stands where a record is used. */
static json_t *
of_use(const struct record *record)
{
    char name[SCHEMA_NAME_MAX];

    if (record->bare)
        return schema_of_field(&record->fields[0]);
    schema_name(record->name, name);
    return json_pack("{s: s+}", "$ref", "#/components/schemas/", name);
}

static json_t *
of_list(const struct field *field)
{
    json_t *schema = of_type("array", field);
    if (field->min > 0)
        put(schema, "minItems", json_integer(field->min));
    put(schema, "maxItems", json_integer(field->max));
    put(schema, "items", of_use(field->items));
    return schema;
}

static json_t *
of_map(const struct field *field)
{
    json_t *schema = of_type("object", field);
    if (field->min > 0)
        put(schema, "minProperties", json_integer(field->min));
    put(schema, "maxProperties", json_integer(field->max));
    put(schema, "propertyNames",
        field->form == TEXT_ANY
            ? json_pack("{s: s, s: i, s: i}", "type", "string", "minLength", 1, "maxLength",
                        KEY_BYTES_MAX)
            : json_pack("{s: s, s: s}", "type", "string", "pattern", NAME_PATTERN));
    put(schema, "additionalProperties", of_use(field->items));
    return schema;
}

static json_t *
of_kind(const struct field *field)
{
    switch (field->kind) {
    case FIELD_TEXT:    return of_text(field);
    case FIELD_INTEGER: return of_integer(field);
    case FIELD_DECIMAL: return of_decimal(field);
    case FIELD_FLAG:    return of_type("boolean", field);
    case FIELD_INSTANT: return of_pattern(INSTANT_PATTERN, field);
    case FIELD_CHOICE:  return of_choice(field);
    case FIELD_RECORD:  return of_use(field->items);
    case FIELD_LIST:    return of_list(field);
    case FIELD_MAP:     return of_map(field);
    case FIELD_OBJECT:  return of_type("object", field);
    }
    return NULL;
}

json_t *
schema_of_field(const struct field *field)
{
    json_t *schema = of_kind(field);

    if (field->initial)
        put(schema, "default",
            field->kind == FIELD_INTEGER ? json_integer(strtoll(field->initial, NULL, 10))
            : field->kind == FIELD_FLAG  ? json_boolean(!strcmp(field->initial, "true"))
                                         : json_string(field->initial));
    return schema;
}

static int
by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The order in which members are required says nothing. */
static void
sort_required(json_t *schema)
{
    json_t     *required = json_object_get(schema, "required");
    size_t      count = json_array_size(required);
    const char *names[FIELDS_MAX];

    if (count == 0)
        return;
    assert(count <= FIELDS_MAX);
    for (size_t i = 0; i < count; i++)
        names[i] = json_string_value(json_array_get(required, i));
    qsort(names, count, sizeof *names, by_text);
    json_t *sorted = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(sorted, json_string(names[i]));
    put(schema, "required", sorted);
}

static json_t *
expected_tuple(const struct record *record)
{
    json_t *items = json_array();
    json_t *schema = json_pack("{s: s}", "type", "array");

    for (size_t i = 0; i < record->count; i++)
        json_array_append_new(items, schema_of_field(&record->fields[i]));
    put(schema, "prefixItems", items);
    put(schema, "minItems", json_integer((json_int_t)record->count));
    put(schema, "maxItems", json_integer((json_int_t)record->count));
    return schema;
}

/* {oneOf: [...], discriminator: {propertyName, mapping}}. */
static json_t *
expected_variant(const struct record *record)
{
    json_t *cases = json_array();
    json_t *mapping = json_object();

    for (size_t i = 0; i < record->cases_count; i++) {
        char name[SCHEMA_NAME_MAX];
        case_name(record, i, name);
        json_array_append_new(cases, json_pack("{s: s+}", "$ref", "#/components/schemas/", name));
        json_object_set_new(mapping, record->cases[i].name,
                            json_sprintf("#/components/schemas/%s", name));
    }
    return json_pack("{s: o, s: {s: s, s: o}}", "oneOf", cases, "discriminator", "propertyName",
                     record->tag, "mapping", mapping);
}

static json_t *
expected_object(const struct record *record, const char *tag, json_t *tag_schema)
{
    json_t *properties = json_object();
    json_t *required = json_array();
    json_t *schema = json_pack("{s: s, s: b}", "type", "object", "additionalProperties", 0);

    if (tag) {
        json_array_append_new(required, json_string(tag));
        json_object_set_new(properties, tag, tag_schema);
    }
    for (size_t i = 0; i < record->count; i++) {
        const struct field *field = &record->fields[i];
        if (!field->optional || field->nullable)
            json_array_append_new(required, json_string(field->name));
        json_object_set_new(properties, field->name, schema_of_field(field));
    }
    if (json_array_size(required))
        json_object_set(schema, "required", required);
    json_decref(required);
    put(schema, "properties", properties);
    sort_required(schema);
    return schema;
}

static json_t *
expected_uniform(const struct record *record)
{
    json_t *names = json_array();

    for (size_t i = 0; i < record->cases_count; i++)
        json_array_append_new(names, json_string(record->cases[i].name));
    return expected_object(record->cases[0].record, record->tag,
                           json_pack("{s: s, s: o}", "type", "string", "enum", names));
}

json_t *
schema_expected(const struct schema *schema)
{
    const struct record *record = schema->record;

    if (schema->tag)
        return expected_object(
            record, schema->tag,
            json_pack("{s: s, s: s}", "type", "string", "const", schema->case_name));
    if (record->tuple)
        return expected_tuple(record);
    if (!record->tag)
        return expected_object(record, NULL, NULL);
    return is_uniform(record) ? expected_uniform(record) : expected_variant(record);
}

/* The name behind "#/components/schemas/". */
static bool
is_of_record(const struct schemas *schemas, const json_t *reference)
{
    static const char before[] = "#/components/schemas/";
    const char       *text = json_string_value(reference);

    return text && !strncmp(text, before, sizeof before - 1) &&
           find(schemas, text + sizeof before - 1);
}

/* A pattern beside bounds of length, an enum beside either: what the record does not say. */
static void
drop_narrowing(json_t *schema)
{
    if (json_object_get(schema, "maxLength")) {
        json_object_del(schema, "pattern");
        json_object_del(schema, "enum");
    } else if (json_object_get(schema, "pattern")) {
        json_object_del(schema, "enum");
    }
}

static json_t *
actual_members(const json_t *document, const struct schemas *schemas, const json_t *object)
{
    json_t     *members = json_object();
    const char *name;
    json_t     *member;

    json_object_foreach((json_t *)object, name, member)
        json_object_set_new(members, name, schema_actual(document, schemas, member));
    return members;
}

static json_t *
actual_items(const json_t *document, const struct schemas *schemas, const json_t *array)
{
    json_t *items = json_array();
    for (size_t i = 0; i < json_array_size(array); i++)
        json_array_append_new(items, schema_actual(document, schemas, json_array_get(array, i)));
    return items;
}

json_t *
schema_actual(const json_t *document, const struct schemas *schemas, const json_t *schema)
{
    json_t       *out = json_object();
    const json_t *reference = json_object_get(schema, "$ref");
    const char   *keyword;
    json_t       *rule;

    if (!json_is_object(schema)) {
        json_decref(out);
        return json_incref((json_t *)schema);
    }
    if (reference && !is_of_record(schemas, reference))
        json_object_update_new(out,
                               schema_actual(document, schemas, openapi_resolve(document, schema)));
    json_object_foreach((json_t *)schema, keyword, rule) {
        if (!strcmp(keyword, "description") ||
            (!strcmp(keyword, "$ref") && !is_of_record(schemas, reference)))
            continue;
        if (!strcmp(keyword, "items") && json_object_get(schema, "prefixItems"))
            continue; /* for tools that know no prefixItems; maxItems leaves it nothing to say */
        if (!strcmp(keyword, "properties"))
            put(out, keyword, actual_members(document, schemas, rule));
        else if (json_is_array(rule) &&
                 (!strcmp(keyword, "prefixItems") || !strcmp(keyword, "oneOf")))
            put(out, keyword, actual_items(document, schemas, rule));
        else if (!strcmp(keyword, "items") || !strcmp(keyword, "additionalProperties") ||
                 !strcmp(keyword, "propertyNames"))
            put(out, keyword, schema_actual(document, schemas, rule));
        else
            json_object_set(out, keyword, rule);
    }
    drop_narrowing(out);
    sort_required(out);
    return out;
}
