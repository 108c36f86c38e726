/* Which operation a method and a path name. The table is walked from its
 * top: it has some dozens of rows. */
#include "server/route.h"

#include <stdio.h>
#include <string.h>

#include "record/scan.h"
#include "server/percent.h"

const char *const role_names[ROLE_COUNT + 1] = {
    [ROLE_ANYONE]  = "anyone",
    [ROLE_PREVIEW] = "preview",
    [ROLE_FEED]    = "feed",
    [ROLE_PROPOSE] = "propose",
    [ROLE_APPROVE] = "approve",
    [ROLE_GUARD]   = "guard",
    [ROLE_AUDIT]   = "audit",
    [ROLE_ADMIN]   = "admin",
    [ROLE_COUNT]   = NULL,
};

/* Parts of the path that stand where the template has {names}. */
struct parts {
    size_t starts[ROUTE_ARGS_MAX], lengths[ROUTE_ARGS_MAX], count;
};

/* How much of the path a {name} takes: up to the segment's end, but for what the template has behind
 * it there, as in "{index}.tlog-proof". 0: nothing is left, or it ends otherwise. */
static size_t
length_of(const char *at, const char *behind)
{
    size_t length = strcspn(at, "/"), count = strcspn(behind, "/");

    if (length < count || strncmp(at + length - count, behind, count))
        return 0;
    return length - count;
}

static bool
matches(const char *template, const char *path, struct parts *parts)
{
    const char *at = path;

    parts->count = 0;
    while (*template && *at) {
        if (*template != '{') {
            if (*template++ != *at++)
                return false;
            continue;
        }
        const char *close  = strchr(template, '}');
        size_t      length = close[-1] == '*' ? strlen(at) : length_of(at, close + 1);
        if (length == 0 || parts->count == ROUTE_ARGS_MAX)
            return false;
        parts->starts[parts->count]    = (size_t)(at - path);
        parts->lengths[parts->count++] = length;
        at += length;
        template = close + 1;
    }
    return *template == *at;
}

/* "GET" of "GET, HEAD, POST"? Whole words only. */
static bool
is_listed(const char *list, const char *method)
{
    size_t length = strlen(method);

    for (const char *at = strstr(list, method); at; at = strstr(at + 1, method))
        if ((at == list || at[-1] == ' ') && (at[length] == ',' || at[length] == '\0'))
            return true;
    return false;
}

static void
list_method(char *allow, size_t allow_bytes, const char *method)
{
    size_t count = strlen(allow);

    if (!is_listed(allow, method))
        snprintf(allow + count, allow_bytes - count, "%s%s", count ? ", " : "", method);
    if (!strcmp(method, "GET"))
        list_method(allow, allow_bytes, "HEAD");
}

static bool
takes(const struct route *route, const char *method)
{
    return !strcmp(route->method, method) ||
           (!strcmp(route->method, "GET") && !strcmp(method, "HEAD"));
}

/* What is told to callers again, as in "there is no market ...". */
static bool
is_utf8(const char *text)
{
    const char *end = text + strlen(text);

    for (size_t count; text < end; text += count)
        if (!(count = utf8_character(text, end)))
            return false;
    return true;
}

static bool
cut(char *path, const struct parts *parts, const char *args[static ROUTE_ARGS_MAX])
{
    for (size_t i = 0; i < parts->count; i++) {
        char *part = path + parts->starts[i];
        part[parts->lengths[i]] = '\0';
        if (!percent_decode(part) || !is_utf8(part))
            return false;
        args[i] = part;
    }
    return true;
}

const struct route *
route_find(const struct route *table, const char *method, char *path,
           const char *args[static ROUTE_ARGS_MAX], char *allow, size_t allow_bytes,
           enum problem *problem)
{
    struct parts parts;

    memset(args, 0, ROUTE_ARGS_MAX * sizeof *args);
    *allow   = '\0';
    *problem = PROBLEM_NO_SUCH_ROUTE;
    for (const struct route *route = table; route->path; route++) {
        if (!matches(route->path, path, &parts))
            continue;
        if (!takes(route, method)) {
            *problem = PROBLEM_WRONG_METHOD;
            list_method(allow, allow_bytes, route->method);
            continue;
        }
        *problem = cut(path, &parts, args) ? PROBLEM_NONE : PROBLEM_NO_SUCH_ROUTE;
        return *problem ? NULL : route;
    }
    return NULL;
}
