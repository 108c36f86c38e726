/* The check of the whole log that the service makes once a day, now:
 * log_check DATABASE_URL KEY_FILE. Exit status 0: all is good; else one line says what is not. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/database.h"
#include "db/log_check.h"

enum { LINE_BYTES = 512 };

static bool
fail(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    return false;
}

static bool
read_key(const char *path, struct key *key)
{
    char  line[LINE_BYTES];
    FILE *file = fopen(path, "re");

    if (!file)
        return fail(path, "it cannot be opened");
    size_t count = fread(line, 1, sizeof line, file);
    fclose(file);
    enum verdict verdict = key_parse(line, count, key);
    return !verdict || fail(path, verdict_text(verdict));
}

static bool
check(struct connection *connection, const struct key *key)
{
    struct log_check_settings settings = { .key = key };
    char                      why[DATABASE_WHY_MAX] = "it does not answer";
    int64_t                   size;

    if (log_check_all(connection, &settings, &size, why) != LOG_CHECK_GOOD)
        return fail("the log", why);
    printf("%" PRId64 " entries are good\n", size);
    return true;
}

int
main(int argc, char **argv)
{
    struct connection connection;
    struct key        key;
    char              why[DATABASE_WHY_MAX];

    if (argc != 3) {
        fprintf(stderr, "usage: log_check DATABASE_URL KEY_FILE\n");
        return EXIT_FAILURE;
    }
    if (!read_key(argv[2], &key))
        return EXIT_FAILURE;
    struct database_settings settings = { .url = argv[1] };
    struct database         *database = database_open(&settings, why);
    if (!database)
        return fail("the database", why) ? EXIT_SUCCESS : EXIT_FAILURE;
    bool is_good = connection_open(&connection, database) && check(&connection, &key);
    connection_close(&connection);
    database_close(database);
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
