/* What a market state remembers of the ones before it. */
#include "risk/market_memory.h"

#include <assert.h>
#include <string.h>

#include "risk/elementary.h"
#include "risk/statistic.h"
#include "risk/volatility.h"

enum { ASSETS_MOST = 128 };

#define SECOND_US      INT64_C(1000000)
#define MILLISECOND_US INT64_C(1000)

static const double variance_most = 1e6;
static const double price_most    = 1.7e20;     /* of a decimal's range, in 12 digits */

static const struct decimal largest_variance = DECIMAL_OF(1000000);

#define NOT_YET  .optional = true
#define VARIANCE .optional = true, .at_least = &decimal_zero, .at_most = &largest_variance

static const struct field memory_span_fields[] = {
    INSTANT_FIELD(memory_span, begun_at),
    DECIMAL_FIELD(memory_span, log_price),
};
static const struct record memory_span_record = TUPLE(memory_span, memory_span_fields);

static const struct field price_memory_fields[] = {
    INSTANT_FIELD(price_memory, begun_at),
    INSTANT_FIELD(price_memory, observed_at),
    DECIMAL_FIELD(price_memory, price, .above = &decimal_zero),
    LIST_FIELD   (price_memory, spans, memory_span, .max = SPANS_MAX),
    DECIMAL_FIELD(price_memory, time_weighted_price, NOT_YET, .above = &decimal_zero),
    DECIMAL_FIELD(price_memory, window_s, NOT_YET, .above = &decimal_zero),
    DECIMAL_FIELD(price_memory, gap_s, NOT_YET, .above = &decimal_zero),
    DECIMAL_FIELD(price_memory, variance, VARIANCE),
    DECIMAL_FIELD(price_memory, long_variance, VARIANCE),
    RECORD_FIELD (price_memory, stress, stress),
};
const struct record price_memory_record = RECORD(price_memory, price_memory_fields);

static const struct field market_memory_fields[] = {
    TEXT_FIELD(market_memory, previous_sha256, .optional = true, .form = TEXT_SHA256),
    MAP_FIELD (market_memory, assets, price_memory, asset, .max = ASSETS_MOST),
};
const struct record market_memory_record = RECORD(market_memory, market_memory_fields);

const char *
memory_fault_name(enum memory_fault fault)
{
    switch (fault) {
    case MEMORY_GOOD:               return "good";
    case MEMORY_NOT_NEWER:          return "snapshot_not_newer";
    case MEMORY_FROM_THE_FUTURE:    return "snapshot_from_the_future";
    case MEMORY_PRICE_NOT_POSITIVE: return "price_not_positive";
    }
    return "good";
}

double
time_weighted_mean(const struct held_number *held, size_t count)
{
    double sum = 0;
    double seconds = 0;
    for (size_t i = 0; i < count; i++) {
        sum += held[i].number * held[i].seconds;
        seconds += held[i].seconds;
    }
    return sum / seconds;
}

/* Down to a multiple of `unit`, also before 1970. */
static int64_t
floor_to(int64_t time_us, int64_t unit)
{
    int64_t past = time_us % unit;
    return time_us - (past < 0 ? past + unit : past);
}

/* A statistic that is known to fit. */
static struct decimal
stored(double x)
{
    struct decimal value = decimal_zero;
    bool fits = decimal_of_statistic(x, &value);
    assert(fits);
    return value;
}

/* The exact seconds of a time in microseconds. */
static struct decimal
seconds_of(int64_t time_us)
{
    return (struct decimal){ (int128)time_us * (DECIMAL_ONE_UNITS / SECOND_US) };
}

/* The window's spans as they grow: contiguous, each within one part of the window's grid. */
struct history {
    struct memory_span *spans;
    size_t              count;
    int64_t             part_us;
};

