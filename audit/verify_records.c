/* Records behind the entries: each is the one that was committed to, and each instance's follow each
 * other. */
#include "audit/verify_records.h"

#include <stdlib.h>
#include <string.h>

#include "audit/base64.h"
#include "audit/canonical.h"
#include "audit/draft.h"
#include "audit/entry.h"
#include "record/json_member.h"

enum { TABLE_ROOM_LEAST = 64, INSTANCE_SHOWN = 36, VERSION_TEXT_MAX = 21 };

static size_t
place_of(const struct table *table, const struct digest *key)
{
    size_t at;

    memcpy(&at, key->bytes, sizeof at);
    for (at &= table->room - 1; table->rows[at].is_used; at = (at + 1) & (table->room - 1))
        if (digest_equal(&table->rows[at].key, key))
            break;
    return at;
}

struct table_row *
table_find(const struct table *table, const struct digest *key)
{
    if (!table->room)
        return NULL;
    struct table_row *row = &table->rows[place_of(table, key)];
    return row->is_used ? row : NULL;
}

/* At most half of the places are taken. */
static bool
grow(struct table *table)
{
    struct table larger = { .room = table->room ? 2 * table->room : TABLE_ROOM_LEAST };

    larger.rows = calloc(larger.room, sizeof *larger.rows);
    if (!larger.rows)
        return false;
    for (size_t i = 0; i < table->room; i++)
        if (table->rows[i].is_used)
            larger.rows[place_of(&larger, &table->rows[i].key)] = table->rows[i];
    larger.count = table->count;
    free(table->rows);
    *table = larger;
    return true;
}

struct table_row *
table_add(struct table *table, const struct digest *key)
{
    if (2 * table->count >= table->room && !grow(table))
        return NULL;
    struct table_row *row = &table->rows[place_of(table, key)];
    if (!row->is_used) {
        *row = (struct table_row){ .key = *key, .number = -1, .is_used = true };
        table->count++;
    }
    return row;
}

void
chains_free(struct chains *chains)
{
    free(chains->instances.rows);
    free(chains->parameters.rows);
    free(chains->pruned_commitments.rows);
    free(chains->pruned);
    free(chains->bytes);
}

static bool
no_memory(struct verify *verify, int64_t index)
{
    return verify_fail(verify, VERIFY_NO_MEMORY, index, "%s", "");
}

static bool
add_pruned(struct verify *verify, struct chains *chains, int64_t index,
           const struct digest *commitment)
{
    if (chains->pruned_count == chains->pruned_room) {
        size_t               room = chains->pruned_room ? 2 * chains->pruned_room : 256;
        struct pruned_entry *pruned = realloc(chains->pruned, room * sizeof *pruned);
        if (!pruned)
            return no_memory(verify, index);
        chains->pruned = pruned;
        chains->pruned_room = room;
    }
    chains->pruned[chains->pruned_count++] = (struct pruned_entry){ .index = index,
                                                                    .commitment = *commitment };
    return table_add(&chains->pruned_commitments, commitment) || no_memory(verify, index);
}

/* The first of the instance. What was before the beginning is taken as it is. */
static bool
begin_chain(struct verify *verify, const struct chains *chains, const struct record_head *head,
            struct verify_counts *counts, int64_t index)
{
    static const struct digest none;

    if (chains->begin > 0 && head->iseq > 0) {
        counts->unchecked++;
        return true;
    }
    if (head->iseq != 0)
        return verify_fail(verify, VERIFY_CHAIN_COUNTER, index, "%.36s begins with %lld",
                           head->inst.bytes, (long long)head->iseq);
    if (!span_is(head->kind, "open"))
        return verify_fail(verify, VERIFY_CHAIN_BEGIN, index, "%.36s", head->inst.bytes);
    return digest_equal(&head->prev, &none) ||
           verify_fail(verify, VERIFY_CHAIN_PREVIOUS, index, "%.36s", head->inst.bytes);
}

/* Between two records that are there, some may have been pruned: then the one before is among
 * them. */
static bool
follow(struct verify *verify, struct chains *chains, const struct table_row *row,
       const struct record_head *head, int64_t index)
{
    int64_t gap = head->iseq - row->number;

    if (row->is_closed)
        return verify_fail(verify, VERIFY_CHAIN_CLOSED, index, "%.36s", head->inst.bytes);
    if (gap < 0 || gap > (int64_t)chains->pruned_count - chains->missing)
        return verify_fail(verify, VERIFY_CHAIN_COUNTER, index, "%.36s: %lld after %lld",
                           head->inst.bytes, (long long)head->iseq, (long long)row->number - 1);
    chains->missing += gap;
    bool is_right = gap ? table_find(&chains->pruned_commitments, &head->prev) != NULL
                        : digest_equal(&row->digest, &head->prev);
    return is_right || verify_fail(verify, VERIFY_CHAIN_PREVIOUS, index, "%.36s, record %lld",
                                   head->inst.bytes, (long long)head->iseq);
}

