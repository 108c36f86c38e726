/* Any bytes are JSON to our scanner and to Jansson, or to neither, and both read the same values: names
 * and their order, characters, numbers, literals. Read as the sample they are what a second reader
 * makes of Jansson's tree, a member that stands twice included. Excepted is what Jansson cannot hold:
 * numbers past its types, and a NUL in a member's name; it nests as deep as 2048. It passes over NULs
 * between values. */
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "record/json.h"
#include "record/scan.h"
#include "tests/fuzz/input.h"
#include "tests/judge.h"
#include "tests/sample.h"

enum { DEPTH_MAX = 2048, ARENA_BYTES_MAX = 1 << 20 };

static bool
is_excepted(const json_error_t *error)
{
    enum json_error_code code = json_error_code(error);
    return code == json_error_numeric_overflow || code == json_error_null_byte_in_key ||
           code == json_error_stack_overflow || code == json_error_out_of_memory;
}

static void
compare_text(struct span span, const char *text, size_t length)
{
    char  *ours = malloc(span.count + 1);

    assert(ours);
    size_t count = span_unescape(span, ours);
    assert(count <= span.count);
    assert(span.is_escaped || count == span.count);
    assert(count == length);
    assert(!memcmp(ours, text, length));
    free(ours);
}

static void
compare_number(struct scan *scan, const json_t *theirs)
{
    struct span span;
    bool        is_integer, is_taken = scan_number(scan, &span, &is_integer);
    char       *text = strndup(span.bytes, span.count);

    assert(is_taken);
    assert(text);
    assert(is_integer == json_is_integer(theirs));
    if (is_integer)
        assert(strtoll(text, NULL, 10) == json_integer_value(theirs));
    else
        assert(!islessgreater(strtod(text, NULL), json_real_value(theirs)));
    free(text);
}

static void compare_value(struct scan *scan, const json_t *theirs);

static void
compare_items(struct scan *scan, const json_t *theirs)
{
    size_t count = 0;

    scan->at++;
    while (scan_next(scan, ']', count == 0) == SCAN_ITEM)
        compare_value(scan, json_array_get(theirs, count++));
    assert(count == json_array_size(theirs));
}

/* Jansson keeps members in their order, each once: with the last of its values, where the first
 * stood. Only objects without such are compared by value. */
static void
compare_members(struct scan *scan, const json_t *theirs, size_t members)
{
    void  *at = json_object_iter((json_t *)(uintptr_t)theirs);
    size_t count = 0;

    scan->at++;
    for (; scan_next(scan, '}', count == 0) == SCAN_ITEM; count++) {
        struct span name;
        bool        is_taken = scan_name(scan, &name);
        assert(is_taken);
        assert(at);
        const char *key = json_object_iter_key(at);
        compare_text(name, key, strlen(key));
        compare_value(scan, json_object_iter_value(at));
        at = json_object_iter_next((json_t *)(uintptr_t)theirs, at);
    }
    assert(count == members);
}

static void
compare_value(struct scan *scan, const json_t *theirs)
{
    struct span span;
    bool        is_taken = true;

    switch (json_typeof(theirs)) {
    case JSON_OBJECT:
        compare_members(scan, theirs, json_object_size(theirs));
        break;
    case JSON_ARRAY:
        compare_items(scan, theirs);
        break;
    case JSON_STRING:
        is_taken = scan_string(scan, &span);
        compare_text(span, json_string_value(theirs), json_string_length(theirs));
        break;
    case JSON_INTEGER:
    case JSON_REAL:
        compare_number(scan, theirs);
        break;
    case JSON_TRUE:
        is_taken = scan_literal(scan, "true");
        break;
    case JSON_FALSE:
        is_taken = scan_literal(scan, "false");
        break;
    case JSON_NULL:
        is_taken = scan_literal(scan, "null");
        break;
    }
    assert(is_taken);
}

/* What the reader makes of the text as a record, against the judge of Jansson's tree. */
static void
compare_record(const char *text, size_t count, const json_t *theirs)
{
    static struct judge judge;
    static bool         is_open;
    struct sample       sample;
    struct arena        arena;
    struct faults       faults;

    if (!is_open)
        judge_open(&judge);
    is_open = true;
    arena_open(&arena, ARENA_BYTES_MAX);
    faults_open(&faults, 1);
    bool is_wanted = theirs && judge_record(&judge, &sample_record, theirs, NULL);
    bool is_read = json_read(&sample_record, text, count, &arena, &sample, &faults);
    assert(is_read == is_wanted || (!is_read && !strcmp(faults.items[0].code, "out_of_memory")));
    assert(!is_read || judge_record(&judge, &sample_record, theirs, (const char *)&sample));
    arena_close(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    const char  *text = (const char *)bytes;
    struct scan  scan = { text, text, text + count, NULL };
    bool         has_nul = count && memchr(bytes, '\0', count);
    json_error_t error;
    json_t      *theirs = json_loadb(text, count, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    json_t      *once = json_loadb(text, count, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY, NULL);

    scan_space(&scan);
    bool is_ours = scan_value(&scan, DEPTH_MAX) && scan_end(&scan);
    if (has_nul)
        assert(!is_ours);
    else if (theirs || !is_excepted(&error))
        assert(is_ours == (theirs != NULL));
    if (is_ours && once) {
        scan = (struct scan){ text, text, text + count, NULL };
        scan_space(&scan);
        compare_value(&scan, once);
        assert(scan_end(&scan));
    }
    compare_record(text, count, has_nul ? NULL : once);
    json_decref(once);
    json_decref(theirs);
    return 0;
}
