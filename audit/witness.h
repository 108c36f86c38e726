/* What is said to a witness and what it answers (c2sp.org/tlog-witness, add-checkpoint); the texts
 * only. */
#ifndef AUDIT_WITNESS_H
#define AUDIT_WITNESS_H

#include "audit/checkpoint.h"
#include "audit/tree.h"

enum { WITNESS_PROOF_HASHES_MAX = 63, WITNESS_PATH_MAX = 2 * DIGEST_BYTES + sizeof "/checkpoint" };

/* A checkpoint that is to be cosigned: its note, whose text is `text` and whose tree has `size`
 * leaves; the witness is believed to have cosigned the tree of `old` leaves last (0: none). */
struct witness_question { int64_t old, size; struct line text, note; };

/* The body of POST <submission prefix>/add-checkpoint. `proof` is of consistency from old to size;
 * no hashes where old is 0 or size. False: it has more hashes than a witness takes. */
bool witness_question_write(const struct witness_question *question, const struct proof *proof,
                            struct text *out);

enum witness_next {
    WITNESS_COSIGNED,         /* the line is good: store it */
    WITNESS_CATCH_UP,         /* 409: it cosigned another size, not above ours: ask from there */
    WITNESS_AHEAD,            /* 409: a size above ours: this log was rolled back. Do not sign */
    WITNESS_LATER,            /* it is overloaded or away (status 0: no answer): ask again later */
    WITNESS_ALARM,            /* it refuses, or speaks nonsense: never ask again blindly */
};

struct witness_answer {
    enum witness_next     next;
    int64_t               size, time_s;
    struct note_signature signature;
};

/* `size` is set with CATCH_UP and AHEAD, time and signature with COSIGNED; the signature borrows
 * from the body. The signature is verified; lines of other keys than `witness` are passed over. */
void witness_answer_read(int status, const char *media_type, const char *body, size_t count,
                         const struct witness_question *question, const struct key *witness,
                         struct witness_answer *out);

/* Under a witness's monitoring prefix, its newest cosigned checkpoint of the log: "<hex SHA-256 of
 * the origin>/checkpoint". */
void witness_monitoring_path(const char *origin, char path[static WITNESS_PATH_MAX]);

#endif
