/* Merge patches: what we make of a target and a patch, a NUL between them, is what RFC 7396's own
 * pseudo-code makes of Jansson's trees, and each fault points at what it names. */
#include <assert.h>
#include <jansson.h>
#include <stdlib.h>

#include "record/json.h"
#include "record/merge_patch.h"
#include "record/scan.h"
#include "tests/fuzz/input.h"

enum { ARENA_BYTES_MAX = 1 << 24, INPUT_MAX = 1 << 14, SCAN_DEPTH = 4096 };

/* Section 2: MergePatch(Target, Patch). `removes_nothing`: a null had nothing to remove, which we
 * refuse. */
static json_t *
merged(const json_t *target, const json_t *patch, bool *removes_nothing)
{
    const char *name;
    json_t     *value;

    if (!json_is_object(patch))
        return json_deep_copy(patch);
    json_t *out = json_is_object(target) ? json_deep_copy(target) : json_object();
    json_object_foreach((json_t *)(uintptr_t)patch, name, value) {
        const json_t *old = json_object_get(out, name);
        if (!json_is_null(value))
            json_object_set_new(out, name, merged(old, value, removes_nothing));
        else if (old)
            json_object_del(out, name);
        else
            *removes_nothing = true;
    }
    return out;
}

struct shape { unsigned depth; bool has_real; };

static struct shape
shape_of(const json_t *json)
{
    struct shape shape = { .has_real = json_is_real(json) };
    const char  *name;
    json_t      *value;
    size_t       i;

    json_object_foreach((json_t *)(uintptr_t)json, name, value) {
        struct shape inner = shape_of(value);
        shape.depth = inner.depth > shape.depth ? inner.depth : shape.depth;
        shape.has_real |= inner.has_real;
    }
    json_array_foreach(json, i, value) {
        struct shape inner = shape_of(value);
        shape.depth = inner.depth > shape.depth ? inner.depth : shape.depth;
        shape.has_real |= inner.has_real;
    }
    shape.depth += json_is_object(json) || json_is_array(json);
    return shape;
}

/* One step of a pointer (RFC 6901), unescaped; returns what stands behind it. */
static const char *
take_step(const char *pointer, char *step)
{
    for (pointer++; *pointer && *pointer != '/'; pointer++) {
        bool is_escape = *pointer == '~';
        pointer += is_escape;
        *step++ = is_escape ? (*pointer == '1' ? '/' : '~') : *pointer;
    }
    *step = '\0';
    return pointer;
}

static const json_t *
find(const json_t *json, const char *pointer)
{
    char step[FAULT_POINTER_MAX];

    while (json && *pointer) {
        assert(*pointer == '/');
        pointer = take_step(pointer, step);
        json = json_is_array(json) ? json_array_get(json, strtoul(step, NULL, 10))
                                   : json_object_get(json, step);
    }
    return json;
}

static void
check_fault(const struct fault *fault, const json_t *patch)
{
    assert(strcmp(fault->code, "out_of_memory"));
    if (!patch || !strncmp(fault->pointer, "...", 3))
        return;
    const json_t *at = find(patch, fault->pointer);
    assert(at);
    if (!strcmp(fault->code, "unknown_path"))
        assert(json_is_null(at));
    else if (!strcmp(fault->code, "not_a_decimal"))
        assert(json_is_real(at));
    else if (!strcmp(fault->code, "too_deep"))
        assert(json_is_object(at) || json_is_array(at));
    else
        assert(!strcmp(fault->code, "wrong_type"));
}

static bool
is_json(const struct input *part)
{
    const char *text = (const char *)part->at;
    struct scan scan = { text, text, (const char *)part->end, NULL };

    scan_space(&scan);
    return scan_value(&scan, SCAN_DEPTH) && scan_end(&scan);
}

static void
compare(const struct input *target, const struct input *patch, const json_t *onto,
        const json_t *from)
{
    struct arena  arena;
    struct faults faults;
    struct merged out;
    bool          removes_nothing = false;
    struct shape  shape = shape_of(from);

    arena_open(&arena, ARENA_BYTES_MAX);
    faults_open(&faults, FAULTS_MAX);
    bool    is_good = merge_patch((const char *)target->at, input_left(target),
                                  (const char *)patch->at, input_left(patch), &arena, &out, &faults);
    json_t *wanted = json_is_object(onto) && json_is_object(from)
                     ? merged(onto, from, &removes_nothing) : NULL;
    assert(is_good == (wanted && !removes_nothing && !shape.has_real &&
                       shape.depth <= JSON_DEPTH_MAX));
    assert(is_good == (faults.count == 0));
    if (is_good) {
        json_t *ours = json_loadb(out.bytes, out.count, JSON_REJECT_DUPLICATES, NULL);
        assert(json_equal(ours, wanted));
        assert(is_json(target));
        assert(is_json(patch));
        json_decref(ours);
    }
    for (size_t i = 0; i < faults.count; i++)
        check_fault(&faults.items[i], json_is_object(onto) ? from : NULL);
    json_decref(wanted);
    arena_close(&arena);
}

/* Jansson passes over a NUL. */
static json_t *
load(const struct input *part)
{
    size_t count = input_left(part);

    if (memchr(part->at, '\0', count))
        return NULL;
    return json_loadb((const char *)part->at, count, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct input input = { bytes, bytes + count };
    struct input target = input_part(&input, '\0');

    if (count > INPUT_MAX)
        return 0;
    json_t *onto = load(&target);
    json_t *from = load(&input);
    compare(&target, &input, onto, from);
    json_decref(from);
    json_decref(onto);
    return 0;
}
