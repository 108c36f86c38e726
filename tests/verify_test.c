/* The check of a whole log, fed from memory: a good log passes, and each thing that can be wrong with
 * one is found by its own check, at its entry. */
#include "audit/verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "audit/base64.h"
#include "audit/draft.h"
#include "audit/entry.h"
#include "record/record.h"
#include "tests/merkle.h"
#include "tests/suite.h"

/* Two bundles and a part, so that there is a level 1 with two hashes. */
enum { SIZE = 600, TEXT_MAX = 2048, NO_ENTRY = -1, PARAMETERS_AT = 2, PRUNE_AT = 590 };

#define INST_A "aaaaaaaa-0000-4000-8000-000000000001"
#define INST_B "bbbbbbbb-0000-4000-8000-000000000002"
#define HASH_1 "1111111111111111111111111111111111111111111111111111111111111111"
#define HASH_2 "2222222222222222222222222222222222222222222222222222222222222222"
#define ZEROS  "0000000000000000000000000000000000000000000000000000000000000000"

/* One member of one record is made otherwise than it should be, and committed to; without a member,
 * the value stands before the record. A list of them ends with one that has no value. */
enum { TWISTS_MAX = 8 };
struct twist { int index; const char *member, *value; };

/* Bytes of one answer are made otherwise; LINE: the record's line of this entry. */
enum spoil_kind { INTACT, FLIP, CUT, ADD, LINE_TEXT, LINE_SWAP, LINE_PRUNED, LINE_NONE };
struct spoil { enum spoil_kind kind; const char *path; int at; const char *text; int other; };

struct entry_made { char record[TEXT_MAX]; struct digest salt, commitment; };

struct log { struct entry_made *entries; struct merkle *merkle; };

static const char *
value_of(const struct twist *twist, int index, const char *member, const char *value)
{
    for (; twist && twist->value; twist++)
        if (twist->index == index && twist->member && !strcmp(twist->member, member))
            return twist->value;
    return value;
}

/* A decision, but for the first of each instance, the parameters, and what a twist says. */
static const char *
kind_of(int index)
{
    if (index < 2)
        return "\"open\"";
    return index == PARAMETERS_AT ? "\"parameters\"" : "\"decision\"";
}

static void
add_member(struct text *text, const struct twist *twist, int index, const char *member,
           const char *value)
{
    text_format(text, "%s\"%s\":%s", text->count > 4 ? "," : "", member,
                value_of(twist, index, member, value));
}

/* Of day 1, counter `iseq`. The members stand sorted. */
static void
make_record(struct text *text, const struct twist *twist, int index, int iseq, const char *prev)
{
    const char *inst = index % 2 ? INST_B : INST_A;
    char        id[80], quoted_inst[48], number[24], quoted_prev[80];

    snprintf(id, sizeof id, "\"dec_0001%.8s00004000800000000000000%c%012x\"", inst, inst[35], iseq);
    snprintf(quoted_inst, sizeof quoted_inst, "\"%s\"", inst);
    snprintf(number, sizeof number, "%d", iseq);
    snprintf(quoted_prev, sizeof quoted_prev, "\"%s\"", prev);
    if (twist && twist->value && twist->index == index && !twist->member)
        text_add_string(text, twist->value);
    text_add_string(text, "{");
    const struct { const char *name, *value; } members[] = {
        { "actor", "null" }, { "count", "1" }, { "day", "null" }, { "decision", "null" },
        { "engine", "{\"build\":\"b\",\"version\":\"1\"}" }, { "entries_sha256", "\"" ZEROS "\"" },
        { "eval_ts", "86400000001" }, { "figures", "{}" }, { "first_index", "7" }, { "id", id },
        { "inputs", "{}" }, { "inst", quoted_inst }, { "iseq", number }, { "kind", kind_of(index) },
        { "last_index", "7" }, { "market", "\"m\"" }, { "operation", "\"preview\"" },
        { "parameters", "{\"sha256\":\"" HASH_1 "\",\"version\":1}" }, { "prev", quoted_prev },
        { "sha256", "\"" HASH_1 "\"" }, { "snapshot", "null" }, { "ts", "86400000001" },
        { "v", "1" }, { "version", "1" },
    };
    for (size_t i = 0; i < COUNT_OF(members); i++)
        add_member(text, twist, index, members[i].name, members[i].value);
    text_add_string(text, "}");
}

