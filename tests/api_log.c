/* The log's paths, bytes, header fields and cache rules, and what a client makes of them. */
#include "tests/api_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/base64.h"
#include "audit/entry.h"
#include "audit/proof.h"
#include "audit/receipt.h"
#include "db/decisions.h"
#include "record/record.h"
#include "tests/api.h"
#include "tests/merkle.h"

#define QUESTION \
    "{'market':'eth-usd','account':{'collateral':[{'asset':'ETH','quantity':'10'}]," \
    "'debt':[{'asset':'USDC','quantity':'12000'}]},'state':{'prices':{'ETH':'2000','USDC':'1'}}}"
#define FOR_EVER "public, max-age=31536000, immutable"

enum { VALUE_MAX = 512, PATH_ROOM = 256, LEAST = 4 };

static void
fetch(const char *path, int key, const char *headers, int status, struct api_answer *answer)
{
    struct api_request request = { .method = "GET", .path = path, .key = key, .headers = headers,
                                   .is_direct = true };

    api_call(&request, answer);
    ck_assert_msg(answer->http.status == status, "%s: %d, not %d: %.500s", path,
                  answer->http.status, status, answer->http.body);
}

static void
has_header(const struct api_answer *answer, const char *name, const char *expected)
{
    char value[VALUE_MAX];

    http_header(&answer->http, name, value, sizeof value);
    ck_assert_msg(!strcmp(value, expected), "%s is \"%s\", not \"%s\"", name, value, expected);
}

