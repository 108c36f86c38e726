/* Files that the program carries inside itself, so that an installed binary needs nothing beside
 * it: openapi.yaml, the migrations, the sample markets and the presets. The Makefile lists them in
 * assets.def. */
#ifndef RECORD_ASSETS_H
#define RECORD_ASSETS_H

#include <stddef.h>

struct asset_file {
    const char *name;       /* its path from the project's root: "migrations/0001_begin.sql" */
    const char *bytes;      /* as in the file, and a NUL after them that is not counted */
    size_t      count;
};

/* In byte order of their names, so that migrations come in the order of their numbers. After the
 * last stands one without a name. */
extern const struct asset_file assets[];
extern const size_t       assets_count;

const struct asset_file *asset_find(const char *name);   /* NULL: there is no such file */

#endif
