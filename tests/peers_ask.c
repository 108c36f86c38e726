/* A peer's case as a request: its members, the document, the bytes put through the service, the
 * answer's figures. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "handlers/answers.h"
#include "record/json.h"
#include "risk/preview.h"
#include "risk/question.h"
#include "tests/peers.h"

enum {
    REQUEST_ARENA_BYTES = 64 << 20,
    ANSWER_ROOM = 4096,
    ANSWER_MAX = 8 << 20,
    RULES_MAX = 4096,
    PATH_MAX_BYTES = 128
};

#define NOW_US INT64_C(1767225600000000) /* 2026-01-01, if a case names no time */

const char plain_rules[] = "{'trigger': {'rule': 'below'}, 'close': {'rule': 'full'},"
                           " 'dust': {'rule': 'none'}, 'penalty': {'rule': 'fixed'}}";

struct peer *
peer_open(const char *what, const json_t *input)
{
    struct peer *peer = calloc(1, sizeof *peer);
    if (!peer)
        abort();
    peer->what = what;
    peer->input = input;
    peer->now_us = NOW_US;
    peer->given = json_object();
    return peer;
}

void
peer_close(struct peer *peer)
{
    for (size_t i = 0; i < peer->numbers_count; i++)
        mpq_clear(peer->numbers[i]);
    json_decref(peer->request);
    json_decref(peer->answer);
    json_decref(peer->given);
    free(peer);
}

void
peer_skip(struct peer *peer, const char *reason)
{
    snprintf(peer->skipped, sizeof peer->skipped, "%s", reason);
}

/* The first fault is the one that says why. */
void
peer_fail(struct peer *peer, const char *format, ...)
{
    if (peer->fault[0])
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(peer->fault, sizeof peer->fault, format, arguments);
    va_end(arguments);
}

bool
vector_has(const json_t *object, const char *member)
{
    const json_t *value = json_object_get(object, member);
    return value && !json_is_null(value);
}

const char *
vector_text(struct peer *peer, const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    if (!text)
        peer_fail(peer, "the vector has no text \"%s\"", member);
    return text ? text : "";
}

mpq_srcptr
vector_number(struct peer *peer, const json_t *object, const char *member)
{
    const json_t *value = json_object_get(object, member);
    if (json_is_string(value))
        return ratio_of(peer, json_string_value(value));
    char text[32] = "0";
    if (json_is_integer(value))
        snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
    else
        peer_fail(peer, "the vector has no number \"%s\"", member);
    return ratio_of(peer, text);
}

mpq_srcptr
vector_over(struct peer *peer, const json_t *object, const char *member, mpq_srcptr scale)
{
    return quotient_of(peer, vector_number(peer, object, member), scale);
}

mpq_srcptr
vector_scaled(struct peer *peer, const json_t *object, const char *member, long decimals)
{
    return vector_over(peer, object, member, power_of_ten(peer, decimals));
}

mpq_srcptr
vector_or(struct peer *peer, const json_t *object, const char *member, const char *otherwise)
{
    return vector_has(object, member) ? vector_number(peer, object, member)
                                      : ratio_of(peer, otherwise);
}

struct leg_name
leg_name(const char *prefix, size_t i)
{
    struct leg_name name;
    snprintf(name.text, sizeof name.text, "%s%zu", prefix, i);
    return name;
}

/* The rules are read anew each time, so that a second request of a case begins from nothing. */
void
request_begin(struct peer *peer, const char *rules)
{
    char text[RULES_MAX];
    json_error_t error;
    snprintf(text, sizeof text, "%s", rules);
    for (char *at = text; *at; at++)
        if (*at == '\'')
            *at = '"';
    json_decref(peer->request);
    peer->request = json_object();
    json_t *parameters = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!parameters)
        peer_fail(peer, "the rules are not JSON at byte %d: %.100s", error.position, error.text);
    json_object_set_new(peer->request, "parameters", parameters ? parameters : json_object());
    put_object(document_group(peer, ""), "assets");
    put_object(peer->request, "account");
    put_object(put_object(peer->request, "state"), "prices");
    put_text(peer->request, "at", "mark");
}

