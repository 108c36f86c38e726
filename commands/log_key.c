/* breakwater log-key: makes the files of a log's keys. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "commands/commands.h"
#include "commands/opened.h"
#include "db/log_keys.h"

static bool
make(const struct settings *settings, const char *path)
{
    char            why[DATABASE_WHY_MAX], line[KEY_NAME_BYTES_MAX + 128];
    struct log_keys keys = { .has_next = false };
    struct arena    arena;
    struct text     vkey;

    if (!access(path, F_OK))
        return fail(path, "it is there already");
    if (!log_keys_open(path, settings->origin, true, &keys, why))
        return fail("the key was not made", why);
    arena_open(&arena, 1 << 16);
    text_open(&vkey, &arena, sizeof line, 4 * sizeof line);
    key_write(&keys.log.key, &vkey);
    printf("%.*s\n", (int)vkey.count, vkey.bytes);
    fprintf(stderr, "%s signs the log %s, %s.receipt its receipts; the line above, in %s.pub, is for those who "
            "verify\n", path, settings->origin, path, path);
    arena_close(&arena);
    log_keys_forget(&keys);
    return true;
}

int
command_log_key(int argc, char **argv)
{
    struct opened opened = { 0 };

    if (argc != 2) {
        fprintf(stderr, "usage: breakwater log-key FILE (of the log that BREAKWATER_ORIGIN names)\n");
        return EXIT_FAILURE;
    }
    bool is_done = opened_read_settings(&opened) && make(&opened.settings, argv[1]);
    opened_close(&opened);
    return is_done ? EXIT_SUCCESS : EXIT_FAILURE;
}