/* In each of them a name of a resource that has another one, or of none. */
static const struct { const char *path; int status; } refused[] = {
    { "tile/00/000.p/1", 400 },
    { "tile/0/0", 400 },
    { "tile/0/1", 400 },
    { "tile/0/00.p/1", 400 },
    { "tile/0/0000.p/1", 400 },
    { "tile/0/000.p/0", 400 },
    { "tile/0/000.p/01", 400 },
    { "tile/0/000.p/256", 400 },
    { "tile/0/000.p/", 400 },
    { "tile/0/000.p", 400 },
    { "tile/0/000.p/-1", 400 },
    { "tile/0/000.p/1/", 400 },
    { "tile/0/x000", 400 },
    { "tile/0/x000/000.p/1", 400 },
    { "tile/0/001/000.p/1", 400 },
    { "tile/0/x001/x000.p/1", 400 },
    { "tile/0/00%30.p/1", 400 },
    { "tile/%30/000.p/1", 400 },
    { "tile/0%2F000.p/1", 400 },
    { "tile//000.p/1", 400 },
    { "tile/0//000.p/1", 400 },
    { "tile/0/../0/000.p/1", 400 },
    { "tile/-1/000.p/1", 400 },
    { "tile/+0/000.p/1", 400 },
    { "tile/64/000.p/1", 400 },
    { "tile/Entries/000.p/1", 400 },
    { "tile/entries/0", 400 },
    { "tile/entries/000.p/256", 400 },
    { "tile/data/000", 400 },
    { "tile/0", 400 },
    { "tile/", 404 },
    { "tile", 404 },
    { "Tile/0/000.p/1", 404 },
    { "tile/0/000", 404 },
    { "tile/0/000.p/255", 404 },
    { "tile/0/001.p/1", 404 },
    { "tile/0/x009/x223/x372/x036/x854/x775/807", 404 },
    { "tile/0/x009/x223/x372/x036/x854/x775/808", 400 },
    { "tile/1/000.p/1", 404 },
    { "tile/63/000.p/1", 404 },
    { "tile/entries/000", 404 },
    { "tile/entries/001.p/1", 404 },
    { "tile/0/000.p/1?x=1", 400 },
    { "checkpoint?x", 400 },
    { "checkpoint/", 404 },
    { "checkpoint/01", 400 },
    { "checkpoint/-1", 400 },
    { "checkpoint/x", 400 },
    { "checkpoint/%31", 400 },
    { "checkpoint/9007199254740992", 400 },
    { "checkpoint/9007199254740991", 404 },
    { "checkpoint/0", 404 },
    { "vkeys", 404 },
    { "proof/inclusion", 400 },
    { "proof/inclusion?size=1", 400 },
    { "proof/inclusion?index=00", 400 },
    { "proof/inclusion?index=-0", 400 },
    { "proof/inclusion?index=-1", 400 },
    { "proof/inclusion?index=1e0", 400 },
    { "proof/inclusion?index=", 400 },
    { "proof/inclusion?index=0&index=0", 400 },
    { "proof/inclusion?index=1&size=1", 400 },
    { "proof/inclusion?index=9007199254740991", 400 },
    { "proof/inclusion?index=0&size=0", 400 },
    { "proof/inclusion?index=0&size=9007199254740991", 404 },
    { "proof/inclusion?index=9007199254740990&size=9007199254740991", 404 },
    { "proof/inclusion?hash=00000000000000000000000000000000000000000000000000000000000000"
      "00", 404 },
    { "proof/inclusion?hash=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 404 },
    { "proof/inclusion?hash=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB", 400 },
    { "proof/inclusion?hash=+AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 400 },
    { "proof/inclusion?hash=AAAA", 400 },
    { "proof/consistency", 400 },
    { "proof/consistency?first=1", 400 },
    { "proof/consistency?first=2&second=1", 400 },
    { "proof/consistency?first=01&second=2", 400 },
    { "proof/consistency?first=1&second=9007199254740991", 404 },
    { "proof/consistency?first=0&second=9007199254740991", 404 },
    { "proof/0.tlog-prooF", 404 },
    { "proof/0", 404 },
    { "proof/.tlog-proof", 404 },
    { "proof/00.tlog-proof", 400 },
    { "proof/x.tlog-proof", 400 },
    { "proof/%30.tlog-proof", 400 },
    { "proof/1.tlog-proof?size=1", 400 },
    { "proof/9007199254740991.tlog-proof", 400 },
    { "proof/0.tlog-proof?size=01", 400 },
    { "proof/0.tlog-proof?size=9007199254740991", 404 },
    { "records", 400 },
    { "records?count=1", 400 },
    { "records?from=0&count=0", 400 },
    { "records?from=00", 400 },
    { "records?from=9007199254740991", 404 },
    { "records?id=dec_1", 404 },
    { "records?id=dec_500000000000000040008000000000000000000000000000", 404 },
    { "records?id=dec_1&from=0", 400 },
    { "records/01", 400 },
    { "records/x", 400 },
    { "records/9007199254740991", 404 },
};

START_TEST(other_spelling_is_refused)
{
    char              path[PATH_ROOM];
    struct api_answer answer;

    snprintf(path, sizeof path, "/log/%s", refused[_i].path);
    api_await_log(LEAST);
    fetch(path, ROLE_AUDIT, NULL, refused[_i].status, &answer);
    has_header(&answer, "Cache-Control", "no-store");
    api_forget(&answer);
}
END_TEST

/* What is served, and how long it may be kept; "" in `origin`: not for pages of any origin. */
static const struct { const char *path, *media_type, *cache, *origin; } served[] = {
    { "/log/checkpoint", "text/plain; charset=utf-8", "no-cache", "*" },
    { "/log/vkey", "text/plain; charset=utf-8", "no-cache", "*" },
    { "/log/receipt-vkey", "text/plain; charset=utf-8", "no-cache", "*" },
    { "/log/tile/0/000.p/1", "application/octet-stream", FOR_EVER, "*" },
    { "/log/tile/0/000.p/3", "application/octet-stream", FOR_EVER, "*" },
    { "/log/tile/entries/000.p/2", "application/octet-stream", FOR_EVER, "*" },
    { "/log/proof/inclusion?index=1&size=3", "application/json", "no-store", "*" },
    { "/log/proof/consistency?first=0&second=0", "application/json", "no-store", "*" },
    { "/log/proof/1.tlog-proof?size=3", "text/plain; charset=utf-8", "no-store", "*" },
    { "/log/records?from=0&count=2", "application/x-ndjson", "no-store", "" },
    { "/log/records/0", "application/json", "no-store", "" },
};

START_TEST(head_is_as_get)
{
    static const char *const names[] = { "Content-Type", "Cache-Control", "ETag", "Content-Length",
                                         "Access-Control-Allow-Origin" };
    struct api_answer  got, headed;
    struct api_request request = { .method = "HEAD", .path = served[_i].path, .key = ROLE_AUDIT,
                                   .headers = "Accept-Encoding: gzip\r\n", .is_direct = true };

    api_await_log(LEAST);
    fetch(served[_i].path, ROLE_AUDIT, "Accept-Encoding: gzip\r\n", 200, &got);
    has_header(&got, "Content-Type", served[_i].media_type);
    has_header(&got, "Cache-Control", served[_i].cache);
    has_header(&got, "Access-Control-Allow-Origin", served[_i].origin);
    has_header(&got, "Content-Encoding", "");
    api_call(&request, &headed);
    ck_assert_int_eq(headed.http.status, 200);
    ck_assert_uint_eq(headed.http.count, 0);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char value[VALUE_MAX];
        http_header(&got.http, names[i], value, sizeof value);
        has_header(&headed, names[i], value);
    }
    api_forget(&got);
    api_forget(&headed);
}
END_TEST

START_TEST(other_methods_are_refused)
{
    static const char *const methods[] = { "POST", "PUT", "DELETE", "PATCH", "OPTIONS" };

    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        struct api_request request = { .method = methods[i], .path = served[_i].path,
                                       .is_direct = true };
        struct api_answer  answer;
        api_call(&request, &answer);
        ck_assert_msg(answer.http.status == 405, "%s %s: %d", methods[i], served[_i].path,
                      answer.http.status);
        has_header(&answer, "Allow", "GET, HEAD");
        api_forget(&answer);
    }
}
END_TEST

/* A browser that verifies asks first where it sends what it may not send unasked. */
START_TEST(page_of_any_origin_may_ask)
{
    struct http_client client;
    struct http_answer answer;
    char               request[512], value[VALUE_MAX];

    snprintf(request, sizeof request, "OPTIONS %s HTTP/1.1\r\nHost: x\r\nOrigin: https://a.example"
             "\r\nAccess-Control-Request-Method: GET\r\n\r\n", served[_i].path);
    http_connect(&client, api_running()->port);
    http_send(&client, request);
    http_receive(&client, false, &answer);
    http_header(&answer, "Access-Control-Allow-Origin", value, sizeof value);
    ck_assert_str_eq(value, served[_i].origin);
    ck_assert_int_eq(answer.status, served[_i].origin[0] ? 204 : 405);
    http_forget(&answer);
    http_close(&client);
}
END_TEST