json_t *
document_group(struct peer *peer, const char *name)
{
    json_t *parameters = json_object_get(peer->request, "parameters");
    if (!*name)
        return parameters;
    json_t *found = json_object_get(parameters, name);
    return found ? found : put_object(parameters, name);
}

json_t *
document_asset(struct peer *peer, const char *name)
{
    return json_object_get(document_group(peer, "assets"), name);
}

json_t *
document_add_asset(struct peer *peer, const char *name, mpq_srcptr scale, mpq_srcptr price)
{
    json_t *asset = put_object(document_group(peer, "assets"), name);
    put_number(asset, "unit",
               quotient_of(peer, ratio_of(peer, "1"),
                           smaller_of(scale, power_of_ten(peer, DECIMAL_PLACES))));
    put_number(json_object_get(json_object_get(peer->request, "state"), "prices"), name, price);
    return asset;
}

static json_t *
add_leg(struct peer *peer, const char *list, const char *name, mpq_srcptr quantity)
{
    json_t *account = json_object_get(peer->request, "account");
    json_t *leg = json_object();
    if (!json_object_get(account, list))
        json_object_set_new(account, list, json_array());
    put_text(leg, "asset", name);
    put_number(leg, "quantity", quantity);
    json_array_append_new(json_object_get(account, list), leg);
    return leg;
}

void
account_add_collateral(struct peer *peer, const char *name, mpq_srcptr quantity)
{
    add_leg(peer, "collateral", name, quantity);
}

void
account_add_debt(struct peer *peer, const char *name, mpq_srcptr quantity)
{
    add_leg(peer, "debt", name, quantity);
}

void
account_add_perp(struct peer *peer, const char *name, mpq_srcptr quantity, mpq_srcptr entry_price)
{
    put_number(add_leg(peer, "perps", name, quantity), "entry_price", entry_price);
}

/* The row of a list that is of this asset, and goes this way where that is asked. */
static const json_t *
row_of(const json_t *list, const char *asset, const char *direction)
{
    size_t i;
    const json_t *row;
    json_array_foreach(list, i, row) {
        const char *name = json_string_value(json_object_get(row, "asset"));
        const char *way = json_string_value(json_object_get(row, "direction"));
        if (name && !strcmp(name, asset) && (!direction || (way && !strcmp(way, direction))))
            return row;
    }
    return NULL;
}

mpq_srcptr
account_quantity(struct peer *peer, const char *list, const char *name)
{
    const json_t *row =
        row_of(json_object_get(json_object_get(peer->request, "account"), list), name, NULL);
    return row ? vector_number(peer, row, "quantity") : ratio_of(peer, "0");
}

void
account_set_cash(struct peer *peer, mpq_srcptr cash)
{
    put_number(json_object_get(peer->request, "account"), "cash", cash);
}

json_t *
request_wish(struct peer *peer)
{
    json_t *found = json_object_get(peer->request, "liquidator");
    return found ? found : put_object(peer->request, "liquidator");
}

/* value = units * 1e-18, the units rounded. A text longer than a decimal is one that the service
 * must refuse. */
static void
put_rounded(json_t *object, const char *member, mpq_srcptr value, enum rounding rounding)
{
    mpz_t units;
    mpz_t fraction;
    mpz_init(units);
    mpz_init(fraction);
    mpz_ui_pow_ui(fraction, 10, DECIMAL_PLACES);
    mpz_mul(units, mpq_numref(value), fraction);
    if (rounding == ROUND_UP)
        mpz_cdiv_q(units, units, mpq_denref(value));
    else
        mpz_fdiv_q(units, units, mpq_denref(value));
    bool is_negative = mpz_sgn(units) < 0;
    mpz_abs(units, units);
    mpz_tdiv_qr(units, fraction, units, fraction);
    char *text = NULL;
    int count = gmp_asprintf(&text, "%s%Zd.%018Zd", is_negative ? "-" : "", units, fraction);
    while (count > 0 && text[count - 1] == '0')
        text[--count] = 0;
    if (count > 0 && text[count - 1] == '.')
        text[--count] = 0;
    put_text(object, member, !strcmp(text, "-0") ? "0" : text);
    free(text);
    mpz_clears(units, fraction, NULL);
}

