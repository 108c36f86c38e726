/* Guard rails: how far a value may go, and how far from what it was. */
#include <stdio.h>
#include <string.h>

#include "risk/governance.h"
#include "risk/reckoning.h"

enum { US_PER_S = 1000000 };

struct check {
    const struct rail       *rail;
    const char              *path;
    bool                     is_there;        /* the value, in the next document */
    const struct edition    *history;
    size_t                   history_count;
    const struct parameters *next;
    int64_t                  since_us;        /* the window's beginning */
    struct faults           *violations;
};

/* A decimal as a sentence has it. */
struct spelled { char text[DECIMAL_TEXT_MAX]; };

static struct spelled
spell(struct decimal value)
{
    struct spelled spelled = { "" };

    decimal_format(value, spelled.text);
    return spelled;
}

static bool
refuse_bound(const struct check *check, const char *code, struct decimal value, const char *word,
             struct decimal bound)
{
    fault_add(check->violations, check->path, code, "%s is %s the bound %s of the rail %.48s",
              spell(value).text, word, spell(bound).text, check->rail->path);
    return false;
}

static bool
is_within_bounds(const struct check *check, struct decimal value)
{
    const struct rail *rail = check->rail;
    bool is_good = true;

    if (!decimal_is_none(rail->min) && is_below(value, rail->min))
        is_good = refuse_bound(check, "rail_min", value, "below", rail->min);
    if (!decimal_is_none(rail->max) && is_below(rail->max, value))
        is_good = refuse_bound(check, "rail_max", value, "above", rail->max);
    return is_good;
}

static bool
refuse_change(const struct check *check, const char *code, struct decimal value,
              const struct edition *against, struct decimal old, struct decimal bound)
{
    fault_add(check->violations, check->path, code,
              "from %s (version %lld) to %s is more than the bound %s of the rail %.32s",
              spell(old).text, (long long)against->version, spell(value).text, spell(bound).text,
              check->rail->path);
    return false;
}

/* |value - old| <= bound; and <= rate * min(|value|, |old|), exactly. */
static bool
is_within_change(const struct check *check, struct decimal value, const struct edition *against,
                 struct decimal old)
{
    const struct rail *rail = check->rail;
    struct decimal     change = decimal_zero;
    struct decimal     smaller = least(decimal_magnitude(value), decimal_magnitude(old));
    bool               fits = decimal_subtract(value, old, &change);
    bool               is_good = true;

    change = decimal_magnitude(change);
    if (!decimal_is_none(rail->max_change_abs) && (!fits || is_below(rail->max_change_abs, change)))
        is_good = refuse_change(check, "rail_change_abs", value, against, old,
                                rail->max_change_abs);
    if (!decimal_is_none(rail->max_change_rate) &&
        (!fits ||
         decimal_compare_products(change, decimal_one, smaller, rail->max_change_rate) > 0))
        is_good = refuse_change(check, "rail_change_rate", value, against, old,
                                rail->max_change_rate);
    return is_good;
}

static bool
bounds_change(const struct rail *rail)
{
    return !decimal_is_none(rail->max_change_abs) || !decimal_is_none(rail->max_change_rate);
}

static bool
value_at(const struct check *check, const struct parameters *parameters, struct decimal *out)
{
    struct found found;

    return found_at(&parameters_record, parameters, check->path, &found) &&
           found_number(&found, out);
}

/* Was it in force within the window? It was until the next one took its place. */
static bool
is_in_window(const struct check *check, size_t i)
{
    return i + 1 == check->history_count || check->history[i + 1].active_at > check->since_us;
}

static bool
is_value_allowed(const struct check *check)
{
    struct decimal value, old;
    bool           is_good = true;

    if (!value_at(check, check->next, &value)) {
        if (!bounds_change(check->rail))
            return true;
        fault_add(check->violations, check->path,
                  check->is_there ? "rail_not_a_number" : "rail_removed",
                  "a value with the rail %.64s may not %s", check->rail->path,
                  check->is_there ? "change: it is not a number" : "go");
        return false;
    }
    is_good &= is_within_bounds(check, value);
    for (size_t i = 0; i < check->history_count; i++)
        if (is_in_window(check, i) &&
            value_at(check, check->history[i].parameters, &old))
            is_good &= is_within_change(check, value, &check->history[i], old);
    return is_good;
}

bool
governance_within_rails(const struct governance *governance, const struct edition *history,
                        size_t history_count, const struct parameters *next,
                        const struct changes *changes, int64_t active_at_us,
                        struct faults *violations)
{
    bool is_good = true;

    for (size_t i = 0; i < changes->count; i++)
        for (size_t n = 0; n < governance->rails_count; n++) {
            struct check check = {
                .rail = &governance->rails[n], .path = changes->items[i].path,
                .is_there = changes->items[i].to,
                .history = history, .history_count = history_count, .next = next,
                .since_us = active_at_us - governance->window_s * US_PER_S,
                .violations = violations,
            };
            if (path_matches(check.rail->path, check.path))
                is_good &= is_value_allowed(&check);
        }
    return is_good;
}
