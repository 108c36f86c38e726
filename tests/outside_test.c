/* A live service's log from outside: while it grows, and after another hand touched the tables. */
#include "tests/outside.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>

#include "db/log_check.h"
#include "db/log_keys.h"
#include "record/record.h"
#include "tests/api.h"
#include "tests/suite.h"

enum { LOADERS = 2, LOAD = 150 };

static int64_t
number(const char *sql)
{
    return postgres_number(api_running()->url, sql);
}

/* Until what was decided is in the published log. */
static void
settle_log(void)
{
    api_await_log(number("SELECT (SELECT count(*) FROM audit.body)"
                         " + (SELECT count(*) FROM audit.event)"));
}

START_TEST(log_verifies_while_it_grows)
{
    char  said[OUTSIDE_SAID_MAX];
    pid_t pids[LOADERS];

    for (int i = 0; i < LOADERS; i++) {
        pids[i] = fork();
        if (!pids[i]) {
            outside_decide(LOAD);
            _exit(0);
        }
    }
    for (int i = 0; i < 3; i++)
        ck_assert_msg(outside_program(api_running(), "verify", "--full --quiet", said) == 0 ||
                      strstr(said, "log/checkpoint: the answer is 404"), "%s", said);
    for (int i = 0; i < LOADERS; i++) {
        int status;
        ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
        ck_assert_int_eq(status, 0);
    }
    settle_log();
    outside_check(api_running());
    ck_assert_int_ge(number("SELECT size FROM audit.head"), LOADERS * LOAD);
}
END_TEST

/* Only what is new is walked; then a smaller log, and another one, are told from the state. */
START_TEST(state_is_an_anchor)
{
    char said[OUTSIDE_SAID_MAX], arguments[256], path[200];
    int64_t size;

    settle_log();
    snprintf(path, sizeof path, "%s/state", api_running()->state);
    snprintf(arguments, sizeof arguments, "--quiet --state %s", path);
    ck_assert_msg(outside_program(api_running(), "verify", arguments, said) == 0, "%s", said);
    size = number("SELECT size FROM audit.head");
    outside_decide(3);
    settle_log();
    ck_assert_msg(outside_program(api_running(), "verify", arguments, said) == 0, "%s", said);
    char wanted[80];
    snprintf(wanted, sizeof wanted, "checked: 3 entries from entry %" PRId64 " on", size);
    ck_assert_msg(strstr(said, wanted), "no \"%s\" in %s", wanted, said);
    unlink(path);
}
END_TEST

START_TEST(monitor_looks_once)
{
    char said[OUTSIDE_SAID_MAX], arguments[256], path[200];

    settle_log();
    snprintf(path, sizeof path, "%s/watched", api_running()->state);
    snprintf(arguments, sizeof arguments, "--once --state %s", path);
    ck_assert_msg(outside_program(api_running(), "monitor", arguments, said) == 0, "%s", said);
    ck_assert_msg(strstr(said, " new\n"), "%s", said);
    ck_assert_msg(outside_program(api_running(), "monitor", arguments, said) == 0, "%s", said);
    ck_assert_msg(strstr(said, ", 0 new\n"), "%s", said);
    unlink(path);
}
END_TEST

/* A file with one line, which a test made. */
static void
write_file(const char *name, const char *line, char path[static 200])
{
    snprintf(path, 200, "%s/%s", api_running()->state, name);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fprintf(file, "%s", line);
    fclose(file);
}

/* The log's own key signs checkpoints that this log never had: what a state file says of a fork. */
static const struct { const char *name; int64_t more; bool is_monitor; const char *expect; } states[] = {
    { "a larger log", 1000, false, "breakwater: rolled_back: " },
    { "a larger log", 1000, true, "breakwater: rolled_back: " },
    { "the same size, another root", 0, false, "breakwater: forked: " },
    { "the same size, another root", 0, true, "breakwater: forked: " },
    { "a smaller log, another root", -2, false, "breakwater: inconsistent: " },
    { "a smaller log, another root", -2, true, "breakwater: inconsistent: " },
};

