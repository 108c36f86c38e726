/* What takes more than one request: idempotency, reading back, keys, a database that goes away.
 * Parts of the suite "api". */
#ifndef TESTS_API_FLOWS_H
#define TESTS_API_FLOWS_H

#include <check.h>

/* To a case whose fixture opens the service, and to one in which each test opens its own. */
void api_flows_add(TCase *tcase);
void api_flows_add_apart(TCase *tcase);

#endif
