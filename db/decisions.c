/* Reads of what the writer wrote. Documents come in binary: their bytes are what was hashed. */
#include "db/decisions.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "db/row.h"

enum { DAY_DIGITS = 4, INST_DIGITS = 32, ISEQ_DIGITS = 12 };
_Static_assert(DECISION_ISEQ_MAX >> (4 * ISEQ_DIGITS) == 0, "a counter has room in an id");

void
decision_id_format(int64_t day, const char *inst, int64_t iseq, char id[static DECISION_ID_MAX])
{
    assert(day >= 0);
    assert(day <= DECISION_DAY_MAX);
    assert(iseq >= 0);
    assert(iseq <= DECISION_ISEQ_MAX);

    char *at = id + snprintf(id, DECISION_ID_MAX, "dec_%04x", (unsigned)day);
    for (const char *from = inst; *from; from++)
        if (*from != '-')
            *at++ = *from;
    assert(at == id + 4 + DAY_DIGITS + INST_DIGITS);
    snprintf(at, ISEQ_DIGITS + 1, "%012" PRIx64, (uint64_t)iseq);
}

bool
decision_id_parse(const char *id, int64_t *day, char inst[static INST_TEXT_MAX], int64_t *iseq)
{
    static const char hex[] = "0123456789abcdef";
    char              digits[ISEQ_DIGITS + 1] = "";
    const char       *from = id + 4 + DAY_DIGITS;

    if (strlen(id) != DECISION_ID_MAX - 1 || strncmp(id, "dec_", 4) != 0 ||
        strspn(id + 4, hex) != DECISION_ID_MAX - 5)
        return false;
    memcpy(digits, id + 4, DAY_DIGITS);
    *day = strtoll(digits, NULL, 16);
    snprintf(inst, INST_TEXT_MAX, "%.8s-%.4s-%.4s-%.4s-%.12s", from, from + 8, from + 12, from + 16,
             from + 20);
    memcpy(digits, from + INST_DIGITS, ISEQ_DIGITS);
    *iseq = strtoll(digits, NULL, 16);
    return true;
}

/* Binary rows, to be cleared whatever is found. */
static enum find
find_rows(struct connection *connection, const char *sql, const struct arg *args, size_t args_count,
          PGresult **rows)
{
    if (run_binary(connection, sql, args, args_count, rows))
        return FIND_AWAY;
    return PQntuples(*rows) ? FOUND : FOUND_NOTHING;
}

/* A bytea of a binary result; NULL: out of memory. */
static const char *
copy_bytes(const PGresult *rows, int column, struct arena *arena, size_t *count)
{
    *count = (size_t)PQgetlength(rows, 0, column);
    return arena_copy(arena, PQgetvalue(rows, 0, column), *count);
}

static bool
copy_digest(const PGresult *rows, int column, struct digest *out)
{
    if (PQgetlength(rows, 0, column) != DIGEST_BYTES)
        return false;
    memcpy(out->bytes, PQgetvalue(rows, 0, column), DIGEST_BYTES);
    return true;
}

static bool
read_decision(const PGresult *rows, struct arena *arena, struct stored_decision *out)
{
    struct digest salt;

    out->record = copy_bytes(rows, 0, arena, &out->record_count);
    if (!out->record || !copy_digest(rows, 1, &salt))
        return false;
    out->sealed = sealed_of(&salt, out->record, out->record_count);
    return true;
}

enum find
decision_find(struct connection *connection, const char *id, struct arena *arena,
              struct stored_decision *out)
{
    static const char sql[] =
        "SELECT record, salt FROM audit.body"
        " WHERE day = $1::integer + date '1970-01-01' AND inst = $2::uuid AND iseq = $3::bigint";
    char              inst[INST_TEXT_MAX], room[2][ARG_INTEGER_MAX];
    int64_t           day, iseq;
    PGresult         *rows;

    if (!decision_id_parse(id, &day, inst, &iseq))
        return FOUND_NOTHING;
    const struct arg args[] = { arg_integer(day, room[0]), ARG_TEXT(inst),
                                arg_integer(iseq, room[1]) };
    enum find        found = find_rows(connection, sql, args, 3, &rows);

    if (found == FOUND) {
        snprintf(out->id, sizeof out->id, "%s", id);
        found = read_decision(rows, arena, out) ? FOUND : FIND_AWAY;
    }
    PQclear(rows);
    return found;
}

