/* What is stored of decisions, read back: by id, by idempotency
 * key, by hash. For worker threads. */
#ifndef DB_DECISIONS_H
#define DB_DECISIONS_H

#include <stdint.h>

#include "audit/draft.h"
#include "db/database.h"
#include "record/arena.h"

/* "dec_", the UTC day since 1970 (4 hex), the instance (32 hex), its counter (12 hex):
 * what finds the row by primary key. */
enum { DECISION_ID_MAX = 53, DECISION_DAY_MAX = 0xffff };
#define DECISION_ISEQ_MAX ((INT64_C(1) << 48) - 1)
void decision_id_format(int64_t day, const char *inst, int64_t iseq,
                        char id[static DECISION_ID_MAX]);
bool decision_id_parse(const char *id, int64_t *day, char inst[static INST_TEXT_MAX],
                       int64_t *iseq);

struct stored_decision {
    char          id[DECISION_ID_MAX];
    const char   *record;                 /* the exact bytes; in the arena, a NUL after them */
    size_t        record_count;
    struct sealed sealed;                 /* recomputed from the bytes and the salt */
};

enum find { FOUND, FOUND_NOTHING, FIND_AWAY };

enum find decision_find(struct connection *connection, const char *id, struct arena *arena,
                        struct stored_decision *out);

struct stored_answer {
    char          decision_id[DECISION_ID_MAX];
    struct digest body_sha256;
    const char   *workings;               /* NULL: none */
    size_t        workings_count;
};

/* NOTHING: no such key, or its request is still being written. */
enum find idempotency_find(struct connection *connection, const char *caller, const char *key,
                           struct arena *arena, struct stored_answer *out);

struct stored_document { const char *bytes; size_t count; };

/* A state or a parameter document by the SHA-256 of its canonical bytes, whether a request, a market
 * or a proposal brought it. */
enum find document_find(struct connection *connection, const struct digest *sha256,
                        struct arena *arena, struct stored_document *out);

struct stored_version {
    int64_t                version, created_at, active_at;              /* microseconds */
    struct digest          sha256;
    /* key id; NULL: the service itself. A sentence, or NULL */
    const char            *who, *why;
    struct stored_document document;
};

/* `version` 0: what was in force at `at_us`. */
enum find version_find(struct connection *connection, const char *market, int64_t version,
                       int64_t at_us, struct arena *arena, struct stored_version *out);

#endif
