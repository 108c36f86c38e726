/* A private PostgreSQL for the whole run of the tests, started when the first test asks
 * for it, and stopped in the end. */
#ifndef TESTS_POSTGRES_H
#define TESTS_POSTGRES_H

#include <stdbool.h>
#include <stdint.h>

enum { POSTGRES_URL_MAX = 256, POSTGRES_PATH_MAX = 96 };

/* Around the whole run: what the tests start is stopped in the end, also when the run is killed. */
void postgres_begin(void);
void postgres_end(void);

/* A fresh, empty database; the server is started where it does not
 * run. Fails the test if it cannot. */
void postgres_fresh(char url[static POSTGRES_URL_MAX]);

/* SQL on a database, beside the code that is tested. The number in the first row
 * and column; -1: null or no row. */
int64_t postgres_number(const char *url, const char *sql);
bool    postgres_answers(const char *url);
void    postgres_run(const char *url, const char *sql);
/* Calls `row` with each row's values as text; a null is "". */
void    postgres_rows(const char *url, const char *sql,
                      void (*row)(const char *const *values, void *context), void *context);

/* The server's fate, for tests of what happens then. All databases are on the one server. */
void postgres_kill(void);                 /* kill -9 of the postmaster, and all its children go */
void postgres_start(void);
void postgres_stop(void);                 /* as an operator would: fast */
void postgres_pause(bool is_paused);      /* SIGSTOP to all of its processes, and SIGCONT */

/* The directory with the server's socket, for a proxy; and one for the tests'
 * own files, removed in the end. */
void postgres_socket(char path[static POSTGRES_PATH_MAX]);
void postgres_scratch(char path[static POSTGRES_PATH_MAX]);

#endif
