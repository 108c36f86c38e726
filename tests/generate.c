/* Walks a record and a good text of it (a Jansson tree) together, spoils one place at a time, and puts it right again. */
#include "tests/generate.h"

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POINTER_MAX = 256, TEXT_BYTES_MAX = 1 << 20, ITEMS_VISITED_MAX = 4, NAME_MAX_BYTES = 256 };

#define DUPLICATE "@duplicate@"

struct generator {
    json_t *root;
    void  (*each)(void *context, const char *text, size_t bytes, const char *code, const char *pointer);
    void   *context;
    char    pointer[POINTER_MAX];
};

/* Where a value stands: a member of an object, an item of an array, or the whole (no parent). */
struct slot { json_t *parent; const char *key; size_t index; };

static void visit_record(struct generator *generator, const struct record *record, struct slot slot);

static json_t *
value_in(const struct generator *generator, struct slot slot)
{
    if (!slot.parent)
        return generator->root;
    return slot.key ? json_object_get(slot.parent, slot.key) : json_array_get(slot.parent, slot.index);
}

/* Takes the reference to `value`; NULL removes a member. */
static void
put_in(struct generator *generator, struct slot slot, json_t *value)
{
    if (!slot.parent)
        generator->root = value;
    else if (!slot.key)
        json_array_set_new(slot.parent, slot.index, value);
    else if (value)
        json_object_set_new(slot.parent, slot.key, value);
    else
        json_object_del(slot.parent, slot.key);
}

static size_t
step_into(struct generator *generator, const char *name)
{
    size_t length = strlen(generator->pointer);
    size_t at     = length;

    assert(length + 2 * strlen(name) + 2 < POINTER_MAX);
    generator->pointer[at++] = '/';
    for (; *name; name++) {
        if (*name == '~' || *name == '/')
            generator->pointer[at++] = '~';
        generator->pointer[at++] = *name == '~' ? '0' : *name == '/' ? '1' : *name;
    }
    generator->pointer[at] = '\0';
    return length;
}

static size_t
step_into_item(struct generator *generator, size_t index)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%zu", index);
    return step_into(generator, digits);
}

static void
step_back(struct generator *generator, size_t length)
{
    generator->pointer[length] = '\0';
}

static char *
dump(const struct generator *generator)
{
    char *text = json_dumps(generator->root, JSON_COMPACT | JSON_ENCODE_ANY);
    assert(text);
    return text;
}

static void
give(struct generator *generator, const char *code)
{
    char *text = dump(generator);
    generator->each(generator->context, text, strlen(text), code, generator->pointer);
    free(text);
}

/* The text with another value in this slot; takes the reference to it. */
static void
give_with(struct generator *generator, struct slot slot, json_t *value, const char *code)
{
    json_t *before = json_incref(value_in(generator, slot));
    put_in(generator, slot, value);
    give(generator, code);
    if (!slot.parent)
        json_decref(generator->root);
    put_in(generator, slot, before);
    if (!slot.parent)
        json_decref(before);
}

static void
give_with_text(struct generator *generator, struct slot slot, const char *text, const char *code)
{
    give_with(generator, slot, json_string(text), code);
}

/* "a" so many times. */
static void
give_with_length(struct generator *generator, struct slot slot, int64_t bytes, const char *code)
{
    if (bytes < 0 || bytes > TEXT_BYTES_MAX)
        return;
    char *text = malloc((size_t)bytes + 1);
    assert(text);
    memset(text, 'a', (size_t)bytes);
    text[bytes] = '\0';
    give_with_text(generator, slot, text, code);
    free(text);
}

static void
spoil_text(struct generator *generator, const struct field *field, struct slot slot)
{
    give_with(generator, slot, json_integer(5), "wrong_type");
    give_with(generator, slot, json_true(), "wrong_type");
    give_with(generator, slot, json_stringn("a\0b", 3), "bad_text");
    if (field->form == TEXT_SHA256) {
        give_with_length(generator, slot, 63, "bad_text");
        give_with_length(generator, slot, 65, "bad_text");
        give_with_text(generator, slot,
                       "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef", "bad_text");
        return;
    }
    give_with_length(generator, slot, field->min - 1, "out_of_bounds");
    give_with_length(generator, slot, field->max + 1, "out_of_bounds");
    if (field->form == TEXT_NAME) {
        give_with_text(generator, slot, "a b", "bad_text");
        give_with_text(generator, slot, "a/b", "bad_text");
        give_with_text(generator, slot, "\xC3\xA9", "bad_text");
    }
}

