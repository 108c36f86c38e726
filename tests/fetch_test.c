/* The HTTP client, against sockets that answer what a row says, and against a TLS server whose
 * certificate is nobody's. */
#include "server/fetch.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>

#include "tests/suite.h"

enum { ASKED_MAX = 4096, ANSWER_MAX = 64, URL_MAX = 128, POLL_MS = 5000 };

/* Takes one connection, keeps what it was asked, says what it was told, hangs up. */
struct peer {
    int         fd;
    unsigned    port;
    const char *answer;                   /* NULL: it never answers */
    char        asked[ASKED_MAX];
    pthread_t   thread;
};

static int
listen_somewhere(unsigned *port)
{
    struct sockaddr_in place = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t          bytes = sizeof place;
    int                fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&place, sizeof place), 0);
    ck_assert_int_eq(listen(fd, 4), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&place, &bytes), 0);
    *port = ntohs(place.sin_port);
    return fd;
}

/* The head and, after a POST, as much of a body as "END" closes. */
static void
hear(int fd, char asked[static ASKED_MAX])
{
    size_t count = 0;

    while (count < ASKED_MAX - 1) {
        ssize_t got = recv(fd, asked + count, ASKED_MAX - 1 - count, 0);
        if (got <= 0)
            return;
        count += (size_t)got;
        asked[count] = '\0';
        if (strncmp(asked, "POST", 4) ? strstr(asked, "\r\n\r\n") != NULL
                                      : strstr(asked, "END") != NULL)
            return;
    }
}

static void *
serve(void *context)
{
    struct peer  *peer = context;
    struct pollfd waited = { .fd = peer->fd, .events = POLLIN };

    if (poll(&waited, 1, POLL_MS) != 1)
        return NULL;
    int fd = accept(peer->fd, NULL, NULL);
    hear(fd, peer->asked);
    if (peer->answer)
        send(fd, peer->answer, strlen(peer->answer), MSG_NOSIGNAL);
    else
        recv(fd, peer->asked, 1, 0);              /* until the client is gone */
    close(fd);
    return NULL;
}

static void
peer_open(struct peer *peer, const char *answer)
{
    *peer = (struct peer){ .answer = answer };
    peer->fd = listen_somewhere(&peer->port);
    ck_assert_int_eq(pthread_create(&peer->thread, NULL, serve, peer), 0);
}

static void
peer_close(struct peer *peer)
{
    pthread_join(peer->thread, NULL);
    close(peer->fd);
}

/* One question to one peer; the answer's body is copied to `body`. */
static bool
ask(struct peer *peer, const struct fetch_settings *settings, struct fetch_question question,
    struct fetch_answer *answer, char body[static ANSWER_MAX])
{
    struct arena         arena;
    struct fetch_client *client = fetch_open(settings);
    char                 url[URL_MAX];

    ck_assert_ptr_nonnull(client);
    arena_open(&arena, 1 << 20);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/a?b=c", peer->port);
    question.url = url;
    question.answer_bytes_max = question.answer_bytes_max ? question.answer_bytes_max
                                                          : ANSWER_MAX - 1;
    question.wait_ms = question.wait_ms ? question.wait_ms : POLL_MS;
    bool is_whole = fetch(client, &question, &arena, answer);
    if (is_whole) {
        ck_assert_int_eq(answer->body[answer->count], '\0');
        snprintf(body, ANSWER_MAX, "%s", answer->body);
    }
    answer->body = NULL;
    arena_close(&arena);
    fetch_close(client);
    return is_whole;
}

