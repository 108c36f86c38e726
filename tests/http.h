/* A client of raw sockets on 127.0.0.1, for tests: it sends what it is told, well-formed or not. */
#ifndef TESTS_HTTP_H
#define TESTS_HTTP_H

#include <stdbool.h>
#include <stddef.h>

enum { HTTP_HEAD_MAX = 16 << 10, HTTP_WAIT_S = 10 };

struct http_client {
    int    fd;
    char  *bytes;                         /* received and not yet read as answers */
    size_t count, room;
};

struct http_answer {
    int    status;                        /* 0: the connection ended, or nothing came within HTTP_WAIT_S */
    char   head[HTTP_HEAD_MAX];
    char  *body;                          /* NUL-ended */
    size_t count;
};

bool http_try_connect(struct http_client *client, unsigned port);  /* http_close it either way */
void http_connect(struct http_client *client, unsigned port);      /* fails the test where it cannot */
void http_close(struct http_client *client);
bool http_send_bytes(struct http_client *client, const char *bytes, size_t count);   /* false: the server closed */
bool http_send(struct http_client *client, const char *text);
/* The next answer's head alone: what follows is in client->bytes, as far as it has come. */
void http_receive_head(struct http_client *client, struct http_answer *answer);
/* Waits until this stands in client->bytes; false: the connection ended before. */
bool http_wait_for(struct http_client *client, const char *text);
/* The next answer, also in chunks (status 0 where the last is missing);
 * 100 Continue is one. `is_head`: it has no body, whatever its Content-Length. Free it with http_forget. */
void http_receive(struct http_client *client, bool is_head, struct http_answer *answer);
void http_forget(struct http_answer *answer);
/* Has the server ended the connection? Waits for it up to HTTP_WAIT_S. */
bool http_is_closed(struct http_client *client);

/* The field's value copied to `value`, "" where it is absent. */
void http_header(const struct http_answer *answer, const char *name, char *value, size_t room);

/* Connects, sends, receives one answer, closes. */
void http_call(unsigned port, const char *request, struct http_answer *answer);

#endif
