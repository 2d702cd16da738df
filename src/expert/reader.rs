//! The reader of [`Manifest`]: one function for each object of the schema.

use serde_json::Value;

use super::{
    Adapter, AdapterKind, AdapterScaling, AttentionKernel, BaseModel, Constraints, Decoding,
    GrammarType, Manifest, ManifestError, Perf, Projection, PromptTemplate, Quantization, RopeKind,
    RopeScaling, Routing, Runtime, SoftPrompt, Training, Unknown, Validation,
    entry::is_inside,
    fields::{
        Fields, Result, boolean, list, non_empty, number, opaque, sha256, string, whole, word,
        wrong,
    },
    integrity::integrity,
    training,
};

/// Bytes a manifest may have; far above any published one.
const MAX_BYTES: usize = 1 << 20;

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// Not JSON, or a field that is missing or wrong: named by its JSON pointer, with what was expected.
    pub fn parse(text: &str) -> std::result::Result<Self, ManifestError> {
        Self::parse_all(text).map_err(|mut all| all.swap_remove(0))
    }

    /// As [`parse`](Self::parse), but says all that is wrong: of every part of the manifest the first thing.
    ///
    /// # Errors
    /// As there; at least one.
    pub fn parse_all(text: &str) -> std::result::Result<Self, Vec<ManifestError>> {
        if text.len() > MAX_BYTES {
            return Err(vec![ManifestError::TooLong { bytes: text.len(), limit: MAX_BYTES }]);
        }
        // Editors on some systems put a byte order mark before the text.
        let document: Value = serde_json::from_str(text.trim_start_matches('\u{feff}'))
            .map_err(|error| vec![ManifestError::Json(error)])?;
        let mut unknown = Vec::new();
        let mut fields = Fields::new(String::new(), &document).map_err(|error| vec![error])?;
        let mut problems = Problems::default();
        let _ = problems.keep(fields.optional("schema_version", schema_version));
        let name =
            problems.keep(fields.required("name", "a name like \"expert-sql\"", package_name));
        let version =
            problems.keep(fields.required("version", "a version like \"1.0.0\"", package_version));
        let description = problems.keep(fields.required("description", "a string", non_empty));
        let license = problems.keep(fields.required("license", "a string", non_empty));
        let base_models =
            problems.keep(fields.required("base_models", "an array of models", |at, value| {
                at_least_one(at, value, "model", |at, value| base_model(at, value, &mut unknown))
            }));
        let soft_prompts = problems.keep(fields.optional("soft_prompts", |at, value| {
            each(at, value, |at, value| soft_prompt(at, value, &mut unknown))
        }));
        let capabilities =
            problems.keep(fields.required("capabilities", "an array of strings", list(string)));
        let routing =
            problems.keep(fields.optional("routing", |at, value| routing(at, value, &mut unknown)));
        let constraints =
            problems.keep(fields.required("constraints", "an object", |at, value| {
                constraints(at, value, &mut unknown)
            }));
        let perf = problems
            .keep(fields.required("perf", "an object", |at, value| perf(at, value, &mut unknown)));
        let runtime =
            problems.keep(fields.optional("runtime", |at, value| runtime(at, value, &mut unknown)));
        let trained = problems
            .keep(fields.optional("training", |at, value| training(at, value, &mut unknown)));
        let integrity = problems
            .keep(fields.optional("integrity", |at, value| integrity(at, value, &mut unknown)));
        for key in ["author", "homepage"] {
            let _ = problems.keep(fields.optional(key, string));
        }
        let _ = problems.keep(fields.optional("tags", list(string)));
        for key in ["repository", "evaluation", "quality_metrics", "limitations"] {
            let _ = problems.keep(fields.optional(key, opaque));
        }
        fields.finish(&mut unknown);
        let (
            (Some(name), Some(version), Some(description), Some(license), Some(base_models)),
            (Some(soft_prompts), Some(capabilities), Some(routing), Some(constraints)),
            (Some(perf), Some(runtime), Some(trained), Some(integrity)),
        ) = (
            (name, version, description, license, base_models),
            (soft_prompts, capabilities, routing, constraints),
            (perf, runtime, trained, integrity),
        )
        else {
            return Err(problems.0);
        };
        if !problems.0.is_empty() {
            return Err(problems.0);
        }
        let (decoding, training) = trained.unwrap_or_default();
        Ok(Self {
            name,
            version,
            description,
            license,
            base_models,
            soft_prompts: soft_prompts.unwrap_or_default(),
            capabilities,
            routing,
            constraints,
            perf,
            runtime: runtime.unwrap_or_default(),
            decoding,
            training,
            integrity,
            document,
            unknown,
        })
    }
}

