/* JSON to structs. The bytes are scanned once; what a member is comes from its record, so that
 * nothing is kept that is not wanted. Only a variant looks ahead, to its tag. */
#include "record/json.h"

#include <assert.h>
#include <string.h>

#include "record/json_reader.h"
#include "record/value.h"

static bool
read_value(struct reader *reader, const struct field *field, struct span span, char *out,
           const struct place *place)
{
    return value_read(field, span.bytes, span.count, reader->arena, out, place, reader->faults) ||
           reader_may_go_on(reader);
}

static bool
read_string(struct reader *reader, const struct field *field, char *out, const struct place *place)
{
    struct span span;

    if (!scan_is_at(&reader->scan, '"'))
        return reader_refuse_type(reader, place, "a string");
    if (!scan_string(&reader->scan, &span))
        return reader_refuse_syntax(reader, place);
    return reader_unescape(reader, &span, place) && read_value(reader, field, span, out, place);
}

static bool
starts_number(const struct reader *reader)
{
    const struct scan *scan = &reader->scan;
    return scan->at < scan->end && (*scan->at == '-' || (*scan->at >= '0' && *scan->at <= '9'));
}

static bool
read_integer(struct reader *reader, const struct field *field, char *out, const struct place *place)
{
    struct span span;
    bool        is_integer;

    if (!starts_number(reader))
        return reader_refuse_type(reader, place, "an integer");
    if (!scan_number(&reader->scan, &span, &is_integer))
        return reader_refuse_syntax(reader, place);
    return read_value(reader, field, span, out, place);
}

static bool
refuse_number(struct reader *reader, const struct place *place, const char *detail)
{
    fault_add_at(reader->faults, place, "not_a_decimal", "%s", detail);
    return reader_may_go_on(reader);
}

static bool
read_decimal(struct reader *reader, const struct field *field, char *out, const struct place *place)
{
    struct span span;
    bool        is_integer;
    int64_t     integer;

    if (scan_is_at(&reader->scan, '"'))
        return read_string(reader, field, out, place);
    if (!starts_number(reader))
        return reader_refuse_type(reader, place, "a decimal, a string like \"0.025\"");
    if (!scan_number(&reader->scan, &span, &is_integer))
        return reader_refuse_syntax(reader, place);
    if (!is_integer)
        return refuse_number(reader, place,
                             "a decimal is written as a string like \"0.025\"; "
                             "only an integer may stand without quotes");
    if (!integer_parse(span.bytes, span.count, &integer) || integer < -INTEGER_MAX ||
        integer > INTEGER_MAX)
        return refuse_number(reader, place,
                             "beyond 9007199254740991 a decimal is written as a string");
    return read_value(reader, field, span, out, place);
}

static bool
read_flag(struct reader *reader, const struct field *field, char *out, const struct place *place)
{
    struct span span = { .bytes = reader->scan.at };

    if (!scan_is_at(&reader->scan, 't') && !scan_is_at(&reader->scan, 'f'))
        return reader_refuse_type(reader, place, "true or false");
    if (!scan_literal(&reader->scan, *span.bytes == 't' ? "true" : "false"))
        return reader_refuse_syntax(reader, place);
    span.count = (size_t)(reader->scan.at - span.bytes);
    return read_value(reader, field, span, out, place);
}

static bool
read_member_record(struct reader *reader, const struct field *field, char *out,
                   const struct place *place)
{
    if (!field->pointer)
        return reader_read_record(reader, field->items, out + field->offset, place);
    char *pointed = arena_alloc(reader->arena, 1, field->items->size);
    if (!pointed)
        return reader_refuse_memory(reader, place);
    memcpy(out + field->offset, &pointed, sizeof pointed);
    return reader_read_record(reader, field->items, pointed, place);
}

/* Only its syntax is looked at: what its members are is for who asked for it to judge. */
static bool
read_object(struct reader *reader, const struct field *field, char *out, const struct place *place)
{
    const char *from = reader->scan.at;

    if (!scan_is_at(&reader->scan, '{'))
        return reader_refuse_type(reader, place, "an object");
    if (!scan_value(&reader->scan, reader->depth_left))
        return reader_refuse_syntax(reader, place);
    const char *copy = arena_copy(reader->arena, from, (size_t)(reader->scan.at - from));
    if (!copy)
        return reader_refuse_memory(reader, place);
    memcpy(out + field->offset, &copy, sizeof copy);
    return true;
}

