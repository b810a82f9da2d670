//! Reconsideration and litigation over disclosure (行政复议、行政诉讼): the cases table four counts.

use super::{ApplicationId, LegalDate, Refusal, ShortText, vocabulary::vocabulary};

vocabulary! {
    /// The kind of a remedy: the three blocks of table four.
    pub enum RemedyKind {
        /// Administrative reconsideration (行政复议).
        Review = "review",
        /// Litigation without prior reconsideration (未经复议直接起诉).
        SuitDirect = "suit_direct",
        /// Litigation after reconsideration (复议后起诉).
        SuitAfterReview = "suit_after_review",
    }
}

vocabulary! {
    /// The result of a concluded remedy; a case without one is pending (尚未审结).
    pub enum RemedyResult {
        /// The agency's act stands (结果维持).
        Upheld = "upheld",
        /// The agency's act was corrected (结果纠正).
        Corrected = "corrected",
        /// Any other result (其他结果).
        Other = "other",
    }
}

/// An act upon a remedy case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Record that it was filed.
    File(File),
    /// Record how it ended.
    Conclude(Conclude),
}

/// Record that a case was filed (申请复议、起诉).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// What kind of case.
    pub kind: RemedyKind,
    /// The day on which it was filed.
    pub filing_date: LegalDate,
    /// The application it is about, if stated.
    pub application_id: Option<ApplicationId>,
}

/// Record how a case ended (审结).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conclude {
    /// Which kinds of case the caller means; a case of another kind is refused.
    pub kinds: &'static [RemedyKind],
    /// How it ended.
    pub result: RemedyResult,
    /// The day on which it ended.
    pub conclusion_date: LegalDate,
    /// The number of the decision or judgment, if stated.
    pub document_no: ShortText,
}

/// A fact about a remedy case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It was filed.
    Filed(Filed),
    /// It was concluded.
    Concluded(Concluded),
}

/// A case was filed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filed {
    /// What kind of case.
    pub kind: RemedyKind,
    /// The day on which it was filed.
    pub filing_date: LegalDate,
    /// The application it is about, if stated.
    pub application_id: Option<ApplicationId>,
}

/// A case was concluded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concluded {
    /// How it ended.
    pub result: RemedyResult,
    /// The day on which it ended.
    pub conclusion_date: LegalDate,
    /// The number of the decision or judgment, if stated.
    pub document_no: ShortText,
}

impl Event {
    /// The legal date on which the fact took effect.
    #[must_use]
    pub const fn effective_date(&self) -> LegalDate {
        match self {
            Self::Filed(filed) => filed.filing_date,
            Self::Concluded(concluded) => concluded.conclusion_date,
        }
    }
}

/// A case that has been filed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// What kind of case.
    pub kind: RemedyKind,
    /// The day on which it was filed.
    pub filing_date: LegalDate,
    /// The application it is about, if stated.
    pub application_id: Option<ApplicationId>,
    /// How it ended; `None` while it is pending.
    pub conclusion: Option<Concluded>,
}

/// Why an act upon a remedy case is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Nothing of this case is recorded.
    #[error("no such case has been filed")]
    NotFiled,
    /// The case is of another kind than the command means.
    #[error("the case on record is a {recorded}, not a {stated}")]
    OtherKind {
        /// The kind on record.
        recorded: RemedyKind,
        /// The kind the command means.
        stated: RemedyKind,
    },
    /// It was already filed, and the command says otherwise.
    #[error(
        "already filed on {recorded_date} as {recorded}{recorded_about}; the command says {stated_date}, {stated}{stated_about}"
    )]
    AlreadyFiled {
        /// The filing date on record.
        recorded_date: LegalDate,
        /// The kind on record.
        recorded: RemedyKind,
        /// The application on record, as a phrase, if it differs.
        recorded_about: String,
        /// The filing date stated.
        stated_date: LegalDate,
        /// The kind stated.
        stated: RemedyKind,
        /// The application stated, as a phrase, if it differs.
        stated_about: String,
    },
    /// A conclusion dated before the filing.
    #[error("the conclusion of {conclusion_date} comes before the filing on {filing_date}")]
    ConclusionBeforeFiling {
        /// The filing date.
        filing_date: LegalDate,
        /// The day of conclusion stated.
        conclusion_date: LegalDate,
    },
    /// A second conclusion.
    #[error(
        "already concluded on {recorded_date} as {recorded}; the command says {stated_date}, {stated}"
    )]
    AlreadyConcluded {
        /// The day on record.
        recorded_date: LegalDate,
        /// The result on record.
        recorded: RemedyResult,
        /// The day stated.
        stated_date: LegalDate,
        /// The result stated.
        stated: RemedyResult,
    },
}

impl Refusal for Rejection {
    fn reason(&self) -> &'static str {
        match self {
            Self::NotFiled => "CASE_NOT_FOUND",
            Self::OtherKind { .. } => "CASE_OF_OTHER_KIND",
            Self::AlreadyFiled { .. } => "CASE_ALREADY_FILED",
            Self::ConclusionBeforeFiling { .. } => "CONCLUSION_BEFORE_FILING",
            Self::AlreadyConcluded { .. } => "CASE_ALREADY_CONCLUDED",
        }
    }

    fn field(&self) -> &'static str {
        match self {
            Self::NotFiled | Self::OtherKind { .. } | Self::AlreadyFiled { .. } => "case_id",
            Self::ConclusionBeforeFiling { .. } => "conclusion_date",
            Self::AlreadyConcluded { .. } => "result",
        }
    }

    fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFiled)
    }
}

