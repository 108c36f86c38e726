/* Runs every suite, or those whose names are given; an unknown name fails. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/postgres.h"
#include "tests/suite.h"

static const struct { const char *name; Suite *(*make)(void); } suites[] = {
#define SUITE(name) { #name, name##_suite },
#include "tests/suites.def"
#undef SUITE
};

static int
is_wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], name))
            return 1;
    return argc < 2;
}

int
main(int argc, char **argv)
{
    SRunner *runner = srunner_create(NULL);
    int      wanted = 0;

    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
        if (is_wanted(suites[i].name, argc, argv)) {
            srunner_add_suite(runner, suites[i].make());
            wanted++;
        }
    postgres_begin();
    srunner_run_all(runner, CK_ENV);
    postgres_end();
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    if (argc > 1 && wanted != argc - 1) {
        fprintf(stderr, "%d of these names are no suite's\n", argc - 1 - wanted);
        return EXIT_FAILURE;
    }
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
