/* The depth of one asset from its JSON, for the tests of what is computed from it. */
#include "tests/venues.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/json.h"
#include "risk/sweep.h"

enum { MARKET_BYTES_MAX = 64 << 20 };

void
market_open(struct market *market, const char *venues)
{
    size_t bytes = strlen(venues) + 64;
    char *text = malloc(bytes);
    struct faults faults;

    ck_assert_ptr_nonnull(text);
    snprintf(text, bytes, "{\"prices\":{\"A\":\"1\"},\"depth\":{\"A\":%s}}", venues);
    for (char *quote = strchr(text, '\''); quote; quote = strchr(quote, '\''))
        *quote = '"';
    arena_open(&market->arena, MARKET_BYTES_MAX);
    faults_open(&faults, 1);
    if (!json_read(&state_record, text, strlen(text), &market->arena, &market->state, &faults) ||
        !state_accept(&market->state, "", &faults))
        ck_abort_msg("%s: %s %s", faults.items[0].pointer, faults.items[0].code,
                     faults.items[0].detail);
    free(text);
    market->depth = state_depth(&market->state, "A");
    ck_assert_ptr_nonnull(market->depth);
}

void
market_close(struct market *market)
{
    arena_close(&market->arena);
}

struct decimal
number(const char *text)
{
    struct decimal value = DECIMAL_NONE;

    if (decimal_parse(text, strlen(text), &value) != DECIMAL_GOOD)
        ck_abort_msg("%s is no decimal", text);
    return value;
}

struct depth
depth_at(const struct market *market, enum depth_side side, const char *price)
{
    struct depth depth;

    depth_open(&depth, market->depth, side, number(price), decimal_unit, decimal_unit);
    return depth;
}

struct walk
walk_of(const struct depth *depth, const char *quantity)
{
    struct walk walk;

    ck_assert(depth_walk(depth, number(quantity), &walk));
    return walk;
}

double
margin_of(const struct depth *depth, double quantity)
{
    struct sweep sweep;
    struct segment segment;

    sweep_open(&sweep, depth, SWEEP_ALL_VENUES);
    while (sweep_next(&sweep, &segment)) {
        double left = quantity - sweep.quantity;
        double x = segment.is_level ? 0 : segment_x(&segment, left);
        if (segment.quantity >= left)
            return segment.is_level ? segment.net_end : x * x;
        sweep_pass(&sweep, &segment);
    }
    return 0;
}
