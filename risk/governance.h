/* Who may change a market's parameters, how fast and how far: the document's group `governance`.
 * It is part of the document, so that it is versioned, compared, recorded and changed as all of it is. */
#ifndef RISK_GOVERNANCE_H
#define RISK_GOVERNANCE_H

#include "record/difference.h"
#include "record/fault.h"
#include "record/record.h"
#include "risk/edition.h"

enum { RAILS_MAX = 128, APPROVALS_MAX = 16 };

/* Bounds and defaults in brackets. A rail holds for each path of its pattern (record/difference.h):
 * "/assets/WETH/threshold", or with * for a step, "/assets/" "*" "/threshold", "/assets/" "*"
 * "/brackets/" "*" "/rate". */
struct rail {
    const char    *path;                  /* the pattern */
    int64_t        min_delay_s;           /* 0..31536000 [0]: of a change of it */
    struct decimal max_change_rate;       /* > 0 [none]: of the smaller of the two values, so that a
                                           * way and its way back are judged alike */
    struct decimal max_change_abs;        /* > 0 [none] */
    struct decimal min, max;              /* [none] */
};

struct guardian_limits {
    int64_t duration_s;                   /* 60..2592000 [259200]: then it reverts unless confirmed */
};

struct governance {
    int64_t approvals_required;           /* 1..16 [1]: distinct holders, never the proposer's */
    int64_t delay_s;                      /* 0..31536000 [86400] from the last approval to activation */
    int64_t window_s;                     /* 0..31536000 [2592000]: changes within it count as one */
    int64_t expiry_s;                     /* 60..31536000 [1209600]: until a proposal is approved */
    struct guardian_limits *guardian;     /* NULL: the market has no guardian */
    struct rail *rails;
    size_t rails_count;
};

extern const struct record governance_record;

/* Of a document that does not state any: the defaults, without a guardian, without rails. */
extern const struct governance governance_default;
const struct governance *governance_of(const struct parameters *parameters);

/* What one field cannot say: rail_path (no value of a document has it), rail_empty, rail_bounds
 * (min above max). `at` is the pointer of the group. */
bool governance_accept(const struct governance *governance, const char *at, struct faults *faults);

/* The delay of a proposal that makes these changes: delay_s, or the longest min_delay_s of a rail
 * that one of them touches. Of one that touches /governance: the longest of all that it states. */
int64_t governance_delay_s(const struct governance *governance, const struct changes *changes);

/* Do the rails in force allow these changes? `history` is every edition that was in force at some time
 * within window_s before the activation (an earlier one does no harm: it is not looked at), oldest
 * first, the base last; active_at_us the time of the activation. A changed value is held against the
 * value that each of them had: many small steps are one large one. Brackets are compared where either
 * document's begin. What is new is held against min and max only; what goes, and has a rail of
 * change, is refused. False: violations, each with the pointer of the value and in its detail the
 * bound, the value and what it is held against: rail_min, rail_max, rail_change_rate,
 * rail_change_abs, rail_removed, rail_not_a_number. */
bool governance_within_rails(const struct governance *governance, const struct edition *history,
                             size_t history_count, const struct parameters *next,
                             const struct changes *changes, int64_t active_at_us,
                             struct faults *violations);

/* May the guardian make these changes alone? Only in the direction that makes the market safer, as a
 * table in guardian.c says by path; nothing else. False: guardian_not_allowed (the path is not in the
 * table), guardian_direction. */
bool guardian_allows(const struct changes *changes, struct faults *violations);

#endif
