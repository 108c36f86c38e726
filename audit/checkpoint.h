/* Checkpoints (c2sp.org/tlog-checkpoint): a tree head as a signed note; and witnesses' cosignatures
 * on them (c2sp.org/tlog-cosignature). */
#ifndef AUDIT_CHECKPOINT_H
#define AUDIT_CHECKPOINT_H

#include "audit/digest.h"
#include "audit/note.h"

/* Bytes of the longest text: origin, a size of 19 digits, the root in base64, three newlines. */
enum { CHECKPOINT_TEXT_MAX = KEY_NAME_BYTES_MAX + 19 + 44 + 3 };

struct checkpoint { char origin[KEY_NAME_BYTES_MAX + 1]; int64_t size; struct digest root; };

/* Three lines: origin, size, root. */
void checkpoint_write(const struct checkpoint *checkpoint, struct text *out);

/* The signed note, a line for each signer (two while a key is replaced by the next). */
void checkpoint_sign(const struct checkpoint *checkpoint, const struct signer *signers,
                     size_t signers_count, struct text *out);

/* A text of exactly three lines; extension lines, which witnesses' newer signatures do not cover,
 * are refused. */
bool checkpoint_parse(const char *text, size_t count, struct checkpoint *out);

/* A note's form, the log's signature under it, its text, and that its origin is the key's name.
 * `note` borrows from `bytes`. */
enum verdict checkpoint_open(const char *bytes, size_t count, const struct key *key,
                             struct note *note, struct checkpoint *out);

/* A witness's line under a checkpoint's text: base64 of key ID, uint64 seconds since 1970, Ed25519
 * over "cosignature/v1\ntime <seconds>\n" || text. The key's type is KEY_COSIGNATURE, `time_s` is 0
 * or later. */
void cosignature_add(struct text *out, const struct signer *witness, int64_t time_s,
                     const char *text, size_t text_count);

/* The line must be one of this key (note_signature_is_of). BAD_SIGNATURE, or GOOD and when it was
 * made. */
enum verdict cosignature_check(const struct note_signature *signature, const char *text,
                               size_t text_count, const struct key *witness, int64_t *time_s);

/* Did the witness cosign the note? As note_check; of several lines the newest time counts. */
enum verdict cosignature_find(const struct note *note, const struct key *witness, int64_t *time_s);

#endif
