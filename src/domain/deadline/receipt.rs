//! The receipt date (收到申请之日) by channel: Article 31.

use crate::domain::{Channel, LegalDate, vocabulary::vocabulary};

vocabulary! {
    /// Which rule of Article 31 gives the receipt date.
    pub enum ReceiptRule {
        /// The day on which it was handed in (当面提交).
        Submission = "submission",
        /// The day on which the agency signed for the mail (邮寄，需签收).
        Signature = "signature",
        /// The day on which agency and applicant confirmed it to one another (双方确认之日): letters not
        /// signed for, the internet, fax.
        Confirmation = "confirmation",
        /// The day that the register states; the facts behind it are not known.
        Stated = "stated",
    }
}

/// How and when an application reached the agency: the facts that the receipt date follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// The channel.
    pub channel: Channel,
    /// Whether it was sent to another unit or person of the agency than its disclosure office
    /// (寄给本机关其他机构或个人); mail so sent counts as an ordinary letter, signed for or not.
    pub is_misaddressed: bool,
    /// The day on which the applicant submitted or posted it.
    pub submission_date: Option<LegalDate>,
    /// The day on which it was in the agency's hands; of mail signed for, the day of signature.
    pub arrival_date: Option<LegalDate>,
    /// The day on which agency and applicant confirmed the receipt to one another.
    pub confirmation_date: Option<LegalDate>,
}

/// The receipt date in law, and the rule that gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// The receipt date.
    pub date: LegalDate,
    /// The rule.
    pub rule: ReceiptRule,
}

/// Facts from which no receipt date follows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptUnknown {
    /// The date that the rule goes by is missing.
    #[error("by {channel} the receipt date is the {field}, which is not stated")]
    Missing {
        /// The channel.
        channel: Channel,
        /// The date that the rule goes by.
        field: &'static str,
    },
    /// The dates contradict one another.
    #[error("the {later} {later_date} comes before the {earlier} {earlier_date}")]
    Contradictory {
        /// What must come first.
        earlier: &'static str,
        /// Its date.
        earlier_date: LegalDate,
        /// What must come after.
        later: &'static str,
        /// Its date.
        later_date: LegalDate,
    },
}

const SUBMISSION: &str = "submission_date";
const ARRIVAL: &str = "arrival_date";
const CONFIRMATION: &str = "confirmation_date";

impl ReceiptUnknown {
    /// The field at fault.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Missing { field, .. } => field,
            Self::Contradictory { later, .. } => later,
        }
    }
}

impl Arrival {
    /// The rule that holds for this way of arriving. What was spoken (Art. 29) is handed in when it
    /// is written down; other published channels go by confirmation, as nothing else is laid down.
    #[must_use]
    pub const fn rule(&self) -> ReceiptRule {
        match self.channel {
            Channel::InPerson | Channel::Oral => ReceiptRule::Submission,
            Channel::RegisteredMail if !self.is_misaddressed => ReceiptRule::Signature,
            Channel::RegisteredMail
            | Channel::OrdinaryMail
            | Channel::Internet
            | Channel::Email
            | Channel::Fax
            | Channel::Other => ReceiptRule::Confirmation,
        }
    }

    /// The receipt date in law.
    ///
    /// # Errors
    ///
    /// When the date that the rule goes by is not stated (an application by ordinary letter is not
    /// received until the receipt is confirmed), or when the dates contradict one another.
    pub fn receipt(&self) -> Result<Receipt, ReceiptUnknown> {
        in_order((SUBMISSION, self.submission_date), (ARRIVAL, self.arrival_date))?;
        in_order((SUBMISSION, self.submission_date), (CONFIRMATION, self.confirmation_date))?;
        in_order((ARRIVAL, self.arrival_date), (CONFIRMATION, self.confirmation_date))?;
        let rule = self.rule();
        let (date, field) = match rule {
            ReceiptRule::Submission => (self.submission_date, SUBMISSION),
            ReceiptRule::Signature => (self.arrival_date, ARRIVAL),
            ReceiptRule::Confirmation | ReceiptRule::Stated => {
                (self.confirmation_date, CONFIRMATION)
            }
        };
        match date {
            Some(date) => Ok(Receipt { date, rule }),
            None => Err(ReceiptUnknown::Missing { channel: self.channel, field }),
        }
    }

    /// The day by which a letter not signed for had to be confirmed, if it was confirmed later:
    /// Article 31 has the agency do so on the day of its arrival. The receipt date stays the day of
    /// confirmation.
    #[must_use]
    pub fn confirmed_late(&self) -> Option<LegalDate> {
        let is_letter = matches!(self.channel, Channel::OrdinaryMail | Channel::RegisteredMail)
            && self.rule() == ReceiptRule::Confirmation;
        let arrival = self.arrival_date.filter(|_| is_letter)?;
        (self.confirmation_date? > arrival).then_some(arrival)
    }
}

impl Receipt {
    /// A receipt date of which only the day is known.
    #[must_use]
    pub const fn stated(date: LegalDate) -> Self {
        Self { date, rule: ReceiptRule::Stated }
    }
}

fn in_order(
    (earlier, earlier_date): (&'static str, Option<LegalDate>),
    (later, later_date): (&'static str, Option<LegalDate>),
) -> Result<(), ReceiptUnknown> {
    match (earlier_date, later_date) {
        (Some(earlier_date), Some(later_date)) if later_date < earlier_date => {
            Err(ReceiptUnknown::Contradictory { earlier, earlier_date, later, later_date })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASES: &str = include_str!("../../../tests/fixtures/calendar/receipts.txt");

    fn day(text: &str) -> Option<LegalDate> {
        (text != "-").then(|| LegalDate::new(text.parse().unwrap()).unwrap())
    }

    #[test]
    fn the_receipt_date_follows_from_the_channel() {
        let mut seen = std::collections::BTreeSet::new();
        for line in CASES.lines().filter(|line| !line.starts_with('#')) {
            let (facts, expected) = line.split_once(" = ").unwrap();
            let words: Vec<_> = facts.split_whitespace().collect();
            let [channel, submitted, arrived, confirmed] = words[..] else { panic!("{line}") };
            let (channel, is_misaddressed) = match channel.strip_suffix("/elsewhere") {
                Some(channel) => (channel, true),
                None => (channel, false),
            };
            let arrival = Arrival {
                channel: Channel::from_key(channel).unwrap(),
                is_misaddressed,
                submission_date: day(submitted),
                arrival_date: day(arrived),
                confirmation_date: day(confirmed),
            };
            let found = match arrival.receipt() {
                Ok(receipt) => match arrival.confirmed_late() {
                    None => format!("{} {}", receipt.date, receipt.rule),
                    Some(day) => format!("{} {} late since {day}", receipt.date, receipt.rule),
                },
                Err(error) => error.to_string(),
            };
            assert_eq!(found, expected.trim(), "{line}");
            seen.insert(channel);
        }
        assert_eq!(seen.len(), Channel::ALL.len());
    }
}
