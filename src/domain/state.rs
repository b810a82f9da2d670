//! The state of whatever a stream is about, folded from its events.

use super::{
    Body, agency::Agency, agency::evolve as evolve_agency, application::Application,
    application::evolve as evolve_application, calendar, calendar::Notices, narrative, proactive,
    publication, remedy,
};

/// What a stream's subject is after its events so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// An agency, if registered.
    Agency(Option<Agency>),
    /// An application, if received.
    Application(Option<Application>),
    /// A case, if filed.
    Remedy(Option<remedy::Remedy>),
    /// The figures declared for a year.
    Figures(proactive::Figures),
    /// The sections written for a year.
    Narrative(narrative::Sections),
    /// What was published of a year.
    Publications(publication::Publications),
    /// The notices that fix working days; those that come with the program included.
    Calendar(Notices),
}

impl State {
    /// The state after one more event. An event of another subject changes nothing.
    #[must_use]
    pub fn evolve(self, body: &Body) -> Self {
        match (self, body) {
            (Self::Agency(state), Body::Agency(event)) => Self::Agency(evolve_agency(state, event)),
            (Self::Application(state), Body::Application(_, event)) => {
                Self::Application(evolve_application(state, event))
            }
            (Self::Remedy(state), Body::Remedy(_, event)) => {
                Self::Remedy(remedy::evolve(state, event))
            }
            (Self::Figures(figures), Body::Figures(event)) => {
                Self::Figures(proactive::evolve(figures, event))
            }
            (Self::Narrative(sections), Body::Section(event)) => {
                Self::Narrative(narrative::evolve(sections, event))
            }
            (Self::Publications(publications), Body::Publication(event)) => {
                Self::Publications(publication::evolve(publications, event))
            }
            (Self::Calendar(notices), Body::Notice(notice)) => {
                Self::Calendar(calendar::evolve(notices, notice))
            }
            (
                state @ (Self::Agency(_)
                | Self::Application(_)
                | Self::Remedy(_)
                | Self::Figures(_)
                | Self::Narrative(_)
                | Self::Publications(_)
                | Self::Calendar(_)),
                _,
            ) => state,
        }
    }
}
