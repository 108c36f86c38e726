/* One transaction of the writer: arrays of columns, five
 * statements, one round trip before COMMIT. */
#include "db/batch.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "db/decisions.h"
#include "db/wait.h"
#include "db/roles.h"

enum { ITEM_OVERHEAD = 4, DAY_SMALL_BYTES = 8, ARENA_BYTES_MAX = 512 << 20,
       TEXT_BYTES_MAX = 256 << 20, TERMS_USUAL = 96, PIPELINE_MAX = 7 };

#define DAY_US INT64_C(86400000000)

bool
known_has(const struct known *known, const struct digest *digest)
{
    size_t slot;
    memcpy(&slot, digest->bytes, sizeof slot);
    for (slot %= KNOWN_SLOTS; known->is_used[slot]; slot = (slot + 1) % KNOWN_SLOTS)
        if (!memcmp(&known->slots[slot], digest, sizeof *digest))
            return true;
    return false;
}

void
known_forget(struct known *known)
{
    memset(known->is_used, 0, sizeof known->is_used);
    known->count = 0;
}

void
known_turn(struct known *known, int64_t now_us)
{
    int64_t day = now_us / DAY_US;

    if (day <= known->day)
        return;
    known_forget(known);
    known->day = day;
}

void
known_add(struct known *known, const struct digest *digest)
{
    size_t slot;

    if (known_has(known, digest))
        return;
    if (known->count == KNOWN_MAX)
        known_forget(known);
    memcpy(&slot, digest->bytes, sizeof slot);
    for (slot %= KNOWN_SLOTS; known->is_used[slot]; slot = (slot + 1) % KNOWN_SLOTS)
        continue;
    known->slots[slot]   = *digest;
    known->is_used[slot] = true;
    known->count++;
}

size_t
decision_bytes(const struct decision *decision)
{
    return draft_bytes_max(&decision->draft) + decision->snapshot.count +
           decision->parameters.count + (decision->workings ? decision->workings->count : 0);
}

size_t
decision_bytes_more(const struct known *known, const struct decision *decision,
                    const struct decision *before)
{
    const struct kept *state = &decision->snapshot;
    bool is_there = state->count &&
                    (known_has(known, &state->sha256) ||
                     (before && before->snapshot.count &&
                      digest_equal(&before->snapshot.sha256, &state->sha256)));

    return decision_bytes(decision) - (is_there ? state->count : 0);
}

void
decision_settle(struct decision *decision, enum settlement settlement)
{
    decision->settlement = settlement;
    decision->settled(decision);
}

void
settle_all(struct decision **items, size_t count, enum settlement settlement)
{
    for (size_t i = 0, group; i < count; i += group) {
        group = 1 + items[i]->followers;
        decision_settle(items[i], settlement);
    }
}

size_t
groups_half(struct decision *const *items, size_t count)
{
    size_t last = 0, at = 0;

    while (at < count && at < count / 2) {
        last = at;
        at += 1 + items[at]->followers;
    }
    return at < count || !last ? at : last;
}

int64_t
decision_day(const struct decision *decision)
{
    return decision->now_us / DAY_US;
}

int64_t
newest_us(struct decision *const *items, size_t count)
{
    int64_t newest = items[0]->now_us;

    for (size_t i = 1; i < count; i++)
        if (items[i]->now_us > newest)
            newest = items[i]->now_us;
    return newest;
}

static void
open_array(struct batch *batch, struct array *array, enum array_of of, size_t item_bytes)
{
    array_open(array, of, &batch->arena, batch->count * (item_bytes + ITEM_OVERHEAD),
               TEXT_BYTES_MAX);
}

