/* Witnesses that cosign, lag, refuse, know more than there is, or keep silent: log.md 8. */
#include "handlers/witnesses.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "audit/witness.h"
#include "db/chain.h"
#include "db/log.h"
#include "tests/opened.h"
#include "tests/suite.h"

#define ORIGIN "breakwater.test/audit"

enum { BODY_MAX = 64 << 10, WAIT_MS = 15000 };

/* Cosigns what extends what it has; or says what it was told to. */
struct peer {
    int           fd;
    unsigned      port;
    struct signer signer;
    pthread_t     thread;
    _Atomic int   status;                 /* 200: cosigns; 409: names `size` in any case; else that */
    _Atomic int64_t size, asked, old;
    bool          is_wrong;               /* signs another text */
};

static const uint8_t seed[KEY_BYTES] = { 7, 3, 1 };

static struct opened      opened;
static struct log_keys    keys;
static struct peer        peers[2];
static struct policy      policy;
static struct sequencer  *sequencer;
static struct witnesses  *witnesses;
static char               policy_text[2048], state_path[160];

static size_t
hear(int fd, char *bytes)
{
    size_t count = 0, wanted = SIZE_MAX;

    while (count < BODY_MAX - 1 && count < wanted) {
        ssize_t got = recv(fd, bytes + count, BODY_MAX - 1 - count, 0);
        if (got <= 0)
            break;
        count += (size_t)got;
        bytes[count] = '\0';
        const char *end = strstr(bytes, "\r\n\r\n"), *length = strcasestr(bytes, "content-length:");
        if (end && length)
            wanted = (size_t)(end - bytes) + 4 + strtoul(length + 15, NULL, 10);
        if (strcasestr(bytes, "expect: 100"))
            send(fd, "HTTP/1.1 100 Continue\r\n\r\n", 25, MSG_NOSIGNAL);
    }
    return count;
}

