/* Whom to believe (c2sp.org/tlog-policy): which logs, which witnesses, and how many of them must
 * have cosigned. */
#ifndef AUDIT_POLICY_H
#define AUDIT_POLICY_H

#include "audit/checkpoint.h"

/* What the specification asks an implementation to take at least. */
enum { POLICY_LOGS_MAX = 32, POLICY_WITNESSES_MAX = 32, POLICY_GROUPS_MAX = 32 };

/* A URL has no bytes where there is none. */
struct policy_log { struct key key; struct line url; };

struct policy_witness { struct line name; struct key key; struct line url; };

/* Members are bits: 1 << i for witness i, 1 << (POLICY_WITNESSES_MAX + i) for group i, which stands
 * before this one. */
struct policy_group { struct line name; uint64_t members; int threshold; };

/* Names and URLs are the policy file's own bytes, which must outlive it. */
struct policy {
    struct policy_log     logs[POLICY_LOGS_MAX];
    struct policy_witness witnesses[POLICY_WITNESSES_MAX];
    struct policy_group   groups[POLICY_GROUPS_MAX];
    size_t                logs_count, witnesses_count, groups_count;
    uint64_t              quorum;         /* the member whose word is enough; 0: none */
};

/* What is wrong, and on which line, counted from 1. */
struct policy_fault { size_t line; const char *what; };

/* The whole file. Keys of types that can not be checked here are refused: a quorum that counts on
 * them could never be met. */
bool policy_parse(const char *text, size_t count, struct policy *out, struct policy_fault *fault);

/* Is it enough that these witnesses (bit i: witness i) cosigned? */
bool policy_quorum_is_met(const struct policy *policy, uint64_t cosigned);

/* Did enough witnesses cosign the note? BAD_SIGNATURE: a line of a known witness does not verify.
 * TOO_FEW_WITNESSES. */
enum verdict policy_check_witnesses(const struct policy *policy, const struct note *note);

/* The whole policy: signed by one of the logs under its own name as origin, and cosigned by a
 * quorum. */
enum verdict policy_check(const struct policy *policy, const char *bytes, size_t count,
                          struct note *note, struct checkpoint *out);

#endif
