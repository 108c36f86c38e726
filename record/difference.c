/* The changes from one struct to another, and how they are written. */
#include "record/difference.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "record/json.h"
#include "record/members.h"

enum { PATH_BYTES_MAX = 1024, VALUE_BYTES_MAX = 1 << 20, CHANGES_ROOM = 64 };

struct walk {
    struct arena   *arena;
    struct changes *out;
    size_t          room;
    bool            is_full;
    char            path[PATH_BYTES_MAX];
    size_t          path_count;
};

/* RFC 6901: ~ is ~0 and / is ~1. Returns where the path ended before. */
static size_t
push(struct walk *walk, const char *name)
{
    size_t before = walk->path_count;

    walk->path[walk->path_count++] = '/';
    for (; *name; name++) {
        assert(walk->path_count + 3 < PATH_BYTES_MAX);
        if (*name == '~' || *name == '/')
            walk->path[walk->path_count++] = '~';
        walk->path[walk->path_count++] = (char)(*name == '~' ? '0' : *name == '/' ? '1' : *name);
    }
    walk->path[walk->path_count] = '\0';
    return before;
}

static void
pop(struct walk *walk, size_t before)
{
    walk->path_count   = before;
    walk->path[before] = '\0';
}

/* The value's JSON, NUL-ended; NULL: there is none, or no memory. */
static const char *
spell(struct walk *walk, struct side side)
{
    struct text text;

    if (!side_is_there(side))
        return NULL;
    text_open(&text, walk->arena, 64, VALUE_BYTES_MAX);
    json_write_field(side.field, side.in, JSON_CANONICAL, &text);
    text_add(&text, "", 1);
    walk->is_full |= text.is_full;
    return text.bytes;
}

static void
add(struct walk *walk, const char *from, const char *to)
{
    struct changes *out = walk->out;
    size_t          size = sizeof *out->items;
    const char     *path = arena_copy(walk->arena, walk->path, walk->path_count);

    if (out->count == walk->room) {
        size_t room  = walk->room ? 2 * walk->room : CHANGES_ROOM;
        void  *items = arena_resize(walk->arena, out->items, walk->room * size, room * size);
        walk->is_full |= !items;
        if (!items)
            return;
        out->items = items;
        walk->room = room;
    }
    walk->is_full |= !path;
    out->items[out->count++] = (struct change){ path, from, to };
}

/* A value that is neither a list nor an object, or one that is replaced whole. */
static void
compare_values(struct walk *walk, struct sides sides)
{
    const char *from = spell(walk, sides.from);
    const char *to = spell(walk, sides.to);

    if (walk->is_full || (!from && !to) || (from && to && !strcmp(from, to)))
        return;
    add(walk, from, to);
}

static void compare_records(struct walk *walk, const struct record *record, const char *from,
                            const char *to);

static void
push_item(struct walk *walk, const struct field *field, const char *item, size_t *before)
{
    const char    *name;
    struct decimal key;
    char           text[DECIMAL_TEXT_MAX];

    if (field->kind == FIELD_MAP) {
        memcpy(&name, item + field->key_offset, sizeof name);
    } else {
        memcpy(&key, item + field->items->fields[0].offset, sizeof key);
        decimal_format(key, text);
        name = text;
    }
    *before = push(walk, name);
}

/* Items of a map, or of a list that is addressed by its items' first member. */
static void
compare_items(struct walk *walk, const struct field *field, struct sides sides)
{
    const char *from = side_pointer(sides.from);
    const char *to = side_pointer(sides.to);
    size_t      size = field->items->size;
    size_t      before;

    for (size_t i = 0; i < side_count(sides.from); i++) {
        push_item(walk, field, from + i * size, &before);
        compare_records(walk, field->items, from + i * size,
                        side_item(sides.to, field, from + i * size));
        pop(walk, before);
    }
    for (size_t i = 0; i < side_count(sides.to); i++) {
        if (side_item(sides.from, field, to + i * size))
            continue;
        push_item(walk, field, to + i * size, &before);
        compare_records(walk, field->items, NULL, to + i * size);
        pop(walk, before);
    }
}

