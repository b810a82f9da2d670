//! Recording a notice: what is refused, and what says nothing new.

use super::{Arrangement, InvalidNotice, Notice, Notices, Scope};
use crate::domain::{AgencyId, Refusal};

/// Record a notice that fixes working days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordNotice {
    /// The notice. Its known date is that of the recording where none was stated.
    pub notice: Notice,
    /// Whether the known date was stated; if not, the notice says again what is recorded whenever
    /// that became known.
    pub is_known_date_stated: bool,
}

/// Why a notice is not recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// It cannot be recorded, whatever is recorded already.
    #[error(transparent)]
    Invalid(#[from] InvalidNotice),
    /// One of its number and scope is recorded, and says otherwise.
    #[error(
        "{number} {scope} is recorded with {what} {recorded}; the request says {stated}. \
         To replace it, name {number} in supersedes_number"
    )]
    AlreadyRecorded {
        /// The number.
        number: String,
        /// For whom it holds.
        scope: String,
        /// The first thing in which the two differ, as callers spell it.
        what: &'static str,
        /// What is recorded of it.
        recorded: String,
        /// What the command says of it.
        stated: String,
    },
    /// The notice that it would supersede is not recorded for its scope.
    #[error("no notice {number} {scope} is recorded that could be superseded")]
    UnknownSuperseded {
        /// The number stated.
        number: String,
        /// For whom it would hold.
        scope: String,
    },
}

impl Refusal for Rejection {
    fn reason(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "INVALID_FIELD",
            Self::AlreadyRecorded { .. } => "HOLIDAY_NOTICE_ALREADY_RECORDED",
            Self::UnknownSuperseded { .. } => "HOLIDAY_NOTICE_NOT_FOUND",
        }
    }

    fn field(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "notice",
            Self::AlreadyRecorded { .. } => "notice.number",
            Self::UnknownSuperseded { .. } => "notice.supersedes_number",
        }
    }

    fn is_not_found(&self) -> bool {
        matches!(self, Self::UnknownSuperseded { .. })
    }
}

/// Decides on recording a notice: the one to record, or none if it is recorded so already.
///
/// # Errors
///
/// When the notice cannot be, contradicts one of its number that it does not say to supersede, or
/// supersedes one that is not recorded.
pub fn decide(notices: &Notices, command: RecordNotice) -> Result<Option<Notice>, Rejection> {
    let RecordNotice { notice, is_known_date_stated } = command;
    notice.check()?;
    if let Some(recorded) = notices.find(&notice.number, &notice.scope) {
        let mut stated = notice.clone();
        if !is_known_date_stated {
            stated.known_date = recorded.known_date;
        }
        let Some((what, recorded, stated)) = difference(recorded, &stated) else {
            return Ok(None);
        };
        if notice.supersedes.as_ref() != Some(&notice.number) {
            let (number, scope) = (notice.number.as_str().to_owned(), for_whom(&notice.scope));
            return Err(Rejection::AlreadyRecorded { number, scope, what, recorded, stated });
        }
    }
    let unknown = |number: &&_| notices.find(number, &notice.scope).is_none();
    if let Some(number) = notice.supersedes.as_ref().filter(unknown) {
        let (number, scope) = (number.as_str().to_owned(), for_whom(&notice.scope));
        return Err(Rejection::UnknownSuperseded { number, scope });
    }
    Ok(Some(notice))
}

/// The notices after one more.
#[must_use]
pub fn evolve(mut notices: Notices, notice: &Notice) -> Notices {
    notices.record(notice.clone());
    notices
}

fn for_whom(scope: &Scope) -> String {
    match scope {
        Scope::National => "for the whole country".to_owned(),
        Scope::Subtree(agency) => format!("for {agency} and all below it"),
    }
}

/// The first thing in which two notices of one number and scope differ, and how each has it.
fn difference(recorded: &Notice, stated: &Notice) -> Option<(&'static str, String, String)> {
    let of = |notice: &Notice| {
        let none = || "none".to_owned();
        let supersedes = notice.supersedes.as_ref().map(|number| number.as_str().to_owned());
        [
            ("title", notice.title.as_str().to_owned()),
            ("gazetted_date", notice.gazetted_date.to_string()),
            ("arrangements", lines(&notice.arrangements).unwrap_or_else(none)),
            ("settles", notice.settles.map_or_else(none, |range| range.to_string())),
            ("known_date", notice.known_date.to_string()),
            ("supersedes_number", supersedes.unwrap_or_else(none)),
        ]
    };
    let both = of(recorded).into_iter().zip(of(stated));
    both.map(|((what, recorded), (_, stated))| (what, recorded, stated))
        .find(|(_, recorded, stated)| recorded != stated)
}

