/* Proposals: made, read, listed. On workers. */
#ifndef HANDLERS_PROPOSALS_H
#define HANDLERS_PROPOSALS_H

#include "server/request.h"

extern const struct record new_proposal_record, proposal_query_record, proposal_list_record;

enum problem create_proposal(struct request *request, struct reply *reply);
enum problem get_proposal(struct request *request, struct reply *reply);
enum problem list_proposals(struct request *request, struct reply *reply);

#endif