static void
log_open(struct log *log, const struct twist *twist)
{
    char         prev[2][DIGEST_TEXT_MAX] = { ZEROS, ZEROS };
    struct arena arena;
    struct text  text;

    log->entries = calloc(SIZE, sizeof *log->entries);
    log->merkle = merkle_open();
    for (int i = 0; i < SIZE; i++) {
        struct entry_made *made = &log->entries[i];
        arena_open(&arena, 1 << 16);
        text_open(&text, &arena, TEXT_MAX, TEXT_MAX);
        make_record(&text, twist, i, i / 2, prev[i % 2]);
        ck_assert(!text.is_full);
        snprintf(made->record, sizeof made->record, "%.*s", (int)text.count, text.bytes);
        arena_close(&arena);
        memset(made->salt.bytes, 0, DIGEST_BYTES);
        memcpy(made->salt.bytes, &i, sizeof i);
        made->commitment = sealed_of(&made->salt, made->record, strlen(made->record)).commitment;
        digest_format(&made->commitment, prev[i % 2]);
        struct digest leaf = entry_leaf_hash(&made->commitment);
        merkle_append(log->merkle, &leaf);
    }
}

static void
log_close(struct log *log)
{
    merkle_close(log->merkle);
    free(log->entries);
}

static struct checkpoint
head_of(const struct log *log, int64_t size)
{
    return (struct checkpoint){ .origin = "o", .size = size,
                                .root = merkle_defined(log->merkle, 0, (size_t)size) };
}

static void
write_tile(const struct log *log, const struct tile *tile, struct text *out)
{
    struct digest      hashes[TILE_WIDTH];
    struct tile_reader reader = merkle_reader(log->merkle);

    if (tile->level != TILE_ENTRIES) {
        ck_assert(reader.read(reader.context, tile, hashes));
        text_add(out, (const char *)hashes, (size_t)tile->width * DIGEST_BYTES);
        return;
    }
    for (int i = 0; i < tile->width; i++) {
        struct entry entry = entry_of(&log->entries[tile->index * TILE_WIDTH + i].commitment);
        bundle_add(out, entry.bytes, sizeof entry.bytes);
    }
}

static void
write_line(const struct log *log, int64_t index, int64_t named, struct text *out)
{
    const struct entry_made *made = &log->entries[index];

    text_format(out, "{\"index\":%" PRId64 ",\"salt\":\"", named);
    text_add_hex(out, made->salt.bytes, DIGEST_BYTES);
    text_add_string(out, "\",\"record\":\"");
    base64_add(out, made->record, strlen(made->record));
    text_add_string(out, "\"}\n");
}

static void
write_lines(const struct log *log, const struct verify_step *step, const struct spoil *spoil,
            struct text *out)
{
    for (int64_t i = step->first; i < step->end; i++) {
        bool is_it = spoil && (spoil->at == i || (spoil->other && spoil->other == i));
        if (is_it && spoil->kind == LINE_NONE)
            return;
        if (is_it && spoil->kind == LINE_TEXT)
            text_format(out, "%s\n", spoil->text);
        else if (is_it && spoil->kind == LINE_PRUNED)
            text_format(out, "{\"index\":%" PRId64 ",\"pruned\":true}\n", i);
        else
            write_line(log, is_it && spoil->kind == LINE_SWAP ? i + 2 : i, i, out);
    }
}

static void
spoil_bytes(const struct spoil *spoil, const struct tile *tile, struct text *out)
{
    char path[TILE_PATH_MAX];

    tile_path_format(tile, path);
    if (!spoil || !spoil->path || strcmp(spoil->path, path) != 0)
        return;
    if (spoil->kind == FLIP)
        out->bytes[spoil->at] ^= 1;
    else if (spoil->kind == CUT)
        out->count -= (size_t)spoil->at;
    else if (spoil->kind == ADD)
        text_add(out, out->bytes, (size_t)spoil->at);
}

