/* The states of requests that wait, as they are recorded: each is held once, however many ask about
 * it, as a thousand may at a time. */
#ifndef HANDLERS_STATES_H
#define HANDLERS_STATES_H

#include <stdbool.h>
#include <stddef.h>

#include "audit/digest.h"

struct states;
struct held_state;

struct states    *states_open(void);                        /* NULL: no memory */
/* False: some are still held, and stay, for the end of the process. NULL: nothing. */
bool              states_close(struct states *states);

/* The bytes that have this hash, copied unless somebody holds them. NULL: no memory. */
struct held_state *state_hold(struct states *states, const struct digest *sha256,
                              const char *bytes, size_t count);
const char        *state_bytes(const struct held_state *held);
void               state_release(struct states *states, struct held_state *held);   /* NULL: nothing */

#endif