static bool
check_chain(struct verify *verify, struct chains *chains, struct verify_counts *counts,
            const struct record_head *head, int64_t index, const struct digest *commitment)
{
    struct digest     key = digest_of(head->inst.bytes, head->inst.count);
    struct table_row *row = table_add(&chains->instances, &key);

    if (!row)
        return no_memory(verify, index);
    if (!(row->number < 0 ? begin_chain(verify, chains, head, counts, index)
                          : follow(verify, chains, row, head, index)))
        return false;
    row->number = head->iseq + 1;
    row->digest = *commitment;
    row->is_closed = span_is(head->kind, "close");
    return true;
}

static struct digest
version_key(struct span market, struct span version)
{
    const struct digest_part parts[] = { { market.bytes ? market.bytes : "", market.count },
                                         { "", 1 }, { version.bytes, version.count } };

    return digest_of_parts(parts, 3);
}

static bool
log_parameters(struct verify *verify, struct chains *chains, const struct record_members *members,
               const struct record_head *head, int64_t index)
{
    struct digest sha256;
    int64_t       version;

    if (!span_digest(members->sha256, &sha256) || !span_integer(members->version, &version))
        return verify_fail(verify, VERIFY_RECORD_FORM, index, "sha256 and version");
    struct digest     key = version_key(head->market, members->version);
    struct table_row *row = table_add(&chains->parameters, &key);
    if (!row)
        return no_memory(verify, index);
    if (row->number >= 0 && !digest_equal(&row->digest, &sha256))
        return verify_fail(verify, VERIFY_PARAMETERS_TWICE, index, "entry %lld",
                           (long long)row->number);
    if (row->number < 0)
        row->number = index;
    row->digest = sha256;
    return true;
}

static bool
check_parameters(struct verify *verify, const struct chains *chains, struct verify_counts *counts,
                 const struct record_members *members, const struct record_head *head,
                 int64_t index)
{
    struct span   whole = members->parameters, sha256_text, version;
    struct digest sha256;
    char          hex[DIGEST_TEXT_MAX] = "";

    if (!json_member(whole.bytes, whole.count, "version", &version) ||
        !json_member_text(whole.bytes, whole.count, "sha256", &sha256_text) ||
        sha256_text.count != sizeof hex - 1)
        return verify_fail(verify, VERIFY_RECORD_FORM, index, "parameters");
    memcpy(hex, sha256_text.bytes, sha256_text.count);
    if (!digest_parse(hex, &sha256))
        return verify_fail(verify, VERIFY_RECORD_FORM, index, "parameters");
    if (span_is(version, "null"))
        return true;
    struct digest           key = version_key(head->market, version);
    const struct table_row *row = table_find(&chains->parameters, &key);
    if (row)
        return digest_equal(&row->digest, &sha256) ||
               verify_fail(verify, VERIFY_PARAMETERS_DIFFER, index, "entry %lld logged it",
                           (long long)row->number);
    if (chains->begin == 0)
        return verify_fail(verify, VERIFY_PARAMETERS_NOT_LOGGED, index, "version %.*s",
                           (int)(version.count < VERSION_TEXT_MAX ? version.count
                                                                  : VERSION_TEXT_MAX),
                           version.bytes);
    counts->unchecked++;
    return true;
}

/* The entries that a day's prune record stands for: those that no other day's does. */
static struct digest
hash_pruned(const struct chains *chains, int64_t first, int64_t last, int64_t *count)
{
    struct digest_stream *stream = digest_stream_open();
    static const char     format[] = { ENTRY_FORMAT };

    *count = 0;
    for (size_t i = 0; stream && i < chains->pruned_count; i++) {
        const struct pruned_entry *entry = &chains->pruned[i];
        if (entry->index < first || entry->index > last || entry->is_of_day)
            continue;
        digest_stream_add(stream, format, sizeof format);
        digest_stream_add(stream, entry->commitment.bytes, DIGEST_BYTES);
        ++*count;
    }
    return stream ? digest_stream_close(stream) : (struct digest){ .bytes = { 0 } };
}

static void
tell(struct chains *chains, int64_t first, int64_t last, bool is_of_day)
{
    for (size_t i = 0; i < chains->pruned_count; i++) {
        struct pruned_entry *entry = &chains->pruned[i];
        if (entry->index < first || entry->index > last)
            continue;
        entry->is_told = true;
        entry->is_of_day |= is_of_day;
    }
}

/* Around midnight the entries of two days lie among each other. Where both days are gone, nothing
 * says which is whose, and only their number can be compared. */
