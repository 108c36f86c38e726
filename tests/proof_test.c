/* Proofs in JSON and as text. The tree is that of the eight certificate-transparency leaves; RFC
 * 6962's own hashes of it are public. */
#include "audit/proof.h"

#include <string.h>

#include "audit/base64.h"
#include "record/json.h"
#include "tests/notes.h"
#include "tests/suite.h"

/* Leaf 5 of 8, and its way to the root. */
#define LEAF_5 "QnGia+DYqE8L1UyMMC58s6O10fpngKQLzOKHNHfatlg="
#define PATH_5 \
    "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=", \
        "yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=", \
        "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc="
#define PROOF_LINES \
    "vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=\nyoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=\n" \
    "037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=\n"
#define PROOF_TEXT "c2sp.org/tlog-proof@v1\nindex 5\n" PROOF_LINES "\n" HEAD_NOTE

static struct digest
digest_of_base64(const char *base64)
{
    struct digest digest;
    ck_assert(line_digest((struct line){ base64, strlen(base64) }, &digest));
    return digest;
}

static struct proof
path_5(void)
{
    static const char *const hashes[] = { PATH_5 };
    struct proof             proof = { .count = 3 };

    for (size_t i = 0; i < 3; i++)
        proof.hashes[i] = digest_of_base64(hashes[i]);
    return proof;
}

static struct digest
leaf_5(void)
{
    static const uint8_t bytes[] = { 0x40, 0x41, 0x42, 0x43 };
    return tree_leaf_hash(bytes, sizeof bytes);
}

static void
assert_json(const struct record *record, const void *answer, struct arena *arena,
            const char *expected)
{
    struct text text;

    text_open(&text, arena, 64, 1 << 13);
    json_write(record, answer, JSON_DECLARED, &text);
    ck_assert(!text.is_full);
    ck_assert_uint_eq(text.count, strlen(expected));
    ck_assert_mem_eq(text.bytes, expected, text.count);
}

static bool
read_json(const struct record *record, const char *json, struct arena *arena, void *out)
{
    struct faults faults;
    faults_open(&faults, 1);
    return json_read(record, json, strlen(json), arena, out, &faults);
}

#define PATH_5_JSON \
    "\"vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=\",\"yoVOoSjtBQtBs1/" \
    "8G4e46yveRh6eO1WW7Oa51ZdaCuA=\"," \
    "\"037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=\""

START_TEST(inclusion_is_written_and_read)
{
    static const char json[] = "{\"leaf_index\":5,\"tree_size\":8,\"leaf_hash\":\"" LEAF_5
                               "\",\"audit_path\":[" PATH_5_JSON "]}";
    static const char bad[] =
        "{\"leaf_index\":5,\"tree_size\":8,\"leaf_hash\":\"" LEAF_5 "\",\"audit_path\":[\"vBoG\"]}";
    struct proof           proof = path_5(), read;
    struct digest          leaf = leaf_5(), read_leaf, root = digest_of_base64(ROOT_8);
    struct inclusion_proof answer, again;
    struct arena           arena;

    arena_open(&arena, 1 << 16);
    ck_assert(inclusion_answer(5, 8, &leaf, &proof, &arena, &answer));
    assert_json(&inclusion_proof_record, &answer, &arena, json);
    ck_assert(read_json(&inclusion_proof_record, json, &arena, &again));
    ck_assert(inclusion_answer_read(&again, &read_leaf, &read));
    ck_assert(digest_equal(&read_leaf, &leaf));
    ck_assert(inclusion_check(&read_leaf, again.leaf_index, again.tree_size, &read, &root));
    ck_assert(!read_json(&inclusion_proof_record, bad, &arena, &again));
    arena_close(&arena);
}
END_TEST

