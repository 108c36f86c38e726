/* What the governance requests share: preconditions, idempotency, and the answer about a proposal. */
#ifndef HANDLERS_GOVERNANCE_H
#define HANDLERS_GOVERNANCE_H

#include "db/governed.h"
#include "db/proposals.h"
#include "risk/parameters.h"
#include "server/request.h"

enum { TAG_MAX = 96 };

/* "v3-<sha256>" in quotes: of a version of a market's parameters; of one that is to be: "0". */
void version_tag(int64_t version, const struct digest *sha256, char tag[static TAG_MAX]);
/* "<revision>-<sha256>" in quotes: of a proposal in this state. */
void proposal_tag(const struct proposal *proposal, char tag[static TAG_MAX]);

/* 428 without If-Match, 412 where it names another one. */
enum problem check_match(const struct request *request, const char *tag, struct reply *reply);

/* Opens the transaction of a governance request. `is_answered`: the same request was answered before,
 * and the reply is that answer. */
enum problem governing_begin(struct request *request, struct reply *reply,
                             struct governed_request *governed, bool *is_answered);
/* The proposal as it stands now is the answer, kept with the key; commits. */
enum problem governing_end(struct request *request, struct reply *reply,
                           const struct governed_request *governed, struct proposal *proposal);
/* Rolls back, and hands on the problem. */
enum problem governing_abandon(struct request *request, enum problem problem);

enum problem problem_of_outcome(enum outcome outcome);

/* A stored document, read and accepted. NULL: no memory, or this program cannot read it. */
struct parameters *document_read(const char *document, size_t count, struct arena *arena,
                                 struct faults *warnings);

/* Has what is in force moved away from the proposal's base, and where do the two conflict? Paths that
 * both change, as faults: 409 BASE_VERSION_MOVED. */
enum problem check_base(struct request *request, const struct proposal *proposal,
                        struct reply *reply);

extern const struct record proposal_answer_record;

/* The whole of it. */
enum problem proposal_answer(struct request *request, struct proposal *proposal,
                             struct text *out);

#endif
