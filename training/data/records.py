"""Requests for JSON values and the values."""

import json

from .options import Options
from .schemas import odd_name
from .words import (
    BRANDS, CATEGORIES, COLOURS, COUNTRIES, FIRST, ITEMS, JOBS, MATERIALS, NOUNS, an, any_value, city, first_name, invented, person, thing,
)


def email(r):
    a = (invented(r) if r.random() < 0.5 else r.choice(FIRST).lower())
    return f"{a}@{r.choice(['example.com', 'mail.org', invented(r) + '.net', 'post.io'])}"


def person_fields(r):
    """(key, value, short phrase, sentence form) of a person; the name is apart."""
    age = r.randint(1, 99)
    c, co, j, e = city(r), r.choice(COUNTRIES), r.choice(JOBS), email(r)
    ph = f"555-{r.randint(1000, 9999)}"
    y = r.randint(1930, 2015)
    likes = r.sample(ITEMS, r.randint(2, 3))
    sal = r.randint(10, 150) * r.choice([100, 1000])
    h = r.randint(120, 210)
    listed = ", ".join(likes[:-1]) + " and " + likes[-1]
    return [
        ("age", age, r.choice([f"aged {age}", f"age {age}", f"{age} years old"]), f"is {age} years old"),
        ("city", c, r.choice([f"from {c}", f"living in {c}", f"city {c}"]), r.choice([f"lives in {c}", f"comes from {c}"])),
        ("country", co, r.choice([f"country {co}", f"citizen of {co}"]), f"is a citizen of {co}"),
        ("job", j, r.choice([f"working as {an(j)}", f"job {j}", an(j) if r.random() < 0.5 else f"who works as {an(j)}"]), r.choice([f"works as {an(j)}", f"is {an(j)}"])),
        ("email", e, r.choice([f"email {e}", f"with email {e}"]), f"has the email {e}"),
        ("phone", ph, r.choice([f"phone {ph}", f"with phone {ph}"]), f"has the phone number {ph}"),
        ("born", y, f"born in {y}", f"was born in {y}"),
        ("likes", likes, f"who likes {listed}", f"likes {listed}"),
        ("salary", sal, r.choice([f"earning {sal}", f"salary {sal}"]), f"earns {sal}"),
        ("height", h, r.choice([f"{h} cm tall", f"height {h}"]), f"is {h} cm tall"),
        ("married", True, "married", "is married"),
    ]


def thing_fields(r):
    p = r.choice([r.randint(1, 900), round(r.uniform(1, 300), 2), r.randint(1, 99) + 0.5])
    col, b, m, cat = r.choice(COLOURS), r.choice(BRANDS), r.choice(MATERIALS), r.choice(CATEGORIES)
    w, y, n = r.randint(1, 90), r.randint(1980, 2025), r.randint(2, 400)
    tags = r.sample(ITEMS, r.randint(2, 3))
    listed = ", ".join(tags[:-1]) + " and " + tags[-1]
    return [
        ("price", p, r.choice([f"price {p}", f"costing {p}", f"for {p}"]), f"costs {p}"),
        ("colour", col, f"colour {col}", f"is {col}"),
        ("brand", b, r.choice([f"made by {b}", f"brand {b}"]), f"is made by {b}"),
        ("material", m, f"made of {m}", f"is made of {m}"),
        ("category", cat, r.choice([f"category {cat}", f"in category {cat}"]), f"belongs to the category {cat}"),
        ("weight", w, r.choice([f"weighing {w}", f"weight {w}"]), f"weighs {w}"),
        ("year", y, r.choice([f"from {y}", f"year {y}"]), f"is from {y}"),
        ("quantity", n, f"quantity {n}", f"has quantity {n}"),
        ("tags", tags, f"tagged {listed}", f"is tagged {listed}"),
        ("in_stock", True, "in stock", "is in stock"),
    ]


JSON_CLASH = [{"age", "born"}, {"city", "country"}]


def subset(r, fields, n):
    r.shuffle(fields)
    out = []
    for f in fields:
        keys = {g[0] for g in out}
        if any(f[0] in s and s & keys for s in JSON_CLASH):
            continue
        out.append(f)
        if len(out) == n:
            break
    return out


def dumps(v):
    return json.dumps(v, ensure_ascii=False)


def scalar(r, split):
    x = r.random()
    if x < 0.35:
        return r.randint(0, 9999) if r.random() < 0.93 else -r.randint(1, 999)
    if x < 0.42:
        return round(r.uniform(0, 99), 1)
    if x < 0.5:
        return r.random() < 0.5
    return any_value(r) if r.random() < 0.7 else person(r)


