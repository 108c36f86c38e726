/* What becomes of a proposal by people: approval, rejection, cancellation. On workers. */
#ifndef HANDLERS_VOTES_H
#define HANDLERS_VOTES_H

#include "server/request.h"

extern const struct record new_approval_record, proposal_ending_record;

enum problem create_approval(struct request *request, struct reply *reply);
enum problem create_rejection(struct request *request, struct reply *reply);
enum problem create_cancellation(struct request *request, struct reply *reply);

#endif
