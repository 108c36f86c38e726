/* The arena and the texts that grow in it. */
#include "record/arena.h"
#include "record/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/suite.h"

static bool
is_zero(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

START_TEST(memory_is_zeroed_and_aligned_and_apart)
{
    struct arena arena;
    char        *taken[500];

    arena_open(&arena, 1 << 20);
    ck_assert_uint_eq(arena.used, 0);
    for (size_t i = 0; i < 500; i++) {
        taken[i] = arena_alloc(&arena, i, 3);
        ck_assert_ptr_nonnull(taken[i]);
        ck_assert_uint_eq((uintptr_t)taken[i] % 16, 0);
        ck_assert(is_zero(taken[i], 3 * i));
        memset(taken[i], (int)(i % 255 + 1), 3 * i);
        ck_assert_ptr_nonnull(arena_copy(&arena, "x", i % 2));
    }
    for (size_t i = 0; i < 500; i++)
        for (size_t k = 0; k < 3 * i; k++)
            ck_assert_int_eq((unsigned char)taken[i][k], (int)(i % 255 + 1));
    arena_close(&arena);
    ck_assert_uint_eq(arena.used, 0);
}
END_TEST

START_TEST(a_full_arena_gives_nothing_and_stays_whole)
{
    struct arena arena;

    arena_open(&arena, 1000);
    char *kept = arena_alloc(&arena, 1, 900);
    ck_assert_ptr_nonnull(kept);
    ck_assert_ptr_null(arena_alloc(&arena, 1, 200));
    ck_assert_ptr_null(arena_copy(&arena, "0123456789", SIZE_MAX));
    ck_assert_ptr_null(arena_alloc(&arena, SIZE_MAX / 2, 3));
    ck_assert_ptr_null(arena_alloc(&arena, 1, SIZE_MAX));
    ck_assert_ptr_null(arena_resize(&arena, kept, 900, 1001));
    ck_assert(is_zero(kept, 900));
    ck_assert_str_eq(arena_copy(&arena, "fits yet", 4), "fits");
    ck_assert_uint_le(arena.used, 1000);
    arena_close(&arena);
    ck_assert_ptr_nonnull(arena_alloc(&arena, 1, 1000));
    arena_close(&arena);

    arena_open(&arena, 0);
    ck_assert_ptr_null(arena_alloc(&arena, 1, 1));
    arena_close(&arena);
}
END_TEST

START_TEST(blocks_grow_but_never_past_the_maximum)
{
    struct arena arena;
    size_t       count = 0;

    arena_open(&arena, 3 << 20);
    while (arena_alloc(&arena, 1, 1024)) {
        count++;
        ck_assert_uint_le(arena.used, 3 << 20);
    }
    ck_assert_uint_ge(count, 3 * 1024 - 3 * 4);      /* little is lost at the ends of blocks */
    arena_close(&arena);
}
END_TEST

START_TEST(resizing_keeps_what_was_there)
{
    struct arena arena;

    arena_open(&arena, 1 << 20);
    char *first = arena_alloc(&arena, 1, 10);
    memset(first, 'a', 10);
    char *longer = arena_resize(&arena, first, 10, 100);
    ck_assert_ptr_eq(longer, first);                 /* nothing stood behind it */
    ck_assert(is_zero(longer + 10, 90));
    memset(longer, 'b', 100);
    char *other = arena_alloc(&arena, 1, 1);
    char *moved = arena_resize(&arena, longer, 100, 20000);
    ck_assert_ptr_ne(moved, longer);
    ck_assert_int_eq(*other, 0);
    for (size_t i = 0; i < 100; i++)
        ck_assert_int_eq(moved[i], 'b');
    ck_assert(is_zero(moved + 100, 19900));
    ck_assert_ptr_nonnull(arena_resize(&arena, NULL, 0, 5));
    arena_close(&arena);
}
END_TEST

START_TEST(a_text_collects_what_is_added)
{
    struct arena arena;
    struct text  text;

    arena_open(&arena, 1 << 20);
    text_open(&text, &arena, 0, 1000);
    text_add(&text, "abc", 2);
    text_add_string(&text, "-");
    text_add_integer(&text, 0);
    text_add_integer(&text, INT64_MIN);
    text_add_integer(&text, INT64_MAX);
    text_add_hex(&text, (const uint8_t[]){ 0x00, 0x9f, 0xff }, 3);
    text_format(&text, "[%5d|%s]", 42, "x");
    const char wanted[] = "ab-0-92233720368547758089223372036854775807009fff[   42|x]";
    ck_assert_uint_eq(text.count, sizeof wanted - 1);
    ck_assert_int_eq(memcmp(text.bytes, wanted, text.count), 0);
    text_format(&text, "%0600d", 0);
    ck_assert(!text.is_full);
    ck_assert_uint_eq(text.count, sizeof wanted - 1 + 600);
    ck_assert(text.bytes[text.count - 1] == '0');
    arena_close(&arena);
}
END_TEST

START_TEST(a_text_takes_its_maximum_and_no_more)
{
    struct arena arena;

    for (size_t max = 0; max < 300; max++) {
        struct text text;
        arena_open(&arena, 1 << 20);
        text_open(&text, &arena, 7, max);
        for (size_t i = 0; i < max; i++)
            text_add(&text, "x", 1);
        ck_assert(!text.is_full);
        ck_assert_uint_eq(text.count, max);
        text_add(&text, "", 0);
        ck_assert(!text.is_full);
        text_add(&text, "y", 1);
        ck_assert(text.is_full);
        ck_assert_uint_eq(text.count, max);
        arena_close(&arena);
    }
}
END_TEST

START_TEST(a_text_that_lost_something_takes_nothing_more)
{
    struct arena arena;
    struct text  text;

    arena_open(&arena, 1 << 20);
    text_open(&text, &arena, 4, 10);
    text_add_string(&text, "123456");
    text_format(&text, "%s", "too long by one");
    text_add_string(&text, "7");
    text_add_hex(&text, (const uint8_t[]){ 1 }, 1);
    ck_assert(text.is_full);
    ck_assert_uint_eq(text.count, 6);
    arena_close(&arena);

    arena_open(&arena, 3);                           /* the arena is full, not the text */
    text_open(&text, &arena, 4, 10);
    text_add_string(&text, "1");
    ck_assert(text.is_full);
    arena_close(&arena);
}
END_TEST

Suite *
arena_suite(void)
{
    Suite *suite = suite_create("arena");
    TCase *tests = tcase_create("arena");

    tcase_add_test(tests, memory_is_zeroed_and_aligned_and_apart);
    tcase_add_test(tests, a_full_arena_gives_nothing_and_stays_whole);
    tcase_add_test(tests, blocks_grow_but_never_past_the_maximum);
    tcase_add_test(tests, resizing_keeps_what_was_there);
    tcase_add_test(tests, a_text_collects_what_is_added);
    tcase_add_test(tests, a_text_takes_its_maximum_and_no_more);
    tcase_add_test(tests, a_text_that_lost_something_takes_nothing_more);
    suite_add_tcase(suite, tests);
    return suite;
}
