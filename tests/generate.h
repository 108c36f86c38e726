/* Bad inputs for a record, made from one good one. What a record refuses need not be written down a second time. */
#ifndef TESTS_GENERATE_H
#define TESTS_GENERATE_H

#include <stddef.h>

#include "record/record.h"

/* Calls `each` with texts of which each has exactly one fault of shape, and the code and JSON pointer that the fault must have: each
 * required member left out, each member of a wrong type, past each of its bounds, not in its form, given twice (the second
 * time also spelled with escapes), unknown members, lists and maps that are too long or too short, tags that name no case, and texts
 * that are no JSON. `good` is a text that the record accepts; the more members it has, the more is tried. */
void generate_bad_inputs(const struct record *record, const char *good,
                         void (*each)(void *context, const char *text, size_t bytes, const char *code,
                                      const char *pointer),
                         void *context);

#endif
