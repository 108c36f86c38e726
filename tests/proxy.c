/* One thread that carries bytes both ways between pairs of sockets, and looks for COMMIT in those to the server. */
#include "tests/proxy.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <check.h>

#include "tests/postgres.h"

enum { PAIRS_MAX = 16, BYTES_MAX = 1 << 16, TICK_MS = 20, LATE_US = 500000 };

struct pair { int client, server; };

struct proxy {
    char            directory[POSTGRES_PATH_MAX];
    int             listener;
    pthread_t       thread;
    pthread_mutex_t lock;                 /* of what follows, up to the pairs */
    enum cut        cut;
    bool            refuses_after, is_refusing, has_cut, is_stopping;
    struct pair     pairs[PAIRS_MAX];
    size_t          pairs_count;
};

static int
open_socket(const char *path, struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    ck_assert_uint_lt(strlen(path), sizeof address->sun_path);
    memcpy(address->sun_path, path, strlen(path));
    return fd;
}

static void
close_pair(struct proxy *proxy, size_t i)
{
    if (proxy->pairs[i].client >= 0)
        close(proxy->pairs[i].client);
    close(proxy->pairs[i].server);
    proxy->pairs[i] = proxy->pairs[--proxy->pairs_count];
}

static bool
is_refusing(struct proxy *proxy)
{
    pthread_mutex_lock(&proxy->lock);
    bool is_refusing = proxy->is_refusing;
    pthread_mutex_unlock(&proxy->lock);
    return is_refusing;
}

static void
accept_one(struct proxy *proxy)
{
    struct sockaddr_un address;
    char               path[POSTGRES_PATH_MAX];
    int                client = accept(proxy->listener, NULL, NULL);

    postgres_socket(path);
    int server = open_socket(path, &address);
    if (is_refusing(proxy) || proxy->pairs_count == PAIRS_MAX || connect(server, (struct sockaddr *)&address, sizeof address)) {
        close(client);
        close(server);
        return;
    }
    proxy->pairs[proxy->pairs_count++] = (struct pair){ client, server };
}

