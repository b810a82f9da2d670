//! Notices as plain text: the form in which the built-in ones are kept, described at the head of
//! `notices.txt`.

use std::fmt;

use super::{Arrangement, DateRange, Notice, Notices, Scope};
use crate::domain::{AgencyId, LegalDate, ShortText};

/// A text of notices that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct MalformedNotices {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what was expected.
    pub what: String,
}

/// The lines of one notice, read so far.
#[derive(Default)]
struct Draft {
    line: usize,
    number: ShortText,
    title: ShortText,
    scope: Option<AgencyId>,
    gazetted: Option<LegalDate>,
    known: Option<LegalDate>,
    supersedes: Option<ShortText>,
    settles: Option<DateRange>,
    arrangements: Vec<Arrangement>,
}

/// Reads notices from text: `notice`, `title`, `scope` (an agency id; without it the whole
/// country), `gazetted`, `known`, `supersedes`, `settles` and one line for each occasion. Each is
/// checked.
///
/// # Errors
///
/// At the first line that cannot be read, or at the head of the first notice that cannot be.
pub fn parse_notices(text: &str) -> Result<Notices, MalformedNotices> {
    let mut notices = Notices::none();
    let mut draft = None;
    for (index, line) in text.lines().enumerate() {
        let number = index.saturating_add(1);
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some(value) = line.strip_prefix("notice ") {
            finish(draft.take(), &mut notices)?;
            let value = short(value.trim()).map_err(|what| malformed(number, what))?;
            draft = Some(Draft { line: number, number: value, ..Draft::default() });
        } else if !line.is_empty() {
            let Some(draft) = &mut draft else {
                return Err(malformed(number, "expected a line that begins with notice"));
            };
            draft.take(line).map_err(|what| malformed(number, what))?;
        }
    }
    finish(draft, &mut notices)?;
    Ok(notices)
}

fn malformed(line: usize, what: impl Into<String>) -> MalformedNotices {
    MalformedNotices { line, what: what.into() }
}

fn finish(draft: Option<Draft>, notices: &mut Notices) -> Result<(), MalformedNotices> {
    let Some(draft) = draft else { return Ok(()) };
    let line = draft.line;
    let (Some(gazetted_date), Some(known_date)) = (draft.gazetted, draft.known) else {
        return Err(malformed(line, "the notice lacks its line gazetted or known"));
    };
    let notice = Notice {
        number: draft.number,
        title: draft.title,
        scope: draft.scope.map_or(Scope::National, Scope::Subtree),
        gazetted_date,
        known_date,
        supersedes: draft.supersedes,
        settles: draft.settles,
        arrangements: draft.arrangements,
    };
    notice.check().map_err(|error| malformed(line, format!("{}: {error}", error.field)))?;
    notices.record(notice);
    Ok(())
}

impl Draft {
    fn take(&mut self, line: &str) -> Result<(), String> {
        let (key, rest) = line.split_once(' ').ok_or("expected a word, a blank and a value")?;
        let rest = rest.trim();
        match key {
            "title" => self.title = short(rest)?,
            "scope" => self.scope = Some(AgencyId::parse(rest).map_err(|error| error.to_string())?),
            "gazetted" => self.gazetted = Some(day(rest)?),
            "known" => self.known = Some(day(rest)?),
            "supersedes" => self.supersedes = Some(short(rest)?),
            "settles" => self.settles = Some(range(rest)?),
            occasion => self.arrangements.push(arrangement(occasion, rest)?),
        }
        Ok(())
    }
}

/// The one day, or the first and the last: `2026-02-15..2026-02-23`.
impl fmt::Display for DateRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, last } = self;
        if first == last { write!(f, "{first}") } else { write!(f, "{first}..{last}") }
    }
}

/// The line of an occasion, as [`parse_notices`] reads it.
impl fmt::Display for Arrangement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.occasion.as_str())?;
        for (place, range) in self.days_off.iter().enumerate() {
            write!(f, "{} {range}", if place == 0 { " off" } else { "" })?;
        }
        for (place, day) in self.days_worked.iter().enumerate() {
            write!(f, "{} {day}", if place == 0 { " work" } else { "" })?;
        }
        Ok(())
    }
}

fn arrangement(occasion: &str, rest: &str) -> Result<Arrangement, String> {
    let mut arrangement =
        Arrangement { occasion: short(occasion)?, days_off: Vec::new(), days_worked: Vec::new() };
    let mut off = None;
    for word in rest.split_whitespace() {
        match (word, off) {
            ("off", _) => off = Some(true),
            ("work", _) => off = Some(false),
            (days, Some(true)) => arrangement.days_off.push(range(days)?),
            (date, Some(false)) => arrangement.days_worked.push(day(date)?),
            (word, None) => return Err(format!("{word:?} is neither off nor work")),
        }
    }
    Ok(arrangement)
}

fn short(text: &str) -> Result<ShortText, String> {
    ShortText::parse(text).map_err(|error| error.to_string())
}

fn range(text: &str) -> Result<DateRange, String> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    Ok(DateRange { first: day(first)?, last: day(last)? })
}

fn day(text: &str) -> Result<LegalDate, String> {
    let date = text.parse().map_err(|_| format!("{text:?} is not a date such as 2026-01-01"))?;
    LegalDate::new(date).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_refused_with_its_line() {
        let head = "notice A\ntitle T\ngazetted 2026-11-01\nknown 2026-11-01\n";
        for (text, expected) in [
            ("title T", "line 1: expected a line that begins with notice"),
            (
                "notice A\ntitle T\nknown 2026-11-01",
                "line 1: the notice lacks its line gazetted or known",
            ),
            ("notice A\nknown 1 May", "line 2: \"1 May\" is not a date such as 2026-01-01"),
            (
                "notice A\nscope a/b",
                "line 2: \"a/b\" is not an agency id: 1 to 64 ASCII letters, digits, '-', '_' or '.'",
            ),
            (
                "notice A\nknown 2007-01-01",
                "line 2: the date 2007-01-01 lies outside the years 2008 to 2100",
            ),
            (&format!("{head}元旦 2027-01-01"), "line 5: \"2027-01-01\" is neither off nor work"),
            (&format!("{head}元旦"), "line 5: expected a word, a blank and a value"),
            (head, "line 1: arrangements: the notice names no day and settles none"),
        ] {
            assert_eq!(parse_notices(text).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn an_occasion_is_written_as_it_is_read() {
        for notice in Notices::built_in().iter() {
            for said in &notice.arrangements {
                let line = said.to_string();
                let (occasion, rest) = line.split_once(' ').unwrap();
                assert_eq!(arrangement(occasion, rest).unwrap(), *said, "{line}");
            }
        }
    }

    #[test]
    fn a_notice_for_a_part_of_the_country_names_its_agency() {
        let text = "notice A # number\ntitle T\nscope xinjiang\ngazetted 2026-11-01\nknown 2026-11-02\n\
                    supersedes B\n肉孜节 off 2027-03-10 work 2027-03-13 2027-03-14\n";
        let notices = parse_notices(text).unwrap();
        let notice = notices.iter().next().unwrap();
        assert_eq!(notice.number.as_str(), "A");
        assert_eq!(notice.supersedes.as_ref().map(ShortText::as_str), Some("B"));
        assert_eq!(notice.scope, Scope::Subtree(AgencyId::parse("xinjiang").unwrap()));
        assert_eq!(notice.arrangements[0].days_worked.len(), 2);
    }
}
