/* Decisions stop before the disk's last twentieth, reads go on, and nobody need do anything once
 * there is room again. */
#include "tests/api_disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/api.h"

#define ACCOUNT "'account':{'collateral':[{'asset':'ETH','quantity':'10'}]," \
    "'debt':[{'asset':'USDC','quantity':'12000'}]}"
#define STATE   "'state':{'prices':{'ETH':'2000','USDC':'1'}}"
#define GOOD    "{'market':'eth-usd'," ACCOUNT "," STATE "}"
#define BATCH   "{'market':'eth-usd'," STATE ",'items':[{" ACCOUNT "}]}"
#define REPORT  "[{'source':'a','price':'1','observed_at':'2026-01-01T00:00:00Z'}]"
#define PUSH    "{'observed_at':'2026-01-01T00:00:00Z','prices':{'ETH':" REPORT "," \
    "'USDC':" REPORT "}}"
#define PROPOSAL "{'market':'eth-usd','base_version':1,'rationale':'r'," \
    "'patch':{'assets':{'ETH':{'threshold':'0.82'}}}}"
#define COUNT_OF(list) (sizeof(list) / sizeof *(list))

/* All but what makes decisions or takes in market states goes on. */
static const struct {
    const char *method, *path;
    int         key;
    const char *body;
    int         free, full;
} calls[] = {
    { "POST", "/v1/previews",                 ROLE_PREVIEW, GOOD, 201, 503 },
    { "POST", "/v1/penalties",                ROLE_PREVIEW, GOOD, 201, 503 },
    { "POST", "/v1/liquidation-prices",       ROLE_PREVIEW, GOOD, 201, 503 },
    { "POST", "/v1/suggestions",              ROLE_PREVIEW, GOOD, 201, 503 },
    { "POST", "/v1/previews/batch",           ROLE_PREVIEW, BATCH, 201, 503 },
    { "PUT",  "/v1/markets/eth-usd/snapshot", ROLE_FEED,    PUSH, 422, 503 },
    { "GET",  "/readyz",                      ROLE_ANYONE,  NULL, 200, 503 },
    { "GET",  "/livez",                       ROLE_ANYONE,  NULL, 200, 200 },
    { "GET",  "/v1/markets/eth-usd",          ROLE_ANYONE,  NULL, 200, 200 },
    { "GET",  "/v1/decisions?limit=1",        ROLE_AUDIT,   NULL, 200, 200 },
    { "GET",  "/log/checkpoint",              ROLE_ANYONE,  NULL, 200, 200 },
    { "POST", "/v1/proposals",                ROLE_PROPOSE, PROPOSAL, 201, 201 },
};

static void
call(size_t which, bool is_full)
{
    char              *body = calls[which].body ? api_text(calls[which].body) : NULL;
    char               headers[128] = "";
    struct api_request request = { .method = calls[which].method, .path = calls[which].path,
                                   .key = calls[which].key, .body = body, .headers = headers };
    struct api_answer  answer;
    int                expected = is_full ? calls[which].full : calls[which].free;

    if (calls[which].key == ROLE_PROPOSE)
        snprintf(headers, sizeof headers, "If-Match: *\r\nIdempotency-Key: key-%d\r\n", is_full);
    api_call(&request, &answer);
    ck_assert_msg(answer.http.status == expected, "%s: %d, not %d: %.600s", calls[which].path,
                  answer.http.status, expected, answer.http.body);
    if (expected == 503)
        ck_assert_str_eq(json_string_value(json_object_get(answer.json, "code")), "disk_full");
    free(body);
    api_forget(&answer);
}

static void
metric_is(const char *line)
{
    struct api_request request = { .method = "GET", .path = "/metrics", .key = ROLE_ANYONE };
    struct api_answer  answer;

    api_call(&request, &answer);
    ck_assert_msg(strstr(answer.http.body, line), "%s is not in %s", line, answer.http.body);
    api_forget(&answer);
}

static int64_t
bodies(void)
{
    return postgres_number(api_running()->url, "SELECT count(*) FROM audit.body");
}

START_TEST(decisions_stop_and_reads_go_on)
{
    enum { MEASURED_US = 400000 };

    api_open_another(true);
    api_await_log(1);
    for (int turn = 0; turn < 3; turn++) {
        bool    is_full = turn == 1;
        int64_t before = bodies();
        api_running()->is_disk_full = is_full;
        usleep(MEASURED_US);
        for (size_t i = 0; i < COUNT_OF(calls); i++)
            if (turn < 2 || calls[i].key != ROLE_PROPOSE)     /* that one is made by now */
                call(i, is_full);
        ck_assert_int_eq(bodies() - before, is_full ? 0 : 5);
        metric_is(is_full ? "\nbreakwater_disk_full 1\n" : "\nbreakwater_disk_full 0\n");
    }
    api_close();
}
END_TEST

void
api_disk_add_apart(TCase *tcase)
{
    tcase_add_test(tcase, decisions_stop_and_reads_go_on);
}
