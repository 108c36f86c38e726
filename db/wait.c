/* poll() around libpq's non-blocking half. */
#include "db/wait.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

#include <libpq-fe.h>

int64_t
wait_clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
wait_deadline_ms(int64_t patience_ms)
{
    return wait_clock_us() / 1000 + patience_ms;
}

int64_t
wait_left_ms(int64_t deadline_ms)
{
    int64_t left_ms = deadline_ms - wait_deadline_ms(0);
    return left_ms > 0 ? left_ms : 0;
}

/* False: nothing came before the deadline. */
static bool
wait_for_socket(struct connection *connection, short events, int64_t deadline_ms)
{
    struct pollfd socket = { .fd = PQsocket(connection->raw), .events = events };

    for (;;) {
        int64_t left_ms = wait_left_ms(deadline_ms);
        int     ready   = poll(&socket, 1, (int)left_ms);
        if (ready > 0)
            return true;
        if (ready < 0 && errno != EINTR)
            return false;
        if (!left_ms)
            return false;
    }
}

bool
wait_for_connection(struct connection *connection, int64_t patience_ms)
{
    int64_t                   deadline_ms = wait_deadline_ms(patience_ms);
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;

    while (status == PGRES_POLLING_WRITING || status == PGRES_POLLING_READING) {
        if (!wait_for_socket(connection, status == PGRES_POLLING_WRITING ? POLLOUT : POLLIN,
                             deadline_ms))
            return false;
        status = PQconnectPoll(connection->raw);
    }
    return status == PGRES_POLLING_OK;
}

bool
wait_for_result(struct connection *connection, int64_t deadline_ms)
{
    for (;;) {
        int unsent = PQflush(connection->raw);
        if (unsent < 0)
            return true;
        errno = 0;
        if (!unsent && !PQisBusy(connection->raw))
            return true;
        /* libpq had no memory for what ends a pipeline: it has read it, and would wait for ever. */
        if (!unsent && errno == ENOMEM)
            return false;
        if (!wait_for_socket(connection, (short)(unsent ? POLLIN | POLLOUT : POLLIN), deadline_ms))
            return false;
        if (!PQconsumeInput(connection->raw))
            return true;
    }
}
