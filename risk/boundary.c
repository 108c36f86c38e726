/* The least amount that suffices. */
#include "risk/boundary.h"

/* Steps by the trials' own estimates before bisection takes turns, and the end of patience: a
 * bracket of 127 bits is halved in 127 turns, and found by doubling in as many. */
enum { FREE_STEPS = 6, TRIALS_MAX = 400 };

struct bracket {
    int128 low, high;
}; /* low does not fit; high does, or is past the most */

static int128
middle_of(const struct bracket *bracket)
{
    return bracket->low + (bracket->high - bracket->low) / 2;
}

/* Whole units toward the boundary, at least one: down to just fit, up to fit. */
static int128
step_of(const struct trial *trial, int128 most)
{
    double size = trial->excess < 0 ? -trial->excess : trial->excess;

    if (!(size < (double)most))
        return most;
    return size < 1 ? 1 : (int128)size + !trial->fits;
}

/* The next amount to try, inside the bracket. */
static int128
next_of(const struct boundary *boundary, const struct bracket *bracket, int128 tried,
        const struct trial *trial, int round)
{
    int128 step = step_of(trial, boundary->most);
    int128 next;

    if (round >= FREE_STEPS) {
        bool is_bracketed = bracket->high <= boundary->most;
        if (is_bracketed && round % 2 == 0)
            return middle_of(bracket);
        if (!is_bracketed && round < FREE_STEPS + 100)
            step += (int128)1 << (round - FREE_STEPS);
    }
    if (trial->fits)
        next = tried - step;
    else
        next = step < boundary->most - tried ? tried + step : boundary->most;
    if (next <= bracket->low)
        return round < FREE_STEPS ? bracket->low + 1 : middle_of(bracket);
    if (next >= bracket->high)
        return round < FREE_STEPS ? bracket->high - 1 : middle_of(bracket);
    return next;
}

enum boundary_end
boundary_find(const struct boundary *boundary, int128 guess, int128 *found)
{
    struct bracket bracket = { -1, boundary->most + 1 };
    int128 tried = guess < 0 ? 0 : guess > boundary->most ? boundary->most : guess;

    for (int round = 0; round < TRIALS_MAX; round++) {
        struct trial trial = { .reach = tried };
        if (!boundary->try(boundary->context, tried, &trial))
            return BOUNDARY_STOPPED;
        *(trial.fits ? &bracket.high : &bracket.low) = trial.reach;
        if (trial.fits && trial.excess < boundary->certain && tried <= boundary->certain_to)
            break;
        if (bracket.low == boundary->most)
            return BOUNDARY_NONE;
        if (bracket.high - bracket.low <= 1)
            break;
        tried = next_of(boundary, &bracket, tried, &trial, round);
    }
    *found = bracket.high;
    return bracket.high <= boundary->most ? BOUNDARY_FOUND : BOUNDARY_NONE;
}
