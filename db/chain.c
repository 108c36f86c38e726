/* Each connection that logs is an instance of its own: its counter and last
 * commitment move with its transactions. */
#include "db/chain.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include <libpq-fe.h>

#include "record/json.h"

enum { EVENT_BYTES_MAX = 1 << 20, MEMBER_TEXT_MAX = 256 };

void
inst_make(char inst[static INST_TEXT_MAX])
{
    uint8_t random[16];
    char   *at = inst;

    random_fill(random, sizeof random);
    random[6] = (uint8_t)((random[6] & 0x0f) | 0x40);      /* RFC 4122: version 4, variant 10 */
    random[8] = (uint8_t)((random[8] & 0x3f) | 0x80);
    for (size_t i = 0; i < sizeof random; i++)
        at += snprintf(at, 4, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
                       random[i]);
}

/* A row that is there already was written by an attempt whose answer was lost: then
 * nothing is queued again either. */
enum outcome
chain_write(struct connection *connection, const struct chain_row *row)
{
    static const char sql[] =
        "WITH event AS (INSERT INTO audit.event (inst, iseq, kind, salt, record)"
        " VALUES ($1::uuid, $2::bigint, $3, $4::bytea, $5::bytea)"
        "               ON CONFLICT (inst, iseq) DO NOTHING RETURNING inst, iseq),"
        "     first AS (INSERT INTO audit.instance (inst) SELECT inst FROM event WHERE iseq = 0)"
        " INSERT INTO audit.pending (inst, iseq, entry) SELECT inst, iseq, $6::bytea FROM event";
    uint8_t entry[ENTRY_BYTES] = { 1 };
    char    iseq[ARG_INTEGER_MAX];

    memcpy(entry + 1, row->sealed->commitment.bytes, DIGEST_BYTES);
    const struct arg args[] = {
        ARG_TEXT(row->inst), arg_integer(row->iseq, iseq), ARG_TEXT(row->kind),
        ARG_DIGEST(&row->sealed->salt),
        ARG_BYTES(row->record, row->record_count), ARG_BYTES(entry, sizeof entry),
    };
    return run_command(connection, sql, args, sizeof args / sizeof *args, NULL);
}

bool
chain_draft_open(struct connection *connection, const char *inst, struct arena *arena,
                 struct draft *out)
{
    static const char sql[] =
        "SELECT current_setting('fsync'), current_setting('full_page_writes'),"
        " current_setting('synchronous_commit'),"
        " current_setting('server_version'), current_setting('synchronous_standby_names')";
    static const char *const names[] = { "fsync", "full_page_writes", "synchronous_commit",
                                         "server_version", "synchronous_standby_names" };
    enum { SETTINGS = sizeof names / sizeof *names };
    struct draft_member members[SETTINGS];
    PGresult           *rows;
    bool                is_full = false;

    if (run(connection, sql, NULL, 0, &rows))
        return false;
    for (int i = 0; i < SETTINGS; i++) {
        struct text text;
        text_open(&text, arena, MEMBER_TEXT_MAX, EVENT_BYTES_MAX);
        json_write_string(&text, PQgetvalue(rows, 0, i));
        text_add(&text, "", 1);
        is_full |= text.is_full;
        members[i] = (struct draft_member){ names[i], text.bytes };
    }
    PQclear(rows);
    return !is_full &&
           draft_event("open", NULL, NULL, clock_now_us(), inst, members, SETTINGS, arena, out);
}

void
opening_init(struct opening *opening)
{
    *opening = (struct opening){ .is_written = false };
    arena_open(&opening->arena, EVENT_BYTES_MAX);
}

void
opening_free(struct opening *opening)
{
    arena_close(&opening->arena);
}

