/* The state that a question is put to: its own, one that it names by hash, or the market's latest. */
#ifndef HANDLERS_GIVEN_H
#define HANDLERS_GIVEN_H

#include "db/snapshots.h"
#include "risk/question.h"
#include "server/request.h"

struct visit;

/* Lives as long as the request. */
struct given {
    const struct state    *state;             /* accepted */
    const struct snapshot *snapshot;          /* what a feed pushed; NULL: the state is of a request */
    struct digest          sha256;            /* of the canonical bytes: */
    const char            *bytes;
    size_t                 count;
    bool                   is_latest;         /* of the market, as nobody named it: it may be too old */
    bool                   must_load;         /* nothing else is set: given_load first, on a worker, then again */
};

/* `state` as the request has it, NULL: none. `market` NULL: the request brings its own parameters. */
enum problem given_find(struct request *request, struct state *state, const struct market *market, struct given *out,
                        struct reply *reply);

/* 409 where a price that the question needs is too old in the market's latest. */
enum problem given_check(const struct request *request, const struct given *given, const struct market *market,
                         const struct question *question, struct reply *reply);

/* Loads what visit->wanted names; the request is asked again afterwards. */
enum problem given_load(struct request *request, struct reply *reply);

#endif
