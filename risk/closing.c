/* Prices at which closing a position through the depth leaves nothing. */
#include "risk/closing.h"

#include "risk/boundary.h"
#include "risk/elementary.h"
#include "risk/statistic.h"

enum { STEPS_MAX = 40 };

static const double NARROW = 1e-12;
static const double FAINT = 1e-7; /* changes below it are linear to 1e-14 */

/* A price that leaves less than this part of what its last unit makes is the last, rounding of the
 * money aside. */
static const double CERTAIN = 0.5;
static const double ROUNDINGS = 16;

/* What the position brings (takes) at a price, after fee and penalty, and the walk that it comes
 * from. */
struct brought {
    struct decimal value, penalty;
    struct walk walk;
};

static enum reason
bring(const struct closing *closing, struct decimal price, struct brought *out)
{
    struct depth depth = *closing->depth;
    bool is_sale = depth.side == DEPTH_SELL;
    struct decimal keep = { DECIMAL_ONE_UNITS +
                            (is_sale ? -closing->fee_rate.units : closing->fee_rate.units) };

    depth.reference = price;
    depth.costs = NULL;
    depth.quote_unit = decimal_unit;
    if (!depth_walk(&depth, closing->quantity, &out->walk))
        return REASON_OVERFLOW;
    if (decimal_sign(out->walk.unfilled) != 0)
        return REASON_DEPTH_EXHAUSTED;
    if (!decimal_step(PRODUCT(out->walk.proceeds, keep), NOTHING, is_sale ? ROUND_DOWN : ROUND_UP,
                      decimal_unit, &out->value) ||
        !decimal_step(PRODUCT(closing->quantity, price, closing->penalty_rate), NOTHING, ROUND_UP,
                      decimal_unit, &out->penalty))
        return REASON_OVERFLOW;
    return (is_sale ? decimal_subtract : decimal_add)(out->value, out->penalty, &out->value)
               ? REASON_NONE
               : REASON_OVERFLOW;
}

/* How what is brought moves with the price, the fills as they are: at the price times r a book's
 * part is r as large, that of a pool which keeps its constant  r (1 + y) / (1 + y sqrt r),  where
 * 1 + y is its marginal price over its average one before the trade, fees aside (y < 0: bought).
 * That the best split moves too is of second order. A penalty counts as a book. */
struct response {
    double parts[VENUES_MAX + 1], bends[VENUES_MAX + 1];
    size_t count;
};

static double
bend_of(const struct depth *depth, const struct venue *venue, double price, const struct fill *fill)
{
    double keep = 1 - statistic_of(venue->fee_rate);
    double average = statistic_of(fill->proceeds) / statistic_of(fill->quantity);
    double spot = price / statistic_of(depth->price);

    if (venue->kind == VENUE_BOOK || venue->kind == VENUE_QUOTED)
        return 0;
    spot *= venue->kind == VENUE_CONCENTRATED
                ? statistic_of(venue->price)
                : statistic_of(venue->quote) / statistic_of(venue->base);
    average = depth->side == DEPTH_SELL ? average / keep : average * keep;
    return spot / average - 1;
}

static void
respond(const struct closing *closing, double price, const struct brought *brought,
        struct response *response)
{
    const struct depth *depth = closing->depth;
    int sign = depth->side == DEPTH_SELL ? 1 : -1;
    double keep = 1 - sign * statistic_of(closing->fee_rate);
    size_t venue = 0;

    response->count = brought->walk.fills_count + 1;
    for (size_t i = 0; i < brought->walk.fills_count; i++) {
        const struct fill *fill = &brought->walk.fills[i];
        while (depth->venues[venue].venue != fill->venue)
            venue++;
        response->parts[i] = statistic_of(fill->proceeds) * keep;
        response->bends[i] = bend_of(depth, &depth->venues[venue], price, fill);
    }
    response->parts[response->count - 1] = -sign * statistic_of(brought->penalty);
    response->bends[response->count - 1] = 0;
}

/* The value at the price times 1 + d, less that at the price; and its slope in d. */
static double
response_at(const struct response *response, double d, double *slope)
{
    double root = real_sqrt(1 + d);
    double change = 0;

    *slope = 0;
    for (size_t i = 0; i < response->count; i++) {
        double bend = response->bends[i];
        double factor = (1 + bend) / (1 + bend * root);
        change += response->parts[i] * ((1 + d) * factor - 1);
        *slope += response->parts[i] * factor * (1 - bend * root / (1 + bend * root) / 2);
    }
    return change;
}

/* The relative change of the price that makes up for what is missing: Newton's steps. Not a number
 * where the response has no such root. */
static double
change_for(const struct response *response, double missing)
{
    double slope;
    double d;

    response_at(response, 0, &slope);
    d = missing / slope;
    for (int i = 0; i < STEPS_MAX && real_abs(d) > FAINT && d > -1; i++) {
        double change = response_at(response, d, &slope);
        double step = (missing - change) / slope;
        d = real_max(d + step, d / 2 - 0.5);
        if (real_abs(step) <= NARROW * real_abs(d))
            break;
    }
    return d;
}

/* Prices are counted in their unit toward the holder, up from 0 where it is sold, down from `top`
 * where it is bought: so more of them is left. */
