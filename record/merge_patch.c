/* RFC 7396 over Jansson's trees. */
#include "record/merge_patch.h"

#include <string.h>

#include <jansson.h>

#include "record/json.h"

static const char *
code_of(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_out_of_memory:    return "out_of_memory";
    case json_error_duplicate_key:    return "duplicate_member";
    case json_error_numeric_overflow: return "overflow";
    case json_error_stack_overflow:   return "too_deep";
    case json_error_unknown:
    case json_error_cannot_open_file:
    case json_error_invalid_argument:
    case json_error_invalid_utf8:
    case json_error_premature_end_of_input:
    case json_error_end_of_input_expected:
    case json_error_invalid_syntax:
    case json_error_invalid_format:
    case json_error_wrong_type:
    case json_error_null_character:
    case json_error_null_value:
    case json_error_null_byte_in_key:
    case json_error_item_not_found:
    case json_error_index_out_of_range:
        break;
    }
    return "not_json";
}

/* Where Jansson has no memory it calls that a fault of the syntax, or even drops a byte and goes on:
 * what is read twice in the same way is what was written. NULL: a fault. */
static json_t *
load_twice(const char *bytes, size_t count, struct arena *arena, json_error_t *error)
{
    json_t *json = json_loadb(bytes, count, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, error);
    json_t *again = json_loadb(bytes, count, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, error);
    bool    is_same = json && again && json_equal(json, again);

    arena->is_starved |= !is_same && (json || again);
    json_decref(again);
    if (is_same)
        return json;
    json_decref(json);
    return NULL;
}

/* An object; NULL: a fault. */
static json_t *
load(const char *bytes, size_t count, struct arena *arena, struct faults *faults)
{
    json_error_t error;

    /* Jansson passes over some of these; no JSON holds one. */
    if (memchr(bytes, '\0', count)) {
        fault_add(faults, "", "not_json", "a NUL");
        return NULL;
    }
    json_t *json = load_twice(bytes, count, arena, &error);
    if (!json && arena->is_starved)
        fault_add(faults, "", "out_of_memory", "there is no memory for this");
    else if (!json)
        fault_add(faults, "", code_of(&error), "%s, at byte %d", error.text, error.position);
    if (!json || json_is_object(json))
        return json;
    fault_add(faults, "", "wrong_type", "a merge patch is an object");
    json_decref(json);
    return NULL;
}

/* What a patch may not hold anywhere: a number that is not exact, and no end of depth. */
static void
inspect(const json_t *json, const struct place *up, unsigned depth_left, struct faults *faults)
{
    const char *name;
    json_t     *member;
    size_t      i;

    if (json_is_real(json))
        fault_add_at(faults, up, "not_a_decimal",
                     "a fraction stands in a string, as \"0.05\": a JSON number is not exact");
    if (!json_is_object(json) && !json_is_array(json))
        return;
    if (depth_left == 0) {
        fault_add_at(faults, up, "too_deep", "at most %d objects and arrays in one another",
                     JSON_DEPTH_MAX);
        return;
    }
    json_object_foreach((json_t *)json, name, member) {
        const struct place place = { up, name, strlen(name) };
        inspect(member, &place, depth_left - 1, faults);
    }
    json_array_foreach(json, i, member) {
        const struct place place = { up, NULL, i };
        inspect(member, &place, depth_left - 1, faults);
    }
}

/* The patch's members into the object; false: no memory. */
static bool
merge(json_t *target, const json_t *patch, const struct place *up, struct faults *faults)
{
    const char *name;
    json_t     *member;
    bool        is_good = true;

    json_object_foreach((json_t *)patch, name, member) {
        const struct place place = { up, name, strlen(name) };
        json_t *old = json_object_get(target, name);
        if (json_is_null(member) && !old) {
            fault_add_at(faults, &place, "unknown_path", "there is nothing here to remove");
        } else if (json_is_null(member)) {
            is_good &= !json_object_del(target, name);
        } else if (!json_is_object(member)) {
            is_good &= !json_object_set(target, name, member);
        } else {
            if (!json_is_object(old)) {
                json_object_set_new(target, name, json_object());
                old = json_object_get(target, name);
            }
            is_good &= old && merge(old, member, &place, faults);
        }
    }
    return is_good;
}

static bool
write_out(const json_t *json, struct arena *arena, struct merged *out)
{
    size_t count = json_dumpb(json, NULL, 0, JSON_COMPACT);
    char  *bytes = count ? arena_alloc(arena, count + 1, 1) : NULL;

    if (!bytes || json_dumpb(json, bytes, count, JSON_COMPACT) != count)
        return false;
    *out = (struct merged){ bytes, count };
    return true;
}

static bool
apply(json_t *target, const json_t *patch, struct arena *arena, struct merged *out,
      struct faults *faults)
{
    size_t before = faults->count + faults->missed;

    inspect(patch, NULL, JSON_DEPTH_MAX, faults);
    if (faults->count + faults->missed > before)
        return false;
    if (!merge(target, patch, NULL, faults) || !write_out(target, arena, out)) {
        arena->is_starved = true;
        fault_add(faults, "", "out_of_memory", "there is no memory for this");
        return false;
    }
    return faults->count + faults->missed == before;
}

bool
merge_patch(const char *target, size_t target_count, const char *patch, size_t patch_count,
            struct arena *arena, struct merged *out, struct faults *faults)
{
    json_t *onto = load(target, target_count, arena, faults);
    json_t *from = onto ? load(patch, patch_count, arena, faults) : NULL;
    bool    is_good = from && apply(onto, from, arena, out, faults);

    json_decref(from);
    json_decref(onto);
    return is_good;
}
