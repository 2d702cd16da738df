//! Addresses and names of the internet.

use super::whole;
use crate::{
    Limits,
    schema::text::{TextError, TextSet},
};

/// RFC 3986, section 3.2.2: `dec-octet`, four times.
fn ipv4_address() -> String {
    let octet = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    format!("(?:{octet}(?:\\.{octet}){{3}})")
}

/// RFC 4291, section 2.2, as RFC 3986 writes it. `elided` is the number of groups that `::` stands for at least.
fn ipv6_address(elided: usize) -> String {
    let group = "[0-9A-Fa-f]{1,4}";
    let tail = format!("(?:{group}:{group}|{})", ipv4_address());
    let mut choices = vec![format!("(?:{group}:){{6}}{tail}")];
    let most = 8 - elided;
    // So many groups before `::`, and at most so many after it; an IPv4 address counts as two.
    for before in 0..=most {
        let after = most - before;
        let left = match before {
            0 => String::new(),
            1 => group.to_owned(),
            _ => format!("{group}(?::{group}){{{}}}", before - 1),
        };
        let right = match after {
            0 => String::new(),
            1 => format!("(?:{group})?"),
            _ => format!(
                "(?:(?:{group}:){{0,{}}}{group}|(?:{group}:){{0,{}}}{})?",
                after - 1,
                after - 2,
                ipv4_address()
            ),
        };
        choices.push(format!("{left}::{right}"));
    }
    format!("(?:{})", choices.join("|"))
}

pub(super) fn ipv4(limits: &Limits) -> Result<TextSet, TextError> {
    whole(&ipv4_address(), limits)
}

pub(super) fn ipv6(limits: &Limits) -> Result<TextSet, TextError> {
    whole(&ipv6_address(1), limits)
}

/// RFC 1123, section 2.1, with the lengths of RFC 1035.
pub(super) fn hostname(limits: &Limits) -> Result<TextSet, TextError> {
    let coded = TextSet::pattern("(?:^|\\.)[Xx][Nn]--", limits)?;
    plain_hostname(limits)?.without(&coded, limits)
}

/// RFC 1034, section 3.1, and RFC 1123, section 2.1.
pub(super) fn plain_hostname(limits: &Limits) -> Result<TextSet, TextError> {
    let label = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
    let names = whole(&format!("{label}(?:\\.{label})*"), limits)?;
    names.intersect(&TextSet::length(1, Some(253)), limits)
}

/// RFC 5321, section 4.1.2: `Mailbox`; `letter` and `text` are what may be in names and in quoted texts beside ASCII.
fn mailbox(text: &str, first: &str, inner: &str) -> String {
    let atom = format!("[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~{text}-]+");
    let quoted = format!("\"(?:[ !#-\\[\\]-~{text}]|\\\\[ -~])*\"");
    let last = format!("[A-Za-z0-9{first}{inner}]");
    let label = format!("[A-Za-z0-9{first}](?:[A-Za-z0-9{first}{inner}-]*{last})?");
    let literal = format!("\\[(?:{}|[Ii][Pp][Vv]6:{})\\]", ipv4_address(), ipv6_address(2));
    format!("(?:{atom}(?:\\.{atom})*|{quoted})@(?:{label}(?:\\.{label})*|{literal})")
}

pub(super) fn email(limits: &Limits) -> Result<TextSet, TextError> {
    whole(&mailbox("", "", ""), limits)
}

/// RFC 6531, section 3.3.
pub(super) fn idn_email(limits: &Limits) -> Result<TextSet, TextError> {
    whole(&mailbox("\\u0080-\\u{10FFFF}", "\\p{Ll}\\p{Lo}\\p{Lm}\\p{Nd}", "\\p{M}"), limits)
}

/// What the characters of a reference are, beside those of RFC 3986.
#[derive(Clone, Copy)]
struct Extra {
    /// Everywhere.
    unreserved: &'static str,
    /// In queries.
    query: &'static str,
}

