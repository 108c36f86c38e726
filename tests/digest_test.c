/* SHA-256 by the standard's own examples (FIPS 180-4, NIST's SHA256ShortMsg), and the text form. */
#include <string.h>

#include "audit/digest.h"
#include "tests/suite.h"

static const struct { const char *bytes; size_t count; const char *sha256; } known[] = {
    { "", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    { "abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
    { "\xd3", 1, "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1" },
};

START_TEST(known_messages_have_their_digests)
{
    struct digest digest = digest_of(known[_i].bytes, known[_i].count);
    char          text[DIGEST_TEXT_MAX];

    digest_format(&digest, text);
    ck_assert_str_eq(text, known[_i].sha256);
}
END_TEST

START_TEST(parts_are_hashed_as_one_message)
{
    struct digest_part parts[] = { { "a", 1 }, { "", 0 }, { "bc", 2 } };
    struct digest      digest = digest_of_parts(parts, 3);
    char               text[DIGEST_TEXT_MAX];

    digest_format(&digest, text);
    ck_assert_str_eq(text, known[1].sha256);
}
END_TEST

START_TEST(text_is_read_back)
{
    struct digest digest, expected = digest_of("abc", 3);

    ck_assert(digest_parse(known[1].sha256, &digest));
    ck_assert(digest_equal(&digest, &expected));
    digest.bytes[31] ^= 1;
    ck_assert(!digest_equal(&digest, &expected));
}
END_TEST

static const char *const bad_texts[] = {
    "", "ba", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a",
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad0",
    "BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    "ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    " a7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
};

START_TEST(other_text_is_refused)
{
    struct digest digest;
    ck_assert(!digest_parse(bad_texts[_i], &digest));
}
END_TEST

START_TEST(random_bytes_differ)
{
    uint8_t one[300] = { 0 }, other[300] = { 0 }, zeros[300] = { 0 };

    random_fill(one, sizeof one);
    random_fill(other, sizeof other);
    ck_assert_mem_ne(one, other, sizeof one);
    ck_assert_mem_ne(one + 268, zeros, 32);
    random_fill(zeros, 0);
}
END_TEST

Suite *
digest_suite(void)
{
    Suite *suite = suite_create("digest");
    TCase *tcase = tcase_create("digest");
    tcase_add_loop_test(tcase, known_messages_have_their_digests, 0, sizeof known / sizeof *known);
    tcase_add_test(tcase, parts_are_hashed_as_one_message);
    tcase_add_test(tcase, text_is_read_back);
    tcase_add_loop_test(tcase, other_text_is_refused, 0, sizeof bad_texts / sizeof *bad_texts);
    tcase_add_test(tcase, random_bytes_differ);
    suite_add_tcase(suite, tcase);
    return suite;
}
