/* Query strings: what is read from one is what the JSON reader reads from an object of the same
 * members, which a second decoder makes of it; what that refuses is refused. */
#include <assert.h>
#include <jansson.h>
#include <regex.h>
#include <stdlib.h>

#include "record/json.h"
#include "server/query.h"
#include "tests/fuzz/input.h"

enum { ARENA_BYTES_MAX = 1 << 22, INPUT_MAX = 4096, TEXT_BYTES_MAX = 1 << 20 };

struct asked {
    int64_t        limit, offset;
    const char    *cursor, *market, *sha256;
    int            order;
    bool           deep, wide;
    struct decimal above, below;
    int64_t        at;
};

static const char *const orders[] = { "desc", "asc", NULL };
static const struct decimal ten = DECIMAL_OF(10);

static const struct field asked_fields[] = {
    INTEGER_FIELD(asked, limit, .optional = true, .min = 1, .max = 500, .initial = "50"),
    INTEGER_FIELD(asked, offset, .optional = true, .min = -INTEGER_MAX, .max = INTEGER_MAX),
    TEXT_FIELD   (asked, cursor, .optional = true, .form = TEXT_ANY, .min = 1, .max = 40),
    NAME_FIELD   (asked, market),
    TEXT_FIELD   (asked, sha256, .optional = true, .form = TEXT_SHA256),
    CHOICE_FIELD (asked, order, .optional = true, .choices = orders, .initial = "desc"),
    FLAG_FIELD   (asked, deep, .optional = true),
    FLAG_FIELD   (asked, wide, .optional = true, .initial = "true"),
    DECIMAL_FIELD(asked, above, .optional = true, .initial = "-0.5"),
    DECIMAL_FIELD(asked, below, .optional = true, .at_most = &ten),
    INSTANT_FIELD(asked, at, .optional = true),
};
static const struct record asked_record = RECORD(asked, asked_fields);

struct pair { char *name, *value; };

/* Percent-encoding by strtol; false: it is none, or NUL. */
static bool
decode(struct input part, char *out)
{
    while (part.at < part.end) {
        char hex[3] = "";
        if (*part.at != '%') {
            *out++ = (char)*part.at++;
            continue;
        }
        if (input_left(&part) < 3 || !strchr("0123456789abcdefABCDEF", part.at[1]) ||
            !strchr("0123456789abcdefABCDEF", part.at[2]))
            return false;
        memcpy(hex, part.at + 1, 2);
        *out = (char)strtol(hex, NULL, 16);
        if (!*out++)
            return false;
        part.at += 3;
    }
    *out = '\0';
    return true;
}

static const struct field *
field_of(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(asked_fields); i++)
        if (!strcmp(asked_fields[i].name, name))
            return &asked_fields[i];
    return NULL;
}

static bool
matches(const char *pattern, const char *text)
{
    regex_t regex;
    int     failed = regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB);

    assert(!failed);
    failed = regexec(&regex, text, 0, NULL, 0);
    regfree(&regex);
    return !failed;
}

/* The value as JSON: integers and flags bare, all else a string. NULL: there is no such value. */
static json_t *
value_of(const struct field *field, const char *text)
{
    if (field->kind == FIELD_INTEGER)
        return matches("^(0|-?[1-9][0-9]{0,17})$", text) ? json_integer(strtoll(text, NULL, 10))
                                                         : NULL;
    if (field->kind == FIELD_FLAG)
        return matches("^(true|false)$", text) ? json_boolean(*text == 't') : NULL;
    return json_string(text);
}

static bool
add_pair(json_t *object, struct input part)
{
    char         name[INPUT_MAX + 1], value[INPUT_MAX + 1];
    struct input before = input_part(&part, '=');

    if (!decode(before, name) || !decode(part, value))
        return false;
    const struct field *field = field_of(name);
    json_t             *json = field && !json_object_get(object, name) ? value_of(field, value) : NULL;
    return json && !json_object_set_new(object, name, json);
}

/* NULL: no such query. */
static json_t *
object_of(struct input query)
{
    json_t *object = json_object();

    while (query.at < query.end) {
        struct input part = input_part(&query, '&');
        if (part.at < part.end && !add_pair(object, part)) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static bool
read_as_json(const json_t *object, struct arena *arena, struct asked *out)
{
    char         *text = json_dumps(object, JSON_COMPACT);
    struct faults faults;

    faults_open(&faults, 1);
    bool is_read = json_read(&asked_record, text, strlen(text), arena, out, &faults);
    free(text);
    return is_read;
}

static void
check_same(const struct asked *ours, const struct asked *wanted, struct arena *arena)
{
    struct text first, second;

    text_open(&first, arena, 0, TEXT_BYTES_MAX);
    text_open(&second, arena, 0, TEXT_BYTES_MAX);
    json_write(&asked_record, ours, JSON_CANONICAL, &first);
    json_write(&asked_record, wanted, JSON_CANONICAL, &second);
    assert(first.count == second.count);
    assert(!memcmp(first.bytes, second.bytes, first.count));
    assert(ours->at == wanted->at);           /* written to the millisecond */
}

static void
check_faults(const struct faults *faults)
{
    assert(faults->count > 0);
    for (size_t i = 0; i < faults->count; i++) {
        const char *pointer = faults->items[i].pointer;
        assert(*pointer == '?');
        assert(strspn(pointer + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-") ==
               strlen(pointer + 1));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct input  input = { bytes, bytes + count };
    struct asked  ours, wanted;
    struct arena  arena;
    struct faults faults;

    if (count > INPUT_MAX || (count && memchr(bytes, '\0', count)))
        return 0;
    arena_open(&arena, ARENA_BYTES_MAX);
    faults_open(&faults, FAULTS_MAX);
    char   *query = arena_copy(&arena, (const char *)bytes, count);
    bool    is_read = query_read(&asked_record, query, &arena, &ours, &faults);
    json_t *object = object_of(input);
    assert(is_read == (object && read_as_json(object, &arena, &wanted)));
    if (is_read)
        check_same(&ours, &wanted, &arena);
    else
        check_faults(&faults);
    json_decref(object);
    arena_close(&arena);
    return 0;
}
