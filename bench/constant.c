/* A server that answers every POST with the same bytes: the floor that no service on this HTTP
 * library can pass. The listener's flags, its two threads, no suspension, no work. usage: constant
 * PORT BYTES; ends with its standard input. */
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 2, CONNECTIONS_MAX = 2048, POOL_BYTES = 22 << 10, BYTES_MAX = 1 << 20 };

/* First call: the header. Then the body in pieces, and a last call without one. */
static enum MHD_Result
answer(void *response, struct MHD_Connection *connection, const char *url, const char *method,
       const char *version, const char *bytes, size_t *count, void **state)
{
    (void)url, (void)method, (void)version, (void)bytes;
    if (!*state) {
        *state = connection;
        return MHD_YES;
    }
    if (*count) {
        *count = 0;
        return MHD_YES;
    }
    return MHD_queue_response(connection, 201, response);
}

int
main(int count, char **args)
{
    static const char     usage[] = "usage: constant PORT BYTES\n";
    unsigned long         port = count == 3 ? strtoul(args[1], NULL, 10) : 0;
    size_t                bytes = count == 3 ? strtoul(args[2], NULL, 10) : 0;
    char                  byte;

    if (port == 0 || port > 65535 || bytes == 0 || bytes > BYTES_MAX) {
        fputs(usage, stderr);
        return 2;
    }
    char *body = malloc(bytes);
    if (!body)
        return 1;
    memset(body, 'x', bytes);
    struct MHD_Response *response =
        MHD_create_response_from_buffer_with_free_callback(bytes, body, free);
    MHD_add_response_header(response, "Content-Type", "application/json");
    struct MHD_Daemon   *daemon = MHD_start_daemon(
        MHD_USE_POLL_INTERNAL_THREAD, (unsigned short)port, NULL, NULL, answer, response,
        MHD_OPTION_THREAD_POOL_SIZE, (unsigned)THREADS,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES, MHD_OPTION_END);
    while (daemon && read(STDIN_FILENO, &byte, 1) > 0)
        continue;
    if (daemon)
        MHD_stop_daemon(daemon);
    MHD_destroy_response(response);
    return daemon ? 0 : 1;
}
