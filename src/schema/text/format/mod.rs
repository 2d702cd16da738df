//! What the names of `format` mean: each an automaton, made once per process and only if it is asked for.
//!
//! A definition never accepts what the name's standard refuses. Three accept less than it: `hostname` knows no A-labels
//! (`xn--…`: whether such a label decodes to a valid one is a question of Punycode), `idn-email` only letters, marks and
//! digits in domains, and `regex` only what an automaton can check (see [`regex`]). With these comes a set that has all that
//! the standard allows, and more: what is in neither of them is in the complement.

mod internet;
mod regex;
mod time;

use std::sync::OnceLock;

use super::{TextError, TextSet};
use crate::Limits;

/// How a format is made.
type Make = fn(&Limits) -> Result<TextSet, TextError>;

/// A format's names, the set of its texts, and, if the standard allows more, a set that has all that it allows.
struct Format {
    names: &'static [&'static str],
    set: Lazy,
    possible: Option<Lazy>,
}

/// A set that is made when it is asked for.
struct Lazy {
    make: Make,
    set: OnceLock<Option<TextSet>>,
}

impl Lazy {
    const fn new(make: Make) -> Self {
        Self { make, set: OnceLock::new() }
    }

    fn get(&self) -> Option<TextSet> {
        self.set.get_or_init(|| (self.make)(&generous()).ok()).clone()
    }
}

const fn exact(names: &'static [&'static str], make: Make) -> Format {
    Format { names, set: Lazy::new(make), possible: None }
}

const fn narrower(names: &'static [&'static str], make: Make, possible: Make) -> Format {
    Format { names, set: Lazy::new(make), possible: Some(Lazy::new(possible)) }
}

static FORMATS: [Format; 22] = [
    exact(&["date-time"], time::date_time),
    exact(&["date"], time::date),
    exact(&["time"], time::time),
    exact(&["duration"], time::duration),
    exact(&["email"], internet::email),
    narrower(&["idn-email"], internet::idn_email, any),
    narrower(&["hostname"], internet::hostname, internet::plain_hostname),
    exact(&["ipv4"], internet::ipv4),
    exact(&["ipv6"], internet::ipv6),
    exact(&["uri", "url"], internet::uri),
    exact(&["uri-reference"], internet::uri_reference),
    exact(&["iri"], internet::iri),
    exact(&["iri-reference"], internet::iri_reference),
    exact(&["uri-template"], internet::uri_template),
    exact(&["uuid"], uuid),
    exact(&["json-pointer"], json_pointer),
    exact(&["relative-json-pointer"], relative_json_pointer),
    narrower(&["regex"], regex::regex, any),
    // Annotations of OpenAPI. `byte` says that the text is base64, and real instances are not.
    exact(&["byte", "binary", "password", "text", "string"], any),
    // Bounds on numbers; texts they let pass.
    exact(&["int32", "int64", "float", "double"], any),
    exact(&["int8", "int16", "uint8", "uint16", "uint32", "uint64"], any),
    exact(&["int", "uint", "decimal", "number"], any),
];

fn named(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.names.contains(&name))
}

/// The definitions are ours: their size is known, whatever the limits of the moment.
fn generous() -> Limits {
    Limits { regex_bytes: 1 << 20, dfa_states: 1 << 20, ..Limits::default() }
}

/// The texts of a format, and a set that has all that its standard allows, if that is more; `None` if the name is not
/// known. In old drafts, which do not speak of Punycode, host names are all letters, digits and hyphens.
pub(crate) fn find(name: &str, old: bool) -> Option<(TextSet, Option<TextSet>)> {
    let format = named(name)?;
    let possible = match &format.possible {
        Some(possible) => Some(possible.get()?),
        None => None,
    };
    match (name, possible) {
        ("hostname", Some(all)) if old => Some((all, None)),
        (_, possible) => Some((format.set.get()?, possible)),
    }
}

/// The texts of a format; `None` if the name is not known.
#[cfg(test)]
pub(crate) fn format(name: &str) -> Option<TextSet> {
    find(name, false).map(|found| found.0)
}

/// Makes a format's set anew.
#[cfg(test)]
pub(super) fn make(name: &str) -> Option<Result<TextSet, TextError>> {
    named(name).map(|format| (format.set.make)(&generous()))
}

/// Whether the set of a format is all that its standard allows; `false` for unknown names.
#[cfg(test)]
pub(super) fn is_exact(name: &str) -> bool {
    named(name).is_some_and(|format| format.possible.is_none())
}

/// The texts that match as a whole.
fn whole(pattern: &str, limits: &Limits) -> Result<TextSet, TextError> {
    TextSet::pattern(&format!("^(?:{pattern})$"), limits)
}

fn any(_: &Limits) -> Result<TextSet, TextError> {
    Ok(TextSet::all())
}

/// RFC 9562 (4122), section 4, without the prefix of its URN.
fn uuid(limits: &Limits) -> Result<TextSet, TextError> {
    whole("[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", limits)
}

/// RFC 6901, section 3.
const POINTER: &str = "(?:/(?:[^~/]|~[01])*)*";

fn json_pointer(limits: &Limits) -> Result<TextSet, TextError> {
    whole(POINTER, limits)
}

/// "Relative JSON Pointers", draft 00 (that of the drafts up to 2019-09), section 3.
fn relative_json_pointer(limits: &Limits) -> Result<TextSet, TextError> {
    whole(&format!("(?:0|[1-9][0-9]*)(?:#|{POINTER})"), limits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_formats_are_made() {
        for name in FORMATS.iter().flat_map(|format| format.names) {
            assert!(format(name).is_some_and(|set| !set.is_empty()), "{name}");
        }
        assert!(format("no-format").is_none() && !is_exact("no-format") && !is_exact("regex"));
    }
}
