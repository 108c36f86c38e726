/* Decisions that were answered before, made again from their records' own bytes. On a worker. */
#ifndef HANDLERS_STORED_H
#define HANDLERS_STORED_H

#include "db/decisions.h"
#include "server/request.h"

/* GET /v1/decisions/{decision}: what was answered then. */
enum problem get_decision(struct request *request, struct reply *reply);

/* The decision that the path names, args[0]. It is read by who made it, and by auditors; an anonymous
 * one by whoever may ask anonymously. NO_SUCH_DECISION: also of an id that is not the caller's.
 * DECISION_PRUNED: there was one, and its record was deleted. */
enum problem named_decision_find(struct request *request, struct stored_decision *out);

/* `nothing`: the problem where it is not there. */
enum problem problem_of_find(enum find found, enum problem nothing);

/* The idempotency key was used before: the same body, sent to the same operation, gets the stored
 * answer; `reply` is then complete, and no longer waits for what is pending. */
enum problem replay_decision(struct request *request, struct reply *reply);

/* What was stored with the request's key; KEY_IN_FLIGHT; KEY_REUSED where the body is another. */
enum problem stored_answer_find(struct request *request, struct stored_answer *out);
/* The decision with this id; KEY_REUSED where it is not of the kind. */
enum problem stored_decision_find(struct request *request, const char *id, const char *kind,
                                  struct stored_decision *out);
/* Appends what was answered; false: the record lacks something, or there is no memory. */
bool         stored_answer_write(struct request *request, const struct stored_decision *stored,
                                 const struct text *workings, struct reply *reply,
                                 struct text *out);

/* Location: /v1/decisions/{id}; false: no memory. */
bool         reply_add_location(struct request *request, const char *id, struct reply *reply);

#endif
