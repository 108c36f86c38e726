/* Parameter documents for tests of governance: presets, and what a patch makes of them. */
#ifndef TESTS_DOCUMENTS_H
#define TESTS_DOCUMENTS_H

#include "handlers/amendment.h"
#include "record/arena.h"

struct document { const char *bytes; size_t count; struct parameters parameters; };

/* A preset as it is stored: canonical, accepted. */
void preset_open(struct arena *arena, const char *name, struct document *out);

/* The document with the patch, in which ' stands for "; the test fails where it is refused. */
void patched(struct arena *arena, const struct document *base, const char *patch,
             struct document *out);

/* The same, refused or not: `faults` is opened for all. */
bool try_patch(struct arena *arena, const struct document *base, const char *patch,
               struct amendment *out, struct faults *faults);

/* The faults as lines "pointer code". */
const char *faults_listed(struct arena *arena, const struct faults *faults);

#endif
