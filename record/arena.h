/* Memory that lives as long as one request. Nothing in it is freed alone. */
#ifndef RECORD_ARENA_H
#define RECORD_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks;       /* the newest first */
    size_t              used, used_max;
};

void  arena_open(struct arena *arena, size_t used_max);              /* takes no memory yet */
void *arena_alloc(struct arena *arena, size_t count, size_t size);   /* zeroed, aligned for all; NULL when full */
char *arena_copy(struct arena *arena, const char *bytes, size_t count);   /* with a NUL after it; NULL when full */
void  arena_close(struct arena *arena);                              /* may be opened again */

#endif
