"""Requests for small pieces of TypeScript, and the pieces.

One meaning has one spelling: two spaces of indentation, semicolons, double quotes, typed parameters and
results, one member per line in types, `T[]` for arrays, `===`, functions as declarations unless an arrow
function is asked for, and nothing exported unless the request says so.  A function without a name in
the request has the name of its operation (`filterEven`, `sortEmployees`).
"""

from .operations import GENERIC, OPERATIONS
from .options import Options
from .pieces import FIELDS, ask, entity, exported, fields, members, named, quoted, request, word, written
from .typed import over_type, shown_type, write_type
from .words import COLOURS, GENRES, LEVELS, NOUNS, STATUSES, an, any_value, camel, invented, pascal, said_list


def shape(r, split):
    """The name of a type and its fields, as asked and as code."""
    one, _ = entity(r, split)
    name = pascal(one)
    items = fields(r, split, r.choices([1, 2, 3, 4, 5], [1, 4, 5, 3, 1])[0])
    code = [f"{f[0]}: {f[1]}" for f in items]
    x = r.random()
    if x < 0.25:
        said = ", ".join(f[3] for f in items)
    elif x < 0.35 and len(items) > 1:
        said = ", ".join(f"{f[0]} ({f[1]})" for f in items)
    else:
        words = [f[2] for f in items]
        if r.random() < 0.15:
            i = r.randrange(len(items))
            if " of type " not in words[i]:
                words[i] = "an optional " + words[i].removeprefix("a ")
                code[i] = code[i].replace(":", "?:", 1)
        elif r.random() < 0.08:
            i = r.randrange(len(items))
            if not words[i].startswith("a "):
                words[i] = f"a readonly {words[i]}"
                code[i] = "readonly " + code[i]
        said = said_list(words)
    subject = r.choice([f"for {an(one)}", name, f"called {name}", f"named {name}", f"for {an(one)}"])
    if r.random() < 0.2:
        said = r.choice(["the fields ", "the properties "]) + said
    return name, subject, said, code


def interface(r, split):
    name, subject, said, code = shape(r, split)
    if r.random() < 0.1:
        base = pascal(entity(r, split)[0])
        if base != name:
            text, out = f"an interface {name} that extends {base} with {said}", f"interface {name} extends {base} {{\n{members(code)}}}"
            return text, out, "interface"
    text, out = exported(r, f"an interface {subject} with {said}", f"interface {name} {{\n{members(code)}}}")
    return text, out, "interface"


def object_type(r, split):
    name, subject, said, code = shape(r, split)
    text, out = exported(r, f"a {r.choice(['type', 'type', 'type alias'])} {subject} with {said}", f"type {name} = {{\n{members(code)}}};")
    return text, out, "type"


def some_words(r, split, n):
    source = r.choice([STATUSES, COLOURS, LEVELS, GENRES])
    out = []
    while len(out) < n:
        w = invented(r) if split == "invented" or r.random() < 0.35 else r.choice(source)
        if w not in out:
            out.append(w)
    return out


def union(r, split):
    name = pascal(word(r, split))
    values = some_words(r, split, r.randint(2, 5))
    said = said_list(values if r.random() < 0.7 else [f'"{v}"' for v in values], "or")
    text = r.choice([f"a type {name} that is {said}", f"a type {name} that is either {said}", f"a union type {name} of {said if r.random() < 0.5 else said_list(values)}", f"a type {name} for {said}"])
    return text, f"type {name} = {' | '.join(map(quoted, values))};", "union"


def enumeration(r, split):
    name = pascal(word(r, split))
    values = some_words(r, split, r.randint(2, 5))
    said = said_list(values)
    if r.random() < 0.25:
        code = [f"{pascal(v)} = {quoted(v)}" for v in values]
        text = r.choice([f"a string enum {name} with {said}", f"a string enum called {name} with the values {said}"])
    else:
        code = [pascal(v) for v in values]
        text = r.choice([f"an enum {name} with {said}", f"an enum {name} with the values {said}", f"an enum called {name} with {said}", f"an enum {name} of {said}"])
    text, out = exported(r, text, f"enum {name} {{\n{members(code, end=',')}}}")
    return text, out, "enum"


def klass(r, split):
    one, _ = entity(r, split)
    name = pascal(one)
    items = fields(r, split, r.choices([1, 2, 3], [2, 4, 2])[0])
    said = said_list(f[2] for f in items) if r.random() < 0.7 else ", ".join(f[3] for f in items)
    subject = r.choice([f"for {an(one)}", name, f"called {name}", f"named {name}"])
    code = members(f[3] for f in items)
    code += f"\n  constructor({', '.join(f[3] for f in items)}) {{\n{members((f'this.{f[0]} = {f[0]}' for f in items), '    ')}  }}\n"
    text, out = exported(r, f"a class {subject} with {said}", f"class {name} {{\n{code}}}")
    return text, out, "class"


