/* A disk that becomes full under the service. Parts of the suite "api". */
#ifndef TESTS_API_DISK_H
#define TESTS_API_DISK_H

#include <check.h>

/* To a case in which each test opens its own service. */
void api_disk_add_apart(TCase *tcase);

#endif
