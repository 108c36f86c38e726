/* Several hosts, and primaries that were left behind. A real fail-over is in tests/ha. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "db/primary.h"
#include "db/wait.h"
#include "tests/opened.h"
#include "tests/suite.h"

enum { URL_MAX = 512, PATH_ROOM = 256, FILE_MAX = 128 };

/* The hosts are tried as they stand, each with its port. */
static const struct {
    const char *url;
    size_t      count;
    const char *host, *hostaddr, *port;
} urls[] = {
    { "host=a dbname=x",                        1, NULL, NULL, NULL },
    { "dbname=x",                               1, NULL, NULL, NULL },
    { "host=a,b port=1,2",                      2, "b", NULL, "2" },
    { "host=a,b port=7",                        2, "b", NULL, "7" },
    { "host=a,b",                               2, "b", NULL, NULL },
    { "postgresql://u@a:1,b:2/x",               2, "b", NULL, "2" },
    { "host=a,b hostaddr=10.0.0.1,10.0.0.2",    2, "b", "10.0.0.2", NULL },
    { "hostaddr=10.0.0.1,10.0.0.2 port=1,2",    2, NULL, "10.0.0.2", "2" },
    { "host=/run/a,/run/b,c port=1,2,3",        3, "/run/b", NULL, "2" },
    { "host=a,b port=1,2,3",                    1, NULL, NULL, NULL },
    { "host=a,b hostaddr=10.0.0.1",             1, NULL, NULL, NULL },
    { "host=a,b,c,d,e,f,g,h,i",                 1, NULL, NULL, NULL },
    { "not a string",                           1, NULL, NULL, NULL },
};

static void
same(const char *found, const char *expected)
{
    ck_assert_str_eq(found ? found : "", expected ? expected : "");
}

START_TEST(hosts_are_read_from_the_connection_string)
{
    struct primary *primary = primary_open(urls[_i].url, NULL);

    ck_assert_uint_eq(primary_hosts_count(primary), urls[_i].count);
    struct primary_host host = primary_host_at(primary, urls[_i].count > 1);
    same(host.host, urls[_i].host);
    same(host.hostaddr, urls[_i].hostaddr);
    same(host.port, urls[_i].port);
    ck_assert_uint_eq(primary_last_good(primary), 0);
    primary_close(primary);
}
END_TEST

/* `host` before the server's own, in a connection string of the fresh database. */
static void
put_before(const char *url, const char *host, char both[static URL_MAX])
{
    const char *found = strstr(url, "host=");

    ck_assert_ptr_nonnull(found);
    snprintf(both, URL_MAX, "%.*shost=%s,%s", (int)(found - url), url, host,
             found + sizeof "host=" - 1);
}

START_TEST(the_host_that_answers_is_found_and_kept)
{
    struct opened     opened;
    struct connection connection;
    char              url[URL_MAX], why[DATABASE_WHY_MAX];

    opened_fresh(&opened);
    put_before(opened.url, "/nowhere", url);
    struct database *database = database_open(&(struct database_settings){ .url = url }, why);
    ck_assert_msg(database, "%s", why);
    ck_assert(connection_open(&connection, database));
    ck_assert_int_eq(connection.timeline, 1);
    connection_close(&connection);
    database_close(database);
    opened_close(&opened);
}
END_TEST

/* It takes connections and says nothing, as a server that stands still. */
static int
listen_silently(int *port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t          count = sizeof address;
    int                fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert(!bind(fd, (struct sockaddr *)&address, count) && !listen(fd, 16));
    ck_assert(!getsockname(fd, (struct sockaddr *)&address, &count));
    *port = ntohs(address.sin_port);
    return fd;
}

START_TEST(a_silent_host_does_not_keep_us_from_the_next)
{
    struct opened opened;
    char          url[URL_MAX + 32], both[URL_MAX], why[DATABASE_WHY_MAX];
    int           port;
    int           fd = listen_silently(&port);

    opened_fresh(&opened);
    put_before(opened.url, "127.0.0.1", both);
    snprintf(url, sizeof url, "%s port=%d,5432", both, port);
    int64_t          begun_us = wait_clock_us();
    struct database *database = database_open(
        &(struct database_settings){ .url = url, .connect_ms = 1000 }, why);
    ck_assert_msg(database, "%s", why);
    ck_assert_int_ge(wait_clock_us() - begun_us, 500000);     /* it was tried */
    struct connection connection;
    begun_us = wait_clock_us();
    ck_assert(connection_open(&connection, database));        /* the good one comes first now */
    ck_assert_int_lt(wait_clock_us() - begun_us, 400000);
    connection_close(&connection);
    database_close(database);
    opened_close(&opened);
    close(fd);
}
END_TEST

