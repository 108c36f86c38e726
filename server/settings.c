/* The settings' table, and how the environment is read through it. */
#include "server/settings.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "record/json.h"
#include "record/value.h"

#define PREFIX      "BREAKWATER_"
#define FILE_SUFFIX "_FILE"

enum { VARIABLE_MAX = 64, PATH_BYTES_MAX = 4096, FILE_BYTES_MAX = 16 << 10 };

static const char *const log_choices[]    = { "none", "events", "requests", NULL };
static const char *const switch_choices[] = { "off", "on", NULL };

static const struct field settings_fields[] = {
    TEXT_FIELD   (settings, listen,           .optional = true, .form = TEXT_ANY, .min = 1,
                  .max = 255, .initial = "127.0.0.1:8080"),
    TEXT_FIELD   (settings, database_url,     .optional = true, .form = TEXT_ANY, .min = 1,
                  .max = 4096),
    TEXT_FIELD   (settings, disk,             .optional = true, .form = TEXT_ANY, .min = 1,
                  .max = 4000),
    TEXT_FIELD   (settings, state,            .optional = true, .form = TEXT_ANY, .min = 1,
                  .max = 4000),
    TEXT_FIELD   (settings, origin,           .optional = true, .form = TEXT_ANY, .min = 1,
                  .max = 255, .initial = "localhost/audit"),
    TEXT_FIELD   (settings, log_key,          .optional = true, .form = TEXT_ANY, .min = 1,
                  .max = 4000),
    TEXT_FIELD   (settings, log_key_next,     .optional = true, .form = TEXT_ANY, .min = 1,
                  .max = 4000),
    TEXT_FIELD   (settings, log_policy,       .optional = true, .form = TEXT_ANY, .min = 1,
                  .max = 4000),
    TEXT_FIELD   (settings, log_authorities,  .optional = true, .form = TEXT_ANY, .min = 1,
                  .max = 4000),
    TEXT_FIELD   (settings, cors_origins,     .optional = true, .form = TEXT_ANY, .min = 1,
                  .max = 4096),
    TEXT_FIELD   (settings, tls_cert,         .optional = true, .form = TEXT_ANY, .min = 1,
                  .max = 4000),
    TEXT_FIELD   (settings, tls_key,          .optional = true, .form = TEXT_ANY, .min = 1,
                  .max = 4000),
    INTEGER_FIELD(settings, threads,          .optional = true, .min = 1, .max = 64,
                  .initial = "2"),
    INTEGER_FIELD(settings, workers,          .optional = true, .min = 1, .max = 64,
                  .initial = "4"),
    TEXT_FIELD   (settings, trusted_proxies,  .optional = true, .form = TEXT_ANY, .min = 1,
                  .max = 4096),
    INTEGER_FIELD(settings, key_rate,         .optional = true, .min = 0, .max = 1000000,
                  .initial = "2000"),
    INTEGER_FIELD(settings, key_burst,        .optional = true, .min = 1, .max = 1000000,
                  .initial = "4000"),
    INTEGER_FIELD(settings, address_rate,     .optional = true, .min = 0, .max = 1000000,
                  .initial = "500"),
    INTEGER_FIELD(settings, address_burst,    .optional = true, .min = 1, .max = 1000000,
                  .initial = "2000"),
    INTEGER_FIELD(settings, anonymous_rate,   .optional = true, .min = 0, .max = 1000000,
                  .initial = "200"),
    INTEGER_FIELD(settings, anonymous_burst,  .optional = true, .min = 1, .max = 1000000,
                  .initial = "1000"),
    INTEGER_FIELD(settings, connections_max,  .optional = true, .min = 64, .max = 65536,
                  .initial = "2000"),
    INTEGER_FIELD(settings, connections_address_max, .optional = true, .min = 0, .max = 65536,
                  .initial = "1000"),
    INTEGER_FIELD(settings, slow_s,           .optional = true, .min = 0, .max = 3600,
                  .initial = "10"),
    INTEGER_FIELD(settings, idle_s,           .optional = true, .min = 1, .max = 3600,
                  .initial = "30"),
    INTEGER_FIELD(settings, streams_max,      .optional = true, .min = 1, .max = 65536,
                  .initial = "1000"),
    INTEGER_FIELD(settings, bodies_bytes_max, .optional = true, .min = 1 << 20,
                  .max = INT64_C(1) << 36, .initial = "268435456"),
    INTEGER_FIELD(settings, queue_max,        .optional = true, .min = 1, .max = 1000000,
                  .initial = "10000"),
    INTEGER_FIELD(settings, farewell_s,       .optional = true, .min = 0, .max = 60, .initial = "0"),
    INTEGER_FIELD(settings, cost_max,         .optional = true, .min = 1000,
                  .max = INT64_C(1000000000), .initial = "50000"),
    INTEGER_FIELD(settings, retention_days,   .optional = true, .min = 0, .max = 36500,
                  .initial = "0"),
    CHOICE_FIELD (settings, log,              .optional = true, .choices = log_choices,
                  .initial = "requests"),
    CHOICE_FIELD (settings, cores,            .optional = true, .choices = switch_choices,
                  .initial = "off"),
    CHOICE_FIELD (settings, record,           .optional = true, .choices = switch_choices,
                  .initial = "on"),
};
const struct record settings_record = RECORD(settings, settings_fields);

struct reading {
    char *const     *environment;
    struct arena    *arena;
    struct settings *settings;
    struct faults   *faults;
};

