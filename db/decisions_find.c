/* One statement, with a condition for each filter that is there: so each is planned for what it asks. */
#include "db/decisions_find.h"

#include <stdio.h>
#include <string.h>

#include <libpq-fe.h>

#include "db/row.h"
#include "record/instant.h"

enum { FIXED_ARGS = 3 };

static const struct field found_decision_fields[] = {
    INTEGER_FIELD(found_decision, index),
    NAME_FIELD   (found_decision, id, .nullable = true),
    NAME_FIELD   (found_decision, kind, .nullable = true),
    NAME_FIELD   (found_decision, market, .nullable = true),
    NAME_FIELD   (found_decision, account, .nullable = true),
    NAME_FIELD   (found_decision, actor, .nullable = true),
    INSTANT_FIELD(found_decision, decided_at),
    INTEGER_FIELD(found_decision, parameters_version, .nullable = true),
    NAME_FIELD   (found_decision, status, .nullable = true),
    TEXT_FIELD   (found_decision, salt, .form = TEXT_ANY, .nullable = true),
    TEXT_FIELD   (found_decision, record, .form = TEXT_ANY, .nullable = true),
};
static const struct record found_decision_record = RECORD(found_decision, found_decision_fields);

/* Adds a condition, numbered after those that are there. */
static void
add_condition(char *sql, size_t *count, int *number, bool is_there, const char *condition)
{
    if (!is_there)
        return;
    *count += (size_t)snprintf(sql + *count, DECISIONS_SQL_MAX - *count, " AND s.%s $%d", condition,
                               ++*number);
}

void
decisions_sql(const struct decision_filter *filter, bool newest_first, bool with_records,
              char sql[static DECISIONS_SQL_MAX])
{
    /* OFFSET 0: leaf and body are looked up one by one, whatever the planner believes of them. */
    static const char records[] =
        ") SELECT s.*, encode(b.salt, 'hex') AS salt, convert_from(b.record, 'UTF8') AS record FROM s"
        " LEFT JOIN LATERAL (SELECT day, inst, iseq FROM audit.leaf WHERE idx = s.index OFFSET 0) l"
        " ON true LEFT JOIN LATERAL (SELECT salt, record FROM audit.body WHERE day = l.day"
        " AND inst = l.inst AND iseq = l.iseq OFFSET 0) b ON true ORDER BY s.index%s";
    int    number = FIXED_ARGS;
    size_t count  = (size_t)snprintf(sql, DECISIONS_SQL_MAX,
        "%sSELECT s.idx AS index, s.id, s.operation AS kind, s.market, s.account, s.actor,"
        " s.ts AS decided_at, s.parameters_version, s.status%s FROM audit.search s"
        " WHERE s.kind = 'decision' AND s.idx >= $1::bigint AND s.idx < $2::bigint",
        with_records ? "WITH s AS MATERIALIZED (" : "",
        with_records ? "" : ", NULL AS salt, NULL AS record");

    add_condition(sql, &count, &number, filter->kind != NULL, "operation =");
    add_condition(sql, &count, &number, filter->market != NULL, "market =");
    add_condition(sql, &count, &number, filter->account != NULL, "account =");
    add_condition(sql, &count, &number, filter->status != NULL, "status =");
    add_condition(sql, &count, &number, filter->parameters_version != INTEGER_NONE,
                  "parameters_version =");
    add_condition(sql, &count, &number, filter->from_us != INSTANT_NONE, "ts >=");
    add_condition(sql, &count, &number, filter->to_us != INSTANT_NONE, "ts <");
    if (filter->status && strcmp(filter->status, "healthy") != 0)
        count += (size_t)snprintf(sql + count, DECISIONS_SQL_MAX - count,
                                  " AND s.status <> 'healthy'");
    count += (size_t)snprintf(sql + count, DECISIONS_SQL_MAX - count,
                              " ORDER BY s.idx%s LIMIT $3::bigint", newest_first ? " DESC" : "");
    if (with_records)
        snprintf(sql + count, DECISIONS_SQL_MAX - count, records, newest_first ? " DESC" : "");
}

/* False: out of memory. */
static bool
keep(struct found_decision *found, struct arena *arena)
{
    const char **const texts[] = {
        &found->id,     &found->kind,   &found->market, &found->account,
        &found->actor,  &found->status, &found->salt,   &found->record,
    };

    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (*texts[i] && !(*texts[i] = arena_copy(arena, *texts[i], strlen(*texts[i]))))
            return false;
    return true;
}

enum find
decisions_find(struct connection *connection, const struct decision_filter *filter, int64_t first,
               int64_t end, bool newest_first, bool with_records, size_t max, struct arena *arena,
               struct found_decision *out, size_t *count)
{
    char       sql[DECISIONS_SQL_MAX], room[6][ARG_INTEGER_MAX];
    struct arg args[FIXED_ARGS + 7] = { arg_integer(first, room[0]), arg_integer(end, room[1]),
                                        arg_integer((int64_t)max, room[2]) };
    size_t     args_count = FIXED_ARGS;
    PGresult  *rows;

    const char *const texts[] = { filter->kind, filter->market, filter->account, filter->status };
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (texts[i])
            args[args_count++] = ARG_TEXT(texts[i]);
    if (filter->parameters_version != INTEGER_NONE)
        args[args_count++] = arg_integer(filter->parameters_version, room[3]);
    if (filter->from_us != INSTANT_NONE)
        args[args_count++] = arg_integer(filter->from_us, room[4]);
    if (filter->to_us != INSTANT_NONE)
        args[args_count++] = arg_integer(filter->to_us, room[5]);
    decisions_sql(filter, newest_first, with_records, sql);
    *count = 0;
    if (run(connection, sql, args, args_count, &rows))
        return FIND_AWAY;
    enum find found = FOUND;
    for (int row = 0; row < PQntuples(rows) && found == FOUND; row++) {
        found = row_read(&found_decision_record, rows, row, &out[row]) && keep(&out[row], arena)
              ? FOUND : FIND_AWAY;
        *count += found == FOUND;
    }
    PQclear(rows);
    return found;
}
