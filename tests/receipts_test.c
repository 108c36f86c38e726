/* Receipts with an answer: one for each decision, and one header field for all of them. */
#include "handlers/receipts.h"

#include <string.h>

#include "audit/receipt.h"
#include "db/log_keys.h"
#include "handlers/service.h"
#include "tests/notes.h"
#include "tests/suite.h"

enum { DECISIONS = 3 * REPLY_HEADERS_MAX, ROOM = 1 << 20 };

struct asked { struct log_keys keys; struct service service; struct arena arena;
               struct request request; struct reply reply; };

static void
open(struct asked *asked, const char *method, const char *prefer)
{
    memset(asked, 0, sizeof *asked);
    ck_assert_int_eq(signer_parse(RECEIPT_SKEY, strlen(RECEIPT_SKEY), &asked->keys.receipt),
                     VERDICT_GOOD);
    asked->service.log_keys = &asked->keys;
    arena_open(&asked->arena, ROOM);
    reply_open(&asked->reply);
    asked->request = (struct request){ .service = &asked->service, .arena = &asked->arena,
                                       .method = method, .prefer = prefer,
                                       .now_us = INT64_C(1700000000123456) };
}

START_TEST(each_decision_has_its_receipt)
{
    struct asked asked;
    struct key   key;

    ck_assert_int_eq(key_parse(RECEIPT_VKEY, strlen(RECEIPT_VKEY), &key), VERDICT_GOOD);
    open(&asked, "POST", "receipt");
    for (uint8_t i = 0; i < DECISIONS; i++) {
        struct digest  commitment = { { i } };
        struct receipt receipt;
        const char    *note;
        ck_assert(receipt_make(&asked.request, &commitment, &asked.reply, &note));
        ck_assert_int_eq(receipt_open(note, strlen(note), &key, &receipt), VERDICT_GOOD);
        ck_assert_mem_eq(receipt.commitment.bytes, commitment.bytes, DIGEST_BYTES);
        ck_assert_int_eq(receipt.ts_ms, INT64_C(1700000000123));
    }
    ck_assert_uint_eq(asked.reply.headers_count, 1);
    ck_assert_str_eq(asked.reply.headers[0].name, "Preference-Applied");
    ck_assert_str_eq(asked.reply.headers[0].value, "receipt");
    arena_close(&asked.arena);
}
END_TEST

START_TEST(nobody_gets_one_unasked)
{
    static const struct { const char *method, *prefer; } rows[] = {
        { "POST", NULL }, { "POST", "return=minimal" }, { "GET", "receipt" },
    };
    const struct digest commitment = { { 0 } };
    struct asked        asked;
    const char         *note = "";

    open(&asked, rows[_i].method, rows[_i].prefer);
    ck_assert(receipt_make(&asked.request, &commitment, &asked.reply, &note));
    ck_assert_ptr_null(note);
    ck_assert_uint_eq(asked.reply.headers_count, 0);
    arena_close(&asked.arena);
}
END_TEST

START_TEST(no_room_is_no_receipt)
{
    const struct digest commitment = { { 0 } };
    struct asked        asked;
    const char         *note;

    open(&asked, "POST", "receipt");
    arena_close(&asked.arena);
    arena_open(&asked.arena, 16);
    ck_assert(!receipt_make(&asked.request, &commitment, &asked.reply, &note));
    arena_close(&asked.arena);
}
END_TEST

Suite *
receipts_suite(void)
{
    Suite *suite = suite_create("receipts");
    TCase *tcase = tcase_create("receipts");

    tcase_add_test(tcase, each_decision_has_its_receipt);
    tcase_add_loop_test(tcase, nobody_gets_one_unasked, 0, 3);
    tcase_add_test(tcase, no_room_is_no_receipt);
    suite_add_tcase(suite, tcase);
    return suite;
}
