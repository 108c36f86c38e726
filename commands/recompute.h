/* Decisions of a log that is verified, computed again from what their records name. */
#ifndef COMMANDS_RECOMPUTE_H
#define COMMANDS_RECOMPUTE_H

#include "audit/verify.h"
#include "commands/source.h"

enum { RECOMPUTE_KEPT_MAX = 16 };

struct recompute {
    struct source  source;                /* of documents: a state stands under v1/snapshots/SHA256,
                                             parameters under v1/markets/MARKET/parameters?version= */
    struct verify *verify;
    const char    *record;                /* the one at hand */
    size_t         record_count;
    /* Parameters that were fetched last. */
    struct { struct digest sha256; char *bytes; size_t count; } kept[RECOMPUTE_KEPT_MAX];
    size_t         kept_next;
    int64_t        identical, incomplete, of_another_engine;
};

/* `source` is open. From now on `verify` has its decisions computed again: one that this version of
 * the program made and that comes out otherwise is a fault, and so is a document that is not the one
 * that its hash names. */
void recompute_begin(struct recompute *recompute, struct verify *verify);
void recompute_close(struct recompute *recompute);

#endif
