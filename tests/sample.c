/* The sample's tables, and a good text of it. */
#include "tests/sample.h"

static const struct decimal zero = DECIMAL_OF(0), one = DECIMAL_OF(1), minus_ten = DECIMAL_OF(-10);
static const char *const sides[] = { "buy", "sell", NULL };
static const char *const modes[] = { "slow", "fast", "very_fast", NULL };

static const struct field point_fields[] = {
    DECIMAL_FIELD(sample_point, price, .above = &zero),
    DECIMAL_FIELD(sample_point, size, .at_least = &zero),
};
static const struct record sample_point_record = TUPLE(sample_point, point_fields);

static const struct field price_fields[] = {
    DECIMAL_FIELD(sample_price, price, .at_least = &zero),
};
static const struct record sample_price_record = BARE(sample_price, price_fields);

static const struct field circle_fields[] = {
    TEXT_FIELD(sample_shape, label, .form = TEXT_ANY, .max = 32),
    DECIMAL_FIELD(sample_shape, radius, .above = &zero),
};
static const struct field polygon_fields[] = {
    TEXT_FIELD(sample_shape, label, .form = TEXT_ANY, .max = 32),
    LIST_FIELD(sample_shape, corners, sample_point, .min = 3, .max = 8),
};
static const struct record circle_record  = RECORD(sample_shape, circle_fields);
static const struct record polygon_record = RECORD(sample_shape, polygon_fields);
static const struct record_case shape_cases[] = {
    { "circle", &circle_record },
    { "polygon", &polygon_record },
};
static const struct record sample_shape_record = VARIANT(sample_shape, kind, shape_cases);

static const struct field rate_fields[] = {
    DECIMAL_FIELD(sample_rule, rate, .at_least = &zero, .at_most = &one),
};
static const struct field steps_fields[] = {
    INTEGER_FIELD(sample_rule, steps, .min = 1, .max = 9),
    DECIMAL_FIELD(sample_rule, rate, .optional = true, .initial = "0.5", .at_most = &one),
};
static const struct record rate_record  = RECORD(sample_rule, rate_fields);
static const struct record steps_record = RECORD(sample_rule, steps_fields);
static const struct record_case rule_cases[] = {
    { "by_rate", &rate_record },
    { "in_steps", &steps_record },
};
static const struct record sample_rule_record = VARIANT(sample_rule, rule, rule_cases);

static const struct field note_fields[] = {
    TEXT_FIELD(sample_note, text, .form = TEXT_ANY, .min = 1, .max = 40),
    FLAG_FIELD(sample_note, pinned, .optional = true),
};
const struct record sample_note_record = RECORD(sample_note, note_fields);

static const struct field limits_fields[] = {
    DECIMAL_FIELD(sample_limits, low, .optional = true, .initial = "-1.5", .at_least = &minus_ten),
    DECIMAL_FIELD(sample_limits, high, .optional = true, .nullable = true),
    INTEGER_FIELD(sample_limits, tries, .optional = true, .initial = "3", .min = 1, .max = 5),
    CHOICE_FIELD(sample_limits, side, .optional = true, .initial = "sell", .choices = sides),
};
static const struct record sample_limits_record = RECORD(sample_limits, limits_fields);

static const struct field group_fields[] = {
    LIST_FIELD(sample_group, shapes, sample_shape, .max = 4),
};
static const struct record sample_group_record = BARE(sample_group, group_fields);

static const struct field tag_fields[] = {
    TEXT_FIELD(sample_tag, tag, .min = 1, .max = 8),
};
static const struct record sample_tag_record = BARE(sample_tag, tag_fields);

static const struct field sample_fields[] = {
    NAME_FIELD(sample, id),
    TEXT_FIELD(sample, title, .form = TEXT_ANY, .optional = true, .nullable = true, .max = 80),
    TEXT_FIELD(sample, sha256, .form = TEXT_SHA256, .optional = true),
    INTEGER_FIELD(sample, quantity, .min = -INTEGER_MAX, .max = INTEGER_MAX),
    INTEGER_FIELD(sample, retries, .optional = true, .min = 0, .max = 10),
    DECIMAL_FIELD(sample, rate, .above = &zero, .at_most = &one),
    DECIMAL_FIELD(sample, fee, .optional = true, .initial = "0.001"),
    DECIMAL_FIELD(sample, ratio, .nullable = true),
    FLAG_FIELD(sample, urgent),
    FLAG_FIELD(sample, hidden, .optional = true, .initial = "true"),
    INSTANT_FIELD(sample, made_at),
    INSTANT_FIELD(sample, until, .optional = true),
    CHOICE_FIELD(sample, side, .choices = sides),
    CHOICE_FIELD(sample, mode, .choices = modes, .optional = true, .nullable = true),
    RECORD_FIELD(sample, limits, sample_limits, .optional = true),
    RECORD_FIELD(sample, note, sample_note),
    POINTER_FIELD(sample, remark, sample_note, .optional = true),
    POINTER_FIELD(sample, reply, sample_note, .nullable = true),
    LIST_FIELD(sample, points, sample_point, .min = 1, .max = 20),
    LIST_FIELD(sample, tags, sample_tag, .optional = true, .min = 1, .max = 3),
    MAP_FIELD(sample, prices, sample_price, asset, .min = 1, .max = 12),
    MAP_FIELD(sample, groups, sample_group, name, .optional = true, .form = TEXT_ANY, .max = 4),
    RECORD_FIELD(sample, rule, sample_rule),
};
const struct record sample_record = RECORD(sample, sample_fields);

const char sample_good[] =
    "{\"id\":\"a-1\",\"title\":\"T\\u00fctel \\\"q\\\" \\\\ \\u0001/\","
    "\"sha256\":\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\","
    "\"quantity\":-7,\"retries\":10,\"rate\":\"0.025\",\"fee\":\"-3\",\"ratio\":null,"
    "\"urgent\":true,\"hidden\":false,\"made_at\":\"2026-01-31T23:59:59.000Z\","
    "\"until\":\"1999-12-31T00:00:00.250Z\",\"side\":\"sell\",\"mode\":\"very_fast\","
    "\"limits\":{\"low\":\"-2\",\"high\":\"12.5\",\"tries\":1,\"side\":\"buy\"},"
    "\"note\":{\"text\":\"n\",\"pinned\":true},\"remark\":{\"text\":\"r\",\"pinned\":false},"
    "\"reply\":null,\"points\":[[\"1999.5\",\"3.2\"],[\"2000\",\"0\"]],\"tags\":[\"x\",\"y\"],"
    "\"prices\":{\"USDC\":\"1\",\"ETH\":\"2000\",\"BTC\":\"61000\"},"
    "\"groups\":{\"\\ud83d\\ude00\":[{\"kind\":\"circle\",\"label\":\"\",\"radius\":\"1\"},"
    "{\"kind\":\"polygon\",\"label\":\"p\",\"corners\":[[\"1\",\"0\"],[\"1\",\"1\"],[\"2\",\"1\"]]}],"
    "\"\\uf000\":[]},"
    "\"rule\":{\"rule\":\"in_steps\",\"steps\":9,\"rate\":\"0.25\"}}";
