/* Versions as an account meets them, and ramps. Expected values by hand. */
#include "risk/edition.h"

#include <stdio.h>
#include <string.h>

#include "record/json.h"
#include "risk/position.h"
#include "risk/preview.h"
#include "tests/documents.h"
#include "tests/reading.h"
#include "tests/scene.h"
#include "tests/suite.h"

enum { ARENA_MAX = 16 << 20 };

#define S_US INT64_C(1000000)
#define N    APPLIES_TO_NEW_ONLY
#define A    APPLIES_TO_ALL
#define R    APPLIES_TO_RAMP

/* The versions 3, 4 ... of a market, and the one for an account that was opened under `opened`. */
static const struct { int applies_to[5]; size_t count; int64_t opened, version; } rules[] = {
    { { A }, 1, INTEGER_NONE, 3 },     { { A }, 1, 1, 3 },
    { { A }, 1, 3, 3 },                { { A }, 1, 4, 0 },
    { { A, N }, 2, INTEGER_NONE, 4 },  { { A, N }, 2, 1, 3 },
    { { A, N }, 2, 3, 3 },             { { A, N }, 2, 4, 4 },
    { { A, N, N }, 3, 2, 3 },          { { A, N, N }, 3, 4, 4 },
    { { A, N, N }, 3, 5, 5 },          { { R, N, N, N }, 4, 3, 3 },
    { { A, N, A }, 3, 2, 5 },          { { A, N, R, N }, 4, 2, 5 },
    { { N, N }, 2, 1, 3 },
};

START_TEST(an_account_keeps_the_last_version_that_applies_to_it)
{
    struct parameters parameters[5] = { { 0 } };
    struct edition    editions[5];

    for (size_t i = 0; i < rules[_i].count; i++) {
        parameters[i].applies_to = rules[_i].applies_to[i];
        editions[i] = (struct edition){ (int64_t)i + 3, 0, "", &parameters[i] };
    }
    const struct edition *found = edition_for(editions, rules[_i].count, rules[_i].opened);
    ck_assert_int_eq(found ? found->version : 0, rules[_i].version);
}
END_TEST

static void
base_open(struct arena *arena, struct document *out)
{
    static const struct document nothing = { "{}", 2, { 0 } };

    patched(arena, &nothing,
            "{'assets':{'A':{'opening_weight':'0.5','threshold':'0.8','categories':{"
            "'x':{'threshold':'0.9'},'y':{'opening_weight':'0.4'}},'pre_liquidation':{"
            "'threshold':'0.7','close_start_rate':'0','close_end_rate':'1'}},'D':{}},"
            "'trigger':{'rule':'below'},'close':{'rule':'full'},'dust':{'rule':'none'},"
            "'penalty':{'rule':'fixed'}}", out);
}

/* The document that is in force from `at_s` on, read back from its bytes. */
static void
activate(struct arena *arena, const struct document *base, const char *patch, int64_t at_s,
         struct document *out)
{
    struct ramps_room room;
    struct faults     faults, warnings;

    patched(arena, base, patch, out);
    edition_activate(&out->parameters, &base->parameters, at_s * S_US, &room);
    out->bytes = canonical_text(arena, &parameters_record, &out->parameters);
    out->count = strlen(out->bytes);
    faults_open(&faults, FAULTS_MAX);
    faults_open(&warnings, FAULTS_MAX);
    ck_assert(json_read(&parameters_record, out->bytes, out->count, arena, &out->parameters,
                        &faults) && parameters_accept(&out->parameters, &faults, &warnings));
}

/* The threshold of A in a category (NULL: none), as a position has it. */
static struct decimal
threshold_of(const struct document *document, const char *category, int64_t at_s,
             struct decimal *pre_threshold)
{
    struct leg         leg = { "A", decimal_one };
    struct account     account = { .category = category, .cash = decimal_zero,
                                   .collateral = &leg, .collateral_count = 1 };
    struct asset_price price = { "A", decimal_one };
    struct state       state = { .prices = &price, .prices_count = 1 };
    struct position    position;
    struct faults      faults;

