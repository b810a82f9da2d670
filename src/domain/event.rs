//! One event of the register, whatever it happened to.

use jiff::civil::Date;

use super::{
    AgencyId, ApplicationId, CaseId, LegalDate, ShortText, agency, application, calendar,
    narrative, proactive, publication, remedy,
};

/// An event as the ledger records it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The agency whose register it belongs to, or below which a notice of working days holds;
    /// `None` only for a notice for the whole country.
    pub agency_id: Option<AgencyId>,
    /// Who recorded it, as the calling system names its users; may be empty.
    pub actor: ShortText,
    /// What happened.
    pub body: Body,
}

/// What happened, and to what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Something happened to the agency itself.
    Agency(agency::Event),
    /// Something happened to an application.
    Application(ApplicationId, application::Event),
    /// Something happened to a remedy case.
    Remedy(CaseId, remedy::Event),
    /// Figures of table two were declared.
    Figures(proactive::FiguresDeclared),
    /// A section of the report was written.
    Section(narrative::SectionSet),
    /// Something was published of a year, or submitted.
    Publication(publication::Event),
    /// A notice that fixes working days was recorded.
    Notice(Box<calendar::Notice>),
}

impl Body {
    /// The legal date on which it took effect.
    ///
    /// What concerns a whole year takes effect on its last day, a place in the hierarchy and
    /// a succession on the first day of its first year, a notice on the day of its publication.
    #[must_use]
    pub fn effective_date(&self) -> Date {
        let last_day = |year: super::ReportYear| jiff::civil::date(year.get(), 12, 31);
        match self {
            Self::Agency(
                agency::Event::Registered(agency::Register { from_year, .. })
                | agency::Event::Reparented(agency::Reparent { from_year, .. })
                | agency::Event::Succeeded(agency::Succession { from_year, .. }),
            ) => jiff::civil::date(*from_year, 1, 1),
            Self::Application(_, event) => LegalDate::date(event.effective_date()),
            Self::Remedy(_, event) => LegalDate::date(event.effective_date()),
            Self::Figures(declared) => last_day(declared.year),
            Self::Section(set) => last_day(set.year),
            Self::Publication(event) => event.effective_date().date(),
            Self::Notice(notice) => notice.gazetted_date.date(),
        }
    }
}
