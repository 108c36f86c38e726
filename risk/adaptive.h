/* Parameters that follow the market: `execution.adaptive`. Governance sets the bounds; within them
 * the maintenance rate, the penalty's floor and the slice go with volatility and depth.
 *
 * One number, the stress, says where between the bounds the market stands: 0 calm, 1 at the far end
 * of every bound. It grows with volatility and falls with depth, without a jump; the parameters are
 * straight lines in it. What the inputs say at once is the raw stress, the larger of
 *     (volatility - calm) / (stressed - calm)    and    (deep - depth) / (deep - thin),
 * each within 0..1. What is held follows it with play, like a gear with slack: up as soon as the
 * raw stress is above it, down only when that has fallen by more than the band; in between it
 * stands still. So each turn costs the market a move of a whole band, and noise narrower than that
 * moves nothing. Nor does it go faster than its two speeds allow: who thins a book out for a moment moves
 * it by a moment's worth. What counts is the held stress past the band, over what is left:
 *     stress = (held - band)+ / (1 - band).
 * All of this is monotone: with a volatility that is nowhere lower, and depth that is nowhere more,
 * the stress and what follows from it are nowhere lower, on every path and at every time.
 *
 * The past is in struct stress alone, so the held stress is computed once, when a snapshot is
 * accepted, and stored with it. Exact arithmetic: rates of stress to 1e-12, up. */
#ifndef RISK_ADAPTIVE_H
#define RISK_ADAPTIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "record/decimal.h"
#include "record/fault.h"
#include "record/record.h"

/* Bounds and defaults in brackets; with the defaults nothing ever moves. */
struct adaptive_settings {
    struct decimal volatility_calm;       /* 0..1000 [1]: a year's, from here on it counts */
    struct decimal volatility_stressed;   /* 0..1000 [3], above calm: the far end */
    struct decimal depth_deep;            /* > 0 [none]: value that sells within the slippage */
    struct decimal depth_thin;            /* tolerance; >= 0, below deep. None: does not count */
    struct decimal band;                  /* 0..0.9 [0.1]: the play, in stress */
    int64_t        rise_s, fall_s;        /* 0..604800 [3600, 14400]: of the way from 0 to 1, and
                                           * back; 0: at once */
    struct decimal maintenance_multiplier_max;    /* 1..10 [1]: of the maintenance rate */
    struct decimal penalty_floor_rate_max;        /* 0..1 [0]: no more than the document's: stays */
    struct decimal slice_rate_min;                /* 0.01..1 [1]: of the largest slice */
};

extern const struct record adaptive_settings_record;

/* What one field cannot say: adaptive_volatility_order, adaptive_depth_pair (one of the two is
 * missing), adaptive_depth_order. `at` is the settings' pointer. */
bool adaptive_settings_accept(const struct adaptive_settings *settings, const char *at,
                              struct faults *faults);

/* The raw stress of each input, and what is held of the larger; each 0..1. */
struct stress { struct decimal volatility, depth, held; };

extern const struct record stress_record;

/* The stress after `elapsed_us` (>= 0). `previous` NULL: there was none, what is held starts at the
 * raw stress. volatility (a year's) and depth_value (quote), both >= 0; one that is none keeps what
 * it last said, and says 0 where it never did. `next` may be `previous`. */
void stress_follow(const struct adaptive_settings *settings, const struct stress *previous,
                   struct decimal volatility, struct decimal depth_value, int64_t elapsed_us,
                   struct stress *next);

enum adaptive_reason {
    ADAPTIVE_CALM,                        /* the stress is 0: the document's own values */
    ADAPTIVE_VOLATILITY,                  /* volatility asks for as much as is held, or more */
    ADAPTIVE_DEPTH,                       /* depth does, and more than volatility */
    ADAPTIVE_HELD                         /* neither: it has not come down yet */
};

const char *adaptive_reason_name(enum adaptive_reason reason);    /* "calm", "volatility", ... */

struct adaptive {
    enum adaptive_reason reason;
    struct decimal       stress;                  /* 0..1, down to 1e-12 */
    struct decimal       maintenance_multiplier;  /* 1 + stress (max - 1), up to 1e-6 */
    struct decimal       penalty_floor_rate;      /* floor + stress (max - floor)+, the latter up */
    struct decimal       slice_rate;              /* 1 - stress (1 - min), down to 1e-6 */
};

/* What is in force under a stress; floor_rate (0..1) is the document's penalty floor. Each figure
 * stays within its bounds and is exactly the document's where the stress is 0. */
void adaptive_effective(const struct adaptive_settings *settings, const struct stress *stress,
                        struct decimal floor_rate, struct adaptive *out);

#endif
