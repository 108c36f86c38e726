/* Presets and patches of them. */
#include "tests/documents.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "record/assets.h"
#include "record/json.h"

void
preset_open(struct arena *arena, const char *name, struct document *out)
{
    char                     path[128];
    struct amendment         amendment;
    struct faults            faults;

    snprintf(path, sizeof path, "handlers/presets/%s.json", name);
    const struct asset_file *file = asset_find(path);
    ck_assert_ptr_nonnull(file);
    faults_open(&faults, FAULTS_MAX);
    ck_assert_msg(amendment_make(NULL, NULL, 0, file->bytes, file->count, 0, arena, &amendment,
                                 &faults), "%s", faults_listed(arena, &faults));
    *out = (struct document){ amendment.document, amendment.document_count, amendment.parameters };
}

bool
try_patch(struct arena *arena, const struct document *base, const char *patch,
          struct amendment *out, struct faults *faults)
{
    char *json = arena_copy(arena, patch, strlen(patch));

    ck_assert_ptr_nonnull(json);
    for (char *quote = strchr(json, '\''); quote; quote = strchr(quote, '\''))
        *quote = '"';
    faults_open(faults, FAULTS_MAX);
    return amendment_make(&base->parameters, base->bytes, base->count, json, strlen(json), 0, arena,
                          out, faults);
}

void
patched(struct arena *arena, const struct document *base, const char *patch, struct document *out)
{
    struct amendment amendment;
    struct faults    faults;

    ck_assert_msg(try_patch(arena, base, patch, &amendment, &faults), "%s: %s", patch,
                  faults_listed(arena, &faults));
    *out = (struct document){ amendment.document, amendment.document_count, amendment.parameters };
}

const char *
faults_listed(struct arena *arena, const struct faults *faults)
{
    struct text text;

    text_open(&text, arena, 1024, 1 << 16);
    for (size_t i = 0; i < faults->count; i++)
        text_format(&text, "%s%s %s", i ? "\n" : "", faults->items[i].pointer,
                    faults->items[i].code);
    text_add(&text, "", 1);
    ck_assert(!text.is_full);
    return text.bytes;
}
