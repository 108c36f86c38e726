/* Entries and bundles; the hashes are Python's hashlib's. */
#include "audit/entry.h"

#include <string.h>

#include "tests/suite.h"

static struct digest
commitment_in(const char *hex)
{
    struct digest commitment;
    ck_assert(digest_parse(hex, &commitment));
    return commitment;
}

#define COMMITMENT "fe3677ec5035d82fdb4a975ee73743d9c0b50e02aa7bc91b491f1a656b569c56"

START_TEST(an_entry_is_a_byte_and_the_commitment)
{
    struct digest commitment = commitment_in(COMMITMENT), leaf = entry_leaf_hash(&commitment), read;
    struct entry  entry = entry_of(&commitment);
    char          text[DIGEST_TEXT_MAX];

    digest_format(&leaf, text);
    ck_assert_str_eq(text, "09336e6cee5bb51a8dd0c95349443d53d591e0a9ffd45fb11c9c9cd392f8a328");
    ck_assert_int_eq(entry.bytes[0], 1);
    ck_assert(entry_parse(entry.bytes, sizeof entry.bytes, &read));
    ck_assert(digest_equal(&read, &commitment));
    ck_assert(!entry_parse(entry.bytes, sizeof entry.bytes - 1, &read));
    ck_assert(!entry_parse(entry.bytes, 0, &read));
    for (int format = 0; format < 256; format++) {
        entry.bytes[0] = (uint8_t)format;
        ck_assert_int_eq(entry_parse(entry.bytes, sizeof entry.bytes, &read), format == 1);
    }
}
END_TEST

static struct text
bundle_of(size_t entries, struct arena *arena)
{
    struct text text;

    text_open(&text, arena, 64, 1 << 14);
    for (size_t i = 0; i < entries; i++) {
        struct digest commitment = { { (uint8_t)i, 7 } };
        struct entry  entry = entry_of(&commitment);
        bundle_add(&text, entry.bytes, sizeof entry.bytes);
    }
    ck_assert(!text.is_full);
    return text;
}

START_TEST(a_bundle_is_as_wide_as_it_says)
{
    struct arena  arena;
    struct digest commitments[TILE_WIDTH];
    int           width = _i, bad;

    arena_open(&arena, 1 << 16);
    struct text text = bundle_of((size_t)width, &arena);
    ck_assert_uint_eq(text.count, 35 * (size_t)width);
    ck_assert(bundle_parse(text.bytes, text.count, width, commitments, &bad));
    ck_assert_int_eq(commitments[width - 1].bytes[0], (width - 1) & 0xFF);
    ck_assert_int_eq(commitments[0].bytes[1], 7);
    ck_assert(!bundle_parse(text.bytes, text.count - 1, width, commitments, &bad));
    ck_assert_int_eq(bad, width - 1);
    if (width > 1) {
        ck_assert(!bundle_parse(text.bytes, text.count, width - 1, commitments, &bad));
        ck_assert_int_eq(bad, width - 1);
    }
    if (width < TILE_WIDTH) {
        ck_assert(!bundle_parse(text.bytes, text.count, width + 1, commitments, &bad));
        ck_assert_int_eq(bad, width);
    }
    arena_close(&arena);
}
END_TEST

/* Lengths and formats: each byte that is not of a commitment may have one value only. */
START_TEST(a_bad_entry_is_named)
{
    struct arena  arena;
    struct digest commitments[TILE_WIDTH];
    int           bad;

    arena_open(&arena, 1 << 16);
    struct text text = bundle_of(5, &arena);
    for (int entry = 0; entry < 5; entry++)
        for (int byte = 0; byte < 3; byte++)
            for (int bit = 0; bit < 8; bit++) {
                char *at = &text.bytes[35 * entry + byte];
                *at = (char)(*at ^ 1 << bit);
                if (bundle_parse(text.bytes, text.count, 5, commitments, &bad) || bad != entry)
                    ck_abort_msg("entry %d, byte %d, bit %d: %d is named", entry, byte, bit, bad);
                *at = (char)(*at ^ 1 << bit);
            }
    ck_assert(bundle_parse(text.bytes, text.count, 5, commitments, &bad));
    arena_close(&arena);
}
END_TEST

START_TEST(entries_of_other_logs_have_any_length)
{
    static const char bytes[] = "\x00\x00\x00\x03" "abc" "\x00\x01x";
    struct bundle bundle = { .at = (const uint8_t *)bytes,
                             .end = (const uint8_t *)bytes + sizeof bytes - 1 };
    const uint8_t    *entry;
    size_t            count;

    ck_assert(bundle_next(&bundle, &entry, &count));
    ck_assert_uint_eq(count, 0);
    ck_assert(bundle_next(&bundle, &entry, &count));
    ck_assert_uint_eq(count, 3);
    ck_assert_mem_eq(entry, "abc", 3);
    ck_assert(bundle_next(&bundle, &entry, &count));
    ck_assert(!bundle_next(&bundle, &entry, &count));
    ck_assert_ptr_eq(bundle.at, bundle.end);
}
END_TEST

Suite *
entry_suite(void)
{
    static const int widths[] = { 1, 2, 255, 256 };
    Suite *suite = suite_create("entry");
    TCase *tcase = tcase_create("entry");
    tcase_add_test(tcase, an_entry_is_a_byte_and_the_commitment);
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
        tcase_add_loop_test(tcase, a_bundle_is_as_wide_as_it_says, widths[i], widths[i] + 1);
    tcase_add_test(tcase, a_bad_entry_is_named);
    tcase_add_test(tcase, entries_of_other_logs_have_any_length);
    suite_add_tcase(suite, tcase);
    return suite;
}
