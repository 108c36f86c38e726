/* Exchanges' memory, each in pages of its own: only the first of them is touched by most requests,
 * since what follows are the faults, which few requests have. */
#include <assert.h>
#include <sanitizer/asan_interface.h>
#include <sys/mman.h>

#include "server/exchange.h"

enum { PAGE_BYTES = 4096 };

_Static_assert(offsetof(struct exchange, reply.faults.items) <= PAGE_BYTES,
               "a request without faults has one page");

struct exchange *
spare_take(struct listener *listener)
{
    pthread_mutex_lock(&listener->spares_lock);
    struct exchange *exchange = listener->spares;
    if (exchange) {
        ASAN_UNPOISON_MEMORY_REGION(exchange, sizeof *exchange);
        listener->spares = exchange->next_spare;
        if (--listener->spares_count < listener->spares_least)
            listener->spares_least = listener->spares_count;
    }
    pthread_mutex_unlock(&listener->spares_lock);
    if (exchange)
        return exchange;
    void *pages = mmap(NULL, sizeof *exchange, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

void
spare_give_back(struct exchange *exchange)
{
    struct listener *listener = exchange->listener;

    pthread_mutex_lock(&listener->spares_lock);
    exchange->next_spare = listener->spares;
    listener->spares     = exchange;
    listener->spares_count++;
    /* all but the link */
    ASAN_POISON_MEMORY_REGION(&exchange->listener,
                              sizeof *exchange - offsetof(struct exchange, listener));
    pthread_mutex_unlock(&listener->spares_lock);
}

/* The last that were given back are kept. */
static struct exchange *
cut_off(struct listener *listener)
{
    struct exchange **at   = &listener->spares;
    struct exchange  *rest;

    for (size_t kept = listener->spares_count - listener->spares_least; kept > 0; kept--)
        at = &(*at)->next_spare;
    rest = *at;
    *at  = NULL;
    listener->spares_count -= listener->spares_least;
    listener->spares_least  = listener->spares_count;
    return rest;
}

size_t
spares_trim(struct listener *listener)
{
    size_t count = 0;

    pthread_mutex_lock(&listener->spares_lock);
    struct exchange *exchange = cut_off(listener);
    pthread_mutex_unlock(&listener->spares_lock);
    for (struct exchange *next; exchange; exchange = next, count++) {
        next = exchange->next_spare;
        ASAN_UNPOISON_MEMORY_REGION(exchange, sizeof *exchange);
        munmap(exchange, sizeof *exchange);
    }
    return count;
}

/* The second time none was needed since the first. */
void
spares_free(struct listener *listener)
{
    spares_trim(listener);
    spares_trim(listener);
}
