/* Opens and checks what the tests of db/ share. */
#include "tests/opened.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "audit/draft.h"
#include "db/integrate.h"
#include "db/log_check.h"

void
opened_fresh(struct opened *opened)
{
    char why[DATABASE_WHY_MAX] = "";

    postgres_fresh(opened->url);
    struct database_settings settings = { .url = opened->url };
    opened->database = database_open(&settings, why);
    ck_assert_msg(opened->database != NULL, "%s", why);
    ck_assert_msg(connection_open(&opened->connection, opened->database), "%s", opened->connection.why);
}

void
opened_close(struct opened *opened)
{
    connection_close(&opened->connection);
    database_close(opened->database);
}

const uint8_t opened_seed[KEY_BYTES] = { 7, 3, 1 };

void
opened_log(struct opened *opened, const char *origin, struct signer *signer,
           struct integrator *integrator)
{
    opened_fresh(opened);
    *signer     = signer_of(KEY_NOTE, origin, opened_seed);
    *integrator = (struct integrator){ .origin = origin, .signers = signer, .signers_count = 1,
                                       .is_publishing = true };
    ck_assert_int_eq(head_open(&opened->connection, origin), OUTCOME_OK);
}

struct checked { char inst[INST_TEXT_MAX]; int64_t iseq, decisions; char prev[DIGEST_TEXT_MAX]; };

enum { ROW_INST, ROW_ISEQ, ROW_KIND, ROW_SALT, ROW_ENTRY, ROW_RECORD };

static void
assert_says(const char *record, const char *member)
{
    ck_assert_msg(strstr(record, member) != NULL, "no %s in %s", member, record);
}

static void
check_row(const char *const *values, void *context)
{
    struct checked *checked = context;
    struct digest   salt;
    char            member[DIGEST_TEXT_MAX + 64], commitment[DIGEST_TEXT_MAX];

    if (strcmp(checked->inst, values[ROW_INST]) != 0) {
        snprintf(checked->inst, sizeof checked->inst, "%s", values[ROW_INST]);
        checked->iseq = 0;
        memset(checked->prev, '0', sizeof checked->prev - 1);
        ck_assert_str_eq(values[ROW_KIND], "open");
    }
    ck_assert_int_eq(strtoll(values[ROW_ISEQ], NULL, 10), checked->iseq);
    ck_assert(digest_parse(values[ROW_SALT], &salt));
    struct sealed sealed = sealed_of(&salt, values[ROW_RECORD], strlen(values[ROW_RECORD]));
    digest_format(&sealed.commitment, commitment);
    ck_assert_str_eq(values[ROW_ENTRY] + 2, commitment);
    ck_assert_mem_eq(values[ROW_ENTRY], "01", 2);
    snprintf(member, sizeof member, "\"prev\":\"%s\"", checked->prev);
    assert_says(values[ROW_RECORD], member);
    snprintf(member, sizeof member, "\"iseq\":%" PRId64 ",", checked->iseq);
    assert_says(values[ROW_RECORD], member);
    snprintf(member, sizeof member, "\"kind\":\"%s\"", values[ROW_KIND]);
    assert_says(values[ROW_RECORD], member);
    snprintf(member, sizeof member, "\"inst\":\"%s\"", checked->inst);
    assert_says(values[ROW_RECORD], member);
    memcpy(checked->prev, commitment, sizeof commitment);
    checked->iseq++;
    checked->decisions += !strcmp(values[ROW_KIND], "decision");
}

/* What waits is integrated, with a key of the test's own, unless a service has signed the log before. */
static void
integrate_rest(struct connection *connection, const struct signer *signer)
{
    struct integrator integrator = { .origin = signer->key.name, .signers = signer, .signers_count = 1,
                                       .is_publishing = true };
    enum integration  result;

    ck_assert_int_eq(head_open(connection, signer->key.name), OUTCOME_OK);
    while ((result = integrate(connection, &integrator, 4096)) == INTEGRATED)
        continue;
    ck_assert_msg(result == INTEGRATION_IDLE, "%d: %s", result, integrator.why);
}

/* Entries, leaves, tiles, roots, records, search rows: each of them once, and as the others say. */
static void
check_tree(const char *url)
{
    static const uint8_t      seed[KEY_BYTES] = { 9 };
    struct signer             signer = signer_of(KEY_NOTE, "breakwater.test/checked", seed);
    struct log_check_settings settings = { .key = &signer.key };
    struct database_settings  where = { .url = url };
    struct connection         connection;
    char                      why[DATABASE_WHY_MAX] = "";
    int64_t                   size;

    if (postgres_number(url, "SELECT count(*) FROM audit.head WHERE origin <> 'breakwater.test/checked'"))
        return;
    struct database *database = database_open(&where, why);
    ck_assert_msg(database != NULL, "%s", why);
    ck_assert_msg(connection_open(&connection, database), "%s", connection.why);
    integrate_rest(&connection, &signer);
    ck_assert_msg(log_check_all(&connection, &settings, &size, why) == LOG_CHECK_GOOD, "%s", why);
    ck_assert_int_eq(size, postgres_number(url, "SELECT (SELECT count(*) FROM audit.body)"
                                                " + (SELECT count(*) FROM audit.event)"));
    connection_close(&connection);
    database_close(database);
}

int64_t
log_check(const char *url)
{
    struct checked checked = { .inst = "" };

    postgres_rows(url, "SELECT inst, iseq, kind, encode(salt, 'hex'), encode(entry, 'hex'), convert_from(record, 'UTF8')"
                       " FROM (SELECT inst, iseq, 'decision' AS kind, salt, record FROM audit.body"
                       "       UNION ALL SELECT inst, iseq, kind, salt, record FROM audit.event) AS rows"
                       " JOIN (SELECT inst, iseq, entry FROM audit.queued UNION ALL"
                       "       SELECT inst, iseq, substr(data, (idx % 256)::integer * 35 + 3, 33) FROM audit.leaf"
                       "       JOIN audit.bundle ON n = idx / 256) AS entries"
                       " USING (inst, iseq) ORDER BY inst, iseq", check_row, &checked);
    ck_assert_int_eq(postgres_number(url, "SELECT (SELECT count(*) FROM audit.body) + (SELECT count(*) FROM audit.event)"
                                          " - (SELECT count(*) FROM audit.queued) - (SELECT count(*) FROM audit.leaf)"), 0);
    check_tree(url);
    return checked.decisions;
}