static struct decimal
mean_log(const struct memory_span *earlier, int64_t between, struct decimal later, int64_t end)
{
    struct held_number both[] = {
        { statistic_of(earlier->log_price), (double)(between - earlier->begun_at) },
        { statistic_of(later), (double)(end - between) },
    };
    return stored(time_weighted_mean(both, 2));
}

static void
drop_first(struct history *history)
{
    history->count--;
    memmove(history->spans, history->spans + 1, history->count * sizeof *history->spans);
}

/* Only after a change of the window's length there may be too many: the two oldest become one. */
static void
make_room(struct history *history)
{
    struct memory_span *spans = history->spans;
    if (history->count < SPANS_MAX)
        return;
    spans[1] = (struct memory_span){
        spans[0].begun_at, mean_log(&spans[0], spans[1].begun_at, spans[1].log_price,
                                    spans[2].begun_at)
    };
    drop_first(history);
}

/* The price held from `from` to `to`, both within one part. */
static void
extend(struct history *history, int64_t from, int64_t to, struct decimal log_price)
{
    struct memory_span *last;
    if (history->count > 0) {
        last = &history->spans[history->count - 1];
        if (floor_to(last->begun_at, history->part_us) == floor_to(from, history->part_us)) {
            last->log_price = mean_log(last, from, log_price, to);
            return;
        }
    }
    make_room(history);
    history->spans[history->count++] = (struct memory_span){ from, log_price };
}

/* The price held from `from` to `to`: cut at the grid; what ended a window before is dropped. */
static void
remember(struct history *history, int64_t from, int64_t to, struct decimal log_price)
{
    int64_t oldest = to - WINDOW_PARTS * history->part_us;
    while (history->count > 1 && history->spans[1].begun_at <= oldest)
        drop_first(history);
    if (from <= oldest) {
        history->count = 0;
        from = oldest;
    }
    while (from < to) {
        int64_t next = floor_to(from, history->part_us) + history->part_us;
        if (next > to)
            next = to;
        extend(history, from, next, log_price);
        from = next;
    }
}

/* Over what the spans cover of the window that ends at `to`. */
static double
mean_of_window(const struct history *history, int64_t to)
{
    struct held_number held[SPANS_MAX];
    int64_t oldest = to - WINDOW_PARTS * history->part_us;
    for (size_t i = 0; i < history->count; i++) {
        int64_t begin = history->spans[i].begun_at;
        int64_t end = i + 1 < history->count ? history->spans[i + 1].begun_at : to;
        held[i] = (struct held_number){ statistic_of(history->spans[i].log_price),
                                        (double)(end - (begin > oldest ? begin : oldest)) };
    }
    return time_weighted_mean(held, history->count);
}

/* The window before the observation: spans, time-weighted price, what of it there was. */
static void
weigh_prices(const struct oracle_settings *oracle, const struct price_memory *previous,
             int64_t observed_at, struct price_memory *next)
{
    int64_t part_us = oracle->window_s * (SECOND_US / WINDOW_PARTS);
    struct history history = { next->spans, previous->spans_count, part_us };
    int64_t covered;
    if (previous->spans_count > 0)
        memcpy(next->spans, previous->spans, previous->spans_count * sizeof *next->spans);
    remember(&history, previous->observed_at, observed_at,
             stored(real_log(statistic_of(previous->price))));
    next->spans_count = history.count;
    covered = observed_at - next->spans[0].begun_at;
    if (covered > WINDOW_PARTS * part_us)
        covered = WINDOW_PARTS * part_us;
    next->time_weighted_price =
        stored(real_min(real_exp(mean_of_window(&history, observed_at)), price_most));
    next->window_s = seconds_of(covered);
    next->gap_s = seconds_of(observed_at - previous->observed_at);
}

/* The weights of all time before were 1 - 2^(-age / half-life) together, and fade by d =
 * 2^(-t / half-life); the new return takes 1 - d:
 *     v' = (v d (1 - 2^-(age / h)) + x (1 - d)) / (1 - 2^-((age + t) / h)). */