/* null is the same as nothing, where nothing may be. */
static bool
read_null(struct reader *reader, const struct field *field, char *out, const struct place *place)
{
    if (!field->optional && !field->nullable)
        return reader_refuse_type(reader, place, "a value");
    if (!scan_literal(&reader->scan, "null"))
        return reader_refuse_syntax(reader, place);
    return reader_leave_out(reader, field, out, place);
}

static bool
read_other(struct reader *reader, const struct field *field, char *out, const struct place *place)
{
    if (scan_is_at(&reader->scan, 'n'))
        return read_null(reader, field, out, place);
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_INSTANT:
    case FIELD_CHOICE:
        return read_string(reader, field, out, place);
    case FIELD_INTEGER:
        return read_integer(reader, field, out, place);
    case FIELD_DECIMAL:
        return read_decimal(reader, field, out, place);
    case FIELD_FLAG:
        return read_flag(reader, field, out, place);
    case FIELD_RECORD:
        return read_member_record(reader, field, out, place);
    case FIELD_LIST:
        return reader_read_list(reader, field, out, place);
    case FIELD_MAP:
        return reader_read_map(reader, field, out, place);
    case FIELD_OBJECT:
        return read_object(reader, field, out, place);
    }
    assert(false && "a kind of field without a reader");
    return false;
}

/* Most of a large text is decimals in their commonest spelling: these first. */
bool
reader_read_field(struct reader *reader, const struct field *field, char *out,
                  const struct place *place)
{
    struct decimal value;

    if (field->kind == FIELD_DECIMAL && scan_decimal(&reader->scan, &value))
        return value_put_decimal(field, value, out, place, reader->faults) ||
               reader_may_go_on(reader);
    return read_other(reader, field, out, place);
}

static bool
refuse_length(struct reader *reader, const struct record *record, const char *code,
              const struct place *place)
{
    fault_add_at(reader->faults, place, code, "this array has exactly %zu items", record->count);
    return reader_may_go_on(reader);
}

/* Skips what is too much of it. */
static bool
close_tuple(struct reader *reader, const struct record *record, const struct place *place)
{
    if (!refuse_length(reader, record, "too_many", place))
        return false;
    enum scan_next next;
    do {
        if (!scan_value(&reader->scan, reader->depth_left))
            return reader_refuse_syntax(reader, place);
        next = scan_next(&reader->scan, ']', false);
    } while (next == SCAN_ITEM);
    reader->depth_left++;
    return next == SCAN_CLOSED || reader_refuse_syntax(reader, place);
}

static bool
read_tuple(struct reader *reader, const struct record *record, char *out,
           const struct place *place)
{
    if (!scan_is_at(&reader->scan, '['))
        return reader_refuse_type(reader, place, "an array");
    if (!reader_open(reader, place))
        return false;
    for (size_t i = 0;; i++) {
        const struct place step = { .up = place, .count = i };
        enum scan_next     next = scan_next(&reader->scan, ']', i == 0);
        if (next == SCAN_BAD)
            return reader_refuse_syntax(reader, place);
        if (next == SCAN_CLOSED) {
            reader->depth_left++;
            return i == record->count || refuse_length(reader, record, "too_few", place);
        }
        if (i == record->count)
            return close_tuple(reader, record, place);
        if (!reader_read_field(reader, &record->fields[i], out, &step))
            return false;
    }
}

bool
reader_read_record(struct reader *reader, const struct record *record, char *out,
                   const struct place *place)
{
    if (record->bare)
        return reader_read_field(reader, &record->fields[0], out, place);
    if (record->tuple)
        return read_tuple(reader, record, out, place);
    return reader_read_object(reader, record, out, place);
}

bool
json_read(const struct record *record, const char *bytes, size_t count, struct arena *arena,
          void *out, struct faults *faults)
{
    struct reader reader = {
        .scan       = { .start = bytes, .at = bytes, .end = bytes + count },
        .arena      = arena,
        .faults     = faults,
        .depth_left = JSON_DEPTH_MAX,
    };

    assert(faults->count == 0);
    memset(out, 0, record->size);
    scan_space(&reader.scan);
    if (reader_read_record(&reader, record, out, NULL) && !scan_end(&reader.scan))
        reader_refuse_syntax(&reader, NULL);
    return faults->count == 0;
}
