//! Publishing a report: what is refused, and what says nothing new.

use std::sync::Arc;

use super::{
    Cause, Cells, DOCUMENT_PART_BYTES, DocumentDigest, DocumentKept, Edition, Event, FindingKept,
    PolicySettings, Publications, Published, Scope, Submitted, Taken, Version,
};
use crate::domain::{LegalDate, Refusal, ReportYear, ShortText, narrative::Sections};

/// An act upon the publications of a year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Publish a version drawn up from the register.
    Publish(Box<Publish>),
    /// Take in a report published elsewhere, as given.
    Take(Box<Take>),
    /// Record that a version was submitted to the office in charge.
    Submit(Submit),
}

/// Publish a version drawn up from the register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    /// The report year.
    pub year: ReportYear,
    /// Whose figures it gives.
    pub scope: Scope,
    /// The day of publication.
    pub publication_date: LegalDate,
    /// The day on which it was submitted to the office in charge, if stated.
    pub submission_date: Option<LegalDate>,
    /// The id of the form.
    pub form: Box<str>,
    /// The agency's name.
    pub agency_name: ShortText,
    /// How the public reaches it.
    pub contact: ShortText,
    /// The position that it was drawn up at.
    pub position: u64,
    /// The first position from there on at which events recorded together end.
    pub root_position: u64,
    /// The Merkle root there.
    pub root: [u8; 32],
    /// The settings by which it was counted.
    pub policy: PolicySettings,
    /// Every cell.
    pub cells: Cells,
    /// The sections.
    pub sections: Sections,
    /// What the checks found.
    pub findings: Vec<FindingKept>,
    /// The documents to keep, with their bytes.
    pub documents: Vec<(DocumentDigest, Arc<[u8]>)>,
    /// Why it is to be published although a check finds an error; empty if it is not to be.
    pub error_acceptance: ShortText,
    /// Why there is to be another version.
    pub reasons: Vec<ShortText>,
    /// The number of the version that the causes were sought from; 0 if there was none.
    pub after_version: u32,
    /// What makes it differ from that version.
    pub causes: Vec<Cause>,
}

/// Take in a report published elsewhere, as given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Take {
    /// The report year.
    pub year: ReportYear,
    /// Whose figures it gives.
    pub scope: Scope,
    /// The day on which it was published.
    pub publication_date: LegalDate,
    /// The id of the form that it is on.
    pub form: Box<str>,
    /// Where it was found.
    pub source: ShortText,
    /// Its cells.
    pub cells: Cells,
    /// The document that it was taken from, with its bytes.
    pub document: (DocumentDigest, Arc<[u8]>),
    /// Why there is to be another version.
    pub reasons: Vec<ShortText>,
}

/// Record that a version was submitted to the office in charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submit {
    /// The report year.
    pub year: ReportYear,
    /// Whose figures the report gives.
    pub scope: Scope,
    /// The version; `None` for the latest.
    pub version: Option<u32>,
    /// The day on which it was submitted.
    pub submission_date: LegalDate,
    /// To whom, if stated.
    pub recipient: ShortText,
}

impl Command {
    /// The report year and scope.
    #[must_use]
    pub fn about(&self) -> (ReportYear, Scope) {
        match self {
            Self::Publish(publish) => (publish.year, publish.scope),
            Self::Take(take) => (take.year, take.scope),
            Self::Submit(submit) => (submit.year, submit.scope),
        }
    }
}

