/* Ranges of each instance's own counter: no statement's cost grows with the log, whatever the planner
 * knows of the tables. */
#include "db/integrate_take.h"

#include <stdio.h>
#include <string.h>

#include "db/array.h"
#include "db/binary.h"

enum { QUEUE_ISEQ = 0, QUEUE_ENTRY, QUEUE_TIME, BODY_ISEQ = 0, BODY_DAY, BODY_SALT, BODY_RECORD,
       BLOCKED_BYTES_MAX = 1 << 16 };

#define DAY_US INT64_C(86400000000)

/* Who waits, by skipping from one to the next in the primary key. */
static enum outcome
find_sources(struct connection *connection, struct arena *arena, char (*blocked)[INST_TEXT_MAX],
             size_t blocked_count, struct take *take)
{
    static const char sql[] =
        "WITH RECURSIVE heads (inst) AS ("
        "  (SELECT inst FROM audit.pending ORDER BY inst LIMIT 1)"
        "  UNION ALL SELECT (SELECT p.inst FROM audit.pending p WHERE p.inst > h.inst"
        "                    ORDER BY p.inst LIMIT 1) FROM heads h WHERE h.inst IS NOT NULL)"
        " SELECT h.inst::text, coalesce((SELECT next_iseq FROM audit.instance i WHERE i.inst = h.inst), 0)"
        " FROM heads h WHERE h.inst IS NOT NULL AND h.inst <> ALL ($1::text[]::uuid[]) LIMIT $2::bigint";
    char         room[ARG_INTEGER_MAX];
    struct array left_out;
    PGresult    *rows;

    array_open(&left_out, ARRAY_OF_TEXT, arena, 0, BLOCKED_BYTES_MAX);
    for (size_t i = 0; i < blocked_count; i++)
        array_add_string(&left_out, blocked[i]);
    const struct arg args[] = { array_arg(&left_out), arg_integer(SOURCES_MAX, room) };
    enum outcome     outcome = run_binary(connection, sql, args, 2, &rows);
    if (outcome)
        return outcome;
    for (int row = 0; row < PQntuples(rows); row++) {
        struct source *source = &take->sources[take->count++];
        snprintf(source->inst, sizeof source->inst, "%s", PQgetvalue(rows, row, 0));
        source->next   = binary_bigint(rows, row, 1);
        source->beyond = -1;
    }
    PQclear(rows);
    return OUTCOME_OK;
}

static int *
make_rows(struct arena *arena, int64_t count)
{
    int *rows = arena_alloc(arena, (size_t)count, sizeof *rows);

    for (int64_t i = 0; rows && i < count; i++)
        rows[i] = -1;
    return rows;
}

/* Rows by their distance from `next`; what is up to the first gap counts. */
static void
sort_queue(struct source *source, int64_t rows_max)
{
    int64_t least_beyond = INT64_MAX;

    for (int row = 0; row < PQntuples(source->queue); row++) {
        int64_t at = binary_bigint(source->queue, row, QUEUE_ISEQ) - source->next;
        if (at >= 0 && at < rows_max)
            source->queue_rows[at] = row;
    }
    while (source->count < rows_max && source->queue_rows[source->count] >= 0)
        source->count++;
    if (source->count == PQntuples(source->queue) && source->count > 0)
        return;
    for (int row = 0; row < PQntuples(source->queue); row++) {
        int64_t iseq = binary_bigint(source->queue, row, QUEUE_ISEQ);
        if ((iseq < source->next || iseq >= source->next + source->count) && iseq < least_beyond)
            least_beyond = iseq;
    }
    source->beyond = least_beyond == INT64_MAX ? source->next + rows_max : least_beyond;
}

static enum outcome
take_queue(struct connection *connection, struct arena *arena, int64_t rows_max, struct source *source)
{
    static const char sql[] =
        "DELETE FROM audit.pending WHERE inst = $1::uuid AND iseq < $2::bigint"
        " RETURNING iseq, entry, (extract(epoch FROM queued_at) * 1000000)::bigint";
    char             room[ARG_INTEGER_MAX];
    const struct arg args[] = { ARG_TEXT(source->inst), arg_integer(source->next + rows_max, room) };

    source->queue_rows = make_rows(arena, rows_max);
    source->body_rows  = make_rows(arena, rows_max);
    if (!source->queue_rows || !source->body_rows)
        return OUTCOME_REFUSED;
    enum outcome outcome = run_binary(connection, sql, args, 2, &source->queue);
    if (!outcome)
        sort_queue(source, rows_max);
    return outcome;
}

static int64_t
queued_day(const struct source *source, int row)
{
    return binary_bigint(source->queue, row, QUEUE_TIME) / DAY_US;
}

static void
sort_bodies(struct source *source, PGresult *rows)
{
    for (int row = 0; row < PQntuples(rows); row++) {
        int64_t at = binary_bigint(rows, row, BODY_ISEQ) - source->next;
        if (at >= 0 && at < source->count)
            source->body_rows[at] = row;
    }
}

static bool
has_all_bodies(const struct source *source)
{
    for (int64_t i = 0; i < source->count; i++)
        if (source->body_rows[i] < 0)
            return false;
    return true;
}

