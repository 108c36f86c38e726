/* The private PostgreSQL: made, started, found again and stopped
 * through PostgreSQL's own programs. */
#include "db/embedded.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <limits.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "db/thread.h"

enum { PATH_MAX_BYTES = 512, LINE_BYTES = 256, START_S = 60, ATTEMPTS = 6,
       ATTEMPT_PAUSE_US = 500000, WATCH_MS = 500, RETRY_MS = 5000 };
enum { SOCKET_NAME_BYTES = sizeof "/.s.PGSQL.5432" };

struct embedded {
    char  programs[PATH_MAX_BYTES];           /* where initdb and pg_ctl are */
    char  home[PATH_MAX_BYTES];               /* the state directory */
    char  data[PATH_MAX_BYTES], socket[PATH_MAX_BYTES], log[PATH_MAX_BYTES];
    char  url[EMBEDDED_URL_MAX];
    int   lock_fd;                            /* held by the owner; -1: another one owns it */
    bool  is_root;
    uid_t uid;                                /* of the server's user */
    gid_t gid;

    /* the owner's: starts the server again when it is gone */
    pthread_t       watcher;
    pthread_mutex_t lock;
    pthread_cond_t  changed;
    bool            is_watched, is_stopping;
};

static bool
fail(char why[static DATABASE_WHY_MAX], const char *what, const char *reason)
{
    snprintf(why, DATABASE_WHY_MAX, "the embedded PostgreSQL: %.200s: %.80s", what, reason);
    return false;
}

bool
state_directory(char *path, size_t path_bytes)
{
    const char *given = getenv("BREAKWATER_STATE");
    const char *xdg = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    int         count = -1;

    if (given && *given)
        count = snprintf(path, path_bytes, "%s", given);
    else if (!geteuid())
        count = snprintf(path, path_bytes, "/var/lib/breakwater");
    else if (xdg && *xdg == '/')
        count = snprintf(path, path_bytes, "%s/breakwater", xdg);
    else if (home && *home == '/')
        count = snprintf(path, path_bytes, "%s/.local/state/breakwater", home);
    return count > 0 && (size_t)count < path_bytes;
}

/* PostgreSQL's newest server programs, where Debian puts them. */
static bool
find_newest(struct embedded *embedded)
{
    glob_t found;
    long   newest = 0;

    if (glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found))
        return false;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        long version = strtol(found.gl_pathv[i] + sizeof "/usr/lib/postgresql/" - 1, NULL, 10);
        if (version <= newest)
            continue;
        newest = version;
        snprintf(embedded->programs, sizeof embedded->programs, "/usr/lib/postgresql/%ld/bin",
                 version);
    }
    globfree(&found);
    return newest;
}

static bool
find_in_path(struct embedded *embedded)
{
    const char *from = getenv("PATH");

    while (from && *from) {
        int  count = (int)strcspn(from, ":");
        char initdb[PATH_MAX_BYTES];
        snprintf(initdb, sizeof initdb, "%.*s/initdb", count, from);
        if (*from == '/' && !access(initdb, X_OK)) {
            snprintf(embedded->programs, sizeof embedded->programs, "%.*s", count, from);
            return true;
        }
        from += count + (from[count] == ':');
    }
    return false;
}

static bool
find_programs(struct embedded *embedded, char why[static DATABASE_WHY_MAX])
{
    return find_newest(embedded) || find_in_path(embedded) ||
           fail(why, "the server's programs are not installed",
                "apt-get install postgresql-15, or set BREAKWATER_DATABASE_URL");
}

static bool
find_user(struct embedded *embedded, char why[static DATABASE_WHY_MAX])
{
    embedded->is_root = !geteuid();
    embedded->uid     = geteuid();
    embedded->gid     = getegid();
    if (!embedded->is_root)
        return true;
    const struct passwd *user = getpwnam("postgres");
    if (!user)
        return fail(why, "there is no user postgres",
                    "as root the server cannot run; install postgresql-15");
    embedded->uid = user->pw_uid;
    embedded->gid = user->pw_gid;
    return true;
}

/* In the child: nothing of ours but the three standard streams, which go to the log. */
static void
become_user(const struct embedded *embedded, int log_fd)
{
    int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    setsid();
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    dup2(null_fd, STDIN_FILENO);
    dup2(log_fd, STDOUT_FILENO);
    dup2(log_fd, STDERR_FILENO);
    if (embedded->is_root && (setgroups(0, NULL) || setgid(embedded->gid) || setuid(embedded->uid)))
        _exit(126);
    if (chdir("/"))
        _exit(126);
}