/* Feeds what is wanted. False: a fault, or the end's. */
static bool
walk(struct verify *verify, const struct log *log, const struct spoil *spoil)
{
    struct verify_step step;
    bool               is_good = true;

    while (is_good && (step = verify_next(verify)).want != VERIFY_WANT_NOTHING) {
        struct arena arena;
        struct text  out;
        arena_open(&arena, 8 << 20);
        text_open(&out, &arena, 1 << 16, 4 << 20);
        if (step.want == VERIFY_WANT_TILE) {
            write_tile(log, &step.tile, &out);
            spoil_bytes(spoil, &step.tile, &out);
        } else {
            write_lines(log, &step, spoil, &out);
        }
        ck_assert(!out.is_full);
        is_good = verify_feed(verify, out.bytes, out.count);
        arena_close(&arena);
    }
    return is_good && verify_end(verify);
}

static void
expect(const struct verify *verify, bool is_good, enum verify_check check, int64_t entry)
{
    const struct verify_fault *fault = verify_fault(verify);

    ck_assert_msg(fault->check == check && fault->entry == entry &&
                  is_good == (check == VERIFY_NONE),
                  "%s at entry %" PRId64 " (%s), not %s at %" PRId64, verify_check_name(fault->check),
                  fault->entry, fault->where, verify_check_name(check), entry);
}

START_TEST(good_log_passes_at_each_size)
{
    static const int64_t sizes[] = { 0, 1, 2, 255, 256, 257, 511, 512, 513, SIZE };
    struct log           log;

    log_open(&log, NULL);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct verify    *verify = verify_open(true);
        struct checkpoint head = head_of(&log, sizes[i]);
        verify_aim(verify, &head);
        expect(verify, walk(verify, &log, NULL), VERIFY_NONE, NO_ENTRY);
        ck_assert_int_eq(verify_size(verify), sizes[i]);
        ck_assert_int_eq(verify_counts(verify)->records, sizes[i]);
        ck_assert_int_eq(verify_counts(verify)->decisions, sizes[i] > 3 ? sizes[i] - 3 : 0);
        verify_close(verify);
    }
    log_close(&log);
}
END_TEST

/* As a monitor does it: on from where it stood, over partial tiles. */
START_TEST(log_that_grows_is_walked_on)
{
    static const int64_t sizes[] = { 0, 1, 3, 255, 256, 300, 300, 511, 513, SIZE };
    struct verify       *verify = verify_open(true);
    struct log           log;

    log_open(&log, NULL);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct checkpoint head = head_of(&log, sizes[i]);
        verify_aim(verify, &head);
        expect(verify, walk(verify, &log, NULL), VERIFY_NONE, NO_ENTRY);
        verify_keep(verify, &head);
    }
    ck_assert_int_eq(verify_counts(verify)->records, SIZE);
    verify_close(verify);
    log_close(&log);
}
END_TEST

/* What stands before the beginning is not seen, so links to it are counted as not checked. */
START_TEST(log_is_walked_from_a_kept_checkpoint)
{
    static const int64_t begins[] = { 1, 3, 255, 256, 257, 300, 512, 599, SIZE };
    struct log           log;

    log_open(&log, NULL);
    for (size_t i = 0; i < COUNT_OF(begins); i++) {
        struct verify     *verify = verify_open(true);
        struct tile_reader reader = merkle_reader(log.merkle);
        struct checkpoint  kept = head_of(&log, begins[i]), head = head_of(&log, SIZE);
        ck_assert(verify_begin(verify, &reader, &kept));
        verify_aim(verify, &head);
        expect(verify, walk(verify, &log, NULL), VERIFY_NONE, NO_ENTRY);
        ck_assert_int_eq(verify_counts(verify)->records, SIZE - begins[i]);
        ck_assert_int_eq(verify_counts(verify)->unchecked > 0, begins[i] < SIZE);
        verify_close(verify);
    }
    log_close(&log);
}
END_TEST

START_TEST(beginning_with_another_root_is_a_fork)
{
    struct verify     *verify = verify_open(false);
    struct log         log;
    struct checkpoint  kept;
    struct tile_reader reader;

    log_open(&log, NULL);
    reader = merkle_reader(log.merkle);
    kept = head_of(&log, 300);
    kept.root.bytes[0] ^= 1;
    expect(verify, verify_begin(verify, &reader, &kept), VERIFY_FORKED, NO_ENTRY);
    verify_close(verify);
    log_close(&log);
}
END_TEST

