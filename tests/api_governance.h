/* Proposals from the first request to the version in force, and what is refused on the way. Parts of
 * the suite "api". */
#ifndef TESTS_API_GOVERNANCE_H
#define TESTS_API_GOVERNANCE_H

#include <check.h>

void api_governance_add(TCase *tcase);
void api_governance_add_apart(TCase *tcase);

#endif
