/* The merge patch that leads from one struct to another. */
#include <string.h>

#include "record/difference.h"
#include "record/json.h"
#include "record/members.h"

enum { VALUE_BYTES_MAX = 1 << 20 };

static bool
is_same_value(struct sides sides, struct arena *arena, struct text *out)
{
    struct text from, to;

    if (!side_is_there(sides.from) || !side_is_there(sides.to))
        return side_is_there(sides.from) == side_is_there(sides.to);
    text_open(&from, arena, 64, VALUE_BYTES_MAX);
    json_write_field(sides.from.field, sides.from.in, JSON_CANONICAL, &from);
    text_open(&to, arena, 64, VALUE_BYTES_MAX);
    json_write_field(sides.to.field, sides.to.in, JSON_CANONICAL, &to);
    out->is_full |= from.is_full || to.is_full;
    return from.count == to.count && !memcmp(from.bytes, to.bytes, to.count);
}

static void
begin_member(struct text *out, const char *name, bool is_first)
{
    if (!is_first)
        text_add_string(out, ",");
    json_write_string(out, name);
    text_add_string(out, ":");
}

static bool write_records(const struct record *record, const char *from, const char *to,
                          struct arena *arena, struct text *out);

/* Items of a map that differ; false: none does. `out` is inside the member's object. */
static bool
write_items(const struct field *field, struct sides sides, struct arena *arena, struct text *out)
{
    const char *from = side_pointer(sides.from);
    const char *to = side_pointer(sides.to);
    size_t      size = field->items->size;
    bool        is_first = true;
    const char *name;

    for (size_t i = 0; i < side_count(sides.from); i++) {
        if (side_item(sides.to, field, from + i * size))
            continue;
        memcpy(&name, from + i * size + field->key_offset, sizeof name);
        begin_member(out, name, is_first);
        text_add_string(out, "null");
        is_first = false;
    }
    for (size_t i = 0; i < side_count(sides.to); i++) {
        size_t before = out->count;
        memcpy(&name, to + i * size + field->key_offset, sizeof name);
        begin_member(out, name, is_first);
        if (write_records(field->items, side_item(sides.from, field, to + i * size), to + i * size,
                          arena, out))
            is_first = false;
        else
            out->count = before;
    }
    return !is_first;
}

/* The value that the patch gives a member; false: it stays. */
static bool
write_value(struct sides sides, struct arena *arena, struct text *out)
{
    const struct field *field = sides.to.field ? sides.to.field : sides.from.field;

    if (!side_is_there(sides.to)) {
        text_add_string(out, "null");
        return side_is_there(sides.from);
    }
    if (field->kind == FIELD_MAP) {
        text_add_string(out, "{");
        bool differs = write_items(field, sides, arena, out);
        text_add_string(out, "}");
        return differs;
    }
    if (field->kind == FIELD_RECORD && !field->items->tuple && !field->items->bare)
        return write_records(field->items, side_pointer(sides.from), side_pointer(sides.to), arena,
                             out);
    json_write_field(sides.to.field, sides.to.in, JSON_CANONICAL, out);
    return !is_same_value(sides, arena, out);
}

/* One struct as the patch of another; false: they are the same. Where there was none, all of it. */
static bool
write_records(const struct record *record, const char *from, const char *to, struct arena *arena,
              struct text *out)
{
    struct sides sides[2 * FIELDS_MAX];
    size_t       count = members_pair(record, from, to, sides);
    bool         is_first = true;

    if (record->bare)
        return write_value(sides[0], arena, out);
    text_add_string(out, "{");
    if (record->tag && case_of(record, from) != case_of(record, to)) {
        begin_member(out, record->tag, is_first);
        json_write_string(out, case_of(record, to)->name);
        is_first = false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct field *field = sides[i].to.field ? sides[i].to.field : sides[i].from.field;
        size_t before = out->count;
        begin_member(out, field->name, is_first);
        if (write_value(sides[i], arena, out))
            is_first = false;
        else
            out->count = before;
    }
    text_add_string(out, "}");
    return !from || !is_first;
}

void
difference_write_patch(const struct record *record, const void *from, const void *to,
                       struct arena *arena, struct text *out)
{
    write_records(record, from, to, arena, out);
}
