//! `config.json` and `generation_config.json` of a Qwen3 model, in both spellings: rope_theta and rope_scaling at the top
//! level, or both in the `rope_parameters` of transformers 5.
//!
//! What the forward pass does not implement is refused here by name; nothing that changes the numbers is ignored.

use serde_json::{Map, Value};

use super::{ModelError, RopeScaling, rope::yarn_magnitude};

/// Upper bound of every size: keeps products of two of them within 64 bits and far above any model.
const MAX_SIZE: u64 = 1 << 28;

/// The shape of a Qwen3 model.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// Rows of the embedding and of the logits.
    pub vocab_size: usize,
    /// Width of the hidden states.
    pub hidden_size: usize,
    /// Width inside the feed-forward part.
    pub intermediate_size: usize,
    /// Layers.
    pub num_hidden_layers: usize,
    /// Heads of queries.
    pub num_attention_heads: usize,
    /// Heads of keys and values; divides the heads of queries.
    pub num_key_value_heads: usize,
    /// Width of a head; even.
    pub head_dim: usize,
    /// Positions the model was made for.
    pub max_position_embeddings: usize,
    /// Added to the mean square before its root.
    pub rms_norm_eps: f64,
    /// Base of the rotary frequencies.
    pub rope_theta: f64,
    /// What is done to them for longer texts.
    pub rope_scaling: RopeScaling,
    /// Whether the head is the embedding.
    pub tie_word_embeddings: bool,
    /// Tokens named as the end of a text.
    pub eos_token_ids: Vec<u32>,
}

impl Config {
    /// Reads a `config.json`; `file` is its name in messages.
    ///
    /// # Errors
    /// Not JSON, not Qwen3, a field missing or of the wrong kind, a feature that is not implemented.
    pub fn from_json(file: &str, json: &[u8]) -> Result<Self, ModelError> {
        let root = object(file, json)?;
        let fields = Fields { file, prefix: "", map: &root };
        fields.expect("model_type", "qwen3")?;
        fields.expect("hidden_act", "silu")?;
        fields.expect_off("attention_bias")?;
        fields.expect_off("use_sliding_window")?;
        let num_attention_heads = fields.size("num_attention_heads")?;
        let hidden_size = fields.size("hidden_size")?;
        let (rope_theta, rope_scaling) = rope(&fields)?;
        let config = Self {
            vocab_size: fields.size("vocab_size")?,
            hidden_size,
            intermediate_size: fields.size("intermediate_size")?,
            num_hidden_layers: fields.size("num_hidden_layers")?,
            num_attention_heads,
            num_key_value_heads: fields.size("num_key_value_heads")?,
            head_dim: match fields.given("head_dim") {
                Some(_) => fields.size("head_dim")?,
                None => hidden_size / num_attention_heads,
            },
            max_position_embeddings: fields.size("max_position_embeddings")?,
            rms_norm_eps: fields.number("rms_norm_eps")?,
            rope_theta,
            rope_scaling,
            tie_word_embeddings: fields.flag("tie_word_embeddings")?.unwrap_or(false),
            eos_token_ids: fields.ids("eos_token_id")?,
        };
        config.check().map_err(|(field, problem)| fields.wrong(field, problem))?;
        Ok(config)
    }

    /// Whether the sizes fit one another; if not, the field and what is wrong with it.
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        if !self.num_attention_heads.is_multiple_of(self.num_key_value_heads) {
            let (heads, keys) = (self.num_attention_heads, self.num_key_value_heads);
            let problem = format!("{keys} does not divide the {heads} heads of queries");
            return Err(("num_key_value_heads", problem));
        }
        if self.head_dim == 0 || !self.head_dim.is_multiple_of(2) {
            return Err(("head_dim", format!("{} is not an even number above 0", self.head_dim)));
        }
        Ok(())
    }

    /// The end tokens that a `generation_config.json` names; these rule over those of `config.json`.
    ///
    /// # Errors
    /// Not JSON, or `eos_token_id` is neither a token nor a list of tokens.
    pub fn generation_eos(file: &str, json: &[u8]) -> Result<Vec<u32>, ModelError> {
        let root = object(file, json)?;
        Fields { file, prefix: "", map: &root }.ids("eos_token_id")
    }
}

