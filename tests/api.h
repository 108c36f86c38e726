/* A client of the whole service that holds every answer to openapi.yaml, and remembers which
 * documented answers were seen. */
#ifndef TESTS_API_H
#define TESTS_API_H

#include <jansson.h>

#include "tests/api_service.h"
#include "tests/http.h"

/* Fixtures of a test case, unchecked, so that its tests share them. `prepare` starts no service:
 * for tests that open one themselves. */
void api_prepare(void);
void api_open(void);                          /* embedded: no key is needed from here */
void api_close(void);

/* Inside a test: a service of its own; and the same database under a new process. */
void api_open_another(bool is_embedded);
void api_open_prepared(bool is_embedded, void (*prepare)(struct api_service *service));
void api_restart(void);

struct api_service *api_running(void);
/* Requests go to this one from now on; returns the one before. */
struct api_service *api_switch(struct api_service *service);
unsigned            api_port(void);           /* where requests go: the service's or a proxy's */
const json_t       *api_document(void);       /* openapi.yaml */

struct api_request {
    const char *method, *path;                /* with its query */
    int         key;                          /* enum role, enum api_key */
    const char *headers;                      /* lines with "\r\n"; a Host replaces ours */
    const char *body;                         /* NULL: none */
    size_t      body_count;                   /* 0: it is a text */
    bool        is_direct;                    /* to the service, whether there is a proxy or not */
};

struct api_answer {
    struct http_answer http;
    json_t            *json;                  /* NULL: the body is none */
};

/* Sends, receives one answer, and holds it to openapi.yaml: status, media type, header fields and
 * body of its operation. Fails the test where it breaks the contract. Free the answer with
 * api_forget. */
void api_call(const struct api_request *request, struct api_answer *answer);
/* The same over a connection that stays open. */
void api_send(struct http_client *client, const struct api_request *request,
              struct api_answer *answer);
void api_forget(struct api_answer *answer);

/* Waits until the published log covers at least so many entries; how many they are. */
int64_t api_await_log(int64_t size);

/* Was this documented answer seen since the run began? `route` is a place in routes. */
bool api_was_hit(size_t route, unsigned status);

/* JSON as tests write it, with ' for ": a new reference, or a text to be freed. */
json_t *api_json(const char *text);
char   *api_text(const char *text);
/* Stands every member of `part` in `whole`? An array's items one by one, and as many. */
bool    api_contains(const json_t *whole, const json_t *part);

#endif
