/* Whether a computed number is the expected one, to a relative tolerance. */
#ifndef TESTS_NEAR_H
#define TESTS_NEAR_H

#include <stdbool.h>

#include <check.h>

/* False for NaN; an expected 0 or infinity is to be met exactly. */
static inline bool
is_near(double ours, double expected, double relative)
{
    double difference = ours > expected ? ours - expected : expected - ours;
    double magnitude = expected < 0 ? -expected : expected;
    return ours == expected || difference <= magnitude * relative;
}

#define ck_assert_near(ours, expected, relative) \
    ck_assert_msg(is_near(ours, expected, relative), "%s is %.17g, expected %.17g", #ours, ours, \
                  (double)(expected))

#endif
