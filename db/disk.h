/* Whether the database's disk has room: decisions stop before its last twentieth, so that what was
 * begun can be ended there, the log goes on, and old days can be dropped. Any thread. */
#ifndef DB_DISK_H
#define DB_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "db/database.h"

struct disk;
struct statvfs;

struct disk_settings {
    const char      *path;                /* a directory on that disk */
    struct database *database;            /* whose report tells of it; NULL: nobody is told */
    /* as statvfs(3), and that where NULL; tests have disks of their own */
    int            (*measure)(const char *path, struct statvfs *out, void *context);
    void            *context;
    int64_t          every_ms;            /* how old a measurement may be; 0: 200 */
};

/* Bytes that an ordinary user may still write, of all that the disk has. */
struct disk_status { int64_t available_bytes, bytes; bool is_full; };

/* Full: less than 5 % can be written; and until 5.5 % can be again. */
enum { DISK_FULL_BELOW_TENTHS = 50, DISK_FREE_FROM_TENTHS = 55 };

/* NULL: no memory, or the path cannot be measured: `why`. */
struct disk *disk_open(const struct disk_settings *settings, char why[static DATABASE_WHY_MAX]);
/* NULL: nothing is known of the disk, which then has room. Where a measurement fails, what the one
 * before it said still holds. */
bool         disk_has_room(struct disk *disk);
void         disk_status(struct disk *disk, struct disk_status *out);
void         disk_close(struct disk *disk);

#endif
