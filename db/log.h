/* The transparency log as it is read: the published checkpoint in memory, and what it covers by
 * query, for worker threads (log.md 3 to 5). */
#ifndef DB_LOG_H
#define DB_LOG_H

#include "audit/tree.h"
#include "db/decisions.h"

enum { PUBLISHED_NOTE_MAX = 16 << 10 };

/* The signed note with its cosignatures. */
struct published { int64_t size; struct digest root; size_t note_count; char note[PUBLISHED_NOTE_MAX]; };

struct log_cache;

struct log_cache *log_cache_open(void);                       /* nothing is published yet */
/* False: it stays as it was; connection->why says why. */
bool              log_cache_reload(struct log_cache *cache, struct connection *connection);
/* From any thread. False: nothing is published yet. */
bool              log_published(struct log_cache *cache, struct published *out);
int64_t           log_published_size(struct log_cache *cache);
/* Where, outside the database, the largest note that was signed or served here is kept (log.md 7), and
 * how large the one is that stands there; -1: none. */
void              log_cache_keep(struct log_cache *cache, const char *path, int64_t kept_size);
/* Keeps the note, unless a larger one is kept. False: it could not be written. From any thread. */
bool              log_cache_remember(struct log_cache *cache, int64_t size, const char *note, size_t count,
                                     char why[static DATABASE_WHY_MAX]);
void              log_cache_close(struct log_cache *cache);

/* The bytes of a tile or a bundle. NOTHING: the log has not so much of it. */
enum find log_tile_find(struct connection *connection, const struct tile *tile,
                        struct arena *arena, struct stored_document *out);

/* Tiles for the proofs of tree.h; where one cannot be read, the proof cannot be made. */
struct tile_reader log_tile_reader(struct connection *connection);

/* Where a leaf stands: by its hash (the first of them), or by the record's instance and counter. */
enum find log_index_of_leaf(struct connection *connection, const struct digest *leaf_hash,
                            int64_t *index);
enum find log_index_of_record(struct connection *connection, const char *inst, int64_t iseq,
                              int64_t *index);

struct stored_checkpoint { int64_t size; struct digest root; const char *note; size_t note_count; };

/* Of exactly this size, or the smallest one that is not below it; with its cosignatures. Only
 * published ones. */
enum find log_checkpoint_find(struct connection *connection, int64_t size, bool or_larger,
                              struct arena *arena, struct stored_checkpoint *out);

/* A record by its place; `record` NULL: it was pruned. */
struct stored_record { int64_t index; struct digest salt; const char *record; size_t record_count; };
enum find log_record_find(struct connection *connection, int64_t index, struct arena *arena,
                          struct stored_record *out);

#endif
