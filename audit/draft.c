/* Composes records in RFC 8785 form: members sorted, integers and strings only, holes
 * where the writer's members go. */
#include "audit/draft.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "record/json.h"

enum { TEXT_SMALL_MAX = 4096, RECORD_BYTES_MAX = 64 << 20, INTEGER_TEXT_MAX = 21 };

/* A member on its way into the record. No bytes: a hole. */
struct member { const char *name; const char *bytes; size_t count; bool is_quoted_hole; };

struct members { struct member items[DRAFT_MEMBERS_MAX]; size_t count; bool is_full; };

static void
add(struct members *members, const char *name, const char *bytes, size_t count)
{
    assert(members->count < DRAFT_MEMBERS_MAX);
    members->items[members->count++] = (struct member){ .name = name, .bytes = bytes,
                                                        .count = count };
}

static void
add_hole(struct members *members, const char *name, bool is_quoted)
{
    assert(members->count < DRAFT_MEMBERS_MAX);
    members->items[members->count++] = (struct member){ .name = name, .is_quoted_hole = is_quoted };
}

static void
add_text(struct members *members, const char *name, const struct text *text)
{
    members->is_full |= text->is_full;
    add(members, name, text->is_full ? "" : text->bytes, text->is_full ? 0 : text->count);
}

static void
add_string(struct members *members, const char *name, const char *string, struct arena *arena)
{
    struct text text;

    if (!string) {
        add(members, name, "null", 4);
        return;
    }
    text_open(&text, arena, strlen(string) + 2, TEXT_SMALL_MAX);
    json_write_string(&text, string);
    add_text(members, name, &text);
}

static void
add_integer(struct members *members, const char *name, int64_t integer, struct arena *arena)
{
    struct text text;

    text_open(&text, arena, INTEGER_TEXT_MAX, TEXT_SMALL_MAX);
    text_add_integer(&text, integer);
    add_text(members, name, &text);
}

/* By insertion: one comparison a member where they come in order, as a decision's do. */
static void
sort(struct members *members)
{
    for (size_t i = 1; i < members->count; i++) {
        const struct member moved = members->items[i];
        size_t              place = i;
        for (; place > 0 && strcmp(members->items[place - 1].name, moved.name) > 0; place--)
            members->items[place] = members->items[place - 1];
        members->items[place] = moved;
    }
}

static size_t
bytes_of(const struct members *members)
{
    size_t bytes = 2;
    for (size_t i = 0; i < members->count; i++)
        bytes += strlen(members->items[i].name) + 6 + members->items[i].count;
    return bytes;
}

/* Writes all members in order; `cuts` gets where each hole is. Names are ASCII:
 * their byte order is RFC 8785's. */
static void
write_members(const struct members *members, struct text *text, size_t cuts[static DRAFT_PARTS],
              size_t *cuts_count)
{
    for (size_t i = 0; i < members->count; i++) {
        const struct member *member = &members->items[i];
        text_add(text, i ? ",\"" : "{\"", 2);
        text_add_string(text, member->name);
        text_add(text, "\":", 2);
        if (member->bytes) {
            text_add(text, member->bytes, member->count);
            continue;
        }
        assert(*cuts_count < DRAFT_PARTS - 1);
        if (member->is_quoted_hole)
            text_add(text, "\"", 1);
        cuts[(*cuts_count)++] = text->count;
        if (member->is_quoted_hole)
            text_add(text, "\"", 1);
    }
    text_add(text, "}", 1);
}

/* A record without an id has two holes: its first part is empty. */
static bool
compose(struct members *members, struct arena *arena, struct draft *out)
{
    struct text text;
    size_t      cuts[DRAFT_PARTS] = { 0 };
    size_t      cuts_count = 0;
    size_t      from = 0;

    sort(members);
    text_open(&text, arena, bytes_of(members), RECORD_BYTES_MAX);
    write_members(members, &text, cuts, &cuts_count);
    if (text.is_full || members->is_full)
        return false;
    *out = (struct draft){ .has_id = cuts_count == DRAFT_PARTS - 1 };
    cuts[cuts_count++] = text.count;
    for (size_t i = 0, at = DRAFT_PARTS - cuts_count; i < cuts_count; i++, at++) {
        out->parts[at].bytes = text.bytes + from;
        out->parts[at].count = cuts[i] - from;
        from = cuts[i];
    }
    return true;
}

static void
add_common(struct members *members, const char *kind, const char *actor, const char *market,
           int64_t ts_us, const char *inst, struct arena *arena)
{
    add_string(members, "actor", actor, arena);
    add_string(members, "inst", inst, arena);
    add_hole(members, "iseq", false);
    add_string(members, "kind", kind, arena);
    add_string(members, "market", market, arena);
    add_hole(members, "prev", true);
    add_integer(members, "ts", ts_us, arena);
    add(members, "v", "1", 1);
}

bool
draft_event(const char *kind, const char *actor, const char *market, int64_t ts_us,
            const char *inst, const struct draft_member *extra, size_t extra_count,
            struct arena *arena, struct draft *out)
{
    struct members members = { .count = 0 };

