//! Sets against membership, automata against sets, both against the JSON Schema Test Suite.

use std::{collections::BTreeSet, path::Path};

use proptest::prelude::*;
use regex_automata::{
    Anchored,
    dfa::{Automaton, dense},
    util::{start, syntax},
};
use serde_json::Value;

use super::{Decimal, NumberDfa, NumberError, NumberSet, lattice::Periodic};
use crate::Limits;

fn dec(text: &str) -> Decimal {
    Decimal::parse(text).unwrap()
}

fn low(text: &str) -> NumberSet {
    NumberSet::at_least(dec(text), true)
}

fn high(text: &str) -> NumberSet {
    NumberSet::at_most(dec(text), true)
}

fn and(a: &NumberSet, b: &NumberSet) -> NumberSet {
    a.intersect(b).unwrap()
}

fn or(a: &NumberSet, b: &NumberSet) -> NumberSet {
    a.union(b).unwrap()
}

fn between(a: &str, b: &str) -> NumberSet {
    and(&low(a), &high(b))
}

fn multiples(text: &str) -> NumberSet {
    NumberSet::multiple_of(dec(text)).unwrap()
}

fn values(list: &[&str]) -> NumberSet {
    NumberSet::from_values(list.iter().map(|text| dec(text)))
}

fn dfa(set: &NumberSet) -> NumberDfa {
    NumberDfa::new(set, &Limits::default()).unwrap()
}

fn accepts(dfa: &NumberDfa, text: &str) -> bool {
    dfa.accepts(text.bytes().fold(dfa.start(), |state, byte| dfa.next(state, byte)))
}

/// `NUMBER` of `grammars/json/main.lark`.
fn json_number() -> &'static dense::DFA<Vec<u32>> {
    static JSON: std::sync::OnceLock<dense::DFA<Vec<u32>>> = std::sync::OnceLock::new();
    JSON.get_or_init(read_json_number)
}

fn read_json_number() -> dense::DFA<Vec<u32>> {
    let grammar = include_str!("../../../grammars/json/main.lark");
    let parts = [
        r#"NUMBER: "-"? (INTEGER FRACTION? (/[eE]-[0-9]+/ | /[eE]\+?0*[0-9]{1,2}/)? | SCIENTIFIC)"#,
        r#"INTEGER: "0" | /[1-9][0-9]*/"#,
        r#"FRACTION: "." /[0-9]+/"#,
        concat!(
            r#"SCIENTIFIC: /[0-9]/ FRACTION? /[eE]\+?0*([12][0-9]{2}|30[0-7])/ | "#,
            r#"/(0(\.[0-9]+)?|1(\.([0-6][0-9]*|7[0-8]?|7[0-8][0-9]+|7976931348623157))?)[eE]\+?0*308/"#
        ),
    ];
    for part in parts {
        assert!(grammar.contains(part), "{part}");
    }
    let fraction = r"\.[0-9]+";
    let scientific = format!(
        r"[0-9]({fraction})?[eE]\+?0*([12][0-9]{{2}}|30[0-7])|(0(\.[0-9]+)?|1(\.([0-6][0-9]*|7[0-8]?|7[0-8][0-9]+|7976931348623157))?)[eE]\+?0*308"
    );
    let pattern = format!(
        r"-?((0|[1-9][0-9]*)({fraction})?([eE]-[0-9]+|[eE]\+?0*[0-9]{{1,2}})?|{scientific})"
    );
    dense::Builder::new()
        .configure(dense::Config::new().match_kind(regex_automata::MatchKind::All))
        .syntax(syntax::Config::new().unicode(false).utf8(false))
        .build(&pattern)
        .unwrap()
}

fn json_accepts(json: &dense::DFA<Vec<u32>>, text: &str) -> bool {
    let start = json.start_state(&start::Config::new().anchored(Anchored::Yes)).unwrap();
    let end = text.bytes().fold(start, |state, byte| json.next_state(state, byte));
    json.is_match_state(json.next_eoi_state(end))
}

