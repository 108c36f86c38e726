/* Accept and Prefer. */
#include "server/accept.h"

#include "record/record.h"
#include "tests/suite.h"

static const char *const offers[] = { "application/json", "text/plain" };

static const struct { const char *accept; size_t chosen; } accepts[] = {
    { NULL, 0 },
    { "", 0 },
    { "*/*", 0 },
    { "text/plain", 1 },
    { "TEXT/Plain", 1 },
    { "text/*", 1 },
    { "text/plain; charset=utf-8", 1 },
    { "application/json", 0 },
    { "application/json, text/plain", 0 },
    { "text/plain, application/json", 0 },
    { "application/json;q=0.5, text/plain", 1 },
    { "application/json;q=0.5,text/plain;q=0.50", 0 },
    { "application/json;q=0.5,text/plain;q=0.501", 1 },
    { "text/plain;q=0.2, */*;q=0.1", 1 },
    { "*/*, application/json;q=0", 1 },
    { "application/*;q=0.9, text/plain;v=\"a,b\";q=0.95", 1 },
    { "text/plain;q=0", 0 },
    { "image/png", 0 },
    { "text/plainer", 0 },
    { ",,text/plain,", 1 },
    { "text/plain;q=x", 0 },
};

START_TEST(form_is_chosen_by_weight)
{
    ck_assert_msg(accept_choose(accepts[_i].accept, offers, COUNT_OF(offers)) == accepts[_i].chosen,
                  "%s", accepts[_i].accept);
}
END_TEST

static const struct { const char *prefer; bool is_named; } preferences[] = {
    { NULL, false },
    { "", false },
    { "receipt", true },
    { "Receipt", true },
    { "respond-async, receipt", true },
    { "receipt;a=b", true },
    { "receipt=\"\"", true },
    { " wait=10 ,\treceipt ", true },
    { "receipts", false },
    { "return=receipt", false },
    { "x=\"a, receipt\"", false },
};

START_TEST(preference_is_found)
{
    ck_assert_msg(prefers(preferences[_i].prefer, "receipt") == preferences[_i].is_named, "%s",
                  preferences[_i].prefer);
}
END_TEST

Suite *
accept_suite(void)
{
    Suite *suite = suite_create("accept");
    TCase *tcase = tcase_create("accept");

    tcase_add_loop_test(tcase, form_is_chosen_by_weight, 0, COUNT_OF(accepts));
    tcase_add_loop_test(tcase, preference_is_found, 0, COUNT_OF(preferences));
    suite_add_tcase(suite, tcase);
    return suite;
}
