/* A log walked from end to end, as `verify` and `monitor` do. */
#ifndef COMMANDS_LOG_WALK_H
#define COMMANDS_LOG_WALK_H

#include "audit/verify.h"
#include "commands/recompute.h"
#include "commands/source.h"

/* Options of both commands; those that are left out are NULL or 0. */
struct log_options {
    const char *place, *key_file, *state_file, *token_file, *authority_file;
    bool        uses_proxy, is_full, is_once, is_quiet, leaves_decisions;
    int64_t     interval_s, stale_s;
};

/* False: something is wrong with them, and stderr says what; or help was asked for (`is_helped`). */
bool log_options_read(int argc, char **argv, const char *usage, struct log_options *out,
                      bool *is_helped);

struct log_walk {
    const struct log_options *options;
    struct source             source;
    struct key                key;
    struct checkpoint         kept;       /* size -1: none is */
    struct checkpoint         now;
    char                     *note;       /* of `now` */
    size_t                    note_count;
    struct verify            *verify;
    struct recompute          recompute;
    bool                      with_records;
    int64_t                   begin, told_us;
    struct verify_fault       fault;      /* where there is no `verify` to hold it */
};

/* The key, the place, the state. False: stderr says why. */
bool log_walk_open(struct log_walk *walk, const struct log_options *options);
void log_walk_close(struct log_walk *walk);

/* The new checkpoint, signed, and an extension of the kept one. False: the fault. */
bool log_walk_head(struct log_walk *walk);

/* From where it stands (the kept checkpoint, or 0 where there is none or `is_full`) to the new
 * checkpoint, which is kept then. False: the fault. */
bool log_walk_on(struct log_walk *walk);

const struct verify_fault *log_walk_fault(const struct log_walk *walk);
/* One line: "breakwater: entry 7: record_differs: ...". */
void log_walk_tell_fault(const struct log_walk *walk);

#endif
