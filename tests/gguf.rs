//! GGUF files: the same logits within the error of their formats, to the same bit however a text is read, and one clear
//! error for each broken file.

#![cfg(feature = "candle")]

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use candle_core::{
    DType, Device, Tensor,
    quantized::{
        GgmlDType, QTensor,
        gguf_file::{self, Value},
    },
};
use constrained_gen::model::{ModelOptions, Qwen3};

type Tensors = HashMap<String, Tensor>;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/qwen3").join(name)
}

fn load(name: &str) -> Tensors {
    candle_core::safetensors::load(fixture(name), &Device::Cpu).unwrap()
}

/// A tensor's name in GGUF.
fn stored_name(name: &str) -> String {
    let name = name.replace("model.layers.", "blk.");
    [
        ("model.embed_tokens", "token_embd"),
        ("model.norm", "output_norm"),
        ("self_attn.q_norm", "attn_q_norm"),
        ("self_attn.k_norm", "attn_k_norm"),
        ("self_attn.q_proj", "attn_q"),
        ("self_attn.k_proj", "attn_k"),
        ("self_attn.v_proj", "attn_v"),
        ("self_attn.o_proj", "attn_output"),
        ("mlp.gate_proj", "ffn_gate"),
        ("mlp.up_proj", "ffn_up"),
        ("mlp.down_proj", "ffn_down"),
        ("post_attention_layernorm", "ffn_norm"),
        ("input_layernorm", "attn_norm"),
    ]
    .iter()
    .fold(name, |name, (from, to)| name.replace(from, to))
}

/// The shape of a file's model, as its fields have it.
#[derive(Clone, Copy)]
struct Shape {
    hidden: u32,
    inner: u32,
    layers: u32,
    width: u32,
}

const TINY: Shape = Shape { hidden: 64, inner: 48, layers: 3, width: 16 };

impl Shape {
    fn fields(self) -> Vec<(&'static str, Value)> {
        vec![
            ("general.architecture", Value::String("qwen3".into())),
            ("tokenizer.ggml.tokens", Value::Array(vec![Value::String("a".into()); 3])),
            ("qwen3.block_count", Value::U32(self.layers)),
            ("qwen3.context_length", Value::U32(2048)),
            ("qwen3.embedding_length", Value::U32(self.hidden)),
            ("qwen3.feed_forward_length", Value::U32(self.inner)),
            ("qwen3.attention.head_count", Value::U32(4)),
            ("qwen3.attention.head_count_kv", Value::U32(2)),
            ("qwen3.attention.key_length", Value::U32(self.width)),
            ("qwen3.attention.layer_norm_rms_epsilon", Value::F32(1e-6)),
            ("qwen3.rope.freq_base", Value::F32(1e6)),
        ]
    }
}

/// Writes a file whose matrices are of this format, as far as their rows consist of its blocks.
fn write(path: &Path, shape: Shape, tensors: &Tensors, format: GgmlDType) {
    let stored: Vec<(String, QTensor)> = tensors
        .iter()
        .map(|(name, tensor)| {
            let columns = tensor.dims()[tensor.rank() - 1];
            let own = match tensor.rank() == 2 && columns.is_multiple_of(format.block_size()) {
                true => format,
                false => GgmlDType::F32,
            };
            (stored_name(name), QTensor::quantize(tensor, own).unwrap())
        })
        .collect();
    let tensors: Vec<(&str, &QTensor)> = stored.iter().map(|(n, t)| (n.as_str(), t)).collect();
    let fields = shape.fields();
    let fields: Vec<(&str, &Value)> = fields.iter().map(|(name, value)| (*name, value)).collect();
    gguf_file::write(&mut fs::File::create(path).unwrap(), &fields, &tensors).unwrap();
}

fn open(path: &Path) -> Qwen3 {
    Qwen3::open(path, &ModelOptions::default().threads(2)).unwrap()
}

fn logits(model: &Qwen3, tokens: &[u32]) -> Vec<f32> {
    let hidden = model.forward(tokens, &mut model.cache().unwrap()).unwrap();
    model.logits(&hidden).unwrap()
}

