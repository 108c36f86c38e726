/* Other protocols' own numbers, put through the service. A vectors file holds cases {source,
 * what, op, input, expected} in a protocol's names and units; a translation writes the parameter
 * document and the request that a user would POST for the same account, asks the service, and
 * gives its figures back under the protocol's names. No formula of a protocol stands in a
 * translation: only names, units, and the legs that a vector states by their totals alone.
 *
 * Numbers are exact rationals and live as long as the case. Whatever goes wrong on the way (a
 * member that the vector does not have, a figure that the answer does not have) is kept as the
 * case's fault, and the case fails. */
#ifndef TESTS_PEERS_H
#define TESTS_PEERS_H

#include <gmp.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PEER_NUMBERS_MAX = 8192, PEER_TEXT_MAX = 256, PEER_NAME_MAX = 64, PEER_PATH_MAX = 1024 };

struct peer {
    const char   *what;                     /* the vector's own words */
    const json_t *input;
    json_t       *request;                  /* as a user would POST it */
    int64_t       now_us;                   /* the time at which the service reads it */
    json_t       *answer;                   /* of the last request; NULL: it was refused */
    char          refusal[PEER_NAME_MAX];   /* then: the code of the first fault */
    char          refused[PEER_TEXT_MAX];   /* and a sentence: code, pointer, detail */
    json_t       *given;                    /* the service's figures under the peer's names */
    char          skipped[PEER_TEXT_MAX];   /* why the case cannot be expressed; empty: it can */
    char          fault[PEER_TEXT_MAX];     /* why it cannot be compared; empty: it can */
    size_t        numbers_count;
    mpq_t         numbers[PEER_NUMBERS_MAX];
};