/* --- What a client reads. --- */

struct head { int64_t size; struct digest root; char note[4096]; };

static void
read_key(const char *path, struct key *out)
{
    struct api_answer answer;

    fetch(path, ROLE_ANYONE, NULL, 200, &answer);
    ck_assert_int_eq(key_parse(answer.http.body, answer.http.count, out), VERDICT_GOOD);
    api_forget(&answer);
}

/* A checkpoint whose signature is good. */
static void
open_note(const char *bytes, size_t count, struct head *out)
{
    struct checkpoint checkpoint;
    struct note       note;
    struct key        key;

    read_key("/log/vkey", &key);
    ck_assert_str_eq(key.name, LOG_ORIGIN);
    ck_assert_int_eq(checkpoint_open(bytes, count, &key, &note, &checkpoint), VERDICT_GOOD);
    ck_assert_uint_lt(count, sizeof out->note);
    memcpy(out->note, bytes, count);
    out->note[count] = '\0';
    out->size = checkpoint.size;
    out->root = checkpoint.root;
}

static void
read_head(struct head *out)
{
    struct api_answer answer;

    fetch("/log/checkpoint", ROLE_ANYONE, NULL, 200, &answer);
    open_note(answer.http.body, answer.http.count, out);
    api_forget(&answer);
}

static void
ask(const char *headers, int key, struct api_answer *answer)
{
    char              *body = api_text(QUESTION);
    struct api_request request = { .method = "POST", .path = "/v1/previews", .key = key,
                                   .headers = headers, .body = body };

    api_call(&request, answer);
    ck_assert_int_eq(answer->http.status, 201);
    free(body);
}

/* A log of at least so many entries, by asking; the leaf hashes as the entries give them, and the
 * tree that these make by RFC 6962's own definition. */
static struct merkle *
read_log(size_t least, struct head *head)
{
    struct merkle    *merkle = merkle_open();
    struct api_answer answer;
    char              path[PATH_ROOM];

    api_await_log(1);
    read_head(head);
    for (size_t i = (size_t)head->size; i < least; i++) {
        ask(NULL, ROLE_PREVIEW, &answer);
        api_forget(&answer);
    }
    api_await_log((int64_t)least);
    read_head(head);
    for (int64_t n = 0; n * 256 < head->size; n++) {
        int64_t width = head->size - n * 256 < 256 ? head->size - n * 256 : 256;
        snprintf(path, sizeof path, width < 256 ? "/log/tile/entries/%03d.p/%d"
                                                : "/log/tile/entries/%03d", (int)n, (int)width);
        fetch(path, ROLE_ANYONE, NULL, 200, &answer);
        ck_assert_uint_eq(answer.http.count, (size_t)width * 35);
        for (int64_t i = 0; i < width; i++) {
            const char   *entry = answer.http.body + i * 35;
            ck_assert_mem_eq(entry, "\0\x21\x01", 3);
            struct digest leaf = tree_leaf_hash(entry + 2, 33);
            merkle_append(merkle, &leaf);
        }
        api_forget(&answer);
    }
    struct digest root = merkle_defined(merkle, 0, (size_t)head->size);
    ck_assert_mem_eq(root.bytes, head->root.bytes, DIGEST_BYTES);
    return merkle;
}

/* Tiles of hashes hold what the entries give, and each narrower one is the beginning of the widest;
 * past the widest there is none. */
START_TEST(tiles_are_those_of_the_entries)
{
    struct head       head;
    struct merkle    *merkle = read_log(260, &head);
    struct api_answer answer;
    char              path[PATH_ROOM];
    int               width = (int)(head.size % 256);

    for (int w = 1; w <= 256; w += w < 4 || w > 252 ? 1 : 83) {
        snprintf(path, sizeof path, w < 256 ? "/log/tile/0/000.p/%d" : "/log/tile/0/000", w);
        fetch(path, ROLE_ANYONE, NULL, 200, &answer);
        ck_assert_uint_eq(answer.http.count, (size_t)w * DIGEST_BYTES);
        ck_assert_mem_eq(answer.http.body, merkle->levels[0], answer.http.count);
        api_forget(&answer);
    }
    for (int w = 1; w <= width + 1 && w < 256; w++) {
        snprintf(path, sizeof path, "/log/tile/0/001.p/%d", w);
        fetch(path, ROLE_ANYONE, NULL, w <= width ? 200 : 404, &answer);
        if (w <= width)
            ck_assert_mem_eq(answer.http.body, merkle->levels[0] + 256, answer.http.count);
        api_forget(&answer);
    }
    struct digest full = merkle_defined(merkle, 0, 256);
    fetch("/log/tile/1/000.p/1", ROLE_ANYONE, NULL, 200, &answer);
    ck_assert_uint_eq(answer.http.count, DIGEST_BYTES);
    ck_assert_mem_eq(answer.http.body, full.bytes, DIGEST_BYTES);
    api_forget(&answer);
    fetch("/log/tile/1/000.p/2", ROLE_ANYONE, NULL, 404, &answer);
    api_forget(&answer);
    fetch("/log/tile/2/000.p/1", ROLE_ANYONE, NULL, 404, &answer);
    api_forget(&answer);
    merkle_close(merkle);
}
END_TEST