/// The rotary base and its scaling. transformers 5 has both in `rope_parameters`; before, the base was a field of its own
/// and only the scaling an object.
fn rope(fields: &Fields<'_>) -> Result<(f64, RopeScaling), ModelError> {
    let (parameters, scaling) = (fields.object("rope_parameters")?, fields.object("rope_scaling")?);
    let theta = match &parameters {
        Some(rope) if rope.given("rope_theta").is_some() => rope.number("rope_theta")?,
        _ => fields.number("rope_theta")?,
    };
    if !(theta.is_finite() && theta > 0.0) {
        return Err(fields.wrong("rope_theta", format!("{theta} is not a number above 0")));
    }
    let scaling = match parameters.as_ref().or(scaling.as_ref()) {
        Some(rope) => rope_scaling(rope, fields)?,
        None => RopeScaling::None,
    };
    Ok((theta, scaling))
}

fn rope_scaling(rope: &Fields<'_>, root: &Fields<'_>) -> Result<RopeScaling, ModelError> {
    let kind = match (rope.given("rope_type"), rope.given("type")) {
        (Some(kind), _) => ("rope_type", kind),
        (None, Some(kind)) => ("type", kind),
        (None, None) => return Ok(RopeScaling::None),
    };
    if rope.given("partial_rotary_factor").is_some_and(|factor| factor.as_f64() != Some(1.0)) {
        return Err(rope.wrong("partial_rotary_factor", "only 1 is supported"));
    }
    let positive = |field: &str, least: f64| match rope.number(field)? {
        x if x.is_finite() && x >= least => Ok(x),
        x => Err(rope.wrong(field, format!("{x} is not a number from {least}"))),
    };
    // As transformers has it, 0 means that nothing was given.
    let or = |field: &str, default: f64| match rope.given(field) {
        None => Ok(default),
        Some(_) => positive(field, 0.0).map(|x| if x == 0.0 { default } else { x }),
    };
    match kind.1.as_str() {
        Some("default") => Ok(RopeScaling::None),
        Some("linear") => Ok(RopeScaling::Linear { factor: positive("factor", 1.0)? }),
        Some("dynamic") => Ok(RopeScaling::Dynamic { factor: positive("factor", 1.0)? }),
        Some("yarn") => {
            let original = match rope.given("original_max_position_embeddings") {
                Some(_) => rope.size("original_max_position_embeddings")?,
                None => root.size("max_position_embeddings")?,
            };
            let factor = match rope.given("factor") {
                Some(_) => positive("factor", 1.0)?,
                None => root.size("max_position_embeddings")? as f64 / original as f64,
            };
            let (scale, all) = (or("mscale", 0.0)?, or("mscale_all_dim", 0.0)?);
            let default = match scale > 0.0 && all > 0.0 {
                true => yarn_magnitude(factor, scale) / yarn_magnitude(factor, all),
                false => yarn_magnitude(factor, 1.0),
            };
            let attention_factor = match rope.given("attention_factor") {
                Some(_) => positive("attention_factor", 0.0)?,
                None => default,
            };
            Ok(RopeScaling::Yarn {
                factor,
                original,
                attention_factor,
                beta_fast: or("beta_fast", 32.0)?,
                beta_slow: or("beta_slow", 1.0)?,
                truncate: rope.flag("truncate")?.unwrap_or(true),
            })
        }
        _ => Err(rope.wrong(
            kind.0,
            format!(
                "{} is not supported, only \"default\", \"linear\", \"dynamic\" and \"yarn\"",
                quote(kind.1)
            ),
        )),
    }
}

