/* A fresh database opened by our own code, and the log in it checked by its own algebra. */
#ifndef TESTS_OPENED_H
#define TESTS_OPENED_H

#include "db/database.h"
#include "tests/postgres.h"

struct opened { char url[POSTGRES_URL_MAX]; struct database *database; struct connection connection; };

void opened_fresh(struct opened *opened);
void opened_close(struct opened *opened);

/* Every record of every instance: its counter gapless from 0, `prev` the commitment before it, its entry in the queue that of its
 * salt and bytes, the first an `open`. Then what waits is integrated, and tree, tiles, root and
 * search rows are checked. Fails the test where that is not so. Returns how many decisions there are. */
int64_t log_check(const char *url);

#endif
