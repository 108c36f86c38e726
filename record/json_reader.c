/* The reader's ways to refuse, and its small steps. */
#include "record/json_reader.h"

bool
reader_refuse_syntax(struct reader *reader, const struct place *place)
{
    const struct scan *scan = &reader->scan;
    fault_add_at(reader->faults, place, "not_json", "at byte %zu%s: expected %s",
                 (size_t)(scan->at - scan->start), scan->at == scan->end ? ", the end" : "",
                 scan->wanted);
    return false;
}

bool
reader_refuse_memory(struct reader *reader, const struct place *place)
{
    fault_add_at(reader->faults, place, "out_of_memory",
                 "the request needs more memory than it may have; send less");
    return false;
}

static const char *
kind_of_value(char byte)
{
    switch (byte) {
    case '{':
        return "an object";
    case '[':
        return "an array";
    case '"':
        return "a string";
    case 't':
    case 'f':
        return "true or false";
    case 'n':
        return "null";
    default:
        return "a number";
    }
}

/* The value is skipped first: what is not JSON is not called a value of a wrong type. */
bool
reader_refuse_type(struct reader *reader, const struct place *place, const char *wanted)
{
    const char *start = reader->scan.at;
    if (!scan_value(&reader->scan, reader->depth_left))
        return reader_refuse_syntax(reader, place);
    fault_add_at(reader->faults, place, "wrong_type", "expected %s, found %s", wanted,
                 kind_of_value(*start));
    return reader_may_go_on(reader);
}

bool
reader_refuse_name(struct reader *reader, const struct place *place, const char *code,
                   const char *detail)
{
    fault_add_at(reader->faults, place, code, "%s", detail);
    if (!reader_may_go_on(reader))
        return false;
    return scan_value(&reader->scan, reader->depth_left) || reader_refuse_syntax(reader, place);
}

bool
reader_open(struct reader *reader, const struct place *place)
{
    if (reader->depth_left == 0) {
        reader->scan.wanted = "no deeper nesting";
        return reader_refuse_syntax(reader, place);
    }
    reader->depth_left--;
    reader->scan.at++;
    return true;
}

bool
reader_unescape(struct reader *reader, struct span *span, const struct place *place)
{
    if (!span->is_escaped)
        return true;
    char *characters = arena_alloc(reader->arena, span->count, 1);
    if (!characters)
        return reader_refuse_memory(reader, place);
    span->count = span_unescape(*span, characters);
    span->bytes = characters;
    return true;
}
