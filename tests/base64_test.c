/* Base64 by RFC 4648 section 10's own vectors, and every second spelling refused. */
#include "audit/base64.h"

#include <string.h>

#include "tests/suite.h"

static const struct { const char *bytes, *text; } vectors[] = {
    { "", "" },
    { "f", "Zg==" },
    { "fo", "Zm8=" },
    { "foo", "Zm9v" },
    { "foob", "Zm9vYg==" },
    { "fooba", "Zm9vYmE=" },
    { "foobar", "Zm9vYmFy" },
    { "\xfb\xff\xbe", "+/++" },
    { "\xff\xff\xff", "////" },
};

START_TEST(vectors_both_ways)
{
    struct arena arena;
    struct text  text;
    char         bytes[16] = { 0 };
    size_t       count = strlen(vectors[_i].bytes), measured;

    arena_open(&arena, 1 << 12);
    text_open(&text, &arena, 16, 1 << 10);
    base64_add(&text, vectors[_i].bytes, count);
    ck_assert_uint_eq(text.count, strlen(vectors[_i].text));
    ck_assert_mem_eq(text.bytes, vectors[_i].text, text.count);
    ck_assert(base64_decode(vectors[_i].text, text.count, bytes, count));
    ck_assert_str_eq(bytes, vectors[_i].bytes);
    ck_assert(base64_measure(vectors[_i].text, text.count, &measured));
    ck_assert_uint_eq(measured, count);
    ck_assert(!base64_decode(vectors[_i].text, text.count, bytes, count + 1));
    arena_close(&arena);
}
END_TEST

/* Zh== and Zm9= leave bits over; the rest is not the alphabet, or the wrong length. */
static const char *const bad[] = {
    "Z",        "Zg",           "Zg=",   "Zg===", "Zh==",  "Zm9=",     "Zm8",     "Zm9v\n",
    "Zm9v ",    " Zm9",         "Zm\n9", "Z===",  "====",  "=m9v",     "Z=9v",    "Zm=v",
    "Zg==Zm9v", "Zm9vZg==Zg==", "Zm-v",  "Zm_v",  "Zm9v=", "Zm9v====", "Zm9\x80", "Zm9,",
};

START_TEST(other_spellings_are_refused)
{
    size_t count;
    ck_assert_msg(!base64_measure(bad[_i], strlen(bad[_i]), &count), "%s", bad[_i]);
}
END_TEST

/* Of the 64^2 endings of one byte only 256 are good, and of the 64^3 of two bytes 65,536. */
START_TEST(each_byte_has_one_spelling)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
    size_t            one = 0, two = 0, three = 0, count;

    for (size_t a = 0; a < 65; a++)
        for (size_t b = 0; b < 65; b++)
            for (size_t c = 0; c < 65; c++) {
                char four[4] = { alphabet[a], alphabet[b], alphabet[c], '=' };
                if (!base64_measure(four, 4, &count))
                    continue;
                one += count == 1;
                two += count == 2;
                three += count == 3;
            }
    ck_assert_uint_eq(one, 256);
    ck_assert_uint_eq(two, 65536);
    ck_assert_uint_eq(three, 0);
}
END_TEST

Suite *
base64_suite(void)
{
    Suite *suite = suite_create("base64");
    TCase *tcase = tcase_create("base64");
    tcase_add_loop_test(tcase, vectors_both_ways, 0, sizeof vectors / sizeof *vectors);
    tcase_add_loop_test(tcase, other_spellings_are_refused, 0, sizeof bad / sizeof *bad);
    tcase_add_test(tcase, each_byte_has_one_spelling);
    suite_add_tcase(suite, tcase);
    return suite;
}
