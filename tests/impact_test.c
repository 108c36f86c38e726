/* What a change does to accounts: hand-made accounts, exact quantiles, and the same outcome from any
 * number of threads. */
#include "risk/impact.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handlers/impact_run.h"
#include "record/json.h"
#include "tests/documents.h"
#include "tests/reading.h"
#include "tests/scene.h"
#include "tests/suite.h"

enum { ARENA_MAX = 16 << 20 };

/* A weighs 0.8 before and 0.7 after; a liquidation takes 5 % before and 6 % after. */
static void
rules_open(struct arena *arena, struct impact_rules *rules)
{
    static const struct document nothing = { "{}", 2, { 0 } };
    struct document *before = arena_alloc(arena, 1, sizeof *before);
    struct document *after = arena_alloc(arena, 1, sizeof *after);

    ck_assert(before && after);
    patched(arena, &nothing,
            "{'assets':{'A':{'threshold':'0.8','penalty_rate':'0.05'},'D':{}},"
            "'trigger':{'rule':'below'},'close':{'rule':'full'},'dust':{'rule':'none'},"
            "'penalty':{'rule':'fixed'}}", before);
    patched(arena, before, "{'assets':{'A':{'threshold':'0.7','penalty_rate':'0.06'}}}", after);
    *rules = (struct impact_rules){ &before->parameters, &after->parameters, 0 };
}

static const char *
question_text(char text[static 512], int debt, const char *more)
{
    snprintf(text, 512, "{'market':'m','account':{'collateral':[{'asset':'A','quantity':'10'}],"
             "'debt':[{'asset':'D','quantity':'%d'}]},'state':{'prices':{'A':'100','D':'1'}%s}}",
             debt, more);
    return text;
}

/* 10 A at 100, 90, 80, 70 weigh 800, 720, 640, 560 before and 700, 630, 560, 490 after. */
static const struct { int debt; const char *before, *after; } accounts[] = {
    { 100, "....", "...." }, { 490, "....", "...." }, { 491, "....", "...x" },
    { 560, "....", "...x" }, { 561, "...x", "..xx" }, { 631, "...x", ".xxx" },
    { 640, "...x", ".xxx" }, { 641, "..xx", ".xxx" }, { 700, "..xx", ".xxx" },
    { 701, "..xx", "xxxx" }, { 721, ".xxx", "xxxx" }, { 801, "xxxx", "xxxx" },
};

START_TEST(an_account_is_valued_under_both_documents)
{
    static struct impact_room room;             /* no stress: no room for rules */
    struct arena         arena, of_question;
    struct impact_rules  rules;
    struct question      question;
    struct impact_values values;
    char                 text[512];

    arena_open(&arena, ARENA_MAX);
    rules_open(&arena, &rules);
    reading_open(&of_question, &question_record, question_text(text, accounts[_i].debt, ""),
                 &question);
    ck_assert(impact_value(&rules, &question, &room, &values));
    for (size_t shock = 0; shock < IMPACT_SHOCKS; shock++) {
        ck_assert_int_eq(values.is_liquidatable[shock][0], accounts[_i].before[shock] == 'x');
        ck_assert_int_eq(values.is_liquidatable[shock][1], accounts[_i].after[shock] == 'x');
    }
    check_decimal(values.collateral[1], "900");
    /* debt / 8 and debt / 7: 1/7 higher; up to 1e-18 each. */
    ck_assert_str_eq(values.asset, "A");
    check_near(values.price_change, "0.142857142857142857", "0.000000000000001");
    check_decimal(values.penalty_change, "0.01");
    arena_close(&of_question);
    arena_close(&arena);
}
END_TEST

/* Where the state gives volatilities, only those move, by their betas; what is owed stays else. */
START_TEST(shocks_move_what_is_volatile)
{
    static struct impact_room room;             /* no stress: no room for rules */
    struct arena         arena, of_question;
    struct impact_rules  rules;
    struct question      question;
    struct impact_values values;
    char                 text[512];

    arena_open(&arena, ARENA_MAX);
    rules_open(&arena, &rules);
    reading_open(&of_question, &question_record,
                 question_text(text, 500, ",'volatility':{'D':'0.1'}"), &question);
    ck_assert(impact_value(&rules, &question, &room, &values));
    check_decimal(values.collateral[3], "1000");
    check_decimal(values.debt[3], "350");
    arena_close(&of_question);
    arena_close(&arena);
}
END_TEST

