/* The guard of the disk's last twentieth, on disks that the tests make up. */
#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "db/disk.h"
#include "tests/suite.h"

enum { BLOCK_BYTES = 4096, FAILS = -1 };

/* What is left of how many blocks; and what only root may write, which does not count. */
struct made_up { int64_t blocks, available; };

static int
measure(const char *path, struct statvfs *out, void *context)
{
    const struct made_up *disk = context;

    ck_assert_str_eq(path, "/there");
    if (disk->available == FAILS) {
        errno = EIO;
        return -1;
    }
    *out = (struct statvfs){ .f_frsize = BLOCK_BYTES, .f_blocks = (fsblkcnt_t)disk->blocks,
                             .f_bavail = (fsblkcnt_t)disk->available,
                             .f_bfree = (fsblkcnt_t)disk->blocks };
    return 0;
}

static const struct { struct made_up disk; bool has_room; } disks[] = {
    { { 1000, 1000 }, true },
    { { 1000, 50 }, true },
    { { 1000, 49 }, false },
    { { 1000, 0 }, false },
    { { 999, 50 }, true },
    { { 1001, 50 }, false },                  /* 4.995 % */
    { { INT64_C(1000000000000), INT64_C(50000000000) }, true },
    { { INT64_C(1000000000000), INT64_C(49999999999) }, false },
    { { 0, 0 }, true },                       /* a file system that does not say */
};

START_TEST(decisions_stop_before_the_last_twentieth)
{
    struct made_up       made_up = disks[_i].disk;
    struct disk_settings settings = { .path = "/there", .measure = measure, .context = &made_up };
    struct disk_status   status;
    char                 why[DATABASE_WHY_MAX];
    struct disk         *disk = disk_open(&settings, why);

    ck_assert_ptr_nonnull(disk);
    ck_assert_int_eq(disk_has_room(disk), disks[_i].has_room);
    disk_status(disk, &status);
    ck_assert_int_eq(status.is_full, !disks[_i].has_room);
    ck_assert_int_eq(status.available_bytes, made_up.available * BLOCK_BYTES);
    ck_assert_int_eq(status.bytes, made_up.blocks * BLOCK_BYTES);
    disk_close(disk);
}
END_TEST

/* Of a thousand blocks, one after the other; one measurement that fails changes nothing. */
static const struct { int64_t available; bool has_room; } steps[] = {
    { 60, true }, { 52, true }, { 50, true }, { 49, false }, { 50, false }, { 54, false },
    { 55, true }, { 51, true }, { 10, false }, { FAILS, false }, { 900, true }, { FAILS, true },
};

START_TEST(room_comes_back_by_itself)
{
    struct made_up       made_up = { 1000, 60 };
    struct disk_settings settings = { .path = "/there", .measure = measure, .context = &made_up,
                                      .every_ms = 1 };
    char                 why[DATABASE_WHY_MAX];
    struct disk         *disk = disk_open(&settings, why);

    ck_assert_ptr_nonnull(disk);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        made_up.available = steps[i].available;
        usleep(3000);
        ck_assert_msg(disk_has_room(disk) == steps[i].has_room, "step %zu", i);
    }
    disk_close(disk);
}
END_TEST

START_TEST(a_disk_is_not_measured_at_each_question)
{
    struct made_up       made_up = { 1000, 60 };
    struct disk_settings settings = { .path = "/there", .measure = measure, .context = &made_up,
                                      .every_ms = 60000 };
    char                 why[DATABASE_WHY_MAX];
    struct disk         *disk = disk_open(&settings, why);

    ck_assert(disk_has_room(disk));           /* this one measures once more */
    made_up.available = 0;
    ck_assert(disk_has_room(disk));
    disk_close(disk);
}
END_TEST

START_TEST(a_path_that_is_not_there_is_refused_by_name)
{
    struct disk_settings settings = { .path = "/nowhere/at/all" };
    char                 why[DATABASE_WHY_MAX];

    ck_assert_ptr_null(disk_open(&settings, why));
    ck_assert_str_eq(why, "/nowhere/at/all: No such file or directory");
    settings.path = "/";
    struct disk_status status;
    struct disk       *disk = disk_open(&settings, why);
    disk_status(disk, &status);
    ck_assert_int_gt(status.bytes, 0);
    ck_assert_int_le(status.available_bytes, status.bytes);
    disk_close(disk);
}
END_TEST

START_TEST(nothing_known_is_room)
{
    struct disk_status status;

    ck_assert(disk_has_room(NULL));
    disk_status(NULL, &status);
    ck_assert_int_eq(status.bytes, 0);
    ck_assert(!status.is_full);
    disk_close(NULL);
}
END_TEST

Suite *
disk_suite(void)
{
    Suite *suite = suite_create("disk");
    TCase *tcase = tcase_create("disk");

    tcase_add_loop_test(tcase, decisions_stop_before_the_last_twentieth, 0,
                        sizeof disks / sizeof *disks);
    tcase_add_test(tcase, room_comes_back_by_itself);
    tcase_add_test(tcase, a_disk_is_not_measured_at_each_question);
    tcase_add_test(tcase, a_path_that_is_not_there_is_refused_by_name);
    tcase_add_test(tcase, nothing_known_is_room);
    suite_add_tcase(suite, tcase);
    return suite;
}
