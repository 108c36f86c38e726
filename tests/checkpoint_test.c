/* Checkpoints and cosignatures; the notes were signed by Python's cryptography (tests/notes.h). */
#include "audit/checkpoint.h"

#include <string.h>

#include "tests/notes.h"
#include "tests/suite.h"

static struct key
key_of_line(const char *line)
{
    struct key key;
    ck_assert_int_eq(key_parse(line, strlen(line), &key), VERDICT_GOOD);
    return key;
}

static struct signer
signer_of_line(const char *line)
{
    struct signer signer;
    ck_assert_int_eq(signer_parse(line, strlen(line), &signer), VERDICT_GOOD);
    return signer;
}

START_TEST(a_checkpoint_is_signed_and_opened)
{
    uint8_t           next_seed[KEY_BYTES];
    struct key        key = key_of_line(LOG_VKEY);
    struct signer     signers[2] = { signer_of_line(LOG_SKEY) };
    struct checkpoint checkpoint;
    struct note       note;
    struct arena      arena;
    struct text       text;

    for (size_t i = 0; i < KEY_BYTES; i++)
        next_seed[i] = (uint8_t)(0x40 + i);
    signers[1] = signer_of(KEY_NOTE, "log.example/audit", next_seed);
    arena_open(&arena, 1 << 12);
    text_open(&text, &arena, 64, 1 << 11);
    ck_assert_int_eq(checkpoint_open(HEAD_NOTE, strlen(HEAD_NOTE), &key, &note, &checkpoint),
                     VERDICT_GOOD);
    ck_assert_str_eq(checkpoint.origin, "log.example/audit");
    ck_assert_int_eq(checkpoint.size, 8);
    text_add_string(&text, "before\n");
    checkpoint_sign(&checkpoint, signers, 2, &text);
    ck_assert_uint_eq(text.count, strlen("before\n" HEAD_NOTE NEXT_LINE));
    ck_assert_mem_eq(text.bytes, "before\n" HEAD_NOTE NEXT_LINE, text.count);
    arena_close(&arena);
}
END_TEST

START_TEST(a_checkpoint_that_does_not_fit_is_full)
{
    struct signer     signer = signer_of_line(LOG_SKEY);
    struct checkpoint checkpoint = { .origin = "log.example/audit", .size = 8 };
    struct arena      arena;

    for (size_t room = 1; room < 180; room += 7) {
        struct text text;
        arena_open(&arena, 1 << 12);
        text_open(&text, &arena, 1, room);
        checkpoint_sign(&checkpoint, &signer, 1, &text);
        ck_assert(text.is_full);
        arena_close(&arena);
    }
}
END_TEST

static const char *const bad_texts[] = {
    "",
    "log.example/audit\n",
    "log.example/audit\n8\n",
    "log.example/audit\n8\n" ROOT_8,
    HEAD_TEXT "extension\n",
    HEAD_TEXT "\n",
    "\n8\n" ROOT_8 "\n",
    "log example\n8\n" ROOT_8 "\n",
    "log+example\n8\n" ROOT_8 "\n",
    "log.example/audit\n08\n" ROOT_8 "\n",
    "log.example/audit\n-8\n" ROOT_8 "\n",
    "log.example/audit\n+8\n" ROOT_8 "\n",
    "log.example/audit\n8 \n" ROOT_8 "\n",
    "log.example/audit\n\n" ROOT_8 "\n",
    "log.example/audit\n8.0\n" ROOT_8 "\n",
    "log.example/audit\n0x8\n" ROOT_8 "\n",
    "log.example/audit\n9223372036854775808\n" ROOT_8 "\n",
    "log.example/audit\n18446744073709551624\n" ROOT_8 "\n",
    "log.example/audit\n8\n\n",
    "log.example/audit\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg\n",
    "log.example/audit\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyh=\n",
    "log.example/audit\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7w==\n",
    "log.example/audit\n8\n5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328\n",
    "log.example/audit\r\n8\r\n" ROOT_8 "\r\n",
};

START_TEST(what_is_no_checkpoint_is_refused)
{
    struct checkpoint checkpoint;
    ck_assert(!checkpoint_parse(bad_texts[_i], strlen(bad_texts[_i]), &checkpoint));
}
END_TEST

START_TEST(sizes_go_to_the_last)
{
    struct checkpoint checkpoint;
    static const char text[] = "log.example/audit\n9223372036854775807\n" ROOT_8 "\n";

    ck_assert(checkpoint_parse(text, strlen(text), &checkpoint));
    ck_assert_int_eq(checkpoint.size, INT64_MAX);
}
END_TEST

/* Signed by the log's key, and yet no checkpoint of this log. */
static const struct { const char *note; enum verdict verdict; } signed_but_bad[] = {
    { "log.example/audit\n8\n" ROOT_8 "\nextension\n\n" DASH "log.example/audit "
      "hmF9NsXFeXvBtgesoOjnN4iOxrkm6ipaoy9MHt7A2BJHku0zMTqaF5OcqD2LdaJkV/"
      "PIa1Iju+RxszhBA+NOP4IGHw8=\n",
      VERDICT_MALFORMED },
    { "log.example/audit/2\n8\n" ROOT_8 "\n\n" DASH "log.example/audit "
      "hmF9NhvXfvStXjIN58VvUYiuZXiR2x3V+oKBCESH2wB3DZcrj5Z+rhjJvhqDwT/"
      "0KbhTbJxbJKpTesZn0Ls9iudgVAc=\n",
      VERDICT_OTHER_ORIGIN },
    { "log.example/audit\n08\n" ROOT_8 "\n\n" DASH "log.example/audit "
      "hmF9NsaPc/Y/UZ8Q8ivi9gdkb6nYAE6KleoRyrM86Ty8TUt/"
      "77sQml3Fa4rrPP7IczQxDzTwBhZg3ELtUF+xy+BZGAs=\n",
      VERDICT_MALFORMED },
    { HEAD_TEXT "\n" UNKNOWN_LINE, VERDICT_NOT_SIGNED },
    { "log.example/audit\n9\n" ROOT_8 "\n\n" HEAD_LINE, VERDICT_BAD_SIGNATURE },
    { HEAD_TEXT, VERDICT_MALFORMED },
};

