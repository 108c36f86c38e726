/* A request of any bytes, without a socket: lines are the target, header fields, and the body in pieces. Each gets one answer. */
#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "record/json.h"
#include "record/scan.h"
#include "server/exchange.h"

#define V4_LOOPBACK { { [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1 } }

struct note { const char *text; int64_t count; };

static const struct field note_fields[] = {
    TEXT_FIELD   (note, text, .form = TEXT_ANY, .max = 64),
    INTEGER_FIELD(note, count, .optional = true, .max = 9, .initial = "7"),
};
static const struct record note_record = RECORD(note, note_fields);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static enum problem
handle(struct request *request, struct reply *reply)
{
    reply->answer = request->body ? request->body : request->query;
    return PROBLEM_NONE;
}

static const struct route routes[] = {
    { .method = "GET", .path = "/n/{id}", .query = &note_record, .answer = &note_record, .status = 200, .handle = handle,
      .operation = "getNote" },
    { .method = "POST", .path = "/n", .body = &note_record, .body_bytes_max = 100, .answer = &note_record, .status = 201,
      .handle = handle, .operation = "postNote", .idempotency_key_required = true },
    { .method = "GET", .path = "/log/{rest*}", .status = 200, .handle = handle, .operation = "getLog", .any_origin = true },
    { .path = NULL },
};

static enum problem
begin(struct request *request, struct reply *reply)
{
    (void)request, (void)reply;
    return PROBLEM_NONE;
}

static void
end(struct request *request, const struct reply *reply, unsigned status, int64_t elapsed_us)
{
    (void)reply, (void)elapsed_us;
    assert(request->route);
    assert(status >= 200 && status < 600);
}

/* Cuts the next line off; "" at the end. */
static char *
next_line(char **rest)
{
    char  *line  = *rest;
    size_t count = strcspn(line, "\n");

    *rest = line[count] ? line + count + 1 : line + count;
    line[count] = '\0';
    return line;
}

static void
add_headers(struct exchange *exchange, char **rest)
{
    for (char *line = next_line(rest); *line; line = next_line(rest)) {
        size_t name  = strcspn(line, ":");
        char  *value = line[name] ? line + name + 1 : line + name;
        value += strspn(value, " \t");        /* as the library does */
        line[name] = '\0';
        exchange_add_header(exchange, line, name, value, strlen(value));
    }
}

/* What the caller sent is nowhere a line of its own in the answer's header, and a problem is JSON. */
static void
check_answer(const struct exchange *exchange)
{
    assert(exchange->status >= 200);
    assert(exchange->status < 600);
    assert(exchange->headers_count > 1);
    for (size_t i = 0; i < exchange->headers_count; i++) {
        const struct header *header = &exchange->headers[i];
        assert(*header->name);
        for (const char *at = header->name; *at; at++)
            assert(*at > ' ' && *at < 0x7F && *at != ':');
        for (const char *at = header->value; *at; at++)
            assert((unsigned char)*at >= ' ' && *at != 0x7F);
    }
    if (exchange->problem == PROBLEM_NONE)
        return;
    struct scan scan = { exchange->bytes, exchange->bytes, exchange->bytes + exchange->count, NULL };
    assert(exchange->status >= 400);
    assert(exchange->count > 0);
    assert(scan_value(&scan, JSON_DEPTH_MAX));
    assert(scan_end(&scan));
}

static void
run(struct listener *listener, char *input)
{
    const struct sockaddr_in proxy = { .sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const char      *method   = next_line(&input);
    struct exchange *exchange = exchange_open(listener, next_line(&input));

    assert(exchange);
    add_headers(exchange, &input);
    exchange_place(exchange, (const struct sockaddr *)&proxy);
    atomic_fetch_add(&listener->in_flight, 1);
    enum next next = exchange_begin(exchange, method, "HTTP/1.1");
    while (next == NEXT_RECEIVE && *input) {
        const char *piece = next_line(&input);
        bool        taken = !*piece || exchange_take(exchange, piece, strlen(piece));
        assert(taken);
    }
    if (next == NEXT_RECEIVE)
        next = exchange_run(exchange);
    assert(next == NEXT_ANSWER);
    exchange_render(exchange);
    check_answer(exchange);
    exchange_close(exchange);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static const struct address_ranges proxies = { { { V4_LOOPBACK, 128 } }, 1 };
    char            origins[] = "https://a.example, https://b.example";
    struct listener listener  = {
        .routes       = routes,
        .hooks        = { .begin = begin, .end = end },
        .settings     = { .bodies_bytes_max = 150, .log_fd = -1, .trusted_proxies = &proxies },
        .cors_origins = origins,
    };
    char *input = malloc(count + 1);

    assert(input);
    if (count)
        memcpy(input, bytes, count);
    input[count] = '\0';
    run(&listener, input);
    assert(listener.in_flight == 0);
    assert(listener.bodies_bytes == 0);
    spares_free(&listener);
    free(input);
    return 0;
}
