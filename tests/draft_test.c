/* Records in RFC 8785 form and their commitments. The expected bytes and hashes were computed by
 * Python's json (sorted keys) and hashlib; the first two commitments are vectors/log's. */
#include <string.h>

#include "audit/draft.h"
#include "tests/suite.h"

#define INST "00112233-4455-4677-8899-aabbccddeeff"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static struct digest
filled(uint8_t byte)
{
    struct digest digest;
    memset(digest.bytes, byte, sizeof digest.bytes);
    return digest;
}

static struct digest
ascending(uint8_t from)
{
    struct digest digest;
    for (size_t i = 0; i < sizeof digest.bytes; i++)
        digest.bytes[i] = (uint8_t)(from + i);
    return digest;
}

static void
assert_digest(const struct digest *digest, const char *expected)
{
    char text[DIGEST_TEXT_MAX];
    digest_format(digest, text);
    ck_assert_str_eq(text, expected);
}

START_TEST(commitments_are_those_of_the_specification)
{
    static const char record[] =
        "{\"account\":\"acct-1\",\"decision\":\"accept\",\"notional\":\"1000.50\",\"v\":1}";
    struct digest     salt = ascending(0xa0), zeros = filled(0);
    struct sealed     sealed = sealed_of(&salt, record, sizeof record - 1);
    struct sealed     empty = sealed_of(&zeros, "", 0);

    assert_digest(&sealed.commitment,
                  "fe3677ec5035d82fdb4a975ee73743d9c0b50e02aa7bc91b491f1a656b569c56");
    assert_digest(&empty.commitment,
                  "43a228d0d2ba2e15fe4e524e66fc3351ec2cfeb290780820449a48836d402f0f");
    ck_assert(digest_equal(&sealed.salt, &salt));
}
END_TEST

static void
assert_sealed(const struct draft *draft, const char *id, int64_t iseq, const struct digest *prev,
              struct arena *arena, const char *record, const char *sha256, const char *commitment)
{
    struct digest salt = ascending(0xa0);
    struct sealed sealed;
    struct text   text;

    text_open(&text, arena, draft_bytes_max(draft) + 3, 1 << 20);
    text_add(&text, "###", 3);   /* what stands there already is left alone and not hashed */
    draft_seal(draft, id, iseq, prev, &salt, &text, &sealed);
    ck_assert_uint_eq(text.count, strlen(record) + 3);
    ck_assert_mem_eq(text.bytes + 3, record, strlen(record));
    assert_digest(&sealed.record_sha256, sha256);
    assert_digest(&sealed.commitment, commitment);
    ck_assert_uint_le(strlen(record), draft_bytes_max(draft));
}

static struct text
text_of(const char *string, struct arena *arena)
{
    struct text text;
    text_open(&text, arena, 64, 1 << 20);
    text_add_string(&text, string);
    return text;
}

START_TEST(decision_has_all_members_in_order)
{
    struct arena arena;
    struct draft draft;
    arena_open(&arena, 1 << 20);
    struct text           figures = text_of("{\"health\":{\"ratio\":\"1.5\"}}", &arena);
    struct text           inputs =
        text_of("{\"account\":{\"id\":\"acct-1\"},\"market\":\"eth-usd\"}", &arena);
    struct digest         snapshot = filled(0x33), prev = filled(0x22);
    struct decision_facts facts = {
        .actor = "0123456789abcdef", .market = "eth-usd", .operation = "preview",
        .ts_us = INT64_C(1767225600000000), .eval_ts_us = INT64_C(1767225600000001),
        .engine_version = "0.2.0", .engine_build = "abc", .figures = &figures, .inputs = &inputs,
        .parameters_version = 3, .parameters_sha256 = filled(0x11), .snapshot_sha256 = &snapshot,
    };

    ck_assert(draft_decision(&facts, INST, &arena, &arena, &draft));
    ck_assert(draft.has_id);
    assert_sealed(&draft, "dec_4fe400112233445546778899aabbccddeeff000000000007", 7, &prev, &arena,
                  "{\"actor\":\"0123456789abcdef\",\"engine\":{\"build\":\"abc\","
                  "\"version\":\"0.2.0\"},\"eval_ts\":1767225600000001,"
                  "\"figures\":{\"health\":{\"ratio\":\"1.5\"}},"
                  "\"id\":\"dec_4fe400112233445546778899aabbccddeeff000000000007\","
                  "\"inputs\":{\"account\":{\"id\":\"acct-1\"},\"market\":\"eth-usd\"},\"inst\":\""
                  INST "\",\"iseq\":7,"
                  "\"kind\":\"decision\",\"market\":\"eth-usd\","
                  "\"operation\":\"preview\",\"parameters\":{\"sha256\":"
                  "\"1111111111111111111111111111111111111111111111111111111111111111\","
                  "\"version\":3},\"prev\":"
                  "\"2222222222222222222222222222222222222222222222222222222222222222\","
                  "\"snapshot\":{\"sha256\":"
                  "\"3333333333333333333333333333333333333333333333333333333333333333\"},"
                  "\"ts\":1767225600000000,\"v\":1}",
                  "f41f77e448aca436372703cf202f6b8681bf4546a2405fb6bf952969c85272cd",
                  "063cb585efd5bccfd018b4439ed8d04018974a185620defa72d1b0a9fadbf844");
    arena_close(&arena);
}
END_TEST

