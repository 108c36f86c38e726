/* The seal file, and entry 0 of the log that comes after. */
#include "db/log_seal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "audit/checkpoint.h"
#include "db/chain.h"
#include "record/json.h"

enum { RECORD_BYTES_MAX = 1 << 20 };

static bool
fail(char why[static DATABASE_WHY_MAX], const char *path, const char *what)
{
    snprintf(why, DATABASE_WHY_MAX, "%.180s: %.120s", path, what);
    return false;
}

/* -1: errno. */
static ssize_t
read_file(const char *path, char bytes[static SEAL_BYTES_MAX])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return -1;
    ssize_t count = read(fd, bytes, SEAL_BYTES_MAX - 1);
    if (count >= 0)
        bytes[count] = '\0';
    close(fd);
    return count;
}

bool
log_seal_write(const char *path, const char *state_path, const struct key *key,
               char why[static DATABASE_WHY_MAX])
{
    char              bytes[SEAL_BYTES_MAX];
    struct checkpoint checkpoint;
    struct note       note;
    ssize_t           count = read_file(state_path, bytes);

    if (count < 0)
        return fail(why, state_path, strerror(errno));
    enum verdict verdict = checkpoint_open(bytes, (size_t)count, key, &note, &checkpoint);
    if (verdict)
        return fail(why, state_path, verdict_text(verdict));
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return fail(why, path, strerror(errno));
    bool is_written = write(fd, bytes, (size_t)count) == count && !fsync(fd);
    if (!is_written)
        fail(why, path, strerror(errno));
    close(fd);
    return is_written;
}

enum seal
log_seal_read(const char *path, const char *origin, char note[static SEAL_BYTES_MAX],
              char why[static DATABASE_WHY_MAX])
{
    struct checkpoint checkpoint;
    struct note       parsed;
    ssize_t           count = read_file(path, note);

    if (count < 0 && errno == ENOENT)
        return SEAL_NONE;
    if (count < 0) {
        fail(why, path, strerror(errno));
        return SEAL_BAD;
    }
    if (!note_parse(note, (size_t)count, &parsed) ||
        !checkpoint_parse(parsed.text.bytes, parsed.text.count, &checkpoint)) {
        fail(why, path, "it is no checkpoint");
        return SEAL_BAD;
    }
    return strcmp(checkpoint.origin, origin) ? SEAL_OF_ANOTHER : SEAL_OF_THIS;
}

static enum outcome
is_wanted(struct connection *connection, bool *is_wanted)
{
    static const char sql[] =
        "SELECT NOT EXISTS (SELECT FROM audit.leaf) AND NOT EXISTS (SELECT FROM audit.event"
        " WHERE kind = 'open' AND convert_from(record, 'UTF8')::json->>'predecessor' IS NOT NULL)";
    PGresult         *rows;
    enum outcome      outcome = run(connection, sql, NULL, 0, &rows);

    if (!outcome)
        *is_wanted = *PQgetvalue(rows, 0, 0) == 't';
    PQclear(rows);
    return outcome;
}

static enum outcome
write_quote(struct connection *connection, const char *inst, const struct draft *draft,
            struct arena *arena)
{
    static const struct digest none;
    static const char          first[] =
        "UPDATE audit.pending SET queued_at = (SELECT min(queued_at) FROM audit.pending)"
        " - interval '1 second' WHERE inst = $1::uuid";
    struct text   record;
    struct digest salt;
    struct sealed sealed;

    random_fill(&salt, sizeof salt);
    text_open(&record, arena, draft_bytes_max(draft), RECORD_BYTES_MAX);
    if (record.is_full)
        return OUTCOME_CLOSED;
    draft_seal(draft, NULL, 0, &none, &salt, &record, &sealed);
    struct chain_row row = { inst, 0, "open", &sealed, record.bytes, record.count };
    const struct arg args[] = { ARG_TEXT(inst) };
    enum outcome     outcome = transaction_begin(connection);
    if (outcome)
        return outcome;
    outcome = chain_write(connection, &row);
    if (!outcome)
        outcome = run_command(connection, first, args, 1, NULL);
    if (!outcome)
        return transaction_commit(connection);
    transaction_rollback(connection);
    return outcome;
}

enum outcome
log_seal_quote(struct connection *connection, const char *note)
{
    char         inst[INST_TEXT_MAX];
    struct arena arena;
    struct text  quoted;
    struct draft draft;
    bool         is_first = false;
    enum outcome outcome = is_wanted(connection, &is_first);

    if (outcome || !is_first)
        return outcome;
    inst_make(inst);
    arena_open(&arena, 4 * RECORD_BYTES_MAX);
    text_open(&quoted, &arena, SEAL_BYTES_MAX, RECORD_BYTES_MAX);
    json_write_string(&quoted, note);
    text_add(&quoted, "", 1);
    const struct draft_member members[] = { { "predecessor", quoted.bytes } };
    outcome = !quoted.is_full && draft_event("open", NULL, NULL, clock_now_us(), inst, members, 1, &arena,
                                             &draft)
              ? write_quote(connection, inst, &draft, &arena) : OUTCOME_REFUSED;
    arena_close(&arena);
    return outcome;
}
