/* Collecting faults; a pointer is only spelled out when there is
 * something to say about its place. */
#include "record/fault.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Spelled from the right; longer than a fault's, so that fault_add sees that it must cut. */
struct spelling {
    char   bytes[FAULT_POINTER_MAX + 16];
    size_t start;
};

void
faults_open(struct faults *faults, size_t max)
{
    assert(max >= 1);
    assert(max <= FAULTS_MAX);
    faults->count  = 0;
    faults->max    = max;
    faults->missed = 0;
}

static bool
is_inside_character(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

/* The end of it that fits, beginning neither inside a character nor inside a "~0" or "~1". */
static void
copy_pointer(char out[static FAULT_POINTER_MAX], const char *pointer)
{
    size_t count = strlen(pointer);
    if (count < FAULT_POINTER_MAX) {
        memcpy(out, pointer, count + 1);
        return;
    }
    const char *kept = pointer + count - (FAULT_POINTER_MAX - 1 - 3);
    if (kept[-1] == '~')
        kept++;
    while (is_inside_character(*kept))
        kept++;
    memcpy(out, "...", 3);
    memcpy(out + 3, kept, strlen(kept) + 1);
}

/* vsnprintf cuts between bytes; a character that lost its end goes. */
static void
trim_last_character(char *detail)
{
    size_t count = strlen(detail);
    if (count < FAULT_DETAIL_MAX - 1)
        return;
    size_t start = count;
    while (start > 0 && is_inside_character(detail[start - 1]))
        start--;
    if (start == 0)
        return;
    unsigned char lead   = (unsigned char)detail[start - 1];
    size_t        wanted = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
    if (count - start < wanted)
        detail[start - 1] = '\0';
}

static void
add(struct faults *faults, const char *pointer, const char *code, const char *format, va_list list)
{
    if (faults->count >= faults->max) {
        faults->missed++;
        return;
    }
    struct fault *fault = &faults->items[faults->count++];
    copy_pointer(fault->pointer, pointer);
    fault->code = code;
    vsnprintf(fault->detail, sizeof fault->detail, format, list);
    trim_last_character(fault->detail);
}

static bool
put_before(struct spelling *spelling, const char *bytes, size_t count)
{
    if (count > spelling->start)
        return false;
    spelling->start -= count;
    memcpy(spelling->bytes + spelling->start, bytes, count);
    return true;
}

/* RFC 6901: ~ is ~0 and / is ~1. A NUL, which no C string holds, stands as U+FFFD. */
static bool
put_name(struct spelling *spelling, const char *name, size_t count)
{
    bool fits = true;
    while (fits && count-- > 0) {
        char byte = name[count];
        if (byte == '~')
            fits = put_before(spelling, "~0", 2);
        else if (byte == '/')
            fits = put_before(spelling, "~1", 2);
        else if (byte == '\0')
            fits = put_before(spelling, "\xEF\xBF\xBD", 3);
        else
            fits = put_before(spelling, &byte, 1);
    }
    return fits;
}

static const char *
spell(struct spelling *spelling, const struct place *place)
{
    bool fits = true;
    spelling->start = sizeof spelling->bytes - 1;
    spelling->bytes[spelling->start] = '\0';
    for (; fits && place; place = place->up) {
        char        digits[24];
        const char *name  = place->name;
        size_t      count = place->count;
        if (!name) {
            count = (size_t)snprintf(digits, sizeof digits, "%zu", place->count);
            name  = digits;
        }
        fits = put_name(spelling, name, count) && put_before(spelling, "/", 1);
    }
    return spelling->bytes + spelling->start;
}

void
fault_add_at(struct faults *faults, const struct place *place, const char *code,
             const char *detail_format, ...)
{
    struct spelling spelling;
    va_list         list;

    va_start(list, detail_format);
    add(faults, spell(&spelling, place), code, detail_format, list);
    va_end(list);
}

void
fault_add(struct faults *faults, const char *pointer, const char *code, const char *detail_format,
          ...)
{
    va_list list;

    va_start(list, detail_format);
    add(faults, pointer, code, detail_format, list);
    va_end(list);
}

void
fault_place_below(struct fault *fault, const char *prefix)
{
    char pointer[FAULT_POINTER_MAX];
    int  count = snprintf(pointer, sizeof pointer, "%s%s", prefix, fault->pointer);

    if (count > 0 && (size_t)count < sizeof pointer)
        memcpy(fault->pointer, pointer, (size_t)count + 1);
}

void
faults_place_below(struct faults *faults, const char *prefix)
{
    for (size_t i = 0; i < faults->count; i++)
        fault_place_below(&faults->items[i], prefix);
}
