/* GET /v1/proposals/{proposal}/impact: what it would do to the accounts that decisions were made on. */
#ifndef HANDLERS_IMPACT_H
#define HANDLERS_IMPACT_H

#include "server/request.h"

extern const struct record impact_query_record, impact_answer_record;

/* On a producer. With Accept: text/event-stream it tells how far it is, and ends when nobody listens.
 * One at a time in all of the service: 429. Names of accounts and decisions for auditors only: a list
 * of accounts near liquidation is a hunting list. */
enum problem get_impact(struct request *request, struct reply *reply);

#endif
