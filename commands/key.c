/* breakwater key: makes, lists, replaces and ends API keys. */
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
    "usage: breakwater key create --role ROLE[,ROLE] --holder NAME [--expires WHEN]\n"
    "                             [--rate N --burst N]\n"
    "       breakwater key list\n"
    "       breakwater key rotate ID [--overlap TIME]     a new secret; the old one for 1h more\n"
    "       breakwater key expire ID WHEN\n"
    "       breakwater key revoke ID\n"
    "roles: preview, feed, propose, approve, guard, audit, admin\n"
    "WHEN: an instant as 2027-01-31T00:00:00Z, a TIME from now, or never; TIME: 90s, 30m, 1h, 7d\n"
    "rate: requests a second, and burst: at once, of this key alone";

static bool
misused(void)
{
    fprintf(stderr, "%s\n", usage);
    return false;
}

/* Options in pairs of name and value. */
struct option { const char *name, *value; };

/* False: one is unknown, or has no value. */
static bool
read_options(int argc, char **argv, int from, struct option *options, size_t options_count)
{
    for (int i = from; i < argc; i += 2) {
        size_t at = 0;
        while (at < options_count && strcmp(argv[i], options[at].name) != 0)
            at++;
        if (at == options_count || i + 1 == argc || options[at].value)
            return misused();
        options[at].value = argv[i + 1];
    }
    return true;
}

static bool
read_count(const char *text, int64_t max, int64_t *out)
{
    size_t digits = strspn(text, "0123456789");

    if (digits == 0 || digits > 9 || text[digits])
        return false;
    *out = strtoll(text, NULL, 10);
    return *out >= 1 && *out <= max;
}

/* "90s", "30m", "1h", "7d". */
static bool
read_time(const char *text, int64_t *out_us)
{
    static const struct { char unit; int64_t s; } units[] = {
        { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
    size_t digits = strspn(text, "0123456789");

    if (digits == 0 || digits > 6 || strlen(text) != digits + 1)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (units[i].unit == text[digits]) {
            *out_us = strtoll(text, NULL, 10) * units[i].s * 1000000;
            return true;
        }
    return false;
}

/* 0: never. */
static bool
read_when(const char *text, int64_t *out)
{
    int64_t time_us;

    if (!strcmp(text, "never")) {
        *out = 0;
        return true;
    }
    if (read_time(text, &time_us)) {
        *out = clock_now_us() + time_us;
        return true;
    }
    return instant_parse(text, strlen(text), out) ||
           fail(text, "no instant as 2027-01-31T00:00:00Z, nor a time as 90s, 30m, 1h, 7d");
}

static bool
read_terms(const struct option *expires, const struct option *rate, const struct option *burst,
           struct key_terms *terms)
{
    *terms = (struct key_terms){ 0 };
    if (expires->value && !read_when(expires->value, &terms->expires_at))
        return false;
    if (!rate->value && !burst->value)
        return true;
    return (rate->value && burst->value && read_count(rate->value, KEY_RATE_MAX, &terms->rate) &&
            read_count(burst->value, KEY_RATE_MAX, &terms->burst)) ||
           fail("--rate, --burst", "given together, each from 1 to 1000000");
}

static void
show(const char *secret, const char *id, const char *holder)
{
    printf("%s\n", secret);
    fprintf(stderr, "key %s%s%s; this is the only time that its secret is shown\n", id,
            holder ? " of " : "", holder ? holder : "");
}

static bool
create(struct connection *connection, int argc, char **argv)
{
    enum { ROLE, HOLDER, EXPIRES, RATE, BURST };
    struct option     options[] = { { "--role", NULL }, { "--holder", NULL }, { "--expires", NULL },
                                    { "--rate", NULL }, { "--burst", NULL } };
    char              secret[KEY_SECRET_MAX];
    struct key_terms  terms;
    struct caller_key key;
    unsigned          roles;

    if (!read_options(argc, argv, 2, options, sizeof options / sizeof *options))
        return false;
    if (!options[ROLE].value || !options[HOLDER].value)
        return misused();
    if (!key_roles_parse(options[ROLE].value, &roles))
        return fail(options[ROLE].value,
                    "no such role; roles are preview, feed, propose, approve, guard, audit, admin");
    if (!read_terms(&options[EXPIRES], &options[RATE], &options[BURST], &terms))
        return false;
    if (key_create_on(connection, NULL, roles, options[HOLDER].value, &terms, secret, &key) !=
        OUTCOME_OK)
        return fail("the key was not made", connection->why);
    show(secret, key.id, key.holder);
    return true;
}

static bool
rotate(struct connection *connection, int argc, char **argv)
{
    struct option overlap = { "--overlap", NULL };
    char          secret[KEY_SECRET_MAX];
    int64_t       overlap_us;
    bool          was_there;

    if (!read_options(argc, argv, 3, &overlap, 1))
        return false;
    if (!read_time(overlap.value ? overlap.value : "1h", &overlap_us))
        return fail(overlap.value, "no time as 90s, 30m, 1h, 7d");
    if (key_rotate(connection, NULL, argv[2], clock_now_us() + overlap_us, secret, &was_there) !=
        OUTCOME_OK)
        return fail("the key was not rotated", connection->why);
    if (!was_there)
        return fail(argv[2], "no key in use has this id; \"breakwater key list\" shows them");
    show(secret, argv[2], NULL);
    return true;
}

static bool
expire(struct connection *connection, const char *id, const char *when)
{
    int64_t expires_at;
    bool    was_there;

    if (!read_when(when, &expires_at))
        return false;
    if (key_expire(connection, NULL, id, expires_at, &was_there) != OUTCOME_OK)
        return fail("the key was not changed", connection->why);
    if (!was_there)
        return fail(id, "no key in use has this id; \"breakwater key list\" shows them");
    char text[INSTANT_TEXT_MAX] = "never";
    if (expires_at)
        instant_format(expires_at, text);
    printf("key %s expires: %s\n", id, text);
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

static void
print_rate(const struct caller_key *key)
{
    char text[48] = "-";

    if (key->rate)
        snprintf(text, sizeof text, "%" PRId64 "/s, %" PRId64, key->rate, key->burst);
    printf("  %-16s", text);
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
        printf("%-16s  %-24s  %-24s  %-24s  %-24s  %-20s  %-16s  %s\n", "id", "created", "used",
               "expires", "revoked", "holder", "rate", "roles");
    for (size_t i = 0; is_read && i < count; i++) {
        char roles[KEY_ROLES_TEXT_MAX];
        key_roles_format(keys[i].roles, roles);
        printf("%-16s", keys[i].id);
        print_instant(keys[i].created_at);
        print_instant(keys[i].used_at);
        print_instant(keys[i].expires_at);
        print_instant(keys[i].revoked_at);
        printf("  %-20s", keys[i].holder);
        print_rate(&keys[i]);
        printf("  %s\n", roles);
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
    if (argc > 2 && !strcmp(argv[1], "rotate"))
        return rotate(connection, argc, argv);
    if (argc == 4 && !strcmp(argv[1], "expire"))
        return expire(connection, argv[2], argv[3]);
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
