/* The list of hosts, one at a time, and the newest timeline. */
#include "db/primary.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "db/wait.h"

enum { SYSTEM_MAX = 24, PATH_ROOM = 4200, LINE_MAX_BYTES = 80 };

struct primary {
    char               *host, *hostaddr, *port;       /* the connection string's lists, cut up */
    struct primary_host hosts[PRIMARY_HOSTS_MAX];
    size_t              hosts_count;
    char                path[PATH_ROOM];              /* empty: none */
    atomic_size_t       good;                         /* the host that was accepted last */
    _Atomic int64_t     timeline;                     /* the newest; 0: none was seen */
    pthread_mutex_t     lock;
    char                system[SYSTEM_MAX];           /* empty: none was seen */
};

/* Cuts at the commas; how many words there are. */
static size_t
cut(char *list, const char *words[static PRIMARY_HOSTS_MAX])
{
    size_t count = 0;

    for (char *word = list; word && count < PRIMARY_HOSTS_MAX;) {
        char *comma = strchr(word, ',');
        if (comma)
            *comma = '\0';
        words[count++] = word;
        word = comma ? comma + 1 : NULL;
    }
    return count;
}

static size_t
commas_of(const char *list)
{
    size_t count = 0;

    for (const char *comma = list; comma && (comma = strchr(comma, ',')); comma++)
        count++;
    return count;
}

/* One port may serve for all hosts. What does not fit together is left to libpq, which says so. */
static void
list_hosts(struct primary *primary)
{
    const char *hosts[PRIMARY_HOSTS_MAX] = { NULL };
    const char *addresses[PRIMARY_HOSTS_MAX] = { NULL };
    const char *ports[PRIMARY_HOSTS_MAX] = { NULL };
    size_t      hosts_count = cut(primary->host, hosts);
    size_t      addresses_count = cut(primary->hostaddr, addresses);
    size_t      ports_count = cut(primary->port, ports);
    size_t      count = hosts_count ? hosts_count : addresses_count;

    if ((addresses_count && addresses_count != count) ||
        (ports_count > 1 && ports_count != count) || count < 2)
        return;
    primary->hosts_count = count;
    for (size_t i = 0; i < count; i++)
        primary->hosts[i] = (struct primary_host){ hosts[i], addresses[i],
                                                   ports_count > 1 ? ports[i] : ports[0] };
}

static bool
copy(char **to, const char *from)
{
    *to = from && *from ? strdup(from) : NULL;
    return *to || !from || !*from;
}

static bool
read_url(struct primary *primary, const char *url)
{
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    bool              is_read = true;

    for (const PQconninfoOption *option = options; option && option->keyword; option++) {
        if (commas_of(option->val) >= PRIMARY_HOSTS_MAX)
            continue;
        if (!strcmp(option->keyword, "host"))
            is_read &= copy(&primary->host, option->val);
        else if (!strcmp(option->keyword, "hostaddr"))
            is_read &= copy(&primary->hostaddr, option->val);
        else if (!strcmp(option->keyword, "port"))
            is_read &= copy(&primary->port, option->val);
    }
    PQconninfoFree(options);
    list_hosts(primary);
    return is_read;
}

/* One line: system identifier and timeline. One that cannot be read is as good as none. */
static void
read_file(struct primary *primary)
{
    char  line[LINE_MAX_BYTES] = "";
    FILE *file = *primary->path ? fopen(primary->path, "re") : NULL;

    if (!file)
        return;
    bool is_read = fgets(line, sizeof line, file);
    fclose(file);
    size_t  digits = strspn(line, "0123456789");
    char   *end = line + digits;
    int64_t timeline = is_read && *end == ' ' ? strtoll(end, &end, 10) : 0;
    if (timeline < 1 || *end != '\n' || !digits || digits >= SYSTEM_MAX)
        return;
    snprintf(primary->system, sizeof primary->system, "%.*s", (int)digits, line);
    primary->timeline = timeline;
}