const URI: Extra = Extra { unreserved: "", query: "" };
/// RFC 3987, section 2.2: `ucschar` and `iprivate`.
const IRI: Extra = Extra {
    unreserved: UCSCHAR,
    query: "\\uE000-\\uF8FF\\u{F0000}-\\u{FFFFD}\\u{100000}-\\u{10FFFD}",
};
const UCSCHAR: &str = "\\u00A0-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFEF\
    \\u{10000}-\\u{1FFFD}\\u{20000}-\\u{2FFFD}\\u{30000}-\\u{3FFFD}\\u{40000}-\\u{4FFFD}\
    \\u{50000}-\\u{5FFFD}\\u{60000}-\\u{6FFFD}\\u{70000}-\\u{7FFFD}\\u{80000}-\\u{8FFFD}\
    \\u{90000}-\\u{9FFFD}\\u{A0000}-\\u{AFFFD}\\u{B0000}-\\u{BFFFD}\\u{C0000}-\\u{CFFFD}\
    \\u{D0000}-\\u{DFFFD}\\u{E1000}-\\u{EFFFD}";

const SCHEME: &str = "[A-Za-z][A-Za-z0-9+.-]*:";

impl Extra {
    /// One of these characters, of the unreserved and the sub-delimiters, or an escape.
    fn one_of(self, more: &str) -> String {
        format!("(?:[A-Za-z0-9._~!$&'()*+,;={more}{}-]|%[0-9A-Fa-f]{{2}})", self.unreserved)
    }

    fn authority(self) -> String {
        let future = "[Vv][0-9A-Fa-f]+\\.[A-Za-z0-9._~!$&'()*+,;=:-]+";
        let literal = format!("\\[(?:{}|{future})\\]", ipv6_address(1));
        let (user, name) = (self.one_of(":"), self.one_of(""));
        format!("(?:{user}*@)?(?:{literal}|{name}*)(?::[0-9]*)?")
    }

    fn tail(self) -> String {
        let query = self.one_of(&format!(":@/?{}", self.query));
        let fragment = self.one_of(":@/?");
        format!("(?:\\?{query}*)?(?:#{fragment}*)?")
    }

    /// `first` is what a path without a slash at its beginning begins with.
    fn hierarchy(self, first: &str) -> String {
        let (authority, part) = (self.authority(), self.one_of(":@"));
        format!("(?://{authority}(?:/{part}*)*|/(?:{part}+(?:/{part}*)*)?|{first}(?:/{part}*)*|)")
    }

    fn absolute(self) -> String {
        let rootless = format!("{}+", self.one_of(":@"));
        format!("{SCHEME}{}{}", self.hierarchy(&rootless), self.tail())
    }

    fn reference(self) -> String {
        let no_scheme = format!("{}+", self.one_of("@"));
        format!("(?:{}|{}{})", self.absolute(), self.hierarchy(&no_scheme), self.tail())
    }
}

/// RFC 3986, section 3.
pub(super) fn uri(limits: &Limits) -> Result<TextSet, TextError> {
    whole(&URI.absolute(), limits)
}

/// RFC 3986, section 4.1.
pub(super) fn uri_reference(limits: &Limits) -> Result<TextSet, TextError> {
    whole(&URI.reference(), limits)
}

/// RFC 3987, section 2.2.
pub(super) fn iri(limits: &Limits) -> Result<TextSet, TextError> {
    whole(&IRI.absolute(), limits)
}

/// RFC 3987, section 2.2.
pub(super) fn iri_reference(limits: &Limits) -> Result<TextSet, TextError> {
    whole(&IRI.reference(), limits)
}

/// RFC 6570, section 2, with its erratum 6937 (an apostrophe is a literal).
pub(super) fn uri_template(limits: &Limits) -> Result<TextSet, TextError> {
    let escape = "%[0-9A-Fa-f]{2}";
    let literal = format!("(?:[!#-$&'(-;=?-\\[\\]_a-z~{}{}]|{escape})", IRI.unreserved, IRI.query);
    let letter = format!("(?:[A-Za-z0-9_]|{escape})");
    let variable = format!("{letter}(?:\\.?{letter})*(?::[1-9][0-9]{{0,3}}|\\*)?");
    let expression = format!("\\{{[+#./;?&=,!@|]?{variable}(?:,{variable})*\\}}");
    whole(&format!("(?:{literal}|{expression})*"), limits)
}