void
put_number(json_t *object, const char *member, mpq_srcptr value)
{
    put_rounded(object, member, value, ROUND_DOWN);
}

void
put_number_up(json_t *object, const char *member, mpq_srcptr value)
{
    put_rounded(object, member, value, ROUND_UP);
}

void
put_text(json_t *object, const char *member, const char *text)
{
    json_object_set_new(object, member, json_string(text));
}

void
put_integer(json_t *object, const char *member, long value)
{
    json_object_set_new(object, member, json_integer(value));
}

json_t *
put_object(json_t *object, const char *member)
{
    json_t *made = json_object();
    json_object_set_new(object, member, made);
    return made;
}

static bool
refuse(struct peer *peer, const struct faults *faults, const char *otherwise)
{
    const struct fault *fault = &faults->items[0];
    snprintf(peer->refusal, sizeof peer->refusal, "%s", faults->count ? fault->code : otherwise);
    if (faults->count)
        snprintf(peer->refused, sizeof peer->refused, "%s at %.80s: %.80s", peer->refusal,
                 fault->pointer, fault->detail);
    else
        snprintf(peer->refused, sizeof peer->refused, "%s", peer->refusal);
    return false;
}

static const char *
status_code(enum risk_status status)
{
    switch (status) {
    case RISK_OK: return "ok";
    case RISK_MEANINGLESS: return "meaningless";
    case RISK_OVERFLOW: return "overflow";
    case RISK_REFUSED: return "refused";
    }
    return "no such status";
}

static bool
compute(struct peer *peer, struct question *question, struct faults *faults, struct arena *arena)
{
    struct faults warnings;
    struct figures_room *room = arena_alloc(arena, 1, sizeof *room);
    struct answer *answer = arena_alloc(arena, 1, sizeof *answer);
    struct text out;
    faults_open(&warnings, FAULTS_MAX);
    if (!room || !answer)
        return refuse(peer, faults, "out_of_memory");
    if (!parameters_accept(question->parameters, faults, &warnings) ||
        !state_accept(question->state, "/state", faults))
        return refuse(peer, faults, "not accepted");
    enum risk_status status = preview_compute(question->parameters, question, peer->now_us,
                                              preview_kind.parts, room, &answer->figures, faults);
    if (status)
        return refuse(peer, faults, status_code(status));
    text_open(&out, arena, ANSWER_ROOM, ANSWER_MAX);
    json_write(preview_kind.figures, answer, JSON_CANONICAL, &out);
    peer->answer =
        out.is_full ? NULL : json_loadb(out.bytes, out.count, JSON_REJECT_DUPLICATES, NULL);
    return peer->answer ? true : refuse(peer, faults, "the answer is not JSON");
}

bool
peer_ask(struct peer *peer)
{
    struct arena arena;
    struct faults faults;
    struct question question;
    char *bytes = json_dumps(peer->request, JSON_COMPACT);
    arena_open(&arena, REQUEST_ARENA_BYTES);
    faults_open(&faults, FAULTS_MAX);
    json_decref(peer->answer);
    peer->answer = NULL;
    peer->refusal[0] = 0;
    bool is_answered = json_read(&question_record, bytes, strlen(bytes), &arena, &question, &faults)
                           ? compute(peer, &question, &faults, &arena)
                           : refuse(peer, &faults, "not read");
    arena_close(&arena);
    free(bytes);
    return is_answered;
}

const json_t *
document_keep(struct peer *peer, const char *document)
{
    struct arena arena;
    struct faults faults;
    struct faults warnings;
    struct parameters parameters;
    struct text out;
    arena_open(&arena, REQUEST_ARENA_BYTES);
    faults_open(&faults, FAULTS_MAX);
    faults_open(&warnings, FAULTS_MAX);
    text_open(&out, &arena, ANSWER_ROOM, ANSWER_MAX);
    json_decref(peer->answer);
    peer->answer = NULL;
    if (json_read(&parameters_record, document, strlen(document), &arena, &parameters, &faults) &&
        parameters_accept(&parameters, &faults, &warnings)) {
        json_write(&parameters_record, &parameters, JSON_CANONICAL, &out);
        peer->answer = json_loadb(out.bytes, out.count, JSON_REJECT_DUPLICATES, NULL);
    } else {
        refuse(peer, &faults, "not accepted");
    }
    arena_close(&arena);
    return peer->answer;
}

