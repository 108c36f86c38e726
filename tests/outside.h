/* The log of a running service, checked from outside: by the program's own `verify`, and by a verifier
 * that shares no code with it (tests/outside/verify.py). */
#ifndef TESTS_OUTSIDE_H
#define TESTS_OUTSIDE_H

#include "tests/api_service.h"

enum { OUTSIDE_SAID_MAX = 4096 };

/* So many previews, asked of the API tests' service. */
void outside_decide(int count);

/* Runs `breakwater verify` (or `monitor`) with the arguments behind place, key and key of an auditor;
 * gives out its exit status and all that it said. The program is BREAKWATER_PROGRAM, else
 * build/breakwater. */
int outside_program(const struct api_service *service, const char *command, const char *arguments,
                    char said[static OUTSIDE_SAID_MAX]);

/* The same of the foreign verifier. */
int outside_foreign(const struct api_service *service, char said[static OUTSIDE_SAID_MAX]);

/* Both must find nothing. */
void outside_check(const struct api_service *service);

#endif
