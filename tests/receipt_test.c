/* Receipts; the good one was signed by Python's cryptography. */
#include "audit/receipt.h"

#include <string.h>

#include "audit/checkpoint.h"
#include "tests/notes.h"
#include "tests/suite.h"

#define RECEIPT_NOTE \
    "log.example/audit/receipt\nreceipt/v1\n" \
    "Af42d+xQNdgv20qXXuc3Q9nAtQ4CqnvJG0kfGmVrVpxW\n1700000000123\n\n" DASH \
    "log.example/audit/receipt " \
    "eZjvvUGiTTVgB3wPcUBwbbSq6Oro9dF6twIlTASpHRNT9PTKu/" \
    "WYs4BKMwM4SyyHjYRq4e0VFOdMkf6ApFkaTZbm9gE=\n"
#define COMMITMENT "fe3677ec5035d82fdb4a975ee73743d9c0b50e02aa7bc91b491f1a656b569c56"

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

START_TEST(a_receipt_is_signed_and_opened)
{
    struct signer  signer = signer_of_line(RECEIPT_SKEY);
    struct key     key = key_of_line(RECEIPT_VKEY);
    struct receipt receipt = { .ts_ms = 1700000000123 }, opened;
    struct arena   arena;
    struct text    text;

    arena_open(&arena, 1 << 12);
    text_open(&text, &arena, 64, 1 << 11);
    ck_assert(digest_parse(COMMITMENT, &receipt.commitment));
    receipt_sign(&receipt, &signer, &text);
    ck_assert_uint_eq(text.count, strlen(RECEIPT_NOTE));
    ck_assert_mem_eq(text.bytes, RECEIPT_NOTE, text.count);
    ck_assert_int_eq(receipt_open(RECEIPT_NOTE, strlen(RECEIPT_NOTE), &key, &opened), VERDICT_GOOD);
    ck_assert_int_eq(opened.ts_ms, 1700000000123);
    ck_assert(digest_equal(&opened.commitment, &receipt.commitment));
    arena_close(&arena);
}
END_TEST

START_TEST(no_bit_can_be_changed)
{
    static const char bytes[] = RECEIPT_NOTE;
    char              changed[sizeof bytes];
    struct key        key = key_of_line(RECEIPT_VKEY);
    struct receipt    receipt;

    for (size_t bit = 0; bit < 8 * (sizeof bytes - 1); bit++) {
        memcpy(changed, bytes, sizeof bytes);
        changed[bit / 8] = (char)(changed[bit / 8] ^ 1 << bit % 8);
        if (receipt_open(changed, sizeof bytes - 1, &key, &receipt) == VERDICT_GOOD)
            ck_abort_msg("bit %zu of byte %zu can be changed", bit % 8, bit / 8);
    }
}
END_TEST

/* All of these are signed by the receipts' key. */
static const char *const bad_texts[] = {
    "log.example/audit/receipt\nreceipt/v1\nAf42d+xQNdgv20qXXuc3Q9nAtQ4CqnvJG0kfGmVrVpxW\n01\n",
    "log.example/audit/receipt\nreceipt/v1\nAf42d+xQNdgv20qXXuc3Q9nAtQ4CqnvJG0kfGmVrVpxW\n-1\n",
    "log.example/audit/receipt\nreceipt/v1\n"
    "Af42d+xQNdgv20qXXuc3Q9nAtQ4CqnvJG0kfGmVrVpxW\n1\nmore\n",
    "log.example/audit/receipt\nreceipt/v1\nAf42d+xQNdgv20qXXuc3Q9nAtQ4CqnvJG0kfGmVrVpxW\n",
    "log.example/audit/receipt\nreceipt/v2\nAf42d+xQNdgv20qXXuc3Q9nAtQ4CqnvJG0kfGmVrVpxW\n1\n",
    "log.example/audit/receipt\nreceipt/v1\nAv42d+xQNdgv20qXXuc3Q9nAtQ4CqnvJG0kfGmVrVpxW\n1\n",
    "log.example/audit/receipt\nreceipt/v1\n/jZ37FA12C/bSpde5zdD2cC1DgKqe8kbSR8aZWtWnFY=\n1\n",
    "log.example/audit\nreceipt/v1\nAf42d+xQNdgv20qXXuc3Q9nAtQ4CqnvJG0kfGmVrVpxW\n1\n",
    HEAD_TEXT,
};

START_TEST(another_text_is_no_receipt)
{
    struct signer  signer = signer_of_line(RECEIPT_SKEY);
    struct receipt receipt;
    struct arena   arena;
    struct text    text;

    arena_open(&arena, 1 << 12);
    text_open(&text, &arena, 64, 1 << 11);
    note_write(&text, bad_texts[_i], strlen(bad_texts[_i]), &signer, 1);
    ck_assert_int_eq(receipt_open(text.bytes, text.count, &signer.key, &receipt),
                     VERDICT_MALFORMED);
    arena_close(&arena);
}
END_TEST

/* One key never stands for the other: neither by its name nor by what it signed. */
START_TEST(receipts_and_checkpoints_are_apart)
{
    struct key        log = key_of_line(LOG_VKEY), receipts = key_of_line(RECEIPT_VKEY);
    struct receipt    receipt;
    struct checkpoint checkpoint;
    struct note       note;

    ck_assert_int_eq(receipt_open(HEAD_NOTE, strlen(HEAD_NOTE), &receipts, &receipt),
                     VERDICT_NOT_SIGNED);
    ck_assert_int_eq(receipt_open(RECEIPT_NOTE, strlen(RECEIPT_NOTE), &log, &receipt),
                     VERDICT_OTHER_ORIGIN);
    ck_assert_int_eq(checkpoint_open(RECEIPT_NOTE, strlen(RECEIPT_NOTE), &log, &note, &checkpoint),
                     VERDICT_NOT_SIGNED);
    ck_assert_int_eq(checkpoint_open(RECEIPT_NOTE, strlen(RECEIPT_NOTE), &receipts, &note,
                                     &checkpoint),
                     VERDICT_MALFORMED);
    ck_assert_int_eq(receipt_open("nothing", 7, &receipts, &receipt), VERDICT_MALFORMED);
}
END_TEST

START_TEST(the_name_is_the_origin_and_a_word)
{
    char name[KEY_NAME_BYTES_MAX + 1], origin[KEY_NAME_BYTES_MAX + 1];

    ck_assert(receipt_name("log.example/audit", name));
    ck_assert_str_eq(name, "log.example/audit/receipt");
    ck_assert(!receipt_name("", name));
    ck_assert(!receipt_name("log example", name));
    memset(origin, 'a', sizeof origin);
    origin[248] = '\0';
    ck_assert(!receipt_name(origin, name));
    origin[247] = '\0';
    ck_assert(receipt_name(origin, name));
    ck_assert_uint_eq(strlen(name), KEY_NAME_BYTES_MAX);
}
END_TEST

Suite *
receipt_suite(void)
{
    Suite *suite = suite_create("receipt");
    TCase *tcase = tcase_create("receipt");
    tcase_add_test(tcase, a_receipt_is_signed_and_opened);
    tcase_add_test(tcase, no_bit_can_be_changed);
    tcase_add_loop_test(tcase, another_text_is_no_receipt, 0, sizeof bad_texts / sizeof *bad_texts);
    tcase_add_test(tcase, receipts_and_checkpoints_are_apart);
    tcase_add_test(tcase, the_name_is_the_origin_and_a_word);
    suite_add_tcase(suite, tcase);
    return suite;
}
