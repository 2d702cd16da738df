//! The decoding loop with a scripted model: what is read, what is scored, what comes out, and why it ends.

mod toy;

use std::sync::Arc;

use constrained_gen::{
    Automaton, Constraint, Limits, SchemaCompiler, TokenId, Vocabulary,
    decoding::{
        DecodeError, Decoder, Drafter, Finish, Generation, Job, Logits, LogitsError, Options,
        SampleError, Sampling, Speller, Thinking, run_all,
    },
    frontend::{NoSources, lark},
    schema::SchemaOptions,
};

/// Words of the toy vocabulary beside single bytes.
const WORDS: [&str; 6] = ["SELECT", "\n\n", "a;b", "';", ";\n", "\u{20AC}"];

fn vocabulary() -> Vocabulary {
    let json = toy::tokenizer_json(&WORDS, &toy::CONTROL);
    let limits = Limits::default();
    // A few rows of padding, as real models have them.
    Vocabulary::from_tokenizer_json(json.as_bytes(), &limits).unwrap().with_width(300).unwrap()
}

/// A model that wants to say one text, token by token, and then to end.
struct Scripted {
    script: Vec<TokenId>,
    width: usize,
    context: usize,
    row: Vec<f32>,
    /// Tokens read, call by call.
    read: Vec<Vec<TokenId>>,
    /// How often it was asked for logits.
    scored: usize,
    /// Places of the last call that it can score.
    kept: usize,
    /// How many tokens were read where the next one is scored, if that is not all of them.
    looked_at: Option<usize>,
}

impl Scripted {
    /// Speaks these pieces, each of which is a token.
    fn new(vocabulary: &Vocabulary, pieces: &[&str]) -> Self {
        let token = |piece: &&str| {
            vocabulary.added_token(piece).unwrap_or_else(|| {
                let all = (0..vocabulary.len()).map(TokenId::new);
                let mut found = all.filter(|&t| vocabulary.bytes(t) == piece.as_bytes());
                found.next().unwrap_or_else(|| panic!("no token {piece:?}"))
            })
        };
        let mut script: Vec<TokenId> = pieces.iter().map(token).collect();
        script.push(vocabulary.added_token("<|im_end|>").unwrap());
        let width = vocabulary.width();
        Self {
            script,
            width,
            context: 1000,
            row: vec![],
            read: vec![],
            scored: 0,
            kept: 1,
            looked_at: None,
        }
    }

    /// Speaks a text byte by byte.
    fn bytes(vocabulary: &Vocabulary, text: &str) -> Self {
        let mut model = Self::new(vocabulary, &[]);
        let bytes = text.bytes().map(|b| TokenId(b.into()));
        model.script = bytes.chain(model.script.iter().copied()).collect();
        model
    }
}

impl Logits for Scripted {
    fn width(&self) -> usize {
        self.width
    }

    fn position(&self) -> usize {
        self.read.iter().map(Vec::len).sum()
    }

    fn context(&self) -> usize {
        self.context
    }

    fn advance(&mut self, tokens: &[TokenId]) -> Result<(), LogitsError> {
        if self.position() + tokens.len() > self.context {
            return Err(LogitsError::Context { tokens: tokens.len(), limit: self.context });
        }
        self.read.push(tokens.to_vec());
        self.looked_at = None;
        Ok(())
    }

    fn truncate(&mut self, len: usize) {
        assert!(self.kept > 1, "the loop goes back only where it guessed");
        let last = self.read.last().unwrap().len();
        let left = last - (self.position() - len);
        self.read.last_mut().unwrap().truncate(left);
        self.looked_at = None;
    }

    fn kept(&self) -> usize {
        self.kept
    }

    fn look_at(&mut self, len: usize) {
        let last = self.read.last().unwrap().len().min(self.kept);
        assert!(self.position() - len < last, "no place that is kept");
        self.looked_at = Some(len);
    }

