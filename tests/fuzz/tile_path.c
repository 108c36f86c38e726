/* Any bytes are a tile's one name or none: what a regular expression of tlog-tiles takes, within 63 bits,
 * and it is written as it was read. */
#include <assert.h>
#include <regex.h>
#include <stdlib.h>

#include "audit/tile.h"
#include "tests/fuzz/input.h"

enum { LONGEST = 256, PARTS = 8 };

/* The index from groups of three digits; false: past 63 bits. */
static bool
index_of(const char *at, const char *end, int64_t *index)
{
    *index = 0;
    for (; at < end; at++)
        if (*at >= '0' && *at <= '9' &&
            (__builtin_mul_overflow(*index, 10, index) || __builtin_add_overflow(*index, *at - '0', index)))
            return false;
    return true;
}

static bool
read_exactly(const char *text, struct tile *out)
{
    static const char pattern[] =
        "^tile/(entries|[0-9]|[1-5][0-9]|6[0-3])/"
        "((x(00[1-9]|0[1-9][0-9]|[1-9][0-9]{2})/)(x[0-9]{3}/)*[0-9]{3}|[0-9]{3})"
        "(\\.p/([1-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5]))?$";
    static regex_t regex;
    static bool    is_compiled;
    regmatch_t     part[PARTS];

    if (!is_compiled && regcomp(&regex, pattern, REG_EXTENDED))
        abort();
    is_compiled = true;
    if (regexec(&regex, text, PARTS, part, 0))
        return false;
    out->level = text[part[1].rm_so] == 'e' ? TILE_ENTRIES : (int)strtol(text + part[1].rm_so, NULL, 10);
    out->width = part[7].rm_so < 0 ? TILE_WIDTH : (int)strtol(text + part[7].rm_so, NULL, 10);
    return index_of(text + part[2].rm_so, text + part[2].rm_eo, &out->index);
}

/* Where there are so many leaves, the tile is served: it holds at least one of its hashes. */
static void
check_served(const struct tile *tile)
{
    int     level = tile->level < 0 ? 0 : tile->level;
    int64_t least;

    assert(!tile_is_served(tile, 0));
    if (level >= TILE_LEVELS || __builtin_mul_overflow(tile->index, TILE_WIDTH, &least) ||
        __builtin_add_overflow(least, tile->width, &least))
        return;
    for (; level > 0; level--)
        if (__builtin_mul_overflow(least, TILE_WIDTH, &least))
            return;
    assert(tile_is_served(tile, least));
    assert(!tile_is_served(tile, least - 1));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct tile tile, wanted;
    char        path[TILE_PATH_MAX], text[LONGEST];

    bool is_read = tile_path_parse((const char *)bytes, count, &tile);
    if (count >= sizeof text || (count && memchr(bytes, '\0', count))) {
        assert(!is_read);
        return 0;
    }
    memcpy(text, bytes, count);
    text[count] = '\0';
    assert(is_read == read_exactly(text, &wanted));
    if (!is_read)
        return 0;
    assert(tile.level == wanted.level);
    assert(tile.index == wanted.index);
    assert(tile.width == wanted.width);
    tile_path_format(&tile, path);
    assert(!strcmp(path, text));
    check_served(&tile);
    return 0;
}
