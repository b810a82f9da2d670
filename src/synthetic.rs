//! A national year made up: agencies of very different size, seasonal arrivals, results in the
//! proportions of published reports. The same seed gives the same year.
//!
//! For trying out, measuring and teaching; nothing in it is about a real agency or person.

use jiff::{ToSpan, civil::Date};

use crate::domain::{
    AgencyId, ApplicantKind, ApplicationId, Channel, Disposition, InvalidId, LegalDate,
    NotDisclosed, NotProcessed, Other, Unable,
};

/// How many applications in a thousand come from each kind of applicant; the rest from natural
/// persons. After the Shanghai General Office's report of 2019.
const KINDS: [(ApplicantKind, u64); 5] = [
    (ApplicantKind::CommercialEnterprise, 41),
    (ApplicantKind::ResearchInstitution, 1),
    (ApplicantKind::PublicWelfareOrg, 1),
    (ApplicantKind::LegalServiceOrg, 4),
    (ApplicantKind::OtherOrg, 2),
];

/// How results are spread, as weights. After the Shanghai General Office's report of 2019, with a
/// little for the rows that it leaves empty.
const RESULTS: [(Disposition, u64); Disposition::COUNT] = [
    (Disposition::Granted, 272),
    (Disposition::Partial, 43),
    (Disposition::NotDisclosed(NotDisclosed::StateSecret), 14),
    (Disposition::NotDisclosed(NotDisclosed::ProhibitedByLaw), 2),
    (Disposition::NotDisclosed(NotDisclosed::SecurityStability), 1),
    (Disposition::NotDisclosed(NotDisclosed::ThirdPartyRights), 6),
    (Disposition::NotDisclosed(NotDisclosed::InternalAffairs), 5),
    (Disposition::NotDisclosed(NotDisclosed::ProcessInformation), 4),
    (Disposition::NotDisclosed(NotDisclosed::EnforcementFile), 3),
    (Disposition::NotDisclosed(NotDisclosed::AdministrativeInquiry), 12),
    (Disposition::Unable(Unable::NotHeld), 265),
    (Disposition::Unable(Unable::RequiresCreation), 47),
    (Disposition::Unable(Unable::UnclearAfterCorrection), 25),
    (Disposition::NotProcessed(NotProcessed::PetitionComplaint), 50),
    (Disposition::NotProcessed(NotProcessed::Duplicate), 9),
    (Disposition::NotProcessed(NotProcessed::Publication), 2),
    (Disposition::NotProcessed(NotProcessed::Excessive), 2),
    (Disposition::NotProcessed(NotProcessed::ConfirmOrReissue), 2),
    (Disposition::Other(Other::CorrectionOverdue), 20),
    (Disposition::Other(Other::FeeOverdue), 1),
    (Disposition::Other(Other::Misc), 30),
];

/// How channels are spread, as weights: nine in ten come through the internet.
const CHANNELS: [(Channel, u64); 4] = [
    (Channel::Internet, 87),
    (Channel::RegisteredMail, 9),
    (Channel::InPerson, 3),
    (Channel::Email, 1),
];

/// How many applications arrive in each month, as weights: few over the Spring Festival.
const MONTHS: [u64; 12] = [80, 60, 110, 105, 105, 105, 100, 100, 100, 85, 110, 120];

/// How long a reply takes at most, in calendar days: twenty working days and some extensions.
const LONGEST_REPLY: u64 = 40;

/// A made-up application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeUp {
    /// The place of its agency in the list of agencies.
    pub agency: usize,
    /// Its id.
    pub id: ApplicationId,
    /// The kind of its applicant.
    pub applicant_kind: ApplicantKind,
    /// How it arrived.
    pub channel: Channel,
    /// Its receipt date.
    pub receipt_date: LegalDate,
    /// How and when it ended; `None` if it is still open.
    pub conclusion: Option<(LegalDate, Disposition)>,
}

/// A year to make up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// The calendar year of the receipts.
    pub year: i16,
    /// How many agencies.
    pub agencies: usize,
    /// How many applications, over all agencies.
    pub applications: usize,
    /// What makes one year differ from another.
    pub seed: u64,
}

impl Plan {
    /// The ids of the agencies: one province, its cities, and under each city its offices; with the
    /// place of the one above.
    ///
    /// # Errors
    ///
    /// Never: the ids are made of letters and digits.
    pub fn agencies(&self) -> Result<Vec<(AgencyId, Option<usize>)>, InvalidId> {
        let cities = self.agencies.div_ceil(20).max(1);
        (0..self.agencies)
            .map(|place| {
                let above = match place {
                    0 => None,
                    _ if place <= cities => Some(0),
                    _ => place.checked_rem(cities).map(|city| city.saturating_add(1)),
                };
                Ok((AgencyId::parse(&format!("agency-{place:05}"))?, above))
            })
            .collect()
    }

