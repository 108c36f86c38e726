/* The whole log checked from outside (log.md): every entry, every tile, the root that the checkpoint
 * signs, the records behind the entries and how they follow each other. It reads nothing itself: it
 * says what it wants next and is fed the bytes, so that a server, a mirror on a disk and a test are
 * checked alike. */
#ifndef AUDIT_VERIFY_H
#define AUDIT_VERIFY_H

#include "audit/checkpoint.h"
#include "audit/tree.h"

/* Each check: its name, as it is printed, and the sentence of what is wrong. */
#define VERIFY_CHECKS(CHECK) \
    CHECK(NONE,                  "none",                  "nothing is wrong") \
    CHECK(CHECKPOINT,            "checkpoint",            "the checkpoint is not good") \
    CHECK(ROLLED_BACK,           "rolled_back",           "the log is smaller than it was") \
    CHECK(FORKED,                "forked",                "the log has another root at this size") \
    CHECK(INCONSISTENT,          "inconsistent",          "the log is no extension of what it was") \
    CHECK(STALE,                 "stale",                 "there is no new checkpoint") \
    CHECK(UNREADABLE,            "unreadable",            "what the checkpoint covers cannot be had") \
    CHECK(BUNDLE_LENGTH,         "bundle_length",         "the bundle is cut off, or too long") \
    CHECK(ENTRY_FORMAT,          "entry_format",          "the entry is of no known format") \
    CHECK(ENTRY_CHANGED,         "entry_changed",         "the entry is not the one that stood there") \
    CHECK(TILE_LENGTH,           "tile_length",           "the tile is cut off, or too long") \
    CHECK(TILE_DIFFERS,          "tile_differs",          "the tile's hash is not that of the entries") \
    CHECK(ROOT_DIFFERS,          "root_differs",          "the entries do not give the root that is signed") \
    CHECK(RECORD_MISSING,        "record_missing",        "the record is not there") \
    CHECK(RECORD_LINE,           "record_line",           "the record's line is not in its form") \
    CHECK(RECORD_ORDER,          "record_order",          "the record's line is of another entry") \
    CHECK(RECORD_DIFFERS,        "record_differs",        "record and salt do not give the entry") \
    CHECK(RECORD_FORM,           "record_form",           "the record is none of this log") \
    CHECK(SALT_REUSED,           "salt_reused",           "the salt is that of the record before") \
    CHECK(CHAIN_BEGIN,           "chain_begin",           "the instance's first record is no open record") \
    CHECK(CHAIN_COUNTER,         "chain_counter",         "the instance's records are not in order") \
    CHECK(CHAIN_PREVIOUS,        "chain_previous",        "the record names another one as the one before it") \
    CHECK(CHAIN_CLOSED,          "chain_closed",          "the instance was closed before") \
    CHECK(PARAMETERS_TWICE,      "parameters_twice",      "this version was logged before, with other parameters") \
    CHECK(PARAMETERS_NOT_LOGGED, "parameters_not_logged", "the version that it names was not logged before it") \
    CHECK(PARAMETERS_DIFFER,     "parameters_differ",     "the version that it names was logged with another hash") \
    CHECK(PRUNED_UNEXPLAINED,    "pruned_unexplained",    "no prune record says that this record went") \
    CHECK(PRUNE_DIFFERS,         "prune_differs",         "what went is not what the prune record says") \
    CHECK(REPLAY_DIFFERS,        "replay_differs",        "the rules do not give the decision that was recorded") \
    CHECK(DOCUMENT_DIFFERS,      "document_differs",      "the document is not the one that its hash names") \
    CHECK(NO_MEMORY,             "no_memory",             "there is not enough memory")

enum verify_check {
#define CHECK(name, text, sentence) VERIFY_##name,
    VERIFY_CHECKS(CHECK)
#undef CHECK
    VERIFY_CHECK_COUNT
};

const char *verify_check_name(enum verify_check check);
const char *verify_check_sentence(enum verify_check check);

enum { VERIFY_WHERE_MAX = 160 };

/* The first thing that is wrong. */
struct verify_fault {
    enum verify_check check;
    int64_t           entry;              /* the first bad one; -1: it is not of one entry */
    char              where[VERIFY_WHERE_MAX];    /* the tile, the instance, the byte; may be empty */
};

/* What is to be fed next. */
enum verify_want { VERIFY_WANT_TILE, VERIFY_WANT_RECORDS, VERIFY_WANT_NOTHING };
struct verify_step { enum verify_want want; struct tile tile; int64_t first, end; };

struct verify_counts {
    int64_t records, decisions, pruned;
    int64_t not_canonical, first_not_canonical;   /* lint, no tampering; the entry of the first */
    int64_t unchecked;      /* that name parameters, or follow a record, from before the beginning */
};

struct verify;

/* From the empty tree on. `with_records`: they are wanted too. NULL: no memory. */
struct verify *verify_open(bool with_records);
void           verify_close(struct verify *verify);

/* Instead of the empty tree: from a checkpoint that was verified once. Only its right edge is read.
 * False: a fault. */
bool verify_begin(struct verify *verify, const struct tile_reader *reader,
                  const struct checkpoint *from);

/* Up to this checkpoint, whose signature is good; its size is not below what was fed. It may be
 * moved on once nothing is wanted. */
void verify_aim(struct verify *verify, const struct checkpoint *to);

/* A checkpoint that was kept, which the log must have had: its root is compared on the way. */
void verify_keep(struct verify *verify, const struct checkpoint *kept);

/* Asked about each decision's record that is good: may it stand so? What it finds it notes by
 * verify_fail, and returns false. The bytes are good during the call. */
struct verify_decisions {
    bool (*check)(void *context, int64_t entry, const char *record, size_t count);
    void  *context;
};
void verify_on_decisions(struct verify *verify, const struct verify_decisions *decisions);

struct verify_step verify_next(const struct verify *verify);

/* The bytes of the step's tile or bundle; or lines of /log/records from `first` on, as many as there
 * are, each with its newline. False: a fault. */
bool verify_feed(struct verify *verify, const void *bytes, size_t count);

/* The first entry whose record is gone without a prune record up to here, which may stand further on;
 * -1: none. */
int64_t verify_untold(const struct verify *verify);

/* Where nothing is wanted any more: the root, and that each pruned record was told of. */
bool verify_end(struct verify *verify);

/* Notes a fault that its owner found: only the first one is kept. False, always. */
bool verify_fail(struct verify *verify, enum verify_check check, int64_t entry, const char *format,
                 ...) __attribute__((format(printf, 4, 5)));

const struct verify_fault  *verify_fault(const struct verify *verify);
const struct verify_counts *verify_counts(const struct verify *verify);
int64_t                     verify_size(const struct verify *verify);   /* entries fed so far */

/* Is `now` an extension of `kept`, by a proof from the tiles of `now`? GOOD: NONE; ROLLED_BACK,
 * FORKED, INCONSISTENT, UNREADABLE (a tile). */
enum verify_check verify_extension(const struct tile_reader *reader, const struct checkpoint *kept,
                                   const struct checkpoint *now);

#endif
