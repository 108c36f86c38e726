/* Documents by their hashes from the log's own service, and the rules put to them again. */
#include "commands/recompute.h"

#include <stdlib.h>
#include <string.h>

#include "commands/commands.h"
#include "handlers/replay.h"
#include "record/json_member.h"

enum { DOCUMENT_MAX = 16 << 20, DOCUMENT_PATH_MAX = 512, NAME_TEXT_MAX = 128, VERSION_TEXT_MAX = 20 };

/* A number behind a name in the text; "" where it is not there. */
static void
read_version(const char *at, const char *end, char version[static VERSION_TEXT_MAX])
{
    size_t count = 0;

    while (at < end && *at >= '0' && *at <= '9' && count + 1 < VERSION_TEXT_MAX)
        version[count++] = *at++;
    version[count] = '\0';
}

/* Under which version the record names the parameters of this hash: its own, or what was coming. Its
 * members stand sorted, so the version follows the hash. */
static void
find_version(const struct recompute *recompute, const char *hex,
             char version[static VERSION_TEXT_MAX])
{
    static const char *const forms[] = { "\"sha256\":\"%s\",\"version\":",
                                         "\"parameters_sha256\":\"%s\",\"parameters_version\":" };
    const char              *end = recompute->record + recompute->record_count;
    char                     text[2 * NAME_TEXT_MAX];

    *version = '\0';
    for (size_t i = 0; i < sizeof forms / sizeof *forms && !*version; i++) {
        size_t      count = (size_t)(i ? snprintf(text, sizeof text, forms[1], hex)
                                       : snprintf(text, sizeof text, forms[0], hex));
        const char *found = memmem(recompute->record, recompute->record_count, text, count);
        if (found)
            read_version(found + count, end, version);
    }
}

static bool
parameters_path(const struct recompute *recompute, const char *hex,
                char path[static DOCUMENT_PATH_MAX])
{
    struct span market;
    char        version[VERSION_TEXT_MAX];

    find_version(recompute, hex, version);
    if (!*version || !json_member_text(recompute->record, recompute->record_count, "market", &market) ||
        market.count > NAME_TEXT_MAX)
        return false;
    snprintf(path, DOCUMENT_PATH_MAX, "v1/markets/%.*s/parameters?version=%s", (int)market.count,
             market.bytes, version);
    return true;
}

static enum find
give(const char *bytes, size_t count, struct arena *arena, struct stored_document *out)
{
    *out = (struct stored_document){ .bytes = arena_copy(arena, bytes, count), .count = count };
    return out->bytes ? FOUND : FIND_AWAY;
}

static void
keep(struct recompute *recompute, const struct digest *sha256, struct span document)
{
    char *bytes = malloc(document.count + 1);

    if (!bytes)
        return;
    memcpy(bytes, document.bytes, document.count);
    size_t at = recompute->kept_next++ % RECOMPUTE_KEPT_MAX;
    free(recompute->kept[at].bytes);
    recompute->kept[at].sha256 = *sha256;
    recompute->kept[at].bytes = bytes;
    recompute->kept[at].count = document.count;
}

/* FOUND, with the document in the source's own memory. */
static enum find
fetch_document(struct recompute *recompute, const char *path, bool is_member, struct span *out)
{
    struct source_bytes bytes;

    switch (source_read(&recompute->source, path, DOCUMENT_MAX, &bytes)) {
    case SOURCE_FOUND:     break;
    case SOURCE_ABSENT:
    case SOURCE_FORBIDDEN: return FOUND_NOTHING;
    case SOURCE_AWAY:
        verify_fail(recompute->verify, VERIFY_UNREADABLE, -1, "%.*s", VERIFY_WHERE_MAX - 1,
                    recompute->source.why);
        return FIND_AWAY;
    }
    *out = (struct span){ .bytes = bytes.bytes, .count = bytes.count };
    return !is_member || json_member(bytes.bytes, bytes.count, "parameters", out) ? FOUND
                                                                                  : FOUND_NOTHING;
}

static enum find
find(void *context, const struct digest *sha256, struct arena *arena, struct stored_document *out)
{
    struct recompute *recompute = context;
    char              hex[DIGEST_TEXT_MAX], path[DOCUMENT_PATH_MAX];
    struct span       document;

    for (size_t i = 0; i < RECOMPUTE_KEPT_MAX; i++)
        if (recompute->kept[i].bytes && digest_equal(&recompute->kept[i].sha256, sha256))
            return give(recompute->kept[i].bytes, recompute->kept[i].count, arena, out);
    digest_format(sha256, hex);
    bool is_versioned = parameters_path(recompute, hex, path);
    if (!is_versioned)
        snprintf(path, sizeof path, "v1/snapshots/%s", hex);
    enum find found = fetch_document(recompute, path, is_versioned, &document);
    if (found != FOUND)
        return found;
    struct digest made = digest_of(document.bytes, document.count);
    if (!digest_equal(&made, sha256)) {
        verify_fail(recompute->verify, VERIFY_DOCUMENT_DIFFERS, -1, "%s", path);
        return FIND_AWAY;
    }
    if (is_versioned)
        keep(recompute, sha256, document);
    return give(document.bytes, document.count, arena, out);
}

static bool
differs(struct recompute *recompute, const struct replay *replay, int64_t entry)
{
    const struct changes *changes = &replay->differences;

    if (!replay->engine.version || strcmp(replay->engine.version, BREAKWATER_VERSION) != 0) {
        recompute->of_another_engine++;
        return true;
    }
    return verify_fail(recompute->verify, VERIFY_REPLAY_DIFFERS, entry, "%.120s",
                       changes->count ? changes->items[0].path : replay->why);
}

static bool
check(void *context, int64_t entry, const char *record, size_t count)
{
    struct recompute          *recompute = context;
    const struct replay_source source = { find, recompute };
    struct replay              replay;
    struct arena               arena;
    bool                       is_good = true;

    recompute->record = record;
    recompute->record_count = count;
    arena_open(&arena, REPLAY_ARENA_BYTES);
    switch (replay_record(record, count, &source, &arena, &replay)) {
    case REPLAY_IDENTICAL:  recompute->identical++; break;
    case REPLAY_INCOMPLETE: recompute->incomplete++; break;
    case REPLAY_DIFFERENT:  is_good = differs(recompute, &replay, entry); break;
    case REPLAY_NOT_A_DECISION:
        is_good = verify_fail(recompute->verify, VERIFY_RECORD_FORM, entry, "no decision");
        break;
    case REPLAY_AWAY:
        is_good = verify_fail(recompute->verify, VERIFY_UNREADABLE, entry, "its documents");
        break;
    }
    arena_close(&arena);
    return is_good;
}

void
recompute_begin(struct recompute *recompute, struct verify *verify)
{
    recompute->verify = verify;
    verify_on_decisions(verify, &(struct verify_decisions){ .check = check, .context = recompute });
}

void
recompute_close(struct recompute *recompute)
{
    source_close(&recompute->source);
    for (size_t i = 0; i < RECOMPUTE_KEPT_MAX; i++)
        free(recompute->kept[i].bytes);
}
