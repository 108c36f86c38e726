/* The tests' PostgreSQL. Each test is a process of its own, and so finds the server
 * through the environment and a lock. */
#include "tests/postgres.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>
#include <libpq-fe.h>

enum { COMMAND_MAX = 1024, LINE_MAX_BYTES = 128, COLUMNS_MAX = 16, DATABASES_MAX = 100,
       KEEPER_FD = 200 };

static const char directory_variable[] = "BREAKWATER_TEST_DIRECTORY";
static const char keeper_variable[] = "BREAKWATER_TEST_KEEPER";

static const char *
directory(void)
{
    const char *path = getenv(directory_variable);
    ck_assert_msg(path != NULL, "postgres_begin() was not called by the runner");
    return path;
}

static int __attribute__((format(printf, 1, 2)))
shell(const char *format, ...)
{
    char    command[COMMAND_MAX];
    va_list values;

    va_start(values, format);
    vsnprintf(command, sizeof command, format, values);
    va_end(values);
    return system(command);
}

/* As root the server runs as postgres; else as ourselves. */
static const char *
as_user(void)
{
    return geteuid() ? "" : "runuser -u postgres --";
}

static int
run_pg_ctl(const char *path, const char *arguments)
{
    return shell("%s $(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)/pg_ctl -D %s/data -s -w"
                 " %s >> %s/words 2>&1", as_user(), path, arguments, path);
}

/* Waits for the end of the run, however it comes, and clears up. In a session of
 * its own: Ctrl-C is for the tests. */
static void
keep(const char *path, int end_fd)
{
    char none;

    setsid();
    while (read(end_fd, &none, 1) < 0 && errno == EINTR)
        continue;
    if (!shell("test -e %s/data/postmaster.pid", path)) {
        shell("kill -CONT $(head -1 %s/data/postmaster.pid) 2> /dev/null", path);
        run_pg_ctl(path, "-m immediate stop");
    }
    shell("rm -rf %s", path);
    _exit(0);
}

void
postgres_begin(void)
{
    char path[] = "/tmp/bw-test-XXXXXX";
    char keeper_text[16];
    int  ends[2];

    if (!mkdtemp(path) || (!geteuid() && shell("chown postgres %s && chmod 711 %s", path, path)) ||
        pipe2(ends, O_CLOEXEC)) {
        fprintf(stderr, "a directory for the tests' database cannot be made: %s\n",
                strerror(errno));
        return;
    }
    pid_t keeper = fork();
    if (!keeper) {
        close(ends[1]);
        keep(path, ends[0]);
    }
    /* The other end stays open in the runner and, through fork, in the tests: it closes
     * when the last of them is gone. */
    close(ends[0]);
    dup3(ends[1], KEEPER_FD, O_CLOEXEC);
    close(ends[1]);
    snprintf(keeper_text, sizeof keeper_text, "%d", (int)keeper);
    setenv(directory_variable, path, 1);
    setenv(keeper_variable, keeper_text, 1);
}

void
postgres_end(void)
{
    const char *keeper = getenv(keeper_variable);

    if (!keeper)
        return;
    close(KEEPER_FD);
    while (waitpid((pid_t)strtol(keeper, NULL, 10), NULL, 0) < 0 && errno == EINTR)
        continue;
}

