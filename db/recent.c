/* Decisions by the log's search columns, then the states that they name. */
#include "db/recent.h"

#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "db/array.h"
#include "record/json_member.h"

enum { DIGESTS_ROOM = 2048, DIGESTS_MAX = 64 * RECENT_PAGE_MAX };
enum { ONE_IDX, ONE_ID, ONE_ACCOUNT, ONE_RECORD };

/* A bigint in its binary form. */
static int64_t
bigint_of(const PGresult *rows, int row, int column)
{
    const unsigned char *bytes = (const unsigned char *)PQgetvalue(rows, row, column);
    uint64_t             integer = 0;

    for (int i = 0; i < 8; i++)
        integer = integer << 8 | bytes[i];
    return (int64_t)integer;
}

/* NULL: SQL null, or no memory. */
static const char *
copy(const PGresult *rows, int row, int column, struct arena *arena)
{
    return PQgetisnull(rows, row, column) ? NULL
         : arena_copy(arena, PQgetvalue(rows, row, column), (size_t)PQgetlength(rows, row, column));
}

static bool
copy_decisions(const PGresult *rows, struct arena *arena, struct recent_page *page)
{
    for (int row = 0; row < PQntuples(rows); row++) {
        struct recent_decision *one = &page->items[page->count++];
        *one = (struct recent_decision){
            .idx = bigint_of(rows, row, ONE_IDX),
            .id = copy(rows, row, ONE_ID, arena),
            .account = copy(rows, row, ONE_ACCOUNT, arena),
            .record = copy(rows, row, ONE_RECORD, arena),
            .record_count = (size_t)PQgetlength(rows, row, ONE_RECORD),
            .state = RECENT_NO_STATE,
        };
        if (!one->record || !one->id)
            return false;
    }
    return true;
}

static enum find
read_decisions(struct connection *connection, const char *market, int64_t below, size_t limit,
               struct arena *arena, struct recent_page *page)
{
    /* Each found by the index of its market, then by primary keys; the body may be pruned. */
    static const char sql[] =
        "SELECT s.idx, s.id, s.account, b.record FROM"
        " (SELECT idx, id, account FROM audit.search WHERE kind = 'decision' AND market = $1"
        " AND idx < $2::bigint ORDER BY idx DESC LIMIT $3::bigint) s"
        " CROSS JOIN LATERAL (SELECT day, inst, iseq FROM audit.leaf WHERE idx = s.idx OFFSET 0) l"
        " LEFT JOIN LATERAL (SELECT record FROM audit.body WHERE day = l.day AND inst = l.inst"
        " AND iseq = l.iseq OFFSET 0) b ON true ORDER BY s.idx DESC";
    char             room[2][ARG_INTEGER_MAX];
    const struct arg args[] = { ARG_TEXT(market), arg_integer(below, room[0]),
                                arg_integer((int64_t)limit, room[1]) };
    PGresult        *rows;

    if (run_binary(connection, sql, args, 3, &rows))
        return FIND_AWAY;
    enum find found = PQntuples(rows) ? FOUND : FOUND_NOTHING;
    if (!copy_decisions(rows, arena, page))
        found = FIND_AWAY;
    PQclear(rows);
    return found;
}

/* {"sha256":"..."}; false: the record names none. */
static bool
digest_of_state(const struct recent_decision *one, struct digest *out)
{
    struct span snapshot, sha256;
    char        text[DIGEST_TEXT_MAX];

    if (!json_member(one->record, one->record_count, "snapshot", &snapshot) ||
        !json_member_text(snapshot.bytes, snapshot.count, "sha256", &sha256) ||
        sha256.count != DIGEST_TEXT_MAX - 1)
        return false;
    memcpy(text, sha256.bytes, sha256.count);
    text[sha256.count] = '\0';
    return digest_parse(text, out);
}

static size_t
state_of(struct recent_page *page, const struct digest *sha256)
{
    for (size_t i = page->states_count; i-- > 0;)
        if (digest_equal(&page->states[i].sha256, sha256))
            return i;
    page->states[page->states_count] = (struct recent_state){ .sha256 = *sha256 };
    return page->states_count++;
}

static void
keep_state(const PGresult *rows, int row, struct arena *arena, struct recent_page *page)
{
    struct digest sha256;

    if (PQgetlength(rows, row, 0) != DIGEST_BYTES)
        return;
    memcpy(sha256.bytes, PQgetvalue(rows, row, 0), DIGEST_BYTES);
    for (size_t i = 0; i < page->states_count; i++)
        if (digest_equal(&page->states[i].sha256, &sha256)) {
            page->states[i].bytes = copy(rows, row, 1, arena);
            page->states[i].count = (size_t)PQgetlength(rows, row, 1);
        }
}

static enum find
read_states(struct connection *connection, struct arena *arena, struct recent_page *page)
{
    static const char sql[] =
        "SELECT sha256, bytes FROM breakwater.kept WHERE sha256 = ANY ($1::bytea[])";
    struct array  wanted;
    struct digest sha256;
    PGresult     *rows;

    for (size_t i = 0; i < page->count; i++)
        if (digest_of_state(&page->items[i], &sha256))
            page->items[i].state = state_of(page, &sha256);
    array_open(&wanted, ARRAY_OF_BYTEA, arena, DIGESTS_ROOM, DIGESTS_MAX);
    for (size_t i = 0; i < page->states_count; i++)
        array_add(&wanted, page->states[i].sha256.bytes, DIGEST_BYTES);
    const struct arg args[] = { array_arg(&wanted) };
    if (wanted.text.is_full || run_binary(connection, sql, args, 1, &rows))
        return FIND_AWAY;
    for (int row = 0; row < PQntuples(rows); row++)
        keep_state(rows, row, arena, page);
    PQclear(rows);
    return FOUND;
}

enum find
recent_read(struct connection *connection, const char *market, int64_t below, size_t limit,
            struct arena *arena, struct recent_page *page)
{
    page->count = page->states_count = 0;
    enum find found = read_decisions(connection, market, below, limit, arena, page);
    return found == FOUND ? read_states(connection, arena, page) : found;
}
