//! `config.json` and `generation_config.json` of a Qwen3 model, in both spellings: rope_theta and rope_scaling at the top
//! level, or both in the `rope_parameters` of transformers 5.
//!
//! What the forward pass does not implement is refused here by name; nothing that changes the numbers is ignored.

use serde_json::{Map, Value};

use super::ModelError;

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
            rope_theta: rope_theta(&fields)?,
            tie_word_embeddings: fields.flag("tie_word_embeddings")?.unwrap_or(false),
            eos_token_ids: fields.ids("eos_token_id")?,
        };
        if !config.num_attention_heads.is_multiple_of(config.num_key_value_heads) {
            let heads = config.num_attention_heads;
            return Err(fields.wrong(
                "num_key_value_heads",
                format!(
                    "{} does not divide the {heads} heads of queries",
                    config.num_key_value_heads
                ),
            ));
        }
        if config.head_dim == 0 || !config.head_dim.is_multiple_of(2) {
            let problem = format!("{} is not an even number above 0", config.head_dim);
            return Err(fields.wrong("head_dim", problem));
        }
        Ok(config)
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

/// The rotary base, where no scaling is asked for.
fn rope_theta(fields: &Fields<'_>) -> Result<f64, ModelError> {
    let theta = match fields.object("rope_parameters")? {
        Some(rope) => {
            rope.expect_default_rope()?;
            rope.number("rope_theta")?
        }
        None => fields.number("rope_theta")?,
    };
    if let Some(scaling) = fields.object("rope_scaling")? {
        scaling.expect_default_rope()?;
    }
    if theta.is_finite() && theta > 0.0 {
        return Ok(theta);
    }
    Err(fields.wrong("rope_theta", format!("{theta} is not a number above 0")))
}

fn object(file: &str, json: &[u8]) -> Result<Map<String, Value>, ModelError> {
    let wrong =
        |problem| ModelError::Config { file: file.to_owned(), field: "/".to_owned(), problem };
    match serde_json::from_slice(json) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(wrong("expected an object".into())),
        Err(error) => Err(wrong(format!("not JSON: {error}"))),
    }
}

/// The fields of one object of a file.
struct Fields<'a> {
    file: &'a str,
    /// JSON pointer of the object.
    prefix: &'static str,
    map: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    fn wrong(&self, field: &str, problem: impl Into<String>) -> ModelError {
        ModelError::Config {
            file: self.file.to_owned(),
            field: format!("{}/{field}", self.prefix),
            problem: problem.into(),
        }
    }

    /// The field's value, unless it is absent or null.
    fn given(&self, field: &str) -> Option<&'a Value> {
        self.map.get(field).filter(|value| !value.is_null())
    }

    fn needed(&self, field: &str) -> Result<&'a Value, ModelError> {
        self.given(field).ok_or_else(|| self.wrong(field, "missing"))
    }

    fn size(&self, field: &str) -> Result<usize, ModelError> {
        let value = self.needed(field)?;
        match value.as_u64() {
            Some(n @ 1..=MAX_SIZE) => Ok(n as usize),
            _ => Err(self.wrong(
                field,
                format!("{} is not a whole number from 1 to {MAX_SIZE}", quote(value)),
            )),
        }
    }

    fn number(&self, field: &str) -> Result<f64, ModelError> {
        let value = self.needed(field)?;
        value.as_f64().ok_or_else(|| self.wrong(field, format!("{} is not a number", quote(value))))
    }

    fn flag(&self, field: &str) -> Result<Option<bool>, ModelError> {
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
    fn expect(&self, field: &str, expected: &str) -> Result<(), ModelError> {
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

    /// A RoPE object asks for no scaling.
    fn expect_default_rope(&self) -> Result<(), ModelError> {
        self.expect("rope_type", "default")?;
        self.expect("type", "default")
    }
}

/// A value for a message: at most 80 characters.
fn quote(value: &Value) -> String {
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
        assert_eq!(
            read(YARN).unwrap_err().to_string(),
            "config.json: /rope_scaling/rope_type: \"yarn\" is not supported, only \"default\""
        );
        assert!(refused("model_type", Some("llama".into())).contains("/model_type: \"llama\""));
        assert!(refused("use_sliding_window", Some(true.into())).contains("/use_sliding_window"));
        assert!(refused("attention_bias", Some(true.into())).contains("/attention_bias"));
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
