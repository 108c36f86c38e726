/* A client of HTTP and HTTPS for what the program asks of others: witnesses, and logs that it
 * verifies. Certificates are verified, no redirect is followed, answers are bounded in bytes and
 * in time. */
#ifndef SERVER_FETCH_H
#define SERVER_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/arena.h"

enum { FETCH_HEAD_BYTES_MAX = 64 << 10, FETCH_FIELD_MAX = 256, FETCH_WHY_MAX = 640 };

/* Each may be NULL or false. Texts must outlive the client. */
struct fetch_settings {
    const char *agent;                    /* User-Agent */
    const char *authority_file;           /* PEM; in place of the system's certificate authorities */
    bool        uses_proxy;               /* that the environment names (https_proxy ...) */
    /* Asked about once a second while something is under way, by the thread that fetches. */
    bool      (*is_stopped)(void *context);
    void       *context;
};

/* One connection is kept to each host that was asked. A client is of one thread at a time. */
struct fetch_client;

struct fetch_client *fetch_open(const struct fetch_settings *settings);   /* NULL: no memory */
void                 fetch_close(struct fetch_client *client);

/* A GET, or with `body` a POST. */
struct fetch_question {
    const char *url;                      /* http://... or https://..., without a user or a fragment */
    const char *authorization;            /* "Bearer ..."; NULL: none is sent */
    const char *if_none_match;            /* an entity tag with its quotes; NULL: none is sent */
    const void *body;                     /* NULL: GET */
    size_t      body_count;
    const char *media_type;               /* of the body */
    size_t      answer_bytes_max;
    int64_t     wait_ms;                  /* for the whole answer, 1 or more */
};

/* The body is in the arena, with a NUL after it. Fields that are absent, or as long as
 * FETCH_FIELD_MAX, are "". */
struct fetch_answer {
    int    status;                        /* 0: there is none */
    char   media_type[FETCH_FIELD_MAX];   /* Content-Type as it came */
    char   cache_control[FETCH_FIELD_MAX];
    char   entity_tag[FETCH_FIELD_MAX];
    char  *body;
    size_t count;
    char   why[FETCH_WHY_MAX];            /* where fetch returned false: what went wrong */
};

/* True: the whole answer is here, whatever its status. False: `why` is a sentence that names the
 * host; no byte of an answer that is cut off is given out. */
bool fetch(struct fetch_client *client, const struct fetch_question *question, struct arena *arena,
           struct fetch_answer *out);

#endif
