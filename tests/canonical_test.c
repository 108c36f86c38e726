/* RFC 8785's form: the RFC's own examples of order and escapes, and every way to leave the form. */
#include "audit/canonical.h"

#include <string.h>

#include "record/json.h"
#include "tests/suite.h"

static const char *const good[] = {
    "null",
    "true",
    "false",
    "0",
    "-1",
    "9007199254740991",
    "-9007199254740991",
    "\"\"",
    "[]",
    "{}",
    "[1,2,[3]]",
    "{\"a\":1,\"b\":{\"a\":[]},\"c\":null}",
    "{\"\":1,\"a\":2,\"aa\":3,\"b\":4}",
    "{\"1\":1,\"10\":2,\"2\":3}",
    "\"/\"",
    "\"\\\"\\\\\\b\\f\\n\\r\\t\"",
    "\"\\u0000\\u0001\\u000b\\u000e\\u001f\"",
    "\"\x7f\xc2\x80\xe2\x82\xac\xf0\x9f\x98\x80\"",
    /* RFC 8785 section 3.2.3: \r, 1, U+0080, U+00F6, U+20AC, U+1F600, U+FB33 */
    "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\",\"\xc3\xb6\":\"Latin "
    "Small Letter O With Diaeresis\","
    "\"\xe2\x82\xac\":\"Euro Sign\",\"\xf0\x9f\x98\x80\":\"Emoji: Grinning "
    "Face\",\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}",
    "{\"\\n\":1,\"\\r\":2,\" \":3,\"\\\"\":4,\"\\\\\":5,\"a\":6}",
    "{\"\\u0000\":1,\"\\u0001\":2,\"\\t\":3}",
};

START_TEST(what_is_canonical_passes)
{
    size_t at, count = strlen(good[_i]);

    ck_assert_msg(canonical_check(good[_i], count, &at), "%s at %zu", good[_i], at);
    ck_assert_uint_eq(at, count);
    for (size_t less = 0; less < count; less++) /* a number's beginning may be one itself */
        if (!strchr("-0123456789", good[_i][0]))
            ck_assert(!canonical_check(good[_i], less, &at));
}
END_TEST

static const struct { const char *bytes; size_t at; } bad[] = {
    { "", 0 },
    { " ", 0 },
    { "1 ", 1 },
    { " 1", 0 },
    { "1\n", 1 },
    { "\xef\xbb\xbf"
      "1",
      0 },
    { "[1, 2]", 3 },
    { "[ 1]", 1 },
    { "[1 ]", 2 },
    { "[1,]", 3 },
    { "[,1]", 1 },
    { "[1", 2 },
    { "[", 1 },
    { "]", 0 },
    { "[1}", 2 },
    { "{\"a\" :1}", 4 },
    { "{\"a\": 1}", 5 },
    { "{ \"a\":1}", 1 },
    { "{\"a\":1 }", 6 },
    { "{\"a\":1,\"b\":2,}", 13 },
    { "{\"a\":1,}", 7 },
    { "{\"a\"}", 4 },
    { "{\"a\":}", 5 },
    { "{1:2}", 1 },
    { "{\"a\":1", 6 },
    { "{\"b\":1,\"a\":2}", 7 },
    { "{\"a\":1,\"a\":2}", 7 },
    { "{\"aa\":1,\"a\":2}", 8 },
    { "{\"a\":1,\"\":2}", 7 },
    { "{\"a\":1,\"B\":2}", 7 },
    { "{\"x\":{\"b\":1,\"a\":2}}", 12 },
    { "{\"2\":1,\"10\":3}", 7 },
    { "{\"\xef\xac\xb3\":1,\"\xf0\x9f\x98\x80\":2}",
      9 }, /* code points' order, which is not UTF-16's */
    { "{\"\\r\":1,\"\\n\":2}", 8 },
    { "{\"\\t\":1,\"\\u0001\":2}", 8 },
    { "1.0", 0 },
    { "1.5", 0 },
    { "1e3", 0 },
    { "1E3", 0 },
    { "-0", 0 },
    { "01", 1 },
    { "+1", 0 },
    { ".5", 0 },
    { "-", 1 },
    { "NaN", 0 },
    { "9007199254740992", 0 },
    { "-9007199254740992", 0 },
    { "99999999999999999999999", 0 },
    { "[1.0]", 1 },
    { "\"\\/\"", 1 },
    { "\"\\u0061\"", 1 },
    { "\"\\u000A\"", 1 },
    { "\"\\u000a\"", 1 },
    { "\"\\u0008\"", 1 },
    { "\"\\u001F\"", 1 },
    { "\"\\u0022\"", 1 },
    { "\"\\u005c\"", 1 },
    { "\"\\u20ac\"", 1 },
    { "\"\\ud83d\\ude00\"", 1 },
    { "\"\\u007f\"", 1 },
    { "\"a\\/\"", 2 },
    { "\"\\ud800\"", 1 },
    { "\"\xff\"", 1 },
    { "\"\xed\xa0\x80\"", 1 },
    { "\"\n\"", 1 },
    { "\"a", 2 },
    { "'a'", 0 },
    { "{\"a\\u0062\":1}", 3 },
    { "nul", 0 },
    { "True", 0 },
    { "null,", 4 },
    { "//", 0 },
};

START_TEST(what_is_not_canonical_is_found)
{
    size_t at;
    ck_assert_msg(!canonical_check(bad[_i].bytes, strlen(bad[_i].bytes), &at), "%s", bad[_i].bytes);
    ck_assert_msg(at == bad[_i].at, "%s: at %zu, expected %zu", bad[_i].bytes, at, bad[_i].at);
}
END_TEST

START_TEST(nesting_is_bounded)
{
    char   bytes[2 * JSON_DEPTH_MAX + 2];
    size_t at;

    memset(bytes, '[', JSON_DEPTH_MAX + 1);
    memset(bytes + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
    ck_assert(!canonical_check(bytes, sizeof bytes, &at));
    ck_assert_uint_eq(at, JSON_DEPTH_MAX);
    ck_assert(canonical_check(bytes + 1, sizeof bytes - 2, &at));
}
END_TEST

START_TEST(a_nul_is_a_byte_like_others)
{
    size_t at;
    ck_assert(!canonical_check("1\0", 2, &at));
    ck_assert(!canonical_check("\"\0\"", 3, &at));
    ck_assert(!canonical_check("\"\\\0\"", 4, &at));
}
END_TEST

Suite *
canonical_suite(void)
{
    Suite *suite = suite_create("canonical");
    TCase *tcase = tcase_create("canonical");
    tcase_add_loop_test(tcase, what_is_canonical_passes, 0, sizeof good / sizeof *good);
    tcase_add_loop_test(tcase, what_is_not_canonical_is_found, 0, sizeof bad / sizeof *bad);
    tcase_add_test(tcase, nesting_is_bounded);
    tcase_add_test(tcase, a_nul_is_a_byte_like_others);
    suite_add_tcase(suite, tcase);
    return suite;
}