/// What is wrong with a manifest, part by part.
#[derive(Debug, Default)]
struct Problems(Vec<ManifestError>);

impl Problems {
    /// What a part says, or nothing and one problem more.
    fn keep<T>(&mut self, part: Result<T>) -> Option<T> {
        part.map_err(|error| self.0.push(error)).ok()
    }
}

fn schema_version(pointer: String, value: &Value) -> Result<()> {
    match value.as_str() {
        Some("2.0") => Ok(()),
        _ => Err(wrong(pointer, value, "\"2.0\", the only version that is read")),
    }
}

fn package_name(pointer: String, value: &Value) -> Result<String> {
    let valid = |name: &str| {
        name.strip_prefix("expert-").is_some_and(|rest| {
            !rest.is_empty() && rest.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        })
    };
    match value.as_str() {
        Some(name) if valid(name) => Ok(name.to_owned()),
        _ => Err(wrong(
            pointer,
            value,
            "`expert-` followed by lower-case letters, digits and hyphens",
        )),
    }
}

fn package_version(pointer: String, value: &Value) -> Result<String> {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    match value.as_str() {
        Some(text) if text.split('.').count() == 3 && text.split('.').all(number) => {
            Ok(text.to_owned())
        }
        _ => Err(wrong(pointer, value, "a version like \"1.0.0\"")),
    }
}

/// The name of a file inside the package.
fn inside(pointer: String, value: &Value) -> Result<String> {
    match value.as_str() {
        Some(name) if is_inside(name) => Ok(name.to_owned()),
        _ => Err(wrong(pointer, value, "a relative path inside the package, without `..`")),
    }
}

/// An array whose items are read by `item`, which may note unknown fields.
fn each<T>(
    pointer: String,
    value: &Value,
    mut item: impl FnMut(String, &Value) -> Result<T>,
) -> Result<Vec<T>> {
    match value.as_array() {
        Some(items) => {
            items.iter().enumerate().map(|(i, v)| item(format!("{pointer}/{i}"), v)).collect()
        }
        None => Err(wrong(pointer, value, "an array")),
    }
}

fn at_least_one<T>(
    pointer: String,
    value: &Value,
    what: &str,
    item: impl FnMut(String, &Value) -> Result<T>,
) -> Result<Vec<T>> {
    let items = each(pointer.clone(), value, item)?;
    if items.is_empty() {
        return Err(wrong(pointer, value, format!("at least one {what}")));
    }
    Ok(items)
}

fn base_model(pointer: String, value: &Value, unknown: &mut Vec<Unknown>) -> Result<BaseModel> {
    let mut fields = Fields::new(pointer, value)?;
    let model = BaseModel {
        name: fields.required("name", "a path or a hub name", non_empty)?,
        sha256: fields.optional("sha256", sha256)?.unwrap_or_default(),
        quantization: fields
            .optional("quantization", word(Quantization::WORDS))?
            .unwrap_or(Quantization::None),
        rope_scaling: fields
            .optional("rope_scaling", |at, value| rope_scaling(at, value, unknown))?,
        prompt_template: fields
            .optional("prompt_template", word(PromptTemplate::WORDS))?
            .unwrap_or(PromptTemplate::ChatMl),
        adapters: fields.required("adapters", "an array of adapters", |at, value| {
            at_least_one(at, value, "adapter", |at, value| adapter(at, value, unknown))
        })?,
    };
    fields.finish(unknown);
    Ok(model)
}

