/* Two JSON texts side by side. */
#include "record/json_difference.h"

#include <stdio.h>
#include <string.h>

#include "record/json.h"
#include "record/json_member.h"

enum { PATH_BYTES_MAX = 1024 };

struct walk {
    struct arena   *arena;
    struct changes *out;
    bool            is_bad;
};

static const char *
keep(struct walk *walk, struct span value)
{
    const char *copy = value.bytes ? arena_copy(walk->arena, value.bytes, value.count) : NULL;

    walk->is_bad |= value.bytes && !copy;
    return copy;
}

static void
add(struct walk *walk, const char *path, struct span from, struct span to)
{
    struct changes *out = walk->out;

    if (out->count == JSON_DIFFERENCES_MAX)
        return;
    out->items[out->count++] = (struct change){
        .path = keep(walk, (struct span){ .bytes = path, .count = strlen(path) }),
        .from = keep(walk, from),
        .to   = keep(walk, to),
    };
}

/* RFC 6901: ~ is ~0 and / is ~1. False: no room. */
static bool
path_below(const char *path, struct span name, char out[static PATH_BYTES_MAX])
{
    size_t count = (size_t)snprintf(out, PATH_BYTES_MAX, "%s/", path);

    for (size_t i = 0; i < name.count && count + 3 < PATH_BYTES_MAX; i++) {
        char c = name.bytes[i];
        if (c == '~' || c == '/')
            out[count++] = '~';
        out[count++] = (char)(c == '~' ? '0' : c == '/' ? '1' : c);
    }
    out[count] = '\0';
    return count + 3 < PATH_BYTES_MAX;
}

/* The next item of an array, or member of an object, from `scan` on. */
static bool
next_item(struct scan *scan, char close, bool is_first, struct span *name, struct span *value)
{
    if (scan_next(scan, close, is_first) != SCAN_ITEM)
        return false;
    if (close == '}' && !scan_name(scan, name))
        return false;
    value->bytes = scan->at;
    if (!scan_value(scan, JSON_DEPTH_MAX))
        return false;
    value->count = (size_t)(scan->at - value->bytes);
    return true;
}

static struct scan
scan_inside(struct span value)
{
    return (struct scan){ .start = value.bytes, .at = value.bytes + 1,
                          .end = value.bytes + value.count };
}

static bool
is_member(struct span object, struct span name, struct span *value)
{
    struct scan scan = scan_inside(object);
    struct span other;

    for (bool is_first = true; next_item(&scan, '}', is_first, &other, value); is_first = false)
        if (other.count == name.count && !memcmp(other.bytes, name.bytes, name.count))
            return true;
    return false;
}

static void compare(struct walk *walk, const char *path, unsigned depth, struct span from,
                    struct span to);

static void
compare_objects(struct walk *walk, const char *path, unsigned depth, struct span from,
                struct span to)
{
    static const struct span none = { 0 };
    char        below[PATH_BYTES_MAX];
    struct scan scan = scan_inside(from);
    struct span name, value, other;

    for (bool is_first = true; next_item(&scan, '}', is_first, &name, &value); is_first = false) {
        walk->is_bad |= !path_below(path, name, below);
        if (is_member(to, name, &other))
            compare(walk, below, depth - 1, value, other);
        else
            add(walk, below, value, none);
    }
    scan = scan_inside(to);
    for (bool is_first = true; next_item(&scan, '}', is_first, &name, &value); is_first = false)
        if (!is_member(from, name, &other)) {
            walk->is_bad |= !path_below(path, name, below);
            add(walk, below, none, value);
        }
}

static void
compare_arrays(struct walk *walk, const char *path, unsigned depth, struct span from,
               struct span to)
{
    static const struct span none = { 0 };
    char        below[PATH_BYTES_MAX];
    struct scan ours = scan_inside(from), theirs = scan_inside(to);
    struct span name, a, b;
    bool        has_a = true, has_b = true;

    for (size_t i = 0; has_a || has_b; i++) {
        has_a = has_a && next_item(&ours, ']', i == 0, &name, &a);
        has_b = has_b && next_item(&theirs, ']', i == 0, &name, &b);
        snprintf(below, sizeof below, "%.900s/%zu", path, i);
        if (has_a && has_b)
            compare(walk, below, depth - 1, a, b);
        else if (has_a || has_b)
            add(walk, below, has_a ? a : none, has_b ? b : none);
    }
}

/* Recursion is bounded by the depth that JSON may have. */
static void
compare(struct walk *walk, const char *path, unsigned depth, struct span from, struct span to)
{
    if (from.count == to.count && !memcmp(from.bytes, to.bytes, to.count))
        return;
    if (depth && *from.bytes == '{' && *to.bytes == '{')
        compare_objects(walk, path, depth, from, to);
    else if (depth && *from.bytes == '[' && *to.bytes == '[')
        compare_arrays(walk, path, depth, from, to);
    else
        add(walk, path, from, to);
}

static bool
is_json(struct span text)
{
    struct scan scan = { .start = text.bytes, .at = text.bytes, .end = text.bytes + text.count };

    return text.count && scan_value(&scan, JSON_DEPTH_MAX) && scan.at == scan.end;
}

bool
json_difference(struct span from, struct span to, struct arena *arena, struct changes *out)
{
    struct walk walk = { .arena = arena, .out = out };

    *out = (struct changes){ .items = arena_alloc(arena, JSON_DIFFERENCES_MAX, sizeof *out->items) };
    if (!out->items || !is_json(from) || !is_json(to))
        return false;
    compare(&walk, "", JSON_DEPTH_MAX, from, to);
    return !walk.is_bad;
}