/* A process that ended and that nobody has waited for yet is not alive. */
static bool
is_alive(pid_t pid)
{
    char  text[512];
    snprintf(text, sizeof text, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(text, "r");

    if (!file)
        return false;
    char *got = fgets(text, sizeof text, file);
    fclose(file);
    char *name_end = got ? strrchr(text, ')') : NULL;
    return name_end && name_end[2] != 'Z';
}

static pid_t
postmaster(void)
{
    char  line[LINE_MAX_BYTES];
    snprintf(line, sizeof line, "%s/data/postmaster.pid", directory());
    FILE *file = fopen(line, "r");

    if (!file)
        return 0;
    char *got = fgets(line, sizeof line, file);
    fclose(file);
    pid_t pid = got ? (pid_t)strtol(line, NULL, 10) : 0;
    return pid > 1 && is_alive(pid) ? pid : 0;
}

static void
make_cluster(void)
{
    const char *path = directory();

    if (!shell("test -e %s/data/PG_VERSION", path))
        return;
    int failed =
        run_pg_ctl(path, "-o '-U breakwater -A trust -E UTF8 --locale=C.UTF-8 --no-sync' initdb");
    ck_assert_msg(!failed, "initdb failed: see %s/words", path);
}

void
postgres_start(void)
{
    const char *path = directory();
    char        arguments[COMMAND_MAX];

    make_cluster();
    snprintf(arguments, sizeof arguments, "-l %s/data/log -o \"-c listen_addresses=''"
             " -c unix_socket_directories=%s -c shared_buffers=64MB -c"
             " recovery_init_sync_method=syncfs\" start", path, path);
    for (int attempt = 0; attempt < 20; attempt++) {
        if (!run_pg_ctl(path, arguments))
            return;
        usleep(100000);                      /* children of a killed server are still ending */
    }
    ck_abort_msg("PostgreSQL could not be started: see %s/data/log", path);
}

static void
start_once(void)
{
    char path[POSTGRES_PATH_MAX];
    snprintf(path, sizeof path, "%s/lock", directory());
    int  lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    ck_assert_int_ge(lock_fd, 0);
    ck_assert_int_eq(flock(lock_fd, LOCK_EX), 0);
    if (!postmaster())
        postgres_start();
    close(lock_fd);
}

/* A database that no other test has, held by a lock until this process ends. */
static int
take_database(void)
{
    for (int number = 1; number < DATABASES_MAX; number++) {
        char path[POSTGRES_PATH_MAX];
        snprintf(path, sizeof path, "%s/database-%d", directory(), number);
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        ck_assert_int_ge(fd, 0);
        if (!flock(fd, LOCK_EX | LOCK_NB))
            return number;
        close(fd);
    }
    ck_abort_msg("more than %d databases at once", DATABASES_MAX);
    return 0;
}

static PGconn *
connect_patiently(const char *url)
{
    PGconn *server = NULL;

    for (int attempt = 0; attempt < 50; attempt++) {
        start_once();
        PQfinish(server);
        server = PQconnectdb(url);
        if (PQstatus(server) == CONNECTION_OK)
            return server;
        usleep(100000);
    }
    ck_abort_msg("%s", PQerrorMessage(server));
    return NULL;
}

static void
execute(PGconn *server, const char *sql)
{
    PGresult *result = PQexec(server, sql);
    ck_assert_msg(PQresultStatus(result) == PGRES_COMMAND_OK ||
                  PQresultStatus(result) == PGRES_TUPLES_OK, "%s: %s", sql, PQerrorMessage(server));
    PQclear(result);
}

static void
forget_notice(void *context, const char *message)
{
    (void)context;
    (void)message;
}

/* Emptied rather than dropped: a database is 300 files, which every recovery and every
 * checkpoint would have to write. */
static void
empty(const char *url)
{
    PGconn *server = connect_patiently(url);

    PQsetNoticeProcessor(server, forget_notice, NULL);
    execute(server, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()");
    execute(server, "DROP SCHEMA IF EXISTS audit, breakwater, public CASCADE");
    execute(server, "CREATE SCHEMA public");
    PQfinish(server);
}

void
postgres_fresh(char url[static POSTGRES_URL_MAX])
{
    char name[LINE_MAX_BYTES], sql[2 * LINE_MAX_BYTES];

    snprintf(name, sizeof name, "test_%d", take_database());
    snprintf(url, POSTGRES_URL_MAX, "host=%s user=breakwater dbname=postgres", directory());
    PGconn *server = connect_patiently(url);
    snprintf(sql, sizeof sql, "SELECT 1 FROM pg_database WHERE datname = '%s'", name);
    PGresult *found = PQexec(server, sql);
    ck_assert_int_eq(PQresultStatus(found), PGRES_TUPLES_OK);
    bool is_there = PQntuples(found);
    PQclear(found);
    snprintf(sql, sizeof sql, "CREATE DATABASE %s", name);
    if (!is_there)
        execute(server, sql);
    PQfinish(server);
    snprintf(url, POSTGRES_URL_MAX, "host=%s user=breakwater dbname=%s", directory(), name);
    if (is_there)
        empty(url);
}

bool
postgres_answers(const char *url)
{
    return PQping(url) == PQPING_OK;
}

int64_t
postgres_number(const char *url, const char *sql)
{
    PGconn *server = PQconnectdb(url);
    ck_assert_msg(PQstatus(server) == CONNECTION_OK, "%s", PQerrorMessage(server));
    PGresult *rows = PQexec(server, sql);
    ck_assert_msg(PQresultStatus(rows) == PGRES_TUPLES_OK, "%s: %s", sql, PQerrorMessage(server));
    bool    is_one = PQntuples(rows) && !PQgetisnull(rows, 0, 0);
    int64_t number = is_one ? strtoll(PQgetvalue(rows, 0, 0), NULL, 10) : -1;
    PQclear(rows);
    PQfinish(server);
    return number;
}

void
postgres_rows(const char *url, const char *sql,
              void (*row)(const char *const *values, void *context), void *context)
{
    const char *values[COLUMNS_MAX];
    PGconn     *server = PQconnectdb(url);
    ck_assert_msg(PQstatus(server) == CONNECTION_OK, "%s", PQerrorMessage(server));
    PGresult *rows = PQexec(server, sql);
    ck_assert_msg(PQresultStatus(rows) == PGRES_TUPLES_OK, "%s: %s", sql, PQerrorMessage(server));
    ck_assert_int_le(PQnfields(rows), COLUMNS_MAX);
    for (int i = 0; i < PQntuples(rows); i++) {
        for (int column = 0; column < PQnfields(rows); column++)
            values[column] = PQgetvalue(rows, i, column);
        row(values, context);
    }
    PQclear(rows);
    PQfinish(server);
}

void
postgres_run(const char *url, const char *sql)
{
    PGconn *server = PQconnectdb(url);
    ck_assert_msg(PQstatus(server) == CONNECTION_OK, "%s", PQerrorMessage(server));
    PGresult *rows = PQexec(server, sql);
    ck_assert_msg(PQresultStatus(rows) == PGRES_TUPLES_OK ||
                  PQresultStatus(rows) == PGRES_COMMAND_OK, "%s: %s", sql, PQerrorMessage(server));
    PQclear(rows);
    PQfinish(server);
}

/* A backend's parent is the postmaster; /proc/PID/stat's fourth word,
 * after the name in parentheses. */
static void
signal_children(pid_t parent, int number)
{
    DIR *all = opendir("/proc");

    for (struct dirent *entry; all && (entry = readdir(all));) {
        char path[512], stat[512] = "";
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        FILE *file = fopen(path, "r");
        if (!file)
            continue;
        char *got = fgets(stat, sizeof stat, file);
        fclose(file);
        char *name_end = got ? strrchr(stat, ')') : NULL;
        if (name_end && strtol(name_end + 4, NULL, 10) == parent)
            kill((pid_t)strtol(entry->d_name, NULL, 10), number);
    }
    if (all)
        closedir(all);
}

void
postgres_kill(void)
{
    pid_t pid = postmaster();

    ck_assert_int_gt(pid, 1);
    signal_children(pid, SIGKILL);
    kill(pid, SIGKILL);
    for (int attempt = 0; is_alive(pid) && attempt < 1000; attempt++)
        usleep(1000);
    ck_assert(!is_alive(pid));
    /* Where nobody waits for its process, the number stays taken, and
     * PostgreSQL would believe it alive. */
    shell("rm -f %s/data/postmaster.pid %s/.s.PGSQL.5432.lock", directory(), directory());
}

void
postgres_stop(void)
{
    int failed = run_pg_ctl(directory(), "-m fast stop");
    ck_assert_int_eq(failed, 0);
}

void
postgres_pause(bool is_paused)
{
    pid_t pid = postmaster();

    ck_assert_int_gt(pid, 1);
    kill(pid, is_paused ? SIGSTOP : SIGCONT);
    signal_children(pid, is_paused ? SIGSTOP : SIGCONT);
}

void
postgres_socket(char path[static POSTGRES_PATH_MAX])
{
    snprintf(path, POSTGRES_PATH_MAX, "%s/.s.PGSQL.5432", directory());
}

void
postgres_scratch(char path[static POSTGRES_PATH_MAX])
{
    snprintf(path, POSTGRES_PATH_MAX, "%s/scratch-XXXXXX", directory());
    ck_assert_ptr_nonnull(mkdtemp(path));
    ck_assert_int_eq(chmod(path, 0711), 0);
}
