/* Figures over HTTP whose values were calculated by hand: the API's part of the suite "api". */
#ifndef TESTS_API_FIGURES_H
#define TESTS_API_FIGURES_H

#include <check.h>

/* Adds the tests; the case's fixture opens the service. */
void api_figures_add(TCase *tcase);

#endif