    faults_open(&faults, 1);
    ck_assert(position_open(&document->parameters, &account, &state, at_s * S_US, &position,
                            &faults));
    if (pre_threshold)
        *pre_threshold = position.assets[0].pre_threshold;
    return position.assets[0].asset.threshold;
}

START_TEST(thresholds_move_in_a_straight_line_from_what_was_in_force)
{
    struct arena    arena;
    struct document base, next;
    struct decimal  pre;

    arena_open(&arena, ARENA_MAX);
    base_open(&arena, &base);
    activate(&arena, &base, "{'applies_to':'ramp','ramp_s':1000,'assets':{'A':{'threshold':'0.6',"
             "'categories':{'x':{'threshold':'0.8'}},'pre_liquidation':{'threshold':'0.5'}}}}", 50,
             &next);
    static const struct { int64_t at_s; const char *own, *of_x, *pre; } rows[] = {
        { 0, "0.8", "0.9", "0.7" },      { 50, "0.8", "0.9", "0.7" },
        { 51, "0.7998", "0.8999", "0.6998" },    { 300, "0.75", "0.875", "0.65" },
        { 1049, "0.6002", "0.8001", "0.5002" },  { 1050, "0.6", "0.8", "0.5" },
        { 99999, "0.6", "0.8", "0.5" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        check_decimal(threshold_of(&next, NULL, rows[i].at_s, &pre), rows[i].own);
        check_decimal(pre, rows[i].pre);
        check_decimal(threshold_of(&next, "x", rows[i].at_s, NULL), rows[i].of_x);
        /* A category without a threshold has the asset's. */
        check_decimal(threshold_of(&next, "y", rows[i].at_s, NULL), rows[i].own);
    }
    struct edition edition = { 2, 50 * S_US, "", &next.parameters };
    ck_assert_int_eq(edition_full_at(&edition), 1050 * S_US);
    edition.parameters = &base.parameters;
    ck_assert_int_eq(edition_full_at(&edition), 50 * S_US);
    arena_close(&arena);
}
END_TEST

/* A second change while the first is on its way begins where the first has come to. */
START_TEST(a_ramp_begins_where_the_one_before_has_come_to)
{
    struct arena    arena;
    struct document base, first, second;

    arena_open(&arena, ARENA_MAX);
    base_open(&arena, &base);
    activate(&arena, &base, "{'applies_to':'ramp','ramp_s':1000,'assets':{'A':{'threshold':'0.71',"
             "'opening_weight':'0.1'}}}", 0, &first);
    activate(&arena, &first, "{'applies_to':'ramp','ramp_s':100,'assets':{'A':{'threshold':'0.9'}}}",
             500, &second);
    check_decimal(threshold_of(&second, NULL, 500, NULL), "0.755");
    check_decimal(threshold_of(&second, NULL, 550, NULL), "0.8275");
    check_decimal(threshold_of(&second, NULL, 600, NULL), "0.9");
    /* What leaves the threshold leaves its ramp, until that is over. */
    activate(&arena, &first, "{'assets':{'A':{'opening_weight':'0.2'}}}", 500, &second);
    check_decimal(threshold_of(&second, NULL, 750, NULL), "0.7325");
    activate(&arena, &first, "{'assets':{'A':{'opening_weight':'0.2'}}}", 1000, &second);
    ck_assert_ptr_null(second.parameters.assets[0].ramp);
    /* At once, if it says so: the rest of the old ramp goes. */
    activate(&arena, &first, "{'assets':{'A':{'threshold':'0.75'}}}", 500, &second);
    check_decimal(threshold_of(&second, NULL, 500, NULL), "0.75");
    ck_assert_int_eq(second.parameters.applies_to, CHOICE_NONE);
    arena_close(&arena);
}
END_TEST

START_TEST(a_ramp_of_the_document_itself_stands)
{
    struct arena    arena;
    struct document base, next;

    arena_open(&arena, ARENA_MAX);
    base_open(&arena, &base);
    activate(&arena, &base, "{'applies_to':'ramp','ramp_s':1000,'assets':{'A':{'threshold':'0.71',"
             "'ramp':{'initial_threshold':'0.78','start_at':'1970-01-01T00:01:00Z',"
             "'duration_s':10}}}}", 0, &next);
    check_decimal(threshold_of(&next, NULL, 0, NULL), "0.78");
    check_decimal(threshold_of(&next, NULL, 65, NULL), "0.745");
    arena_close(&arena);
}
END_TEST

/* Never past either end, never back: over a small domain of ends, durations and times. */
START_TEST(a_ramp_is_monotone)
{
    static const char *const ends[] = { "0", "0.3", "0.333333333333333333", "1" };

    for (size_t a = 0; a < COUNT_OF(ends); a++)
        for (size_t b = 0; b < COUNT_OF(ends); b++)
            for (int64_t duration_s = 1; duration_s <= 7; duration_s++) {
                struct ramp    ramp = { decimal_of(ends[a]), 3 * S_US, duration_s };
                struct decimal to = decimal_of(ends[b]);
                struct decimal last = ramped_threshold(to, &ramp, 0);
                check_decimal(last, ends[a]);
                for (int64_t at_us = 0; at_us <= 12 * S_US; at_us += S_US / 4) {
                    struct decimal now = ramped_threshold(to, &ramp, at_us);
                    int direction = decimal_compare(to, ramp.initial_threshold);
                    ck_assert(decimal_compare(now, last) * direction >= 0);
                    last = now;
                }
                check_decimal(last, ends[b]);
            }
}
END_TEST

START_TEST(an_opening_weight_waits_for_the_ramp)
{
    struct arena     arena;
    struct document  base;
    struct amendment amendment;
    struct faults    faults;

    arena_open(&arena, ARENA_MAX);
    base_open(&arena, &base);
    ck_assert(!try_patch(&arena, &base, "{'applies_to':'ramp','ramp_s':100,'assets':{'A':{"
                         "'threshold':'0.9','opening_weight':'0.81'}}}", &amendment, &faults));
    ck_assert_str_eq(faults_listed(&arena, &faults),
                     "/assets/A/opening_weight opening_above_ramp");
    ck_assert_ptr_nonnull(strstr(faults.items[0].detail, "0.81 is above 0.8,"));
    ck_assert(try_patch(&arena, &base, "{'applies_to':'ramp','ramp_s':100,'assets':{'A':{"
                        "'threshold':'0.9','opening_weight':'0.8'}}}", &amendment, &faults));
    ck_assert(!try_patch(&arena, &base, "{'applies_to':'ramp','assets':{'A':{'threshold':'0.9'}}}",
                         &amendment, &faults));
    ck_assert_str_eq(faults_listed(&arena, &faults), "/ramp_s ramp_duration");
    ck_assert(!try_patch(&arena, &base, "{'ramp_s':60,'assets':{'A':{'threshold':'0.9'}}}",
                         &amendment, &faults));
    ck_assert_str_eq(faults_listed(&arena, &faults), "/ramp_s ramp_duration");
    arena_close(&arena);
}
END_TEST

/* 10 A at 100, 700 D: ratio 800/700; at 0.6 it is 600/700, and liquidated under 700/(10 * 0.6). */
START_TEST(a_preview_shows_what_is_coming)
{
    static struct figures_room room;
    struct arena    arena, of_question;
    struct document base, ramped, fresh, gone;
    struct question question;
    struct figures  figures;
    struct faults   faults;

    arena_open(&arena, ARENA_MAX);
    base_open(&arena, &base);
    activate(&arena, &base, "{'applies_to':'ramp','ramp_s':1000,'assets':{'A':{'threshold':'0.6',"
             "'opening_weight':'0.1','pre_liquidation':null}}}", 50, &ramped);
    activate(&arena, &base, "{'applies_to':'new_only','assets':{'A':{'opening_weight':'0.1'}}}", 60,
             &fresh);
    activate(&arena, &base, "{'assets':{'D':null}}", 70, &gone);
    reading_open(&of_question, &question_record,
                 "{'market':'m','account':{'collateral':[{'asset':'A','quantity':'10'}],'debt':["
                 "{'asset':'D','quantity':'700'}]},'state':{'prices':{'A':'100','D':'1'}}}",
                 &question);
    const struct edition scheduled[] = { { 2, 50 * S_US, "aa", &ramped.parameters },
                                         { 3, 60 * S_US, "bb", &fresh.parameters },
                                         { 4, 70 * S_US, "cc", &gone.parameters } };
    struct edition       coming[UPCOMING_MAX];
    const struct edition current = { 1, 0, "", &base.parameters };
    question.scheduled       = coming;
    question.scheduled_count = editions_coming(&current, scheduled, 3, 0, coming);
    faults_open(&faults, 1);
    ck_assert_int_eq(preview_compute(&base.parameters, &question, 0, PARTS_ALL, &room, &figures,
                                     &faults), RISK_OK);
    check_decimal(figures.health.ratio, "1.142857142857142857");
    ck_assert_uint_eq(figures.upcoming_count, 2);
    ck_assert_int_eq(figures.upcoming[0].parameters_version, 2);
    ck_assert_str_eq(figures.upcoming[0].parameters_sha256, "aa");
    ck_assert_int_eq(figures.upcoming[0].active_at, 50 * S_US);
    ck_assert_int_eq(figures.upcoming[0].full_at, 1050 * S_US);
    check_decimal(figures.upcoming[0].health_ratio, "0.857142857142857142");
    check_decimal(figures.upcoming[0].liquidation_price, "116.666666666666666667");
    ck_assert_int_eq(figures.upcoming[0].liquidation_price_reason, REASON_ALREADY_LIQUIDATABLE);
    ck_assert_int_eq(figures.upcoming[1].health_ratio_reason, REASON_NOT_RECOGNISED);
    ck_assert(decimal_is_none(figures.upcoming[1].health_ratio));
    arena_close(&of_question);
    arena_close(&arena);
}
END_TEST

/* The version that holds is coming too, while its ramps go on. */
START_TEST(a_ramp_that_goes_on_is_coming)
{
    struct arena    arena;
    struct document base, ramped;
    struct edition  coming[UPCOMING_MAX];

    arena_open(&arena, ARENA_MAX);
    base_open(&arena, &base);
    activate(&arena, &base, "{'applies_to':'ramp','ramp_s':100,'assets':{'A':{'threshold':'0.75'}}}",
             50, &ramped);
    const struct edition current = { 2, 50 * S_US, "", &ramped.parameters };
    ck_assert_uint_eq(editions_coming(&current, NULL, 0, 149 * S_US, coming), 1);
    ck_assert_int_eq(coming[0].version, 2);
    ck_assert_uint_eq(editions_coming(&current, NULL, 0, 150 * S_US, coming), 0);
    arena_close(&arena);
}
END_TEST

Suite *
edition_suite(void)
{
    Suite *suite = suite_create("edition");
    TCase *tcase = tcase_create("edition");
    tcase_add_loop_test(tcase, an_account_keeps_the_last_version_that_applies_to_it, 0,
                        COUNT_OF(rules));
    tcase_add_test(tcase, thresholds_move_in_a_straight_line_from_what_was_in_force);
    tcase_add_test(tcase, a_ramp_begins_where_the_one_before_has_come_to);
    tcase_add_test(tcase, a_ramp_of_the_document_itself_stands);
    tcase_add_test(tcase, a_ramp_is_monotone);
    tcase_add_test(tcase, an_opening_weight_waits_for_the_ramp);
    tcase_add_test(tcase, a_preview_shows_what_is_coming);
    tcase_add_test(tcase, a_ramp_that_goes_on_is_coming);
    suite_add_tcase(suite, tcase);
    return suite;
}
