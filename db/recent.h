/* The last decisions of a market, with the states that they were computed in, page by page. For worker
 * threads. What is read has been integrated into the log: the newest second may be missing. */
#ifndef DB_RECENT_H
#define DB_RECENT_H

#include "db/decisions.h"

enum { RECENT_PAGE_MAX = 256, RECENT_NO_STATE = RECENT_PAGE_MAX };

struct recent_decision {
    int64_t     idx;                      /* its place in the log */
    const char *id, *account;             /* account NULL: it has no name */
    const char *record;                   /* exact bytes */
    size_t      record_count;
    size_t      state;                    /* of the page's states; RECENT_NO_STATE: it is gone */
};

struct recent_state { struct digest sha256; const char *bytes; size_t count; };   /* NULL: gone */

struct recent_page {
    struct recent_decision items[RECENT_PAGE_MAX];
    size_t                 count;
    struct recent_state    states[RECENT_PAGE_MAX];       /* each once */
    size_t                 states_count;
};

/* Those before `below` (INT64_MAX: from the newest), newest first, `limit` at most (1 to
 * RECENT_PAGE_MAX). All that it holds is in the arena; states that do not fit there are left out.
 * NOTHING: there are no more. */
enum find recent_read(struct connection *connection, const char *market, int64_t below,
                      size_t limit, struct arena *arena, struct recent_page *page);

#endif
