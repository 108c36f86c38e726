/* Addresses and ranges, read and compared bit by bit. */
#include "server/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { ADDRESS_BITS = 128, V4_BITS = 32, V4_AT = 12, NETWORK_BYTES = 8 };

static const uint8_t v4_prefix[V4_AT] = { [10] = 0xff, [11] = 0xff };

static bool
is_v4(const struct address *address)
{
    return !memcmp(address->bytes, v4_prefix, V4_AT);
}

static struct address
of_v4(const void *bytes)
{
    struct address address;

    memcpy(address.bytes, v4_prefix, V4_AT);
    memcpy(address.bytes + V4_AT, bytes, sizeof address.bytes - V4_AT);
    return address;
}

struct address
address_of(const struct sockaddr *peer)
{
    struct address      address = { { 0 } };
    struct sockaddr_in  v4;
    struct sockaddr_in6 v6;

    if (peer && peer->sa_family == AF_INET) {
        memcpy(&v4, peer, sizeof v4);
        return of_v4(&v4.sin_addr);
    }
    if (peer && peer->sa_family == AF_INET6) {
        memcpy(&v6, peer, sizeof v6);
        memcpy(address.bytes, &v6.sin6_addr, sizeof address.bytes);
    }
    return address;
}

bool
address_parse(const char *text, size_t count, struct address *out)
{
    char            copy[ADDRESS_TEXT_MAX];
    struct in_addr  v4;
    struct in6_addr v6;

    if (count == 0 || count >= sizeof copy)
        return false;
    memcpy(copy, text, count);
    copy[count] = '\0';
    if (inet_pton(AF_INET, copy, &v4) == 1) {
        *out = of_v4(&v4);
        return true;
    }
    if (inet_pton(AF_INET6, copy, &v6) != 1)
        return false;
    memcpy(out->bytes, &v6, sizeof out->bytes);
    return true;
}

void
address_format(const struct address *address, char text[static ADDRESS_TEXT_MAX])
{
    bool is_short = is_v4(address);

    if (!inet_ntop(is_short ? AF_INET : AF_INET6, address->bytes + (is_short ? V4_AT : 0), text,
                   ADDRESS_TEXT_MAX))
        text[0] = '\0';
}

bool
address_is_loopback(const struct address *address)
{
    static const uint8_t v6_loopback[16] = { [15] = 1 };

    return is_v4(address) ? address->bytes[V4_AT] == 127
                          : !memcmp(address->bytes, v6_loopback, sizeof v6_loopback);
}

struct address
address_network(const struct address *address)
{
    struct address network = *address;

    if (!is_v4(address))
        memset(network.bytes + NETWORK_BYTES, 0, sizeof network.bytes - NETWORK_BYTES);
    return network;
}

static bool
begins_alike(const struct address *a, const struct address *b, unsigned bits)
{
    unsigned whole = bits / 8;
    unsigned rest  = bits % 8;

    return !memcmp(a->bytes, b->bytes, whole) &&
           (!rest || !((a->bytes[whole] ^ b->bytes[whole]) >> (8 - rest)));
}

static bool
has_bits_past(const struct address *address, unsigned bits)
{
    for (unsigned i = bits; i < ADDRESS_BITS; i++)
        if (address->bytes[i / 8] >> (7 - i % 8) & 1)
            return true;
    return false;
}

/* "24" behind the slash; false: no number up to `max`. */
static bool
read_bits(const char *text, size_t count, unsigned max, unsigned *out)
{
    unsigned bits = 0;

    if (count == 0 || count > 3)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        bits = bits * 10 + (unsigned)(text[i] - '0');
    }
    *out = bits;
    return bits <= max;
}

static bool
read_range(const char *text, size_t count, struct address_range *out,
           char why[static ADDRESS_WHY_MAX])
{
    const char *slash  = memchr(text, '/', count);
    size_t      before = slash ? (size_t)(slash - text) : count;
    int         shown  = count < 60 ? (int)count : 60;

    if (!address_parse(text, before, &out->first)) {
        snprintf(why, ADDRESS_WHY_MAX, "\"%.*s\" is no address, nor a range as 10.0.0.0/8", shown,
                 text);
        return false;
    }
    unsigned width = !memchr(text, ':', before) ? V4_BITS : ADDRESS_BITS;
    unsigned bits  = width;
    if (slash && !read_bits(slash + 1, count - before - 1, width, &bits)) {
        snprintf(why, ADDRESS_WHY_MAX, "\"%.*s\": the slash is followed by 0 to %u bits", shown,
                 text, width);
        return false;
    }
    out->bits = bits + ADDRESS_BITS - width;
    if (!has_bits_past(&out->first, out->bits))
        return true;
    snprintf(why, ADDRESS_WHY_MAX, "\"%.*s\": the address has bits past the first %u", shown, text,
             bits);
    return false;
}

bool
address_ranges_parse(const char *text, struct address_ranges *out, char why[static ADDRESS_WHY_MAX])
{
    out->count = 0;
    for (const char *at = text; *at;) {
        at += strspn(at, ", ");
        size_t count = strcspn(at, ", ");
        if (count == 0)
            break;
        if (out->count == ADDRESS_RANGES_MAX) {
            snprintf(why, ADDRESS_WHY_MAX, "at most %d ranges", ADDRESS_RANGES_MAX);
            return false;
        }
        if (!read_range(at, count, &out->items[out->count], why))
            return false;
        out->count++;
        at += count;
    }
    return true;
}

bool
address_ranges_hold(const struct address_ranges *ranges, const struct address *address)
{
    for (size_t i = 0; i < ranges->count; i++)
        if (begins_alike(&ranges->items[i].first, address, ranges->items[i].bits))
            return true;
    return false;
}
