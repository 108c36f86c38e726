/* The bodies that the service reads, by the first byte: taken where a second reader takes them, with
 * the same values; written as canonical JSON, which reads as the same again. */
#include <assert.h>
#include <stdlib.h>

#include "audit/canonical.h"
#include "handlers/batch.h"
#include "handlers/guardian.h"
#include "handlers/proposals.h"
#include "handlers/votes.h"
#include "record/json.h"
#include "risk/question.h"
#include "risk/snapshot.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/mutate.h"
#include "tests/judge.h"

enum { ARENA_BYTES_MAX = 1 << 26, TEXT_BYTES_MAX = 1 << 22, INPUT_MAX = 1 << 16 };

/* Of a member that holds any object, the reader looks at the syntax alone: not whether a member of
 * it stands twice, nor at the size of its numbers. */
static const struct { const struct record *record; bool holds_objects; } bodies[] = {
    { &question_record, false },
    { &preview_batch_record, false },
    { &snapshot_push_record, false },
    { &parameters_record, false },
    { &new_proposal_record, true },
    { &guardian_action_record, true },
    { &new_approval_record, false },
    { &proposal_ending_record, false },
};

static void
check_again(const struct record *record, const void *body, bool holds_objects, struct arena *arena)
{
    void         *again = arena_alloc(arena, 1, record->size);
    struct faults faults;
    struct text   first, second;
    size_t        at;

    text_open(&first, arena, 0, TEXT_BYTES_MAX);
    text_open(&second, arena, 0, TEXT_BYTES_MAX);
    json_write(record, body, JSON_CANONICAL, &first);
    assert(!first.is_full);
    assert(holds_objects || canonical_check(first.bytes, first.count, &at));
    faults_open(&faults, 1);
    assert(again);
    assert(json_read(record, first.bytes, first.count, arena, again, &faults));
    json_write(record, again, JSON_CANONICAL, &second);
    assert(first.count == second.count);
    assert(!memcmp(first.bytes, second.bytes, first.count));
}

static void
check_faults(const struct faults *faults)
{
    assert(faults->count > 0);
    for (size_t i = 0; i < faults->count; i++)
        assert(strcmp(faults->items[i].code, "out_of_memory"));
}

static void
compare(const struct record *record, bool holds_objects, const char *text, size_t count)
{
    static struct judge judge;
    static bool         is_open;
    struct arena        arena;
    struct faults       faults;

    if (!is_open)
        judge_open(&judge);
    is_open = true;
    arena_open(&arena, ARENA_BYTES_MAX);
    faults_open(&faults, FAULTS_MAX);
    void   *body = arena_alloc(&arena, 1, record->size);
    bool    has_nul = count && memchr(text, '\0', count);
    json_t *theirs = has_nul ? NULL : json_loadb(text, count, JSON_REJECT_DUPLICATES, NULL);
    bool    is_wanted = theirs && judge_record(&judge, record, theirs, NULL);
    assert(body);
    bool    is_read = json_read(record, text, count, &arena, body, &faults);
    assert(is_read == is_wanted || holds_objects);
    if (!is_read)
        check_faults(&faults);
    else if (theirs)
        assert(judge_record(&judge, record, theirs, body));
    if (is_read)
        check_again(record, body, holds_objects, &arena);
    json_decref(theirs);
    arena_close(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct input input = { bytes, bytes + count };
    size_t       which = input_byte(&input) % COUNT_OF(bodies);

    if (count <= INPUT_MAX)
        compare(bodies[which].record, bodies[which].holds_objects, (const char *)input.at, input_left(&input));
    return 0;
}

size_t
LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t max, unsigned seed)
{
    return count ? 1 + mutate_json(bytes + 1, count - 1, max - 1, seed) : LLVMFuzzerMutate(bytes, count, max);
}
