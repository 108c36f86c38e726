/* Signed notes: the published examples, and what is no note. */
#include "audit/note.h"

#include <string.h>

#include "tests/notes.h"
#include "tests/suite.h"

#define EXAMPLE_VKEY "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
#define EXAMPLE_NOTE \
    "This is an example message.\n\n" DASH "example.com/foo " \
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
#define NEUMANN_SKEY \
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
#define NEUMANN_TEXT \
    "If you think cryptography is the answer to your problem,\nthen you don't know what your " \
    "problem is.\n"
#define NEUMANN_LINE \
    DASH "PeterNeumann " \
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"

static struct key
key_of_line(const char *line)
{
    struct key key;
    ck_assert_int_eq(key_parse(line, strlen(line), &key), VERDICT_GOOD);
    return key;
}

static struct note
note_of(const char *bytes)
{
    struct note note;
    ck_assert(note_parse(bytes, strlen(bytes), &note));
    return note;
}

START_TEST(the_examples_verify)
{
    struct note example = note_of(EXAMPLE_NOTE), neumann = note_of(NEUMANN_TEXT "\n" NEUMANN_LINE);
    struct key  example_key = key_of_line(EXAMPLE_VKEY), log_key = key_of_line(LOG_VKEY);

    ck_assert_uint_eq(example.text.count, strlen("This is an example message.\n"));
    ck_assert_uint_eq(example.signatures_count, 1);
    ck_assert_int_eq(note_check(&example, &example_key), VERDICT_GOOD);
    ck_assert_int_eq(note_check(&example, &log_key), VERDICT_NOT_SIGNED);
    ck_assert_int_eq(note_check(&neumann, &example_key), VERDICT_NOT_SIGNED);
}
END_TEST

START_TEST(a_note_is_signed_as_the_example_was)
{
    struct signer signers[2];
    struct arena  arena;
    struct text   text;

    arena_open(&arena, 1 << 12);
    text_open(&text, &arena, 64, 1 << 11);
    ck_assert_int_eq(signer_parse(NEUMANN_SKEY, strlen(NEUMANN_SKEY), &signers[0]), VERDICT_GOOD);
    ck_assert_int_eq(signer_parse(LOG_SKEY, strlen(LOG_SKEY), &signers[1]), VERDICT_GOOD);
    note_write(&text, NEUMANN_TEXT, strlen(NEUMANN_TEXT), signers, 2);
    ck_assert_uint_gt(text.count, strlen(NEUMANN_TEXT "\n" NEUMANN_LINE));
    ck_assert_mem_eq(text.bytes, NEUMANN_TEXT "\n" NEUMANN_LINE,
                     strlen(NEUMANN_TEXT "\n" NEUMANN_LINE));
    struct note note;
    ck_assert(note_parse(text.bytes, text.count, &note));
    ck_assert_uint_eq(note.signatures_count, 2);
    ck_assert_int_eq(note_check(&note, &signers[0].key), VERDICT_GOOD);
    ck_assert_int_eq(note_check(&note, &signers[1].key), VERDICT_GOOD);
    arena_close(&arena);
}
END_TEST

START_TEST(lines_of_others_say_nothing)
{
    struct key  key = key_of_line(LOG_VKEY), next = key_of_line(NEXT_VKEY);
    struct note with = note_of(HEAD_TEXT "\n" UNKNOWN_LINE NAMESAKE_LINE HEAD_LINE WITNESS1_LINE);
    struct note without = note_of(HEAD_TEXT "\n" UNKNOWN_LINE NAMESAKE_LINE);
    struct note both = note_of(HEAD_TEXT "\n" NEXT_LINE HEAD_LINE);

    ck_assert_uint_eq(with.signatures_count, 4);
    ck_assert_int_eq(note_check(&with, &key), VERDICT_GOOD);
    ck_assert_int_eq(note_check(&with, &next), VERDICT_NOT_SIGNED);
    ck_assert_int_eq(note_check(&without, &key), VERDICT_NOT_SIGNED);
    ck_assert_int_eq(note_check(&both, &key), VERDICT_GOOD);
    ck_assert_int_eq(note_check(&both, &next), VERDICT_GOOD);
    ck_assert_uint_eq(with.signatures[0].line.count,
                      strlen(UNKNOWN_LINE) - 1); /* kept as it came */
    ck_assert_mem_eq(with.signatures[0].line.bytes, UNKNOWN_LINE, with.signatures[0].line.count);
}
END_TEST

/* A signature with the key's name and ID that does not verify spoils the note, even beside a good
 * one. */
START_TEST(a_bad_signature_of_a_known_key_refuses_the_note)
{
    struct key  key = key_of_line(LOG_VKEY);
    struct note other_text = note_of("log.example/audit\n9\n" ROOT_8 "\n\n" HEAD_LINE);
    struct note beside = note_of(HEAD_TEXT "\n" HEAD_LINE DASH "log.example/audit hmF9NgAA\n");
    struct note twice = note_of(HEAD_TEXT "\n" HEAD_LINE HEAD_LINE);

    ck_assert_int_eq(note_check(&other_text, &key), VERDICT_BAD_SIGNATURE);
    ck_assert_int_eq(note_check(&beside, &key), VERDICT_BAD_SIGNATURE);
    ck_assert_int_eq(note_check(&twice, &key), VERDICT_GOOD);
}
END_TEST

