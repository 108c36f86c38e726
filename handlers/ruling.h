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
    struct text              document;        /* its canonical bytes, then */
    struct digest            sha256;
};

/* `market` and `parameters` as the request names them: one of them, not both. What it finds is held
 * by `markets`, or in the request's arena. */
enum problem ruling_find(struct request *request, const struct markets *markets,
                         const char *market, struct parameters *parameters,
                         struct ruling *out, struct reply *reply);

#endif