    /// The applications, in no order but that of their numbers.
    pub fn applications(self) -> impl Iterator<Item = MadeUp> {
        let mut dice = Dice(self.seed);
        (0..self.applications).filter_map(move |number| self.made_up(number, &mut dice))
    }

    fn made_up(&self, number: usize, dice: &mut Dice) -> Option<MadeUp> {
        let id = ApplicationId::parse(&format!("{}-{number:07}", self.year)).ok()?;
        let first = Date::new(self.year, month(dice), 1).ok()?;
        let days = u64::try_from(first.days_in_month()).ok()?;
        let received = first.checked_add(days_of(dice.below(days))).ok()?;
        let concluded = received.checked_add(days_of(dice.below(LONGEST_REPLY))).ok()?;
        let conclusion = (LegalDate::new(concluded).ok()?, pick(&RESULTS, dice)?);
        // What would be concluded after the year is still open when the year is told.
        let open = concluded.year() > self.year;
        Some(MadeUp {
            agency: self.skewed(dice),
            id,
            applicant_kind: kind(dice),
            channel: pick(&CHANNELS, dice)?,
            receipt_date: LegalDate::new(received).ok()?,
            conclusion: (!open).then_some(conclusion),
        })
    }

    /// An agency: the first ones get far more than the last ones.
    fn skewed(&self, dice: &mut Dice) -> usize {
        let agencies = u64::try_from(self.agencies).unwrap_or(u64::MAX).max(1);
        let wide = dice.below(agencies);
        let narrow = dice.below(wide.saturating_add(1));
        usize::try_from(narrow).unwrap_or(0)
    }
}

fn days_of(days: u64) -> jiff::Span {
    i64::try_from(days).unwrap_or(0).days()
}

fn kind(dice: &mut Dice) -> ApplicantKind {
    let mut thrown = dice.below(1000);
    for (kind, share) in KINDS {
        if thrown < share {
            return kind;
        }
        thrown = thrown.saturating_sub(share);
    }
    ApplicantKind::NaturalPerson
}

fn month(dice: &mut Dice) -> i8 {
    let weighted: [(i8, u64); 12] = std::array::from_fn(|place| {
        let month = i8::try_from(place).unwrap_or(0).saturating_add(1);
        (month, MONTHS.get(place).copied().unwrap_or(1))
    });
    pick(&weighted, dice).unwrap_or(1)
}

/// One of some values, as often as its weight says.
fn pick<T: Copy>(weighted: &[(T, u64)], dice: &mut Dice) -> Option<T> {
    let total: u64 = weighted.iter().map(|(_, weight)| weight).sum();
    let mut thrown = dice.below(total);
    for (value, weight) in weighted {
        if thrown < *weight {
            return Some(*value);
        }
        thrown = thrown.saturating_sub(*weight);
    }
    None
}

/// Numbers that look random and are the same for the same seed (`SplitMix64`).
#[derive(Debug, Clone)]
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, or 0 if there is none.
    fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: Plan = Plan { year: 2024, agencies: 50, applications: 20_000, seed: 7 };

    #[test]
    fn the_same_seed_makes_the_same_year() {
        let year: Vec<_> = PLAN.applications().collect();
        assert_eq!(year, PLAN.applications().collect::<Vec<_>>());
        assert_ne!(year, Plan { seed: 8, ..PLAN }.applications().collect::<Vec<_>>());
        assert_eq!(year.len(), 20_000);
    }

    #[test]
    fn a_made_up_year_has_every_result_and_kind_and_ends_after_it_begins() {
        let year: Vec<_> = PLAN.applications().collect();
        for disposition in Disposition::all() {
            let has =
                |made: &MadeUp| made.conclusion.is_some_and(|(_, found)| found == disposition);
            assert!(year.iter().any(has), "{disposition}");
        }
        for &kind in ApplicantKind::ALL {
            assert!(year.iter().any(|made| made.applicant_kind == kind), "{kind}");
        }
        let open = year.iter().filter(|made| made.conclusion.is_none()).count();
        assert!((200..2_000).contains(&open), "{open} open at the end of the year");
        for made in &year {
            assert!(made.conclusion.is_none_or(|(date, _)| date >= made.receipt_date));
            assert_eq!(made.receipt_date.year(), 2024);
            assert!(made.agency < 50);
        }
    }

    #[test]
    fn every_agency_but_the_first_stands_below_another() {
        let agencies = PLAN.agencies().unwrap();
        assert_eq!(agencies[0].1, None);
        for (place, (_, above)) in agencies.iter().enumerate().skip(1) {
            assert!(above.is_some_and(|above| above < place), "{place}");
        }
    }
}
