/* Compares the program's migration files with those that the
 * database remembers, and runs the rest. */
#include "db/migration.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "db/wait.h"

enum { FOLDER_COUNT = sizeof "migrations/" - 1 };

static bool
is_migration(const char *path)
{
    const char *name = path + FOLDER_COUNT;
    size_t      count = strlen(path);

    return !strncmp(path, "migrations/", FOLDER_COUNT) && strspn(name, "0123456789") == 4 &&
           name[4] == '_' && !strcmp(path + count - 4, ".sql");
}

static bool
fail(struct connection *connection, const char *what, char why[static DATABASE_WHY_MAX])
{
    snprintf(why, DATABASE_WHY_MAX, "%.60s: %.240s", what, connection->why);
    return false;
}

static bool
prepare(struct connection *connection, char why[static DATABASE_WHY_MAX])
{
    /* Two programs that start at once: CREATE ... IF NOT EXISTS
     * alone would collide in the catalog. */
    static const char sql[] =
        "SELECT pg_advisory_lock(7241, 3);"
        "CREATE TABLE IF NOT EXISTS public.breakwater_migration ("
        " name text PRIMARY KEY, sha256 text NOT NULL, ran_at timestamptz NOT NULL DEFAULT now())";
    return (!connection_set_patience(connection, 0, 0) && !run_script(connection, sql)) ||
           fail(connection, "cannot prepare the migrations", why);
}

/* The file of that name, or NULL. */
static const struct asset_file *
file_of(const struct asset_file *files, size_t files_count, const char *name)
{
    for (size_t i = 0; i < files_count; i++)
        if (is_migration(files[i].name) && !strcmp(files[i].name + FOLDER_COUNT, name))
            return &files[i];
    return NULL;
}

static const char *
newest_of(const struct asset_file *files, size_t files_count)
{
    const char *newest = "0000";
    for (size_t i = 0; i < files_count; i++)
        if (is_migration(files[i].name) && strcmp(files[i].name + FOLDER_COUNT, newest) > 0)
            newest = files[i].name + FOLDER_COUNT;
    return newest;
}

static void
digest_text_of(const struct asset_file *file, char text[static DIGEST_TEXT_MAX])
{
    struct digest digest = digest_of(file->bytes, file->count);
    digest_format(&digest, text);
}

/* What was run must still be what the program carries. */
static bool
check_row(const struct asset_file *files, size_t files_count, const char *name, const char *sha256,
          char why[static DATABASE_WHY_MAX])
{
    const struct asset_file *file = file_of(files, files_count, name);
    char                     ours[DIGEST_TEXT_MAX];

    if (!file && strcmp(name, newest_of(files, files_count)) > 0) {
        snprintf(why, DATABASE_WHY_MAX,
                 "the database is newer than this program: it has run %s; start a newer program",
                 name);
        return false;
    }
    if (!file) {
        snprintf(why, DATABASE_WHY_MAX,
                 "migration %s was run on this database, but this program does not carry it", name);
        return false;
    }
    digest_text_of(file, ours);
    if (strcmp(ours, sha256) != 0) {
        snprintf(why, DATABASE_WHY_MAX,
                 "migration %s was changed after it was run on this database;"
                 " restore it, and make a new one", name);
        return false;
    }
    return true;
}

static bool
check(struct connection *connection, const struct asset_file *files, size_t files_count,
      PGresult **ran, char why[static DATABASE_WHY_MAX])
{
    if (run(connection, "SELECT name, sha256 FROM public.breakwater_migration ORDER BY name", NULL,
            0, ran))
        return fail(connection, "cannot read which migrations were run", why);
    for (int i = 0; i < PQntuples(*ran); i++)
        if (!check_row(files, files_count, PQgetvalue(*ran, i, 0), PQgetvalue(*ran, i, 1), why)) {
            PQclear(*ran);
            return false;
        }
    return true;
}

static bool
has_run(const PGresult *ran, const char *name)
{
    for (int i = 0; i < PQntuples(ran); i++)
        if (!strcmp(PQgetvalue(ran, i, 0), name))
            return true;
    return false;
}

/* The file and its row in one transaction: the file itself must not say BEGIN or COMMIT. */
static bool
run_file(struct connection *connection, const struct asset_file *file,
         char why[static DATABASE_WHY_MAX])
{
    char             sha256[DIGEST_TEXT_MAX];
    const struct arg args[] = { ARG_TEXT(file->name + FOLDER_COUNT), ARG_TEXT(sha256) };

    digest_text_of(file, sha256);
    if (!transaction_begin(connection)) {
        if (!run_script(connection, file->bytes) &&
            !run_command(connection, "INSERT INTO public.breakwater_migration (name, sha256)"
                         " VALUES ($1, $2)", args, 2, NULL) && !transaction_commit(connection))
            return true;
        if (connection->in_transaction) {
            fail(connection, file->name, why);
            transaction_rollback(connection);
            return false;
        }
    }
    return fail(connection, file->name, why);
}

/* A number below one that was run already would change the past of other databases. */
static bool
run_missing(struct connection *connection, const struct asset_file *files, size_t files_count,
            const PGresult *ran, size_t *done, char why[static DATABASE_WHY_MAX])
{
    int         ran_count = PQntuples(ran);
    const char *newest = ran_count ? PQgetvalue(ran, ran_count - 1, 0) : "";

    for (size_t i = 0; i < files_count; i++) {
        const char *name = files[i].name + FOLDER_COUNT;
        if (!is_migration(files[i].name) || has_run(ran, name))
            continue;
        if (strcmp(name, newest) < 0) {
            snprintf(why, DATABASE_WHY_MAX,
                     "migration %s was added before %s,"
                     " which was run already; give it a higher number", name, newest);
            return false;
        }
        if (!run_file(connection, &files[i], why))
            return false;
        ++*done;
    }
    return true;
}

bool
migrate_files(struct connection *connection, const struct asset_file *files, size_t files_count,
              size_t *done, char why[static DATABASE_WHY_MAX])
{
    PGresult *ran = NULL;
    bool      is_done = prepare(connection, why) &&
                        check(connection, files, files_count, &ran, why);

    *done = 0;
    if (is_done) {
        is_done = run_missing(connection, files, files_count, ran, done, why);
        PQclear(ran);
    }
    run_script(connection, "SELECT pg_advisory_unlock(7241, 3)");
    connection_restore_patience(connection);
    return is_done;
}

bool
migrate(struct connection *connection, size_t *done, char why[static DATABASE_WHY_MAX])
{
    return migrate_files(connection, assets, assets_count, done, why);
}
