/* A certificate and its key as the texts that TLS wants. */
#ifndef SERVER_PEM_H
#define SERVER_PEM_H

#include <stdbool.h>

enum { PEM_WHY_MAX = 160 };

struct pem { char *cert, *key; };

/* The whole file; NULL: `why`. A secret is for its owner alone. */
char *pem_read(const char *path, bool is_secret, char why[static PEM_WHY_MAX]);
/* The key is overwritten. */
void  pem_forget(struct pem *pem);

#endif