START_TEST(get_has_status_body_and_fields)
{
    struct fetch_settings settings = { .agent = "breakwater/test" };
    struct fetch_question question = { .authorization = "Bearer abc", .if_none_match = "\"t\"" };
    struct fetch_answer   answer;
    struct peer           peer;
    char                  body[ANSWER_MAX];

    peer_open(&peer, "HTTP/1.1 404 Not Found\r\ncontent-type: text/plain \r\nETag: \"x\"\r\n"
                     "Cache-Control: no-cache\r\nContent-Length: 5\r\n\r\nhello");
    ck_assert_msg(ask(&peer, &settings, question, &answer, body), "%s", answer.why);
    peer_close(&peer);
    ck_assert_int_eq(answer.status, 404);
    ck_assert_str_eq(body, "hello");
    ck_assert_uint_eq(answer.count, 5);
    ck_assert_str_eq(answer.media_type, "text/plain");
    ck_assert_str_eq(answer.cache_control, "no-cache");
    ck_assert_str_eq(answer.entity_tag, "\"x\"");
    ck_assert_ptr_eq(strstr(peer.asked, "GET /a?b=c HTTP/1.1\r\n"), peer.asked);
    ck_assert_ptr_nonnull(strstr(peer.asked, "\r\nAuthorization: Bearer abc\r\n"));
    ck_assert_ptr_nonnull(strstr(peer.asked, "\r\nIf-None-Match: \"t\"\r\n"));
    ck_assert_ptr_nonnull(strstr(peer.asked, "\r\nUser-Agent: breakwater/test\r\n"));
}
END_TEST

