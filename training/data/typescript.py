"""Requests for small pieces of TypeScript, and the pieces.

One meaning has one spelling: two spaces of indentation, semicolons, double quotes, typed parameters and
results, one member per line in types, `T[]` for arrays, `===`, functions as declarations unless an arrow
function is asked for, and nothing exported unless the request says so.  A function without a name in
the request has the name of its operation (`filterEven`, `sortEmployees`).
"""

from .conditions import conditions, join_conditions
from .operations import GENERIC, OPERATIONS
from .options import Options
from .schemas import ENTITIES, ENTITIES_HELDOUT, make_table, odd_name, split_entity
from .words import (
    COLOURS, GENRES, LEVELS, NOUNS, STATUSES, an, any_value, base, camel, invented, pascal, plural, said_list,
)

# Names that a module must not declare, or that read badly.
RESERVED = set("""abstract any arguments as async await boolean break case catch class const constructor continue debugger declare default delete do else
enum eval export extends false finally for from function get if implements import in infer instanceof interface is keyof let module namespace
never new null number object of package private protected public readonly require return set static string super switch symbol this throw
true try type typeof undefined unique unknown var void while with yield date map array error math console promise record""".split())

FIELDS = {
    "string": """name title email city country colour description status category address phone author genre first_name last_name language
                 brand street label message url path password username company department role summary comment notes""".split(),
    "number": """id age price salary weight height year quantity stock rating score count total amount width length x y radius speed level points
                 pages duration capacity distance budget discount volume depth balance""".split(),
    "boolean": "active verified paid available done enabled visible urgent married completed archived published admin".split(),
    "string[]": "tags likes names roles labels".split(),
    "number[]": "scores grades ratings prices".split(),
    "Date": "created_at updated_at birthday due_date start_date end_date".split(),
}
TYPE_OF = {name: kind for kind, names in FIELDS.items() for name in names}
SAID_TYPE = {"string": "a string", "number": "a number", "boolean": "a boolean", "string[]": "a string array", "number[]": "a number array", "Date": "a date"}
VERBS = "get make find load build check list read show compute create update select pick count run start stop parse format handle".split()


# Names


def word(r, split):
    while True:
        w = odd_name(r, split)
        if w.split("_")[0] not in RESERVED and w not in RESERVED:
            return w


def entity(r, split):
    """(singular, plural) as spoken, with blanks between words."""
    while True:
        if split == "invented" or split == "train" and r.random() < 0.45:
            one = invented(r)
            if r.random() < 0.15:
                one = f"{invented(r)} {one}"
            many = " ".join(one.split()[:-1] + [plural(one.split()[-1])])
        else:
            one, many = split_entity(r.choice(r.choice(list((ENTITIES_HELDOUT if split == "heldout" else ENTITIES).values()))))
        if one not in RESERVED and many not in RESERVED:
            return one, many


def function_name(r, split):
    x = r.random()
    if x < 0.35:
        return camel(f"{r.choice(VERBS)} {word(r, split)}")
    if x < 0.6:
        return camel(f"{r.choice(VERBS)} {r.choice(entity(r, split))}")
    return camel(word(r, split))


def fields(r, split, n):
    """n fields as (name, type, phrase in words, phrase with the type)."""
    out = []
    while len(out) < n:
        if split != "invented" and r.random() < 0.55:
            w = r.choice(list(TYPE_OF))
            kind = TYPE_OF[w]
            known = True
        else:
            w = word(r, split)
            if w in TYPE_OF:
                continue
            kind = r.choices(list(SAID_TYPE), [6, 6, 3, 1, 1, 0.7])[0]
            known = False
        name = camel(w)
        if name in [f[0] for f in out]:
            continue
        spoken = w.replace("_", " ") if r.random() < 0.6 else name
        typed = r.choice([f"{SAID_TYPE[kind]} {spoken}", f"{SAID_TYPE[kind]} {spoken}", f"{spoken} of type {kind}"])
        out.append((name, kind, spoken if known and r.random() < 0.85 else typed, f"{name}: {kind}"))
    return out


def members(items, indent="  ", end=";"):
    return "".join(f"{indent}{item}{end}\n" for item in items)


def quoted(v):
    return '"' + v.replace("\\", "\\\\").replace('"', '\\"') + '"'


def ask(r, text):
    """A request for a thing: `a function ...` with or without a verb."""
    x = r.random()
    if x < 0.05:
        for thing in ("function", "interface", "class", "type"):
            text = text.replace(f"a {thing} ", f"a TypeScript {thing} ", 1).replace(f"an {thing} ", f"a TypeScript {thing} ", 1)
    x = r.random()
    if x < 0.4:
        return text[0].upper() + text[1:]
    return r.choice(["Write ", "Create ", "Define ", "Give me ", "Write ", "Make ", "Declare ", "Implement ", "Add "]) + text


def exported(r, text, code):
    """Now and then the thing is to be exported."""
    if r.random() < 0.08:
        first, rest = text.split(" ", 1)
        return f"an exported {rest}", "export " + code
    return text, code