static void
spoil_integer(struct generator *generator, const struct field *field, struct slot slot)
{
    give_with_text(generator, slot, "5", "wrong_type");
    give_with(generator, slot, json_real(1.5), "wrong_type");
    give_with(generator, slot, json_real(1e300), "wrong_type");
    give_with(generator, slot, json_false(), "wrong_type");
    give_with(generator, slot, json_integer(field->min - 1), "out_of_bounds");
    give_with(generator, slot, json_integer(field->max + 1), "out_of_bounds");
    give_with(generator, slot, json_integer(INT64_MAX), "out_of_bounds");
    give_with(generator, slot, json_integer(INT64_MIN), "out_of_bounds");
}

static void
give_with_units(struct generator *generator, struct slot slot, const struct decimal *bound, int away)
{
    char           text[DECIMAL_TEXT_MAX];
    struct decimal value;

    if (!bound)
        return;
    value.units = bound->units + away;
    decimal_format(value, text);
    give_with_text(generator, slot, text, "out_of_bounds");
}

static void
spoil_decimal(struct generator *generator, const struct field *field, struct slot slot)
{
    static const char *const malformed[] = {
        "", "abc", "1e3", "+1", "01", ".5", "5.", " 1", "1 ", "0x1", "1,5", "--1", "-", "NaN",
        "0.1234567890123456789",
    };
    for (size_t i = 0; i < COUNT_OF(malformed); i++)
        give_with_text(generator, slot, malformed[i], "not_a_decimal");
    give_with(generator, slot, json_real(0.5), "not_a_decimal");
    give_with(generator, slot, json_real(1e300), "not_a_decimal");
    give_with(generator, slot, json_integer(INTEGER_MAX + 1), "not_a_decimal");
    give_with(generator, slot, json_integer(-INTEGER_MAX - 1), "not_a_decimal");
    give_with_text(generator, slot, "170141183460469231732", "overflow");
    give_with_text(generator, slot, "-1000000000000000000000000", "overflow");
    give_with(generator, slot, json_true(), "wrong_type");
    give_with(generator, slot, json_array(), "wrong_type");
    give_with_units(generator, slot, field->at_least, -1);
    give_with_units(generator, slot, field->above, 0);
    give_with_units(generator, slot, field->at_most, 1);
}

static void
spoil_flag(struct generator *generator, struct slot slot)
{
    give_with_text(generator, slot, "true", "wrong_type");
    give_with(generator, slot, json_integer(1), "wrong_type");
}

static void
spoil_instant(struct generator *generator, struct slot slot)
{
    give_with(generator, slot, json_integer(1700000000), "wrong_type");
    give_with_text(generator, slot, "", "not_an_instant");
    give_with_text(generator, slot, "yesterday", "not_an_instant");
    give_with_text(generator, slot, "2026-01-31", "not_an_instant");
    give_with_text(generator, slot, "2026-02-30T00:00:00Z", "not_an_instant");
    give_with_text(generator, slot, "2026-01-31T00:00:00+01:00", "not_an_instant");
}

static void
spoil_choice(struct generator *generator, struct slot slot)
{
    give_with(generator, slot, json_integer(0), "wrong_type");
    give_with_text(generator, slot, "no_such_choice", "unknown_choice");
    give_with_text(generator, slot, "", "unknown_choice");
}

static json_t *
items_of_length(const json_t *item, int64_t count)
{
    json_t *array = json_array();
    for (int64_t i = 0; i < count; i++)
        json_array_append_new(array, json_deep_copy(item));
    return array;
}

static json_t *
entries_of_length(const json_t *entry, int64_t count)
{
    json_t *object = json_object();
    for (int64_t i = 0; i < count; i++) {
        char key[24];
        snprintf(key, sizeof key, "k%lld", (long long)i);
        json_object_set_new(object, key, json_deep_copy(entry));
    }
    return object;
}

/* As a list or a map of copies of one item. */
static void
spoil_length(struct generator *generator, const struct field *field, struct slot slot, const json_t *item)
{
    json_t *(*make)(const json_t *, int64_t) =
        field->kind == FIELD_LIST ? items_of_length : entries_of_length;
    size_t bytes = json_dumpb(item, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY) + 16;

    if (field->min > 0)
        give_with(generator, slot, make(item, field->min - 1), "too_few");
    if (field->max < (int64_t)(TEXT_BYTES_MAX / bytes))
        give_with(generator, slot, make(item, field->max + 1), "too_many");
}

static void
visit_list(struct generator *generator, const struct field *field, struct slot slot)
{
    json_t *array = value_in(generator, slot);

    give_with(generator, slot, json_object(), "wrong_type");
    give_with(generator, slot, json_integer(1), "wrong_type");
    if (json_array_size(array) == 0)
        return;
    spoil_length(generator, field, slot, json_array_get(array, 0));
    for (size_t i = 0; i < json_array_size(array) && i < ITEMS_VISITED_MAX; i++) {
        size_t length = step_into_item(generator, i);
        visit_record(generator, field->items, (struct slot){ .parent = array, .index = i });
        step_back(generator, length);
    }
}

