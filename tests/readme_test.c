/* README.md says what the code does: its table of settings is the record's. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "server/settings.h"
#include "tests/suite.h"

enum { README_BYTES_MAX = 256 << 10, ROW_BYTES_MAX = 256 };

static size_t
count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
        count++;
    return count;
}

START_TEST(settings_stand_with_their_defaults)
{
    char  text[README_BYTES_MAX];
    FILE *file = fopen("README.md", "r");
    ck_assert_ptr_nonnull(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);

    for (size_t i = 0; i < settings_record.count; i++) {
        const struct field *field = &settings_record.fields[i];
        char                name[64], row[ROW_BYTES_MAX];

        snprintf(name, sizeof name, "%s", field->name);
        for (char *at = name; *at; at++)
            *at = (char)toupper((unsigned char)*at);
        if (field->initial)
            snprintf(row, sizeof row, "\n| `BREAKWATER_%s` | `%s` | ", name, field->initial);
        else
            snprintf(row, sizeof row, "\n| `BREAKWATER_%s` | | ", name);
        ck_assert_msg(strstr(text, row) != NULL, "README.md has no row%s", row);
    }
    ck_assert_uint_eq(count_of(text, "\n| `BREAKWATER_"), settings_record.count);
}
END_TEST

Suite *
readme_suite(void)
{
    Suite *suite = suite_create("readme");
    TCase *tcase = tcase_create("readme");
    tcase_add_test(tcase, settings_stand_with_their_defaults);
    suite_add_tcase(suite, tcase);
    return suite;
}