static void
say(int fd, int status, const char *media_type, const char *body, size_t count)
{
    char head[256];
    int  bytes = snprintf(head, sizeof head, "HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                          "Connection: close\r\n\r\n", status, media_type, count);

    send(fd, head, (size_t)bytes, MSG_NOSIGNAL);
    send(fd, body, count, MSG_NOSIGNAL);
}

static void
say_size(struct peer *peer, int fd)
{
    char body[32];
    int  count = snprintf(body, sizeof body, "%" PRId64 "\n", atomic_load(&peer->size));

    say(fd, 409, "text/x.tlog.size", body, (size_t)count);
}

static void
cosign(struct peer *peer, int fd, const char *body)
{
    const char       *text = strstr(body, "\n\n") + 2;
    const char       *end = strstr(text, "\n\n") + 1;
    struct arena      arena;
    struct text       line;
    struct checkpoint checkpoint;

    if (!checkpoint_parse(text, (size_t)(end - text), &checkpoint) ||
        atomic_load(&peer->old) != atomic_load(&peer->size)) {
        say_size(peer, fd);
        return;
    }
    arena_open(&arena, 1 << 16);
    text_open(&line, &arena, 1024, 4096);
    cosignature_add(&line, &peer->signer, time(NULL), peer->is_wrong ? "other\n" : text,
                    peer->is_wrong ? 6 : (size_t)(end - text));
    say(fd, 200, "text/plain", line.bytes, line.count);
    arena_close(&arena);
    atomic_store(&peer->size, checkpoint.size);
}

static void *
stand_by(void *context)
{
    struct peer *peer = context;
    char        *bytes = malloc(BODY_MAX);
    int          fd;

    while (bytes && (fd = accept(peer->fd, NULL, NULL)) >= 0) {
        hear(fd, bytes);
        const char *body = strstr(bytes, "\r\n\r\nold ");
        if (body) {
            atomic_fetch_add(&peer->asked, 1);
            atomic_store(&peer->old, strtoll(body + 8, NULL, 10));
        }
        int status = atomic_load(&peer->status);
        if (body && status == 200)
            cosign(peer, fd, body + 4);
        else if (status == 409)
            say_size(peer, fd);
        else
            say(fd, status, "text/plain", "no\n", 3);
        close(fd);
    }
    free(bytes);
    return NULL;
}

static void
open_peer(struct peer *peer, int n)
{
    struct sockaddr_in place = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t          bytes = sizeof place;
    uint8_t            own_seed[KEY_BYTES] = { (uint8_t)(n + 1) };
    char               name[32];

    snprintf(name, sizeof name, "witness-%d.test", n);
    peer->signer = signer_of(KEY_COSIGNATURE, name, own_seed);
    peer->fd     = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    atomic_store(&peer->status, 200);
    ck_assert_int_eq(bind(peer->fd, (const struct sockaddr *)&place, sizeof place), 0);
    ck_assert_int_eq(listen(peer->fd, 8), 0);
    ck_assert_int_eq(getsockname(peer->fd, (struct sockaddr *)&place, &bytes), 0);
    peer->port = ntohs(place.sin_port);
    ck_assert_int_eq(pthread_create(&peer->thread, NULL, stand_by, peer), 0);
}

static void
write_policy(const char *quorum)
{
    struct arena        arena;
    struct text         text;
    struct policy_fault fault;

    arena_open(&arena, 1 << 16);
    text_open(&text, &arena, 1024, sizeof policy_text);
    for (int i = 0; i < 2; i++) {
        text_format(&text, "witness w%d ", i);
        key_write(&peers[i].signer.key, &text);
        text_format(&text, " http://127.0.0.1:%u/\n", peers[i].port);
    }
    text_format(&text, "%s", quorum);
    memcpy(policy_text, text.bytes, text.count);
    ck_assert_msg(policy_parse(policy_text, text.count, &policy, &fault), "%zu: %s", fault.line, fault.what);
    arena_close(&arena);
}

static void
open_log(void)
{
    char folder[POSTGRES_PATH_MAX];

    opened_fresh(&opened);
    keys.log = signer_of(KEY_NOTE, ORIGIN, seed);
    postgres_scratch(folder);
    snprintf(state_path, sizeof state_path, "%s/witnessed.%d", folder, getpid());
    for (int i = 0; i < 2; i++)
        open_peer(&peers[i], i);
}

static void
start_all(int64_t fresh_s)
{
    struct sequencer_settings settings = { .origin = ORIGIN, .keys = &keys, .state_path = state_path,
                                           .waits_for_witnesses = policy.quorum, .is_held = true };
    char                      why[DATABASE_WHY_MAX];

    sequencer = sequencer_open(opened.database, &settings, why);
    ck_assert_msg(sequencer != NULL, "%s", why);
    struct witnesses_settings asking = { .database = opened.database, .sequencer = sequencer,
                                         .origin = ORIGIN, .policy = &policy, .fresh_s = fresh_s };
    witnesses = witnesses_open(&asking);
    ck_assert_ptr_nonnull(witnesses);
}

static void
stop_all(void)
{
    witnesses_close(witnesses);
    sequencer_close(sequencer);
}

static void
close_log(void)
{
    opened_close(&opened);
}

static void
log_record(void)
{
    struct draft_member members[] = { { "n", "1" } };

    ck_assert_int_eq(transaction_begin(&opened.connection), OUTCOME_OK);
    ck_assert_int_eq(chain_record(&opened.connection, "key", NULL, NULL, members, 1), OUTCOME_OK);
    ck_assert_int_eq(transaction_commit(&opened.connection), OUTCOME_OK);
}

static int64_t
number(const char *sql)
{
    return postgres_number(opened.url, sql);
}

/* Does it come to that within some seconds? */
static bool
becomes(const char *sql, int64_t expected)
{
    for (int ms = 0; ms < WAIT_MS; ms += 50) {
        if (number(sql) == expected)
            return true;
        usleep(50000);
    }
    return false;
}

#define COSIGNED "SELECT count(*) FROM audit.cosignature WHERE size = (SELECT size FROM audit.head)"
#define PUBLISHED "SELECT coalesce(max(size), 0) FROM audit.checkpoint WHERE published_at IS NOT NULL"

START_TEST(cosignatures_are_in_what_is_served)
{
    static struct published published;
    struct note             note;
    int64_t                 time_s = 0;

    write_policy("quorum none\n");
    start_all(0);
    log_record();
    ck_assert(becomes("SELECT size FROM audit.head", 2));
    ck_assert(becomes(COSIGNED, 2));
    ck_assert(log_cache_reload(database_log(opened.database), &opened.connection));
    ck_assert(log_published(database_log(opened.database), &published));
    ck_assert_int_eq(published.size, 2);
    ck_assert(note_parse(published.note, published.note_count, &note));
    ck_assert_int_eq(note_check(&note, &keys.log.key), VERDICT_GOOD);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(cosignature_find(&note, &peers[i].signer.key, &time_s), VERDICT_GOOD);
    ck_assert_int_le(time(NULL) - time_s, 10);
    log_record();                             /* from where each of them stands, with a proof */
    ck_assert(becomes("SELECT size FROM audit.head", 3));
    ck_assert(becomes(COSIGNED, 2));
    ck_assert_int_eq(atomic_load(&peers[0].old), 2);
    stop_all();
}
END_TEST

START_TEST(publishing_waits_for_the_quorum)
{
    write_policy("group both all w0 w1\nquorum both\n");
    atomic_store(&peers[1].status, 503);
    start_all(0);
    log_record();
    ck_assert(becomes(COSIGNED, 1));
    ck_assert_int_eq(number(PUBLISHED), 0);
    ck_assert_int_eq(log_published_size(database_log(opened.database)), 0);
    atomic_store(&peers[1].status, 200);
    ck_assert(becomes(PUBLISHED, 2));
    stop_all();
}
END_TEST

/* A witness that stands elsewhere than we think: from there. */
START_TEST(conflict_is_asked_again_from_the_size_it_names)
{
    write_policy("quorum none\n");
    start_all(0);
    log_record();
    ck_assert(becomes(COSIGNED, 2));
    postgres_run(opened.url, "UPDATE audit.witness_state SET size = 0");
    log_record();
    ck_assert(becomes("SELECT size FROM audit.head", 3));
    ck_assert(becomes(COSIGNED, 2));
    ck_assert_int_eq(number("SELECT min(size) FROM audit.witness_state"), 3);
    stop_all();
}
END_TEST

/* An older dump was restored, on a host that has no state file: the witness knows better. */
START_TEST(witness_that_knows_more_halts_the_log)
{
    struct sequencer_status status = { .is_halted = false };

    write_policy("quorum none\n");
    start_all(0);
    log_record();
    ck_assert(becomes(COSIGNED, 2));
    stop_all();
    unlink(state_path);
    atomic_store(&peers[0].size, 1000);
    log_record();
    start_all(0);
    for (int ms = 0; ms < WAIT_MS && !status.is_halted; ms += 50) {
        usleep(50000);
        sequencer_status(sequencer, &status);
    }
    ck_assert(status.is_halted);
    ck_assert_ptr_nonnull(strstr(status.why, "rolled back"));
    ck_assert_int_eq(number("SELECT size FROM audit.head"), 2);
    stop_all();
    ck_assert_int_eq(number("SELECT size FROM audit.head"), 2);
}
END_TEST

/* 403, 404, 422, and a signature that is none: alarm, and no more questions. */
START_TEST(refusal_is_an_alarm_and_not_asked_again)
{
    static const int        refusals[] = { 403, 404, 422, 200 };
    struct witnesses_status status = { 0 };

    write_policy("quorum none\n");
    atomic_store(&peers[0].status, refusals[_i]);
    peers[0].is_wrong = refusals[_i] == 200;
    start_all(0);
    log_record();
    for (int ms = 0; ms < WAIT_MS && !status.alarmed; ms += 50) {
        usleep(50000);
        witnesses_status(witnesses, &status);
    }
    ck_assert_int_eq(status.alarmed, 1);
    ck_assert_ptr_nonnull(strstr(status.why, "witness-0.test"));
    int64_t asked = atomic_load(&peers[0].asked);
    log_record();
    ck_assert(becomes("SELECT size FROM audit.head", 3));
    ck_assert(becomes(COSIGNED, 1));
    ck_assert_int_eq(atomic_load(&peers[0].asked), asked);
    ck_assert_int_eq(number("SELECT count(*) FROM audit.cosignature WHERE witness = 'witness-0.test'"), 0);
    ck_assert_int_eq(number("SELECT count(*) FROM audit.witness_state WHERE last_error IS NOT NULL"), 1);
    stop_all();
}
END_TEST

/* A head that does not change gets a new time. */
START_TEST(unchanged_checkpoint_is_cosigned_anew)
{
    char sql[256];

    write_policy("quorum none\n");
    start_all(1);
    log_record();
    ck_assert(becomes(COSIGNED, 2));
    snprintf(sql, sizeof sql, "SELECT count(*) FROM audit.cosignature WHERE witnessed_at > to_timestamp(%"
             PRId64 ")", (int64_t)time(NULL) + 1);
    ck_assert(becomes(sql, 2));
    ck_assert_int_eq(number("SELECT count(*) FROM audit.cosignature"), 2);
    stop_all();
}
END_TEST

Suite *
witnesses_suite(void)
{
    Suite *suite = suite_create("witnesses");
    TCase *tcase = tcase_create("witnesses");

    tcase_add_checked_fixture(tcase, open_log, close_log);
    tcase_set_timeout(tcase, 90);
    tcase_add_test(tcase, cosignatures_are_in_what_is_served);
    tcase_add_test(tcase, publishing_waits_for_the_quorum);
    tcase_add_test(tcase, conflict_is_asked_again_from_the_size_it_names);
    tcase_add_test(tcase, witness_that_knows_more_halts_the_log);
    tcase_add_loop_test(tcase, refusal_is_an_alarm_and_not_asked_again, 0, 4);
    tcase_add_test(tcase, unchanged_checkpoint_is_cosigned_anew);
    suite_add_tcase(suite, tcase);
    return suite;
}
