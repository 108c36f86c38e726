/* Values by their path: found in a struct, and in what a record describes. */
#include <stdlib.h>
#include <string.h>

#include "record/difference.h"
#include "record/members.h"

enum { STEP_BYTES_MAX = 2 * KEY_BYTES_MAX };

/* Takes the first step off a path, unescaped. False: the path is at its end, or it is no path. */
static bool
take_step(const char **path, char step[static STEP_BYTES_MAX + 1])
{
    const char *at = *path;
    size_t      count = 0;

    if (*at++ != '/')
        return false;
    for (; *at && *at != '/'; at++) {
        if (count == STEP_BYTES_MAX)
            return false;
        if (at[0] == '~' && (at[1] == '0' || at[1] == '1'))
            step[count++] = *++at == '0' ? '~' : '/';
        else
            step[count++] = *at;
    }
    step[count] = '\0';
    *path = at;
    return true;
}

/* The item that holds there: the last whose first member is not above; NULL: none. */
static const char *
item_by_key(struct side side, const char *step)
{
    const char    *items = side_pointer(side);
    const char    *found = NULL;
    size_t         size = side.field->items->size;
    struct decimal wanted, key;

    if (decimal_parse(step, strlen(step), &wanted) != DECIMAL_GOOD)
        return NULL;
    for (size_t i = 0; i < side_count(side); i++) {
        memcpy(&key, items + i * size + side.field->items->fields[0].offset, sizeof key);
        if (decimal_compare(key, wanted) <= 0)
            found = items + i * size;
    }
    return found;
}

static const char *
item_by_name(struct side side, const char *step)
{
    const char *items = side_pointer(side);
    size_t      size = side.field->items->size;
    const char *name;

    for (size_t i = 0; i < side_count(side); i++) {
        memcpy(&name, items + i * size + side.field->key_offset, sizeof name);
        if (!strcmp(name, step))
            return items + i * size;
    }
    return NULL;
}

static const struct field *
field_named(const struct record *record, const char *name)
{
    for (size_t i = 0; i < record->count; i++)
        if (!strcmp(record->fields[i].name, name))
            return &record->fields[i];
    return NULL;
}

bool
found_at(const struct record *record, const void *in, const char *path, struct found *out)
{
    char        step[STEP_BYTES_MAX + 1];
    struct side side = { NULL, in };

    while (take_step(&path, step)) {
        const struct record_case *chosen = case_of(record, side.in);
        if (!(side.field = field_named(chosen ? chosen->record : record, step)))
            return false;
        if (side.field->kind == FIELD_MAP || list_is_keyed(side.field)) {
            if (!take_step(&path, step))
                return false;
            side.in = side.field->kind == FIELD_MAP ? item_by_name(side, step)
                                                    : item_by_key(side, step);
        } else if (side.field->kind == FIELD_RECORD && !side.field->items->tuple) {
            side.in = side_pointer(side);
        } else {
            *out = (struct found){ side.field, side.in };
            return !*path && side_is_there(side);
        }
        if (!side.in)
            return false;
        record = side.field->items;
        if (record->bare) {
            *out = (struct found){ &record->fields[0], side.in };
            return !*path;
        }
    }
    return false;
}

bool
found_number(const struct found *found, struct decimal *out)
{
    const char *member = (const char *)found->in + found->field->offset;
    int64_t     integer;

    if (found->field->kind == FIELD_DECIMAL) {
        memcpy(out, member, sizeof *out);
        return !decimal_is_none(*out);
    }
    if (found->field->kind != FIELD_INTEGER)
        return false;
    memcpy(&integer, member, sizeof integer);
    *out = (struct decimal)DECIMAL_OF(integer);
    return integer != INTEGER_NONE;
}

bool
path_matches(const char *pattern, const char *path)
{
    while (*pattern == '/' && *path == '/') {
        size_t of_pattern = strcspn(pattern + 1, "/") + 1;
        size_t of_path = strcspn(path + 1, "/") + 1;
        bool   is_any = of_pattern == 2 && pattern[1] == '*';
        if (!is_any && (of_pattern != of_path || memcmp(pattern, path, of_path) != 0))
            return false;
        pattern += of_pattern;
        path += of_path;
    }
    return !*pattern && !*path;
}

static bool
has_path(const struct record *record, const char *pattern)
{
    char step[STEP_BYTES_MAX + 1];

    for (size_t i = 0; i < record->cases_count; i++)
        if (has_path(record->cases[i].record, pattern))
            return true;
    if (record->bare)
        return !*pattern;
    if (!take_step(&pattern, step))
        return false;
    if (record->tag && !strcmp(record->tag, step) && !*pattern)
        return true;
    for (size_t i = 0; i < record->count; i++) {
        const struct field *field = &record->fields[i];
        const char         *rest = pattern;
        bool is_items = field->kind == FIELD_MAP || list_is_keyed(field);
        if (strcmp(step, "*") != 0 && strcmp(step, field->name) != 0)
            continue;
        if (is_items || (field->kind == FIELD_RECORD && !field->items->tuple)) {
            char key[STEP_BYTES_MAX + 1];
            if ((!is_items || take_step(&rest, key)) && has_path(field->items, rest))
                return true;
        } else if (!*rest) {
            return true;
        }
    }
    return false;
}

bool
record_has_path(const struct record *record, const char *pattern)
{
    return has_path(record, pattern);
}
