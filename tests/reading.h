/* Any record from its JSON in a few words, in which ' may stand for ". */
#ifndef TESTS_READING_H
#define TESTS_READING_H

#include "record/arena.h"
#include "record/record.h"

/* Opens the arena and reads the text into it; fails the test where it is not accepted. */
void reading_open(struct arena *arena, const struct record *record, const char *text, void *out);

/* The canonical text of what a record describes, NUL-ended, in the arena. */
const char *canonical_text(struct arena *arena, const struct record *record, const void *in);

/* data/NAME of the shared folder, NULL and a printed message where it cannot be read; a candle for
 * each row "time,open,high,low,close,volume" after the first. The caller frees it. */
struct candle;
struct candle *candles_read(const char *name, size_t *count);

#endif
