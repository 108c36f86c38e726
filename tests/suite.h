/* Each tests/NAME_test.c offers one suite, `Suite *NAME_suite(void)`; the Makefile lists them by file name. */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <check.h>

#define SUITE(name) Suite *name##_suite(void);
#include "tests/suites.def"
#undef SUITE

#endif
