//! Which schemas does everybody know? The drafts' own: what schemas of a draft look like.
//!
//! A file has the schemas of a draft, one a line: the assertions of those that the drafts publish at json-schema.org (under
//! the revised BSD licence or the Academic Free License), without titles, descriptions and defaults.

/// Where all of them are.
const SITE: &str = "json-schema.org/draft";

const FILES: [&str; 5] = [
    include_str!("draft4.jsonl"),
    include_str!("draft6.jsonl"),
    include_str!("draft7.jsonl"),
    include_str!("draft2019-09.jsonl"),
    include_str!("draft2020-12.jsonl"),
];

/// Whether a reference may lead to one of them.
pub(super) fn is_meant(reference: &str) -> bool {
    let rest = reference.strip_prefix("http://").or_else(|| reference.strip_prefix("https://"));
    rest.is_some_and(|rest| rest.starts_with(SITE))
}

/// Their texts; each says itself what it is called.
pub(super) fn texts() -> impl Iterator<Item = &'static str> {
    FILES.iter().flat_map(|file| file.lines())
}
