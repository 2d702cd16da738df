//! Patterns made to cost.

use super::{super::TextSet, microseconds};
use crate::Limits;

/// Patterns made to cost: they are refused, or made, in bounded work and on a small stack.
#[test]
#[allow(clippy::print_stdout, reason = "times are worth reading")]
fn hostile_patterns_end_soon() {
    let deep = format!("(?!x){}a{}", "(?:".repeat(99), "?)*b?".repeat(99));
    let patterns = [
        "(a|b)*a(a|b){20}".to_owned(),
        "^(?:.*a){40}$".to_owned(),
        "^((a?){9}){9}(?!b)$".to_owned(),
        "^(a?){450}(?!b)$".to_owned(),
        "^(?:(?:(?:a{100}){100}){100}){100}$".to_owned(),
        "^(?:){10000}$".to_owned(),
        "^((((((((x{9}){9}){9}){9}){9}){9}){9}){9})$".to_owned(),
        "^(?:\\p{L}[^\\p{Lu}]){40}$".to_owned(),
        "^\\p{L}(?:\\p{L}|\\p{N}){9999}x?$".to_owned(),
        "^(?!(a|b)*a(a|b){12}).*(?=c(a|b)*b(a|b){12})".to_owned(),
        "^[a-z]{4294967295}$".to_owned(),
        "^(?=.{1,9}$)(?=.{100,}$)".to_owned(),
        "^(?:a{1,300}b{1,300}){1,30}$".to_owned(),
        format!("^{}$", "(?:a*b?)*".repeat(300)),
        format!("^(?:{})$", (0..2000).map(|n| n.to_string()).collect::<Vec<_>>().join("|")),
        deep,
    ];
    let work = move || {
        for pattern in patterns {
            let (time, set) = microseconds(|| TextSet::pattern(&pattern, &Limits::default()));
            let sizes = set.map(|set| {
                let complement = set.complement(&Limits::default());
                (set.strings().len(), set.pieces().len(), complement.map(|set| set.pieces().len()))
            });
            println!("{time:.0} us: {pattern:.60}: {sizes:?}");
            assert!(time < 2_000_000.0, "{pattern}");
        }
    };
    std::thread::Builder::new().stack_size(512 << 10).spawn(work).unwrap().join().unwrap();
}
