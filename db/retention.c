/* Days and single decisions leave audit.body; the log keeps their entries. */
#include "db/retention.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <libpq-fe.h>

#include "db/chain.h"
#include "db/decisions.h"
#include "record/json.h"

enum { CHUNK_LEAVES = 65536, SEARCH_ROWS = 10000, MEMBER_ROOM = 4096, DAY_TEXT_MAX = 16 };

#define DAY_OF "($1::bigint)::integer + date '1970-01-01'"

/* The first row's numbers; those that are null are -1. False: away. */
static bool
numbers(struct connection *connection, const char *sql, const struct arg *args, size_t args_count,
        int64_t *out, int out_count)
{
    PGresult *rows;

    if (run(connection, sql, args, args_count, &rows))
        return false;
    for (int i = 0; i < out_count; i++)
        out[i] = PQntuples(rows) && !PQgetisnull(rows, 0, i)
                 ? strtoll(PQgetvalue(rows, 0, i), NULL, 10) : -1;
    PQclear(rows);
    return true;
}

/* -1: none. */
static bool
find_oldest_day(struct connection *connection, int64_t *day)
{
    static const char sql[] =
        "SELECT min(to_date(substr(c.relname, 6), 'YYYYMMDD') - date '1970-01-01')"
        " FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = 'audit.body'::regclass";

    return numbers(connection, sql, NULL, 0, day, 1);
}

static bool
count_bodies(struct connection *connection, int64_t day, int64_t *count)
{
    static const char sql[] = "SELECT count(*) FROM audit.body WHERE day = " DAY_OF;
    char              room[ARG_INTEGER_MAX];
    const struct arg  args[] = { arg_integer(day, room) };

    return numbers(connection, sql, args, 1, count, 1);
}

/* Where the day's decisions stand. The search columns, in the order of time, tell between which indexes
 * to look. */
static bool
find_leaves(struct connection *connection, struct pruned *out)
{
    static const char sql[] =
        "SELECT count(l.idx), min(l.idx), max(l.idx) FROM"
        " (SELECT min(idx) AS first, max(idx) AS last FROM audit.search"
        "  WHERE ts >= $1::bigint * 86400000000 AND ts < ($1::bigint + 1) * 86400000000) s"
        " JOIN audit.leaf l ON l.idx BETWEEN s.first AND s.last AND l.day = " DAY_OF;
    char              room[ARG_INTEGER_MAX];
    const struct arg  args[] = { arg_integer(out->day, room) };
    int64_t           found[3];

    if (!numbers(connection, sql, args, 1, found, 3))
        return false;
    out->count       = found[0];
    out->first_index = found[1];
    out->last_index  = found[2];
    return true;
}

static bool
add_entries(struct connection *connection, const struct pruned *pruned, int64_t first,
            struct digest_stream *stream)
{
    static const char sql[] =
        "SELECT string_agg(substr(b.data, (l.idx & 255)::integer * 35 + 3, 33), ''::bytea ORDER BY l.idx)"
        " FROM audit.leaf l JOIN audit.bundle b ON b.n = l.idx >> 8"
        " WHERE l.day = " DAY_OF " AND l.idx >= $2::bigint AND l.idx < $3::bigint";
    char             room[3][ARG_INTEGER_MAX];
    int64_t          end = first + CHUNK_LEAVES <= pruned->last_index ? first + CHUNK_LEAVES
                                                                      : pruned->last_index + 1;
    const struct arg args[] = { arg_integer(pruned->day, room[0]), arg_integer(first, room[1]),
                                arg_integer(end, room[2]) };
    PGresult        *rows;

    if (run_binary(connection, sql, args, 3, &rows))
        return false;
    digest_stream_add(stream, PQgetvalue(rows, 0, 0), (size_t)PQgetlength(rows, 0, 0));
    PQclear(rows);
    return true;
}

static bool
hash_entries(struct connection *connection, struct pruned *pruned)
{
    struct digest_stream *stream = digest_stream_open();
    bool                  is_done = stream;

    for (int64_t first = pruned->first_index; is_done && first <= pruned->last_index;
         first += CHUNK_LEAVES)
        is_done = add_entries(connection, pruned, first, stream);
    if (stream)
        pruned->entries_sha256 = digest_stream_close(stream);
    return is_done;
}

