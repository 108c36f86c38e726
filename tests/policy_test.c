/* Policies: the specification's example, every line that may not stand, and quorums counted by
 * brute force. */
#include "audit/policy.h"

#include <stdio.h>
#include <string.h>

#include "tests/notes.h"
#include "tests/suite.h"

#define LOG      "log " LOG_VKEY "\n"
#define THREE \
    "witness A " WITNESS1_VKEY "\nwitness B " WITNESS2_VKEY "\nwitness C " WITNESS3_VKEY "\n"

static const char *const good[] = {
    "quorum none\n",
    LOG "quorum none\n",
    "log " LOG_VKEY " https://log.example/audit\nquorum none\n",
    "# a comment\n\n \t \n  \t# another\n\t quorum \t none \t \n",
    THREE "quorum A\n",
    "quorum none\n" THREE LOG,
    THREE "group g any A B C\nquorum g\n",
    THREE "group g all A\nquorum B\n",
    THREE "group g 2 A B\ngroup h 1 g C\nquorum h\n",
    THREE "group all all A\ngroup any any B\nquorum any\n",
    "witness \xc3\xa9\xff " WITNESS1_VKEY " https://w.example/\xc3\xa9\nquorum \xc3\xa9\xff\n",
};

START_TEST(a_good_policy_is_read)
{
    struct policy       policy;
    struct policy_fault fault;
    ck_assert_msg(policy_parse(good[_i], strlen(good[_i]), &policy, &fault), "%s: line %zu: %s",
                  good[_i], fault.line, fault.what);
}
END_TEST

static const struct { const char *text; size_t line; const char *what; } bad[] = {
    { "", 1, "there is no quorum" },
    { THREE, 4, "there is no quorum" },
    { "quorum none", 1, "the last line does not end" },
    { "quorum none\nquorum none\n", 2, "there is a quorum already" },
    { "quorum\n", 1, "the quorum is not defined on a line before" },
    { "quorum A\n" THREE, 1, "the quorum is not defined on a line before" },
    { "quorum none none\n", 1, "nothing more may stand on this line" },
    { "quorum None\n", 1, "the quorum is not defined on a line before" },
    { "Quorum none\n", 1, "a line begins with log, witness, group, quorum or #" },
    { "quorum none\r\n", 1, "a control character" },
    { "quorum none \x7f\n", 1, "a control character" },
    { "quorum none\n#\x01\n", 2, "a control character" },
    { "log\n", 1, "a verifier key is missing" },
    { "log " LOG_VKEY "\nlog " LOG_VKEY "\n", 2, "another log has this key" },
    { "log " LOG_VKEY " url more\n", 1, "nothing more may stand on this line" },
    { "log log.example/audit\n", 1, "this is no verifier key" },
    { "log " WITNESS1_VKEY "\n", 1, "the key is of the wrong type for this line" },
    { "log log.example/audit+86617d37+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4\n", 1,
      "the key ID is not that of the key" },
    { "log pq.example+01020304+BgAA\n", 1, "the key is of a type that is not supported" },
    { "witness\n", 1, "a name is missing" },
    { "witness A\n", 1, "a verifier key is missing" },
    { "witness A " LOG_VKEY "\n", 1, "the key is of the wrong type for this line" },
    { "witness none " WITNESS1_VKEY "\n", 1, "the name none is taken" },
    { THREE "witness A " WITNESS1_VKEY "\n", 4, "the name is taken" },
    { THREE "witness D " WITNESS1_VKEY "\n", 4, "another witness has this key" },
    { THREE "group\n", 4, "a name is missing" },
    { THREE "group none any A\n", 4, "the name none is taken" },
    { THREE "group A any B\n", 4, "the name is taken" },
    { THREE "group g\n", 4, "a group has at least one member" },
    { THREE "group g any\n", 4, "a group has at least one member" },
    { THREE "group g any D\n", 4, "a member is not defined on a line before" },
    { THREE "group g any g\n", 4, "a member is not defined on a line before" },
    { THREE "group g any none\n", 4, "a member is not defined on a line before" },
    { THREE "group g any A A\n", 4, "a member is in a group already" },
    { THREE "group g any A\ngroup h any A B\n", 5, "a member is in a group already" },
    { THREE "group g any A\ngroup h any g\ngroup i any g\n", 6, "a member is in a group already" },
    { THREE "group g some A\n", 4, "how many members must agree is any, all or a number" },
    { THREE "group g 01 A\n", 4, "how many members must agree is any, all or a number" },
    { THREE "group g -1 A\n", 4, "how many members must agree is any, all or a number" },
    { THREE "group g 0 A\n", 4,
      "the number of members that must agree is from 1 to as many as there are" },
    { THREE "group g 3 A B\n", 4,
      "the number of members that must agree is from 1 to as many as there are" },
    { THREE "group g 4294967297 A B\n", 4,
      "the number of members that must agree is from 1 to as many as there are" },
};