/* Gives the text with DUPLICATE's name replaced by the spelling (a JSON string with its quotes). */
static void
give_respelled(struct generator *generator, const char *spelling)
{
    char  *text = dump(generator);
    char  *at   = strstr(text, "\"" DUPLICATE "\"");
    size_t room = strlen(text) + strlen(spelling) + 1;
    char  *out  = malloc(room);

    assert(at);
    assert(out);
    snprintf(out, room, "%.*s%s%s", (int)(at - text), text, spelling, at + strlen(DUPLICATE) + 2);
    generator->each(generator->context, out, strlen(out), "duplicate_member", generator->pointer);
    free(out);
    free(text);
}

/* The member twice. Its name is tried as it is, and with its first character as an escape. */
static void
give_twice(struct generator *generator, json_t *object, const char *name)
{
    json_t *as_json = json_string(name);
    char   *plain   = json_dumps(as_json, JSON_ENCODE_ANY);
    size_t  length  = step_into(generator, name);
    char    escaped[NAME_MAX_BYTES];

    json_object_set_new(object, DUPLICATE, json_deep_copy(json_object_get(object, name)));
    give_respelled(generator, plain);
    if ((unsigned char)name[0] < 0x80) {
        snprintf(escaped, sizeof escaped, "\"\\u%04X%s\"", (unsigned)name[0], name + 1);
        give_respelled(generator, escaped);
    }
    json_object_del(object, DUPLICATE);
    step_back(generator, length);
    free(plain);
    json_decref(as_json);
}

static void
give_with_key(struct generator *generator, json_t *object, const char *key, const json_t *entry,
              const char *code)
{
    size_t length = step_into(generator, key);
    json_object_set_new(object, key, json_deep_copy(entry));
    give(generator, code);
    json_object_del(object, key);
    step_back(generator, length);
}

static void
spoil_keys(struct generator *generator, const struct field *field, json_t *object, const json_t *entry)
{
    char long_key[KEY_BYTES_MAX + 2];

    memset(long_key, 'k', sizeof long_key - 1);
    long_key[sizeof long_key - 1] = '\0';
    give_with_key(generator, object, long_key, entry, "bad_text");
    give_with_key(generator, object, "", entry, "bad_text");
    if (field->form == TEXT_NAME)
        give_with_key(generator, object, "a ~/b", entry, "bad_text");
}

static void
visit_map(struct generator *generator, const struct field *field, struct slot slot)
{
    json_t     *object  = value_in(generator, slot);
    size_t      visited = 0;
    const char *keys[ITEMS_VISITED_MAX];
    const char *key;
    json_t     *entry;

    give_with(generator, slot, json_array(), "wrong_type");
    give_with_text(generator, slot, "x", "wrong_type");
    if (json_object_size(object) == 0)
        return;
    json_object_foreach(object, key, entry)
        if (visited < ITEMS_VISITED_MAX)
            keys[visited++] = key;
    entry = json_object_get(object, keys[0]);
    spoil_length(generator, field, slot, entry);
    if ((int64_t)json_object_size(object) < field->max)
        spoil_keys(generator, field, object, entry);
    for (size_t i = 0; i < visited; i++) {
        size_t length = step_into(generator, keys[i]);
        visit_record(generator, field->items, (struct slot){ .parent = object, .key = keys[i] });
        step_back(generator, length);
        give_twice(generator, object, keys[i]);
    }
}

/* Where there is no such member, only wrong values of it can be tried. */
static void
visit_field(struct generator *generator, const struct field *field, struct slot slot)
{
    json_t *value    = value_in(generator, slot);
    bool    is_given = value && !json_is_null(value);

    if (!field->optional && !field->nullable)
        give_with(generator, slot, json_null(), "wrong_type");
    switch (field->kind) {
    case FIELD_TEXT:
        spoil_text(generator, field, slot);
        break;
    case FIELD_INTEGER:
        spoil_integer(generator, field, slot);
        break;
    case FIELD_DECIMAL:
        spoil_decimal(generator, field, slot);
        break;
    case FIELD_FLAG:
        spoil_flag(generator, slot);
        break;
    case FIELD_INSTANT:
        spoil_instant(generator, slot);
        break;
    case FIELD_CHOICE:
        spoil_choice(generator, slot);
        break;
    case FIELD_RECORD:
        if (is_given)
            visit_record(generator, field->items, slot);
        break;
    case FIELD_LIST:
        if (is_given)
            visit_list(generator, field, slot);
        break;
    case FIELD_MAP:
        if (is_given)
            visit_map(generator, field, slot);
        break;
    case FIELD_OBJECT:
        give_with(generator, slot, json_string("{}"), "wrong_type");
        give_with(generator, slot, json_array(), "wrong_type");
        break;
    }
}

