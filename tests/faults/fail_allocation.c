/* Preloaded into the service: the n-th allocation from now fails, and so many after it. What is to
 * fail stands in a file, which the driver writes while the service runs. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* glibc's own, by the names that stay when ours take the place of the others. */
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *old, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);

/* As run.py packs it. */
struct control {
    _Atomic int64_t count;                /* of allocations since the driver wrote 0 */
    _Atomic int64_t first, last;          /* of those that fail; 0: none */
    _Atomic int64_t failed;
    _Atomic int64_t caller;               /* of the first that failed: its address */
};

static _Atomic(struct control *) control;

__attribute__((constructor)) static void
open_control(void)
{
    const char *path = getenv("FAIL_ALLOCATION");
    int         fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;

    if (fd < 0)
        return;
    void *shared = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (shared != MAP_FAILED)
        atomic_store(&control, shared);
}

static bool
fails(const void *caller)
{
    struct control *now = atomic_load(&control);

    if (!now)
        return false;
    int64_t count = atomic_fetch_add(&now->count, 1) + 1;
    if (count < atomic_load(&now->first) || count > atomic_load(&now->last))
        return false;
    if (!atomic_fetch_add(&now->failed, 1))
        atomic_store(&now->caller, (int64_t)(intptr_t)caller);
    errno = ENOMEM;
    return true;
}

void *
malloc(size_t bytes)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(bytes);
}

void *
calloc(size_t count, size_t bytes)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(count, bytes);
}

void *
realloc(void *old, size_t bytes)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(old, bytes);
}

void *
memalign(size_t alignment, size_t bytes)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, bytes);
}

void *
aligned_alloc(size_t alignment, size_t bytes)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, bytes);
}

int
posix_memalign(void **out, size_t alignment, size_t bytes)
{
    void *taken = fails(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, bytes);

    if (!taken)
        return ENOMEM;
    *out = taken;
    return 0;
}
