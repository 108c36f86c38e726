/* Requests over raw sockets, and answers against the contract. */
#include "tests/api.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <check.h>

#include "handlers/routes.h"
#include "tests/openapi.h"

enum { ROUTES_MAX = 128, STATUS_MAX = 600, HEAD_MAX = 2048, PATH_MAX_BYTES = 8192 };

/* Check hands nothing from a fixture to a test but what both can see. The hits are in memory that
 * all processes share. */
static struct {
    json_t             *document;
    bool               (*hits)[STATUS_MAX];
    struct api_service *service;
} api;

void
api_prepare(void)
{
    char why[OPENAPI_WHY_MAX];

    if (!api.document) {
        api.document = openapi_read("openapi.yaml", why);
        ck_assert_msg(api.document != NULL, "openapi.yaml: %s", why);
    }
    if (!api.hits) {
        api.hits = mmap(NULL, ROUTES_MAX * sizeof *api.hits, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        ck_assert(api.hits != MAP_FAILED);
    }
}

void
api_open_prepared(bool is_embedded, void (*prepare)(struct api_service *service))
{
    api_prepare();
    api.service = api_service_new(is_embedded);
    ck_assert_ptr_nonnull(api.service);
    if (prepare)
        prepare(api.service);
    ck_assert_msg(api_service_start(api.service), "the service does not start: %s",
                  api.service->why);
}

void
api_open_another(bool is_embedded)
{
    api_open_prepared(is_embedded, NULL);
}

void
api_open(void)
{
    api_open_another(true);
}

void
api_restart(void)
{
    ck_assert_msg(api_service_stop(api.service), "the service did not end well");
    ck_assert_msg(api_service_start(api.service), "the service does not start again: %s",
                  api.service->why);
}

/* A failed assertion says nothing in a fixture that runs behind the tests. */
void
api_close(void)
{
    if (!api_service_stop(api.service)) {
        fprintf(stderr, "the service did not end well\n");
        exit(EXIT_FAILURE);
    }
    api_service_free(api.service);
    api.service = NULL;
    json_decref(api.document);
    api.document = NULL;
}

struct api_service *
api_running(void)
{
    return api.service;
}

const json_t *
api_document(void)
{
    return api.document;
}

struct api_service *
api_switch(struct api_service *service)
{
    struct api_service *before = api.service;

    api.service = service;
    return before;
}

unsigned
api_port(void)
{
    const char *proxy = getenv("BREAKWATER_TEST_PROXY");
    const char *colon = proxy ? strrchr(proxy, ':') : NULL;

    return colon ? (unsigned)strtoul(colon + 1, NULL, 10) : api.service->port;
}

bool
api_was_hit(size_t route, unsigned status)
{
    return api.hits[route][status];
}

char *
api_text(const char *text)
{
    char *copy = strdup(text);

    ck_assert_ptr_nonnull(copy);
    for (char *at = copy; *at; at++)
        if (*at == '\'')
            *at = '"';
    return copy;
}

json_t *
api_json(const char *text)
{
    char        *copy = api_text(text);
    json_error_t error;
    json_t      *json = json_loads(copy, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);

    ck_assert_msg(json != NULL, "%s: %s", copy, error.text);
    free(copy);
    return json;
}

bool
api_contains(const json_t *whole, const json_t *part)
{
    const char *name;
    json_t     *member;

    if (json_is_array(part)) {
        bool is_same = json_is_array(whole) && json_array_size(whole) == json_array_size(part);
        for (size_t i = 0; is_same && i < json_array_size(part); i++)
            is_same = api_contains(json_array_get(whole, i), json_array_get(part, i));
        return is_same;
    }
    if (!json_is_object(part))
        return json_equal(whole, part);
    json_object_foreach((json_t *)part, name, member)
        if (!api_contains(json_object_get(whole, name), member))
            return false;
    return json_is_object(whole);
}

/* One answer, and the place in openapi.yaml that it is held to. */
struct holding {
    const struct api_request *request;
    const struct api_answer  *answer;
    char                      title[256];     /* of messages */
    char                      why[OPENAPI_WHY_MAX];
};

static void
hold_json(struct holding *holding, const json_t *schema, const json_t *value)
{
    ck_assert_msg(value != NULL, "%s: the body is not JSON: %.200s", holding->title,
                  holding->answer->http.body);
    ck_assert_msg(openapi_validate(api.document, schema, value, holding->why), "%s: %s\n%.2000s",
                  holding->title, holding->why, holding->answer->http.body);
}

static void
hold_header(struct holding *holding, const char *name, const json_t *described)
{
    char value[512];

    http_header(&holding->answer->http, name, value, sizeof value);
    ck_assert_msg(value[0] || !json_is_true(json_object_get(described, "required")), "%s: no %s",
                  holding->title, name);
    if (!value[0])
        return;
    json_t *text = json_string(value);
    ck_assert_msg(
        openapi_validate(api.document, json_object_get(described, "schema"), text, holding->why),
        "%s: %s: %s", holding->title, name, holding->why);
    json_decref(text);
}

static bool
is_json(const char *media_type)
{
    return !strcmp(media_type, "application/json") ||
           !strcmp(media_type, "application/problem+json");
}

static void
hold_content(struct holding *holding, const json_t *content)
{
    const struct http_answer *http = &holding->answer->http;
    char                      media_type[128];

    if (!strcmp(holding->request->method, "HEAD") || !content) {
        ck_assert_msg(http->count == 0, "%s: a body of %zu bytes", holding->title, http->count);
        return;
    }
    http_header(http, "Content-Type", media_type, sizeof media_type);
    media_type[strcspn(media_type, ";")] = '\0';
    const json_t *media = json_object_get(content, media_type);
    ck_assert_msg(media != NULL, "%s: \"%s\" is not described", holding->title, media_type);
    if (!strcmp(media_type, "application/octet-stream"))    /* no text that a schema could hold */
        return;
    if (is_json(media_type)) {
        hold_json(holding, json_object_get(media, "schema"), holding->answer->json);
        return;
    }
    json_t *text = json_stringn(http->body, http->count);
    hold_json(holding, json_object_get(media, "schema"), text);
    json_decref(text);
}

/* A problem that is one by its schema says its status, and its type and code are of one kind. */
static void
hold_problem(struct holding *holding)
{
    const json_t *problem = holding->answer->json;
    const char   *type = json_string_value(json_object_get(problem, "type"));
    const char   *code = json_string_value(json_object_get(problem, "code"));
    size_t        before = strlen("/problems/");

    ck_assert_msg(json_integer_value(json_object_get(problem, "status")) ==
                      holding->answer->http.status,
                  "%s: its status", holding->title);
    ck_assert_msg(strlen(type) == before + strlen(code), "%s: %s and %s", holding->title, type,
                  code);
    for (size_t i = 0; code[i]; i++)
        ck_assert_msg(code[i] == type[before + i] || (code[i] == '_' && type[before + i] == '-'),
                      "%s: %s and %s", holding->title, type, code);
}

static const struct route *
route_of(const struct api_request *request)
{
    char         path[PATH_MAX_BYTES], allow[64];
    const char  *args[ROUTE_ARGS_MAX];
    enum problem problem;

    snprintf(path, sizeof path, "%.*s", (int)strcspn(request->path, "?"), request->path);
    return route_find(routes, request->method, path, args, allow, sizeof allow, &problem);
}

static const json_t *
response_of(const struct route *route, int status)
{
    const json_t *item = json_object_get(openapi_find(api.document, "/paths"), route->path);
    char          method[16] = "", text[16];

    for (size_t i = 0; route->method[i]; i++)
        method[i] = (char)tolower((unsigned char)route->method[i]);
    snprintf(text, sizeof text, "%d", status);
    return openapi_resolve(
        api.document,
        json_object_get(json_object_get(json_object_get(item, method), "responses"), text));
}

/* What is answered before the operation is looked for: the document says so in general. */
static bool
is_of_no_operation(const struct route *route, int status)
{
    return status == 414 || status == 431 ||
           (!route && (status == 400 || status == 404 || status == 405));
}

static void
hold(struct holding *holding)
{
    const struct route *route = route_of(holding->request);
    int                 status = holding->answer->http.status;
    const char         *name;
    json_t             *header;

    ck_assert_msg(status != 0, "%s: no answer", holding->title);
    if (is_of_no_operation(route, status)) {
        hold_json(holding, openapi_find(api.document, "/components/schemas/Problem"),
                  holding->answer->json);
        hold_problem(holding);
        return;
    }
    ck_assert_msg(route != NULL, "%s: no operation", holding->title);
    const json_t *response = response_of(route, status);
    ck_assert_msg(response != NULL, "%s: openapi.yaml does not say so of %s\n%.2000s",
                  holding->title, route->operation, holding->answer->http.body);
    hold_content(holding, json_object_get(response, "content"));
    if (status >= 400 && strcmp(holding->request->method, "HEAD") != 0)
        hold_problem(holding);
    json_object_foreach(json_object_get(response, "headers"), name, header)
        hold_header(holding, name, openapi_resolve(api.document, header));
    api.hits[route - routes][status] = true;
}

static bool
names(const char *headers, const char *name)
{
    for (const char *line = headers; line && *line; line = strchr(line, '\n'), line += line != NULL)
        if (!strncasecmp(line, name, strlen(name)))
            return true;
    return false;
}

static void
write_head(const struct api_request *request, size_t body_count,
           char head[static HEAD_MAX + PATH_MAX_BYTES])
{
    size_t room = HEAD_MAX + PATH_MAX_BYTES;
    size_t count =
        (size_t)snprintf(head, room, "%s %s HTTP/1.1\r\n", request->method, request->path);

    if (!names(request->headers, "Host:"))
        count += (size_t)snprintf(head + count, room - count, "Host: 127.0.0.1:%u\r\n",
                                  api.service->port);
    if (request->key)
        count += (size_t)snprintf(head + count, room - count, "Authorization: Bearer %s\r\n",
                                  api.service->secrets[request->key]);
    if (request->body && !names(request->headers, "Content-Type:"))
        count += (size_t)snprintf(head + count, room - count, "Content-Type: application/json\r\n");
    if (request->body)
        count +=
            (size_t)snprintf(head + count, room - count, "Content-Length: %zu\r\n", body_count);
    count += (size_t)snprintf(head + count, room - count, "%s\r\n",
                              request->headers ? request->headers : "");
    assert(count < room);
}

void
api_send(struct http_client *client, const struct api_request *request, struct api_answer *answer)
{
    struct holding holding = { .request = request, .answer = answer };
    char           head[HEAD_MAX + PATH_MAX_BYTES];
    size_t count = request->body_count || !request->body ? request->body_count
                                                         : strlen(request->body);

    write_head(request, count, head);
    http_send(client, head);
    if (count)
        http_send_bytes(client, request->body, count);
    http_receive(client, !strcmp(request->method, "HEAD"), &answer->http);
    answer->json = answer->http.body ? json_loadb(answer->http.body, answer->http.count,
                                                  JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL)
                                     : NULL;
    snprintf(holding.title, sizeof holding.title, "%s %.120s -> %d", request->method, request->path,
             answer->http.status);
    hold(&holding);
}

void
api_call(const struct api_request *request, struct api_answer *answer)
{
    struct http_client client;

    http_connect(&client, request->is_direct || api.service->is_beside
                              ? api.service->port : api_port());
    api_send(&client, request, answer);
    http_close(&client);
}

void
api_forget(struct api_answer *answer)
{
    http_forget(&answer->http);
    json_decref(answer->json);
    answer->json = NULL;
}

int64_t
api_await_log(int64_t size)
{
    enum { POLLS_MAX = 200, POLL_US = 50000 };
    const struct api_request request = { .method = "GET", .path = "/log/checkpoint" };
    int64_t                  found = -1;

    for (int i = 0; i < POLLS_MAX && found < size; i++) {
        struct api_answer answer;
        if (i)
            usleep(POLL_US);
        api_call(&request, &answer);
        const char *line = answer.http.status == 200 ? strchr(answer.http.body, '\n') : NULL;
        found = line ? strtoll(line + 1, NULL, 10) : -1;
        api_forget(&answer);
    }
    ck_assert_msg(found >= size, "the log does not grow to %lld entries", (long long)size);
    return found;
}