/// Why an act upon publications is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// A date in or before the year that the report covers.
    #[error("the report for {year} covers the days up to {year}-12-31; {stated} is not after them")]
    YearNotOver {
        /// The report year.
        year: ReportYear,
        /// The date stated.
        stated: LegalDate,
        /// The field that states it.
        field: &'static str,
    },
    /// A date before that of the version before.
    #[error("version {version} was published on {recorded}; the next cannot be of {stated}")]
    BeforeVersion {
        /// The latest version.
        version: u32,
        /// Its date.
        recorded: LegalDate,
        /// The date stated.
        stated: LegalDate,
    },
    /// A check finds an error, and nobody answers for it.
    #[error(
        "the checks find {count} errors in the report, the first {first}; \
         correct them, or state in error_acceptance why it is published so"
    )]
    Errors {
        /// How many.
        count: usize,
        /// The first, with its place.
        first: String,
    },
    /// Another version without a reason.
    #[error("version {version} is published already; state in reasons why there is another")]
    ReasonMissing {
        /// The latest version.
        version: u32,
    },
    /// Nothing differs from the latest version but its date.
    #[error(
        "version {version}, published on {recorded}, says the same; there is nothing to restate"
    )]
    NothingNew {
        /// The latest version.
        version: u32,
        /// Its date.
        recorded: LegalDate,
    },
    /// Another version was published while this one was drawn up.
    #[error("version {version} was published meanwhile; look at it, and try again")]
    Overtaken {
        /// The latest version.
        version: u32,
    },
    /// No such version.
    #[error("no such version of the report for {year} is published")]
    NotPublished {
        /// The report year.
        year: ReportYear,
    },
    /// A second submission of a version, on another day or to somebody else.
    #[error("version {version} was submitted on {recorded}; the command says {stated}")]
    SubmittedOtherwise {
        /// The version.
        version: u32,
        /// The day on record.
        recorded: String,
        /// The day stated.
        stated: String,
    },
}

impl Refusal for Rejection {
    fn reason(&self) -> &'static str {
        match self {
            Self::YearNotOver { .. } => "REPORT_YEAR_NOT_OVER",
            Self::BeforeVersion { .. } => "PUBLICATION_BEFORE_LAST",
            Self::Errors { .. } => "REPORT_HAS_ERRORS",
            Self::ReasonMissing { .. } => "RESTATEMENT_REASON_MISSING",
            Self::NothingNew { .. } => "PUBLICATION_UNCHANGED",
            Self::Overtaken { .. } => "PUBLICATION_OVERTAKEN",
            Self::NotPublished { .. } => "PUBLICATION_NOT_FOUND",
            Self::SubmittedOtherwise { .. } => "SUBMISSION_RECORDED_OTHERWISE",
        }
    }

    fn field(&self) -> &'static str {
        match self {
            Self::YearNotOver { field, .. } => field,
            Self::BeforeVersion { .. } | Self::NothingNew { .. } => "publication_date",
            Self::Errors { .. } => "error_acceptance",
            Self::ReasonMissing { .. } => "reasons",
            Self::Overtaken { .. } => "year",
            Self::NotPublished { .. } => "version",
            Self::SubmittedOtherwise { .. } => "submission_date",
        }
    }

    fn is_not_found(&self) -> bool {
        matches!(self, Self::NotPublished { .. })
    }
}

/// Decides on an act: the events that it gives rise to, none if it says again what is recorded.
///
/// # Errors
///
/// When the report has errors that nobody answers for, or the act contradicts what is recorded.
pub fn decide(publications: &Publications, command: Command) -> Result<Vec<Event>, Rejection> {
    match command {
        Command::Publish(publish) => decide_publish(publications, *publish),
        Command::Take(take) => decide_take(publications, *take),
        Command::Submit(submit) => decide_submit(publications, submit),
    }
}

