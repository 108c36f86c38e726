/* The peers' files: each case translated, asked, compared and counted. */
#include "tests/peers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KINDS_MAX = 64, KIND_WIDTH = 44, RELATIVE_PLACES = 12, NUMBER_PRINTED_MAX = 100 };

const char *const peer_files[] = { "aave-v3-accounts",
                                   "aave-v3",
                                   "aave-v4",
                                   "comet",
                                   "morpho-blue",
                                   "morpho-preliquidation",
                                   "euler-v2",
                                   "silo-v2",
                                   "gearbox-v3",
                                   "binance_usdm",
                                   "bybit",
                                   "gate_okx",
                                   "hyperliquid",
                                   "dydx_v4",
                                   "integrators",
                                   NULL };

static const struct peer_translation *const translations[] = {
    aave_translations, comet_translations,   morpho_translations, euler_translations,
    silo_translations, gearbox_translations, perps_translations,  dydx_translations
};

/* Remarks that stand among the outputs of some vectors, and an exchange's answer to another
 * question. */
static const char *const remarks[] = {
    "rounding",           "note", "reference_python_matches_1e_8", "wrong_entry_based",
    "exchange_app_shows", NULL
};

struct kind_tally {
    char kind[KIND_WIDTH + 1];
    struct peer_tally tally;
};

struct file_run {
    const char *file;
    bool is_loud;
    struct kind_tally kinds[KINDS_MAX];
    size_t kinds_count;
};

static bool
holds_files(const char *folder)
{
    char path[PEER_PATH_MAX + PEER_NAME_MAX];
    for (size_t i = 0; peer_files[i]; i++) {
        snprintf(path, sizeof path, "%s/%s.json", folder, peer_files[i]);
        if (!access(path, F_OK))
            return true;
    }
    return false;
}

bool
peer_folder(char folder[static PEER_PATH_MAX])
{
    const char *vectors = getenv("BREAKWATER_VECTORS");
    const char *shared = getenv("BREAKWATER_SHARED");
    int count = vectors
                    ? snprintf(folder, PEER_PATH_MAX, "%s", vectors)
                    : snprintf(folder, PEER_PATH_MAX, "%s/vectors", shared ? shared : "../shared");
    if (count < 0 || count >= PEER_PATH_MAX - PEER_NAME_MAX)
        return false;
    if (holds_files(folder))
        return true;
    snprintf(folder + count, PEER_NAME_MAX, "/peers");
    return holds_files(folder);
}

/* One in the last printed place; of a fraction such as "24999/50": none. */
static void
smallest_unit(const char *text, mpq_t out)
{
    const char *point = strchr(text, '.');
    char power[PEER_NAME_MAX] = "1";
    if (strpbrk(text, "*/"))
        snprintf(power, sizeof power, "0");
    else if (point)
        snprintf(power, sizeof power, "1e-%zu", strspn(point + 1, "0123456789"));
    number_parse(power, out);
    const char *exponent = strpbrk(text, "eE");
    if (exponent) {
        mpq_t scale;
        mpq_init(scale);
        snprintf(power, sizeof power, "1e%.20s", exponent + 1);
        if (number_parse(power, scale))
            mpq_mul(out, out, scale);
        mpq_clear(scale);
    }
}

/* How far ours may be from the expected number. */
static void
allowance(const char *expected_text, const mpq_t expected, const char *tolerance, mpq_t out)
{
    char text[PEER_NAME_MAX];
    mpq_t relative;
    mpq_init(relative);
    mpq_abs(relative, expected);
    bool is_relative = tolerance && !strncmp(tolerance, "rel ", 4);
    const char *given = is_relative ? tolerance + 4 : tolerance ? tolerance : "1e-12";
    snprintf(text, sizeof text, "%.*s", (int)strcspn(given, " (;,"), given);
    if (!number_parse(text, out))
        mpq_set_ui(out, 0, 1);
    if (is_relative || !tolerance)
        mpq_mul(out, out, relative);
    if (!tolerance) {
        smallest_unit(expected_text, relative);
        if (mpq_cmp(relative, out) > 0)
            mpq_set(out, relative);
    }
    mpq_clear(relative);
}

static bool
is_near(const char *expected_text, const mpq_t expected, const mpq_t ours, const char *tolerance)
{
    mpq_t difference;
    mpq_t allowed;
    mpq_inits(difference, allowed, NULL);
    mpq_sub(difference, expected, ours);
    mpq_abs(difference, difference);
    allowance(expected_text, expected, tolerance, allowed);
    bool is_good = mpq_cmp(difference, allowed) <= 0;
    mpq_clears(difference, allowed, NULL);
    return is_good;
}

