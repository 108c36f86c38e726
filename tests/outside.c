/* Runs the verifiers and hears what they say. */
#include "tests/outside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <check.h>

#include "tests/api.h"

enum { COMMAND_MAX = 1024, TOKEN_PATH_MAX = 160 };

void
outside_decide(int count)
{
    char *body = api_text("{'market':'eth-usd','account':{'id':'a','collateral':"
                          "[{'asset':'ETH','quantity':'10'}],'debt':[{'asset':'USDC','quantity':'12000'}]},"
                          "'state':{'prices':{'ETH':'2000','USDC':'1'}}}");

    for (int i = 0; i < count; i++) {
        struct api_request request = { .method = "POST", .path = "/v1/previews", .body = body,
                                       .key = ROLE_PREVIEW, .is_direct = true };
        struct api_answer  answer;
        api_call(&request, &answer);
        ck_assert_msg(answer.http.status == 201, "%s", answer.http.body);
        api_forget(&answer);
    }
    free(body);
}

/* The auditor's key as a file beside the log's. */
static void
write_token(const struct api_service *service, char path[static TOKEN_PATH_MAX])
{
    snprintf(path, TOKEN_PATH_MAX, "%s/token", service->state);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fprintf(file, "%s\n", service->secrets[ROLE_AUDIT]);
    fclose(file);
}

static int
hear(const char *command, char said[static OUTSIDE_SAID_MAX])
{
    FILE *pipe = popen(command, "r");

    ck_assert_ptr_nonnull(pipe);
    size_t count = fread(said, 1, OUTSIDE_SAID_MAX - 1, pipe);
    said[count] = '\0';
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int
outside_program(const struct api_service *service, const char *command, const char *arguments,
                char said[static OUTSIDE_SAID_MAX])
{
    const char *program = getenv("BREAKWATER_PROGRAM");
    char        line[COMMAND_MAX], token[TOKEN_PATH_MAX];

    write_token(service, token);
    snprintf(line, sizeof line, "%s %s http://127.0.0.1:%u --key %s/log.key.pub --token-file %s %s "
             "2>&1", program ? program : "build/breakwater", command, service->port, service->state,
             token, arguments);
    return hear(line, said);
}

int
outside_foreign(const struct api_service *service, char said[static OUTSIDE_SAID_MAX])
{
    char line[COMMAND_MAX], token[TOKEN_PATH_MAX];

    write_token(service, token);
    snprintf(line, sizeof line, "python3 tests/outside/verify.py http://127.0.0.1:%u %s/log.key.pub "
             "--token-file %s --origin " LOG_ORIGIN " 2>&1", service->port, service->state, token);
    return hear(line, said);
}

void
outside_check(const struct api_service *service)
{
    char said[OUTSIDE_SAID_MAX];

    ck_assert_msg(outside_program(service, "verify", "--full --quiet", said) == 0, "verify: %s",
                  said);
    ck_assert_msg(outside_foreign(service, said) == 0, "%s", said);
}
