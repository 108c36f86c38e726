/* Query strings, read through record tables: what JSON bodies are
 * checked for is checked here, too. */
#include "server/query.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "record/json.h"
#include "record/value.h"
#include "server/percent.h"

enum { QUERY_FIELDS_MAX = 64, NAME_BYTES_MAX = 64 };

struct reading {
    const struct record *record;          /* NULL: no parameter is allowed */
    struct arena        *arena;
    void                *out;
    struct faults       *faults;
    uint64_t             seen;            /* a bit a field */
};

/* A name that no parameter could have is not repeated to the caller. */
static void
refuse(struct reading *reading, const char *name, const char *code, const char *detail)
{
    size_t count = strlen(name);
    bool   is_ok = count <= NAME_BYTES_MAX && text_has_form(TEXT_NAME, name, count);
    char   pointer[NAME_BYTES_MAX + 2];

    snprintf(pointer, sizeof pointer, "?%s", is_ok ? name : "");
    fault_add(reading->faults, pointer, code, "%s", detail);
}

/* Faults of the value readers point at "/limit": a member of a document. */
static void
point_at_parameters(struct faults *faults, size_t from)
{
    for (size_t i = from; i < faults->count; i++)
        if (faults->items[i].pointer[0] == '/')
            faults->items[i].pointer[0] = '?';
}

static void
read_parameter(struct reading *reading, const char *name, const char *value)
{
    const struct record *record = reading->record;
    size_t               i      = 0;

    while (record && i < record->count && strcmp(record->fields[i].name, name))
        i++;
    if (!record || i == record->count) {
        refuse(reading, name, "unknown_parameter", "this operation has no such parameter");
        return;
    }
    if (reading->seen >> i & 1) {
        refuse(reading, name, "duplicate_parameter", "this parameter may be given once");
        return;
    }
    reading->seen |= UINT64_C(1) << i;
    if (record->fields[i].kind == FIELD_INTEGER && !strcmp(value, "-0")) {
        refuse(reading, name, "wrong_type", "zero has no sign");
        return;
    }
    field_read_text(&record->fields[i], value, reading->arena, reading->out, reading->faults);
}

/* `pair` is "name=value", or a name alone, whose value is empty. */
static void
read_pair(struct reading *reading, char *pair)
{
    char *value = pair + strcspn(pair, "=");

    if (*value)
        *value++ = '\0';
    if (percent_decode(pair) && percent_decode(value))
        read_parameter(reading, pair, value);
    else
        refuse(reading, "", "bad_encoding",
               "\"%\" is followed by two hexadecimal digits, and not by 00");
}

static void
leave_out(struct reading *reading, const struct field *field)
{
    const struct place place = { .name = field->name, .count = strlen(field->name) };

    if (!field->optional)
        refuse(reading, field->name, "missing_parameter", "this parameter is required");
    else
        value_leave_out(field, reading->arena, reading->out, &place, reading->faults);
}

bool
query_read(const struct record *record, char *query, struct arena *arena, void *out,
           struct faults *faults)
{
    struct reading reading = { .record = record, .arena = arena, .out = out, .faults = faults };
    size_t         before  = faults->count;

    assert(!record || record->count <= QUERY_FIELDS_MAX);
    if (record)
        memset(out, 0, record->size);
    for (char *pair = query; pair && *pair;) {
        char *end  = pair + strcspn(pair, "&");
        char *next = *end ? end + 1 : end;
        *end = '\0';
        if (*pair)
            read_pair(&reading, pair);
        pair = next;
    }
    for (size_t i = 0; record && i < record->count; i++)
        if (!(reading.seen >> i & 1))
            leave_out(&reading, &record->fields[i]);
    point_at_parameters(faults, before);
    return faults->count == before;
}
