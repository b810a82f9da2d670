//! The fees that were asked and paid, and what they come to in a year.

use std::collections::BTreeMap;

use super::{QueryError, Register};
use crate::domain::{
    AgencyId, LegalDate, ReportYear,
    application::{Fee, Proceeding},
    fee::FeeTotals,
};

/// An agency's fee notices with their payments, by application.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Fees(BTreeMap<Box<str>, Vec<Fee>>);

impl Fees {
    /// Takes in a step of an application, if it is about a fee.
    pub(super) fn fold(&mut self, id: &str, step: &Proceeding) {
        if let Proceeding::FeeNotified(notice) = step {
            Fee::notify(self.0.entry(id.into()).or_default(), *notice);
        } else if let Proceeding::FeePaid(paid) = step
            && let Some(fees) = self.0.get_mut(id)
        {
            Fee::pay(fees, *paid);
        }
    }

    /// Leaves out the fees of an application whose entry is void.
    pub(super) fn forget(&mut self, id: &str) {
        self.0.remove(id);
    }

    /// What those of some applications come to.
    fn totals(&self, year: ReportYear, admits: impl Fn(&str) -> bool) -> FeeTotals {
        let mut totals = FeeTotals::default();
        for (_, fees) in self.0.iter().filter(|(id, _)| admits(id)) {
            totals.add(of_application(fees, year));
        }
        totals
    }
}

fn of_application(fees: &[Fee], year: ReportYear) -> FeeTotals {
    let sum = |date: fn(&Fee) -> Option<LegalDate>| {
        let in_year = |fee: &&Fee| date(fee).is_some_and(|date| date.year() == year.get());
        fees.iter()
            .filter(in_year)
            .fold((0, 0_i64), |(_, sum), fee| (1, sum.saturating_add(fee.notice.amount_fen)))
    };
    let (noticed_applications, noticed_fen) = sum(|fee| Some(fee.notice.notice_date));
    let (paid_applications, paid_fen) = sum(|fee| fee.payment_date);
    FeeTotals { noticed_applications, noticed_fen, paid_applications, paid_fen }
}

impl Register {
    /// The fees of an agency in a year, or with those of every agency below it in that year.
    ///
    /// # Errors
    ///
    /// When the agency is not registered, or was succeeded by then.
    pub fn fees(
        &self,
        agency_id: &AgencyId,
        year: ReportYear,
        subtree: bool,
    ) -> Result<FeeTotals, QueryError> {
        let mut totals = FeeTotals::default();
        for held in self.asked_for(agency_id, subtree, year.get())? {
            totals.add(held.book.fees().totals(year, |id| held.has_application(id)));
        }
        Ok(totals)
    }
}
