/* breakwater key: makes, lists and revokes API keys. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/commands.h"
#include "commands/opened.h"
#include "db/keys.h"
#include "record/instant.h"

enum { KEYS_BYTES_MAX = 16 << 20 };

static const char usage[] =
    "usage: breakwater key create --role ROLE[,ROLE] --holder NAME | list | revoke ID\n"
    "roles: preview, feed, propose, approve, guard, audit, admin";

static bool
misused(void)
{
    fprintf(stderr, "%s\n", usage);
    return false;
}

/* The value behind an option; NULL: it is not given. */
static const char *
option(int argc, char **argv, const char *name)
{
    for (int i = 2; i + 1 < argc; i++)
        if (!strcmp(argv[i], name))
            return argv[i + 1];
    return NULL;
}

static bool
create(struct connection *connection, int argc, char **argv)
{
    const char *roles_text = option(argc, argv, "--role");
    const char *holder = option(argc, argv, "--holder");
    char        secret[KEY_SECRET_MAX];
    struct caller_key  key;
    unsigned    roles;

    if (!roles_text || !holder || argc != 6)
        return misused();
    if (!key_roles_parse(roles_text, &roles))
        return fail(roles_text,
                    "no such role; roles are preview, feed, propose, approve, guard, audit, admin");
    if (key_create(connection, NULL, roles, holder, secret, &key) != OUTCOME_OK)
        return fail("the key was not made", connection->why);
    printf("%s\n", secret);
    fprintf(stderr, "key %s of %s; this is the only time that it is shown\n", key.id, key.holder);
    return true;
}

static void
print_instant(int64_t instant_us)
{
    char text[INSTANT_TEXT_MAX] = "-";

    if (instant_us > 0)
        instant_format(instant_us, text);
    printf("  %-24s", text);
}

static bool
list(struct connection *connection)
{
    struct arena arena;
    struct caller_key  *keys;
    size_t       count;

    arena_open(&arena, KEYS_BYTES_MAX);
    bool is_read = key_list(connection, &arena, &keys, &count) == OUTCOME_OK;
    if (is_read)
        printf("%-16s  %-24s  %-24s  %-24s  %-20s  %s\n", "id", "created", "revoked", "used",
               "holder", "roles");
    for (size_t i = 0; is_read && i < count; i++) {
        char roles[KEY_ROLES_TEXT_MAX];
        key_roles_format(keys[i].roles, roles);
        printf("%-16s", keys[i].id);
        print_instant(keys[i].created_at);
        print_instant(keys[i].revoked_at);
        print_instant(keys[i].used_at);
        printf("  %-20s  %s\n", keys[i].holder, roles);
    }
    arena_close(&arena);
    return is_read || fail("the keys cannot be read", connection->why);
}

static bool
revoke(struct connection *connection, const char *id)
{
    bool was_there;

    if (key_revoke(connection, NULL, id, &was_there) != OUTCOME_OK)
        return fail("the key was not revoked", connection->why);
    if (!was_there)
        return fail(id, "no key in use has this id; \"breakwater key list\" shows them");
    printf("key %s is revoked\n", id);
    return true;
}

static bool
act(struct connection *connection, int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "create"))
        return create(connection, argc, argv);
    if (argc == 2 && !strcmp(argv[1], "list"))
        return list(connection);
    if (argc == 3 && !strcmp(argv[1], "revoke"))
        return revoke(connection, argv[2]);
    return misused();
}

static void
report(void *context, const char *line)
{
    (void)context;
    fprintf(stderr, "breakwater: %s\n", line);
}

int
command_key(int argc, char **argv)
{
    struct opened     opened = { 0 };
    struct connection connection;

    if (argc < 2) {
        misused();
        return EXIT_FAILURE;
    }
    bool is_done = opened_read_settings(&opened) &&
                   opened_database(&opened, EMBEDDED_SHARE, report, NULL);
    if (is_done && !connection_open(&connection, opened.database))
        is_done = fail("database", connection.why);
    else if (is_done) {
        is_done = act(&connection, argc, argv);
        connection_close(&connection);
    }
    opened_close(&opened);
    return is_done ? EXIT_SUCCESS : EXIT_FAILURE;
}