fn decide_publish(publications: &Publications, publish: Publish) -> Result<Vec<Event>, Rejection> {
    let Publish { year, scope, publication_date, .. } = publish;
    after_year(year, publication_date, "publication_date")?;
    if let Some(date) = publish.submission_date {
        after_year(year, date, "submission_date")?;
    }
    let latest = publications.latest();
    if let Some(latest) = latest
        && publish.says_again(latest)
    {
        return said_again(latest, publication_date);
    }
    if latest.map_or(0, Version::number) != publish.after_version {
        return Err(Rejection::Overtaken { version: latest.map_or(0, Version::number) });
    }
    follows(latest, publication_date, &publish.reasons)?;
    let errors: Vec<_> =
        publish.findings.iter().filter(|found| &*found.severity == "error").collect();
    if let Some(first) = errors.first()
        && publish.error_acceptance.is_empty()
    {
        let first = format!("{} at {}", first.id, first.place);
        return Err(Rejection::Errors { count: errors.len(), first });
    }
    let has_errors = !errors.is_empty();
    let version = publications.next_number();
    let kept = parts(year, scope, version, publication_date, &publish.documents);
    let submitted = publish.submission_date.map(|submission_date| {
        let recipient = ShortText::default();
        Event::Submitted(Submitted { year, scope, version, submission_date, recipient })
    });
    let published = Published {
        year,
        scope,
        version,
        publication_date,
        form: publish.form,
        agency_name: publish.agency_name,
        contact: publish.contact,
        position: publish.position,
        root_position: publish.root_position,
        root: publish.root,
        policy: publish.policy,
        cells: publish.cells,
        sections: publish.sections,
        findings: publish.findings,
        documents: publish.documents.into_iter().map(|(digest, _)| digest).collect(),
        error_acceptance: if has_errors { publish.error_acceptance } else { ShortText::default() },
        reasons: publish.reasons,
        causes: publish.causes,
    };
    let published = Event::Published(Arc::new(published));
    Ok([published].into_iter().chain(kept).chain(submitted).collect())
}

fn decide_take(publications: &Publications, take: Take) -> Result<Vec<Event>, Rejection> {
    let Take { year, scope, publication_date, .. } = take;
    after_year(year, publication_date, "publication_date")?;
    let latest = publications.latest();
    if let Some(latest) = latest
        && let Edition::Taken(recorded) = &latest.edition
        && (&recorded.form, &recorded.cells, &recorded.source)
            == (&take.form, &take.cells, &take.source)
    {
        return said_again(latest, publication_date);
    }
    follows(latest, publication_date, &take.reasons)?;
    let version = publications.next_number();
    let kept = parts(year, scope, version, publication_date, std::slice::from_ref(&take.document));
    let (digest, _) = take.document;
    let taken = Taken {
        year,
        scope,
        version,
        publication_date,
        form: take.form,
        source: take.source,
        cells: take.cells,
        documents: vec![digest],
        reasons: take.reasons,
    };
    Ok([Event::Taken(Arc::new(taken))].into_iter().chain(kept).collect())
}

fn decide_submit(publications: &Publications, submit: Submit) -> Result<Vec<Event>, Rejection> {
    let Submit { year, scope, version, submission_date, recipient } = submit;
    after_year(year, submission_date, "submission_date")?;
    let meant = match version {
        None => publications.latest(),
        Some(number) => publications.version(number),
    };
    let meant = meant.ok_or(Rejection::NotPublished { year })?;
    let version = meant.number();
    let submitted = Submitted { year, scope, version, submission_date, recipient };
    match &meant.submission {
        None => Ok(vec![Event::Submitted(submitted)]),
        Some(recorded) if *recorded == submitted => Ok(Vec::new()),
        Some(recorded) => {
            let (recorded, stated) = (recorded.said(), submitted.said());
            Err(Rejection::SubmittedOtherwise { version, recorded, stated })
        }
    }
}

impl Publish {
    /// Whether it says what a version says.
    fn says_again(&self, version: &Version) -> bool {
        let Edition::Published(recorded) = &version.edition else { return false };
        (&recorded.form, &recorded.agency_name, &recorded.contact)
            == (&self.form, &self.agency_name, &self.contact)
            && (&recorded.cells, &recorded.sections, &recorded.policy)
                == (&self.cells, &self.sections, &self.policy)
    }
}

impl Submitted {
    fn said(&self) -> String {
        let to = if self.recipient.is_empty() { "" } else { " to " };
        format!("{}{to}{}", self.submission_date, self.recipient.as_str())
    }
}

/// The year must be over before anything is published of it.
fn after_year(year: ReportYear, stated: LegalDate, field: &'static str) -> Result<(), Rejection> {
    if stated.year() > year.get() {
        Ok(())
    } else {
        Err(Rejection::YearNotOver { year, stated, field })
    }
}

/// What says the same on the same day changes nothing; on another day it is no further version.
fn said_again(latest: &Version, stated: LegalDate) -> Result<Vec<Event>, Rejection> {
    let (version, recorded) = (latest.number(), latest.publication_date());
    if recorded == stated {
        Ok(Vec::new())
    } else {
        Err(Rejection::NothingNew { version, recorded })
    }
}

