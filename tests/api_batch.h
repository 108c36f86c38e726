/* Batches of previews over HTTP. Parts of the suite "api". */
#ifndef TESTS_API_BATCH_H
#define TESTS_API_BATCH_H

#include <check.h>

/* To a case whose fixture opens the service, and to one in which each test opens its own. */
void api_batch_add(TCase *tcase);
void api_batch_add_apart(TCase *tcase);

#endif
