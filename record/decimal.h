/* Money: a signed 128-bit integer in units of 1e-18. A struct, so that `a + b` does not compile.
 * |x| <= 2^127 - 1 units, about 1.70e20; what does not fit is reported, never wrapped. */
#ifndef RECORD_DECIMAL_H
#define RECORD_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

__extension__ typedef __int128          int128;
__extension__ typedef unsigned __int128 uint128;

struct decimal { int128 units; };

/* Toward minus infinity, toward plus infinity, to the nearest with ties toward plus infinity. */
enum rounding { ROUND_DOWN, ROUND_UP, ROUND_HALF_UP };

enum { DECIMAL_PLACES = 18, DECIMAL_TEXT_MAX = 42 };   /* sign, 21 digits, point, 18 digits, NUL */

#define DECIMAL_ONE_UNITS INT64_C(1000000000000000000)
#define DECIMAL_MAX_UNITS ((int128)(((uint128)1 << 127) - 1))

/* Initialisers, for tables and constants: whole numbers, and millionths. */
#define DECIMAL_OF(n)       { (int128)(n) * DECIMAL_ONE_UNITS }
#define DECIMAL_MICRO_OF(n) { (int128)(n) * (DECIMAL_ONE_UNITS / 1000000) }
#define DECIMAL_UNITS_OF(n) { (int128)(n) }

/* "There is no number": outside the range above, so that it cannot be mistaken for one. */
#define DECIMAL_NONE ((struct decimal){ -DECIMAL_MAX_UNITS - 1 })

extern const struct decimal decimal_zero, decimal_one, decimal_unit;   /* 0, 1, 1e-18 */

static inline bool decimal_is_none(struct decimal a) { return a.units == DECIMAL_NONE.units; }
static inline int  decimal_compare(struct decimal a, struct decimal b)
{
    return (a.units > b.units) - (a.units < b.units);
}
static inline int  decimal_sign(struct decimal a) { return (a.units > 0) - (a.units < 0); }

/* Text form: -?(0|[1-9][0-9]*)(\.[0-9]{1,18})?, exactly; "-0" reads as 0. */
enum decimal_fault { DECIMAL_GOOD, DECIMAL_MALFORMED, DECIMAL_TOO_PRECISE, DECIMAL_OVERFLOWS };

enum decimal_fault decimal_parse(const char *text, size_t bytes, struct decimal *out);

/* The shortest text of that form, NUL-ended; returns its length. `value` is a number, not none. */
size_t decimal_format(struct decimal value, char text[static DECIMAL_TEXT_MAX]);

bool decimal_add(struct decimal a, struct decimal b, struct decimal *out);
bool decimal_subtract(struct decimal a, struct decimal b, struct decimal *out);

/* The step (rules.md 0): the product of 1 to 3 factors over the product of 0 to 2 divisors, rounded
 * ONCE, to a multiple of `unit` (> 0), in the direction named; divisors may be negative.
 * Intermediates of up to 512 bits, on the stack. False: the answer does not fit, or a divisor is 0;
 * then `out` is left alone. `out` may be one of the operands. */
struct decimals { const struct decimal *items; size_t count; };
#define PRODUCT(...) ((struct decimals){ (const struct decimal[]){ __VA_ARGS__ }, \
    sizeof((const struct decimal[]){ __VA_ARGS__ }) / sizeof(struct decimal) })
#define NOTHING      ((struct decimals){ NULL, 0 })

bool decimal_step(struct decimals factors, struct decimals divisors, enum rounding rounding,
                  struct decimal unit, struct decimal *out);

/* The sign of a*b - c*d, exactly: comparing ratios without dividing. Cannot overflow. */
int decimal_compare_products(struct decimal a, struct decimal b, struct decimal c,
                             struct decimal d);

/* Sums of products, exactly, and their quotient: the lines A + B*P of rules.md 5 (36 decimals, 256
 * bits signed). Each returns false on overflow of 256 bits, and then leaves the sum alone. */
struct wide { uint64_t limbs[4]; };     /* two's complement, least limb first, in units of 1e-36 */

extern const struct wide wide_zero;
bool wide_add(struct wide *sum, struct wide addend);
bool wide_add_decimal(struct wide *sum, struct decimal addend);   /* sum += addend */
bool wide_add_product(struct wide *sum, struct decimal a, struct decimal b);   /* sum += a * b */
/* sum -= a * b */
bool wide_subtract_product(struct wide *sum, struct decimal a, struct decimal b);
int  wide_sign(struct wide a);
/* sum += a * p * q / b, rounded to 1e-36 in the direction named; false: also where b is 0. */
bool wide_add_quotient(struct wide *sum, struct wide a, struct decimal p, struct decimal q,
                       struct wide b, enum rounding rounding);
/* The sign of a*p - b*q, exactly. */
int  wide_compare_products(struct wide a, struct decimal p, struct wide b, struct decimal q);
/* a / b rounded once to a multiple of `unit`; false: b is 0 or the answer does not fit. */
bool wide_divide(struct wide a, struct wide b, enum rounding rounding, struct decimal unit,
                 struct decimal *out);

#endif
