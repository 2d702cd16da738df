//! Reads GGUF files: a model's shape and its weights as they are stored.
//!
//! The header is read here, value by value and under the file's length, since what is needed of it is little: names,
//! shapes, places. Nothing is allocated on a header's word alone.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
    path::Path,
    sync::Arc,
};

use candle_core::quantized::GgmlDType;

use super::{Config, ModelError, RopeScaling, kernel::Matrix, source::Source};

/// The longest name or text that is kept.
const MAX_TEXT: u64 = 1 << 16;

/// Levels of lists in lists.
const MAX_DEPTH: usize = 4;

/// A tensor's place.
#[derive(Debug)]
struct Info {
    /// Rows first, as everywhere else; the file has them the other way around.
    shape: Vec<u64>,
    format: u32,
    offset: u64,
}

#[derive(Clone, Debug, PartialEq)]
enum Value {
    Number(f64),
    Text(String),
    /// Of no use here.
    Other,
}

/// An open file.
#[derive(Debug)]
pub(super) struct Gguf {
    name: String,
    source: Reader,
    metadata: BTreeMap<String, Value>,
    tensors: BTreeMap<String, Info>,
    /// Where the tensors' bytes begin.
    start: u64,
}

impl Gguf {
    pub(super) fn open(path: &Path) -> Result<Self, ModelError> {
        let name = path.display().to_string();
        let failed = |source| ModelError::Read { file: name.clone(), source };
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let mut source = Reader { file: BufReader::new(file), length };
        let wrong = |problem: String| ModelError::Weights {
            file: name.clone(),
            tensor: None,
            problem: format!("not a GGUF file, or broken: {problem}"),
        };
        let (metadata, tensors, end) = source.header().map_err(wrong)?;
        let alignment = match metadata.get("general.alignment") {
            None => 32,
            Some(Value::Number(n)) if (1.0..=65_536.0).contains(n) => *n as u64,
            Some(_) => return Err(wrong("its alignment is out of range".into())),
        };
        let start = end.div_ceil(alignment) * alignment;
        Ok(Self { name, source, metadata, tensors, start })
    }

    /// The name for messages.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Bytes of the weights in memory: formats that are not computed with are widened.
    pub(super) fn bytes(&self) -> u64 {
        let bytes = |info: &Info| {
            let elements = info.shape.iter().fold(1_u64, |product, n| product.saturating_mul(*n));
            match format(info.format) {
                Some(
                    GgmlDType::Q4_1
                    | GgmlDType::Q5_1
                    | GgmlDType::Q2K
                    | GgmlDType::Q3K
                    | GgmlDType::Q5K,
                )
                | None => elements.saturating_mul(4),
                Some(format) => (elements / format.block_size() as u64)
                    .saturating_mul(format.type_size() as u64),
            }
        };
        self.tensors.values().map(bytes).fold(0, u64::saturating_add)
    }

    /// The shape of the model.
    pub(super) fn config(&self) -> Result<Config, ModelError> {
        match self.metadata.get("general.architecture") {
            Some(Value::Text(text)) if text == "qwen3" => {}
            other => {
                let found = match other {
                    Some(Value::Text(text)) => format!("{text:.80?}"),
                    _ => "nothing".to_owned(),
                };
                return Err(self.refused(
                    "general.architecture",
                    format!("{found} is not supported, only \"qwen3\""),
                ));
            }
        }
        let hidden_size = self.size("qwen3.embedding_length")?;
        let num_attention_heads = self.size("qwen3.attention.head_count")?;
        let max_position_embeddings = self.size("qwen3.context_length")?;
        let vocab_size = match self.tensors.get("token_embd.weight").map(|info| &info.shape[..]) {
            Some(&[rows, _]) if (1..=1 << 28).contains(&rows) => rows as usize,
            _ => return Err(self.wrong("token_embd.weight", "missing, or no matrix")),
        };
        let config = Config {
            vocab_size,
            hidden_size,
            intermediate_size: self.size("qwen3.feed_forward_length")?,
            num_hidden_layers: self.size("qwen3.block_count")?,
            num_attention_heads,
            num_key_value_heads: self.size("qwen3.attention.head_count_kv")?,
            head_dim: match self.metadata.get("qwen3.attention.key_length") {
                Some(_) => self.size("qwen3.attention.key_length")?,
                None => hidden_size / num_attention_heads,
            },
            max_position_embeddings,
            rms_norm_eps: self.number("qwen3.attention.layer_norm_rms_epsilon")?,
            rope_theta: self.number("qwen3.rope.freq_base")?,
            rope_scaling: self.scaling(max_position_embeddings)?,
            tie_word_embeddings: !self.tensors.contains_key("output.weight"),
            eos_token_ids: match self.metadata.get("tokenizer.ggml.eos_token_id") {
                Some(Value::Number(n)) => vec![*n as u32],
                _ => Vec::new(),
            },
        };
        config.check().map_err(|(field, problem)| self.refused(field, problem))?;
        Ok(config)
    }

