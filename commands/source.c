/* A log's paths over HTTP or from a folder. */
#include "commands/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "audit/entry.h"
#include "record/text.h"

enum {
    ARENA_MAX     = 256 << 20,
    RECORDS_MAX   = 64 << 20,             /* of one answer */
    PATH_ROOM     = SOURCE_PLACE_MAX + 128,
    ATTEMPTS      = 4,
    PAUSE_US      = 250 * 1000,           /* and twice as long each time */
    WAIT_MS       = 60 * 1000,
    STATUS_OK     = 200,
    STATUS_NONE   = 404,
    STATUS_UNAUTHORIZED = 401, STATUS_FORBIDDEN = 403, STATUS_TOO_MANY = 429, STATUS_AWAY = 502,
};

static bool
is_url(const char *place)
{
    return !strncasecmp(place, "http://", 7) || !strncasecmp(place, "https://", 8);
}

static enum source_result
fall(struct source *source, enum source_result result, const char *what, const char *why)
{
    snprintf(source->why, sizeof source->why, "%.200s: %s", what, why);
    return result;
}

/* The key alone, or the line of the role "audit" in a file of first keys. */
static bool
read_token(struct source *source, const char *path)
{
    char  line[SOURCE_TOKEN_MAX + 64], token[SOURCE_TOKEN_MAX] = "";
    FILE *file = fopen(path, "re");

    if (!file)
        return fall(source, SOURCE_AWAY, path, strerror(errno)) == SOURCE_FOUND;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\r\n")] = '\0';
        const char *space = strchr(line, ' ');
        bool        is_audit = !strncmp(line, "audit ", 6);
        if ((!space || is_audit) && !*token && *line)
            snprintf(token, sizeof token, "%.*s", SOURCE_TOKEN_MAX - 1, space ? space + 1 : line);
    }
    fclose(file);
    explicit_bzero(line, sizeof line);
    if (!*token)
        return fall(source, SOURCE_AWAY, path, "it holds neither a key nor a line \"audit KEY\"") ==
               SOURCE_FOUND;
    snprintf(source->authorization, sizeof source->authorization, "Bearer %s", token);
    explicit_bzero(token, sizeof token);
    return true;
}

bool
source_open(struct source *source, const struct source_settings *settings)
{
    struct fetch_settings fetch_settings = {
        .agent = settings->agent, .authority_file = settings->authority_file,
        .uses_proxy = settings->uses_proxy,
    };
    size_t                count = strlen(settings->place);

    *source = (struct source){ .records_next = 0 };
    arena_open(&source->arena, ARENA_MAX);
    while (count > 1 && settings->place[count - 1] == '/')
        count--;
    if (count >= sizeof source->place)
        return fall(source, SOURCE_AWAY, settings->place, "it is too long") == SOURCE_FOUND;
    memcpy(source->place, settings->place, count);
    if (settings->token_file && !read_token(source, settings->token_file))
        return false;
    if (!is_url(settings->place))
        return access(source->place, R_OK | X_OK) == 0 ||
               fall(source, SOURCE_AWAY, source->place, strerror(errno)) == SOURCE_FOUND;
    source->client = fetch_open(&fetch_settings);
    return source->client || fall(source, SOURCE_AWAY, "client", "no memory") == SOURCE_FOUND;
}

void
source_close(struct source *source)
{
    if (source->client)
        fetch_close(source->client);
    if (source->records)
        fclose(source->records);
    arena_close(&source->arena);
    explicit_bzero(source->authorization, sizeof source->authorization);
}

static enum source_result
result_of(struct source *source, const char *path, int status)
{
    char why[64];

    snprintf(why, sizeof why, "the answer is %d", status);
    switch (status) {
    case STATUS_OK:           return SOURCE_FOUND;
    case STATUS_NONE:         return fall(source, SOURCE_ABSENT, path, why);
    case STATUS_UNAUTHORIZED:
    case STATUS_FORBIDDEN:    return fall(source, SOURCE_FORBIDDEN, path, why);
    default:                  return fall(source, SOURCE_AWAY, path, why);
    }
}

static enum source_result
read_url(struct source *source, const char *path, size_t bytes_max, struct source_bytes *out)
{
    char                  url[PATH_ROOM];
    struct fetch_answer   answer = { .status = 0 };
    struct fetch_question question = {
        .url = url, .authorization = *source->authorization ? source->authorization : NULL,
        .answer_bytes_max = bytes_max, .wait_ms = WAIT_MS,
    };

    snprintf(url, sizeof url, "%s/%s", source->place, path);
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        arena_close(&source->arena);
        bool is_whole = fetch(source->client, &question, &source->arena, &answer);
        if (is_whole && answer.status != STATUS_TOO_MANY && answer.status < STATUS_AWAY)
            break;
        if (attempt + 1 < ATTEMPTS)
            usleep((useconds_t)PAUSE_US << attempt);
    }
    *out = (struct source_bytes){ answer.body, answer.count };
    return answer.status ? result_of(source, path, answer.status)
                         : fall(source, SOURCE_AWAY, path, answer.why);
}

