/* What is wrong with an input, and where: the errors of a problem document. */
#ifndef RECORD_FAULT_H
#define RECORD_FAULT_H

#include <stdbool.h>
#include <stddef.h>

enum { FAULT_POINTER_MAX = 256, FAULT_DETAIL_MAX = 160, FAULTS_MAX = 32 };

struct fault {
    /* RFC 6901; cut from the left with "..." when it is longer */
    char        pointer[FAULT_POINTER_MAX];
    const char *code;                         /* rules.md 3, and not_json, duplicate_member */
    char        detail[FAULT_DETAIL_MAX];     /* a sentence: what was found, and what would do */
};

/* In the order found; past `max` they are counted in `missed`. */
struct faults {
    struct fault items[FAULTS_MAX];
    /* max: 1 .. FAULTS_MAX; a reader stops after that many */
    size_t       count, max, missed;
};

/* Where a reader stands: a step into a member or an item, and the steps before it.
 * No place (NULL) is the whole text. */
struct place {
    const struct place *up;
    /* the member's, unescaped UTF-8, not NUL-ended; NULL: an item of an array */
    const char         *name;
    size_t              count;                /* bytes of the name, or the item's index */
};

/* Pointer and detail are cut between characters of UTF-8. `pointer`
 * may be longer than a fault holds. */
void faults_open(struct faults *faults, size_t max);
void fault_add(struct faults *faults, const char *pointer, const char *code,
               const char *detail_format, ...)
    __attribute__((format(printf, 4, 5)));
/* A text's fault, told as one of the text that it is a part of: `prefix` goes before the pointer.
 * Where that is longer than a fault holds, the pointer stays as it is. */
void fault_place_below(struct fault *fault, const char *prefix);
void faults_place_below(struct faults *faults, const char *prefix);
void fault_add_at(struct faults *faults, const struct place *place, const char *code,
                  const char *detail_format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
