//! Dates and times: RFC 3339.

use std::fmt::Write as _;

use super::whole;
use crate::{
    Limits,
    schema::text::{TextError, TextSet},
};

/// A year that is a leap year in the Gregorian calendar.
const LEAP_YEAR: &str =
    "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)";
/// Month and day of any year.
const MONTH_AND_DAY: &str = "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])\
                             |(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)\
                             |02-(?:0[1-9]|1[0-9]|2[0-8]))";
const HOUR: &str = "(?:[01][0-9]|2[0-3])";
const FRACTION: &str = "(?:\\.[0-9]+)?";

fn full_date() -> String {
    format!("(?:[0-9]{{4}}-{MONTH_AND_DAY}|{LEAP_YEAR}-02-29)")
}

/// `full-time`. The second 60 is one that ends a day of UTC: of the offset, one local minute is left to be it.
fn full_time() -> String {
    let mut leap = String::new();
    for minute in 0..1440 {
        let separator = if minute > 0 { "|" } else { "" };
        let (east, west) = ((minute + 1) % 1440, 1439 - minute);
        let clock = |minutes: u32| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        let zulu = if minute == 1439 { "[Zz]|" } else { "" };
        // Writing to a string cannot fail.
        let _ = write!(
            leap,
            "{separator}{}:60{FRACTION}(?:{zulu}\\+{}|-{})",
            clock(minute),
            clock(east),
            clock(west)
        );
    }
    format!("(?:{HOUR}:[0-5][0-9]:[0-5][0-9]{FRACTION}(?:[Zz]|[+-]{HOUR}:[0-5][0-9])|{leap})")
}

pub(super) fn date(limits: &Limits) -> Result<TextSet, TextError> {
    whole(&full_date(), limits)
}

pub(super) fn time(limits: &Limits) -> Result<TextSet, TextError> {
    whole(&full_time(), limits)
}

pub(super) fn date_time(limits: &Limits) -> Result<TextSet, TextError> {
    whole(&format!("{}[Tt]{}", full_date(), full_time()), limits)
}

/// Appendix A; capital letters only, as in ISO 8601.
pub(super) fn duration(limits: &Limits) -> Result<TextSet, TextError> {
    let number = "[0-9]+";
    let second = format!("{number}S");
    let minute = format!("{number}M(?:{second})?");
    let hour = format!("{number}H(?:{minute})?");
    let time = format!("T(?:{hour}|{minute}|{second})");
    let day = format!("{number}D");
    let month = format!("{number}M(?:{day})?");
    let year = format!("{number}Y(?:{month})?");
    whole(&format!("P(?:(?:{day}|{month}|{year})(?:{time})?|{time}|{number}W)"), limits)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The Gregorian calendar, said differently.
    fn days(year: u32, month: u32) -> u32 {
        let every = |years: u32| year.is_multiple_of(years);
        let leap = every(4) && (!every(100) || every(400));
        match month {
            2 => 28 + u32::from(leap),
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => 0,
        }
    }

    #[test]
    fn the_calendar_is_right() {
        let dates = date(&Limits::default()).unwrap();
        for year in (0..10_000).step_by(7).chain(1896..1912).chain([0, 400, 2000, 2100]) {
            for month in 0..14 {
                for day in [0, 1, 28, 29, 30, 31, 32] {
                    let text = format!("{year:04}-{month:02}-{day:02}");
                    let valid = day >= 1 && day <= days(year, month);
                    assert_eq!(dates.contains(&text), valid, "{text}");
                }
            }
        }
    }
}
