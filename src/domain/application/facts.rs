//! What an application's deadlines are derived from.

use super::state::Application;
use crate::domain::{
    Disposition, Other,
    deadline::{self, ConclusionKind, Facts, Receipt},
};

impl Application {
    /// The acts that bear on its deadlines.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let conclusion = self.conclusion.as_ref().map(|conclusion| {
            let kind = match conclusion.disposition {
                Disposition::Other(Other::CorrectionOverdue) => ConclusionKind::CorrectionLapsed,
                Disposition::Other(Other::FeeOverdue) => ConclusionKind::FeeLapsed,
                Disposition::Other(Other::Misc) if self.withdrawal_date.is_some() => {
                    ConclusionKind::Withdrawn
                }
                Disposition::Other(Other::Misc)
                | Disposition::Granted
                | Disposition::Partial
                | Disposition::NotDisclosed(_)
                | Disposition::Unable(_)
                | Disposition::NotProcessed(_) => ConclusionKind::Replied,
            };
            deadline::Conclusion { kind, date: conclusion.date }
        });
        Facts { conclusion, ..Facts::new(Receipt::stated(self.receipt_date)) }
    }
}
