/* Where a log that is verified comes from: a service's URL, or a mirror of the same paths on a disk. */
#ifndef COMMANDS_SOURCE_H
#define COMMANDS_SOURCE_H

#include <stdio.h>

#include "audit/tree.h"
#include "record/arena.h"
#include "server/fetch.h"

enum { SOURCE_WHY_MAX = FETCH_WHY_MAX + 256, SOURCE_TOKEN_MAX = 256, SOURCE_PLACE_MAX = 1024 };

struct source {
    char                 place[SOURCE_PLACE_MAX];         /* without a slash at its end */
    struct fetch_client *client;                          /* NULL: a mirror */
    char                 authorization[SOURCE_TOKEN_MAX + 8];
    FILE                *records;                         /* of a mirror */
    int64_t              records_next;                    /* the entry of its next line */
    struct arena         arena;
    char                 why[SOURCE_WHY_MAX];
};

struct source_settings {
    const char *place;                    /* http://, https://, or a folder */
    const char *token_file;               /* NULL: none is sent */
    const char *authority_file;           /* as fetch_settings */
    bool        uses_proxy;
    const char *agent;
};

/* Otherwise than FOUND, `why` says what happened. */
enum source_result { SOURCE_FOUND, SOURCE_ABSENT, SOURCE_FORBIDDEN, SOURCE_AWAY };
struct source_bytes { const char *bytes; size_t count; };

/* False: `why`. */
bool source_open(struct source *source, const struct source_settings *settings);
void source_close(struct source *source);

/* The bytes of a path, "log/checkpoint"; good until the next one is read. What a server fails to
 * answer is asked for again a few times. */
enum source_result source_read(struct source *source, const char *path, size_t bytes_max,
                               struct source_bytes *out);

/* A tile or a bundle; a mirror may hold the full tile in place of a partial one. */
enum source_result source_tile(struct source *source, const struct tile *tile,
                               struct source_bytes *out);

/* Lines of records, from entry `first` to before `end` at most; there may be fewer, but one at least
 * unless it is the mirror's end. A mirror holds them all in the file log/records, and they are read
 * in order. */
enum source_result source_records(struct source *source, int64_t first, int64_t end,
                                  struct source_bytes *out);

/* For proofs; what it could not read is in source->why. */
struct tile_reader source_reader(struct source *source);

#endif
