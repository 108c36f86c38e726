/* What a request may cost, over HTTP. Part of the suite "api". */
#ifndef TESTS_API_COST_H
#define TESTS_API_COST_H

#include <check.h>

/* To a case in which each test opens a service of its own. */
void api_cost_add_apart(TCase *tcase);

#endif
