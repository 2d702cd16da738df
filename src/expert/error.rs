//! What experts and their packages can be refused for.

use thiserror::Error;

use super::ManifestError;
use crate::library::LibraryError;

/// A package that cannot be trusted or read. Every variant begins with the path of the package.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(
    missing_docs,
    reason = "`path` is the package, `entry` the file in it; the messages say the rest"
)]
pub enum PackageError {
    /// The file system refused.
    #[error("{path}: {source}")]
    Read { path: String, source: std::io::Error },
    /// The file does not begin as gzip does.
    #[error("{path}: not a package: expected gzip around tar")]
    NotGzip { path: String },
    /// The archive ends too early.
    #[error("{path}: cut off: the archive ends after {bytes} unpacked bytes, before its own end")]
    Truncated { path: String, bytes: u64 },
    /// The compressed bytes make no sense, or their checksum is another one.
    #[error("{path}: damaged after {bytes} unpacked bytes: {problem}")]
    Damaged { path: String, bytes: u64, problem: String },
    /// What is inside gzip is no tar, or one with what packages have no use for.
    #[error("{path}: not a package: expected tar inside gzip, found {problem}")]
    NotTar { path: String, problem: String },
    /// A name that leads out of the package, or could on some system.
    #[error("{path}: entry `{entry}`: expected a relative path of plain characters, without `..`")]
    Name { path: String, entry: String },
    /// A link, a device, or the like.
    #[error("{path}: entry `{entry}` is {kind}: expected plain files only")]
    Kind { path: String, entry: String, kind: &'static str },
    /// A name that is there already, perhaps in other case.
    #[error("{path}: entry `{entry}` is there twice, or clashes with a name in other case")]
    Duplicate { path: String, entry: String },
    /// Too many entries.
    #[error("{path}: more entries than the limit of {limit}")]
    TooMany { path: String, limit: u64 },
    /// Too many bytes.
    #[error("{path}: more unpacked bytes than the limit of {limit}")]
    TooLarge { path: String, limit: u64 },
    /// Compressed as nothing real is.
    #[error("{path}: unpacks to more than {limit} times its length: a bomb")]
    Ratio { path: String, limit: u64 },
    /// Something stands behind the end.
    #[error("{path}: bytes behind the end of the archive")]
    Trailing { path: String },
    /// A file that must be there is not.
    #[error("{path}: no {entry}: {wanted}")]
    Missing { path: String, entry: String, wanted: &'static str },
    /// A file of the package is longer than files of its kind may be.
    #[error("{path}/{entry}: {bytes} bytes, more than the limit of {limit}")]
    TooLong { path: String, entry: String, bytes: u64, limit: u64 },
    /// A text that is not UTF-8.
    #[error("{path}/{entry}: not UTF-8 after byte {valid}")]
    NotText { path: String, entry: String, valid: usize },
    /// A file has another length than the manifest says.
    #[error("{path}/{entry}: {found} bytes, but {field} of the manifest says {expected}")]
    Size { path: String, entry: String, field: String, found: u64, expected: u64 },
    /// A file has another hash than the manifest says.
    #[error("{path}/{entry}: SHA-256 {found}, but {field} of the manifest says {expected}")]
    Hash { path: String, entry: String, field: Box<str>, found: Box<str>, expected: Box<str> },
    /// A file was another one when it was read again.
    #[error("{path}/{entry}: changed while it was read")]
    Changed { path: String, entry: String },
    /// The manifest says nothing of a file that it must vouch for.
    #[error(
        "{path}/{entry}: {field} of the manifest is missing: an archive must state size and hash of its weights"
    )]
    Unstated { path: String, entry: String, field: String },
    /// The adapter is another one than the manifest describes, or of a kind that is not applied.
    #[error("{path}/{entry}: {problem}")]
    Adapter { path: String, entry: String, problem: String },
    /// The signature is wrong, or cannot be checked.
    #[error("{path}: signature: {problem}")]
    Signature { path: String, problem: String },
    /// The package cannot be written.
    #[error("{path}: cannot be written: {source}")]
    Write { path: String, source: std::io::Error },
}

/// An expert that could not be loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExpertError {
    /// Neither a name nor a package.
    #[error(
        "no expert `{name}`: expected one of {known}, a directory with a manifest.json, or a .expert file"
    )]
    Unknown {
        /// What was asked for, shortened.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The package is refused.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The manifest is refused.
    #[error("{path}: {source}")]
    Manifest {
        /// The file.
        path: String,
        /// Why.
        source: ManifestError,
    },
    /// The manifest names a grammar that there is not.
    #[error("expert `{expert}`: no grammar for `{wanted}`; {expected}")]
    NoGrammar {
        /// The expert.
        expert: String,
        /// What its manifest says.
        wanted: String,
        /// What would be right.
        expected: &'static str,
    },
    /// The grammar is refused.
    #[error(transparent)]
    Grammar(#[from] LibraryError),
    /// Experts that cannot be loaded together.
    #[error("experts: {problem}")]
    Constraints {
        /// Which, and why not.
        problem: String,
    },
    /// The adapter does not fit the model.
    #[cfg(feature = "candle")]
    #[error(transparent)]
    Model(#[from] crate::model::ModelError),
    /// The tokenizer of the package is not the model's.
    #[error("{path}: {problem}")]
    Tokenizer {
        /// The file.
        path: String,
        /// What is wrong.
        problem: String,
    },
}
