//! Reads safetensors, one file or several, tensor by tensor.
//!
//! Files are read, not mapped: a mapped file that changes under the program is undefined behaviour. Headers are checked
//! against the files' lengths before anything is allocated, and every tensor against the shape that the configuration
//! asks for before it is read, so that memory follows the configuration and never a hostile header.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fs::File,
    io::{Cursor, Read, Seek, SeekFrom},
    path::Path,
    sync::Arc,
};

use safetensors::{Dtype, tensor::Metadata};

use super::{ModelError, kernel::Matrix, source::Source};

/// The longest header that is read; the format's own bound.
const MAX_HEADER: u64 = 100_000_000;

/// The same for an adapter, whose header has a hundred kilobytes.
const MAX_ADAPTER_HEADER: u64 = 8 << 20;

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
}

impl Weights {
    /// The weights in a model directory: `model.safetensors`, or the files that `model.safetensors.index.json` names.
    pub(super) fn open(directory: &Path) -> Result<Self, ModelError> {
        let single = directory.join(SINGLE);
        let index = directory.join(INDEX);
        if single.is_file() {
            Self::from_shards(vec![open_shard(&single)?])
        } else if index.is_file() {
            let names = shard_names(&index)?;
            let shards = names.iter().map(|name| open_shard(&directory.join(name)));
            Self::from_shards(shards.collect::<Result<_, _>>()?)
        } else {
            let directory = directory.display().to_string();
            Err(ModelError::Missing { directory, file: SINGLE })
        }
    }

    /// The tensors of an adapter's file, which are few.
    pub(super) fn of_adapter(name: &str, bytes: Vec<u8>) -> Result<Self, ModelError> {
        let source = Box::new(Cursor::new(bytes));
        Self::from_shards(vec![Shard::new(name.to_owned(), source, MAX_ADAPTER_HEADER)?])
    }

    /// The weights in a file that is in memory; `name` is its name in messages.
    pub(super) fn from_bytes(
        name: &str,
        bytes: impl Into<Cow<'static, [u8]>>,
    ) -> Result<Self, ModelError> {
        let shard = Shard::new(name.to_owned(), Box::new(Cursor::new(bytes.into())), MAX_HEADER)?;
        Self::from_shards(vec![shard])
    }

    fn from_shards(shards: Vec<Shard>) -> Result<Self, ModelError> {
        let mut places = BTreeMap::new();
        for (i, shard) in shards.iter().enumerate() {
            for tensor in shard.metadata.offset_keys() {
                if places.insert(tensor.clone(), i).is_some() {
                    return Err(shard.wrong(Some(&tensor), "is in another file too"));
                }
            }
        }
        Ok(Self { shards, places })
    }

    /// Bytes of all tensors, which are held as they are stored.
    pub(super) fn bytes(&self) -> u64 {
        let bytes = |shard: &Shard| shard.metadata.data_len() as u64;
        self.shards.iter().map(bytes).fold(0, u64::saturating_add)
    }

    /// The names of all tensors.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    /// The shape of a tensor, if there is one of this name.
    pub(super) fn shape(&self, tensor: &str) -> Option<&[usize]> {
        let shard = &self.shards[*self.places.get(tensor)?];
        shard.metadata.info(tensor).map(|info| info.shape.as_slice())
    }

    /// The name, or the names, for messages.
    pub(super) fn file(&self) -> String {
        let names: Vec<&str> = self.shards.iter().map(|s| s.name.as_str()).collect();
        names.join(", ")
    }

    /// An error about a tensor, or about all files.
    pub(super) fn wrong(&self, tensor: Option<&str>, problem: impl Into<String>) -> ModelError {
        ModelError::Weights {
            file: self.file(),
            tensor: tensor.map(str::to_owned),
            problem: problem.into(),
        }
    }

    fn read(&mut self, tensor: &str, shape: &[usize]) -> Result<(Dtype, Vec<u8>), ModelError> {
        match self.places.get(tensor) {
            Some(&place) => self.shards[place].read(tensor, shape),
            None => Err(self.wrong(Some(tensor), "missing")),
        }
    }

    /// A tensor of this shape as f32.
    pub(super) fn numbers(
        &mut self,
        tensor: &str,
        shape: &[usize],
    ) -> Result<Vec<f32>, ModelError> {
        let (dtype, bytes) = self.read(tensor, shape)?;
        let columns = bytes.len() / dtype.bitsize().div_ceil(8).max(1);
        let mut values = vec![0.0; columns];
        if columns > 0 {
            matrix(dtype, &bytes, 1, columns).row(0, &mut values);
        }
        Ok(values)
    }
}

impl Source for Weights {
    fn matrix(
        &mut self,
        name: &str,
        rows: usize,
        columns: usize,
    ) -> Result<Arc<Matrix>, ModelError> {
        let (dtype, bytes) = self.read(name, &[rows, columns])?;
        Ok(Arc::new(matrix(dtype, &bytes, rows, columns)))
    }

    fn vector(&mut self, name: &str, length: usize) -> Result<Vec<f32>, ModelError> {
        self.numbers(name, &[length])
    }
}

/// A matrix of one of the types that [`Shard::read`] lets through.
fn matrix(dtype: Dtype, bytes: &[u8], rows: usize, columns: usize) -> Matrix {
    match dtype {
        Dtype::F16 => Matrix::from_f16(bytes, rows, columns),
        Dtype::BF16 => Matrix::from_bf16(bytes, rows, columns),
        _ => {
            let values = bytes.as_chunks().0.iter().map(|x| f32::from_le_bytes(*x)).collect();
            Matrix::from_f32(values, rows, columns)
        }
    }
}

impl Shard {
    fn new(
        name: String,
        mut source: Box<dyn ReadSeek>,
        max_header: u64,
    ) -> Result<Self, ModelError> {
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
        let start = size.len() as u64 + header.min(max_header);
        if header > max_header || start > length {
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

    fn read(&mut self, tensor: &str, shape: &[usize]) -> Result<(Dtype, Vec<u8>), ModelError> {
        let Some(info) = self.metadata.info(tensor) else {
            return Err(self.wrong(Some(tensor), "missing"));
        };
        if info.shape != shape {
            let problem = format!("shape {:?}, but config.json asks for {shape:?}", info.shape);
            return Err(self.wrong(Some(tensor), problem));
        }
        if !matches!(info.dtype, Dtype::F32 | Dtype::F16 | Dtype::BF16) {
            let problem = format!("type {:?} is not supported, only F32, F16 and BF16", info.dtype);
            return Err(self.wrong(Some(tensor), problem));
        }
        let (dtype, (begin, end)) = (info.dtype, info.data_offsets);
        let mut bytes = vec![0; end - begin];
        self.source
            .seek(SeekFrom::Start(self.start + begin as u64))
            .and_then(|_| self.source.read_exact(&mut bytes))
            .map_err(|source| ModelError::Read { file: self.name.clone(), source })?;
        Ok((dtype, bytes))
    }
}

fn open_shard(path: &Path) -> Result<Shard, ModelError> {
    let name = path.display().to_string();
    match File::open(path) {
        Ok(file) => Shard::new(name, Box::new(file), MAX_HEADER),
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
            let refused = Weights::from_bytes("w", file);
            assert!(matches!(refused, Err(ModelError::Weights { tensor: None, .. })));
        }
        let endless = &[0xFF; 16];
        assert!(Weights::from_bytes("w", endless.as_slice()).is_err());
    }
}
