/* Receipts: the service's signed word that an entry will be in the log within the maximum merge
 * delay. One that is not there by then is proof of the omission. A note of its own key, named
 * "<origin>/receipt"; its text can not be a checkpoint's. */
#ifndef AUDIT_RECEIPT_H
#define AUDIT_RECEIPT_H

#include "audit/digest.h"
#include "audit/note.h"

/* ts_ms: of the promise, since 1970. */
struct receipt { struct digest commitment; int64_t ts_ms; };

/* "<origin>/receipt" into `name`. False: the origin is not a good name, or too long for one more
 * word. */
bool receipt_name(const char *origin, char name[static KEY_NAME_BYTES_MAX + 1]);

/* The note over "<key's name>\nreceipt/v1\n<base64 of the entry>\n<ts_ms>\n". */
void receipt_sign(const struct receipt *receipt, const struct signer *signer, struct text *out);

enum verdict receipt_open(const char *bytes, size_t count, const struct key *key,
                          struct receipt *out);

#endif
