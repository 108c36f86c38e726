/* Decisions searched, exported and computed again, over HTTP. Parts of the suite "api". */
#ifndef TESTS_API_DECISIONS_H
#define TESTS_API_DECISIONS_H

#include <check.h>

/* To a case in which each test opens its own service. */
void api_decisions_add_apart(TCase *tcase);

#endif
