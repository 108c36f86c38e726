/* Ranges of each instance's own counter: no statement's cost grows with the log, whatever the planner
 * knows of the tables. */
#include "db/integrate_take.h"

#include <stdio.h>
#include <string.h>

#include "db/array.h"
#include "db/batch.h"
#include "db/binary.h"

enum { QUEUE_ISEQ = 0, QUEUE_ENTRY, QUEUE_TIME, QUEUE_TERMS, BODY_ISEQ = 0, BODY_DAY, BODY_SALT, BODY_RECORD,
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

/* A row holds the entries of a commit, 33 bytes each, and a line for each of what they are searched by. */
static int64_t
spread_row(struct source *source, int row, int64_t room)
{
    const char *terms = PQgetvalue(source->queue, row, QUEUE_TERMS);
    const char *end = terms + PQgetlength(source->queue, row, QUEUE_TERMS);
    const char *entry = PQgetvalue(source->queue, row, QUEUE_ENTRY);
    int64_t     at = binary_bigint(source->queue, row, QUEUE_ISEQ) - source->next;
    int64_t     count = PQgetlength(source->queue, row, QUEUE_ENTRY) / ENTRY_BYTES;

    for (int64_t i = 0; i < count; i++, entry += ENTRY_BYTES) {
        const char   *stop = memchr(terms, '\n', (size_t)(end - terms));
        struct queued queued = { .entry = { .bytes = entry, .count = ENTRY_BYTES },
                                 .time_us = binary_bigint(source->queue, row, QUEUE_TIME), .body_row = -1 };
        if (stop) {
            const struct span line = { .bytes = terms, .count = (size_t)(stop - terms) };
            queued.is_told = search_terms_read(line, &queued.search, &queued.day);
            terms = stop + 1;
        }
        if (at + i >= 0 && at + i < room)
            source->records[at + i] = queued;
    }
    return count;
}

/* The least counter that is not among the `count` records; INT64_MAX: there is none. */
static int64_t
least_beyond(const struct source *source)
{
    int64_t least = INT64_MAX;

    for (int row = 0; row < PQntuples(source->queue); row++) {
        int64_t iseq = binary_bigint(source->queue, row, QUEUE_ISEQ);
        if ((iseq < source->next || iseq >= source->next + source->count) && iseq < least)
            least = iseq;
    }
    return least;
}

/* Records by their distance from `next`; what is up to the first gap counts. */
static void
spread(struct source *source, int64_t room)
{
    int64_t found = 0;

    for (int row = 0; row < PQntuples(source->queue); row++)
        found += spread_row(source, row, room);
    while (source->count < room && source->records[source->count].entry.bytes)
        source->count++;
    if (source->count == found && source->count > 0)
        return;
    int64_t beyond = least_beyond(source);
    source->beyond = beyond == INT64_MAX ? source->next + source->count : beyond;
}

static enum outcome
take_queue(struct connection *connection, struct arena *arena, int64_t rows_max, struct source *source)
{
    static const char sql[] =
        "DELETE FROM audit.pending WHERE inst = $1::uuid AND iseq < $2::bigint"
        " RETURNING iseq, entry, (extract(epoch FROM queued_at) * 1000000)::bigint, terms";
    char             room[ARG_INTEGER_MAX];
    const struct arg args[] = { ARG_TEXT(source->inst), arg_integer(source->next + rows_max, room) };
    int64_t          records_room = rows_max + BATCH_MAX;

    if (!(source->records = arena_alloc(arena, (size_t)records_room, sizeof *source->records)))
        return OUTCOME_REFUSED;
    enum outcome outcome = run_binary(connection, sql, args, 2, &source->queue);
    if (!outcome)
        spread(source, records_room);
    return outcome;
}

static void
sort_bodies(struct source *source, PGresult *rows)
{
    for (int row = 0; row < PQntuples(rows); row++) {
        int64_t at = binary_bigint(rows, row, BODY_ISEQ) - source->next;
        if (at >= 0 && at < source->count)
            source->records[at].body_row = row;
    }
}

/* The first to the last of which the queue does not tell what they are searched by. */
struct unknown { int64_t first, end; };

static struct unknown
find_unknown(const struct source *source)
{
    struct unknown unknown = { 0, 0 };

    for (int64_t i = 0; i < source->count; i++) {
        if (source->records[i].is_told)
            continue;
        if (!unknown.end)
            unknown.first = i;
        unknown.end = i + 1;
    }
    return unknown;
}

static bool
has_all_bodies(const struct source *source)
{
    for (int64_t i = 0; i < source->count; i++)
        if (!source->records[i].is_told && source->records[i].body_row < 0)
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
find_bodies(struct connection *connection, struct source *source, struct unknown unknown)
{
    static const char sql[] =
        "SELECT iseq, NULL::date, salt, record FROM audit.event"
        " WHERE inst = $1::uuid AND iseq >= $2::bigint AND iseq < $3::bigint"
        " UNION ALL SELECT iseq, day, salt, record FROM audit.body"
        " WHERE day = $4::date AND inst = $1::uuid AND iseq >= $2::bigint AND iseq < $3::bigint"
        " UNION ALL SELECT iseq, day, salt, record FROM audit.body"
        " WHERE day = $5::date AND inst = $1::uuid AND iseq >= $2::bigint AND iseq < $3::bigint";
    char             room[4][ARG_INTEGER_MAX], day[2][ARG_INTEGER_MAX + 16];
    int64_t          first_day = source->records[unknown.first].time_us / DAY_US;
    int64_t          last_day = source->records[unknown.end - 1].time_us / DAY_US;
    const struct arg args[] = { ARG_TEXT(source->inst),
                                arg_integer(source->next + unknown.first, room[0]),
                                arg_integer(source->next + unknown.end, room[1]),
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
    if (source->records[source->at].time_us > source->time_us)
        source->time_us = source->records[source->at].time_us;
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
        struct unknown unknown = find_unknown(source);
        if (!outcome && unknown.end)
            outcome = find_bodies(connection, source, unknown);
        if (!outcome && source->count)
            note_time(source);
        taken += source->count;
    }
    return outcome;
}

static void
read_body(const struct source *source, int row, struct taken *out)
{
    if (row < 0)
        return;
    out->has_day      = !PQgetisnull(source->bodies, row, BODY_DAY);
    out->day          = out->has_day ? binary_date(source->bodies, row, BODY_DAY) : 0;
    out->salt         = PQgetvalue(source->bodies, row, BODY_SALT);
    out->salt_count   = (size_t)PQgetlength(source->bodies, row, BODY_SALT);
    out->record       = PQgetvalue(source->bodies, row, BODY_RECORD);
    out->record_count = (size_t)PQgetlength(source->bodies, row, BODY_RECORD);
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
    const struct queued *queued = &first->records[first->at];
    *out = (struct taken){ .source = first, .queued = queued, .iseq = first->next + first->at,
                           .has_day = queued->is_told, .day = queued->day };
    if (!queued->is_told)
        read_body(first, queued->body_row, out);
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