static void
digest_of_text(const char *text, struct digest *out)
{
    ck_assert(base64_decode(text, strlen(text), out->bytes, DIGEST_BYTES));
}

static void
proof_of(const json_t *list, struct proof *out)
{
    out->count = json_array_size(list);
    ck_assert_uint_le(out->count, PROOF_HASHES_MAX);
    for (size_t i = 0; i < out->count; i++)
        digest_of_text(json_string_value(json_array_get(list, i)), &out->hashes[i]);
}

static int64_t
integer_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static void
inclusion_holds(const json_t *answer, int64_t index, const struct digest *leaf, int64_t size,
                const struct digest *root)
{
    struct proof  proof;
    struct digest said;

    ck_assert_int_eq(integer_of(answer, "leaf_index"), index);
    ck_assert_int_eq(integer_of(answer, "tree_size"), size);
    digest_of_text(json_string_value(json_object_get(answer, "leaf_hash")), &said);
    ck_assert_mem_eq(said.bytes, leaf->bytes, DIGEST_BYTES);
    proof_of(json_object_get(answer, "audit_path"), &proof);
    ck_assert(inclusion_check(leaf, index, size, &proof, root));
}

START_TEST(inclusion_is_proved)
{
    static const struct { int64_t index, size; } rows[] = {
        { 0, 1 }, { 0, 2 }, { 1, 2 }, { 0, 3 }, { 2, 3 }, { 3, 7 }, { 6, 7 }, { 7, 8 }, { 8, 9 },
        { 0, 256 }, { 255, 256 }, { 255, 257 }, { 256, 257 }, { 100, 258 },
    };
    struct head       head;
    struct merkle    *merkle = read_log(260, &head);
    struct api_answer answer;
    char              path[PATH_ROOM], hex[DIGEST_TEXT_MAX];

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct digest root = merkle_defined(merkle, 0, (size_t)rows[i].size);
        struct digest *leaf = &merkle->levels[0][rows[i].index];
        snprintf(path, sizeof path, "/log/proof/inclusion?index=%d&size=%d", (int)rows[i].index,
                 (int)rows[i].size);
        fetch(path, ROLE_ANYONE, NULL, 200, &answer);
        inclusion_holds(answer.json, rows[i].index, leaf, rows[i].size, &root);
        api_forget(&answer);
        digest_format(leaf, hex);
        snprintf(path, sizeof path, "/log/proof/inclusion?hash=%s&size=%d", hex, (int)rows[i].size);
        fetch(path, ROLE_ANYONE, NULL, 200, &answer);
        inclusion_holds(answer.json, rows[i].index, leaf, rows[i].size, &root);
        api_forget(&answer);
        snprintf(path, sizeof path, "/log/proof/inclusion?hash=%s&size=%d", hex,
                 (int)rows[i].index ? (int)rows[i].index : 1);
        fetch(path, ROLE_ANYONE, NULL, rows[i].index ? 404 : 200, &answer);
        api_forget(&answer);
    }
    merkle_close(merkle);
}
END_TEST

START_TEST(consistency_is_proved)
{
    static const struct { int64_t first, second; } rows[] = {
        { 0, 0 }, { 0, 5 }, { 1, 1 }, { 1, 2 }, { 1, 3 }, { 2, 3 }, { 3, 7 }, { 4, 7 }, { 6, 8 },
        { 7, 8 }, { 8, 9 }, { 255, 256 }, { 256, 257 }, { 3, 258 }, { 258, 258 },
    };
    struct head       head;
    struct merkle    *merkle = read_log(260, &head);
    struct api_answer answer;
    struct proof      proof;
    char              path[PATH_ROOM];

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t       first = rows[i].first, second = rows[i].second;
        struct digest old = first ? merkle_defined(merkle, 0, (size_t)first) : tree_empty_root();
        struct digest new = second ? merkle_defined(merkle, 0, (size_t)second) : tree_empty_root();
        snprintf(path, sizeof path, "/log/proof/consistency?first=%d&second=%d", (int)first,
                 (int)second);
        fetch(path, ROLE_ANYONE, NULL, 200, &answer);
        ck_assert_int_eq(integer_of(answer.json, "first"), first);
        ck_assert_int_eq(integer_of(answer.json, "second"), second);
        proof_of(json_object_get(answer.json, "consistency"), &proof);
        ck_assert(first && first < second ? proof.count > 0 : proof.count == 0);
        ck_assert(consistency_check(first, second, &proof, &old, &new));
        api_forget(&answer);
    }
    merkle_close(merkle);
}
END_TEST

