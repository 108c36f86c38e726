/* A chain of blocks, each a quarter of what is there or more, so that little of it stays unused; an
 * allocation moves a mark. A large one has a block of its own. */
#include "record/arena.h"

#include <assert.h>
#include <sanitizer/asan_interface.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES_USUAL = 8 << 10, BLOCK_BYTES_MAX = 1 << 20 };

struct arena_block {
    struct arena_block *older;
    size_t              size, used;
    bool                is_lent;
    max_align_t         bytes[];
};

void
arena_open(struct arena *arena, size_t used_max)
{
    arena_open_in_blocks(arena, BLOCK_BYTES_USUAL, used_max);
}

void
arena_open_in_blocks(struct arena *arena, size_t block_bytes, size_t used_max)
{
    *arena = (struct arena){ .block_bytes = block_bytes, .used_max = used_max };
}

void
arena_lend(struct arena *arena, void *memory, size_t bytes)
{
    struct arena_block *block = memory;

    assert(!arena->blocks);
    assert(bytes >= ARENA_LENT_BYTES_LEAST);
    *block = (struct arena_block){ .size = bytes - sizeof *block, .is_lent = true };
    ASAN_POISON_MEMORY_REGION(block->bytes, block->size);
    arena->blocks = block;
}

/* Less where the maximum is near. */
static size_t
usual_block_bytes(const struct arena *arena)
{
    size_t room  = arena->used_max - arena->used;
    size_t usual = arena->used / 4 > arena->block_bytes ? arena->used / 4 : arena->block_bytes;
    if (usual > BLOCK_BYTES_MAX)
        usual = BLOCK_BYTES_MAX;
    return usual < room ? usual : room;
}

/* A block of its own is put behind the first one, what is left of which goes on being used. */
static struct arena_block *
add_block(struct arena *arena, size_t least)
{
    if (least > arena->used_max - arena->used)
        return NULL;
    size_t               usual = usual_block_bytes(arena);
    size_t               size  = least > usual / 2 ? least : usual;
    struct arena_block **place = arena->blocks && size == least ? &arena->blocks->older
                                                                : &arena->blocks;
    struct arena_block  *block = NULL;
    if (size <= SIZE_MAX - sizeof *block)
        block = malloc(sizeof *block + size);
    if (!block) {
        arena->is_starved = true;
        return NULL;
    }
    *block = (struct arena_block){ .older = *place, .size = size };
    /* under ASan only: what is not taken may not be touched */
    ASAN_POISON_MEMORY_REGION(block->bytes, size);
    *place = block;
    arena->used += size;
    return block;
}

/* `count` bytes, not zeroed; `alignment` is a power of two. */
static char *
take(struct arena *arena, size_t count, size_t alignment)
{
    struct arena_block *block = arena->blocks;
    size_t              start = block ? (block->used + alignment - 1) & ~(alignment - 1) : 0;

    if (!block || start > block->size || count > block->size - start) {
        block = add_block(arena, count);
        start = 0;
    }
    if (!block)
        return NULL;
    block->used = start + count;
    ASAN_UNPOISON_MEMORY_REGION((char *)block->bytes + start, count);
    return (char *)block->bytes + start;
}

void *
arena_room(struct arena *arena, size_t count, size_t size)
{
    size_t bytes;
    return __builtin_mul_overflow(count, size, &bytes) ? NULL
                                                       : take(arena, bytes, alignof(max_align_t));
}

void *
arena_alloc(struct arena *arena, size_t count, size_t size)
{
    void *taken = arena_room(arena, count, size);
    return taken ? memset(taken, 0, count * size) : NULL;
}

char *
arena_copy(struct arena *arena, const char *bytes, size_t count)
{
    if (count == SIZE_MAX)
        return NULL;
    char *copy = take(arena, count + 1, 1);
    if (!copy)
        return NULL;
    if (count)
        memcpy(copy, bytes, count);
    copy[count] = '\0';
    return copy;
}

void *
arena_widen(struct arena *arena, void *old, size_t old_bytes, size_t new_bytes)
{
    assert(old_bytes <= new_bytes);
    assert(old || old_bytes == 0);
    struct arena_block *block = arena->blocks;
    size_t              more  = new_bytes - old_bytes;

    if (old && block && (char *)old + old_bytes == (char *)block->bytes + block->used &&
        more <= block->size - block->used) {
        ASAN_UNPOISON_MEMORY_REGION((char *)old + old_bytes, more);
        block->used += more;
        return old;
    }
    char *moved = arena_room(arena, 1, new_bytes);
    if (moved && old)
        memcpy(moved, old, old_bytes);
    return moved;
}

void *
arena_resize(struct arena *arena, void *old, size_t old_bytes, size_t new_bytes)
{
    char *wider = arena_widen(arena, old, old_bytes, new_bytes);

    if (wider)
        memset(wider + old_bytes, 0, new_bytes - old_bytes);
    return wider;
}

void
arena_close(struct arena *arena)
{
    for (struct arena_block *block = arena->blocks, *older; block; block = older) {
        older = block->older;
        if (block->is_lent)
            ASAN_UNPOISON_MEMORY_REGION(block->bytes, block->size);
        else
            free(block);
    }
    arena->blocks = NULL;
    arena->used   = 0;
}