START_TEST(log_that_is_not_the_kept_one_is_refused)
{
    struct log_keys   keys;
    struct checkpoint kept = { .origin = LOG_ORIGIN };
    struct arena      arena;
    struct text       note;
    char              why[DATABASE_WHY_MAX], key_path[216], path[200], arguments[300];
    char              said[OUTSIDE_SAID_MAX];

    settle_log();
    snprintf(key_path, sizeof key_path, "%s/log.key", api_running()->state);
    ck_assert_msg(log_keys_open(key_path, LOG_ORIGIN, false, &keys, why), "%s", why);
    kept.size = number("SELECT size FROM audit.head") + states[_i].more;
    arena_open(&arena, 1 << 16);
    text_open(&note, &arena, 1024, 4096);
    checkpoint_sign(&kept, &keys.log, 1, &note);
    text_add(&note, "", 1);
    write_file("other-state", note.bytes, path);
    arena_close(&arena);
    snprintf(arguments, sizeof arguments, "--quiet %s --state %s",
             states[_i].is_monitor ? "--once" : "--full", path);
    const char *command = states[_i].is_monitor ? "monitor" : "verify";
    ck_assert_int_eq(outside_program(api_running(), command, arguments, said), 1);
    printf("%s: %s: %s\n", command, states[_i].name, states[_i].expect);
    ck_assert_msg(strstr(said, states[_i].expect), "%s", said);
    if (states[_i].is_monitor) {
        snprintf(key_path, sizeof key_path, "%s.evidence", path);
        ck_assert_int_eq(unlink(key_path), 0);
    }
    unlink(path);
}
END_TEST

/* Keys that are not the log's, as the file of --key. */
static const struct { const char *name, *line, *expect; } keys[] = {
    { "another log's", "log.example/audit+86617d36+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
      "breakwater: checkpoint: the checkpoint is not good (no signature of this key)" },
    { "of another ID", "log.example/audit+86617d37+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
      "the key ID is not that of the key" },
    { "a witness's", "witness.example/w1+4af89f3c+BJPbny7g9+OelC+1lEEZC/ILnEPPzIoFGhUkmc85K3o3",
      "it is a witness's key" },
    { "none", "nonsense", "it is not in its form" },
};

START_TEST(other_keys_are_refused)
{
    const char *program = getenv("BREAKWATER_PROGRAM");
    char        path[200], line[600], said[OUTSIDE_SAID_MAX] = "";

    settle_log();
    write_file("other.pub", keys[_i].line, path);
    snprintf(line, sizeof line, "%s verify http://127.0.0.1:%u --key %s 2>&1",
             program ? program : "build/breakwater", api_port(), path);
    FILE *pipe = popen(line, "r");
    ck_assert_ptr_nonnull(pipe);
    said[fread(said, 1, sizeof said - 1, pipe)] = '\0';
    ck_assert_int_eq(WEXITSTATUS(pclose(pipe)), 1);
    ck_assert_msg(strstr(said, keys[_i].expect), "%s: %s", keys[_i].name, said);
    unlink(path);
}
END_TEST

/* Nothing, or what happens to a file of a mirror. */
static const struct { const char *name, *command, *expect; } mirrors[] = {
    { "good", "true", "checked: " },
    { "tile cut off", "for f in log/tile/0/*/*; do truncate -s -32 $f; done",
      "breakwater: tile_length: " },
    { "bundle cut off", "for f in log/tile/entries/*/*; do truncate -s -1 $f; done",
      "breakwater: bundle_length: " },
    { "bundle gone", "rm -r log/tile/entries", "breakwater: unreadable: " },
    { "records out of order", "sed -i '1h;1d;2G' log/records", "breakwater: entry 0: record_order: " },
    { "record gone", "sed -i 5d log/records", "breakwater: entry 4: record_order: " },
    { "records cut off", "sed -i '5,$d' log/records", "breakwater: entry 4: record_missing: " },
    { "another size", "sed -i '2s/^/1/' log/checkpoint", "breakwater: checkpoint: " },
    { "another signature", "sed -i '$s/.....$/AAA=/' log/checkpoint", "breakwater: checkpoint: " },
    { "cosignature of nobody", "printf '\342\200\224 w AAAAAAAA\n' >> log/checkpoint", "checked: " },
    { "no checkpoint", "rm log/checkpoint", "breakwater: unreadable: " },
};

