/* A record of the log (log.md 2) but for what the writer gives it: id, iseq, prev, salt. */
#ifndef AUDIT_DRAFT_H
#define AUDIT_DRAFT_H

#include "audit/digest.h"
#include "record/arena.h"
#include "record/text.h"

enum { RECORD_ID_MAX = 64, DRAFT_PARTS = 4 };

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

/* The record's canonical bytes with holes for id (decisions only), iseq and prev; `inst` is added by the writer's log. */
struct draft { struct { const char *bytes; size_t count; } parts[DRAFT_PARTS]; bool has_id; };

bool draft_decision(const struct decision_facts *facts, const char *inst, struct arena *arena, struct draft *out);

/* Records of other kinds: `extra` holds canonical members (without braces) that sort between "actor" and "inst" in `before`,
 * between "iseq" and "kind" ... the composer sorts: give them as name and canonical value. */
struct draft_member { const char *name; const char *value; };      /* value: canonical JSON */
bool draft_event(const char *kind, const char *actor, const char *market, int64_t ts_us, const char *inst,
                 const struct draft_member *members, size_t members_count, struct arena *arena, struct draft *out);

struct sealed { struct digest salt, record_sha256, commitment; };  /* salt: 32 random bytes */

/* id (NULL if the draft has none), iseq and prev filled in; bytes appended to `record`; the commitment is
 * SHA-256("audit-commit/v1\n" || salt || record). */
void draft_seal(const struct draft *draft, const char *id, int64_t iseq, const struct digest *prev, const struct digest *salt,
                struct text *record, struct sealed *out);

#endif
