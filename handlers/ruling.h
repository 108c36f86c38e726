/* The rules that a question is put to: a market's, in force now, or a document of the request's. */
#ifndef HANDLERS_RULING_H
#define HANDLERS_RULING_H

#include "db/markets.h"
#include "record/text.h"
#include "risk/question.h"
#include "server/request.h"

struct ruling {
    const struct parameters *parameters;
    const struct market     *market;          /* NULL: a document of the request's */
    int64_t                  version, active_at;      /* of the market's; INTEGER_NONE likewise */
    struct text              document;        /* its canonical bytes, then */
    struct digest            sha256;
};

/* `market` and `parameters` as the request names them: one of them, not both. What it finds is held
 * by `markets`, or in the request's arena. */
enum problem ruling_find(struct request *request, const struct markets *markets,
                         const char *market, struct parameters *parameters,
                         struct ruling *out, struct reply *reply);

/* The rules as they are for this account: the version in force, or one before it that the account
 * keeps (edition.h). MEANINGLESS: it names a version that is not there yet. */
enum problem ruling_for_account(struct ruling *ruling, const struct account *account,
                                struct reply *reply);

/* What is coming to an account under these rules, into the question. False: no memory. */
bool ruling_foresee(const struct ruling *ruling, int64_t now_us, struct arena *arena,
                    struct question *question);

#endif