/* Each row: what is served otherwise, and what must be found. 35 bytes an entry of a bundle. */
static const struct { const char *name; struct spoil spoil; enum verify_check check; int entry; }
served[] = {
    { "commitment in a bundle",
      { FLIP, "tile/entries/000", 35 * 7 + 3, NULL, 0 }, VERIFY_TILE_DIFFERS, 7 },
    { "entry format", { FLIP, "tile/entries/001", 35 * 4 + 2, NULL, 0 }, VERIFY_ENTRY_FORMAT, 260 },
    { "entry length", { FLIP, "tile/entries/001", 35 * 4 + 1, NULL, 0 }, VERIFY_ENTRY_FORMAT, 260 },
    { "truncated bundle",
      { CUT, "tile/entries/000", 35, NULL, 0 }, VERIFY_BUNDLE_LENGTH, NO_ENTRY },
    { "byte cut off a bundle",
      { CUT, "tile/entries/002.p/88", 1, NULL, 0 }, VERIFY_BUNDLE_LENGTH, NO_ENTRY },
    { "entry more in a bundle",
      { ADD, "tile/entries/002.p/88", 35, NULL, 0 }, VERIFY_BUNDLE_LENGTH, NO_ENTRY },
    { "hash of a tile", { FLIP, "tile/0/001", 32 * 9, NULL, 0 }, VERIFY_TILE_DIFFERS, 265 },
    { "hash of a partial tile",
      { FLIP, "tile/0/002.p/88", 32 * 87 + 31, NULL, 0 }, VERIFY_TILE_DIFFERS, 599 },
    { "hash of level 1", { FLIP, "tile/1/000.p/2", 32, NULL, 0 }, VERIFY_TILE_DIFFERS, 256 },
    { "truncated tile", { CUT, "tile/0/000", 32, NULL, 0 }, VERIFY_TILE_LENGTH, NO_ENTRY },
    { "empty tile", { CUT, "tile/1/000.p/2", 64, NULL, 0 }, VERIFY_TILE_LENGTH, NO_ENTRY },
    { "hash more in a tile", { ADD, "tile/0/000", 32, NULL, 0 }, VERIFY_TILE_LENGTH, NO_ENTRY },
    { "another record's line", { LINE_SWAP, NULL, 300, NULL, 0 }, VERIFY_RECORD_DIFFERS, 300 },
    { "line of another entry",
      { LINE_TEXT, NULL, 300, "{\"index\":301,\"pruned\":true}", 0 }, VERIFY_RECORD_ORDER, 300 },
    { "line that is none", { LINE_TEXT, NULL, 300, "nonsense", 0 }, VERIFY_RECORD_LINE, 300 },
    { "line without a record",
      { LINE_TEXT, NULL, 300, "{\"index\":300}", 0 }, VERIFY_RECORD_LINE, 300 },
    { "pruned, or not",
      { LINE_TEXT, NULL, 300, "{\"index\":300,\"pruned\":false}", 0 }, VERIFY_RECORD_LINE, 300 },
    { "base64 with a space",
      { LINE_TEXT, NULL, 3, "{\"index\":3,\"salt\":\"" ZEROS "\",\"record\":\"e30 =\"}", 0 }, VERIFY_RECORD_LINE, 3 },
    { "short salt",
      { LINE_TEXT, NULL, 3, "{\"index\":3,\"salt\":\"00\",\"record\":\"e30=\"}", 0 }, VERIFY_RECORD_LINE, 3 },
    { "other record",
      { LINE_TEXT, NULL, 3, "{\"index\":3,\"salt\":\"" ZEROS "\",\"record\":\"e30=\"}", 0 }, VERIFY_RECORD_DIFFERS, 3 },
    { "no line at all", { LINE_NONE, NULL, 256, NULL, 0 }, VERIFY_RECORD_MISSING, 256 },
    { "a record pruned, and nothing says so",
      { LINE_PRUNED, NULL, 598, NULL, 0 }, VERIFY_PRUNED_UNEXPLAINED, 598 },
    { "an open record that is gone", { LINE_PRUNED, NULL, 0, NULL, 0 }, VERIFY_CHAIN_COUNTER, 2 },
};

