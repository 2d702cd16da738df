//! Which number does a text spell, as a text that equal numbers share?

use num_bigint::BigInt;

/// The significant digits and the exponent of the last one of a number of RFC 8259, of any size; `None` if it is none.
/// Cost: O(length).
pub(crate) fn canonical(text: &str) -> Option<Box<str>> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, fraction].concat();
    if whole.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let significant = digits.trim_end_matches('0');
    let zeros = digits.len() - significant.len();
    let significant = significant.trim_start_matches('0');
    if significant.is_empty() {
        return Some("0".into());
    }
    let exponent: BigInt = exponent.strip_prefix('+').unwrap_or(exponent).parse().ok()?;
    let exponent = exponent + zeros - fraction.len();
    Some(format!("{sign}{significant}e{exponent}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_are_equal_texts() {
        for same in [
            &["1", "1.0", "1.000", "10e-1", "0.1e1", "1E+00", "1e0"][..],
            &["0", "-0", "0.0", "0e7", "-0.00E-12"],
            &["-12000", "-1.2e4", "-12e003", "-0.00012e+8"],
            &["1e-99999999999999999999", "10e-100000000000000000000"],
        ] {
            let first = canonical(same[0]);
            assert!(first.is_some());
            assert!(same.iter().all(|text| canonical(text) == first), "{same:?}");
        }
        let different = ["0", "1", "-1", "10", "0.1", "1e10", "1e11", "11", "101", "1.01"];
        let mut values: Vec<_> = different.iter().map(|text| canonical(text)).collect();
        values.sort();
        values.dedup();
        assert_eq!(values.len(), different.len());
        assert!(["", "-", ".5", "1e", "x"].iter().all(|text| canonical(text).is_none()));
    }
}