static enum source_result
read_folder(struct source *source, const char *path, size_t bytes_max, struct source_bytes *out)
{
    char        name[PATH_ROOM];
    struct text text;

    snprintf(name, sizeof name, "%s/%s", source->place, path);
    FILE *file = fopen(name, "re");
    if (!file)
        return fall(source, errno == ENOENT ? SOURCE_ABSENT : SOURCE_AWAY, name, strerror(errno));
    arena_close(&source->arena);
    text_open(&text, &source->arena, bytes_max + 1, bytes_max + 1);
    char  *bytes = text_reserve(&text, bytes_max + 1);
    size_t count = bytes ? fread(bytes, 1, bytes_max + 1, file) : 0;
    bool   is_bad = ferror(file) || !bytes;
    fclose(file);
    *out = (struct source_bytes){ bytes, count };
    return is_bad ? fall(source, SOURCE_AWAY, name, strerror(errno)) : SOURCE_FOUND;
}

enum source_result
source_read(struct source *source, const char *path, size_t bytes_max, struct source_bytes *out)
{
    return source->client ? read_url(source, path, bytes_max, out)
                          : read_folder(source, path, bytes_max, out);
}

enum source_result
source_tile(struct source *source, const struct tile *tile, struct source_bytes *out)
{
    char               path[TILE_PATH_MAX + 4] = "log/";
    struct tile        full = *tile;
    size_t             hash_bytes = tile->level == TILE_ENTRIES ? BUNDLE_ENTRY_BYTES : DIGEST_BYTES;

    tile_path_format(tile, path + 4);
    enum source_result result = source_read(source, path, BUNDLE_BYTES_MAX, out);
    if (result != SOURCE_ABSENT || source->client || tile->width == TILE_WIDTH)
        return result;
    full.width = TILE_WIDTH;
    tile_path_format(&full, path + 4);
    result = source_read(source, path, BUNDLE_BYTES_MAX, out);
    if (result == SOURCE_FOUND && out->count > hash_bytes * (size_t)tile->width)
        out->count = hash_bytes * (size_t)tile->width;
    return result;
}

static enum source_result
records_of_url(struct source *source, int64_t first, int64_t end, struct source_bytes *out)
{
    char path[96];

    snprintf(path, sizeof path, "log/records?from=%lld&count=%lld", (long long)first,
             (long long)(end - first));
    return source_read(source, path, RECORDS_MAX, out);
}

static enum source_result
records_of_folder(struct source *source, int64_t first, int64_t end, struct source_bytes *out)
{
    char        name[PATH_ROOM];
    struct text text;
    char       *line = NULL;
    size_t      room = 0;
    ssize_t     count;

    snprintf(name, sizeof name, "%s/log/records", source->place);
    if (!source->records && !(source->records = fopen(name, "re")))
        return fall(source, errno == ENOENT ? SOURCE_ABSENT : SOURCE_AWAY, name, strerror(errno));
    arena_close(&source->arena);
    text_open(&text, &source->arena, 1 << 16, RECORDS_MAX);
    while (source->records_next < end && (count = getline(&line, &room, source->records)) > 0)
        if (source->records_next++ >= first)
            text_add(&text, line, (size_t)count);
    free(line);
    *out = (struct source_bytes){ text.bytes ? text.bytes : "", text.count };
    return text.is_full ? fall(source, SOURCE_AWAY, name, "its lines are too long") : SOURCE_FOUND;
}

enum source_result
source_records(struct source *source, int64_t first, int64_t end, struct source_bytes *out)
{
    return source->client ? records_of_url(source, first, end, out)
                          : records_of_folder(source, first, end, out);
}

static bool
read_tile(void *context, const struct tile *tile, struct digest hashes[static TILE_WIDTH])
{
    struct source      *source = context;
    struct source_bytes bytes;
    size_t              wanted = (size_t)tile->width * DIGEST_BYTES;

    if (source_tile(source, tile, &bytes) != SOURCE_FOUND)
        return false;
    if (bytes.count != wanted)
        return fall(source, SOURCE_AWAY, "a tile", "it has another length than it must") ==
               SOURCE_FOUND;
    memcpy(hashes, bytes.bytes, wanted);
    return true;
}

struct tile_reader
source_reader(struct source *source)
{
    return (struct tile_reader){ .read = read_tile, .context = source };
}
