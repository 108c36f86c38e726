/* Tile paths, and the widths of a tree's tiles. */
#include "audit/tile.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "audit/lines.h"

/* Three digits, all a path element has beside its x, put after those of the index. */
static bool
take_three(struct line element, int64_t *index)
{
    int three = 0;

    if (element.count != 3)
        return false;
    for (size_t i = 0; i < 3; i++) {
        if (element.bytes[i] < '0' || element.bytes[i] > '9')
            return false;
        three = three * 10 + (element.bytes[i] - '0');
    }
    if (*index > (INT64_MAX - three) / 1000)
        return false;
    *index = *index * 1000 + three;
    return true;
}

/* "x001/x234/067": all elements but the last have an x; the first is not x000, which would say
 * nothing. */
static bool
parse_index(struct line text, int64_t *out)
{
    struct line element, digits, rest;
    int64_t     index = 0;

    while (line_cut(text, '/', &element, &rest)) {
        if (!line_starts(element, "x", &digits) || !take_three(digits, &index) || index == 0)
            return false;
        text = rest;
    }
    if (!take_three(text, &index))
        return false;
    *out = index;
    return true;
}

static bool
parse_level(struct line text, int *out)
{
    int64_t level;

    if (line_is(text, "entries")) {
        *out = TILE_ENTRIES;
        return true;
    }
    if (!line_integer(text, &level) || level > TILE_LEVEL_MAX)
        return false;
    *out = (int)level;
    return true;
}

/* Cuts ".p/W" off the end, if it is there: the only dot of a path. */
static bool
parse_width(struct line *path, int *out)
{
    struct line before, after, digits;
    int64_t     width;

    *out = TILE_WIDTH;
    if (!line_cut(*path, '.', &before, &after))
        return true;
    if (!line_starts(after, "p/", &digits) || !line_integer(digits, &width) || width < 1 ||
        width >= TILE_WIDTH)
        return false;
    *path = before;
    *out  = (int)width;
    return true;
}

bool
tile_path_parse(const char *path, size_t count, struct tile *out)
{
    struct line rest = { .bytes = path, .count = count };
    struct line level, index;
    struct tile tile;

    if (!line_starts(rest, "tile/", &rest) || !parse_width(&rest, &tile.width) ||
        !line_cut(rest, '/', &level, &index) || !parse_level(level, &tile.level) ||
        !parse_index(index, &tile.index))
        return false;
    *out = tile;
    return true;
}

/* Elements from the last to the first, each put before those that are there. */
static int
format_index(int64_t index, char *text, size_t room)
{
    int64_t scale = 1;
    int     count = 0;

    while (index / scale >= 1000)
        scale *= 1000;
    for (; scale > 1; scale /= 1000)
        count += snprintf(text + count, room - (size_t)count, "x%03d/",
                          (int)(index / scale % 1000));
    return count + snprintf(text + count, room - (size_t)count, "%03d", (int)(index % 1000));
}

void
tile_path_format(const struct tile *tile, char path[static TILE_PATH_MAX])
{
    int count;

    assert(tile->level >= TILE_ENTRIES && tile->level <= TILE_LEVEL_MAX);
    assert(tile->index >= 0);
    assert(tile->width >= 1 && tile->width <= TILE_WIDTH);
    if (tile->level == TILE_ENTRIES)
        count = snprintf(path, TILE_PATH_MAX, "tile/entries/");
    else
        count = snprintf(path, TILE_PATH_MAX, "tile/%d/", tile->level);
    count += format_index(tile->index, path + count, (size_t)(TILE_PATH_MAX - count));
    if (tile->width < TILE_WIDTH)
        count += snprintf(path + count, (size_t)(TILE_PATH_MAX - count), ".p/%d", tile->width);
    assert(count < TILE_PATH_MAX);
}

int64_t
tile_hashes(int level, int64_t size)
{
    assert(level >= TILE_ENTRIES);
    assert(size >= 0);
    if (level >= TILE_LEVELS)
        return 0;
    return level == TILE_ENTRIES ? size : size >> (TILE_HEIGHT * level);
}

int
tile_width(int level, int64_t index, int64_t size)
{
    int64_t hashes = tile_hashes(level, size);

    assert(index >= 0);
    if (index < hashes / TILE_WIDTH)
        return TILE_WIDTH;
    return index == hashes / TILE_WIDTH ? (int)(hashes % TILE_WIDTH) : 0;
}

bool
tile_is_served(const struct tile *tile, int64_t size)
{
    return tile->width <= tile_width(tile->level, tile->index, size);
}
