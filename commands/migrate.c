/* breakwater migrate: brings the database to this program's schema, and ends. */
#include <stdio.h>
#include <stdlib.h>

#include "commands/commands.h"
#include "commands/opened.h"

static void
report(void *context, const char *line)
{
    (void)context;
    printf("%s\n", line);
}

int
command_migrate(int argc, char **argv)
{
    struct opened opened = { 0 };

    (void)argv;
    if (argc > 1) {
        fail("migrate",
             "it takes no arguments; BREAKWATER_DATABASE_URL says where the database is");
        return EXIT_FAILURE;
    }
    bool is_done = opened_read_settings(&opened) &&
                   opened_database(&opened, EMBEDDED_SHARE, report, NULL);
    if (is_done)
        printf("the schema is up to date\n");
    opened_close(&opened);
    return is_done ? EXIT_SUCCESS : EXIT_FAILURE;
}
