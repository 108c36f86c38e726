/* Texts that grow by doubling. */
#include "record/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { ROOM_LEAST = 64 };

static bool
resize(struct text *text, size_t room)
{
    char *bytes = arena_widen(text->arena, text->bytes, text->room, room);

    if (bytes) {
        text->bytes = bytes;
        text->room  = room;
    }
    return bytes;
}

void
text_open(struct text *text, struct arena *arena, size_t room, size_t max)
{
    *text = (struct text){ .arena = arena, .max = max };
    room  = room < max ? room : max;
    text->is_full = room && !resize(text, room);
}

static bool
grow(struct text *text, size_t least)
{
    size_t room = text->room < ROOM_LEAST ? ROOM_LEAST : text->room;
    while (room < least && room <= text->max / 2)
        room *= 2;
    if (room < least || room > text->max)
        room = text->max;
    return resize(text, room);
}

/* text_reserve, where there is no room yet. */
char *
text_widen(struct text *text, size_t count)
{
    if (text->is_full)
        return NULL;
    if (count > text->room - text->count &&
        (count > text->max - text->count || !grow(text, text->count + count))) {
        text->is_full = true;
        return NULL;
    }
    return text->bytes + text->count;
}

void
text_add(struct text *text, const char *bytes, size_t count)
{
    char *at = text_reserve(text, count);
    if (!at || !count)
        return;
    memcpy(at, bytes, count);
    text->count += count;
}

void
text_add_string(struct text *text, const char *string)
{
    text_add(text, string, strlen(string));
}

void
text_add_integer(struct text *text, int64_t integer)
{
    char     digits[20];               /* of 2^63, and the sign */
    size_t   start = sizeof digits;
    uint64_t rest  = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;

    do
        digits[--start] = (char)('0' + rest % 10);
    while (rest /= 10);
    if (integer < 0)
        digits[--start] = '-';
    text_add(text, digits + start, sizeof digits - start);
}

void
text_add_hex(struct text *text, const uint8_t *bytes, size_t count)
{
    static const char digits[] = "0123456789abcdef";
    char *at = count <= SIZE_MAX / 2 ? text_reserve(text, 2 * count) : NULL;
    if (!at)
        return;
    for (size_t i = 0; i < count; i++) {
        at[2 * i]     = digits[bytes[i] >> 4];
        at[2 * i + 1] = digits[bytes[i] & 15];
    }
    text->count += 2 * count;
}

void
text_format(struct text *text, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int count = vsnprintf(NULL, 0, format, list);
    va_end(list);

    /* vsnprintf ends with a NUL, which needs room but is no part of the text. */
    char  small[256];
    char *at = text_reserve(text, count < 0 ? SIZE_MAX : (size_t)count);
    if (!at)
        return;
    bool fits = (size_t)count < sizeof small;
    char *to  = fits ? small : arena_alloc(text->arena, 1, (size_t)count + 1);
    if (!to) {
        text->is_full = true;
        return;
    }
    va_start(list, format);
    vsnprintf(to, (size_t)count + 1, format, list);
    va_end(list);
    text_add(text, to, (size_t)count);
}
