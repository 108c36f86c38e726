/* Differences of documents: what they say by hand-made cases, and that their patches lead from each
 * preset to each other. */
#include "record/difference.h"

#include <string.h>

#include "record/json.h"
#include "record/merge_patch.h"
#include "tests/documents.h"
#include "tests/reading.h"
#include "tests/suite.h"

enum { ARENA_MAX = 16 << 20 };

static const char *const presets[] = {
    "aave-v3", "aave-v4", "binance-usdm", "breakwater", "bybit-linear", "compound-v3", "dydx-v4",
    "euler-v2", "gate-linear", "gearbox-v3", "hyperliquid", "morpho-blue",
    "morpho-pre-liquidation", "silo-v2",
};
enum { PRESETS = sizeof presets / sizeof *presets };

static const char *
written(struct arena *arena, const struct changes *changes,
        void (*write)(const struct changes *, struct text *))
{
    struct text text;

    text_open(&text, arena, 1024, 1 << 20);
    write(changes, &text);
    text_add(&text, "", 1);
    ck_assert(!text.is_full);
    return text.bytes;
}

/* A patch of a small document, and what it changes. */
static const struct { const char *patch, *changes; } cases[] = {
    { "{'assets':{'A':{'threshold':'0.75'}}}",
      "{\"/assets/A/threshold\":{\"from\":\"0.8\",\"to\":\"0.75\"}}" },
    { "{'assets':{'A':{'ramp':{'initial_threshold':'0.9','start_at':'2026-01-01T00:00:00Z',"
      "'duration_s':60}}}}",
      "{\"/assets/A/ramp/duration_s\":{\"from\":null,\"to\":60},"
      "\"/assets/A/ramp/initial_threshold\":{\"from\":null,\"to\":\"0.9\"},"
      "\"/assets/A/ramp/start_at\":{\"from\":null,\"to\":\"2026-01-01T00:00:00.000Z\"}}" },
    /* Brackets by their lower bound, whatever their place is. */
    { "{'assets':{'A':{'brackets':[{'from_notional':'0','rate':'0.01'},"
      "{'from_notional':'50','rate':'0.02'},{'from_notional':'100','rate':'0.03'}]}}}",
      "{\"/assets/A/brackets/100/deduction\":{\"from\":\"2\",\"to\":\"1.5\"},"
      "\"/assets/A/brackets/50/deduction\":{\"from\":null,\"to\":\"0.5\"},"
      "\"/assets/A/brackets/50/from_notional\":{\"from\":null,\"to\":\"50\"},"
      "\"/assets/A/brackets/50/rate\":{\"from\":null,\"to\":\"0.02\"}}" },
    { "{'close':{'rule':'target_health','health':'1.1','rate':null,'of':null,"
      "'full_at_health':null,'full_below_value':null,'minimum_value':null}}",
      "{\"/close/full_at_health\":{\"from\":\"0\",\"to\":null},"
      "\"/close/full_below_value\":{\"from\":\"0\",\"to\":null},"
      "\"/close/health\":{\"from\":null,\"to\":\"1.1\"},"
      "\"/close/minimum_value\":{\"from\":\"0\",\"to\":null},"
      "\"/close/of\":{\"from\":\"leg\",\"to\":null},"
      "\"/close/rate\":{\"from\":\"0.5\",\"to\":null},"
      "\"/close/rule\":{\"from\":\"fraction\",\"to\":\"target_health\"}}" },
    { "{'status':'paused','quote':{'round_weighted':true},'execution':{'latency_s':5}}",
      "{\"/execution/latency_s\":{\"from\":60,\"to\":5},"
      "\"/quote/round_weighted\":{\"from\":false,\"to\":true},"
      "\"/status\":{\"from\":null,\"to\":\"paused\"}}" },
    { "{'governance':{'guardian':{},'rails':{'/assets/*/threshold':{'max_change_abs':'0.1'}}}}",
      "{\"/governance/approvals_required\":{\"from\":null,\"to\":1},"
      "\"/governance/delay_s\":{\"from\":null,\"to\":86400},"
      "\"/governance/expiry_s\":{\"from\":null,\"to\":1209600},"
      "\"/governance/guardian/duration_s\":{\"from\":null,\"to\":259200},"
      "\"/governance/rails/~1assets~1*~1threshold/max_change_abs\":{\"from\":null,\"to\":\"0.1\"},"
      "\"/governance/rails/~1assets~1*~1threshold/min_delay_s\":{\"from\":null,\"to\":0},"
      "\"/governance/window_s\":{\"from\":null,\"to\":2592000}}" },
    { "{'oracle':{'sources':{'x':'1','y':'2','z':'3'}}}", NULL },
};