/* A clock that was changed: the days of the records are not those of their queueing. */
static enum outcome
find_bodies_of_any_day(struct connection *connection, struct source *source, const struct arg *args)
{
    static const char sql[] =
        "SELECT iseq, NULL::date, salt, record FROM audit.event"
        " WHERE inst = $1::uuid AND iseq >= $2::bigint AND iseq < $3::bigint"
        " UNION ALL SELECT iseq, day, salt, record FROM audit.body"
        " WHERE inst = $1::uuid AND iseq >= $2::bigint AND iseq < $3::bigint";
    PGresult    *rows;
    enum outcome outcome = run_binary(connection, sql, args, 3, &rows);

    if (outcome)
        return outcome;
    PQclear(source->bodies);
    source->bodies = rows;
    sort_bodies(source, rows);
    return OUTCOME_OK;
}

static enum outcome
find_bodies(struct connection *connection, struct source *source)
{
    static const char sql[] =
        "SELECT iseq, NULL::date, salt, record FROM audit.event"
        " WHERE inst = $1::uuid AND iseq >= $2::bigint AND iseq < $3::bigint"
        " UNION ALL SELECT iseq, day, salt, record FROM audit.body"
        " WHERE day = $4::date AND inst = $1::uuid AND iseq >= $2::bigint AND iseq < $3::bigint"
        " UNION ALL SELECT iseq, day, salt, record FROM audit.body"
        " WHERE day = $5::date AND inst = $1::uuid AND iseq >= $2::bigint AND iseq < $3::bigint";
    char             room[4][ARG_INTEGER_MAX], day[2][ARG_INTEGER_MAX + 16];
    int64_t          first_day = queued_day(source, source->queue_rows[0]);
    int64_t          last_day = queued_day(source, source->queue_rows[source->count - 1]);
    const struct arg args[] = { ARG_TEXT(source->inst), arg_integer(source->next, room[0]),
                                arg_integer(source->next + source->count, room[1]),
                                ARG_TEXT(day[0]), ARG_TEXT(day[1]) };

    /* Julian days: 1970-01-01 is 2440588. Decided a moment before it was queued: perhaps a day before. */
    first_day -= first_day == last_day;
    snprintf(day[0], sizeof day[0], "J%s", arg_integer(first_day + 2440588, room[2]).value);
    snprintf(day[1], sizeof day[1], "J%s", arg_integer(last_day + 2440588, room[3]).value);
    enum outcome outcome = run_binary(connection, sql, args, 5, &source->bodies);
    if (outcome)
        return outcome;
    sort_bodies(source, source->bodies);
    return has_all_bodies(source) ? OUTCOME_OK : find_bodies_of_any_day(connection, source, args);
}

static void
note_time(struct source *source)
{
    if (source->at == source->count)
        return;
    int64_t time_us = binary_bigint(source->queue, source->queue_rows[source->at], QUEUE_TIME);
    if (time_us > source->time_us)
        source->time_us = time_us;
}

enum outcome
take_open(struct connection *connection, struct arena *arena, int64_t rows_max,
          char (*blocked)[INST_TEXT_MAX], size_t blocked_count, struct take *out)
{
    int64_t taken = 0;

    *out = (struct take){ .count = 0 };
    enum outcome outcome = find_sources(connection, arena, blocked, blocked_count, out);
    for (size_t i = 0; !outcome && i < out->count && taken < TAKEN_MAX; i++) {
        struct source *source = &out->sources[i];
        source->time_us = INT64_MIN;
        outcome = take_queue(connection, arena, rows_max, source);
        if (!outcome && source->count)
            outcome = find_bodies(connection, source);
        if (!outcome && source->count)
            note_time(source);
        taken += source->count;
    }
    return outcome;
}

static bool
read_body(const struct source *source, int row, struct taken *out)
{
    if (row < 0)
        return false;
    out->has_day      = !PQgetisnull(source->bodies, row, BODY_DAY);
    out->day          = out->has_day ? binary_date(source->bodies, row, BODY_DAY) : 0;
    out->salt         = PQgetvalue(source->bodies, row, BODY_SALT);
    out->salt_count   = (size_t)PQgetlength(source->bodies, row, BODY_SALT);
    out->record       = PQgetvalue(source->bodies, row, BODY_RECORD);
    out->record_count = (size_t)PQgetlength(source->bodies, row, BODY_RECORD);
    return true;
}

bool
take_next(struct take *take, struct taken *out)
{
    struct source *first = NULL;

    for (size_t i = 0; i < take->count; i++) {
        struct source *source = &take->sources[i];
        if (source->at < source->count && (!first || source->time_us < first->time_us))
            first = source;
    }
    if (!first)
        return false;
    int row = first->queue_rows[first->at];
    *out = (struct taken){ .source = first, .iseq = first->next + first->at,
                           .entry = PQgetvalue(first->queue, row, QUEUE_ENTRY),
                           .entry_count = (size_t)PQgetlength(first->queue, row, QUEUE_ENTRY) };
    read_body(first, first->body_rows[first->at], out);
    first->at++;
    note_time(first);
    return true;
}

void
take_close(struct take *take)
{
    for (size_t i = 0; i < take->count; i++) {
        PQclear(take->sources[i].queue);
        PQclear(take->sources[i].bodies);
    }
}