def say(v):
    return {True: "true", False: "false"}[v] if isinstance(v, bool) else str(v)


def field_context(r, keys):
    return r.choice(["fields: {}", "fields: {}", "Fields: {}", "keys: {}"]).format(", ".join(keys))


def schema_context(r, obj):
    def ty(v):
        if isinstance(v, bool):
            return {"type": "boolean"}
        if isinstance(v, int):
            return {"type": "integer"}
        if isinstance(v, float):
            return {"type": "number"}
        if isinstance(v, list):
            return {"type": "array", "items": {"type": "string"}}
        return {"type": "string"}
    s = {"type": "object", "properties": {k: ty(v) for k, v in obj.items()}}
    if r.random() < 0.7:
        s["required"] = list(obj)
    return dumps(s)


def group(r, split="train", small=False, questions=1, options=Options()):
    """Several requests, each with what stands before it: ("", [(request, answer, kind)])."""
    return "", [request(r, split) for _ in range(questions)]


def free_key(r, split):
    return odd_name(r, "invented" if split == "invented" else "train") if r.random() < 0.7 else r.choice(
        ["title", "name", "pages", "author", "price", "count", "size", "id", "level", "active", "score", "code", "city", "email", "age"])


def lines(r, split):
    """`key: value` lines as one object, or a header and rows as an array of objects."""
    keys = []
    while len(keys) < r.randint(2, 4):
        k = free_key(r, split)
        if k not in keys:
            keys.append(k)
    head = r.choice(["Turn into JSON:", "As JSON:", "Convert to JSON:", "To JSON:"])
    if r.random() < 0.5:
        sign = r.choice([": ", ": ", " = ", "="])
        obj = {k: scalar(r, split) for k in keys}
        return "\n".join([head] + [f"{k}{sign}{say(v)}" for k, v in obj.items()]), obj
    rows = [{k: scalar(r, split) for k in keys} for _ in range(r.randint(1, 3))]
    return "\n".join([head, ",".join(keys)] + [",".join(say(v) for v in row.values()) for row in rows]), rows


