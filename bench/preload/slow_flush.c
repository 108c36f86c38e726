/* For LD_PRELOAD, by bench/goals.py: a disk whose fdatasync takes four milliseconds more. */
#include <sys/syscall.h>
#include <unistd.h>

enum { MORE_US = 4000 };

int
fdatasync(int fd)
{
    usleep(MORE_US);
    return (int)syscall(SYS_fdatasync, fd);
}
