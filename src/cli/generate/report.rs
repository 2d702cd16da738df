//! What an answer cost, and the answer as JSON.

use std::time::Duration;

use constrained_gen::{
    decoding::{Finish, Generation, Stats},
    validation::{Guarantee, ValidationError},
};
use serde_json::{Value, json};

use super::{
    super::{complain, language::Language},
    Request,
    answer::finished,
};

/// The object of `--json`. `text` is an answer only if `whole` is true; `valid` is null where nobody was asked.
pub(super) fn json(
    request: &Request,
    generation: &Generation,
    verdict: Option<&Result<(), ValidationError>>,
) -> Value {
    let stats = &generation.stats;
    let language = request.language.as_ref();
    let stop = match &generation.finish {
        Finish::Stop { sequence } => Some(sequence.as_str()),
        _ => None,
    };
    json!({
        "text": generation.text,
        "whole": finished(generation),
        "finish": finish(&generation.finish),
        "stop": stop,
        "valid": verdict.map(Result::is_ok),
        "guarantee": guarantee(request, generation, verdict).as_str(),
        "expert": request.expert.name,
        "grammar": language.and_then(Language::grammar_name),
        "json_schema": language.and_then(Language::schema_name),
        "thinking": generation.thinking,
        "tokens": generation.tokens.iter().map(|t| t.0).collect::<Vec<_>>(),
        "stats": {
            "prompt_tokens": stats.prompt_tokens,
            "tokens": stats.tokens,
            "forced_tokens": stats.forced_tokens,
            "guessed_tokens": stats.guessed_tokens,
            "guessed_rightly": stats.guessed_rightly,
            "thinking_tokens": stats.thinking_tokens,
            "masks": stats.masks,
            "allowed_share": stats.allowed_share(),
            "prefill_ms": milliseconds(stats.prefill_time),
            "mask_ms": milliseconds(stats.mask_time),
            "guess_ms": milliseconds(stats.guess_time),
            "model_ms": milliseconds(stats.model_time),
            "sample_ms": milliseconds(stats.sample_time),
            "total_ms": milliseconds(stats.total_time),
            "tokens_per_second": stats.tokens_per_second(),
        },
    })
}

/// What is known of the answer.
pub(super) fn guarantee(
    request: &Request,
    generation: &Generation,
    verdict: Option<&Result<(), ValidationError>>,
) -> Guarantee {
    match (request.validator, verdict) {
        _ if request.language.is_none() || !finished(generation) => Guarantee::None,
        (Some(validator), Some(Ok(()))) => validator.guarantee(),
        _ => Guarantee::Grammar,
    }
}

fn finish(finish: &Finish) -> &'static str {
    match finish {
        Finish::End => "end",
        Finish::Stop { .. } => "stop",
        Finish::MaxTokens => "max_tokens",
        Finish::Context => "context",
        Finish::Interrupted => "interrupted",
        _ => "other",
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The lines of `--stats`.
pub(super) fn stats(stats: &Stats, guarantee: Guarantee) {
    complain::line(format_args!("guarantee {guarantee}"));
    complain::line(format_args!("prompt    {} tokens", stats.prompt_tokens));
    complain::line(format_args!(
        "answer    {} tokens ({} without a choice, {} guessed rightly of {}, {} of thinking), {:.1} per second",
        stats.tokens,
        stats.forced_tokens,
        stats.guessed_rightly,
        stats.guessed_tokens,
        stats.thinking_tokens,
        stats.tokens_per_second()
    ));
    complain::line(format_args!(
        "masks     {}, {:.3} % of the vocabulary allowed on average",
        stats.masks,
        100.0 * stats.allowed_share()
    ));
    complain::line(format_args!(
        "time      {:.1} ms: prompt {:.1}, model {:.1}, masks {:.3}, guesses {:.3}, sampling {:.3}",
        milliseconds(stats.total_time),
        milliseconds(stats.prefill_time),
        milliseconds(stats.model_time),
        milliseconds(stats.mask_time),
        milliseconds(stats.guess_time),
        milliseconds(stats.sample_time)
    ));
}
