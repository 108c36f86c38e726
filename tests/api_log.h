/* The transparency log over HTTP, and receipts. Parts of the suite "api". */
#ifndef TESTS_API_LOG_H
#define TESTS_API_LOG_H

#include <check.h>

/* To a case whose fixture opens the service, and to one in which each test opens its own. */
void api_log_add(TCase *tcase);
void api_log_add_apart(TCase *tcase);

#endif