START_TEST(what_is_served_otherwise_is_found)
{
    struct verify    *verify = verify_open(true);
    struct log        log;
    struct checkpoint head;

    log_open(&log, NULL);
    head = head_of(&log, SIZE);
    verify_aim(verify, &head);
    printf("served: %s: %s\n", served[_i].name, verify_check_name(served[_i].check));
    bool is_good = walk(verify, &log, &served[_i].spoil);
    expect(verify, is_good, served[_i].check, served[_i].entry);
    verify_close(verify);
    log_close(&log);
}
END_TEST

/* Records that are committed to, and wrong among themselves. Even entries are of instance A. */
static const struct { const char *name; struct twist twists[3]; enum verify_check check; int entry; }
recorded[] = {
    { "nothing", { { 300, "market", "\"m\"" } }, VERIFY_NONE, NO_ENTRY },
    { "not in RFC 8785 form", { { 300, NULL, " " } }, VERIFY_NONE, NO_ENTRY },
    { "counter back, and its id",
      { { 300, "iseq", "149" }, { 300, "id", "\"dec_0001aaaaaaaa000040008000000000000001000000000095\"" } }, VERIFY_CHAIN_COUNTER, 300 },
    { "counter ahead, and its id",
      { { 300, "iseq", "151" }, { 300, "id", "\"dec_0001aaaaaaaa000040008000000000000001000000000097\"" } }, VERIFY_CHAIN_COUNTER, 300 },
    { "counter without its id", { { 300, "iseq", "149" } }, VERIFY_RECORD_FORM, 300 },
    { "key's counter back", { { 1, "iseq", "1" } }, VERIFY_CHAIN_COUNTER, 1 },
    { "first record is no open", { { 1, "kind", "\"key\"" } }, VERIFY_CHAIN_BEGIN, 1 },
    { "first record follows another",
      { { 1, "prev", "\"" HASH_1 "\"" } }, VERIFY_CHAIN_PREVIOUS, 1 },
    { "record follows another", { { 300, "prev", "\"" HASH_1 "\"" } }, VERIFY_CHAIN_PREVIOUS, 300 },
    { "record after the close", { { 300, "kind", "\"close\"" } }, VERIFY_CHAIN_CLOSED, 302 },
    { "record of an unknown instance",
      { { 300, "inst", "\"" INST_B "\"" } }, VERIFY_RECORD_FORM, 300 },
    { "version never logged",
      { { 300, "parameters", "{\"sha256\":\"" HASH_1 "\",\"version\":2}" } }, VERIFY_PARAMETERS_NOT_LOGGED, 300 },
    { "version of another market",
      { { 300, "market", "\"n\"" } }, VERIFY_PARAMETERS_NOT_LOGGED, 300 },
    { "version with another hash",
      { { 300, "parameters", "{\"sha256\":\"" HASH_2 "\",\"version\":1}" } }, VERIFY_PARAMETERS_DIFFER, 300 },
    { "parameters without a version",
      { { 300, "parameters", "{\"sha256\":\"" HASH_2 "\",\"version\":null}" } }, VERIFY_NONE, NO_ENTRY },
    { "parameters of no form",
      { { 300, "parameters", "{\"version\":1}" } }, VERIFY_RECORD_FORM, 300 },
    { "version logged only later",
      { { PARAMETERS_AT, "kind", "\"key\"" } }, VERIFY_PARAMETERS_NOT_LOGGED, 3 },
    { "unknown version of the form", { { 300, "v", "2" } }, VERIFY_RECORD_FORM, 300 },
    { "unknown kind", { { 300, "kind", "\"rumour\"" } }, VERIFY_RECORD_FORM, 300 },
    { "id of another record", { { 300, "id", "\"dec_0001\"" } }, VERIFY_RECORD_FORM, 300 },
    { "time of another day than the id's",
      { { 300, "ts", "86399999999" } }, VERIFY_RECORD_FORM, 300 },
    { "no object", { { 300, NULL, "[" } }, VERIFY_RECORD_FORM, 300 },
    { "prune record of what is there",
      { { PRUNE_AT, "kind", "\"prune\"" } }, VERIFY_PRUNE_DIFFERS, PRUNE_AT },
};

