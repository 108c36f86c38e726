/* What is asked: an account, under a market's rules, in a state of the market. contract.md (The request). */
#ifndef RISK_QUESTION_H
#define RISK_QUESTION_H

#include "risk/account.h"
#include "risk/parameters.h"
#include "risk/state.h"

struct edition;
struct snapshot;

struct question {
    const char        *market;                /* or parameters, not both */
    struct parameters *parameters;            /* a whole document, in place of a market's */
    struct account     account;
    struct state      *state;                 /* NULL: the market's latest snapshot */
    const struct snapshot *snapshot;          /* that the state is of, not a member of the request; NULL: a request's own */
    const struct edition  *scheduled;         /* what is coming to the market, not members either */
    size_t                 scheduled_count;
    int                at;                    /* enum at */
    int64_t            horizon_s;             /* INTEGER_NONE: the document's */
    struct liquidator *liquidator;
    bool               workings;
};

extern const struct record question_record;
extern const struct record inputs_record;     /* the question without its state and parameters: what is recorded of it */

#endif