/// Whether the module's documentation says that a text is taken, decided from the text as a whole.
fn documented(set: &NumberSet, text: &str, json: &dense::DFA<Vec<u32>>) -> bool {
    if !json_accepts(json, text) {
        return false;
    }
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
        return set.contains(&dec(text));
    };
    let negative = text.starts_with('-');
    let digits = mantissa.trim_start_matches('-');
    // An exponent beyond the bounds of decimals: its value lies beyond all bounds in these tests.
    let value = Decimal::parse(text);
    let scientific =
        !digits.starts_with('0') && digits.split('.').next().is_some_and(|int| int.len() == 1);
    let zero = Decimal::zero();
    let positive = NumberSet::at_least(zero.clone(), false);
    let below_zero = NumberSet::at_most(zero.clone(), false);
    let up = |side: &NumberSet, direction: fn(Decimal, bool) -> NumberSet| {
        let part = and(set, side);
        let (cuts, gaps) = part.parts();
        let rule = gaps.iter().find_map(|gap| gap.divisor().cloned());
        rule.is_some_and(|q| {
            let rule = and(&NumberSet::multiple_of(q).unwrap(), side);
            cuts.iter().any(|(cut, _)| part == and(&rule, &direction(cut.clone(), true)))
        })
    };
    let up_above = up(&positive, NumberSet::at_least);
    let up_below = up(&below_zero, NumberSet::at_most);
    if value.as_ref().is_some_and(Decimal::is_zero) || dec(mantissa).is_zero() {
        // The sides are looked at one by one: a rule of the other side plays no part.
        let (above, below) = (and(set, &positive), and(set, &below_zero));
        let first = above.parts().0.partition_point(|(cut, _)| *cut <= zero);
        let last = below.parts().0.partition_point(|(cut, _)| *cut < zero);
        let near = above.parts().1[first].is_all() || below.parts().1[last].is_all();
        let up = up_above || up_below;
        // With one digit before the point, as the JSON grammar has zero.
        return set.contains(&zero) && (near || up && !exponent.starts_with('-'));
    }
    let side = if negative { &below_zero } else { &positive };
    if side.is_subset(set).unwrap() {
        return true;
    }
    if if negative { up_below } else { up_above } {
        return set.contains(&dec(mantissa)) && !exponent.starts_with('-');
    }
    if !scientific {
        return false;
    }
    let part = and(set, side);
    let (cuts, gaps) = part.parts();
    let value = value.unwrap_or_else(|| {
        assert!(exponent.starts_with('-'));
        dec(if negative { "-1e-400" } else { "1e-400" })
    });
    match cuts.binary_search_by(|(cut, _)| cut.cmp(&value)) {
        Ok(at) => {
            let alone = !gaps[at].is_all() && !gaps[at + 1].is_all();
            let exponent = value.point() - 1;
            cuts[at].1 && (!alone || !(-4..16).contains(&exponent))
        }
        Err(at) => gaps[at].is_all(),
    }
}

fn samples() -> Vec<NumberSet> {
    let z = NumberSet::integers();
    let not = |set: &NumberSet| set.complement().unwrap();
    vec![
        NumberSet::all(),
        NumberSet::none(),
        z.clone(),
        low("0"),
        NumberSet::at_least(Decimal::zero(), false),
        high("0"),
        NumberSet::at_most(Decimal::zero(), false),
        not(&values(&["0"])),
        not(&values(&["5", "-0.25"])),
        low("1"),
        high("-1.5"),
        between("0", "1"),
        between("0", "100"),
        between("-180", "180"),
        between("-0.5", "12.25"),
        and(&NumberSet::at_least(dec("0"), false), &NumberSet::at_most(dec("1"), false)),
        between("1e-7", "1e20"),
        between("9.5", "10.5"),
        low("-273.15"),
        high("1.7976931348623157e308"),
        high("1.7976931348623157e300"),
        low("2e308"),
        and(&z, &low("0")),
        and(&z, &NumberSet::at_least(dec("0"), false)),
        and(&z, &between("1", "65535")),
        and(&z, &between("-3", "7")),
        and(&z, &between("-300", "12")),
        not(&z),
        and(&not(&z), &between("0", "20")),
        multiples("0.01"),
        multiples("0.5"),
        multiples("7"),
        multiples("20"),
        multiples("1e-3"),
        multiples("12"),
        multiples("2.5"),
        and(&multiples("0.25"), &between("-1", "100")),
        and(&multiples("5"), &not(&multiples("3"))),
        and(&multiples("3"), &low("0")),
        or(&multiples("3"), &multiples("2")),
        or(&between("0", "1"), &and(&z, &low("10"))),
        or(&high("0"), &and(&z, &low("0"))),
        or(&and(&z, &high("-1")), &low("1")),
        values(&["0"]),
        values(&["1", "2", "5", "-9", "0.5", "1e-5", "1.5e20", "-2e16"]),
        values(&["1e-5", "1.1e-5", "2e16"]),
        or(&values(&["25"]), &between("50", "90")),
        or(&between("1e-9", "2e-9"), &between("5e9", "6e9")),
    ]
}

