/* Structs to JSON. The members of a canonical object are sorted as it is written: tables
 * are short, and mostly in order. */
#include "record/json.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "record/instant.h"

struct members;

static void write_record(const struct record *record, const char *in, enum json_order order,
                         struct text *out);
static void write_object(const struct record *record, const char *in, enum json_order order,
                         const struct members *sorted, struct text *out);

static void
put_byte(struct text *out, char byte)
{
    char *at = text_reserve(out, 1);
    if (!at)
        return;
    *at = byte;
    out->count++;
}

/* RFC 8785, 3.2.2.2: the short escapes, \u00xx in lower case for other controls, nothing else. */
static void
put_escape(struct text *out, char byte)
{
    static const char digits[] = "0123456789abcdef";
    static const char letters[] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
                                    ['\r'] = 'r', ['"'] = '"', ['\\'] = '\\' };
    char escape[6] = { '\\', letters[(unsigned char)byte] };

    if (escape[1]) {
        text_add(out, escape, 2);
        return;
    }
    memcpy(escape, "\\u00", 4);
    escape[4] = digits[byte >> 4];
    escape[5] = digits[byte & 15];
    text_add(out, escape, 6);
}

static bool
is_plain(char byte)
{
    return (unsigned char)byte >= 0x20 && byte != '"' && byte != '\\';
}

void
json_write_string(struct text *out, const char *string)
{
    put_byte(out, '"');
    while (*string) {
        size_t plain = 0;
        while (string[plain] && is_plain(string[plain]))
            plain++;
        text_add(out, string, plain);
        string += plain;
        if (*string)
            put_escape(out, *string++);
    }
    put_byte(out, '"');
}

/* Names of members and choices, which the tables hold in characters that need no escape: one
 * reservation, and no branch for what stands before or after it, or does not. */
static inline void
put_name(struct text *out, const char *name, char before, char after)
{
    size_t count = strlen(name);
    char  *start = text_reserve(out, count + 4);
    char  *at    = start;
    if (!at)
        return;
    *at   = before;
    at   += before != '\0';
    *at++ = '"';
    memcpy(at, name, count);
    at   += count;
    *at++ = '"';
    *at   = after;
    at   += after != '\0';
    out->count += (size_t)(at - start);
}

static void
put_decimal(struct text *out, struct decimal value)
{
    char *at = text_reserve(out, DECIMAL_TEXT_MAX + 2);
    if (!at)
        return;
    size_t count  = decimal_format(value, at + 1);
    at[0]         = '"';
    at[1 + count] = '"';
    out->count   += count + 2;
}

static void
put_instant(struct text *out, int64_t instant_us)
{
    char text[INSTANT_TEXT_MAX];
    instant_format(instant_us, text);
    put_name(out, text, '\0', '\0');
}

static int64_t
integer_at(const void *member)
{
    int64_t integer;
    memcpy(&integer, member, sizeof integer);
    return integer;
}

static size_t
count_of(const struct field *field, const char *in)
{
    size_t count;
    memcpy(&count, in + field->count_offset, sizeof count);
    return count;
}

static int
choice_at(const void *member)
{
    int choice;
    memcpy(&choice, member, sizeof choice);
    return choice;
}

static struct decimal
decimal_at(const void *member)
{
    struct decimal value;
    memcpy(&value, member, sizeof value);
    return value;
}

static const char *
pointer_at(const void *member)
{
    const char *pointer;
    memcpy(&pointer, member, sizeof pointer);
    return pointer;
}

bool
field_is_none(const struct field *field, const void *in)
{
    const char *member = (const char *)in + field->offset;

    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_OBJECT:
        return !pointer_at(member);
    case FIELD_INTEGER:
        return integer_at(member) == INTEGER_NONE;
    case FIELD_DECIMAL:
        return decimal_is_none(decimal_at(member));
    case FIELD_FLAG:
        return false;
    case FIELD_INSTANT:
        return integer_at(member) == INSTANT_NONE;
    case FIELD_CHOICE:
        return choice_at(member) == CHOICE_NONE;
    case FIELD_RECORD:
        return field->pointer && !pointer_at(member);
    case FIELD_LIST:
    case FIELD_MAP:
        return field->optional && field->min > 0 && count_of(field, in) == 0;
    }
    return false;
}