static void
small_open(struct arena *arena, struct document *out)
{
    static const struct document nothing = { "{}", 2, { 0 } };

    patched(arena, &nothing,
            "{'assets':{'A':{'threshold':'0.8','brackets':[{'from_notional':'0','rate':'0.01'},"
            "{'from_notional':'100','rate':'0.03'}]}},'trigger':{'rule':'below'},"
            "'close':{'rule':'fraction','rate':'0.5'},'dust':{'rule':'none'},"
            "'penalty':{'rule':'fixed'}}", out);
}

START_TEST(changes_are_by_path)
{
    struct arena     arena;
    struct document  base;
    struct amendment amendment;
    struct faults    faults;

    arena_open(&arena, ARENA_MAX);
    small_open(&arena, &base);
    ck_assert_msg(try_patch(&arena, &base, cases[_i].patch, &amendment, &faults), "%s",
                  faults_listed(&arena, &faults));
    const char *changes = written(&arena, &amendment.changes, changes_write);
    if (cases[_i].changes)
        ck_assert_str_eq(changes, cases[_i].changes);
    else
        ck_assert_ptr_nonnull(strstr(changes, "\"/oracle/sources/y\":{\"from\":null,\"to\":\"2\"}"));
    arena_close(&arena);
}
END_TEST

/* Of every preset to every other: the patch makes it, and what it changes one way it changes back. */
START_TEST(the_patch_of_a_difference_makes_the_other_document)
{
    struct arena    arena;
    struct document from, to;
    struct changes  there, back;
    struct merged   merged;
    struct faults   faults;
    struct text     patch;
    struct parameters again;

    arena_open(&arena, ARENA_MAX);
    preset_open(&arena, presets[_i / PRESETS], &from);
    preset_open(&arena, presets[_i % PRESETS], &to);
    text_open(&patch, &arena, 1024, 1 << 20);
    difference_write_patch(&parameters_record, &from.parameters, &to.parameters, &arena, &patch);
    faults_open(&faults, FAULTS_MAX);
    ck_assert_msg(merge_patch(from.bytes, from.count, patch.bytes, patch.count, &arena, &merged,
                              &faults), "%s", faults_listed(&arena, &faults));
    ck_assert_msg(json_read(&parameters_record, merged.bytes, merged.count, &arena, &again, &faults),
                  "%s", faults_listed(&arena, &faults));
    ck_assert_str_eq(canonical_text(&arena, &parameters_record, &again),
                     canonical_text(&arena, &parameters_record, &to.parameters));

    ck_assert(difference(&parameters_record, &from.parameters, &to.parameters, &arena, &there));
    ck_assert(difference(&parameters_record, &to.parameters, &from.parameters, &arena, &back));
    ck_assert_uint_eq(there.count, back.count);
    ck_assert_int_eq(there.count == 0, _i / PRESETS == _i % PRESETS);
    ck_assert_int_eq(patch.count == 2, _i / PRESETS == _i % PRESETS);
    for (size_t i = 0; i < there.count; i++) {
        ck_assert_str_eq(there.items[i].path, back.items[i].path);
        ck_assert_pstr_eq(there.items[i].from, back.items[i].to);
        ck_assert_pstr_eq(there.items[i].to, back.items[i].from);
        if (i > 0)
            ck_assert_int_lt(json_compare_names(there.items[i - 1].path, there.items[i].path), 0);
    }
    arena_close(&arena);
}
END_TEST

START_TEST(the_table_is_escaped)
{
    struct change change[] = {
        { "/assets/a_b*c/x", "\"<img src=x>\"", NULL },
        { "/assets/[l](http://e)|p", NULL, "\"a\\\\b@c & `d`\n|\"" },
    };
    struct changes changes = { change, 2 };
    struct arena arena;

    arena_open(&arena, ARENA_MAX);
    ck_assert_str_eq(written(&arena, &changes, changes_write_table),
        "| path | from | to |\n| --- | --- | --- |\n"
        "| /assets/a\\_b\\*c/x | \"&lt;img src=x&gt;\" |  |\n"
        "| /assets/\\[l\\]\\(http&#58;//e\\)\\|p |  | \"a\\\\\\\\b&#64;c &amp; \\`d\\` \\|\" |\n");
    changes.count = 0;
    ck_assert_str_eq(written(&arena, &changes, changes_write),"{}");
    arena_close(&arena);
}
END_TEST