#[test]
fn all_numbers_are_those_of_the_json_grammar() {
    let (json, all) = (json_number(), dfa(&NumberSet::all()));
    let start = json.start_state(&start::Config::new().anchored(Anchored::Yes)).unwrap();
    let mut seen = BTreeSet::new();
    let mut work = vec![(start, all.start(), String::new())];
    while let Some((a, b, text)) = work.pop() {
        if !seen.insert((a, b)) {
            continue;
        }
        assert_eq!(json.is_match_state(json.next_eoi_state(a)), all.accepts(b), "{text}");
        for byte in 0..=255u8 {
            let (a, b) = (json.next_state(a, byte), all.next(b, byte));
            // A match is reported a byte late, so the dead state is a byte late, too; acceptance tells.
            if !json.is_dead_state(a) || b != 0 {
                work.push((a, b, format!("{text}{}", char::from(byte))));
            }
        }
    }
    assert_eq!(all.next(all.start(), b' '), 0);
}

/// Every text up to a length over the bytes that matter.
#[test]
fn short_texts() {
    let json = json_number();
    for set in samples() {
        let dfa = dfa(&set);
        let mut work = vec![String::new()];
        while let Some(text) = work.pop() {
            assert_eq!(accepts(&dfa, &text), documented(&set, &text, json), "{text} in {set:?}");
            if text.len() < 5 {
                work.extend("-01259.eE+".chars().map(|c| format!("{text}{c}")));
            }
        }
    }
}

fn check_states(dfa: &NumberDfa) {
    let count = dfa.states() as u32;
    let next = |state| b"0123456789-+.eE".iter().map(move |byte| dfa.next(state, *byte));
    let mut live: BTreeSet<u32> = (0..count).filter(|state| dfa.accepts(*state)).collect();
    loop {
        let before = live.len();
        for state in (0..count).rev() {
            if next(state).any(|target| live.contains(&target)) {
                live.insert(state);
            }
        }
        if live.len() == before {
            break;
        }
    }
    for state in 0..count {
        assert_eq!(dfa.extends(state), next(state).any(|target| target != 0));
    }
    assert_eq!(live, (1..count).collect());
    assert!(!dfa.accepts(0) && !dfa.extends(0));
}

#[test]
fn every_state_but_the_dead_one_can_be_completed() {
    for set in samples() {
        let dfa = dfa(&set);
        check_states(&dfa);
        assert_eq!(dfa.start() == 0, set.is_empty());
    }
}

#[test]
fn spellings_of_note() {
    let cases: &[(NumberSet, &[&str], &[&str])] = &[
        (
            between("0", "1"),
            &[
                "0", "-0", "-0.00", "0.5", "1", "1.000", "1e-05", "5.5E-1", "1e0", "1.0e+00",
                "0e5", "-0e-1",
            ],
            &["2", "1.0001", "-1", "1.1e0", "1e1", "0.5e0", "-1e-5", "10e-1", "-0.1"],
        ),
        (
            NumberSet::integers(),
            &["-12", "12.00", "1e5", "12e+05", "1.0E300", "-0", "0e0", "1e308"],
            &["1.5", "1e-5", "1e-0", "1.5e3", "12e300", "1e309", "2e308"],
        ),
        (
            and(&NumberSet::integers(), &between("1", "65535")),
            &["1", "65535", "65535.0", "9", "10000"],
            &["0", "65536", "1e3", "-1", "1.5", "100000", "07"],
        ),
        (
            low("1"),
            &["1", "1e308", "1.5e10", "1.7976931348623157e308", "9e307", "123456"],
            &["1e-1", "0.9", "12e3", "1.8e308", "9e-0001"],
        ),
        (
            values(&["1e-7", "3"]),
            &["1e-7", "0.00000010", "1.0E-07", "3.0"],
            &["3e0", "10e-8", "1e7"],
        ),
        (multiples("0.01"), &["1.25", "1.250", "-7", "1.25e3"], &["1.255", "1e-1", "125e-2"]),
        (multiples("1000"), &["0", "1000", "12000.0", "3000e2"], &["100", "12e3", "1500"]),
    ];
    for (set, yes, no) in cases {
        let dfa = dfa(set);
        for text in *yes {
            assert!(accepts(&dfa, text), "{text} in {set:?}");
        }
        for text in *no {
            assert!(!accepts(&dfa, text), "{text} not in {set:?}");
        }
    }
}

