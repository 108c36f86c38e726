/* What becomes of proposals by the database's clock: at their time they become the version in force,
 * expire, or lose approvals whose keys were revoked. Any number of instances may do it at once: each
 * proposal is moved in a transaction of its own, which the first of them makes. */
#ifndef DB_ACTIVATION_H
#define DB_ACTIVATION_H

#include "db/proposals.h"

/* Does what is due. `wait_us` gets the time until there is more to do; INT64_MAX: nothing is known of.
 * False: not all of it could be done; connection->why says why. */
bool governance_tend(struct connection *connection, int64_t *wait_us);

/* Locks the market against decisions and other activations until the transaction ends. */
enum outcome market_lock(struct connection *connection, const char *market);

/* In an open transaction, under market_lock: the proposal's document becomes the next version, is
 * logged, and counts from the commit on; `in_force` NULL: the market is created. Proposals that it
 * leaves without their base are superseded. CONFLICT: the market is there already. */
enum outcome proposal_activate(struct connection *connection, struct proposal *proposal,
                               const struct stored_version *in_force, struct actor actor,
                               int64_t now_us, struct arena *arena);

#endif