static struct decimal
weigh_variance(struct decimal before, double before_s, double elapsed_s, double log_return,
               int64_t half_life_s)
{
    static const double log_two = 0x1.62e42fefa39efp-1;
    double rate = log_two / (double)half_life_s;
    double fresh = -real_expm1(-elapsed_s * rate);
    double faded = (1 - fresh) * -real_expm1(-before_s * rate);
    double variance = log_return * log_return / (elapsed_s / SECONDS_PER_YEAR);
    double old = decimal_is_none(before) ? 0 : statistic_of(before);
    return stored(real_min((old * faded + variance * fresh) / (faded + fresh), variance_most));
}

static void
weigh_returns(const struct oracle_settings *oracle, const struct price_memory *previous,
              struct price_memory *next)
{
    double before_s = (double)(previous->observed_at - previous->begun_at) / SECOND_US;
    double elapsed_s = (double)(next->observed_at - previous->observed_at) / SECOND_US;
    double p = statistic_of(next->price);
    double q = statistic_of(previous->price);
    double log_return = p > q / 2 && p < q * 2 ? real_log1p((p - q) / q)
                                               : real_log(p) - real_log(q);
    next->variance = weigh_variance(previous->variance, before_s, elapsed_s, log_return,
                                    oracle->volatility_half_life_s);
    next->long_variance = weigh_variance(previous->long_variance, before_s, elapsed_s, log_return,
                                         oracle->volatility_long_half_life_s);
}

struct decimal
memory_volatility(const struct price_memory *memory)
{
    if (decimal_is_none(memory->variance) || decimal_is_none(memory->long_variance))
        return DECIMAL_NONE;
    return stored(recommended_volatility(real_sqrt(statistic_of(memory->variance)), 0,
                                         real_sqrt(statistic_of(memory->long_variance))));
}

struct oracle_reference
memory_reference(const struct price_memory *memory)
{
    if (decimal_is_none(memory->time_weighted_price))
        return (struct oracle_reference){ DECIMAL_NONE, 0, 0 };
    return (struct oracle_reference){ memory->time_weighted_price, statistic_of(memory->window_s),
                                      statistic_of(memory->gap_s) };
}

enum memory_fault
memory_next(const struct oracle_settings *oracle, const struct adaptive_settings *adaptive,
            const struct price_memory *previous, const struct memory_observation *observation,
            int64_t now_us, struct memory_span spans[static SPANS_MAX], struct price_memory *next)
{
    int64_t observed_at = floor_to(observation->observed_at, MILLISECOND_US);
    struct decimal volatility = observation->volatility;
    int64_t elapsed_us = 0;
    if (previous && observed_at <= previous->observed_at)
        return MEMORY_NOT_NEWER;
    if (observed_at > now_us + oracle->clock_skew_s * SECOND_US)
        return MEMORY_FROM_THE_FUTURE;
    if (decimal_sign(observation->price) <= 0)
        return MEMORY_PRICE_NOT_POSITIVE;
    *next = (struct price_memory){
        .asset = previous ? previous->asset : NULL,
        .begun_at = previous ? previous->begun_at : observed_at,
        .observed_at = observed_at, .price = observation->price, .spans = spans,
        .time_weighted_price = DECIMAL_NONE, .window_s = DECIMAL_NONE, .gap_s = DECIMAL_NONE,
        .variance = DECIMAL_NONE, .long_variance = DECIMAL_NONE,
    };
    if (previous) {
        elapsed_us = observed_at - previous->observed_at;
        weigh_prices(oracle, previous, observed_at, next);
        weigh_returns(oracle, previous, next);
    }
    if (decimal_is_none(volatility))
        volatility = memory_volatility(next);
    stress_follow(adaptive, previous ? &previous->stress : NULL, volatility,
                  observation->depth_value, elapsed_us, &next->stress);
    return MEMORY_GOOD;
}
