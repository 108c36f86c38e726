/* What passes as canonical is one JSON value, and no byte of white space can be put into it outside
 * of strings. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "audit/canonical.h"
#include "record/json.h"
#include "record/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    const char *text = (const char *)bytes;
    struct scan scan = { .start = text, .at = text, .end = text + count };
    size_t      at;

    if (!canonical_check(text, count, &at)) {
        assert(at <= count);
        return 0;
    }
    bool is_value = scan_value(&scan, JSON_DEPTH_MAX);
    assert(is_value);
    assert(scan.at == scan.end);
    for (size_t i = 0; i < count; i++)
        assert(bytes[i] >= 0x20);
    return 0;
}
