/* Which version of the parameters holds for an account, and the ramps that an activation begins. */
#include "risk/edition.h"

#include <stdio.h>
#include <string.h>

#include "risk/position.h"
#include "risk/reckoning.h"

enum { US_PER_S = 1000000, US_PER_MS = 1000 };

bool
edition_reaches(const struct parameters *parameters)
{
    return parameters->applies_to != APPLIES_TO_NEW_ONLY;
}

const struct edition *
edition_for(const struct edition *editions, size_t count, int64_t opened_version)
{
    size_t i = count - 1;

    if (opened_version == INTEGER_NONE)
        return &editions[i];
    if (opened_version > editions[i].version)
        return NULL;
    while (i > 0 && editions[i].version > opened_version &&
           !edition_reaches(editions[i].parameters))
        i--;
    return &editions[i];
}

static bool
is_over(const struct ramp *ramp, int64_t now_us)
{
    return ((int128)now_us - ramp->start_at) / US_PER_S >= ramp->duration_s;
}

/* A threshold and how it gets there. */
struct course { struct decimal threshold; struct ramp *ramp; };

static bool
is_same_ramp(const struct ramp *a, const struct ramp *b)
{
    return a && b && decimal_compare(a->initial_threshold, b->initial_threshold) == 0 &&
           a->start_at == b->start_at && a->duration_s == b->duration_s;
}

/* One activation, as each threshold meets it. */
struct activation {
    bool               is_ramp;
    int64_t            ramp_s, active_at_us;
    struct ramps_room *room;
};

/* The ramp of `next`: one that it states itself stands; else one from where the threshold was, or the
 * rest of the old one. NULL: none. */
static struct ramp *
ramp_after(const struct activation *activation, struct course next, struct course old)
{
    struct decimal from = ramped_threshold(old.threshold, old.ramp, activation->active_at_us);
    bool           is_stated = next.ramp && !is_same_ramp(next.ramp, old.ramp);
    bool           moves = decimal_compare(next.threshold, old.threshold) != 0;

    if (is_stated)
        return next.ramp;
    if (next.ramp && !moves && !is_over(next.ramp, activation->active_at_us))
        return next.ramp;
    if (!activation->is_ramp || decimal_compare(from, next.threshold) == 0)
        return NULL;
    struct ramp *ramp = &activation->room->ramps[activation->room->count++];
    /* Documents keep milliseconds. */
    *ramp = (struct ramp){ from, activation->active_at_us / US_PER_MS * US_PER_MS,
                           activation->ramp_s };
    return ramp;
}

static const struct category *
category_of(const struct asset *asset, const char *name)
{
    for (size_t i = 0; i < asset->categories_count; i++)
        if (!strcmp(asset->categories[i].name, name))
            return &asset->categories[i];
    return NULL;
}

/* What an account of this category had: its own threshold, or the asset's. */
static struct course
course_in_category(const struct asset *asset, const char *name)
{
    const struct category *category = category_of(asset, name);

    if (category && !decimal_is_none(category->threshold))
        return (struct course){ category->threshold, category->ramp };
    return (struct course){ asset->threshold, asset->ramp };
}

static void
activate_asset(const struct activation *activation, struct asset *next, const struct asset *old)
{
    struct course own = { old->threshold, old->ramp };

    for (size_t i = 0; i < next->categories_count; i++) {
        struct category *category = &next->categories[i];
        struct course    course = { category->threshold, category->ramp };
        if (!decimal_is_none(category->threshold))
            category->ramp = ramp_after(activation, course,
                                        course_in_category(old, category->name));
    }
    if (next->pre_liquidation && old->pre_liquidation) {
        struct pre_liquidation *pre = next->pre_liquidation;
        pre->ramp = ramp_after(activation, (struct course){ pre->threshold, pre->ramp },
                               (struct course){ old->pre_liquidation->threshold,
                                                old->pre_liquidation->ramp });
    }
    next->ramp = ramp_after(activation, (struct course){ next->threshold, next->ramp }, own);
}

void
edition_activate(struct parameters *next, const struct parameters *in_force, int64_t active_at_us,
                 struct ramps_room *room)
{
    struct activation activation = {
        next->applies_to == APPLIES_TO_RAMP, next->ramp_s, active_at_us, room,
    };

