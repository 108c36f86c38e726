/* What the log's checkers share: options, key, state, and the way from entry to entry. */
#include "commands/log_walk.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands/commands.h"
#include "commands/opened.h"
#include "db/log_keys.h"
#include "record/value.h"

enum { KEY_FILE_MAX = 1024, UNTOLD_LOOKS = 3, PROGRESS_US = 2 * 1000 * 1000, SECONDS_MAX = 366 * 86400 };

/* Where an option's value goes. */
struct option_place { const char *name; const char **text; bool *flag; int64_t *seconds; };

static bool
misused(const char *what, const char *why, const char *usage)
{
    fail(what, why);
    fprintf(stderr, "%s", usage);
    return false;
}

static bool
read_option(const struct option_place *place, const char *value)
{
    assert(place->flag || place->text || place->seconds);
    if (place->flag)
        *place->flag = true;
    else if (place->text)
        *place->text = value;
    else if (!integer_parse(value, strlen(value), place->seconds) || *place->seconds < 0 ||
             *place->seconds > SECONDS_MAX)
        return fail(place->name, "a number of seconds is wanted");
    return true;
}

static const struct option_place *
find_option(const struct option_place *places, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(places[i].name, name))
            return &places[i];
    return NULL;
}

bool
log_options_read(int argc, char **argv, const char *usage, struct log_options *out, bool *is_helped)
{
    const struct option_place places[] = {
        { "--key", &out->key_file, NULL, NULL },
        { "--state", &out->state_file, NULL, NULL },
        { "--token-file", &out->token_file, NULL, NULL },
        { "--authority", &out->authority_file, NULL, NULL },
        { "--proxy", NULL, &out->uses_proxy, NULL },
        { "--full", NULL, &out->is_full, NULL },
        { "--once", NULL, &out->is_once, NULL },
        { "--quiet", NULL, &out->is_quiet, NULL },
        { "--interval", NULL, NULL, &out->interval_s },
        { "--stale", NULL, NULL, &out->stale_s },
        { "--no-replay", NULL, &out->leaves_decisions, NULL },
        { "--help", NULL, is_helped, NULL },
    };

    for (int i = 1; i < argc && !*is_helped; i++) {
        const struct option_place *place = find_option(places, sizeof places / sizeof *places,
                                                       argv[i]);
        /* An option that this command's usage does not name is another command's. */
        if (*argv[i] == '-' && (!place || !strstr(usage, argv[i])))
            return misused(argv[i], "no option is called so", usage);
        if (!place && out->place)
            return misused(argv[i], "one place is verified at a time", usage);
        if (!place)
            out->place = argv[i];
        else if (!place->flag && i + 1 == argc)
            return misused(argv[i], "a value is wanted behind it", usage);
        else if (!read_option(place, place->flag ? NULL : argv[++i]))
            return false;
    }
    if (*is_helped)
        printf("%s", usage);
    else if (!out->place || !out->key_file)
        return misused(argv[0], "name the log's place, and with --key the file of its verifier key",
                       usage);
    return !*is_helped;
}

static bool
read_key(const char *path, struct key *key)
{
    char  line[KEY_FILE_MAX];
    FILE *file = fopen(path, "re");

    if (!file)
        return fail(path, strerror(errno));
    size_t count = fread(line, 1, sizeof line, file);
    fclose(file);
    enum verdict verdict = key_parse(line, count, key);
    if (verdict)
        return fail(path, verdict_text(verdict));
    return key->type == KEY_NOTE ||
           fail(path, "it is a witness's key: the log's own is wanted (log.key.pub)");
}

static bool
read_state(struct log_walk *walk)
{
    char why[DATABASE_WHY_MAX];

    walk->kept.size = -1;
    return !walk->options->state_file ||
           log_state_read(walk->options->state_file, &walk->key, &walk->kept, why) ||
           fail("state", why);
}