#[test]
fn sets_written_in_common_ways_are_equal() {
    let z = NumberSet::integers();
    let above = |text: &str| NumberSet::at_least(dec(text), false);
    let cases = [
        (and(&z, &low("0")), and(&z, &above("-1"))),
        (and(&z, &low("0")), or(&values(&["0", "1"]), &and(&z, &low("2")))),
        (and(&z, &between("1", "65535")), and(&z, &and(&above("0.5"), &high("65535.9")))),
        (and(&z, &between("1", "3")), values(&["3", "1", "2.0", "1e0"])),
        (and(&multiples("2"), &multiples("3")), multiples("6")),
        (or(&low("0"), &high("0")), NumberSet::all()),
        (and(&low("1"), &NumberSet::at_most(dec("1"), false)), NumberSet::none()),
        (and(&z, &between("0.1", "0.9")), NumberSet::none()),
        (and(&z, &z.complement().unwrap()), NumberSet::none()),
        (or(&z, &z.complement().unwrap()), NumberSet::all()),
        (and(&z, &multiples("1.0")), z.clone()),
        (
            or(&and(&z, &between("0", "40")), &and(&z, &between("41", "50"))),
            and(&z, &between("0", "50")),
        ),
        (
            and(&z, &between("0", "33")),
            and(&z, &and(&above("-1"), &NumberSet::at_most(dec("34"), false))),
        ),
        (and(&and(&z, &low("0")), &high("10")), and(&z, &between("-0.5", "10"))),
        (z.complement().unwrap().complement().unwrap(), z.clone()),
        (or(&and(&z, &high("0")), &and(&z, &low("1"))), z.clone()),
    ];
    for (i, (a, b)) in cases.into_iter().enumerate() {
        assert_eq!(a, b, "case {i}");
        assert_eq!(dfa(&a), dfa(&b), "case {i}");
    }
    assert_eq!(and(&z, &between("0", "99")).count(), Some(100.into()));
    assert_eq!(and(&z, &between("-1", "2")).finite().unwrap().len(), 4);
    assert!(z.count().is_none() && between("0", "1").count().is_none());
    assert_eq!(NumberSet::none().finite(), Some(Vec::new()));
}

#[test]
fn what_is_refused() {
    let of = |text| NumberSet::multiple_of(dec(text));
    assert!(matches!(of("0"), Err(NumberError::Divisor(_))));
    assert!(matches!(of("-1"), Err(NumberError::Divisor(_))));
    let prime = |text: String| NumberSet::multiple_of(dec(&text)).unwrap();
    let (a, b) = (prime(format!("1{}1", "0".repeat(300))), prime(format!("1{}3", "0".repeat(300))));
    assert!(matches!(a.intersect(&b), Err(NumberError::Digits(_))));
    let tight = Limits { dfa_states: 100, ..Limits::default() };
    let error = NumberDfa::new(&multiples("1001"), &tight).unwrap_err();
    assert_eq!(error, NumberError::Limit("dfa_states", 100));
    assert!(NumberDfa::new(&multiples("97"), &tight).is_err());
    // Divisors without structure double the terms.
    let mut set = NumberSet::none();
    let result = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29].iter().try_for_each(|n| {
        set = set.union(&multiples(&n.to_string()))?;
        Ok(())
    });
    assert!(matches!(result, Err(NumberError::Divisors(_))));
}

/// Sets of small numbers, with an expression of what is in them.
#[derive(Clone, Debug)]
enum Recipe {
    Low(Decimal, bool),
    High(Decimal, bool),
    Multiple(Decimal),
    Values(Vec<Decimal>),
    Not(Box<Recipe>),
    And(Box<Recipe>, Box<Recipe>),
    Or(Box<Recipe>, Box<Recipe>),
}

impl Recipe {
    fn set(&self) -> NumberSet {
        match self {
            Self::Low(bound, inclusive) => NumberSet::at_least(bound.clone(), *inclusive),
            Self::High(bound, inclusive) => NumberSet::at_most(bound.clone(), *inclusive),
            Self::Multiple(divisor) => NumberSet::multiple_of(divisor.clone()).unwrap(),
            Self::Values(list) => NumberSet::from_values(list.iter().cloned()),
            Self::Not(a) => a.set().complement().unwrap(),
            Self::And(a, b) => a.set().intersect(&b.set()).unwrap(),
            Self::Or(a, b) => a.set().union(&b.set()).unwrap(),
        }
    }

