/* The markets and what is in force, in memory: one immutable value behind a counted pointer. */
#ifndef DB_MARKETS_H
#define DB_MARKETS_H

#include "db/database.h"
#include "risk/edition.h"
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
    /* Oldest first, this one last: those that accounts may still be under (edition.h). */
    const struct edition *editions;
    size_t            editions_count;
    /* What is to come, by time: loaded ahead. The number of each is what it will be if nothing comes
     * in between. */
    const struct edition *scheduled;
    size_t            scheduled_count;
};

struct markets {                              /* sorted by name */
    const struct market *items;
    size_t               count;
};

struct market_cache;

/* Holds the present value until it is released: from any thread, in a few nanoseconds. */
const struct markets *markets_hold(struct market_cache *cache);
void                  markets_release(struct market_cache *cache, const struct markets *markets);
/* NULL: none */
const struct market  *market_find(const struct markets *markets, const char *name);

/* What a reload found new of a market: versions that came into force, oldest first, and what is
 * scheduled now. */
struct version_listed;
struct market_news {
    const struct market         *market;
    const struct version_listed *versions;
    size_t                       versions_count;
};
/* Told of all news from then on, by the thread that reloads, after the cache has it. Before others
 * reload. */
void market_cache_observe(struct market_cache *cache,
                          void (*tell)(void *context, const struct market_news *news),
                          void *context);

struct market_cache *market_cache_open(void);                         /* empty */
/* Reads what changed. False: the cache stays as it was; connection->why says why. A document that
 * this program cannot read keeps its market as it was (or absent), and is reported. */
bool                 market_cache_reload(struct market_cache *cache, struct connection *connection);
void                 market_cache_close(struct market_cache *cache);

/* A new market with version 1 of its parameters, in force at once; its record stands in the log.
 * In a transaction of its own unless one is open. The document must have been accepted; `document`
 * is canonical. CONFLICT: the market is there. */
struct new_market {
    const char *market, *title, *document;
    size_t      document_count;
    const char *actor, *why;
};
enum outcome market_create(struct connection *connection, const struct new_market *market);

/* The record of a version of a market's parameters, in the transaction that brings it, before any
 * decision may name it: from these alone one can tell what was in force at any time. */
struct logged_version {
    const char   *market;
    int64_t       version, active_at;
    struct digest sha256;
    const char   *actor, *why, *proposal;     /* proposal NULL: it came with the program */
};
enum outcome parameters_log(struct connection *connection, const struct logged_version *version);

/* The sample markets inside the program, where there is no market yet. False: `why`. */
bool samples_load(struct connection *connection, char why[static DATABASE_WHY_MAX]);

#endif
