/* A tree of 70,000 leaves that others have computed, put into the tables and read over HTTP. */
#include "tests/api_log_vectors.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/lines.h"
#include "audit/tile.h"
#include "tests/api.h"
#include "tests/merkle.h"

enum { SIZE = 70000, SQL_BYTES = 16 << 20, PATH_ROOM = 256 };

/* False, and it says so, where the shared folder is not there. Integers beyond 64 bits, which some
 * probes have, are read as reals. */
static json_t *
read_vectors(void)
{
    const char *folder = getenv("BREAKWATER_VECTORS"), *shared = getenv("BREAKWATER_SHARED");
    char        path[512];

    if (folder)
        snprintf(path, sizeof path, "%s/log/vectors.json", folder);
    else
        snprintf(path, sizeof path, "%s/vectors/log/vectors.json", shared ? shared : "../shared");
    json_t *vectors = json_load_file(path, JSON_DECODE_INT_AS_REAL, NULL);
    if (!vectors)
        printf("api: %s cannot be read; the log's vectors are not asked of the service\n", path);
    return vectors;
}

static long
integer_of(const json_t *row, const char *name)
{
    return (long)json_real_value(json_object_get(row, name));
}

static const char *
text_of(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    ck_assert_ptr_nonnull(text);
    return text;
}

struct sql { char *text; size_t count; };

static __attribute__((format(printf, 2, 3))) void
add(struct sql *sql, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    sql->count += (size_t)vsnprintf(sql->text + sql->count, SQL_BYTES - sql->count, format, args);
    va_end(args);
    ck_assert_uint_lt(sql->count, SQL_BYTES);
}

static void
add_hex(struct sql *sql, const struct digest *hashes, size_t count)
{
    char text[DIGEST_TEXT_MAX];

    add(sql, "'\\x");
    for (size_t i = 0; i < count; i++) {
        digest_format(&hashes[i], text);
        add(sql, "%s", text);
    }
    add(sql, "'");
}

/* The tiles over what stands there, and a checkpoint, which nobody has signed. */
static void
put_tree(const struct merkle *merkle, const char *root_hex)
{
    struct sql sql = { .text = malloc(SQL_BYTES) };

    ck_assert_ptr_nonnull(sql.text);
    for (int level = 0; level < MERKLE_LEVELS; level++)
        for (size_t first = 0; first < merkle->counts[level]; first += TILE_WIDTH) {
            size_t left = merkle->counts[level] - first;
            add(&sql, "INSERT INTO audit.tile VALUES (%d, %zu, ", level, first / TILE_WIDTH);
            add_hex(&sql, merkle->levels[level] + first, left < TILE_WIDTH ? left : TILE_WIDTH);
            add(&sql, ") ON CONFLICT (level, n) DO UPDATE SET data = excluded.data;\n");
        }
    add(&sql, "INSERT INTO audit.checkpoint (size, root, note, published_at)"
        " VALUES (%d, '\\x%s', 'x', now())", SIZE, root_hex);
    postgres_run(api_running()->url, sql.text);
    free(sql.text);
}

static void
fetch(const char *path, int status, struct api_answer *answer)
{
    struct api_request request = { .method = "GET", .path = path, .is_direct = true };

    api_call(&request, answer);
    ck_assert_msg(answer->http.status == status, "%s: %d, not %d", path, answer->http.status,
                  status);
}

static void
same_hashes(const json_t *base64, const json_t *hex, const char *path)
{
    ck_assert_msg(json_array_size(base64) == json_array_size(hex), "%s: so many hashes", path);
    for (size_t i = 0; i < json_array_size(hex); i++) {
        const char   *text = json_string_value(json_array_get(base64, i));
        char          found[DIGEST_TEXT_MAX];
        struct digest digest;
        ck_assert(line_digest((struct line){ .bytes = text, .count = strlen(text) }, &digest));
        digest_format(&digest, found);
        ck_assert_msg(!strcmp(found, json_string_value(json_array_get(hex, i))), "%s: hash %zu",
                      path, i);
    }
}

