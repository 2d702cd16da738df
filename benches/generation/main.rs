//! Tokens per second with a constraint and without one, on a model of the shape of Qwen3-0.6B with weights by chance: the
//! texts of corpora are replayed, so that both sides read the same tokens.
//!
//! Both sides are the decoder itself; what it samples is led along the text by raising one logit (`replay.rs`). Without a
//! constraint every token is read alone, scored over all rows and drawn among all. With one: mask first, logits of the
//! allowed tokens, a draw among them; what must come is spelled by the tokenizer, not scored, and read together with what
//! follows. Both sides take turns, text by text, so that both meet the same disturbances.
//!
//! Then both sides once more, with guesses (`Drafter`): "new" from what a program has seen that was just started (before each
//! text its prompt, the schema that it is about, and the texts before it); else from other texts of the same kind as well, a
//! hundred of them at most where nothing else is said: queries over the same schema, instances of it, for SQL with any names
//! statements of any kind. Nothing of any text is known before it comes.
//!
//! `cargo bench --bench generation` reads corpora and the Qwen3 tokenizer at `../shared` and says so if they are not there.
//! `GENERATION_FORMATS=f32,q8_0,q4_k,q4_k_m`, `GENERATION_THREADS=1,2`, `GENERATION_TOKENS=N` (per corpus) and
//! `GENERATION_CORPORA=sql,sql-seen,sql-prompt,sql-schema,sql-style,json,json-style` choose. `GENERATION_LAYERS=1` is for the
//! counts alone, which do not depend on the model if `GENERATION_ROW=0.25` says what the products of a token cost, beside the
//! reading of the weights.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints figures")]

mod corpora;
mod replay;

use std::{path::PathBuf, sync::Arc, time::Duration};

use constrained_gen::{
    Automaton, Limits, TokenId, Vocabulary,
    decoding::{Decoder, Drafter, Options, Sampling, Speller, Stats},
    model::{Config, ModelOptions, Qwen3, Session, WeightFormat},
};
use corpora::{Names, Style};
use replay::Replay;

/// Tokens of a prompt before each text: about a system text and a question.
const PROMPT: usize = 48;

/// Tokens replayed per corpus without a word from outside.
const TOKENS: usize = 400;

/// A text to replay, and what constrains it.
pub(crate) struct Text {
    automaton: Arc<Automaton>,
    text: String,
    /// What it is about: its schema, as a prompt has it.
    prompt: Arc<[TokenId]>,
    /// Other texts of the same kind.
    others: Arc<[Vec<TokenId>]>,
    /// How many tokens it has.
    tokens: usize,
}

/// The tokenizer, as decoding asks for it.
pub(crate) struct Encoder(tokenizers::Tokenizer);

impl Speller for Encoder {
    fn spell(&self, text: &str) -> Option<Vec<TokenId>> {
        let encoding = self.0.encode_fast(text, false).ok()?;
        Some(encoding.get_ids().iter().map(|id| TokenId(*id)).collect())
    }
}

/// Time by part.
#[derive(Clone, Copy, Default)]
struct Split {
    total: Duration,
    layers: Duration,
    head: Duration,
    mask: Duration,
    guesses: Duration,
    sampling: Duration,
    tokens: usize,
    forced: usize,
    guessed: usize,
    guessed_rightly: usize,
    allowed: f64,
    passes: usize,
}

impl Split {
    fn add(&mut self, (stats, passes): (Stats, usize)) {
        self.total += stats.total_time;
        self.layers += stats.layers_time;
        self.head += stats.model_time - stats.layers_time;
        self.mask += stats.mask_time;
        self.guesses += stats.guess_time;
        self.sampling += stats.sample_time;
        self.tokens += stats.tokens;
        self.forced += stats.forced_tokens;
        self.guessed += stats.guessed_tokens;
        self.guessed_rightly += stats.guessed_rightly;
        self.allowed += stats.allowed_share() * stats.tokens as f64;
        self.passes += passes;
    }

    fn per_second(&self) -> f64 {
        self.tokens as f64 / self.total.as_secs_f64()
    }

