/* Network addresses, IPv4 as the IPv6 addresses that stand for them (RFC 4291 section 2.5.5.2), and ranges of
 * them as "10.0.0.0/8, 2001:db8::/32". */
#ifndef SERVER_ADDRESS_H
#define SERVER_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sockaddr;

enum { ADDRESS_TEXT_MAX = 46, ADDRESS_RANGES_MAX = 64, ADDRESS_WHY_MAX = 160 };

/* All zero, "::", where there is none. */
struct address { uint8_t bytes[16]; };

struct address_range { struct address first; unsigned bits; };

/* Zero: none. */
struct address_ranges { struct address_range items[ADDRESS_RANGES_MAX]; size_t count; };

/* Of a peer; none where it is neither IPv4 nor IPv6. */
struct address address_of(const struct sockaddr *peer);
/* "192.0.2.1", "2001:db8::1", without a zone. */
bool           address_parse(const char *text, size_t count, struct address *out);
void           address_format(const struct address *address, char text[static ADDRESS_TEXT_MAX]);
bool           address_is_loopback(const struct address *address);
/* What one customer of a network usually has, and is limited by: an IPv4 address, or the 64 bits of
 * an IPv6 network. */
struct address address_network(const struct address *address);

/* Separated by commas; an address alone is a range of one. False: `why`. */
bool address_ranges_parse(const char *text, struct address_ranges *out,
                          char why[static ADDRESS_WHY_MAX]);
bool address_ranges_hold(const struct address_ranges *ranges, const struct address *address);

#endif
