/* A proposal's document: a market's parameters as a merge patch leaves them. */
#ifndef HANDLERS_AMENDMENT_H
#define HANDLERS_AMENDMENT_H

#include "record/difference.h"
#include "risk/parameters.h"

struct amendment {
    const char       *document;           /* canonical bytes */
    size_t            document_count;
    struct parameters parameters;         /* read and accepted */
    struct changes    changes;            /* from the base */
    struct faults     warnings;
};

/* `base` is accepted, and `base_document` its canonical bytes; both NULL for a market that is created:
 * the patch is then the whole document. In the arena. False: all that is wrong, each with its pointer
 * into the resulting document, its rule as the code, the bound and the value in the detail: those of
 * merge_patch.h, of json_read (missing_member: the patch removes a required one; unknown_member), of
 * rules.md 3 and of edition_ramp_accept at now_us, and no_change (pointer ""): the patch changes
 * nothing. applies_to and ramp_s are of one version: what the patch does not say of them is not
 * taken over from the base. */
bool amendment_make(const struct parameters *base, const char *base_document, size_t base_count,
                    const char *patch, size_t patch_count, int64_t now_us, struct arena *arena,
                    struct amendment *out, struct faults *faults);

#endif
