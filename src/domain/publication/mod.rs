//! What was published of a year (公布), version by version, as it was and for ever.
//!
//! A published report is never edited. What happens later makes it differ from the register; a
//! further version says why, and leaves the earlier ones where they are.

mod decide;
mod event;

use std::{collections::BTreeMap, sync::Arc};

use super::{
    AgencyId, LegalDate,
    application::{ConclusionBasis, CountingPolicy, ReworkPolicy},
    narrative::Section,
    vocabulary::vocabulary,
};

pub use decide::{Command, Publish, Rejection, Submit, Take, decide};
pub use event::{DOCUMENT_PART_BYTES, DocumentKept, Event, Published, Submitted, Taken};

vocabulary! {
    /// Whose figures a report gives.
    pub enum Scope {
        /// The agency's own (本机关).
        Own = "own",
        /// The agency's and those of every agency below it in that year (汇总).
        Subtree = "subtree",
    }
}

impl Scope {
    /// The scope of a report with the agencies below, or without.
    #[must_use]
    pub const fn of(subtree: bool) -> Self {
        if subtree { Self::Subtree } else { Self::Own }
    }

    /// Whether the agencies below are added.
    #[must_use]
    pub const fn is_subtree(self) -> bool {
        matches!(self, Self::Subtree)
    }
}

/// Every cell of a report, by its permanent name; `None` is a blank. Amounts are in fen.
pub type Cells = BTreeMap<Box<str>, Option<i64>>;

/// The settings that were in force when a report was drawn up, by name.
pub type PolicySettings = BTreeMap<Box<str>, Box<str>>;

/// The settings of a policy of counting, by name.
#[must_use]
pub fn policy_settings(policy: CountingPolicy) -> PolicySettings {
    let CountingPolicy { rework_policy, conclusion_basis } = policy;
    [("rework_policy", rework_policy.key()), ("conclusion_basis", conclusion_basis.key())]
        .map(|(name, value)| (name.into(), value.into()))
        .into()
}

/// The policy of counting that settings stand for; the default for what they do not say.
#[must_use]
pub fn counting_policy(settings: &PolicySettings) -> CountingPolicy {
    let named = |name: &str| settings.get(name).map(|value| &**value);
    let default = CountingPolicy::default();
    CountingPolicy {
        rework_policy: named("rework_policy")
            .and_then(ReworkPolicy::from_key)
            .unwrap_or(default.rework_policy),
        conclusion_basis: named("conclusion_basis")
            .and_then(ConclusionBasis::from_key)
            .unwrap_or(default.conclusion_basis),
    }
}

/// A document of a version, by which its bytes are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentDigest {
    /// The key of the format, such as `html`.
    pub format: Box<str>,
    /// The media type.
    pub media_type: Box<str>,
    /// How many bytes it has.
    pub size: u64,
    /// Their SHA-256.
    pub sha256: [u8; 32],
}

/// What a check found in a report when it was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingKept {
    /// The check.
    pub id: Box<str>,
    /// How much it weighs: `error`, `warning` or `info`.
    pub severity: Box<str>,
    /// The cell or case at which it stands.
    pub place: Box<str>,
    /// What was wrong, in one sentence.
    pub message: Box<str>,
}

vocabulary! {
    /// What makes two readings of a report differ.
    pub enum CauseKind {
        /// An application counts otherwise (申请).
        Application = "application",
        /// A case of reconsideration or litigation counts otherwise (复议、诉讼案件).
        Case = "case",
        /// A figure of table two was declared or declared anew (主动公开数字).
        Figure = "figure",
        /// A section was written or rewritten (文字部分).
        Section = "section",
        /// An agency came under the reporting one, or left it (隶属关系).
        Membership = "membership",
        /// One of the two was drawn up by other rules of counting (统计口径).
        Policy = "policy",
        /// One of the two was taken in as given, and does not follow from the register (系统外年报).
        Given = "given",
    }
}

/// One cause of a difference between two readings of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// What kind of cause.
    pub kind: CauseKind,
    /// The agency in whose register it lies.
    pub agency_id: AgencyId,
    /// The application or case, the cell of table two, or the section; empty where the kind says it
    /// all.
    pub subject: Box<str>,
    /// By how much it moves which cells, by name. A cell that it only fills or blanks stands here
    /// with 0.
    pub moves: BTreeMap<Box<str>, i64>,
    /// The events behind it, in the order of the log.
    pub events: Vec<CauseEvent>,
}