static bool
read_answer(const PGresult *rows, struct arena *arena, struct stored_answer *out)
{
    *out = (struct stored_answer){ .workings = NULL };
    if (PQgetlength(rows, 0, 0) >= DECISION_ID_MAX || !copy_digest(rows, 1, &out->body_sha256))
        return false;
    memcpy(out->decision_id, PQgetvalue(rows, 0, 0), (size_t)PQgetlength(rows, 0, 0));
    if (PQgetisnull(rows, 0, 2))
        return true;
    out->workings = copy_bytes(rows, 2, arena, &out->workings_count);
    return out->workings;
}

enum find
idempotency_find(struct connection *connection, const char *caller, const char *key,
                 struct arena *arena, struct stored_answer *out)
{
    static const char sql[] = "SELECT decision, body_sha256, workings FROM breakwater.idempotency"
                              " WHERE caller = $1 AND key = $2";
    const struct arg  args[] = { ARG_TEXT(caller), ARG_TEXT(key) };
    PGresult         *rows;
    enum find         found = find_rows(connection, sql, args, 2, &rows);

    if (found == FOUND && !read_answer(rows, arena, out))
        found = FIND_AWAY;
    PQclear(rows);
    return found;
}

static bool
read_document(const PGresult *rows, struct arena *arena, struct stored_document *out)
{
    out->bytes = copy_bytes(rows, 0, arena, &out->count);
    return out->bytes;
}

enum find
document_find(struct connection *connection, const struct digest *sha256, struct arena *arena,
              struct stored_document *out)
{
    static const char sql[] =
        "SELECT bytes FROM breakwater.kept WHERE sha256 = $1::bytea"
        " UNION ALL SELECT document FROM breakwater.parameters WHERE sha256 = $1::bytea"
        " UNION ALL SELECT document FROM breakwater.proposal WHERE sha256 = $1::bytea LIMIT 1";
    const struct arg  args[] = { ARG_DIGEST(sha256) };
    PGresult         *rows;
    enum find         found = find_rows(connection, sql, args, 1, &rows);

    if (found == FOUND && !read_document(rows, arena, out))
        found = FIND_AWAY;
    PQclear(rows);
    return found;
}

struct version_row {
    int64_t     version, created_at, active_at;
    const char *sha256, *who, *why, *document;
};

static const struct field version_row_fields[] = {
    INTEGER_FIELD(version_row, version),
    INSTANT_FIELD(version_row, created_at),
    INSTANT_FIELD(version_row, active_at),
    TEXT_FIELD   (version_row, sha256, .form = TEXT_SHA256),
    NAME_FIELD   (version_row, who, .nullable = true),
    TEXT_FIELD   (version_row, why, .form = TEXT_ANY, .nullable = true),
    TEXT_FIELD   (version_row, document, .form = TEXT_ANY),
};
static const struct record version_row_record = RECORD(version_row, version_row_fields);

/* False: out of memory. */
static bool
copy_text(const char *text, struct arena *arena, const char **out)
{
    *out = text ? arena_copy(arena, text, strlen(text)) : NULL;
    return !text || *out;
}

static bool
read_version(const PGresult *rows, struct arena *arena, struct stored_version *out)
{
    struct version_row row;

    if (!row_read(&version_row_record, rows, 0, &row))
        return false;
    *out = (struct stored_version){
        .version    = row.version,
        .created_at = row.created_at,
        .active_at  = row.active_at,
        .document   = { .count = strlen(row.document) },
    };
    return digest_parse(row.sha256, &out->sha256) &&
           copy_text(row.who, arena, &out->who) && copy_text(row.why, arena, &out->why) &&
           copy_text(row.document, arena, &out->document.bytes);
}

/* Documents are canonical JSON in UTF-8 without a NUL: as text they are their bytes. */
enum find
version_find(struct connection *connection, const char *market, int64_t version, int64_t at_us,
             struct arena *arena, struct stored_version *out)
{
    static const char sql[] = "SELECT version, created_at, active_at,"
                              " encode(sha256, 'hex') AS sha256, who, why,"
                              " convert_from(document, 'UTF8') AS document"
                              " FROM breakwater.parameters WHERE market = $1"
                              " AND ($2::bigint = version"
                              " OR ($2::bigint = 0 AND active_at <= $3::bigint))"
                              " ORDER BY active_at DESC, version DESC LIMIT 1";
    char             room[2][ARG_INTEGER_MAX];
    const struct arg args[] = { ARG_TEXT(market), arg_integer(version, room[0]),
                                arg_integer(at_us, room[1]) };
    PGresult        *rows;

    if (run(connection, sql, args, 3, &rows))
        return FIND_AWAY;
    enum find found = PQntuples(rows) ? FOUND : FOUND_NOTHING;
    if (found == FOUND && !read_version(rows, arena, out))
        found = FIND_AWAY;
    PQclear(rows);
    return found;
}