static void
open_arrays(struct batch *batch)
{
    size_t record_bytes = 0;

    for (size_t i = 0; i < batch->count; i++)
        record_bytes += draft_bytes_max(&batch->items[i]->draft) + ITEM_OVERHEAD;
    open_array(batch, &batch->days, ARRAY_OF_DATE, DAY_SMALL_BYTES);
    open_array(batch, &batch->iseqs, ARRAY_OF_BIGINT, DAY_SMALL_BYTES);
    open_array(batch, &batch->salts, ARRAY_OF_BYTEA, DIGEST_BYTES);
    text_open(&batch->entries, &batch->arena, batch->count * ENTRY_BYTES, TEXT_BYTES_MAX);
    text_open(&batch->terms, &batch->arena, batch->count * TERMS_USUAL, TEXT_BYTES_MAX);
    array_open(&batch->records, ARRAY_OF_BYTEA, &batch->arena, record_bytes, TEXT_BYTES_MAX);
    array_open(&batch->markets, ARRAY_OF_TEXT, &batch->arena, 0, TEXT_BYTES_MAX);
    array_open(&batch->callers, ARRAY_OF_TEXT, &batch->arena, 0, TEXT_BYTES_MAX);
    array_open(&batch->keys, ARRAY_OF_TEXT, &batch->arena, 0, TEXT_BYTES_MAX);
    array_open(&batch->body_sha256s, ARRAY_OF_BYTEA, &batch->arena, 0, TEXT_BYTES_MAX);
    array_open(&batch->decisions, ARRAY_OF_TEXT, &batch->arena, 0, TEXT_BYTES_MAX);
    array_open(&batch->workings, ARRAY_OF_BYTEA, &batch->arena, 0, TEXT_BYTES_MAX);
    array_open(&batch->created, ARRAY_OF_BIGINT, &batch->arena, 0, TEXT_BYTES_MAX);
    array_open(&batch->kept_sha256s, ARRAY_OF_BYTEA, &batch->arena, 0, TEXT_BYTES_MAX);
    array_open(&batch->kept_bytes, ARRAY_OF_BYTEA, &batch->arena, 0, TEXT_BYTES_MAX);
}

static void
add_terms(struct batch *batch, const struct decision *decision)
{
    struct search_terms terms = decision->terms;

    if (!terms.operation) {
        text_add(&batch->terms, "\n", 1);
        return;
    }
    terms.market = decision->market;
    terms.actor  = *decision->caller ? decision->caller : NULL;
    terms.ts     = decision->now_us;
    terms.day    = decision_day(decision);
    search_terms_write(&terms, &batch->terms);
}

/* The next record of the instance. */
static void
seal(struct batch *batch, struct decision *decision, const struct digest *salt)
{
    struct position *at = &batch->after;
    size_t           begun = array_begin(&batch->records);
    uint8_t          entry[ENTRY_BYTES] = { 1 };

    decision->iseq = at->iseq;
    decision_id_format(decision_day(decision), batch->inst, at->iseq, decision->id);
    draft_seal(&decision->draft, decision->draft.has_id ? decision->id : NULL, at->iseq, &at->prev,
               salt, &batch->records.text, &decision->sealed);
    array_end(&batch->records, begun);
    memcpy(entry + 1, decision->sealed.commitment.bytes, DIGEST_BYTES);
    array_add_date(&batch->days, decision_day(decision));
    array_add_bigint(&batch->iseqs, at->iseq);
    array_add(&batch->salts, salt->bytes, DIGEST_BYTES);
    text_add(&batch->entries, (const char *)entry, sizeof entry);
    add_terms(batch, decision);
    *at = (struct position){ at->iseq + 1, decision->sealed.commitment };
}

static void
seal_all(struct batch *batch)
{
    struct digest salts[BATCH_MAX];

    random_fill(salts, batch->count * sizeof *salts);
    for (size_t i = 0; i < batch->count; i++)
        seal(batch, batch->items[i], &salts[i]);
}

static void
add_markets(struct batch *batch)
{
    const char *last = NULL;

    for (size_t i = 0; i < batch->count; i++) {
        const char *market = batch->items[i]->market;
        if (!market || (last && !strcmp(last, market)))
            continue;
        array_add_string(&batch->markets, market);
        last = market;
    }
}

/* In one order in every process, so that two batches that share keys wait for
 * each other, and never both ways. */
static int
by_key(const void *a, const void *b)
{
    const struct decision *one = *(struct decision *const *)a;
    const struct decision *other = *(struct decision *const *)b;
    int                    order = strcmp(one->caller, other->caller);

    return order ? order : strcmp(one->idempotency_key, other->idempotency_key);
}