    fn logits(&mut self) -> Result<&[f32], LogitsError> {
        self.scored += 1;
        // Row by row the same small differences, so that there is always one best token.
        self.row = (0..self.width).map(|i| (i * 37 % 101) as f32 / 101.0).collect();
        // The prompt is the first call; the script says what follows what was read since.
        let said = self.looked_at.unwrap_or(self.position()) - self.read[0].len();
        if let Some(&wanted) = self.script.get(said) {
            self.row[wanted.index()] = 9.0;
        }
        // Padding and control tokens tempt it; only the mask keeps them out.
        self.row[self.width - 1] = 20.0;
        Ok(&self.row)
    }
}

fn run(
    model: &mut Scripted,
    options: &Options,
    constraint: Option<&mut Constraint>,
) -> Result<Generation, DecodeError> {
    let vocabulary = vocabulary();
    let mut streamed = String::new();
    let answer = Decoder::new(&vocabulary, &Sampling::greedy(), options)?.run(
        model,
        &[TokenId(65), TokenId(66)],
        constraint,
        &mut |text| streamed += text,
    )?;
    assert_eq!(streamed, answer.text, "what is streamed is what is returned");
    Ok(answer)
}

fn stop(sequences: &[&str]) -> Options {
    Options { stop: sequences.iter().map(|s| s.to_string()).collect(), ..Options::default() }
}

#[test]
fn without_a_grammar_the_model_says_its_text_and_ends() {
    let vocabulary = vocabulary();
    let mut model = Scripted::new(&vocabulary, &["SELECT", " ", "1", "\u{20AC}"]);
    let answer = run(&mut model, &Options::default(), None).unwrap();
    assert_eq!(answer.text, "SELECT 1\u{20AC}");
    assert_eq!((&answer.finish, answer.whole), (&Finish::End, true));
    assert_eq!(answer.tokens, model.script[..4]);
    assert_eq!((answer.stats.prompt_tokens, answer.stats.tokens), (2, 4));
    // Everything is read once, in order, but for the end.
    let read: Vec<TokenId> = model.read[1..].concat();
    assert_eq!(read, model.script[..4]);
    let share = answer.stats.allowed_share();
    assert!(share > 0.9 && share < 1.0, "all but most control tokens are allowed: {share}");
}

#[test]
fn a_character_cut_by_tokens_is_streamed_whole() {
    let vocabulary = vocabulary();
    let mut model = Scripted::bytes(&vocabulary, "a\u{20AC}b");
    let mut pieces = Vec::new();
    let decoder = Decoder::new(&vocabulary, &Sampling::greedy(), &Options::default()).unwrap();
    decoder.run(&mut model, &[TokenId(1)], None, &mut |text| pieces.push(text.to_owned())).unwrap();
    assert_eq!(pieces, ["a", "\u{20AC}", "b"]);
}

#[test]
fn a_stop_sequence_ends_the_text_and_is_no_part_of_it() {
    let vocabulary = vocabulary();
    let mut model = Scripted::new(&vocabulary, &["1", "\n", "2", "\n", "\n", "3"]);
    let answer = run(&mut model, &stop(&["\n\n"]), None).unwrap();
    assert_eq!(answer.text, "1\n2");
    assert_eq!(answer.finish, Finish::Stop { sequence: "\n\n".into() });
    assert!(answer.whole);
    assert_eq!(answer.tokens.len(), 5);

    // Inside a token.
    let mut model = Scripted::new(&vocabulary, &["x", "a;b", "y"]);
    let answer = run(&mut model, &stop(&["b", ";"]), None).unwrap();
    assert_eq!((answer.text.as_str(), answer.tokens.len()), ("xa", 2));
}

