/* Policies: a file of words on lines, and the count of those who cosigned. */
#include "audit/policy.h"

#include <assert.h>
#include <string.h>

_Static_assert(POLICY_WITNESSES_MAX + POLICY_GROUPS_MAX <= 64, "a bit for each name");

struct parser {
    struct policy *policy;
    struct line    rest;                  /* of the line at hand */
    uint64_t       listed;                /* members of some group: a name may be listed once */
    bool           has_quorum;
    const char    *what;                  /* the fault */
};

static bool
refuse(struct parser *parser, const char *what)
{
    parser->what = what;
    return false;
}

static bool is_blank(char byte) { return byte == ' ' || byte == '\t'; }

/* The next word of the line. No bytes: there is none. */
static struct line
next_word(struct parser *parser)
{
    struct line *rest = &parser->rest;
    struct line  word;

    while (rest->count && is_blank(*rest->bytes)) {
        rest->bytes++;
        rest->count--;
    }
    word = (struct line){ .bytes = rest->bytes };
    while (rest->count && !is_blank(*rest->bytes)) {
        rest->bytes++;
        rest->count--;
        word.count++;
    }
    return word;
}

static bool
is_same(struct line a, struct line b)
{
    return a.count == b.count && !memcmp(a.bytes, b.bytes, a.count);
}

/* The bit of a witness or group that has this name. 0: none has. */
static uint64_t
find_member(const struct policy *policy, struct line name)
{
    for (size_t i = 0; i < policy->witnesses_count; i++)
        if (is_same(policy->witnesses[i].name, name))
            return UINT64_C(1) << i;
    for (size_t i = 0; i < policy->groups_count; i++)
        if (is_same(policy->groups[i].name, name))
            return UINT64_C(1) << (POLICY_WITNESSES_MAX + i);
    return 0;
}

static bool
take_new_name(struct parser *parser, struct line *out)
{
    *out = next_word(parser);
    if (!out->count)
        return refuse(parser, "a name is missing");
    if (line_is(*out, "none"))
        return refuse(parser, "the name none is taken");
    if (find_member(parser->policy, *out))
        return refuse(parser, "the name is taken");
    return true;
}

static bool
take_key(struct parser *parser, enum key_type type, struct key *out)
{
    struct line word = next_word(parser);

    if (!word.count)
        return refuse(parser, "a verifier key is missing");
    enum verdict verdict = key_parse(word.bytes, word.count, out);
    if (verdict == VERDICT_MALFORMED)
        return refuse(parser, "this is no verifier key");
    if (verdict != VERDICT_GOOD)
        return refuse(parser, verdict_text(verdict));
    return out->type == type || refuse(parser, "the key is of the wrong type for this line");
}

static bool
is_same_key(const struct key *a, const struct key *b)
{
    return !memcmp(a->public_bytes, b->public_bytes, KEY_BYTES);
}

static bool
end_line(struct parser *parser)
{
    return !next_word(parser).count || refuse(parser, "nothing more may stand on this line");
}

static bool
parse_log(struct parser *parser)
{
    struct policy    *policy = parser->policy;
    struct policy_log log;

    if (policy->logs_count == POLICY_LOGS_MAX)
        return refuse(parser, "too many logs");
    if (!take_key(parser, KEY_NOTE, &log.key))
        return false;
    for (size_t i = 0; i < policy->logs_count; i++)
        if (is_same_key(&policy->logs[i].key, &log.key))
            return refuse(parser, "another log has this key");
    log.url = next_word(parser);
    policy->logs[policy->logs_count++] = log;
    return end_line(parser);
}

static bool
parse_witness(struct parser *parser)
{
    struct policy        *policy = parser->policy;
    struct policy_witness witness;

    if (policy->witnesses_count == POLICY_WITNESSES_MAX)
        return refuse(parser, "too many witnesses");
    if (!take_new_name(parser, &witness.name) || !take_key(parser, KEY_COSIGNATURE, &witness.key))
        return false;
    for (size_t i = 0; i < policy->witnesses_count; i++)
        if (is_same_key(&policy->witnesses[i].key, &witness.key))
            return refuse(parser, "another witness has this key");
    witness.url = next_word(parser);
    policy->witnesses[policy->witnesses_count++] = witness;
    return end_line(parser);
}

/* "any", "all" or a number, once it is known how many members there are. */
static bool
parse_threshold(struct parser *parser, struct line word, int members, int *out)
{
    int64_t threshold;

    if (line_is(word, "any"))
        threshold = 1;
    else if (line_is(word, "all"))
        threshold = members;
    else if (!line_integer(word, &threshold))
        return refuse(parser, "how many members must agree is any, all or a number");
    if (threshold < 1 || threshold > members)
        return refuse(parser,
                      "the number of members that must agree is from 1 to as many as there are");
    *out = (int)threshold;
    return true;
}

