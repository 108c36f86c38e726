/* Which of several PostgreSQLs is written to, and that it is none that was left behind. After a
 * fail-over the old primary may come back and take writes again, and libpq's list of hosts would
 * find it first. Each promotion begins a new timeline, so: a server of an older timeline than one
 * that was seen is refused, and so is one of another system identifier; connections that are open
 * to it count as gone. Any thread. */
#ifndef DB_PRIMARY_H
#define DB_PRIMARY_H

#include "db/database.h"

enum { PRIMARY_HOSTS_MAX = 8 };

struct primary;

/* `path` (NULL: none) is a file in which the newest timeline outlives the process; removing it is
 * how an operator says that an older one is meant. NULL: no memory. */
struct primary *primary_open(const char *url, const char *path);
void            primary_close(struct primary *primary);

/* At least 1. */
size_t          primary_hosts_count(const struct primary *primary);
/* The host that was accepted last: the first one to try. */
size_t          primary_last_good(const struct primary *primary);
/* In place of the connection string's lists; NULL: as the connection string says. */
struct primary_host { const char *host, *hostaddr, *port; };
struct primary_host primary_host_at(const struct primary *primary, size_t index);

/* On a new connection to host number `index`: false: it is not one to write to (`why` of the
 * connection). Notes its timeline in the connection, and remembers it where it is the newest. */
bool            primary_accept(struct primary *primary, struct connection *connection,
                               size_t index);
/* Whether a connection's server is not behind one that was seen since. */
bool            primary_is_current(const struct primary *primary,
                                   const struct connection *connection);

#endif
