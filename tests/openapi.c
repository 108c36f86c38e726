/* YAML through libyaml's events, and the keywords of a schema one by one. */
#include "tests/openapi.h"

#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "record/decimal.h"
#include "record/record.h"

enum { DEPTH_MAX = 64, POINTER_MAX = 512 };

struct reader {
    yaml_parser_t parser;
    char         *why;
    unsigned      depth;
};

static json_t *read_node(struct reader *reader, yaml_event_t *event);

/* Only the first fault is told. */
static json_t *
refuse(struct reader *reader, const yaml_mark_t *mark, const char *what)
{
    if (!reader->why[0])
        snprintf(reader->why, OPENAPI_WHY_MAX, "line %zu: %s", mark->line + 1, what);
    return NULL;
}

static bool
next_event(struct reader *reader, yaml_event_t *event)
{
    if (yaml_parser_parse(&reader->parser, event))
        return true;
    refuse(reader, &reader->parser.problem_mark,
           reader->parser.problem ? reader->parser.problem : "no memory");
    return false;
}

static bool
is_number(const char *text, bool *is_whole)
{
    const char *at = text + (*text == '-');

    *is_whole = *at && strspn(at, "0123456789") == strlen(at);
    at += strspn(at, "0123456789");
    if (*at == '.')
        at += 1 + strspn(at + 1, "0123456789");
    return at > text && !*at && strpbrk(text, "0123456789");
}

static json_t *
read_plain(struct reader *reader, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    bool        is_whole;

    if (!*text || !strcmp(text, "null") || !strcmp(text, "~"))
        return json_null();
    if (!strcmp(text, "true"))
        return json_true();
    if (!strcmp(text, "false"))
        return json_false();
    if (!is_number(text, &is_whole))
        return json_string(text);
    return is_whole ? json_integer(strtoll(text, NULL, 10))
                    : refuse(reader, &event->start_mark, "a number with a fraction");
}

