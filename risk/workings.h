/* For each figure the formula, the numbers put in, and the price it stands on: what a holder can
 * check by hand. */
#ifndef RISK_WORKINGS_H
#define RISK_WORKINGS_H

#include "record/text.h"
#include "risk/figures.h"
#include "risk/question.h"

/* Appends a JSON array of `working` records for figures that preview_compute gave for the same
 * question and time: of those that `answer` has, WORKINGS_MAX at most. */
void workings_write(const struct question *question, int64_t now_us,
                    const struct figures *figures, const struct record *answer, struct text *out);

#endif