static void
write_file(const char *path, const char *line)
{
    FILE *file = fopen(path, "we");

    ck_assert_ptr_nonnull(file);
    fputs(line, file);
    fclose(file);
}

static void
read_file(const char *path, char line[static FILE_MAX])
{
    FILE *file = fopen(path, "re");

    ck_assert_ptr_nonnull(file);
    ck_assert_ptr_nonnull(fgets(line, FILE_MAX, file));
    fclose(file);
}

/* What the file says before the service starts, with the server's own system identifier in place
 * of %s, and what the server, which is on timeline 1, is told. */
static const struct { const char *before, *why; } files[] = {
    { NULL, NULL },
    { "%s 1\n", NULL },
    { "%s 2\n", "left behind" },
    { "1234567890 1\n", "another PostgreSQL" },
    { "", NULL },                             /* what cannot be read is as good as none */
    { "%s\n", NULL },
    { "%s 2", NULL },
    { "%s -2\n", NULL },
};

START_TEST(the_newest_primary_is_remembered_in_a_file)
{
    struct opened opened;
    char          path[PATH_ROOM], scratch[POSTGRES_PATH_MAX], system[64];
    char          line[FILE_MAX], why[DATABASE_WHY_MAX] = "";

    opened_fresh(&opened);
    postgres_scratch(scratch);
    snprintf(path, sizeof path, "%s/primary-%d", scratch, _i);
    snprintf(system, sizeof system, "%lld",
             (long long)postgres_number(opened.url,
                                        "SELECT system_identifier FROM pg_control_system()"));
    if (files[_i].before) {
        const char *from = files[_i].before;
        snprintf(line, sizeof line, "%s%s", strncmp(from, "%s", 2) ? "" : system,
                 strncmp(from, "%s", 2) ? from : from + 2);
        write_file(path, line);
    }
    struct database *database = database_open(
        &(struct database_settings){ .url = opened.url, .primary_path = path }, why);
    if (files[_i].why) {
        ck_assert_ptr_null(database);
        ck_assert_msg(strstr(why, files[_i].why) && strstr(why, path), "%s", why);
    } else {
        char expected[FILE_MAX];
        ck_assert_msg(database, "%s", why);
        snprintf(expected, sizeof expected, "%s 1\n", system);
        read_file(path, line);
        ck_assert_str_eq(line, expected);
    }
    database_close(database);
    unlink(path);
    opened_close(&opened);
}
END_TEST

START_TEST(connections_to_one_that_was_left_behind_count_as_gone)
{
    struct opened opened;

    opened_fresh(&opened);
    ck_assert(connection_is_up(&opened.connection));
    opened.connection.timeline--;                             /* as if it were of one before */
    ck_assert_int_eq(opened.connection.timeline, 0);          /* which is not known to be one */
    ck_assert(connection_is_up(&opened.connection));
    opened.connection.timeline = -1;
    ck_assert(!connection_is_up(&opened.connection));
    ck_assert(!transaction_begin(&opened.connection));
    ck_assert_int_eq(transaction_commit(&opened.connection), OUTCOME_AWAY);
    opened_close(&opened);
}
END_TEST

Suite *
primary_suite(void)
{
    Suite *suite = suite_create("primary");
    TCase *texts = tcase_create("texts");
    TCase *servers = tcase_create("servers");

    tcase_add_loop_test(texts, hosts_are_read_from_the_connection_string, 0,
                        sizeof urls / sizeof *urls);
    tcase_set_timeout(servers, 60);
    tcase_add_test(servers, the_host_that_answers_is_found_and_kept);
    tcase_add_test(servers, a_silent_host_does_not_keep_us_from_the_next);
    tcase_add_loop_test(servers, the_newest_primary_is_remembered_in_a_file, 0,
                        sizeof files / sizeof *files);
    tcase_add_test(servers, connections_to_one_that_was_left_behind_count_as_gone);
    suite_add_tcase(suite, texts);
    suite_add_tcase(suite, servers);
    return suite;
}
