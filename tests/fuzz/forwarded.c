/* Who asks, behind proxies: lines are the trusted ranges, the peer, X-Forwarded-For and Forwarded
 * (an empty line: none). The client is whom a second reader finds, by regular expressions and
 * whole lists of words; whoever is no proxy of ours is himself, whatever he says. */
#include <arpa/inet.h>
#include <assert.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/forwarded.h"
#include "tests/fuzz/input.h"

enum { INPUT_MAX = 1024, WORDS_MAX = INPUT_MAX, PARTS = 5 };

#define QUOTED "\"([^\"\\]|\\\\.)*\""

struct word  { char text[INPUT_MAX + 1]; };
struct words { struct word items[WORDS_MAX]; size_t count; };
struct range { struct address first; unsigned bits; };
struct known { struct range items[ADDRESS_RANGES_MAX]; size_t count; };

static bool
matches(const char *pattern, const char *text, regmatch_t part[PARTS])
{
    regex_t regex;
    int     failed = regcomp(&regex, pattern, REG_EXTENDED | REG_ICASE);

    assert(!failed);
    failed = regexec(&regex, text, PARTS, part, 0);
    regfree(&regex);
    return !failed;
}

static struct word
word_of(const char *text, const regmatch_t *part)
{
    struct word word;
    int         count = (int)(part->rm_eo - part->rm_so);

    snprintf(word.text, sizeof word.text, "%.*s", count, text + part->rm_so);
    return word;
}

/* Without the blanks around it. */
static struct word
core_of(const char *text)
{
    regmatch_t part[PARTS];
    bool       is_core = matches("^[ \t]*([^ \t]|[^ \t].*[^ \t])?[ \t]*$", text, part);

    assert(is_core);
    return part[1].rm_so < 0 ? (struct word){ "" } : word_of(text, &part[1]);
}

/* What stands between the separators that are not quoted; what follows the last one only if it is
 * something. */
static bool
split(const char *text, char separator, struct words *out)
{
    char       pattern[64];
    regmatch_t part[PARTS];

    snprintf(pattern, sizeof pattern, "^(([^\"%c]|" QUOTED ")*)(%c|$)", separator, separator);
    for (out->count = 0; *text; text += part[0].rm_eo) {
        if (!matches(pattern, text, part))
            return false;
        out->items[out->count++] = core_of(word_of(text, &part[1]).text);
    }
    return true;
}

static bool
read_address(const char *text, struct address *out)
{
    char       mapped[INPUT_MAX + 16];
    regmatch_t part[PARTS];

    if (!strchr(text, ':') && !matches("^([0-9]+[.]){3}[0-9]+$", text, part))
        return false;
    snprintf(mapped, sizeof mapped, "%s%s", strchr(text, ':') ? "" : "::ffff:", text);
    return inet_pton(AF_INET6, mapped, out->bytes) == 1;
}

static bool
read_node(const char *text, struct address *out)
{
    regmatch_t part[PARTS];

    if (*text == '[' ? matches("^\\[([^]]*)\\]", text, part)
                     : matches("^([^:]*):[^:]*$", text, part))
        return read_address(word_of(text, &part[1]).text, out);
    return *text != '[' && read_address(text, out);
}

static bool
read_element(const char *text, struct address *out)
{
    static struct words pairs;
    regmatch_t          part[PARTS];

    if (!split(text, ';', &pairs))
        return false;
    for (size_t i = 0; i < pairs.count; i++) {
        const char *pair = pairs.items[i].text;
        if (matches("^for=\"(.*)\"$", pair, part) || matches("^for=(.*)$", pair, part))
            return read_node(word_of(pair, &part[1]).text, out);
    }
    return false;
}

static bool
bit_of(const struct address *address, unsigned bit)
{
    return address->bytes[bit / 8] >> (7 - bit % 8) & 1;
}

static bool
is_known(const struct known *known, const struct address *address)
{
    for (size_t i = 0; i < known->count; i++) {
        const struct range *range = &known->items[i];
        unsigned            bit = 0;
        while (bit < range->bits && bit_of(&range->first, bit) == bit_of(address, bit))
            bit++;
        if (bit == range->bits)
            return true;
    }
    return false;
}

/* The last that a proxy of ours names, and who is none; of no more than so many proxies. */
static bool
walk(const char *field, bool (*read)(const char *text, struct address *out),
     const struct known *known, struct address *client)
{
    static struct words words;

    if (!split(field, ',', &words))
        return false;
    for (size_t i = words.count, hops = 0; is_known(known, client) && i > 0; i--)
        if (hops++ == FORWARDED_HOPS_MAX || !read(words.items[i - 1].text, client))
            return false;
    return true;
}

static struct address
find(const struct address *peer, const struct known *known, const char *list, const char *forwarded)
{
    struct address first = *peer, second = *peer;

    if ((list && !walk(list, read_node, known, &first)) ||
        (forwarded && !walk(forwarded, read_element, known, &second)))
        return *peer;
    if (list && forwarded && memcmp(&first, &second, sizeof first))
        return *peer;
    return list ? first : second;
}

/* One range that the service took. */
static void
learn(const char *text, struct known *known)
{
    struct range *range = &known->items[known->count++];
    regmatch_t    part[PARTS];
    bool          is_range = matches("^([^/]*)(/([0-9]+))?$", text, part);
    struct word   first = word_of(text, &part[1]);
    unsigned      width = strchr(first.text, ':') ? 128 : 32;

    assert(is_range);
    is_range = read_address(first.text, &range->first);
    assert(is_range);
    range->bits = part[3].rm_so < 0 ? width : (unsigned)strtoul(text + part[3].rm_so, NULL, 10);
    assert(range->bits <= width);
    range->bits += 128 - width;
}

static bool
learn_all(const char *text, struct address_ranges *ranges, struct known *known)
{
    char why[ADDRESS_WHY_MAX] = "";

    if (!address_ranges_parse(text, ranges, why)) {
        assert(*why);
        return false;
    }
    for (known->count = 0; *text; text += strcspn(text, ", ")) {
        text += strspn(text, ", ");
        regmatch_t part = { 0, (regoff_t)strcspn(text, ", ") };
        if (part.rm_eo)
            learn(word_of(text, &part).text, known);
    }
    assert(known->count == ranges->count);
    return true;
}

static struct word
next_line(struct input *input)
{
    struct input part = input_part(input, '\n');
    regmatch_t   all  = { 0, (regoff_t)input_left(&part) };

    return word_of((const char *)part.at, &all);
}

static void
compare(const struct address_ranges *ranges, const struct known *known, const struct address *peer,
        const char *list, const char *forwarded)
{
    struct address ours = forwarded_client(peer, ranges, list, forwarded);
    struct address wanted = find(peer, known, list, forwarded);

    assert(!memcmp(&ours, &wanted, sizeof ours));
    assert(is_known(known, peer) || !memcmp(&ours, peer, sizeof ours));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct input          input = { bytes, bytes + count };
    static struct known   known;
    struct address_ranges ranges;
    struct address        peer;

    if (count > INPUT_MAX || (count && memchr(bytes, '\0', count)))
        return 0;
    struct word trusted = next_line(&input), from = next_line(&input);
    struct word list = next_line(&input), forwarded = next_line(&input);
    if (learn_all(trusted.text, &ranges, &known) &&
        address_parse(from.text, strlen(from.text), &peer))
        compare(&ranges, &known, &peer, *list.text ? list.text : NULL,
                *forwarded.text ? forwarded.text : NULL);
    return 0;
}
