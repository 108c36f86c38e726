/* Governance as a record, what must hold between its members, and the delay that it asks for. */
#include "risk/governance.h"

#include <stdio.h>
#include <string.h>

#include "risk/reckoning.h"

enum { YEAR_S = 31536000, MONTH_S = 2592000 };

#define OTHERWISE(text) .optional = true, .initial = text
#define ABSENT_IS_NONE  .optional = true
#define POSITIVE        .above = &decimal_zero

static const struct field rail_fields[] = {
    INTEGER_FIELD(rail, min_delay_s,     .min = 0, .max = YEAR_S, OTHERWISE("0")),
    DECIMAL_FIELD(rail, max_change_rate, POSITIVE, ABSENT_IS_NONE),
    DECIMAL_FIELD(rail, max_change_abs,  POSITIVE, ABSENT_IS_NONE),
    DECIMAL_FIELD(rail, min,             ABSENT_IS_NONE),
    DECIMAL_FIELD(rail, max,             ABSENT_IS_NONE),
};
static const struct record rail_record = RECORD(rail, rail_fields);

static const struct field guardian_limits_fields[] = {
    INTEGER_FIELD(guardian_limits, duration_s, .min = 60, .max = MONTH_S, OTHERWISE("259200")),
};
static const struct record guardian_limits_record = RECORD(guardian_limits, guardian_limits_fields);

static const struct field governance_fields[] = {
    INTEGER_FIELD(governance, approvals_required, .min = 1, .max = APPROVALS_MAX, OTHERWISE("1")),
    INTEGER_FIELD(governance, delay_s,            .min = 0, .max = YEAR_S, OTHERWISE("86400")),
    INTEGER_FIELD(governance, window_s,           .min = 0, .max = YEAR_S, OTHERWISE("2592000")),
    INTEGER_FIELD(governance, expiry_s,           .min = 60, .max = YEAR_S, OTHERWISE("1209600")),
    POINTER_FIELD(governance, guardian, guardian_limits, .optional = true),
    MAP_FIELD    (governance, rails, rail, path, .form = TEXT_ANY, .max = RAILS_MAX,
                  .optional = true),
};
const struct record governance_record = RECORD(governance, governance_fields);

const struct governance governance_default = {
    .approvals_required = 1, .delay_s = 86400, .window_s = MONTH_S, .expiry_s = 1209600,
};

const struct governance *
governance_of(const struct parameters *parameters)
{
    return parameters->governance ? parameters->governance : &governance_default;
}

/* Of a group of the document as a whole: nothing in it is missed. */
static bool
is_within(const char *group, const char *path)
{
    size_t count = strlen(group);

    return !strncmp(path, group, count) && (path[count] == '/' || !path[count]);
}

static int64_t
longest_delay_s(const struct governance *governance)
{
    int64_t longest = governance->delay_s;

    for (size_t i = 0; i < governance->rails_count; i++)
        if (governance->rails[i].min_delay_s > longest)
            longest = governance->rails[i].min_delay_s;
    return longest;
}

static int64_t
delay_of_change(const struct governance *governance, const char *path)
{
    int64_t delay_s = governance->delay_s;

    if (is_within("/governance", path))
        return longest_delay_s(governance);
    for (size_t i = 0; i < governance->rails_count; i++)
        if (governance->rails[i].min_delay_s > delay_s &&
            path_matches(governance->rails[i].path, path))
            delay_s = governance->rails[i].min_delay_s;
    return delay_s;
}

int64_t
governance_delay_s(const struct governance *governance, const struct changes *changes)
{
    int64_t delay_s = governance->delay_s;

    for (size_t i = 0; i < changes->count; i++) {
        int64_t of_change = delay_of_change(governance, changes->items[i].path);
        if (of_change > delay_s)
            delay_s = of_change;
    }
    return delay_s;
}

static void
refuse(struct faults *faults, const char *at, const struct rail *rail, const char *code,
       const char *detail)
{
    char name[2 * KEY_BYTES_MAX + 1];
    char pointer[FAULT_POINTER_MAX + sizeof name];
    size_t count = 0;

    for (const char *byte = rail->path; *byte && count + 2 < sizeof name; byte++) {
        if (*byte == '~' || *byte == '/') {
            name[count++] = '~';
            name[count++] = *byte == '/' ? '1' : '0';
        } else {
            name[count++] = *byte;
        }
    }
    name[count] = '\0';
    snprintf(pointer, sizeof pointer, "%s/rails/%s", at, name);
    fault_add(faults, pointer, code, "%s", detail);
}

bool
governance_accept(const struct governance *governance, const char *at, struct faults *faults)
{
    bool is_good = true;

    for (size_t i = 0; i < governance->rails_count; i++) {
        const struct rail *rail = &governance->rails[i];
        bool has_bound = !decimal_is_none(rail->max_change_rate) ||
                         !decimal_is_none(rail->max_change_abs) || !decimal_is_none(rail->min) ||
                         !decimal_is_none(rail->max) || rail->min_delay_s > 0;
        bool is_ordered = decimal_is_none(rail->min) || decimal_is_none(rail->max) ||
                          !is_below(rail->max, rail->min);
        bool is_path = record_has_path(&parameters_record, rail->path);
        if (!is_path)
            refuse(faults, at, rail, "rail_path", "no value of a document has such a path");
        if (!has_bound)
            refuse(faults, at, rail, "rail_empty", "a rail states at least one bound");
        if (!is_ordered)
            refuse(faults, at, rail, "rail_bounds", "min is not above max");
        is_good &= is_path && has_bound && is_ordered;
    }
    return is_good;
}
