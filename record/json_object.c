/* Objects: their members by name, each once; and variants, which are
 * looked ahead into for their tag. */
#include "record/json_reader.h"

#include <assert.h>
#include <string.h>

#include "record/value.h"

/* Members of an object while it is read. */
struct members {
    const struct record *record;          /* a variant's: the case's */
    const char          *tag;             /* NULL: no variant */
    char                *out;
    uint64_t             seen;            /* a bit a field */
    /* the field that follows the one before: mostly it is the one that comes */
    size_t               next;
    bool                 is_tag_seen;
};

#define TAG_MISSING "this member is required: it chooses what else may stand here"

_Static_assert(FIELDS_MAX <= 64, "struct members has a bit for each field");

static bool
refuse_tag(struct reader *reader, const struct record *record, const struct place *place,
           const char *detail)
{
    fault_add_at(reader->faults, place,
                 strcmp(record->tag, "rule") ? "unknown_choice" : "unknown_rule", "%s", detail);
    return reader_may_go_on(reader);
}

static struct place
place_of(const struct place *up, const char *name)
{
    return (struct place){ .up = up, .name = name, .count = strlen(name) };
}

/* A record of which nothing is given. */
static bool
leave_out_all(struct reader *reader, const struct record *record, uint64_t seen, char *out,
              const struct place *place)
{
    for (size_t i = 0; i < record->count; i++) {
        const struct field *field = &record->fields[i];
        if (seen >> i & 1)
            continue;
        const struct place step = place_of(place, field->name);
        if (field->optional) {
            if (!reader_leave_out(reader, field, out, &step))
                return false;
            continue;
        }
        fault_add_at(reader->faults, &step, "missing_member", "%s",
                     "this member is required and does not stand here");
        if (!reader_may_go_on(reader))
            return false;
    }
    return true;
}

bool
reader_leave_out(struct reader *reader, const struct field *field, char *out,
                 const struct place *place)
{
    if (field->kind != FIELD_RECORD || field->pointer)
        return value_leave_out(field, reader->arena, out, place, reader->faults) ||
               reader_may_go_on(reader);
    if (!field->items->tag)
        return leave_out_all(reader, field->items, 0, out + field->offset, place);
    const struct place step = place_of(place, field->items->tag);
    return refuse_tag(reader, field->items, &step, TAG_MISSING);
}

static bool
is_named(const char *name, struct span span)
{
    for (size_t i = 0; i < span.count; i++)
        if (name[i] == '\0' || name[i] != span.bytes[i])
            return false;
    return name[span.count] == '\0';
}

/* The field's index, or record->count. */
static size_t
find_field(const struct members *members, struct span name)
{
    const struct record *record = members->record;
    if (members->next < record->count && is_named(record->fields[members->next].name, name))
        return members->next;
    size_t i = 0;
    while (i < record->count && !is_named(record->fields[i].name, name))
        i++;
    return i;
}

static bool
refuse_member(struct reader *reader, struct span name, const struct place *step)
{
    if (memchr(name.bytes, '\0', name.count))
        return reader_refuse_name(reader, step, "bad_text", "a name has no NUL character");
    return reader_refuse_name(reader, step, "unknown_member",
                              "no member of this name may stand here; look for a misspelling");
}

/* The tag was read ahead, so that here its value is only skipped. */
static bool
skip_tag(struct reader *reader, struct members *members, const struct place *step)
{
    if (members->is_tag_seen)
        return reader_refuse_name(reader, step, "duplicate_member",
                                  "this member already stands before");
    members->is_tag_seen = true;
    return scan_value(&reader->scan, reader->depth_left) || reader_refuse_syntax(reader, step);
}

static bool
read_member(struct reader *reader, struct members *members, struct span name,
            const struct place *place)
{
    const struct place step = { .up = place, .name = name.bytes, .count = name.count };
    size_t             i    = find_field(members, name);

    if (i == members->record->count) {
        if (members->tag && is_named(members->tag, name))
            return skip_tag(reader, members, &step);
        return refuse_member(reader, name, &step);
    }
    if (members->seen >> i & 1)
        return reader_refuse_name(reader, &step, "duplicate_member",
                                  "this member already stands before");
    members->seen |= UINT64_C(1) << i;
    members->next  = i + 1;
    return reader_read_field(reader, &members->record->fields[i], members->out, &step);
}

