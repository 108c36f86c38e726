/* The same idempotency key asked of two instances at once: one decision, one id. */
#include "tests/api_pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/api.h"

#define GOOD "{'market':'eth-usd','account':{'collateral':[{'asset':'ETH','quantity':'10'}]," \
    "'debt':[{'asset':'USDC','quantity':'12000'}]},'state':{'prices':{'ETH':'2000','USDC':'1'}}}"

enum { ROUNDS = 40, ID_ROOM = 64, RETRIES_MAX = 100, RETRY_US = 20000 };

static void
send_to(struct http_client *client, int round)
{
    char *body = api_text(GOOD);
    char  text[1024];

    snprintf(text, sizeof text, "POST /v1/previews HTTP/1.1\r\nHost: localhost\r\n"
             "Content-Type: application/json\r\nIdempotency-Key: pair-%d\r\n"
             "Content-Length: %zu\r\n\r\n%s", round, strlen(body), body);
    ck_assert(http_send(client, text));
    free(body);
}

/* "": the other one is at it just now, and this one was told so (409). */
static void
receive_id(struct http_client *client, char id[static ID_ROOM])
{
    struct http_answer answer;

    http_receive(client, false, &answer);
    ck_assert_msg(answer.status == 201 || answer.status == 409, "%d %s", answer.status,
                  answer.body);
    const char *at = answer.status == 201 ? strstr(answer.body, "dec_") : "";
    ck_assert_ptr_nonnull(at);
    snprintf(id, ID_ROOM, "%.*s", (int)strcspn(at, "\""), at);
    http_forget(&answer);
}

static void
receive_or_repeat(struct http_client *client, int round, char id[static ID_ROOM])
{
    receive_id(client, id);
    for (int i = 0; !*id && i < RETRIES_MAX; i++) {
        usleep(RETRY_US);
        send_to(client, round);
        receive_id(client, id);
    }
    ck_assert_str_ne(id, "");
}

START_TEST(one_key_at_two_instances_at_once_is_one_decision)
{
    struct http_client clients[2];
    char               ids[2][ID_ROOM];

    api_open_another(true);
    struct api_service *first = api_running();
    struct api_service *second = api_service_beside(first);
    ck_assert_msg(api_service_start(second), "%s", second->why);
    http_connect(&clients[0], first->port);
    http_connect(&clients[1], second->port);
    for (int round = 0; round < ROUNDS; round++) {
        send_to(&clients[round % 2], round);
        send_to(&clients[1 - round % 2], round);
        for (int i = 0; i < 2; i++)
            receive_or_repeat(&clients[i], round, ids[i]);
        ck_assert_str_eq(ids[0], ids[1]);
    }
    ck_assert_int_eq(postgres_number(first->url, "SELECT count(*) FROM audit.body"), ROUNDS);
    http_close(&clients[0]);
    http_close(&clients[1]);
    ck_assert(api_service_stop(second));
    api_service_free(second);
    api_close();
}
END_TEST

void
api_pair_add_apart(TCase *tcase)
{
    tcase_add_test(tcase, one_key_at_two_instances_at_once_is_one_decision);
}