static void
compare_members(struct walk *walk, struct sides sides)
{
    const struct field *field = sides.from.field ? sides.from.field : sides.to.field;

    if (field->kind == FIELD_MAP || list_is_keyed(field))
        compare_items(walk, field, sides);
    else if (field->kind == FIELD_RECORD && !field->items->tuple)
        compare_records(walk, field->items, side_pointer(sides.from), side_pointer(sides.to));
    else
        compare_values(walk, sides);
}

static void
compare_tags(struct walk *walk, const struct record *record, const char *from, const char *to)
{
    const struct record_case *of_from = case_of(record, from);
    const struct record_case *of_to = case_of(record, to);
    struct text               text;

    if (of_from == of_to)
        return;
    text_open(&text, walk->arena, 2 * KEY_BYTES_MAX, 4 * KEY_BYTES_MAX);
    json_write_string(&text, of_from ? of_from->name : "");
    text_add(&text, "", 1);
    size_t second = text.count;
    json_write_string(&text, of_to ? of_to->name : "");
    text_add(&text, "", 1);
    walk->is_full |= text.is_full;
    size_t before = push(walk, record->tag);
    if (!walk->is_full)
        add(walk, of_from ? text.bytes : NULL, of_to ? text.bytes + second : NULL);
    pop(walk, before);
}

static void
compare_records(struct walk *walk, const struct record *record, const char *from, const char *to)
{
    struct sides sides[2 * FIELDS_MAX];
    size_t       count = members_pair(record, from, to, sides);

    if (record->tag)
        compare_tags(walk, record, from, to);
    for (size_t i = 0; i < count && !walk->is_full; i++) {
        const struct field *field = sides[i].from.field ? sides[i].from.field : sides[i].to.field;
        size_t before = walk->path_count;
        if (!record->bare)
            before = push(walk, field->name);
        compare_members(walk, sides[i]);
        pop(walk, before);
    }
}

static int
by_path(const void *a, const void *b)
{
    return json_compare_names(((const struct change *)a)->path, ((const struct change *)b)->path);
}

void
changes_write(const struct changes *changes, struct text *out)
{
    text_add_string(out, "{");
    for (size_t i = 0; i < changes->count; i++) {
        const struct change *change = &changes->items[i];
        if (i > 0)
            text_add_string(out, ",");
        json_write_string(out, change->path);
        text_add_string(out, ":{\"from\":");
        text_add_string(out, change->from ? change->from : "null");
        text_add_string(out, ",\"to\":");
        text_add_string(out, change->to ? change->to : "null");
        text_add_string(out, "}");
    }
    text_add_string(out, "}");
}

/* What would end the cell, begin markup or a link, or be HTML, stands for itself. */
static void
write_cell(struct text *out, const char *cell)
{
    for (; cell && *cell; cell++) {
        if (strchr("\\`*_{}[]()#+!|~$^", *cell))
            text_add(out, "\\", 1);
        if (*cell == '<')
            text_add_string(out, "&lt;");
        else if (*cell == '>')
            text_add_string(out, "&gt;");
        else if (*cell == '&')
            text_add_string(out, "&amp;");
        else if (*cell == '@')
            text_add_string(out, "&#64;");
        else if (*cell == ':')
            text_add_string(out, "&#58;");
        else
            text_add(out, *cell == '\n' || *cell == '\r' ? " " : cell, 1);
    }
}

void
changes_write_table(const struct changes *changes, struct text *out)
{
    text_add_string(out, "| path | from | to |\n| --- | --- | --- |\n");
    for (size_t i = 0; i < changes->count; i++) {
        text_add_string(out, "| ");
        write_cell(out, changes->items[i].path);
        text_add_string(out, " | ");
        write_cell(out, changes->items[i].from);
        text_add_string(out, " | ");
        write_cell(out, changes->items[i].to);
        text_add_string(out, " |\n");
    }
}

bool
difference(const struct record *record, const void *from, const void *to, struct arena *arena,
           struct changes *out)
{
    struct walk walk = { .arena = arena, .out = out };

    *out = (struct changes){ NULL, 0 };
    compare_records(&walk, record, from, to);
    if (walk.is_full)
        return false;
    if (out->count > 1)
        qsort(out->items, out->count, sizeof *out->items, by_path);
    return true;
}
