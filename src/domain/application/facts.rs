//! What an application's deadlines are derived from.

use super::{
    counted::Counted,
    proceeding::{Consultation, Correction, Fee, Proceeding, Proceedings, Reasons},
    state::{Application, Conclusion},
};
use crate::domain::{
    Disposition, Other,
    deadline::{
        self, ConclusionKind, CorrectionRequest, Extension, Facts, FeeNotice, ReasonsNotice,
        Receipt,
    },
};

impl Application {
    /// The acts that bear on its deadlines.
    ///
    /// The rule of the receipt is that by which its date follows from how the application arrived;
    /// where none does, or the register was corrected to another date, the date is as stated. That a
    /// third party or a joint maker gave no opinion does not end the time that the law gives them;
    /// that another agency gave none ends the wait for it.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let conclusion = self.conclusion.as_ref().map(deadline::Conclusion::from);
        facts(self.receipt(), self.proceedings(), conclusion)
    }

    fn receipt(&self) -> Receipt {
        self.channel
            .zip(self.arrival())
            .and_then(|(channel, arrival)| arrival.receipt(channel).ok())
            .filter(|receipt| receipt.date == self.receipt_date)
            .unwrap_or(Receipt::stated(self.receipt_date))
    }
}

impl Counted {
    /// The acts that bear on the application's deadlines, given the steps of its procedure in the
    /// order of recording. The receipt date is as stated, for how the application arrived is not
    /// counted; and of the steps those that move no clock may be left out.
    #[must_use]
    pub fn facts(self, steps: impl Iterator<Item = Proceeding>) -> Facts {
        let mut proceedings = Proceedings::NONE;
        for step in steps {
            proceedings.record(&step);
        }
        let conclusion = self.conclusion.map(|(date, disposition)| deadline::Conclusion {
            kind: kind(disposition, self.is_withdrawal),
            date,
        });
        facts(Receipt::stated(self.receipt_date), &proceedings, conclusion)
    }
}

fn facts(
    receipt: Receipt,
    proceedings: &Proceedings,
    conclusion: Option<deadline::Conclusion>,
) -> Facts {
    Facts {
        receipt,
        corrections: proceedings.corrections.iter().map(CorrectionRequest::from).collect(),
        consultations: proceedings.consultations.iter().map(deadline::Consultation::from).collect(),
        extensions: proceedings
            .extensions
            .iter()
            .map(|found| Extension {
                notice_date: found.notice_date,
                working_days: found.working_days,
            })
            .collect(),
        fees: proceedings.fees.iter().map(FeeNotice::from).collect(),
        reasons: proceedings.reasons.iter().map(ReasonsNotice::from).collect(),
        postponements: proceedings
            .postponements
            .iter()
            .map(|found| deadline::Postponement {
                notice_date: found.notice_date,
                until: found.due_date,
            })
            .collect(),
        conclusion,
    }
}

impl From<&Correction> for CorrectionRequest {
    fn from(found: &Correction) -> Self {
        Self {
            notice_date: found.request.notice_date,
            correct_by: found.request.due_date,
            corrected_date: found.corrected_date,
        }
    }
}

impl From<&Consultation> for deadline::Consultation {
    fn from(found: &Consultation) -> Self {
        let request = found.request;
        let has_limit = request.consulted.period().is_some();
        let answer = found.answer.filter(|answer| !(has_limit && answer.opinion.is_absent()));
        Self {
            sent_date: request.sent_date,
            consulted: request.consulted,
            delivery_date: request.delivery_date,
            answer_date: answer.map(|answer| answer.answer_date),
        }
    }
}

impl From<&Fee> for FeeNotice {
    fn from(found: &Fee) -> Self {
        Self {
            notice_date: found.notice.notice_date,
            delivery_date: found.notice.delivery_date,
            payment_date: found.payment_date,
        }
    }
}

impl From<&Reasons> for ReasonsNotice {
    fn from(found: &Reasons) -> Self {
        Self { notice_date: found.request.notice_date, answer_date: found.answer_date }
    }
}

impl From<&Conclusion> for deadline::Conclusion {
    fn from(conclusion: &Conclusion) -> Self {
        let kind = kind(conclusion.disposition, conclusion.is_withdrawal);
        Self { kind, date: conclusion.date }
    }
}

fn kind(disposition: Disposition, is_withdrawal: bool) -> ConclusionKind {
    match disposition {
        Disposition::Other(Other::CorrectionOverdue) => ConclusionKind::CorrectionLapsed,
        Disposition::Other(Other::FeeOverdue) => ConclusionKind::FeeLapsed,
        Disposition::Other(Other::Misc) if is_withdrawal => ConclusionKind::Withdrawn,
        Disposition::Other(Other::Misc)
        | Disposition::Granted
        | Disposition::Partial
        | Disposition::NotDisclosed(_)
        | Disposition::Unable(_)
        | Disposition::NotProcessed(_) => ConclusionKind::Replied,
    }
}