/* What was filed away verifies offline: with the key and nothing else. */
static int64_t
check_text(const struct api_answer *answer, const struct digest *leaf, int64_t index)
{
    struct tlog_proof proof;
    struct checkpoint checkpoint;
    struct key        key;

    read_key("/log/vkey", &key);
    ck_assert(tlog_proof_parse(answer->http.body, answer->http.count, &proof));
    ck_assert_int_eq(proof.index, index);
    ck_assert_int_eq(tlog_proof_check(&proof, leaf, &key, NULL, &checkpoint), VERDICT_GOOD);
    return checkpoint.size;
}

/* With the smallest checkpoint that is not below the size asked for. */
START_TEST(proof_is_filed_away)
{
    struct head       head;
    struct merkle    *merkle = read_log(8, &head);
    struct api_answer answer;
    char              path[PATH_ROOM];

    for (int64_t size = 1; size <= head.size; size += 3) {
        snprintf(path, sizeof path, "/log/proof/%d.tlog-proof?size=%d", (int)(size / 2), (int)size);
        fetch(path, ROLE_ANYONE, NULL, 200, &answer);
        int64_t covered = check_text(&answer, &merkle->levels[0][size / 2], size / 2);
        ck_assert_int_ge(covered, size);
        api_forget(&answer);
        snprintf(path, sizeof path, "/log/checkpoint/%d", (int)covered);
        fetch(path, ROLE_ANYONE, NULL, 200, &answer);
        api_forget(&answer);
        for (int64_t between = size; between < covered; between++) {
            snprintf(path, sizeof path, "/log/checkpoint/%d", (int)between);
            fetch(path, ROLE_ANYONE, NULL, 404, &answer);
            api_forget(&answer);
        }
    }
    merkle_close(merkle);
}
END_TEST

START_TEST(note_is_fetched_once)
{
    struct head       head, again;
    struct api_answer answer;
    char              tag[VALUE_MAX], header[VALUE_MAX + 32], path[PATH_ROOM];

    api_await_log(LEAST);
    fetch("/log/checkpoint", ROLE_ANYONE, NULL, 200, &answer);
    open_note(answer.http.body, answer.http.count, &head);
    api_forget(&answer);
    snprintf(path, sizeof path, "/log/checkpoint/%d", (int)head.size);
    fetch(path, ROLE_ANYONE, NULL, 200, &answer);
    open_note(answer.http.body, answer.http.count, &again);
    ck_assert_str_eq(again.note, head.note);
    http_header(&answer.http, "ETag", tag, sizeof tag);
    api_forget(&answer);
    snprintf(header, sizeof header, "If-None-Match: %s\r\n", tag);
    fetch(path, ROLE_ANYONE, header, 304, &answer);
    has_header(&answer, "ETag", tag);
    has_header(&answer, "Cache-Control", "no-cache");
    api_forget(&answer);
    fetch(path, ROLE_ANYONE, "If-None-Match: \"x\"\r\n", 200, &answer);
    api_forget(&answer);

    int status = 200;                     /* the log may have grown in between */
    for (int i = 0; i < 20 && status != 304; i++) {
        fetch("/log/checkpoint", ROLE_ANYONE, NULL, 200, &answer);
        http_header(&answer.http, "ETag", tag, sizeof tag);
        api_forget(&answer);
        snprintf(header, sizeof header, "If-None-Match: %s\r\n", tag);
        struct api_request request = { .method = "GET", .path = "/log/checkpoint",
                                       .headers = header, .is_direct = true };
        api_call(&request, &answer);
        status = answer.http.status;
        api_forget(&answer);
    }
    ck_assert_int_eq(status, 304);
}
END_TEST

/* --- Records. --- */

/* The record's line against its leaf; the record's bytes, to be freed. */
static char *
check_record(const json_t *line, int64_t index, const struct digest *leaf, size_t *count)
{
    const char   *base64 = json_string_value(json_object_get(line, "record"));
    struct digest salt;

    ck_assert_int_eq(integer_of(line, "index"), index);
    ck_assert(digest_parse(json_string_value(json_object_get(line, "salt")), &salt));
    ck_assert(base64_measure(base64, strlen(base64), count));
    char *record = malloc(*count + 1);
    ck_assert(base64_decode(base64, strlen(base64), record, *count));
    record[*count] = '\0';
    const struct digest_part parts[] = { { "audit-commit/v1\n", 16 }, { salt.bytes, 32 },
                                         { record, *count } };
    uint8_t       entry[33] = { 1 };
    struct digest commitment = digest_of_parts(parts, 3);
    memcpy(entry + 1, commitment.bytes, DIGEST_BYTES);
    struct digest found = tree_leaf_hash(entry, sizeof entry);
    ck_assert_mem_eq(found.bytes, leaf->bytes, DIGEST_BYTES);
    return record;
}

