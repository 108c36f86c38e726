/* Any bytes are a tile's one name or none. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "audit/tile.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct tile tile;
    char        path[TILE_PATH_MAX];

    if (!tile_path_parse((const char *)bytes, count, &tile))
        return 0;
    assert(tile.level >= TILE_ENTRIES && tile.level <= TILE_LEVEL_MAX);
    assert(tile.index >= 0);
    assert(tile.width >= 1 && tile.width <= TILE_WIDTH);
    tile_path_format(&tile, path);
    assert(strlen(path) == count);
    assert(!memcmp(path, bytes, count));
    assert(!tile_is_served(&tile, 0));
    return 0;
}