    room->count = 0;
    for (size_t i = 0; i < next->assets_count; i++) {
        const struct asset *old = parameters_asset(in_force, next->assets[i].name);
        if (old)
            activate_asset(&activation, &next->assets[i], old);
    }
}

void
edition_inherit(struct parameters *next, const struct parameters *base)
{
    /* No ramp is over at the beginning of time, and none begins. */
    struct activation activation = { false, 0, INT64_MIN / 2, NULL };

    for (size_t i = 0; i < next->assets_count; i++) {
        const struct asset *old = parameters_asset(base, next->assets[i].name);
        if (old)
            activate_asset(&activation, &next->assets[i], old);
    }
}

static bool
refuse_opening(const char *pointer, struct decimal opening, struct decimal from,
               struct faults *violations)
{
    char weight[DECIMAL_TEXT_MAX], threshold[DECIMAL_TEXT_MAX];

    decimal_format(opening, weight);
    decimal_format(from, threshold);
    fault_add(violations, pointer, "opening_above_ramp",
              "%s is above %s, where the ramp of the threshold begins: raise it once that is over",
              weight, threshold);
    return false;
}

static bool
is_ramp_good(const struct asset *next, const struct asset *old, int64_t now_us,
             struct faults *violations)
{
    struct decimal from = threshold_at(old, now_us);
    bool           is_good = true;
    char           pointer[FAULT_POINTER_MAX];

    if (is_below(from, next->threshold) && is_below(from, next->opening_weight)) {
        snprintf(pointer, sizeof pointer, "/assets/%s/opening_weight", next->name);
        is_good = refuse_opening(pointer, next->opening_weight, from, violations);
    }
    for (size_t i = 0; i < next->categories_count; i++) {
        const struct category *category = &next->categories[i];
        struct course  course = course_in_category(old, category->name);
        struct decimal opening = decimal_is_none(category->opening_weight)
                                 ? next->opening_weight : category->opening_weight;
        from = ramped_threshold(course.threshold, course.ramp, now_us);
        if (decimal_is_none(category->threshold) || !is_below(from, category->threshold) ||
            !is_below(from, opening))
            continue;
        snprintf(pointer, sizeof pointer, "/assets/%s/categories/%s/opening_weight", next->name,
                 category->name);
        is_good = refuse_opening(pointer, opening, from, violations);
    }
    return is_good;
}

bool
edition_ramp_accept(const struct parameters *next, const struct parameters *in_force,
                    int64_t now_us, struct faults *violations)
{
    bool is_good = true;

    for (size_t i = 0; next->applies_to == APPLIES_TO_RAMP && i < next->assets_count; i++) {
        const struct asset *old = parameters_asset(in_force, next->assets[i].name);
        if (old)
            is_good &= is_ramp_good(&next->assets[i], old, now_us, violations);
    }
    return is_good;
}

static int64_t
later_end(const struct ramp *ramp, int64_t end_us)
{
    int64_t over_us = ramp ? ramp->start_at + ramp->duration_s * US_PER_S : end_us;

    return over_us > end_us ? over_us : end_us;
}

int64_t
edition_full_at(const struct edition *edition)
{
    int64_t end_us = edition->active_at;

    if (edition->parameters->applies_to == APPLIES_TO_RAMP)
        end_us += edition->parameters->ramp_s * US_PER_S;
    for (size_t i = 0; i < edition->parameters->assets_count; i++) {
        const struct asset *asset = &edition->parameters->assets[i];
        end_us = later_end(asset->ramp, end_us);
        if (asset->pre_liquidation)
            end_us = later_end(asset->pre_liquidation->ramp, end_us);
        for (size_t n = 0; n < asset->categories_count; n++)
            end_us = later_end(asset->categories[n].ramp, end_us);
    }
    return end_us;
}

size_t
editions_coming(const struct edition *current, const struct edition *scheduled, size_t count,
                int64_t now_us, struct edition out[static UPCOMING_MAX])
{
    size_t coming = 0;

    if (edition_full_at(current) > now_us)
        out[coming++] = *current;
    for (size_t i = 0; i < count && coming < UPCOMING_MAX; i++)
        if (edition_reaches(scheduled[i].parameters))
            out[coming++] = scheduled[i];
    return coming;
}
