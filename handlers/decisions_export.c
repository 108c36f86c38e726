/* Decisions exported: NDJSON or CSV, in the order of the log, in constant memory. What ends without
 * its trailer was cut off, and goes on with from_index after the last index that came. */
#include "handlers/decisions.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "db/log.h"
#include "handlers/replay.h"
#include "handlers/service.h"
#include "handlers/stored.h"
#include "record/instant.h"
#include "record/json.h"

enum {
    ROWS_AT_ONCE   = 128,
    /* indexes that one query looks through at most, however few of them are found */
    WINDOW         = 20000,
    BATCH_BYTES    = 128 << 20,
    DOCUMENT_BYTES = 16 << 20,
    SEEN           = 1024,                /* documents that are remembered as sent */
};

struct exporting {
    struct connection        *connection;
    struct stream            *stream;
    const struct published   *published;
    struct decision_filter    filter;
    bool                      is_csv, with_documents;
    int64_t                   count;
    struct digest             seen[SEEN];
    struct found_decision     rows[ROWS_AT_ONCE];
};

/* A cell that a spreadsheet would run gets a ' before it; quotes, commas and line ends are quoted. */
static void
add_cell(struct text *out, const char *text, const char *after)
{
    text = text ? text : "";
    bool is_quoted = strpbrk(text, "\",\r\n") != NULL;
    bool is_run    = *text && strchr("=+-@\t\r", *text);

    if (is_quoted)
        text_add_string(out, "\"");
    if (is_run)
        text_add_string(out, "'");
    for (; *text; text++)
        text_add(out, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
    if (is_quoted)
        text_add_string(out, "\"");
    text_add_string(out, after);
}

static void
write_csv(const struct found_decision *row, struct text *out)
{
    char at[INSTANT_TEXT_MAX];

    instant_format(row->decided_at, at);
    text_format(out, "%" PRId64 ",", row->index);
    add_cell(out, row->id, ",");
    add_cell(out, row->kind, ",");
    add_cell(out, row->market, ",");
    add_cell(out, row->account, ",");
    add_cell(out, row->actor, ",");
    add_cell(out, at, ",");
    if (row->parameters_version != INTEGER_NONE)
        text_add_integer(out, row->parameters_version);
    text_add_string(out, ",");
    add_cell(out, row->status, "\r\n");
}

static void
add_member(struct text *out, const char *name, const char *text)
{
    text_format(out, ",\"%s\":", name);
    if (text)
        json_write_string(out, text);
    else
        text_add_string(out, "null");
}

/* The record stands last, byte for byte as it was hashed. */
static void
write_json(const struct found_decision *row, struct text *out)
{
    char at[INSTANT_TEXT_MAX];

    instant_format(row->decided_at, at);
    text_format(out, "{\"index\":%" PRId64, row->index);
    add_member(out, "id", row->id);
    add_member(out, "kind", row->kind);
    add_member(out, "market", row->market);
    add_member(out, "account", row->account);
    add_member(out, "actor", row->actor);
    add_member(out, "decided_at", at);
    text_add_string(out, ",\"parameters_version\":");
    if (row->parameters_version == INTEGER_NONE)
        text_add_string(out, "null");
    else
        text_add_integer(out, row->parameters_version);
    add_member(out, "status", row->status);
    add_member(out, "salt", row->salt);
    text_add_string(out, ",\"record\":");
    text_add_string(out, row->record ? row->record : "null");
    text_add_string(out, "}\n");
}

/* A document before the first decision that names it; now and then a second time, since only so many
 * are remembered. False: the client is gone, or the database. */
static bool
send_document(struct exporting *export, const struct digest *sha256)
{
    struct digest         *slot = &export->seen[(sha256->bytes[0] << 8 | sha256->bytes[1]) % SEEN];
    struct arena           arena;
    struct stored_document document;
    char                   name[DIGEST_TEXT_MAX], head[160];

    if (digest_equal(slot, sha256))
        return true;
    arena_open(&arena, DOCUMENT_BYTES);
    enum find found = document_find(export->connection, sha256, &arena, &document);
    bool      is_sent = found == FOUND_NOTHING;
    if (found == FOUND) {
        digest_format(sha256, name);
        int count = snprintf(head, sizeof head, "{\"sha256\":\"%s\",\"document\":", name);
        is_sent = stream_write(export->stream, head, (size_t)count) &&
                  stream_write(export->stream, document.bytes, document.count) &&
                  stream_write(export->stream, "}\n", 2);
        *slot = *sha256;
    }
    arena_close(&arena);
    return is_sent;
}

static bool
send_documents(struct exporting *export, const struct found_decision *row)
{
    struct digest names[REPLAY_NAMES_MAX];
    size_t        count = export->with_documents && row->record
                          ? replay_names(row->record, strlen(row->record), names) : 0;

    for (size_t i = 0; i < count; i++)
        if (!send_document(export, &names[i]))
            return false;
    return true;
}

static bool
send_row(struct exporting *export, const struct found_decision *row, struct arena *arena)
{
    size_t      room = (row->record ? strlen(row->record) : 0) + 2048;
    struct text out;

    text_open(&out, arena, room, 2 * room);
    if (export->is_csv)
        write_csv(row, &out);
    else
        write_json(row, &out);
    export->count++;
    return !out.is_full && send_documents(export, row) &&
           stream_write(export->stream, out.bytes, out.count);
}

/* Up to ROWS_AT_ONCE of the window from `at` on; moves it. */
static bool
send_batch(struct exporting *export, int64_t *at)
{
    int64_t      end = export->published->size - *at > WINDOW ? *at + WINDOW
                                                              : export->published->size;
    size_t       count;
    struct arena arena;

    arena_open(&arena, BATCH_BYTES);
    bool is_sent = decisions_find(export->connection, &export->filter, *at, end, false,
                                  !export->is_csv, ROWS_AT_ONCE, &arena, export->rows,
                                  &count) == FOUND;
    *at = is_sent && count == ROWS_AT_ONCE ? export->rows[count - 1].index + 1 : end;
    for (size_t i = 0; i < count && is_sent; i++)
        is_sent = send_row(export, &export->rows[i], &arena);
    arena_close(&arena);
    return is_sent;
}

static bool
send_trailer(struct exporting *export)
{
    char root[DIGEST_TEXT_MAX], trailer[256];

    digest_format(&export->published->root, root);
    int count = snprintf(trailer, sizeof trailer,
                         export->is_csv
                         ? "# count=%" PRId64 " tree_size=%" PRId64 " root=%s\r\n"
                         : "{\"trailer\":{\"count\":%" PRId64 ",\"tree_size\":%" PRId64
                           ",\"root\":\"%s\"}}\n",
                         export->count, export->published->size, root);
    return stream_write(export->stream, trailer, (size_t)count);
}

static bool
prefers_csv(const char *accept)
{
    return accept && strstr(accept, "text/csv");
}

enum problem
export_decisions(struct request *request, struct reply *reply)
{
    static const char             header[] = "index,id,kind,market,account,actor,decided_at,"
                                             "parameters_version,status\r\n";
    const struct decisions_query *query     = request->query;
    struct published             *published = arena_alloc(request->arena, 1, sizeof *published);
    struct exporting             *export    = arena_alloc(request->arena, 1, sizeof *export);

    if (!published || !export)
        return PROBLEM_INTERNAL;
    if (!log_published(request->service->log, published))
        published->root = digest_of("", 0);
    export->connection     = service_connection(request);
    export->published      = published;
    export->is_csv         = prefers_csv(request->accept);
    export->with_documents = query->documents && !export->is_csv;
    decisions_filter(query, &export->filter);
    reply->media_type = export->is_csv ? "text/csv" : "application/x-ndjson";
    if (export->is_csv) {
        reply->bytes = header;
        reply->count = sizeof header - 1;
    }
    enum problem problem = service_stream(request, &export->stream);
    if (problem)
        return problem;
    for (int64_t at = query->from_index; at < published->size;)
        if (!send_batch(export, &at))
            return PROBLEM_DATABASE_AWAY;
    return send_trailer(export) ? PROBLEM_NONE : PROBLEM_INTERNAL;
}