static bool
read_object(struct reader *reader, struct members *members, const struct place *place)
{
    assert(members->record->count <= FIELDS_MAX);
    if (!reader_open(reader, place))
        return false;
    for (bool is_first = true;; is_first = false) {
        struct span    name;
        enum scan_next next = scan_next(&reader->scan, '}', is_first);
        if (next == SCAN_CLOSED)
            break;
        if (next == SCAN_BAD || !scan_name(&reader->scan, &name))
            return reader_refuse_syntax(reader, place);
        if (!reader_unescape(reader, &name, place) || !read_member(reader, members, name, place))
            return false;
    }
    reader->depth_left++;
    return leave_out_all(reader, members->record, members->seen, members->out, place);
}

/* A tag or a case's name may be spelled with escapes, too; a longer
 * spelling than this is neither. */
enum { SPELLING_MAX = 6 * KEY_BYTES_MAX };

static bool
is_spelled(const char *name, struct span span)
{
    char characters[SPELLING_MAX];

    if (!span.is_escaped)
        return is_named(name, span);
    if (span.count > sizeof characters)
        return false;
    span.count = span_unescape(span, characters);
    span.bytes = characters;
    return is_named(name, span);
}

/* From the opening bracket to the tag's value (SCAN_ITEM), or past the object that has none. */
static enum scan_next
find_tag(struct scan *scan, const char *tag, unsigned depth_left)
{
    scan->at++;
    for (bool is_first = true;; is_first = false) {
        struct span    name;
        enum scan_next next = scan_next(scan, '}', is_first);
        if (next != SCAN_ITEM)
            return next;
        if (!scan_name(scan, &name))
            return SCAN_BAD;
        if (is_spelled(tag, name))
            return SCAN_ITEM;
        if (!scan_value(scan, depth_left))
            return SCAN_BAD;
    }
}

static bool
refuse_case(struct reader *reader, const struct record *record, const struct place *place)
{
    const char *names[FIELDS_MAX + 1] = { NULL };
    char        detail[FAULT_DETAIL_MAX];

    for (size_t i = 0; i < record->cases_count && i < FIELDS_MAX; i++)
        names[i] = record->cases[i].name;
    choices_format(names, detail);
    return refuse_tag(reader, record, place, detail);
}

/* The case that the tag's value names; NULL, with a fault: none. */
static const struct record_case *
read_tag(struct reader *reader, const struct record *record, const struct place *place)
{
    struct span span;

    if (!scan_is_at(&reader->scan, '"')) {
        reader_refuse_type(reader, place, "a string");
        return NULL;
    }
    if (!scan_string(&reader->scan, &span)) {
        reader_refuse_syntax(reader, place);
        return NULL;
    }
    for (size_t i = 0; i < record->cases_count; i++)
        if (is_spelled(record->cases[i].name, span))
            return &record->cases[i];
    refuse_case(reader, record, place);
    return NULL;
}

static bool
read_variant(struct reader *reader, const struct record *record, char *out,
             const struct place *place)
{
    const char        *start = reader->scan.at;
    const struct place step  = place_of(place, record->tag);

    if (reader->depth_left == 0)
        return reader_open(reader, place);
    switch (find_tag(&reader->scan, record->tag, reader->depth_left - 1)) {
    case SCAN_BAD:
        return reader_refuse_syntax(reader, place);
    case SCAN_CLOSED:
        return refuse_tag(reader, record, &step, TAG_MISSING);
    case SCAN_ITEM:
        break;
    }
    const struct record_case *chosen = read_tag(reader, record, &step);
    reader->scan.at = start;
    if (!chosen)
        return reader_may_go_on(reader) &&
               (scan_value(&reader->scan, reader->depth_left) ||
                reader_refuse_syntax(reader, place));
    memcpy(out + record->tag_offset, &(int){ (int)(chosen - record->cases) }, sizeof(int));
    struct members members = { .record = chosen->record, .tag = record->tag, .out = out };
    return read_object(reader, &members, place);
}

bool
reader_read_object(struct reader *reader, const struct record *record, char *out,
                   const struct place *place)
{
    struct members members = { .record = record, .out = out };

    if (!scan_is_at(&reader->scan, '{'))
        return reader_refuse_type(reader, place, "an object");
    if (record->tag)
        return read_variant(reader, record, out, place);
    return read_object(reader, &members, place);
}