bool
log_walk_open(struct log_walk *walk, const struct log_options *options)
{
    struct source_settings settings = {
        .place = options->place, .token_file = options->token_file,
        .authority_file = options->authority_file, .uses_proxy = options->uses_proxy,
        .agent = "breakwater/" BREAKWATER_VERSION,
    };

    *walk = (struct log_walk){ .options = options };
    walk->kept.size = -1;
    walk->fault.entry = -1;
    if (!source_open(&walk->source, &settings) ||
        !source_open(&walk->recompute.source, &settings))
        return fail("source", walk->source.why);
    return read_key(options->key_file, &walk->key) && read_state(walk);
}

void
log_walk_close(struct log_walk *walk)
{
    verify_close(walk->verify);
    free(walk->note);
    source_close(&walk->source);
    recompute_close(&walk->recompute);
}

const struct verify_fault *
log_walk_fault(const struct log_walk *walk)
{
    if (walk->fault.check || !walk->verify)
        return &walk->fault;
    return verify_fault(walk->verify);
}

void
log_walk_tell_fault(const struct log_walk *walk)
{
    const struct verify_fault *fault = log_walk_fault(walk);

    fprintf(stderr, "breakwater: ");
    if (fault->entry >= 0)
        fprintf(stderr, "entry %lld: ", (long long)fault->entry);
    fprintf(stderr, "%s: %s%s%s%s\n", verify_check_name(fault->check),
            verify_check_sentence(fault->check), *fault->where ? " (" : "", fault->where,
            *fault->where ? ")" : "");
}

static bool
fault(struct log_walk *walk, enum verify_check check, const char *where)
{
    walk->fault = (struct verify_fault){ .check = check, .entry = -1 };
    snprintf(walk->fault.where, sizeof walk->fault.where, "%.*s", VERIFY_WHERE_MAX - 1, where);
    return false;
}

static bool
read_checkpoint(struct log_walk *walk)
{
    struct source_bytes bytes;
    struct note         note;

    if (source_read(&walk->source, "log/checkpoint", NOTE_BYTES_MAX, &bytes) != SOURCE_FOUND)
        return fault(walk, VERIFY_UNREADABLE, walk->source.why);
    enum verdict verdict = checkpoint_open(bytes.bytes, bytes.count, &walk->key, &note, &walk->now);
    if (verdict)
        return fault(walk, VERIFY_CHECKPOINT, verdict_text(verdict));
    free(walk->note);
    walk->note = malloc(bytes.count);
    if (!walk->note)
        return fault(walk, VERIFY_NO_MEMORY, "");
    memcpy(walk->note, bytes.bytes, bytes.count);
    walk->note_count = bytes.count;
    return true;
}

/* The kept checkpoint must still be served, with the same text. A mirror may not hold it. */
static bool
ask_for_kept(struct log_walk *walk)
{
    char                path[64];
    struct source_bytes bytes;
    struct note         note;
    struct checkpoint   then;

    snprintf(path, sizeof path, "log/checkpoint/%lld", (long long)walk->kept.size);
    if (source_read(&walk->source, path, NOTE_BYTES_MAX, &bytes) != SOURCE_FOUND)
        return true;
    enum verdict verdict = checkpoint_open(bytes.bytes, bytes.count, &walk->key, &note, &then);
    if (verdict)
        return fault(walk, VERIFY_CHECKPOINT, path);
    return (then.size == walk->kept.size && digest_equal(&then.root, &walk->kept.root)) ||
           fault(walk, VERIFY_FORKED, path);
}

bool
log_walk_head(struct log_walk *walk)
{
    struct tile_reader reader = source_reader(&walk->source);
    char               where[VERIFY_WHERE_MAX];

    walk->fault = (struct verify_fault){ .check = VERIFY_NONE, .entry = -1 };
    if (!read_checkpoint(walk))
        return false;
    if (walk->kept.size < 0)
        return true;
    enum verify_check check = verify_extension(&reader, &walk->kept, &walk->now);
    if (check == VERIFY_UNREADABLE)
        return fault(walk, check, walk->source.why);
    snprintf(where, sizeof where, "size %lld, %lld was kept", (long long)walk->now.size,
             (long long)walk->kept.size);
    return check ? fault(walk, check, where) : ask_for_kept(walk);
}

