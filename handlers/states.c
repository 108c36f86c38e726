/* A table of chains; a hash is its own place in it. */
#include "handlers/states.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { CHAINS = 256 };

struct held_state {
    struct held_state *next;
    struct digest      sha256;
    size_t             holders;
    char               bytes[];
};

struct states {
    pthread_mutex_t    lock;
    struct held_state *chains[CHAINS];
};

struct states *
states_open(void)
{
    struct states *states = calloc(1, sizeof *states);

    if (states)
        pthread_mutex_init(&states->lock, NULL);
    return states;
}

bool
states_close(struct states *states)
{
    for (size_t i = 0; states && i < CHAINS; i++)
        if (states->chains[i])
            return false;
    if (states)
        pthread_mutex_destroy(&states->lock);
    free(states);
    return true;
}

static struct held_state **
place_of(struct states *states, const struct digest *sha256)
{
    struct held_state **at = &states->chains[sha256->bytes[0] % CHAINS];

    while (*at && !digest_equal(&(*at)->sha256, sha256))
        at = &(*at)->next;
    return at;
}

static struct held_state *
make(const struct digest *sha256, const char *bytes, size_t count)
{
    struct held_state *held = malloc(sizeof *held + count);

    if (!held)
        return NULL;
    *held = (struct held_state){ .sha256 = *sha256 };
    memcpy(held->bytes, bytes, count);
    return held;
}

struct held_state *
state_hold(struct states *states, const struct digest *sha256, const char *bytes, size_t count)
{
    pthread_mutex_lock(&states->lock);
    struct held_state **at = place_of(states, sha256);
    if (!*at)
        *at = make(sha256, bytes, count);
    struct held_state *held = *at;
    if (held)
        held->holders++;
    pthread_mutex_unlock(&states->lock);
    return held;
}

const char *
state_bytes(const struct held_state *held)
{
    return held->bytes;
}

void
state_release(struct states *states, struct held_state *held)
{
    if (!held)
        return;
    pthread_mutex_lock(&states->lock);
    if (--held->holders == 0) {
        *place_of(states, &held->sha256) = held->next;
        free(held);
    }
    pthread_mutex_unlock(&states->lock);
}