static void
add_key(struct batch *batch, const struct decision *decision)
{
    const struct text *workings = decision->workings;

    array_add_string(&batch->callers, decision->caller);
    array_add_string(&batch->keys, decision->idempotency_key);
    array_add(&batch->body_sha256s, decision->body_sha256.bytes, DIGEST_BYTES);
    array_add_string(&batch->decisions, decision->id);
    array_add(&batch->workings, workings ? workings->bytes : NULL, workings ? workings->count : 0);
    array_add_bigint(&batch->created, decision->now_us);
}

static void
add_keys(struct batch *batch)
{
    struct decision *keyed[BATCH_MAX] = { NULL };
    size_t           count = 0;

    for (size_t i = 0; i < batch->count; i++)
        if (batch->items[i]->idempotency_key)
            keyed[count++] = batch->items[i];
    qsort(keyed, count, sizeof(struct decision *), by_key);
    for (size_t i = 0; i < count; i++)
        add_key(batch, keyed[i]);
}

static int
by_sha256(const void *a, const void *b)
{
    return memcmp(&(*(const struct kept *const *)a)->sha256,
                  &(*(const struct kept *const *)b)->sha256, sizeof(struct digest));
}

static void
add_kept(struct batch *batch, const struct known *known)
{
    const struct kept *kept[2 * BATCH_MAX] = { NULL };
    size_t             count = 0;

    for (size_t i = 0; i < batch->count; i++) {
        const struct decision *decision = batch->items[i];
        if (decision->snapshot.count && !known_has(known, &decision->snapshot.sha256))
            kept[count++] = &decision->snapshot;
        if (decision->parameters.count && !known_has(known, &decision->parameters.sha256))
            kept[count++] = &decision->parameters;
    }
    qsort(kept, count, sizeof(const struct kept *), by_sha256);
    for (size_t i = 0; i < count; i++) {
        if (i && !by_sha256(&kept[i - 1], &kept[i]))
            continue;
        array_add(&batch->kept_sha256s, kept[i]->sha256.bytes, DIGEST_BYTES);
        array_add(&batch->kept_bytes, kept[i]->bytes, kept[i]->count);
    }
}

static bool
is_full(const struct batch *batch)
{
    return batch->days.text.is_full || batch->iseqs.text.is_full || batch->salts.text.is_full ||
           batch->records.text.is_full || batch->entries.is_full || batch->terms.is_full ||
           batch->markets.text.is_full || batch->callers.text.is_full || batch->keys.text.is_full ||
           batch->body_sha256s.text.is_full || batch->decisions.text.is_full ||
           batch->workings.text.is_full || batch->created.text.is_full ||
           batch->kept_sha256s.text.is_full || batch->kept_bytes.text.is_full;
}

bool
batch_open(struct batch *batch, struct decision **items, size_t count, const char *inst,
           const struct position *first, const struct known *known)
{
    assert(count > 0);
    assert(count <= BATCH_MAX);
    batch->items = items;
    batch->count = count;
    batch->inst  = inst;
    batch->first = *first;
    batch->after = *first;
    batch->refused_count = 0;
    arena_open(&batch->arena, ARENA_BYTES_MAX);
    open_arrays(batch);
    if (batch->records.text.is_full)
        return false;
    seal_all(batch);
    add_markets(batch);
    add_keys(batch);
    add_kept(batch, known);
    return !is_full(batch);
}

void
batch_close(struct batch *batch)
{
    arena_close(&batch->arena);
}

static const struct { const char *name, *sql; } statements[] = {
    { "fence",
      "SELECT market, epoch FROM breakwater.market WHERE market = ANY ($1::text[]) FOR SHARE" },
    { "keys",  "INSERT INTO breakwater.idempotency"
               " (caller, key, body_sha256, decision, workings, created_at)"
               " SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::text[],"
               " $5::bytea[], $6::bigint[])"
               " ON CONFLICT (caller, key) DO NOTHING RETURNING decision" },
    /* A row of today is left alone: no lock that another instance would wait for. */
    { "kept",
      "WITH fresh AS (INSERT INTO breakwater.kept (sha256, bytes, kept_at)"
      " SELECT sha256, bytes, $3::bigint FROM unnest($1::bytea[], $2::bytea[]) AS u (sha256, bytes)"
      " ON CONFLICT (sha256) DO NOTHING)"
      " UPDATE breakwater.kept SET kept_at = $3::bigint WHERE sha256 = ANY ($1::bytea[])"
      " AND kept_at < $3::bigint - $3::bigint % 86400000000" },
    /* In the list, where the rows need no room of their own first, as they would in FROM. */
    { "body",  "INSERT INTO audit.body (day, inst, iseq, salt, record)"
               " SELECT unnest($2::date[]), $1::uuid, unnest($3::bigint[]), unnest($4::bytea[]),"
               " unnest($5::bytea[])" },
    { "queue",
      "INSERT INTO audit.pending (inst, iseq, entry, terms)"
      " VALUES ($1::uuid, $2::bigint, $3::bytea, $4::text)" },
};