static json_t *
read_scalar(struct reader *reader, const yaml_event_t *event)
{
    if (event->data.scalar.tag || event->data.scalar.anchor)
        return refuse(reader, &event->start_mark, "a tag or an anchor");
    if (event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
        return read_plain(reader, event);
    return json_stringn((const char *)event->data.scalar.value, event->data.scalar.length);
}

static json_t *
read_sequence(struct reader *reader)
{
    json_t      *array = json_array();
    yaml_event_t event;

    while (next_event(reader, &event)) {
        bool    is_end = event.type == YAML_SEQUENCE_END_EVENT;
        json_t *item = is_end ? NULL : read_node(reader, &event);
        yaml_event_delete(&event);
        if (is_end)
            return array;
        if (json_array_append_new(array, item))
            break;
    }
    json_decref(array);
    return NULL;
}

/* The value behind a key. */
static bool
read_member(struct reader *reader, json_t *object, const yaml_event_t *key)
{
    yaml_event_t event;
    json_t      *value;

    if (key->type != YAML_SCALAR_EVENT)
        return refuse(reader, &key->start_mark, "a key that is no scalar");
    if (json_object_get(object, (const char *)key->data.scalar.value))
        return refuse(reader, &key->start_mark, "a member twice");
    if (!next_event(reader, &event))
        return false;
    value = read_node(reader, &event);
    yaml_event_delete(&event);
    return !json_object_set_new(object, (const char *)key->data.scalar.value, value);
}

static json_t *
read_mapping(struct reader *reader)
{
    json_t      *object = json_object();
    yaml_event_t key;

    while (next_event(reader, &key)) {
        bool is_end = key.type == YAML_MAPPING_END_EVENT;
        bool is_good = is_end || read_member(reader, object, &key);
        yaml_event_delete(&key);
        if (is_end)
            return object;
        if (!is_good)
            break;
    }
    json_decref(object);
    return NULL;
}

static json_t *
read_node(struct reader *reader, yaml_event_t *event)
{
    json_t *node = NULL;

    if (++reader->depth > DEPTH_MAX)
        return refuse(reader, &event->start_mark, "too deep");
    if (event->type == YAML_SCALAR_EVENT)
        node = read_scalar(reader, event);
    else if (event->type == YAML_SEQUENCE_START_EVENT)
        node = read_sequence(reader);
    else if (event->type == YAML_MAPPING_START_EVENT)
        node = read_mapping(reader);
    else
        refuse(reader, &event->start_mark, "an alias");
    reader->depth--;
    return node;
}

/* Stream and document begin, then comes the one node. */
static json_t *
read_document(struct reader *reader)
{
    yaml_event_t event;
    json_t      *node = NULL;
    bool         is_begun = false;

    while (!is_begun && next_event(reader, &event)) {
        is_begun = event.type != YAML_STREAM_START_EVENT && event.type != YAML_DOCUMENT_START_EVENT;
        if (is_begun)
            node = read_node(reader, &event);
        yaml_event_delete(&event);
    }
    return node;
}

json_t *
openapi_read(const char *path, char why[static OPENAPI_WHY_MAX])
{
    struct reader reader = { .why = why };
    FILE         *file = fopen(path, "r");
    json_t       *document;

    why[0] = '\0';
    if (!file || !yaml_parser_initialize(&reader.parser)) {
        snprintf(why, OPENAPI_WHY_MAX, "%s cannot be read", path);
        return NULL;
    }
    yaml_parser_set_input_file(&reader.parser, file);
    document = read_document(&reader);
    yaml_parser_delete(&reader.parser);
    fclose(file);
    return document;
}

/* One step: "~1" is "/" and "~0" is "~"; returns what stands behind it. */
static const char *
unescape_step(const char *pointer, char step[static POINTER_MAX])
{
    size_t count = 0;

    while (*pointer && *pointer != '/' && count < POINTER_MAX - 1) {
        bool is_escape = pointer[0] == '~' && (pointer[1] == '0' || pointer[1] == '1');
        step[count++] = !is_escape ? *pointer : pointer[1] == '1' ? '/' : '~';
        pointer += is_escape ? 2 : 1;
    }
    step[count] = '\0';
    return pointer;
}

const json_t *
openapi_find(const json_t *document, const char *pointer)
{
    char step[POINTER_MAX];

    while (document && *pointer == '/') {
        pointer = unescape_step(pointer + 1, step);
        document = json_is_array(document) ? json_array_get(document, strtoul(step, NULL, 10))
                                           : json_object_get(document, step);
    }
    return document;
}

const json_t *
openapi_resolve(const json_t *document, const json_t *node)
{
    for (unsigned i = 0; node && i < DEPTH_MAX; i++) {
        const char *reference = json_string_value(json_object_get(node, "$ref"));
        if (!reference)
            return node;
        node = *reference == '#' ? openapi_find(document, reference + 1) : NULL;
    }
    return NULL;
}

/* Where the validator stands, and the first thing that is wrong. */
struct validator {
    const json_t *document;
    char         *why;
    char          pointer[POINTER_MAX];
    unsigned      depth;
};

static bool validate(struct validator *validator, const json_t *schema, const json_t *value);

static bool __attribute__((format(printf, 2, 3)))
fail(struct validator *validator, const char *format, ...)
{
    va_list values;
    int     count = snprintf(validator->why, OPENAPI_WHY_MAX, "%s: ", validator->pointer);

    va_start(values, format);
    vsnprintf(validator->why + count, OPENAPI_WHY_MAX - (size_t)count, format, values);
    va_end(values);
    return false;
}

/* A value below this one. */
static bool
validate_below(struct validator *validator, const json_t *schema, const json_t *value,
               const char *step)
{
    size_t length = strlen(validator->pointer);

    snprintf(validator->pointer + length, sizeof validator->pointer - length, "/%s", step);
    bool is_valid = validate(validator, schema, value);
    if (is_valid)
        validator->pointer[length] = '\0';
    return is_valid;
}

static bool
validate_item(struct validator *validator, const json_t *schema, const json_t *value, size_t index)
{
    char step[24];
    snprintf(step, sizeof step, "%zu", index);
    return validate_below(validator, schema, value, step);
}

/* Each keyword's check gets the schema, the keyword's own value in it, and what is validated. */
typedef bool keyword_check(struct validator *validator, const json_t *schema, const json_t *rule,
                           const json_t *value);

static bool
check_ref(struct validator *validator, const json_t *schema, const json_t *rule,
          const json_t *value)
{
    const json_t *target = openapi_resolve(validator->document, schema);

    if (!target)
        return fail(validator, "%s leads nowhere", json_string_value(rule));
    return validate(validator, target, value);
}

static bool
has_type(const char *type, const json_t *value)
{
    static const struct { const char *name; json_type types[2]; } types[] = {
        { "string", { JSON_STRING, JSON_STRING } }, { "integer", { JSON_INTEGER, JSON_INTEGER } },
        { "boolean", { JSON_TRUE, JSON_FALSE } },   { "null", { JSON_NULL, JSON_NULL } },
        { "object", { JSON_OBJECT, JSON_OBJECT } }, { "array", { JSON_ARRAY, JSON_ARRAY } },
    };
    for (size_t i = 0; type && i < COUNT_OF(types); i++)
        if (!strcmp(types[i].name, type))
            return json_typeof(value) == types[i].types[0] ||
                   json_typeof(value) == types[i].types[1];
    return false;
}

static bool
check_type(struct validator *validator, const json_t *schema, const json_t *rule,
           const json_t *value)
{
    bool has_one = has_type(json_string_value(rule), value);

    (void)schema;
    for (size_t i = 0; i < json_array_size(rule); i++)
        has_one |= has_type(json_string_value(json_array_get(rule, i)), value);
    return has_one || fail(validator, "not of the type");
}

static bool
check_enum(struct validator *validator, const json_t *schema, const json_t *rule,
           const json_t *value)
{
    (void)schema;
    for (size_t i = 0; i < json_array_size(rule); i++)
        if (json_equal(json_array_get(rule, i), value))
            return true;
    return fail(validator, "not one of the enum");
}

static bool
check_const(struct validator *validator, const json_t *schema, const json_t *rule,
            const json_t *value)
{
    (void)schema;
    return json_equal(rule, value) || fail(validator, "not the constant");
}

static bool
check_required(struct validator *validator, const json_t *schema, const json_t *rule,
               const json_t *value)
{
    (void)schema;
    for (size_t i = 0; json_is_object(value) && i < json_array_size(rule); i++) {
        const char *name = json_string_value(json_array_get(rule, i));
        if (!json_object_get(value, name))
            return fail(validator, "%s is missing", name);
    }
    return true;
}

static bool
check_properties(struct validator *validator, const json_t *schema, const json_t *rule,
                 const json_t *value)
{
    const char *name;
    json_t     *member;

    (void)schema;
    json_object_foreach((json_t *)value, name, member) {
        const json_t *known = json_object_get(rule, name);
        if (known && !validate_below(validator, known, member, name))
            return false;
    }
    return true;
}

static bool
check_additional(struct validator *validator, const json_t *schema, const json_t *rule,
                 const json_t *value)
{
    const json_t *properties = json_object_get(schema, "properties");
    const char   *name;
    json_t       *member;

    json_object_foreach((json_t *)value, name, member) {
        if (json_object_get(properties, name))
            continue;
        if (json_is_false(rule))
            return fail(validator, "%s is not a member", name);
        if (!validate_below(validator, rule, member, name))
            return false;
    }
    return true;
}

static bool
check_names(struct validator *validator, const json_t *schema, const json_t *rule,
            const json_t *value)
{
    const char *name;
    json_t     *member;

    (void)schema;
    json_object_foreach((json_t *)value, name, member) {
        json_t *text = json_string(name);
        bool    is_valid = validate_below(validator, rule, text, name);
        json_decref(text);
        if (!is_valid)
            return false;
    }
    return true;
}

static bool
check_prefix(struct validator *validator, const json_t *schema, const json_t *rule,
             const json_t *value)
{
    (void)schema;
    for (size_t i = 0; i < json_array_size(rule) && i < json_array_size(value); i++)
        if (!validate_item(validator, json_array_get(rule, i), json_array_get(value, i), i))
            return false;
    return true;
}

static bool
check_items(struct validator *validator, const json_t *schema, const json_t *rule,
            const json_t *value)
{
    for (size_t i = json_array_size(json_object_get(schema, "prefixItems"));
         i < json_array_size(value); i++)
        if (!validate_item(validator, rule, json_array_get(value, i), i))
            return false;
    return true;
}

/* How many of the alternatives hold; what the others say is forgotten. */
static size_t
count_holding(struct validator *validator, const json_t *alternatives, const json_t *value)
{
    size_t count = 0;

    for (size_t i = 0; i < json_array_size(alternatives); i++) {
        size_t length = strlen(validator->pointer);
        count += validate(validator, json_array_get(alternatives, i), value);
        validator->pointer[length] = '\0';
    }
    return count;
}

static bool
check_one_of(struct validator *validator, const json_t *schema, const json_t *rule,
             const json_t *value)
{
    size_t count = count_holding(validator, rule, value);
    char   last[OPENAPI_WHY_MAX / 2];

    (void)schema;
    if (count > 0)
        return count == 1 || fail(validator, "%zu of oneOf hold", count);
    snprintf(last, sizeof last, "%s", validator->why);
    return fail(validator, "none of oneOf holds; the last of them says: %s", last);
}

static bool
check_any_of(struct validator *validator, const json_t *schema, const json_t *rule,
             const json_t *value)
{
    (void)schema;
    return count_holding(validator, rule, value) > 0 || fail(validator, "none of anyOf holds");
}

static bool
check_pattern(struct validator *validator, const json_t *schema, const json_t *rule,
              const json_t *value)
{
    regex_t pattern;

    (void)schema;
    if (!json_is_string(value))
        return true;
    if (regcomp(&pattern, json_string_value(rule), REG_EXTENDED | REG_NOSUB))
        return fail(validator, "%s is no pattern", json_string_value(rule));
    int found = regexec(&pattern, json_string_value(value), 0, NULL, 0);
    regfree(&pattern);
    return !found || fail(validator, "\"%.100s\" is not of the pattern %s",
                          json_string_value(value), json_string_value(rule));
}

/* JSON Schema counts characters. */
static json_int_t
characters_of(const json_t *value)
{
    json_int_t count = 0;

    for (size_t i = 0; i < json_string_length(value); i++)
        count += (json_string_value(value)[i] & 0xC0) != 0x80;
    return count;
}

static bool
check_least(struct validator *validator, bool is_counted, json_int_t count, const json_t *rule)
{
    return !is_counted || count >= json_integer_value(rule) ||
           fail(validator, "below %" JSON_INTEGER_FORMAT, json_integer_value(rule));
}

static bool
check_most(struct validator *validator, bool is_counted, json_int_t count, const json_t *rule)
{
    return !is_counted || count <= json_integer_value(rule) ||
           fail(validator, "above %" JSON_INTEGER_FORMAT, json_integer_value(rule));
}

#define BOUND(name, check, is_counted, count) \
    static bool \
    name(struct validator *validator, const json_t *schema, const json_t *rule, \
         const json_t *value) \
    { \
        (void)schema; \
        return check(validator, is_counted(value), (json_int_t)(count), rule); \
    }
BOUND(check_minimum, check_least, json_is_integer, json_integer_value(value))
BOUND(check_maximum, check_most, json_is_integer, json_integer_value(value))
BOUND(check_length_least, check_least, json_is_string, characters_of(value))
BOUND(check_length_most, check_most, json_is_string, characters_of(value))
BOUND(check_items_least, check_least, json_is_array, json_array_size(value))
BOUND(check_items_most, check_most, json_is_array, json_array_size(value))
BOUND(check_members_least, check_least, json_is_object, json_object_size(value))
BOUND(check_members_most, check_most, json_is_object, json_object_size(value))

/* The order of a decimal and its bound; what is no decimal is for `pattern` to refuse. */
static bool
compare(const json_t *value, const json_t *rule, int *order)
{
    struct decimal a, b;
    const char    *text = json_string_value(value);
    const char    *bound = json_string_value(rule);

    if (!text || !bound || decimal_parse(text, strlen(text), &a) ||
        decimal_parse(bound, strlen(bound), &b))
        return false;
    *order = decimal_compare(a, b);
    return true;
}

static bool
check_above(struct validator *validator, const json_t *schema, const json_t *rule,
            const json_t *value)
{
    int order;
    (void)schema;
    return !compare(value, rule, &order) || order > 0 ||
           fail(validator, "not above %s", json_string_value(rule));
}

static bool
check_at_least(struct validator *validator, const json_t *schema, const json_t *rule,
               const json_t *value)
{
    int order;
    (void)schema;
    return !compare(value, rule, &order) || order >= 0 ||
           fail(validator, "below %s", json_string_value(rule));
}

static bool
check_at_most(struct validator *validator, const json_t *schema, const json_t *rule,
              const json_t *value)
{
    int order;
    (void)schema;
    return !compare(value, rule, &order) || order <= 0 ||
           fail(validator, "above %s", json_string_value(rule));
}

/* NULL: says nothing about values. */
static const struct { const char *keyword; keyword_check *check; } keywords[] = {
    { "$ref", check_ref },
    { "type", check_type },
    { "enum", check_enum },
    { "const", check_const },
    { "required", check_required },
    { "properties", check_properties },
    { "additionalProperties", check_additional },
    { "propertyNames", check_names },
    { "prefixItems", check_prefix },
    { "items", check_items },
    { "oneOf", check_one_of },
    { "anyOf", check_any_of },
    { "pattern", check_pattern },
    { "minimum", check_minimum },
    { "maximum", check_maximum },
    { "minLength", check_length_least },
    { "maxLength", check_length_most },
    { "minItems", check_items_least },
    { "maxItems", check_items_most },
    { "minProperties", check_members_least },
    { "maxProperties", check_members_most },
    { "x-above", check_above },
    { "x-at-least", check_at_least },
    { "x-at-most", check_at_most },
    { "description", NULL },
    { "default", NULL },
    { "discriminator", NULL },
};

static bool
validate_keyword(struct validator *validator, const json_t *schema, const char *keyword,
                 const json_t *rule, const json_t *value)
{
    for (size_t i = 0; i < COUNT_OF(keywords); i++)
        if (!strcmp(keywords[i].keyword, keyword))
            return !keywords[i].check || keywords[i].check(validator, schema, rule, value);
    return fail(validator, "the validator does not know the keyword %s", keyword);
}

static bool
validate(struct validator *validator, const json_t *schema, const json_t *value)
{
    const char *keyword;
    json_t     *rule;
    bool        is_valid = json_is_object(schema) || fail(validator, "no schema");

    if (++validator->depth > DEPTH_MAX)
        return fail(validator, "too deep");
    json_object_foreach((json_t *)schema, keyword, rule)
        is_valid = is_valid && validate_keyword(validator, schema, keyword, rule, value);
    validator->depth--;
    return is_valid;
}

bool
openapi_validate(const json_t *document, const json_t *schema, const json_t *value,
                 char why[static OPENAPI_WHY_MAX])
{
    struct validator validator = { .document = document, .why = why };

    return validate(&validator, schema, value);
}