fn rope_scaling(pointer: String, value: &Value, unknown: &mut Vec<Unknown>) -> Result<RopeScaling> {
    let kind = word(RopeKind::WORDS);
    // The old form names the rule alone.
    if value.is_string() {
        return Ok(RopeScaling {
            kind: kind(pointer, value)?,
            factor: None,
            max_position_embeddings: None,
            original_max_position_embeddings: None,
            fine_grained: false,
        });
    }
    let mut fields = Fields::new(pointer, value)?;
    let positions = whole(1, u64::from(u32::MAX));
    let scaling = RopeScaling {
        kind: fields.required("type", "the rule's name", kind)?,
        factor: fields.optional("factor", number(1.0, f64::MAX))?,
        max_position_embeddings: fields.optional("max_position_embeddings", &positions)?,
        original_max_position_embeddings: fields
            .optional("original_max_position_embeddings", &positions)?,
        fine_grained: fields.optional("fine_grained", boolean)?.unwrap_or(false),
    };
    fields.finish(unknown);
    Ok(scaling)
}

fn adapter(pointer: String, value: &Value, unknown: &mut Vec<Unknown>) -> Result<Adapter> {
    let mut fields = Fields::new(pointer, value)?;
    let kind = fields.required("type", "the adapter's kind", word(AdapterKind::WORDS))?;
    let r = fields.optional("r", whole(1, 256))?;
    let alpha = fields.optional("alpha", whole(1, u64::MAX))?;
    let rank = match (kind, r, alpha) {
        (_, Some(r), Some(alpha)) => Some((r, alpha)),
        (AdapterKind::Ia3, ..) => None,
        (_, r, _) => {
            let (key, expected) = match r {
                None => ("r", "a whole number from 1 to 256"),
                Some(_) => ("alpha", "a whole number of at least 1"),
            };
            return Err(ManifestError::Missing {
                pointer: fields.at(key),
                expected: expected.into(),
            });
        }
    };
    let adapter = Adapter {
        kind,
        target_modules: fields.required(
            "target_modules",
            "an array of projections",
            list(word(Projection::WORDS)),
        )?,
        rank,
        scaling: fields
            .optional("scaling", word(AdapterScaling::WORDS))?
            .unwrap_or(AdapterScaling::Standard),
        use_dora: fields.optional("use_dora", boolean)?.unwrap_or(kind == AdapterKind::Dora),
        size_bytes: fields.optional("size_bytes", whole(0, u64::MAX))?.unwrap_or(0),
        sha256: fields.optional("sha256", sha256)?.unwrap_or_default().to_ascii_lowercase(),
        path: fields.optional("path", inside)?,
    };
    // Of interest to training alone.
    fields.optional("dropout", number(0.0, 1.0))?;
    for key in ["feedforward_modules", "checkpoint_step"] {
        fields.optional(key, opaque)?;
    }
    fields.finish(unknown);
    Ok(adapter)
}

fn soft_prompt(pointer: String, value: &Value, unknown: &mut Vec<Unknown>) -> Result<SoftPrompt> {
    let mut fields = Fields::new(pointer, value)?;
    let prompt = SoftPrompt {
        name: fields.required("name", "a string", non_empty)?,
        path: fields.required("path", "a file of the package", inside)?,
        tokens: fields.required("tokens", "a whole number from 1 to 512", whole(1, 512))?,
    };
    for key in ["init_method", "init_text", "purpose"] {
        fields.optional(key, string)?;
    }
    fields.finish(unknown);
    Ok(prompt)
}

fn routing(pointer: String, value: &Value, unknown: &mut Vec<Unknown>) -> Result<Routing> {
    let mut fields = Fields::new(pointer, value)?;
    let routing = Routing {
        keywords: fields.required("keywords", "an array of strings", list(string))?,
        exclude_keywords: fields.optional("exclude_keywords", list(string))?.unwrap_or_default(),
        priority: fields.optional("priority", number(0.0, 1.0))?.unwrap_or(1.0),
    };
    fields.optional("router_hint", string)?;
    fields.finish(unknown);
    Ok(routing)
}

fn constraints(pointer: String, value: &Value, unknown: &mut Vec<Unknown>) -> Result<Constraints> {
    let mut fields = Fields::new(pointer, value)?;
    let constraints = Constraints {
        max_chain: fields.optional("max_chain", whole(1, u64::MAX))?.unwrap_or(10),
        load_order: fields.required("load_order", "a whole number", whole(0, u64::MAX))?,
        incompatible_with: fields.required(
            "incompatible_with",
            "an array of strings",
            list(string),
        )?,
        requires: fields.required("requires", "an array of strings", list(string))?,
    };
    fields.finish(unknown);
    Ok(constraints)
}

