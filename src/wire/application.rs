//! The steps of an application's procedure, as recorded bytes and back.

use super::{
    codec::{DecodeError, Header, required},
    date::{civil_date, legal_date},
    pb::event::v1::{self as pb, event_envelope::Body as Wire},
    vocabulary::Coded,
};
use crate::domain::{
    CaseId, LegalDate, ShortText,
    application::{
        ArrivalDates, CorrectionRequested, DeadlineExtended, DecisionAmended, FeeNotified, Opinion,
        OpinionReceived, OpinionRequested, Proceeding, ReasonsRequested, ReplyPostponed,
    },
    deadline::Consulted,
};

/// The full name of the message that carries a step.
pub(super) const fn proceeding_type(step: &Proceeding) -> &'static str {
    match step {
        Proceeding::CorrectionRequested(_) => "disclosure.event.v1.CorrectionRequested",
        Proceeding::CorrectionReceived(_) => "disclosure.event.v1.CorrectionReceived",
        Proceeding::OpinionRequested(request) => match request.consulted {
            Consulted::ThirdParty => "disclosure.event.v1.ThirdPartyConsulted",
            Consulted::CoAgency | Consulted::OtherAgency => "disclosure.event.v1.AgencyConsulted",
        },
        Proceeding::OpinionReceived(received) => match received.opinion {
            Opinion::ThirdParty(_) => "disclosure.event.v1.ThirdPartyOpinionReceived",
            Opinion::Agency(_) => "disclosure.event.v1.AgencyOpinionReceived",
        },
        Proceeding::DeadlineExtended(_) => "disclosure.event.v1.DeadlineExtended",
        Proceeding::ReasonsRequested(_) => "disclosure.event.v1.ReasonsRequested",
        Proceeding::ReasonsReceived(_) => "disclosure.event.v1.ReasonsReceived",
        Proceeding::ReplyPostponed(_) => "disclosure.event.v1.ReplyPostponed",
        Proceeding::FeeNotified(_) => "disclosure.event.v1.FeeNotified",
        Proceeding::FeePaid(_) => "disclosure.event.v1.FeePaid",
        Proceeding::DecisionAmended(_) => "disclosure.event.v1.DecisionAmended",
    }
}

/// How and when an application reached the agency, as a message.
#[must_use]
pub fn arrival(dates: ArrivalDates) -> pb::Arrival {
    pb::Arrival {
        is_misaddressed: dates.is_misaddressed,
        submission_date: date(dates.submission_date),
        arrival_date: date(dates.arrival_date),
        confirmation_date: date(dates.confirmation_date),
    }
}

pub(super) fn decode_arrival(arrival: pb::Arrival) -> Result<ArrivalDates, DecodeError> {
    Ok(ArrivalDates {
        is_misaddressed: arrival.is_misaddressed,
        submission_date: arrival.submission_date.map(legal_date).transpose()?,
        arrival_date: arrival.arrival_date.map(legal_date).transpose()?,
        confirmation_date: arrival.confirmation_date.map(legal_date).transpose()?,
    })
}

fn date(date: Option<LegalDate>) -> Option<pb::CivilDate> {
    date.map(|date| civil_date(date.date()))
}

pub(super) fn encode_proceeding(step: &Proceeding) -> Wire {
    let text = |text: &ShortText| text.as_str().to_owned();
    match step {
        Proceeding::CorrectionRequested(step) => {
            Wire::CorrectionRequested(pb::CorrectionRequested {
                due_date: date(step.due_date),
                explanation: text(&step.explanation),
            })
        }
        Proceeding::CorrectionReceived(_) => Wire::CorrectionReceived(pb::CorrectionReceived {}),
        Proceeding::OpinionRequested(step) => {
            let (consultation, delivery_date) = (step.number.into(), date(step.delivery_date));
            let made_jointly = step.consulted == Consulted::CoAgency;
            match step.consulted {
                Consulted::ThirdParty => {
                    let body = pb::ThirdPartyConsulted { consultation, delivery_date };
                    Wire::ThirdPartyConsulted(body)
                }
                Consulted::CoAgency | Consulted::OtherAgency => {
                    let body = pb::AgencyConsulted { consultation, delivery_date, made_jointly };
                    Wire::AgencyConsulted(body)
                }
            }
        }
        Proceeding::OpinionReceived(step) => {
            let consultation = step.number.into();
            match step.opinion {
                Opinion::ThirdParty(opinion) => {
                    let opinion = opinion.code();
                    let body = pb::ThirdPartyOpinionReceived { consultation, opinion };
                    Wire::ThirdPartyOpinionReceived(body)
                }
                Opinion::Agency(opinion) => {
                    let opinion = opinion.code();
                    let body = pb::AgencyOpinionReceived { consultation, opinion };
                    Wire::AgencyOpinionReceived(body)
                }
            }
        }
        Proceeding::DeadlineExtended(step) => Wire::DeadlineExtended(pb::DeadlineExtended {
            working_days: step.working_days.into(),
            explanation: text(&step.explanation),
        }),
        Proceeding::ReasonsRequested(step) => {
            Wire::ReasonsRequested(pb::ReasonsRequested { explanation: text(&step.explanation) })
        }
        Proceeding::ReasonsReceived(_) => Wire::ReasonsReceived(pb::ReasonsReceived {}),
        Proceeding::ReplyPostponed(step) => Wire::ReplyPostponed(pb::ReplyPostponed {
            due_date: date(Some(step.due_date)),
            explanation: text(&step.explanation),
        }),
        Proceeding::FeeNotified(step) => Wire::FeeNotified(pb::FeeNotified {
            delivery_date: date(step.delivery_date),
            amount_fen: step.amount_fen,
            basis: Coded::code_of(step.basis),
        }),
        Proceeding::FeePaid(_) => Wire::FeePaid(pb::FeePaid {}),
        Proceeding::DecisionAmended(step) => Wire::DecisionAmended(pb::DecisionAmended {
            basis: step.basis.code(),
            case_id: step.case_id.as_ref().map(ToString::to_string).unwrap_or_default(),
            disposition: Coded::code_of(step.disposition),
            document_no: text(&step.document_no),
            explanation: text(&step.explanation),
        }),
    }
}