START_TEST(consistency_is_written_and_read)
{
    static const char        empty[] = "{\"first\":0,\"second\":8,\"consistency\":[]}";
    static const char one[] = "{\"first\":1,\"second\":2,\"consistency\":["
                              "\"lqKW0iTyhcZ77pPDD4owkVfw2qNdxbh+QQt4YwoJz8c=\"]}";
    static const char bad[] = "{\"first\":1,\"second\":2,\"consistency\":["
                              "\"lqKW0iTyhcZ77pPDD4owkVfw2qNdxbh+QQt4YwoJz8d=\"]}";
    struct proof             proof = { .count = 0 }, read;
    struct consistency_proof answer;
    struct arena             arena;

    arena_open(&arena, 1 << 16);
    ck_assert(consistency_answer(0, 8, &proof, &arena, &answer));
    assert_json(&consistency_proof_record, &answer, &arena, empty);
    ck_assert(read_json(&consistency_proof_record, empty, &arena, &answer));
    ck_assert(consistency_answer_read(&answer, &read));
    ck_assert_uint_eq(read.count, 0);
    proof = (struct proof){ .count = 1, .hashes[0] = tree_leaf_hash("", 1) };
    ck_assert(consistency_answer(1, 2, &proof, &arena, &answer));
    assert_json(&consistency_proof_record, &answer, &arena, one);
    ck_assert(read_json(&consistency_proof_record, one, &arena, &answer));
    ck_assert(consistency_answer_read(&answer, &read));
    struct digest first = tree_leaf_hash("", 0),
                  second = digest_of_base64("+sVCA+fMaWzw38tCySodnbr3CtnmIfS9jZhmLwDjwSU=");
    ck_assert(consistency_check(answer.first, answer.second, &read, &first, &second));
    ck_assert(read_json(&consistency_proof_record, bad, &arena, &answer));
    ck_assert(!consistency_answer_read(&answer, &read));
    arena_close(&arena);
}
END_TEST

START_TEST(an_answer_that_does_not_fit_is_refused)
{
    struct proof           proof = path_5();
    struct digest          leaf = leaf_5();
    struct inclusion_proof answer;
    size_t                 refused = 0;

    for (bool fits = false; !fits; refused++) {
        struct arena arena;
        ck_assert_uint_lt(refused, 500);
        arena_open(&arena, refused * 16);
        fits = inclusion_answer(5, 8, &leaf, &proof, &arena, &answer);
        arena_close(&arena);
    }
    ck_assert_uint_gt(refused, 13);           /* it takes more than 200 bytes */
}
END_TEST

/* 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU= is SHA-256 of nothing. */
static const struct { const char *text; bool is_good; } hashes[] = {
    { "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", true },
    { "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=", true },
    { "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU", true },
    { "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", false },
    { "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", false },
    { "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFV", false },
    { "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuF", false },
    { "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU==", false },
    { "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", false },
    { "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85", false },
    { "", false },
};

START_TEST(a_leaf_hash_is_read_from_a_query)
{
    struct digest expected = digest_of("", 0), digest;

    ck_assert_int_eq(proof_hash_parse(hashes[_i].text, &digest), hashes[_i].is_good);
    if (hashes[_i].is_good)
        ck_assert(digest_equal(&digest, &expected));
}
END_TEST

static struct key
log_key(void)
{
    struct key key;
    ck_assert_int_eq(key_parse(LOG_VKEY, strlen(LOG_VKEY), &key), VERDICT_GOOD);
    return key;
}

