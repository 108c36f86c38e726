/* Bytes that grow in an arena, up to a maximum; an append that does not fit sets
 * `is_full` and is otherwise ignored. */
#ifndef RECORD_TEXT_H
#define RECORD_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/arena.h"

struct text {
    struct arena *arena;
    char         *bytes;              /* not NUL-ended */
    size_t        count, room, max;
    /* something is missing from it, and stays missing: later appends are ignored too */
    bool          is_full;
};

/* `room` bytes at once, `max` at most */
void text_open(struct text *text, struct arena *arena, size_t room, size_t max);
void text_add(struct text *text, const char *bytes, size_t count);
void text_add_string(struct text *text, const char *string);
void text_add_integer(struct text *text, int64_t integer);
void text_add_hex(struct text *text, const uint8_t *bytes, size_t count);
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Where the next bytes go, with room for `count`; whoever writes n <= count of them adds n
 * to text->count. NULL: is_full. */
char *text_widen(struct text *text, size_t count);

static inline char *
text_reserve(struct text *text, size_t count)
{
    return count <= text->room - text->count && !text->is_full ? text->bytes + text->count
                                                               : text_widen(text, count);
}

#endif
