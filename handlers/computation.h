/* One account's decision on its way: its figures, the draft of its record, what its answer needs
 * once it is durable. Whether it came alone, in a batch, or is computed again from its record. */
#ifndef HANDLERS_COMPUTATION_H
#define HANDLERS_COMPUTATION_H

#include "db/writer.h"
#include "handlers/answers.h"
#include "handlers/given.h"
#include "handlers/ruling.h"
#include "record/scan.h"

/* In the request's arena until it is answered. */
struct computation {
    struct decision           decision;
    const struct answer_kind *kind;
    struct decision_head      head;
    struct span               figures;        /* in the draft */
    struct text               workings;
    char                      parameters_sha256[DIGEST_TEXT_MAX], snapshot_sha256[DIGEST_TEXT_MAX];
    struct digest             snapshot;
};

/* What computing needs, one account after the other. */
struct computation_room { struct answer answer; struct figures_room figures; };

/* For questions under these rules that share their snapshot and what is scheduled. Not initialised;
 * NULL: no memory. */
struct computation_room *computation_room_open(const struct parameters *parameters,
                                               const struct question *question,
                                               struct arena *arena);

/* Pure: the figures as canonical JSON, and the workings (empty where the question asks for none),
 * at the time that the rules see. The question has its accepted state. Not RISK_OK: `faults`.
 * The texts are opened here; `is_full`: no memory. */
enum risk_status figures_write(const struct answer_kind *kind, const struct parameters *parameters,
                               const struct question *question, int64_t eval_us,
                               struct arena *arena, struct computation_room *room,
                               struct text *figures, struct text *workings, struct faults *faults);

/* Figures and draft; all of decision but what ties it to its request (idempotency, settled, next).
 * The question has its accepted state. */
enum problem computation_make(struct request *request, const struct answer_kind *kind,
                              const struct ruling *ruling, const struct given *given,
                              const struct question *question, struct computation_room *room,
                              struct computation *out, struct reply *reply);

/* Appends the answer of one that is durable, with a receipt where the request asks for it. False:
 * no memory. */
bool computation_answer(struct request *request, struct computation *computation,
                        struct reply *reply, struct text *out);

/* The same from its parts: `figures` as they were recorded; no workings: NULL or empty. */
bool answer_write(struct request *request, const struct decision_head *head,
                  const struct sealed *sealed, struct span figures, const struct text *workings,
                  struct reply *reply, struct text *out);
/* Bytes that answer_write adds to those of the figures and the workings, at most. */
enum { ANSWER_HEAD_BYTES = 2048 };

#endif
