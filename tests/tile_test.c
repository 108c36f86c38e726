/* Tile paths, one spelling each, and the widths of a tree's tiles: the examples of
 * c2sp.org/tlog-tiles, and sizes about powers of 256. */
#include "audit/tile.h"

#include <string.h>

#include "tests/suite.h"

static const struct { const char *path; struct tile tile; } good_paths[] = {
    { "tile/0/000", { 0, 0, 256 } },
    { "tile/0/001", { 0, 1, 256 } },
    { "tile/0/000.p/1", { 0, 0, 1 } },
    { "tile/0/273.p/112", { 0, 273, 112 } },
    { "tile/1/001.p/17", { 1, 1, 17 } },
    { "tile/2/000.p/255", { 2, 0, 255 } },
    { "tile/0/999", { 0, 999, 256 } },
    { "tile/0/x001/000", { 0, 1000, 256 } },
    { "tile/0/x001/x234/067", { 0, 1234067, 256 } },
    { "tile/0/x001/x000/000", { 0, 1000000, 256 } },
    { "tile/9/x001/x234/067.p/8", { 9, 1234067, 8 } },
    { "tile/63/005", { 63, 5, 256 } },
    { "tile/entries/000", { TILE_ENTRIES, 0, 256 } },
    { "tile/entries/x001/x234/067.p/99", { TILE_ENTRIES, 1234067, 99 } },
    { "tile/0/x009/x223/x372/x036/x854/x775/807", { 0, INT64_MAX, 256 } },
    { "tile/entries/x009/x223/x372/x036/x854/x775/807.p/255", { TILE_ENTRIES, INT64_MAX, 255 } },
};

START_TEST(a_path_is_read_and_written)
{
    struct tile tile;
    char        path[TILE_PATH_MAX];

    ck_assert(tile_path_parse(good_paths[_i].path, strlen(good_paths[_i].path), &tile));
    ck_assert_int_eq(tile.level, good_paths[_i].tile.level);
    ck_assert_int_eq(tile.index, good_paths[_i].tile.index);
    ck_assert_int_eq(tile.width, good_paths[_i].tile.width);
    tile_path_format(&good_paths[_i].tile, path);
    ck_assert_str_eq(path, good_paths[_i].path);
}
END_TEST

static const char *const bad_paths[] = {
    "",
    "tile",
    "tile/",
    "tile/0",
    "tile/0/",
    "/tile/0/000",
    "Tile/0/000",
    "tile/0/000/",
    "tile//000",
    "tile/0//000",
    "tile/0/0",
    "tile/0/00",
    "tile/0/0000",
    "tile/0/1",
    "tile/0/x001",
    "tile/0/x000/001",
    "tile/0/x000/x001/002",
    "tile/0/001/002",
    "tile/0/x001/x002",
    "tile/0/X001/002",
    "tile/0/xx01/002",
    "tile/0/x01/002",
    "tile/0/x0001/002",
    "tile/0/x/002",
    "tile/0/x001/2",
    "tile/00/000",
    "tile/01/000",
    "tile/64/000",
    "tile/100/000",
    "tile/-1/000",
    "tile/+0/000",
    "tile/ 0/000",
    "tile/0 /000",
    "tile/a/000",
    "tile/99999999999999999999/000",
    "tile/Entries/000",
    "tile/entries",
    "tile/entries/",
    "tile/entries/0",
    "tile/0/entries/000",
    "tile/data/000",
    "tile/0/000.p",
    "tile/0/000.p/",
    "tile/0/000.p/0",
    "tile/0/000.p/00",
    "tile/0/000.p/01",
    "tile/0/000.p/256",
    "tile/0/000.p/257",
    "tile/0/000.p/1/",
    "tile/0/000.p/1/2",
    "tile/0/000.p/-1",
    "tile/0/000.p/+1",
    "tile/0/000.p/ 1",
    "tile/0/000.P/1",
    "tile/0/000.p1",
    "tile/0/000p/1",
    "tile/0/000..p/1",
    "tile/0/000.p/1.p/1",
    "tile/0/x001.p/1",
    "tile/0/.p/1",
    "tile/0.p/1/000",
    "tile/0.p/1",
    "tile/0/000.p/99999999999999999999",
    "tile/0/ 00",
    "tile/0/0 0",
    "tile/0/00a",
    "tile/0/-01",
    "tile/0/%30%30%30",
    "tile/0/000?",
    "tile/0/000\n",
    "tile/0/x009/x223/x372/x036/x854/x775/808",
    "tile/0/x010/x000/x000/x000/x000/x000/000",
    "tile/0/x001/x009/x223/x372/x036/x854/x775/807",
};

START_TEST(another_spelling_is_refused)
{
    struct tile tile;
    ck_assert_msg(!tile_path_parse(bad_paths[_i], strlen(bad_paths[_i]), &tile), "%s",
                  bad_paths[_i]);
}
END_TEST

