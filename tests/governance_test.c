/* Governance: delays, guard rails, the guardian, what a group may say. Hand-made cases; properties
 * over small domains. */
#include "risk/governance.h"

#include <stdio.h>
#include <string.h>

#include "tests/documents.h"
#include "tests/scene.h"
#include "tests/suite.h"

enum { ARENA_MAX = 16 << 20, US = 1000000 };

#define DAY_US INT64_C(86400000000)

/* The preset `breakwater` under these members of `governance`. */
static void
governed(struct arena *arena, const char *members, struct document *out)
{
    struct document preset;
    char            patch[2048];

    preset_open(arena, "breakwater", &preset);
    ck_assert_int_lt(snprintf(patch, sizeof patch, "{'governance':{%s}}", members),
                     (int)sizeof patch);
    patched(arena, &preset, patch, out);
}

static const struct { const char *members, *faults; } groups[] = {
    { "'rails':{'/assets/*/threshold':{'max_change_abs':'0.1'},'/close/rate':{'min_delay_s':1}}",
      NULL },
    { "'rails':{'/assets/*/treshold':{'max':'1'}}",
      "/governance/rails/~1assets~1*~1treshold rail_path" },
    { "'rails':{'/split/protocol_rate':{}}", "/governance/rails/~1split~1protocol_rate rail_empty" },
    { "'rails':{'/split/protocol_rate':{'min':'2','max':'1'},'x':{}}",
      "/governance/rails/~1split~1protocol_rate rail_bounds\n/governance/rails/x rail_path\n"
      "/governance/rails/x rail_empty" },
    { "'rails':{'/split/protocol_rate':{'max_change_rate':'0'}}",
      "/governance/rails/~1split~1protocol_rate/max_change_rate out_of_bounds" },
    { "'approvals_required':0,'delay_s':-1", "/governance/approvals_required out_of_bounds\n"
                                             "/governance/delay_s out_of_bounds" },
};

START_TEST(a_group_is_judged_whole)
{
    struct arena     arena;
    struct document  preset;
    struct amendment amendment;
    struct faults    faults;
    char             patch[1024];

    arena_open(&arena, ARENA_MAX);
    preset_open(&arena, "breakwater", &preset);
    snprintf(patch, sizeof patch, "{'governance':{%s}}", groups[_i].members);
    bool is_good = try_patch(&arena, &preset, patch, &amendment, &faults);
    ck_assert_int_eq(is_good, !groups[_i].faults);
    ck_assert_str_eq(faults_listed(&arena, &faults), groups[_i].faults ? groups[_i].faults : "");
    arena_close(&arena);
}
END_TEST

#define DELAYS "'delay_s':100,'rails':{'/assets/*/threshold':{'min_delay_s':500}," \
               "'/assets/ETH/*':{'min_delay_s':200},'/split/protocol_rate':{'min_delay_s':50}," \
               "'/penalty/cap_rate':{'min_delay_s':900}}"

static const struct { const char *patch; int64_t delay_s; } delays[] = {
    { "{'suggestions':{'horizon_s':3600}}", 100 },
    { "{'split':{'protocol_rate':'0.1'}}", 100 },
    { "{'assets':{'BTC':{'threshold':'0.82'}}}", 500 },
    { "{'assets':{'ETH':{'price_age_max_s':100}}}", 200 },
    { "{'assets':{'ETH':{'price_age_max_s':100,'threshold':'0.82'}}}", 500 },
    { "{'governance':{'delay_s':1}}", 900 },
    { "{'governance':null}", 900 },
    { "{'governance':{'guardian':{}},'split':{'protocol_rate':'0.1'}}", 900 },
};

START_TEST(the_longest_delay_of_what_changes_holds)
{
    struct arena     arena;
    struct document  base;
    struct amendment amendment;
    struct faults    faults;

    arena_open(&arena, ARENA_MAX);
    governed(&arena, DELAYS, &base);
    ck_assert_msg(try_patch(&arena, &base, delays[_i].patch, &amendment, &faults), "%s",
                  faults_listed(&arena, &faults));
    ck_assert_int_eq(governance_delay_s(base.parameters.governance, &amendment.changes),
                     delays[_i].delay_s);
    arena_close(&arena);
}
END_TEST