START_TEST(what_a_decision_lacks_is_null)
{
    struct arena arena;
    struct draft draft;
    arena_open(&arena, 1 << 20);
    struct text           figures = text_of("{\"health\":{\"ratio\":\"1.5\"}}", &arena);
    struct text           inputs =
        text_of("{\"account\":{\"id\":\"acct-1\"},\"market\":\"eth-usd\"}", &arena);
    struct digest         zeros = filled(0);
    struct decision_facts facts = {
        .operation = "preview", .ts_us = INT64_C(1767225600000000),
        .eval_ts_us = INT64_C(1767225600000001),
        .engine_version = "0.2.0", .engine_build = "abc", .figures = &figures, .inputs = &inputs,
        .parameters_sha256 = filled(0x11),
    };

    ck_assert(draft_decision(&facts, INST, &arena, &arena, &draft));
    assert_sealed(&draft, "dec_4fe400112233445546778899aabbccddeeff000000000000", 0, &zeros, &arena,
                  "{\"actor\":null,\"engine\":{\"build\":\"abc\",\"version\":\"0.2.0\"},"
                  "\"eval_ts\":1767225600000001,"
                  "\"figures\":{\"health\":{\"ratio\":\"1.5\"}},"
                  "\"id\":\"dec_4fe400112233445546778899aabbccddeeff000000000000\","
                  "\"inputs\":{\"account\":{\"id\":\"acct-1\"},\"market\":\"eth-usd\"},\"inst\":\""
                  INST "\",\"iseq\":0,"
                  "\"kind\":\"decision\",\"market\":null,"
                  "\"operation\":\"preview\",\"parameters\":{\"sha256\":"
                  "\"1111111111111111111111111111111111111111111111111111111111111111\","
                  "\"version\":null},\"prev\":\"" ZEROS "\","
                  "\"snapshot\":null,\"ts\":1767225600000000,\"v\":1}",
                  "e226458c061af31a9c3ff54796e460c6dc6578226b70d6cd32192fe00970654b",
                  "91b36b9b296f44f9b50e2e55d5d11093b0257c217dd544e274e3c758ab9924ab");
    arena_close(&arena);
}
END_TEST

START_TEST(members_of_an_event_are_sorted_and_its_texts_escaped)
{
    static const struct draft_member members[] = {
        { "zzz", "null" }, { "version", "1" }, { "why", "\"\xc3\xa9\\n\"" }, { "aaa", "1" },
        { "sha256", "\"4444444444444444444444444444444444444444444444444444444444444444\"" },
    };
    struct arena  arena;
    struct draft  draft;
    struct digest zeros = filled(0);

    arena_open(&arena, 1 << 20);
    ck_assert(draft_event("parameters", NULL, "a\"b", 5, INST, members,
                          sizeof members / sizeof *members, &arena, &draft));
    ck_assert(!draft.has_id);
    assert_sealed(&draft, NULL, 0, &zeros, &arena, "{\"aaa\":1,\"actor\":null,\"inst\":\"" INST
                  "\",\"iseq\":0,\"kind\":\"parameters\",\"market\":\"a\\\"b\",\"prev\":\""
                  ZEROS "\","
                  "\"sha256\":\"4444444444444444444444444444444444444444444444444444444444444444\","
                  "\"ts\":5,\"v\":1,\"version\":1,"
                  "\"why\":\"\xc3\xa9\\n\",\"zzz\":null}",
                  "f020fc9ac671213ba3a95133310ce2b677f7e3e235d08fd17869f14a34b00a6f",
                  "3276038880f0ca5e9de6e8a1e0cacd31e84bed8dac1115bd63c310c87ec66f89");
    arena_close(&arena);
}
END_TEST

START_TEST(a_draft_that_does_not_fit_is_refused)
{
    struct draft draft;
    size_t       bytes_max = 1;

    for (bool fits = false; !fits; bytes_max++) {
        struct arena arena;
        arena_open(&arena, bytes_max * 64);
        fits = draft_event("open", NULL, NULL, 5, INST, NULL, 0, &arena, &draft);
        arena_close(&arena);
        ck_assert_uint_lt(bytes_max, 1000);
    }
    /* it takes more than 200 bytes: some attempts were refused */
    ck_assert_uint_gt(bytes_max, 3);
}
END_TEST

Suite *
draft_suite(void)
{
    Suite *suite = suite_create("draft");
    TCase *tcase = tcase_create("draft");
    tcase_add_test(tcase, commitments_are_those_of_the_specification);
    tcase_add_test(tcase, decision_has_all_members_in_order);
    tcase_add_test(tcase, what_a_decision_lacks_is_null);
    tcase_add_test(tcase, members_of_an_event_are_sorted_and_its_texts_escaped);
    tcase_add_test(tcase, a_draft_that_does_not_fit_is_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}
