/* Decisions: computed here in memory, recorded by the writer, answered only then. */
#ifndef HANDLERS_DECIDE_H
#define HANDLERS_DECIDE_H

#include "db/decisions.h"
#include "server/request.h"

struct visit;

/* POST: the same question, answered whole or in part (handlers/answers.h). */
enum problem create_preview(struct request *request, struct reply *reply);
enum problem create_penalty(struct request *request, struct reply *reply);
enum problem create_liquidation_price(struct request *request, struct reply *reply);
enum problem create_suggestion(struct request *request, struct reply *reply);

/* After one of them: to the writer, and when it is durable, the answer. */
enum problem submit_decision(struct visit *visit);
enum problem complete_decision(struct request *request, struct reply *reply);

/* GET /v1/decisions/{decision}: what was answered then, made from the stored record. On a worker. */
enum problem get_decision(struct request *request, struct reply *reply);

/* By who made it, and by auditors. An anonymous one by whoever may ask anonymously. An id that is not
 * the caller's is answered as one that nobody has. */
bool decision_may_be_read(const struct request *request, const struct stored_decision *stored);

/* `nothing`: the problem where it is not there. */
enum problem problem_of_find(enum find found, enum problem nothing);

#endif
