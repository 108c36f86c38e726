/* Verdicts in words. */
#include "audit/verdict.h"

#include <assert.h>
#include <stddef.h>

const char *
verdict_text(enum verdict verdict)
{
    static const char *const texts[] = {
#define VERDICT(name, text) [VERDICT_##name] = text,
        VERDICTS(VERDICT)
#undef VERDICT
    };

    assert((size_t)verdict < sizeof texts / sizeof *texts);
    return texts[verdict];
}
