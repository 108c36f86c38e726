/* Opens and checks what the tests of db/ share. */
#include "tests/opened.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "audit/draft.h"

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

int64_t
log_check(const char *url)
{
    struct checked checked = { .inst = "" };

    postgres_rows(url, "SELECT inst, iseq, kind, encode(salt, 'hex'), encode(entry, 'hex'), convert_from(record, 'UTF8')"
                       " FROM (SELECT inst, iseq, 'decision' AS kind, salt, record FROM audit.body"
                       "       UNION ALL SELECT inst, iseq, kind, salt, record FROM audit.event) AS rows"
                       " JOIN audit.pending USING (inst, iseq) ORDER BY inst, iseq", check_row, &checked);
    ck_assert_int_eq(postgres_number(url, "SELECT (SELECT count(*) FROM audit.body) + (SELECT count(*) FROM audit.event)"
                                          " - (SELECT count(*) FROM audit.pending)"), 0);
    return checked.decisions;
}