/* Replaced as a whole. */
static bool
write_file(const struct primary *primary, int64_t timeline)
{
    char path[PATH_ROOM + 8], line[LINE_MAX_BYTES];
    int  count = snprintf(line, sizeof line, "%s %lld\n", primary->system, (long long)timeline);

    if (!*primary->path)
        return true;
    snprintf(path, sizeof path, "%s.new", primary->path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool is_written = write(fd, line, (size_t)count) == count && !fsync(fd);
    return !close(fd) && is_written && !rename(path, primary->path);
}

struct primary *
primary_open(const char *url, const char *path)
{
    struct primary *primary = calloc(1, sizeof *primary);

    if (!primary)
        return NULL;
    pthread_mutex_init(&primary->lock, NULL);
    primary->hosts_count = 1;
    snprintf(primary->path, sizeof primary->path, "%s", path ? path : "");
    read_file(primary);
    if (read_url(primary, url))
        return primary;
    primary_close(primary);
    return NULL;
}

void
primary_close(struct primary *primary)
{
    if (!primary)
        return;
    pthread_mutex_destroy(&primary->lock);
    free(primary->host);
    free(primary->hostaddr);
    free(primary->port);
    free(primary);
}

size_t
primary_hosts_count(const struct primary *primary)
{
    return primary->hosts_count;
}

size_t
primary_last_good(const struct primary *primary)
{
    return atomic_load(&((struct primary *)primary)->good);
}

struct primary_host
primary_host_at(const struct primary *primary, size_t index)
{
    return primary->hosts[index];
}

/* Under the lock. */
static bool
judge(struct primary *primary, struct connection *connection, const char *system, bool *is_newer)
{
    int64_t     newest = atomic_load(&primary->timeline);
    const char *advice = *primary->path ? "; if it is meant, stop the service and remove " : "";

    if (*primary->system && strcmp(primary->system, system) != 0) {
        snprintf(connection->why, sizeof connection->why,
                 "another PostgreSQL answers (system identifier %.20s) than was written to"
                 " (%.20s)%s%.120s", system, primary->system, advice, primary->path);
        return false;
    }
    if (connection->timeline < newest) {
        snprintf(connection->why, sizeof connection->why,
                 "a primary that was left behind answers (timeline %lld, and %lld was written to)"
                 "%s%.120s", (long long)connection->timeline, (long long)newest, advice,
                 primary->path);
        return false;
    }
    *is_newer = connection->timeline > newest;
    snprintf(primary->system, sizeof primary->system, "%.23s", system);
    atomic_store(&primary->timeline, connection->timeline);
    return true;
}

static bool
note(struct primary *primary, struct connection *connection, const char *system)
{
    bool is_newer = false;

    pthread_mutex_lock(&primary->lock);
    bool had_one = atomic_load(&primary->timeline) > 0;
    bool is_good = judge(primary, connection, system, &is_newer);
    bool is_kept = !is_newer || write_file(primary, connection->timeline);
    pthread_mutex_unlock(&primary->lock);
    if (!is_kept)
        database_report(connection->database, "%s cannot be written: after a restart a primary"
                        " that was left behind is not told from the new one", primary->path);
    if (is_newer && had_one)
        database_report(connection->database, "a standby was promoted: timeline %lld",
                        (long long)connection->timeline);
    return is_good;
}

bool
primary_accept(struct primary *primary, struct connection *connection, size_t index)
{
    /* A standby has no timeline of its own to write on. */
    static const char sql[] =
        "SELECT system_identifier, CASE WHEN pg_is_in_recovery() THEN 0 ELSE"
        " ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::bigint"
        " END FROM pg_control_system()";
    PGresult    *rows;
    enum outcome outcome = run(connection, sql, NULL, 0, &rows);

    /* Not every server lets everyone ask: then there is nothing to tell them apart by. */
    if (outcome == OUTCOME_REFUSED)
        return true;
    if (outcome)
        return false;
    connection->timeline = strtoll(PQgetvalue(rows, 0, 1), NULL, 10);
    bool is_good = !connection->timeline || note(primary, connection, PQgetvalue(rows, 0, 0));
    PQclear(rows);
    if (is_good)
        atomic_store(&primary->good, index);
    return is_good;
}

bool
primary_is_current(const struct primary *primary, const struct connection *connection)
{
    struct primary *read = (struct primary *)primary;

    return !connection->timeline || connection->timeline >= atomic_load(&read->timeline);
}
