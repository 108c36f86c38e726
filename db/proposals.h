/* Proposals as rows: found, listed, and moved from state to state, each move with its event and its
 * record in the decision log. For worker threads and the housekeeper. Times are the database's. */
#ifndef DB_PROPOSALS_H
#define DB_PROPOSALS_H

#include "db/database.h"
#include "db/decisions.h"
#include "record/arena.h"
#include "record/record.h"

enum { PROPOSAL_ID_MAX = 37, PROPOSALS_LIMIT_MAX = 200 };

enum proposal_kind { PROPOSAL_CHANGE, PROPOSAL_GUARDIAN, PROPOSAL_REVERT };
enum proposal_state {
    STATE_PROPOSED, STATE_APPROVED, STATE_SCHEDULED, STATE_ACTIVE, STATE_REJECTED, STATE_CANCELLED,
    STATE_EXPIRED, STATE_SUPERSEDED
};
extern const char *const proposal_kinds[], *const proposal_states[];          /* NULL-ended */

struct proposal {
    int64_t     number;                   /* the order of lists */
    const char *id;                       /* "prp_" and 32 hex digits */
    int         kind;                     /* enum proposal_kind */
    const char *market, *title;
    int64_t     base_version;             /* 0: the market is created */
    const char *base_sha256;              /* hex; NULL: none */
    const char *patch;
    const char *sha256, *document;        /* canonical; NULL in lists */
    const char *confirms;                 /* a guardian's action; NULL: none */
    const char *rationale, *rationale_uri;
    const char *key, *holder;             /* who proposed; NULL: the service itself */
    int64_t     approvals_required, delay_s;
    int64_t     not_before, created_at, expires_at, due_at;   /* microseconds or INSTANT_NONE */
    int         state;                    /* enum proposal_state */
    int64_t     revision;                 /* of its events */
    int64_t     version;                  /* that it became; 0: none */
};

struct proposal_event {
    const char *event, *holder, *reason;  /* holder NULL: the service itself */
    int64_t     at;
};

struct approval {
    const char *holder, *document_sha256;
    int64_t     approved_at, voided_at;   /* voided_at INSTANT_NONE: it stands */
};

/* Who does it; both NULL: the service itself. */
struct actor { const char *key, *holder; };

bool proposals_now(struct connection *connection, int64_t *now_us);
void proposal_id_make(char id[static PROPOSAL_ID_MAX]);

/* All that is found is in the arena. `is_locked`: nobody else moves it until the transaction ends. */
enum find proposal_find(struct connection *connection, const char *id, bool is_locked,
                        struct arena *arena, struct proposal *out);
enum find proposal_events(struct connection *connection, const char *id, struct arena *arena,
                          struct proposal_event **events, size_t *count);
enum find proposal_approvals(struct connection *connection, const char *id, struct arena *arena,
                             struct approval **approvals, size_t *count);

/* Newest first, or oldest first; of a market and a state, if given. */
struct proposals_wanted {
    const char *market, *state;           /* NULL: any */
    int64_t     beyond;                   /* of this number; 0: from the start */
    int64_t     limit;
    bool        is_ascending;
};
enum find proposals_list(struct connection *connection, const struct proposals_wanted *wanted,
                         struct arena *arena, struct proposal **items, size_t *count);

/* In an open transaction, as the rest of this file. Number, state and revision are given here. */
enum outcome proposal_insert(struct connection *connection, struct proposal *proposal);

/* An event, its record in the log, and the state after it; due_at INSTANT_NONE: as it was. The record
 * names proposal, event, holder, state and document. */
struct move {
    const char         *event;            /* "approval", "scheduled" ... */
    enum proposal_state state;
    int64_t             due_at, version;  /* version 0: none */
    struct actor        actor;
    const char         *reason;           /* NULL: none */
};
enum outcome proposal_move(struct connection *connection, struct proposal *proposal,
                           const struct move *move, int64_t now_us);

/* An approval, which binds this document. CONFLICT: this holder's stands already. */
enum outcome approval_insert(struct connection *connection, const struct proposal *proposal,
                             struct actor actor, int64_t now_us);
/* Approvals whose key was revoked no longer count: each with its event. */
enum outcome approvals_void(struct connection *connection, struct proposal *proposal,
                            int64_t now_us, struct arena *arena);
enum outcome approvals_count(struct connection *connection, const char *id, int64_t *count);

/* Tells all instances that something may be due. */
enum outcome proposals_notify(struct connection *connection);

/* A copy of the document that is in force. NOTHING: no such market. */
enum find version_in_force(struct connection *connection, const char *market, struct arena *arena,
                           struct stored_version *out);
/* What was in force at some time since then, oldest first, at most `max` of the latest. */
enum find versions_since(struct connection *connection, const char *market, int64_t since_us,
                         size_t max, struct arena *arena, struct stored_version **items,
                         size_t *count);

#endif
