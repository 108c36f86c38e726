/* What a record says of itself: the members that log.md 2 asks for, each in its form. */
#include "audit/verify_records.h"

#include <string.h>

#include "record/json.h"
#include "record/value.h"

enum { INST_BYTES = 36, ID_BYTES = 52 };

#define DAY_US INT64_C(86400000000)

bool
span_is(struct span span, const char *text)
{
    return span.count == strlen(text) && !memcmp(span.bytes, text, span.count);
}

bool
span_integer(struct span span, int64_t *out)
{
    return span.bytes && integer_parse(span.bytes, span.count, out);
}

bool
span_text(struct span span, struct span *out)
{
    if (!span.bytes || span.count < 2 || *span.bytes != '"' ||
        memchr(span.bytes, '\\', span.count))
        return false;
    *out = (struct span){ .bytes = span.bytes + 1, .count = span.count - 2 };
    return true;
}

bool
span_digest(struct span span, struct digest *out)
{
    char        hex[DIGEST_TEXT_MAX] = "";
    struct span text;

    if (!span_text(span, &text) || text.count != sizeof hex - 1)
        return false;
    memcpy(hex, text.bytes, text.count);
    return digest_parse(hex, out);
}

/* Where a member of this name is put; NULL: nobody asks for it. */
static struct span *
place_of(struct record_members *members, struct span name)
{
    const struct { const char *name; struct span *place; } places[] = {
#define PLACE(member) { #member, &members->member }
        PLACE(v), PLACE(kind), PLACE(inst), PLACE(iseq), PLACE(prev), PLACE(ts), PLACE(actor),
        PLACE(market), PLACE(id), PLACE(operation), PLACE(inputs), PLACE(parameters),
        PLACE(snapshot), PLACE(eval_ts), PLACE(engine), PLACE(figures), PLACE(sha256),
        PLACE(version), PLACE(count), PLACE(day), PLACE(decision), PLACE(entries_sha256),
        PLACE(first_index), PLACE(last_index),
#undef PLACE
    };

    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (span_is(name, places[i].name))
            return places[i].place;
    return NULL;
}

static bool
read_members(const char *bytes, size_t count, struct record_members *out)
{
    struct scan    scan = { .start = bytes, .at = bytes, .end = bytes + count };
    enum scan_next next = SCAN_BAD;
    struct span    name;

    scan_space(&scan);                            /* there should be none: canonical_check tells */
    if (!scan_literal(&scan, "{"))
        return false;
    for (bool is_first = true; (next = scan_next(&scan, '}', is_first)) == SCAN_ITEM;
         is_first = false) {
        if (!scan_name(&scan, &name))
            return false;
        const char *from = scan.at;
        if (!scan_value(&scan, JSON_DEPTH_MAX - 1))
            return false;
        struct span *place = place_of(out, name);
        if (place && place->bytes)
            return false;                         /* twice */
        if (place)
            *place = (struct span){ .bytes = from, .count = (size_t)(scan.at - from) };
    }
    return next == SCAN_CLOSED && scan_end(&scan);
}

static bool
is_uuid(struct span text)
{
    for (size_t i = 0; i < text.count; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_dash ? text.bytes[i] != '-' : !memchr("0123456789abcdef", text.bytes[i], 16))
            return false;
    }
    return text.count == INST_BYTES;
}

static bool
is_kind(struct span text)
{
    static const char *const kinds[] = { "decision", "parameters", "proposal", "open", "close",
                                         "prune", "key" };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (span_is(text, kinds[i]))
            return true;
    return false;
}

/* "dec_", the UTC day (4 hex), the instance (32), its counter (12). */
static bool
id_is_of(struct span id, const struct record_head *head)
{
    static const char hex[] = "0123456789abcdef";
    char              wanted[ID_BYTES + 1] = "dec_";
    char             *at = wanted + 4;

    for (int shift = 12; shift >= 0; shift -= 4)
        *at++ = hex[head->ts / DAY_US >> shift & 15];
    for (size_t i = 0; i < head->inst.count; i++)
        if (head->inst.bytes[i] != '-')
            *at++ = head->inst.bytes[i];
    for (int shift = 44; shift >= 0; shift -= 4)
        *at++ = hex[head->iseq >> shift & 15];
    return span_is(id, wanted);
}

static bool
text_or_null(struct span span, struct span *out)
{
    *out = (struct span){ .count = 0 };
    return span.bytes && (span_is(span, "null") || span_text(span, out));
}

static const char *
check_decision(const struct record_members *members, const struct record_head *head)
{
    struct span id, operation;
    int64_t     eval_ts;

    if (!span_text(members->id, &id) || !id_is_of(id, head))
        return "id";
    if (!span_text(members->operation, &operation))
        return "operation";
    if (!span_integer(members->eval_ts, &eval_ts))
        return "eval_ts";
    if (!members->inputs.bytes)
        return "inputs";
    if (!members->parameters.bytes)
        return "parameters";
    if (!members->snapshot.bytes)
        return "snapshot";
    if (!members->engine.bytes)
        return "engine";
    return members->figures.bytes ? NULL : "figures";
}

static const char *
check_head(const struct record_members *members, struct record_head *head)
{
    struct span actor;

    if (!members->v.bytes || !span_is(members->v, "1"))
        return "v";
    if (!span_text(members->kind, &head->kind) || !is_kind(head->kind))
        return "kind";
    if (!span_text(members->inst, &head->inst) || !is_uuid(head->inst))
        return "inst";
    if (!span_integer(members->iseq, &head->iseq) || head->iseq < 0 ||
        head->iseq >= INT64_C(1) << 48)
        return "iseq";
    if (!span_digest(members->prev, &head->prev))
        return "prev";
    if (!span_integer(members->ts, &head->ts) || head->ts < 0)
        return "ts";
    if (!text_or_null(members->actor, &actor))
        return "actor";
    if (!text_or_null(members->market, &head->market))
        return "market";
    return span_is(head->kind, "decision") ? check_decision(members, head) : NULL;
}

bool
record_head_read(const char *bytes, size_t count, struct record_members *members,
                 struct record_head *head, const char **why)
{
    *members = (struct record_members){ .v = { .count = 0 } };
    *why = read_members(bytes, count, members) ? check_head(members, head) : "it is no JSON object";
    return !*why;
}