static bool
make_opening(struct opening *opening, struct connection *connection, const char *inst)
{
    static const struct digest none;
    struct draft               draft;
    struct digest              salt;

    if (opening->record.count)
        return true;
    arena_close(&opening->arena);                 /* of an attempt that failed */
    if (!chain_draft_open(connection, inst, &opening->arena, &draft))
        return false;
    text_open(&opening->record, &opening->arena, draft_bytes_max(&draft), EVENT_BYTES_MAX);
    if (opening->record.is_full)
        return false;
    random_fill(&salt, sizeof salt);
    draft_seal(&draft, NULL, 0, &none, &salt, &opening->record, &opening->sealed);
    return true;
}

bool
opening_write(struct opening *opening, struct connection *connection, const char *inst,
              struct position *position)
{
    if (opening->is_written)
        return true;
    if (!make_opening(opening, connection, inst))
        return false;
    struct chain_row row = { inst, 0, "open", &opening->sealed, opening->record.bytes,
                             opening->record.count };
    if (chain_write(connection, &row))
        return false;
    *position = (struct position){ 1, opening->sealed.commitment };
    opening->is_written = true;
    return true;
}

void
closing_write(struct connection *connection, const char *inst, const struct position *position)
{
    struct arena  arena;
    struct draft  draft;
    struct text   record;
    struct digest salt;
    struct sealed sealed;

    arena_open(&arena, EVENT_BYTES_MAX);
    if (draft_event("close", NULL, NULL, clock_now_us(), inst, NULL, 0, &arena, &draft)) {
        random_fill(&salt, sizeof salt);
        text_open(&record, &arena, draft_bytes_max(&draft), EVENT_BYTES_MAX);
        if (!record.is_full) {
            draft_seal(&draft, NULL, position->iseq, &position->prev, &salt, &record, &sealed);
            struct chain_row row = { inst, position->iseq, "close", &sealed, record.bytes,
                                     record.count };
            chain_write(connection, &row);
        }
    }
    arena_close(&arena);
}

/* Seals the draft as the chain's next record and writes it; the chain moves on. */
static enum outcome
append(struct connection *connection, const char *kind, const struct draft *draft,
       struct arena *arena)
{
    struct chain *chain = &connection->chain;
    struct digest salt;
    struct sealed sealed;
    struct text   record;

    random_fill(&salt, sizeof salt);
    text_open(&record, arena, draft_bytes_max(draft), EVENT_BYTES_MAX);
    if (record.is_full)
        return OUTCOME_CLOSED;
    draft_seal(draft, NULL, chain->iseq, &chain->prev, &salt, &record, &sealed);
    struct chain_row row = { chain->inst, chain->iseq, kind, &sealed, record.bytes, record.count };
    enum outcome     outcome = chain_write(connection, &row);
    if (!outcome) {
        chain->iseq++;
        chain->prev = sealed.commitment;
    }
    return outcome;
}

static enum outcome
begin_chain(struct connection *connection, struct arena *arena)
{
    struct draft draft;

    connection->chain = (struct chain){ .is_open = true };
    inst_make(connection->chain.inst);
    if (!chain_draft_open(connection, connection->chain.inst, arena, &draft))
        return OUTCOME_AWAY;
    return append(connection, "open", &draft, arena);
}

enum outcome
chain_record(struct connection *connection, const char *kind, const char *actor, const char *market,
             const struct draft_member *members, size_t members_count)
{
    struct arena arena;
    struct draft draft;
    enum outcome outcome = OUTCOME_OK;

    assert(connection->in_transaction);
    arena_open(&arena, 4 * EVENT_BYTES_MAX);
    if (!connection->chain.is_open)
        outcome = begin_chain(connection, &arena);
    if (!outcome)
        outcome = draft_event(kind, actor, market, clock_now_us(), connection->chain.inst, members,
                              members_count, &arena, &draft)
                  ? append(connection, kind, &draft, &arena) : OUTCOME_REFUSED;
    arena_close(&arena);
    return outcome;
}

void
chain_end(struct connection *connection)
{
    if (!connection->chain.is_open || connection->in_transaction || transaction_begin(connection))
        return;
    if (chain_record(connection, "close", NULL, NULL, NULL, 0))
        transaction_rollback(connection);
    else
        transaction_commit(connection);
    connection->chain.is_open = false;
}
