"""The part of JSON Schema that openapi.yaml uses: values checked, made, and spoiled."""
import copy
import re
from fractions import Fraction

INTEGER_MAX = 2**53 - 1
DECIMAL_PATTERN = r"^-?(0|[1-9][0-9]*)(\.[0-9]{1,18})?$"
DECIMAL = re.compile(DECIMAL_PATTERN[:-1] + r"\Z")
UNITS_MAX = 2**127 - 1
KNOWN = {"$ref", "description", "type", "additionalProperties", "default", "properties", "required",
         "x-at-least", "x-at-most", "x-above", "maxItems", "minItems", "items", "prefixItems", "minimum", "maximum",
         "enum", "const", "maxLength", "minLength", "maxProperties", "minProperties", "propertyNames",
         "pattern", "oneOf", "discriminator", "example", "examples", "title"}
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool,
         "null": type(None)}


class Schemas:
    def __init__(self, document):
        self.document = document

    def resolve(self, node):
        """A reference with what stands beside it, followed to its end."""
        while isinstance(node, dict) and "$ref" in node:
            target = self.document
            for step in node["$ref"][2:].split("/"):
                target = target[step.replace("~1", "/").replace("~0", "~")]
            node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
        return node

    def check(self, schema, value, is_request, at=""):
        """Why the value is not what the schema says; None: it is. In a request null stands for a
        member that is left out, and an integer for a decimal."""
        schema = self.resolve(schema)
        unknown = set(schema) - KNOWN
        if unknown:
            return f"{at}: the schema says {unknown}, which is not checked"
        if "oneOf" in schema:
            whys = [self.check(case, value, is_request, at) for case in schema["oneOf"]]
            return None if whys.count(None) == 1 else f"{at}: {whys}"
        if "enum" in schema and value not in schema["enum"] or \
                "const" in schema and value != schema["const"]:
            return f"{at}: {value!r} is not one of those that may be"
        if is_request and schema.get("pattern") == DECIMAL_PATTERN and type(value) is int:
            return self.check_decimal(schema, str(value), at) if abs(value) <= INTEGER_MAX \
                else f"{at}: too large an integer"
        types = schema.get("type", [])
        types = types if isinstance(types, list) else [types]
        if types and not any(type(value) is TYPES[name] for name in types):
            return f"{at}: {value!r} is no {types}"
        if isinstance(value, str):
            return self.check_string(schema, value, at)
        if type(value) is int:
            return None if schema.get("minimum", value) <= value <= schema.get("maximum", value) \
                else f"{at}: {value} is out of bounds"
        if isinstance(value, list):
            return self.check_list(schema, value, is_request, at)
        if isinstance(value, dict):
            return self.check_object(schema, value, is_request, at)
        return None

    def check_decimal(self, schema, text, at):
        if not DECIMAL.match(text) or abs(Fraction(text)) * 10**18 > UNITS_MAX:
            return f"{at}: {text!r} is no decimal"
        number = Fraction(text)
        if number < Fraction(schema.get("x-at-least", number)) or \
                number > Fraction(schema.get("x-at-most", number)) or \
                "x-above" in schema and number <= Fraction(schema["x-above"]):
            return f"{at}: {text} is out of bounds"
        return None

    def check_string(self, schema, value, at):
        count = len(value)
        if not schema.get("minLength", 0) <= count <= schema.get("maxLength", count):
            return f"{at}: {count} characters"
        if schema.get("pattern") == DECIMAL_PATTERN:
            return self.check_decimal(schema, value, at)
        if "pattern" in schema and not re.search(schema["pattern"].replace("$", r"\Z"), value):
            return f"{at}: {value!r} is not {schema['pattern']}"
        return None

    def check_list(self, schema, value, is_request, at):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            return f"{at}: {len(value)} items"
        before = schema.get("prefixItems", [])
        for i, item in enumerate(value):
            why = self.check(before[i] if i < len(before) else schema.get("items", {}), item, is_request,
                             f"{at}/{i}")
            if why:
                return why
        return None

    def check_object(self, schema, value, is_request, at):
        members = schema.get("properties", {})
        others = schema.get("additionalProperties", True)
        required = schema.get("required", [])
        if not schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", len(value)):
            return f"{at}: {len(value)} members"
        for name in required:
            if name not in value:
                return f"{at}: {name} is missing"
        for name, item in value.items():
            why = self.check(schema.get("propertyNames", {}), name, False, f"{at}/{name}")
            if why:
                return why
            if name in members:
                if is_request and item is None and name not in required:
                    continue
                why = self.check(members[name], item, is_request, f"{at}/{name}")
            elif others is False:
                why = f"{at}/{name}: nobody knows this member"
            elif isinstance(others, dict):
                why = self.check(others, item, is_request, f"{at}/{name}")
            if why:
                return why
        return None

    def make(self, schema, random, names, depth=0):
        """A value that the schema takes. names: of assets."""
        schema = self.resolve(schema)
        if "const" in schema or "enum" in schema:
            return schema.get("const", None) if "const" in schema else random.choice(schema["enum"])
        if "oneOf" in schema:
            return self.make(random.choice(schema["oneOf"]), random, names, depth)
        types = schema.get("type", "string")
        kind = random.choice(types) if isinstance(types, list) else types
        if kind == "object":
            return self.make_object(schema, random, names, depth)
        if kind == "array":
            return self.make_list(schema, random, names, depth)
        if kind == "string":
            return self.make_string(schema, random, names)
        if kind == "integer":
            least, most = schema.get("minimum", 0), schema.get("maximum", 1000)
            return random.choice([least, most, random.randint(least, min(most, least + 1000))])
        return {"boolean": random.random() < 0.5, "null": None}[kind]

    def make_string(self, schema, random, names):
        pattern = schema.get("pattern", "")
        if pattern == DECIMAL_PATTERN:
            return self.make_decimal(schema, random)
        if "0-9a-f" in pattern:
            return "%064x" % random.getrandbits(256)
        if "T[0-9]" in pattern:
            return f"20{random.randint(10, 40)}-0{random.randint(1, 9)}-1{random.randint(0, 9)}T1{random.randint(0, 9)}:00:00Z"
        if pattern:
            return random.choice(names)
        least, most = schema.get("minLength", 0), min(schema.get("maxLength", 40), 40)
        return "".join(random.choice("abc XYZ09-_.:é☃😀\"\\/") for _ in range(random.randint(least, max(least, most))))

    def make_decimal(self, schema, random):
        least = Fraction(schema.get("x-at-least", schema.get("x-above", "-1000")))
        most = Fraction(schema.get("x-at-most", str(least + 10**random.randint(0, 9))))
        places = random.choice([0, 1, 2, 6, 18])
        unit = Fraction(1, 10**places)
        low, high = -(-least // unit), most // unit
        if "x-above" in schema and low * unit <= least:
            low += 1
        number = random.choice([low, high, random.randint(low, max(low, high))]) if low <= high else low
        whole, rest = divmod(abs(number), 10**places)
        text = str(whole) + ("." + str(rest).zfill(places) if places else "")
        return "-" + text if number < 0 else text

    def make_list(self, schema, random, names, depth):
        before = schema.get("prefixItems", [])
        least, most = schema.get("minItems", 0), schema.get("maxItems", 3)
        count = max(len(before), random.randint(least, min(most, least + (1 if depth > 4 else 3))))
        return [self.make(before[i] if i < len(before) else schema.get("items", {}), random, names, depth + 1)
                for i in range(count)]

    def make_object(self, schema, random, names, depth):
        made = {}
        for name, member in schema.get("properties", {}).items():
            if name in schema.get("required", []) or random.random() < (0.4 if depth < 3 else 0.2):
                made[name] = self.make(member, random, names, depth + 1)
        others = schema.get("additionalProperties")
        if isinstance(others, dict):
            for name in random.sample(names, min(len(names), random.randint(
                    max(1, schema.get("minProperties", 0)), 3))):
                made[name] = self.make(others, random, names, depth + 1)
        return made


EDGES = [None, True, 0, 1, -1, 1.5, 1e300, "", "0", "-1", "1e5", "0.0000000000000000001", [], {}, [[]],
         "170141183460469231731.687303715884105727", "170141183460469231731.687303715884105728",
         INTEGER_MAX, INTEGER_MAX + 1, 2**70, -2**63, "00", "1.", "NaN", "\u0000", "é" * 70, "x" * 5000,
         "2026-02-30T00:00:00Z", "0" * 64, "ETH", "../..", "'; drop table x; --", {"rule": "none"}]


def spoil(value, random):
    """A copy, with one thing changed somewhere in it."""
    value = copy.deepcopy(value)
    places = []

    def walk(node):
        for key in (node if isinstance(node, dict) else range(len(node))):
            places.append((node, key))
            if isinstance(node[key], (dict, list)):
                walk(node[key])
    if not isinstance(value, (dict, list)):
        return random.choice(EDGES)
    walk(value)
    if not places or random.random() < 0.02:
        return random.choice(EDGES)
    node, key = random.choice(places)
    what = random.randrange(6)
    if what == 0:
        del node[key]
    elif what == 1 and isinstance(node, dict):
        node[random.choice(["x", "", "__proto__", key + "_", "a" * 65, "é"])] = node[key]
    elif what == 1:
        node.insert(key, copy.deepcopy(node[key]))
    elif what == 2:
        other, at = random.choice(places)
        node[key] = copy.deepcopy(other[at]) if at in (other if isinstance(other, dict) else range(len(other))) else None
    elif what == 3 and isinstance(node[key], str) and node[key]:
        at = random.randrange(len(node[key]))
        node[key] = node[key][:at] + random.choice("0123456789.-e \u00e9\u0000") + node[key][at + random.randrange(2):]
    else:
        node[key] = random.choice(EDGES)
    return value
