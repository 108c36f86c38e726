/* What differs between two structs of one record: path by path, as JSON has them. */
#ifndef RECORD_DIFFERENCE_H
#define RECORD_DIFFERENCE_H

#include "record/arena.h"
#include "record/record.h"
#include "record/text.h"

/* A path is a JSON pointer (RFC 6901) to a value that is neither a list nor an object, but that items
 * of a list are named by their first member, where that is a decimal that ascends (brackets:
 * "/assets/ETH/brackets/1000000/rate"), and items of a map by their key. Lists of another kind are
 * one value, replaced whole. */
struct change { const char *path, *from, *to; };      /* canonical JSON; NULL: it is not there */
struct changes { struct change *items; size_t count; };

/* In canonical order: by path, as RFC 8785 sorts. All that it holds is in the arena. Either may be
 * NULL: everything is new, or gone. False: out of memory. */
bool difference(const struct record *record, const void *from, const void *to, struct arena *arena,
                struct changes *out);

/* {path: {"from": ..., "to": ...}}; null for what is not there */
void changes_write(const struct changes *changes, struct text *out);
/* A table of GitHub's Markdown, its cells escaped; its header alone where nothing differs. */
void changes_write_table(const struct changes *changes, struct text *out);

/* The merge patch that leads from one to the other: merge_patch(from, patch) reads as `to`. Lists are
 * whole in it. Canonical. Null removes: that does not hold for a member of `to` which is null and not
 * optional, and of parameters none is. */
void difference_write_patch(const struct record *record, const void *from, const void *to,
                            struct arena *arena, struct text *out);

/* The member that a path names. In a list that is addressed by its first member, the item that holds
 * there: the last whose own is not above. */
struct found { const struct field *field; const void *in; };   /* in: the struct it is a member of */

/* False: the document has no such value. */
bool found_at(const struct record *record, const void *in, const char *path, struct found *out);
/* The number it is: a decimal or an integer. False: it is none, or not a number. */
bool found_number(const struct found *found, struct decimal *out);

/* Does the path have this pattern? Of a pattern, a step "*" stands for any one step. */
bool path_matches(const char *pattern, const char *path);

/* Is there a struct of the record in which some path has the pattern? */
bool record_has_path(const struct record *record, const char *pattern);

#endif