/* A JSON string in the arena. NULL: no memory. */
static const char *
quoted(struct arena *arena, const char *string)
{
    struct text text;

    text_open(&text, arena, MEMBER_ROOM, 2 * MEMBER_ROOM);
    json_write_string(&text, string);
    text_add(&text, "", 1);
    return text.is_full ? NULL : text.bytes;
}

static void
format_day(int64_t day, char text[static DAY_TEXT_MAX])
{
    time_t    seconds = (time_t)day * 86400;
    struct tm utc;

    gmtime_r(&seconds, &utc);
    strftime(text, DAY_TEXT_MAX, "%Y-%m-%d", &utc);
}

/* `day` or `decision`, and for one decision its `reason`; the others are null. */
static enum outcome
record_prune(struct connection *connection, const char *actor, const struct pruned *pruned,
             const char *decision, const char *reason)
{
    char         day[DAY_TEXT_MAX], sha256[DIGEST_TEXT_MAX], room[3][ARG_INTEGER_MAX];
    struct arena arena;

    format_day(pruned->day, day);
    digest_format(&pruned->entries_sha256, sha256);
    arena_open(&arena, 16 * MEMBER_ROOM);
    const struct draft_member members[] = {
        { "count", arg_integer(pruned->count, room[0]).value },
        { "day", decision ? "null" : quoted(&arena, day) },
        { "decision", decision ? quoted(&arena, decision) : "null" },
        { "entries_sha256", quoted(&arena, sha256) },
        { "first_index", arg_integer(pruned->first_index, room[1]).value },
        { "last_index", arg_integer(pruned->last_index, room[2]).value },
        { "reason", reason ? quoted(&arena, reason) : "null" },
    };
    enum { MEMBERS = sizeof members / sizeof *members };
    bool is_whole = true;
    for (size_t i = 0; i < MEMBERS; i++)
        is_whole &= members[i].value != NULL;
    enum outcome outcome = is_whole ? chain_record(connection, "prune", actor, NULL, members, MEMBERS)
                                    : OUTCOME_REFUSED;
    arena_close(&arena);
    return outcome;
}

/* Nobody writes to a day that is past; should one have been written to since it was counted, it stays. */
static enum retention
drop_counted(struct connection *connection, const struct pruned *pruned)
{
    char    sql[160], day[DAY_TEXT_MAX];
    int64_t count;

    format_day(pruned->day, day);
    snprintf(sql, sizeof sql, "LOCK TABLE audit.body_%.4s%.2s%.2s IN ACCESS EXCLUSIVE MODE", day,
             day + 5, day + 8);
    if (run_command(connection, sql, NULL, 0, NULL) ||
        !count_bodies(connection, pruned->day, &count))
        return RETENTION_AWAY;
    if (count != pruned->count)
        return RETENTION_NOT_YET;
    snprintf(sql, sizeof sql, "DROP TABLE audit.body_%.4s%.2s%.2s", day, day + 5, day + 8);
    return run_command(connection, sql, NULL, 0, NULL) ? RETENTION_AWAY : RETENTION_DONE;
}

/* Ends the transaction. */
static enum retention
settle(struct connection *connection, enum retention result)
{
    if (result == RETENTION_DONE)
        return transaction_commit(connection) ? RETENTION_AWAY : RETENTION_DONE;
    transaction_rollback(connection);
    return result;
}

static enum retention
drop_day(struct connection *connection, const struct pruned *pruned)
{
    if (transaction_begin(connection))
        return RETENTION_AWAY;
    enum retention result = RETENTION_DONE;
    if (pruned->count && record_prune(connection, NULL, pruned, NULL, NULL))
        result = RETENTION_AWAY;
    if (result == RETENTION_DONE)
        result = drop_counted(connection, pruned);
    return settle(connection, result);
}

bool
search_prune(struct connection *connection, int64_t *deleted)
{
    static const char sql[] =
        "DELETE FROM audit.search WHERE idx = ANY (ARRAY(SELECT idx FROM audit.search"
        " WHERE kind = 'decision' AND ts < $1::bigint * 86400000000 LIMIT $2::bigint))";
    char              room[2][ARG_INTEGER_MAX];
    int64_t           day;

    *deleted = 0;
    if (!find_oldest_day(connection, &day))
        return false;
    if (day < 0)
        return true;
    const struct arg args[] = { arg_integer(day, room[0]), arg_integer(SEARCH_ROWS, room[1]) };
    return !run_command(connection, sql, args, 2, deleted);
}