/* Does the patch of `base` pass the rails of `base`, an hour after it became active at 0? */
static bool
passes(struct arena *arena, const struct document *base, const char *patch, struct faults *faults)
{
    struct amendment amendment;

    ck_assert_msg(try_patch(arena, base, patch, &amendment, faults), "%s",
                  faults_listed(arena, faults));
    struct edition edition = { 1, 0, "", &base->parameters };
    return governance_within_rails(governance_of(&base->parameters), &edition, 1,
                                   &amendment.parameters, &amendment.changes, 3600LL * US, faults);
}

#define RAILS "'rails':{'/assets/*/threshold':{'max_change_abs':'0.02','min':'0.5','max':'0.85'}," \
    "'/assets/*/brackets/*/rate':{'max_change_rate':'0.2'}," \
    "'/execution/maximum_slice_value':{'max_change_rate':'0.5'}," \
    "'/suggestions/horizon_s':{'max_change_abs':'1000'},'/close/rule':{'max_change_abs':'1'}," \
    "'/penalty/equity_cap':{'max_change_abs':'1'}," \
    "'/execution/gas':{'max_change_rate':'1'}},'window_s':86400"

static const struct { const char *patch, *faults; } railed[] = {
    { "{'assets':{'ETH':{'threshold':'0.85'}}}", NULL },
    { "{'assets':{'ETH':{'threshold':'0.81'}}}", NULL },
    { "{'assets':{'ETH':{'threshold':'0.850000000000000001'}}}",
      "/assets/ETH/threshold rail_max\n/assets/ETH/threshold rail_change_abs" },
    { "{'assets':{'ETH':{'threshold':'0.809999999999999999','opening_weight':'0.5'},"
      "'BTC':{'threshold':'0.4','opening_weight':'0.3'}}}",
      "/assets/BTC/threshold rail_min\n/assets/BTC/threshold rail_change_abs\n"
      "/assets/ETH/threshold rail_change_abs" },
    /* A new asset is held to the bounds alone; one that goes, goes only without a rail. */
    { "{'assets':{'SOL':{'threshold':'0.5'}}}", NULL },
    { "{'assets':{'SOL':{'threshold':'0.4'}}}", "/assets/SOL/threshold rail_min" },
    { "{'assets':{'USDC':null}}", "/assets/USDC/threshold rail_removed" },
    /* 0.01 to 0.012 is a fifth of 0.01; 0.01 to 0.008 is a quarter of 0.008. */
    { "{'assets':{'ETH':{'brackets':[{'from_notional':'0','rate':'0.005'},{'from_notional':"
      "'1000000','rate':'0.012'},{'from_notional':'10000000','rate':'0.025'}]}}}", NULL },
    { "{'assets':{'ETH':{'brackets':[{'from_notional':'0','rate':'0.005'},{'from_notional':"
      "'1000000','rate':'0.008'},{'from_notional':'10000000','rate':'0.025'}]}}}",
      "/assets/ETH/brackets/1000000/rate rail_change_rate" },
    /* A bracket that begins later: at 1,000,000 the rate falls from 0.01 to 0.005. */
    { "{'assets':{'ETH':{'brackets':[{'from_notional':'0','rate':'0.005'},{'from_notional':"
      "'1000001','rate':'0.01'},{'from_notional':'10000000','rate':'0.025'}]}}}",
      "/assets/ETH/brackets/1000000/rate rail_change_rate" },
    /* One more step that bounds nothing new. */
    { "{'assets':{'ETH':{'brackets':[{'from_notional':'0','rate':'0.005'},{'from_notional':"
      "'1000000','rate':'0.01'},{'from_notional':'2000000','rate':'0.011'},{'from_notional':"
      "'10000000','rate':'0.025'}]}}}", NULL },
    { "{'assets':{'ETH':{'brackets':[]}}}",
      "/assets/ETH/brackets/0/rate rail_removed\n/assets/ETH/brackets/1000000/rate rail_removed\n"
      "/assets/ETH/brackets/10000000/rate rail_removed" },
    { "{'suggestions':{'horizon_s':87400}}", NULL },
    { "{'suggestions':{'horizon_s':87401}}", "/suggestions/horizon_s rail_change_abs" },
    { "{'close':{'rule':'full','health':null}}", "/close/rule rail_not_a_number" },
    { "{'penalty':{'equity_cap':false}}", "/penalty/equity_cap rail_not_a_number" },
    { "{'execution':{'gas':'10'}}", NULL },
    { "{'execution':{'gas':'2.5'}}", NULL },
    { "{'execution':{'gas':'0'}}", "/execution/gas rail_change_rate" },
    { "{'execution':{'maximum_slice_value':'1'}}", NULL },
};

