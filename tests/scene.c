/* Opening scenes, and comparing decimals with their texts. */
#include "tests/scene.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "record/json.h"

enum { TEXT_MAX = 8192, ARENA_MAX = 4 << 20 };

static const char *
or_else(const char *given, const char *otherwise)
{
    return given ? given : otherwise;
}

static void
read_record(struct scene *scene, const struct record *record, char *text, void *out)
{
    struct faults faults;

    for (char *quote = strchr(text, '\''); quote; quote = strchr(quote, '\''))
        *quote = '"';
    faults_open(&faults, 1);
    if (!json_read(record, text, strlen(text), &scene->arena, out, &faults))
        ck_abort_msg("%s at %s: %s in %s", faults.items[0].code, faults.items[0].pointer,
                     faults.items[0].detail, text);
}

static void
read_parameters(struct scene *scene, struct scene_text text)
{
    char document[TEXT_MAX];
    struct faults violations;
    struct faults warnings;
    int count = snprintf(document, sizeof document,
                         "{'assets':%s,'trigger':%s,'close':%s,'dust':%s,'penalty':%s%s}",
                         or_else(text.assets, "{}"),
                         or_else(text.trigger, "{'rule':'below'}"),
                         or_else(text.close, "{'rule':'full'}"),
                         or_else(text.dust, "{'rule':'none'}"),
                         or_else(text.penalty, "{'rule':'fixed'}"),
                         or_else(text.more, ""));

    ck_assert_int_lt(count, TEXT_MAX);
    read_record(scene, &parameters_record, document, &scene->parameters);
    faults_open(&violations, 1);
    faults_open(&warnings, 1);
    if (!parameters_accept(&scene->parameters, &violations, &warnings))
        ck_abort_msg("%s at %s", violations.items[0].code, violations.items[0].pointer);
}

static void
read_other(struct scene *scene, const struct record *record, const char *format, const char *text,
           void *out)
{
    char whole[TEXT_MAX];

    ck_assert_int_lt(snprintf(whole, sizeof whole, "%s%s%s", format, or_else(text, "{}"),
                              *format ? "}" : ""), TEXT_MAX);
    read_record(scene, record, whole, out);
}

void
scene_read(struct scene *scene, struct scene_text text)
{
    arena_open(&scene->arena, ARENA_MAX);
    read_parameters(scene, text);
    read_other(scene, &account_record, "", text.account, &scene->account);
    read_other(scene, &state_record, "{'prices':", text.prices, &scene->state);
    read_other(scene, &liquidator_record, "", text.liquidator, &scene->liquidator);
}

void
scene_open(struct scene *scene, struct scene_text text)
{
    struct faults faults;

    scene_read(scene, text);
    faults_open(&faults, 1);
    if (!position_open(&scene->parameters, &scene->account, &scene->state, text.now_us,
                       &scene->position, &faults))
        ck_abort_msg("%s at %s", faults.items[0].code, faults.items[0].pointer);
    ck_assert(health_compute(&scene->position, &scene->valuation));
}

void
scene_close(struct scene *scene)
{
    arena_close(&scene->arena);
}

struct decimal
decimal_of(const char *text)
{
    struct decimal number = DECIMAL_NONE;

    if (strcmp(text, "none"))
        ck_assert_int_eq(decimal_parse(text, strlen(text), &number), DECIMAL_GOOD);
    return number;
}

void
check_decimal(struct decimal number, const char *expected)
{
    char text[DECIMAL_TEXT_MAX] = "none";

    if (!decimal_is_none(number))
        decimal_format(number, text);
    ck_assert_str_eq(text, expected);
}

void
check_near(struct decimal number, const char *expected, const char *tolerance)
{
    char text[DECIMAL_TEXT_MAX] = "none";
    int128 difference = number.units - decimal_of(expected).units;

    ck_assert_msg(!decimal_is_none(number), "none, not %s", expected);
    decimal_format(number, text);
    ck_assert_msg((difference < 0 ? -difference : difference) <= decimal_of(tolerance).units,
                  "%s is not near %s", text,
                  expected);
}