pub(super) fn object(file: &str, json: &[u8]) -> Result<Map<String, Value>, ModelError> {
    let wrong =
        |problem| ModelError::Config { file: file.to_owned(), field: "/".to_owned(), problem };
    match serde_json::from_slice(json) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(wrong("expected an object".into())),
        Err(error) => Err(wrong(format!("not JSON: {error}"))),
    }
}

/// The fields of one object of a file.
pub(super) struct Fields<'a> {
    pub(super) file: &'a str,
    /// JSON pointer of the object.
    pub(super) prefix: &'static str,
    pub(super) map: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    pub(super) fn wrong(&self, field: &str, problem: impl Into<String>) -> ModelError {
        ModelError::Config {
            file: self.file.to_owned(),
            field: format!("{}/{field}", self.prefix),
            problem: problem.into(),
        }
    }

    /// The field's value, unless it is absent or null.
    pub(super) fn given(&self, field: &str) -> Option<&'a Value> {
        self.map.get(field).filter(|value| !value.is_null())
    }

    pub(super) fn needed(&self, field: &str) -> Result<&'a Value, ModelError> {
        self.given(field).ok_or_else(|| self.wrong(field, "missing"))
    }

    pub(super) fn size(&self, field: &str) -> Result<usize, ModelError> {
        let value = self.needed(field)?;
        match value.as_u64() {
            Some(n @ 1..=MAX_SIZE) => Ok(n as usize),
            _ => Err(self.wrong(
                field,
                format!("{} is not a whole number from 1 to {MAX_SIZE}", quote(value)),
            )),
        }
    }

    pub(super) fn number(&self, field: &str) -> Result<f64, ModelError> {
        let value = self.needed(field)?;
        value.as_f64().ok_or_else(|| self.wrong(field, format!("{} is not a number", quote(value))))
    }

    pub(super) fn flag(&self, field: &str) -> Result<Option<bool>, ModelError> {
        match self.given(field) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(value) => {
                Err(self.wrong(field, format!("{} is neither true nor false", quote(value))))
            }
        }
    }

    /// One token or a list of tokens; none where the field is absent.
    fn ids(&self, field: &str) -> Result<Vec<u32>, ModelError> {
        let wrong = |value: &Value| {
            self.wrong(field, format!("{} is not a token or a list of tokens", quote(value)))
        };
        let id = |value: &Value| value.as_u64().and_then(|n| u32::try_from(n).ok());
        match self.given(field) {
            None => Ok(Vec::new()),
            Some(Value::Array(list)) => {
                list.iter().map(|value| id(value).ok_or_else(|| wrong(value))).collect()
            }
            Some(value) => Ok(vec![id(value).ok_or_else(|| wrong(value))?]),
        }
    }

    fn object(&self, field: &'static str) -> Result<Option<Fields<'a>>, ModelError> {
        let prefix = match field {
            "rope_parameters" => "/rope_parameters",
            _ => "/rope_scaling",
        };
        match self.given(field) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(Fields { file: self.file, prefix, map })),
            Some(value) => Err(self.wrong(field, format!("{} is not an object", quote(value)))),
        }
    }

    /// The field, where it is given, has this value.
    pub(super) fn expect(&self, field: &str, expected: &str) -> Result<(), ModelError> {
        match self.given(field) {
            None => Ok(()),
            Some(Value::String(text)) if text == expected => Ok(()),
            Some(value) => {
                let problem = format!("{} is not supported, only {expected:?}", quote(value));
                Err(self.wrong(field, problem))
            }
        }
    }

    /// The feature, where it is named, is off.
    fn expect_off(&self, field: &str) -> Result<(), ModelError> {
        match self.flag(field)? {
            Some(true) => Err(self.wrong(field, "true is not supported, only false")),
            _ => Ok(()),
        }
    }
}

