/* Presets, from the files inside the program. */
#include "handlers/presets.h"

#include <stdio.h>
#include <string.h>

#include "record/assets.h"

#define FOLDER "handlers/presets/"
#define SUFFIX ".json"

enum { PRESETS_MAX = 64 };

struct preset { const char *name; };

static const struct field preset_fields[] = {
    NAME_FIELD(preset, name),
};
static const struct record preset_record = RECORD(preset, preset_fields);

struct preset_list {
    struct preset *items;
    size_t         items_count;
    const char    *next_cursor;               /* always NULL: they fit on one page */
};

static const struct field preset_list_fields[] = {
    LIST_FIELD(preset_list, items, preset, .max = PRESETS_MAX),
    NAME_FIELD(preset_list, next_cursor, .optional = true, .nullable = true),
};
const struct record preset_list_record = RECORD(preset_list, preset_list_fields);

enum problem
list_presets(struct request *request, struct reply *reply)
{
    struct preset_list *answer = arena_alloc(request->arena, 1, sizeof *answer);

    if (!answer || !(answer->items = arena_alloc(request->arena, PRESETS_MAX, sizeof *answer->items)))
        return PROBLEM_INTERNAL;
    for (const struct asset_file *file = assets; file->name && answer->items_count < PRESETS_MAX; file++) {
        if (strncmp(file->name, FOLDER, strlen(FOLDER)))
            continue;
        size_t      count = strlen(file->name) - strlen(FOLDER) - strlen(SUFFIX);
        const char *name  = arena_copy(request->arena, file->name + strlen(FOLDER), count);
        if (!name)
            return PROBLEM_INTERNAL;
        answer->items[answer->items_count++].name = name;
    }
    reply->answer = answer;
    return PROBLEM_NONE;
}

enum problem
get_preset(struct request *request, struct reply *reply)
{
    char path[sizeof FOLDER + 64 + sizeof SUFFIX];

    int count = snprintf(path, sizeof path, FOLDER "%s" SUFFIX, request->args[0]);
    const struct asset_file *file = count > 0 && (size_t)count < sizeof path ? asset_find(path) : NULL;
    if (!file) {
        snprintf(reply->detail, sizeof reply->detail, "there is no preset \"%.64s\"; GET /v1/presets lists them",
                 request->args[0]);
        return PROBLEM_NO_SUCH_PRESET;
    }
    reply->bytes = file->bytes;
    reply->count = file->count;
    return PROBLEM_NONE;
}
