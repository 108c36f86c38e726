/* Signed notes (c2sp.org/signed-note): a text, a blank line, and signature lines
 * "— name base64(key ID || signature)". */
#ifndef AUDIT_NOTE_H
#define AUDIT_NOTE_H

#include "audit/key.h"
#include "audit/lines.h"

/* What is read of other people's notes; the specification asks for 16 signatures at least. */
enum { NOTE_BYTES_MAX = 1 << 20, NOTE_SIGNATURES_MAX = 64 };

/* One line. It is kept as it came; only signatures of keys that somebody asks for are opened. */
struct note_signature {
    struct line line;                     /* without its newline */
    struct line name, base64;
    uint32_t    key_id;
};

/* Borrows from the bytes that were read. */
struct note {
    struct line           text;           /* what is signed: with its last newline */
    struct note_signature signatures[NOTE_SIGNATURES_MAX];
    size_t                signatures_count;
};

/* The form only: UTF-8 without control characters but newlines, a text, one to NOTE_SIGNATURES_MAX
 * signature lines. Nothing is verified: a note's text is nobody's word until note_check says so. */
bool note_parse(const char *bytes, size_t count, struct note *out);

/* One signature line without its newline, as witnesses answer with. */
bool note_signature_parse(struct line line, struct note_signature *out);

/* Is the line one of this key: its name and its ID? */
bool note_signature_is_of(const struct note_signature *signature, const struct key *key);

/* Appends "— name base64" and a newline. `body` is what stands after the key ID. */
void note_add_line(struct text *out, const struct key *key, const void *body, size_t body_count);

/* The signer's line under the text, which ends with a newline; the signer's type is KEY_NOTE. */
void note_add_signature(struct text *out, const struct signer *signer, const char *text,
                        size_t text_count);

/* Text, blank line, a line for each signer. */
void note_write(struct text *out, const char *text, size_t text_count, const struct signer *signers,
                size_t signers_count);

/* Did the key (KEY_NOTE) sign the text? NOT_SIGNED: no line is of this key. BAD_SIGNATURE: one that
 * is does not verify, and the whole note is to be refused. Lines of other keys say nothing and are
 * passed over. */
enum verdict note_check(const struct note *note, const struct key *key);

#endif
