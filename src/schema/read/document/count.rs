//! Which count is a number, however it is spelled?

/// The whole number that a JSON number is, saturating; `None` if it is negative or has a fraction.
pub(super) fn count(spelled: &str) -> Option<u64> {
    if spelled.len() < 19 && spelled.bytes().all(|b| b.is_ascii_digit()) {
        return spelled.parse().ok();
    }
    let (negative, spelled) = match spelled.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, spelled),
    };
    let (mantissa, exponent) = spelled.split_once(['e', 'E']).unwrap_or((spelled, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: String = [whole, fraction].concat();
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Some(0);
    }
    if negative {
        return None;
    }
    // The value is `significant` times ten to the power of `exponent`.
    let significant = digits.trim_end_matches('0');
    let zeros = i64::try_from(digits.len() - significant.len()).ok()?;
    let exponent = match exponent.strip_prefix('+').unwrap_or(exponent).parse::<i64>() {
        Ok(e) => e,
        Err(_) if exponent.starts_with('-') => return None,
        Err(_) => return Some(u64::MAX),
    };
    let shift = exponent.checked_add(zeros)?.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    if shift < 0 {
        return None;
    }
    let power = u32::try_from(shift).ok().and_then(|s| 10u64.checked_pow(s));
    let value = significant.parse::<u64>().ok().and_then(|v| v.checked_mul(power?));
    Some(value.unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_exact() {
        for (spelled, expected) in [
            ("0", Some(0)),
            ("-0.0", Some(0)),
            ("3", Some(3)),
            ("2.0", Some(2)),
            ("2.5", None),
            ("25e-1", None),
            ("20e-1", Some(2)),
            ("1e3", Some(1000)),
            ("-1", None),
            ("1e400", Some(u64::MAX)),
            ("1e99999999999999999999", Some(u64::MAX)),
            ("18446744073709551615", Some(u64::MAX)),
        ] {
            assert_eq!(count(spelled), expected, "{spelled}");
        }
    }
}
