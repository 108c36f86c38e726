/* The names of tiles and entry bundles, and which of them a tree of some size has
 * (c2sp.org/tlog-tiles; height 8, width 256). */
#ifndef AUDIT_TILE_H
#define AUDIT_TILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TILE_HEIGHT    = 8,
    TILE_WIDTH     = 256,
    TILE_LEVELS    = 8,                   /* that a tree of fewer than 2^63 leaves has */
    TILE_LEVEL_MAX = 63,                  /* that a path may name */
    TILE_ENTRIES   = -1,                  /* as level: the bundle of a level 0 tile's entries */
    TILE_PATH_MAX  = 64,                  /* bytes of a path with its NUL */
};

/* The leftmost `width` hashes (1 to 256; 256: all) of tile `index`, 0 to 2^63 - 1, of a level. */
struct tile { int level; int64_t index; int width; };

/* "tile/0/x001/x234/067.p/8", "tile/entries/000": exactly the one spelling that tlog-tiles gives
 * the resource, anything else is refused. (.p/256 is another spelling of the full tile, x000/001 of
 * 001.) */
bool tile_path_parse(const char *path, size_t count, struct tile *out);
void tile_path_format(const struct tile *tile, char path[static TILE_PATH_MAX]);

/* How many hashes a level holds in a tree of `size` leaves: floor(size / 256^level); TILE_ENTRIES:
 * `size` entries. A level's last tile is partial unless that is a multiple of 256. */
int64_t tile_hashes(int level, int64_t size);

/* How many of them tile `index` of the level holds: 256, the partial tile's width, or 0 where the
 * tree has no such tile. */
int tile_width(int level, int64_t index, int64_t size);

/* May the tile be served when a tree of `size` leaves is published? Each width up to the tile's
 * own: a full tile's prefixes too. */
bool tile_is_served(const struct tile *tile, int64_t size);

#endif