/* May the records be read? Without an entry there are none to try. */
static bool
are_records_there(struct log_walk *walk)
{
    struct source_bytes bytes;
    char                name[SOURCE_PLACE_MAX + 16];

    snprintf(name, sizeof name, "%s/log/records", walk->source.place);
    if (!walk->source.client)
        return access(name, R_OK) == 0;
    return walk->now.size > 0 &&
           source_records(&walk->source, 0, 1, &bytes) != SOURCE_FORBIDDEN;
}

static bool
begin(struct log_walk *walk)
{
    struct tile_reader reader = source_reader(&walk->source);

    walk->with_records = are_records_there(walk);
    walk->verify = verify_open(walk->with_records);
    if (!walk->verify)
        return fault(walk, VERIFY_NO_MEMORY, "");
    if (!walk->with_records && *walk->source.authorization)
        return fault(walk, VERIFY_UNREADABLE, walk->source.why);
    if (walk->kept.size >= 0)
        verify_keep(walk->verify, &walk->kept);
    if (!walk->options->leaves_decisions)
        recompute_begin(&walk->recompute, walk->verify);
    if (walk->kept.size <= 0 || walk->options->is_full)
        return true;
    walk->begin = walk->kept.size;
    return verify_begin(walk->verify, &reader, &walk->kept);
}

static void
tell_progress(struct log_walk *walk)
{
    int64_t now_us = clock_now_us();

    if (walk->options->is_quiet || now_us - walk->told_us < PROGRESS_US)
        return;
    if (walk->told_us)
        fprintf(stderr, "breakwater: %lld of %lld entries\n", (long long)verify_size(walk->verify),
                (long long)walk->now.size);
    walk->told_us = now_us;
}

static bool
take_step(struct log_walk *walk, const struct verify_step *step)
{
    struct source_bytes bytes;
    enum source_result  result = step->want == VERIFY_WANT_TILE
                                 ? source_tile(&walk->source, &step->tile, &bytes)
                                 : source_records(&walk->source, step->first, step->end, &bytes);

    if (result != SOURCE_FOUND)
        return verify_fail(walk->verify, VERIFY_UNREADABLE,
                           step->want == VERIFY_WANT_TILE ? -1 : step->first, "%.*s",
                           VERIFY_WHERE_MAX - 1, walk->source.why);
    return verify_feed(walk->verify, bytes.bytes, bytes.count);
}

static bool
keep(struct log_walk *walk)
{
    char why[DATABASE_WHY_MAX];

    if (walk->options->state_file && walk->now.size > walk->kept.size &&
        !log_state_write(walk->options->state_file, walk->note, walk->note_count, why))
        return fault(walk, VERIFY_UNREADABLE, why);
    walk->kept = walk->now;
    verify_keep(walk->verify, &walk->kept);
    return true;
}

/* Steps until there are none. */
static bool
go_to(struct log_walk *walk)
{
    struct verify_step step;

    verify_aim(walk->verify, &walk->now);
    while ((step = verify_next(walk->verify)).want != VERIFY_WANT_NOTHING) {
        if (!take_step(walk, &step))
            return false;
        tell_progress(walk);
    }
    return true;
}

/* A record may be pruned while the log is walked: what tells of it stands behind the checkpoint then,
 * within the merge delay. */
static bool
is_untold(const struct log_walk *walk)
{
    return walk->source.client && verify_untold(walk->verify) >= 0;
}

bool
log_walk_on(struct log_walk *walk)
{
    if (!walk->verify && !begin(walk))
        return false;
    if (!go_to(walk))
        return false;
    for (int i = 0; i < UNTOLD_LOOKS && is_untold(walk); i++) {
        sleep(1);
        if (!log_walk_head(walk) || !go_to(walk))
            return false;
    }
    return verify_end(walk->verify) && keep(walk);
}