START_TEST(a_filed_proof_verifies_offline)
{
    struct key        key = log_key();
    struct digest     leaf = leaf_5(), other = tree_leaf_hash("", 0);
    struct proof      path = path_5();
    struct tlog_proof proof;
    struct checkpoint checkpoint;
    struct arena      arena;
    struct text       text;

    arena_open(&arena, 1 << 14);
    text_open(&text, &arena, 64, 1 << 13);
    tlog_proof_write(&text, 5, &path, HEAD_NOTE, strlen(HEAD_NOTE));
    ck_assert_uint_eq(text.count, strlen(PROOF_TEXT));
    ck_assert_mem_eq(text.bytes, PROOF_TEXT, text.count);
    ck_assert(tlog_proof_parse(PROOF_TEXT, strlen(PROOF_TEXT), &proof));
    ck_assert_int_eq(tlog_proof_check(&proof, &leaf, &key, NULL, &checkpoint), VERDICT_GOOD);
    ck_assert_int_eq(checkpoint.size, 8);
    ck_assert_uint_eq(proof.extra.count, 0);
    ck_assert_int_eq(tlog_proof_check(&proof, &other, &key, NULL, &checkpoint),
                     VERDICT_NOT_INCLUDED);
    proof.index = 4;
    ck_assert_int_eq(tlog_proof_check(&proof, &leaf, &key, NULL, &checkpoint),
                     VERDICT_NOT_INCLUDED);
    arena_close(&arena);
}
END_TEST

START_TEST(no_bit_of_a_filed_proof_can_be_changed)
{
    static const char bytes[] = PROOF_TEXT;
    char              changed[sizeof bytes];
    struct key        key = log_key();
    struct digest     leaf = leaf_5();
    struct tlog_proof proof;
    struct checkpoint checkpoint;

    for (size_t bit = 0; bit < 8 * (sizeof bytes - 1); bit++) {
        memcpy(changed, bytes, sizeof bytes);
        changed[bit / 8] = (char)(changed[bit / 8] ^ 1 << bit % 8);
        if (tlog_proof_parse(changed, sizeof bytes - 1, &proof) &&
            tlog_proof_check(&proof, &leaf, &key, NULL, &checkpoint) == VERDICT_GOOD)
            ck_abort_msg("bit %zu of byte %zu can be changed", bit % 8, bit / 8);
    }
}
END_TEST

START_TEST(witnesses_are_counted_where_a_policy_asks)
{
    static const char text[] =
        "witness A " WITNESS1_VKEY "\nwitness B " WITNESS2_VKEY "\ngroup g all A B\nquorum g\n";
    static const char one[] = PROOF_TEXT WITNESS1_LINE,
                      two[] = PROOF_TEXT WITNESS2_LINE WITNESS1_LINE;
    struct policy       policy;
    struct policy_fault fault;
    struct key          key = log_key();
    struct digest       leaf = leaf_5();
    struct tlog_proof   proof;
    struct checkpoint   checkpoint;

    ck_assert(policy_parse(text, strlen(text), &policy, &fault));
    ck_assert(tlog_proof_parse(one, strlen(one), &proof));
    ck_assert_int_eq(tlog_proof_check(&proof, &leaf, &key, &policy, &checkpoint),
                     VERDICT_TOO_FEW_WITNESSES);
    ck_assert_int_eq(tlog_proof_check(&proof, &leaf, &key, NULL, &checkpoint), VERDICT_GOOD);
    ck_assert(tlog_proof_parse(two, strlen(two), &proof));
    ck_assert_int_eq(tlog_proof_check(&proof, &leaf, &key, &policy, &checkpoint), VERDICT_GOOD);
}
END_TEST

START_TEST(extra_data_is_passed_over)
{
    static const char text[] =
        "c2sp.org/tlog-proof@v1\nextra Zm9v\nindex 5\n" PROOF_LINES "\n" HEAD_NOTE;
    struct key        key = log_key();
    struct digest     leaf = leaf_5();
    struct tlog_proof proof;
    struct checkpoint checkpoint;

    ck_assert(tlog_proof_parse(text, strlen(text), &proof));
    ck_assert(line_is(proof.extra, "Zm9v"));
    ck_assert_int_eq(tlog_proof_check(&proof, &leaf, &key, NULL, &checkpoint), VERDICT_GOOD);
}
END_TEST

