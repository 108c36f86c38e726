/* Receipts with the answer to a decision: only on request, since a signature costs more than the
 * decision (log.md 5). */
#ifndef HANDLERS_RECEIPTS_H
#define HANDLERS_RECEIPTS_H

#include "audit/digest.h"
#include "server/request.h"

/* Where a POST asks for one ("Prefer: receipt"): the signed note over the commitment of a decision
 * that is durable, in the request's arena, and the reply says that the preference was applied. NULL
 * in `receipt`: none was asked for. False: no memory. */
bool receipt_make(struct request *request, const struct digest *commitment, struct reply *reply,
                  const char **receipt);

#endif