struct peer *peer_open(const char *what, const json_t *input);
void         peer_close(struct peer *peer);
void         peer_skip(struct peer *peer, const char *reason);
void         peer_fail(struct peer *peer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Of a file the first row whose kind is the case's op ("x*": what it begins with), or where it
 * has no op what its `what` begins with ("": anything), translates it. Without a function the
 * case is skipped, for the reason that stands there. Ended by a row without a file. */
struct peer_translation {
    const char *file, *kind;
    void      (*translate)(struct peer *peer);
    const char *skipped;
};

extern const struct peer_translation aave_translations[], comet_translations[],
    morpho_translations[], euler_translations[], silo_translations[], gearbox_translations[],
    perps_translations[], dydx_translations[];

/* A threshold that moves over time: Euler's and Gearbox's are the same. */
void peer_ramp(struct peer *peer);

/* Numbers. */
bool       number_parse(const char *text, mpq_t out);   /* "-1.5", "2.3E-7", "24999/50", "1*8/5" */
mpq_srcptr ratio_of(struct peer *peer, const char *text);
mpq_srcptr power_of_ten(struct peer *peer, long exponent);
mpq_srcptr sum_of(struct peer *peer, mpq_srcptr a, mpq_srcptr b);
mpq_srcptr difference_of(struct peer *peer, mpq_srcptr a, mpq_srcptr b);
mpq_srcptr product_of(struct peer *peer, mpq_srcptr a, mpq_srcptr b);
mpq_srcptr quotient_of(struct peer *peer, mpq_srcptr a, mpq_srcptr b);      /* by 0: a fault */
mpq_srcptr negative_of(struct peer *peer, mpq_srcptr a);
mpq_srcptr magnitude_of(struct peer *peer, mpq_srcptr a);
mpq_srcptr floor_of(struct peer *peer, mpq_srcptr a);
mpq_srcptr ceiling_of(struct peer *peer, mpq_srcptr a);
mpq_srcptr places_up(struct peer *peer, mpq_srcptr a, long places);     /* up to so many places */
mpq_srcptr smaller_of(mpq_srcptr a, mpq_srcptr b);
mpq_srcptr larger_of(mpq_srcptr a, mpq_srcptr b);
long       digits_of(mpq_srcptr a);        /* before the point: of 0.x none, of 12.5 two */

/* How many smallest units make one of what a request speaks of, where a vector does not say:
 * powers of ten, so chosen that values fit and prices keep their digits (rules.md 7). All
 * numbers are in smallest units; `value` is the most that the quantity may have to be worth. A
 * price of the request's is unit_price * scale / value_scale. */
mpq_srcptr scale_of_value(struct peer *peer, mpq_srcptr value);
mpq_srcptr scale_of_quantity(struct peer *peer, mpq_srcptr quantity, mpq_srcptr unit_price,
                             mpq_srcptr value, mpq_srcptr value_scale);
mpq_srcptr scaled_price(struct peer *peer, mpq_srcptr unit_price, mpq_srcptr scale,
                        mpq_srcptr value_scale);

/* The vector's members. A number may stand there as a text or as a JSON integer. */
bool        vector_has(const json_t *object, const char *member);
const char *vector_text(struct peer *peer, const json_t *object, const char *member);
mpq_srcptr  vector_number(struct peer *peer, const json_t *object, const char *member);
mpq_srcptr  vector_over(struct peer *peer, const json_t *object, const char *member,
                        mpq_srcptr scale);
mpq_srcptr  vector_scaled(struct peer *peer, const json_t *object, const char *member,
                          long decimals);
mpq_srcptr  vector_or(struct peer *peer, const json_t *object, const char *member,
                      const char *otherwise);

/* The request. `rules` is the document without its assets, with ' for ". `scale` says how many
 * of the asset's smallest units make one. Numbers are rounded down to 18 places where it does
 * not say up. */
extern const char plain_rules[];

void    request_begin(struct peer *peer, const char *rules);
json_t *request_wish(struct peer *peer);                             /* the liquidator's */
json_t *document_group(struct peer *peer, const char *name);         /* "close", "dust" ... */
json_t *document_add_asset(struct peer *peer, const char *name, mpq_srcptr scale,
                           mpq_srcptr price);
json_t *document_asset(struct peer *peer, const char *name);
void    account_add_collateral(struct peer *peer, const char *name, mpq_srcptr quantity);
void    account_add_debt(struct peer *peer, const char *name, mpq_srcptr quantity);
void    account_add_perp(struct peer *peer, const char *name, mpq_srcptr quantity,
                         mpq_srcptr entry_price);
void    account_set_cash(struct peer *peer, mpq_srcptr cash);
mpq_srcptr account_quantity(struct peer *peer, const char *list, const char *name);   /* as sent */
void    put_number(json_t *object, const char *member, mpq_srcptr value);
void    put_number_up(json_t *object, const char *member, mpq_srcptr value);
void    put_text(json_t *object, const char *member, const char *text);
void    put_integer(json_t *object, const char *member, long value);
json_t *put_object(json_t *object, const char *member);

/* The legs of a list are c0, c1 ... */
struct leg_name { char text[PEER_NAME_MAX]; };

struct leg_name leg_name(const char *prefix, size_t i);

/* Asks the service, from the request's bytes to the answer's. False: refused. */
bool peer_ask(struct peer *peer);

/* A document alone, as the service keeps it once it is accepted; the answer's, do not free. NULL:
 * refused. */
const json_t *document_keep(struct peer *peer, const char *document);

/* 2^256 - 1: what some peers say where there is no bound. */
#define PEER_UNBOUNDED \
    "115792089237316195423570985008687907853269984665640564039457584007913129639935"

/* The answer. A path is "health/support"; a figure that must be there and is not is a fault, and
 * 0. */
mpq_srcptr  answer_figure(struct peer *peer, const char *path);
mpq_srcptr  answer_figure_or(struct peer *peer, const char *path, mpq_srcptr otherwise);
bool        answer_is_status(struct peer *peer, const char *status);
bool        answer_is_flagged(struct peer *peer, const char *path);

/* The quantity of this asset in a list of {asset, quantity}; 0 where it does not stand there. */
mpq_srcptr answer_amount(struct peer *peer, const char *path, const char *asset);

/* A member of a liquidation price that way ("below", "above"; NULL: either); NULL: there is
 * none. */
mpq_srcptr answer_price(struct peer *peer, const char *asset, const char *direction,
                        const char *member);

/* The peer's word for a refusal with this code; for another one the service's own. */
const char *answer_refusal(const struct peer *peer, const char *code, const char *theirs);

/* What the peer calls it. give_units counts smallest units: value * scale, rounded down. */
void give_number(struct peer *peer, const char *name, mpq_srcptr value);
void give_units(struct peer *peer, const char *name, mpq_srcptr value, mpq_srcptr scale);
void give_flag(struct peer *peer, const char *name, bool value);
void give_text(struct peer *peer, const char *name, const char *text);
void give_either(struct peer *peer, const char *name, const char *text, const char *other);
void give_none(struct peer *peer, const char *name);
void give_list(struct peer *peer, const char *name, const json_t *rows, const char *member);

/* Whether ours is the expected value, or one of the two that ours may be called. A number: within
 * one smallest unit (with decimals: of its last place), or 1e-12 of it; or within the tolerance
 * alone, if there is one: "1" or "rel 1e-6 (why)". Texts, flags and null are the same or not. */
bool peer_is_same(const json_t *expected, const json_t *ours, const char *tolerance);

/* Files. */
enum peer_outcome { PEER_PASSED, PEER_FAILED, PEER_SKIPPED };
struct peer_tally { int passed, failed, skipped; };

extern const char *const peer_files[];      /* "aave-v3" ...; ended by NULL */

/* Where the files stand: in BREAKWATER_VECTORS or its folder "peers", else beside the project.
 * False: none stands there. */
bool peer_folder(char folder[static PEER_PATH_MAX]);

/* Every case of the file. If it is loud it says the counts of each op, and what failed or was
 * skipped and why. False: there is no such file. */
bool peer_run_file(const char *folder, const char *file, bool is_loud, struct peer_tally *tally);

#endif