static const struct { const char *pattern, *path; bool matches; } matches[] = {
    { "/assets/*/threshold", "/assets/ETH/threshold", true },
    { "/assets/*/threshold", "/assets/ETH/categories/eth/threshold", false },
    { "/assets/ETH/threshold", "/assets/ETH/threshold", true },
    { "/assets/ET/threshold", "/assets/ETH/threshold", false },
    { "/assets/ETH*/threshold", "/assets/ETH/threshold", false },
    { "/assets/*", "/assets/ETH/threshold", false },
    { "/*/*/*", "/assets/ETH/threshold", true },
    { "/governance/rails/~1assets~1*/max", "/governance/rails/~1assets~1*/max", true },
};

START_TEST(a_star_is_one_step)
{
    ck_assert_int_eq(path_matches(matches[_i].pattern, matches[_i].path), matches[_i].matches);
}
END_TEST

static const struct { const char *pattern; bool is_there; } patterns[] = {
    { "/assets/*/threshold", true },        { "/assets/ETH/threshold", true },
    { "/assets/ETH", false },               { "/assets", false },
    { "/assets/*/brackets/*/rate", true },  { "/assets/*/brackets/100/rate", true },
    { "/assets/*/brackets", false },        { "/assets/*/categories/*/threshold", true },
    { "/close/rate", true },                { "/close/rule", true },
    { "/close/tempo", false },              { "/oracle/sources/*", true },
    { "/oracle/sources/*/weight", false },  { "/status", true },
    { "threshold", false },                 { "", false },
    { "/governance/rails/*/max", true },    { "/execution/adaptive/slice_rate_min", true },
    { "/assets/*/pre_liquidation/ramp/duration_s", true },
};

START_TEST(a_pattern_is_of_some_value)
{
    ck_assert_int_eq(record_has_path(&parameters_record, patterns[_i].pattern),
                     patterns[_i].is_there);
}
END_TEST

/* A path finds the value; of brackets, the one that holds there. */
static const struct { const char *path, *number; } values[] = {
    { "/assets/A/threshold", "0.8" },          { "/assets/B/threshold", NULL },
    { "/assets/A/brackets/0/rate", "0.01" },   { "/assets/A/brackets/99.9/rate", "0.01" },
    { "/assets/A/brackets/100/rate", "0.03" }, { "/assets/A/brackets/1000/deduction", "2" },
    { "/assets/A/brackets/x/rate", NULL },     { "/assets/A/ramp/duration_s", NULL },
    { "/close/rate", "0.5" },                  { "/close/health", NULL },
    { "/execution/latency_s", "60" },          { "/execution/maximum_slice_value", NULL },
    { "/close/of", NULL },                     { "/assets/A/threshold/x", NULL },
};

START_TEST(a_value_is_found_by_its_path)
{
    struct arena    arena;
    struct document document;
    struct found    found;
    struct decimal  number;
    char            text[DECIMAL_TEXT_MAX];

    arena_open(&arena, ARENA_MAX);
    small_open(&arena, &document);
    bool is_there = found_at(&parameters_record, &document.parameters, values[_i].path, &found) &&
                    found_number(&found, &number);
    ck_assert_int_eq(is_there, values[_i].number != NULL);
    if (is_there) {
        decimal_format(number, text);
        ck_assert_str_eq(text, values[_i].number);
    }
    arena_close(&arena);
}
END_TEST

Suite *
difference_suite(void)
{
    Suite *suite = suite_create("difference");
    TCase *tcase = tcase_create("difference");
    tcase_add_loop_test(tcase, changes_are_by_path, 0, COUNT_OF(cases));
    tcase_add_loop_test(tcase, the_patch_of_a_difference_makes_the_other_document, 0,
                        PRESETS * PRESETS);
    tcase_add_test(tcase, the_table_is_escaped);
    tcase_add_loop_test(tcase, a_star_is_one_step, 0, COUNT_OF(matches));
    tcase_add_loop_test(tcase, a_pattern_is_of_some_value, 0, COUNT_OF(patterns));
    tcase_add_loop_test(tcase, a_value_is_found_by_its_path, 0, COUNT_OF(values));
    suite_add_tcase(suite, tcase);
    return suite;
}
