/* Two samples, a NUL between them: nothing differs where both are written alike, each change is found
 * where its path says, and the patch that is made of them leads from one to the other. */
#include <assert.h>
#include <stdlib.h>

#include "record/difference.h"
#include "record/json.h"
#include "record/merge_patch.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/mutate.h"
#include "tests/sample.h"

enum { ARENA_BYTES_MAX = 1 << 24, TEXT_BYTES_MAX = 1 << 18 };

static bool
read(struct input part, struct arena *arena, struct sample *out)
{
    struct faults faults;

    faults_open(&faults, 1);
    return json_read(&sample_record, (const char *)part.at, input_left(&part), arena, out, &faults);
}

static struct text
write(const struct sample *sample, struct arena *arena)
{
    struct text text;

    text_open(&text, arena, 0, TEXT_BYTES_MAX);
    json_write(&sample_record, sample, JSON_CANONICAL, &text);
    assert(!text.is_full);
    return text;
}

static bool
is_same(const struct text *a, const struct text *b)
{
    return a->count == b->count && !memcmp(a->bytes, b->bytes, a->count);
}

static void
check_changes(const struct text *from, const struct text *to, const struct changes *changes)
{
    assert((changes->count == 0) == is_same(from, to));
    for (size_t i = 0; i < changes->count; i++) {
        const struct change *change = &changes->items[i];
        assert(change->from || change->to);
        assert(!change->from || !change->to || strcmp(change->from, change->to));
        assert(i == 0 || json_compare_names(changes->items[i - 1].path, change->path) < 0);
        assert(path_matches(change->path, change->path));
    }
}

static void
check_patch(const struct sample *from, const struct sample *to, const struct text *from_text,
            const struct text *to_text, struct arena *arena)
{
    /* Null removes: no patch makes a member null that must stand there (RFC 7396, section 1). */
    if ((decimal_is_none(to->ratio) && !decimal_is_none(from->ratio)) || (!to->reply && from->reply))
        return;
    struct text   patch, again_text;
    struct sample again;
    struct merged merged;
    struct faults faults;

    text_open(&patch, arena, 0, TEXT_BYTES_MAX);
    difference_write_patch(&sample_record, from, to, arena, &patch);
    assert(!patch.is_full);
    faults_open(&faults, FAULTS_MAX);
    assert(merge_patch(from_text->bytes, from_text->count, patch.bytes, patch.count, arena, &merged,
                       &faults));
    assert(json_read(&sample_record, merged.bytes, merged.count, arena, &again, &faults));
    again_text = write(&again, arena);
    assert(is_same(&again_text, to_text));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct input   input = { bytes, bytes + count };
    struct input   first = input_part(&input, '\0');
    struct sample  from, to;
    struct changes changes;
    struct arena   arena;

    arena_open(&arena, ARENA_BYTES_MAX);
    if (read(first, &arena, &from) && read(input, &arena, &to)) {
        struct text from_text = write(&from, &arena), to_text = write(&to, &arena);
        assert(difference(&sample_record, &from, &to, &arena, &changes));
        check_changes(&from_text, &to_text, &changes);
        check_patch(&from, &to, &from_text, &to_text, &arena);
        check_patch(&to, &from, &to_text, &from_text, &arena);
    }
    arena_close(&arena);
    return 0;
}

/* The one or the other of the two. */
size_t
LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t max, unsigned seed)
{
    uint8_t *cut = count ? memchr(bytes, '\0', count) : NULL;
    size_t   first = cut ? (size_t)(cut - bytes) : count;
    size_t   rest = count - first;

    if (!cut || seed % 8 == 0)
        return LLVMFuzzerMutate(bytes, count, max);
    if (seed % 2)
        return first + 1 + mutate_json(cut + 1, rest - 1, max - first - 1, seed / 2);
    uint8_t *kept = malloc(rest);
    assert(kept);
    memcpy(kept, cut, rest);
    first = mutate_json(bytes, first, max - rest, seed / 2);
    memcpy(bytes + first, kept, rest);
    free(kept);
    return first + rest;
}