/* Runs a program of PostgreSQL's as its user, in a session of its own; its words go to the
 * log. arguments[0] is set here. */
static bool
run_program(const struct embedded *embedded, const char *name, char **arguments)
{
    char  path[PATH_MAX_BYTES + 32];
    int   status;
    int   log_fd = open(embedded->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log_fd < 0)
        return false;
    if (embedded->is_root && fchown(log_fd, embedded->uid, embedded->gid)) {
        close(log_fd);
        return false;
    }
    snprintf(path, sizeof path, "%s/%s", embedded->programs, name);
    char *environment[] = { "LC_ALL=C.UTF-8", "PATH=/usr/bin:/bin", "PGTZ=UTC", NULL };
    pid_t pid = fork();
    if (!pid) {
        become_user(embedded, log_fd);
        arguments[0] = path;                  /* they look for one another beside themselves */
        execve(path, arguments, environment);
        _exit(127);
    }
    close(log_fd);
    if (pid < 0)
        return false;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return false;
    return WIFEXITED(status) && !WEXITSTATUS(status);
}

/* The log's last line that says something, for the error message. */
static void
read_last_line(const struct embedded *embedded, char line[static LINE_BYTES])
{
    char  next[LINE_BYTES];
    FILE *log = fopen(embedded->log, "re");

    snprintf(line, LINE_BYTES, "nothing was logged");
    while (log && fgets(next, sizeof next, log)) {
        next[strcspn(next, "\n")] = '\0';
        if (strstr(next, "FATAL") || strstr(next, "error:") || strstr(next, "could not"))
            memcpy(line, next, sizeof next);
    }
    if (log)
        fclose(log);
}

static bool
fail_with_log(const struct embedded *embedded, const char *what, char why[static DATABASE_WHY_MAX])
{
    char line[LINE_BYTES];

    read_last_line(embedded, line);
    snprintf(why, DATABASE_WHY_MAX, "the embedded PostgreSQL %s (log: %.100s): %.160s", what,
             embedded->log, line);
    return false;
}

static bool
make_directory(const char *path, mode_t mode)
{
    return !mkdir(path, mode) || errno == EEXIST;
}

static bool
make_path(const char *path)
{
    char part[PATH_MAX_BYTES];

    snprintf(part, sizeof part, "%s", path);
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (!make_directory(part, 0755))
            return false;
        *slash = '/';
    }
    return make_directory(part, 0755);
}

/* The server's own directory belongs to its user; the state directory may hold
 * secrets of the service beside it. */
static bool
make_directories(struct embedded *embedded, char why[static DATABASE_WHY_MAX])
{
    char server[PATH_MAX_BYTES];

    if ((size_t)snprintf(server, sizeof server, "%s/postgres", embedded->home) >=
            sizeof server - sizeof "/socket" - SOCKET_NAME_BYTES ||
        strlen(server) + SOCKET_NAME_BYTES >
            sizeof(struct sockaddr_un) - offsetof(struct sockaddr_un, sun_path))
        return fail(why, embedded->home,
                    "the path is too long for a socket: set BREAKWATER_STATE to a shorter one");
    if (!make_path(embedded->home) || !make_directory(server, 0700) ||
        (embedded->is_root && chown(server, embedded->uid, embedded->gid)))
        return fail(why, embedded->home, strerror(errno));
    snprintf(embedded->data, sizeof embedded->data, "%.400s/data", server);
    snprintf(embedded->socket, sizeof embedded->socket, "%.400s", server);
    snprintf(embedded->log, sizeof embedded->log, "%.400s/log", server);
    snprintf(embedded->url, sizeof embedded->url, "host='%.107s' dbname=postgres user=breakwater",
             embedded->socket);
    return true;
}

/* One service a state directory. -1: another one has it. */
static bool
take_lock(struct embedded *embedded, enum embedded_use use, char why[static DATABASE_WHY_MAX])
{
    char path[PATH_MAX_BYTES + sizeof "/lock"];

    snprintf(path, sizeof path, "%s/lock", embedded->home);
    embedded->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (embedded->lock_fd < 0)
        return fail(why, path, strerror(errno));
    if (!flock(embedded->lock_fd, LOCK_EX | LOCK_NB))
        return true;
    close(embedded->lock_fd);
    embedded->lock_fd = -1;
    return use == EMBEDDED_SHARE ||
           fail(why, embedded->home, "another breakwater runs on this state directory");
}

