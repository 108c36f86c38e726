/* The client of witnesses (log.md 8, c2sp.org/tlog-witness): a thread for each witness of the policy asks
 * it to cosign each new checkpoint, and now and then the same one again, so that it has a time. */
#ifndef HANDLERS_WITNESSES_H
#define HANDLERS_WITNESSES_H

#include "audit/policy.h"
#include "db/sequencer.h"

struct witnesses;

struct witnesses_settings {
    struct database  *database;
    /* Held until each witness was asked once; halted by one that has cosigned more than there is. */
    struct sequencer *sequencer;
    const char       *origin;
    const struct policy *policy;              /* must outlive them, with its file's bytes */
    const char       *authority_file;         /* of certificates; NULL: the system's */
    int64_t           fresh_s;                /* 0: 60 */
};

/* NULL: no memory. */
struct witnesses *witnesses_open(const struct witnesses_settings *settings);

/* How many refuse, or speak nonsense: they are not asked again by this process. `why`: of the last. */
struct witnesses_status { int64_t alarmed; char why[DATABASE_WHY_MAX]; };
void              witnesses_status(struct witnesses *witnesses, struct witnesses_status *out);
void              witnesses_close(struct witnesses *witnesses);

#endif
