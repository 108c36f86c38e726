/* Proposals' documents: what a patch is refused for, all at once; and real proposals, read from
 * ../shared/data/params, replayed on the preset of their protocol. */
#include "handlers/amendment.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/json.h"
#include "risk/governance.h"
#include "tests/documents.h"
#include "tests/scene.h"
#include "tests/suite.h"

enum { ARENA_MAX = 16 << 20, FILE_BYTES_MAX = 1 << 16 };

/* Of the preset breakwater. */
static const struct { const char *patch, *faults; } refused[] = {
    { "{}", " no_change" },
    { "{'assets':{'ETH':{'threshold':'0.83'}}}", " no_change" },
    { "{'assets':{'ETH':{'threshold':'0.830'}}}", " no_change" },
    { "{'applies_to':'new_only'}", " no_change" },
    { "{'assets':{'ETH':{'tresh':'0.8'}}}", "/assets/ETH/tresh unknown_member" },
    { "{'asset':{'ETH':{'threshold':'0.8'}}}", "/asset unknown_member" },
    { "{'assets':{'DOGE':null}}", "/assets/DOGE unknown_path" },
    { "{'oracle':null,'penalty':{'rules':null}}", "/oracle unknown_path\n/penalty/rules unknown_path" },
    { "{'penalty':{'rule':null}}", "/penalty/rule unknown_rule" },
    { "{'close':{'health':null},'trigger':null}", "/close/health missing_member\n/trigger missing_member" },
    { "{'assets':{'ETH':{'threshold':0.8}}}", "/assets/ETH/threshold not_a_decimal" },
    { "{'assets':{'ETH':{'threshold':'1.2','penalty_rate':'-1'}},'split':{'protocol_of':'all'}}",
      "/assets/ETH/penalty_rate out_of_bounds\n/assets/ETH/threshold out_of_bounds\n"
      "/split/protocol_of unknown_choice" },
    { "{'close':{'rule':'full'}}", "/close/health unknown_member" },
    /* Every invariant that it breaks. */
    { "{'assets':{'ETH':{'opening_weight':'0.9','brackets':[{'from_notional':'0','rate':'0.005'},"
      "{'from_notional':'10','rate':'0.004','deduction':'7'}],'pre_liquidation':{'threshold':'0.84',"
      "'close_start_rate':'1.5','close_end_rate':'1','penalty_end_rate':'0.3'},"
      "'volatility_floor':'4'}},'penalty':{'floor_rate':'0.5'},'split':{'protocol_rate':'0.95'}}",
      "/penalty penalty_bounds\n/assets/ETH opening_above_threshold\n"
      "/assets/ETH/volatility_floor volatility_bounds\n"
      "/assets/ETH/brackets/1 brackets_rate_order\n/assets/ETH/brackets/1 brackets_discontinuous\n"
      "/assets/ETH/pre_liquidation/threshold pre_window_empty\n"
      "/assets/ETH/pre_liquidation/close_end_rate pre_close_decreasing\n"
      "/assets/ETH/pre_liquidation/close_start_rate pre_close_above_one\n"
      "/assets/ETH/pre_liquidation/penalty_end_rate pre_penalty_exceeds_equity\n"
      "/split split_exceeds_one" },
};

START_TEST(a_patch_is_refused_for_all_that_is_wrong)
{
    struct arena     arena;
    struct document  base;
    struct amendment amendment;
    struct faults    faults;

    arena_open(&arena, ARENA_MAX);
    preset_open(&arena, "breakwater", &base);
    ck_assert(!try_patch(&arena, &base, refused[_i].patch, &amendment, &faults));
    ck_assert_str_eq(faults_listed(&arena, &faults), refused[_i].faults);
    arena_close(&arena);
}
END_TEST