enum retention
day_prune(struct connection *connection, int64_t before_day, struct pruned *out)
{
    int64_t bodies;

    *out = (struct pruned){ .first_index = -1, .last_index = -1 };
    if (!find_oldest_day(connection, &out->day))
        return RETENTION_AWAY;
    if (out->day < 0 || out->day >= before_day)
        return RETENTION_NOTHING;
    if (!count_bodies(connection, out->day, &bodies) || !find_leaves(connection, out))
        return RETENTION_AWAY;
    if (bodies > out->count) {
        snprintf(connection->why, sizeof connection->why, "%" PRId64 " decisions of the day %" PRId64
                 " have no place in the tree", bodies - out->count, out->day);
        return RETENTION_NOT_YET;
    }
    if (bodies && !hash_entries(connection, out))
        return RETENTION_AWAY;
    return drop_day(connection, out);
}

/* Its place, and its entry's hash. NOTHING: there is no such body, or it is not in the tree. */
static enum retention
find_one(struct connection *connection, const char *inst, int64_t iseq, struct pruned *out)
{
    static const char sql[] =
        "SELECT (SELECT count(*) FROM audit.body WHERE day = " DAY_OF " AND inst = $2::uuid"
        " AND iseq = $3::bigint), (SELECT idx FROM audit.leaf WHERE inst = $2::uuid"
        " AND iseq = $3::bigint)";
    char             room[2][ARG_INTEGER_MAX];
    const struct arg args[] = { arg_integer(out->day, room[0]), ARG_TEXT(inst),
                                arg_integer(iseq, room[1]) };
    int64_t          found[2];

    if (!numbers(connection, sql, args, 3, found, 2))
        return RETENTION_AWAY;
    out->count       = found[0];
    out->first_index = out->last_index = found[1];
    if (out->count != 1)
        return RETENTION_NOTHING;
    if (found[1] >= 0)
        return RETENTION_DONE;
    snprintf(connection->why, sizeof connection->why, "it has no place in the tree yet");
    return RETENTION_NOT_YET;
}

static enum outcome
delete_one(struct connection *connection, const char *inst, int64_t iseq, const char *id,
           const struct pruned *one)
{
    static const char body[] = "DELETE FROM audit.body WHERE day = " DAY_OF " AND inst = $2::uuid"
                               " AND iseq = $3::bigint";
    static const char search[] = "DELETE FROM audit.search WHERE idx = $1::bigint";
    static const char key[] = "DELETE FROM breakwater.idempotency WHERE decision = $1";
    char              room[3][ARG_INTEGER_MAX];
    const struct arg  args[] = { arg_integer(one->day, room[0]), ARG_TEXT(inst),
                                 arg_integer(iseq, room[1]) };
    const struct arg  index_arg[] = { arg_integer(one->first_index, room[2]) };
    const struct arg  id_arg[] = { ARG_TEXT(id) };
    int64_t           deleted;
    enum outcome      outcome = run_command(connection, body, args, 3, &deleted);

    if (!outcome && deleted != 1)
        outcome = OUTCOME_CONFLICT;
    if (!outcome)
        outcome = run_command(connection, search, index_arg, 1, NULL);
    return outcome ? outcome : run_command(connection, key, id_arg, 1, NULL);
}

enum retention
decision_erase(struct connection *connection, const char *actor, const char *id, const char *reason,
               int64_t *index)
{
    struct pruned one = { .count = 1 };
    char          inst[INST_TEXT_MAX];
    int64_t       iseq;

    if (!decision_id_parse(id, &one.day, inst, &iseq))
        return RETENTION_NOTHING;
    enum retention result = find_one(connection, inst, iseq, &one);
    if (result != RETENTION_DONE)
        return result;
    *index = one.first_index;
    if (!hash_entries(connection, &one) || transaction_begin(connection))
        return RETENTION_AWAY;
    if (record_prune(connection, actor, &one, id, reason) ||
        delete_one(connection, inst, iseq, id, &one))
        result = RETENTION_AWAY;
    return settle(connection, result);
}
