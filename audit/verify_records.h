/* How the log's records follow each other: the half of the check that needs what is behind the
 * entries. Only for verify*.c. */
#ifndef AUDIT_VERIFY_RECORDS_H
#define AUDIT_VERIFY_RECORDS_H

#include "audit/verify.h"
#include "record/scan.h"

/* Rows by a hash of their name; they move when it grows. */
struct table_row { struct digest key, digest; int64_t number; bool is_used, is_closed; };
struct table { struct table_row *rows; size_t count, room; };

/* NULL: it is not there. */
struct table_row *table_find(const struct table *table, const struct digest *key);
/* The row, made where it is not there (number -1). NULL: no memory. */
struct table_row *table_add(struct table *table, const struct digest *key);

struct pruned_entry { int64_t index; struct digest commitment; bool is_told, is_of_day; };

struct chains {
    struct table         instances, parameters, pruned_commitments;
    struct pruned_entry *pruned;
    size_t               pruned_count, pruned_room;
    int64_t              missing;         /* records that the counters say are among the pruned */
    int64_t              begin;           /* the first entry whose record was seen */
    struct digest        salt;            /* of the record before */
    struct verify_decisions decisions;
    char                *bytes;           /* the record at hand */
    size_t               bytes_room;
};

void chains_free(struct chains *chains);

/* One line of /log/records, without its newline, for the entry `index` with this commitment. */
bool chains_feed(struct verify *verify, struct chains *chains, struct verify_counts *counts,
                 struct line line, int64_t index, const struct digest *commitment);
int64_t chains_untold(const struct chains *chains);

/* Members of a record; those without bytes it does not have. Strings stand with their quotes. */
struct record_members {
    struct span v, kind, inst, iseq, prev, ts, actor, market, id, operation, inputs, parameters,
                snapshot, eval_ts, engine, figures, sha256, version, count, day, decision,
                entries_sha256, first_index, last_index;
};

/* What every record says; texts are spans of it without their quotes. */
struct record_head {
    struct span   kind, inst, market;     /* market without bytes: null */
    int64_t       iseq, ts;
    struct digest prev;
};

/* False: `why` says which member is not what log.md 2 asks for. */
bool record_head_read(const char *bytes, size_t count, struct record_members *members,
                      struct record_head *head, const char **why);

bool span_integer(struct span span, int64_t *out);
bool span_digest(struct span span, struct digest *out);        /* with its quotes */
bool span_text(struct span span, struct span *out);            /* a string without escapes */
bool span_is(struct span span, const char *text);

#endif
