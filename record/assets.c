/* The files inside the program: the assembler includes their bytes, a const table names them. */
#include "record/assets.h"

#include <string.h>

/* C17 has no #embed; gcc's and clang's assemblers both know .incbin. */
#define ASSET(number, name, count)                                                    \
    extern const char asset_##number[count + 1] __attribute__((visibility("hidden"))); \
    __asm__(".pushsection .rodata\n"                                                  \
            "asset_" #number ": .incbin \"" name "\"\n"                               \
            ".byte 0\n"                                                               \
            ".popsection\n");
#include "record/assets.def"
#undef ASSET

const struct asset_file assets[] = {
#define ASSET(number, name, count) { name, asset_##number, count },
#include "record/assets.def"
#undef ASSET
    { NULL, NULL, 0 },
};

const size_t assets_count = sizeof assets / sizeof *assets - 1;

const struct asset_file *
asset_find(const char *name)
{
    for (size_t i = 0; i < assets_count; i++)
        if (!strcmp(assets[i].name, name))
            return &assets[i];
    return NULL;
}
