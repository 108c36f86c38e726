/* A client of raw sockets. */
#include "tests/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <check.h>

bool
http_try_connect(struct http_client *client, unsigned port)
{
    const struct timeval     wait = { .tv_sec = HTTP_WAIT_S };
    const int                on   = 1;
    const struct sockaddr_in place = {
        .sin_family = AF_INET,
        .sin_port   = htons((uint16_t)port),
        .sin_addr   = { htonl(INADDR_LOOPBACK) },
    };

    *client = (struct http_client){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
    ck_assert_int_ge(client->fd, 0);
    setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return connect(client->fd, (const struct sockaddr *)&place, sizeof place) == 0;
}

void
http_connect(struct http_client *client, unsigned port)
{
    ck_assert(http_try_connect(client, port));
}

void
http_close(struct http_client *client)
{
    close(client->fd);
    free(client->bytes);
    client->bytes = NULL;
}

bool
http_send_bytes(struct http_client *client, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t sent = send(client->fd, bytes, count, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes += sent;
        count -= (size_t)sent;
    }
    return true;
}

bool
http_send(struct http_client *client, const char *text)
{
    return http_send_bytes(client, text, strlen(text));
}

/* More bytes behind those that are there; false: the connection ended. */
static bool
read_more(struct http_client *client)
{
    enum { PIECE = 64 << 10 };

    if (client->room - client->count < PIECE) {
        client->room  = client->room * 2 + PIECE;
        client->bytes = realloc(client->bytes, client->room);
        ck_assert_ptr_nonnull(client->bytes);
    }
    ssize_t got = recv(client->fd, client->bytes + client->count, client->room - client->count, 0);
    if (got > 0)
        client->count += (size_t)got;
    return got > 0;
}

static void
drop(struct http_client *client, size_t count)
{
    client->count -= count;
    memmove(client->bytes, client->bytes + count, client->count);
}

void
http_header(const struct http_answer *answer, const char *name, char *value, size_t room)
{
    size_t count = strlen(name);

    value[0] = '\0';
    for (const char *line = strstr(answer->head, "\r\n"); line; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, count) || line[count] != ':')
            continue;
        const char *start = line + count + 1 + strspn(line + count + 1, " ");
        snprintf(value, room, "%.*s", (int)strcspn(start, "\r"), start);
        return;
    }
}

/* The bytes up to the end of `text`; 0: the connection ended before. */
static size_t
read_past(struct http_client *client, const char *text)
{
    for (;;) {
        const char *at = client->count ? memmem(client->bytes, client->count, text, strlen(text))
                                       : NULL;
        if (at)
            return (size_t)(at - client->bytes) + strlen(text);
        if (!read_more(client))
            return 0;
    }
}

bool
http_wait_for(struct http_client *client, const char *text)
{
    return read_past(client, text) > 0;
}

static bool
read_head(struct http_client *client, struct http_answer *answer)
{
    *answer = (struct http_answer){ 0 };
    size_t head = read_past(client, "\r\n\r\n");
    if (!head)
        return false;
    ck_assert_uint_lt(head, sizeof answer->head);
    memcpy(answer->head, client->bytes, head);
    drop(client, head);
    return true;
}

void
http_receive_head(struct http_client *client, struct http_answer *answer)
{
    if (read_head(client, answer))
        answer->status = (int)strtol(answer->head + strlen("HTTP/1.1 "), NULL, 10);
}

/* RFC 9112 section 7.1; what has come of it stays in the answer where the last chunk is missing. */
static bool
receive_chunks(struct http_client *client, struct http_answer *answer)
{
    size_t room = 0;

    for (;;) {
        size_t line = read_past(client, "\r\n");
        if (!line)
            return false;
        size_t count = strtoul(client->bytes, NULL, 16);
        drop(client, line);
        while (client->count < count + 2)
            if (!read_more(client))
                return false;
        if (answer->count + count + 1 > room) {
            room         = 2 * room + count + 1;
            answer->body = realloc(answer->body, room);
            ck_assert_ptr_nonnull(answer->body);
        }
        memcpy(answer->body + answer->count, client->bytes, count);
        answer->count += count;
        answer->body[answer->count] = '\0';
        ck_assert_mem_eq(client->bytes + count, "\r\n", 2);
        drop(client, count + 2);
        if (!count)
            return true;
    }
}

void
http_receive(struct http_client *client, bool is_head, struct http_answer *answer)
{
    char length[32], coding[16];

    if (!read_head(client, answer))
        return;
    http_header(answer, "Transfer-Encoding", coding, sizeof coding);
    if (!is_head && !strcmp(coding, "chunked")) {
        if (receive_chunks(client, answer))
            answer->status = (int)strtol(answer->head + strlen("HTTP/1.1 "), NULL, 10);
        return;
    }
    http_header(answer, "Content-Length", length, sizeof length);
    size_t count = is_head ? 0 : strtoul(length, NULL, 10);
    while (client->count < count)
        if (!read_more(client))
            return;
    answer->body = calloc(1, count + 1);
    ck_assert_ptr_nonnull(answer->body);
    if (count)
        memcpy(answer->body, client->bytes, count);
    answer->count  = count;
    answer->status = (int)strtol(answer->head + strlen("HTTP/1.1 "), NULL, 10);
    drop(client, count);
}

void
http_forget(struct http_answer *answer)
{
    free(answer->body);
    answer->body = NULL;
}

bool
http_is_closed(struct http_client *client)
{
    char byte;

    return client->count == 0 && recv(client->fd, &byte, 1, 0) <= 0;
}

void
http_call(unsigned port, const char *request, struct http_answer *answer)
{
    struct http_client client;

    http_connect(&client, port);
    http_send(&client, request);
    http_receive(&client, !strncmp(request, "HEAD ", 5), answer);
    http_close(&client);
}