static void
send_all(int fd, const char *bytes, size_t count)
{
    while (count) {
        ssize_t sent = send(fd, bytes, count, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        bytes += sent;
        count -= (size_t)sent;
    }
}

/* The cut that is due for these bytes; it is due once. */
static enum cut
cut_of(struct proxy *proxy, const char *bytes, size_t count)
{
    enum cut cut = CUT_NEVER;

    pthread_mutex_lock(&proxy->lock);
    if (proxy->cut != CUT_NEVER && memmem(bytes, count, "COMMIT", 6)) {
        cut = proxy->cut;
        proxy->cut         = CUT_NEVER;
        proxy->is_refusing = proxy->refuses_after;
        proxy->has_cut     = true;
    }
    pthread_mutex_unlock(&proxy->lock);
    return cut;
}

/* Another thread than the proxy's: the writer must be able to reconnect meanwhile. */
struct late { int server; char bytes[BYTES_MAX]; size_t count; };

static void *
send_late(void *context)
{
    struct late *late = context;
    char         answer;

    usleep(LATE_US);
    send_all(late->server, late->bytes, late->count);
    while (read(late->server, &answer, 1) > 0 && answer != 'Z')
        continue;
    close(late->server);
    free(late);
    return NULL;
}

static void
commit_late(int server, const char *bytes, size_t count)
{
    struct late *late = malloc(sizeof *late);
    pthread_t    thread;

    ck_assert_ptr_nonnull(late);
    late->server = dup(server);
    late->count  = count;
    memcpy(late->bytes, bytes, count);
    ck_assert_int_eq(pthread_create(&thread, NULL, send_late, late), 0);
    pthread_detach(thread);
}

/* False: the pair is at its end. */
static bool
carry_to_server(struct proxy *proxy, struct pair *pair)
{
    char    bytes[BYTES_MAX];
    ssize_t count = read(pair->client, bytes, sizeof bytes);

    if (count <= 0)
        return false;
    switch (cut_of(proxy, bytes, (size_t)count)) {
    case CUT_NEVER:
        send_all(pair->server, bytes, (size_t)count);
        return true;
    case CUT_BEFORE_COMMIT:
        return false;
    case CUT_AFTER_COMMIT:
        send_all(pair->server, bytes, (size_t)count);
        return read(pair->server, bytes, sizeof bytes) < 0;
    case CUT_AND_COMMIT_LATE:
        commit_late(pair->server, bytes, (size_t)count);
        return false;
    }
    return false;
}

static bool
carry_to_client(const struct pair *pair)
{
    char    bytes[BYTES_MAX];
    ssize_t count = read(pair->server, bytes, sizeof bytes);

    if (count > 0)
        send_all(pair->client, bytes, (size_t)count);
    return count > 0;
}

static void
carry_all(struct proxy *proxy)
{
    for (size_t i = proxy->pairs_count; i-- > 0;) {
        struct pair  *pair = &proxy->pairs[i];
        struct pollfd ends[] = { { .fd = pair->client, .events = POLLIN }, { .fd = pair->server, .events = POLLIN } };
        poll(ends, 2, 0);
        if ((ends[0].revents && !carry_to_server(proxy, pair)) || (ends[1].revents && !carry_to_client(pair)))
            close_pair(proxy, i);
    }
}

static void *
carry_on(void *context)
{
    struct proxy *proxy = context;

    for (;;) {
        struct pollfd ends[1 + 2 * PAIRS_MAX] = { { .fd = proxy->listener, .events = POLLIN } };
        nfds_t        count = 1;
        for (size_t i = 0; i < proxy->pairs_count; i++) {
            ends[count++] = (struct pollfd){ .fd = proxy->pairs[i].client, .events = POLLIN };
            ends[count++] = (struct pollfd){ .fd = proxy->pairs[i].server, .events = POLLIN };
        }
        poll(ends, count, TICK_MS);
        pthread_mutex_lock(&proxy->lock);
        bool is_stopping = proxy->is_stopping;
        pthread_mutex_unlock(&proxy->lock);
        if (is_stopping)
            return NULL;
        carry_all(proxy);
        if (ends[0].revents)
            accept_one(proxy);
    }
}

struct proxy *
proxy_open(void)
{
    struct proxy      *proxy = calloc(1, sizeof *proxy);
    struct sockaddr_un address;
    char               path[POSTGRES_PATH_MAX + 32];

    ck_assert_ptr_nonnull(proxy);
    postgres_scratch(proxy->directory);
    snprintf(path, sizeof path, "%s/.s.PGSQL.5432", proxy->directory);
    proxy->listener = open_socket(path, &address);
    ck_assert_int_eq(bind(proxy->listener, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(proxy->listener, PAIRS_MAX), 0);
    pthread_mutex_init(&proxy->lock, NULL);
    ck_assert_int_eq(pthread_create(&proxy->thread, NULL, carry_on, proxy), 0);
    return proxy;
}

void
proxy_url(const struct proxy *proxy, const char *url, char proxied[], int proxied_bytes)
{
    snprintf(proxied, (size_t)proxied_bytes, "%s host=%s", url, proxy->directory);
}

void
proxy_arm(struct proxy *proxy, enum cut cut, bool refuses)
{
    pthread_mutex_lock(&proxy->lock);
    proxy->cut           = cut;
    proxy->refuses_after = refuses;
    proxy->has_cut       = false;
    pthread_mutex_unlock(&proxy->lock);
}

void
proxy_accept(struct proxy *proxy)
{
    pthread_mutex_lock(&proxy->lock);
    proxy->is_refusing = false;
    pthread_mutex_unlock(&proxy->lock);
}

bool
proxy_has_cut(struct proxy *proxy)
{
    pthread_mutex_lock(&proxy->lock);
    bool has_cut = proxy->has_cut;
    pthread_mutex_unlock(&proxy->lock);
    return has_cut;
}

void
proxy_close(struct proxy *proxy)
{
    pthread_mutex_lock(&proxy->lock);
    proxy->is_stopping = true;
    pthread_mutex_unlock(&proxy->lock);
    pthread_join(proxy->thread, NULL);
    while (proxy->pairs_count)
        close_pair(proxy, 0);
    close(proxy->listener);
    pthread_mutex_destroy(&proxy->lock);
    free(proxy);
}
