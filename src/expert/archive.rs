//! A package as one file, on disk or in memory: gzip around tar, from anywhere and trusted in nothing.
//!
//! It is read twice. The first reading looks at every byte once: names, sizes and checksums are settled, small files stay in
//! memory, of the others only their SHA-256. A large file is read again when somebody asks for it, and must still have that
//! hash. Nothing is ever unpacked to disk, and what is in memory is bounded whatever the archive says of itself.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::PathBuf,
    rc::Rc,
    sync::Arc,
};

use flate2::bufread::GzDecoder;
use sha2::{Digest, Sha256};
use tar::EntryType;

use super::{
    PackageError,
    entry::{self, Entry, Names},
};
use crate::Limits;

/// The longest file that stays in memory.
const SMALL: u64 = 1 << 20;

/// Bytes of all files in memory together.
const KEPT: u64 = 16 << 20;

/// Bytes of an extended header; those of real archives have a hundred.
const MAX_EXTENSION: u64 = 64 << 10;

/// The two bytes that gzip begins with.
const MAGIC: [u8; 2] = [0x1F, 0x8B];

/// Where an archive's bytes are.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    File(PathBuf),
    /// In memory, under a name for messages.
    Memory(String, Arc<[u8]>),
}

impl Origin {
    fn label(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Memory(name, _) => name.clone(),
        }
    }

    /// The bytes from the first on, and how many there are.
    fn open(&self) -> io::Result<(Box<dyn BufRead + '_>, u64)> {
        match self {
            Self::File(path) => {
                let file = File::open(path)?;
                let length = file.metadata()?.len();
                Ok((Box::new(BufReader::with_capacity(64 << 10, file)), length))
            }
            Self::Memory(_, bytes) => Ok((Box::new(&bytes[..]), bytes.len() as u64)),
        }
    }
}

/// An archive that was read once and found sound.
#[derive(Clone, Debug)]
pub(super) struct Archive {
    origin: Origin,
    limits: Limits,
    files: BTreeMap<String, Entry>,
    small: BTreeMap<String, Vec<u8>>,
}

type Result<T> = std::result::Result<T, PackageError>;

impl Archive {
    /// Reads an archive. Cost: linear in its unpacked length, which `limits` bounds; memory for its small files.
    ///
    /// # Errors
    /// It is no gzip or no tar, cut off, or damaged; an entry is no plain file, leads out of the package, or is there twice;
    /// it is more than the limits allow. Reading stops there.
    pub(super) fn open(origin: Origin, limits: &Limits) -> Result<Self> {
        let mut archive =
            Self { origin, limits: limits.clone(), files: BTreeMap::new(), small: BTreeMap::new() };
        let mut kept = 0;
        let (mut files, mut small) = (BTreeMap::new(), BTreeMap::new());
        archive.walk(&mut |name, size, content| {
            let mut hash = Sha256::new();
            let mut bytes = Vec::new();
            let keep = size <= SMALL && kept + size <= KEPT;
            let mut buffer = [0; 16 << 10];
            loop {
                let n = content.read(&mut buffer)?;
                if n == 0 {
                    break;
                }
                hash.update(&buffer[..n]);
                if keep {
                    bytes.extend_from_slice(&buffer[..n]);
                }
            }
            if keep {
                kept += size;
                small.insert(name.to_owned(), bytes);
            }
            files.insert(name.to_owned(), Entry { bytes: size, sha256: hash.finalize().into() });
            Ok(true)
        })?;
        (archive.files, archive.small) = (files, small);
        Ok(archive)
    }

    /// Its path or name, for messages.
    pub(super) fn label(&self) -> String {
        self.origin.label()
    }

    /// All files, by name.
    pub(super) fn files(&self) -> &BTreeMap<String, Entry> {
        &self.files
    }

