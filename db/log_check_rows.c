/* Rows that the tree does not reach: the head, counters, the queue, times, cosignatures, and rows that
 * are too many. Each check is one statement, so that it sees one state of the log while it grows. */
#include <stdio.h>

#include <libpq-fe.h>

#include "db/binary.h"
#include "db/log_check_run.h"

/* The record's own words for its row's instance and counter; where its kind stands. */
#define RECORD_JSON "convert_from(e.record, 'UTF8')::json"
#define COMMITTED   "'\\x01'::bytea || sha256(convert_to(E'audit-commit/v1\\n', 'UTF8')"
/* Clocks of the service and of PostgreSQL, and a transaction between two readings. */
#define NEAR        "interval '10 minutes'"
#define TIME_OF(us) "timestamptz 'epoch' + " us " * interval '1 microsecond'"

/* What is wrong, and the statement that finds where. */
static const struct { const char *what, *sql; } checks[] = {
    { "head: its size is not that of the last checkpoint",
      "SELECT size FROM audit.head WHERE size <> (SELECT coalesce(max(size), 0) FROM audit.checkpoint)" },
    { "head: its origin is not that of the last checkpoint",
      "SELECT h.origin FROM audit.head h JOIN audit.checkpoint c USING (size)"
      " WHERE h.origin <> split_part(c.note, E'\\n', 1)" },
    { "head: its epoch is not the number of integrations",
      "SELECT epoch FROM audit.head WHERE epoch <> (SELECT count(*) FROM audit.checkpoint WHERE size > 0)" },
    { "head: its time is not that of the last checkpoint",
      "SELECT h.updated_at FROM audit.head h JOIN audit.checkpoint c USING (size) WHERE size > 0"
      " AND abs(extract(epoch FROM h.updated_at - c.signed_at)) > 60" },
    { "leaf: it is past the head",
      "SELECT min(idx) FROM audit.leaf HAVING min(idx) >= (SELECT size FROM audit.head)"
      " UNION ALL SELECT max(idx) FROM audit.leaf HAVING max(idx) >= (SELECT size FROM audit.head) LIMIT 1" },
    { "search row: it is past the head",
      "SELECT max(idx) FROM audit.search HAVING max(idx) >= (SELECT size FROM audit.head)" },
    { "tile: the level has not as many hashes as the head says",
      "SELECT l FROM audit.head, generate_series(0, 7) AS l WHERE div(size::numeric, 256::numeric ^ l) <>"
      " (SELECT coalesce(sum(length(data)) / 32, 0) FROM audit.tile WHERE level = l)" },
    { "bundle: there are not as many entries as the head says",
      "SELECT size FROM audit.head WHERE size <>"
      " (SELECT coalesce(sum(length(data)) / 35, 0) FROM audit.bundle)" },
    { "leaf: its instance and counter are not those of the decision's id",
      "SELECT l.idx FROM audit.leaf l JOIN audit.search s USING (idx) WHERE s.id IS NOT NULL AND s.id <>"
      " 'dec_' || lpad(to_hex(l.day - date '1970-01-01'), 4, '0') || replace(l.inst::text, '-', '') ||"
      " lpad(to_hex(l.iseq), 12, '0') LIMIT 1" },
    { "event: its instance, counter or kind is not that of its record",
      "SELECT e.inst || '/' || e.iseq FROM audit.event e WHERE " RECORD_JSON "->>'inst' <> e.inst::text"
      " OR (" RECORD_JSON "->>'iseq')::bigint <> e.iseq OR " RECORD_JSON "->>'kind' <> e.kind LIMIT 1" },
    { "instance: its next record is not the one after those in the tree",
      "SELECT i.inst FROM audit.instance i WHERE next_iseq <>"
      " (SELECT coalesce(max(iseq) + 1, 0) FROM audit.leaf l WHERE l.inst = i.inst) OR next_iseq <>"
      " (SELECT count(*) FROM audit.leaf l WHERE l.inst = i.inst) LIMIT 1" },
    { "instance: it is not there, and its records are",
      "SELECT e.inst FROM audit.event e LEFT JOIN audit.instance i USING (inst)"
      " WHERE e.iseq = 0 AND i.inst IS NULL LIMIT 1" },
    { "instance: it has no record",
      "SELECT inst FROM audit.instance i WHERE next_iseq = 0 AND NOT EXISTS (SELECT FROM audit.event e"
      " WHERE e.inst = i.inst AND e.iseq = 0) LIMIT 1" },
    { "instance: its beginning is not that of its first record",
      "SELECT i.inst FROM audit.instance i JOIN audit.event e ON e.inst = i.inst AND e.iseq = 0"
      " AND e.kind = 'open' WHERE abs(extract(epoch FROM i.started_at - (" TIME_OF(
      "(" RECORD_JSON "->>'ts')::bigint") "))) > 600 LIMIT 1" },
    { "instance: it is closed without a close record, or not closed with one",
      "SELECT i.inst FROM audit.instance i WHERE (closed_at IS NULL) = EXISTS (SELECT FROM audit.event e"
      " WHERE e.inst = i.inst AND e.kind = 'close' AND e.iseq < i.next_iseq) LIMIT 1" },
    { "instance: it was closed before its close record, or is to be closed",
      "SELECT i.inst FROM audit.instance i JOIN audit.event e ON e.inst = i.inst AND e.kind = 'close'"
      " WHERE closed_at > now() + " NEAR " OR closed_at < " TIME_OF(
      "(" RECORD_JSON "->>'ts')::bigint") " - " NEAR " LIMIT 1" },
    { "queue: the record is in the tree already",
      "SELECT p.inst || '/' || p.iseq FROM audit.queued p JOIN audit.instance i USING (inst)"
      " WHERE p.iseq < i.next_iseq LIMIT 1" },
    { "queue: no instance counts that far",
      "SELECT inst || '/' || iseq FROM audit.queued WHERE iseq >= 1::bigint << 48 LIMIT 1" },
    { "queue: the entry is not that of its record, or there is none",
      "SELECT p.inst || '/' || p.iseq FROM audit.queued p LEFT JOIN (SELECT inst, iseq, salt, record"
      " FROM audit.event UNION ALL SELECT inst, iseq, salt, record FROM audit.body"
      " WHERE day >= current_date - 2) e USING (inst, iseq)"
      " WHERE p.entry IS DISTINCT FROM (" COMMITTED " || e.salt || e.record)) LIMIT 1" },
    { "queue: what the record is searched by is not the record's",
      "SELECT p.inst || '/' || p.iseq FROM audit.queued p LEFT JOIN (SELECT day, inst, iseq,"
      " convert_from(record, 'UTF8')::json AS j FROM audit.body WHERE day >= current_date - 2) e"
      " USING (inst, iseq)"
      " WHERE p.terms IS NOT NULL AND p.terms IS DISTINCT FROM concat_ws(E'\\t', e.day - date '1970-01-01', j->>'operation',"
      " coalesce(j->>'market', ''), coalesce(j->'inputs'->'account'->>'id', ''),"
      " coalesce(j->>'actor', ''), coalesce(j->'figures'->'health'->>'status', ''), j->>'ts',"
      " coalesce(j->'parameters'->>'version', '')) LIMIT 1" },
    { "queue: its time is not yet, or was before its instance",
      "SELECT p.inst || '/' || p.iseq FROM audit.queued p LEFT JOIN audit.instance i USING (inst)"
      " WHERE p.queued_at > now() + " NEAR " OR p.queued_at < i.started_at - " NEAR " LIMIT 1" },
    { "queue: a record waits nowhere and is not in the tree",
      "SELECT e.inst || '/' || e.iseq FROM (SELECT inst, iseq FROM audit.event UNION ALL"
      " SELECT inst, iseq FROM audit.body WHERE day >= current_date - 2) e"
      " LEFT JOIN audit.instance i USING (inst) LEFT JOIN audit.queued p USING (inst, iseq)"
      " WHERE e.iseq >= coalesce(i.next_iseq, 0) AND p.inst IS NULL LIMIT 1" },
    { "checkpoint: it is past the head",
      "SELECT max(size) FROM audit.checkpoint HAVING max(size) > (SELECT size FROM audit.head)" },
    { "checkpoint: it was signed before a smaller one, or is to be signed",
      "SELECT size FROM (SELECT size, signed_at, lag(signed_at) OVER (ORDER BY size) AS before"
      " FROM audit.checkpoint) c WHERE signed_at < before - " NEAR " OR signed_at > now() + " NEAR
      " LIMIT 1" },
    { "checkpoint: it was published before it was signed, or is to be published",
      "SELECT size FROM audit.checkpoint WHERE published_at < signed_at - interval '1 second'"
      " OR published_at > now() + " NEAR " LIMIT 1" },
    { "cosignature: its witness, key or time is not that of its line",
      "SELECT size || ' ' || witness FROM (SELECT *, decode(split_part(line, ' ', 3), 'base64') AS body"
      " FROM audit.cosignature) c WHERE split_part(line, ' ', 2) <> witness"
      " OR substr(body, 1, 4) <> key_id OR length(body) < 12 OR abs(extract(epoch FROM witnessed_at) -"
      " ('x' || encode(substr(body, 5, 8), 'hex'))::bit(64)::bigint) >= 1 LIMIT 1" },
    { "cosignature: it is of no checkpoint",
      "SELECT size FROM audit.cosignature WHERE size NOT IN (SELECT size FROM audit.checkpoint) LIMIT 1" },
    { "witness: it cosigned a larger log than this one",
      "SELECT witness FROM audit.witness_state WHERE size > (SELECT size FROM audit.head) LIMIT 1" },
    { "witness: it cosigned more than is said of it",
      "SELECT c.witness FROM audit.cosignature c LEFT JOIN audit.witness_state w USING (witness)"
      " WHERE c.size > coalesce(w.size, -1) LIMIT 1" },
    { "body: the day has more records than the tree, and none of them waits",
      "SELECT b.day FROM (SELECT day, count(*) AS n FROM audit.body b LEFT JOIN audit.instance i USING (inst)"
      "  WHERE b.iseq < coalesce(i.next_iseq, 0) GROUP BY day) b"
      " WHERE n > (SELECT count(*) FROM audit.leaf l WHERE l.day = b.day) LIMIT 1" },
};

