/* breakwater monitor: keeps the largest checkpoint that it saw, and watches that the log only grows. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "commands/commands.h"
#include "commands/log_walk.h"
#include "commands/opened.h"
#include "record/instant.h"

enum { INTERVAL_S = 60, STALE_S = 86400, PATH_ROOM = 4200 };

static const char usage[] =
    "usage: breakwater monitor URL --key FILE --state FILE [option ...]\n"
    "\n"
    "Watches a transparency log of Breakwater: fetches its checkpoint again and again, proves from the\n"
    "tiles that it is an extension of the largest one that it has seen, checks the entries that came\n"
    "since (and their records, with a key), and keeps the new checkpoint. The state file is itself an\n"
    "anchor: who keeps it can prove a log that was rewritten.\n"
    "\n"
    "  URL                http:// or https://, where the service is; or a mirror's folder\n"
    "  --key FILE         the log's verifier key, one line, which came by another way than the log\n"
    "  --state FILE       the checkpoint that is kept; made where it is not there\n"
    "  --once             one look, then it ends: for cron\n"
    "  --interval S       seconds between two looks, 60 unless told\n"
    "  --stale S          alarm where the log did not grow, or could not be read, for so many seconds:\n"
    "                     86400 unless told, 0 for never\n"
    "  --token-file FILE  an API key with the role audit: the key alone, or the file \"keys\" that the\n"
    "                     service makes\n"
    "  --no-replay        decisions are not computed again (each needs its market's state)\n"
    "  --authority FILE   certificates (PEM) to trust in place of the system's\n"
    "  --proxy            by the proxy that the environment names (https_proxy ...)\n"
    "  --quiet            no progress on standard error\n"
    "  --help             prints this\n"
    "\n"
    "A log that was rolled back, forked or altered ends it: standard error has the line \"breakwater:\n"
    "CHECK: what is wrong (where)\", and the checkpoint that proves it is kept in STATE.evidence. A log\n"
    "that is stale or away is told of by such a line at each look, and watched on.\n"
    "Exit status: 0, after --once, all is as it must be; 1, it is not, or could not be read.\n";

/* Seconds since the state last changed: since the log was last seen to grow. */
static int64_t
age_s(const struct log_options *options)
{
    struct stat status;

    return stat(options->state_file, &status) ? 0 : (int64_t)(time(NULL) - status.st_mtime);
}

static void
keep_evidence(const struct log_walk *walk)
{
    char path[PATH_ROOM];

    if (!walk->note)
        return;
    snprintf(path, sizeof path, "%s.evidence", walk->options->state_file);
    FILE *file = fopen(path, "we");
    if (!file || fwrite(walk->note, 1, walk->note_count, file) != walk->note_count)
        fail(path, strerror(errno));
    if (file)
        fclose(file);
}

enum look { LOOK_GOOD, LOOK_AGAIN, LOOK_FAULT };

static enum look
look(struct log_walk *walk)
{
    const struct log_options *options = walk->options;
    int64_t                   before = walk->kept.size;
    char                      instant[INSTANT_TEXT_MAX];

    if (!log_walk_head(walk) || (walk->now.size > walk->kept.size && !log_walk_on(walk))) {
        log_walk_tell_fault(walk);
        if (log_walk_fault(walk)->check == VERIFY_UNREADABLE)
            return LOOK_AGAIN;
        keep_evidence(walk);
        return LOOK_FAULT;
    }
    instant_format(clock_now_us(), instant);
    if (!options->is_quiet)
        printf("%s %s: %lld entries, %lld new\n", instant, walk->now.origin,
               (long long)walk->now.size, (long long)(walk->now.size - (before < 0 ? 0 : before)));
    fflush(stdout);
    if (!options->stale_s || walk->now.size > before || age_s(options) <= options->stale_s)
        return LOOK_GOOD;
    fprintf(stderr, "breakwater: %s: %s (size %lld, for %lld s)\n", verify_check_name(VERIFY_STALE),
            verify_check_sentence(VERIFY_STALE), (long long)walk->now.size,
            (long long)age_s(options));
    return LOOK_AGAIN;
}

/* A walk that ended in the middle begins again at what is kept. */
static bool
watch(struct log_walk *walk)
{
    for (;;) {
        switch (look(walk)) {
        case LOOK_GOOD:
            if (walk->options->is_once)
                return true;
            break;
        case LOOK_AGAIN:
            if (walk->options->is_once)
                return false;
            if (walk->verify && verify_fault(walk->verify)->check) {
                verify_close(walk->verify);
                walk->verify = NULL;
            }
            break;
        case LOOK_FAULT:
            return false;
        }
        sleep((unsigned)walk->options->interval_s);
    }
}

int
command_monitor(int argc, char **argv)
{
    struct log_options options = { .interval_s = INTERVAL_S, .stale_s = STALE_S };
    struct log_walk    walk;
    bool               is_helped = false;

    if (!log_options_read(argc, argv, usage, &options, &is_helped))
        return is_helped ? EXIT_SUCCESS : EXIT_FAILURE;
    if (!options.state_file || !options.interval_s) {
        fail("monitor", options.state_file ? "an interval is a second or longer"
                                           : "--state names the file that is kept");
        return EXIT_FAILURE;
    }
    bool is_open = log_walk_open(&walk, &options);
    bool is_good = is_open && watch(&walk);
    log_walk_close(&walk);
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
