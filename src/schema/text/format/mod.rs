//! What the names of `format` mean: each an automaton, made once per process and only if it is asked for.
//!
//! A definition never accepts what the name's standard refuses. Three accept less than it: `hostname` knows no A-labels
//! (`xn--…`: whether such a label decodes to a valid one is a question of Punycode), `idn-email` only letters, marks and
//! digits in domains, and `regex` only what an automaton can check (see [`regex`]); [`is_exact`] says so, because the
//! complement of such a set would accept too much.

mod internet;
mod regex;
mod time;

use std::sync::OnceLock;

use super::{TextError, TextSet};
use crate::Limits;

/// How a format is made.
type Make = fn(&Limits) -> Result<TextSet, TextError>;

/// A format's names, whether its set is all that its standard allows, and how the set is made.
struct Format {
    names: &'static [&'static str],
    exact: bool,
    make: Make,
    set: OnceLock<Option<TextSet>>,
}

const fn exact(names: &'static [&'static str], make: Make) -> Format {
    Format { names, exact: true, make, set: OnceLock::new() }
}

const fn narrower(names: &'static [&'static str], make: Make) -> Format {
    Format { names, exact: false, make, set: OnceLock::new() }
}

static FORMATS: [Format; 22] = [
    exact(&["date-time"], time::date_time),
    exact(&["date"], time::date),
    exact(&["time"], time::time),
    exact(&["duration"], time::duration),
    exact(&["email"], internet::email),
    narrower(&["idn-email"], internet::idn_email),
    narrower(&["hostname"], internet::hostname),
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
    narrower(&["regex"], regex::regex),
    // Annotations of OpenAPI. `byte` says that the text is base64, and real instances are not.
    exact(&["byte", "binary", "password", "text", "string"], any),
    // Bounds on numbers; texts they let pass.
    exact(&["int32", "int64", "float", "double"], any),
    exact(&["int8", "int16", "uint8", "uint16", "uint32", "uint64"], any),
    exact(&["int", "uint", "decimal", "number"], any),
];

/// Host names before drafts spoke of Punycode: any letters, digits and hyphens.
static PLAIN_HOSTNAME: Format = exact(&[], internet::plain_hostname);

fn find(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.names.contains(&name))
}

/// The definitions are ours: their size is known, whatever the limits of the moment.
fn generous() -> Limits {
    Limits { regex_bytes: 1 << 20, dfa_states: 1 << 20, ..Limits::default() }
}

/// The texts of a format; `None` if the name is not known.
pub(crate) fn format(name: &str) -> Option<TextSet> {
    let format = find(name)?;
    format.set.get_or_init(|| (format.make)(&generous()).ok()).clone()
}

/// The texts of `hostname` in drafts that do not speak of Punycode.
pub(crate) fn plain_hostname() -> Option<TextSet> {
    let made = || (PLAIN_HOSTNAME.make)(&generous()).ok();
    PLAIN_HOSTNAME.set.get_or_init(made).clone()
}

/// Makes a format's set anew.
#[cfg(test)]
pub(super) fn make(name: &str) -> Option<Result<TextSet, TextError>> {
    find(name).map(|format| (format.make)(&generous()))
}

/// Whether the set of a format is all that its standard allows; `false` for unknown names.
pub(crate) fn is_exact(name: &str) -> bool {
    find(name).is_some_and(|format| format.exact)
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
