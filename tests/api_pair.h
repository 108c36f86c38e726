/* Two instances on one database. Parts of the suite "api". */
#ifndef TESTS_API_PAIR_H
#define TESTS_API_PAIR_H

#include <check.h>

/* To a case in which each test opens its own services. */
void api_pair_add_apart(TCase *tcase);

#endif
