/* statvfs() now and then, by whichever thread asks first. */
#include "db/disk.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "db/wait.h"

enum { EVERY_MS = 200 };

struct disk {
    struct disk_settings settings;
    char                *path;                        /* our copy of the settings' */
    _Atomic int64_t      due_ms;                      /* of the next measurement */
    _Atomic int64_t      available_bytes, bytes;
    atomic_bool          is_full, has_failed;
};

static int
measure_path(const char *path, struct statvfs *out, void *context)
{
    (void)context;
    return statvfs(path, out);
}

static void
tell(struct disk *disk, const char *what)
{
    if (disk->settings.database)
        database_report(disk->settings.database, "the database's disk (%.200s) %s", disk->path,
                        what);
}

/* Of a thousand parts, how many can be written; without overflow on any disk below 2^53 bytes. */
static bool
is_below(const struct statvfs *found, int64_t tenths)
{
    return (int64_t)found->f_bavail * 1000 < (int64_t)found->f_blocks * tenths;
}

static bool
measure(struct disk *disk)
{
    struct statvfs found;

    if (disk->settings.measure(disk->path, &found, disk->settings.context))
        return false;
    bool was_full = atomic_load(&disk->is_full);
    bool is_full = is_below(&found, was_full ? DISK_FREE_FROM_TENTHS : DISK_FULL_BELOW_TENTHS);
    atomic_store(&disk->available_bytes, (int64_t)(found.f_bavail * found.f_frsize));
    atomic_store(&disk->bytes, (int64_t)(found.f_blocks * found.f_frsize));
    atomic_store(&disk->is_full, is_full);
    if (is_full != was_full)
        tell(disk, is_full ? "is full but for a twentieth: decisions are refused"
                           : "has room again: decisions are made");
    return true;
}

/* One thread measures; the others go on with what is known. */
static void
measure_when_due(struct disk *disk)
{
    int64_t now_ms = wait_deadline_ms(0);
    int64_t due_ms = atomic_load(&disk->due_ms);

    if (now_ms < due_ms ||
        !atomic_compare_exchange_strong(&disk->due_ms, &due_ms, now_ms + disk->settings.every_ms))
        return;
    bool is_measured = measure(disk);
    if (!is_measured && !atomic_load(&disk->has_failed))
        tell(disk, "cannot be measured");
    atomic_store(&disk->has_failed, !is_measured);
}

struct disk *
disk_open(const struct disk_settings *settings, char why[static DATABASE_WHY_MAX])
{
    struct disk *disk = calloc(1, sizeof *disk);
    char        *path = strdup(settings->path);

    if (disk && path) {
        disk->settings = *settings;
        disk->path     = path;
        if (!settings->measure)
            disk->settings.measure = measure_path;
        if (!settings->every_ms)
            disk->settings.every_ms = EVERY_MS;
        if (measure(disk))
            return disk;
    }
    snprintf(why, DATABASE_WHY_MAX, "%.200s: %.80s", settings->path, strerror(errno));
    free(path);
    free(disk);
    return NULL;
}

bool
disk_has_room(struct disk *disk)
{
    if (!disk)
        return true;
    measure_when_due(disk);
    return !atomic_load(&disk->is_full);
}

void
disk_status(struct disk *disk, struct disk_status *out)
{
    *out = (struct disk_status){ .bytes = 0 };
    if (!disk)
        return;
    measure_when_due(disk);
    *out = (struct disk_status){ atomic_load(&disk->available_bytes), atomic_load(&disk->bytes),
                                 atomic_load(&disk->is_full) };
}

void
disk_close(struct disk *disk)
{
    if (!disk)
        return;
    free(disk->path);
    free(disk);
}
