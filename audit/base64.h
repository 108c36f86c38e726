/* Base64 as notes and proofs have it: RFC 4648 section 4, padded, and no second spelling of the
 * same bytes. */
#ifndef AUDIT_BASE64_H
#define AUDIT_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "audit/digest.h"
#include "record/text.h"

enum { BASE64_DIGEST_BYTES = (DIGEST_BYTES + 2) / 3 * 4 };            /* 44, the last one '=' */

void base64_add(struct text *out, const void *bytes, size_t count);

/* Exactly `count` bytes into `out`. False: another number of them, a character outside the alphabet
 * (white space too), padding missing or not at the end, or bits set that padding leaves over (RFC
 * 4648 section 3.5: such text would be a second spelling). */
bool base64_decode(const char *text, size_t text_count, void *out, size_t count);

/* The same check for bytes that nobody opens here; how many they are goes to `count`. */
bool base64_measure(const char *text, size_t text_count, size_t *count);

#endif
