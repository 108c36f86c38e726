/* Runs the verifiers and hears what they say. */
#include "tests/outside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <check.h>

enum { COMMAND_MAX = 1024, TOKEN_PATH_MAX = 160 };

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