START_TEST(what_a_document_does_not_list_is_not_valued)
{
    static struct impact_room room;             /* no stress: no room for rules */
    struct arena         arena, of_question;
    struct document      document = { .count = 0 };
    struct impact_rules  rules;
    struct question      question;
    struct impact_values values;
    char                 text[512];

    arena_open(&arena, ARENA_MAX);
    rules_open(&arena, &rules);
    document.parameters = *rules.before;
    document.parameters.assets_count = 1;
    rules.after = &document.parameters;
    reading_open(&of_question, &question_record, question_text(text, 500, ""), &question);
    ck_assert(!impact_value(&rules, &question, &room, &values));
    arena_close(&of_question);
    arena_close(&arena);
}
END_TEST

/* Nearest rank of 1 .. n, and what is none counts for nothing. */
static const struct { int count; int none; const char *of[IMPACT_QUANTILES]; } spreads[] = {
    { 100, 0, { "1", "1", "5", "25", "50", "75", "95", "99", "100" } },
    { 101, 7, { "1", "2", "6", "26", "51", "76", "96", "100", "101" } },
    { 3, 2, { "1", "1", "1", "1", "2", "3", "3", "3", "3" } },
    { 1, 0, { "1", "1", "1", "1", "1", "1", "1", "1", "1" } },
    { 0, 3, { "none", "none", "none", "none", "none", "none", "none", "none", "none" } },
};

START_TEST(quantiles_are_exact)
{
    struct decimal samples[128], values[IMPACT_QUANTILES];
    int            count = spreads[_i].count, none = spreads[_i].none;

    for (int i = 0; i < count + none; i++)      /* in a mixed order: 37 and 128 share no divisor */
        samples[i] = DECIMAL_NONE;
    for (int i = 0, at = 0; i < count; i++, at = (at + 37) % (count + none)) {
        while (!decimal_is_none(samples[at]))
            at = (at + 1) % (count + none);
        samples[at] = (struct decimal)DECIMAL_OF(i + 1);
    }
    ck_assert_uint_eq(impact_quantiles_of(samples, (size_t)(count + none), values), (size_t)count);
    for (size_t i = 0; i < IMPACT_QUANTILES; i++)
        if (count)
            check_decimal(values[i], spreads[_i].of[i]);
        else
            ck_assert(decimal_is_none(values[i]));
}
END_TEST

/* A market in memory: decision n is of account n % names; each page shares a state. */
struct source { int64_t next, count, names; int64_t cancel_at; bool goes_away; };

static enum find
read_page(void *context, size_t limit, struct arena *arena, struct recent_page *page)
{
    static const char state[] = "{\"prices\":{\"A\":\"100\",\"D\":\"1\"}}";
    struct source    *source = context;

    page->count = 0;
    page->states[0] = (struct recent_state){ .bytes = state, .count = sizeof state - 1 };
    page->states_count = 1;
    if (source->goes_away && source->next > 300)
        return FIND_AWAY;
    while (page->count < limit && source->next < source->count) {
        int64_t     n = source->next++;
        struct text text, name;
        text_open(&name, arena, 32, 32);
        text_format(&name, "%lld", (long long)(n % source->names));
        text_add(&name, "", 1);
        text_open(&text, arena, 512, 512);
        text_format(&text, "{\"inputs\":{\"account\":{\"collateral\":[{\"asset\":\"A\",\"quantity\":"
                    "\"10\"}],\"debt\":[{\"asset\":\"D\",\"quantity\":\"%lld\"}],\"id\":\"%s\"},"
                    "\"at\":\"trigger\",\"market\":\"m\",\"workings\":false}}",
                    (long long)(n % source->names), name.bytes);
        page->items[page->count++] = (struct recent_decision){
            .id = name.bytes, .account = name.bytes, .record = text.bytes,
            .record_count = text.count, .state = n % 10 == 9 ? RECENT_NO_STATE : 0,
        };
    }
    return page->count ? FOUND : FOUND_NOTHING;
}

static bool
progress(void *context, int64_t decisions)
{
    const struct source *source = context;

    return !source->cancel_at || decisions < source->cancel_at;
}

static enum impact_ending
compute(struct source source, const struct impact_rules *rules, size_t threads, int64_t max,
        struct impact_outcome *out)
{
    struct impact_run run = { .rules = *rules, .decisions_max = max, .threads = threads,
                              .read = read_page, .progress = progress, .context = &source };

