/* The first keys of a database, into a file that only its owner may read. */
#include "db/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libpq-fe.h>

enum { PATH_BYTES_MAX = 4096 };

static bool
fail(char why[static DATABASE_WHY_MAX], const char *what, const char *reason)
{
    snprintf(why, DATABASE_WHY_MAX, "cannot write the first keys: %.180s: %.80s", what, reason);
    return false;
}

static bool
has_keys(struct connection *connection, bool *has, char why[static DATABASE_WHY_MAX])
{
    PGresult *rows;

    if (run(connection, "SELECT 1 FROM breakwater.api_key LIMIT 1", NULL, 0, &rows))
        return fail(why, "the database", connection->why);
    *has = PQntuples(rows) > 0;
    PQclear(rows);
    return true;
}

static bool
write_keys(struct connection *connection, FILE *file, char why[static DATABASE_WHY_MAX])
{
    for (size_t role = 0; key_roles[role]; role++) {
        char       secret[KEY_SECRET_MAX];
        struct caller_key key;
        unsigned   roles;
        if (!key_roles_parse(key_roles[role], &roles) ||
            key_create(connection, NULL, roles, key_roles[role], secret, &key))
            return fail(why, "the database", connection->why);
        fprintf(file, "%s %s\n", key_roles[role], secret);
        explicit_bzero(secret, sizeof secret);
    }
    if (fflush(file) || ferror(file) || fsync(fileno(file)))
        return fail(why, "the file", strerror(errno));
    return true;
}

/* A file that is left over from an attempt that was cut off holds keys that
 * nobody knows: it is made anew. */
static FILE *
open_new(const char *path)
{
    unlink(path);
    int   fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

    if (!file && fd >= 0)
        close(fd);
    return file;
}

/* The file is in its place before the keys are committed: keys that nobody was told would be lost
 * for good, a file that is ahead of the database is written again. */
static bool
write_file(struct connection *connection, const char *path, char why[static DATABASE_WHY_MAX])
{
    char  draft[PATH_BYTES_MAX];
    snprintf(draft, sizeof draft, "%s.new", path);
    FILE *file = open_new(draft);

    if (!file)
        return fail(why, draft, strerror(errno));
    bool is_written = write_keys(connection, file, why);
    fclose(file);
    if (is_written && rename(draft, path))
        is_written = fail(why, path, strerror(errno));
    if (!is_written)
        unlink(draft);
    return is_written;
}

bool
keys_write_first(struct connection *connection, const char *path, char why[static DATABASE_WHY_MAX])
{
    bool has = false;

    if (strlen(path) + sizeof ".new" > PATH_BYTES_MAX)
        return fail(why, path, "the path is too long");
    if (transaction_begin(connection))
        return fail(why, "the database", connection->why);
    bool is_good = !run_command(connection, "LOCK TABLE breakwater.api_key IN EXCLUSIVE MODE", NULL,
                                0, NULL);
    is_good = is_good
              ? has_keys(connection, &has, why)
              : fail(why, "the database", connection->why);
    if (is_good && !has)
        is_good = write_file(connection, path, why);
    if (is_good && !transaction_commit(connection))
        return true;
    if (connection->in_transaction)
        transaction_rollback(connection);
    return is_good ? fail(why, "the database", connection->why) : false;
}
