/* HTTP requests through libcurl, which only this file knows. */
#include "server/fetch.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "record/text.h"

enum { CONNECT_MS_MAX = 10 * 1000, HOST_MAX = 256, HEADER_MAX = 1024, BODY_ROOM = 4096 };

struct fetch_client { CURL *curl; struct fetch_settings settings; char why[CURL_ERROR_SIZE]; };

/* What libcurl's callbacks fill. */
struct transfer {
    const struct fetch_client *client;
    struct fetch_answer       *answer;
    struct text                body;
    size_t                     head_bytes;
    bool                       is_stopped;
};

static size_t
take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;

    text_add(&transfer->body, bytes, size * count);
    return transfer->body.is_full ? CURL_WRITEFUNC_ERROR : size * count;
}

/* A header's value where the line is of this name; trailing space is cut off. */
static void
take_field(const char *line, size_t count, const char *name, char value[static FETCH_FIELD_MAX])
{
    size_t name_count = strlen(name);

    if (count <= name_count || line[name_count] != ':' || strncasecmp(line, name, name_count) != 0)
        return;
    const char *from = line + name_count + 1;
    const char *to = line + count;
    while (from < to && (*from == ' ' || *from == '\t'))
        from++;
    while (to > from && strchr(" \t\r\n", to[-1]))
        to--;
    *value = '\0';
    if ((size_t)(to - from) < FETCH_FIELD_MAX)
        snprintf(value, FETCH_FIELD_MAX, "%.*s", (int)(to - from), from);
}

static size_t
take_header(char *line, size_t size, size_t count, void *context)
{
    struct transfer     *transfer = context;
    struct fetch_answer *answer = transfer->answer;

    transfer->head_bytes += size * count;
    if (transfer->head_bytes > FETCH_HEAD_BYTES_MAX)
        return 0;
    take_field(line, size * count, "Content-Type", answer->media_type);
    take_field(line, size * count, "Cache-Control", answer->cache_control);
    take_field(line, size * count, "ETag", answer->entity_tag);
    return size * count;
}

static int
is_stopped(void *context, curl_off_t down_max, curl_off_t down, curl_off_t up_max, curl_off_t up)
{
    struct transfer             *transfer = context;
    const struct fetch_settings *settings = &transfer->client->settings;

    (void)down_max, (void)down, (void)up_max, (void)up;
    transfer->is_stopped = settings->is_stopped && settings->is_stopped(settings->context);
    return transfer->is_stopped;
}

static bool
refuse(struct fetch_answer *out, const char *host, const char *why)
{
    snprintf(out->why, sizeof out->why, "%s: %s", host, why);
    out->status = 0;
    out->body = NULL;
    out->count = 0;
    return false;
}

/* Whose fault it is, for the sentence; a user in a URL would be a secret in logs and lists. */
static bool
read_host(const char *url, char host[static HOST_MAX])
{
    CURLU *parts = curl_url();
    char  *found = NULL;
    char  *unwanted = NULL;

    bool is_good = parts && !curl_url_set(parts, CURLUPART_URL, url, CURLU_DISALLOW_USER) &&
                   !curl_url_get(parts, CURLUPART_HOST, &found, 0) && strlen(found) < HOST_MAX &&
                   curl_url_get(parts, CURLUPART_FRAGMENT, &unwanted, 0) != CURLUE_OK;
    snprintf(host, HOST_MAX, "%s", is_good ? found : "the URL");
    curl_free(found);
    curl_free(unwanted);
    curl_url_cleanup(parts);
    return is_good;
}

static void
set_limits(struct fetch_client *client, const struct fetch_question *question)
{
    CURL *curl = client->curl;
    long  wait_ms = question->wait_ms < LONG_MAX ? (long)question->wait_ms : LONG_MAX;

    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->why);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS_MAX);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, wait_ms);
    if (client->settings.agent)
        curl_easy_setopt(curl, CURLOPT_USERAGENT, client->settings.agent);
    if (client->settings.authority_file) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, client->settings.authority_file);
        curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    }
    if (!client->settings.uses_proxy)
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
}

/* False: no memory, or a value that is too long to send whole. */
static bool
add_header(struct curl_slist **headers, const char *name, const char *value)
{
    char line[HEADER_MAX];

    if (!value)
        return true;
    if ((size_t)snprintf(line, sizeof line, "%s: %s", name, value) >= sizeof line ||
        strpbrk(line, "\r\n"))
        return false;
    struct curl_slist *longer = curl_slist_append(*headers, line);
    *headers = longer ? longer : *headers;
    return longer;
}

static CURLcode
perform(struct fetch_client *client, const struct fetch_question *question,
        struct transfer *transfer)
{
    CURL              *curl = client->curl;
    struct curl_slist *headers = NULL;
    CURLcode           code = CURLE_OUT_OF_MEMORY;

    curl_easy_reset(curl);                        /* connections are kept */
    set_limits(client, question);
    curl_easy_setopt(curl, CURLOPT_URL, question->url);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, is_stopped);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    if (question->body) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)question->body_count);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, question->body);
    }
    if (add_header(&headers, "Authorization", question->authorization) &&
        add_header(&headers, "If-None-Match", question->if_none_match) &&
        add_header(&headers, "Content-Type", question->body ? question->media_type : NULL)) {
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        code = curl_easy_perform(curl);
    }
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    return code;
}

static const char *
why_of(const struct fetch_client *client, const struct transfer *transfer, CURLcode code)
{
    if (transfer->is_stopped)
        return "it was not waited for: the program is to end";
    if (transfer->body.is_full)
        return "the answer is longer than it may be";
    if (transfer->head_bytes > FETCH_HEAD_BYTES_MAX)
        return "the answer's headers are longer than they may be";
    return *client->why ? client->why : curl_easy_strerror(code);
}

struct fetch_client *
fetch_open(const struct fetch_settings *settings)
{
    struct fetch_client *client = calloc(1, sizeof *client);

    if (!client)
        return NULL;
    client->settings = *settings;
    client->curl = curl_easy_init();
    if (client->curl)
        return client;
    free(client);
    return NULL;
}

void
fetch_close(struct fetch_client *client)
{
    curl_easy_cleanup(client->curl);
    free(client);
}

bool
fetch(struct fetch_client *client, const struct fetch_question *question, struct arena *arena,
      struct fetch_answer *out)
{
    struct transfer transfer = { .client = client, .answer = out };
    char            host[HOST_MAX];
    long            status = 0;

    assert(question->wait_ms > 0);
    memset(out, 0, sizeof *out);
    *client->why = '\0';
    if (!read_host(question->url, host))
        return refuse(out, host, "it is none, or has a user or a fragment");
    text_open(&transfer.body, arena, BODY_ROOM, question->answer_bytes_max + 1);
    CURLcode code = perform(client, question, &transfer);
    text_add(&transfer.body, "", 1);              /* its NUL, which is no part of it */
    if (code != CURLE_OK || transfer.body.is_full)
        return refuse(out, host, why_of(client, &transfer, code));
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    out->status = (int)status;
    out->body = transfer.body.bytes;
    out->count = transfer.body.count - 1;
    return true;
}
