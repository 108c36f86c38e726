/* Lists and maps: arrays, and objects whose keys are data. Their items grow by
 * doubling, up to the field's maximum. */
#include "record/json_reader.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "record/text.h"
#include "record/value.h"

enum { ITEMS_FIRST = 8, ROWS_FIRST = 64, SPELLING_FIRST = 2048, SPELLING_MAX = 64 << 20 };

/* The items of a list or a map while it is read. */
struct items {
    const struct field *field;
    char               *bytes;
    size_t              count, room;
    bool                is_past_max;
    struct text         spelling;             /* of all of them so far, where is_spelled */
    bool                is_spelled;
};

/* For one more; false: there is no memory, or (is_past_max) there must not be one more. */
static bool
make_room(struct reader *reader, struct items *items)
{
    size_t size  = items->field->items->size;
    size_t max   = (size_t)items->field->max;
    size_t first = items->field->spelling_offset ? ROWS_FIRST : ITEMS_FIRST;
    size_t bytes;

    items->is_past_max = items->count >= max;
    if (items->is_past_max || items->count < items->room)
        return !items->is_past_max;
    size_t room  = items->room ? items->room * 2 : first;
    size_t wider = room < max ? room : max;
    if (__builtin_mul_overflow(wider, size, &bytes))
        return false;
    char *grown = arena_widen(reader->arena, items->bytes, items->room * size, bytes);
    if (!grown)
        return false;
    items->bytes = grown;
    items->room  = wider;
    return true;
}

/* A new item, zeroed; NULL: as make_room. */
static char *
add_item(struct reader *reader, struct items *items)
{
    size_t size = items->field->items->size;

    return make_room(reader, items) ? memset(items->bytes + items->count++ * size, 0, size) : NULL;
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

static void
open_items(struct reader *reader, const struct field *field, struct items *items)
{
    *items = (struct items){ .field = field, .is_spelled = field->spelling_offset > 0 };
    if (items->is_spelled)
        text_open(&items->spelling, reader->arena, SPELLING_FIRST, SPELLING_MAX);
}

static void
close_spelling(struct items *items, char *out)
{
    text_add(&items->spelling, "]", 1);
    if (items->spelling.is_full || items->count == 0)
        return;
    const struct spelling spelling = { items->spelling.bytes, items->spelling.count };
    memcpy(out + items->field->spelling_offset, &spelling, sizeof spelling);
}

static bool
close_items(struct reader *reader, struct items *items, char *out, const struct place *place)
{
    const struct field *field = items->field;

    reader->depth_left++;
    if (items->is_spelled)
        close_spelling(items, out);
    memcpy(out + field->offset, &items->bytes, sizeof items->bytes);
    memcpy(out + field->count_offset, &items->count, sizeof items->count);
    if ((int64_t)items->count >= field->min)
        return true;
    fault_add_at(reader->faults, place, "too_few", "at least %" PRId64 " items stand here",
                 field->min);
    return reader_may_go_on(reader);
}

/* Of rows without signs, so that `at_least` 0 need not be looked at. */
static bool
are_in_bounds(const struct record *row, const struct rows *rows)
{
    const struct decimal *end = rows->values + rows->count * row->count;

    for (size_t i = 0; i < row->count; i++) {
        const struct field *field = &row->fields[i];
        if (!field->above && !field->at_most && field->at_least &&
            decimal_sign(*field->at_least) <= 0)
            continue;
        for (const struct decimal *value = rows->values + i; value < end; value += row->count)
            if (!value_is_in_bounds(field, *value))
                return false;
    }
    return true;
}

static bool
take_rows(struct reader *reader, struct items *items)
{
    const struct record *row  = items->field->items;
    struct text         *text = &items->spelling;

    if (!make_room(reader, items) || !text_reserve(text, SPELLING_FIRST / 2))
        return false;
    text_add(text, items->count ? "," : "[", 1);
    struct rows rows = {
        .values       = (struct decimal *)(void *)items->bytes + items->count * row->count,
        .max          = items->room - items->count,
        .spelled      = text->bytes + text->count,
        .spelled_room = text->room - text->count,
    };
    scan_rows(&reader->scan, row->count, &rows);
    text->count  += rows.spelled_bytes;
    items->count += rows.count;
    return rows.count > 0 && are_in_bounds(row, &rows);
}

/* Rows of decimals in their commonest spelling, as many as come. False: none, or one that is out of
 * bounds: from there on the list's items are read one by one, and its faults told. */
static bool
read_rows(struct reader *reader, struct items *items)
{
    const struct record *row   = items->field->items;
    const char          *start = reader->scan.at;
    size_t               count = items->count;

    assert(row->tuple);
    assert(row->size == row->count * sizeof(struct decimal));
    if (take_rows(reader, items))
        return true;
    reader->scan.at   = start;
    items->count      = count;
    items->is_spelled = false;
    return false;
}

bool
reader_read_list(struct reader *reader, const struct field *field, char *out,
                 const struct place *place)
{
    struct items items;

    if (!scan_is_at(&reader->scan, '['))
        return reader_refuse_type(reader, place, "an array");
    if (!reader_open(reader, place))
        return false;
    open_items(reader, field, &items);
    for (;;) {
        enum scan_next next = scan_next(&reader->scan, ']', items.count == 0);
        if (next == SCAN_CLOSED)
            return close_items(reader, &items, out, place);
        if (next == SCAN_BAD)
            return reader_refuse_syntax(reader, place);
        if (items.is_spelled && read_rows(reader, &items))
            continue;
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
