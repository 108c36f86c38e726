/* breakwater COMMAND: finds the command and runs it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/commands.h"

static const struct {
    const char *name;
    int       (*run)(int argc, char **argv);
    const char *what;
} commands[] = {
    { "serve",   command_serve,   "answers over HTTP until it is told to stop (SIGTERM, Ctrl-C)" },
    { "migrate", command_migrate, "brings the database to this program's schema, and ends" },
    { "key",     command_key,     "create --role R[,R] --holder H | list | rotate ID | expire ID WHEN | revoke ID: API keys" },
    { "log-key", command_log_key, "FILE: makes the keys that sign a log and its receipts" },
    { "seal",    command_seal,    "ends a log that may not be signed any more; one of another origin begins" },
    { "erase",   command_erase,   "DECISION --reason TEXT: deletes one decision's record, as a lawful order asks" },
    { "verify",  command_verify,  "URL|DIR --key FILE: checks a log from outside" },
    { "monitor", command_monitor, "URL --key FILE --state FILE: watches a log" },
    { "replay",  command_replay,  "[--from T] [--to T] [EXPORT]: computes decisions again" },
    { "version", command_version, "prints what this program is" },
    { "help",    command_help,    "prints this" },
};

int
command_version(int argc, char **argv)
{
    (void)argc, (void)argv;
    printf("breakwater %s (%s)\n", BREAKWATER_VERSION, BREAKWATER_BUILD);
    return EXIT_SUCCESS;
}

int
command_help(int argc, char **argv)
{
    (void)argc, (void)argv;
    printf("breakwater: what forced liquidation would cost, and the way back.\n\n");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        printf("  breakwater %-8s %s\n", commands[i].name, commands[i].what);
    printf("\nSettings come from the environment, BREAKWATER_LISTEN and others: see README.md.\n");
    return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++)
        if (!strcmp(argv[1], commands[i].name))
            return commands[i].run(argc - 1, argv + 1);
    if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
        return command_help(argc, argv);
    if (argc > 1 && !strcmp(argv[1], "--version"))
        return command_version(argc, argv);
    fprintf(stderr, "breakwater: %s%s%s; \"breakwater help\" lists the commands\n",
            argc > 1 ? "no command is called \"" : "", argc > 1 ? argv[1] : "name a command",
            argc > 1 ? "\"" : "");
    return EXIT_FAILURE;
}