fn lines(arrangements: &[Arrangement]) -> Option<String> {
    let lines: Vec<_> = arrangements.iter().map(ToString::to_string).collect();
    (!lines.is_empty()).then(|| lines.join("; "))
}

impl Scope {
    /// The agency for which and for all below which it holds; `None` for the whole country.
    #[must_use]
    pub const fn agency(&self) -> Option<&AgencyId> {
        match self {
            Self::National => None,
            Self::Subtree(agency) => Some(agency),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{LegalDate, ShortText};

    fn day(text: &str) -> LegalDate {
        LegalDate::new(text.parse().unwrap()).unwrap()
    }

    fn stated(notice: Notice) -> RecordNotice {
        RecordNotice { notice, is_known_date_stated: true }
    }

    fn built_in() -> (Notices, Notice) {
        let notices = Notices::built_in();
        let last = notices.iter().last().unwrap().clone();
        (notices, last)
    }

    #[test]
    fn what_is_built_in_says_nothing_new_whenever_it_became_known() {
        let (notices, _) = built_in();
        for notice in notices.iter() {
            assert_eq!(decide(&notices, stated(notice.clone())), Ok(None));
            let known_date = day("2030-01-01");
            let later = Notice { known_date, ..notice.clone() };
            let unstated = RecordNotice { notice: later.clone(), is_known_date_stated: false };
            assert_eq!(decide(&notices, unstated), Ok(None));
            let refused = decide(&notices, stated(later)).unwrap_err();
            assert_eq!(refused.reason(), "HOLIDAY_NOTICE_ALREADY_RECORDED");
        }
    }

    #[test]
    fn other_content_under_a_number_is_refused_naming_both() {
        let (notices, mut notice) = built_in();
        notice.arrangements.truncate(1);
        notice.arrangements[0].days_worked.clear();
        let refused = decide(&notices, stated(notice)).unwrap_err().to_string();
        for part in [
            "国办发明电〔2025〕7号 for the whole country is recorded with arrangements 元旦 off \
             2026-01-01..2026-01-03 work 2026-01-04; 春节 ",
            "; the request says 元旦 off 2026-01-01..2026-01-03.",
            "To replace it, name 国办发明电〔2025〕7号 in supersedes_number",
        ] {
            assert!(refused.contains(part), "{refused}");
        }
    }

    #[test]
    fn what_supersedes_replaces_as_a_whole_and_must_have_something_to_replace() {
        let (notices, old) = built_in();
        let number = |text| ShortText::parse(text).unwrap();
        let mut mended = Notice { supersedes: Some(old.number.clone()), ..old.clone() };
        mended.known_date = day("2026-03-01");
        mended.arrangements.retain(|said| said.occasion.as_str() != "国庆节");
        let recorded = decide(&notices, stated(mended.clone())).unwrap().unwrap();
        assert_eq!(recorded, mended);
        let after = evolve(notices.clone(), &recorded);
        assert_eq!(decide(&after, stated(mended.clone())), Ok(None));
        assert!(decide(&after, stated(old)).is_err(), "the former is no longer what is recorded");

        let other = Notice { number: number("国办发明电〔2026〕9号"), ..mended.clone() };
        let after = evolve(notices.clone(), &decide(&notices, stated(other)).unwrap().unwrap());
        let new_year = day("2026-10-01");
        assert!(after.calendar().is_working_day(new_year));
        assert!(!after.as_known_on(day("2026-02-28")).calendar().is_working_day(new_year));

        let ghost = Notice { supersedes: Some(number("无")), ..mended };
        let ghost = Notice { number: number("国办发明电〔2026〕9号"), ..ghost };
        assert_eq!(
            decide(&notices, stated(ghost)).unwrap_err().to_string(),
            "no notice 无 for the whole country is recorded that could be superseded"
        );
    }

    #[test]
    fn what_cannot_be_is_refused_before_all_else() {
        let (notices, mut notice) = built_in();
        notice.title = ShortText::default();
        let refused = decide(&notices, stated(notice)).unwrap_err();
        assert!(
            matches!(refused, Rejection::Invalid(InvalidNotice { ref field, .. }) if field == "title")
        );
    }
}
