/* A counted pointer. The lock is held for two instructions; an atomic pointer
 * alone could not be counted safely. */
#include "db/held.h"

#include <assert.h>
#include <stdbool.h>

void
cell_open(struct cell *cell, struct held *first)
{
    int failed = pthread_mutex_init(&cell->lock, NULL);
    assert(!failed);
    first->holders = 1;
    cell->now = first;
}

struct held *
cell_hold(struct cell *cell)
{
    pthread_mutex_lock(&cell->lock);
    struct held *value = cell->now;
    value->holders++;
    pthread_mutex_unlock(&cell->lock);
    return value;
}

void
cell_release(struct cell *cell, struct held *value)
{
    pthread_mutex_lock(&cell->lock);
    assert(value->holders > 0);
    bool is_last = !--value->holders;
    pthread_mutex_unlock(&cell->lock);
    if (is_last)
        value->free(value);
}

void
cell_replace(struct cell *cell, struct held *next)
{
    next->holders = 1;
    pthread_mutex_lock(&cell->lock);
    struct held *old = cell->now;
    cell->now = next;
    pthread_mutex_unlock(&cell->lock);
    cell_release(cell, old);
}

void
cell_close(struct cell *cell)
{
    cell_release(cell, cell->now);
    pthread_mutex_destroy(&cell->lock);
}
