/* What the files of one integration share. Only for integrate.c and integrate_write.c. */
#ifndef DB_INTEGRATION_RUN_H
#define DB_INTEGRATION_RUN_H

#include "db/copy.h"
#include "db/growth.h"
#include "db/integrate.h"

enum { ARRAY_BYTES_MAX = 64 << 20 };

struct run {
    struct connection *connection;
    struct integrator *integrator;
    struct arena       arena;
    struct frontier    head;
    struct digest      root;
    struct growth      growth;
    struct copy        leaves, search;
    struct array       instances, next, closed;
};

/* Sets `why`. */
enum integration run_away(struct run *run);
enum integration run_starved(struct run *run);
enum integration run_halt(struct run *run, const char *why);

/* Each must touch exactly the rows that it is of: INTEGRATED, or what went wrong. */
enum integration run_write_leaves(struct run *run);
enum integration run_write_tiles(struct run *run);
enum integration run_write_search(struct run *run);
enum integration run_write_instances(struct run *run);
enum integration run_write_checkpoint(struct run *run, const struct digest *root);
/* AGAIN: another process was faster. */
enum integration run_write_head(struct run *run, const struct digest *root);

#endif
