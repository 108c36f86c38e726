/* What a guardian may do alone, by path, and in which direction. */
#include <string.h>

#include "risk/governance.h"
#include "risk/reckoning.h"

enum direction_of_safety {
    SAFER_UP, SAFER_DOWN,
    SAFER_DOWN_OR_NEW,                    /* there was none: nothing was bounded */
    EITHER_WAY, ONLY_TO_PAUSED, ONLY_TO_NONE
};

/* Maintenance rises where a bracket's rate rises (its deduction follows from the rates), where
 * collateral weighs less, a debt more, or a perp's closing costs more; a slice shrinks; a price must be
 * fresher and better confirmed. What a liquidation takes from an account is not here, nor is anything
 * that moves money between holders. */
static const struct { const char *path; enum direction_of_safety direction; } table[] = {
    { "/status",                                  ONLY_TO_PAUSED },
    { "/applies_to",                              ONLY_TO_NONE },
    { "/ramp_s",                                  ONLY_TO_NONE },
    { "/assets/*/opening_weight",                 SAFER_DOWN },
    { "/assets/*/threshold",                      SAFER_DOWN },
    { "/assets/*/borrow_factor",                  SAFER_UP },
    { "/assets/*/brackets/*/rate",                SAFER_UP },
    { "/assets/*/brackets/*/deduction",           EITHER_WAY },
    { "/assets/*/categories/*/opening_weight",    SAFER_DOWN },
    { "/assets/*/categories/*/threshold",         SAFER_DOWN },
    { "/assets/*/pre_liquidation/threshold",      SAFER_DOWN },
    { "/assets/*/volatility_floor",               SAFER_UP },
    { "/assets/*/price_age_max_s",                SAFER_DOWN },
    { "/execution/maximum_slice_value",           SAFER_DOWN_OR_NEW },
    { "/execution/slippage_tolerance_rate",       SAFER_DOWN },
    { "/execution/adaptive/maintenance_multiplier_max", SAFER_UP },
    { "/execution/adaptive/slice_rate_min",       SAFER_DOWN },
    { "/oracle/age_max_s",                        SAFER_DOWN },
    { "/oracle/confidence_max_rate",              SAFER_DOWN },
    { "/oracle/deviation_z",                      SAFER_DOWN },
    { "/oracle/quorum",                           SAFER_UP },
    { "/oracle/slice_floor_rate",                 SAFER_DOWN },
};

/* The value's number as the change spells it; false: it is not one. */
static bool
number_of(const char *json, struct decimal *out)
{
    size_t count = json ? strlen(json) : 0;

    if (count > 2 && json[0] == '"') {
        json++;
        count -= 2;
    }
    return count > 0 && decimal_parse(json, count, out) == DECIMAL_GOOD;
}

static bool
is_safer(enum direction_of_safety direction, const struct change *change)
{
    struct decimal from = DECIMAL_NONE, to = DECIMAL_NONE;
    bool           was_number = number_of(change->from, &from);
    bool           is_number = number_of(change->to, &to);

    switch (direction) {
    case EITHER_WAY:
        return was_number && is_number;
    case ONLY_TO_NONE:
        return !change->to;
    case ONLY_TO_PAUSED:
        return change->to && !strcmp(change->to, "\"paused\"") &&
               (!change->from || strcmp(change->from, "\"retired\"") != 0);
    case SAFER_UP:
        return was_number && is_number && is_below(from, to);
    case SAFER_DOWN_OR_NEW:
        return is_number && (was_number ? is_below(to, from) : !change->from);
    case SAFER_DOWN:
        return was_number && is_number && is_below(to, from);
    }
    return false;
}

static bool
is_allowed(const struct change *change, struct faults *violations)
{
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        if (!path_matches(table[i].path, change->path))
            continue;
        if (is_safer(table[i].direction, change))
            return true;
        fault_add(violations, change->path, "guardian_direction",
                  "from %.40s to %.40s is not the safer direction", change->from ? change->from
                                                                                 : "nothing",
                  change->to ? change->to : "nothing");
        return false;
    }
    fault_add(violations, change->path, "guardian_not_allowed",
              "a guardian may not change this alone; a proposal may");
    return false;
}

bool
guardian_allows(const struct changes *changes, struct faults *violations)
{
    bool is_good = true;

    for (size_t i = 0; i < changes->count; i++)
        is_good &= is_allowed(&changes->items[i], violations);
    return is_good;
}