    fn scaling(&self, positions: usize) -> Result<RopeScaling, ModelError> {
        let kind = match self.metadata.get("qwen3.rope.scaling.type") {
            Some(Value::Text(kind)) => kind.as_str(),
            _ => "none",
        };
        let factor = || match self.number("qwen3.rope.scaling.factor")? {
            factor if factor.is_finite() && factor >= 1.0 => Ok(factor),
            factor => Err(self
                .refused("qwen3.rope.scaling.factor", format!("{factor} is not a number from 1"))),
        };
        match kind {
            "none" => Ok(RopeScaling::None),
            "linear" => Ok(RopeScaling::Linear { factor: factor()? }),
            "yarn" => {
                const ORIGINAL: &str = "qwen3.rope.scaling.original_context_length";
                let original = match self.metadata.get(ORIGINAL) {
                    Some(_) => self.size(ORIGINAL)?,
                    None => positions,
                };
                Ok(RopeScaling::yarn(factor()?, original))
            }
            other => Err(self.refused(
                "qwen3.rope.scaling.type",
                format!("{other:.80?} is not supported, only \"none\", \"linear\" and \"yarn\""),
            )),
        }
    }

    fn number(&self, field: &str) -> Result<f64, ModelError> {
        match self.metadata.get(field) {
            Some(Value::Number(n)) => Ok(*n),
            _ => Err(self.refused(field, "missing, or not a number".into())),
        }
    }

    fn size(&self, field: &str) -> Result<usize, ModelError> {
        match self.number(field)? {
            n if n >= 1.0 && n <= f64::from(1 << 28) && n.fract() == 0.0 => Ok(n as usize),
            n => {
                Err(self.refused(field, format!("{n} is not a whole number from 1 to {}", 1 << 28)))
            }
        }
    }

    fn refused(&self, field: &str, problem: String) -> ModelError {
        ModelError::Config { file: self.name.clone(), field: field.to_owned(), problem }
    }

    fn wrong(&self, tensor: &str, problem: impl Into<String>) -> ModelError {
        ModelError::Weights {
            file: self.name.clone(),
            tensor: Some(tensor.to_owned()),
            problem: problem.into(),
        }
    }

    /// A tensor of this shape, under its name in transformers.
    fn read(&mut self, name: &str, shape: &[usize]) -> Result<Matrix, ModelError> {
        let name = stored_name(name);
        let info = self.tensors.get(&name).ok_or_else(|| self.wrong(&name, "missing"))?;
        if !info.shape.iter().copied().eq(shape.iter().map(|n| *n as u64)) {
            let problem =
                format!("shape {:?}, but the file's own fields ask for {shape:?}", info.shape);
            return Err(self.wrong(&name, problem));
        }
        let Some(format) = format(info.format) else {
            return Err(self.wrong(&name, format!("format {} is not supported", info.format)));
        };
        // Sizes were checked to be at most 2^28 each.
        let elements = shape.iter().product::<usize>();
        if !elements.is_multiple_of(format.block_size()) {
            let problem =
                format!("shape {shape:?} is not made of blocks of {}", format.block_size());
            return Err(self.wrong(&name, problem));
        }
        let bytes = elements / format.block_size() * format.type_size();
        let begin = self.start.saturating_add(info.offset);
        if begin.saturating_add(bytes as u64) > self.source.length {
            let length = self.source.length;
            let problem = format!("cut off: {bytes} bytes from {begin} on in a file of {length}");
            return Err(self.wrong(&name, problem));
        }
        let mut data = vec![0; bytes];
        let file = &mut self.source.file;
        file.seek(SeekFrom::Start(begin))
            .and_then(|_| file.read_exact(&mut data))
            .map_err(|source| ModelError::Read { file: self.name.clone(), source })?;
        let (rows, columns) = match *shape {
            [rows, columns] => (rows, columns),
            _ => (1, elements),
        };
        Matrix::from_ggml(format, &data, rows, columns)
            .map_err(|error| self.wrong(&name, error.to_string()))
    }
}

impl Source for Gguf {
    fn matrix(
        &mut self,
        name: &str,
        rows: usize,
        columns: usize,
    ) -> Result<Arc<Matrix>, ModelError> {
        Ok(Arc::new(self.read(name, &[rows, columns])?))
    }

    fn vector(&mut self, name: &str, length: usize) -> Result<Vec<f32>, ModelError> {
        let mut values = vec![0.0; length];
        self.read(name, &[length])?.row(0, &mut values);
        Ok(values)
    }
}

/// A tensor's name in GGUF.
fn stored_name(name: &str) -> String {
    const PARTS: [(&str, &str); 14] = [
        ("model.embed_tokens", "token_embd"),
        ("model.layers.", "blk."),
        ("model.norm", "output_norm"),
        ("lm_head", "output"),
        ("self_attn.q_proj", "attn_q"),
        ("self_attn.k_proj", "attn_k"),
        ("self_attn.v_proj", "attn_v"),
        ("self_attn.o_proj", "attn_output"),
        ("self_attn.q_norm", "attn_q_norm"),
        ("self_attn.k_norm", "attn_k_norm"),
        ("mlp.gate_proj", "ffn_gate"),
        ("mlp.up_proj", "ffn_up"),
        ("mlp.down_proj", "ffn_down"),
        ("input_layernorm", "attn_norm"),
    ];
    let name = name.replace("post_attention_layernorm", "ffn_norm");
    PARTS.iter().fold(name, |name, (from, to)| name.replace(from, to))
}

