//! Load a model, decode, validate, print.
//!
//! On a terminal the answer appears as it becomes certain. Everywhere else it is printed when it is whole, so that a
//! program that reads it never takes a cut-off text for an answer.

use std::{
    io::{IsTerminal, Write},
    path::Path,
};

use anyhow::Result;
use constrained_gen::{
    TokenId,
    decoding::{DecodeError, Decoder, Drafter, Finish, Generation},
    model::{ChatPrompt, DeviceChoice, Footprint, Model, ModelError, ModelOptions, Session},
    validation::ValidationError,
};

use super::{
    super::{Outcome, complain, hub, interrupt, memory, output},
    Arguments, Device, Request,
    examples::Examples,
    report,
};

/// What experts can do that answer about a schema.
const ABOUT_A_SCHEMA: &str = "task:text-to-";

/// Tokens of a prompt that no text of the request has.
const FRAME: usize = 64;

/// Decodes the answer to a request and prints it.
pub(super) fn answer(
    arguments: &Arguments,
    examples: &Examples,
    request: &Request,
) -> Result<Outcome> {
    let model = load(arguments, request)?;
    let mut session = session(arguments, &model, request)?;
    let constraint = match &request.language {
        None => None,
        Some(language) => Some(language.automaton(model.vocabulary().clone())?.constraint()),
    };
    let prompt = prompt(arguments, &model, request)?;
    let drafter = examples.drafter(model.prompts());
    let decoder = decoder(arguments, &model, request, &drafter)?;
    drafter.learn(&prompt);

    let live = std::io::stdout().is_terminal() && !arguments.json;
    let mut out = std::io::stdout().lock();
    let mut written = Ok(());
    let mut on_text = |text: &str| {
        if live && written.is_ok() {
            written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        }
    };
    let mut constraint = constraint;
    let generation = decoder.run(&mut session, &prompt, constraint.as_mut(), &mut on_text);
    if live {
        // Whatever comes next, an error too, begins on a line of its own.
        writeln!(out)?;
    }
    let generation = generation?;
    written?;
    drop(out);

    if let Some(thinking) = generation.thinking.as_deref().filter(|text| !text.is_empty()) {
        for line in thinking.lines() {
            complain::line(format_args!("# {line}"));
        }
    }
    let verdict = match request.validator {
        Some(validator) if finished(&generation) => Some(validator.check(&generation.text)),
        _ => None,
    };
    if arguments.json {
        let object = report::json(request, &generation, verdict.as_ref());
        writeln!(output::stdout(), "{object}")?;
    } else if !live && (finished(&generation) || arguments.partial) {
        writeln!(output::stdout(), "{}", generation.text)?;
    }
    if arguments.stats {
        let guarantee = report::guarantee(request, &generation, verdict.as_ref());
        report::stats(&generation.stats, guarantee);
    }
    Ok(judge(request, &generation, verdict))
}

/// A sequence under the adapter of a request: that of the arguments, or else the expert's. On a GPU it is one of a model of
/// its own, into which the adapter is merged.
pub(super) fn session(arguments: &Arguments, model: &Model, request: &Request) -> Result<Session> {
    let adapter = match &arguments.adapter {
        Some(directory) => Some(model.adapter(directory)?),
        None => request.expert.adapter(model)?,
    };
    Ok(match (adapter, device(arguments)) {
        (Some(adapter), DeviceChoice::Cpu) => model.session_under(&adapter)?,
        (Some(adapter), device) => model.merged(&adapter)?.on(device)?.session()?,
        (None, _) => model.session()?,
    })
}

/// The device of the arguments.
pub(super) fn device(arguments: &Arguments) -> DeviceChoice {
    match arguments.device {
        Device::Cpu => DeviceChoice::Cpu,
        Device::Cuda => DeviceChoice::Cuda(0),
        Device::Metal => DeviceChoice::Metal(0),
    }
}

/// The prompt of a request.
pub(super) fn prompt(
    arguments: &Arguments,
    model: &Model,
    request: &Request,
) -> Result<Vec<TokenId>, ModelError> {
    model.prompts().chat(&ChatPrompt {
        system: Some(request.expert.system_prompt.as_str()).filter(|text| !text.is_empty()),
        context: request.context.as_deref().filter(|text| !text.is_empty()),
        question: &request.question,
        thinking: arguments.think,
    })
}

