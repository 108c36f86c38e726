/* The files inside the program are those on the disk. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/assets.h"
#include "tests/suite.h"

enum { FILE_BYTES_MAX = 4 << 20 };

static const char *const patterns[] = {
    "openapi.yaml", "migrations/*.sql", "migrations/samples/*.json", "handlers/presets/*.json",
};

static void
check_file(const char *path)
{
    const struct asset_file *asset = asset_find(path);
    ck_assert_msg(asset != NULL, "%s is not in the program", path);

    char *bytes = malloc(FILE_BYTES_MAX);
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(bytes);
    ck_assert_ptr_nonnull(file);
    size_t count = fread(bytes, 1, FILE_BYTES_MAX, file);
    fclose(file);
    ck_assert_uint_eq(asset->count, count);
    ck_assert_mem_eq(asset->bytes, bytes, count);
    ck_assert_int_eq(asset->bytes[count], '\0');
    free(bytes);
}

START_TEST(every_file_is_carried_byte_for_byte)
{
    size_t files_count = 0;
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        glob_t found;
        if (glob(patterns[i], GLOB_ERR, NULL, &found))
            continue;
        for (size_t j = 0; j < found.gl_pathc; j++)
            check_file(found.gl_pathv[j]);
        files_count += found.gl_pathc;
        globfree(&found);
    }
    ck_assert_uint_eq(assets_count, files_count);
}
END_TEST

START_TEST(names_are_in_byte_order_and_the_table_is_ended)
{
    for (size_t i = 1; i < assets_count; i++)
        ck_assert_str_lt(assets[i - 1].name, assets[i].name);
    ck_assert_ptr_null(assets[assets_count].name);
}
END_TEST

START_TEST(an_unknown_name_is_not_found)
{
    ck_assert_ptr_null(asset_find(""));
    ck_assert_ptr_null(asset_find("openapi"));
    ck_assert_ptr_null(asset_find("migrations/"));
}
END_TEST

Suite *
assets_suite(void)
{
    Suite *suite = suite_create("assets");
    TCase *tcase = tcase_create("assets");
    tcase_add_test(tcase, every_file_is_carried_byte_for_byte);
    tcase_add_test(tcase, names_are_in_byte_order_and_the_table_is_ended);
    tcase_add_test(tcase, an_unknown_name_is_not_found);
    suite_add_tcase(suite, tcase);
    return suite;
}