/// The formats of GGUF by their number.
fn format(number: u32) -> Option<GgmlDType> {
    Some(match number {
        0 => GgmlDType::F32,
        1 => GgmlDType::F16,
        2 => GgmlDType::Q4_0,
        3 => GgmlDType::Q4_1,
        6 => GgmlDType::Q5_0,
        7 => GgmlDType::Q5_1,
        8 => GgmlDType::Q8_0,
        10 => GgmlDType::Q2K,
        11 => GgmlDType::Q3K,
        12 => GgmlDType::Q4K,
        13 => GgmlDType::Q5K,
        14 => GgmlDType::Q6K,
        30 => GgmlDType::BF16,
        _ => return None,
    })
}

/// What a header consists of.
type Header = (BTreeMap<String, Value>, BTreeMap<String, Info>, u64);

#[derive(Debug)]
struct Reader {
    file: BufReader<File>,
    length: u64,
}

impl Reader {
    fn header(&mut self) -> Result<Header, String> {
        if self.bytes::<4>()? != *b"GGUF" {
            return Err("it does not begin with `GGUF`".into());
        }
        let version = self.u32()?;
        if !(2..=3).contains(&version) {
            return Err(format!("version {version} is not supported, only 2 and 3"));
        }
        let (tensor_count, field_count) = (self.u64()?, self.u64()?);
        // Every entry takes at least a few bytes: the file's end stops hostile counts.
        let mut metadata = BTreeMap::new();
        for _ in 0..field_count {
            let key = self.text()?.ok_or("a field's name is too long")?;
            let kind = self.u32()?;
            let value = self.value(kind, 0)?;
            metadata.insert(key, value);
        }
        let mut tensors = BTreeMap::new();
        for _ in 0..tensor_count {
            let name = self.text()?.ok_or("a tensor's name is too long")?;
            let count = self.u32()?;
            if count > 4 {
                return Err(format!("a tensor of {count} dimensions"));
            }
            let mut shape = (0..count).map(|_| self.u64()).collect::<Result<Vec<_>, _>>()?;
            shape.reverse();
            let (format, offset) = (self.u32()?, self.u64()?);
            tensors.insert(name, Info { shape, format, offset });
        }
        let end = self.file.stream_position().map_err(|e| e.to_string())?;
        Ok((metadata, tensors, end))
    }

    fn value(&mut self, kind: u32, depth: usize) -> Result<Value, String> {
        Ok(match kind {
            0 => Value::Number(self.bytes::<1>()?[0].into()),
            1 => Value::Number(i8::from_le_bytes(self.bytes()?).into()),
            2 => Value::Number(u16::from_le_bytes(self.bytes()?).into()),
            3 => Value::Number(i16::from_le_bytes(self.bytes()?).into()),
            4 => Value::Number(self.u32()?.into()),
            5 => Value::Number(i32::from_le_bytes(self.bytes()?).into()),
            6 => Value::Number(f32::from_le_bytes(self.bytes()?).into()),
            7 => {
                self.bytes::<1>()?;
                Value::Other
            }
            8 => self.text()?.map_or(Value::Other, Value::Text),
            9 => {
                let (kind, count) = (self.u32()?, self.u64()?);
                if depth == MAX_DEPTH {
                    return Err(format!("lists in lists, deeper than {MAX_DEPTH}"));
                }
                for _ in 0..count {
                    self.value(kind, depth + 1)?;
                }
                Value::Other
            }
            10 => Value::Number(self.u64()? as f64),
            11 => Value::Number(i64::from_le_bytes(self.bytes()?) as f64),
            12 => Value::Number(f64::from_le_bytes(self.bytes()?)),
            _ => return Err(format!("a value of the unknown kind {kind}")),
        })
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut bytes = [0; N];
        self.file.read_exact(&mut bytes).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => "cut off in its header".to_owned(),
            _ => error.to_string(),
        })?;
        Ok(bytes)
    }

    fn u32(&mut self) -> Result<u32, String> {
        Ok(u32::from_le_bytes(self.bytes()?))
    }

    fn u64(&mut self) -> Result<u64, String> {
        Ok(u64::from_le_bytes(self.bytes()?))
    }

    /// A text, unless it is longer than anything that matters here; then it is passed over.
    fn text(&mut self) -> Result<Option<String>, String> {
        let length = self.u64()?;
        if length > self.length {
            return Err(format!("a text of {length} bytes in a file of {}", self.length));
        }
        if length > MAX_TEXT {
            self.file.seek_relative(length as i64).map_err(|error| error.to_string())?;
            return Ok(None);
        }
        let mut bytes = vec![0; length as usize];
        self.file.read_exact(&mut bytes).map_err(|error| error.to_string())?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }
}
