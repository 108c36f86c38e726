/* One value at a time, between a column's text and a member. */
#include "db/row.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "record/instant.h"

_Static_assert((int)ROW_TEXT_MAX >= (int)DECIMAL_TEXT_MAX, "a decimal's text fits");

static bool
read_integer(const char *text, int64_t *out)
{
    char *end;
    *out = strtoll(text, &end, 10);
    return *text && !*end;
}

static bool
read_flag(const char *text, bool *out)
{
    *out = *text == 't';
    return !strcmp(text, "t") || !strcmp(text, "f");
}

static bool
read_choice(const char *const *choices, const char *text, int *out)
{
    for (*out = 0; choices[*out]; ++*out)
        if (!strcmp(choices[*out], text))
            return true;
    return false;
}

static bool
read_value(const struct field *field, const char *text, void *member)
{
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_OBJECT:
        memcpy(member, &text, sizeof text);
        return true;
    case FIELD_INTEGER:
    case FIELD_INSTANT:
        return read_integer(text, member);
    case FIELD_DECIMAL:
        return decimal_parse(text, strlen(text), member) == DECIMAL_GOOD;
    case FIELD_FLAG:
        return read_flag(text, member);
    case FIELD_CHOICE:
        return read_choice(field->choices, text, member);
    case FIELD_RECORD:
    case FIELD_LIST:
    case FIELD_MAP:
        break;
    }
    assert(false && "a list or a record is rows of its own");
    return false;
}

/* Only kinds that have a value for "none" take a null. */
static bool
read_null(const struct field *field, void *member)
{
    const char *none = NULL;

    if (!field->nullable && !field->optional)
        return false;
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_OBJECT:
        memcpy(member, &none, sizeof none);
        return true;
    case FIELD_DECIMAL:
        *(struct decimal *)member = DECIMAL_NONE;
        return true;
    case FIELD_INTEGER:
        *(int64_t *)member = INTEGER_NONE;
        return true;
    case FIELD_INSTANT:
        *(int64_t *)member = INSTANT_NONE;
        return true;
    case FIELD_FLAG:
    case FIELD_CHOICE:
    case FIELD_RECORD:
    case FIELD_LIST:
    case FIELD_MAP:
        break;
    }
    return false;
}

bool
row_read(const struct record *record, const PGresult *rows, int row, void *out)
{
    for (size_t i = 0; i < record->count; i++) {
        const struct field *field = &record->fields[i];
        void               *member = (char *)out + field->offset;
        int                 column = PQfnumber(rows, field->name);
        if (column < 0)
            return false;
        if (PQgetisnull(rows, row, column)
            ? !read_null(field, member) : !read_value(field, PQgetvalue(rows, row, column), member))
            return false;
    }
    return true;
}

void
rows_free(PGresult *rows)
{
    PQclear(rows);
}

static struct arg
write_value(const struct field *field, const void *member, char room[static ROW_TEXT_MAX])
{
    int64_t integer;

    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_OBJECT:
        return ARG_TEXT(*(const char *const *)member);
    case FIELD_INTEGER:
    case FIELD_INSTANT:
        integer = *(const int64_t *)member;
        snprintf(room, ROW_TEXT_MAX, "%" PRId64, integer);
        return ARG_TEXT(integer == INTEGER_NONE ? NULL : room);   /* and so is INSTANT_NONE */
    case FIELD_DECIMAL:
        if (decimal_is_none(*(const struct decimal *)member))
            return ARG_TEXT(NULL);
        decimal_format(*(const struct decimal *)member, room);
        return ARG_TEXT(room);
    case FIELD_FLAG:
        return ARG_TEXT(*(const bool *)member ? "t" : "f");
    case FIELD_CHOICE:
        return ARG_TEXT(field->choices[*(const int *)member]);
    case FIELD_RECORD:
    case FIELD_LIST:
    case FIELD_MAP:
        break;
    }
    assert(false && "a list or a record is rows of its own");
    return ARG_TEXT(NULL);
}

void
row_write(const struct record *record, const void *in, struct row *out)
{
    assert(record->count <= ARGS_MAX);
    for (size_t i = 0; i < record->count; i++)
        out->args[i] = write_value(&record->fields[i], (const char *)in + record->fields[i].offset,
                                   out->room[i]);
}
