/* A second reader of JSON, which shares no line with the first: what a text that Jansson read must be
 * to be what a record describes. */
#ifndef TESTS_JUDGE_H
#define TESTS_JUDGE_H

#include <jansson.h>
#include <regex.h>

#include "record/record.h"

struct judge { regex_t decimal, name, sha256, instant; };

void judge_open(struct judge *judge);
void judge_close(struct judge *judge);

/* Is the value of the record's shape, and, where `in` is a struct and not NULL, does that hold it? Of
 * a member that is any object (FIELD_OBJECT), only that it is one. */
bool judge_record(const struct judge *judge, const struct record *record, const json_t *json,
                  const char *in);

#endif
