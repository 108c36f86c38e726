/* The form is PostgreSQL's (COPY, "Binary Format"): a header, each row's number of columns and its
 * columns behind their lengths, a trailer; big-endian throughout. */
#include "db/copy.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include <libpq-fe.h>

#include "db/wait.h"

enum { DAYS_TO_2000 = 10957, UUID_BYTES = 16 };

static void
add_word(struct text *text, uint32_t word)
{
    uint32_t big = htobe32(word);
    text_add(text, (const char *)&big, sizeof big);
}

static void
add_short(struct text *text, uint16_t word)
{
    uint16_t big = htobe16(word);
    text_add(text, (const char *)&big, sizeof big);
}

void
copy_open(struct copy *copy, struct arena *arena, size_t columns, size_t max)
{
    static const char signature[] = "PGCOPY\n\377\r\n";       /* with its NUL: 11 bytes */

    *copy = (struct copy){ .columns = columns };
    text_open(&copy->text, arena, 0, max);
    text_add(&copy->text, signature, sizeof signature);
    add_word(&copy->text, 0);                                 /* flags: none */
    add_word(&copy->text, 0);                                 /* no header extension */
}

void
copy_begin_row(struct copy *copy)
{
    copy->count++;
    add_short(&copy->text, (uint16_t)copy->columns);
}

void
copy_add(struct copy *copy, const void *bytes, size_t count)
{
    assert(count <= INT32_MAX);
    add_word(&copy->text, bytes ? (uint32_t)count : UINT32_MAX);
    if (bytes)
        text_add(&copy->text, bytes, count);
}

void
copy_add_bigint(struct copy *copy, int64_t integer)
{
    uint64_t big = htobe64((uint64_t)integer);
    copy_add(copy, &big, sizeof big);
}

void
copy_add_date(struct copy *copy, int64_t day)
{
    uint32_t big = htobe32((uint32_t)(int32_t)(day - DAYS_TO_2000));
    copy_add(copy, &big, sizeof big);
}

static unsigned
nibble_of(char digit)
{
    return (unsigned)(digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
}

void
copy_add_uuid(struct copy *copy, const char *text)
{
    uint8_t bytes[UUID_BYTES];

    for (size_t i = 0; i < UUID_BYTES; i++) {
        text += *text == '-';
        bytes[i] = (uint8_t)(nibble_of(text[0]) << 4 | nibble_of(text[1]));
        text += 2;
    }
    copy_add(copy, bytes, sizeof bytes);
}

/* The next result; a null pointer too where the connection is gone. */
static PGresult *
next_result(struct connection *connection, int64_t deadline_ms)
{
    return wait_for_result(connection, deadline_ms) ? PQgetResult(connection->raw) : NULL;
}

static bool
put(struct connection *connection, const struct copy *copy, int64_t deadline_ms)
{
    int sent;

    while (!(sent = PQputCopyData(connection->raw, copy->text.bytes, (int)copy->text.count)))
        if (!wait_for_result(connection, deadline_ms))
            return false;
    return sent > 0 && PQputCopyEnd(connection->raw, NULL) > 0;
}

/* Takes what is left, so that the connection is free. */
static enum outcome
finish(struct connection *connection, int64_t deadline_ms, int64_t *changed)
{
    PGresult    *result = next_result(connection, deadline_ms);
    enum outcome outcome = result ? outcome_of(connection, result) : OUTCOME_AWAY;

    if (!outcome)
        *changed = strtoll(PQcmdTuples(result), NULL, 10);
    while (result) {
        PQclear(result);
        result = next_result(connection, deadline_ms);
    }
    return outcome;
}

enum outcome
copy_send(struct connection *connection, const char *sql, struct copy *copy, int64_t *changed)
{
    int64_t deadline_ms = wait_deadline_ms(connection->patience_ms);

    assert(!copy->text.is_full);
    *changed = 0;
    add_short(&copy->text, UINT16_MAX);
    if (!connection_is_up(connection) || copy->text.is_full || copy->text.count > INT32_MAX ||
        !PQsendQuery(connection->raw, sql))
        return OUTCOME_AWAY;
    PGresult *begun = next_result(connection, deadline_ms);
    bool      is_open = begun && PQresultStatus(begun) == PGRES_COPY_IN;
    enum outcome outcome = is_open ? OUTCOME_OK : begun ? outcome_of(connection, begun) : OUTCOME_AWAY;
    PQclear(begun);
    if (!is_open) {
        while ((begun = next_result(connection, deadline_ms)))
            PQclear(begun);
        return outcome ? outcome : OUTCOME_AWAY;
    }
    return put(connection, copy, deadline_ms) ? finish(connection, deadline_ms, changed)
                                              : OUTCOME_AWAY;
}