#[test]
fn used_up_tokens_leave_a_text_that_is_not_whole() {
    let vocabulary = vocabulary();
    let mut model = Scripted::bytes(&vocabulary, "SELECT a FROM t");
    let options = Options { max_tokens: 8, ..Options::default() };
    let answer = run(&mut model, &options, None).unwrap();
    assert_eq!((answer.text.as_str(), answer.whole), ("SELECT a", false));
    assert_eq!(answer.finish, Finish::MaxTokens);

    let mut model = Scripted::bytes(&vocabulary, "SELECT a FROM t");
    model.context = 6;
    let answer = run(&mut model, &Options::default(), None).unwrap();
    // Two tokens of prompt and four of text fill the context; the fifth is scored but never read.
    assert_eq!((answer.text.as_str(), answer.whole), ("SELEC", false));
    assert_eq!(answer.finish, Finish::Context);
}

#[test]
fn thinking_is_free_and_no_part_of_the_answer() {
    let vocabulary = vocabulary();
    let options = Options { thinking: Thinking::On { max_tokens: 50 }, ..stop(&["h"]) };
    let script = ["<think>", "\n", "h", "m", "</think>", "\n\n", "4", "2"];
    let mut model = Scripted::new(&vocabulary, &script);
    let answer = run(&mut model, &options, None).unwrap();
    assert_eq!((answer.text.as_str(), answer.thinking.as_deref()), ("42", Some("hm")));
    assert_eq!(answer.stats.thinking_tokens, 4);
    // The end of the thought and the blank line are read together, and not scored.
    assert!(model.read.contains(&model.script[4..6].to_vec()));

    // An endless thought is ended for the model.
    let options = Options { thinking: Thinking::On { max_tokens: 3 }, ..Options::default() };
    let mut model = Scripted::new(&vocabulary, &["<think>", "h", "m", "</think>", "\n\n", "7"]);
    model.script[3] = TokenId(u32::from(b'm'));
    let answer = run(&mut model, &options, None).unwrap();
    assert_eq!((answer.text.as_str(), answer.thinking.as_deref()), ("7", Some("hm")));
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let vocabulary = vocabulary();
    let decoder = Decoder::new(&vocabulary, &Sampling::greedy(), &Options::default()).unwrap();
    let mut narrow = Scripted::new(&vocabulary, &["1"]);
    narrow.width = 299;
    let refused = decoder.run(&mut narrow, &[TokenId(1)], None, &mut |_| {}).unwrap_err();
    assert_eq!(refused.to_string(), "the model has 299 rows of logits, the vocabulary 300");
    let mut model = Scripted::new(&vocabulary, &["1"]);
    let refused = decoder.run(&mut model, &[], None, &mut |_| {}).unwrap_err();
    assert!(matches!(refused, DecodeError::EmptyPrompt));
    let empty = Decoder::new(&vocabulary, &Sampling::greedy(), &stop(&[""])).unwrap_err();
    assert!(matches!(empty, DecodeError::Stop(_)));
    let plain = Vocabulary::new(vec![b"a".to_vec()], &[], &[]).unwrap();
    let options = Options { thinking: Thinking::On { max_tokens: 3 }, ..Options::default() };
    let decoder = Decoder::new(&plain, &Sampling::greedy(), &options).unwrap();
    model.width = 1;
    let refused = decoder.run(&mut model, &[TokenId(0)], None, &mut |_| {}).unwrap_err();
    assert!(matches!(refused, DecodeError::NoThinking));
}

#[test]
fn broken_logits_are_an_error() {
    struct Broken(Vec<f32>);
    impl Logits for Broken {
        fn width(&self) -> usize {
            self.0.len()
        }
        fn position(&self) -> usize {
            1
        }
        fn context(&self) -> usize {
            10
        }
        fn advance(&mut self, _tokens: &[TokenId]) -> Result<(), LogitsError> {
            Ok(())
        }
        fn truncate(&mut self, _len: usize) {}
        fn logits(&mut self) -> Result<&[f32], LogitsError> {
            Ok(&self.0)
        }
    }
    let vocabulary = vocabulary();
    let decoder = Decoder::new(&vocabulary, &Sampling::default(), &Options::default()).unwrap();
    let mut model = Broken(vec![f32::NAN; 300]);
    let refused = decoder.run(&mut model, &[TokenId(1)], None, &mut |_| {}).unwrap_err();
    assert!(matches!(refused, DecodeError::Sample(SampleError::Logit { .. })));
}

