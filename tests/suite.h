/* Every test file offers one suite; tests/run.c runs them all in one Check runner. */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <check.h>

/* One line a suite, here and in tests/run.c's list: Suite *decimal_suite(void); */
Suite *decimal_suite(void);

#endif
