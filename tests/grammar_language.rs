//! The grammar language: what is read, what is refused and how the refusal reads.

use constrained_gen::{
    Limits,
    frontend::{NoSources, lark},
};

#[test]
fn smoke() {
    let text = r#"
%lexing longest
%ignore_case
start: sep{NAME, ","} (";" | /x/i)? | "select" x~2..4 [A] | E
?x: "a".."z"+ -> alias // note
 | ("q" x
   x "r")
sep{a, b}: a (b a)*
NAME.2: /[a-z]\w*/i
A: "q" | NAME+
E: "x"?
%reserve NAME: "select" "from"
%not_followed_by NAME: /[0-9]/
%reject A
%display NAME "identifier"
%import common (WS, NUMBER)
%ignore WS
"#;
    let g = lark::parse("demo", text, None, &NoSources, &Limits::default())
        .map_err(|e| e.render())
        .unwrap();
    for t in g.terminals() {
        println!("{} | {} | {:?}", t.name, t.display, t.ignore);
    }
    for p in g.productions() {
        let show = |s: &constrained_gen::grammar::Symbol| match s {
            constrained_gen::grammar::Symbol::Terminal(t) => g.terminal(*t).name.clone(),
            constrained_gen::grammar::Symbol::Nonterminal(n) => g.nonterminal(*n).name.clone(),
        };
        println!(
            "{}: {}",
            g.nonterminal(p.lhs).name,
            p.rhs.iter().map(show).collect::<Vec<_>>().join(" ")
        );
    }
}

#[test]
fn built_in() {
    for name in constrained_gen::library::names() {
        let g = constrained_gen::library::grammar(name, &Limits::default());
        match g {
            Ok(g) => println!(
                "{name}: {} terminals {} nonterminals {} productions",
                g.terminals().len(),
                g.nonterminals().len(),
                g.productions().len()
            ),
            Err(constrained_gen::library::LibraryError::Grammar(e)) => panic!("{}", e.render()),
            Err(e) => panic!("{e}"),
        }
    }
}