impl Header<'_> {
    pub(super) fn correction_requested(
        &self,
        body: &pb::CorrectionRequested,
    ) -> Result<CorrectionRequested, DecodeError> {
        Ok(CorrectionRequested {
            notice_date: self.effective_date,
            due_date: body.due_date.map(legal_date).transpose()?,
            explanation: ShortText::parse(&body.explanation)?,
        })
    }

    pub(super) fn third_party_consulted(
        &self,
        body: pb::ThirdPartyConsulted,
    ) -> Result<OpinionRequested, DecodeError> {
        Ok(OpinionRequested {
            number: small(body.consultation)?,
            consulted: Consulted::ThirdParty,
            sent_date: self.effective_date,
            delivery_date: body.delivery_date.map(legal_date).transpose()?,
        })
    }

    pub(super) fn agency_consulted(
        &self,
        body: pb::AgencyConsulted,
    ) -> Result<OpinionRequested, DecodeError> {
        Ok(OpinionRequested {
            number: small(body.consultation)?,
            consulted: consulted_agency(body.made_jointly),
            sent_date: self.effective_date,
            delivery_date: body.delivery_date.map(legal_date).transpose()?,
        })
    }

    pub(super) fn third_party_opinion(
        &self,
        body: pb::ThirdPartyOpinionReceived,
    ) -> Result<OpinionReceived, DecodeError> {
        Ok(OpinionReceived {
            number: small(body.consultation)?,
            opinion: Opinion::ThirdParty(required(body.opinion, "its opinion")?),
            answer_date: self.effective_date,
        })
    }

    pub(super) fn agency_opinion(
        &self,
        body: pb::AgencyOpinionReceived,
    ) -> Result<OpinionReceived, DecodeError> {
        Ok(OpinionReceived {
            number: small(body.consultation)?,
            opinion: Opinion::Agency(required(body.opinion, "its opinion")?),
            answer_date: self.effective_date,
        })
    }

    pub(super) fn deadline_extended(
        &self,
        body: &pb::DeadlineExtended,
    ) -> Result<DeadlineExtended, DecodeError> {
        Ok(DeadlineExtended {
            notice_date: self.effective_date,
            working_days: small(body.working_days)?,
            explanation: ShortText::parse(&body.explanation)?,
        })
    }

    pub(super) fn reasons_requested(
        &self,
        body: &pb::ReasonsRequested,
    ) -> Result<ReasonsRequested, DecodeError> {
        let explanation = ShortText::parse(&body.explanation)?;
        Ok(ReasonsRequested { notice_date: self.effective_date, explanation })
    }

    pub(super) fn reply_postponed(
        &self,
        body: &pb::ReplyPostponed,
    ) -> Result<ReplyPostponed, DecodeError> {
        Ok(ReplyPostponed {
            notice_date: self.effective_date,
            due_date: legal_date(body.due_date.ok_or(DecodeError::Missing("its due date"))?)?,
            explanation: ShortText::parse(&body.explanation)?,
        })
    }

    pub(super) fn fee_notified(&self, body: pb::FeeNotified) -> Result<FeeNotified, DecodeError> {
        Ok(FeeNotified {
            notice_date: self.effective_date,
            delivery_date: body.delivery_date.map(legal_date).transpose()?,
            amount_fen: body.amount_fen,
            basis: Coded::from_code(body.basis)?,
        })
    }

    pub(super) fn decision_amended(
        &self,
        body: &pb::DecisionAmended,
    ) -> Result<DecisionAmended, DecodeError> {
        let case_id = match body.case_id.as_str() {
            "" => None,
            id => Some(CaseId::parse(id)?),
        };
        Ok(DecisionAmended {
            amendment_date: self.effective_date,
            basis: required(body.basis, "its basis")?,
            case_id,
            disposition: Coded::from_code(body.disposition)?,
            document_no: ShortText::parse(&body.document_no)?,
            explanation: ShortText::parse(&body.explanation)?,
        })
    }
}

/// Who is asked when an agency is.
#[must_use]
pub const fn consulted_agency(made_jointly: bool) -> Consulted {
    if made_jointly { Consulted::CoAgency } else { Consulted::OtherAgency }
}

fn small(number: i32) -> Result<u16, DecodeError> {
    u16::try_from(number).map_err(|_| DecodeError::Missing("a number within bounds"))
}