/// Commands over names and strings, with an optional final semicolon.
const COMMANDS: &str = r#"
start: "SELECT" item ("," item)* ";"?
item: NAME | STRING
NAME: /[a-z]+/
STRING: /'[^']*'/
WS: /[ \n]+/
%ignore WS
"#;

fn constraint(grammar: &str) -> Constraint {
    constraint_over(grammar, vocabulary())
}

fn constraint_over(grammar: &str, vocabulary: Vocabulary) -> Constraint {
    let limits = Limits::default();
    let grammar = lark::parse("test", grammar, None, &NoSources, &limits).unwrap();
    Automaton::new(&grammar, Arc::new(vocabulary), &limits).unwrap().constraint()
}

#[test]
fn under_a_grammar_a_stop_counts_after_a_sentence_only() {
    let vocabulary = vocabulary();
    let cases: [(&[&str], &str); 4] = [
        // Inside the literal it stops nothing.
        (&["SELECT", " ", "'", "a;b", "'", ",", "c", ";"], "SELECT 'a;b',c"),
        // In a token that ends the literal first.
        (&["SELECT", " ", "'", "a;b", "';"], "SELECT 'a;b'"),
        // At the first place that is one, of several in a row.
        (&["SELECT", " ", "'", ";", ";", ";", "'", ";"], "SELECT ';;;'"),
        // What the stop's first byte could continue does not matter: the text before it is a sentence.
        (&["SELECT", " ", "a", "\n", "\n", ",", "b"], "SELECT a"),
    ];
    for (pieces, text) in cases {
        let mut model = Scripted::new(&vocabulary, pieces);
        let answer =
            run(&mut model, &stop(&[";", "\n\n"]), Some(&mut constraint(COMMANDS))).unwrap();
        assert_eq!(answer.text, text);
        assert!(matches!(answer.finish, Finish::Stop { .. }), "{:?}", answer.finish);
        assert!(answer.whole);
    }
    // Never after a sentence: the grammar decides.
    let mut model = Scripted::new(&vocabulary, &["SELECT", " ", "b", ",", "a"]);
    let answer = run(&mut model, &stop(&["a"]), Some(&mut constraint(COMMANDS))).unwrap();
    assert_eq!((answer.text.as_str(), answer.finish), ("SELECT b,a", Finish::End));
}

