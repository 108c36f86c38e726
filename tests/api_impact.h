/* The impact of a proposal, asked of the whole service. Part of the suite "api". */
#ifndef TESTS_API_IMPACT_H
#define TESTS_API_IMPACT_H

#include <check.h>

/* To a case in which each test opens a service of its own. */
void api_impact_add_apart(TCase *tcase);

#endif
