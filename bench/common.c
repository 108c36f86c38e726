/* Faults, books and clocks for the programs of this folder. */
#include "bench/common.h"

#include <stdio.h>
#include <stdlib.h>

void
bench_stop(const char *what, const struct faults *faults)
{
    fprintf(stderr, "%s: %s %s\n", what, faults->count ? faults->items[0].pointer : "",
            faults->count ? faults->items[0].detail : "");
    exit(EXIT_FAILURE);
}

void
bench_add_side(struct text *text, const char *name, double first, double step, int levels)
{
    text_format(text, "\"%s\":[", name);
    for (int i = 0; i < levels; i++)
        text_format(text, "%s[\"%.4f\",\"%.4f\"]", i ? "," : "", first + step * i,
                    0.5 + 0.137 * (i % 200));
    text_add_string(text, "]");
}

int64_t
bench_clock_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