START_TEST(a_fault_tells_the_value_and_the_bound)
{
    struct arena     arena;
    struct document  base;
    struct amendment amendment;
    struct faults    faults;

    arena_open(&arena, ARENA_MAX);
    preset_open(&arena, "breakwater", &base);
    ck_assert(!try_patch(&arena, &base, "{'penalty':{'floor_rate':'0.5'}}", &amendment, &faults));
    ck_assert_str_eq(faults.items[0].detail, "the floor is not above the cap: 0.5, bound 0.15");
    ck_assert(!try_patch(&arena, &base, "{'close':{'rule':'full'}}", &amendment, &faults));
    ck_assert_ptr_nonnull(strstr(faults.items[0].detail, "the patch must say null here"));
    arena_close(&arena);
}
END_TEST

/* applies_to is of one version: the next one says it again, or applies to all. */
START_TEST(how_a_version_applies_is_not_handed_on)
{
    struct arena    arena;
    struct document base, first, second;

    arena_open(&arena, ARENA_MAX);
    preset_open(&arena, "breakwater", &base);
    patched(&arena, &base, "{'applies_to':'new_only','assets':{'ETH':{'threshold':'0.82'}}}",
            &first);
    ck_assert_int_eq(first.parameters.applies_to, APPLIES_TO_NEW_ONLY);
    patched(&arena, &first, "{'assets':{'ETH':{'threshold':'0.81'}}}", &second);
    ck_assert_int_eq(second.parameters.applies_to, CHOICE_NONE);
    ck_assert_ptr_null(strstr(second.bytes, "applies_to"));
    patched(&arena, &first, "{'applies_to':null,'assets':{'ETH':{'threshold':'0.81'}}}", &second);
    ck_assert_int_eq(second.parameters.applies_to, CHOICE_NONE);
    arena_close(&arena);
}
END_TEST

/* A real proposal's "Raw diff"; NULL: it cannot be read, which is said. The caller owns it. */
static json_t *
raw_diff(const char *name)
{
    const char *shared = getenv("BREAKWATER_SHARED");
    char        path[512];
    char       *text = calloc(1, FILE_BYTES_MAX);

    ck_assert_ptr_nonnull(text);
    snprintf(path, sizeof path, "%s/data/params/%s.md", shared ? shared : "../shared", name);
    FILE *file = fopen(path, "r");
    if (!file) {
        printf("amendment: skipped, as %s cannot be read\n", path);
        free(text);
        return NULL;
    }
    ck_assert_uint_lt(fread(text, 1, FILE_BYTES_MAX, file), FILE_BYTES_MAX);
    fclose(file);
    char  *begin = strstr(text, "```json");
    ck_assert_ptr_nonnull(begin);
    char  *end = strstr(begin + 7, "```");
    ck_assert_ptr_nonnull(end);
    json_t *diff = json_loadb(begin + 7, (size_t)(end - begin - 7), 0, NULL);
    ck_assert_ptr_nonnull(diff);
    free(text);
    return diff;
}

/* A member of our document for one of theirs, in basis points; a bonus is given with its 100 %. */
static const struct { const char *theirs, *ours; long less; } names[] = {
    { "ltv", "opening_weight", 0 }, { "liquidationThreshold", "threshold", 0 },
    { "liquidationBonus", "penalty_rate", 10000 }, { "reserveFactor", "reserve_factor", 0 },
};

static size_t
add_members(char *text, size_t room, json_t *change, const char *side, bool with_unknown)
{
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        json_t *values = json_object_get(change, names[i].theirs);
        long    value = (long)json_integer_value(json_object_get(values, side)) - names[i].less;
        if (!values || (!with_unknown && !strcmp(names[i].ours, "reserve_factor")))
            continue;
        count += (size_t)snprintf(text + count, room - count, "%s'%s':'%ld.%04ld'",
                                  count ? "," : "", names[i].ours, value / 10000, value % 10000);
    }
    ck_assert_uint_lt(count, room);
    return count;
}

/* The patch that sets one side of a diff: `from` or `to`. Assets go by their addresses; the e-mode
 * is a category of every asset that the diff names. */