START_TEST(records_open_the_commitments)
{
    struct head       head;
    struct merkle    *merkle = read_log(260, &head);
    struct api_answer answer;
    char              path[PATH_ROOM];
    int64_t           index = 3;
    size_t            count;

    snprintf(path, sizeof path, "/log/records?from=3&count=%d", (int)head.size);
    fetch(path, ROLE_AUDIT, NULL, 200, &answer);
    for (char *line = answer.http.body; *line; index++) {
        char *end = strchr(line, '\n');
        ck_assert_ptr_nonnull(end);
        json_t *json = json_loadb(line, (size_t)(end - line), JSON_REJECT_DUPLICATES, NULL);
        free(check_record(json, index, &merkle->levels[0][index], &count));
        json_decref(json);
        line = end + 1;
    }
    ck_assert_int_eq(index, head.size);
    api_forget(&answer);

    fetch("/log/records?from=2&count=1", ROLE_AUDIT, NULL, 200, &answer);
    ck_assert_ptr_eq(strchr(answer.http.body, '\n'), answer.http.body + answer.http.count - 1);
    api_forget(&answer);
    fetch("/log/records/2", ROLE_AUDIT, NULL, 200, &answer);
    free(check_record(answer.json, 2, &merkle->levels[0][2], &count));
    api_forget(&answer);
    merkle_close(merkle);
}
END_TEST

/* --- A decision's own proof. --- */

static void
proof_path(const struct api_answer *decision, char path[static PATH_ROOM])
{
    snprintf(path, PATH_ROOM, "/v1/decisions/%s/proof", json_string_value(
        json_object_get(json_object_get(decision->json, "decision"), "id")));
}

static void
await_proof(const char *path, int key, const char *headers, struct api_answer *answer)
{
    struct api_request request = { .method = "GET", .path = path, .key = key, .headers = headers };

    for (int i = 0; i < 200; i++) {
        api_call(&request, answer);
        if (answer->http.status != 409)
            break;
        has_header(answer, "Retry-After", "1");
        api_forget(answer);
        usleep(50000);
    }
    ck_assert_int_eq(answer->http.status, 200);
}

START_TEST(decision_is_proved)
{
    struct api_answer decision, answer;
    struct head       head;
    struct digest     commitment;
    char              path[PATH_ROOM];
    size_t            count;

    ask(NULL, ROLE_PREVIEW, &decision);
    proof_path(&decision, path);
    await_proof(path, ROLE_PREVIEW, NULL, &answer);
    const json_t *audit = json_object_get(decision.json, "audit");
    ck_assert(digest_parse(json_string_value(json_object_get(audit, "commitment")), &commitment));
    struct digest leaf = entry_leaf_hash(&commitment);
    const json_t *proof = json_object_get(answer.json, "proof");
    const char   *note = json_string_value(json_object_get(answer.json, "checkpoint"));
    int64_t       index = integer_of(proof, "leaf_index");
    open_note(note, strlen(note), &head);
    inclusion_holds(proof, index, &leaf, head.size, &head.root);

    /* The record is that of the answer. */
    json_t *line = json_deep_copy(answer.json);
    json_object_set_new(line, "index", json_integer(index));
    char         *record = check_record(line, index, &leaf, &count);
    char          sha256[DIGEST_TEXT_MAX];
    struct digest digest = digest_of(record, count);
    digest_format(&digest, sha256);
    ck_assert_str_eq(sha256, json_string_value(json_object_get(audit, "record_sha256")));
    ck_assert_ptr_nonnull(strstr(record, json_string_value(json_object_get(answer.json,
                                                                           "decision"))));
    free(record);
    json_decref(line);
    api_forget(&answer);

    fetch(path, ROLE_PREVIEW, "Accept: text/plain\r\n", 200, &answer);
    has_header(&answer, "Content-Type", "text/plain; charset=utf-8");
    has_header(&answer, "Vary", "Accept");
    check_text(&answer, &leaf, index);
    api_forget(&answer);
    api_forget(&decision);
}
END_TEST

START_TEST(proof_is_its_makers_and_the_auditors)
{
    struct api_answer decision, answer;
    char              path[PATH_ROOM];

    ask(NULL, ROLE_PREVIEW, &decision);
    proof_path(&decision, path);
    await_proof(path, ROLE_PREVIEW, NULL, &answer);
    api_forget(&answer);
    fetch(path, ROLE_AUDIT, NULL, 200, &answer);
    api_forget(&answer);
    fetch(path, API_OTHER, NULL, 404, &answer);
    api_forget(&answer);
    fetch(path, ROLE_ANYONE, NULL, 404, &answer);
    api_forget(&answer);
    fetch("/v1/decisions/dec_1/proof", ROLE_AUDIT, NULL, 404, &answer);
    api_forget(&answer);
    api_forget(&decision);
}
END_TEST

/* Then body and salt are gone, and all else is as it was: the leaf, its proof, and that there was a
 * decision of this id. */
