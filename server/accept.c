/* Accept and Prefer, read as lists. */
#include "server/accept.h"

#include <string.h>
#include <strings.h>

/* Part of a header field. */
struct part { const char *at; size_t count; };

static struct part
trimmed(const char *at, size_t count)
{
    while (count && (*at == ' ' || *at == '\t')) {
        at++;
        count--;
    }
    while (count && (at[count - 1] == ' ' || at[count - 1] == '\t'))
        count--;
    return (struct part){ at, count };
}

/* The next item of a list; what stands between quotes holds no separator. False: its end. */
static bool
next(const char **at, char separator, struct part *out)
{
    const char *end = *at;
    bool        is_quoted = false;

    if (!*end)
        return false;
    for (; *end && (is_quoted || *end != separator); end++)
        if (*end == '"')
            is_quoted = !is_quoted;
    *out = trimmed(*at, (size_t)(end - *at));
    *at  = *end ? end + 1 : end;
    return true;
}

static bool
is(struct part part, const char *text)
{
    return part.count == strlen(text) && !strncasecmp(part.at, text, part.count);
}

/* "0.75" in thousandths (section 12.4.2); what is no weight is none. */
static int
thousandths(struct part part)
{
    int weight = 0, unit = 100;

    if (!part.count || (*part.at != '0' && *part.at != '1'))
        return 0;
    weight = (*part.at - '0') * 1000;
    for (size_t i = 2; i < part.count && i < 5; i++, unit /= 10)
        if (part.at[i] >= '0' && part.at[i] <= '9')
            weight += (part.at[i] - '0') * unit;
    return weight <= 1000 ? weight : 1000;
}

static int
weight_of(const char *range, size_t count)
{
    const char *at = range + strcspn(range, ";");
    const char *end = range + count;

    while (at < end) {
        const char *start = ++at;
        at += strcspn(at, ";");
        struct part part = trimmed(start, (size_t)((at < end ? at : end) - start));
        if (part.count > 2 && (*part.at == 'q' || *part.at == 'Q') && part.at[1] == '=')
            return thousandths((struct part){ part.at + 2, part.count - 2 });
    }
    return 1000;
}

/* How exactly a range names the offer: 0 not at all, 1 as any, 2 as any of its type, 3. */
static int
exactness(struct part range, const char *offer)
{
    size_t type = strcspn(offer, "/") + 1;

    if (is(range, "*/*"))
        return 1;
    if (range.count == type + 1 && range.at[type] == '*' && !strncasecmp(range.at, offer, type))
        return 2;
    return is(range, offer) ? 3 : 0;
}

/* The weight that the most exact range gives. */
static int
weight_for(const char *accept, const char *offer)
{
    struct part range;
    int         best = 0, weight = 0;

    while (next(&accept, ',', &range)) {
        size_t      name = 0;
        while (name < range.count && range.at[name] != ';')
            name++;
        int exact = exactness(trimmed(range.at, name), offer);
        if (exact > best) {
            best   = exact;
            weight = name < range.count ? weight_of(range.at, range.count) : 1000;
        }
    }
    return weight;
}

size_t
accept_choose(const char *accept, const char *const *offers, size_t offers_count)
{
    size_t chosen = 0;
    int    best = 0;

    for (size_t i = 0; accept && i < offers_count; i++) {
        int weight = weight_for(accept, offers[i]);
        if (weight > best) {
            best   = weight;
            chosen = i;
        }
    }
    return chosen;
}

bool
prefers(const char *prefer, const char *preference)
{
    struct part item;

    while (prefer && next(&prefer, ',', &item)) {
        size_t name = 0;
        while (name < item.count && !strchr(";= \t", item.at[name]))
            name++;
        if (is((struct part){ item.at, name }, preference))
            return true;
    }
    return false;
}