/* Every change of one bit of a note: it is no note any more, or nobody signed it, or the signature
 * is bad. */
START_TEST(no_bit_can_be_changed)
{
    static const char bytes[] = HEAD_NOTE;
    char              changed[sizeof bytes];
    struct key        key = key_of_line(LOG_VKEY);
    struct note       note;

    for (size_t bit = 0; bit < 8 * (sizeof bytes - 1); bit++) {
        memcpy(changed, bytes, sizeof bytes);
        changed[bit / 8] = (char)(changed[bit / 8] ^ 1 << bit % 8);
        if (note_parse(changed, sizeof bytes - 1, &note) && note_check(&note, &key) == VERDICT_GOOD)
            ck_abort_msg("bit %zu of byte %zu can be changed", bit % 8, bit / 8);
    }
    ck_assert(note_parse(bytes, sizeof bytes - 1, &note));
    ck_assert_int_eq(note_check(&note, &key), VERDICT_GOOD);
}
END_TEST

static const char *const bad_notes[] = {
    "",
    "\n",
    "\n\n",
    "text\n",
    "text\n\n",
    "text",
    HEAD_TEXT HEAD_LINE,
    HEAD_TEXT "\n",
    HEAD_LINE,
    "\n" HEAD_LINE,
    "\n\n" UNKNOWN_LINE "x",
    HEAD_NOTE "\n",
    HEAD_NOTE "x",
    HEAD_NOTE "x\n",
    HEAD_NOTE " \n",
    "x\r\n\n" HEAD_LINE,
    "a\tb\n\n" HEAD_LINE,
    "\xff\n\n" HEAD_LINE,
    "\x01\n\n" HEAD_LINE,
    "text\n\n- log.example/audit AAAAAAECAwQFBgcICQ==\n",
    "text\n\n\xe2\x80\x94log.example AAAAAAECAwQFBgcICQ==\n",
    "text\n\n" DASH "log.example\n",
    "text\n\n" DASH "log.example \n",
    "text\n\n" DASH " AAAAAAECAwQFBgcICQ==\n",
    "text\n\n" DASH "a+b AAAAAAECAwQFBgcICQ==\n",
    "text\n\n" DASH "log.example AAAAAA==\n",
    "text\n\n" DASH "log.example AAAA\n",
    "text\n\n" DASH "log.example AAAAAAECAwQFBgcICQ=\n",
    "text\n\n" DASH "log.example AAAAAAECAwQFBgcICR==\n",
    "text\n\n" DASH "log.example  AAAAAAECAwQFBgcICQ==\n",
    "text\n\n" DASH "log.example AAAAAAECAwQFBgcICQ== \n",
    "text\n\n" DASH "log.example AAAAAAECAwQFBgcICQ==",
    "text\n\n" DASH "log.example AAAAAAECAwQFBgcICQ==\r\n",
    "text\n\n" DASH "log.example AAAAAAECAwQFBgcICQ== more\n",
};

START_TEST(what_is_no_note_is_refused)
{
    struct note note;
    ck_assert(!note_parse(bad_notes[_i], strlen(bad_notes[_i]), &note));
}
END_TEST

START_TEST(a_text_may_hold_blank_lines)
{
    struct note note = note_of("one\n\n\ntwo\n\n" UNKNOWN_LINE);

    ck_assert_uint_eq(note.text.count, strlen("one\n\n\ntwo\n"));
    ck_assert_uint_eq(note.signatures[0].key_id, 0);
    note = note_of("\n\n" UNKNOWN_LINE);
    ck_assert_uint_eq(note.text.count, 1);
}
END_TEST

START_TEST(signatures_are_bounded)
{
    struct arena arena;
    struct text  text;
    struct note  note;

    arena_open(&arena, 1 << 16);
    text_open(&text, &arena, 64, 1 << 14);
    text_add_string(&text, "text\n\n");
    for (size_t i = 0; i < NOTE_SIGNATURES_MAX; i++)
        text_add_string(&text, UNKNOWN_LINE);
    ck_assert(note_parse(text.bytes, text.count, &note));
    ck_assert_uint_eq(note.signatures_count, NOTE_SIGNATURES_MAX);
    text_add_string(&text, UNKNOWN_LINE);
    ck_assert(!text.is_full);
    ck_assert(!note_parse(text.bytes, text.count, &note));
    arena_close(&arena);
}
END_TEST

Suite *
note_suite(void)
{
    Suite *suite = suite_create("note");
    TCase *tcase = tcase_create("note");
    tcase_add_test(tcase, the_examples_verify);
    tcase_add_test(tcase, a_note_is_signed_as_the_example_was);
    tcase_add_test(tcase, lines_of_others_say_nothing);
    tcase_add_test(tcase, a_bad_signature_of_a_known_key_refuses_the_note);
    tcase_add_test(tcase, no_bit_can_be_changed);
    tcase_add_loop_test(tcase, what_is_no_note_is_refused, 0, sizeof bad_notes / sizeof *bad_notes);
    tcase_add_test(tcase, a_text_may_hold_blank_lines);
    tcase_add_test(tcase, signatures_are_bounded);
    suite_add_tcase(suite, tcase);
    return suite;
}