    fn contains(&self, value: &Decimal) -> bool {
        match self {
            Self::Low(bound, inclusive) => value > bound || *inclusive && value == bound,
            Self::High(bound, inclusive) => value < bound || *inclusive && value == bound,
            Self::Multiple(divisor) => value.is_multiple_of(divisor),
            Self::Values(list) => list.contains(value),
            Self::Not(a) => !a.contains(value),
            Self::And(a, b) => a.contains(value) && b.contains(value),
            Self::Or(a, b) => a.contains(value) || b.contains(value),
        }
    }
}

fn decimal() -> impl Strategy<Value = Decimal> {
    prop_oneof![
        (-120i32..120).prop_map(|n| dec(&n.to_string())),
        (-60i32..60, -2i32..2).prop_map(|(n, e)| dec(&format!("{n}e{e}"))),
        (-20i32..20, -9i32..20).prop_map(|(n, e)| dec(&format!("{n}e{e}"))),
    ]
}

fn recipe() -> impl Strategy<Value = Recipe> {
    let divisor =
        prop::sample::select(vec!["1", "2", "3", "0.5", "0.1", "10", "2.5", "0.04", "12"]);
    let leaf = prop_oneof![
        (decimal(), any::<bool>()).prop_map(|(d, inclusive)| Recipe::Low(d, inclusive)),
        (decimal(), any::<bool>()).prop_map(|(d, inclusive)| Recipe::High(d, inclusive)),
        divisor.prop_map(|d| Recipe::Multiple(dec(d))),
        prop::collection::vec(decimal(), 1..5).prop_map(Recipe::Values),
    ];
    leaf.prop_recursive(4, 12, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|a| Recipe::Not(Box::new(a))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Recipe::And(Box::new(a), Box::new(b))),
            (inner.clone(), inner).prop_map(|(a, b)| Recipe::Or(Box::new(a), Box::new(b))),
        ]
    })
}

/// Spellings near a number: itself, with zeros, digits more or less, exponents.
fn spelling() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,3})?",
        "-?[0-9](\\.[0-9]{1,2})?[eE][+-]?0?[0-9]{1,2}",
        "-?[1-9][0-9]?(\\.[0-9])?[eE]([+-]?[0-9]{1,3}|-9999)",
        (decimal(), 0usize..3).prop_map(|(value, zeros)| {
            let text = value.to_string();
            let dot = if text.contains('.') { "" } else { "." };
            if text.contains('e') || zeros == 0 {
                text
            } else {
                format!("{text}{dot}{}", "0".repeat(zeros))
            }
        }),
    ]
}

proptest! {
    #[test]
    fn boolean_laws(a in recipe(), b in recipe(), list in prop::collection::vec(decimal(), 20)) {
        let (x, y) = (a.set(), b.set());
        let (both, either, not) = (x.intersect(&y).unwrap(), x.union(&y).unwrap(), x.complement().unwrap());
        for value in &list {
            let (in_a, in_b) = (a.contains(value), b.contains(value));
            prop_assert_eq!(x.contains(value), in_a, "{}", value);
            prop_assert_eq!(both.contains(value), in_a && in_b, "{}", value);
            prop_assert_eq!(either.contains(value), in_a || in_b, "{}", value);
            prop_assert_eq!(not.contains(value), !in_a, "{}", value);
            prop_assert!(!x.is_empty() || !in_a);
            prop_assert!(!x.is_all() || in_a);
        }
        prop_assert!(both.is_subset(&x).unwrap() && x.is_subset(&either).unwrap());
        prop_assert!(x.is_disjoint(&not).unwrap());
        prop_assert!(x.union(&not).unwrap().is_all());
        prop_assert!(x.intersect(&not).unwrap().is_empty());
        if let Some(members) = x.finite() {
            prop_assert_eq!(x.count(), Some(members.len().into()));
            prop_assert!(members.iter().all(|member| a.contains(member)));
        }
        // An operation that changes nothing gives the set back.
        prop_assert_eq!(&x.union(&x).unwrap(), &x);
        prop_assert_eq!(&x.intersect(&NumberSet::all()).unwrap(), &x);
    }

    #[test]
    fn automata_accept_what_is_documented(a in recipe(), texts in prop::collection::vec(spelling(), 30)) {
        let set = a.set();
        let Ok(dfa) = NumberDfa::new(&set, &Limits::default()) else { return Ok(()) };
        check_states(&dfa);
        // Empty sets have no spelling; all others have.
        prop_assert_eq!(dfa.start() == 0, set.is_empty());
        let json = json_number();
        for text in &texts {
            let taken = accepts(&dfa, text);
            prop_assert_eq!(taken, documented(&set, text, json), "{} in {:?}", text, &set);
            if let (true, Some(value)) = (taken, Decimal::parse(text)) {
                prop_assert!(a.contains(&value), "{}", text);
            }
        }
    }

    #[test]
    fn counts_are_exact(q in 1i64..9, r in 1i64..9, low in -50i64..50, length in 1i64..60) {
        let high = low + length;
        let rule = |n: i64| Periodic::multiples(n.into());
        let set = rule(q).union(&rule(r)).unwrap();
        let expected = (low + 1..high).filter(|n| n % q == 0 || n % r == 0).count();
        let count = set.count_between(&low.into(), &high.into());
        prop_assert_eq!(count, Some(expected.into()));
        let members = set.members_between(&low.into(), &high.into(), 100).unwrap();
        prop_assert_eq!(members.len(), expected);
        prop_assert_eq!(set.is_none_between(&low.into(), &high.into()), expected == 0);
        let first = (low + 1..).find(|n| n % q == 0 || n % r == 0).unwrap();
        prop_assert_eq!(set.first_above(&low.into()), Some(first.into()));
    }
}

