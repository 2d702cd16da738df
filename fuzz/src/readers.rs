//! Readers of files that others wrote: whatever is in them, the answer is a value or an error that can be shown.

use constrained_gen::{
    CompiledGrammar, Limits, Vocabulary,
    expert::Manifest,
    frontend::{GrammarError, NoSources, Options, Style, lark},
    grammar::Grammar,
};

/// Limits small enough that the dearest input takes a moment.
fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.grammar_bytes = 64 << 10;
    limits.productions = 5_000;
    limits.symbols = 10_000;
    limits.repetition = 200;
    limits.dfa_states = 1_000;
    limits.dfa_bytes = 1 << 20;
    limits.automaton_bytes = 16 << 20;
    limits
}

/// A grammar text, and after a zero byte a text to be read under it.
fn grammar(data: &[u8], parse: impl Fn(&str, &[u8], &Limits) -> Result<Grammar, GrammarError>) {
    let mut parts = data.splitn(2, |byte| *byte == 0);
    let text = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let read = parts.next().unwrap_or(text.as_bytes());
    let limits = limits();
    let grammar = match parse(&text, read, &limits) {
        Ok(grammar) => grammar,
        Err(error) => {
            assert!(!error.to_string().is_empty() && !error.render().is_empty());
            return;
        }
    };
    let compiled = match CompiledGrammar::new(&grammar, &limits) {
        Ok(compiled) => compiled,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let read = &read[..read.len().min(256)];
    if let Err(refusal) = compiled.recognizer().check(read) {
        assert!(refusal.offset <= read.len());
        assert!(!refusal.to_string().is_empty());
    }
}

/// Lark's syntax. The words of the text to be read are all that the grammar asks its caller for, if a one comes first; what is
/// read is of one style if a two does.
pub fn lark(data: &[u8]) {
    grammar(data, |text, read, limits| {
        let mut options = Options::default();
        if read.first() == Some(&2) {
            options = options.style(Style::Upper);
        }
        if let Some(words) = read.strip_prefix(&[1]) {
            let words = String::from_utf8_lossy(words);
            let texts: Vec<_> = words.split(' ').map(|word| vec![word.to_owned()]).collect();
            for list in lark::lists("fuzz", text, &NoSources, limits)? {
                options = options.list(list.name, texts.clone());
            }
        }
        lark::parse_with("fuzz", text, &options, &NoSources, limits)
    });
}

/// GBNF.
pub fn gbnf(data: &[u8]) {
    grammar(data, |text, _, limits| constrained_gen::frontend::gbnf::parse("fuzz", text, limits));
}

/// A `tokenizer.json`: if it is read, every token has bytes that the trie leads to.
pub fn tokenizer(data: &[u8]) {
    match Vocabulary::from_tokenizer_json(data, &limits()) {
        Ok(vocabulary) => {
            let trie = vocabulary.trie();
            for node in 0..trie.len() {
                for &token in trie.tokens(node) {
                    let token = constrained_gen::TokenId(token);
                    assert!(!vocabulary.is_special(token));
                    assert_eq!(vocabulary.bytes(token).last(), Some(&trie.byte(node)));
                }
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A manifest.
pub fn manifest(data: &[u8]) {
    if let Err(error) = Manifest::parse(&String::from_utf8_lossy(data)) {
        assert!(!error.to_string().is_empty());
    }
}