START_TEST(post_sends_its_body)
{
    struct fetch_settings settings = { 0 };
    struct fetch_question question = { .body = "old 0\nEND", .body_count = 9,
                                       .media_type = "text/plain" };
    struct fetch_answer   answer;
    struct peer           peer;
    char                  body[ANSWER_MAX];

    peer_open(&peer, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    ck_assert_msg(ask(&peer, &settings, question, &answer, body), "%s", answer.why);
    peer_close(&peer);
    ck_assert_int_eq(answer.status, 200);
    ck_assert_str_eq(body, "");
    ck_assert_ptr_eq(strstr(peer.asked, "POST /a?b=c HTTP/1.1\r\n"), peer.asked);
    ck_assert_ptr_nonnull(strstr(peer.asked, "\r\nContent-Type: text/plain\r\n"));
    ck_assert_ptr_nonnull(strstr(peer.asked, "\r\nContent-Length: 9\r\n"));
    ck_assert_ptr_nonnull(strstr(peer.asked, "\r\n\r\nold 0\nEND"));
    ck_assert_ptr_null(strstr(peer.asked, "Authorization"));
}
END_TEST

/* The target would be asked next, and the peer would see it, for it takes what comes. */
START_TEST(redirect_is_an_answer_and_not_followed)
{
    struct fetch_settings settings = { 0 };
    struct fetch_question question = { 0 };
    struct fetch_answer   answer;
    struct peer           peer;
    char                  body[ANSWER_MAX];

    peer_open(&peer, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
                     "Content-Length: 0\r\n\r\n");
    ck_assert_msg(ask(&peer, &settings, question, &answer, body), "%s", answer.why);
    peer_close(&peer);
    ck_assert_int_eq(answer.status, 302);
}
END_TEST

static const struct { const char *answer; size_t bytes_max; int64_t wait_ms; const char *why; }
refusals[] = {
    { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 4, 0,
      "127.0.0.1: the answer is longer than it may be" },
    { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 4, 0,
      "127.0.0.1: the answer is longer than it may be" },
    { "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", 0, 0, "127.0.0.1: " },
    { "hello", 0, 0, "127.0.0.1: " },
    { "", 0, 0, "127.0.0.1: " },
    { NULL, 0, 200, "127.0.0.1: " },
};

START_TEST(what_is_no_whole_answer_is_refused)
{
    struct fetch_settings settings = { 0 };
    struct fetch_question question = { .answer_bytes_max = refusals[_i].bytes_max,
                                       .wait_ms = refusals[_i].wait_ms };
    struct fetch_answer   answer;
    struct peer           peer;
    char                  body[ANSWER_MAX];

    peer_open(&peer, refusals[_i].answer);
    ck_assert(!ask(&peer, &settings, question, &answer, body));
    peer_close(&peer);
    ck_assert_int_eq(answer.status, 0);
    ck_assert_msg(!strncmp(answer.why, refusals[_i].why, strlen(refusals[_i].why)) &&
                  strlen(answer.why) > strlen("127.0.0.1: "), "%s", answer.why);
}
END_TEST

START_TEST(body_of_exactly_the_bound_is_whole)
{
    struct fetch_settings settings = { 0 };
    struct fetch_question question = { .answer_bytes_max = 5 };
    struct fetch_answer   answer;
    struct peer           peer;
    char                  body[ANSWER_MAX];

    peer_open(&peer, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    ck_assert_msg(ask(&peer, &settings, question, &answer, body), "%s", answer.why);
    peer_close(&peer);
    ck_assert_str_eq(body, "hello");
}
END_TEST

static const struct { const char *url; const char *why; } urls[] = {
    { "http://user:secret@127.0.0.1/", "the URL: it is none, or has a user or a fragment" },
    { "http://127.0.0.1/#a", "the URL: it is none, or has a user or a fragment" },
    { "127.0.0.1 8080", "the URL: it is none, or has a user or a fragment" },
    { "", "the URL: it is none, or has a user or a fragment" },
    { "file:///etc/hostname", NULL },
    { "ftp://127.0.0.1/", NULL },
};

START_TEST(other_urls_are_refused)
{
    struct fetch_settings settings = { 0 };
    struct fetch_client  *client = fetch_open(&settings);
    struct fetch_question question = { .url = urls[_i].url, .answer_bytes_max = 9,
                                       .wait_ms = POLL_MS };
    struct fetch_answer   answer;
    struct arena          arena;

    arena_open(&arena, 1 << 20);
    ck_assert(!fetch(client, &question, &arena, &answer));
    if (urls[_i].why)
        ck_assert_str_eq(answer.why, urls[_i].why);
    arena_close(&arena);
    fetch_close(client);
}
END_TEST

/* A proxy that does not exist would be the only way, were the environment heeded. */
START_TEST(environment_names_no_proxy_unless_asked)
{
    struct fetch_settings settings = { .uses_proxy = _i == 1 };
    struct fetch_question question = { 0 };
    struct fetch_answer   answer;
    struct peer           peer;
    char                  body[ANSWER_MAX];

    setenv("http_proxy", "http://127.0.0.1:1", 1);
    unsetenv("no_proxy");
    unsetenv("NO_PROXY");
    peer_open(&peer, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    bool is_whole = ask(&peer, &settings, question, &answer, body);
    if (_i == 1)
        shutdown(peer.fd, SHUT_RD);               /* nobody will come */
    peer_close(&peer);
    unsetenv("http_proxy");
    ck_assert_int_eq(is_whole, _i == 0);
}
END_TEST

static bool
stop(void *context)
{
    (void)context;
    return true;
}

START_TEST(program_that_ends_waits_for_nobody)
{
    struct fetch_settings settings = { .is_stopped = stop };
    struct fetch_question question = { 0 };
    struct fetch_answer   answer;
    struct peer           peer;
    char                  body[ANSWER_MAX];

    peer_open(&peer, NULL);
    ck_assert(!ask(&peer, &settings, question, &answer, body));
    shutdown(peer.fd, SHUT_RD);
    peer_close(&peer);
    ck_assert_str_eq(answer.why, "127.0.0.1: it was not waited for: the program is to end");
}
END_TEST

/* A TLS server of openssl's, with a certificate of its own making for "localhost" only. */
struct tls { char folder[64], certificate[96]; unsigned port; pid_t pid; };

static void
tls_certificate(const struct tls *tls)
{
    char command[512];

    snprintf(command, sizeof command, "cd %s && openssl req -x509 -newkey ec -pkeyopt "
             "ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=x "
             "-addext subjectAltName=DNS:localhost > log 2>&1", tls->folder);
    ck_assert_int_eq(system(command), 0);
}

static bool
is_listening(unsigned port)
{
    struct sockaddr_in place = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                 .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int                fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool               is_there = !connect(fd, (const struct sockaddr *)&place, sizeof place);

    close(fd);
    return is_there;
}

static void
tls_open(struct tls *tls)
{
    char accepted[16];

    snprintf(tls->folder, sizeof tls->folder, "/tmp/breakwater-tls-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(tls->folder));
    snprintf(tls->certificate, sizeof tls->certificate, "%s/cert.pem", tls->folder);
    tls_certificate(tls);
    close(listen_somewhere(&tls->port));
    snprintf(accepted, sizeof accepted, "%u", tls->port);
    tls->pid = fork();
    ck_assert_int_ge(tls->pid, 0);
    if (!tls->pid) {
        if (chdir(tls->folder) || !freopen("log", "a", stdout) || !freopen("log", "a", stderr))
            _exit(1);
        execlp("openssl", "openssl", "s_server", "-accept", accepted, "-cert", "cert.pem", "-key",
               "key.pem", "-www", (char *)NULL);
        _exit(1);
    }
    for (int i = 0; i < 100 && !is_listening(tls->port); i++)
        usleep(50 * 1000);
}

static void
tls_close(struct tls *tls)
{
    char command[128];

    kill(tls->pid, SIGKILL);
    waitpid(tls->pid, NULL, 0);
    snprintf(command, sizeof command, "rm -r %s", tls->folder);
    ck_assert_int_eq(system(command), 0);
}

static int
tls_ask(const struct tls *tls, const char *host, const char *authority_file, char why[FETCH_WHY_MAX])
{
    struct fetch_settings settings = { .authority_file = authority_file };
    struct fetch_client  *client = fetch_open(&settings);
    char                  url[URL_MAX];
    struct fetch_question question = { .url = url, .answer_bytes_max = 1 << 16,
                                       .wait_ms = POLL_MS };
    struct fetch_answer   answer;
    struct arena          arena;

    arena_open(&arena, 1 << 20);
    snprintf(url, sizeof url, "https://%s:%u/", host, tls->port);
    fetch(client, &question, &arena, &answer);
    snprintf(why, FETCH_WHY_MAX, "%s", answer.why);
    arena_close(&arena);
    fetch_close(client);
    return answer.status;
}

START_TEST(certificates_are_verified_with_their_names)
{
    struct tls tls;
    char       why[FETCH_WHY_MAX];

    tls_open(&tls);
    int unknown = tls_ask(&tls, "localhost", NULL, why);
    int known = tls_ask(&tls, "localhost", tls.certificate, why);
    int other_name = tls_ask(&tls, "127.0.0.1", tls.certificate, why);
    tls_close(&tls);
    ck_assert_int_eq(unknown, 0);
    ck_assert_msg(known == 200, "%s", why);
    ck_assert_int_eq(other_name, 0);
    ck_assert_ptr_nonnull(strstr(why, "127.0.0.1: SSL"));
}
END_TEST

Suite *
fetch_suite(void)
{
    Suite *suite = suite_create("fetch");
    TCase *tests = tcase_create("fetch");

    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, get_has_status_body_and_fields);
    tcase_add_test(tests, post_sends_its_body);
    tcase_add_test(tests, redirect_is_an_answer_and_not_followed);
    tcase_add_loop_test(tests, what_is_no_whole_answer_is_refused, 0,
                        sizeof refusals / sizeof *refusals);
    tcase_add_test(tests, body_of_exactly_the_bound_is_whole);
    tcase_add_loop_test(tests, other_urls_are_refused, 0, sizeof urls / sizeof *urls);
    tcase_add_loop_test(tests, environment_names_no_proxy_unless_asked, 0, 2);
    tcase_add_test(tests, program_that_ends_waits_for_nobody);
    tcase_add_test(tests, certificates_are_verified_with_their_names);
    suite_add_tcase(suite, tests);
    return suite;
}