/// A version after another needs a reason, and is not older.
fn follows(
    latest: Option<&Version>,
    stated: LegalDate,
    reasons: &[ShortText],
) -> Result<(), Rejection> {
    let Some(latest) = latest else { return Ok(()) };
    let (version, recorded) = (latest.number(), latest.publication_date());
    if stated < recorded {
        return Err(Rejection::BeforeVersion { version, recorded, stated });
    }
    if reasons.iter().all(ShortText::is_empty) {
        return Err(Rejection::ReasonMissing { version });
    }
    Ok(())
}

/// The events that keep documents.
fn parts(
    year: ReportYear,
    scope: Scope,
    version: u32,
    publication_date: LegalDate,
    documents: &[(DocumentDigest, Arc<[u8]>)],
) -> Vec<Event> {
    let parts = documents.iter().flat_map(|(digest, bytes)| {
        (1..).zip(bytes.chunks(DOCUMENT_PART_BYTES)).map(|(part, content)| {
            let (format, content) = (digest.format.clone(), content.into());
            let kept =
                DocumentKept { year, scope, version, publication_date, format, part, content };
            Event::DocumentKept(kept)
        })
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::{super::evolve, *};

    fn day(text: &str) -> LegalDate {
        LegalDate::new(text.parse().unwrap()).unwrap()
    }

    fn short(text: &str) -> ShortText {
        ShortText::parse(text).unwrap()
    }

    fn year() -> ReportYear {
        ReportYear::new(2022).unwrap()
    }

    fn document(bytes: usize) -> (DocumentDigest, Arc<[u8]>) {
        let digest = DocumentDigest {
            format: "json".into(),
            media_type: "application/json".into(),
            size: bytes as u64,
            sha256: [0; 32],
        };
        (digest, vec![7; bytes].into())
    }

    /// A report with this many granted applications, drawn up after a version.
    fn publish(on: &str, granted: i64, after_version: u32) -> Publish {
        Publish {
            year: year(),
            scope: Scope::Own,
            publication_date: day(on),
            submission_date: None,
            form: "2021".into(),
            agency_name: short("某局"),
            contact: ShortText::default(),
            position: 9,
            root_position: 9,
            root: [1; 32],
            policy: PolicySettings::new(),
            cells: [("applications.granted.total".into(), Some(granted))].into(),
            sections: Sections::new(),
            findings: Vec::new(),
            documents: vec![document(10)],
            error_acceptance: ShortText::default(),
            reasons: Vec::new(),
            after_version,
            causes: Vec::new(),
        }
    }

    fn restate(on: &str, granted: i64, after_version: u32) -> Publish {
        Publish { reasons: vec![short("漏报一件")], ..publish(on, granted, after_version) }
    }

    fn take(on: &str, granted: i64) -> Command {
        Command::Take(Box::new(Take {
            year: year(),
            scope: Scope::Own,
            publication_date: day(on),
            form: "2021".into(),
            source: short("门户网站"),
            cells: [("applications.granted.total".into(), Some(granted))].into(),
            document: document(DOCUMENT_PART_BYTES + 1),
            reasons: Vec::new(),
        }))
    }

    fn submit(version: Option<u32>, on: &str) -> Command {
        let (year, scope, recipient) = (year(), Scope::Own, ShortText::default());
        Command::Submit(Submit { year, scope, version, submission_date: day(on), recipient })
    }

    fn after(commands: impl IntoIterator<Item = Command>) -> Publications {
        commands.into_iter().fold(Publications::default(), |publications, command| {
            let events = decide(&publications, command).unwrap();
            events.iter().fold(publications, evolve)
        })
    }

    fn published(publish: Publish) -> Command {
        Command::Publish(Box::new(publish))
    }

    #[track_caller]
    fn refused(publications: &Publications, command: Command) -> &'static str {
        decide(publications, command).unwrap_err().reason()
    }

    #[test]
    fn versions_are_numbered_and_the_earlier_ones_stay() {
        let first = published(publish("2023-01-20", 5, 0));
        let publications = after([first, published(restate("2023-03-01", 6, 1))]);
        let granted = |version: &Version| version.cells()["applications.granted.total"];
        let said: Vec<_> =
            publications.versions().iter().map(|v| (v.number(), granted(v))).collect();
        assert_eq!(said, [(1, Some(5)), (2, Some(6))]);
    }

    #[test]
    fn a_further_version_needs_a_reason_and_a_difference() {
        let publications = after([published(publish("2023-01-20", 5, 0))]);
        let again = published(publish("2023-01-20", 5, 0));
        assert_eq!(decide(&publications, again), Ok(Vec::new()));
        for (command, reason) in [
            (restate("2023-02-20", 5, 1), "PUBLICATION_UNCHANGED"),
            (publish("2023-02-20", 6, 1), "RESTATEMENT_REASON_MISSING"),
            (restate("2023-02-20", 6, 0), "PUBLICATION_OVERTAKEN"),
            (restate("2023-01-19", 6, 1), "PUBLICATION_BEFORE_LAST"),
        ] {
            assert_eq!(refused(&publications, published(command)), reason);
        }
    }

    #[test]
    fn nothing_is_published_of_a_year_that_is_not_over() {
        let early = published(publish("2022-12-31", 5, 0));
        assert_eq!(refused(&Publications::default(), early), "REPORT_YEAR_NOT_OVER");
        assert_eq!(
            refused(&Publications::default(), take("2022-12-31", 5)),
            "REPORT_YEAR_NOT_OVER"
        );
    }

    #[test]
    fn an_error_has_to_be_answered_for() {
        let found = |severity: &str| FindingKept {
            id: "T3.CARRY".into(),
            severity: severity.into(),
            place: "applications.carried_in.total".into(),
            message: "不一致".into(),
        };
        let mut command = publish("2023-01-20", 5, 0);
        command.findings = vec![found("warning"), found("error")];
        let nothing = Publications::default();
        assert_eq!(refused(&nothing, published(command.clone())), "REPORT_HAS_ERRORS");
        command.error_acceptance = short("上年度年报将更正");
        assert_eq!(decide(&nothing, published(command)).unwrap().len(), 2);
    }

    #[test]
    fn a_document_is_kept_in_parts() {
        let events = decide(&Publications::default(), take("2023-01-20", 5)).unwrap();
        let sizes: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                Event::DocumentKept(kept) => Some((kept.part, kept.content.len())),
                Event::Published(_) | Event::Taken(_) | Event::Submitted(_) => None,
            })
            .collect();
        assert_eq!(sizes, [(1, DOCUMENT_PART_BYTES), (2, 1)]);
    }

    #[test]
    fn a_report_is_taken_in_once() {
        let publications = after([take("2023-01-20", 5)]);
        assert_eq!(decide(&publications, take("2023-01-20", 5)), Ok(Vec::new()));
        assert_eq!(refused(&publications, take("2023-01-20", 6)), "RESTATEMENT_REASON_MISSING");
        assert_eq!(publications.latest().unwrap().position(), None);
    }

    #[test]
    fn a_version_is_submitted_once() {
        let first = published(publish("2023-01-20", 5, 0));
        let publications = after([first, submit(None, "2023-01-30")]);
        assert_eq!(decide(&publications, submit(Some(1), "2023-01-30")), Ok(Vec::new()));
        for (version, on, reason) in [
            (Some(1), "2023-01-31", "SUBMISSION_RECORDED_OTHERWISE"),
            (Some(2), "2023-01-31", "PUBLICATION_NOT_FOUND"),
            (None, "2022-01-31", "REPORT_YEAR_NOT_OVER"),
        ] {
            assert_eq!(refused(&publications, submit(version, on)), reason);
        }
        let at_once =
            Publish { submission_date: Some(day("2023-01-21")), ..publish("2023-01-20", 5, 0) };
        let publications = after([published(at_once)]);
        let submission = publications.latest().unwrap().submission.as_ref().unwrap();
        assert_eq!(submission.submission_date, day("2023-01-21"));
    }
}