START_TEST(rails_hold_both_ways)
{
    struct arena    arena;
    struct document base;
    struct faults   faults;

    arena_open(&arena, ARENA_MAX);
    governed(&arena, RAILS, &base);
    bool is_good = passes(&arena, &base, railed[_i].patch, &faults);
    ck_assert_str_eq(faults_listed(&arena, &faults), railed[_i].faults ? railed[_i].faults : "");
    ck_assert_int_eq(is_good, !railed[_i].faults);
    arena_close(&arena);
}
END_TEST

START_TEST(a_violation_says_the_bound_and_the_values)
{
    struct arena    arena;
    struct document base;
    struct faults   faults;

    arena_open(&arena, ARENA_MAX);
    governed(&arena, RAILS, &base);
    ck_assert(!passes(&arena, &base, "{'assets':{'ETH':{'threshold':'0.86'}}}", &faults));
    ck_assert_str_eq(faults.items[0].detail,
                     "0.86 is above the bound 0.85 of the rail /assets/*/threshold");
    ck_assert_str_eq(faults.items[1].detail, "from 0.83 (version 1) to 0.86 is more than the bound "
                                             "0.02 of the rail /assets/*/threshold");
    arena_close(&arena);
}
END_TEST

/* A way that is allowed is allowed back, whatever the two values are. */
START_TEST(rails_are_symmetric)
{
    struct arena arena;
    char         there[128], back[128], set[160];

    arena_open(&arena, 256 << 20);
    for (int a = 0; a <= 10; a++)
        for (int b = a + 1; b <= 10; b++) {
            struct document base, one, other;
            struct faults   faults;
            governed(&arena, "'window_s':0,'rails':{'/execution/gas':{'max_change_rate':'0.5',"
                             "'max_change_abs':'0.4'}}", &base);
            snprintf(there, sizeof there, "{'execution':{'gas':'%d.%d'}}", b / 10, b % 10);
            snprintf(back, sizeof back, "{'execution':{'gas':'%d.%d'}}", a / 10, a % 10);
            snprintf(set, sizeof set, "%s", back);
            patched(&arena, &base, set, &one);
            patched(&arena, &base, there, &other);
            bool goes = passes(&arena, &one, there, &faults);
            ck_assert_int_eq(goes, passes(&arena, &other, back, &faults));
            /* |b - a| <= 0.4 and <= min / 2, in tenths */
            ck_assert_int_eq(goes, b - a <= 4 && 2 * (b - a) <= a);
        }
    arena_close(&arena);
}
END_TEST

/* Steps of 0.005 a day, five of them allowed as one of 0.025 is not: the fifth is refused within the
 * window and allowed once the first is out of it. */
START_TEST(many_small_steps_are_one_large_one)
{
    struct arena     arena;
    struct document  documents[8];
    struct edition   history[8];
    struct amendment amendment;
    struct faults    faults;
    char             patch[128];

    arena_open(&arena, ARENA_MAX);
    governed(&arena, "'window_s':864000,'rails':{'/assets/*/threshold':{'max_change_abs':'0.02'}}",
             &documents[0]);
    history[0] = (struct edition){ 1, 0, "", &documents[0].parameters };
    for (int step = 1; step <= 5; step++) {
        snprintf(patch, sizeof patch, "{'assets':{'USDC':{'threshold':'0.%d'}}}", 900 + 5 * step);
        ck_assert(try_patch(&arena, &documents[step - 1], patch, &amendment, &faults));
        bool passes_now = governance_within_rails(
            governance_of(history[step - 1].parameters), history, (size_t)step,
            &amendment.parameters, &amendment.changes, step * DAY_US, &faults);
        ck_assert_int_eq(passes_now, step <= 4);
        patched(&arena, &documents[step - 1], patch, &documents[step]);
        history[step] = (struct edition){ step + 1, step * DAY_US, "", &documents[step].parameters };
    }
    ck_assert_str_eq(faults_listed(&arena, &faults), "/assets/USDC/threshold rail_change_abs");
    /* The first version was in force until day 1; ten days after that it is out of the window. */
    faults_open(&faults, FAULTS_MAX);
    ck_assert(!governance_within_rails(history[4].parameters->governance, history, 5,
                                       &amendment.parameters, &amendment.changes,
                                       11 * DAY_US - 1, &faults));
    ck_assert(governance_within_rails(history[4].parameters->governance, history, 5,
                                      &amendment.parameters, &amendment.changes, 11 * DAY_US,
                                      &faults));
    arena_close(&arena);
}
END_TEST

