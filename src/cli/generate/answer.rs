//! Load a model, decode, validate, print.
//!
//! On a terminal the answer appears as it becomes certain. Everywhere else it is printed when it is whole, so that a
//! program that reads it never takes a cut-off text for an answer.

use std::{
    io::{IsTerminal, Write},
    sync::Arc,
};

use anyhow::Result;
use constrained_gen::{
    TokenId,
    decoding::{DecodeError, Decoder, Finish, Generation},
    expert::{Expert, RopeKind},
    model::{
        Adapter, ChatPrompt, DeviceChoice, Model, ModelError, ModelOptions, RopeRule,
    },
    validation::ValidationError,
};

use super::{
    super::{Outcome, complain, interrupt, output},
    Arguments, Device, Request, report,
};

/// Decodes the answer to a request and prints it.
pub(super) fn answer(arguments: &Arguments, request: &Request) -> Result<Outcome> {
    let (model, adapter) = runtime(arguments, request)?;
    let mut session = match &adapter {
        Some(adapter) => model.session_under(adapter)?,
        None => model.session()?,
    };
    let constraint = match &request.language {
        None => None,
        Some(language) => Some(language.automaton(model.vocabulary().clone())?.constraint()),
    };
    let prompt = prompt(arguments, &model, request)?;
    let decoder = decoder(arguments, &model, request)?;

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

/// The model, and the adapter that it answers under.
pub(super) fn runtime(
    arguments: &Arguments,
    request: &Request,
) -> Result<(Model, Option<Arc<Adapter>>)> {
    let model = load(arguments, &request.expert)?;
    let adapter = match &arguments.adapter {
        Some(directory) => Some(model.adapter(directory)?),
        None => None,
    };
    Ok((model, adapter))
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
) -> Result<Decoder<'a>, DecodeError> {
    let decoder = Decoder::new(model.vocabulary(), &request.sampling, &request.options)?
        .stopped_by(interrupt::flag());
    Ok(match arguments.own_spelling {
        true => decoder,
        false => decoder.spelled_by(model.prompts()),
    })
}

/// The model of the arguments, or the embedded one; with the rotary base of the expert.
fn load(arguments: &Arguments, expert: &Expert) -> Result<Model> {
    let device = match arguments.device {
        Device::Cpu => DeviceChoice::Cpu,
        Device::Cuda => DeviceChoice::Cuda(0),
        Device::Metal => DeviceChoice::Metal(0),
    };
    let options =
        ModelOptions::default().device(device).rope(rope(expert)).threads(arguments.threads);
    let named = expert.manifest.base_models.iter().flat_map(|base| &base.adapters).next();
    if named.is_some() && arguments.adapter.is_none() {
        complain::note(format_args!(
            "expert `{}` names an adapter that is not applied: the base model answers alone",
            expert.name
        ));
    }
    match &arguments.model {
        Some(directory) => Ok(Model::open(directory, &options)?),
        None => Ok(Model::embedded(&options)?),
    }
}

/// The rule of the expert's first base model. Other rules than the experts' own are left to the model's configuration.
fn rope(expert: &Expert) -> RopeRule {
    let scaling = expert.manifest.base_models.first().and_then(|base| base.rope_scaling.as_ref());
    match scaling {
        Some(scaling) if scaling.kind == RopeKind::NtkByParts => {
            let limit = scaling.max_position_embeddings.and_then(|n| usize::try_from(n).ok());
            limit.map_or(RopeRule::Model, |limit| RopeRule::NtkByParts { limit })
        }
        _ => RopeRule::Model,
    }
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