/* NULL: there is no such member. */
static const json_t *
at_path(const json_t *from, const char *path)
{
    char name[PATH_MAX_BYTES];
    while (from && *path) {
        size_t count = strcspn(path, "/");
        snprintf(name, sizeof name, "%.*s", (int)count, path);
        from = json_object_get(from, name);
        path += count + (path[count] == '/');
    }
    return from;
}

mpq_srcptr
answer_figure_or(struct peer *peer, const char *path, mpq_srcptr otherwise)
{
    const json_t *value = at_path(peer->answer, path);
    if (!peer->answer)
        peer_fail(peer, "refused: %s", peer->refused);
    else if (json_is_string(value))
        return ratio_of(peer, json_string_value(value));
    return otherwise;
}

mpq_srcptr
answer_figure(struct peer *peer, const char *path)
{
    mpq_srcptr found = answer_figure_or(peer, path, NULL);
    if (!found)
        peer_fail(peer, "the answer has no %s", path);
    return found ? found : ratio_of(peer, "0");
}

bool
answer_is_status(struct peer *peer, const char *status)
{
    const char *found = json_string_value(at_path(peer->answer, "health/status"));
    if (!found)
        peer_fail(peer, "refused: %s", peer->refused);
    return found && !strcmp(found, status);
}

bool
answer_is_flagged(struct peer *peer, const char *path)
{
    const json_t *value = at_path(peer->answer, path);
    if (!json_is_boolean(value))
        peer_fail(peer, "%s%s", peer->answer ? "the answer has no " : "refused: ",
                  peer->answer ? path : peer->refused);
    return json_is_true(value);
}

mpq_srcptr
answer_amount(struct peer *peer, const char *path, const char *asset)
{
    const json_t *list = at_path(peer->answer, path);
    const json_t *row = row_of(list, asset, NULL);
    if (!json_is_array(list))
        peer_fail(peer, "%s%s", peer->answer ? "the answer has no list " : "refused: ",
                  peer->answer ? path : peer->refused);
    return row ? ratio_of(peer, json_string_value(json_object_get(row, "quantity")))
               : ratio_of(peer, "0");
}

mpq_srcptr
answer_price(struct peer *peer, const char *asset, const char *direction, const char *member)
{
    if (!peer->answer)
        peer_fail(peer, "refused: %s", peer->refused);
    const json_t *row =
        row_of(json_object_get(peer->answer, "liquidation_prices"), asset, direction);
    const char *text =
        vector_has(row, "price") ? json_string_value(json_object_get(row, member)) : NULL;
    return text ? ratio_of(peer, text) : NULL;
}

const char *
answer_refusal(const struct peer *peer, const char *code, const char *theirs)
{
    return strcmp(peer->refusal, code) ? peer->refused : theirs;
}

void
give_number(struct peer *peer, const char *name, mpq_srcptr value)
{
    char *text = mpq_get_str(NULL, 10, value);
    put_text(peer->given, name, text);
    free(text);
}

void
give_units(struct peer *peer, const char *name, mpq_srcptr value, mpq_srcptr scale)
{
    give_number(peer, name, floor_of(peer, product_of(peer, value, scale)));
}

void
give_flag(struct peer *peer, const char *name, bool value)
{
    json_object_set_new(peer->given, name, json_boolean(value));
}

void
give_text(struct peer *peer, const char *name, const char *text)
{
    put_text(peer->given, name, text);
}

void
give_either(struct peer *peer, const char *name, const char *text, const char *other)
{
    json_object_set_new(peer->given, name, json_pack("[s, s]", text, other));
}

void
give_none(struct peer *peer, const char *name)
{
    json_object_set_new(peer->given, name, json_null());
}

void
give_list(struct peer *peer, const char *name, const json_t *rows, const char *member)
{
    size_t i;
    const json_t *row;
    json_t *list = json_array();
    json_array_foreach(rows, i, row)
        json_array_append(list, json_object_get(row, member));
    json_object_set_new(peer->given, name, list);
}