    fn print(&self, name: &str) {
        let each = |time: Duration| time.as_secs_f64() * 1e3 / self.tokens as f64;
        print!(
            "  {name:<21} {:>7.2} tokens/s; ms per token: layers {:.2}, head {:.2}, mask {:.4}, sampling {:.3}",
            self.per_second(),
            each(self.layers),
            each(self.head),
            each(self.mask),
            each(self.sampling)
        );
        if self.guessed > 0 {
            print!(", guesses {:.4}", each(self.guesses));
            let share = |count: usize| 100.0 * count as f64 / self.tokens as f64;
            print!("; read on a guess {:.0} %", share(self.guessed));
            print!(", rightly {:.0} %", share(self.guessed_rightly));
            print!(", passes {:.0} %", share(self.passes));
        }
        println!();
    }
}

fn main() {
    let shared = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let Ok(json) = std::fs::read(shared.join("tokenizers/qwen3/tokenizer.json")) else {
        eprintln!("nothing measured: no tokenizer at {}", shared.display());
        return;
    };
    let vocabulary = Vocabulary::from_tokenizer_json(&json, &Limits::default())
        .and_then(|vocabulary| vocabulary.with_width(Config::qwen3_0_6b().vocab_size))
        .expect("Qwen3's vocabulary");
    let vocabulary = Arc::new(vocabulary);
    let encoder = Encoder(tokenizers::Tokenizer::from_bytes(&json).expect("a tokenizer"));
    let setting = |name: &str, default: &str| std::env::var(name).unwrap_or(default.to_owned());
    let tokens = setting("GENERATION_TOKENS", "").parse().unwrap_or(TOKENS);
    let sql = |names, style| {
        corpora::sql_of_schemas(&shared, &vocabulary, &encoder, tokens, names, style)
    };
    let json = |style| corpora::json(&shared, &vocabulary, &encoder, tokens, style);
    let any_names = |seen| corpora::sql(&shared, &vocabulary, &encoder, tokens, seen);
    let chosen = setting(
        "GENERATION_CORPORA",
        "sql,sql-seen,sql-prompt,sql-schema,sql-style,json,json-style",
    );
    let corpora = chosen.split(',').map(|name| match name {
        "sql" => ("SQL, any names", any_names(corpora::OTHERS)),
        "sql-seen" => ("SQL, any names, 5,000 others seen", any_names(5_000)),
        "sql-prompt" => ("SQL, any names, a schema in the prompt", sql(Names::Any, Style::Any)),
        "sql-schema" => ("SQL, names of a schema", sql(Names::OfSchema, Style::Any)),
        "sql-style" => ("SQL, names of a schema, one style", sql(Names::OfSchema, Style::One)),
        "json" => ("JSON", json(Style::Any)),
        "json-style" => ("JSON, one style", json(Style::One)),
        other => panic!("no corpus {other}"),
    });
    let corpora: Vec<_> = corpora.collect();
    let row: Option<f64> = setting("GENERATION_ROW", "").parse().ok();
    let mut config = Config::qwen3_0_6b();
    let layers = setting("GENERATION_LAYERS", "").parse();
    config.num_hidden_layers = layers.unwrap_or(config.num_hidden_layers);
    for format in setting("GENERATION_FORMATS", "q4_k,q8_0,f32").split(',') {
        let weights = match format {
            "f32" => WeightFormat::F32,
            "bf16" => WeightFormat::Bf16,
            "q8_0" => WeightFormat::Q8_0,
            "q4_k" => WeightFormat::Q4K,
            "q4_k_m" => WeightFormat::Q4KM,
            other => panic!("no format {other}"),
        };
        for threads in setting("GENERATION_THREADS", "1,2").split(',') {
            let threads = threads.parse().expect("a number of threads");
            let options = ModelOptions::default().threads(threads);
            let model = Qwen3::random(config.clone(), weights, 1, &options).expect("a model");
            let model = Arc::new(model);
            for (name, texts) in &corpora {
                if texts.is_empty() {
                    println!("{name}: no corpus at {}", shared.display());
                    continue;
                }
                let ([free, constrained, free_guessing, new, guessing], row) =
                    compare(&model, &vocabulary, &encoder, texts, row);
                let mask =
                    |split: &Split| 100.0 * split.mask.as_secs_f64() / split.total.as_secs_f64();
                println!(
                    "{name}, {format}, {threads} threads: constrained / unconstrained {:.2}, guessing / unconstrained {:.2}, new {:.2}, \
                     both guessing {:.2} ({} texts, {} tokens; forced {:.0} %, rows allowed {:.0} %; mask {:.2} % of the step, \
                     guessing {:.2} %; a token's products cost {row:.2} of the weights' reading)",
                    constrained.per_second() / free.per_second(),
                    guessing.per_second() / free.per_second(),
                    new.per_second() / free.per_second(),
                    guessing.per_second() / free_guessing.per_second(),
                    texts.len(),
                    free.tokens,
                    100.0 * constrained.forced as f64 / constrained.tokens as f64,
                    100.0 * constrained.allowed / constrained.tokens as f64,
                    mask(&constrained),
                    mask(&guessing),
                );
                free.print("unconstrained");
                constrained.print("constrained");
                free_guessing.print("unconstrained guessing");
                new.print("guessing, new");
                guessing.print("guessing");
            }
        }
    }
}

