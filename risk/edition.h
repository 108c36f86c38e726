/* Versions of a market's parameters as an account meets them: which of them holds for it, and what is
 * coming. Pure: time is an argument. */
#ifndef RISK_EDITION_H
#define RISK_EDITION_H

#include "record/fault.h"
#include "record/record.h"
#include "risk/parameters.h"

struct effective_room;
struct question;

enum { EDITIONS_MAX = 16, UPCOMING_MAX = 8 };

struct edition {
    int64_t                  version, active_at;      /* microseconds */
    const char              *sha256;                  /* of the document, in hex */
    const struct parameters *parameters;              /* accepted */
};

/* Which version holds for an account that was opened under `opened_version` (INTEGER_NONE: it does not
 * say, the one in force). `editions`: oldest first, the one in force last; those before it only as far
 * as it, and each after them, applies to new accounts only. An account that is opened under one of
 * them, or an earlier one, keeps the last that applies to it: versions that are new_only and came
 * after its opening do not. NULL: the version is not there yet. */
const struct edition *edition_for(const struct edition *editions, size_t count,
                                  int64_t opened_version);

/* Does this version, once it is active, change the rules of accounts that are there already? */
bool edition_reaches(const struct parameters *parameters);

/* Room for the ramps that an activation adds. */
struct ramps_room {
    struct ramp ramps[ASSETS_MAX * (CATEGORIES_MAX + 2)];
    size_t      count;
};

/* The document that is in force, made of the one that was approved, at the time it becomes active: with
 * applies_to `ramp`, each threshold that moves (an asset's, a category's, a pre-liquidation window's)
 * gets a ramp from what was in force at that time, over ramp_s, unless the document states another of
 * its own. A ramp that the version before left behind stays where its threshold stays and it is not
 * over. Deterministic, so that anybody can make it again from the two documents and the time; stored
 * and hashed as the version's document, it makes a decision need nothing else. `next` is changed. */
void edition_activate(struct parameters *next, const struct parameters *in_force,
                      int64_t active_at_us, struct ramps_room *room);

/* What a ramp that began now would break: an opening weight above the threshold that it begins with
 * (opening_above_ramp: accounts would open liquidatable). False: violations. */
bool edition_ramp_accept(const struct parameters *next, const struct parameters *in_force,
                         int64_t now_us, struct faults *violations);

/* What a document takes over from its base: without the ramps of thresholds that it changes. */
void edition_inherit(struct parameters *next, const struct parameters *base);

/* The earliest time from which all of its ramps are over, those too that its activation begins; at
 * least `active_at`. */
int64_t edition_full_at(const struct edition *edition);

/* Of the version that holds for an account and those that are scheduled, by time, what changes its
 * rules after now_us: the first while its ramps go on, and those that reach it. Returns how many. */
size_t editions_coming(const struct edition *current, const struct edition *scheduled, size_t count,
                       int64_t now_us, struct edition out[static UPCOMING_MAX]);

/* A change that is coming to this account: its figures under that version once it holds in full, in
 * today's state of the market. */
struct upcoming {
    int64_t        parameters_version;
    const char    *parameters_sha256;
    int64_t        active_at, full_at;                /* full_at: with its ramps over */
    struct decimal health_ratio;
    int            health_ratio_reason;
    struct decimal liquidation_price;                 /* of the account's main risk asset today */
    int            liquidation_price_reason;
};

extern const struct record upcoming_record;

/* What is coming, and which price is asked for: the asset's, in that direction where it has both. */
struct prospect {
    const struct edition  *editions;                  /* by active_at */
    size_t                 count;
    const char            *asset;                     /* NULL: the account has no risk asset */
    int                    direction;                 /* enum direction */
    struct effective_room *rules;                     /* needed where effective_differs() */
};

/* Of each of the editions. The question's `state` is there. A version that
 * does not list an asset of the account has no figures, with the reason not_recognised. Returns how
 * many, at most UPCOMING_MAX. */
size_t upcoming_fill(const struct prospect *prospect, const struct question *question,
                     struct upcoming out[static UPCOMING_MAX]);

#endif