/* An empty variable counts as one that is not set. */
static const char *
find_variable(char *const *environment, const char *name)
{
    size_t count = strlen(name);

    for (; *environment; environment++)
        if (!strncmp(*environment, name, count) && (*environment)[count] == '=')
            return (*environment)[count + 1] ? *environment + count + 1 : NULL;
    return NULL;
}

static void
name_variable(const struct field *field, const char *suffix, char name[static VARIABLE_MAX])
{
    size_t count = (size_t)snprintf(name, VARIABLE_MAX, PREFIX "%s%s", field->name, suffix);

    assert(count < VARIABLE_MAX);
    for (size_t i = 0; i < count; i++)
        name[i] = (char)toupper((unsigned char)name[i]);
}

/* The file's text without the newline that ends it; NULL with a fault. */
static const char *
read_file(struct reading *reading, const char *variable, const char *path)
{
    char    bytes[FILE_BYTES_MAX + 1];
    size_t  count = 0;
    ssize_t more  = 0;
    int     fd    = open(path, O_RDONLY | O_CLOEXEC);

    while (fd >= 0 && count < sizeof bytes &&
           (more = read(fd, bytes + count, sizeof bytes - count)) > 0)
        count += (size_t)more;
    if (fd < 0 || more < 0) {
        fault_add(reading->faults, variable, "unreadable", "cannot read the file %.60s: %s", path,
                  strerror(errno));
    } else if (count > FILE_BYTES_MAX) {
        fault_add(reading->faults, variable, "out_of_bounds",
                  "the file %.60s has more than %d bytes", path, FILE_BYTES_MAX);
    }
    bool is_good = fd >= 0 && more >= 0 && count <= FILE_BYTES_MAX;
    if (fd >= 0)
        close(fd);
    while (count > 0 && (bytes[count - 1] == '\n' || bytes[count - 1] == '\r'))
        count--;
    return is_good ? arena_copy(reading->arena, bytes, count) : NULL;
}

/* Names the variable in the fault that a value reader left. */
static void
read_value(struct reading *reading, const struct field *field, const char *variable,
           const char *text)
{
    size_t before = reading->faults->count;

    if (!field_read_text(field, text, reading->arena, reading->settings, reading->faults) &&
        reading->faults->count > before)
        snprintf(reading->faults->items[before].pointer, FAULT_POINTER_MAX, "%s", variable);
}

static void
read_setting(struct reading *reading, const struct field *field)
{
    char               name[VARIABLE_MAX], file_name[VARIABLE_MAX];
    const struct place place = { .name = field->name, .count = strlen(field->name) };

    name_variable(field, "", name);
    name_variable(field, FILE_SUFFIX, file_name);
    const char *text = find_variable(reading->environment, name);
    const char *path = find_variable(reading->environment, file_name);
    if (text && path) {
        fault_add(reading->faults, name, "duplicate", "this is set, and so is %s; set one of them",
                  file_name);
        return;
    }
    if (path)
        text = read_file(reading, file_name, path);
    if (text)
        read_value(reading, field, path ? file_name : name, text);
    else if (!path)
        value_leave_out(field, reading->arena, reading->settings, &place, reading->faults);
}

static bool
is_known(const char *variable, size_t count)
{
    char name[VARIABLE_MAX];

    for (size_t i = 0; i < settings_record.count; i++)
        for (int with_file = 0; with_file < 2; with_file++) {
            name_variable(&settings_record.fields[i], with_file ? FILE_SUFFIX : "", name);
            if (strlen(name) == count && !memcmp(name, variable, count))
                return true;
        }
    return false;
}

static void
warn_of_unknown(char *const *environment, struct faults *warnings)
{
    for (; *environment; environment++) {
        size_t count = strcspn(*environment, "=");
        char   name[FAULT_POINTER_MAX];
        if (strncmp(*environment, PREFIX, strlen(PREFIX)) || is_known(*environment, count))
            continue;
        snprintf(name, sizeof name, "%.*s", count < 200 ? (int)count : 200, *environment);
        fault_add(warnings, name, "unknown_setting", "no setting has this name");
    }
}

/* The state's folder where none is set: the system's for root, else that of the
 * XDG Base Directory Specification. */
static void
choose_state(struct reading *reading)
{
    const char *xdg  = find_variable(reading->environment, "XDG_STATE_HOME");
    const char *home = find_variable(reading->environment, "HOME");
    char        path[PATH_BYTES_MAX];

    if (geteuid() == 0)
        snprintf(path, sizeof path, "/var/lib/breakwater");
    else if (xdg && *xdg == '/')
        snprintf(path, sizeof path, "%s/breakwater", xdg);
    else if (home && *home == '/')
        snprintf(path, sizeof path, "%s/.local/state/breakwater", home);
    else {
        fault_add(reading->faults, "BREAKWATER_STATE", "missing",
                  "set this: there is no HOME to choose a folder from");
        return;
    }
    reading->settings->state = arena_copy(reading->arena, path, strlen(path));
}

bool
settings_read(char *const *environment, struct arena *arena, struct settings *settings,
              struct faults *faults, struct faults *warnings)
{
    struct reading reading = { environment, arena, settings, faults };

    *settings = (struct settings){ 0 };
    for (size_t i = 0; i < settings_record.count; i++)
        read_setting(&reading, &settings_record.fields[i]);
    if (!settings->state && faults->count == 0)
        choose_state(&reading);
    warn_of_unknown(environment, warnings);
    return faults->count == 0;
}