/* The process that postmaster.pid names; 0: none. It may have ended, and its
 * number may be another one's by now. */
static pid_t
read_pid(const struct embedded *embedded)
{
    char  line[PATH_MAX_BYTES + 32] = "";
    snprintf(line, sizeof line, "%s/postmaster.pid", embedded->data);
    FILE *file = fopen(line, "re");

    if (!file)
        return 0;
    bool is_read = fgets(line, sizeof line, file);
    fclose(file);
    long pid = is_read ? strtol(line, NULL, 10) : 0;
    return pid > 1 ? (pid_t)pid : 0;
}

/* Every process of a PostgreSQL server stands in its data directory. */
static bool
is_of_ours(const struct embedded *embedded, const char *pid)
{
    char    path[PATH_MAX_BYTES], cwd[PATH_MAX_BYTES], data[PATH_MAX];
    snprintf(path, sizeof path, "/proc/%.20s/cwd", pid);
    ssize_t count = readlink(path, cwd, sizeof cwd - 1);

    if (count <= 0 || !realpath(embedded->data, data))
        return false;
    cwd[count] = '\0';
    return !strcmp(cwd, data);
}

static bool
server_lives(const struct embedded *embedded)
{
    char pid[16];

    snprintf(pid, sizeof pid, "%d", (int)read_pid(embedded));
    return strcmp(pid, "0") != 0 && is_of_ours(embedded, pid);
}

/* A process of a server that was killed may outlive it for a moment. */
static bool
any_process_lives(const struct embedded *embedded)
{
    DIR  *all = opendir("/proc");
    bool  is_found = false;

    for (struct dirent *entry; all && !is_found && (entry = readdir(all));)
        is_found = strspn(entry->d_name, "0123456789") == strlen(entry->d_name) &&
                   is_of_ours(embedded, entry->d_name);
    if (all)
        closedir(all);
    return is_found;
}

/* PostgreSQL itself clears what a server left behind whose process is gone. It refuses to start
 * where that process's number is another program's by now (a container that was started again):
 * then the file is removed, if nothing of the server lives. */
static void
remove_stale_pid(const struct embedded *embedded)
{
    char  path[PATH_MAX_BYTES + 32];
    pid_t pid = read_pid(embedded);

    if (!pid || (kill(pid, 0) && errno == ESRCH) || any_process_lives(embedded))
        return;
    snprintf(path, sizeof path, "%s/postmaster.pid", embedded->data);
    unlink(path);
    snprintf(path, sizeof path, "%s/.s.PGSQL.5432.lock", embedded->socket);
    unlink(path);
}

static bool
is_ready(const struct embedded *embedded)
{
    char *arguments[] = { NULL, "-q", "-h", (char *)embedded->socket, NULL };
    return run_program(embedded, "pg_isready", arguments);
}

static bool
make_cluster(const struct embedded *embedded, char why[static DATABASE_WHY_MAX])
{
    char  path[PATH_MAX_BYTES + 32];
    char *arguments[] = { NULL, "-D", (char *)embedded->data, "-U", "breakwater", "-E", "UTF8",
                          "--locale=C.UTF-8", "--auth-local=trust", "--auth-host=reject",
                          "--data-checksums", "--wal-segsize=2", NULL };

    snprintf(path, sizeof path, "%s/PG_VERSION", embedded->data);
    if (!access(path, F_OK))
        return true;
    return run_program(embedded, "initdb", arguments) ||
           fail_with_log(embedded, "could not be made", why);
}

