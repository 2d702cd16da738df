//! Reads safetensors, one file or several, tensor by tensor.
//!
//! Files are read, not mapped: a mapped file that changes under the program is undefined behaviour. Headers are checked
//! against the files' lengths before anything is allocated, and every tensor against the shape that the configuration
//! asks for before it is read, so that memory follows the configuration and never a hostile header.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{Cursor, Read, Seek, SeekFrom},
    path::Path,
};

use candle_core::{DType, Device, Tensor};
use safetensors::{Dtype, tensor::Metadata};

use super::ModelError;

/// The longest header that is read; the format's own bound.
const MAX_HEADER: u64 = 100_000_000;

const SINGLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}

/// One file.
struct Shard {
    name: String,
    source: Box<dyn ReadSeek>,
    metadata: Metadata,
    /// Where the tensors' bytes begin.
    start: u64,
}

/// The tensors of a model.
pub(super) struct Weights {
    shards: Vec<Shard>,
    /// Tensor -> its shard.
    places: BTreeMap<String, usize>,
    device: Device,
}

impl Weights {
    /// The weights in a model directory: `model.safetensors`, or the files that `model.safetensors.index.json` names.
    pub(super) fn open(directory: &Path, device: &Device) -> Result<Self, ModelError> {
        let single = directory.join(SINGLE);
        let index = directory.join(INDEX);
        if single.is_file() {
            Self::from_shards(vec![open_shard(&single)?], device)
        } else if index.is_file() {
            let names = shard_names(&index)?;
            let shards = names.iter().map(|name| open_shard(&directory.join(name)));
            Self::from_shards(shards.collect::<Result<_, _>>()?, device)
        } else {
            let directory = directory.display().to_string();
            Err(ModelError::Missing { directory, file: SINGLE })
        }
    }

    /// The weights in a file that is in memory; `name` is its name in messages.
    pub(super) fn from_bytes(
        name: &str,
        bytes: &'static [u8],
        device: &Device,
    ) -> Result<Self, ModelError> {
        let shard = Shard::new(name.to_owned(), Box::new(Cursor::new(bytes)))?;
        Self::from_shards(vec![shard], device)
    }

    fn from_shards(shards: Vec<Shard>, device: &Device) -> Result<Self, ModelError> {
        let mut places = BTreeMap::new();
        for (i, shard) in shards.iter().enumerate() {
            for tensor in shard.metadata.offset_keys() {
                if places.insert(tensor.clone(), i).is_some() {
                    return Err(shard.wrong(Some(&tensor), "is in another file too"));
                }
            }
        }
        Ok(Self { shards, places, device: device.clone() })
    }

    /// A tensor, as f32, which must have this shape.
    pub(super) fn read(&mut self, tensor: &str, shape: &[usize]) -> Result<Tensor, ModelError> {
        let Some(&place) = self.places.get(tensor) else {
            let names: Vec<&str> = self.shards.iter().map(|s| s.name.as_str()).collect();
            return Err(ModelError::Weights {
                file: names.join(", "),
                tensor: Some(tensor.to_owned()),
                problem: "missing".into(),
            });
        };
        self.shards[place].read(tensor, shape, &self.device)
    }
}

impl Shard {
    fn new(name: String, mut source: Box<dyn ReadSeek>) -> Result<Self, ModelError> {
        let wrong =
            |problem: String| ModelError::Weights { file: name.clone(), tensor: None, problem };
        let failed = |source| ModelError::Read { file: name.clone(), source };
        let length = source.seek(SeekFrom::End(0)).map_err(failed)?;
        source.rewind().map_err(failed)?;
        let mut size = [0; 8];
        if length < size.len() as u64 {
            return Err(wrong(format!("{length} bytes are too few for a safetensors file")));
        }
        source.read_exact(&mut size).map_err(failed)?;
        let header = u64::from_le_bytes(size);
        let start = size.len() as u64 + header.min(MAX_HEADER);
        if header > MAX_HEADER || start > length {
            return Err(wrong(format!(
                "not a safetensors file, or cut off: a header of {header} bytes in a file of {length}"
            )));
        }
        let mut text = vec![0; header as usize];
        source.read_exact(&mut text).map_err(failed)?;
        let metadata: Metadata = serde_json::from_slice(&text)
            .map_err(|e| wrong(format!("the safetensors header is broken: {e}")))?;
        let needed = start.saturating_add(metadata.data_len() as u64);
        if needed != length {
            let verdict = if length < needed { "cut off" } else { "too long" };
            return Err(wrong(format!(
                "{verdict}: {length} bytes, but its header describes {needed}"
            )));
        }
        Ok(Self { name, source, metadata, start })
    }

