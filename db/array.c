/* Dimensions, a flag for nulls, the item's type, then each item behind its length;
 * big-endian throughout (array_recv). */
#include "db/array.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>

enum { HEADER_WORDS = 5, LENGTH_BYTES = 4, DAYS_TO_2000 = 10957 };

static void
put_word(char *at, uint32_t word)
{
    uint32_t big = htonl(word);
    memcpy(at, &big, sizeof big);
}

static void
add_word(struct text *text, uint32_t word)
{
    char bytes[LENGTH_BYTES];
    put_word(bytes, word);
    text_add(text, bytes, sizeof bytes);
}

void
array_open(struct array *array, enum array_of of, struct arena *arena, size_t room, size_t max)
{
    *array = (struct array){ .of = of };
    text_open(&array->text, arena, room + HEADER_WORDS * LENGTH_BYTES, max);
    for (int i = 0; i < HEADER_WORDS; i++)
        add_word(&array->text, 0);
}

size_t
array_begin(struct array *array)
{
    add_word(&array->text, 0);
    array->count++;
    return array->text.count;
}

void
array_end(struct array *array, size_t begun)
{
    if (!array->text.is_full)
        put_word(array->text.bytes + begun - LENGTH_BYTES, (uint32_t)(array->text.count - begun));
}

void
array_add(struct array *array, const void *bytes, size_t count)
{
    assert(count <= INT32_MAX);
    array->count++;
    array->has_null |= !bytes;
    add_word(&array->text, bytes ? (uint32_t)count : UINT32_MAX);
    if (bytes)
        text_add(&array->text, bytes, count);
}

void
array_add_string(struct array *array, const char *string)
{
    array_add(array, string, strlen(string));
}

void
array_add_bigint(struct array *array, int64_t integer)
{
    char bytes[8];
    put_word(bytes, (uint32_t)((uint64_t)integer >> 32));
    put_word(bytes + 4, (uint32_t)(uint64_t)integer);
    array_add(array, bytes, sizeof bytes);
}

void
array_add_date(struct array *array, int64_t day)
{
    char bytes[4];
    put_word(bytes, (uint32_t)(int32_t)(day - DAYS_TO_2000));
    array_add(array, bytes, sizeof bytes);
}

struct arg
array_arg(struct array *array)
{
    char *at = array->text.bytes;

    if (array->text.is_full)
        return (struct arg){ .is_lacking = true };
    put_word(at, array->count ? 1 : 0);
    put_word(at + 4, array->has_null);
    put_word(at + 8, (uint32_t)array->of);
    put_word(at + 12, (uint32_t)array->count);
    put_word(at + 16, 1);
    return ARG_BYTES(at, array->count ? array->text.count : 3 * LENGTH_BYTES);
}