static void
visit_member(struct generator *generator, const struct field *field, json_t *object)
{
    struct slot slot   = { .parent = object, .key = field->name };
    size_t      length = step_into(generator, field->name);
    bool        stands = value_in(generator, slot) != NULL;

    if (stands && !field->optional)
        give_with(generator, slot, NULL, "missing_member");
    visit_field(generator, field, slot);
    step_back(generator, length);
    if (stands)
        give_twice(generator, object, field->name);
}

static void
visit_members(struct generator *generator, const struct record *record, json_t *object)
{
    for (size_t i = 0; i < record->count; i++)
        visit_member(generator, &record->fields[i], object);
}

static void
visit_variant(struct generator *generator, const struct record *record, json_t *object)
{
    struct slot slot    = { .parent = object, .key = record->tag };
    const char *chosen  = json_string_value(value_in(generator, slot));
    const char *unknown = strcmp(record->tag, "rule") ? "unknown_choice" : "unknown_rule";
    size_t      length  = step_into(generator, record->tag);

    give_with(generator, slot, NULL, unknown);
    give_with(generator, slot, json_integer(1), "wrong_type");
    give_with(generator, slot, json_null(), "wrong_type");
    give_with_text(generator, slot, "no_such_case", unknown);
    step_back(generator, length);
    give_twice(generator, object, record->tag);
    for (size_t i = 0; chosen && i < record->cases_count; i++)
        if (!strcmp(record->cases[i].name, chosen)) {
            visit_members(generator, record->cases[i].record, object);
            return;
        }
    assert(false && "the good text names no case");
}

static void
visit_tuple(struct generator *generator, const struct record *record, struct slot slot)
{
    json_t *array   = value_in(generator, slot);
    json_t *shorter = json_deep_copy(array);
    json_t *longer  = json_deep_copy(array);

    give_with(generator, slot, json_object(), "wrong_type");
    give_with_text(generator, slot, "x", "wrong_type");
    json_array_remove(shorter, record->count - 1);
    give_with(generator, slot, shorter, "too_few");
    json_array_append_new(longer, json_null());
    give_with(generator, slot, longer, "too_many");
    for (size_t i = 0; i < record->count; i++) {
        size_t length = step_into_item(generator, i);
        visit_field(generator, &record->fields[i], (struct slot){ .parent = array, .index = i });
        step_back(generator, length);
    }
}

static void
visit_record(struct generator *generator, const struct record *record, struct slot slot)
{
    json_t *value = value_in(generator, slot);

    if (record->bare) {
        visit_field(generator, &record->fields[0], slot);
        return;
    }
    if (record->tuple) {
        visit_tuple(generator, record, slot);
        return;
    }
    give_with(generator, slot, json_array(), "wrong_type");
    give_with(generator, slot, json_integer(5), "wrong_type");
    give_with_key(generator, value, "no_such_member", json_null(), "unknown_member");
    give_with_key(generator, value, "", json_null(), "unknown_member");
    give_with_key(generator, value, "a~/b", json_null(), "unknown_member");
    if (record->tag)
        visit_variant(generator, record, value);
    else
        visit_members(generator, record, value);
}

/* What is no JSON at all, or has something before or after it. */
static void
spoil_whole(struct generator *generator)
{
    static const struct { const char *before, *after; } around[] = {
        { "", "x" }, { "", "," }, { "", "{}" }, { "\xEF\xBB\xBF", "" }, { "'", "" }, { "", "\xFF" },
    };
    char  *good = dump(generator);
    size_t room = strlen(good) + 8;
    char  *text = malloc(room);

    assert(text);
    for (size_t i = 0; i < COUNT_OF(around); i++) {
        snprintf(text, room, "%s%s%s", around[i].before, good, around[i].after);
        generator->each(generator->context, text, strlen(text), "not_json", "");
    }
    generator->each(generator->context, "", 0, "not_json", "");
    generator->each(generator->context, good, strlen(good) - 1, "not_json", "");
    free(text);
    free(good);
}

void
generate_bad_inputs(const struct record *record, const char *good,
                    void (*each)(void *context, const char *text, size_t bytes, const char *code,
                                 const char *pointer),
                    void *context)
{
    struct generator generator = {
        .root    = json_loads(good, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL),
        .each    = each,
        .context = context,
    };

    assert(generator.root);
    spoil_whole(&generator);
    visit_record(&generator, record, (struct slot){ 0 });
    json_decref(generator.root);
}