/* In the order in which they are written; the tag, which has no field, is NULL. */
struct members { size_t count; const struct field *fields[FIELDS_MAX + 1]; };

/* Most names differ in their first letter. */
static bool
is_behind(const char *a, const char *b)
{
    return *a != *b ? (unsigned char)*a > (unsigned char)*b : strcmp(a, b) > 0;
}

/* By insertion: one comparison a member where the table is in order. */
static void
sort_members(const struct record *record, const char *tag, struct members *sorted)
{
    assert(record->count <= FIELDS_MAX);
    sorted->count = 0;
    if (tag)
        sorted->fields[sorted->count++] = NULL;
    for (size_t i = 0; i < record->count; i++) {
        const struct field *field = &record->fields[i];
        size_t              place = sorted->count++;
        for (; place > 0; place--) {
            const struct field *before = sorted->fields[place - 1];
            assert(before || tag);
            if (!is_behind(before ? before->name : tag, field->name))
                break;
            sorted->fields[place] = before;
        }
        sorted->fields[place] = field;
    }
}

static bool
copy_spelling(const struct field *field, const char *in, struct text *out)
{
    struct spelling spelling;

    if (!field->spelling_offset)
        return false;
    memcpy(&spelling, in + field->spelling_offset, sizeof spelling);
    text_add(out, spelling.bytes, spelling.count);
    return spelling.count > 0;
}

static void
write_list(const struct field *field, const char *in, enum json_order order, struct text *out)
{
    const struct record *record = field->items;
    const char          *items = pointer_at(in + field->offset);
    size_t               count = count_of(field, in);
    bool                 is_sorted_once = order == JSON_CANONICAL && count > 1 && !record->tag &&
                                          !record->tuple && !record->bare;
    struct members       sorted;

    if (copy_spelling(field, in, out))
        return;
    if (is_sorted_once)
        sort_members(record, NULL, &sorted);
    put_byte(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            put_byte(out, ',');
        if (is_sorted_once)
            write_object(record, items + i * record->size, order, &sorted, out);
        else
            write_record(record, items + i * record->size, order, out);
    }
    put_byte(out, ']');
}

/* UTF-16 puts U+10000 and above, whose first unit is a surrogate, before U+E000: in UTF-8
 * the leads F0..F4 before EE, EF. */
static int
utf16_rank(char byte)
{
    unsigned char lead = (unsigned char)byte;
    if (lead >= 0xF0)
        return lead - 2;
    return lead >= 0xEE ? lead + 5 : lead;
}

int
json_compare_names(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return utf16_rank(*a) - utf16_rank(*b);
}

static int
compare_entries(const void *a, const void *b, void *key_offset)
{
    size_t offset = *(const size_t *)key_offset;
    return json_compare_names(pointer_at(pointer_at(a) + offset), pointer_at(pointer_at(b) + offset));
}

