/* A fresh database opened by our own code, and the log in it checked by its own algebra. */
#ifndef TESTS_OPENED_H
#define TESTS_OPENED_H

#include "db/integrate.h"
#include "tests/postgres.h"

struct opened { char url[POSTGRES_URL_MAX]; struct database *database; struct connection connection; };

void opened_fresh(struct opened *opened);
void opened_close(struct opened *opened);

/* The same with a log of `origin`, signed by an integrator's key of this seed. */
extern const uint8_t opened_seed[KEY_BYTES];
void opened_log(struct opened *opened, const char *origin, struct signer *signer,
                struct integrator *integrator);

/* Every record of every instance: its counter gapless from 0, `prev` the commitment before it, its entry in the queue that of its
 * salt and bytes, the first an `open`. Then what waits is integrated, and tree, tiles, root and
 * search rows are checked. Fails the test where that is not so. Returns how many decisions there are. */
int64_t log_check(const char *url);

#endif