/// What both sides cost: without a constraint, with one; the same with guesses. And what a token's products
/// cost, which is measured if it is not given.
fn compare(
    model: &Arc<Qwen3>,
    vocabulary: &Vocabulary,
    encoder: &Encoder,
    texts: &[Text],
    row: Option<f64>,
) -> ([Split; 5], f64) {
    let sampling = Sampling { top_p: 0.8, top_k: Some(20), ..Sampling::default() };
    let mut prefix = Session::of(model).expect("a sequence");
    let prompt: Vec<TokenId> = (0..PROMPT as u32).map(|i| TokenId(i * 977 + 11)).collect();
    constrained_gen::decoding::Logits::advance(&mut prefix, &prompt).expect("read");
    let mut splits = [Split::default(); 5];
    let mut all: Vec<&Arc<[Vec<TokenId>]>> = texts.iter().map(|text| &text.others).collect();
    all.dedup_by(|one, other| Arc::ptr_eq(one, other));
    let seen: usize = all.into_iter().flat_map(|others| others.iter()).map(Vec::len).sum();
    let drafters = [(); 3].map(|()| {
        let drafter = Drafter::default().with_room(seen);
        match row {
            Some(cost) => drafter.with_row_cost(cost),
            None => drafter,
        }
    });
    let mut known: Option<&Arc<[Vec<TokenId>]>> = None;
    for Text { automaton, text, prompt, others, tokens } in texts {
        // Masks as a program has them that was started before: each text was seen once.
        let mut sequence = automaton.constraint();
        for token in encoder.spell(text).expect("tokens") {
            sequence.mask().expect("a mask");
            sequence.accept(token).expect("allowed");
        }
        drafters.iter().for_each(|drafter| drafter.learn(prompt));
        if !known.is_some_and(|known| Arc::ptr_eq(known, others)) {
            known = Some(others);
            others.iter().for_each(|text| drafters[0].learn(text));
            others.iter().for_each(|text| drafters[2].learn(text));
        }
        // More than the text has, so that no budget takes part: both sides end where the text does.
        let (max_tokens, longest_blank) = (2 * tokens + 64, usize::MAX);
        let options = Options { max_tokens, longest_blank, ..Options::default() };
        let full = Options { sparse_head: false, ..options.clone() };
        let run = |constrain: bool, drafter: Option<&Drafter>| {
            let options = if constrain { &options } else { &full };
            let mut decoder = Decoder::new(vocabulary, &sampling, options).expect("settings");
            if constrain {
                decoder = decoder.spelled_by(encoder);
            }
            if let Some(drafter) = drafter {
                decoder = decoder.drafted_by(drafter);
            }
            let mut model = Replay::new(prefix.fork().expect("a fork"), vocabulary, encoder, text);
            let mut constraint = constrain.then(|| automaton.constraint());
            let answer = decoder.run(&mut model, &[], constraint.as_mut(), &mut |_| {});
            let answer = answer.expect("an answer");
            assert!(text.starts_with(&answer.text), "{} is not {text}", answer.text);
            (answer.stats, model.passes)
        };
        splits[0].add(run(false, None));
        splits[1].add(run(true, None));
        splits[2].add(run(false, Some(&drafters[0])));
        splits[3].add(run(true, Some(&drafters[1])));
        splits[4].add(run(true, Some(&drafters[2])));
    }
    (splits, drafters[2].row_cost())
}
