/* Questions to witnesses, and their answers. */
#include "audit/witness.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

bool
witness_question_write(const struct witness_question *question, const struct proof *proof,
                       struct text *out)
{
    assert(question->old >= 0);
    assert(question->old <= question->size);
    assert(proof->count == 0 || (question->old > 0 && question->old < question->size));
    if (proof->count > WITNESS_PROOF_HASHES_MAX)
        return false;
    text_add_string(out, "old ");
    text_add_integer(out, question->old);
    text_add(out, "\n", 1);
    for (size_t i = 0; i < proof->count; i++)
        lines_add_digest(out, &proof->hashes[i]);
    text_add(out, "\n", 1);
    text_add(out, question->note.bytes, question->note.count);
    return true;
}

/* One or more signature lines, of which those of the witness must verify, and one must be there. */
static enum witness_next
read_lines(const char *body, size_t count, const struct witness_question *question,
           const struct key *witness, struct witness_answer *out)
{
    struct lines      lines = lines_of(body, count);
    struct line       line;
    enum witness_next next = WITNESS_ALARM;

    for (size_t i = 0; lines_next(&lines, &line); i++) {
        struct note_signature signature;
        int64_t               time_s;
        if (i == NOTE_SIGNATURES_MAX || !note_signature_parse(line, &signature))
            return WITNESS_ALARM;
        if (!note_signature_is_of(&signature, witness))
            continue;
        if (cosignature_check(&signature, question->text.bytes, question->text.count, witness,
                              &time_s) != VERDICT_GOOD)
            return WITNESS_ALARM;
        out->signature = signature;
        out->time_s    = time_s;
        next           = WITNESS_COSIGNED;
    }
    return lines.at == lines.end ? next : WITNESS_ALARM;
}

static bool
is_media_type(const char *media_type, const char *wanted)
{
    size_t count = media_type ? strcspn(media_type, "; \t") : 0;
    return count == strlen(wanted) && !strncasecmp(media_type, wanted, count);
}

/* 409. One with the size that was asked from says that the roots of one size differ. */
static enum witness_next
read_conflict(const char *media_type, const char *body, size_t count,
              const struct witness_question *question, struct witness_answer *out)
{
    struct lines lines = lines_of(body, count);
    struct line  line;

    if (!is_media_type(media_type, "text/x.tlog.size") || !lines_next(&lines, &line) ||
        lines.at != lines.end || !line_integer(line, &out->size) || out->size == question->old)
        return WITNESS_ALARM;
    return out->size > question->size ? WITNESS_AHEAD : WITNESS_CATCH_UP;
}

void
witness_answer_read(int status, const char *media_type, const char *body, size_t count,
                    const struct witness_question *question, const struct key *witness,
                    struct witness_answer *out)
{
    *out = (struct witness_answer){ .next = WITNESS_ALARM };
    if (status == 200)
        out->next = read_lines(body, count, question, witness, out);
    else if (status == 409)
        out->next = read_conflict(media_type, body, count, question, out);
    else if (status == 0 || status == 408 || status == 429 || (status >= 500 && status <= 599))
        out->next = WITNESS_LATER;
}

void
witness_monitoring_path(const char *origin, char path[static WITNESS_PATH_MAX])
{
    struct digest digest = digest_of(origin, strlen(origin));
    char          hex[DIGEST_TEXT_MAX];

    digest_format(&digest, hex);
    snprintf(path, WITNESS_PATH_MAX, "%s/checkpoint", hex);
}
