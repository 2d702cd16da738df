//! Where are an expert's files, and which are they?
//!
//! A directory or an archive; nothing above this file asks which of the two. Files are read only from inside.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use sha2::{Digest, Sha256};

use super::{
    PackageError,
    archive::{Archive, Origin},
    entry::{self, Entry, Names},
};
use crate::Limits;

/// The file that makes a package of a directory.
pub(super) const MANIFEST: &str = "manifest.json";

type Result<T> = std::result::Result<T, PackageError>;

/// The files of an expert.
#[derive(Clone, Debug)]
pub(super) enum Package {
    /// Of what ships: by name, part of the program.
    Embedded(&'static [(&'static str, &'static [u8])]),
    Directory(PathBuf, Limits),
    Archive(Arc<Archive>),
}

impl Package {
    /// A directory as it is, or an archive, read once and found sound.
    pub(super) fn open(path: &Path, limits: &Limits) -> Result<Self> {
        match path.is_dir() {
            true => Ok(Self::Directory(path.to_owned(), limits.clone())),
            false => {
                let origin = Origin::File(path.to_owned());
                Ok(Self::Archive(Arc::new(Archive::open(origin, limits)?)))
            }
        }
    }

    /// The package's path, for messages; empty for one that ships.
    pub(super) fn path(&self) -> String {
        match self {
            Self::Embedded(_) => String::new(),
            Self::Directory(path, _) => path.display().to_string(),
            Self::Archive(archive) => archive.label(),
        }
    }

    /// A file of it, for messages.
    pub(super) fn label(&self, name: &str) -> String {
        format!("{}/{name}", self.path())
    }

    /// Whether it is one file.
    pub(super) fn is_archive(&self) -> bool {
        matches!(self, Self::Archive(_))
    }

    /// Whether there is a file of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        match self {
            Self::Embedded(files) => files.iter().any(|(known, _)| *known == name),
            Self::Directory(directory, _) => {
                entry::is_inside(name) && directory.join(name).is_file()
            }
            Self::Archive(archive) => archive.files().contains_key(name),
        }
    }

    /// A file's bytes, at most `most`; `None` where there is no such file.
    pub(super) fn read(&self, name: &str, most: u64) -> Result<Option<Vec<u8>>> {
        let too_long = |bytes| PackageError::TooLong {
            path: self.path(),
            entry: name.to_owned(),
            bytes,
            limit: most,
        };
        match self {
            Self::Embedded(files) => match files.iter().find(|(known, _)| *known == name) {
                Some((_, bytes)) if bytes.len() as u64 > most => Err(too_long(bytes.len() as u64)),
                found => Ok(found.map(|(_, bytes)| bytes.to_vec())),
            },
            Self::Directory(directory, _) => {
                let Some(file) = open(directory, name)? else { return Ok(None) };
                let failed = |source| PackageError::Read { path: self.label(name), source };
                let length = file.metadata().map_err(failed)?.len();
                if length > most {
                    return Err(too_long(length));
                }
                let mut bytes = Vec::new();
                file.take(most).read_to_end(&mut bytes).map_err(failed)?;
                Ok(Some(bytes))
            }
            Self::Archive(archive) => match archive.files().get(name) {
                Some(entry) if entry.bytes > most => Err(too_long(entry.bytes)),
                _ => archive.read(name),
            },
        }
    }

    /// A file's text, at most `most` bytes of it; `None` where there is no such file.
    pub(super) fn text(&self, name: &str, most: u64) -> Result<Option<String>> {
        let Some(bytes) = self.read(name, most)? else { return Ok(None) };
        String::from_utf8(bytes).map(Some).map_err(|error| PackageError::NotText {
            path: self.path(),
            entry: name.to_owned(),
            valid: error.utf8_error().valid_up_to(),
        })
    }

    /// Length and hash of a file; `None` where there is none. Of a directory's, the file is read for it.
    pub(super) fn entry(&self, name: &str) -> Result<Option<Entry>> {
        match self {
            Self::Embedded(_) => Ok(self.read(name, u64::MAX)?.map(|bytes| Entry {
                bytes: bytes.len() as u64,
                sha256: Sha256::digest(&bytes).into(),
            })),
            Self::Directory(directory, _) => match open(directory, name)? {
                None => Ok(None),
                Some(file) => digest(file)
                    .map(Some)
                    .map_err(|source| PackageError::Read { path: self.label(name), source }),
            },
            Self::Archive(archive) => Ok(archive.files().get(name).copied()),
        }
    }

    /// All files by name. Of a directory's, hidden ones (their names begin with a dot) belong to somebody else.
    pub(super) fn names(&self) -> Result<Vec<String>> {
        match self {
            Self::Embedded(files) => Ok(files.iter().map(|(name, _)| (*name).to_owned()).collect()),
            Self::Directory(directory, limits) => list(directory, limits),
            Self::Archive(archive) => Ok(archive.files().keys().cloned().collect()),
        }
    }

    /// Lengths and hashes of all files.
    pub(super) fn entries(&self) -> Result<BTreeMap<String, Entry>> {
        let mut entries = BTreeMap::new();
        for name in self.names()? {
            if let Some(entry) = self.entry(&name)? {
                entries.insert(name, entry);
            }
        }
        Ok(entries)
    }
}

/// Opens a file inside a directory; `None` where there is none. A link that leads out of the directory is refused.
fn open(directory: &Path, name: &str) -> Result<Option<File>> {
    let path = directory.display().to_string();
    if !entry::is_inside(name) {
        return Err(PackageError::Name { path, entry: entry::shown(name.as_bytes()) });
    }
    let file = directory.join(name);
    let failed = |source| PackageError::Read { path: file.display().to_string(), source };
    let real = match file.canonicalize() {
        Ok(real) => real,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if !real.starts_with(directory.canonicalize().map_err(failed)?) {
        let kind = "a link that leads out of the package";
        return Err(PackageError::Kind { path, entry: name.to_owned(), kind });
    }
    // Opening a pipe would wait for its writer.
    if !real.is_file() {
        let kind = "a directory or a device";
        return Err(PackageError::Kind { path, entry: name.to_owned(), kind });
    }
    File::open(&real).map(Some).map_err(failed)
}

fn digest(mut file: File) -> io::Result<Entry> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    let mut bytes = 0;
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            return Ok(Entry { bytes, sha256: hash.finalize().into() });
        }
        hash.update(&buffer[..n]);
        bytes += n as u64;
    }
}

/// The plain files under a directory, sorted.
fn list(directory: &Path, limits: &Limits) -> Result<Vec<String>> {
    let path = directory.display().to_string();
    let mut names = Names::new(path.clone());
    let (mut files, mut count) = (Vec::new(), 0);
    let mut work = vec![String::new()];
    while let Some(inner) = work.pop() {
        let failed = |source| PackageError::Read {
            path: directory.join(&inner).display().to_string(),
            source,
        };
        for entry in fs::read_dir(directory.join(&inner)).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with('.') {
                continue;
            }
            count += 1;
            if count > limits.package_files {
                return Err(PackageError::TooMany { path, limit: limits.package_files as u64 });
            }
            let name = match inner.is_empty() {
                true => name.into_owned(),
                false => format!("{inner}/{name}"),
            };
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() {
                names.directory(name.as_bytes())?;
                work.push(name);
            } else if kind.is_file() {
                files.push(names.add(name.as_bytes())?);
            } else {
                let kind = if kind.is_symlink() { "a symbolic link" } else { "a device" };
                return Err(PackageError::Kind { path, entry: name, kind });
            }
        }
    }
    files.sort();
    Ok(files)
}
