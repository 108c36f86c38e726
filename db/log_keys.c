/* Key files and the state file. */
#include "db/log_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "audit/receipt.h"
#include "db/chain.h"
#include "record/json.h"

enum { PATH_ROOM = 4200, LINE_ROOM = 1024, NOTE_ROOM = 64 << 10 };

static bool
fail(char why[static DATABASE_WHY_MAX], const char *path, const char *what)
{
    snprintf(why, DATABASE_WHY_MAX, "%.180s: %.120s", path, what);
    return false;
}

/* The whole of a small file; -1: `why`, or errno is ENOENT. */
static ssize_t
read_file(const char *path, char *bytes, size_t room, struct stat *status)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return -1;
    ssize_t count = fstat(fd, status) ? -1 : read(fd, bytes, room);
    int     error = errno;
    close(fd);
    errno = error;
    return count;
}

static bool
write_file(const char *path, mode_t mode, const char *bytes, size_t count)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

    if (fd < 0)
        return false;
    bool is_written = write(fd, bytes, count) == (ssize_t)count && !fsync(fd);
    int  error = errno;
    close(fd);
    errno = error;
    return is_written;
}

static bool
read_signer(const char *path, const char *name, struct signer *out, char why[static DATABASE_WHY_MAX])
{
    char        line[LINE_ROOM];
    struct stat status;
    ssize_t     count = read_file(path, line, sizeof line, &status);

    if (count < 0)
        return fail(why, path, errno == ENOENT ? "there is no such file. BREAKWATER_LOG_KEY names the key "
                    "that signs this log, on every instance the same; `breakwater log-key FILE` makes one "
                    "that is to come" : strerror(errno));
    if (!key_mode_is_private(status.st_mode))
        return fail(why, path, "others may read this key: chmod 600");
    enum verdict verdict = signer_parse(line, (size_t)count, out);
    explicit_bzero(line, sizeof line);
    if (verdict)
        return fail(why, path, verdict_text(verdict));
    if (strcmp(out->key.name, name) != 0)
        return fail(why, path, "the key's name is not the log's origin (BREAKWATER_ORIGIN)");
    return true;
}

static bool
make_signer(const char *path, const char *name, struct signer *out, char why[static DATABASE_WHY_MAX])
{
    uint8_t      seed[KEY_BYTES];
    struct arena arena;
    struct text  line, public_line;
    char         public_path[PATH_ROOM];

    random_fill(seed, sizeof seed);
    *out = signer_of(KEY_NOTE, name, seed);
    explicit_bzero(seed, sizeof seed);
    if (!*out->key.name)
        return fail(why, path, "no memory");
    arena_open(&arena, 1 << 16);
    text_open(&line, &arena, LINE_ROOM, LINE_ROOM);
    text_open(&public_line, &arena, LINE_ROOM, LINE_ROOM);
    signer_write(out, &line);
    key_write(&out->key, &public_line);
    text_add(&line, "\n", 1);
    text_add(&public_line, "\n", 1);
    snprintf(public_path, sizeof public_path, "%s.pub", path);
    bool is_made = !line.is_full && !public_line.is_full &&
                   write_file(path, 0600, line.bytes, line.count) &&
                   write_file(public_path, 0644, public_line.bytes, public_line.count);
    if (!is_made)
        fail(why, path, strerror(errno));
    explicit_bzero(line.bytes, line.count);
    arena_close(&arena);
    return is_made;
}

bool
log_keys_open(const char *path, const char *origin, bool may_make, struct log_keys *out,
              char why[static DATABASE_WHY_MAX])
{
    char receipt_path[PATH_ROOM], name[KEY_NAME_BYTES_MAX + 1];

    if (strlen(path) > PATH_ROOM - 16)
        return fail(why, path, "the path is too long");
    if (!receipt_name(origin, name))
        return fail(why, origin, "an origin is a name without spaces and plus signs (BREAKWATER_ORIGIN)");
    snprintf(receipt_path, sizeof receipt_path, "%s.receipt", path);
    if (may_make && access(path, F_OK) && access(receipt_path, F_OK))
        return make_signer(path, origin, &out->log, why) &&
               make_signer(receipt_path, name, &out->receipt, why);
    return read_signer(path, origin, &out->log, why) &&
           read_signer(receipt_path, name, &out->receipt, why);
}

