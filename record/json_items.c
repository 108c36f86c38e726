/* Lists and maps: arrays, and objects whose keys are data. Their items grow by
 * doubling, up to the field's maximum. */
#include "record/json_reader.h"

#include <inttypes.h>
#include <string.h>

#include "record/value.h"

enum { ITEMS_FIRST = 8 };

/* The items of a list or a map while it is read. */
struct items {
    const struct field *field;
    char               *bytes;
    size_t              count, room;
    bool                is_past_max;
};

/* A new item, zeroed; NULL: there is no memory, or (is_past_max) there must not be one more. */
static char *
add_item(struct reader *reader, struct items *items)
{
    size_t size = items->field->items->size;
    size_t max  = (size_t)items->field->max;

    items->is_past_max = items->count >= max;
    if (items->is_past_max)
        return NULL;
    if (items->count == items->room) {
        size_t room  = items->room ? items->room * 2 : ITEMS_FIRST;
        size_t wider = room < max ? room : max;
        size_t bytes;
        if (__builtin_mul_overflow(wider, size, &bytes))
            return NULL;
        char *grown = arena_resize(reader->arena, items->bytes, items->room * size, bytes);
        if (!grown)
            return NULL;
        items->bytes = grown;
        items->room  = wider;
    }
    return items->bytes + items->count++ * size;
}

/* Skips what is left of a container that has too many items. */
static bool
refuse_more(struct reader *reader, const struct field *field, char close, const struct place *place)
{
    enum scan_next next = SCAN_ITEM;
    struct span    name;

    fault_add_at(reader->faults, place, "too_many", "at most %" PRId64 " items may stand here",
                 field->max);
    if (!reader_may_go_on(reader))
        return false;
    do {
        if ((close == '}' && !scan_name(&reader->scan, &name)) ||
            !scan_value(&reader->scan, reader->depth_left))
            return reader_refuse_syntax(reader, place);
        next = scan_next(&reader->scan, close, false);
    } while (next == SCAN_ITEM);
    reader->depth_left++;
    return next == SCAN_CLOSED || reader_refuse_syntax(reader, place);
}

static bool
close_items(struct reader *reader, const struct items *items, char *out, const struct place *place)
{
    const struct field *field = items->field;

    reader->depth_left++;
    memcpy(out + field->offset, &items->bytes, sizeof items->bytes);
    memcpy(out + field->count_offset, &items->count, sizeof items->count);
    if ((int64_t)items->count >= field->min)
        return true;
    fault_add_at(reader->faults, place, "too_few", "at least %" PRId64 " items stand here",
                 field->min);
    return reader_may_go_on(reader);
}

bool
reader_read_list(struct reader *reader, const struct field *field, char *out,
                 const struct place *place)
{
    struct items items = { .field = field };

    if (!scan_is_at(&reader->scan, '['))
        return reader_refuse_type(reader, place, "an array");
    if (!reader_open(reader, place))
        return false;
    for (;;) {
        enum scan_next next = scan_next(&reader->scan, ']', items.count == 0);
        if (next == SCAN_CLOSED)
            return close_items(reader, &items, out, place);
        if (next == SCAN_BAD)
            return reader_refuse_syntax(reader, place);
        const struct place step = { .up = place, .count = items.count };
        char              *item = add_item(reader, &items);
        if (items.is_past_max)
            return refuse_more(reader, field, ']', place);
        if (!item)
            return reader_refuse_memory(reader, &step);
        if (!reader_read_record(reader, field->items, item, &step))
            return false;
    }
}

static bool
is_key_taken(const struct items *items, const char *key, size_t bytes)
{
    const char *item = items->bytes + items->field->key_offset;
    for (size_t i = 0; i < items->count; i++, item += items->field->items->size) {
        const char *taken;
        memcpy(&taken, item, sizeof taken);
        if (taken && !strncmp(taken, key, bytes) && taken[bytes] == '\0')
            return true;
    }
    return false;
}

static bool
is_key(const struct field *field, struct span key)
{
    return key.count >= 1 && key.count <= KEY_BYTES_MAX &&
           text_has_form(field->form, key.bytes, key.count);
}

static bool
read_entry(struct reader *reader, struct items *items, struct span key, const struct place *place)
{
    const struct field *field = items->field;
    const struct place  step  = { .up = place, .name = key.bytes, .count = key.count };

    if (!is_key(field, key))
        return reader_refuse_name(reader, &step, "bad_text",
                          "a key has 1 to 64 of the characters A-Z a-z 0-9 . _ : -");
    if (is_key_taken(items, key.bytes, key.count))
        return reader_refuse_name(reader, &step, "duplicate_member",
                                  "this key already stands before");
    char *item = add_item(reader, items);
    if (items->is_past_max)
        return true;
    const char *name = item ? arena_copy(reader->arena, key.bytes, key.count) : NULL;
    if (!name)
        return reader_refuse_memory(reader, &step);
    memcpy(item + field->key_offset, &name, sizeof name);
    return reader_read_record(reader, field->items, item, &step);
}

bool
reader_read_map(struct reader *reader, const struct field *field, char *out,
                const struct place *place)
{
    struct items items = { .field = field };

    if (!scan_is_at(&reader->scan, '{'))
        return reader_refuse_type(reader, place, "an object");
    if (!reader_open(reader, place))
        return false;
    for (bool is_first = true;; is_first = false) {
        struct span    key;
        const char    *start;
        enum scan_next next = scan_next(&reader->scan, '}', is_first);
        if (next == SCAN_CLOSED)
            return close_items(reader, &items, out, place);
        start = reader->scan.at;
        if (next == SCAN_BAD || !scan_name(&reader->scan, &key))
            return reader_refuse_syntax(reader, place);
        if (!reader_unescape(reader, &key, place) || !read_entry(reader, &items, key, place))
            return false;
        if (items.is_past_max) {
            reader->scan.at = start;
            return refuse_more(reader, field, '}', place);
        }
    }
}
