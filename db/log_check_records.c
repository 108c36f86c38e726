/* Records against their entries, and what is derived from them. */
#include <inttypes.h>
#include <string.h>

#include <libpq-fe.h>

#include "db/binary.h"
#include "db/log_check_run.h"
#include "db/search.h"
#include "record/json_member.h"
#include "record/record.h"
#include "record/value.h"

enum { PAGE = 1024, RECORD_IDX = 0, RECORD_DAY, RECORD_SALT, RECORD_BYTES,
       SEARCH_FIRST };

static int64_t
member_integer(const char *record, size_t count, const char *name)
{
    struct span value;
    int64_t     integer;

    return json_member(record, count, name, &value) &&
           integer_parse(value.bytes, value.count, &integer) ? integer : -1;
}

enum log_check
check_read_gone(struct check *check)
{
    static const char sql[] =
        "SELECT record, coalesce((convert_from(record, 'UTF8')::json->>'day')::date - date '1970-01-01',"
        " -1)::bigint FROM audit.event WHERE kind = 'prune'";
    PGresult *rows;

    if (run_binary(check->connection, sql, NULL, 0, &rows))
        return check_away(check);
    check->gone_count = (size_t)PQntuples(rows);
    check->gone = arena_alloc(&check->gone_arena, check->gone_count + 1, sizeof *check->gone);
    for (int row = 0; check->gone && row < PQntuples(rows); row++) {
        const char *record = PQgetvalue(rows, row, 0);
        size_t      count = (size_t)PQgetlength(rows, row, 0);
        check->gone[row] = (struct gone){ member_integer(record, count, "first_index"),
                                          member_integer(record, count, "last_index"),
                                          binary_bigint(rows, row, 1) };
    }
    PQclear(rows);
    return check->gone ? LOG_CHECK_GOOD : check_away(check);
}

/* The day's partition, or the one decision. */
static bool
is_gone(const struct check *check, int64_t index, int64_t day)
{
    for (size_t i = 0; i < check->gone_count; i++) {
        const struct gone *gone = &check->gone[i];
        if (index >= gone->first && index <= gone->last && (gone->day < 0 || gone->day == day))
            return true;
    }
    return false;
}

/* One that went after the check began has its prune record by now. */
static enum log_check
check_gone(struct check *check, const PGresult *rows, int row)
{
    int64_t index = binary_bigint(rows, row, RECORD_IDX);
    int64_t day = PQgetisnull(rows, row, RECORD_DAY) ? -1 : binary_date(rows, row, RECORD_DAY);

    if (day >= 0 && is_gone(check, index, day))
        return LOG_CHECK_GOOD;
    enum log_check result = check_read_gone(check);
    if (result != LOG_CHECK_GOOD || (day >= 0 && is_gone(check, index, day)))
        return result;
    return check_bad(check, "record %" PRId64 ": it is gone, and no prune record says so", index);
}

static bool
is_text(const PGresult *rows, int row, int column, struct span text)
{
    return text.count ? !PQgetisnull(rows, row, column) &&
                        (size_t)PQgetlength(rows, row, column) == text.count &&
                        !memcmp(PQgetvalue(rows, row, column), text.bytes, text.count)
                      : PQgetisnull(rows, row, column);
}

static bool
is_integer(const PGresult *rows, int row, int column, int64_t integer)
{
    return integer == INTEGER_NONE
         ? PQgetisnull(rows, row, column)
         : !PQgetisnull(rows, row, column) && binary_bigint(rows, row, column) == integer;
}

/* The first column that is not what the record says; NULL: all are. In the order of the query. */
static const char *
search_fault(const PGresult *rows, int row)
{
    struct search_row search;

    if (!search_row_of(PQgetvalue(rows, row, RECORD_BYTES),
                       (size_t)PQgetlength(rows, row, RECORD_BYTES), &search))
        return "kind";
    const struct { const char *name; struct span text; } texts[] = {
        { "kind", search.kind }, { "id", search.id }, { "operation", search.operation },
        { "market", search.market }, { "account", search.account }, { "actor", search.actor },
        { "status", search.status },
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (!is_text(rows, row, SEARCH_FIRST + (int)i, texts[i].text))
            return texts[i].name;
    int after = SEARCH_FIRST + (int)COUNT_OF(texts);
    if (!is_integer(rows, row, after, search.ts))
        return "ts";
    return is_integer(rows, row, after + 1, search.parameters_version) ? NULL : "parameters_version";
}

static enum log_check
check_record(struct check *check, const PGresult *rows, int row, int64_t chunk_first)
{
    int64_t       index = binary_bigint(rows, row, RECORD_IDX);
    struct digest salt;

    if (PQgetisnull(rows, row, RECORD_BYTES))
        return check_gone(check, rows, row);
    if (!binary_digest(rows, row, RECORD_SALT, &salt))
        return check_bad(check, "record %" PRId64 ": its salt is not one", index);
    struct digest found = commitment_of(&salt, PQgetvalue(rows, row, RECORD_BYTES),
                                        (size_t)PQgetlength(rows, row, RECORD_BYTES));
    if (!digest_equal(&found, &check->commitments[index - chunk_first]))
        return check_bad(check, "record %" PRId64 ": it is not the one that was committed to", index);
    const char *fault = search_fault(rows, row);
    return fault ? check_bad(check, "search row %" PRId64 ": its %s is not the record's", index, fault)
                 : LOG_CHECK_GOOD;
}

static enum log_check
check_page(struct check *check, int64_t chunk_first, int64_t first, int64_t end)
{
    static const char sql[] =
        "SELECT l.idx, l.day, coalesce(b.salt, e.salt), coalesce(b.record, e.record),"
        " s.kind, s.id, s.operation, s.market, s.account, s.actor, s.status, s.ts,"
        " s.parameters_version FROM audit.leaf l"
        " LEFT JOIN audit.body b ON b.day = l.day AND b.inst = l.inst AND b.iseq = l.iseq"
        " LEFT JOIN audit.event e ON l.day IS NULL AND e.inst = l.inst AND e.iseq = l.iseq"
        " LEFT JOIN audit.search s ON s.idx = l.idx"
        " WHERE l.idx >= $1::bigint AND l.idx < $2::bigint ORDER BY l.idx";
    char             room[2][ARG_INTEGER_MAX];
    const struct arg args[] = { arg_integer(first, room[0]), arg_integer(end, room[1]) };
    enum log_check   result = LOG_CHECK_GOOD;
    PGresult        *rows;

    if (run_binary(check->connection, sql, args, 2, &rows))
        return check_away(check);
    for (int row = 0; row < PQntuples(rows) && result == LOG_CHECK_GOOD; row++)
        result = check_record(check, rows, row, chunk_first);
    PQclear(rows);
    return result;
}

enum log_check
check_records(struct check *check, int64_t first, int64_t end)
{
    enum log_check result = LOG_CHECK_GOOD;

    for (int64_t at = first; at < end && result == LOG_CHECK_GOOD; at += PAGE)
        result = check_page(check, first, at, at + PAGE < end ? at + PAGE : end);
    return result;
}
