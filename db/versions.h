/* The versions of a market's parameters, listed. For worker threads. */
#ifndef DB_VERSIONS_H
#define DB_VERSIONS_H

#include "db/decisions.h"

struct version_listed {
    int64_t     version, created_at, active_at;           /* microseconds */
    const char *sha256;
    const char *proposal, *holder, *why;  /* NULL: it came with the program; NULL: the service itself */
};

/* Newest first, or oldest first; beyond that version, 0: from the start. NOTHING: none, or no such
 * market. */
struct versions_wanted { const char *market; int64_t beyond, limit; bool is_ascending; };
enum find versions_list(struct connection *connection, const struct versions_wanted *wanted,
                        struct arena *arena, struct version_listed **items, size_t *count);

#endif
