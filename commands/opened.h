/* The database as a command needs it: the one that the settings name, or
 * the private one, for a moment. */
#ifndef COMMANDS_OPENED_H
#define COMMANDS_OPENED_H

#include "db/database.h"
#include "db/embedded.h"
#include "record/arena.h"
#include "server/settings.h"

enum { PATH_BYTES_MAX = 512 };

struct opened {
    struct arena     arena;
    struct settings  settings;
    /* "" until it is asked for: the folder of the private database, or of the log's keys */
    char             state[PATH_BYTES_MAX];
    struct embedded *embedded;                    /* NULL: the database is another's */
    struct database *database;
};

/* Reads the settings and says on stderr what is wrong with them. */
bool opened_read_settings(struct opened *opened);

/* Starts the private database where none is named, and opens it. Says on stderr why it cannot. */
bool opened_database(struct opened *opened, enum embedded_use use,
                     void (*report)(void *context, const char *line), void *context);
/* The folder for what must not be in the database; made where it is not there. */
bool opened_state(struct opened *opened);
void opened_close(struct opened *opened);

/* "breakwater: what: why" on stderr; false. */
bool fail(const char *what, const char *why);

#endif