fn apart(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn files_give_the_logits_of_transformers_within_their_format() {
    let weights = load("tiny/model.safetensors");
    let expected = load("tiny/expected.safetensors");
    let ids = expected["input_ids"].to_dtype(DType::U32).unwrap();
    let ids = ids.flatten_all().unwrap().to_vec1::<u32>().unwrap();
    let expected = expected["logits"].flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tiny.gguf");
    // Formats of fewer bits say other things than these weights: they are compared with the same weights widened, below.
    let cases = [
        (GgmlDType::F32, 2e-4),
        (GgmlDType::F16, 0.05),
        (GgmlDType::BF16, 0.4),
        (GgmlDType::Q8_0, 0.8),
    ];
    let measured = cases.map(|(format, tolerance)| {
        write(&path, TINY, &weights, format);
        (format, apart(&logits(&open(&path), &ids), &expected), tolerance)
    });
    assert!(measured.iter().all(|(_, apart, tolerance)| apart < tolerance), "{measured:?}");
}

/// A model whose rows consist of the blocks of the K formats.
fn wide() -> (Shape, Tensors) {
    let shape = Shape { hidden: 256, inner: 512, layers: 2, width: 64 };
    let mut seed = 1u32;
    let mut random = |dims: &[usize], middle: f32, most: f32| {
        let values: Vec<f32> = (0..dims.iter().product())
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                middle + most * ((seed >> 8) as f32 / (1 << 23) as f32 - 1.0)
            })
            .collect();
        Tensor::from_vec(values, dims, &Device::Cpu).unwrap()
    };
    let mut tensors = Tensors::new();
    tensors.insert("model.embed_tokens.weight".into(), random(&[320, 256], 0.0, 0.3));
    tensors.insert("model.norm.weight".into(), random(&[256], 1.0, 0.2));
    for layer in 0..2 {
        let mut add = |name: &str, tensor| {
            tensors.insert(format!("model.layers.{layer}.{name}.weight"), tensor);
        };
        for name in ["input_layernorm", "post_attention_layernorm"] {
            add(name, random(&[256], 1.0, 0.2));
        }
        for name in ["self_attn.q_norm", "self_attn.k_norm"] {
            add(name, random(&[64], 1.0, 0.2));
        }
        for (name, rows, columns) in [
            ("self_attn.q_proj", 256, 256),
            ("self_attn.k_proj", 128, 256),
            ("self_attn.v_proj", 128, 256),
            ("self_attn.o_proj", 256, 256),
            ("mlp.gate_proj", 512, 256),
            ("mlp.up_proj", 512, 256),
            ("mlp.down_proj", 256, 512),
        ] {
            add(name, random(&[rows, columns], 0.0, 0.1));
        }
    }
    (shape, tensors)
}

/// Against the same weights widened: what is left is the rounding of hidden states to bytes. Token by token, in pieces and
/// forks no bit changes, also right after single tokens.
#[test]
fn quantised_weights_give_the_logits_of_the_same_weights_widened() {
    let (shape, tensors) = wide();
    let tokens: Vec<u32> = (0..60).map(|i| (i * i * 7 + 3) % 320).collect();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("wide.GGUF");
    let formats = [GgmlDType::Q8_0, GgmlDType::Q4K, GgmlDType::Q5K, GgmlDType::Q6K, GgmlDType::Q3K];
    for format in formats {
        let widened: Tensors = tensors
            .iter()
            .map(|(name, tensor)| match tensor.rank() {
                2 => {
                    let stored = QTensor::quantize(tensor, format).unwrap();
                    (name.clone(), stored.dequantize(&Device::Cpu).unwrap())
                }
                _ => (name.clone(), tensor.clone()),
            })
            .collect();
        write(&path, shape, &widened, GgmlDType::F32);
        let expected = logits(&open(&path), &tokens);
        write(&path, shape, &tensors, format);
        let model = open(&path);
        let whole = logits(&model, &tokens);
        let largest = expected.iter().copied().fold(0.0, f32::max);
        let apart = apart(&whole, &expected);
        assert!(apart < 0.04 * largest, "{format:?}: {apart} of {largest}");

        let mut cache = model.cache().unwrap();
        let mut pieces = Vec::new();
        let mut at = 0;
        for length in [3, 1, 1, 1, 5, 1, 2, 20, 1, 25] {
            let hidden = model.forward(&tokens[at..at + length], &mut cache).unwrap();
            pieces.extend(model.logits(&hidden).unwrap());
            cache = cache.fork().unwrap();
            at += length;
        }
        assert!(whole.iter().zip(&pieces).all(|(a, b)| a.to_bits() == b.to_bits()), "{format:?}");
    }
}

#[test]
fn broken_files_are_one_clear_error_each() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tiny.gguf");
    write(&path, TINY, &load("tiny/model.safetensors"), GgmlDType::Q8_0);
    let whole = fs::read(&path).unwrap();
    let refused = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        Qwen3::open(&path, &ModelOptions::default()).unwrap_err().to_string()
    };
    for length in [0, 3, 4, 8, 20, 100, 400] {
        let message = refused(&whole[..length]);
        assert!(message.contains("not a GGUF file, or broken: "), "{length}: {message}");
    }
    assert!(refused(&whole[..whole.len() - 40]).contains("cut off"));
    let changed = |from: &[u8], to: &[u8]| {
        let at = whole.windows(from.len()).position(|bytes| bytes == from).unwrap();
        let mut bytes = whole.clone();
        bytes[at..at + to.len()].copy_from_slice(to);
        bytes
    };
    let message = refused(&changed(b"GGUF", b"GGML"));
    assert!(message.contains("does not begin with `GGUF`"), "{message}");
    let message = refused(&changed(b"qwen3", b"llama"));
    assert!(message.contains("general.architecture: \"llama\" is not supported"), "{message}");
    let message = refused(&changed(b"blk.1.attn_k.weight", b"blk.9.attn_k.weight"));
    assert!(message.contains("tensor blk.1.attn_k.weight: missing"), "{message}");
    let mut counts = whole.clone();
    counts[8..16].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(refused(&counts).contains("broken"));
    let mut fields = whole;
    fields[16..24].copy_from_slice(&(u64::MAX / 2).to_le_bytes());
    assert!(refused(&fields).contains("broken"));
}
