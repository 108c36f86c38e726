/* PEM files: texts, of which one is a secret. */
#include "server/pem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PEM_BYTES_MAX = 256 << 10 };

char *
pem_read(const char *path, bool is_secret, char why[static PEM_WHY_MAX])
{
    struct stat status;
    char       *text = NULL;
    int         fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &status))
        snprintf(why, PEM_WHY_MAX, "%.100s: %s", path, strerror(errno));
    else if (is_secret && status.st_mode & (S_IRWXG | S_IRWXO))
        snprintf(why, PEM_WHY_MAX, "%.100s: others may read this key: chmod 600", path);
    else if (status.st_size > PEM_BYTES_MAX || !(text = calloc(1, (size_t)status.st_size + 1)) ||
             read(fd, text, (size_t)status.st_size) != status.st_size)
        snprintf(why, PEM_WHY_MAX, "%.100s: it cannot be read, or is too large", path);
    else {
        close(fd);
        return text;
    }
    if (fd >= 0)
        close(fd);
    free(text);
    return NULL;
}

void
pem_forget(struct pem *pem)
{
    if (pem->key)
        explicit_bzero(pem->key, strlen(pem->key));
    free(pem->cert);
    free(pem->key);
}
