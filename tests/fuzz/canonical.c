/* Canonical JSON: exactly the bytes that a second writer of RFC 8785 makes of Jansson's tree of them.
 * Jansson cannot hold a NUL in a member's name. */
#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit/canonical.h"
#include "record/json.h"
#include "record/record.h"
#include "tests/fuzz/input.h"

enum { TEXT_MAX = 1 << 16, UNITS_MAX = 8192, MEMBERS_MAX = 4096 };

struct writer { char bytes[TEXT_MAX]; size_t count; bool is_bad; };

static void
put(struct writer *writer, const char *bytes, size_t count)
{
    assert(count <= TEXT_MAX - writer->count);
    memcpy(writer->bytes + writer->count, bytes, count);
    writer->count += count;
}

/* Section 3.2.2.2 */
static void
put_string(struct writer *writer, const char *bytes, size_t count)
{
    static const char *const short_forms[0x20] = {
        ['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n", ['\f'] = "\\f", ['\r'] = "\\r",
    };
    char long_form[8];

    put(writer, "\"", 1);
    for (size_t i = 0; i < count; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        snprintf(long_form, sizeof long_form, "\\u%04x", byte);
        if (byte < 0x20)
            put(writer, short_forms[byte] ? short_forms[byte] : long_form,
                strlen(short_forms[byte] ? short_forms[byte] : long_form));
        else if (byte == '"' || byte == '\\')
            put(writer, byte == '"' ? "\\\"" : "\\\\", 2);
        else
            put(writer, bytes + i, 1);
    }
    put(writer, "\"", 1);
}

/* UTF-8 that is known to be good, as UTF-16. */
static size_t
units_of(const char *text, uint16_t *units)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t               count = 0;

    while (*at && count + 2 < UNITS_MAX) {
        int      more = *at < 0x80 ? 0 : *at < 0xE0 ? 1 : *at < 0xF0 ? 2 : 3;
        uint32_t point = more == 0 ? *at : *at & (0x3Fu >> more);
        for (at++; more > 0; more--)
            point = point << 6 | (*at++ & 0x3Fu);
        if (point >= 0x10000) {
            units[count++] = (uint16_t)(0xD800 + ((point - 0x10000) >> 10));
            point = 0xDC00 + ((point - 0x10000) & 0x3FF);
        }
        units[count++] = (uint16_t)point;
    }
    return count;
}

static int
compare_names(const void *a, const void *b)
{
    uint16_t left[UNITS_MAX], right[UNITS_MAX];
    size_t   left_count = units_of(*(const char *const *)a, left);
    size_t   right_count = units_of(*(const char *const *)b, right);
    size_t   i = 0;

    while (i < left_count && i < right_count && left[i] == right[i])
        i++;
    if (i == left_count || i == right_count)
        return (left_count > right_count) - (left_count < right_count);
    return left[i] < right[i] ? -1 : 1;
}

static void put_value(struct writer *writer, const json_t *json, unsigned depth_left);

static void
put_object(struct writer *writer, const json_t *json, unsigned depth_left)
{
    const char **names = calloc(json_object_size(json) + 1, sizeof *names);
    const char  *name;
    json_t      *value;
    size_t       count = 0;

    assert(names);
    json_object_foreach((json_t *)(uintptr_t)json, name, value)
        names[count++] = name;
    qsort(names, count, sizeof *names, compare_names);
    put(writer, "{", 1);
    for (size_t i = 0; i < count; i++) {
        put(writer, ",", i > 0);
        put_string(writer, names[i], strlen(names[i]));
        put(writer, ":", 1);
        put_value(writer, json_object_get(json, names[i]), depth_left);
    }
    put(writer, "}", 1);
    free(names);
}

static void
put_array(struct writer *writer, const json_t *json, unsigned depth_left)
{
    put(writer, "[", 1);
    for (size_t i = 0; i < json_array_size(json); i++) {
        put(writer, ",", i > 0);
        put_value(writer, json_array_get(json, i), depth_left);
    }
    put(writer, "]", 1);
}

static void
put_integer(struct writer *writer, int64_t integer)
{
    char text[32];
    int  count = snprintf(text, sizeof text, "%lld", (long long)integer);

    writer->is_bad |= integer > INTEGER_MAX || integer < -INTEGER_MAX;
    put(writer, text, (size_t)count);
}

static void
put_value(struct writer *writer, const json_t *json, unsigned depth_left)
{
    if ((json_is_object(json) || json_is_array(json)) && depth_left == 0) {
        writer->is_bad = true;
        return;
    }
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        put_object(writer, json, depth_left - 1);
        break;
    case JSON_ARRAY:
        put_array(writer, json, depth_left - 1);
        break;
    case JSON_STRING:
        put_string(writer, json_string_value(json), json_string_length(json));
        break;
    case JSON_INTEGER:
        put_integer(writer, json_integer_value(json));
        break;
    case JSON_REAL:
        writer->is_bad = true;
        break;
    case JSON_TRUE:
        put(writer, "true", 4);
        break;
    case JSON_FALSE:
        put(writer, "false", 5);
        break;
    case JSON_NULL:
        put(writer, "null", 4);
        break;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static struct writer writer;
    const char          *text = (const char *)bytes;
    size_t               at, flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL;
    json_error_t         error;

    if (count > TEXT_MAX / 8)
        return 0;
    json_t *json = json_loadb(text, count, flags, &error);
    bool    is_excepted = !json && json_error_code(&error) == json_error_null_byte_in_key;
    bool    is_ours = canonical_check(text, count, &at);
    writer.count = 0;
    writer.is_bad = !json;
    if (json)
        put_value(&writer, json, JSON_DEPTH_MAX);
    bool is_wanted = !writer.is_bad && writer.count == count && !memcmp(writer.bytes, text, count);
    assert(is_excepted || is_ours == is_wanted);
    assert(is_ours || at <= count);
    if (json && !writer.is_bad)
        assert(canonical_check(writer.bytes, writer.count, &at));
    json_decref(json);
    return 0;
}
