/* The private PostgreSQL of a service that was given none: under the state
 * directory, on a unix socket only. */
#ifndef DB_EMBEDDED_H
#define DB_EMBEDDED_H

#include "db/database.h"

enum { EMBEDDED_URL_MAX = 256 };

/* The service owns it, and stops it in the end; a command uses it while the service
 * runs, or starts it for a moment. */
enum embedded_use { EMBEDDED_OWN, EMBEDDED_SHARE };

struct embedded;

/* Makes it where it is new, starts it where it is not running (one that a killed service left
 * behind is taken over), as user postgres where we are root. It runs in a session of its own:
 * Ctrl-C does not reach it. The owner starts it again should it die. NULL: `why` says why. */
struct embedded *embedded_start(const char *state_directory, enum embedded_use use,
                                char why[static DATABASE_WHY_MAX]);
const char      *embedded_url(const struct embedded *embedded);
const char      *embedded_data(const struct embedded *embedded);     /* its data directory */
/* fast; leaves it alone where another one owns it */
void             embedded_stop(struct embedded *embedded);

/* BREAKWATER_STATE, else /var/lib/breakwater as root, else the XDG state
 * directory. False: none can be told. */
bool state_directory(char *path, size_t path_bytes);

#endif
