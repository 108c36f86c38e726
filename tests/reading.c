/* Any record from its JSON in a few words. */
#include "tests/reading.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/json.h"
#include "risk/volatility.h"

enum { READING_BYTES_MAX = 1 << 20, PATH_BYTES = 1024, LINE_BYTES = 256, ROWS_MAX = 1000 };

void
reading_open(struct arena *arena, const struct record *record, const char *text, void *out)
{
    struct faults faults;
    char *json = strdup(text);

    ck_assert_ptr_nonnull(json);
    for (char *quote = strchr(json, '\''); quote; quote = strchr(quote, '\''))
        *quote = '"';
    arena_open(arena, READING_BYTES_MAX);
    faults_open(&faults, 1);
    if (!json_read(record, json, strlen(json), arena, out, &faults))
        ck_abort_msg("%s: %s %s", faults.items[0].pointer, faults.items[0].code,
                     faults.items[0].detail);
    free(json);
}

const char *
canonical_text(struct arena *arena, const struct record *record, const void *in)
{
    struct text text;

    text_open(&text, arena, 4096, READING_BYTES_MAX);
    json_write(record, in, JSON_CANONICAL, &text);
    text_add(&text, "", 1);
    ck_assert(!text.is_full);
    return text.bytes;
}

struct candle *
candles_read(const char *name, size_t *count)
{
    const char *shared = getenv("BREAKWATER_SHARED");
    char path[PATH_BYTES];
    char line[LINE_BYTES];
    struct candle *candles;
    FILE *file;

    snprintf(path, sizeof path, "%s/data/candles/%s", shared ? shared : "../shared", name);
    file = fopen(path, "r");
    if (!file) {
        printf("candles: skipped, as %s cannot be read\n", path);
        return NULL;
    }
    candles = calloc(ROWS_MAX, sizeof *candles);
    ck_assert_ptr_nonnull(candles);
    *count = 0;
    while (*count < ROWS_MAX && fgets(line, sizeof line, file)) {
        struct candle *candle = &candles[*count];
        char *at = strchr(line, ',');
        if (!at || strncmp(line, "time", 4) == 0)
            continue;
        candle->open = strtod(at + 1, &at);
        candle->high = strtod(at + 1, &at);
        candle->low = strtod(at + 1, &at);
        candle->close = strtod(at + 1, &at);
        ++*count;
    }
    fclose(file);
    return candles;
}
