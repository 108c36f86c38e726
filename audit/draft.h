/* A record of the log (log.md 2) but for what the writer gives it: id, iseq, prev, salt. */
#ifndef AUDIT_DRAFT_H
#define AUDIT_DRAFT_H

#include "audit/digest.h"
#include "record/arena.h"
#include "record/text.h"

enum { RECORD_ID_MAX = 64, DRAFT_PARTS = 4, DRAFT_MEMBERS_MAX = 24,
       ENTRY_BYTES = 1 + DIGEST_BYTES };

/* What a decision's record says. Texts are canonical JSON where they are JSON. */
struct decision_facts {
    const char          *actor;               /* key id; NULL: anonymous */
    const char          *market;              /* NULL: parameters were given in the request */
    const char          *operation;           /* "preview" ... */
    int64_t              ts_us, eval_ts_us;
    const char          *engine_version, *engine_build;
    const struct text   *figures, *inputs;
    int64_t              parameters_version;  /* 0: none */
    struct digest        parameters_sha256;
    const struct digest *snapshot_sha256;     /* NULL: none */
};

/* The record's canonical bytes, cut where id (decisions only), iseq and prev go: before each of
 * them a part, one after the last. */
struct draft {
    struct { const char *bytes; size_t count; } parts[DRAFT_PARTS];
    bool        has_id;
    const char *figures;                      /* a decision's, in its part */
};

/* False: out of memory. `inst` is the UUID of the instance that will write it. All of the draft is
 * in `arena`; `scratch`, which may be the same, is not needed afterwards, nor are the facts. */
bool draft_decision(const struct decision_facts *facts, const char *inst, struct arena *scratch,
                    struct arena *arena, struct draft *out);

/* Records of other kinds. `members` are those beside actor, inst, iseq, kind, market, prev, ts
 * and v, in any order; at most 16. */
struct draft_member { const char *name; const char *value; };      /* value: canonical JSON */
bool draft_event(const char *kind, const char *actor, const char *market, int64_t ts_us,
                 const char *inst, const struct draft_member *members, size_t members_count,
                 struct arena *arena, struct draft *out);

/* Bytes that a sealed record takes at most. */
size_t draft_bytes_max(const struct draft *draft);

struct sealed { struct digest salt, record_sha256, commitment; };  /* salt: 32 random bytes */

/* id (NULL if the draft has none), iseq and prev filled in; bytes appended to `record`; the
 * commitment is SHA-256("audit-commit/v1\n" || salt || record). */
void draft_seal(const struct draft *draft, const char *id, int64_t iseq, const struct digest *prev,
                const struct digest *salt, struct text *record, struct sealed *out);

/* The same hashes from a record and its salt, as a reader recomputes them; or the commitment alone. */
struct digest commitment_of(const struct digest *salt, const void *record, size_t record_count);
struct sealed sealed_of(const struct digest *salt, const void *record, size_t record_count);

#endif
