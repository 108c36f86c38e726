/* A socket that listens where a setting says. */
#include "server/listening.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WHY_BYTES = 160, BACKLOG = 1024, ADDRESS_BYTES = 256 };

static bool
is_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return digits > 0 && digits <= 5 && text[digits] == '\0' &&
           strtoul(text, NULL, 10) <= UINT16_MAX;
}

/* "127.0.0.1:8080", "[::1]:8080", "localhost:8080". */
static bool
split_address(const char *address, char host[static ADDRESS_BYTES], const char **port)
{
    const char *colon = strrchr(address, ':');
    size_t      count = colon ? (size_t)(colon - address) : 0;

    if (!colon || count >= ADDRESS_BYTES || !is_port(colon + 1))
        return false;
    bool is_bracketed = count >= 2 && address[0] == '[' && address[count - 1] == ']';
    memcpy(host, address + is_bracketed, count - 2 * is_bracketed);
    host[count - 2 * is_bracketed] = '\0';
    *port = colon + 1;
    return true;
}

static int
listen_at(const struct addrinfo *place)
{
    const int on = 1;
    int       fd = socket(place->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (!bind(fd, place->ai_addr, place->ai_addrlen) && !listen(fd, BACKLOG))
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

int
listening_open(const char *address, char why[static WHY_BYTES])
{
    const struct addrinfo wanted = { .ai_socktype = SOCK_STREAM,
                                     .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
    struct addrinfo      *places;
    char                  host[ADDRESS_BYTES];
    const char           *port;

    if (!split_address(address, host, &port)) {
        snprintf(why, WHY_BYTES, "%.60s is not an address and a port, as in 127.0.0.1:8080",
                 address);
        return -1;
    }
    int failed = getaddrinfo(*host ? host : NULL, port, &wanted, &places);
    if (failed) {
        snprintf(why, WHY_BYTES, "cannot listen at %.60s: %s", address, gai_strerror(failed));
        return -1;
    }
    int fd = listen_at(places);
    if (fd < 0)
        snprintf(why, WHY_BYTES, "cannot listen at %.60s: %s", address, strerror(errno));
    freeaddrinfo(places);
    return fd;
}

unsigned
listening_port(int fd)
{
    struct sockaddr_storage address = { 0 };
    socklen_t               length  = sizeof address;
    char                    port[8] = "0";

    if (getsockname(fd, (struct sockaddr *)&address, &length) ||
        getnameinfo((struct sockaddr *)&address, length, NULL, 0, port, sizeof port,
                    NI_NUMERICSERV))
        return 0;
    return (unsigned)strtoul(port, NULL, 10);
}