bool
log_keys_open_next(const char *path, const char *origin, struct log_keys *keys,
                   char why[static DATABASE_WHY_MAX])
{
    keys->has_next = read_signer(path, origin, &keys->next, why);
    if (!keys->has_next)
        return false;
    return keys->next.key.id != keys->log.key.id || fail(why, path, "it is the key that signs already");
}

static enum outcome
is_recorded(struct connection *connection, const char *vkey, bool *is_there)
{
    static const char sql[] = "SELECT EXISTS (SELECT FROM audit.event WHERE kind = 'key'"
                              " AND convert_from(record, 'UTF8')::json->>'vkey' = $1)";
    const struct arg  args[] = { ARG_TEXT(vkey) };
    PGresult         *rows;
    enum outcome      outcome = run(connection, sql, args, 1, &rows);

    if (!outcome)
        *is_there = *PQgetvalue(rows, 0, 0) == 't';
    PQclear(rows);
    return outcome;
}

static enum outcome
record_one(struct connection *connection, const struct key *key, const char *event)
{
    struct arena arena;
    struct text  vkey, quoted;
    bool         is_there = true;

    arena_open(&arena, 1 << 16);
    text_open(&vkey, &arena, LINE_ROOM, LINE_ROOM);
    text_open(&quoted, &arena, LINE_ROOM, 2 * LINE_ROOM);
    key_write(key, &vkey);
    text_add(&vkey, "", 1);
    if (!vkey.is_full)
        json_write_string(&quoted, vkey.bytes);
    quoted.is_full |= vkey.is_full;
    text_add(&quoted, "", 1);
    enum outcome outcome = quoted.is_full ? OUTCOME_CLOSED
                                          : is_recorded(connection, vkey.bytes, &is_there);
    if (!outcome && !is_there) {
        const struct draft_member members[] = { { "event", event }, { "vkey", quoted.bytes } };
        outcome = transaction_begin(connection);
        if (!outcome && !(outcome = chain_record(connection, "key", NULL, NULL, members, 2)))
            outcome = transaction_commit(connection);
        else if (connection->in_transaction)
            transaction_rollback(connection);
    }
    arena_close(&arena);
    return outcome;
}

enum outcome
log_keys_record(struct connection *connection, const struct log_keys *keys)
{
    enum outcome outcome = record_one(connection, &keys->log.key, "\"log_signer\"");

    if (!outcome)
        outcome = record_one(connection, &keys->receipt.key, "\"receipt_signer\"");
    if (!outcome && keys->has_next)
        outcome = record_one(connection, &keys->next.key, "\"log_signer\"");
    return outcome;
}

void
log_keys_forget(struct log_keys *keys)
{
    signer_forget(&keys->next);
    signer_forget(&keys->log);
    signer_forget(&keys->receipt);
}

bool
log_state_read(const char *path, const struct key *key, struct checkpoint *out,
               char why[static DATABASE_WHY_MAX])
{
    char        bytes[NOTE_ROOM];
    struct stat status;
    struct note note;
    ssize_t     count = read_file(path, bytes, sizeof bytes, &status);

    out->size = -1;
    if (count < 0)
        return errno == ENOENT || fail(why, path, strerror(errno));
    enum verdict verdict = checkpoint_open(bytes, (size_t)count, key, &note, out);
    if (!verdict)
        return true;
    out->size = -1;
    return fail(why, path, verdict_text(verdict));
}

bool
log_state_write(const char *path, const char *note, size_t count, char why[static DATABASE_WHY_MAX])
{
    char new_path[PATH_ROOM], folder[PATH_ROOM];

    snprintf(new_path, sizeof new_path, "%s.new", path);
    snprintf(folder, sizeof folder, "%s", path);
    unlink(new_path);
    if (!write_file(new_path, 0644, note, count) || rename(new_path, path))
        return fail(why, path, strerror(errno));
    int fd = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd)) {
        if (fd >= 0)
            close(fd);
        return fail(why, path, strerror(errno));
    }
    close(fd);
    return true;
}
