/* Changes a JSON text as JSON: one value, somewhere in the tree, becomes another. Bytes that are changed
 * blindly hardly ever get past the reader. */
#include "tests/fuzz/mutate.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NODES_MAX = 4096, BLIND_ONE_IN = 6 };

/* Numbers at the edges, and what is no number. */
static const char *const scalars[] = {
    "\"0\"", "\"1\"", "\"-1\"", "\"0.000000000000000001\"", "\"0.5\"", "\"0.999999999999999999\"",
    "\"1.000000000000000001\"", "\"1000000\"", "\"99999999999999999999.999999999999999999\"",
    "\"170141183460469231731.687303715884105727\"", "\"-170141183460469231731.687303715884105727\"",
    "\"0.00000001\"", "\"123456789.123456789\"", "\"2\"", "\"10\"", "\"0.1\"", "0", "1", "-1", "86400",
    "9007199254740991", "-9007199254740991", "null", "true", "false", "[]", "{}", "\"\"", "\"trigger\"",
    "\"mark\"", "\"ETH\"", "\"USDC\"", "\"full\"", "\"none\"", "1.5", "\"2026-01-31T23:59:59.000Z\"",
};

struct random { uint64_t state; };

static size_t
pick(struct random *random, size_t below)
{
    random->state ^= random->state << 13;
    random->state ^= random->state >> 7;
    random->state ^= random->state << 17;
    return below ? random->state % below : 0;
}

/* Where a value hangs: in an object by its name, in an array by its index. */
struct node { json_t *parent; const char *name; size_t index; json_t *value; };
struct nodes { struct node items[NODES_MAX]; size_t count; };

static void
collect(struct nodes *nodes, json_t *parent)
{
    const char *name;
    json_t     *value;
    size_t      i;

    json_object_foreach(parent, name, value) {
        if (nodes->count < NODES_MAX)
            nodes->items[nodes->count++] = (struct node){ parent, name, 0, value };
        collect(nodes, value);
    }
    json_array_foreach(parent, i, value) {
        if (nodes->count < NODES_MAX)
            nodes->items[nodes->count++] = (struct node){ parent, NULL, i, value };
        collect(nodes, value);
    }
}

static void
replace(const struct node *node, json_t *value)
{
    if (node->name)
        json_object_set_new(node->parent, node->name, value);
    else
        json_array_set_new(node->parent, node->index, value);
}

static void
drop(const struct node *node)
{
    if (node->name)
        json_object_del(node->parent, node->name);
    else
        json_array_remove(node->parent, node->index);
}

/* One digit of a text changed, put in or taken out, or its point moved. */
static json_t *
change_text(struct random *random, const char *text)
{
    char   changed[128];
    size_t count = strlen(text), at = pick(random, count + 1);

    if (count + 2 > sizeof changed)
        return json_string(text);
    switch (pick(random, 3)) {
    case 0:
        snprintf(changed, sizeof changed, "%.*s%c%s", (int)at, text, "0123456789.-"[pick(random, 12)], text + at);
        break;
    case 1:
        snprintf(changed, sizeof changed, "%.*s%s", (int)at, text, at < count ? text + at + 1 : "");
        break;
    default:
        snprintf(changed, sizeof changed, "%s", text);
        if (at < count)
            changed[at] = "0123456789.-"[pick(random, 12)];
    }
    return json_string(changed);
}

static void
change(struct random *random, const struct nodes *nodes)
{
    const struct node *node = &nodes->items[pick(random, nodes->count)];
    const struct node *other = &nodes->items[pick(random, nodes->count)];
    const char        *text = json_string_value(node->value);

    switch (pick(random, 8)) {
    case 0:
        drop(node);
        break;
    case 1:
        replace(node, json_deep_copy(other->value));
        break;
    case 2:
        if (node->name)
            json_object_set_new(node->parent, other->name ? other->name : "A", json_deep_copy(node->value));
        else
            json_array_insert_new(node->parent, node->index, json_deep_copy(node->value));
        break;
    case 3:
    case 4:
    case 5:
        if (text) {
            json_t *changed = change_text(random, text);
            if (changed)                      /* bytes of UTF-8 may have been cut */
                replace(node, changed);
            break;
        }
        /* fall through */
    default:
        replace(node, json_loads(scalars[pick(random, sizeof scalars / sizeof *scalars)], JSON_DECODE_ANY, NULL));
    }
}

size_t
mutate_json(uint8_t *bytes, size_t count, size_t max, unsigned seed)
{
    static struct nodes nodes;
    struct random       random = { seed * UINT64_C(0x9E3779B97F4A7C15) + 1 };
    json_t             *json = json_loadb((char *)bytes, count, 0, NULL);

    if (!json || pick(&random, BLIND_ONE_IN) == 0) {
        json_decref(json);
        return LLVMFuzzerMutate(bytes, count, max);
    }
    for (size_t changes = 1 + pick(&random, 3); changes > 0; changes--) {
        nodes.count = 0;
        collect(&nodes, json);
        if (nodes.count)
            change(&random, &nodes);
    }
    size_t made = json_dumpb(json, (char *)bytes, max, JSON_COMPACT);
    json_decref(json);
    return made && made <= max ? made : LLVMFuzzerMutate(bytes, count, max);
}