/* The map's items in order of their keys; NULL: no memory. */
static const char **
sort_entries(const struct field *field, const char *items, size_t count, struct text *out)
{
    const char **sorted = arena_alloc(out->arena, count, sizeof *sorted);
    size_t       offset = field->key_offset;

    if (!sorted) {
        out->is_full = true;
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        sorted[i] = items + i * field->items->size;
    qsort_r(sorted, count, sizeof *sorted, compare_entries, &offset);
    return sorted;
}

static void
write_map(const struct field *field, const char *in, enum json_order order, struct text *out)
{
    const char  *items  = pointer_at(in + field->offset);
    size_t       count  = count_of(field, in);
    const char **sorted = NULL;

    if (order == JSON_CANONICAL && count > 1) {
        sorted = sort_entries(field, items, count, out);
        if (!sorted)
            return;
    }
    put_byte(out, '{');
    for (size_t i = 0; i < count; i++) {
        const char *item = sorted ? sorted[i] : items + i * field->items->size;
        if (i > 0)
            put_byte(out, ',');
        json_write_string(out, pointer_at(item + field->key_offset));
        put_byte(out, ':');
        write_record(field->items, item, order, out);
    }
    put_byte(out, '}');
}

/* One that is there. */
static void
write_value(const struct field *field, const char *in, enum json_order order, struct text *out)
{
    const char *member = in + field->offset;

    switch (field->kind) {
    case FIELD_TEXT:
        json_write_string(out, pointer_at(member));
        break;
    case FIELD_INTEGER:
        text_add_integer(out, integer_at(member));
        break;
    case FIELD_DECIMAL:
        put_decimal(out, decimal_at(member));
        break;
    case FIELD_FLAG:
        text_add_string(out, *(const bool *)member ? "true" : "false");
        break;
    case FIELD_INSTANT:
        put_instant(out, integer_at(member));
        break;
    case FIELD_CHOICE:
        put_name(out, field->choices[choice_at(member)], '\0', '\0');
        break;
    case FIELD_RECORD:
        write_record(field->items, field->pointer ? pointer_at(member) : member, order, out);
        break;
    case FIELD_LIST:
        write_list(field, in, order, out);
        break;
    case FIELD_MAP:
        write_map(field, in, order, out);
        break;
    case FIELD_OBJECT:
        text_add_string(out, pointer_at(member));
        break;
    }
}

static void
put_null(const struct field *field, struct text *out)
{
    assert(field->optional || field->nullable);
    text_add(out, "null", 4);
}

void
json_write_field(const struct field *field, const void *in, enum json_order order,
                 struct text *out)
{
    if (field_is_none(field, in))
        put_null(field, out);
    else
        write_value(field, in, order, out);
}

/* An object while it is written. */
struct writing {
    /* variant: what has the tag, NULL where there is none */
    const struct record *record, *variant;
    const char          *in;
    enum json_order      order;
    bool                 is_begun;
};

static void
write_name(struct writing *writing, const char *name, struct text *out)
{
    put_name(out, name, writing->is_begun ? ',' : '\0', ':');
    writing->is_begun = true;
}

static void
write_member(struct writing *writing, const struct field *field, struct text *out)
{
    bool is_none = field_is_none(field, writing->in);

    if (is_none && !field->nullable) {
        assert(field->optional);   /* a required one without a value is a mistake of ours */
        return;
    }
    write_name(writing, field->name, out);
    if (is_none)
        put_null(field, out);
    else
        write_value(field, writing->in, writing->order, out);
}

static void
write_tag(struct writing *writing, struct text *out)
{
    const struct record *variant = writing->variant;
    assert(variant);
    size_t chosen = (size_t)choice_at(writing->in + variant->tag_offset);

    assert(chosen < variant->cases_count);
    write_name(writing, variant->tag, out);
    put_name(out, variant->cases[chosen].name, '\0', '\0');
}

static void
write_sorted(struct writing *writing, const struct members *sorted, struct text *out)
{
    for (size_t i = 0; i < sorted->count; i++)
        if (sorted->fields[i])
            write_member(writing, sorted->fields[i], out);
        else
            write_tag(writing, out);
}

static void
write_declared(struct writing *writing, struct text *out)
{
    if (writing->variant)
        write_tag(writing, out);
    for (size_t i = 0; i < writing->record->count; i++)
        write_member(writing, &writing->record->fields[i], out);
}

/* `sorted`: of a record without a tag, where it is known. */
static void
write_object(const struct record *record, const char *in, enum json_order order,
             const struct members *sorted, struct text *out)
{
    struct members mine;
    struct writing writing = { .record = record, .in = in, .order = order };

    if (record->tag) {
        writing.variant = record;
        writing.record  = record->cases[choice_at(in + record->tag_offset)].record;
    }
    put_byte(out, '{');
    if (order == JSON_CANONICAL && !sorted)
        sort_members(writing.record, record->tag, &mine);
    if (order == JSON_CANONICAL)
        write_sorted(&writing, sorted ? sorted : &mine, out);
    else
        write_declared(&writing, out);
    put_byte(out, '}');
}

static void
write_tuple(const struct record *record, const char *in, enum json_order order, struct text *out)
{
    put_byte(out, '[');
    for (size_t i = 0; i < record->count; i++) {
        if (i > 0)
            put_byte(out, ',');
        json_write_field(&record->fields[i], in, order, out);
    }
    put_byte(out, ']');
}

static void
write_record(const struct record *record, const char *in, enum json_order order, struct text *out)
{
    if (record->bare)
        json_write_field(&record->fields[0], in, order, out);
    else if (record->tuple)
        write_tuple(record, in, order, out);
    else
        write_object(record, in, order, NULL, out);
}

void
json_write(const struct record *record, const void *in, enum json_order order, struct text *out)
{
    write_record(record, in, order, out);
}