def request(r, split):
    x = r.random()
    context = None
    if x < 0.5 and split != "invented" or x < 0.1:  # a person or a thing
        is_person = r.random() < 0.65
        name = person(r) if is_person else thing(r)
        if is_person and r.random() < 0.12:
            name = first_name(r)
        fs = subset(r, person_fields(r) if is_person else thing_fields(r), r.choices([1, 2, 3, 4], [2, 4, 4, 1])[0])
        obj = {"name": name, **{f[0]: f[1] for f in fs}}
        y = r.random()
        if y < 0.5:
            phrases = [f[2] for f in fs]
            if is_person:
                head = r.choice(["A record for {n}", "A record for {n}", "A record of {n}", "A person named {n}", "An object for {n}", "Record for {n}",
                                 "A user called {n}", "An employee named {n}", "JSON for {n}", "A JSON record for {n}", "A customer named {n}"]).format(n=name)
            else:
                head = r.choice(["A record for the product {n}", "A product called {n}", "A product named {n}", "An item called {n}", "A record for {n}"]).format(n=name)
            text = head + ", " + ", ".join(phrases)
            if len(phrases) > 1 and r.random() < 0.3:
                text = head + ", " + ", ".join(phrases[:-1]) + " and " + phrases[-1]
        else:
            sents = [f[3] for f in fs]
            body = name + " " + (sents[0] if len(sents) == 1 else ", ".join(sents[:-1]) + " and " + sents[-1]) + "."
            if r.random() < 0.55:
                keys = list(obj)
                if r.random() < 0.7:
                    keys = r.sample(keys, r.randint(1, len(keys)))
                said = ", ".join(keys[:-1]) + " and " + keys[-1] if len(keys) > 1 else keys[0]
                text = r.choice(["Extract {k} as JSON: {b}", "Extract the {k} as JSON: {b}", "Extract {k}: {b}", "Give {k} as JSON: {b}"]).format(k=said.replace("_", " "), b=body)
                obj = {k: obj[k] for k in keys}
            else:
                text = r.choice(["Turn into JSON: {b}", "As JSON: {b}", "Convert to JSON: {b}", "A record from this text: {b}", "{b}"]).format(b=body)
        z = r.random()
        if z < 0.28:
            keys = list(obj)
            if r.random() < 0.5:
                r.shuffle(keys)
            if r.random() < 0.3 and len(keys) > 1:
                keys.pop()
            extra = None
            if r.random() < 0.2:  # a field that the text does not mention
                extra = r.choice(["email", "phone", "country", "notes", "colour", "weight", "job"])
                if extra not in obj and extra not in keys:
                    keys.insert(r.randint(0, len(keys)), extra)
            context = field_context(r, keys)
            obj = {k: obj.get(k) for k in keys}
        elif z < 0.38:
            context = schema_context(r, obj)
    elif x < 0.56:  # lines, or a table of values separated by commas
        text, obj = lines(r, split)
    elif x < 0.82:  # free keys and values
        n = r.choices([1, 2, 3, 4], [1, 4, 4, 1])[0]
        keys = []
        while len(keys) < n:
            k = odd_name(r, "invented" if split == "invented" else "train") if r.random() < 0.75 else r.choice(
                ["title", "name", "pages", "author", "price", "count", "size", "id", "level", "active", "score", "code"])
            if k not in keys:
                keys.append(k)
        obj = {k: scalar(r, split) for k in keys}
        style = r.choice(["{k} {v}", "{k} {v}", "{k} = {v}", "{k}: {v}", "{k} set to {v}"])
        parts = [style.format(k=k if r.random() < 0.6 else k.replace("_", " "), v=say(v)) for k, v in obj.items()]
        text = r.choice(["An object with ", "A record with ", "A JSON object with ", "An object where ", ""]) + (
            ", ".join(parts[:-1]) + r.choice([" and ", ", "]) + parts[-1] if n > 1 else parts[0])
        y = r.random()
        if y < 0.25:
            ks = list(obj)
            r.shuffle(ks)
            context = field_context(r, ks)
            obj = {k: obj[k] for k in ks}
        elif y < 0.33:
            context = schema_context(r, obj)
    elif x < 0.92:  # a list of strings or numbers
        n = r.randint(2, 5)
        y = r.random()
        if y < 0.35:
            vals = [r.randint(0, 999) for _ in range(n)]
        elif y < 0.65:
            vals = r.sample(ITEMS, n)
        else:
            vals = [any_value(r) for _ in range(n)]
        noun = r.choice(["list", "list", "JSON array", "array"])
        what = "numbers" if y < 0.35 else r.choice(["words", "items", "names", "values", invented(r) + "s"])
        text = f"{an(noun).capitalize()} of the {what} {', '.join(map(str, vals[:-1]))} and {vals[-1]}"
        if noun.startswith("JSON"):
            text = text.replace("A json", "A JSON")
        obj = vals
    elif x < 0.97:  # a list of records
        n = r.randint(2, 3)
        rows, said = [], []
        key, phrase = r.choice([("age", "aged {v}"), ("city", "from {v}"), ("score", "with score {v}")])
        for _ in range(n):
            nm = first_name(r)
            v = city(r) if key == "city" else r.randint(1, 99)
            rows.append({"name": nm, key: v})
            said.append(f"{nm}, {phrase.format(v=v)}")
        text = r.choice(["A list of records: ", "Records for ", "An array of people: "]) + "; ".join(said)
        obj = rows
    elif x < 0.985:  # an object in an object, with free keys
        keys = [free_key(r, split) for _ in range(3)]
        if len(set(keys)) < 3:
            return request(r, split)
        a, b = scalar(r, split), scalar(r, split)
        obj = {keys[0]: {keys[1]: a, keys[2]: b}}
        text = r.choice(["An object {k} with {a} {v} and {b} {w}", "An object with {k} that has {a} {v} and {b} {w}"]).format(k=keys[0], a=keys[1], b=keys[2], v=say(a), w=say(b))
    else:  # one nested object
        nm, c, s = person(r), city(r), f"{r.choice(NOUNS)} Street {r.randint(1, 99)}"
        text = r.choice(["A record for {n} with the address {s}, {c}", "A record for {n}, address {s} in {c}"]).format(n=nm, s=s, c=c)
        obj = {"name": nm, "address": {"street": s, "city": c}}
    text = text if "\n" in text else touch_json(r, text)
    user = f"{context}\n\n{text}" if context else text
    kind = "array" if isinstance(obj, list) else "object"
    return user, dumps(obj), kind


def touch_json(r, text):
    x = r.random()
    if x < 0.06:
        return text[0].lower() + text[1:]
    if x < 0.16:
        return r.choice(["Make ", "Create ", "Write "]) + text[0].lower() + text[1:] if text[:2] in ("A ", "An") else text
    if x < 0.22 and not text.endswith("."):
        return text + "."
    return text
