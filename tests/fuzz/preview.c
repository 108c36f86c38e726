/* A question with its own rules and state, through the whole engine: refused with reasons, or answered
 * with canonical figures, twice the same, that keep within what can be. */
#include <assert.h>

#include "audit/canonical.h"
#include "handlers/answers.h"
#include "record/json.h"
#include "risk/preview.h"
#include "risk/workings.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/mutate.h"

enum { ARENA_BYTES_MAX = 1 << 26, TEXT_BYTES_MAX = 1 << 22, INPUT_MAX = 1 << 15 };

#define NOW_US INT64_C(1767225600000000)

static bool
is_none_or_between(struct decimal x, struct decimal least, struct decimal most)
{
    return decimal_is_none(x) || (decimal_compare(x, least) >= 0 && decimal_compare(x, most) <= 0);
}

static bool
is_none_or_positive(struct decimal x)
{
    return decimal_is_none(x) || x.units >= 0;
}

static void
check_risk(const struct risk_figures *risk)
{
    assert(is_none_or_between(risk->liquidation_probability, decimal_zero, decimal_one));
    assert(is_none_or_between(risk->loss_probability, decimal_zero, decimal_one));
    assert(is_none_or_positive(risk->expected_time_s));
    assert(is_none_or_positive(risk->median_time_s));
    assert(is_none_or_positive(risk->expected_shortfall));
    assert(is_none_or_positive(risk->volatility));
    for (size_t i = 0; i < risk->blocks_count; i++)
        assert(is_none_or_between(risk->blocks[i].probability, decimal_zero, decimal_one));
}

static void
check_liquidation(const struct liquidation *liquidation)
{
    struct decimal filled = decimal_zero;

    assert(is_none_or_positive(liquidation->repay));
    assert(is_none_or_positive(liquidation->seize));
    assert(is_none_or_positive(liquidation->bad_debt));
    assert(is_none_or_positive(liquidation->unfilled));
    for (size_t i = 0; i < liquidation->fills_count; i++) {
        assert(liquidation->fills[i].quantity.units >= 0);
        bool fits = decimal_add(filled, liquidation->fills[i].quantity, &filled);
        assert(fits);
    }
    if (liquidation->fills_count && !liquidation->perp && !decimal_is_none(liquidation->seize))
        assert(decimal_compare(filled, liquidation->seize) <= 0);
}

static void
check_figures(const struct figures *figures)
{
    assert(is_none_or_positive(figures->health.collateral));
    assert(is_none_or_positive(figures->health.debt));
    assert(is_none_or_between(figures->health.window, decimal_zero, decimal_one));
    check_liquidation(&figures->liquidation);
    check_risk(&figures->risk);
    for (size_t i = 0; i < figures->liquidation_prices_count; i++)
        assert(is_none_or_positive(figures->liquidation_prices[i].price));
    for (size_t i = 0; i < figures->suggestions_count; i++)
        assert(is_none_or_positive(figures->suggestions[i].quantity));
}

static struct text
answer(const struct question *question, struct answer *given, struct arena *arena, struct faults *faults)
{
    struct figures_room *room = arena_alloc(arena, 1, sizeof *room);
    struct text          text;
    size_t               at, figures_count;

    assert(room);
    memset(given, 0, sizeof *given);
    text_open(&text, arena, 0, TEXT_BYTES_MAX);
    enum risk_status status = preview_compute(question->parameters, question, NOW_US, PARTS_ALL, room, &given->figures, faults);
    if (status) {
        text_format(&text, "%d", (int)status);
        assert(status == RISK_OVERFLOW || faults->count > 0);
        return text;
    }
    check_figures(&given->figures);
    json_write(preview_kind.figures, given, JSON_CANONICAL, &text);
    assert(canonical_check(text.bytes, text.count, &at));
    figures_count = text.count;
    workings_write(question, NOW_US, &given->figures, preview_kind.answer, &text);
    assert(!text.is_full);
    assert(text.count >= figures_count);
    return text;
}

static bool
read(const uint8_t *bytes, size_t count, struct arena *arena, struct question *question, struct faults *faults)
{
    struct faults *warnings = arena_alloc(arena, 1, sizeof *warnings);

    assert(warnings);
    faults_open(warnings, FAULTS_MAX);
    return json_read(&question_record, (const char *)bytes, count, arena, question, faults) &&
           question->parameters && question->state &&
           parameters_accept(question->parameters, faults, warnings) &&
           state_accept(question->state, "/state", faults);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct arena    arena;
    struct question question;
    struct faults   faults;

    arena_open(&arena, ARENA_BYTES_MAX);
    faults_open(&faults, FAULTS_MAX);
    if (count <= INPUT_MAX && read(bytes, count, &arena, &question, &faults)) {
        struct answer *given = arena_alloc(&arena, 2, sizeof *given);
        assert(given);
        struct text first = answer(&question, &given[0], &arena, &faults);
        faults_open(&faults, FAULTS_MAX);
        struct text second = answer(&question, &given[1], &arena, &faults);
        assert(first.count == second.count);
        assert(!memcmp(first.bytes, second.bytes, first.count));
    }
    arena_close(&arena);
    return 0;
}

size_t
LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t max, unsigned seed)
{
    return mutate_json(bytes, count, max, seed);
}