static const char *
patch_of(struct arena *arena, json_t *diff, const char *side, bool with_unknown)
{
    struct text text;
    char        members[512], modes[1024], *category;
    const char *address, *mode;
    json_t     *change;
    bool        is_first = true;

    *modes = '\0';
    json_object_foreach(json_object_get(diff, "eModes"), mode, change) {
        category = members;
        category[add_members(members, sizeof members, change, side, with_unknown)] = '\0';
        snprintf(modes, sizeof modes, ",'categories':{'%s':{%s}}", mode, members);
    }
    text_open(&text, arena, 1024, 1 << 16);
    text_add_string(&text, "{'assets':{");
    json_object_foreach(json_object_get(diff, "reserves"), address, change) {
        members[add_members(members, sizeof members, change, side, with_unknown)] = '\0';
        text_format(&text, "%s'%s':{%s%s%s%s}", is_first ? "" : ",", address, members,
                    json_object_get(change, "liquidationThreshold") || strcmp(side, "from") != 0
                    ? "" : *members ? ",'threshold':'0.78'" : "'threshold':'0.78'",
                    *members || !strcmp(side, "from") ? modes : "", "");
        is_first = false;
    }
    text_add_string(&text, "}}");
    text_add(&text, "", 1);
    ck_assert(!text.is_full);
    return text.bytes;
}

#define AAVE    "/assets/0x7Fc66500c84A76Ad7e9c93437bFc5Ac33E2DDaE9"
#define USDC    "/assets/0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359"
#define USDT    "/assets/0xc2132D05D31c914a87C6611C10748AEb04B58e8F"
#define WBTC    "/assets/0x1BFD67037B42Cf73acF2047067bd4F2C47D9BfD6"

/* Rails like a risk steward's: 0.5 points of a threshold or loan to value, 0.5 of an e-mode's, 0.5
 * points of a bonus. */
#define STEWARD "{'governance':{'rails':{'/assets/*/opening_weight':{'max_change_abs':'0.005'}," \
    "'/assets/*/threshold':{'max_change_abs':'0.005'},'/assets/*/penalty_rate':" \
    "{'max_change_abs':'0.005'},'/assets/*/categories/*/threshold':{'max_change_abs':'0.01'}," \
    "'/assets/*/categories/*/opening_weight':{'max_change_abs':'0.005'}}}}"
#define WIDE "{'governance':{'rails':{'/assets/*/threshold':{'max_change_abs':'0.03'}," \
    "'/assets/*/opening_weight':{'max_change_abs':'0.03','max':'0.69'}," \
    "'/assets/*/penalty_rate':{'max_change_abs':'0.015'}}}}"

static const struct {
    const char *name, *rails;
    const char *refused;                  /* by the rails; NULL: they let it pass */
    struct { const char *path, *from, *to; } changes[4];
} real[] = {
    { "AaveV3Ethereum_UpdateAAVETokenLTVLiquidationPercentages_20250218", STEWARD,
      AAVE "/opening_weight rail_change_abs\n" AAVE "/threshold rail_change_abs",
      { { AAVE "/opening_weight", "\"0.66\"", "\"0.69\"" },
        { AAVE "/threshold", "\"0.73\"", "\"0.76\"" } } },
    { "AaveV3Ethereum_UpdateAAVETokenLTVLiquidationPercentages_20250218", WIDE, NULL,
      { { AAVE "/opening_weight", "\"0.66\"", "\"0.69\"" },
        { AAVE "/threshold", "\"0.73\"", "\"0.76\"" } } },
    { "AaveV3Polygon_AdjustAavePolygonV3RiskParameters_20250228", STEWARD,
      USDC "/categories/1/opening_weight rail_change_abs\n" USDC "/opening_weight rail_change_abs\n"
      USDT "/categories/1/opening_weight rail_change_abs\n" USDT "/opening_weight rail_change_abs",
      { { USDC "/categories/1/opening_weight", "\"0.93\"", "\"0.9125\"" },
        { USDC "/categories/1/threshold", "\"0.95\"", "\"0.9425\"" },
        { USDC "/opening_weight", "\"0\"", "\"0.7\"" },
        { USDT "/categories/1/opening_weight", "\"0.93\"", "\"0.9125\"" } } },
    { "AaveV3Polygon_IncreaseWBTCLiquidationBonusAndEURSReserveFactorOnPolygonV3_20260208", WIDE,
      NULL, { { WBTC "/penalty_rate", "\"0.07\"", "\"0.085\"" } } },
};

