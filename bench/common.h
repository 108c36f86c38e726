/* What the programs of this folder share. */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#include <stdint.h>
#include <time.h>

#include "record/fault.h"
#include "record/text.h"

/* Says the first fault, and ends the program. */
_Noreturn void bench_stop(const char *what, const struct faults *faults);

/* One side of a book, as a member of that name: prices go on by `step` from `first`. */
void bench_add_side(struct text *text, const char *name, double first, double step, int levels);

int64_t bench_clock_ns(clockid_t clock);

#endif
