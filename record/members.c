/* Two structs of one record, member by member. */
#include "record/members.h"

#include <string.h>

#include "record/json.h"

bool
list_is_keyed(const struct field *field)
{
    return field->kind == FIELD_LIST && !field->items->tuple && !field->items->tag &&
           field->items->count > 1 && field->items->fields[0].kind == FIELD_DECIMAL;
}

const char *
side_pointer(struct side side)
{
    const char *pointer;

    if (!side_is_there(side))
        return NULL;
    if (side.field->kind == FIELD_RECORD && !side.field->pointer)
        return side.in + side.field->offset;
    memcpy(&pointer, side.in + side.field->offset, sizeof pointer);
    return pointer;
}

size_t
side_count(struct side side)
{
    size_t count;

    if (!side_is_there(side))
        return 0;
    memcpy(&count, side.in + side.field->count_offset, sizeof count);
    return count;
}

bool
side_is_there(struct side side)
{
    return side.field && side.in && !field_is_none(side.field, side.in);
}

static bool
is_same_item(const struct field *field, const char *a, const char *b)
{
    size_t      offset = field->key_offset;
    const char *name_of_a, *name_of_b;

    if (field->kind == FIELD_LIST)
        return !memcmp(a + field->items->fields[0].offset, b + field->items->fields[0].offset,
                       sizeof(struct decimal));
    memcpy(&name_of_a, a + offset, sizeof name_of_a);
    memcpy(&name_of_b, b + offset, sizeof name_of_b);
    return !strcmp(name_of_a, name_of_b);
}

const char *
side_item(struct side side, const struct field *field, const char *item)
{
    const char *items = side_pointer(side);
    size_t      count = side_count(side);

    for (size_t i = 0; i < count; i++)
        if (is_same_item(field, items + i * field->items->size, item))
            return items + i * field->items->size;
    return NULL;
}

const struct record_case *
case_of(const struct record *record, const char *in)
{
    int index;

    if (!record->tag || !in)
        return NULL;
    memcpy(&index, in + record->tag_offset, sizeof index);
    return &record->cases[index];
}

static const struct record *
described_by(const struct record *record, const char *in)
{
    const struct record_case *chosen = case_of(record, in);

    return !in ? NULL : chosen ? chosen->record : record;
}

static const struct field *
named(const struct record *record, const char *name)
{
    for (size_t i = 0; record && i < record->count; i++)
        if (!strcmp(record->fields[i].name, name))
            return &record->fields[i];
    return NULL;
}

size_t
members_pair(const struct record *record, const char *from, const char *to,
             struct sides out[static 2 * FIELDS_MAX])
{
    const struct record *of_from = described_by(record, from);
    const struct record *of_to = described_by(record, to);
    size_t               count = 0;

    for (size_t i = 0; of_from && i < of_from->count; i++) {
        const struct field *other = named(of_to, of_from->fields[i].name);
        out[count++] = (struct sides){ { &of_from->fields[i], from }, { other, to } };
    }
    for (size_t i = 0; of_to && i < of_to->count; i++)
        if (!named(of_from, of_to->fields[i].name))
            out[count++] = (struct sides){ { NULL, from }, { &of_to->fields[i], to } };
    return count;
}