/// The set of a schema that says nothing but the keywords on numbers, as they stand in the text.
fn schema_set(schema: &serde_json::Map<String, Value>) -> Option<NumberSet> {
    let mut set = NumberSet::all();
    let number = |value: &Value| value.as_number().and_then(|n| Decimal::parse(&n.to_string()));
    let flag = |name: &str| schema.get(name) == Some(&Value::Bool(true));
    for (name, value) in schema {
        let part = match name.as_str() {
            "$schema" | "description" | "$comment" => continue,
            "exclusiveMinimum" | "exclusiveMaximum" if value.is_boolean() => continue,
            "minimum" => NumberSet::at_least(number(value)?, !flag("exclusiveMinimum")),
            "maximum" => NumberSet::at_most(number(value)?, !flag("exclusiveMaximum")),
            "exclusiveMinimum" => NumberSet::at_least(number(value)?, false),
            "exclusiveMaximum" => NumberSet::at_most(number(value)?, false),
            "multipleOf" | "divisibleBy" => NumberSet::multiple_of(number(value)?).unwrap(),
            "type" if value == "integer" => NumberSet::integers(),
            "type" if value == "number" => continue,
            _ => return None,
        };
        set = set.intersect(&part).unwrap();
    }
    Some(set)
}

#[test]
fn json_schema_test_suite() {
    // The suite lies beside the checkout, where it lies at all.
    let roots = ["shared", "../shared"].map(|p| Path::new(env!("CARGO_MANIFEST_DIR")).join(p));
    let Some(suite) =
        roots.iter().map(|root| root.join("json-schema-test-suite/tests")).find(|p| p.is_dir())
    else {
        return;
    };
    let (mut groups, mut numbers) = (0, 0);
    for draft in ["draft4", "draft6", "draft7", "draft2019-09", "draft2020-12"] {
        for file in [
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "multipleOf",
            "optional/float-overflow",
            "optional/bignum",
            "optional/zeroTerminatedFloats",
        ] {
            let Ok(text) = std::fs::read_to_string(suite.join(draft).join(format!("{file}.json")))
            else {
                continue;
            };
            for group in serde_json::from_str::<Value>(&text).unwrap().as_array().unwrap() {
                let Some(set) = group["schema"].as_object().and_then(schema_set) else { continue };
                groups += 1;
                let dfa = NumberDfa::new(&set, &Limits::default());
                for test in group["tests"].as_array().unwrap() {
                    let Value::Number(number) = &test["data"] else { continue };
                    let text = number.to_string();
                    let valid = test["valid"].as_bool().unwrap();
                    let value = Decimal::parse(&text).unwrap();
                    // Draft 4 leaves it open whether 1.0 is a whole number; here it is.
                    if file.ends_with("zeroTerminatedFloats") && draft == "draft4" {
                        continue;
                    }
                    numbers += 1;
                    assert_eq!(set.contains(&value), valid, "{draft} {file} {text}");
                    if let Ok(dfa) = &dfa
                        && !text.contains(['e', 'E'])
                    {
                        assert_eq!(accepts(dfa, &text), valid, "{draft} {file} {text}");
                    }
                }
            }
        }
    }
    assert!(groups > 40 && numbers > 120, "{groups} {numbers}");
}