START_TEST(mirror_is_verified_as_the_log)
{
    const char *program = getenv("BREAKWATER_PROGRAM");
    char        line[1200], said[OUTSIDE_SAID_MAX] = "", folder[200];

    settle_log();
    ck_assert_int_eq(outside_program(api_running(), "verify", "--quiet", said), 0);  /* the token */
    snprintf(folder, sizeof folder, "%s/mirror-%d", api_running()->state, _i);
    snprintf(line, sizeof line, "python3 tests/outside/verify.py http://127.0.0.1:%u %s/log.key.pub"
             " --token-file %s/token --mirror %s && (cd %s && %s)", api_port(),
             api_running()->state, api_running()->state, folder, folder, mirrors[_i].command);
    ck_assert_int_eq(system(line), 0);
    snprintf(line, sizeof line, "%s verify %s --key %s/log.key.pub --quiet 2>&1",
             program ? program : "build/breakwater", folder, api_running()->state);
    FILE *pipe = popen(line, "r");
    ck_assert_ptr_nonnull(pipe);
    said[fread(said, 1, sizeof said - 1, pipe)] = '\0';
    int status = pclose(pipe);
    ck_assert_msg(strstr(said, mirrors[_i].expect) && (status == 0) == (*mirrors[_i].expect == 'c'),
                  "%s: %s", mirrors[_i].name, said);
}
END_TEST

/* Whoever owns the database writes another figure, and a commitment to match: the tree is right and the
 * record is good, but the rules do not give it. */
static const char forge[] =
    "CREATE FUNCTION forge() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN"
    " NEW.record := convert_to(regexp_replace(convert_from(NEW.record, 'UTF8'),"
    "  '\"status\":\"[a-z_]*\"', '\"status\":\"forged\"'), 'UTF8'); RETURN NEW; END $$;"
    "CREATE TRIGGER forge BEFORE INSERT ON audit.body FOR EACH ROW EXECUTE FUNCTION forge();"
    "CREATE FUNCTION match() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN"
    " UPDATE audit.pending p SET terms = NULL, entry = '\\x01'::bytea || sha256(convert_to(E'audit-commit/v1\\n',"
    "  'UTF8') || b.salt || b.record) FROM audit.body b WHERE (b.inst, b.iseq) = (p.inst, p.iseq);"
    " RETURN NULL; END $$;"
    "CREATE CONSTRAINT TRIGGER match AFTER INSERT ON audit.pending DEFERRABLE INITIALLY DEFERRED"
    " FOR EACH ROW EXECUTE FUNCTION match()";

START_TEST(decision_that_the_rules_do_not_give_is_found)
{
    char said[OUTSIDE_SAID_MAX], wanted[80];

    outside_decide(3);
    postgres_run(api_running()->url, forge);
    outside_decide(1);
    settle_log();
    int64_t last = number("SELECT max(idx) FROM audit.leaf WHERE day IS NOT NULL");
    snprintf(wanted, sizeof wanted, "breakwater: entry %" PRId64 ": replay_differs: ", last);
    ck_assert_msg(outside_program(api_running(), "verify", "--full --quiet", said) == 1, "%s", said);
    ck_assert_msg(strstr(said, wanted), "%s, not %s", said, wanted);
    ck_assert_msg(outside_program(api_running(), "verify", "--no-replay --quiet", said) == 0, "%s",
                  said);
}
END_TEST

Suite *
outside_suite(void)
{
    Suite *suite = suite_create("outside");
    TCase *live = tcase_create("live");

    tcase_add_unchecked_fixture(live, api_open, api_close);
    tcase_set_timeout(live, 60);
    tcase_add_test(live, log_verifies_while_it_grows);
    tcase_add_test(live, state_is_an_anchor);
    tcase_add_test(live, monitor_looks_once);
    tcase_add_loop_test(live, log_that_is_not_the_kept_one_is_refused, 0, COUNT_OF(states));
    tcase_add_loop_test(live, other_keys_are_refused, 0, COUNT_OF(keys));
    tcase_add_loop_test(live, mirror_is_verified_as_the_log, 0, COUNT_OF(mirrors));
    suite_add_tcase(suite, live);
    TCase *forged = tcase_create("forged");
    tcase_add_unchecked_fixture(forged, api_open, api_close);
    tcase_set_timeout(forged, 60);
    tcase_add_test(forged, decision_that_the_rules_do_not_give_is_found);
    suite_add_tcase(suite, forged);
    return suite;
}
