/* Records of kinds other than decision, in the transaction of the change that they tell of. */
#ifndef DB_CHAIN_H
#define DB_CHAIN_H

#include "audit/draft.h"
#include "db/database.h"

/* Needs an open transaction. The first record of a connection is preceded by its `open`. */
enum outcome chain_record(struct connection *connection, const char *kind, const char *actor,
                          const char *market, const struct draft_member *members,
                          size_t members_count);

/* Writes the `close` record where the connection logged anything. */
void chain_end(struct connection *connection);

void inst_make(char inst[static INST_TEXT_MAX]);          /* a random UUID (version 4) */

/* One record of an instance whose counter the caller keeps, and its place in the queue; the
 * same row twice is written once. */
struct chain_row {
    const char          *inst;
    int64_t              iseq;
    const char          *kind;
    const struct sealed *sealed;
    const char          *record;
    size_t               record_count;
};
enum outcome chain_write(struct connection *connection, const struct chain_row *row);

/* What an `open` record says of the server. False: out of memory or the connection is gone. */
bool chain_draft_open(struct connection *connection, const char *inst, struct arena *arena,
                      struct draft *out);

/* Where an instance's records stand: the next one's number, and the last one's commitment. */
struct position { int64_t iseq; struct digest prev; };

/* The `open` record of an instance, sealed once: an attempt whose answer was lost
 * is repeated with the same bytes. */
struct opening { struct arena arena; struct text record; struct sealed sealed; bool is_written; };
void opening_init(struct opening *opening);
void opening_free(struct opening *opening);
/* Writes it where it is not written yet, and sets the position behind it. False:
 * try again on another connection. */
bool opening_write(struct opening *opening, struct connection *connection, const char *inst,
                   struct position *position);
/* The `close` record, at this position. */
void closing_write(struct connection *connection, const char *inst,
                   const struct position *position);

#endif