START_TEST(a_bad_line_is_named)
{
    struct policy       policy;
    struct policy_fault fault = { .line = 0 };

    ck_assert_msg(!policy_parse(bad[_i].text, strlen(bad[_i].text), &policy, &fault), "%s",
                  bad[_i].text);
    ck_assert_uint_eq(fault.line, bad[_i].line);
    ck_assert_str_eq(fault.what, bad[_i].what);
}
END_TEST

static struct policy
policy_of(const char *text)
{
    struct policy       policy;
    struct policy_fault fault = { .line = 0 };
    ck_assert_msg(policy_parse(text, strlen(text), &policy, &fault), "line %zu: %s", fault.line,
                  fault.what);
    return policy;
}

/* A witness of its own key and name. */
static void
add_witness(struct text *text, int i)
{
    uint8_t public_bytes[KEY_BYTES] = { (uint8_t)i, 1 };
    char    name[32];

    snprintf(name, sizeof name, "w%d.example", i);
    struct key key = key_of(KEY_COSIGNATURE, name, public_bytes);
    text_format(text, "witness w%d ", i);
    key_write(&key, text);
    text_add(text, "\n", 1);
}

/* The specification's example: two of X1 X2 X3, and one of Y1 Y2 Y3. All 64 sets of witnesses. */
START_TEST(the_example_s_quorum_is_counted)
{
    struct arena  arena;
    struct text   text;

    arena_open(&arena, 1 << 14);
    text_open(&text, &arena, 64, 1 << 13);
    for (int i = 0; i < 6; i++)
        add_witness(&text, i);
    text_add_string(&text,
                    "group X 2 w0 w1 w2\ngroup Y any w3 w4 w5\ngroup both all X Y\nquorum both\n");
    text_add(&text, "", 1);
    struct policy policy = policy_of(text.bytes);
    for (uint64_t set = 0; set < 64; set++) {
        uint64_t x = (set & 1) + (set >> 1 & 1) + (set >> 2 & 1);
        ck_assert_int_eq(policy_quorum_is_met(&policy, set), x >= 2 && set >> 3 != 0);
    }
    arena_close(&arena);
}
END_TEST

START_TEST(a_policy_of_many_is_taken_and_no_more)
{
    struct arena        arena;
    struct text         text;
    struct policy       policy;
    struct policy_fault fault;

    arena_open(&arena, 1 << 16);
    text_open(&text, &arena, 64, 1 << 15);
    for (int i = 0; i < POLICY_WITNESSES_MAX; i++)
        add_witness(&text, i);
    for (int i = 0; i < POLICY_GROUPS_MAX; i++)
        if (i == 0)
            text_format(&text, "group g%d all w%d\n", i, i);
        else
            text_format(&text, "group g%d all g%d w%d\n", i, i - 1, i);
    size_t count = text.count;
    text_format(&text, "quorum g%d\n", POLICY_GROUPS_MAX - 1);
    ck_assert_msg(policy_parse(text.bytes, text.count, &policy, &fault), "line %zu: %s", fault.line,
                  fault.what);
    ck_assert(policy_quorum_is_met(&policy, UINT64_C(0xFFFFFFFF)));
    for (int i = 0; i < POLICY_WITNESSES_MAX; i++)
        ck_assert(!policy_quorum_is_met(&policy, UINT64_C(0xFFFFFFFF) ^ UINT64_C(1) << i));
    text.count = count;
    text_add_string(&text, "group more any g31\nquorum more\n");
    ck_assert(!policy_parse(text.bytes, text.count, &policy, &fault));
    ck_assert_str_eq(fault.what, "too many groups");
    text.count = count;
    add_witness(&text, 99);
    ck_assert(!policy_parse(text.bytes, text.count, &policy, &fault));
    ck_assert_str_eq(fault.what, "too many witnesses");
    arena_close(&arena);
}
END_TEST

/* Bits of no witness count for nothing; a group's bit can not be claimed. */
START_TEST(only_witnesses_cosign)
{
    struct policy none = policy_of("quorum none\n"),
                  group = policy_of(THREE "group g all A B\nquorum g\n");

    ck_assert(policy_quorum_is_met(&none, 0));
    ck_assert(!policy_quorum_is_met(&group, 0));
    ck_assert(!policy_quorum_is_met(&group, ~UINT64_C(3)));
    ck_assert(!policy_quorum_is_met(&group, 1));
    ck_assert(policy_quorum_is_met(&group, 3));
}
END_TEST

