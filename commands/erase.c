/* breakwater erase: deletes one decision's record and salt, as a lawful order asks. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/opened.h"
#include "db/retention.h"

enum { REASON_BYTES_MAX = 1000 };

static void
report(void *context, const char *line)
{
    (void)context;
    fprintf(stderr, "breakwater: %s\n", line);
}

static bool
erase(struct connection *connection, const char *id, const char *reason)
{
    int64_t index;

    switch (decision_erase(connection, NULL, id, reason, &index)) {
    case RETENTION_DONE:
        printf("decision %s is erased; entry %" PRId64 " of the log stays, and nobody can open it\n", id,
               index);
        return true;
    case RETENTION_NOTHING:
        return fail(id, "there is no decision of this id, or it went before");
    case RETENTION_NOT_YET:
    case RETENTION_AWAY:
        return fail("the decision was not erased", connection->why);
    }
    return false;
}

int
command_erase(int argc, char **argv)
{
    struct opened     opened = { 0 };
    struct connection connection;

    if (argc != 4 || strcmp(argv[2], "--reason") || !*argv[3] || strlen(argv[3]) > REASON_BYTES_MAX) {
        fprintf(stderr, "usage: breakwater erase DECISION --reason TEXT (of at most %d bytes)\n",
                REASON_BYTES_MAX);
        return EXIT_FAILURE;
    }
    bool is_done = opened_read_settings(&opened) &&
                   opened_database(&opened, EMBEDDED_SHARE, report, NULL);
    if (is_done && !connection_open(&connection, opened.database))
        is_done = fail("database", connection.why);
    else if (is_done) {
        is_done = erase(&connection, argv[1], argv[3]);
        connection_close(&connection);
    }
    opened_close(&opened);
    return is_done ? EXIT_SUCCESS : EXIT_FAILURE;
}