bool
batch_prepare(struct connection *connection)
{
    if (!role_become_writer(connection))
        return false;
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
        if (prepare_statement(connection, statements[i].name, statements[i].sql))
            return false;
    return true;
}

static bool
send(struct connection *connection, const char *name, const struct arg *args, int count)
{
    const char *values[ARGS_MAX];
    int         lengths[ARGS_MAX], formats[ARGS_MAX];

    for (int i = 0; i < count; i++) {
        values[i]  = args[i].value;
        lengths[i] = args[i].count;
        formats[i] = args[i].is_binary;
    }
    return PQsendQueryPrepared(connection->raw, name, count, values, lengths, formats, 0);
}

static bool
send_keys(struct connection *connection, struct batch *batch)
{
    const struct arg args[] = { array_arg(&batch->callers), array_arg(&batch->keys),
                                array_arg(&batch->body_sha256s), array_arg(&batch->decisions),
                                array_arg(&batch->workings), array_arg(&batch->created) };
    return send(connection, "keys", args, 6);
}

static bool
send_kept(struct connection *connection, struct batch *batch)
{
    char             now[ARG_INTEGER_MAX];
    const struct arg args[] = { array_arg(&batch->kept_sha256s), array_arg(&batch->kept_bytes),
                                arg_integer(newest_us(batch->items, batch->count), now) };
    return send(connection, "kept", args, 3);
}

static bool
send_rows(struct connection *connection, struct batch *batch)
{
    char             iseq[ARG_INTEGER_MAX];
    const struct arg body[] = { ARG_TEXT(batch->inst), array_arg(&batch->days),
                                array_arg(&batch->iseqs), array_arg(&batch->salts),
                                array_arg(&batch->records) };
    const struct arg queue[] = { ARG_TEXT(batch->inst), arg_integer(batch->first.iseq, iseq),
                                 ARG_BYTES(batch->entries.bytes, batch->entries.count),
                                 ARG_BYTES(batch->terms.bytes, batch->terms.count) };

    return send(connection, "body", body, 5) && send(connection, "queue", queue, 4);
}

/* What takes a lock that others wait for comes first, in the same order everywhere:
 * markets, keys, kept bytes, rows. */
static bool
send_all(struct connection *connection, struct batch *batch)
{
    const struct arg markets = array_arg(&batch->markets);

    return PQenterPipelineMode(connection->raw) &&
           PQsendQueryParams(connection->raw, "BEGIN", 0, NULL, NULL, NULL, NULL, 0) &&
           (!batch->markets.count || send(connection, "fence", &markets, 1)) &&
           (!batch->keys.count || send_keys(connection, batch)) &&
           (!batch->kept_sha256s.count || send_kept(connection, batch)) &&
           send_rows(connection, batch) && PQpipelineSync(connection->raw);
}

static void
judge_epoch(struct batch *batch, const struct decision *decision, const PGresult *rows,
            enum settlement *verdict)
{
    for (int row = 0; row < PQntuples(rows); row++)
        if (!strcmp(PQgetvalue(rows, row, 0), decision->market)) {
            if (strtoll(PQgetvalue(rows, row, 1), NULL, 10) == decision->epoch)
                return;
            break;
        }
    *verdict = SETTLED_STALE;
    batch->refused_count++;
}

static void
judge_epochs(struct batch *batch, const PGresult *rows)
{
    for (size_t i = 0; i < batch->count; i++)
        if (batch->items[i]->market)
            judge_epoch(batch, batch->items[i], rows, &batch->verdicts[i]);
}

/* The keys that are returned are ours now. A decision that is stale anyway
 * stays so: it is computed again. */
