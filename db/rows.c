/* Rows of a statement as structs. */
#include "db/rows.h"

#include <string.h>

#include <libpq-fe.h>

#include "db/row.h"

/* Texts borrow from the rows: they are copied. False: out of memory. */
static bool
copy_texts(const struct record *record, char *in, struct arena *arena)
{
    for (size_t i = 0; i < record->count; i++) {
        const struct field *field = &record->fields[i];
        const char         *text;
        if (field->kind != FIELD_TEXT && field->kind != FIELD_OBJECT)
            continue;
        memcpy(&text, in + field->offset, sizeof text);
        if (text && !(text = arena_copy(arena, text, strlen(text))))
            return false;
        memcpy(in + field->offset, &text, sizeof text);
    }
    return true;
}

enum find
find_structs(struct connection *connection, const char *sql, const struct arg *args,
             size_t args_count, const struct record *record, struct arena *arena, void **items,
             size_t *count)
{
    PGresult *rows;

    if (run(connection, sql, args, args_count, &rows))
        return FIND_AWAY;
    *count = (size_t)PQntuples(rows);
    char *at = *items = arena_alloc(arena, *count ? *count : 1, record->size);
    bool  is_good = at;
    for (size_t i = 0; is_good && i < *count; i++, at += record->size)
        is_good = row_read(record, rows, (int)i, at) && copy_texts(record, at, arena);
    PQclear(rows);
    if (!is_good)
        return FIND_AWAY;
    return *count ? FOUND : FOUND_NOTHING;
}
