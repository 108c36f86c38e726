/* Proofs as they are sent and filed: the JSON answers of /log/proof (member names of RFC 6962
 * section 4), and c2sp.org/tlog-proof. */
#ifndef AUDIT_PROOF_H
#define AUDIT_PROOF_H

#include "audit/policy.h"
#include "audit/tree.h"
#include "record/arena.h"
#include "record/record.h"

/* Base64 of 32 bytes, padded. */
struct proof_hash { const char *hash; };

struct inclusion_proof {
    int64_t            leaf_index, tree_size;
    const char        *leaf_hash;
    struct proof_hash *audit_path;        /* the leaf's sibling first */
    size_t             audit_path_count;
};

struct consistency_proof {
    int64_t            first, second;
    struct proof_hash *consistency;
    size_t             consistency_count;
};

extern const struct record inclusion_proof_record, consistency_proof_record;

/* Answers with their texts in the arena. False: it is full. Sizes are at most 2^53 - 1. */
bool inclusion_answer(int64_t index, int64_t size, const struct digest *leaf,
                      const struct proof *proof, struct arena *arena, struct inclusion_proof *out);
bool consistency_answer(int64_t first, int64_t second, const struct proof *proof,
                        struct arena *arena, struct consistency_proof *out);

/* The hashes of an answer that json_read took. False: one is not 32 bytes in base64. */
bool inclusion_answer_read(const struct inclusion_proof *answer, struct digest *leaf,
                           struct proof *out);
bool consistency_answer_read(const struct consistency_proof *answer, struct proof *out);

/* A leaf hash in a query string: 64 lower hex digits, or base64url (RFC 4648 section 5) with or
 * without its padding. */
bool proof_hash_parse(const char *text, struct digest *out);

/* What a client files away: "c2sp.org/tlog-proof@v1", the index, the path, a blank line, the
 * checkpoint with its cosignatures. */
struct tlog_proof {
    int64_t      index;
    struct proof path;
    struct line  extra;                   /* base64 that nobody vouches for; mostly no bytes */
    struct line  checkpoint;              /* the signed note */
};

void tlog_proof_write(struct text *out, int64_t index, const struct proof *path, const char *note,
                      size_t note_count);

/* The form only; `out` borrows from the bytes. */
bool tlog_proof_parse(const char *bytes, size_t count, struct tlog_proof *out);

/* Offline: the log's signature on the checkpoint, enough cosignatures where a policy is given
 * (NULL: none are asked for), and the way from the leaf to the checkpoint's root. */
enum verdict tlog_proof_check(const struct tlog_proof *proof, const struct digest *leaf,
                              const struct key *log, const struct policy *policy,
                              struct checkpoint *out);

#endif