static bool
start_server(const struct embedded *embedded, char why[static DATABASE_WHY_MAX])
{
    char  options[PATH_MAX_BYTES + 256], seconds[16];
    char *arguments[] = { NULL, "start", "-w", "-s", "-t", seconds, "-D", (char *)embedded->data,
                          "-l", (char *)embedded->log, "-o", options, NULL };

    snprintf(seconds, sizeof seconds, "%d", START_S);
    snprintf(options, sizeof options, "-c listen_addresses='' -c unix_socket_directories='%s'"
             " -c unix_socket_permissions=0700 -c timezone=UTC"
             " -c log_error_verbosity=terse -c log_min_error_statement=panic"  /* rows are private */
             " -c log_timezone=UTC -c max_wal_size=4GB -c max_connections=60"
             " -c jit=off", embedded->socket);   /* it makes memory executable: units forbid that */
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        remove_stale_pid(embedded);
        if (run_program(embedded, "pg_ctl", arguments))
            return true;
        usleep(ATTEMPT_PAUSE_US);   /* what is left of a killed server ends within a moment */
    }
    return fail_with_log(embedded, "could not be started", why);
}

static bool
bring_up(struct embedded *embedded, char why[static DATABASE_WHY_MAX])
{
    if (server_lives(embedded)) {
        for (int tenths = 0; tenths < START_S * 10; tenths++) {
            if (is_ready(embedded))
                return true;
            if (!server_lives(embedded))
                break;
            usleep(100000);
        }
    }
    if (server_lives(embedded))
        return fail_with_log(embedded, "runs, but does not answer", why);
    if (embedded->lock_fd < 0)
        return fail(why, embedded->home, "its owner is just starting or stopping; try again");
    return make_cluster(embedded, why) && start_server(embedded, why);
}

/* True: time to stop. */
static bool
rest(struct embedded *embedded, int64_t ms)
{
    pthread_mutex_lock(&embedded->lock);
    if (!embedded->is_stopping)
        condition_wait_ms(&embedded->changed, &embedded->lock, ms);
    bool is_stopping = embedded->is_stopping;
    pthread_mutex_unlock(&embedded->lock);
    return is_stopping;
}

static void *
watch(void *context)
{
    struct embedded *embedded = context;
    char             why[DATABASE_WHY_MAX];

    while (!rest(embedded, WATCH_MS))
        if (!server_lives(embedded) && !start_server(embedded, why) && rest(embedded, RETRY_MS))
            break;
    return NULL;
}

static bool
start_watcher(struct embedded *embedded, char why[static DATABASE_WHY_MAX])
{
    if (embedded->lock_fd < 0)
        return true;
    embedded->is_watched = thread_start(&embedded->watcher, watch, embedded);
    return embedded->is_watched || fail(why, embedded->home, "no thread could be started");
}

static void
stop_watcher(struct embedded *embedded)
{
    if (!embedded->is_watched)
        return;
    pthread_mutex_lock(&embedded->lock);
    embedded->is_stopping = true;
    pthread_cond_broadcast(&embedded->changed);
    pthread_mutex_unlock(&embedded->lock);
    pthread_join(embedded->watcher, NULL);
}

static void
free_embedded(struct embedded *embedded)
{
    if (embedded->lock_fd >= 0)
        close(embedded->lock_fd);
    pthread_cond_destroy(&embedded->changed);
    pthread_mutex_destroy(&embedded->lock);
    free(embedded);
}

struct embedded *
embedded_start(const char *home, enum embedded_use use, char why[static DATABASE_WHY_MAX])
{
    struct embedded *embedded = calloc(1, sizeof *embedded);
    if (!embedded) {
        fail(why, home, "out of memory");
        return NULL;
    }
    embedded->lock_fd = -1;
    pthread_mutex_init(&embedded->lock, NULL);
    condition_open(&embedded->changed);
    bool fits =
        (size_t)snprintf(embedded->home, sizeof embedded->home, "%s", home) < sizeof embedded->home;
    if (!fits)
        fail(why, home, "the path is too long");
    if (fits && find_programs(embedded, why) &&
        find_user(embedded, why) && make_directories(embedded, why) &&
        take_lock(embedded, use, why) && bring_up(embedded, why) && start_watcher(embedded, why))
        return embedded;
    free_embedded(embedded);
    return NULL;
}

const char *
embedded_url(const struct embedded *embedded)
{
    return embedded->url;
}

const char *
embedded_data(const struct embedded *embedded)
{
    return embedded->data;
}

void
embedded_stop(struct embedded *embedded)
{
    char *arguments[] = { NULL, "stop", "-w", "-s", "-m", "fast", "-D",
                          embedded ? embedded->data : NULL, NULL };

    if (!embedded)
        return;
    stop_watcher(embedded);
    if (embedded->lock_fd >= 0)
        run_program(embedded, "pg_ctl", arguments);
    free_embedded(embedded);
}