    add_common(&members, kind, actor, market, ts_us, inst, arena);
    for (size_t i = 0; i < extra_count; i++)
        add(&members, extra[i].name, extra[i].value, strlen(extra[i].value));
    return compose(&members, arena, out);
}

static void
add_engine(struct members *members, const struct decision_facts *facts, struct arena *arena)
{
    struct text text;

    text_open(&text, arena, 128, TEXT_SMALL_MAX);
    text_add_string(&text, "{\"build\":");
    json_write_string(&text, facts->engine_build);
    text_add_string(&text, ",\"version\":");
    json_write_string(&text, facts->engine_version);
    text_add_string(&text, "}");
    add_text(members, "engine", &text);
}

static void
add_parameters(struct members *members, const struct decision_facts *facts, struct arena *arena)
{
    struct text text;

    text_open(&text, arena, 128, TEXT_SMALL_MAX);
    text_add_string(&text, "{\"sha256\":\"");
    text_add_hex(&text, facts->parameters_sha256.bytes, DIGEST_BYTES);
    text_add_string(&text, "\",\"version\":");
    if (facts->parameters_version)
        text_add_integer(&text, facts->parameters_version);
    else
        text_add_string(&text, "null");
    text_add_string(&text, "}");
    add_text(members, "parameters", &text);
}

static void
add_snapshot(struct members *members, const struct digest *sha256, struct arena *arena)
{
    struct text text;

    if (!sha256) {
        add(members, "snapshot", "null", 4);
        return;
    }
    text_open(&text, arena, 96, TEXT_SMALL_MAX);
    text_add_string(&text, "{\"sha256\":\"");
    text_add_hex(&text, sha256->bytes, DIGEST_BYTES);
    text_add_string(&text, "\"}");
    add_text(members, "snapshot", &text);
}

/* They end where the id's member begins, which follows them. */
static const char *
figures_in(const struct draft *draft, size_t count)
{
    static const char after[] = ",\"id\":\"";
    const char       *end = draft->parts[0].bytes + draft->parts[0].count - (sizeof after - 1);

    assert(!memcmp(end, after, sizeof after - 1));
    return end - count;
}

bool
draft_decision(const struct decision_facts *facts, const char *inst, struct arena *scratch,
               struct arena *arena, struct draft *out)
{
    struct members members;

    members.count   = 0;
    members.is_full = false;
    add_string(&members, "actor", facts->actor, scratch);
    add_engine(&members, facts, scratch);
    add_integer(&members, "eval_ts", facts->eval_ts_us, scratch);
    add_text(&members, "figures", facts->figures);
    add_hole(&members, "id", true);
    add_text(&members, "inputs", facts->inputs);
    add_string(&members, "inst", inst, scratch);
    add_hole(&members, "iseq", false);
    add_string(&members, "kind", "decision", scratch);
    add_string(&members, "market", facts->market, scratch);
    add_string(&members, "operation", facts->operation, scratch);
    add_parameters(&members, facts, scratch);
    add_hole(&members, "prev", true);
    add_snapshot(&members, facts->snapshot_sha256, scratch);
    add_integer(&members, "ts", facts->ts_us, scratch);
    add(&members, "v", "1", 1);
    if (!compose(&members, arena, out))
        return false;
    out->figures = figures_in(out, facts->figures->count);
    return true;
}

size_t
draft_bytes_max(const struct draft *draft)
{
    size_t bytes = RECORD_ID_MAX + INTEGER_TEXT_MAX + DIGEST_TEXT_MAX;
    for (size_t i = 0; i < DRAFT_PARTS; i++)
        bytes += draft->parts[i].count;
    return bytes;
}

struct digest
commitment_of(const struct digest *salt, const void *record, size_t record_count)
{
    static const char  domain[] = "audit-commit/v1\n";
    struct digest_part parts[] = {
        { domain, sizeof domain - 1 },
        { salt->bytes, DIGEST_BYTES },
        { record, record_count },
    };

    return digest_of_parts(parts, sizeof parts / sizeof *parts);
}

struct sealed
sealed_of(const struct digest *salt, const void *record, size_t record_count)
{
    return (struct sealed){
        .salt          = *salt,
        .record_sha256 = digest_of(record, record_count),
        .commitment    = commitment_of(salt, record, record_count),
    };
}

void
draft_seal(const struct draft *draft, const char *id, int64_t iseq, const struct digest *prev,
           const struct digest *salt, struct text *record, struct sealed *out)
{
    size_t start = record->count;

    assert(iseq >= 0);
    assert(!id == !draft->has_id);
    text_add(record, draft->parts[0].bytes, draft->parts[0].count);
    if (id)
        text_add_string(record, id);
    text_add(record, draft->parts[1].bytes, draft->parts[1].count);
    text_add_integer(record, iseq);
    text_add(record, draft->parts[2].bytes, draft->parts[2].count);
    text_add_hex(record, prev->bytes, DIGEST_BYTES);
    text_add(record, draft->parts[3].bytes, draft->parts[3].count);
    assert(!record->is_full);
    *out = sealed_of(salt, record->bytes + start, record->count - start);
}