START_TEST(a_byte_more_or_less_is_another_name_or_none)
{
    static const char path[] = "tile/0/000\0";
    struct tile       tile;

    ck_assert(!tile_path_parse(path, 11, &tile));        /* a NUL is a byte like others */
    ck_assert(tile_path_parse(path, 10, &tile));
    for (size_t count = 0; count < 10; count++)
        ck_assert(!tile_path_parse(path, count, &tile));
}
END_TEST

/* Whatever is read is written as the same bytes: there is no second spelling among all changes of
 * one byte in some paths. */
START_TEST(what_is_read_has_one_spelling)
{
    const char *good = good_paths[_i].path;
    char        changed[TILE_PATH_MAX], written[TILE_PATH_MAX];
    size_t      count = strlen(good), read = 0;

    for (size_t at = 0; at < count; at++)
        for (int byte = 0; byte < 256; byte++) {
            struct tile tile;
            memcpy(changed, good, count + 1);
            changed[at] = (char)byte;
            if (!tile_path_parse(changed, count, &tile))
                continue;
            tile_path_format(&tile, written);
            ck_assert_uint_eq(strlen(written), count);
            ck_assert_mem_eq(written, changed, count);
            read++;
        }
    ck_assert_uint_ge(read, count);          /* at least the path itself, once a byte */
}
END_TEST

/* floor(size / 256^level) mod 256, and how many full tiles are before it; tlog-tiles' example is
 * 70,000. */
static const struct { int64_t size; int level; int64_t full; int partial; } widths[] = {
    { 0, 0, 0, 0 },           { 1, 0, 0, 1 },
    { 1, 1, 0, 0 },           { 255, 0, 0, 255 },
    { 255, 1, 0, 0 },         { 256, 0, 1, 0 },
    { 256, 1, 0, 1 },         { 257, 0, 1, 1 },
    { 257, 1, 0, 1 },         { 511, 0, 1, 255 },
    { 512, 0, 2, 0 },         { 512, 1, 0, 2 },
    { 513, 0, 2, 1 },         { 513, 1, 0, 2 },
    { 65535, 0, 255, 255 },   { 65535, 1, 0, 255 },
    { 65535, 2, 0, 0 },       { 65536, 0, 256, 0 },
    { 65536, 1, 1, 0 },       { 65536, 2, 0, 1 },
    { 65537, 0, 256, 1 },     { 65537, 1, 1, 0 },
    { 65537, 2, 0, 1 },       { 70000, 0, 273, 112 },
    { 70000, 1, 1, 17 },      { 70000, 2, 0, 1 },
    { 70000, 3, 0, 0 },       { 16777217, 0, 65536, 1 },
    { 16777217, 1, 256, 0 },  { 16777217, 2, 1, 0 },
    { 16777217, 3, 0, 1 },    { 70000, TILE_ENTRIES, 273, 112 },
    { INT64_MAX, 7, 0, 127 }, { INT64_MAX, 6, 127, 255 },
    { INT64_MAX, 8, 0, 0 },   { INT64_MAX, 63, 0, 0 },
};

START_TEST(widths_are_those_of_the_size)
{
    int     level = widths[_i].level, partial = widths[_i].partial;
    int64_t size = widths[_i].size, full = widths[_i].full;

    ck_assert_int_eq(tile_hashes(level, size), full * TILE_WIDTH + partial);
    if (full)
        ck_assert_int_eq(tile_width(level, full - 1, size), TILE_WIDTH);
    ck_assert_int_eq(tile_width(level, full, size), partial);
    ck_assert_int_eq(tile_width(level, full + 1, size), 0);
    for (int width = 1; width <= TILE_WIDTH; width++) {
        ck_assert_int_eq(tile_is_served(&(struct tile){ level, full, width }, size),
                         width <= partial);
        ck_assert(!tile_is_served(&(struct tile){ level, full + 1, width }, size));
        if (full)
            ck_assert(tile_is_served(&(struct tile){ level, full - 1, width }, size));
    }
}
END_TEST

Suite *
tile_suite(void)
{
    Suite *suite = suite_create("tile");
    TCase *tcase = tcase_create("tile");
    tcase_add_loop_test(tcase, a_path_is_read_and_written, 0,
                        sizeof good_paths / sizeof *good_paths);
    tcase_add_loop_test(tcase, another_spelling_is_refused, 0,
                        sizeof bad_paths / sizeof *bad_paths);
    tcase_add_test(tcase, a_byte_more_or_less_is_another_name_or_none);
    tcase_add_loop_test(tcase, what_is_read_has_one_spelling, 0,
                        sizeof good_paths / sizeof *good_paths);
    tcase_add_loop_test(tcase, widths_are_those_of_the_size, 0, sizeof widths / sizeof *widths);
    suite_add_tcase(suite, tcase);
    return suite;
}
