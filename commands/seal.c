/* breakwater seal: ends a log that may not be signed any more, so that one of another origin begins. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "commands/commands.h"
#include "commands/opened.h"
#include "db/log_keys.h"
#include "db/log_seal.h"

enum { FILE_PATH_MAX = PATH_BYTES_MAX + 32 };

static bool
set_aside(const char *path)
{
    char aside[FILE_PATH_MAX + 8];

    snprintf(aside, sizeof aside, "%s.sealed", path);
    if (rename(path, aside)) {
        perror(path);
        return false;
    }
    printf("%s is %s now\n", path, aside);
    return true;
}

static bool
set_aside_keys(const char *folder)
{
    static const char *const names[] = { "log.key", "log.key.pub", "log.key.receipt", "log.key.receipt.pub" };
    char                     path[FILE_PATH_MAX];
    bool                     is_done = true;

    for (size_t i = 0; is_done && i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        is_done = set_aside(path);
    }
    return is_done;
}

/* The next log is in another database, which may be another server's. */
static bool
forget_primary(const char *folder)
{
    char path[FILE_PATH_MAX];

    snprintf(path, sizeof path, "%s/primary", folder);
    if (!unlink(path) || errno == ENOENT)
        return true;
    perror(path);
    return false;
}

static bool
seal(struct opened *opened)
{
    const char     *folder = opened->state;
    char            state[FILE_PATH_MAX], key[FILE_PATH_MAX], path[FILE_PATH_MAX];
    char            why[DATABASE_WHY_MAX];
    struct log_keys keys;

    snprintf(state, sizeof state, "%s/audit-state", folder);
    snprintf(key, sizeof key, "%s/log.key", folder);
    snprintf(path, sizeof path, "%s/seal", folder);
    const char *key_path = opened->settings.log_key ? opened->settings.log_key : key;
    if (!log_keys_open(key_path, opened->settings.origin, false, &keys, why))
        return fail("the log's key", why);
    bool is_done = log_seal_write(path, state, &keys.log.key, why);
    log_keys_forget(&keys);
    if (!is_done)
        return fail("the log was not sealed", why);
    printf("%s holds the last good checkpoint of %s, which is not signed any more\n", path,
           opened->settings.origin);
    is_done = set_aside(state) && forget_primary(folder);
    if (is_done && !opened->settings.log_key)
        is_done = set_aside_keys(folder);
    if (is_done)
        printf("Start the service again with another BREAKWATER_ORIGIN (.../audit/2), another key and another "
               "database: entry 0 of its log quotes that checkpoint.\n");
    return is_done;
}

int
command_seal(int argc, char **argv)
{
    struct opened opened = { 0 };

    (void)argv;
    if (argc != 1) {
        fprintf(stderr, "usage: breakwater seal (of the log that BREAKWATER_ORIGIN names; no instance may run)\n");
        return EXIT_FAILURE;
    }
    bool is_done = opened_read_settings(&opened) && opened_state(&opened) && seal(&opened);
    opened_close(&opened);
    return is_done ? EXIT_SUCCESS : EXIT_FAILURE;
}