/// Decides on a command; one that says again what is recorded gives rise to no events.
///
/// # Errors
///
/// When the command contradicts what is recorded.
pub fn decide(state: Option<&Remedy>, command: Command) -> Result<Vec<Event>, Rejection> {
    match (state, command) {
        (None, Command::File(File { kind, filing_date, application_id })) => {
            Ok(vec![Event::Filed(Filed { kind, filing_date, application_id })])
        }
        (Some(remedy), Command::File(file)) => file_again(remedy, &file),
        (None, Command::Conclude(_)) => Err(Rejection::NotFiled),
        (Some(remedy), Command::Conclude(conclude)) => end(remedy, conclude),
    }
}

fn file_again(remedy: &Remedy, file: &File) -> Result<Vec<Event>, Rejection> {
    let other_application =
        file.application_id.is_some() && file.application_id != remedy.application_id;
    if remedy.kind == file.kind && remedy.filing_date == file.filing_date && !other_application {
        return Ok(Vec::new());
    }
    let about = |id: &Option<ApplicationId>| match id {
        _ if !other_application => String::new(),
        Some(id) => format!(" about application {id}"),
        None => " about no stated application".to_owned(),
    };
    Err(Rejection::AlreadyFiled {
        recorded_date: remedy.filing_date,
        recorded: remedy.kind,
        recorded_about: about(&remedy.application_id),
        stated_date: file.filing_date,
        stated: file.kind,
        stated_about: about(&file.application_id),
    })
}

fn end(remedy: &Remedy, conclude: Conclude) -> Result<Vec<Event>, Rejection> {
    let Conclude { kinds, result, conclusion_date, document_no } = conclude;
    if let (false, Some(&stated)) = (kinds.contains(&remedy.kind), kinds.first()) {
        return Err(Rejection::OtherKind { recorded: remedy.kind, stated });
    }
    match &remedy.conclusion {
        Some(recorded)
            if recorded.result == result && recorded.conclusion_date == conclusion_date =>
        {
            Ok(Vec::new())
        }
        Some(recorded) => Err(Rejection::AlreadyConcluded {
            recorded_date: recorded.conclusion_date,
            recorded: recorded.result,
            stated_date: conclusion_date,
            stated: result,
        }),
        None if conclusion_date < remedy.filing_date => Err(Rejection::ConclusionBeforeFiling {
            filing_date: remedy.filing_date,
            conclusion_date,
        }),
        None => Ok(vec![Event::Concluded(Concluded { result, conclusion_date, document_no })]),
    }
}

/// The state after one more event; `None` before the filing.
#[must_use]
pub fn evolve(state: Option<Remedy>, event: &Event) -> Option<Remedy> {
    match (state, event) {
        (None, Event::Filed(filed)) => Some(Remedy {
            kind: filed.kind,
            filing_date: filed.filing_date,
            application_id: filed.application_id.clone(),
            conclusion: None,
        }),
        (None, Event::Concluded(_)) => None,
        (Some(remedy), Event::Filed(_)) => Some(remedy),
        (Some(mut remedy), Event::Concluded(concluded)) => {
            remedy.conclusion.get_or_insert_with(|| concluded.clone());
            Some(remedy)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> LegalDate {
        LegalDate::new(text.parse().unwrap()).unwrap()
    }

    fn file(kind: RemedyKind) -> Command {
        Command::File(File { kind, filing_date: day("2020-05-06"), application_id: None })
    }

    fn conclude(kinds: &'static [RemedyKind], on: &str) -> Command {
        Command::Conclude(Conclude {
            kinds,
            result: RemedyResult::Upheld,
            conclusion_date: day(on),
            document_no: ShortText::default(),
        })
    }

    #[test]
    fn a_case_is_pending_until_concluded_and_concluded_once() {
        const REVIEW: &[RemedyKind] = &[RemedyKind::Review];
        const SUITS: &[RemedyKind] = &[RemedyKind::SuitDirect, RemedyKind::SuitAfterReview];
        let reason = |state: Option<&Remedy>, command| {
            decide(state, command).map(|events| events.len()).map_err(|r| r.reason())
        };
        assert_eq!(reason(None, conclude(REVIEW, "2020-06-01")), Err("CASE_NOT_FOUND"));
        let filed = decide(None, file(RemedyKind::Review)).unwrap();
        let pending = filed.iter().fold(None, evolve);
        let pending = pending.as_ref();
        assert_eq!(reason(pending, file(RemedyKind::Review)), Ok(0));
        assert_eq!(reason(pending, file(RemedyKind::SuitDirect)), Err("CASE_ALREADY_FILED"));
        assert_eq!(reason(pending, conclude(SUITS, "2020-06-01")), Err("CASE_OF_OTHER_KIND"));
        assert_eq!(
            reason(pending, conclude(REVIEW, "2020-05-05")),
            Err("CONCLUSION_BEFORE_FILING")
        );
        let concluded = decide(pending, conclude(REVIEW, "2020-06-01")).unwrap();
        let ended = concluded.iter().fold(pending.cloned(), evolve);
        assert_eq!(reason(ended.as_ref(), conclude(REVIEW, "2020-06-01")), Ok(0));
        assert_eq!(
            reason(ended.as_ref(), conclude(REVIEW, "2020-06-02")),
            Err("CASE_ALREADY_CONCLUDED")
        );
    }
}
