/* Many accounts against one state of a market: one request, one commit, an answer for each. */
#ifndef HANDLERS_BATCH_H
#define HANDLERS_BATCH_H

#include "server/request.h"

extern const struct record preview_batch_record, preview_batch_answer_record;

/* POST /v1/previews/batch: each item is a question with the request's rules, state, time and
 * horizon, decided as POST /v1/previews would. What is wrong with one item is told in its place;
 * the others are recorded together or not at all. On a worker: a thousand accounts take as long as
 * a thousand previews. */
enum problem create_preview_batch(struct request *request, struct reply *reply);
enum problem complete_preview_batch(struct request *request, struct reply *reply);

#endif
