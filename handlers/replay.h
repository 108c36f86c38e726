/* A decision made again from what its record names: the parameters, the state of the market, and what
 * was coming, by their hashes; at the time that the rules saw then. */
#ifndef HANDLERS_REPLAY_H
#define HANDLERS_REPLAY_H

#include "db/decisions.h"
#include "handlers/answers.h"
#include "record/difference.h"
#include "server/request.h"

enum { REPLAY_WHY_MAX = 160, REPLAY_ARENA_BYTES = 64 << 20 };

/* Where documents come from: a database, an export, a mirror. The bytes are checked against the hash
 * by who asks. */
struct replay_source {
    enum find (*find)(void *context, const struct digest *sha256, struct arena *arena,
                      struct stored_document *out);
    void       *context;
};

enum replayed {
    REPLAY_IDENTICAL,
    REPLAY_DIFFERENT,
    REPLAY_INCOMPLETE,                    /* a document is not kept any more, or of other bytes */
    REPLAY_NOT_A_DECISION,
    REPLAY_AWAY,                          /* the source */
};

struct replay {
    struct engine  engine;                /* that made the record */
    /* pointers into the record; from: as recorded, to: as computed now */
    struct changes differences;
    char           why[REPLAY_WHY_MAX];   /* of INCOMPLETE; or which problem it ends in now */
};

/* The documents that a decision's record names: its parameters, its state, what was coming. Returns
 * how many. */
enum { REPLAY_NAMES_MAX = 2 + UPCOMING_MAX };
size_t replay_names(const char *record, size_t count, struct digest out[static REPLAY_NAMES_MAX]);

/* From the record's exact bytes alone. All that `out` holds is in the arena (REPLAY_ARENA_BYTES) or
 * the record. */
enum replayed replay_record(const char *record, size_t count, const struct replay_source *source,
                            struct arena *arena, struct replay *out);

/* Documents of a database; its context is the connection. */
enum find replay_find_stored(void *connection, const struct digest *sha256, struct arena *arena,
                             struct stored_document *out);

/* GET /v1/decisions/{decision}/replay, for who made it and for auditors. On a worker. */
enum problem get_decision_replay(struct request *request, struct reply *reply);
extern const struct record replay_answer_record;

#endif