START_TEST(a_signature_is_not_enough)
{
    struct key        key = key_of_line(LOG_VKEY);
    struct checkpoint checkpoint;
    struct note       note;
    const char       *bytes = signed_but_bad[_i].note;

    ck_assert_int_eq(checkpoint_open(bytes, strlen(bytes), &key, &note, &checkpoint),
                     signed_but_bad[_i].verdict);
}
END_TEST

START_TEST(a_cosignature_is_made_and_found)
{
    struct key    witness = key_of_line(WITNESS1_VKEY), other = key_of_line(WITNESS2_VKEY);
    struct signer signer = signer_of_line(WITNESS1_SKEY);
    struct note   note;
    struct arena  arena;
    struct text   text;
    int64_t       time_s = 0;

    arena_open(&arena, 1 << 12);
    text_open(&text, &arena, 64, 1 << 11);
    text_add_string(&text, HEAD_NOTE);
    cosignature_add(&text, &signer, 1700000060, HEAD_TEXT, strlen(HEAD_TEXT));
    cosignature_add(&text, &signer, 1700000000, HEAD_TEXT, strlen(HEAD_TEXT));
    ck_assert_uint_eq(text.count, strlen(HEAD_NOTE WITNESS1_LATER WITNESS1_LINE));
    ck_assert_mem_eq(text.bytes, HEAD_NOTE WITNESS1_LATER WITNESS1_LINE, text.count);
    ck_assert(note_parse(text.bytes, text.count, &note));
    ck_assert_int_eq(cosignature_find(&note, &witness, &time_s), VERDICT_GOOD);
    ck_assert_int_eq(time_s, 1700000060);
    ck_assert_int_eq(cosignature_find(&note, &other, &time_s), VERDICT_NOT_SIGNED);
    arena_close(&arena);
}
END_TEST

/* The time is signed, the text is signed, the log's way of signing is another, a time past 2^63 is
 * none. */
START_TEST(a_cosignature_of_something_else_is_bad)
{
    static const char *const lines[] = {
        HEAD_TEXT "\n" DASH "witness.example/w1 "
                            "SvifPAAAAABlU/EB4LlcXgKIKKI2i7zwfAxj94N0Lc/"
                            "p4cZ3zszox2QDOTouuiVFIoObbM6zU9z0u22MolHlTxdiIqyvOed26FgUBg==\n",
        HEAD_TEXT "\n" DASH "witness.example/w1 "
                            "SvifPIAAAABlU/EA4LlcXgKIKKI2i7zwfAxj94N0Lc/"
                            "p4cZ3zszox2QDOTouuiVFIoObbM6zU9z0u22MolHlTxdiIqyvOed26FgUBg==\n",
        "log.example/audit\n9\n" ROOT_8 "\n\n" WITNESS1_LINE,
        HEAD_TEXT "\n" DASH "witness.example/w1 SvifPAAA\n",
    };
    struct key  witness = key_of_line(WITNESS1_VKEY);
    struct note note;
    int64_t     time_s;

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        ck_assert(note_parse(lines[i], strlen(lines[i]), &note));
        ck_assert_int_eq(cosignature_find(&note, &witness, &time_s), VERDICT_BAD_SIGNATURE);
    }
}
END_TEST

/* A note's text may be of any length, a checkpoint's not: its cosignature is looked at without room
 * for more. */
START_TEST(a_long_text_is_no_cosigned_checkpoint)
{
    struct key   witness = key_of_line(WITNESS1_VKEY);
    struct note  note;
    struct arena arena;
    struct text  text;
    int64_t      time_s;

    arena_open(&arena, 1 << 14);
    text_open(&text, &arena, 64, 1 << 13);
    for (size_t i = 0; i < CHECKPOINT_TEXT_MAX; i++)
        text_add(&text, "x", 1);
    text_add_string(&text, "\n\n" WITNESS1_LINE);
    ck_assert(note_parse(text.bytes, text.count, &note));
    ck_assert_int_eq(cosignature_find(&note, &witness, &time_s), VERDICT_BAD_SIGNATURE);
    arena_close(&arena);
}
END_TEST

Suite *
checkpoint_suite(void)
{
    Suite *suite = suite_create("checkpoint");
    TCase *tcase = tcase_create("checkpoint");
    tcase_add_test(tcase, a_checkpoint_is_signed_and_opened);
    tcase_add_test(tcase, a_checkpoint_that_does_not_fit_is_full);
    tcase_add_loop_test(tcase, what_is_no_checkpoint_is_refused, 0,
                        sizeof bad_texts / sizeof *bad_texts);
    tcase_add_test(tcase, sizes_go_to_the_last);
    tcase_add_loop_test(tcase, a_signature_is_not_enough, 0,
                        sizeof signed_but_bad / sizeof *signed_but_bad);
    tcase_add_test(tcase, a_cosignature_is_made_and_found);
    tcase_add_test(tcase, a_cosignature_of_something_else_is_bad);
    tcase_add_test(tcase, a_long_text_is_no_cosigned_checkpoint);
    suite_add_tcase(suite, tcase);
    return suite;
}
