/* Decisions: computed here in memory, recorded by the writer, answered only then. */
#ifndef HANDLERS_DECIDE_H
#define HANDLERS_DECIDE_H

#include "server/request.h"

struct decision;
struct visit;

/* POST: the same question, answered whole or in part (handlers/answers.h). */
enum problem create_preview(struct request *request, struct reply *reply);
enum problem create_penalty(struct request *request, struct reply *reply);
enum problem create_liquidation_price(struct request *request, struct reply *reply);
enum problem create_suggestion(struct request *request, struct reply *reply);

/* What a reply waits for, in reply->pending: a decision, with its followers. */
struct awaited {
    struct decision *first;
    void            *subject;                 /* a struct computation, or what the operation says */
    /* where the idempotency key was used before: answers, on a worker */
    enum problem   (*replay)(struct request *request, struct reply *reply);
};

/* To the writer, and when it is durable, the answer. */
enum problem submit_decision(struct visit *visit);
enum problem complete_decision(struct request *request, struct reply *reply);

/* For every kind of them. Before: may decisions be recorded now? After: the reply waits for
 * `first`; false: no memory. */
enum problem decide_begin(const struct request *request, struct reply *reply);
bool         decide_await(struct request *request, struct decision *first, void *subject,
                          enum problem (*replay)(struct request *request, struct reply *reply),
                          struct reply *reply);

#endif
