//! An exact decimal number of bounded size: what a JSON number means.

use std::{cmp::Ordering, fmt};

use num_bigint::{BigInt, BigUint, Sign};

/// Significant digits of a decimal, at most. A double written out in full has up to 767.
pub(crate) const DIGITS: usize = 400;
/// Magnitude of the exponent in scientific notation, at most. Doubles reach from -324 to 308.
pub(crate) const EXPONENT: i32 = 400;

/// A decimal number, equal and ordered by value (`1`, `1.0` and `10e-1` are one number).
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Decimal {
    negative: bool,
    /// The value is `0.DIGITS * 10^point`; 0 for zero.
    point: i32,
    /// Values 0 to 9 without zeros at either end; none for zero.
    digits: Box<[u8]>,
}

impl Decimal {
    /// Zero.
    pub(crate) fn zero() -> Self {
        Self { negative: false, point: 0, digits: Box::default() }
    }

    /// Reads a number of RFC 8259; `None` if it is none or beyond [`DIGITS`] or [`EXPONENT`]. Linear in the text.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (rest, None),
        };
        let (int, frac) = match mantissa.split_once('.') {
            Some((int, frac)) => (int, Some(frac)),
            None => (mantissa, None),
        };
        let all_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        if !all_digits(int) || int.len() > 1 && int.starts_with('0') {
            return None;
        }
        if frac.is_some_and(|f| !all_digits(f)) {
            return None;
        }
        let frac = frac.unwrap_or("");
        let exponent =
            exponent.map(|e| (e.starts_with('-'), e.strip_prefix(['+', '-']).unwrap_or(e)));
        if exponent.is_some_and(|(_, e)| !all_digits(e)) {
            return None;
        }
        let mut digits: Vec<u8> = int.bytes().chain(frac.bytes()).map(|b| b - b'0').collect();
        let Some(first) = digits.iter().position(|d| *d != 0) else {
            return Some(Self::zero());
        };
        let last = digits.iter().rposition(|d| *d != 0).expect("invariant: a digit is not zero");
        digits.truncate(last + 1);
        digits.drain(..first);
        if digits.len() > DIGITS {
            return None;
        }
        // The text has been read already, so its length fits; an exponent beyond that is beyond every text's length.
        let exponent = match exponent {
            None => 0,
            Some((negative, e)) => {
                let e = e.trim_start_matches('0');
                let e = if e.is_empty() { 0 } else { e.parse::<i64>().ok()? };
                if negative { -e } else { e }
            }
        };
        let point = i64::try_from(int.len()).ok()? - i64::try_from(first).ok()?;
        Self::checked(negative, point.checked_add(exponent)?, digits)
    }

    /// Digits without zeros at the ends, and not none.
    fn checked(negative: bool, point: i64, digits: Vec<u8>) -> Option<Self> {
        let point = i32::try_from(point).ok()?;
        (digits.len() <= DIGITS && (point.checked_sub(1)?).abs() <= EXPONENT).then(|| Self {
            negative,
            point,
            digits: digits.into_boxed_slice(),
        })
    }

    /// `value * 10^exponent`.
    fn from_big(value: &BigInt, exponent: i64) -> Option<Self> {
        let mut digits = value.magnitude().to_radix_be(10);
        let point = exponent.checked_add(i64::try_from(digits.len()).ok()?)?;
        let Some(last) = digits.iter().rposition(|d| *d != 0) else {
            return Some(Self::zero());
        };
        digits.truncate(last + 1);
        Self::checked(value.sign() == Sign::Minus, point, digits)
    }

    /// Whether it is zero.
    pub(crate) fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    /// Whether it is less than zero.
    pub(crate) fn is_negative(&self) -> bool {
        self.negative
    }

    /// Whether it has no fraction (`1.0` and `1e3` have none).
    #[cfg(test)]
    pub(crate) fn is_integer(&self) -> bool {
        self.lowest() >= 0
    }

    /// The number with the other sign; zero has one sign only.
    pub(crate) fn negated(&self) -> Self {
        Self { negative: !self.negative && !self.is_zero(), ..self.clone() }
    }

    /// The significant digits' values; none for zero.
    pub(super) fn digits(&self) -> &[u8] {
        &self.digits
    }

    /// Digits before the point, where the value is `0.DIGITS * 10^point`.
    pub(super) fn point(&self) -> i32 {
        self.point
    }

    /// The exponent of the last significant digit; 0 for zero.
    pub(super) fn lowest(&self) -> i32 {
        // At most DIGITS digits.
        self.point - self.digits.len() as i32
    }

    /// The value in units of `10^exponent`, which is not above the lowest digit's.
    fn scaled(&self, exponent: i32) -> BigInt {
        let mut digits = self.digits.to_vec();
        if !digits.is_empty() {
            // Bounded by the bounds on digits and exponents.
            digits.resize(digits.len() + (self.lowest() - exponent).max(0) as usize, 0);
        }
        let magnitude = BigUint::from_radix_be(&digits, 10).unwrap_or_default();
        let value = BigInt::from(magnitude);
        if self.negative { -value } else { value }
    }

    /// Both numbers as whole numbers of one unit, and the unit's exponent.
    fn aligned(&self, other: &Self) -> (BigInt, BigInt, i32) {
        let exponent = self.lowest().min(other.lowest());
        (self.scaled(exponent), other.scaled(exponent), exponent)
    }

    /// Whether it is a whole multiple of a number greater than zero.
    pub(crate) fn is_multiple_of(&self, divisor: &Self) -> bool {
        let (value, divisor, _) = self.aligned(divisor);
        (value % divisor).sign() == Sign::NoSign
    }

    /// `self / divisor`, rounded down; the divisor is greater than zero.
    pub(super) fn floor(&self, divisor: &Self) -> BigInt {
        let (value, divisor, _) = self.aligned(divisor);
        let quotient = &value / &divisor;
        // Division of big integers rounds towards zero.
        if value.sign() == Sign::Minus && &quotient * &divisor != value {
            quotient - 1
        } else {
            quotient
        }
    }

    /// `self / divisor`, rounded up; the divisor is greater than zero.
    pub(super) fn ceiling(&self, divisor: &Self) -> BigInt {
        -self.negated().floor(divisor)
    }

    /// `self * factor`; `None` beyond the bounds.
    pub(super) fn times(&self, factor: &BigInt) -> Option<Self> {
        let exponent = self.lowest();
        Self::from_big(&(self.scaled(exponent) * factor), exponent.into())
    }

    /// The least common multiple of two numbers greater than zero; `None` beyond the bounds.
    pub(super) fn common_multiple(&self, other: &Self) -> Option<Self> {
        if self == other {
            return Some(self.clone());
        }
        let (a, b, exponent) = self.aligned(other);
        let (mut x, mut y) = (a.clone(), b.clone());
        while y.sign() != Sign::NoSign {
            let rest = x % &y;
            (x, y) = (y, rest);
        }
        Self::from_big(&(a / x * b), exponent.into())
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        Self::from_big(&value.into(), 0).expect("invariant: 19 digits are within the bounds")
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |d: &Self| if d.is_zero() { 0 } else { 1 - 2 * i8::from(d.negative) };
        sign(self).cmp(&sign(other)).then_with(|| {
            // Without zeros at the end, a digit string is less than the longer ones that begin with it.
            let magnitude =
                self.point.cmp(&other.point).then_with(|| self.digits.cmp(&other.digits));
            if self.negative { magnitude.reverse() } else { magnitude }
        })
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Plainly where that is short, else in scientific notation.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        if self.is_zero() {
            return f.write_str("0");
        }
        if self.negative {
            f.write_char('-')?;
        }
        let digit = |d: &u8| char::from(b'0' + d);
        let length = self.digits.len() as i32;
        if (-5..=20).contains(&self.point) {
            for place in self.point.min(0)..length.max(self.point) {
                if place == self.point && place > 0 {
                    f.write_char('.')?;
                }
                if place == self.point.min(0) && self.point <= 0 {
                    f.write_str("0.")?;
                }
                f.write_char(match usize::try_from(place) {
                    Ok(place) => self.digits.get(place).map_or('0', digit),
                    Err(_) => '0',
                })?;
            }
            return Ok(());
        }
        f.write_char(digit(&self.digits[0]))?;
        if length > 1 {
            f.write_char('.')?;
            f.write_str(&self.digits[1..].iter().map(digit).collect::<String>())?;
        }
        write!(f, "e{}", self.point - 1)
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dec(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn equal_by_value() {
        for (a, b) in [
            ("1", "1.0"),
            ("1", "10e-1"),
            ("1000", "1e3"),
            ("-0", "0.000e5"),
            ("0", "0e999999999999999999999"),
            ("0.015", "1.5E-02"),
            ("100.00e+1", "1000"),
        ] {
            assert_eq!(dec(a), dec(b), "{a} {b}");
        }
    }

    #[test]
    fn refuses_what_is_no_number_or_too_large() {
        for text in [
            "", "-", "01", "+1", ".5", "1.", "1e", "1e+", "e1", "1.e1", "0x1", " 1", "1e1.0",
            "--1", "1_0", "١",
        ] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
        assert!(Decimal::parse("1e400").is_some());
        assert!(Decimal::parse("1e401").is_none());
        assert!(Decimal::parse("1e-400").is_some());
        assert!(Decimal::parse("1e-401").is_none());
        assert!(Decimal::parse("1e99999999999999999999").is_none());
        assert!(Decimal::parse("1e9223372036854775807").is_none());
        assert!(Decimal::parse("1e-9223372036854775807").is_none());
        assert!(Decimal::parse(&"1".repeat(400)).is_some());
        assert!(Decimal::parse(&"1".repeat(401)).is_none());
    }

    #[test]
    fn ordered_by_value() {
        let sorted = [
            "-1e300", "-12", "-2", "-1.5", "-1", "-0.1", "-0.09", "0", "1e-9", "0.1", "0.11", "2",
            "10", "1e2",
        ];
        for (i, a) in sorted.iter().enumerate() {
            for (j, b) in sorted.iter().enumerate() {
                assert_eq!(dec(a).cmp(&dec(b)), i.cmp(&j), "{a} {b}");
            }
        }
    }

    #[test]
    fn arithmetic() {
        assert!(dec("0.0075").is_multiple_of(&dec("0.0001")));
        assert!(!dec("0.00751").is_multiple_of(&dec("0.0001")));
        assert!(dec("1e308").is_multiple_of(&dec("0.5")));
        assert_eq!(dec("0.4").common_multiple(&dec("0.6")), Some(dec("1.2")));
        assert_eq!(dec("1e400").common_multiple(&dec("7")), None.or(Decimal::parse("7e400")));
        assert_eq!(dec("1e400").common_multiple(&dec("11")), None);
        assert_eq!(dec("-0.5").floor(&dec("1")), BigInt::from(-1));
        assert_eq!(dec("-0.5").ceiling(&dec("1")), BigInt::from(0));
        assert_eq!(dec("7.5").floor(&dec("2.5")), BigInt::from(3));
        assert!(dec("1e3").is_integer() && !dec("1e-3").is_integer() && dec("0.0").is_integer());
    }

    proptest! {
        #[test]
        fn text_never_panics(text in "[-+0-9.eE]{0,12}") {
            if let Some(value) = Decimal::parse(&text) {
                prop_assert_eq!(Decimal::parse(&value.to_string()), Some(value));
            }
        }

        #[test]
        fn small_numbers_as_machine_integers(a in -10_000i64..10_000, b in -10_000i64..10_000, e in -4i32..4) {
            let spell = |n: i64| Decimal::parse(&format!("{n}e{e}")).unwrap();
            prop_assert_eq!(spell(a).cmp(&spell(b)), a.cmp(&b));
            if b > 0 {
                prop_assert_eq!(spell(a).is_multiple_of(&spell(b)), a % b == 0);
                prop_assert_eq!(spell(a).floor(&spell(b)), BigInt::from(a.div_euclid(b)));
            }
        }
    }
}