START_TEST(a_real_proposal_is_replayed)
{
    struct arena     arena;
    struct document  preset, before, governed;
    struct amendment amendment;
    struct faults    faults;
    json_t          *diff = raw_diff(real[_i].name);

    if (!diff)
        return;
    arena_open(&arena, ARENA_MAX);
    preset_open(&arena, "aave-v3", &preset);
    patched(&arena, &preset, patch_of(&arena, diff, "from", false), &before);
    patched(&arena, &before, real[_i].rails, &governed);
    ck_assert_msg(try_patch(&arena, &governed, patch_of(&arena, diff, "to", false), &amendment,
                            &faults), "%s", faults_listed(&arena, &faults));
    for (size_t i = 0; i < 4 && real[_i].changes[i].path; i++) {
        ck_assert_uint_lt(i, amendment.changes.count);
        ck_assert_str_eq(amendment.changes.items[i].path, real[_i].changes[i].path);
        ck_assert_str_eq(amendment.changes.items[i].from, real[_i].changes[i].from);
        ck_assert_str_eq(amendment.changes.items[i].to, real[_i].changes[i].to);
    }
    struct edition edition = { 1, 0, "", &governed.parameters };
    bool passes = governance_within_rails(governed.parameters.governance, &edition, 1,
                                          &amendment.parameters, &amendment.changes, 0, &faults);
    ck_assert_str_eq(faults_listed(&arena, &faults), real[_i].refused ? real[_i].refused : "");
    ck_assert_int_eq(passes, !real[_i].refused);
    arena_close(&arena);
    json_decref(diff);
}
END_TEST

/* Reserve factors are of the interest, which no document of ours computes: each is refused by name,
 * and nothing of the rest is taken either. */
static const struct { const char *name; size_t count; } unknown[] = {
    { "AaveV3Scroll_RiskParameterAdjustmentsForAaveV3ScrollInstance_20250912", 5 },
    { "AaveV3Polygon_IncreaseWBTCLiquidationBonusAndEURSReserveFactorOnPolygonV3_20260208", 1 },
};

START_TEST(what_a_document_cannot_say_is_refused_by_name)
{
    struct arena     arena;
    struct document  preset, before;
    struct amendment amendment;
    struct faults    faults;
    json_t          *diff = raw_diff(unknown[_i].name);

    if (!diff)
        return;
    arena_open(&arena, ARENA_MAX);
    preset_open(&arena, "aave-v3", &preset);
    patched(&arena, &preset, patch_of(&arena, diff, "from", false), &before);
    ck_assert(!try_patch(&arena, &before, patch_of(&arena, diff, "to", true), &amendment, &faults));
    ck_assert_uint_eq(faults.count, unknown[_i].count);
    for (size_t i = 0; i < faults.count; i++) {
        ck_assert_str_eq(faults.items[i].code, "unknown_member");
        ck_assert_ptr_nonnull(strstr(faults.items[i].pointer, "/reserve_factor"));
    }
    arena_close(&arena);
    json_decref(diff);
}
END_TEST

Suite *
amendment_suite(void)
{
    Suite *suite = suite_create("amendment");
    TCase *tcase = tcase_create("amendment");
    tcase_add_loop_test(tcase, a_patch_is_refused_for_all_that_is_wrong, 0, COUNT_OF(refused));
    tcase_add_test(tcase, a_fault_tells_the_value_and_the_bound);
    tcase_add_test(tcase, how_a_version_applies_is_not_handed_on);
    tcase_add_loop_test(tcase, a_real_proposal_is_replayed, 0, COUNT_OF(real));
    tcase_add_loop_test(tcase, what_a_document_cannot_say_is_refused_by_name, 0, COUNT_OF(unknown));
    suite_add_tcase(suite, tcase);
    return suite;
}
