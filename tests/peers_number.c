/* Exact rationals for the peers' cases: read from the vectors' notations, kept until the case is
 * closed. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tests/peers.h"

enum { NUMBER_TEXT_MAX = 512, EXPONENT_MAX = 400, PLACES = 18 };

/* A decimal has 20 digits before its point: what is left is room for sums, and for a price that has
 * to rise. */
enum { VALUE_DIGITS = 17, QUANTITY_DIGITS = 17, PRICE_DIGITS = 15 };

static mpq_ptr
fresh(struct peer *peer)
{
    if (peer->numbers_count == PEER_NUMBERS_MAX)
        abort();
    mpq_ptr slot = peer->numbers[peer->numbers_count++];
    mpq_init(slot);
    return slot;
}

/* -?[0-9]+ ; a plus is not GMP's. */
static bool
whole_parse(const char *text, mpz_t out)
{
    const char *digits = text + (*text == '-');
    if (!*digits || strspn(digits, "0123456789") != strlen(digits))
        return false;
    return mpz_set_str(out, text, 10) == 0;
}

static void
scale_by_ten(mpq_t number, long exponent)
{
    mpq_t power;
    mpq_init(power);
    mpz_ui_pow_ui(mpq_numref(power), 10, (unsigned long)labs(exponent));
    if (exponent < 0)
        mpq_div(number, number, power);
    else
        mpq_mul(number, number, power);
    mpq_clear(power);
}

/* "-12.5e-3": digits without their point, times a power of ten. */
static bool
decimal_number_parse(const char *text, mpq_t out)
{
    char digits[NUMBER_TEXT_MAX];
    size_t count = 0;
    long exponent = 0;
    bool is_past_point = false;
    const char *at = text;
    for (; *at && *at != 'e' && *at != 'E'; at++) {
        if (*at == '.') {
            if (is_past_point)
                return false;
            is_past_point = true;
            continue;
        }
        if (count + 1 == sizeof digits)
            return false;
        digits[count++] = *at;
        exponent -= is_past_point;
    }
    digits[count] = 0;
    if (*at) {
        char *end;
        exponent += strtol(at + 1, &end, 10);
        if (end == at + 1 || *end)
            return false;
    }
    if (labs(exponent) > EXPONENT_MAX || !whole_parse(digits, mpq_numref(out)))
        return false;
    mpz_set_ui(mpq_denref(out), 1);
    scale_by_ten(out, exponent);
    return true;
}

static bool
apply(char operation, mpq_t out, const mpq_t operand)
{
    if (operation == '*') {
        mpq_mul(out, out, operand);
        return true;
    }
    if (mpq_sgn(operand) == 0)
        return false;
    mpq_div(out, out, operand);
    return true;
}

bool
number_parse(const char *text, mpq_t out)
{
    bool is_good = true;
    mpq_t operand;
    mpq_init(operand);
    mpq_set_ui(out, 1, 1);
    for (char operation = '*'; is_good;) {
        char part[NUMBER_TEXT_MAX];
        size_t count = strcspn(text, "*/");
        if (count >= sizeof part) {
            is_good = false;
            break;
        }
        memcpy(part, text, count);
        part[count] = 0;
        is_good = decimal_number_parse(part, operand) && apply(operation, out, operand);
        if (!text[count])
            break;
        operation = text[count];
        text += count + 1;
    }
    mpq_clear(operand);
    return is_good;
}

mpq_srcptr
ratio_of(struct peer *peer, const char *text)
{
    mpq_ptr out = fresh(peer);
    if (!number_parse(text, out)) {
        peer_fail(peer, "\"%.100s\" is not a number", text);
        mpq_set_ui(out, 0, 1);
    }
    return out;
}

mpq_srcptr
power_of_ten(struct peer *peer, long exponent)
{
    mpq_ptr out = fresh(peer);
    mpq_set_ui(out, 1, 1);
    scale_by_ten(out, exponent);
    return out;
}

mpq_srcptr
sum_of(struct peer *peer, mpq_srcptr a, mpq_srcptr b)
{
    mpq_ptr out = fresh(peer);
    mpq_add(out, a, b);
    return out;
}

mpq_srcptr
difference_of(struct peer *peer, mpq_srcptr a, mpq_srcptr b)
{
    mpq_ptr out = fresh(peer);
    mpq_sub(out, a, b);
    return out;
}

mpq_srcptr
product_of(struct peer *peer, mpq_srcptr a, mpq_srcptr b)
{
    mpq_ptr out = fresh(peer);
    mpq_mul(out, a, b);
    return out;
}

