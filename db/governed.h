/* A governance request and its idempotency key: one transaction that makes the change and keeps its
 * answer, so that the same request, to whichever instance, is answered alike and done once. */
#ifndef DB_GOVERNED_H
#define DB_GOVERNED_H

#include "db/database.h"
#include "record/arena.h"

/* What is answered, with status 201. */
struct governed_answer { const char *location, *tag, *bytes; size_t count; };

enum governed {
    GOVERNED_BEGUN,               /* the transaction is open: end it, or roll it back */
    GOVERNED_ANSWERED,            /* before: `stored` */
    GOVERNED_OTHER,               /* the key was used for another request */
    GOVERNED_IN_FLIGHT,           /* the same key is being worked on */
    GOVERNED_AWAY,
};

/* `request_sha256`: of the operation, its path and its body. */
struct governed_request { const char *caller, *key; struct digest request_sha256; };

enum governed governed_begin(struct connection *connection, const struct governed_request *request,
                             struct arena *arena, struct governed_answer *stored);
/* Keeps the answer and commits. AWAY: it is not known whether it was done; ask again. */
enum outcome  governed_end(struct connection *connection, const struct governed_request *request,
                           const struct governed_answer *answer);
/* Deletes those that are more than a day old; a bounded number. */
bool          governed_prune(struct connection *connection, int64_t before_us);

#endif