START_TEST(pruned_record_leaves_its_place)
{
    struct api_answer decision, answer, line, one;
    char              path[PATH_ROOM], sql[512], inst[INST_TEXT_MAX];
    int64_t           day, iseq;

    ask(NULL, ROLE_PREVIEW, &decision);
    proof_path(&decision, path);
    await_proof(path, ROLE_PREVIEW, NULL, &answer);
    int index = (int)integer_of(json_object_get(answer.json, "proof"), "leaf_index");
    const char *id = json_string_value(json_object_get(answer.json, "decision"));
    ck_assert(decision_id_parse(id, &day, inst, &iseq));
    snprintf(sql, sizeof sql, "DELETE FROM audit.body WHERE inst = '%s' AND iseq = %d", inst,
             (int)iseq);
    postgres_run(api_running()->url, sql);
    fetch(path, ROLE_AUDIT, NULL, 410, &line);
    api_forget(&line);
    snprintf(path, sizeof path, "/log/records?id=%s", id);
    api_forget(&answer);

    fetch(path, ROLE_AUDIT, NULL, 200, &line);
    snprintf(path, sizeof path, "/log/records/%d", index);
    fetch(path, ROLE_AUDIT, NULL, 200, &one);
    snprintf(sql, sizeof sql, "{\"index\":%d,\"pruned\":true}", index);
    ck_assert_str_eq(one.http.body, sql);
    ck_assert_mem_eq(line.http.body, sql, strlen(sql));
    ck_assert_str_eq(line.http.body + strlen(sql), "\n");
    api_forget(&line);
    snprintf(path, sizeof path, "/log/records?from=%d&count=1", index);
    fetch(path, ROLE_AUDIT, NULL, 200, &line);
    ck_assert_mem_eq(line.http.body, sql, strlen(sql));
    api_forget(&line);
    api_forget(&one);
    snprintf(path, sizeof path, "/log/proof/inclusion?index=%d", index);
    fetch(path, ROLE_ANYONE, NULL, 200, &answer);
    api_forget(&answer);
    api_forget(&decision);
}
END_TEST

/* --- Receipts. --- */

static const char *const decisions[] = { "/v1/previews", "/v1/penalties", "/v1/liquidation-prices",
                                         "/v1/suggestions" };

static void
receipt_holds(const struct api_answer *answer)
{
    const json_t  *audit = json_object_get(answer->json, "audit");
    const char    *note = json_string_value(json_object_get(audit, "receipt"));
    struct receipt receipt;
    struct key     key;
    char           commitment[DIGEST_TEXT_MAX];

    has_header(answer, "Preference-Applied", "receipt");
    ck_assert_ptr_nonnull(note);
    read_key("/log/receipt-vkey", &key);
    ck_assert_str_eq(key.name, LOG_ORIGIN "/receipt");
    ck_assert_int_eq(receipt_open(note, strlen(note), &key, &receipt), VERDICT_GOOD);
    digest_format(&receipt.commitment, commitment);
    ck_assert_str_eq(commitment, json_string_value(json_object_get(audit, "commitment")));
    ck_assert_int_lt(llabs(receipt.ts_ms - clock_now_us() / 1000), 60000);
}

/* Every operation that decides; also where the answer is the stored one. */
START_TEST(receipt_is_signed_where_it_is_asked_for)
{
    char              *body = api_text(QUESTION), headers[128];
    struct api_request request = { .method = "POST", .path = decisions[_i], .key = ROLE_PREVIEW,
                                   .headers = headers, .body = body };
    struct api_answer  first, again;

    snprintf(headers, sizeof headers, "Prefer: wait=5, receipt\r\nIdempotency-Key: receipt-%d\r\n",
             _i);
    api_call(&request, &first);
    ck_assert_int_eq(first.http.status, 201);
    receipt_holds(&first);
    api_call(&request, &again);
    has_header(&again, "Idempotent-Replayed", "true");
    receipt_holds(&again);
    api_forget(&again);
    snprintf(headers, sizeof headers, "Idempotency-Key: receipt-%d\r\n", _i);
    api_call(&request, &again);
    ck_assert_ptr_null(json_object_get(json_object_get(again.json, "audit"), "receipt"));
    has_header(&again, "Preference-Applied", "");
    api_forget(&again);
    snprintf(headers, sizeof headers, "Prefer: receipts, return=minimal\r\n");
    api_call(&request, &again);
    ck_assert_ptr_null(json_object_get(json_object_get(again.json, "audit"), "receipt"));
    has_header(&again, "Preference-Applied", "");
    api_forget(&again);
    api_forget(&first);
    free(body);
}
END_TEST

/* --- What README.md tells an auditor to do. --- */

/* The first block of commands under "## The log", to be freed. */
static char *
readme_commands(void)
{
    enum { README_BYTES_MAX = 256 << 10 };
    char *text = calloc(1, README_BYTES_MAX);
    FILE *file = fopen("README.md", "r");

    ck_assert_ptr_nonnull(text);
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_lt(fread(text, 1, README_BYTES_MAX - 1, file), README_BYTES_MAX - 1);
    fclose(file);
    char *begin = strstr(text, "\n## The log\n");
    begin = begin ? strstr(begin, "\n```sh\n") : NULL;
    ck_assert_ptr_nonnull(begin);
    begin += strlen("\n```sh\n");
    *strstr(begin, "\n```\n") = '\0';
    char *commands = strdup(begin);
    free(text);
    return commands;
}

static bool
has_programs(void)
{
    if (!system("for p in bash curl python3 openssl; do command -v $p > /dev/null || exit 1; done"))
        return true;
    printf("api: bash, curl, python3 or openssl is missing; README.md's commands are not run\n");
    return false;
}