static bool
parse_group(struct parser *parser)
{
    struct policy      *policy = parser->policy;
    struct policy_group group  = { .members = 0 };
    int                 members = 0;

    if (policy->groups_count == POLICY_GROUPS_MAX)
        return refuse(parser, "too many groups");
    if (!take_new_name(parser, &group.name))
        return false;
    struct line threshold = next_word(parser);
    for (struct line name = next_word(parser); name.count; name = next_word(parser)) {
        uint64_t member = find_member(policy, name);
        if (!member)
            return refuse(parser, "a member is not defined on a line before");
        if (parser->listed & member)
            return refuse(parser, "a member is in a group already");
        parser->listed |= member;
        group.members  |= member;
        members++;
    }
    if (!members)
        return refuse(parser, "a group has at least one member");
    if (!parse_threshold(parser, threshold, members, &group.threshold))
        return false;
    policy->groups[policy->groups_count++] = group;
    return true;
}

static bool
parse_quorum(struct parser *parser)
{
    struct line name = next_word(parser);

    if (parser->has_quorum)
        return refuse(parser, "there is a quorum already");
    parser->has_quorum     = true;
    parser->policy->quorum = find_member(parser->policy, name);
    if (!parser->policy->quorum && !line_is(name, "none"))
        return refuse(parser, "the quorum is not defined on a line before");
    return end_line(parser);
}

/* Names may hold any byte but the ASCII controls; only the tab is one that stands on a line. */
static bool
has_controls(struct line line)
{
    for (size_t i = 0; i < line.count; i++) {
        uint8_t byte = (uint8_t)line.bytes[i];
        if ((byte < 0x20 && byte != '\t') || byte == 0x7F)
            return true;
    }
    return false;
}

static bool
parse_line(struct parser *parser, struct line line)
{
    if (has_controls(line))
        return refuse(parser, "a control character");
    parser->rest = line;
    struct line word = next_word(parser);
    if (!word.count || *word.bytes == '#')
        return true;
    if (line_is(word, "log"))
        return parse_log(parser);
    if (line_is(word, "witness"))
        return parse_witness(parser);
    if (line_is(word, "group"))
        return parse_group(parser);
    if (line_is(word, "quorum"))
        return parse_quorum(parser);
    return refuse(parser, "a line begins with log, witness, group, quorum or #");
}

bool
policy_parse(const char *text, size_t count, struct policy *out, struct policy_fault *fault)
{
    struct parser parser = { .policy = out };
    struct lines  lines  = lines_of(text, count);
    struct line   line;

    memset(out, 0, sizeof *out);
    fault->line = 0;
    while (lines_next(&lines, &line)) {
        fault->line++;
        if (!parse_line(&parser, line)) {
            fault->what = parser.what;
            return false;
        }
    }
    fault->line++;
    fault->what = lines.at != lines.end ? "the last line does not end" : "there is no quorum";
    return lines.at == lines.end && parser.has_quorum;
}

/* Groups stand after their members: one pass from the first to the last. */
bool
policy_quorum_is_met(const struct policy *policy, uint64_t cosigned)
{
    uint64_t agreed = cosigned & ((UINT64_C(1) << policy->witnesses_count) - 1);

    for (size_t i = 0; i < policy->groups_count; i++) {
        const struct policy_group *group = &policy->groups[i];
        if (__builtin_popcountll(group->members & agreed) >= group->threshold)
            agreed |= UINT64_C(1) << (POLICY_WITNESSES_MAX + i);
    }
    return (policy->quorum & ~agreed) == 0;
}

enum verdict
policy_check_witnesses(const struct policy *policy, const struct note *note)
{
    uint64_t cosigned = 0;

    for (size_t i = 0; i < policy->witnesses_count; i++) {
        int64_t      time_s;
        enum verdict verdict = cosignature_find(note, &policy->witnesses[i].key, &time_s);
        if (verdict == VERDICT_BAD_SIGNATURE)
            return verdict;
        if (verdict == VERDICT_GOOD)
            cosigned |= UINT64_C(1) << i;
    }
    return policy_quorum_is_met(policy, cosigned) ? VERDICT_GOOD : VERDICT_TOO_FEW_WITNESSES;
}

enum verdict
policy_check(const struct policy *policy, const char *bytes, size_t count, struct note *note,
             struct checkpoint *out)
{
    enum verdict verdict = VERDICT_NOT_SIGNED;

    for (size_t i = 0; i < policy->logs_count && verdict == VERDICT_NOT_SIGNED; i++)
        verdict = checkpoint_open(bytes, count, &policy->logs[i].key, note, out);
    return verdict == VERDICT_GOOD ? policy_check_witnesses(policy, note) : verdict;
}
