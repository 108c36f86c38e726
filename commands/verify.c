/* breakwater verify: checks a log from outside, the whole of it or what came since it was last
 * checked. */
#include <stdio.h>
#include <stdlib.h>

#include "commands/commands.h"
#include "commands/log_walk.h"

static const char usage[] =
    "usage: breakwater verify URL|DIR --key FILE [option ...]\n"
    "\n"
    "Checks a transparency log of Breakwater from outside: the checkpoint's signature, every entry\n"
    "and every tile, the root rebuilt from the entries, and, for those who may read them, every\n"
    "record against its entry, each instance's records in their order, parameters logged before a\n"
    "decision names them, prune records for all that went, and each decision computed again where its\n"
    "parameters and its market's state can be had. The first fault ends it.\n"
    "\n"
    "  URL                http:// or https://, where the service is (\"/log\" is below it)\n"
    "  DIR                a mirror on a disk: DIR/log/checkpoint, DIR/log/tile/..., and all lines of\n"
    "                     /log/records in the one file DIR/log/records\n"
    "  --key FILE         the log's verifier key, one line, which came by another way than the log\n"
    "  --state FILE       keeps the checkpoint that was verified; the next time the log must be an\n"
    "                     extension of it, and only what is new is walked\n"
    "  --full             everything is walked, whatever was kept\n"
    "  --token-file FILE  an API key with the role audit: the key alone, or the file \"keys\" that the\n"
    "                     service makes. Without one the records are checked where anyone may read them\n"
    "  --no-replay        decisions are not computed again (each needs its market's state)\n"
    "  --authority FILE   certificates (PEM) to trust in place of the system's\n"
    "  --proxy            by the proxy that the environment names (https_proxy ...)\n"
    "  --quiet            no progress on standard error\n"
    "  --help             prints this\n"
    "\n"
    "A record that is not in RFC 8785 form is told of, and is no fault.\n"
    "Exit status: 0, all is as it must be; 1, it is not, or could not be read: standard error has the\n"
    "line \"breakwater: entry N: CHECK: what is wrong (where)\".\n";

static void
tell(const struct log_walk *walk)
{
    const struct verify_counts *counts = verify_counts(walk->verify);
    const struct recompute     *recompute = &walk->recompute;
    char                        root[DIGEST_TEXT_MAX];

    digest_format(&walk->now.root, root);
    printf("%s: %lld entries, root %s\n", walk->now.origin, (long long)walk->now.size, root);
    printf("checked: %lld entries from entry %lld on, their tiles, the root, the signature\n",
           (long long)(walk->now.size - walk->begin), (long long)walk->begin);
    if (!walk->with_records)
        printf("not checked: records (a key with the role audit is wanted: --token-file)\n");
    else
        printf("checked: %lld records, %lld of them decisions; %lld more were pruned, and the log "
               "says so\n", (long long)counts->records, (long long)counts->decisions,
               (long long)counts->pruned);
    if (walk->with_records && !walk->options->leaves_decisions)
        printf("computed again: %lld decisions are as the rules give them; %lld lack a document; "
               "%lld differ, and were made by another version of the program\n",
               (long long)recompute->identical, (long long)recompute->incomplete,
               (long long)recompute->of_another_engine);
    if (counts->unchecked)
        printf("not checked: %lld links to what stands before entry %lld (--full checks them)\n",
               (long long)counts->unchecked, (long long)walk->begin);
    if (counts->not_canonical)
        printf("lint: %lld records are not in RFC 8785 form, the first is that of entry %lld\n",
               (long long)counts->not_canonical, (long long)counts->first_not_canonical);
}

int
command_verify(int argc, char **argv)
{
    struct log_options options = { .place = NULL };
    struct log_walk    walk;
    bool               is_helped = false;

    if (!log_options_read(argc, argv, usage, &options, &is_helped))
        return is_helped ? EXIT_SUCCESS : EXIT_FAILURE;
    bool is_open = log_walk_open(&walk, &options);
    bool is_good = is_open && log_walk_head(&walk) && log_walk_on(&walk);
    if (is_good)
        tell(&walk);
    else if (is_open)
        log_walk_tell_fault(&walk);
    log_walk_close(&walk);
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
