/* The worked numbers of the risk model, by key, and how this project arrives at each.
 *
 * A file tests/model_NAME.c offers `const struct model_case NAME_cases[]` and their count; a
 * line in tests/model_tables.def makes the suite "model" compare them with the vectors. */
#ifndef TESTS_MODEL_H
#define TESTS_MODEL_H

#include <stddef.h>

/* Of compute and compute_text one is given: a number, or a text such as "book+v3" or "none". */
struct model_case {
    const char *key;                    /* of the vectors file, such as "2.b.lvar" */
    double (*compute)(void);
    double relative;                    /* the tolerance; 0 stands for MODEL_CLOSED_FORM */
    const char *(*compute_text)(void);
};

#define MODEL_CLOSED_FORM 1e-9
#define MODEL_NESTED_ROOT 1e-7

#define TABLE(name) \
    extern const struct model_case name##_cases[]; \
    extern const size_t name##_cases_count;
#define SECTION(number)
#include "tests/model_tables.def"
#undef TABLE
#undef SECTION

#endif