/// The decoder of a request. From here on Ctrl-C stops the answer, not the process.
pub(super) fn decoder<'a>(
    arguments: &Arguments,
    model: &'a Model,
    request: &Request,
    drafter: &'a Drafter,
) -> Result<Decoder<'a>, DecodeError> {
    let mut decoder = Decoder::new(model.vocabulary(), &request.sampling, &request.options)?
        .stopped_by(interrupt::flag());
    if !arguments.own_spelling {
        decoder = decoder.spelled_by(model.prompts());
    }
    if !arguments.no_guessing {
        decoder = decoder.drafted_by(drafter);
    }
    Ok(decoder)
}

/// The model of the arguments, or the embedded one; with the positions of the expert. Not loaded if it would not fit.
pub(super) fn load(arguments: &Arguments, request: &Request) -> Result<Model> {
    let expert = &request.expert;
    let path = hub::find(arguments.model.as_deref())?;
    memory::refuse(&footprint(arguments, request, path.as_deref())?, arguments.ignore_memory)?;
    let has_adapter = arguments.adapter.is_some() || expert.has_adapter(path.is_none());
    // An adapter is merged on the processor, see `session`.
    let device = if has_adapter { DeviceChoice::Cpu } else { device(arguments) };
    let options =
        ModelOptions::default().device(device).rope(expert.rope_rule()).threads(arguments.threads);
    if !has_adapter {
        complain::note(format_args!(
            "expert `{}` names an adapter that is not part of it: the base model answers alone",
            expert.name
        ));
    }
    let needs_schema = expert.manifest.capabilities.iter().any(|c| c.starts_with(ABOUT_A_SCHEMA));
    if path.is_none() && needs_schema && arguments.grammar.is_none() && request.context.is_none() {
        complain::note(
            "without a schema (--context) the demonstration model does not know what to answer",
        );
    }
    match &path {
        Some(path) => Ok(Model::open(path, &options)?),
        None => Ok(Model::embedded(&options)?),
    }
}

/// What the answer will take: a text has no more tokens than bytes.
fn footprint(arguments: &Arguments, request: &Request, path: Option<&Path>) -> Result<Footprint> {
    let texts = [&request.question, &request.expert.system_prompt];
    let bytes: usize = texts.into_iter().chain(&request.context).map(String::len).sum();
    let tokens = bytes.saturating_add(request.options.max_tokens).saturating_add(FRAME);
    let adapters = request.expert.manifest.base_models.iter().flat_map(|base| &base.adapters);
    let adapter = match &arguments.adapter {
        Some(directory) => std::fs::metadata(directory.join("adapter_model.safetensors"))
            .map_or(0, |file| file.len()),
        None => adapters.filter_map(|a| request.expert.adapter_bytes(a)).max().unwrap_or(0),
    };
    let footprint = Footprint::of(path, tokens)?.with_adapter(adapter);
    Ok(match &request.language {
        Some(_) => footprint.with_automaton(),
        None => footprint,
    })
}

/// Whether the answer came to its own end. One that a limit cut off may be a sentence by accident (`SELECT a` of
/// `SELECT a FROM t`), and is no answer all the same.
pub(super) fn finished(generation: &Generation) -> bool {
    generation.whole && matches!(generation.finish, Finish::End | Finish::Stop { .. })
}

/// Says what is wrong with the answer, if anything is.
fn judge(
    request: &Request,
    generation: &Generation,
    verdict: Option<Result<(), ValidationError>>,
) -> Outcome {
    if generation.finish == Finish::Interrupted {
        complain::failure("the answer is not finished: interrupted");
        return Outcome::Interrupted;
    }
    if !finished(generation) {
        let cause = match &generation.finish {
            Finish::MaxTokens => {
                format!("the limit of {} tokens was reached", request.options.max_tokens)
            }
            Finish::Context => "the model's context was used up".to_owned(),
            _ => "decoding stopped".to_owned(),
        };
        complain::failure(format_args!("the answer is not finished: {cause}"));
        return Outcome::Unfinished;
    }
    let (Some(Err(refusal)), Some(language)) = (verdict, &request.language) else {
        return Outcome::Done;
    };
    if refusal.is_limit() {
        complain::warning(refusal);
        return Outcome::Done;
    }
    let title = language.title();
    let message = format!("{refusal}; the {title} let it through, which is a bug of this program");
    if request.strict {
        complain::failure(message);
        Outcome::Invalid
    } else {
        complain::warning(message);
        Outcome::Done
    }
}