static const struct { const char *policy, *note; enum verdict verdict; } notes[] = {
    { LOG "quorum none\n", HEAD_NOTE, VERDICT_GOOD },
    { "quorum none\n", HEAD_NOTE, VERDICT_NOT_SIGNED },
    { "log " NEXT_VKEY "\nquorum none\n", HEAD_NOTE, VERDICT_NOT_SIGNED },
    { "log " NEXT_VKEY "\n" LOG "quorum none\n", HEAD_NOTE, VERDICT_GOOD },
    { LOG THREE "quorum A\n", HEAD_NOTE, VERDICT_TOO_FEW_WITNESSES },
    { LOG THREE "quorum A\n", HEAD_NOTE WITNESS1_LINE, VERDICT_GOOD },
    { LOG THREE "quorum A\n", HEAD_NOTE WITNESS2_LINE WITNESS3_LINE, VERDICT_TOO_FEW_WITNESSES },
    { LOG THREE "group g 2 A B C\nquorum g\n", HEAD_NOTE WITNESS1_LINE WITNESS1_LATER,
      VERDICT_TOO_FEW_WITNESSES },
    { LOG THREE "group g 2 A B C\nquorum g\n", HEAD_NOTE WITNESS3_LINE WITNESS1_LINE UNKNOWN_LINE,
      VERDICT_GOOD },
    { LOG THREE "group g all A B C\nquorum g\n", HEAD_NOTE WITNESS3_LINE WITNESS1_LINE,
      VERDICT_TOO_FEW_WITNESSES },
    { LOG THREE "group g all A B C\nquorum g\n",
      HEAD_NOTE WITNESS3_LINE WITNESS1_LINE WITNESS2_LINE, VERDICT_GOOD },
    { LOG THREE "quorum A\n", HEAD_TEXT "\n" WITNESS1_LINE, VERDICT_NOT_SIGNED },
    { LOG THREE "quorum A\n", HEAD_NOTE WITNESS1_LINE DASH "witness.example/w2 G0yiaQAA\n",
      VERDICT_BAD_SIGNATURE },
    { LOG THREE "quorum none\n", "log.example/audit\n9\n" ROOT_8 "\n\n" HEAD_LINE,
      VERDICT_BAD_SIGNATURE },
    { LOG THREE "quorum none\n", HEAD_TEXT, VERDICT_MALFORMED },
};

START_TEST(a_checkpoint_is_believed_as_the_policy_says)
{
    struct policy     policy = policy_of(notes[_i].policy);
    struct checkpoint checkpoint;
    struct note       note;

    ck_assert_int_eq(policy_check(&policy, notes[_i].note, strlen(notes[_i].note), &note,
                                  &checkpoint),
                     notes[_i].verdict);
    if (notes[_i].verdict == VERDICT_GOOD)
        ck_assert_int_eq(checkpoint.size, 8);
}
END_TEST

START_TEST(names_and_urls_are_kept)
{
    struct policy policy =
        policy_of("log " LOG_VKEY " \thttps://log.example/audit\t\nwitness A " WITNESS1_VKEY "\n"
                  "witness B\t" WITNESS2_VKEY " https://b.example/\nquorum none\n");

    ck_assert_uint_eq(policy.logs_count, 1);
    ck_assert_uint_eq(policy.witnesses_count, 2);
    ck_assert(line_is(policy.logs[0].url, "https://log.example/audit"));
    ck_assert_uint_eq(policy.witnesses[0].url.count, 0);
    ck_assert(line_is(policy.witnesses[1].name, "B"));
    ck_assert(line_is(policy.witnesses[1].url, "https://b.example/"));
    ck_assert_str_eq(policy.witnesses[1].key.name, "witness.example/w2");
}
END_TEST

Suite *
policy_suite(void)
{
    Suite *suite = suite_create("policy");
    TCase *tcase = tcase_create("policy");
    tcase_add_loop_test(tcase, a_good_policy_is_read, 0, sizeof good / sizeof *good);
    tcase_add_loop_test(tcase, a_bad_line_is_named, 0, sizeof bad / sizeof *bad);
    tcase_add_test(tcase, the_example_s_quorum_is_counted);
    tcase_add_test(tcase, a_policy_of_many_is_taken_and_no_more);
    tcase_add_test(tcase, only_witnesses_cosign);
    tcase_add_loop_test(tcase, a_checkpoint_is_believed_as_the_policy_says, 0,
                        sizeof notes / sizeof *notes);
    tcase_add_test(tcase, names_and_urls_are_kept);
    suite_add_tcase(suite, tcase);
    return suite;
}