#[test]
fn what_the_grammar_forces_is_neither_scored_nor_drawn() {
    let vocabulary = vocabulary();
    let mut model = Scripted::bytes(&vocabulary, "xyzq");
    let mut constraint = constraint(r#"start: "xyz" /[pq]/ "!""#);
    let answer = run(&mut model, &Options::default(), Some(&mut constraint)).unwrap();
    assert_eq!((answer.text.as_str(), &answer.finish), ("xyzq!", &Finish::End));
    assert_eq!((answer.stats.tokens, answer.stats.forced_tokens), (5, 4));
    // x, y and z are read together; after the choice nothing is read or scored any more.
    assert_eq!(model.read.len(), 2);
    assert_eq!(model.read[1].len(), 3);
    assert_eq!(model.scored, 1);
    assert!(constraint.is_complete());
}

#[test]
fn near_the_limit_only_tokens_stay_allowed_that_can_still_be_ended() {
    let vocabulary = vocabulary();
    let options = Options { max_tokens: 3, ..Options::default() };
    let answer_in = |grammar: &str, options: &Options, context: usize| {
        let mut model = Scripted::bytes(&vocabulary, "aaaaaaaaaa");
        model.context = context;
        run(&mut model, options, Some(&mut constraint(grammar)))
    };
    let answer = answer_in("start: /a+/", &options, 1000).unwrap();
    assert_eq!((answer.text.as_str(), answer.whole, answer.finish), ("aaa", true, Finish::End));
    let answer = answer_in(r#"start: /a+/ "b""#, &options, 1000).unwrap();
    assert_eq!((answer.text.as_str(), answer.whole, answer.finish), ("aab", true, Finish::End));
    let answer = answer_in(r#"start: "a" start "b" | "a""#, &options, 1000).unwrap();
    assert_eq!((answer.text.as_str(), answer.whole, answer.finish), ("aab", true, Finish::End));
    // What must come is spelled by the model byte by byte, unless that would be too much.
    let two = Options { max_tokens: 2, ..Options::default() };
    let answer = answer_in(r#"start: "a" "SELECT" "b"?"#, &two, 1000).unwrap();
    assert_eq!((answer.text.as_str(), answer.tokens.len()), ("aSELECT", 2));
    // The context holds two tokens of prompt and four of text; the last one need not be read.
    let answer = answer_in(r#"start: /a+/ "b""#, &Options::default(), 6).unwrap();
    assert_eq!((answer.text.as_str(), answer.whole, answer.finish), ("aaaab", true, Finish::End));
}

#[test]
fn fewer_tokens_than_the_shortest_sentence_has_are_refused_before_anything_is_read() {
    let vocabulary = vocabulary();
    let mut model = Scripted::bytes(&vocabulary, "aaaaaa");
    let options = Options { max_tokens: 3, ..Options::default() };
    let mut grammar = constraint(r#"start: "x" /a+/ "y" "SELECT" "z""#);
    let refused = run(&mut model, &options, Some(&mut grammar)).unwrap_err();
    assert!(matches!(refused, DecodeError::Budget { max_tokens: 3, least: 5 }), "{refused}");
    assert_eq!(
        refused.to_string(),
        "at most 3 tokens were asked for, but the shortest sentence takes 5"
    );
    assert!(model.read.is_empty());
}

#[test]
fn an_answer_can_be_stopped_from_outside() {
    let vocabulary = vocabulary();
    let stop = std::sync::atomic::AtomicBool::new(false);
    let decoder = Decoder::new(&vocabulary, &Sampling::greedy(), &Options::default()).unwrap();
    let decoder = decoder.stopped_by(&stop);
    let mut model = Scripted::bytes(&vocabulary, "SELECT a FROM t");
    let answer = decoder
        .run(&mut model, &[TokenId(65)], None, &mut |text| {
            if text.contains('E') {
                stop.store(true, std::sync::atomic::Ordering::Relaxed);
            }
        })
        .unwrap();
    assert_eq!((answer.text.as_str(), answer.whole), ("SE", false));
    assert_eq!(answer.finish, Finish::Interrupted);
}

/// Many at once give what each gives alone, in the numbers of the jobs; what fails, fails alone.
#[test]
fn many_answers_at_once_are_those_of_each_alone() {
    let vocabulary = vocabulary();
    let grammars = [COMMANDS, "start: /[ab]+/ \"!\"", "start: \"xyz\" /[pq]+/ \"!\""];
    let automata: Vec<Arc<Automaton>> =
        grammars.iter().map(|text| constraint(text).automaton().clone()).collect();
    let decoder = |number: u64| {
        let max_tokens = if number == 5 { 1 } else { 12 + number as usize };
        let options = Options { max_tokens, ..stop(&[";"]) };
        let sampling = Sampling { temperature: 1.5, seed: number, ..Sampling::default() };
        Decoder::new(&vocabulary, &sampling, &options).unwrap()
    };
    let model =
        |number: u64| Scripted::bytes(&vocabulary, &"SELECT abpq;!".repeat(number as usize));
    let rule = |number: u64| (number % 4 != 3).then(|| automata[number as usize % 4].constraint());
    let prompt = |number: u64| vec![TokenId(65); 1 + number as usize];
    let alone = |number: u64| {
        let mut constraint = rule(number);
        let answer = decoder(number).run(
            &mut model(number),
            &prompt(number),
            constraint.as_mut(),
            &mut |_| {},
        );
        answer.map(|answer| (answer.tokens, answer.text, answer.finish)).map_err(|e| e.to_string())
    };
    for at_once in [1, 3, 64] {
        let mut answers = vec![None; 20];
        let jobs = (0..20).map(|number| {
            Ok(Job {
                decoder: decoder(number),
                logits: model(number),
                prompt: prompt(number),
                constraint: rule(number),
            })
        });
        run_all(jobs, at_once, |number, answer| {
            let answer = answer.map(|answer| (answer.tokens, answer.text, answer.finish));
            answers[number] = Some(answer.map_err(|error| error.to_string()));
        });
        for (number, answer) in (0..).zip(answers) {
            assert_eq!(answer, Some(alone(number)), "{number} of {at_once} at once");
        }
    }
}

#[test]
fn a_model_that_wants_something_else_is_kept_in_the_grammar() {
    let vocabulary = vocabulary();
    let mut model = Scripted::bytes(&vocabulary, "Sure! Here is your query: SELECT a");
    let answer = run(&mut model, &stop(&[";"]), Some(&mut constraint(COMMANDS))).unwrap();
    assert!(answer.whole);
    assert!(answer.text.starts_with("SELECT") || answer.text.trim_start().starts_with("SELECT"));
    assert!(answer.stats.masks > 0 && answer.stats.allowed_share() < 0.5);
}

#[test]
fn after_thinking_the_grammar_begins() {
    let vocabulary = vocabulary();
    let options = Options { thinking: Thinking::On { max_tokens: 50 }, ..stop(&[";"]) };
    let script = ["<think>", ";", "?", "</think>", "\n\n", "SELECT", " ", "a", ";"];
    let mut model = Scripted::new(&vocabulary, &script);
    let answer = run(&mut model, &options, Some(&mut constraint(COMMANDS))).unwrap();
    assert_eq!(answer.thinking.as_deref(), Some(";?"));
    assert_eq!((answer.text.as_str(), answer.whole), ("SELECT a", true));
}

#[test]
fn a_text_that_no_token_spells_is_a_dead_end() {
    let tokens = vec![b"a".to_vec(), b"c".to_vec(), b"<end>".to_vec()];
    let vocabulary = Vocabulary::new(tokens, &[], &[TokenId(2)]).unwrap();
    let mut constraint = constraint_over(r#"start: "a" "b""#, vocabulary.clone());
    let mut model = Scripted::new(&self::vocabulary(), &[]);
    (model.width, model.script) = (3, vec![]);
    let decoder = Decoder::new(&vocabulary, &Sampling::greedy(), &Options::default()).unwrap();
    let refused =
        decoder.run(&mut model, &[TokenId(0)], Some(&mut constraint), &mut |_| {}).unwrap_err();
    match refused {
        DecodeError::DeadEnd { offset, expected } => {
            assert_eq!(offset, 1);
            assert_eq!(expected.terminals.len(), 1);
        }
        other => panic!("{other}"),
    }
}

/// Whatever the chance, what comes out is a sentence.
#[test]
fn chance_never_leaves_the_grammar() {
    let vocabulary = vocabulary();
    let limits = Limits::default();
    let grammar = lark::parse("test", COMMANDS, None, &NoSources, &limits).unwrap();
    let automaton = Automaton::new(&grammar, Arc::new(vocabulary.clone()), &limits).unwrap();
    let options = Options { max_tokens: 30, ..stop(&[";", "\n\n"]) };
    for seed in 0..200 {
        let sampling =
            Sampling { temperature: 2.0, top_k: None, top_p: 1.0, seed, ..Sampling::default() };
        let decoder = Decoder::new(&vocabulary, &sampling, &options).unwrap();
        let mut model = Scripted::new(&vocabulary, &[]);
        model.script.clear();
        let mut constraint = automaton.constraint();
        let answer =
            decoder.run(&mut model, &[TokenId(1)], Some(&mut constraint), &mut |_| {}).unwrap();
        let mut recognizer = automaton.grammar().expect("a grammar").recognizer();
        recognizer.push(answer.text.as_bytes()).unwrap();
        assert!(recognizer.is_complete() && answer.whole, "{:?}", answer.text);
        assert!(answer.tokens.len() <= options.max_tokens);
    }
}

/// What was said before is guessed: fewer calls, the same text, and nothing of a wrong guess stays in the model.
#[test]
fn what_is_guessed_comes_sooner_and_is_the_same() {
    let vocabulary = vocabulary();
    let text = "SELECT a, b, a, b, a, b, a, b, a, b;";
    let said = |kept: usize, drafter: Option<&Drafter>| {
        let mut model = Scripted::bytes(&vocabulary, text);
        model.kept = kept;
        let decoder = Decoder::new(&vocabulary, &Sampling::greedy(), &stop(&[";"])).unwrap();
        let decoder = match drafter {
            Some(drafter) => decoder.drafted_by(drafter),
            None => decoder,
        };
        let answer = decoder.run(&mut model, &[TokenId(65)], None, &mut |_| {}).unwrap();
        let read: Vec<TokenId> = model.read[1..].concat();
        assert_eq!(read, answer.tokens[..read.len()], "the model has read the answer, or less");
        (answer, model.read.len(), model.scored)
    };
    let (plain, calls, scored) = said(8, None);
    assert_eq!((plain.text.as_str(), plain.stats.guessed_tokens), (&text[..35], 0));
    // A model that keeps one place is never asked for another.
    let drafter = Drafter::default().with_row_cost(0.25);
    assert_eq!(said(1, Some(&drafter)).1, calls);
    for kept in [2, 3, 8, 64] {
        let drafter = Drafter::default().with_row_cost(0.25);
        let (first, fewer, same) = said(kept, Some(&drafter));
        let (second, least, _) = said(kept, Some(&drafter));
        assert_eq!((&first.tokens, &first.finish, same), (&plain.tokens, &plain.finish, scored));
        assert_eq!(second.tokens, plain.tokens);
        assert!(fewer < calls && least < fewer, "{kept}: {calls}, {fewer}, {least}");
        assert!(second.stats.guessed_rightly > 10, "{:?}", second.stats);
    }
}

/// Guesses of another text, any temperature, any limit, little context: what comes out is what would have.
#[test]
fn guesses_never_change_an_answer() {
    let vocabulary = vocabulary();
    let automaton = constraint(COMMANDS).automaton().clone();
    let drafter = Drafter::default().with_row_cost(0.25);
    let [mut rightly, mut wrongly] = [0; 2];
    for seed in 0..300 {
        let options = Options { max_tokens: 1 + seed as usize % 23, ..stop(&[";", "\n\n"]) };
        let sampling = Sampling { temperature: 1.5, seed, ..Sampling::default() };
        let decoder = Decoder::new(&vocabulary, &sampling, &options).unwrap();
        let run = |decoder: &Decoder<'_>, grammar: bool| {
            let script = ["SELECT a", "SELECT b;", "SELECT c, d;;"][seed as usize % 3].repeat(3);
            let mut model = Scripted::bytes(&vocabulary, &script);
            (model.kept, model.context) = (9, 4 + seed as usize % 29);
            let mut constraint = automaton.constraint();
            let constraint = grammar.then_some(&mut constraint);
            let answer = decoder.run(&mut model, &[TokenId(65); 3], constraint, &mut |_| {});
            answer.map(|a| (a.tokens, a.text, a.finish, a.stats)).map_err(|e| e.to_string())
        };
        for grammar in [true, false] {
            let (alone, guessed) =
                (run(&decoder, grammar), run(&decoder.clone().drafted_by(&drafter), grammar));
            if let Ok((.., stats)) = &guessed {
                rightly += stats.guessed_rightly;
                wrongly += stats.guessed_tokens - stats.guessed_rightly;
            }
            let told = |answer: Result<(Vec<TokenId>, String, Finish, _), String>| {
                answer.map(|(tokens, text, finish, _)| (tokens, text, finish))
            };
            assert_eq!(told(guessed), told(alone), "seed {seed}, grammar {grammar}");
        }
    }
    assert!(rightly > 100 && wrongly > 100, "rightly {rightly}, wrongly {wrongly}");
}

/// A model that would write blanks for ever is led on by what else is allowed; where nothing is, or no end is to be reached
/// otherwise, they stay.
#[test]
fn white_space_in_a_row_has_an_end() {
    let said = |grammar: &str, longest_blank: usize, max_tokens: usize| {
        let vocabulary = vocabulary();
        let mut model = Scripted::bytes(&vocabulary, &format!("a{}", " ".repeat(500)));
        let mut constraint = constraint(grammar);
        let options = Options { longest_blank, max_tokens, ..Options::default() };
        let answer = run(&mut model, &options, Some(&mut constraint)).unwrap();
        assert!(answer.whole);
        answer.text
    };
    let free = r#"start: "a" /[ \n]+/ "b""#;
    assert_eq!(said(free, 20, 400), format!("a{}b", " ".repeat(20)));
    assert_eq!(said(free, 0, 400), "a b");
    assert_eq!(said(free, usize::MAX, 400).len(), 400, "until none is left");
    assert_eq!(said(free, 20, 10), format!("a{}b", " ".repeat(8)));
    let long = r#"start: "a" / {30}/ "b""#;
    assert_eq!(said(long, 20, 400), format!("a{}b", " ".repeat(30)));
    let dear = r#"start: "a" (/ {25,}/ | / {20}bcdefghijklmnopqr/)"#;
    assert_eq!(said(dear, 20, 30), format!("a{}", " ".repeat(25)));
    let text = r#"start: "a" (" " | "\n")*"#;
    assert_eq!(said(text, 20, 400), format!("a{}", " ".repeat(20)), "the end is something else");
}

/// Spells with a token for each byte.
struct ByByte<'a>(&'a Vocabulary);

impl Speller for ByByte<'_> {
    fn spell(&self, text: &str) -> Option<Vec<TokenId>> {
        let mut script = Scripted::bytes(self.0, text).script;
        script.pop();
        Some(script)
    }
}

/// The members that a schema names are guessed although nothing was read before; where they come otherwise, so does the text.
#[test]
fn members_of_a_schema_are_guessed_in_its_order() {
    let vocabulary = Arc::new(vocabulary());
    let compiler = SchemaCompiler::new(Arc::clone(&vocabulary), &Limits::default());
    let schema = r#"{"properties": {"zulu": {"type": "integer"}, "alpha": {"enum": [1, true]}, "mike": {}}}"#;
    let automaton = compiler.compile(schema, &SchemaOptions::default()).unwrap();
    let speller = ByByte(&vocabulary);
    let options = Options::default();
    let sampling = Sampling::greedy();
    let decoder = Decoder::new(&vocabulary, &sampling, &options).unwrap().spelled_by(&speller);
    for (text, guessed) in [
        (r#"{"zulu":7,"alpha":true,"mike":[]}"#, 10),
        (r#"{"mike":0,"other":{"zulu":2},"alpha":1}"#, 0),
    ] {
        let drafter = Drafter::default().with_row_cost(0.25);
        let run = |decoder: &Decoder<'_>| {
            let mut model = Scripted::bytes(&vocabulary, text);
            model.kept = 9;
            let mut constraint = automaton.constraint();
            decoder.run(&mut model, &[TokenId(65)], Some(&mut constraint), &mut |_| {}).unwrap()
        };
        let (alone, drafted) = (run(&decoder), run(&decoder.clone().drafted_by(&drafter)));
        assert_eq!((&*alone.text, &alone.tokens), (text, &drafted.tokens));
        assert!(drafted.stats.guessed_rightly >= guessed, "{text}: {:?}", drafted.stats);
    }
}
