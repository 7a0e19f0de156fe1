//! Where the losing side of a conflict goes.

use homesync_paths::{RelativePath, conflict_name, conflict_stem};
use homesync_protocol::{Entry, Kind, ShortId, Timestamp};

/// How many names are tried before the copy goes to the recovery area instead.
const CANDIDATES: i64 = 8;

/// Names for the copy of `loser`, first the one to take.
///
/// The date is when the losing content was written, in universal time, not when the copy is made: so all machines on which the same content
/// loses to the same one give it the same name, and their copies are one file. (Of the winner the name says who made it, as all peers do it. Where
/// it lost to two winners there are two copies.)
pub fn copies_of(loser: &Entry, winner: &Entry) -> Vec<RelativePath> {
    // A directory's own time means nothing.
    let written = if loser.content.kind() == Kind::File { loser.modified } else { winner.modified };
    let name = |offset| conflict_name(&loser.path, &date(written, offset), &short(winner.modified_by));
    (0..CANDIDATES).map(name).collect()
}

/// Of the items beside a file, those copies of it that are too many when one more is made, the oldest first. Their names begin with the same
/// words and then the date, so the order of names is that of age.
pub fn surplus_copies(path: &RelativePath, beside: &[RelativePath], most: usize) -> Vec<RelativePath> {
    let stem = conflict_stem(path);
    let is_copy = |other: &&RelativePath| other.parent() == stem.directory && stem.is_copy(other.name());
    let mut copies: Vec<RelativePath> = beside.iter().filter(is_copy).cloned().collect();
    copies.sort();
    // The one that is being made stays, whatever is set.
    copies.truncate((copies.len() + 1).saturating_sub(most.max(1)));
    copies
}

fn short(machine: ShortId) -> String {
    machine.to_string()
}

/// `YYYYMMDD-HHMMSS` of a time and some seconds more, for any time that a file can have; years beyond four digits are shown as the last that has four.
pub fn date(time: Timestamp, offset: i64) -> String {
    const FIRST: i64 = -62_135_596_800; // the year 1
    const LAST: i64 = 253_402_300_799; // the end of the year 9999
    let seconds = time.seconds.saturating_add(offset).clamp(FIRST, LAST);
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    format!("{year:04}{month:02}{day:02}-{:02}{:02}{:02}", rest / 3_600, rest / 60 % 60, rest % 60)
}

/// The day of the calendar, from days since 1970. Years are counted from March, so that the leap day is the last of its year, in eras of 400
/// years, after which the calendar repeats.
fn civil(days: i64) -> (i64, i64, i64) {
    const DAYS_PER_ERA: i64 = 146_097;
    let since_march_of_year_0 = days + 719_468;
    let (era, day) =
        (since_march_of_year_0.div_euclid(DAYS_PER_ERA), since_march_of_year_0.rem_euclid(DAYS_PER_ERA));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day_of_month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, wanted) in [
            (0, "19700101-000000"),
            (951_782_400, "20000229-000000"),
            (1_795_219_200, "20261121-000000"),
            (4_107_542_400, "21000301-000000"),
            (-1, "19691231-235959"),
            (i64::MAX, "99991231-235959"),
            (i64::MIN, "00010101-000000"),
        ] {
            assert_eq!(date(Timestamp::at(seconds), 0), wanted);
        }
    }
}