# Types


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
    text = r.choice([f"a type {name} that is {said}", f"a type {name} that is either {said}", f"a union type {name} of {said}", f"a type {name} for {said}"])
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


# Functions and values


def written(kind, name, params, result, expression, generic=""):
    """A declaration or an arrow function around one expression."""
    head = ", ".join(f"{n}: {t}" for n, t in params)
    if kind == "arrow":
        return f"const {name} = {generic}({head}): {result} => {expression};"
    return f"function {name}{generic}({head}): {result} {{\n  {'' if result == 'void' else 'return '}{expression};\n}}"


def named(r, split, default):
    """(name, whether the request states it)."""
    x = r.random()
    if x < 0.25:
        return default, False
    return (default, True) if x < 0.45 else (function_name(r, split), True)


def request(r, kind, name, stated, phrase, generic=False):
    what = ("generic " if generic else "") + ("arrow function" if kind == "arrow" else "function")
    if not stated:
        return f"{an(what)} that {phrase}" if r.random() < 0.75 or phrase.startswith("takes ") else f"{an(what)} to {base(phrase)}"
    if r.random() < 0.15 and not phrase.startswith("takes "):
        return f"{an(what)} {r.choice(['', 'called ', 'named '])}{name} to {base(phrase)}"
    return r.choice([f"{an(what)} {name} that {phrase}", f"{an(what)} {name} that {phrase}", f"{an(what)} called {name} that {phrase}",
                     f"{an(what)} named {name} that {phrase}", f"{an(what)} {name} which {phrase}"])


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


# Functions over types that the prompt shows


def test_code(test, member):
    op, *a = test
    value = lambda literal: quoted(literal[1]) if literal[0] == "text" else literal[1]
    if op == "cmp":
        if a[1][0] == "bool":
            return member if a[1][1] == "true" else f"!{member}"
        return f"{member} {({'=': '===', '<>': '!=='}).get(a[0], a[0])} {value(a[1])}"
    if op == "between":
        return f"{member} >= {a[0]} && {member} <= {a[1]}"
    if op == "in":
        return f"[{', '.join(map(value, a[0]))}].includes({member})"
    return f"{member}.{({'starts': 'startsWith', 'ends': 'endsWith', 'contains': 'includes'})[a[0]]}({quoted(a[1])})"


def shown_type(r, split, small):
    """A table of the relational generator as a type: fields in camelCase, no dates, nothing missing."""
    while True:
        t = make_table(r, split, r.randint(2, 4) if small else r.randint(2, 6), set())
        t.columns = [c for c in t.columns if c.kind in ("num", "text", "bool") or c.kind == "id" and r.random() < 0.6]
        if t.label not in t.columns or len(t.columns) < 2 or t.one in RESERVED or t.many in RESERVED:
            continue
        for c in t.columns:
            c.name = camel(c.name)
            c.type = {"num": "number", "id": "number", "bool": "boolean", "text": "string"}[c.kind]
        t.name, t.item, t.items = pascal(t.one), camel(t.one), camel(t.many)
        taken = {c.name for c in t.columns} | {t.item, t.items, t.name}
        if not any(c.type in ("number", "string") and c.name not in (t.item, t.items) for c in t.columns):
            continue
        if len({c.name for c in t.columns}) == len(t.columns) and not taken & RESERVED and t.item != t.items and t.items not in ("a", "b", "total"):
            return t


def write_type(r, t):
    if r.random() < 0.75:
        return f"interface {t.name} {{\n{members(f'{c.name}: {c.type}' for c in t.columns)}}}"
    return f"type {t.name} = {{\n{members(f'{c.name}: {c.type}' for c in t.columns)}}};"


def where(r, t, n, skip=()):
    """(noun phrase, test code), or nothing."""
    for _ in range(6):
        got = [g for g in conditions(r, t, n, skip) if g[2][0] not in ("null", "known", "span")]
        if got:
            _, _, _, rel, _ = join_conditions(r, t, got, f"{t.item}.", test_code)
            tests = [test_code(g[2], f"{t.item}.{g[3].name}") for form in ("pre", "fin", "post") for g in got if g[0] == form]
            return rel, " && ".join(tests)
    return None


