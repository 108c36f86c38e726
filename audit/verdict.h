/* What a check of the log found: one list for signatures, proofs, receipts, policies and the
 * whole log. */
#ifndef AUDIT_VERDICT_H
#define AUDIT_VERDICT_H

/* Each name with the sentence that follows what was checked: "checkpoint 70000: the signature does
 * not verify". */
#define VERDICTS(VERDICT) \
    VERDICT(GOOD,              "good") \
    VERDICT(MALFORMED,         "it is not in its form") \
    VERDICT(NO_MEMORY,         "there is no memory to check it") \
    VERDICT(UNKNOWN_TYPE,      "the key is of a type that is not supported") \
    VERDICT(KEY_ID_DIFFERS,    "the key ID is not that of the key") \
    VERDICT(OTHER_ORIGIN,      "the origin is not the key's name") \
    VERDICT(NOT_SIGNED,        "no signature of this key") \
    VERDICT(BAD_SIGNATURE,     "the signature does not verify") \
    VERDICT(TOO_FEW_WITNESSES, "the witnesses that cosigned are no quorum") \
    VERDICT(NOT_INCLUDED,      "the proof does not lead from the entry to the root") \
    VERDICT(INCONSISTENT,      "the proof does not lead from the earlier root to this one")

enum verdict {
#define VERDICT(name, text) VERDICT_##name,
    VERDICTS(VERDICT)
#undef VERDICT
};

const char *verdict_text(enum verdict verdict);

#endif