enum { CHECKS = sizeof checks / sizeof *checks };

static enum log_check
check_one(struct check *check, int i)
{
    PGresult *rows;

    if (run(check->connection, checks[i].sql, NULL, 0, &rows))
        return check_away(check);
    enum log_check result = PQntuples(rows)
                            ? check_bad(check, "%s: %.80s", checks[i].what, PQgetvalue(rows, 0, 0))
                            : LOG_CHECK_GOOD;
    PQclear(rows);
    return result;
}

/* Whatever its size is by now, the frontier makes the root. */
static enum log_check
check_frontier(struct check *check)
{
    struct frontier frontier;
    struct digest   root;
    PGresult       *rows;

    if (run_binary(check->connection, "SELECT size, frontier, root FROM audit.head", NULL, 0, &rows))
        return check_away(check);
    enum log_check result = check_bad(check, "head: its frontier does not give its root");
    if (PQntuples(rows) && binary_digest(rows, 0, 2, &root) &&
        frontier_open(&frontier, binary_bigint(rows, 0, 0), PQgetvalue(rows, 0, 1),
                      (size_t)PQgetlength(rows, 0, 1))) {
        struct digest made = frontier_root(&frontier);
        if (digest_equal(&made, &root))
            result = LOG_CHECK_GOOD;
    }
    PQclear(rows);
    return result;
}

enum log_check
check_rows(struct check *check)
{
    enum log_check result = check_frontier(check);

    for (int i = 0; i < CHECKS && result == LOG_CHECK_GOOD; i++)
        result = check_one(check, i);
    return result;
}