def over_type(r, split, t):
    kind = "arrow" if r.random() < 0.15 else "function"
    nums = [c for c in t.columns if c.kind == "num"]
    many, one = [(t.items, f"{t.name}[]")], [(t.item, t.name)]
    x = r.random()

    def done(default, phrases, params, result, expression, what):
        name, stated = named(r, split, default)
        return request(r, kind, name, stated, r.choice(phrases)), written(kind, name, params, result, expression), what

    title = pascal(t.many)
    if x < 0.38:
        n = r.choices([1, 2], [4, 1])[0]
        got = where(r, t, n)
        if got:
            rel, test = got
            chosen = f"{t.items}.filter(({t.item}) => {test})"
            y = r.random()
            if y < 0.5:
                return done(f"filter{title}", [f"returns the {rel}", f"returns all {rel}", f"filters the {rel}", f"keeps the {rel}"], many, f"{t.name}[]", chosen, "filter")
            if y < 0.65:
                return done(f"count{title}", [f"counts the {rel}", f"returns the number of {rel}"], many, "number", chosen + ".length", "count")
            if y < 0.85:
                c = r.choice(t.columns)
                return done(f"filter{title}", [f"returns the {c.words} of the {rel}", f"returns the {plural(c.words)} of the {rel}"], many, f"{c.type}[]",
                            f"{chosen}.map(({t.item}) => {t.item}.{c.name})", "filter-map")
            if rel.startswith(t.many + " who ") or rel.startswith(t.many + " that ") and r.random() < 0.5:
                verb = rel.removeprefix(t.many).split(" ", 2)[2]
                return done(f"all{title}", [f"checks whether all {t.many} {verb}", f"returns whether all {t.many} {verb}"], many, "boolean",
                            f"{t.items}.every(({t.item}) => {test})", "every")
            return done(f"has{title}", [f"checks whether there are any {rel}", f"returns whether there are any {rel}"], many, "boolean",
                        f"{t.items}.some(({t.item}) => {test})", "some")
    if x < 0.5:
        c = r.choice(t.columns)
        w = plural(c.words)
        return done(camel(f"list {w}"), [f"returns the {w} of all {t.many}", f"returns the {c.words} of each {t.one}", f"lists the {w} of the {t.many}"], many, f"{c.type}[]",
                    f"{t.items}.map(({t.item}) => {t.item}.{c.name})", "map")
    if x < 0.64 and nums:
        c = r.choice(nums)
        total = f"{t.items}.reduce((total, {t.item}) => total + {t.item}.{c.name}, 0)"
        field = c.name[0].upper() + c.name[1:]
        every_ = f"{c.words} of {r.choice(['the ', 'all ', ''])}{t.many}"
        y = r.random()
        if y < 0.35:
            return done(f"total{field}", [f"returns the total {every_}", f"sums the {every_}", f"computes the total {every_}"], many, "number", total, "sum")
        if y < 0.65:
            return done(f"average{field}", [f"returns the average {every_}", f"computes the average {every_}"], many, "number", f"{total} / {t.items}.length", "average")
        big = r.random() < 0.6
        return done(f"{'max' if big else 'min'}{field}", [f"returns the {'highest' if big else 'lowest'} {every_}", f"returns the {'maximum' if big else 'minimum'} {every_}"], many, "number",
                    f"Math.{'max' if big else 'min'}(...{t.items}.map(({t.item}) => {t.item}.{c.name}))", "extreme")
    if x < 0.74:
        c = r.choice([c for c in t.columns if c.type in ("number", "string")])
        desc = r.random() < 0.35
        a, b = ("b", "a") if desc else ("a", "b")
        compare = f"{a}.{c.name} - {b}.{c.name}" if c.type == "number" else f"{a}.{c.name}.localeCompare({b}.{c.name})"
        tail = r.choice([" in descending order", ", descending"]) if desc else r.choice(["", "", " in ascending order"])
        return done(f"sort{title}", [f"sorts {r.choice(['', 'the '])}{t.many} by {c.words}{tail}", f"returns the {t.many} sorted by {c.words}{tail}"], many, f"{t.name}[]",
                    f"[...{t.items}].sort((a, b) => {compare})", "sort")
    if x < 0.84:
        c = r.choice([c for c in t.columns if c.type in ("number", "string") and c.name not in (t.item, t.items)])
        return done(f"find{t.name}", [f"finds {an(t.one)} by {c.words}", f"returns the {t.one} with a given {c.words}"], many + [(c.name, c.type)], f"{t.name} | undefined",
                    f"{t.items}.find(({t.item}) => {t.item}.{c.name} === {c.name})", "find")
    if x < 0.9:
        c = r.choice(t.columns)
        return done(camel(f"get {c.words}"), [f"returns the {c.words} of {an(t.one)}", f"gets the {c.words} of {an(t.one)}"], one, c.type, f"{t.item}.{c.name}", "get")
    if x < 0.93:
        params = [(c.name, c.type) for c in t.columns]
        body = ", ".join(c.name for c in t.columns)
        code = "({ " + body + " })" if kind == "arrow" else "{ " + body + " }"
        return done(f"create{t.name}", [f"creates {an(t.one)}", f"builds {an(t.one)} from its fields"], params, t.name, code, "create")
    y = r.random()
    name = pascal(entity(r, split)[0]) + r.choice(["", "", "Part", "View", "Input"])
    if name == t.name:
        name += "View"
    cols = r.sample(t.columns, min(len(t.columns) - 1, r.choice([1, 1, 2])))
    keys = " | ".join(quoted(c.name) for c in cols)
    said = said_list(c.words for c in cols)
    if y < 0.35:
        return f"a type {name} that is {an(t.one)} without {said}", f"type {name} = Omit<{t.name}, {keys}>;", "omit"
    if y < 0.7:
        return f"a type {name} with only the {said} of {an(t.one)}", f"type {name} = Pick<{t.name}, {keys}>;", "pick"
    return f"a type {name} that is {an(t.one)} with all fields optional", f"type {name} = Partial<{t.name}>;", "partial"


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