static const char *const bad_texts[] = {
    "",
    "c2sp.org/tlog-proof@v1\n",
    "c2sp.org/tlog-proof@v2\nindex 5\n\n" HEAD_NOTE,
    "c2sp.org/tlog-proof@v1\n\n" HEAD_NOTE,
    "c2sp.org/tlog-proof@v1\nindex 5\n",
    "c2sp.org/tlog-proof@v1\nindex 5\n" PROOF_LINES,
    "c2sp.org/tlog-proof@v1\nindex 05\n\n" HEAD_NOTE,
    "c2sp.org/tlog-proof@v1\nindex -5\n\n" HEAD_NOTE,
    "c2sp.org/tlog-proof@v1\nindex\n\n" HEAD_NOTE,
    "c2sp.org/tlog-proof@v1\nindex 9223372036854775808\n\n" HEAD_NOTE,
    "c2sp.org/tlog-proof@v1\nindex  5\n\n" HEAD_NOTE,
    "c2sp.org/tlog-proof@v1\nindex 5\nnothing\n\n" HEAD_NOTE,
    "c2sp.org/tlog-proof@v1\nextra\nindex 5\n\n" HEAD_NOTE,
    "c2sp.org/tlog-proof@v1\nextra Zm9\nindex 5\n\n" HEAD_NOTE,
    "c2sp.org/tlog-proof@v1\nextra Zm9v\nextra Zm9v\nindex 5\n\n" HEAD_NOTE,
    "c2sp.org/tlog-proof@v1\nindex 5\nextra Zm9v\n\n" HEAD_NOTE,
    "c2sp.org/tlog-proof@v1\r\nindex 5\r\n\r\n" HEAD_NOTE,
    " c2sp.org/tlog-proof@v1\nindex 5\n\n" HEAD_NOTE,
};

START_TEST(what_is_no_filed_proof_is_refused)
{
    struct tlog_proof proof;
    ck_assert(!tlog_proof_parse(bad_texts[_i], strlen(bad_texts[_i]), &proof));
}
END_TEST

START_TEST(paths_are_bounded)
{
    struct tlog_proof proof;
    struct arena      arena;
    struct text       text;

    arena_open(&arena, 1 << 14);
    text_open(&text, &arena, 64, 1 << 13);
    text_add_string(&text, "c2sp.org/tlog-proof@v1\nindex 5\n");
    for (size_t i = 0; i < PROOF_HASHES_MAX; i++)
        text_add_string(&text, ROOT_8 "\n");
    size_t count = text.count;
    text_add_string(&text, "\n" HEAD_NOTE);
    ck_assert(tlog_proof_parse(text.bytes, text.count, &proof));
    text.count = count;
    text_add_string(&text, ROOT_8 "\n\n" HEAD_NOTE);
    ck_assert(!text.is_full);
    ck_assert(!tlog_proof_parse(text.bytes, text.count, &proof));
    arena_close(&arena);
}
END_TEST

Suite *
proof_suite(void)
{
    Suite *suite = suite_create("proof");
    TCase *tcase = tcase_create("proof");
    tcase_add_test(tcase, inclusion_is_written_and_read);
    tcase_add_test(tcase, consistency_is_written_and_read);
    tcase_add_test(tcase, an_answer_that_does_not_fit_is_refused);
    tcase_add_loop_test(tcase, a_leaf_hash_is_read_from_a_query, 0, sizeof hashes / sizeof *hashes);
    tcase_add_test(tcase, a_filed_proof_verifies_offline);
    tcase_add_test(tcase, no_bit_of_a_filed_proof_can_be_changed);
    tcase_add_test(tcase, witnesses_are_counted_where_a_policy_asks);
    tcase_add_test(tcase, extra_data_is_passed_over);
    tcase_add_loop_test(tcase, what_is_no_filed_proof_is_refused, 0,
                        sizeof bad_texts / sizeof *bad_texts);
    tcase_add_test(tcase, paths_are_bounded);
    suite_add_tcase(suite, tcase);
    return suite;
}