/// An event behind a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CauseEvent {
    /// Its position in the log.
    pub position: u64,
    /// The name of what happened, such as `ApplicationDecided`.
    pub name: Box<str>,
    /// The legal date on which it took effect.
    pub date: LegalDate,
}

/// One version of a year's report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// What was published, or taken in.
    pub edition: Edition,
    /// When it was submitted to the office in charge, if that is recorded.
    pub submission: Option<Submitted>,
}

/// Where a version comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edition {
    /// Drawn up from the register.
    Published(Arc<Published>),
    /// Taken in as given; the register may know nothing of what it rests on.
    Taken(Arc<Taken>),
}

impl Version {
    /// Its number, from 1.
    #[must_use]
    pub fn number(&self) -> u32 {
        match &self.edition {
            Edition::Published(published) => published.version,
            Edition::Taken(taken) => taken.version,
        }
    }

    /// The day on which it was published.
    #[must_use]
    pub fn publication_date(&self) -> LegalDate {
        match &self.edition {
            Edition::Published(published) => published.publication_date,
            Edition::Taken(taken) => taken.publication_date,
        }
    }

    /// The position in the log that it was drawn up at; `None` if it was taken in as given.
    #[must_use]
    pub fn position(&self) -> Option<u64> {
        match &self.edition {
            Edition::Published(published) => Some(published.position),
            Edition::Taken(_) => None,
        }
    }

    /// The id of the form that it is on.
    #[must_use]
    pub fn form(&self) -> &str {
        match &self.edition {
            Edition::Published(published) => &published.form,
            Edition::Taken(taken) => &taken.form,
        }
    }

    /// Its cells.
    #[must_use]
    pub fn cells(&self) -> &Cells {
        match &self.edition {
            Edition::Published(published) => &published.cells,
            Edition::Taken(taken) => &taken.cells,
        }
    }

    /// The documents kept of it.
    #[must_use]
    pub fn documents(&self) -> &[DocumentDigest] {
        match &self.edition {
            Edition::Published(published) => &published.documents,
            Edition::Taken(taken) => &taken.documents,
        }
    }

    /// Why there is a version after the first.
    #[must_use]
    pub fn reasons(&self) -> &[super::ShortText] {
        match &self.edition {
            Edition::Published(published) => &published.reasons,
            Edition::Taken(taken) => &taken.reasons,
        }
    }
}

/// The versions of one agency's report for one year and scope, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Publications(Vec<Version>);

impl Publications {
    /// Every version.
    #[must_use]
    pub fn versions(&self) -> &[Version] {
        &self.0
    }

    /// The latest version.
    #[must_use]
    pub fn latest(&self) -> Option<&Version> {
        self.0.last()
    }

    /// The version with this number.
    #[must_use]
    pub fn version(&self, number: u32) -> Option<&Version> {
        self.0.iter().find(|version| version.number() == number)
    }

    fn next_number(&self) -> u32 {
        self.latest().map_or(0, Version::number).saturating_add(1)
    }
}

/// The versions after one more event.
#[must_use]
pub fn evolve(mut publications: Publications, event: &Event) -> Publications {
    let edition = match event {
        Event::Published(published) => Edition::Published(Arc::clone(published)),
        Event::Taken(taken) => Edition::Taken(Arc::clone(taken)),
        Event::DocumentKept(_) => return publications,
        Event::Submitted(submitted) => {
            let is_meant = |version: &&mut Version| version.number() == submitted.version;
            if let Some(version) = publications.0.iter_mut().find(is_meant) {
                version.submission = Some(submitted.clone());
            }
            return publications;
        }
    };
    publications.0.push(Version { edition, submission: None });
    publications
}

/// The key of a section under which a cause names it.
#[must_use]
pub fn section_subject(section: Section) -> Box<str> {
    section.key().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_what_its_settings_say() {
        for &rework_policy in ReworkPolicy::ALL {
            for &conclusion_basis in ConclusionBasis::ALL {
                let policy = CountingPolicy { rework_policy, conclusion_basis };
                assert_eq!(counting_policy(&policy_settings(policy)), policy);
            }
        }
        assert_eq!(counting_policy(&PolicySettings::new()), CountingPolicy::default());
    }
}