    fn wrong(&self, tensor: Option<&str>, problem: impl Into<String>) -> ModelError {
        ModelError::Weights {
            file: self.name.clone(),
            tensor: tensor.map(str::to_owned),
            problem: problem.into(),
        }
    }

    fn read(
        &mut self,
        tensor: &str,
        shape: &[usize],
        device: &Device,
    ) -> Result<Tensor, ModelError> {
        let Some(info) = self.metadata.info(tensor) else {
            return Err(self.wrong(Some(tensor), "missing"));
        };
        if info.shape != shape {
            let problem = format!("shape {:?}, but config.json asks for {shape:?}", info.shape);
            return Err(self.wrong(Some(tensor), problem));
        }
        let dtype = match info.dtype {
            Dtype::F32 => DType::F32,
            Dtype::F16 => DType::F16,
            Dtype::BF16 => DType::BF16,
            other => {
                let problem = format!("type {other:?} is not supported, only F32, F16 and BF16");
                return Err(self.wrong(Some(tensor), problem));
            }
        };
        let (begin, end) = info.data_offsets;
        let mut bytes = vec![0; end - begin];
        self.source
            .seek(SeekFrom::Start(self.start + begin as u64))
            .and_then(|_| self.source.read_exact(&mut bytes))
            .map_err(|source| ModelError::Read { file: self.name.clone(), source })?;
        Ok(Tensor::from_raw_buffer(&bytes, dtype, shape, device)?.to_dtype(DType::F32)?)
    }
}

fn open_shard(path: &Path) -> Result<Shard, ModelError> {
    let name = path.display().to_string();
    match File::open(path) {
        Ok(file) => Shard::new(name, Box::new(file)),
        Err(source) => Err(ModelError::Read { file: name, source }),
    }
}

/// The files that an index names, without duplicates.
fn shard_names(index: &Path) -> Result<Vec<String>, ModelError> {
    let file = index.display().to_string();
    let wrong = |field: &str, problem: &str| ModelError::Config {
        file: file.clone(),
        field: field.to_owned(),
        problem: problem.to_owned(),
    };
    let json =
        std::fs::read(index).map_err(|source| ModelError::Read { file: file.clone(), source })?;
    let root: serde_json::Value =
        serde_json::from_slice(&json).map_err(|e| wrong("/", &format!("not JSON: {e}")))?;
    let Some(map) = root.get("weight_map").and_then(serde_json::Value::as_object) else {
        return Err(wrong("/weight_map", "expected an object of tensors to files"));
    };
    let mut names = Vec::new();
    for value in map.values() {
        // A name with a directory in it could lead out of the model's own.
        match value.as_str().filter(|name| Path::new(name).file_name() == Some(name.as_ref())) {
            Some(name) => names.push(name.to_owned()),
            None => return Err(wrong("/weight_map", "expected names of files in this directory")),
        }
    }
    names.sort();
    names.dedup();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever the bytes, an answer.
    #[test]
    fn no_header_is_trusted() {
        let huge_tensor =
            br#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#;
        let outside = br#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
        let backwards = br#"{"a":{"dtype":"F32","shape":[0],"data_offsets":[8,4]}}"#;
        for header in [&huge_tensor[..], outside, backwards, b"{", b"[]", b"\xFF", b""] {
            let mut file = (header.len() as u64).to_le_bytes().to_vec();
            file.extend_from_slice(header);
            let refused = Weights::from_bytes("w", file.leak(), &Device::Cpu);
            assert!(matches!(refused, Err(ModelError::Weights { tensor: None, .. })));
        }
        let endless = &[0xFF; 16];
        assert!(Weights::from_bytes("w", endless, &Device::Cpu).is_err());
    }
}
