/* The vectors of vectors/log that are about HTTP, asked of the service. Part of the suite "api". */
#ifndef TESTS_API_LOG_VECTORS_H
#define TESTS_API_LOG_VECTORS_H

#include <check.h>

/* To a case in which each test opens its own service. */
void api_log_vectors_add_apart(TCase *tcase);

#endif