    /// A file's bytes; `None` where there is none of this name.
    pub(super) fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        if let Some(bytes) = self.small.get(name) {
            return Ok(Some(bytes.clone()));
        }
        let Some(expected) = self.files.get(name) else { return Ok(None) };
        let mut found = Vec::new();
        self.walk(&mut |entry, size, content| {
            if entry != name || size != expected.bytes {
                return Ok(true);
            }
            content.read_to_end(&mut found)?;
            Ok(false)
        })?;
        match <[u8; 32]>::from(Sha256::digest(&found)) == expected.sha256 {
            true => Ok(Some(found)),
            false => Err(PackageError::Changed { path: self.label(), entry: name.to_owned() }),
        }
    }

    /// Shows every plain file to `visit`, until that says false.
    fn walk(&self, visit: Visit<'_>) -> Result<()> {
        let failed = |source| PackageError::Read { path: self.label(), source };
        let (mut source, length) = self.origin.open().map_err(failed)?;
        if !source.fill_buf().map_err(failed)?.starts_with(&MAGIC) {
            return Err(PackageError::NotGzip { path: self.label() });
        }
        let state = Rc::new(RefCell::new(State::default()));
        let reader = Unpacked {
            path: self.label(),
            decoder: GzDecoder::new(source),
            most: self.limits.package_bytes.min(length.saturating_mul(self.limits.package_ratio)),
            limits: &self.limits,
            state: Rc::clone(&state),
        };
        let mut archive = tar::Archive::new(reader);
        let result = self.entries(&mut archive, &state, visit);
        // What the reader knows comes before what tar makes of it.
        if let Some(failure) = state.borrow_mut().failure.take() {
            return Err(failure);
        }
        match result? {
            true => self.end(archive.into_inner()),
            false => Ok(()),
        }
    }

    /// All entries; false if the visitor has seen enough.
    fn entries(
        &self,
        archive: &mut tar::Archive<Unpacked<'_>>,
        state: &RefCell<State>,
        visit: Visit<'_>,
    ) -> Result<bool> {
        let mut names = Names::new(self.label());
        let (mut count, mut total) = (0_usize, 0_u64);
        let mut renamed = None;
        let mut end = 0;
        let broken = |error: io::Error| match state.borrow().ended {
            true => self.cut_off(state),
            false => PackageError::NotTar { path: self.label(), problem: error.to_string() },
        };
        // Raw: what stands before an entry to change its name is read here, under a bound.
        for entry in archive.entries().map_err(broken)?.raw(true) {
            let mut entry = entry.map_err(broken)?;
            count += 1;
            if count > self.limits.package_files {
                let limit = self.limits.package_files as u64;
                return Err(PackageError::TooMany { path: self.label(), limit });
            }
            let size = entry.size();
            total = total.saturating_add(size);
            if total > self.limits.package_bytes {
                let limit = self.limits.package_bytes;
                return Err(PackageError::TooLarge { path: self.label(), limit });
            }
            end = entry.raw_file_position().saturating_add(size.div_ceil(512).saturating_mul(512));
            let kind = entry.header().entry_type();
            let name = match renamed.take() {
                Some(name) if !kind.is_pax_local_extensions() => name,
                _ => entry.path_bytes().into_owned(),
            };
            match kind {
                EntryType::Regular | EntryType::Continuous => {
                    let name = names.add(&name)?;
                    let mut content = entry.by_ref().take(size);
                    let more = visit(&name, size, &mut content).map_err(broken)?;
                    if !more {
                        return Ok(false);
                    }
                    if content.limit() > 0 && state.borrow().ended {
                        return Err(self.cut_off(state));
                    }
                }
                EntryType::Directory => names.directory(&name)?,
                EntryType::XHeader | EntryType::XGlobalHeader => {
                    if size > MAX_EXTENSION {
                        let problem = format!("an extended header of {size} bytes");
                        return Err(PackageError::NotTar { path: self.label(), problem });
                    }
                    let mut text = Vec::new();
                    entry.read_to_end(&mut text).map_err(broken)?;
                    renamed = self.extension(&text)?;
                    if kind == EntryType::XGlobalHeader && renamed.is_some() {
                        let problem = "one name for all entries".to_owned();
                        return Err(PackageError::NotTar { path: self.label(), problem });
                    }
                }
                other => {
                    let (entry, kind) = (entry::shown(&name), entry::kind(other));
                    return Err(PackageError::Kind { path: self.label(), entry, kind });
                }
            }
        }
        // Two blocks of zeros end an archive; tar has read the first, if there was one.
        match state.borrow().count > end {
            true => Ok(true),
            false => Err(self.cut_off(state)),
        }
    }

    /// What an extended header says that matters: another name.
    fn extension(&self, text: &[u8]) -> Result<Option<Vec<u8>>> {
        let wrong = |problem: String| PackageError::NotTar { path: self.label(), problem };
        let mut name = None;
        for pair in tar::PaxExtensions::new(text) {
            let pair = pair.map_err(|error| wrong(format!("an extended header: {error}")))?;
            match pair.key() {
                Ok("path") => name = Some(pair.value_bytes().to_owned()),
                Ok(key @ ("size" | "linkpath")) => {
                    return Err(wrong(format!("an extended header with `{key}`")));
                }
                Ok(key) if key.starts_with("GNU.sparse") => {
                    return Err(wrong("a sparse file".to_owned()));
                }
                _ => {}
            }
        }
        Ok(name)
    }

    /// Behind the last entry there are zeros, and then nothing.
    fn end(&self, mut reader: Unpacked<'_>) -> Result<()> {
        let state = Rc::clone(&reader.state);
        let mut buffer = [0; 4 << 10];
        let mut zeros = 0_u64;
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) if buffer[..n].iter().all(|byte| *byte == 0) => zeros += n as u64,
                Ok(_) => return Err(PackageError::Trailing { path: self.label() }),
                Err(source) => {
                    let known = state.borrow_mut().failure.take();
                    return Err(known.unwrap_or(PackageError::Read { path: self.label(), source }));
                }
            }
        }
        if zeros < 512 {
            return Err(self.cut_off(&state));
        }
        let mut rest = reader.decoder.into_inner();
        match rest.read(&mut buffer[..1]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(PackageError::Trailing { path: self.label() }),
            Err(source) => Err(PackageError::Read { path: self.label(), source }),
        }
    }

    fn cut_off(&self, state: &RefCell<State>) -> PackageError {
        PackageError::Truncated { path: self.label(), bytes: state.borrow().count }
    }
}