START_TEST(records_that_do_not_fit_each_other_are_found)
{
    struct verify    *verify = verify_open(true);
    struct log        log;
    struct checkpoint head;

    log_open(&log, recorded[_i].twists);
    head = head_of(&log, SIZE);
    verify_aim(verify, &head);
    printf("recorded: %s: %s\n", recorded[_i].name, verify_check_name(recorded[_i].check));
    bool is_good = walk(verify, &log, NULL);
    expect(verify, is_good, recorded[_i].check, recorded[_i].entry);
    ck_assert_int_eq(verify_counts(verify)->first_not_canonical,
                     recorded[_i].twists[0].member ? -1 : 300);
    verify_close(verify);
    log_close(&log);
}
END_TEST

/* Twice the same version: the same hash is no fault, another one is. */
START_TEST(version_is_logged_once)
{
    struct verify    *verify = verify_open(true);
    struct twist      twists[] = { { 300, "kind", "\"parameters\"" },
                                   { 300, "sha256", _i ? "\"" HASH_2 "\"" : "\"" HASH_1 "\"" },
                                   { .value = NULL } };
    struct log        log;
    struct checkpoint head;

    log_open(&log, twists);
    head = head_of(&log, SIZE);
    verify_aim(verify, &head);
    bool is_good = walk(verify, &log, NULL);
    expect(verify, is_good, _i ? VERIFY_PARAMETERS_TWICE : VERIFY_NONE, _i ? 300 : NO_ENTRY);
    verify_close(verify);
    log_close(&log);
}
END_TEST

/* The signed root is of other entries: each bundle and tile fits the other, and not the root. */
START_TEST(root_that_is_signed_must_be_that_of_the_entries)
{
    struct verify    *verify = verify_open(false);
    struct log        log;
    struct checkpoint head;

    log_open(&log, NULL);
    head = head_of(&log, SIZE);
    head.root.bytes[31] ^= 1;
    verify_aim(verify, &head);
    expect(verify, walk(verify, &log, NULL), VERIFY_ROOT_DIFFERS, NO_ENTRY);
    verify_close(verify);
    log_close(&log);
}
END_TEST

/* A log rewritten in the middle, every bundle, tile and root of it right, against what was kept. */
START_TEST(rewritten_log_is_found_by_a_kept_checkpoint)
{
    struct twist       twists[] = { { 100, "figures", "{\"a\":1}" }, { .value = NULL } };
    struct log         log, rewritten;
    struct verify     *verify = verify_open(true);

    log_open(&log, NULL);
    log_open(&rewritten, twists);
    struct checkpoint kept = head_of(&log, 300), head = head_of(&rewritten, SIZE);
    struct checkpoint whole = head_of(&log, SIZE), smaller = head_of(&log, 200);
    struct checkpoint same_size = head_of(&rewritten, 300);
    struct tile_reader old = merkle_reader(log.merkle), new = merkle_reader(rewritten.merkle);

    ck_assert_int_eq(verify_extension(&old, &kept, &whole), VERIFY_NONE);
    ck_assert_int_eq(verify_extension(&old, &kept, &kept), VERIFY_NONE);
    ck_assert_int_eq(verify_extension(&old, &kept, &smaller), VERIFY_ROLLED_BACK);
    ck_assert_int_eq(verify_extension(&new, &kept, &same_size), VERIFY_FORKED);
    ck_assert_int_eq(verify_extension(&new, &kept, &head), VERIFY_INCONSISTENT);
    verify_keep(verify, &kept);
    verify_aim(verify, &head);
    expect(verify, walk(verify, &rewritten, NULL), VERIFY_FORKED, NO_ENTRY);
    verify_close(verify);
    log_close(&log);
    log_close(&rewritten);
}
END_TEST

/* What went, and what the prune record tells of: of one decision, or of a day's from entry 7 to 9, of
 * which entry 8 is another day's. */
