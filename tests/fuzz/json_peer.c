/* Any bytes are JSON to our scanner and to Jansson, or to neither; and of a text alone both read the same
 * characters. Excepted is what Jansson cannot hold: numbers past its types, and a NUL in a member's name; and
 * nesting past our own limit. Jansson takes a NUL byte behind a value for the end. */
#include <assert.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "record/scan.h"

enum { DEPTH_MAX = 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static bool
is_excepted(const json_error_t *error)
{
    enum json_error_code code = json_error_code(error);
    return code == json_error_numeric_overflow || code == json_error_null_byte_in_key ||
           code == json_error_stack_overflow || code == json_error_out_of_memory;
}

static void
compare_text(const char *bytes, size_t count, const json_t *theirs)
{
    struct scan scan = { bytes, bytes, bytes + count, NULL };
    struct span span = { .bytes = NULL };
    char       *ours = malloc(count + 1);

    scan_space(&scan);
    assert(scan_string(&scan, &span));
    size_t length = span_unescape(span, ours);
    assert(length == json_string_length(theirs));
    assert(!memcmp(ours, json_string_value(theirs), length));
    free(ours);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    const char  *text = (const char *)bytes;
    struct scan  scan = { text, text, text + count, NULL };
    json_error_t error;
    json_t      *theirs = json_loadb(text, count, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);

    scan_space(&scan);
    bool is_ours = scan_value(&scan, DEPTH_MAX) && scan_end(&scan);
    bool is_cut = theirs && count && memchr(bytes, '\0', count);
    if (!is_cut && (theirs || !is_excepted(&error)))
        assert(is_ours == (theirs != NULL));
    if (is_ours && json_is_string(theirs))
        compare_text(text, count, theirs);
    json_decref(theirs);
    return 0;
}