static void
ask_proofs(const json_t *big_tree)
{
    struct api_answer answer;
    char              path[PATH_ROOM];
    json_t           *row;
    size_t            i;

    json_array_foreach(json_object_get(big_tree, "inclusion"), i, row) {
        snprintf(path, sizeof path, "/log/proof/inclusion?index=%ld&size=%ld",
                 integer_of(row, "leaf_index"), integer_of(row, "tree_size"));
        fetch(path, 200, &answer);
        same_hashes(json_object_get(answer.json, "audit_path"),
                    json_object_get(row, "audit_path_hex"), path);
        api_forget(&answer);
    }
    json_array_foreach(json_object_get(big_tree, "consistency"), i, row) {
        snprintf(path, sizeof path, "/log/proof/consistency?first=%ld&second=%ld",
                 integer_of(row, "first"), integer_of(row, "second"));
        fetch(path, 200, &answer);
        same_hashes(json_object_get(answer.json, "consistency"),
                    json_object_get(row, "consistency_hex"), path);
        api_forget(&answer);
    }
}

static void
ask_tiles(const json_t *tiles)
{
    struct api_answer answer;
    char              path[PATH_ROOM], sha256[DIGEST_TEXT_MAX];
    json_t           *row;
    size_t            i;

    json_array_foreach(tiles, i, row) {
        snprintf(path, sizeof path, "/log/%s", text_of(row, "path"));
        fetch(path, 200, &answer);
        ck_assert_int_eq((long)answer.http.count, integer_of(row, "bytes"));
        struct digest_part parts[] = { { "", 1 }, { answer.http.body, answer.http.count } };
        struct digest      digest = digest_of_parts(parts, 2);
        digest_format(&digest, sha256);
        ck_assert_str_eq(sha256, text_of(row, "sha256_of_00_and_tile_hex"));
        api_forget(&answer);
    }
}

/* Names that are good: they are served, or not there yet. */
static void
ask_names(const json_t *paths)
{
    struct api_answer answer;
    char              path[PATH_ROOM];
    json_t           *row;
    size_t            i;

    json_array_foreach(paths, i, row) {
        double leaves = json_real_value(json_object_get(row, "index")) * 256 +
                        json_real_value(json_object_get(row, "width"));
        for (long level = integer_of(row, "level"); level > 0; level--)
            leaves *= 256;
        snprintf(path, sizeof path, "/log/%s", text_of(row, "tile"));
        fetch(path, leaves <= SIZE ? 200 : 404, &answer);
        api_forget(&answer);
    }
}

/* Names that are bad, past any client that would mend them. */
static void
ask_bad_names(const json_t *paths)
{
    char   request[PATH_ROOM], cache[128];
    size_t i;
    json_t *path;

    json_array_foreach(paths, i, path) {
        struct http_answer answer;
        snprintf(request, sizeof request, "GET /log/%s HTTP/1.1\r\nHost: x\r\n\r\n",
                 json_string_value(path));
        http_call(api_running()->port, request, &answer);
        ck_assert_msg(answer.status == 400 || answer.status == 404, "%s: %d",
                      json_string_value(path), answer.status);
        http_header(&answer, "Cache-Control", cache, sizeof cache);
        ck_assert_ptr_null(strstr(cache, "max-age"));
        http_forget(&answer);
    }
}

START_TEST(vectors_are_served)
{
    json_t *vectors = read_vectors();

    if (!vectors)
        return;
    struct merkle *merkle = merkle_open();
    merkle_append_decimals(merkle, SIZE);
    json_t *big_tree = json_object_get(vectors, "big_tree"), *roots = json_object_get(big_tree,
                                                                                     "roots");
    const json_t *last = json_array_get(roots, json_array_size(roots) - 1);
    ck_assert_int_eq(integer_of(last, "size"), SIZE);
    api_open_another(true);
    ck_assert(api_service_stop(api_running()));
    put_tree(merkle, text_of(last, "root_hex"));
    ck_assert_msg(api_service_start(api_running()), "%s", api_running()->why);
    ask_tiles(json_object_get(big_tree, "tiles_of_size_70000"));
    ask_proofs(big_tree);
    ask_names(json_object_get(vectors, "tile_paths"));
    ask_bad_names(json_object_get(vectors, "invalid_paths_must_be_404_or_400"));
    api_close();
    merkle_close(merkle);
    json_decref(vectors);
}
END_TEST

void
api_log_vectors_add_apart(TCase *tcase)
{
    tcase_add_test(tcase, vectors_are_served);
}