static bool
check_prune(struct verify *verify, struct chains *chains, const struct record_members *members,
            int64_t index)
{
    int64_t       first, last, count, found;
    struct digest sha256;

    if (!span_integer(members->first_index, &first) ||
        !span_integer(members->last_index, &last) || !span_integer(members->count, &count) ||
        !span_digest(members->entries_sha256, &sha256) || !members->day.bytes ||
        !members->decision.bytes || first > last || last >= index || first < 0)
        return verify_fail(verify, VERIFY_RECORD_FORM, index, "a prune record's members");
    bool          is_of_day = !span_is(members->day, "null");
    struct digest hash = hash_pruned(chains, first, last, &found);
    bool          is_exact = found == count && digest_equal(&hash, &sha256);
    bool          is_mixed = is_of_day && found > count;
    if (!is_exact && !is_mixed && first >= chains->begin)
        return verify_fail(verify, VERIFY_PRUNE_DIFFERS, index,
                           "%lld of %lld records went from entry %lld to %lld", (long long)found,
                           (long long)count, (long long)first, (long long)last);
    tell(chains, first, last, is_of_day);
    return true;
}

static bool
check_record(struct verify *verify, struct chains *chains, struct verify_counts *counts,
             size_t count, int64_t index, const struct digest *commitment)
{
    struct record_members members;
    struct record_head    head;
    const char           *why;
    size_t                at;

    if (!canonical_check(chains->bytes, count, &at) && !counts->not_canonical++)
        counts->first_not_canonical = index;
    if (!record_head_read(chains->bytes, count, &members, &head, &why))
        return verify_fail(verify, VERIFY_RECORD_FORM, index, "%s", why);
    if (!check_chain(verify, chains, counts, &head, index, commitment))
        return false;
    if (span_is(head.kind, "parameters"))
        return log_parameters(verify, chains, &members, &head, index);
    if (span_is(head.kind, "prune"))
        return check_prune(verify, chains, &members, index);
    if (!span_is(head.kind, "decision"))
        return true;
    counts->decisions++;
    return check_parameters(verify, chains, counts, &members, &head, index) &&
           (!chains->decisions.check ||
            chains->decisions.check(chains->decisions.context, index, chains->bytes, count));
}

/* The record's bytes to chains->bytes. */
static bool
decode(struct verify *verify, struct chains *chains, struct span base64, size_t *count,
       int64_t index)
{
    if (!base64_measure(base64.bytes, base64.count, count))
        return verify_fail(verify, VERIFY_RECORD_LINE, index, "record");
    if (*count > chains->bytes_room || !chains->bytes) {
        char *bytes = realloc(chains->bytes, 2 * *count + 1);
        if (!bytes)
            return no_memory(verify, index);
        chains->bytes = bytes;
        chains->bytes_room = 2 * *count + 1;
    }
    return base64_decode(base64.bytes, base64.count, chains->bytes, *count) ||
           verify_fail(verify, VERIFY_RECORD_LINE, index, "record");
}

static bool
feed_record(struct verify *verify, struct chains *chains, struct verify_counts *counts,
            struct line line, int64_t index, const struct digest *commitment)
{
    struct span   salt_text, base64;
    struct digest salt;
    char          hex[DIGEST_TEXT_MAX] = "";
    size_t        count;

    if (!json_member_text(line.bytes, line.count, "salt", &salt_text) ||
        !json_member_text(line.bytes, line.count, "record", &base64) ||
        salt_text.count != sizeof hex - 1)
        return verify_fail(verify, VERIFY_RECORD_LINE, index, "salt and record");
    memcpy(hex, salt_text.bytes, salt_text.count);
    if (!digest_parse(hex, &salt))
        return verify_fail(verify, VERIFY_RECORD_LINE, index, "salt");
    if (!decode(verify, chains, base64, &count, index))
        return false;
    struct sealed sealed = sealed_of(&salt, chains->bytes, count);
    if (!digest_equal(&sealed.commitment, commitment))
        return verify_fail(verify, VERIFY_RECORD_DIFFERS, index, "%s", "");
    if (counts->records && digest_equal(&salt, &chains->salt))
        return verify_fail(verify, VERIFY_SALT_REUSED, index, "%s", "");
    chains->salt = salt;
    counts->records++;
    return check_record(verify, chains, counts, count, index, commitment);
}

bool
chains_feed(struct verify *verify, struct chains *chains, struct verify_counts *counts,
            struct line line, int64_t index, const struct digest *commitment)
{
    struct span number, pruned;
    int64_t     told;

    if (!json_member(line.bytes, line.count, "index", &number) || !span_integer(number, &told))
        return verify_fail(verify, VERIFY_RECORD_LINE, index, "index");
    if (told != index)
        return verify_fail(verify, VERIFY_RECORD_ORDER, index, "%lld", (long long)told);
    if (!json_member(line.bytes, line.count, "pruned", &pruned))
        return feed_record(verify, chains, counts, line, index, commitment);
    if (!span_is(pruned, "true"))
        return verify_fail(verify, VERIFY_RECORD_LINE, index, "pruned");
    counts->pruned++;
    return add_pruned(verify, chains, index, commitment);
}

int64_t
chains_untold(const struct chains *chains)
{
    for (size_t i = 0; i < chains->pruned_count; i++)
        if (!chains->pruned[i].is_told)
            return chains->pruned[i].index;
    return -1;
}
