/* Questions to witnesses and their answers, by c2sp.org/tlog-witness. */
#include "audit/witness.h"

#include <string.h>

#include "tests/notes.h"
#include "tests/suite.h"

static const struct witness_question question = {
    .old = 3,
    .size = 8,
    .text = { HEAD_TEXT, sizeof HEAD_TEXT - 1 },
    .note = { HEAD_NOTE, sizeof HEAD_NOTE - 1 },
};

static struct witness_answer
answer_of(int status, const char *media_type, const char *body)
{
    struct witness_answer answer;
    struct key            witness;

    ck_assert_int_eq(key_parse(WITNESS1_VKEY, strlen(WITNESS1_VKEY), &witness), VERDICT_GOOD);
    witness_answer_read(status, media_type, body, strlen(body), &question, &witness, &answer);
    return answer;
}

START_TEST(a_question_is_as_specified)
{
    struct witness_question first = question;
    struct proof            none = { .count = 0 }, many = { .count = WITNESS_PROOF_HASHES_MAX + 1 };
    struct arena            arena;
    struct text             text;

    arena_open(&arena, 1 << 14);
    text_open(&text, &arena, 64, 1 << 13);
    first.old = 0;
    ck_assert(witness_question_write(&first, &none, &text));
    ck_assert_uint_eq(text.count, strlen("old 0\n\n" HEAD_NOTE));
    ck_assert_mem_eq(text.bytes, "old 0\n\n" HEAD_NOTE, text.count);
    text.count = 0;
    many.hashes[0] = digest_of("", 0);
    ck_assert(!witness_question_write(&question, &many, &text));
    many.count = 1;
    ck_assert(witness_question_write(&question, &many, &text));
    ck_assert_uint_eq(text.count,
                      strlen("old 3\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n" HEAD_NOTE));
    ck_assert_mem_eq(text.bytes,
                     "old 3\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n" HEAD_NOTE,
                     text.count);
    arena_close(&arena);
}
END_TEST

START_TEST(a_cosignature_is_taken)
{
    struct witness_answer answer =
        answer_of(200, "text/plain", UNKNOWN_LINE WITNESS2_LINE WITNESS1_LINE);

    ck_assert_int_eq(answer.next, WITNESS_COSIGNED);
    ck_assert_int_eq(answer.time_s, 1700000000);
    ck_assert_uint_eq(answer.signature.line.count, strlen(WITNESS1_LINE) - 1);
    ck_assert_mem_eq(answer.signature.line.bytes, WITNESS1_LINE, answer.signature.line.count);
}
END_TEST

static const struct {
    int status;
    const char *media_type, *body;
    enum witness_next next;
    int64_t size;
} answers[] = {
    { 200, NULL, "", WITNESS_ALARM, 0 },
    { 200, NULL, WITNESS2_LINE, WITNESS_ALARM, 0 },
    { 200, NULL, "hello\n" WITNESS1_LINE, WITNESS_ALARM, 0 },
    { 200, NULL, WITNESS1_LINE "x", WITNESS_ALARM, 0 },
    { 200, NULL, WITNESS1_LINE "\n", WITNESS_ALARM, 0 },
    { 200, NULL, WITNESS1_LINE DASH "witness.example/w1 SvifPAAA\n", WITNESS_ALARM, 0 },
    { 200, NULL,
      DASH "witness.example/w1 "
           "SvifPAAAAABlU/EB4LlcXgKIKKI2i7zwfAxj94N0Lc/"
           "p4cZ3zszox2QDOTouuiVFIoObbM6zU9z0u22MolHlTxdiIqyvOed26FgUBg==\n",
      WITNESS_ALARM, 0 },
    { 409, "text/x.tlog.size", "5\n", WITNESS_CATCH_UP, 5 },
    { 409, "text/x.tlog.size", "0\n", WITNESS_CATCH_UP, 0 },
    { 409, "Text/X.Tlog.Size; charset=utf-8", "8\n", WITNESS_CATCH_UP, 8 },
    { 409, "text/x.tlog.size", "9\n", WITNESS_AHEAD, 9 },
    { 409, "text/x.tlog.size", "9223372036854775807\n", WITNESS_AHEAD, INT64_MAX },
    { 409, "text/x.tlog.size", "3\n", WITNESS_ALARM,
      3 }, /* it is where we asked from: the roots differ */
    { 409, "text/x.tlog.size", "5", WITNESS_ALARM, 0 },
    { 409, "text/x.tlog.size", "5\n\n", WITNESS_ALARM, 0 },
    { 409, "text/x.tlog.size", "05\n", WITNESS_ALARM, 0 },
    { 409, "text/x.tlog.size", "-5\n", WITNESS_ALARM, 0 },
    { 409, "text/x.tlog.size", "9223372036854775808\n", WITNESS_ALARM, 0 },
    { 409, "text/x.tlog.size", "", WITNESS_ALARM, 0 },
    { 409, "text/plain", "5\n", WITNESS_ALARM, 0 },
    { 409, "text/x.tlog.sizes", "5\n", WITNESS_ALARM, 0 },
    { 409, NULL, "5\n", WITNESS_ALARM, 0 },
    { 400, NULL, "", WITNESS_ALARM, 0 },
    { 403, NULL, "", WITNESS_ALARM, 0 },
    { 404, NULL, "", WITNESS_ALARM, 0 },
    { 422, NULL, "", WITNESS_ALARM, 0 },
    { 201, NULL, WITNESS1_LINE, WITNESS_ALARM, 0 },
    { 301, NULL, "", WITNESS_ALARM, 0 },
    { 600, NULL, "", WITNESS_ALARM, 0 },
    { -1, NULL, "", WITNESS_ALARM, 0 },
    { 0, NULL, "", WITNESS_LATER, 0 },
    { 408, NULL, "", WITNESS_LATER, 0 },
    { 429, NULL, "", WITNESS_LATER, 0 },
    { 500, NULL, "", WITNESS_LATER, 0 },
    { 503, NULL, "", WITNESS_LATER, 0 },
};

START_TEST(an_answer_says_what_to_do_next)
{
    struct witness_answer answer =
        answer_of(answers[_i].status, answers[_i].media_type, answers[_i].body);

    ck_assert_int_eq(answer.next, answers[_i].next);
    if (answers[_i].next == WITNESS_CATCH_UP || answers[_i].next == WITNESS_AHEAD)
        ck_assert_int_eq(answer.size, answers[_i].size);
}
END_TEST

/* sha256sum of "log.example/audit". */
START_TEST(the_monitoring_path_is_the_origin_s_digest)
{
    char path[WITNESS_PATH_MAX];

    witness_monitoring_path("log.example/audit", path);
    ck_assert_str_eq(path,
                     "cbd6947f91d08f4fc904bb0987574379ac5e35b4aad20e968c683c236868c40a/checkpoint");
}
END_TEST

Suite *
witness_suite(void)
{
    Suite *suite = suite_create("witness");
    TCase *tcase = tcase_create("witness");
    tcase_add_test(tcase, a_question_is_as_specified);
    tcase_add_test(tcase, a_cosignature_is_taken);
    tcase_add_loop_test(tcase, an_answer_says_what_to_do_next, 0, sizeof answers / sizeof *answers);
    tcase_add_test(tcase, the_monitoring_path_is_the_origin_s_digest);
    suite_add_tcase(suite, tcase);
    return suite;
}