struct search {
    const struct closing *closing;
    struct decimal price_unit;
    int128 top, exhausted_at;
    bool overflows;
};

static struct decimal
price_of(const struct search *search, int128 units)
{
    bool is_sale = search->closing->depth->side == DEPTH_SELL;

    return (struct decimal){ (is_sale ? units : search->top - units) * search->price_unit.units };
}

/* Where the depth ends, the price moves by an eighth. */
static bool
try_price(void *context, int128 units, struct trial *trial)
{
    struct search *search = context;
    const struct closing *closing = search->closing;
    int sign = closing->depth->side == DEPTH_SELL ? 1 : -1;
    struct decimal price = price_of(search, units);
    struct brought brought;
    struct response response;
    struct decimal left;
    double change = 1.0 / 8;
    enum reason reason;

    trial->fits = sign < 0;
    trial->excess = -sign;
    if (decimal_sign(price) <= 0)
        return true;
    reason = bring(closing, price, &brought);
    search->overflows = reason == REASON_OVERFLOW ||
                        (reason == REASON_NONE &&
                         !decimal_subtract(brought.value, closing->obligation, &left));
    if (search->overflows)
        return false;
    if (reason == REASON_NONE) {
        trial->fits = decimal_sign(left) * sign >= 0;
        respond(closing, statistic_of(price), &brought, &response);
        change = change_for(&response, -statistic_of(left)) * sign;
    } else {
        trial->fits = false;
        search->exhausted_at = units;
    }
    trial->excess = -change * statistic_of(price) / statistic_of(search->price_unit);
    return true;
}

/* From the price at which the response to the price is as much as is owed. Sold, the price may be
 * any; bought, pools are dearer beyond the mark than in proportion. */
static enum reason
price_with_pools(const struct closing *closing, struct decimal guess, struct decimal price_unit,
                 struct decimal *price)
{
    bool is_sale = closing->depth->side == DEPTH_SELL;
    int128 mark = closing->depth->price.units / price_unit.units;
    int128 units = guess.units / price_unit.units;
    struct search search = { closing, price_unit, 2 * ((units > mark ? units : mark) + 1), -1,
                             false };
    struct boundary boundary = {
        .try = try_price,
        .context = &search,
        .most = is_sale ? DECIMAL_MAX_UNITS / 2 / price_unit.units : search.top,
        .certain = CERTAIN -
                   ROUNDINGS / (statistic_of(closing->quantity) * (double)price_unit.units),
        .certain_to = DECIMAL_MAX_UNITS,
    };
    int128 found;
    enum boundary_end end = boundary_find(&boundary, is_sale ? units : search.top - units, &found);

    if (search.overflows)
        return REASON_OVERFLOW;
    if (end != BOUNDARY_FOUND)
        return search.exhausted_at >= 0 ? REASON_DEPTH_EXHAUSTED : REASON_PENALTY_EXCEEDS_VALUE;
    if (search.exhausted_at >= 0 && search.exhausted_at == found - 1)
        return REASON_DEPTH_EXHAUSTED;
    *price = price_of(&search, found);
    return decimal_sign(*price) > 0 ? REASON_NONE : REASON_NEVER;
}

enum reason
closing_price(const struct closing *closing, struct decimal price_unit, struct decimal *price)
{
    const struct depth *depth = closing->depth;
    struct asset_depth found = { NULL, (struct venue *)depth->venues, depth->venues_count };
    bool has_pools = depth_model(&found) != DEPTH_PROPORTIONAL;
    struct brought brought;
    struct response response;
    struct decimal guess;
    double change;
    enum reason reason;

    *price = DECIMAL_NONE;
    if (depth->venues_count == 0)
        return REASON_NO_DEPTH;
    if (decimal_sign(closing->obligation) <= 0)
        return REASON_NEVER;
    reason = bring(closing, depth->price, &brought);
    if (reason != REASON_NONE)
        return reason;
    if (decimal_sign(brought.value) <= 0)
        return REASON_PENALTY_EXCEEDS_VALUE;
    if (!decimal_step(PRODUCT(depth->price, closing->obligation), PRODUCT(brought.value),
                      depth->side == DEPTH_SELL ? ROUND_UP : ROUND_DOWN, price_unit, &guess))
        return REASON_OVERFLOW;
    if (!has_pools) {
        *price = guess;
        return REASON_NONE;
    }
    respond(closing, statistic_of(depth->price), &brought, &response);
    change = change_for(&response, statistic_of(closing->obligation) - statistic_of(brought.value));
    decimal_of_rate(statistic_of(depth->price) * (1 + change), price_unit, ROUND_UP, &guess);
    return price_with_pools(closing, guess, price_unit, price);
}

double
closing_price_of_pool(double quantity, double obligation, double k, double fee_rate)
{
    double keep = quantity * (1 - fee_rate);
    double a = keep * obligation / real_sqrt(k);
    double root = (a + real_sqrt(a * a + 4 * keep * obligation)) / (2 * keep);

    return root * root;
}

double
maintenance_needed(const struct maintenance_need *need)
{
    return 1 - (1 - need->slippage_rate) * (1 - need->fee_rate) + need->penalty_rate +
           need->buffer_rate + need->gas_rate;
}
