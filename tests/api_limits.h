/* Who may ask, how often, and for how much. Part of the suite "api". */
#ifndef TESTS_API_LIMITS_H
#define TESTS_API_LIMITS_H

#include <check.h>

/* To a case in which each test opens a service of its own. */
void api_limits_add_apart(TCase *tcase);

#endif
