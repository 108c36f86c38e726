/* The socket that a listener accepts from. */
#ifndef SERVER_LISTENING_H
#define SERVER_LISTENING_H

/* At "127.0.0.1:8080", "[::1]:8080", "localhost:8080"; port 0: any free one. -1: `why`. */
int      listening_open(const char *address, char why[static 160]);
unsigned listening_port(int fd);          /* 0: it has none */

#endif
