/* A tree in memory for tests: its tiles as the code grows them, and RFC 6962's recursive definition
 * beside them. */
#ifndef TESTS_MERKLE_H
#define TESTS_MERKLE_H

#include "audit/tree.h"

enum { MERKLE_LEAVES_MAX = 70000, MERKLE_LEVELS = 3 };

/* levels[0] are the leaf hashes, which is all that the definition looks at. */
struct merkle {
    struct frontier frontier;
    struct digest  *levels[MERKLE_LEVELS];
    size_t          counts[MERKLE_LEVELS];
    size_t          reads;                /* of tiles, by the reader */
    int64_t         failing_read;         /* this one, counted from 1, fails; 0: none */
};

struct merkle *merkle_open(void);                                      /* empty; to be closed */
void           merkle_close(struct merkle *merkle);
void           merkle_append(struct merkle *merkle, const struct digest *leaf);

/* Up to `size` leaves; leaf i is the decimal ASCII of i. */
void merkle_append_decimals(struct merkle *merkle, size_t size);

/* Reads the tiles. A width that the tree does not have is a failed test. */
struct tile_reader merkle_reader(struct merkle *merkle);

/* MTH(D[begin:end]), RFC 6962 section 2.1. */
struct digest merkle_defined(const struct merkle *merkle, size_t begin, size_t end);

#endif