static void
judge_keys(struct batch *batch, const PGresult *rows)
{
    bool is_ours[BATCH_MAX] = { false };

    for (int row = 0; row < PQntuples(rows); row++) {
        char    inst[INST_TEXT_MAX];
        int64_t day, iseq;
        bool    is_id = decision_id_parse(PQgetvalue(rows, row, 0), &day, inst, &iseq);
        assert(is_id);
        assert(iseq >= batch->first.iseq);
        assert(iseq < batch->after.iseq);
        is_ours[iseq - batch->first.iseq] = true;
    }
    for (size_t i = 0, group; i < batch->count; i += group) {
        group = 1 + batch->items[i]->followers;
        if (!batch->items[i]->idempotency_key || is_ours[i] ||
            batch->verdicts[i] != SETTLED_DURABLE)
            continue;
        for (size_t j = i; j < i + group; j++)
            batch->verdicts[j] = SETTLED_DUPLICATE;
        batch->refused_count += group;
    }
}

/* Results come in the order of the statements, each followed by a NULL; the first one that
 * failed makes the others aborted. */
static enum outcome
receive(struct connection *connection, PGresult *results[static PIPELINE_MAX], size_t *count)
{
    int64_t      deadline_ms = wait_deadline_ms(connection->patience_ms);
    enum outcome outcome = OUTCOME_OK;

    for (;;) {
        if (!wait_for_result(connection, deadline_ms))
            return OUTCOME_AWAY;
        PGresult *result = PQgetResult(connection->raw);
        if (!result) {
            if (PQstatus(connection->raw) != CONNECTION_OK)
                return outcome ? outcome : OUTCOME_AWAY;
            continue;
        }
        if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
            PQclear(result);
            return outcome;
        }
        if (!outcome && PQresultStatus(result) != PGRES_PIPELINE_ABORTED)
            outcome = outcome_of(connection, result);
        if (outcome == OUTCOME_AWAY || *count == PIPELINE_MAX) {
            PQclear(result);
            return OUTCOME_AWAY;
        }
        results[(*count)++] = result;
    }
}

enum outcome
batch_send(struct connection *connection, struct batch *batch)
{
    PGresult *results[PIPELINE_MAX] = { NULL };
    size_t    count = 0, at = 1;

    batch->refused_count = 0;
    for (size_t i = 0; i < batch->count; i++)
        batch->verdicts[i] = SETTLED_DURABLE;
    if (!connection_is_up(connection) || !send_all(connection, batch))
        return OUTCOME_AWAY;
    enum outcome outcome = receive(connection, results, &count);
    if (!outcome && batch->markets.count)
        judge_epochs(batch, results[at++]);
    if (!outcome && batch->keys.count)
        judge_keys(batch, results[at]);
    for (size_t i = 0; i < count; i++)
        PQclear(results[i]);
    if (outcome != OUTCOME_AWAY && !PQexitPipelineMode(connection->raw))
        return OUTCOME_AWAY;
    return outcome;
}

void
batch_rollback(struct connection *connection)
{
    if (run_command(connection, "ROLLBACK", NULL, 0, NULL))
        connection_drop(connection);
}

enum outcome
batch_probe(struct connection *connection, int64_t day, const char *inst, int64_t iseq,
            bool *is_written)
{
    static const char sql[] = "INSERT INTO audit.body (day, inst, iseq, salt, record)"
                              " VALUES ($1::integer + date '1970-01-01', $2::uuid, $3::bigint,"
                              " decode(repeat('00', 32), 'hex'), '')"
                              " ON CONFLICT DO NOTHING";
    char             room[2][ARG_INTEGER_MAX];
    const struct arg args[] = { arg_integer(day, room[0]), ARG_TEXT(inst),
                                arg_integer(iseq, room[1]) };
    int64_t          changed;
    enum outcome     outcome = run_command(connection, "BEGIN", NULL, 0, NULL);

    if (outcome)
        return outcome;
    outcome = run_command(connection, sql, args, 3, &changed);
    *is_written = !outcome && !changed;
    batch_rollback(connection);
    return outcome;
}

enum settlement
settlement_alone(const struct connection *connection, const struct decision *decision)
{
    if (strcmp(connection->sqlstate, "55P03") != 0)
        return SETTLED_REFUSED;
    return decision->idempotency_key ? SETTLED_DUPLICATE : SETTLED_AWAY;
}
