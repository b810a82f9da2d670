//! Domain events as recorded bytes, and back.
//!
//! What is written is written for ever: bytes once recorded are never re-encoded, and a body that
//! this version does not know is refused, never skipped.

use prost::Message;

use super::{
    application::{arrival, decode_arrival, encode_proceeding, proceeding_type},
    date::{InvalidDate, civil_date, legal_date},
    notice::{decode_notice, encode_notice},
    pb::event::v1::{self as pb, event_envelope::Body as Wire},
    publication::{decode_publication, encode_publication},
    succession::{decode_succession, encode_succession},
    vocabulary::{Coded, UnknownValue},
};
use crate::domain::{
    AgencyId, ApplicationId, Body, CaseId, Event, InvalidId, InvalidText, LegalDate, LongText,
    ReportYear, ShortText, YearWithoutForm, agency, application, calendar, narrative, proactive,
    publication, remedy,
};

/// Recorded bytes that this version cannot read as an event.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Not an envelope at all.
    #[error("recorded bytes are not an event envelope")]
    Envelope(#[from] prost::DecodeError),
    /// A body that is missing or from a newer version.
    #[error("the event has no body that this version knows")]
    UnknownBody,
    /// A required value is absent.
    #[error("the event lacks {0}")]
    Missing(&'static str),
    /// An identifier that cannot be.
    #[error(transparent)]
    Id(#[from] InvalidId),
    /// A text that cannot be.
    #[error(transparent)]
    Text(#[from] InvalidText),
    /// A date that cannot be.
    #[error(transparent)]
    Date(#[from] InvalidDate),
    /// A value of a list that this version does not know.
    #[error(transparent)]
    Value(#[from] UnknownValue),
    /// A digest that is not 32 bytes long.
    #[error("a digest has {0} bytes, not 32")]
    Digest(usize),
    /// A report year that cannot be.
    #[error(transparent)]
    Year(#[from] YearWithoutForm),
}

/// The full name of the message that carries a body, by which a log can be filtered undecoded.
#[must_use]
pub const fn event_type(body: &Body) -> &'static str {
    match body {
        Body::Agency(agency::Event::Registered(_)) => "disclosure.event.v1.AgencyRegistered",
        Body::Agency(agency::Event::Reparented(_)) => "disclosure.event.v1.AgencyReparented",
        Body::Agency(agency::Event::Succeeded(_)) => "disclosure.event.v1.AgencySucceeded",
        Body::Application(_, event) => match event {
            application::Event::Received(_) => "disclosure.event.v1.ApplicationReceived",
            application::Event::Decided(_) => "disclosure.event.v1.ApplicationDecided",
            application::Event::Withdrawn(_) => "disclosure.event.v1.ApplicationWithdrawn",
            application::Event::EntryCorrected(_) => {
                "disclosure.event.v1.ApplicationEntryCorrected"
            }
            application::Event::Proceeding(step) => proceeding_type(step),
            application::Event::Reopened(_) => "disclosure.event.v1.ApplicationReopened",
            application::Event::EntryVoided(_) => "disclosure.event.v1.ApplicationEntryVoided",
        },
        Body::Remedy(_, remedy::Event::Filed(_)) => "disclosure.event.v1.RemedyFiled",
        Body::Remedy(_, remedy::Event::Concluded(_)) => "disclosure.event.v1.RemedyConcluded",
        Body::Figures(_) => "disclosure.event.v1.ProactiveFiguresDeclared",
        Body::Section(_) => "disclosure.event.v1.NarrativeSectionSet",
        Body::Publication(event) => match event {
            publication::Event::Published(_) => "disclosure.event.v1.ReportPublished",
            publication::Event::DocumentKept(_) => "disclosure.event.v1.PublishedDocumentKept",
            publication::Event::Taken(_) => "disclosure.event.v1.PublishedReportTaken",
            publication::Event::Submitted(_) => "disclosure.event.v1.ReportSubmitted",
        },
        Body::Notice(_) => "disclosure.event.v1.HolidayNoticeRecorded",
    }
}

/// The bytes to record for an event.
#[must_use]
pub fn encode(event: &Event) -> Vec<u8> {
    let subject_id = match &event.body {
        Body::Application(id, _) => id.to_string(),
        Body::Remedy(id, _) => id.to_string(),
        Body::Agency(_)
        | Body::Figures(_)
        | Body::Section(_)
        | Body::Publication(_)
        | Body::Notice(_) => String::new(),
    };
    let envelope = pb::EventEnvelope {
        agency_id: event.agency_id.as_ref().map(ToString::to_string).unwrap_or_default(),
        subject_id,
        effective_date: Some(civil_date(event.body.effective_date())),
        actor: event.actor.as_str().to_owned(),
        body: Some(encode_body(&event.body)),
    };
    envelope.encode_to_vec()
}

fn encode_body(body: &Body) -> Wire {
    match body {
        Body::Agency(event) => encode_agency(event),
        Body::Application(_, event) => encode_application(event),
        Body::Remedy(_, event) => encode_remedy(event),
        Body::Figures(declared) => Wire::ProactiveFiguresDeclared(pb::ProactiveFiguresDeclared {
            year: declared.year.get().into(),
            figures: declared
                .figures
                .iter()
                .map(|(cell, &value)| pb::Figure { cell: cell.clone(), value })
                .collect(),
        }),
        Body::Section(set) => Wire::NarrativeSectionSet(pb::NarrativeSectionSet {
            year: set.year.get().into(),
            section: set.section.code(),
            text: set.text.as_str().to_owned(),
        }),
        Body::Publication(event) => encode_publication(event),
        Body::Notice(notice) => Wire::HolidayNoticeRecorded(encode_notice(notice)),
    }
}

fn encode_agency(event: &agency::Event) -> Wire {
    let id = |parent: &Option<AgencyId>| parent.as_ref().map(ToString::to_string);
    match event {
        agency::Event::Registered(register) => Wire::AgencyRegistered(pb::AgencyRegistered {
            name: register.name.as_str().to_owned(),
            parent_id: id(&register.parent).unwrap_or_default(),
            from_year: register.from_year.into(),
            contact: register.contact.as_str().to_owned(),
        }),
        agency::Event::Reparented(reparent) => Wire::AgencyReparented(pb::AgencyReparented {
            parent_id: id(&reparent.parent).unwrap_or_default(),
            from_year: reparent.from_year.into(),
        }),
        agency::Event::Succeeded(succession) => {
            Wire::AgencySucceeded(encode_succession(succession))
        }
    }
}

fn encode_application(event: &application::Event) -> Wire {
    let date = |date: Option<LegalDate>| date.map(|date| civil_date(date.date()));
    match event {
        application::Event::Received(received) => {
            Wire::ApplicationReceived(pb::ApplicationReceived {
                applicant_kind: received.applicant_kind.code(),
                channel: Coded::code_of(received.channel),
                applicant_ref: received.applicant_ref.as_str().to_owned(),
                arrival: received.arrival.map(arrival),
            })
        }
        application::Event::Decided(decided) => Wire::ApplicationDecided(pb::ApplicationDecided {
            disposition: decided.disposition.code(),
            document_no: decided.document_no.as_str().to_owned(),
            // The effective date of the envelope is that of the delivery, then.
            decision_date: date(decided.delivery.date.map(|_| decided.decision_date)),
            delivery_method: Coded::code_of(decided.delivery.method),
        }),
        application::Event::Withdrawn(_) => Wire::ApplicationWithdrawn(pb::ApplicationWithdrawn {}),
        application::Event::EntryCorrected(corrected) => {
            Wire::ApplicationEntryCorrected(pb::ApplicationEntryCorrected {
                applicant_kind: Coded::code_of(corrected.applicant_kind),
                receipt_date: date(corrected.receipt_date),
                channel: Coded::code_of(corrected.channel),
                conclusion_date: date(corrected.conclusion_date),
                disposition: Coded::code_of(corrected.disposition),
                document_no: corrected.document_no.as_ref().map(|no| no.as_str().to_owned()),
                explanation: corrected.explanation.as_str().to_owned(),
            })
        }
        application::Event::Proceeding(step) => encode_proceeding(step),
        application::Event::Reopened(reopened) => {
            Wire::ApplicationReopened(pb::ApplicationReopened {
                explanation: reopened.explanation.as_str().to_owned(),
            })
        }
        application::Event::EntryVoided(voided) => {
            Wire::ApplicationEntryVoided(pb::ApplicationEntryVoided {
                explanation: voided.explanation.as_str().to_owned(),
            })
        }
    }
}

fn encode_remedy(event: &remedy::Event) -> Wire {
    match event {
        remedy::Event::Filed(filed) => Wire::RemedyFiled(pb::RemedyFiled {
            kind: filed.kind.code(),
            application_id: filed
                .application_id
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
        }),
        remedy::Event::Concluded(concluded) => Wire::RemedyConcluded(pb::RemedyConcluded {
            result: concluded.result.code(),
            document_no: concluded.document_no.as_str().to_owned(),
        }),
    }
}

/// The event that recorded bytes hold.
///
/// # Errors
///
/// When the bytes are damaged, or were written by a version that knows more.
pub fn decode(bytes: &[u8]) -> Result<Event, DecodeError> {
    let envelope = pb::EventEnvelope::decode(bytes)?;
    let date = envelope.effective_date.ok_or(DecodeError::Missing("its effective date"))?;
    let header = Header {
        agency_id: &envelope.agency_id,
        subject_id: &envelope.subject_id,
        effective_date: legal_date(date)?,
    };
    let event = Event {
        agency_id: optional_agency(&envelope.agency_id)?,
        actor: ShortText::parse(&envelope.actor)?,
        body: header.decode_body(envelope.body.ok_or(DecodeError::UnknownBody)?)?,
    };
    if event.agency_id.is_none() && !matches!(event.body, Body::Notice(_)) {
        AgencyId::parse(&envelope.agency_id)?;
    }
    Ok(event)
}

/// What the envelope says besides the body, and bodies rest on.
pub(super) struct Header<'a> {
    pub(super) agency_id: &'a str,
    pub(super) subject_id: &'a str,
    pub(super) effective_date: LegalDate,
}

impl Header<'_> {
    fn decode_body(&self, body: Wire) -> Result<Body, DecodeError> {
        Ok(match body {
            Wire::AgencyRegistered(registered) => {
                Body::Agency(agency::Event::Registered(agency::Register {
                    name: ShortText::parse(&registered.name)?,
                    contact: ShortText::parse(&registered.contact)?,
                    parent: optional_agency(&registered.parent_id)?,
                    from_year: calendar_year(registered.from_year)?,
                }))
            }
            Wire::AgencyReparented(reparented) => {
                Body::Agency(agency::Event::Reparented(agency::Reparent {
                    parent: optional_agency(&reparented.parent_id)?,
                    from_year: calendar_year(reparented.from_year)?,
                }))
            }
            Wire::AgencySucceeded(succeeded) => {
                Body::Agency(agency::Event::Succeeded(decode_succession(&succeeded)?))
            }
            Wire::ApplicationReceived(received) => self.application(self.received(&received)?)?,
            Wire::ApplicationDecided(decided) => self.application(self.decided(&decided)?)?,
            Wire::ApplicationWithdrawn(pb::ApplicationWithdrawn {}) => {
                let withdrawal_date = self.effective_date;
                self.application(application::Event::Withdrawn(application::Withdrawn {
                    withdrawal_date,
                }))?
            }
            Wire::ApplicationEntryCorrected(corrected) => {
                self.application(self.corrected(&corrected)?)?
            }
            Wire::ApplicationReopened(reopened) => self.application(self.reopened(&reopened)?)?,
            Wire::ApplicationEntryVoided(voided) => self.application(self.voided(&voided)?)?,
            Wire::CorrectionRequested(body) => self.step(self.correction_requested(&body)?)?,
            Wire::CorrectionReceived(pb::CorrectionReceived {}) => {
                let corrected_date = self.effective_date;
                self.step(application::CorrectionReceived { corrected_date })?
            }
            Wire::ThirdPartyConsulted(body) => self.step(self.third_party_consulted(body)?)?,
            Wire::ThirdPartyOpinionReceived(body) => self.step(self.third_party_opinion(body)?)?,
            Wire::AgencyConsulted(body) => self.step(self.agency_consulted(body)?)?,
            Wire::AgencyOpinionReceived(body) => self.step(self.agency_opinion(body)?)?,
            Wire::DeadlineExtended(body) => self.step(self.deadline_extended(&body)?)?,
            Wire::ReasonsRequested(body) => self.step(self.reasons_requested(&body)?)?,
            Wire::ReasonsReceived(pb::ReasonsReceived {}) => {
                self.step(application::ReasonsReceived { answer_date: self.effective_date })?
            }
            Wire::ReplyPostponed(body) => self.step(self.reply_postponed(&body)?)?,
            Wire::FeeNotified(body) => self.step(self.fee_notified(body)?)?,
            Wire::FeePaid(pb::FeePaid {}) => {
                self.step(application::FeePaid { payment_date: self.effective_date })?
            }
            Wire::DecisionAmended(body) => self.step(self.decision_amended(&body)?)?,
            Wire::RemedyFiled(filed) => self.remedy(self.filed(&filed)?)?,
            Wire::RemedyConcluded(concluded) => self.remedy(self.concluded(&concluded)?)?,
            Wire::ProactiveFiguresDeclared(declared) => Body::Figures(proactive::FiguresDeclared {
                year: ReportYear::new(declared.year)?,
                figures: declared.figures.into_iter().map(|f| (f.cell, f.value)).collect(),
            }),
            Wire::NarrativeSectionSet(set) => Body::Section(narrative::SectionSet {
                year: ReportYear::new(set.year)?,
                section: required(set.section, "its section")?,
                text: LongText::parse(&set.text)?,
            }),
            published @ (Wire::ReportPublished(_)
            | Wire::PublishedDocumentKept(_)
            | Wire::PublishedReportTaken(_)
            | Wire::ReportSubmitted(_)) => {
                Body::Publication(decode_publication(published, self.effective_date)?)
            }
            Wire::HolidayNoticeRecorded(recorded) => self.notice(&recorded)?,
        })
    }

    fn notice(&self, recorded: &pb::HolidayNoticeRecorded) -> Result<Body, DecodeError> {
        let scope = optional_agency(self.agency_id)?;
        let scope = scope.map_or(calendar::Scope::National, calendar::Scope::Subtree);
        Ok(Body::Notice(Box::new(decode_notice(recorded, scope, self.effective_date)?)))
    }

    fn application(&self, event: application::Event) -> Result<Body, DecodeError> {
        Ok(Body::Application(ApplicationId::parse(self.subject_id)?, event))
    }

    fn step(&self, step: impl Into<application::Proceeding>) -> Result<Body, DecodeError> {
        self.application(application::Event::Proceeding(step.into()))
    }

    fn remedy(&self, event: remedy::Event) -> Result<Body, DecodeError> {
        Ok(Body::Remedy(CaseId::parse(self.subject_id)?, event))
    }

    fn received(
        &self,
        received: &pb::ApplicationReceived,
    ) -> Result<application::Event, DecodeError> {
        Ok(application::Event::Received(application::Received {
            applicant_kind: required(received.applicant_kind, "its applicant kind")?,
            receipt_date: self.effective_date,
            channel: Coded::from_code(received.channel)?,
            applicant_ref: ShortText::parse(&received.applicant_ref)?,
            arrival: received.arrival.map(decode_arrival).transpose()?,
        }))
    }

    fn decided(&self, decided: &pb::ApplicationDecided) -> Result<application::Event, DecodeError> {
        let decision_date = decided.decision_date.map(legal_date).transpose()?;
        Ok(application::Event::Decided(application::Decided {
            disposition: required(decided.disposition, "its disposition")?,
            decision_date: decision_date.unwrap_or(self.effective_date),
            document_no: ShortText::parse(&decided.document_no)?,
            delivery: application::Delivery {
                method: Coded::from_code(decided.delivery_method)?,
                date: decision_date.map(|_| self.effective_date),
            },
        }))
    }

    fn corrected(
        &self,
        corrected: &pb::ApplicationEntryCorrected,
    ) -> Result<application::Event, DecodeError> {
        let document_no = corrected.document_no.as_deref();
        Ok(application::Event::EntryCorrected(application::EntryCorrected {
            correction_date: self.effective_date,
            applicant_kind: Coded::from_code(corrected.applicant_kind)?,
            receipt_date: corrected.receipt_date.map(legal_date).transpose()?,
            channel: Coded::from_code(corrected.channel)?,
            conclusion_date: corrected.conclusion_date.map(legal_date).transpose()?,
            disposition: Coded::from_code(corrected.disposition)?,
            document_no: document_no.map(ShortText::parse).transpose()?,
            explanation: ShortText::parse(&corrected.explanation)?,
        }))
    }

    fn reopened(
        &self,
        reopened: &pb::ApplicationReopened,
    ) -> Result<application::Event, DecodeError> {
        Ok(application::Event::Reopened(application::Reopened {
            reopening_date: self.effective_date,
            explanation: ShortText::parse(&reopened.explanation)?,
        }))
    }

    fn voided(
        &self,
        voided: &pb::ApplicationEntryVoided,
    ) -> Result<application::Event, DecodeError> {
        Ok(application::Event::EntryVoided(application::EntryVoided {
            void_date: self.effective_date,
            explanation: ShortText::parse(&voided.explanation)?,
        }))
    }

    fn filed(&self, filed: &pb::RemedyFiled) -> Result<remedy::Event, DecodeError> {
        let application_id = match filed.application_id.as_str() {
            "" => None,
            id => Some(ApplicationId::parse(id)?),
        };
        Ok(remedy::Event::Filed(remedy::Filed {
            kind: required(filed.kind, "its kind")?,
            filing_date: self.effective_date,
            application_id,
        }))
    }

    fn concluded(&self, concluded: &pb::RemedyConcluded) -> Result<remedy::Event, DecodeError> {
        Ok(remedy::Event::Concluded(remedy::Concluded {
            result: required(concluded.result, "its result")?,
            conclusion_date: self.effective_date,
            document_no: ShortText::parse(&concluded.document_no)?,
        }))
    }
}

pub(super) fn required<T: Coded>(code: i32, what: &'static str) -> Result<T, DecodeError> {
    T::from_code(code)?.ok_or(DecodeError::Missing(what))
}

fn optional_agency(id: &str) -> Result<Option<AgencyId>, InvalidId> {
    if id.is_empty() { Ok(None) } else { AgencyId::parse(id).map(Some) }
}

pub(super) fn calendar_year(year: i32) -> Result<i16, DecodeError> {
    i16::try_from(year).map_err(|_| DecodeError::Missing("a year within bounds"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::samples::any_event, *};

    fn day(text: &str) -> LegalDate {
        LegalDate::new(text.parse().unwrap()).unwrap()
    }

    fn short(text: &str) -> ShortText {
        ShortText::parse(text).unwrap()
    }

    proptest! {
        #[test]
        fn every_event_reads_back_as_it_was_written(event in any_event()) {
            prop_assert_eq!(decode(&encode(&event)).unwrap(), event);
        }

        #[test]
        fn only_a_notice_can_be_of_no_agency(event in any_event()) {
            prop_assume!(!matches!(event.body, Body::Notice(_)));
            let event = Event { agency_id: None, ..event };
            prop_assert!(matches!(decode(&encode(&event)), Err(DecodeError::Id(_))));
        }
    }

    #[test]
    fn a_notice_reads_back_for_the_country_and_for_a_part_of_it() {
        let region = AgencyId::parse("xinjiang").unwrap();
        for mut notice in calendar::Notices::built_in().iter().cloned() {
            notice.known_date = day("2030-01-01");
            notice.supersedes = Some(notice.number.clone());
            for agency_id in [None, Some(region.clone())] {
                if let Some(agency) = agency_id.clone() {
                    notice.scope = calendar::Scope::Subtree(agency);
                }
                let body = Body::Notice(Box::new(notice.clone()));
                let event = Event { agency_id, actor: short("clerk-7"), body };
                assert_eq!(decode(&encode(&event)).unwrap(), event);
            }
        }
    }

    #[test]
    fn a_body_from_a_newer_version_is_refused() {
        let mut bytes = pb::EventEnvelope {
            agency_id: "a".into(),
            effective_date: Some(civil_date(day("2020-01-01").date())),
            ..Default::default()
        }
        .encode_to_vec();
        bytes.extend([0xAA, 0x06, 0x00]); // field 101, a message of no bytes
        assert!(matches!(decode(&bytes), Err(DecodeError::UnknownBody)));
    }
}