fn perf(pointer: String, value: &Value, unknown: &mut Vec<Unknown>) -> Result<Perf> {
    let mut fields = Fields::new(pointer, value)?;
    let amount = number(0.0, f64::MAX);
    let perf = Perf {
        latency_ms_overhead: fields.required("latency_ms_overhead", "a number", &amount)?,
        vram_mb_overhead: fields.required("vram_mb_overhead", "a number", &amount)?,
        supported_batch_sizes: fields.required(
            "supported_batch_sizes",
            "an array of whole numbers",
            list(whole(1, u64::MAX)),
        )?,
    };
    fields.finish(unknown);
    Ok(perf)
}

fn runtime(pointer: String, value: &Value, unknown: &mut Vec<Unknown>) -> Result<Runtime> {
    let mut fields = Fields::new(pointer, value)?;
    let default = Runtime::default();
    let runtime = Runtime {
        candle_compatible: fields
            .optional("candle_compatible", boolean)?
            .unwrap_or(default.candle_compatible),
        requires_kv_cache_persistence: fields
            .optional("requires_kv_cache_persistence", boolean)?
            .unwrap_or(default.requires_kv_cache_persistence),
        attention_kernel: fields.optional("attention_kernel", word(AttentionKernel::WORDS))?,
    };
    fields.finish(unknown);
    Ok(runtime)
}

fn training(
    pointer: String,
    value: &Value,
    unknown: &mut Vec<Unknown>,
) -> Result<(Decoding, Training)> {
    let mut fields = Fields::new(pointer, value)?;
    let decoding = fields.optional("decoding", |at, value| decoding(at, value, unknown))?;
    let training = Training {
        dataset: fields.optional("dataset", training::dataset)?.unwrap_or_default(),
        config: fields.optional("config", training::config)?,
    };
    for key in [
        "trained_on",
        "base_model_version",
        "checkpoint",
        "packaging_checkpoint",
        "quality_score",
        "test_scenarios",
        "alternative_checkpoints",
    ] {
        fields.optional(key, opaque)?;
    }
    fields.finish(unknown);
    Ok((decoding.unwrap_or_default(), training))
}

/// A type of grammar, for a built-in one with the rule to begin with after a colon.
fn grammar_type(pointer: String, value: &Value) -> Result<(GrammarType, Option<String>)> {
    match value.as_str().and_then(|text| text.split_once(':')) {
        None => Ok((word(GrammarType::WORDS)(pointer, value)?, None)),
        Some((kind, start)) => {
            let kind = word(GrammarType::WORDS)(pointer, &Value::from(kind))?;
            Ok((kind, Some(start.to_owned())))
        }
    }
}

fn decoding(pointer: String, value: &Value, unknown: &mut Vec<Unknown>) -> Result<Decoding> {
    let mut fields = Fields::new(pointer, value)?;
    let default = Decoding::default();
    let (grammar_type, grammar_start) = fields
        .optional("grammar_type", grammar_type)?
        .map_or((None, None), |(kind, start)| (Some(kind), start));
    let decoding = Decoding {
        use_grammar: fields.optional("use_grammar", boolean)?.unwrap_or(default.use_grammar),
        grammar_type,
        grammar_start,
        grammar_file: fields.optional("grammar_file", inside)?,
        validation: fields
            .optional("validation", word(Validation::WORDS))?
            .unwrap_or(default.validation),
        validation_cmd: fields.optional("validation_cmd", string)?,
        stop_sequences: fields
            .optional("stop_sequences", list(non_empty))?
            .unwrap_or(default.stop_sequences),
        temperature: fields
            .optional("temperature", number(0.0, 2.0))?
            .unwrap_or(default.temperature),
        top_p: fields.optional("top_p", number(0.0, 1.0))?.unwrap_or(default.top_p),
        top_k: fields.optional("top_k", whole(1, u64::from(u32::MAX)))?.unwrap_or(default.top_k),
        min_p: fields.optional("min_p", number(0.0, 1.0))?.unwrap_or(default.min_p),
    };
    fields.finish(unknown);
    Ok(decoding)
}