/// Is shown a file's name, size and content; says whether to go on.
type Visit<'a> = &'a mut dyn FnMut(&str, u64, &mut dyn Read) -> io::Result<bool>;

/// What the reader has seen, for those above tar.
#[derive(Debug, Default)]
struct State {
    /// Bytes that came out.
    count: u64,
    /// Whether there are no more.
    ended: bool,
    failure: Option<PackageError>,
}

/// The bytes inside gzip, no more than are allowed.
struct Unpacked<'a> {
    path: String,
    decoder: GzDecoder<Box<dyn BufRead + 'a>>,
    most: u64,
    limits: &'a Limits,
    state: Rc<RefCell<State>>,
}

impl Unpacked<'_> {
    fn fail(&self, failure: PackageError) -> io::Error {
        let message = failure.to_string();
        // The first failure is the cause of all others.
        self.state.borrow_mut().failure.get_or_insert(failure);
        io::Error::other(message)
    }
}

impl Read for Unpacked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = match self.decoder.read(buffer) {
            Ok(n) => n,
            Err(error) => {
                let (path, bytes) = (self.path.clone(), self.state.borrow().count);
                return Err(self.fail(match error.kind() {
                    io::ErrorKind::UnexpectedEof => PackageError::Truncated { path, bytes },
                    io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                        PackageError::Damaged { path, bytes, problem: error.to_string() }
                    }
                    _ => PackageError::Read { path, source: error },
                }));
            }
        };
        let count = {
            let mut state = self.state.borrow_mut();
            state.count += n as u64;
            state.ended |= n == 0 && !buffer.is_empty();
            state.count
        };
        if count > self.most {
            let path = self.path.clone();
            return Err(self.fail(match self.most < self.limits.package_bytes {
                true => PackageError::Ratio { path, limit: self.limits.package_ratio },
                false => PackageError::TooLarge { path, limit: self.limits.package_bytes },
            }));
        }
        Ok(n)
    }
}
