/* Settings and database, opened for a command and closed after it. */
#include "commands/opened.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SETTINGS_BYTES_MAX = 1 << 20 };

bool
fail(const char *what, const char *why)
{
    fprintf(stderr, "breakwater: %s: %s\n", what, why);
    return false;
}

/* Memory holds keys, passwords and what callers asked: a crash leaves no dump of it, and others of
 * this user may not look into it. */
static void
keep_memory(void)
{
    const struct rlimit none = { 0, 0 };

    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
}

static void
tell(const char *kind, const struct faults *faults)
{
    for (size_t i = 0; i < faults->count; i++)
        fprintf(stderr, "breakwater: %s%s: %s\n", kind, faults->items[i].pointer,
                faults->items[i].detail);
}

bool
opened_read_settings(struct opened *opened)
{
    struct faults *faults = calloc(2, sizeof *faults);

    if (!faults)
        return fail("settings", strerror(errno));
    arena_open(&opened->arena, SETTINGS_BYTES_MAX);
    faults_open(&faults[0], FAULTS_MAX);
    faults_open(&faults[1], FAULTS_MAX);
    bool is_good = settings_read(environ, &opened->arena, &opened->settings, &faults[0],
                                 &faults[1]);
    tell("warning: ", &faults[1]);
    tell("", &faults[0]);
    free(faults);
    if (opened->settings.cores == DUMPING_OFF)
        keep_memory();
    return is_good;
}

static bool
name_state(struct opened *opened)
{
    if (opened->settings.state)
        snprintf(opened->state, sizeof opened->state, "%s", opened->settings.state);
    else if (!state_directory(opened->state, sizeof opened->state))
        return fail("state", "set BREAKWATER_STATE to a directory that this user can write");
    return true;
}

bool
opened_state(struct opened *opened)
{
    if (!*opened->state && !name_state(opened))
        return false;
    if (mkdir(opened->state, 0700) && errno != EEXIST)
        return fail(opened->state, strerror(errno));
    return true;
}

bool
opened_database(struct opened *opened, enum embedded_use use,
                void (*report)(void *context, const char *line), void *context)
{
    char                     path[PATH_BYTES_MAX + 16], why[DATABASE_WHY_MAX];
    struct database_settings settings = {
        .url = opened->settings.database_url, .report = report, .report_context = context,
    };

    if (use == EMBEDDED_OWN && settings.url) {
        if (!opened_state(opened))
            return false;
        snprintf(path, sizeof path, "%s/primary", opened->state);
        settings.primary_path = path;
    }
    if (!settings.url) {
        if (!name_state(opened))
            return false;
        opened->embedded = embedded_start(opened->state, use, why);
        if (!opened->embedded)
            return fail("private database", why);
        settings.url = embedded_url(opened->embedded);
    }
    opened->database = database_open(&settings, why);
    return opened->database || fail("database", why);
}

void
opened_close(struct opened *opened)
{
    if (opened->database)
        database_close(opened->database);
    if (opened->embedded)
        embedded_stop(opened->embedded);
    arena_close(&opened->arena);
}
