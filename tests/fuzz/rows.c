/* A state that is read is written from its books' spelling as it is from their values, and that reads
 * as the same again. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "record/json.h"
#include "risk/state.h"
#include "tests/fuzz/mutate.h"

enum { ARENA_BYTES_MAX = 4 << 20, TEXT_BYTES_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static void
forget_spellings(struct state *state)
{
    for (size_t i = 0; i < state->depth_count; i++)
        for (size_t j = 0; j < state->depth[i].venues_count; j++) {
            state->depth[i].venues[j].bids_spelling.count = 0;
            state->depth[i].venues[j].asks_spelling.count = 0;
        }
}

static struct text
written(const struct state *state, struct arena *arena)
{
    struct text text;

    text_open(&text, arena, 0, TEXT_BYTES_MAX);
    json_write(&state_record, state, JSON_CANONICAL, &text);
    return text;
}

static void
check_same(struct text a, struct text b)
{
    if (a.is_full || b.is_full)
        return;
    assert(a.count == b.count);
    assert(!memcmp(a.bytes, b.bytes, a.count));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct arena  arena;
    struct faults faults;
    struct state  state;

    arena_open(&arena, ARENA_BYTES_MAX);
    faults_open(&faults, 1);
    if (json_read(&state_record, (const char *)bytes, count, &arena, &state, &faults)) {
        struct text  by_spelling = written(&state, &arena);
        struct state again;
        forget_spellings(&state);
        check_same(by_spelling, written(&state, &arena));
        if (!by_spelling.is_full && json_read(&state_record, by_spelling.bytes, by_spelling.count,
                                              &arena, &again, &faults))
            check_same(by_spelling, written(&again, &arena));
    }
    arena_close(&arena);
    return 0;
}

size_t
LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t max, unsigned seed)
{
    return mutate_json(bytes, count, max, seed);
}