static const struct { const char *patch, *faults; } guarded[] = {
    { "{'status':'paused'}", NULL },
    { "{'status':'retired'}", "/status guardian_direction" },
    { "{'assets':{'ETH':{'threshold':'0.82'}}}", NULL },
    { "{'assets':{'ETH':{'threshold':'0.84'}}}", "/assets/ETH/threshold guardian_direction" },
    { "{'assets':{'ETH':{'opening_weight':'0.5','borrow_factor':'1.1'}}}", NULL },
    { "{'assets':{'ETH':{'penalty_rate':'0.5'}}}", "/assets/ETH/penalty_rate guardian_not_allowed" },
    { "{'assets':{'ETH':{'categories':{'x':{'threshold':'0.82'}}}}}",
      "/assets/ETH/categories/x/threshold guardian_direction" },
    { "{'assets':{'ETH':{'brackets':[{'from_notional':'0','rate':'0.006'},{'from_notional':"
      "'1000000','rate':'0.01'},{'from_notional':'10000000','rate':'0.025'}]}}}", NULL },
    { "{'assets':{'ETH':{'brackets':[{'from_notional':'0','rate':'0.005'},{'from_notional':"
      "'1000000','rate':'0.01'}]}}}",
      "/assets/ETH/brackets/10000000/deduction guardian_direction\n"
      "/assets/ETH/brackets/10000000/from_notional guardian_not_allowed\n"
      "/assets/ETH/brackets/10000000/rate guardian_direction" },
    { "{'execution':{'maximum_slice_value':'50000'}}", NULL },
    { "{'execution':{'slippage_tolerance_rate':'0.01'}}", NULL },
    { "{'execution':{'slippage_tolerance_rate':'0.03','gas':'0'}}",
      "/execution/gas guardian_not_allowed\n/execution/slippage_tolerance_rate guardian_direction" },
    { "{'assets':{'ETH':{'threshold':'0.82'}},'applies_to':'new_only'}",
      "/applies_to guardian_direction" },
    { "{'governance':{'delay_s':0}}", "/governance/approvals_required guardian_not_allowed\n"
      "/governance/delay_s guardian_not_allowed\n/governance/expiry_s guardian_not_allowed\n"
      "/governance/window_s guardian_not_allowed" },
    { "{'assets':{'SOL':{'threshold':'0.5'}}}", "" },
};

START_TEST(a_guardian_only_makes_it_safer)
{
    struct arena     arena;
    struct document  preset;
    struct amendment amendment;
    struct faults    faults;

    arena_open(&arena, ARENA_MAX);
    preset_open(&arena, "breakwater", &preset);
    ck_assert_msg(try_patch(&arena, &preset, guarded[_i].patch, &amendment, &faults), "%s",
                  faults_listed(&arena, &faults));
    ck_assert_int_eq(guardian_allows(&amendment.changes, &faults), !guarded[_i].faults);
    if (guarded[_i].faults && *guarded[_i].faults)
        ck_assert_str_eq(faults_listed(&arena, &faults), guarded[_i].faults);
    arena_close(&arena);
}
END_TEST

Suite *
governance_suite(void)
{
    Suite *suite = suite_create("governance");
    TCase *tcase = tcase_create("governance");
    tcase_add_loop_test(tcase, a_group_is_judged_whole, 0, COUNT_OF(groups));
    tcase_add_loop_test(tcase, the_longest_delay_of_what_changes_holds, 0, COUNT_OF(delays));
    tcase_add_loop_test(tcase, rails_hold_both_ways, 0, COUNT_OF(railed));
    tcase_add_test(tcase, a_violation_says_the_bound_and_the_values);
    tcase_add_test(tcase, rails_are_symmetric);
    tcase_add_test(tcase, many_small_steps_are_one_large_one);
    tcase_add_loop_test(tcase, a_guardian_only_makes_it_safer, 0, COUNT_OF(guarded));
    suite_add_tcase(suite, tcase);
    return suite;
}
