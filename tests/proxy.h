/* A unix socket between a client and PostgreSQL that cuts the connection around COMMIT. */
#ifndef TESTS_PROXY_H
#define TESTS_PROXY_H

#include <stdbool.h>

enum cut {
    CUT_NEVER,
    CUT_BEFORE_COMMIT,        /* the server never sees it */
    CUT_AFTER_COMMIT,         /* the server committed, the client does not hear it */
    CUT_AND_COMMIT_LATE,      /* the client is cut off; the server sees COMMIT half a second later */
};

struct proxy;

struct proxy *proxy_open(void);                           /* to postgres_socket() */
/* `url` of a database of the server, by way of the proxy. */
void          proxy_url(const struct proxy *proxy, const char *url, char proxied[], int proxied_bytes);
/* The next COMMIT, once; then connections are refused until proxy_accept, if `refuses`. */
void          proxy_arm(struct proxy *proxy, enum cut cut, bool refuses);
void          proxy_accept(struct proxy *proxy);
bool          proxy_has_cut(struct proxy *proxy);
void          proxy_close(struct proxy *proxy);

#endif
