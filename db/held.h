/* One immutable value that many threads read while another one replaces it. Only for db/. */
#ifndef DB_HELD_H
#define DB_HELD_H

#include <pthread.h>
#include <stddef.h>

/* First member of the value. It starts with one holder, the cell. */
struct held { size_t holders; void (*free)(struct held *value); };

struct cell { pthread_mutex_t lock; struct held *now; };

void         cell_open(struct cell *cell, struct held *first);
struct held *cell_hold(struct cell *cell);
void         cell_release(struct cell *cell, struct held *value);
/* the old value lives until its last holder lets it go */
void         cell_replace(struct cell *cell, struct held *next);
void         cell_close(struct cell *cell);

#endif