/// A value for a message: at most 80 characters.
pub(super) fn quote(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(80) {
        Some((cut, _)) => format!("{}...", &text[..cut]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = include_str!("../../tests/fixtures/qwen3/tiny/config.json");
    const NEW: &str = include_str!("../../tests/fixtures/qwen3/tiny/config.rope_parameters.json");
    const YARN: &str = include_str!("../../tests/fixtures/qwen3/tiny/config.yarn.json");

    fn read(json: &str) -> Result<Config, ModelError> {
        Config::from_json("config.json", json.as_bytes())
    }

    /// The message for the older spelling with one field changed (or removed).
    fn refused(field: &str, value: Option<Value>) -> String {
        let mut root: Map<String, Value> = serde_json::from_str(OLD).unwrap();
        match value {
            Some(value) => root.insert(field.into(), value),
            None => root.remove(field),
        };
        read(&Value::Object(root).to_string()).unwrap_err().to_string()
    }

    #[test]
    fn both_spellings_say_the_same() {
        let config = read(OLD).unwrap();
        assert_eq!(config, read(NEW).unwrap());
        assert_eq!((config.head_dim, config.num_key_value_heads), (16, 2));
        assert_eq!(config.rope_theta, 1e6);
        assert_eq!(config.eos_token_ids, [2]);
    }

    #[test]
    fn what_is_not_implemented_is_refused() {
        let long = serde_json::json!({"rope_type": "longrope", "factor": 2.0});
        assert_eq!(
            refused("rope_scaling", Some(long)),
            "config.json: /rope_scaling/rope_type: \"longrope\" is not supported, only \"default\", \"linear\", \
             \"dynamic\" and \"yarn\""
        );
        let backwards = serde_json::json!({"rope_type": "linear", "factor": 0.5});
        assert!(refused("rope_scaling", Some(backwards)).contains("/rope_scaling/factor: 0.5"));
        assert!(refused("model_type", Some("llama".into())).contains("/model_type: \"llama\""));
        assert!(refused("use_sliding_window", Some(true.into())).contains("/use_sliding_window"));
        assert!(refused("attention_bias", Some(true.into())).contains("/attention_bias"));
    }

    #[test]
    fn scaling_has_the_defaults_of_transformers() {
        let yarn = RopeScaling::Yarn {
            factor: 4.0,
            original: 32,
            attention_factor: 0.1 * 4f64.ln() + 1.0,
            beta_fast: 32.0,
            beta_slow: 1.0,
            truncate: true,
        };
        assert_eq!(read(YARN).unwrap().rope_scaling, yarn);
        let mut root: Map<String, Value> = serde_json::from_str(NEW).unwrap();
        let fields = serde_json::json!({
            "rope_theta": 5.0, "rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 32,
        });
        root.insert("rope_parameters".into(), fields);
        let newer = read(&Value::Object(root).to_string()).unwrap();
        assert_eq!((newer.rope_theta, newer.rope_scaling), (5.0, yarn));
    }

    #[test]
    fn wrong_fields_are_named() {
        assert_eq!(refused("rope_theta", None), "config.json: /rope_theta: missing");
        assert_eq!(
            refused("hidden_size", Some("wide".into())),
            format!(
                "config.json: /hidden_size: \"wide\" is not a whole number from 1 to {MAX_SIZE}"
            )
        );
        assert!(refused("vocab_size", Some(u64::MAX.into())).contains("/vocab_size"));
        assert!(refused("num_key_value_heads", Some(3.into())).contains("does not divide"));
        assert!(refused("head_dim", Some(15.into())).contains("even"));
        assert!(refused("eos_token_id", Some("</s>".into())).contains("/eos_token_id"));
        assert!(read("[]").unwrap_err().to_string().contains("expected an object"));
        assert!(read("{").unwrap_err().to_string().contains("not JSON"));
    }

    #[test]
    fn end_tokens_are_one_or_several() {
        let ids = |json: &str| Config::generation_eos("generation_config.json", json.as_bytes());
        assert_eq!(ids(r#"{"eos_token_id": [7, 5]}"#).unwrap(), [7, 5]);
        assert_eq!(ids(r#"{"eos_token_id": 7}"#).unwrap(), [7]);
        assert_eq!(ids("{}").unwrap(), Vec::<u32>::new());
    }
}
