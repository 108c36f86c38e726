/* Rows about witnesses. */
#include "db/witness_log.h"

#include <endian.h>
#include <inttypes.h>
#include <string.h>

#include "db/binary.h"

enum find
witness_log_latest(struct connection *connection, struct arena *arena, struct stored_checkpoint *out)
{
    static const char sql[] = "SELECT size, root, convert_to(note, 'UTF8') FROM audit.checkpoint"
                              " ORDER BY size DESC LIMIT 1";
    PGresult         *rows;
    enum find         found = FOUND_NOTHING;

    if (run_binary(connection, sql, NULL, 0, &rows))
        return FIND_AWAY;
    if (PQntuples(rows)) {
        out->size       = binary_bigint(rows, 0, 0);
        out->note_count = (size_t)PQgetlength(rows, 0, 2);
        out->note       = arena_copy(arena, PQgetvalue(rows, 0, 2), out->note_count);
        found = out->note && binary_digest(rows, 0, 1, &out->root) ? FOUND : FIND_AWAY;
    }
    PQclear(rows);
    return found;
}

enum find
witness_log_claim(struct connection *connection, const char *witness, int64_t *old)
{
    static const char sql[] =
        "INSERT INTO audit.witness_state AS w (witness, last_try) VALUES ($1, clock_timestamp())"
        " ON CONFLICT (witness) DO UPDATE SET last_try = clock_timestamp()"
        " WHERE w.last_try IS NULL OR abs(extract(epoch FROM clock_timestamp() - w.last_try)) > 0.5"
        " RETURNING size";
    const struct arg args[] = { ARG_TEXT(witness) };
    PGresult        *rows;

    if (run_binary(connection, sql, args, 1, &rows))
        return FIND_AWAY;
    bool is_ours = PQntuples(rows);
    if (is_ours)
        *old = binary_bigint(rows, 0, 0);
    PQclear(rows);
    return is_ours ? FOUND : FOUND_NOTHING;
}

static enum outcome
insert_line(struct connection *connection, const char *witness, int64_t size, uint32_t key_id,
            struct line line, int64_t time_s)
{
    static const char sql[] =
        "INSERT INTO audit.cosignature AS c (size, witness, key_id, line, witnessed_at)"
        " VALUES ($1::bigint, $2, $3::bytea, convert_from($4::bytea, 'UTF8'), to_timestamp($5::bigint))"
        " ON CONFLICT (size, witness, key_id) DO UPDATE SET line = excluded.line,"
        " witnessed_at = excluded.witnessed_at WHERE excluded.witnessed_at > c.witnessed_at";
    uint32_t         big = htobe32(key_id);
    char             room[2][ARG_INTEGER_MAX];
    const struct arg args[] = { arg_integer(size, room[0]), ARG_TEXT(witness),
                                ARG_BYTES(&big, sizeof big), ARG_BYTES(line.bytes, line.count),
                                arg_integer(time_s, room[1]) };

    return run_command(connection, sql, args, 5, NULL);
}

enum outcome
witness_log_store(struct connection *connection, const char *witness, int64_t size, uint32_t key_id,
                  struct line line, int64_t time_s)
{
    static const char sql[] = "UPDATE audit.witness_state SET size = greatest(size, $2::bigint),"
                              " last_error = NULL WHERE witness = $1";
    char              room[ARG_INTEGER_MAX];
    const struct arg  args[] = { ARG_TEXT(witness), arg_integer(size, room) };
    enum outcome      outcome = transaction_begin(connection);

    if (outcome)
        return outcome;
    outcome = insert_line(connection, witness, size, key_id, line, time_s);
    if (!outcome)
        outcome = run_command(connection, sql, args, 2, NULL);
    if (!outcome)
        outcome = run_command(connection, "SELECT pg_notify('breakwater_log', '')", NULL, 0, NULL);
    if (!outcome)
        return transaction_commit(connection);
    transaction_rollback(connection);
    return outcome;
}

enum outcome
witness_log_fault(struct connection *connection, const char *witness, int64_t size, const char *why)
{
    static const char sql[] =
        "UPDATE audit.witness_state SET last_error = $2,"
        " size = CASE WHEN $3::bigint < 0 THEN size ELSE $3::bigint END WHERE witness = $1";
    char              room[ARG_INTEGER_MAX];
    const struct arg  args[] = { ARG_TEXT(witness), ARG_TEXT(why), arg_integer(size, room) };

    return run_command(connection, sql, args, 3, NULL);
}

/* The bit of the witness that this row is of; 0: none of the policy's. */
static uint64_t
witness_bit(const struct policy *policy, const PGresult *rows, int row)
{
    uint32_t big;

    if (PQgetlength(rows, row, 2) != sizeof big)
        return 0;
    memcpy(&big, PQgetvalue(rows, row, 2), sizeof big);
    for (size_t i = 0; i < policy->witnesses_count; i++)
        if (policy->witnesses[i].key.id == be32toh(big) &&
            !strcmp(policy->witnesses[i].key.name, PQgetvalue(rows, row, 1)))
            return UINT64_C(1) << i;
    return 0;
}

/* The largest size whose rows are a quorum; -1: none. Rows are sorted by size, the largest first. */
static int64_t
quorum_size(const struct policy *policy, const PGresult *rows)
{
    uint64_t cosigned = 0;

    for (int row = 0; row < PQntuples(rows); row++) {
        int64_t size = binary_bigint(rows, row, 0);
        if (row && binary_bigint(rows, row - 1, 0) != size)
            cosigned = 0;
        cosigned |= witness_bit(policy, rows, row);
        if (policy_quorum_is_met(policy, cosigned))
            return size;
    }
    return -1;
}

enum outcome
witness_log_publish(struct connection *connection, const struct policy *policy, int64_t published)
{
    static const char find[] = "SELECT size, witness, key_id FROM audit.cosignature"
                               " WHERE size > $1::bigint ORDER BY size DESC LIMIT 4096";
    static const char publish[] =
        "WITH done AS (UPDATE audit.checkpoint SET published_at = clock_timestamp()"
        " WHERE size = $1::bigint AND published_at IS NULL RETURNING size)"
        " SELECT pg_notify('breakwater_log', '') FROM done";
    char              room[ARG_INTEGER_MAX];
    const struct arg  above[] = { arg_integer(published, room) };
    PGresult         *rows;
    enum outcome      outcome = run_binary(connection, find, above, 1, &rows);

    if (outcome)
        return outcome;
    int64_t size = quorum_size(policy, rows);
    PQclear(rows);
    if (size < 0)
        return OUTCOME_OK;
    const struct arg args[] = { arg_integer(size, room) };
    return run_command(connection, publish, args, 1, NULL);
}
