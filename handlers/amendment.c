/* From a merge patch to an accepted document and what it changes. */
#include "handlers/amendment.h"

#include <string.h>

#include "record/json.h"
#include "record/json_member.h"
#include "record/merge_patch.h"
#include "risk/edition.h"

enum { DOCUMENT_ROOM = 4096, DOCUMENT_BYTES_MAX = 1 << 20 };

/* What a version is to accounts that are there already is said of that version, and not handed on. */
static void
leave_behind(const char *patch, size_t count, const struct parameters *base,
             struct parameters *next)
{
    struct span value;

    if (next->applies_to == base->applies_to && !json_member(patch, count, "applies_to", &value))
        next->applies_to = CHOICE_NONE;
    if (next->ramp_s == base->ramp_s && !json_member(patch, count, "ramp_s", &value))
        next->ramp_s = INTEGER_NONE;
    edition_inherit(next, base);
}

/* Does anything change but how it would apply? */
static bool
changes_rules(const struct changes *changes)
{
    for (size_t i = 0; i < changes->count; i++)
        if (strcmp(changes->items[i].path, "/applies_to") != 0 &&
            strcmp(changes->items[i].path, "/ramp_s") != 0)
            return true;
    return false;
}

/* A member that the patch leaves where the version before had it, but that another rule has no use
 * for, is told as what it is. */
static void
explain(const char *base, size_t base_count, struct faults *faults)
{
    for (size_t i = 0; i < faults->count; i++) {
        struct fault *fault = &faults->items[i];
        char          group[FAULT_POINTER_MAX];
        struct span   value, member;
        const char   *name = strrchr(fault->pointer, '/');
        if (strcmp(fault->code, "unknown_member") != 0 || name == fault->pointer || !name)
            continue;
        size_t count = (size_t)(name - fault->pointer) - 1;
        memcpy(group, fault->pointer + 1, count);
        group[count] = '\0';
        if (!json_member(base, base_count, group, &value) ||
            !json_member(value.bytes, value.count, name + 1, &member))
            continue;
        char pointer[FAULT_POINTER_MAX];
        memcpy(pointer, fault->pointer, sizeof pointer);
        struct faults again;
        faults_open(&again, 1);
        fault_add(&again, pointer, "unknown_member",
                  "the version before states it, the rule that is chosen now has no such member: "
                  "the patch must say null here");
        *fault = again.items[0];
    }
}

static bool
write_document(struct arena *arena, struct amendment *out)
{
    struct text text;

    text_open(&text, arena, DOCUMENT_ROOM, DOCUMENT_BYTES_MAX);
    json_write(&parameters_record, &out->parameters, JSON_CANONICAL, &text);
    out->document       = text.bytes;
    out->document_count = text.count;
    return !text.is_full;
}

bool
amendment_make(const struct parameters *base, const char *base_document, size_t base_count,
               const char *patch, size_t patch_count, int64_t now_us, struct arena *arena,
               struct amendment *out, struct faults *faults)
{
    struct merged merged;
    const char   *onto = base ? base_document : "{}";
    size_t        onto_count = base ? base_count : 2;

    faults_open(&out->warnings, FAULTS_MAX);
    if (!merge_patch(onto, onto_count, patch, patch_count, arena, &merged, faults))
        return false;
    if (!json_read(&parameters_record, merged.bytes, merged.count, arena, &out->parameters,
                   faults)) {
        explain(onto, onto_count, faults);
        return false;
    }
    if (base)
        leave_behind(patch, patch_count, base, &out->parameters);
    bool is_accepted = parameters_accept(&out->parameters, faults, &out->warnings);
    if (base)                                     /* all that is wrong is told at once */
        is_accepted &= edition_ramp_accept(&out->parameters, base, now_us, faults);
    if (!is_accepted)
        return false;
    if (!difference(&parameters_record, base, &out->parameters, arena, &out->changes) ||
        !write_document(arena, out)) {
        fault_add(faults, "", "out_of_memory", "there is no memory for this document");
        return false;
    }
    if (changes_rules(&out->changes))
        return true;
    fault_add(faults, "", "no_change", "the patch changes nothing");
    return false;
}
