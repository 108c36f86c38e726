/* The versions of a market beside the one in force: earlier ones that some accounts are still under,
 * and those that are to come. Private to db/markets.c. */
#ifndef DB_MARKET_EDITIONS_H
#define DB_MARKET_EDITIONS_H

#include "db/markets.h"
#include "record/arena.h"

/* Fills editions and scheduled of a market that is otherwise loaded. False: `why`; it is empty where
 * the database did not answer as it should. */
bool market_editions_load(struct connection *connection, struct arena *arena,
                          struct market *market, char why[static DATABASE_WHY_MAX]);

#endif
