/* Any bytes are read as the sample or refused with a fault; what is read is written, and that reads as the same again. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "record/json.h"
#include "tests/fuzz/mutate.h"
#include "tests/sample.h"

enum { ARENA_BYTES_MAX = 1 << 20, TEXT_BYTES_MAX = 1 << 18 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static void
check_faults(const struct faults *faults)
{
    assert(faults->count > 0);
    assert(faults->count <= faults->max);
    for (size_t i = 0; i < faults->count; i++) {
        assert(memchr(faults->items[i].pointer, '\0', FAULT_POINTER_MAX));
        assert(memchr(faults->items[i].detail, '\0', FAULT_DETAIL_MAX));
    }
}

static void
check_again(const struct sample *sample, struct arena *arena)
{
    struct faults faults;
    struct sample again;
    struct text   first, second;

    text_open(&first, arena, 0, TEXT_BYTES_MAX);
    json_write(&sample_record, sample, JSON_CANONICAL, &first);
    if (first.is_full)
        return;
    faults_open(&faults, 1);
    if (!json_read(&sample_record, first.bytes, first.count, arena, &again, &faults)) {
        assert(!strcmp(faults.items[0].code, "out_of_memory"));
        return;
    }
    text_open(&second, arena, 0, TEXT_BYTES_MAX);
    json_write(&sample_record, &again, JSON_CANONICAL, &second);
    if (second.is_full)
        return;
    assert(first.count == second.count);
    assert(!memcmp(first.bytes, second.bytes, first.count));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct arena  arena;
    struct faults faults;
    struct sample sample;

    arena_open(&arena, ARENA_BYTES_MAX);
    faults_open(&faults, count % 2 ? 1 : FAULTS_MAX);
    if (json_read(&sample_record, (const char *)bytes, count, &arena, &sample, &faults))
        check_again(&sample, &arena);
    else
        check_faults(&faults);
    arena_close(&arena);
    return 0;
}

size_t
LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t max, unsigned seed)
{
    return mutate_json(bytes, count, max, seed);
}