/* A number stands as a text, seldom as a JSON integer; false: it is none. */
static bool
value_parse(const json_t *value, char text[static PEER_NAME_MAX * 2], mpq_t out)
{
    if (json_is_integer(value))
        snprintf(text, PEER_NAME_MAX * 2, "%lld", (long long)json_integer_value(value));
    else if (json_is_string(value) && json_string_length(value) < PEER_NAME_MAX * 2)
        snprintf(text, PEER_NAME_MAX * 2, "%s", json_string_value(value));
    else
        return false;
    return number_parse(text, out);
}

static bool
scalar_is_same(const json_t *expected, const json_t *ours, const char *tolerance)
{
    char text[PEER_NAME_MAX * 2];
    mpq_t wanted;
    mpq_t found;
    mpq_inits(wanted, found, NULL);
    bool is_number = value_parse(expected, text, wanted);
    bool is_same = is_number && json_is_string(ours) && number_parse(json_string_value(ours), found)
                       ? is_near(text, wanted, found, tolerance)
                       : json_equal(expected, ours);
    mpq_clears(wanted, found, NULL);
    return is_same;
}

bool
peer_is_same(const json_t *expected, const json_t *ours, const char *tolerance)
{
    size_t i;
    const json_t *value;
    if (!json_is_array(expected) && !json_is_array(ours))
        return scalar_is_same(expected, ours, tolerance);
    if (!json_is_array(expected)) {
        json_array_foreach(ours, i, value)
            if (scalar_is_same(expected, value, tolerance))
                return true;
        return false;
    }
    if (json_array_size(expected) != json_array_size(ours))
        return false;
    json_array_foreach(expected, i, value)
        if (!scalar_is_same(value, json_array_get(ours, i), tolerance))
            return false;
    return true;
}

/* The case's own, of this output or of all; or what its words say: "...; approx rel 1e-6". */
static const char *
tolerance_of(const json_t *row, const char *output)
{
    const json_t *tolerance = json_object_get(row, "tolerance");
    const char *what = json_string_value(json_object_get(row, "what"));
    if (json_is_string(tolerance))
        return json_string_value(tolerance);
    if (json_is_string(json_object_get(tolerance, output)))
        return json_string_value(json_object_get(tolerance, output));
    return what ? strstr(what, "rel 1e-") : NULL;
}

static bool
is_remark(const char *output)
{
    for (size_t i = 0; remarks[i]; i++)
        if (!strcmp(remarks[i], output))
            return true;
    return false;
}

/* A rational as digits, for a reader; other values as JSON. */
static void
describe(const json_t *value, char text[static PEER_TEXT_MAX])
{
    mpq_t parsed;
    mpq_init(parsed);
    if (json_is_string(value) && number_parse(json_string_value(value), parsed) &&
        mpz_cmp_ui(mpq_denref(parsed), 1)) {
        mpf_t digits;
        mpf_init2(digits, 512);
        mpf_set_q(digits, parsed);
        gmp_snprintf(text, PEER_TEXT_MAX, "%.30Fg", digits);
        mpf_clear(digits);
    } else {
        char *dumped = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
        snprintf(text, PEER_TEXT_MAX, "%s",
                 json_is_string(value) ? json_string_value(value)
                 : dumped              ? dumped
                                       : "not given");
        free(dumped);
    }
    mpq_clear(parsed);
}

static void
tell_difference(const char *output, const json_t *expected, const json_t *ours)
{
    char wanted[PEER_TEXT_MAX];
    char found[PEER_TEXT_MAX];
    describe(expected, wanted);
    describe(ours, found);
    printf("        %s: expected %s, ours %s\n", output, wanted, found);
}

static bool
compare(const struct peer *peer, const json_t *row, bool is_loud)
{
    bool is_same = !peer->fault[0];
    const char *output;
    json_t *expected;
    if (is_loud && peer->fault[0])
        printf("        %s\n", peer->fault);
    if (vector_has(peer->given, "error") &&
        !vector_has(json_object_get(row, "expected"), "error")) {
        is_same = false;
        if (is_loud)
            tell_difference("error", NULL, json_object_get(peer->given, "error"));
    }
    json_object_foreach(json_object_get(row, "expected"), output, expected) {
        const json_t *ours = json_object_get(peer->given, output);
        if (is_remark(output) || (ours && peer_is_same(expected, ours, tolerance_of(row, output))))
            continue;
        is_same = false;
        if (is_loud)
            tell_difference(output, expected, ours);
    }
    return is_same;
}