    return impact_compute(&run, out);
}

/* Accounts 0 .. 999 owe as much, each counted once of 2,500 decisions; every tenth has no state. */
START_TEST(each_account_counts_once_whatever_the_threads)
{
    struct impact_outcome *one = calloc(1, sizeof *one), *three = calloc(1, sizeof *three);
    struct source          source = { .count = 2500, .names = 1000 };
    struct arena           arena;
    struct impact_rules    rules;

    ck_assert(one && three);
    arena_open(&arena, ARENA_MAX);
    rules_open(&arena, &rules);
    ck_assert_int_eq(compute(source, &rules, 1, 100000, one), IMPACT_DONE);
    ck_assert_int_eq(compute(source, &rules, 3, 100000, three), IMPACT_DONE);
    ck_assert_mem_eq(one, three, sizeof *one);
    ck_assert_int_eq(one->decisions, 2500);
    ck_assert_int_eq(one->repeated, 1500);
    ck_assert_int_eq(one->totals.accounts[IMPACT_RECORDED], 1000);
    ck_assert_int_eq(one->totals.unvalued[IMPACT_RECORDED], 100);
    ck_assert_int_eq(one->totals.accounts[IMPACT_LATEST], 0);
    const struct impact_tally *now = &one->totals.tallies[IMPACT_RECORDED][0];
    /* 801 .. 999 before, 701 .. 999 after, less those that end in 9; the sum of 701 .. 800 less
     * theirs is 75,050 - 7,540. */
    ck_assert_int_eq(now->liquidatable_before, 199 - 20);
    ck_assert_int_eq(now->liquidatable_after, 299 - 30);
    ck_assert_int_eq(now->newly_liquidatable, 90);
    ck_assert_int_eq(now->no_longer_liquidatable, 0);
    check_decimal(now->newly_debt, "67510");
    check_decimal(now->newly_collateral, "90000");
    ck_assert_uint_eq(one->totals.worst_count, IMPACT_WORST_MAX);
    ck_assert_str_eq(one->totals.worst[0].account, "800");
    ck_assert_str_eq(one->totals.worst[1].account, "798");
    ck_assert_uint_eq(one->totals.worst[0].shock, 0);
    check_decimal(one->penalty_change[IMPACT_RECORDED].values[4], "0.01");
    arena_close(&arena);
    free(one);
    free(three);
}
END_TEST

START_TEST(it_ends_when_nobody_wants_it_or_nothing_comes)
{
    struct impact_outcome *out = calloc(1, sizeof *out);
    struct arena           arena;
    struct impact_rules    rules;

    ck_assert_ptr_nonnull(out);
    arena_open(&arena, ARENA_MAX);
    rules_open(&arena, &rules);
    struct source source = { .count = 2500, .names = 1000, .cancel_at = 200 };
    ck_assert_int_eq(compute(source, &rules, 2, 2500, out), IMPACT_CANCELLED);
    source = (struct source){ .count = 2500, .names = 1000, .goes_away = true };
    ck_assert_int_eq(compute(source, &rules, 2, 2500, out), IMPACT_DATABASE_AWAY);
    source = (struct source){ .count = 0, .names = 1 };
    ck_assert_int_eq(compute(source, &rules, 2, 2500, out), IMPACT_DONE);
    ck_assert_int_eq(out->decisions, 0);
    source = (struct source){ .count = 2500, .names = 1000 };
    ck_assert_int_eq(compute(source, &rules, 2, 150, out), IMPACT_DONE);
    ck_assert_int_eq(out->decisions, 150);
    arena_close(&arena);
    free(out);
}
END_TEST

Suite *
impact_suite(void)
{
    Suite *suite = suite_create("impact");
    TCase *tcase = tcase_create("impact");
    tcase_add_loop_test(tcase, an_account_is_valued_under_both_documents, 0, COUNT_OF(accounts));
    tcase_add_test(tcase, shocks_move_what_is_volatile);
    tcase_add_test(tcase, what_a_document_does_not_list_is_not_valued);
    tcase_add_loop_test(tcase, quantiles_are_exact, 0, COUNT_OF(spreads));
    tcase_add_test(tcase, each_account_counts_once_whatever_the_threads);
    tcase_add_test(tcase, it_ends_when_nobody_wants_it_or_nothing_comes);
    suite_add_tcase(suite, tcase);
    return suite;
}
