/* X-Forwarded-For and Forwarded, read from their right end. */
#include "server/forwarded.h"

#include <string.h>
#include <strings.h>

struct part { const char *at; size_t count; };

static struct part
trimmed(struct part part)
{
    while (part.count && (*part.at == ' ' || *part.at == '\t')) {
        part.at++;
        part.count--;
    }
    while (part.count && (part.at[part.count - 1] == ' ' || part.at[part.count - 1] == '\t'))
        part.count--;
    return part;
}

/* The part up to a separator that does not stand between quotes, which is taken off. False: a quote
 * is not closed. */
static bool
cut(struct part *rest, char separator, struct part *out)
{
    bool   is_quoted = false;
    size_t count = 0;

    for (; count < rest->count && (is_quoted || rest->at[count] != separator); count++) {
        if (is_quoted && rest->at[count] == '\\' && count + 1 < rest->count)
            count++;
        else if (rest->at[count] == '"')
            is_quoted = !is_quoted;
    }
    *out = trimmed((struct part){ rest->at, count });
    size_t taken = count < rest->count ? count + 1 : count;
    rest->at    += taken;
    rest->count -= taken;
    return !is_quoted;
}

/* "192.0.2.1", "192.0.2.1:80", "[2001:db8::1]:80", and 2001:db8::1 as X-Forwarded-For has it. */
static bool
read_node(struct part node, struct address *out)
{
    const char *colon = memchr(node.at, ':', node.count);

    if (node.count && node.at[0] == '[') {
        const char *end = memchr(node.at, ']', node.count);
        return end && address_parse(node.at + 1, (size_t)(end - node.at) - 1, out);
    }
    bool has_port = colon && !memchr(colon + 1, ':', node.count - (size_t)(colon - node.at) - 1);
    return address_parse(node.at, has_port ? (size_t)(colon - node.at) : node.count, out);
}

/* "for=192.0.2.60;proto=http;by=203.0.113.43" */
static bool
read_element(struct part element, struct address *out)
{
    struct part pair;

    while (element.count) {
        if (!cut(&element, ';', &pair))
            return false;
        if (pair.count < 4 || strncasecmp(pair.at, "for=", 4))
            continue;
        struct part node = { pair.at + 4, pair.count - 4 };
        if (node.count >= 2 && node.at[0] == '"' && node.at[node.count - 1] == '"')
            node = (struct part){ node.at + 1, node.count - 2 };
        return read_node(node, out);
    }
    return false;
}

/* From the right, as long as who spoke is a proxy of ours. False: it says what cannot be read. */
static bool
follow(const char *field, bool (*read)(struct part part, struct address *out),
       const struct address_ranges *proxies, struct address *client)
{
    struct part rest = { field, strlen(field) };
    struct part last[FORWARDED_HOPS_MAX];
    size_t      count = 0;

    for (; rest.count; count++)
        if (!cut(&rest, ',', &last[count % FORWARDED_HOPS_MAX]))
            return false;
    for (size_t hops = 0; address_ranges_hold(proxies, client); hops++) {
        struct address next;
        if (hops == count)
            return true;
        if (hops == FORWARDED_HOPS_MAX ||
            !read(last[(count - 1 - hops) % FORWARDED_HOPS_MAX], &next))
            return false;
        *client = next;
    }
    return true;
}

struct address
forwarded_client(const struct address *peer, const struct address_ranges *proxies,
                 const char *forwarded_for, const char *forwarded)
{
    struct address of_for = *peer;
    struct address of_forwarded = *peer;

    if ((forwarded_for && !follow(forwarded_for, read_node, proxies, &of_for)) ||
        (forwarded && !follow(forwarded, read_element, proxies, &of_forwarded)))
        return *peer;
    if (!forwarded_for)
        return of_forwarded;
    return !forwarded || !memcmp(&of_for, &of_forwarded, sizeof of_for) ? of_for : *peer;
}