mpq_srcptr
quotient_of(struct peer *peer, mpq_srcptr a, mpq_srcptr b)
{
    mpq_ptr out = fresh(peer);
    if (mpq_sgn(b) == 0)
        peer_fail(peer, "a number is divided by 0");
    else
        mpq_div(out, a, b);
    return out;
}

mpq_srcptr
negative_of(struct peer *peer, mpq_srcptr a)
{
    mpq_ptr out = fresh(peer);
    mpq_neg(out, a);
    return out;
}

mpq_srcptr
magnitude_of(struct peer *peer, mpq_srcptr a)
{
    mpq_ptr out = fresh(peer);
    mpq_abs(out, a);
    return out;
}

mpq_srcptr
floor_of(struct peer *peer, mpq_srcptr a)
{
    mpq_ptr out = fresh(peer);
    mpz_fdiv_q(mpq_numref(out), mpq_numref(a), mpq_denref(a));
    return out;
}

mpq_srcptr
ceiling_of(struct peer *peer, mpq_srcptr a)
{
    mpq_ptr out = fresh(peer);
    mpz_cdiv_q(mpq_numref(out), mpq_numref(a), mpq_denref(a));
    return out;
}

mpq_srcptr
places_up(struct peer *peer, mpq_srcptr a, long places)
{
    mpq_srcptr scale = power_of_ten(peer, places);
    return quotient_of(peer, ceiling_of(peer, product_of(peer, a, scale)), scale);
}

mpq_srcptr
smaller_of(mpq_srcptr a, mpq_srcptr b)
{
    return mpq_cmp(a, b) < 0 ? a : b;
}

mpq_srcptr
larger_of(mpq_srcptr a, mpq_srcptr b)
{
    return mpq_cmp(a, b) > 0 ? a : b;
}

long
digits_of(mpq_srcptr a)
{
    mpz_t whole;
    mpz_init(whole);
    mpz_tdiv_q(whole, mpq_numref(a), mpq_denref(a));
    mpz_abs(whole, whole);
    char *text = mpz_sgn(whole) ? mpz_get_str(NULL, 10, whole) : NULL;
    long count = text ? (long)strlen(text) : 0;
    free(text);
    mpz_clear(whole);
    return count;
}

mpq_srcptr
scale_of_value(struct peer *peer, mpq_srcptr value)
{
    long digits = digits_of(value);
    return power_of_ten(peer, digits > VALUE_DIGITS ? digits - VALUE_DIGITS : 0);
}

/* Decimals of a quantity at which its value loses under a hundredth of a smallest unit to the
 * price's 18 places: q * 1e-18 / 10^d < 0.01 / value_scale. */
static long
decimals_for_price(struct peer *peer, mpq_srcptr quantity, mpq_srcptr value_scale)
{
    return digits_of(product_of(peer, quantity, value_scale)) + 2 - PLACES;
}

/* Past 18 decimals a quantity itself is rounded: with n = quantity / 10^d and p = price * 10^d,
 * both to 18 places, value is lost alike to both at 10^2d = n/p. */
static long
decimals_for_both(struct peer *peer, mpq_srcptr quantity, mpq_srcptr price)
{
    return mpq_sgn(price) ? digits_of(quotient_of(peer, quantity, price)) / 2 : 0;
}

mpq_srcptr
scale_of_quantity(struct peer *peer, mpq_srcptr quantity, mpq_srcptr unit_price, mpq_srcptr value,
                  mpq_srcptr value_scale)
{
    mpq_srcptr most = mpq_sgn(quantity) ? quotient_of(peer, value, quantity) : value;
    mpq_srcptr price = quotient_of(peer, larger_of(unit_price, most), value_scale);
    long wanted = decimals_for_price(peer, quantity, value_scale);
    long useful = decimals_for_both(peer, quantity, price);
    long least = digits_of(quantity) - QUANTITY_DIGITS;
    long decimals = wanted < useful ? wanted : useful;
    if (decimals < PLACES)
        decimals = PLACES;
    while (decimals > 0 &&
           digits_of(product_of(peer, price, power_of_ten(peer, decimals))) > PRICE_DIGITS)
        decimals--;
    return power_of_ten(peer, decimals > least ? decimals : least);
}

mpq_srcptr
scaled_price(struct peer *peer, mpq_srcptr unit_price, mpq_srcptr scale, mpq_srcptr value_scale)
{
    return quotient_of(peer, product_of(peer, unit_price, scale), value_scale);
}