static bool
is_of_kind(const char *kind, const char *op, const char *what)
{
    size_t count = strcspn(kind, "*");
    if (op && !kind[count])
        return !strcmp(kind, op);
    return !strncmp(kind, op ? op : what, count);
}

static const struct peer_translation *
translation_of(const char *file, const char *op, const char *what)
{
    for (size_t i = 0; i < sizeof translations / sizeof *translations; i++)
        for (const struct peer_translation *row = translations[i]; row->file; row++)
            if (!strcmp(row->file, file) && is_of_kind(row->kind, op, what))
                return row;
    return NULL;
}

static struct peer_tally *
tally_of(struct file_run *run, const char *op, const char *what)
{
    char kind[KIND_WIDTH + 1];
    snprintf(kind, sizeof kind, "%.*s", op ? KIND_WIDTH : (int)strcspn(what, ":"), op ? op : what);
    size_t i = 0;
    while (i < run->kinds_count && strcmp(run->kinds[i].kind, kind))
        i++;
    if (i == KINDS_MAX)
        return &run->kinds[KINDS_MAX - 1].tally;
    if (i == run->kinds_count)
        snprintf(run->kinds[run->kinds_count++].kind, sizeof kind, "%s", kind);
    return &run->kinds[i].tally;
}

static enum peer_outcome
judge(struct peer *peer, const struct peer_translation *translation, const json_t *row,
      bool is_loud)
{
    const char *source = json_string_value(json_object_get(row, "source"));
    if (translation && translation->translate)
        translation->translate(peer);
    else
        peer_skip(peer, translation ? translation->skipped
                                    : "there is no translation of this kind of case");
    if (peer->skipped[0]) {
        if (is_loud)
            printf("    skipped: %s: %s\n", peer->what, peer->skipped);
        return PEER_SKIPPED;
    }
    if (compare(peer, row, false))
        return PEER_PASSED;
    if (is_loud) {
        printf("    failed: %s (%s)\n", peer->what, source ? source : "no source");
        compare(peer, row, true);
    }
    return PEER_FAILED;
}

static void
run_case(struct file_run *run, const json_t *row)
{
    const char *op = json_string_value(json_object_get(row, "op"));
    const char *what = json_string_value(json_object_get(row, "what"));
    struct peer_tally *tally = tally_of(run, op, what ? what : "");
    struct peer *peer = peer_open(what ? what : "", json_object_get(row, "input"));
    switch (judge(peer, translation_of(run->file, op, peer->what), row, run->is_loud)) {
    case PEER_PASSED: tally->passed++; break;
    case PEER_FAILED: tally->failed++; break;
    case PEER_SKIPPED: tally->skipped++; break;
    }
    peer_close(peer);
}

static void
sum_up(const struct file_run *run, struct peer_tally *sum)
{
    for (size_t i = 0; i < run->kinds_count; i++) {
        const struct peer_tally *tally = &run->kinds[i].tally;
        sum->passed += tally->passed;
        sum->failed += tally->failed;
        sum->skipped += tally->skipped;
        if (run->is_loud)
            printf("  %s %s: %d passed, %d failed, %d skipped\n", run->file, run->kinds[i].kind,
                   tally->passed, tally->failed, tally->skipped);
    }
    if (run->is_loud)
        printf("%s: %d passed, %d failed, %d skipped\n", run->file, sum->passed, sum->failed,
               sum->skipped);
}

bool
peer_run_file(const char *folder, const char *file, bool is_loud, struct peer_tally *tally)
{
    char path[PEER_PATH_MAX + PEER_NAME_MAX];
    struct file_run run = { .file = file, .is_loud = is_loud };
    size_t i;
    const json_t *row;
    *tally = (struct peer_tally){ 0 };
    snprintf(path, sizeof path, "%s/%s.json", folder, file);
    if (access(path, F_OK))
        return false;
    json_t *rows = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_array(rows)) {
        printf("%s is not a JSON array\n", path);
        tally->failed = 1;
    }
    json_array_foreach(rows, i, row)
        run_case(&run, row);
    sum_up(&run, tally);
    json_decref(rows);
    return true;
}