def operation(r, split):
    kind = "arrow" if r.random() < 0.25 else "function"
    if r.random() < 0.06:
        default, phrases, takes, result, expression = r.choice(GENERIC)
        name, stated = named(r, split, default)
        param = "values" if takes == "T[]" else "value"
        return (request(r, kind, name, stated, r.choice(phrases), True),
                written(kind, name, [(param, takes)], result, expression.format(param), "<T>"), "generic")
    default, phrases, params, result, expression = r.choice(OPERATIONS)
    name, stated = named(r, split, default)
    n = r.choice([r.randint(2, 9), r.randint(10, 99), r.randint(1, 99) * 10])
    m = n + r.choice([r.randint(1, 9), r.randint(10, 900)])
    s = invented(r) if r.random() < 0.6 or split == "invented" else r.choice(NOUNS).lower()
    phrase = r.choice(phrases).format(n=n, m=m, s=s)
    names = [p for p, _ in params]
    text = request(r, kind, name, stated, phrase)
    if r.random() < 0.2:
        fresh = []
        while len(fresh) < len(names):
            w = camel(word(r, split))
            if w not in fresh and w != name:
                fresh.append(w)
        names = fresh
        what = "parameter" if len(names) == 1 else "parameters"
        text += r.choice([f", with the {what} {said_list(names)}", f" ({what} {said_list(names)})", f", taking {said_list(names)}"])
    code = written(kind, name, list(zip(names, (t for _, t in params))), result, expression.format(*names, f=name, n=n, m=m, s=s))
    text, code = exported(r, text, code)
    return text, code, kind


def scalar(r):
    x = r.random()
    if x < 0.45:
        v = str(r.choice([r.randint(0, 99), r.randint(100, 99999), round(r.uniform(0, 99), 1)]))
        return "number", v, v
    if x < 0.6:
        v = r.choice(["true", "false"])
        return "boolean", v, v
    v = any_value(r)
    return "string", v if r.random() < 0.6 else f'"{v}"', quoted(v)


def constant(r, split):
    x = r.random()
    name = camel(word(r, split))
    if x < 0.5:
        kind, said, code = scalar(r)
        text = r.choice([f"a constant {name} with the value {said}", f"a constant {name} equal to {said}", f"a constant {name} that is {said}", f"a constant called {name} with the value {said}"])
        text, code = exported(r, text, f"const {name}: {kind} = {code};")
        return text, code, "const"
    if x < 0.75:
        n = r.randint(2, 5)
        if r.random() < 0.5:
            values = [str(r.randint(0, 999)) for _ in range(n)]
            return f"an array {name} of the numbers {said_list(values)}", f"const {name}: number[] = [{', '.join(values)}];", "const"
        values = some_words(r, split, n)
        return f"an array {name} of the strings {said_list(values)}", f"const {name}: string[] = [{', '.join(map(quoted, values))}];", "const"
    pairs, keys = [], []
    while len(keys) < r.randint(1, 3):
        w = camel(word(r, split)) if split == "invented" or r.random() < 0.5 else camel(r.choice(FIELDS["string"] + FIELDS["number"]))
        if w not in keys:
            keys.append(w)
            pairs.append((w, *scalar(r)))
    said = said_list(f"{k} {v}" for k, _, v, _ in pairs)
    return f"an object {name} with {said}", f"const {name} = {{ {', '.join(f'{k}: {c}' for k, _, _, c in pairs)} }};", "const"


PIECES = [(interface, 17), (object_type, 7), (union, 7), (enumeration, 8), (klass, 7), (operation, 44), (constant, 9)]
MAKERS, WEIGHTS = zip(*PIECES)


def group(r, split="train", small=False, questions=1, options=Options()):
    """Several requests; about four in ten groups share a type that stands before them."""
    shown = r.random() < 0.4
    t = shown_type(r, split, small) if shown else None
    context = write_type(r, t) if shown else ""
    if shown and options.schema_injection_prob < 1 and r.random() >= options.schema_injection_prob:
        context = ""
    out = []
    for _ in range(questions):
        text, code, kind = over_type(r, split, t) if shown else r.choices(MAKERS, WEIGHTS)[0](r, split)
        text = ask(r, text)
        if r.random() < 0.06:
            text += "."
        out.append((text, code, kind))
    return context, out