START_TEST(commands_of_the_readme_verify_a_decision)
{
    char  scratch[POSTGRES_PATH_MAX], path[PATH_ROOM], command[1024], output[1024] = "";
    char *commands;

    if (!has_programs())
        return;
    postgres_scratch(scratch);
    snprintf(path, sizeof path, "%s/readme.sh", scratch);
    commands = readme_commands();
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fprintf(file, "%s\n", commands);
    ck_assert_int_eq(fclose(file), 0);
    free(commands);
    snprintf(command, sizeof command,
             "cd %s && URL=http://127.0.0.1:%u bash -euo pipefail readme.sh 2>&1", scratch,
             api_running()->port);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    output[fread(output, 1, sizeof output - 1, pipe)] = '\0';
    ck_assert_msg(pclose(pipe) == 0, "%s", output);
    ck_assert_msg(strstr(output, "in " LOG_ORIGIN "\nSignature Verified Successfully\n") != NULL,
                  "%s", output);
}
END_TEST

/* --- Where nothing is published. --- */

START_TEST(nothing_is_served_before_it_is_published)
{
    static const char *const paths[] = {
        "/log/checkpoint", "/log/checkpoint/0", "/log/checkpoint/1", "/log/tile/0/000.p/1",
        "/log/tile/entries/000.p/1", "/log/proof/inclusion?index=0",
        "/log/proof/inclusion?index=0&size=1", "/log/proof/consistency?first=0&second=1",
        "/log/proof/0.tlog-proof", "/log/records/0", "/log/records?from=1",
    };
    struct api_answer decision, answer;
    char              path[PATH_ROOM];

    api_open_another(true);
    ck_assert(api_service_stop(api_running()));
    api_running()->lacks_witnesses = true;
    postgres_run(api_running()->url, "UPDATE audit.checkpoint SET published_at = NULL");
    ck_assert(api_service_start(api_running()));
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        fetch(paths[i], ROLE_AUDIT, NULL, 404, &answer);
        has_header(&answer, "Cache-Control", "no-store");
        api_forget(&answer);
    }
    fetch("/log/records?from=0", ROLE_AUDIT, NULL, 200, &answer);
    ck_assert_uint_eq(answer.http.count, 0);
    api_forget(&answer);

    ask("Prefer: receipt\r\n", ROLE_PREVIEW, &decision);      /* the promise: not yet, but soon */
    receipt_holds(&decision);
    proof_path(&decision, path);
    fetch(path, ROLE_PREVIEW, NULL, 409, &answer);
    has_header(&answer, "Retry-After", "1");
    api_forget(&answer);
    fetch(path, API_OTHER, NULL, 404, &answer);
    api_forget(&answer);
    api_running()->lacks_witnesses = false;
    api_restart();
    await_proof(path, ROLE_PREVIEW, NULL, &answer);
    api_forget(&answer);
    api_forget(&decision);
    api_close();
}
END_TEST

START_TEST(log_without_its_database_is_503)
{
    static const char *const paths[] = {
        "/log/checkpoint/9", "/log/tile/0/000.p/1", "/log/proof/inclusion?index=0",
        "/log/proof/consistency?first=1&second=3", "/log/proof/0.tlog-proof", "/log/records/0",
        "/log/records?from=0", "/v1/decisions/dec_1/proof", "/v1/decisions/dec_1/replay",
        "/v1/decisions", "/v1/decisions/export",
    };
    struct api_answer answer;

    api_open_another(true);
    api_await_log(9);
    postgres_stop();
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        fetch(paths[i], API_EVERY_ROLE, NULL, 503, &answer);
        api_forget(&answer);
    }
    fetch("/log/checkpoint", ROLE_ANYONE, NULL, 200, &answer);      /* from memory */
    api_forget(&answer);
    fetch("/log/vkey", ROLE_ANYONE, NULL, 200, &answer);
    api_forget(&answer);
    postgres_start();
    api_close();
}
END_TEST

void
api_log_add(TCase *tcase)
{
    tcase_add_loop_test(tcase, other_spelling_is_refused, 0, COUNT_OF(refused));
    tcase_add_loop_test(tcase, head_is_as_get, 0, COUNT_OF(served));
    tcase_add_loop_test(tcase, other_methods_are_refused, 0, COUNT_OF(served));
    tcase_add_loop_test(tcase, page_of_any_origin_may_ask, 0, COUNT_OF(served));
    tcase_add_test(tcase, note_is_fetched_once);
    tcase_add_test(tcase, tiles_are_those_of_the_entries);
    tcase_add_test(tcase, inclusion_is_proved);
    tcase_add_test(tcase, consistency_is_proved);
    tcase_add_test(tcase, proof_is_filed_away);
    tcase_add_test(tcase, records_open_the_commitments);
    tcase_add_test(tcase, decision_is_proved);
    tcase_add_test(tcase, proof_is_its_makers_and_the_auditors);
    tcase_add_test(tcase, pruned_record_leaves_its_place);
    tcase_add_test(tcase, commands_of_the_readme_verify_a_decision);
    tcase_add_loop_test(tcase, receipt_is_signed_where_it_is_asked_for, 0, COUNT_OF(decisions));
}

void
api_log_add_apart(TCase *tcase)
{
    tcase_add_test(tcase, nothing_is_served_before_it_is_published);
    tcase_add_test(tcase, log_without_its_database_is_503);
}
