/* The move of one factor at which an account's balance turns. */
#include "risk/shock.h"

#include "risk/elementary.h"

static const double LOG_SHOCK_MOST = 20;

enum { GRID = 2000, HALVINGS = 200 };

static double
linear_balance(const struct shock *shock, double x)
{
    double balance = shock->constant;

    for (size_t i = 0; i < shock->legs_count; i++)
        balance += shock->legs[i].value * real_max(0, 1 + shock->legs[i].beta * x);
    return balance;
}

static double
logarithmic_balance(const struct shock *shock, double x)
{
    double balance = shock->constant;

    for (size_t i = 0; i < shock->legs_count; i++)
        balance += shock->legs[i].value * real_exp(shock->legs[i].beta * x);
    return balance;
}

/* The next x past `from` at which a leg comes to nothing; infinite: none does. */
static double
next_kink(const struct shock *shock, int direction, double from)
{
    double nearest = REAL_INFINITY;

    for (size_t i = 0; i < shock->legs_count; i++) {
        double kink = -direction / shock->legs[i].beta;
        if (kink > from && kink < nearest)
            nearest = kink;
    }
    return nearest;
}

/* Between kinks the balance is a line. Distances are along the direction. */
bool
shock_linear(const struct shock *shock, int direction, double *x)
{
    double from = 0;
    double balance = linear_balance(shock, 0);

    *x = 0;
    for (size_t i = 0; i <= shock->legs_count && balance >= 0; i++) {
        double kink = next_kink(shock, direction, from);
        double to = kink < REAL_INFINITY ? kink : from + 1;
        double slope = (linear_balance(shock, direction * to) - balance) / (to - from);
        double root = slope < 0 ? from - balance / slope : REAL_INFINITY;
        if (root <= kink && root < REAL_INFINITY) {
            *x = direction * root;
            return true;
        }
        if (!(kink < REAL_INFINITY))
            return false;
        balance = linear_balance(shock, direction * kink);
        from = kink;
    }
    return balance < 0;
}

/* Mixed signs make it rise and fall: the first change of sign on a grid, then halving. */
bool
shock_logarithmic(const struct shock *shock, int direction, double *x)
{
    double step = LOG_SHOCK_MOST / GRID;
    double low = 0;
    double high = 0;

    *x = 0;
    for (int i = 1; i <= GRID && logarithmic_balance(shock, direction * high) >= 0; i++) {
        low = high;
        high = i * step;
    }
    if (logarithmic_balance(shock, direction * high) >= 0)
        return false;
    for (int i = 0; i < HALVINGS && high - low > 1e-16 * high; i++) {
        double middle = low + (high - low) / 2;
        if (logarithmic_balance(shock, direction * middle) >= 0)
            low = middle;
        else
            high = middle;
    }
    *x = direction * high;
    return true;
}
