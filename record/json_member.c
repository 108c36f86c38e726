/* Finding a member without reading what stands beside it. */
#include "record/json_member.h"

#include <string.h>

#include "record/json.h"

bool
json_members(const char *bytes, size_t count, const char *const names[], size_t names_count,
             struct span values[])
{
    struct scan    scan = { .start = bytes, .at = bytes, .end = bytes + count };
    bool           is_first = true;
    enum scan_next next;

    for (size_t i = 0; i < names_count; i++)
        values[i] = (struct span){ .count = 0 };
    scan_space(&scan);
    if (!scan_is_at(&scan, '{'))
        return false;
    scan.at++;
    for (; (next = scan_next(&scan, '}', is_first)) == SCAN_ITEM; is_first = false) {
        struct span key;
        if (!scan_name(&scan, &key))
            return false;
        const char *start = scan.at;
        if (!scan_value(&scan, JSON_DEPTH_MAX))
            return false;
        for (size_t i = 0; i < names_count; i++)
            if (key.count == strlen(names[i]) && !memcmp(key.bytes, names[i], key.count))
                values[i] = (struct span){ .bytes = start, .count = (size_t)(scan.at - start) };
    }
    return next == SCAN_CLOSED;
}

bool
json_member(const char *bytes, size_t count, const char *name, struct span *value)
{
    struct scan scan = { .start = bytes, .at = bytes, .end = bytes + count };
    bool        is_first = true;

    scan_space(&scan);
    if (scan.at == scan.end || *scan.at != '{')
        return false;
    scan.at++;
    for (; scan_next(&scan, '}', is_first) == SCAN_ITEM; is_first = false) {
        struct span key;
        if (!scan_name(&scan, &key))
            return false;
        const char *start = scan.at;
        if (!scan_value(&scan, JSON_DEPTH_MAX))
            return false;
        if (key.count == strlen(name) && !memcmp(key.bytes, name, key.count)) {
            *value = (struct span){ .bytes = start, .count = (size_t)(scan.at - start) };
            return true;
        }
    }
    return false;
}

bool
json_member_text(const char *bytes, size_t count, const char *name, struct span *text)
{
    struct span value;
    if (!json_member(bytes, count, name, &value) || value.count < 2 || *value.bytes != '"')
        return false;
    *text = (struct span){ .bytes = value.bytes + 1, .count = value.count - 2 };
    return true;
}
