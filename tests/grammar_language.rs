//! The grammar languages: what is refused and how the refusal reads, what hostile texts cost, what imports reach.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use constrained_gen::{
    Limits,
    frontend::{GrammarError, NoSources, Options, Sources, gbnf, lark},
    grammar::{Grammar, Lexing, Regular, Symbol},
    library,
};

fn read(text: &str) -> Result<Grammar, GrammarError> {
    lark::parse("test", text, None, &NoSources, &Limits::default())
}

/// The productions as text, sorted.
fn productions(grammar: &Grammar) -> Vec<String> {
    let symbol = |symbol: &Symbol| match symbol {
        Symbol::Terminal(id) => grammar.terminal(*id).name.clone(),
        Symbol::Nonterminal(id) => grammar.nonterminal(*id).name.clone(),
    };
    let mut lines: Vec<String> = grammar
        .productions()
        .iter()
        .map(|p| {
            let rhs: Vec<String> = p.rhs.iter().map(symbol).collect();
            format!("{}: {}", grammar.nonterminal(p.lhs).name, rhs.join(" "))
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn refusals_name_the_place_and_what_was_expected() {
    let table = include_str!("data/grammar/refused.txt");
    let (mut failures, mut count) = (String::new(), 0);
    for case in table.split("\n=== ").skip(1) {
        let (title, rest) = case.split_once('\n').unwrap();
        let rest = format!("\n{rest}");
        let (text, expected) = rest.split_once("\n---").unwrap();
        let text = text.trim_start_matches('\n');
        let name = title.split(':').next().unwrap();
        let result = match name {
            "gbnf" => gbnf::parse(name, text, &Limits::default()),
            _ => lark::parse(name, text, None, &NoSources, &Limits::default()),
        };
        let found = match &result {
            Ok(_) => "accepted".to_string(),
            Err(error) => format!("{}:{}\n{}", error.line, error.column, error.message),
        };
        if found != expected.trim_end() || result.is_err_and(|error| error.limit) {
            writeln!(
                failures,
                "=== {title}\n{text}\n---{found}\n(expected {})\n",
                expected.trim_end()
            )
            .unwrap();
        }
        count += 1;
    }
    assert!(count > 70, "{count}");
    assert!(failures.is_empty(), "\n{failures}");
}

/// Reads a text on a small stack and in bounded time; gives the error, if any.
fn hostile(what: &str, text: String) -> Option<GrammarError> {
    let gbnf = what.starts_with("gbnf");
    let begun = Instant::now();
    let result = std::thread::Builder::new()
        .stack_size(512 << 10)
        .spawn(move || {
            let limits = Limits::default();
            match gbnf {
                true => gbnf::parse("hostile", &text, &limits).err(),
                false => lark::parse("hostile", &text, None, &NoSources, &limits).err(),
            }
        })
        .unwrap()
        .join()
        .unwrap_or_else(|_| panic!("{what}: a panic"));
    let taken = begun.elapsed();
    // Well under a second on a quiet machine; what would grow without bound takes minutes. The rest is for busy machines.
    assert!(taken < Duration::from_secs(15), "{what}: {taken:?}");
    result
}

#[test]
fn limits_refuse_what_is_too_much() {
    let chain = |definition: fn(usize) -> String| (0..5_000).map(definition).collect::<String>();
    let cases: Vec<(&str, String, &str)> = vec![
        (
            "parentheses",
            format!("start: {}\"x\"{}", "(".repeat(30_000), ")".repeat(30_000)),
            "nesting",
        ),
        ("open parentheses", format!("start: {}", "(".repeat(30_000)), "nesting"),
        (
            "brackets in a regular expression",
            format!("start: /{}x{}/", "(".repeat(8_000), ")".repeat(8_000)),
            "nesting",
        ),
        (
            "a regular expression of great length",
            format!("start: /{}/", "a".repeat(20_000)),
            "regex_bytes",
        ),
        ("repetition", "start: \"x\"~18446744073709551615".into(), "repetition"),
        (
            "repetition within limits of a machine word",
            "start: \"x\"~4000000000".into(),
            "repetition",
        ),
        ("repetition in a terminal", "start: A\nA: \"x\"~20000".into(), "repetition"),
        ("repetition in a regular expression", "start: /x{20000}/".into(), "repetition"),
        ("repetitions in repetitions", "start: (((\"x\"~100)~100)~100)~100".into(), "repetition"),
        (
            "repetitions in a regular expression",
            "start: /(((x{100}){100}){100}){100}/".into(),
            "repetition",
        ),
        (
            "repetitions through terminals",
            "start: C\nA: \"x\"~100\nB: A~100\nC: B~100".into(),
            "repetition",
        ),
        (
            "terminals that double",
            format!(
                "start: A0\n{}A60: \"x\"\n",
                (0..60).map(|n| format!("A{n}: A{} A{}\n", n + 1, n + 1)).collect::<String>()
            ),
            "dfa_states",
        ),
        (
            "terminals that nest",
            format!(
                "start: A0\n{}A5000: \"x\"\n",
                chain(|n| format!("A{n}: (\"a\" A{})+\n", n + 1))
            ),
            "nesting",
        ),
        (
            "a template that grows for ever",
            "start: a{\"x\"}\na{x}: x a{b{x}}\nb{x}: \"(\" x\n".into(),
            "productions",
        ),
        (
            "ranges of repetitions",
            format!("start: {}", (0..10).map(|n| format!("\"x{n}\"~0..9000 ")).collect::<String>()),
            "productions",
        ),
        (
            "a large template in many instances",
            format!(
                "start: {}\nt{{x}}: x {}\n",
                (0..20_000).map(|n| format!("t{{\"{n}\"}} ")).collect::<String>(),
                "\"\" ".repeat(100_000)
            ),
            "symbols",
        ),
        (
            "many parameters",
            format!(
                "start: t{{\"x\"}}\nt{{{}y}}: y\n",
                (0..100_000).map(|n| format!("p{n},")).collect::<String>()
            ),
            "parameters",
        ),
        (
            "small terminals that use a large one",
            format!(
                "start: A0\n{}B: \"{}\"\n",
                chain(|n| format!("A{n}: B\n")),
                "x".repeat(40_000)
            ),
            "dfa_states",
        ),
        (
            "a list that uses a large terminal",
            format!(
                "start: A\nA: \"x\"\n%reserve A : {}\nB: \"{}\"\n",
                "B ".repeat(100_000),
                "x".repeat(40_000)
            ),
            "dfa_states",
        ),
        ("a long text", format!("start: \"x\"\n//{}", "x".repeat(1 << 20)), "grammar_bytes"),
        (
            "gbnf parentheses",
            format!("root ::= {}\"x\"{}", "(".repeat(30_000), ")".repeat(30_000)),
            "nesting",
        ),
        ("gbnf repetitions", format!("root ::= [a]{}", "{5}".repeat(40)), "repetition"),
        (
            "gbnf repetitions of one in parentheses",
            format!(
                "root ::= {}[a]{}",
                "(".repeat(90),
                format!("){}", "{1}".repeat(90)).repeat(90)
            ),
            "nesting",
        ),
        ("gbnf repetitions of one", format!("root ::= [a]{}", "{1}".repeat(5_000)), "nesting"),
        ("gbnf repetition", "root ::= \"a\"{18446744073709551615}".into(), "repetition"),
        ("gbnf long", format!("root ::= \"x\"\n#{}", "x".repeat(1 << 20)), "grammar_bytes"),
    ];
    for (what, text, limit) in cases {
        let error = hostile(what, text).unwrap_or_else(|| panic!("{what}: accepted"));
        assert!(error.limit, "{what}: {error}");
        assert!(error.message.ends_with(&format!("({limit})")), "{what}: {error}");
        assert!(error.text.chars().count() <= 160 && error.message.len() < 300, "{what}: {error}");
    }
}

#[test]
fn large_texts_within_the_limits_are_read() {
    let rules: String = (0..5_000).map(|n| format!("r{n}: r{} | \"x\" r{n}\n", n + 1)).collect();
    let terminals: String = (0..5_000).map(|n| format!("T{n}: T{}\n", n + 1)).collect();
    let words: String = (0..5_000).map(|n| format!(" | \"word{n}\"")).collect();
    for (what, text) in [
        ("a chain of rules", format!("start: r0\n{rules}r5000: \"y\"\n")),
        ("a chain of terminals", format!("start: T0\n{terminals}T5000: \"y\"\n")),
        ("many words", format!("start: \"a\"{words}\n")),
        ("many words in a terminal", format!("start: A\nA: \"a\"{words}\n")),
        ("ninety brackets", format!("start: {}\"x\"{}", "(".repeat(90), ")*".repeat(90))),
        (
            "ninety choices in repetitions",
            format!(
                "start: {}\"x\"{}",
                "(\"a\" | \"b\" ".repeat(90),
                " \"c\" | \"d\")*".repeat(90)
            ),
        ),
        (
            "sixty choices in repetitions in a terminal",
            format!(
                "start: A\nA: {}\"x\"{}",
                "(\"a\" | \"b\" ".repeat(60),
                " \"c\" | \"d\")*".repeat(60)
            ),
        ),
        (
            "choices in repetitions in a regular expression",
            format!("start: /{}x{}/i", "(a|b".repeat(20), "c|d)*".repeat(20)),
        ),
        (
            "ninety templates in templates",
            format!("start: {}\"x\"{}\nt{{y}}: y y\n", "t{".repeat(90), "}".repeat(90)),
        ),
        ("ninety optional brackets", format!("start: {}\"x\"{}", "[".repeat(90), "]".repeat(90))),
        ("a wide repetition", "start: \"x\"~5000..10000".to_string()),
        (
            "many rules",
            (0..20_000).map(|n| format!("s{n}: \"x\"\n")).collect::<String>() + "start: s0\n",
        ),
        (
            "many terminals",
            (0..20_000).map(|n| format!("S{n}: \"x\"\n")).collect::<String>() + "start: S0\n",
        ),
        (
            "many extensions",
            "start: \"x\"\n".to_string() + &"%extend start: \"x\" | \"y\"\n".repeat(20_000),
        ),
        ("a long line", format!("start: {}", "\"x\" ".repeat(100_000))),
        ("blank lines", format!("start: \"x\"{}", "\n".repeat(500_000))),
        (
            "gbnf a chain of rules",
            format!(
                "root ::= r0\n{}r5000 ::= [y]\n",
                (0..5_000).map(|n| format!("r{n} ::= r{} | [x]\n", n + 1)).collect::<String>()
            ),
        ),
        (
            "gbnf ninety choices in repetitions",
            format!(
                "root ::= {}\"x\"{}",
                "(\"a\" | \"b\" ".repeat(90),
                " \"c\" | \"d\"){0,3}*".repeat(90)
            )
            .replace("{0,3}*", "*?"),
        ),
        ("gbnf ninety brackets", format!("root ::= {}\"x\"{}", "(".repeat(90), ")*".repeat(90))),
    ] {
        let error = hostile(what, text);
        assert!(error.is_none(), "{what}: {}", error.unwrap());
    }
}

#[test]
fn hostile_texts_are_refused_for_what_they_are() {
    for (what, text) in [
        ("backslashes", "start: \"".to_string() + &"\\".repeat(100_000)),
        ("a quote too many", "start: ".to_string() + &"\"\"".repeat(100_000) + "\""),
        ("a lone percent sign", "%".repeat(100_000)),
        ("stars", format!("start: \"x\"{}", "*".repeat(100_000))),
        ("colons", ":".repeat(100_000)),
        ("bars", format!("start: {}\n x", "|".repeat(100_000))),
        ("nul bytes", "\0".repeat(100_000)),
        ("letters beyond ASCII", "é".repeat(100_000)),
        ("gbnf backslashes", "root ::= \"".to_string() + &"\\".repeat(99_999)),
        ("gbnf marks", format!("root ::= \"x\"{}", "?".repeat(100_000))),
        ("gbnf classes", format!("root ::= {}", "[".repeat(100_000))),
    ] {
        let error = hostile(what, text).unwrap_or_else(|| panic!("{what}: accepted"));
        assert!(error.message.chars().count() < 300, "{what}: {error}");
    }
}

#[test]
fn an_error_is_rendered_with_its_line_and_a_caret() {
    let error = read("start: \"é\" x\n").unwrap_err();
    assert_eq!(error.to_string(), "test:1:12: no rule `x` is defined");
    assert_eq!(
        error.render(),
        "test:1:12: no rule `x` is defined\n  | start: \"é\" x\n  |            ^"
    );
}

#[test]
fn helpers_are_shared_and_lists_are_left_recursive() {
    let grammar = read("start: a* (\"b\" a*)+ [a] | a*\na: \"a\"").unwrap();
    assert_eq!(
        productions(&grammar),
        [
            "a: \"a\"",
            "start$3: ",
            "start$3: start$3 a",
            "start$4: \"b\" start$3",
            "start$4: start$4 \"b\" start$3",
            "start$5: ",
            "start$5: a",
            "start: start$3",
            "start: start$3 start$4 start$5",
        ]
    );
}

#[test]
fn bounded_repetitions_stay_small() {
    let exact = read("start: \"x\"~10000").unwrap();
    assert!(exact.productions().len() < 32, "{}", exact.productions().len());
    let range = read("start: \"x\"~100..150").unwrap();
    assert!(range.productions().len() < 120, "{}", range.productions().len());
}

#[test]
fn directives_reach_the_terminals() {
    let grammar = read(
        "%lexing longest\n%ignore_case\nstart: NAME \"as\" \",\" \"ß\"\nNAME.3: /[a-z]+/i\nJUNK: /#+/\nUNUSED: \"z\"\n\
         %reserve NAME : \"as\"\n%not_followed_by NAME : /[0-9]/\n%display NAME \"name\"\n%reject JUNK\n\
         %ignore /[ ]+/\n",
    )
    .unwrap();
    assert_eq!(grammar.lexing(), Lexing::Longest);
    let shown: Vec<(&str, &str, i32, bool)> = grammar
        .terminals()
        .iter()
        .map(|t| (t.name.as_str(), t.display.as_str(), t.priority, t.ignore))
        .collect();
    assert_eq!(
        shown,
        [
            ("NAME", "name", 3, false),
            ("\"as\"i", "AS", 0, false),
            ("\",\"", "\",\"", 0, false),
            ("\"ß\"", "\"ß\"", 0, false),
            ("ignored$5", "ignored text", 0, true),
            ("JUNK", "JUNK", 0, false),
        ]
    );
    let name = &grammar.terminals()[0];
    assert!(matches!(name.language, Regular::Difference(..)));
    assert!(name.not_followed_by.is_some());
}

#[test]
fn a_string_is_the_terminal_that_is_defined_as_it() {
    let grammar = read("start: \"+\" \"-\" MINUS\nMINUS: \"-\"\nPLUS.2: \"+\"\n").unwrap();
    let names: Vec<&str> = grammar.terminals().iter().map(|t| t.name.as_str()).collect();
    assert_eq!(names, ["PLUS", "MINUS"]);
    assert_eq!(grammar.terminals()[0].priority, 2);
}

#[test]
fn templates_are_expanded_once_for_equal_arguments() {
    let grammar = read("start: l{a} l{a} l{\"b\"}\nl{x}: x l{x} | x\na: \"a\"").unwrap();
    let names: Vec<&str> = grammar.nonterminals().iter().map(|n| n.name.as_str()).collect();
    assert_eq!(names.iter().filter(|name| name.starts_with("l$")).count(), 2, "{names:?}");
}

struct Files(Vec<(&'static str, &'static str)>);

impl Sources for Files {
    fn read(&self, module: &str) -> Option<String> {
        self.0.iter().find(|(name, _)| *name == module).map(|(_, text)| (*text).to_string())
    }
}

#[test]
fn imports_bring_along_what_they_need_and_keep_its_meaning() {
    let files = Files(vec![
        // Circular: this file needs `start`'s file's sibling, which needs this one.
        (
            "expr",
            "%ignore_case\n%import .sub.names (NAME)\n%import .stmt (stmt)\nexpr: NAME | \"not\" expr | \"(\" stmt \")\"\nhelper: \"h\"\n",
        ),
        ("stmt", "%import .expr (expr)\nstmt: helper expr\nhelper: \"do\"\n"),
        ("sub/names", "%import .letters (LETTER -> L)\nNAME: L+\n"),
        ("sub/letters", "LETTER: \"a\"..\"z\"\n"),
    ]);
    let text = "%import .stmt.stmt -> statement\n%import .expr (expr)\nstart: statement | expr helper\nhelper: \"x\"\n";
    let error = lark::parse("main", text, None, &files, &Limits::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "sub/names.lark:1:26: expected `)`, `,` or the end of the line, found `-`"
    );

    let files = Files(vec![
        files.0[0],
        files.0[1],
        ("sub/names", "%import .letters.LETTER -> L\nNAME: L+\n"),
        files.0[3],
    ]);
    let grammar = lark::parse("main", text, None, &files, &Limits::default()).unwrap();
    let names: Vec<&str> = grammar.nonterminals().iter().map(|n| n.name.as_str()).collect();
    // Two rules called `helper`, of two files.
    assert_eq!(names, ["start", "stmt", "expr", "helper", "stmt.helper"]);
    let shown: Vec<&str> = grammar.terminals().iter().map(|t| t.display.as_str()).collect();
    assert_eq!(shown, ["NAME", "NOT", "\"(\"", "\")\"", "\"x\"", "\"do\""]);
}

#[test]
fn imports_count_towards_the_size() {
    let files = Files(vec![
        ("a", "%import .b.B\nA: B\n"),
        ("b", "B: \"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"\n"),
    ]);
    let text = "%import .a.A\nstart: A\n";
    let mut limits = Limits::default();
    limits.grammar_bytes = 60;
    let error = lark::parse("main", text, None, &files, &limits).unwrap_err();
    assert!(error.limit && error.message.contains("grammar_bytes"), "{error}");
}

#[test]
fn another_rule_may_be_the_start() {
    let text = "start: a\na: \"x\" b\nb: \"y\"\nT: \"z\"\nt{x}: x\n";
    let grammar = lark::parse("g", text, Some("b"), &NoSources, &Limits::default()).unwrap();
    assert_eq!(grammar.nonterminal(grammar.start()).name, "b");
    assert_eq!(grammar.terminals().len(), 1);
    for (start, message) in [
        ("T", "the start `T` is a terminal, expected a rule (lower case)"),
        ("t", "the start `t` is a template, expected a rule without parameters"),
        (
            "stat",
            "no rule `stat` is defined, with which a text starts; the nearest name is `start`; the rules are a, b, start",
        ),
    ] {
        let error =
            lark::parse("g", text, Some(start), &NoSources, &Limits::default()).unwrap_err();
        assert_eq!(error.message, message);
    }
}

#[test]
fn starts_that_are_offered_are_listed() {
    let text = "%start start \"all\"\n%start two_b \"two\"\nstart: two_b\ntwo_b: \"b\" \"b\"\n";
    let limits = Limits::default();
    let starts = lark::starts("g", text, &NoSources, &limits).unwrap();
    let pairs: Vec<_> = starts.iter().map(|s| (s.name.as_str(), s.about.as_str())).collect();
    assert_eq!(pairs, [("start", "all"), ("two_b", "two")]);
    // Hyphens are easier to write on a command line.
    let options = Options::default().start("two-b");
    let grammar = lark::parse_with("g", text, &options, &NoSources, &limits).unwrap();
    assert_eq!(grammar.nonterminal(grammar.start()).name, "two_b");
}

#[test]
fn what_is_dropped_takes_with_it_what_needs_it() {
    let text = "%start start \"all\"\n%start few \"few\"\n%if few %without b\n%reject R\n\
                start: few\nfew: a | (a b)+ | c | [b] a b* d? \"z\" | b~2..3\n\
                a: \"a\"\nb: \"b\"\nc: b \"c\"\nd: c | d\nR: \"rr\"\n";
    let limits = Limits::default();
    let parse = |start: &str| {
        let options = Options::default().start(start);
        lark::parse_with("g", text, &options, &NoSources, &limits).unwrap()
    };
    let few = parse("few");
    let names: Vec<&str> = few.terminals().iter().map(|t| t.name.as_str()).collect();
    assert_eq!(names, ["\"z\"", "\"a\"", "R"]);
    let accepts = |grammar: &Grammar, text: &str| {
        let compiled = constrained_gen::CompiledGrammar::new(grammar, &limits).unwrap();
        compiled.recognizer().check(text.as_bytes()).is_ok()
    };
    for (text, few_too) in
        [("a", true), ("az", true), ("ab", false), ("babcz", false), ("bb", false)]
    {
        assert!(accepts(&parse("start"), text), "{text}");
        assert_eq!(accepts(&few, text), few_too, "{text}");
    }
    // A start that derives nothing is refused as any other.
    let nothing = lark::parse("g", "%without a\nstart: a\na: \"x\"\n", None, &NoSources, &limits);
    let nothing = constrained_gen::CompiledGrammar::new(&nothing.unwrap(), &limits);
    assert!(nothing.unwrap_err().to_string().contains("derives no finite text"));
}

#[test]
fn a_list_is_held_to_its_terminal() {
    let text = "%ignore_case\n%ignore \" \"\n%list names : NAME \"names\"\n%if names %override name: names\n\
                start: \"get\" name\nname: NAME\nNAME: /[a-z]+/i\n%reserve NAME : \"get\"\n";
    let limits = Limits::default();
    let texts = ["a", "get", "b.c", "x1", "b.d"].map(|text| {
        text.split_inclusive('.')
            .flat_map(|part| match part.strip_suffix('.') {
                Some(word) => vec![word.to_owned(), ".".to_owned()],
                None => vec![part.to_owned()],
            })
            .collect::<Vec<_>>()
    });
    let options = Options::default().list("names", texts.to_vec());
    let grammar = lark::parse_with("g", text, &options, &NoSources, &limits).unwrap();
    let compiled = constrained_gen::CompiledGrammar::new(&grammar, &limits).unwrap();
    let accepts = |text: &str| compiled.recognizer().check(text.as_bytes()).is_ok();
    for good in ["get a", "GET A", "get b.c", "get B . d"] {
        assert!(accepts(good), "{good}");
    }
    for bad in ["get get", "get b", "get c", "get x1", "get a.c"] {
        assert!(!accepts(bad), "{bad}");
    }
    let lists = lark::lists("g", text, &NoSources, &limits).unwrap();
    assert_eq!((lists[0].name.as_str(), lists[0].about.as_str()), ("names", "names"));
}

#[test]
fn a_slot_is_filled_with_what_its_terminals_have() {
    let text = "%lexing longest\n%ignore_case\n%ignore \" \"\n%slot names : NAME QUOTED \"names\"\n\
                start: \"get\" (NAME | QUOTED) (\"as\" NAME)?\n\
                NAME: /[a-z]+/i\nQUOTED: /'[^']+'/\n%reserve NAME : \"get\" \"as\"\n%not_before NAME : QUOTED\n";
    let limits = Limits::default();
    let read = |texts: &[&str]| {
        let texts = texts.iter().map(|text| vec![(*text).to_owned()]).collect();
        let options = Options::default().list("names", texts);
        let grammar = lark::parse_with("g", text, &options, &NoSources, &limits)?;
        Ok::<_, GrammarError>(constrained_gen::CompiledGrammar::new(&grammar, &limits).unwrap())
    };
    let accepts = |texts: &[&str], text: &str| {
        read(texts).unwrap().recognizer().check(text.as_bytes()).is_ok()
    };
    let names = ["ab", "a", "get", "'X y'"];
    for good in ["get a", "get AB as a", "get 'X y'", "get ab  as AB"] {
        assert!(accepts(&names, good), "{good}");
    }
    for bad in
        ["get get", "get b", "get abc", "get aba", "geta", "get a asab", "get 'x y'", "get 'X'"]
    {
        assert!(!accepts(&names, bad), "{bad}");
    }
    // What no text is of cannot be written, and nothing else is lost.
    assert!(accepts(&["a"], "get a as a") && !accepts(&["a"], "get 'a'"));
    assert!(accepts(&["'a'"], "get 'a'") && !accepts(&["'a'"], "get a"));
    // Without a list all is as it is defined.
    let free = lark::parse("g", text, None, &NoSources, &limits).unwrap();
    let free = constrained_gen::CompiledGrammar::new(&free, &limits).unwrap().recognizer();
    assert!(free.clone().check(b"get 'what' as ever").is_ok());
    let lists = lark::lists("g", text, &NoSources, &limits).unwrap();
    assert_eq!(lists[0].name, "names");
    let error = read(&["x".repeat(2 << 20).as_str()]).unwrap_err();
    assert!(error.message.ends_with("(grammar_bytes)"), "{error}");
}

#[test]
fn many_rules_are_not_all_listed() {
    let text: String = (0..500).map(|n| format!("rule_{n:03}: \"x\"\n")).collect();
    let error = lark::parse("g", &text, Some("begin"), &NoSources, &Limits::default()).unwrap_err();
    assert!(error.message.ends_with("rule_019 and 480 more"), "{error}");
}

#[test]
fn another_rule_of_a_gbnf_text_may_be_the_start() {
    let text =
        "root ::= item-list [x]\nitem-list ::= \"a\"+\nother ::= other-too\nother-too ::= \"y\"\n";
    let limits = Limits::default();
    let whole = gbnf::parse("g", text, &limits).unwrap();
    assert_eq!((whole.terminals().len(), whole.start().index()), (2, 0));
    let options = Options::default().start("item-list");
    let grammar = gbnf::parse_with("g", text, &options, &limits).unwrap();
    assert_eq!(grammar.nonterminal(grammar.start()).name, "item-list");
    assert_eq!(grammar.terminals().len(), 1, "what the start does not reach is dropped");
    let options = Options::default().start("itemlist");
    let error = gbnf::parse_with("g", text, &options, &limits).unwrap_err();
    assert_eq!(
        error.message,
        "no rule `itemlist` is defined, with which a text starts; the nearest name is `item-list`; \
         the rules are item-list, other, other-too, root"
    );
}

#[test]
fn a_built_in_grammar_is_entered_at_a_start() {
    let limits = Limits::default();
    let dml = library::grammar("sql-postgres:dml", &limits).unwrap();
    assert_eq!(dml.name(), "sql-postgres:dml");
    assert_eq!(dml.nonterminal(dml.start()).name, "dml");
    let same = library::load_with("sql-postgres", &Options::default().start("dml"), &limits);
    assert_eq!(same.unwrap(), dml);
    assert_eq!(library::grammar("sql-postgres:start", &limits).unwrap().name(), "sql-postgres");
    assert_eq!(library::starts("sql-postgres:dml", &limits).unwrap()[1].name, "dml");
    assert!(library::texts("sql-postgres:dml").is_some());
    let error = library::grammar("sql-postgres:dmll", &limits).unwrap_err().to_string();
    assert!(error.contains("the nearest name is `dml`"), "{error}");
    let two = Options::default().start("full");
    let error = library::grammar_with("sql-postgres:dml", &two, &limits).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the grammar `sql-postgres:dml` begins with its start, it cannot begin with `full` too"
    );
    assert!(library::grammar("nothing:dml", &limits).is_err());
}

#[test]
fn the_library_loads_by_name_and_by_path() {
    let limits = Limits::default();
    assert_eq!(library::load("json", &limits).unwrap().name(), "json");
    assert_eq!(
        library::load("jsn", &limits).unwrap_err().to_string(),
        "no grammar `jsn`: expected one of cypher, json, sql-postgres, typescript, or the path of a .lark or .gbnf file"
    );
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &[u8]| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_string()
    };
    let main = write("main.lark", b"%import .sub.part (part)\nstart: part\n");
    write("sub/part.lark", b"%import .leaf.LEAF\npart: LEAF\n");
    write("sub/leaf.lark", b"LEAF: \"x\"\n");
    assert_eq!(library::load(&main, &limits).unwrap().terminals().len(), 1);
    let gbnf = write("g.gbnf", b"root ::= [0-9]+\n");
    assert_eq!(library::load(&gbnf, &limits).unwrap().terminals().len(), 1);
    assert!(library::load_with(&gbnf, &Options::default().start("other"), &limits).is_err());
    let bytes = write("bytes.lark", b"start: \"\xff\"\n");
    assert!(matches!(
        library::load(&bytes, &limits).unwrap_err(),
        library::LibraryError::Read { .. }
    ));
    let missing = folder.path().join("missing.lark");
    assert!(matches!(
        library::load(missing.to_str().unwrap(), &limits).unwrap_err(),
        library::LibraryError::Read { .. }
    ));
}

/// Texts near to good ones: pieces of grammars cut, doubled and swapped, from a fixed seed. Nothing may panic, and a
/// refusal points into its text.
#[test]
fn damaged_texts_are_read_or_refused() {
    let seeds = [
        include_str!("../docs/grammar-language.md"),
        include_str!("../grammars/json/main.lark"),
        include_str!("../grammars/sql-postgres/lexical.lark"),
        include_str!("data/grammar/corners.gbnf"),
        include_str!("data/grammar/json.gbnf"),
        include_str!("data/grammar/refused.txt"),
    ];
    // The blocks of the documentation and the cases of the table, each for itself.
    let texts: Vec<&str> = seeds
        .iter()
        .flat_map(|seed| seed.split("```"))
        .flat_map(|text| text.split("\n=== "))
        .map(|text| text.strip_prefix("lark").or_else(|| text.strip_prefix("gbnf")).unwrap_or(text))
        .collect();
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap() % below.max(1)
    };
    let (mut read, mut refused) = (0, 0);
    for _ in 0..20_000 {
        let mut text: Vec<char> = texts[random(texts.len())].chars().take(2_000).collect();
        for _ in 0..random(4) {
            let (from, to) = (random(text.len()), random(text.len()));
            let (from, to) = (from.min(to), from.max(to).min(from.min(to) + 12));
            let piece: Vec<char> = text[from..to].to_vec();
            match random(4) {
                0 => drop(text.drain(from..to)),
                1 => drop(text.splice(from..from, piece)),
                2 => {
                    let special: Vec<char> =
                        "(){}[]|*+?~\"/\\:.%#,-\n \0é😀$^ia0".chars().collect();
                    text.insert(from, special[random(special.len())]);
                }
                _ => {
                    text.truncate(random(text.len()));
                    text.extend(piece);
                }
            }
        }
        let text: String = text.into_iter().collect();
        for error in [self::read(&text), gbnf::parse("test", &text, &Limits::default())]
            .into_iter()
            .map(Result::err)
        {
            let Some(error) = error else {
                read += 1;
                continue;
            };
            refused += 1;
            let line = text.split('\n').nth(error.line - 1);
            let known = line.is_some_and(|line| error.column <= line.chars().count() + 2);
            assert!(known || error.source_name != "test", "{error}\n{text}");
            assert!(error.message.chars().count() < 400, "{error}");
            assert!(error.message.chars().all(|c| !c.is_control()), "{:?}", error.message);
            assert!(!error.render().is_empty());
        }
    }
    assert!(read > 500 && refused > 10_000, "{read} {refused}");
}
