/* The markets and what is in force, in memory: one immutable value behind a counted pointer. */
#ifndef DB_MARKETS_H
#define DB_MARKETS_H

#include "audit/digest.h"
#include "risk/parameters.h"

struct market {
    const char       *market;                 /* its name */
    const char       *title;
    int64_t           epoch;                  /* raised by every activation; the writer's fence */
    int64_t           version;                /* of the parameters in force, from 1 */
    struct digest     sha256;                 /* of the document's canonical bytes */
    int64_t           active_at;
    const char       *document;               /* canonical bytes */
    size_t            document_count;
    struct parameters parameters;             /* read and accepted */
};

struct markets {                              /* sorted by name */
    const struct market *items;
    size_t               count;
};

struct market_cache;

/* Holds the present value until it is released: from any thread, in a few nanoseconds. */
const struct markets *markets_hold(struct market_cache *cache);
void                  markets_release(struct market_cache *cache, const struct markets *markets);
const struct market  *market_find(const struct markets *markets, const char *name);     /* NULL: none */

#endif
