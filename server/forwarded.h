/* Who asks, where proxies stand in between: the rightmost address that no proxy of ours has. What
 * stands to its left is only what a client said. */
#ifndef SERVER_FORWARDED_H
#define SERVER_FORWARDED_H

#include "server/address.h"

/* How many proxies are followed. */
enum { FORWARDED_HOPS_MAX = 16 };

/* `forwarded_for`: all X-Forwarded-For fields in their order, joined by commas; `forwarded`: likewise
 * of Forwarded (RFC 7239); NULL: none. `proxies` are believed, and so is only what they say. Where
 * both fields stand and name different clients, or one cannot be read, the proxy itself is the
 * client: one of the two is the client's own invention. */
struct address forwarded_client(const struct address *peer, const struct address_ranges *proxies,
                                const char *forwarded_for, const char *forwarded);

#endif
