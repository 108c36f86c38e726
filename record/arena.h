/* Memory that lives as long as one request. Nothing in it is freed alone. */
#ifndef RECORD_ARENA_H
#define RECORD_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks;       /* first the one that small allocations are taken from */
    size_t              block_bytes;      /* of a block at least */
    size_t              used, used_max;   /* bytes of all blocks, and how many they may become */
    bool                is_starved;   /* the process had no memory for it, within its bound */
};

void  arena_open(struct arena *arena, size_t used_max);              /* takes no memory yet */
/* The same, in blocks of at least block_bytes: of small ones where many arenas are held at once, of
 * large ones where one holds much and not for long. */
void  arena_open_in_blocks(struct arena *arena, size_t block_bytes, size_t used_max);
/* Its first block is the caller's: memory aligned for all, of ARENA_LENT_BYTES_LEAST or more, which
 * does not count as used and is taken from first; given back by arena_close(). */
enum { ARENA_LENT_BYTES_LEAST = 64 };
void  arena_lend(struct arena *arena, void *memory, size_t bytes);
/* zeroed, aligned for all; NULL when full */
void *arena_alloc(struct arena *arena, size_t count, size_t size);
/* the same, not zeroed: for what its owner fills */
void *arena_room(struct arena *arena, size_t count, size_t size);
/* with a NUL after it; NULL when full */
char *arena_copy(struct arena *arena, const char *bytes, size_t count);

/* `old` (old_bytes, from arena_alloc; or NULL) made as long as new_bytes >= old_bytes, what is
 * added being zero: in its place where it is the newest allocation, else as a copy. NULL when
 * full; `old` is then as it was. */
void *arena_resize(struct arena *arena, void *old, size_t old_bytes, size_t new_bytes);
/* The same, what is added not zeroed. */
void *arena_widen(struct arena *arena, void *old, size_t old_bytes, size_t new_bytes);
void  arena_close(struct arena *arena);                              /* may be opened again */

#endif
