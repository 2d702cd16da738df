"""Names, fields and the frames of functions: what all TypeScript answers are made of."""

from .schemas import ENTITIES, odd_name, split_entity
from .words import ENTITIES_HELDOUT, an, base, camel, invented, plural

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