static const struct { const char *name; int gone[2]; bool is_of_day; enum verify_check check; int entry; }
prunes[] = {
    { "the decision", { 7, 7 }, false, VERIFY_NONE, NO_ENTRY },
    { "another decision", { 9, 9 }, false, VERIFY_PRUNE_DIFFERS, PRUNE_AT },
    { "the day", { 7, 9 }, true, VERIFY_NONE, NO_ENTRY },
    { "a part of the day", { 7, 7 }, true, VERIFY_PRUNE_DIFFERS, PRUNE_AT },
    { "another decision than the day's", { 7, 8 }, true, VERIFY_PRUNE_DIFFERS, PRUNE_AT },
    { "more than the decision", { 7, 11 }, false, VERIFY_PRUNED_UNEXPLAINED, 11 },
};

/* The entries' hash, by the definition of log.md 9. */
static void
hash_entries(const struct log *log, int first, int second, char quoted[static DIGEST_TEXT_MAX + 2])
{
    uint8_t       bytes[2 * ENTRY_BYTES];
    struct entry  one = entry_of(&log->entries[first].commitment);
    struct entry  other = entry_of(&log->entries[second].commitment);
    char          hex[DIGEST_TEXT_MAX];

    memcpy(bytes, one.bytes, ENTRY_BYTES);
    memcpy(bytes + ENTRY_BYTES, other.bytes, ENTRY_BYTES);
    struct digest sha256 = digest_of(bytes, first == second ? ENTRY_BYTES : sizeof bytes);
    digest_format(&sha256, hex);
    snprintf(quoted, DIGEST_TEXT_MAX + 2, "\"%s\"", hex);
}

START_TEST(prune_record_names_what_went)
{
    bool              is_of_day = prunes[_i].is_of_day;
    struct spoil      spoil = { LINE_PRUNED, NULL, prunes[_i].gone[0], NULL, 0 };
    struct log        log, again;
    struct verify    *verify = verify_open(true);
    char              hash[DIGEST_TEXT_MAX + 2];

    log_open(&log, NULL);
    hash_entries(&log, 7, is_of_day ? 9 : 7, hash);
    log_close(&log);
    struct twist twists[TWISTS_MAX] = {
        { PRUNE_AT, "kind", "\"prune\"" }, { PRUNE_AT, "entries_sha256", hash },
        { PRUNE_AT, "day", is_of_day ? "\"1970-01-02\"" : "null" },
        { PRUNE_AT, "decision", is_of_day ? "null" : "\"dec_7\"" },
        { PRUNE_AT, "count", is_of_day ? "2" : "1" },
        { PRUNE_AT, "last_index", is_of_day ? "9" : "7" },
    };
    log_open(&again, twists);
    spoil.other = prunes[_i].gone[1];
    struct checkpoint head = head_of(&again, SIZE);
    verify_aim(verify, &head);
    bool is_good = walk(verify, &again, &spoil);
    printf("pruned: %s: %s\n", prunes[_i].name, verify_check_name(prunes[_i].check));
    expect(verify, is_good, prunes[_i].check, prunes[_i].entry);
    verify_close(verify);
    log_close(&again);
}
END_TEST

Suite *
verify_suite(void)
{
    Suite *suite = suite_create("verify");
    TCase *tests = tcase_create("verify");

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, good_log_passes_at_each_size);
    tcase_add_test(tests, log_that_grows_is_walked_on);
    tcase_add_test(tests, log_is_walked_from_a_kept_checkpoint);
    tcase_add_test(tests, beginning_with_another_root_is_a_fork);
    tcase_add_loop_test(tests, what_is_served_otherwise_is_found, 0, COUNT_OF(served));
    tcase_add_loop_test(tests, records_that_do_not_fit_each_other_are_found, 0,
                        COUNT_OF(recorded));
    tcase_add_loop_test(tests, version_is_logged_once, 0, 2);
    tcase_add_test(tests, root_that_is_signed_must_be_that_of_the_entries);
    tcase_add_test(tests, rewritten_log_is_found_by_a_kept_checkpoint);
    tcase_add_loop_test(tests, prune_record_names_what_went, 0, COUNT_OF(prunes));
    suite_add_tcase(suite, tests);
    return suite;
}
