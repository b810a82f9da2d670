//! The fee for processing information (信息处理费): 国办函〔2020〕109号, in force since 2021-01-01.
//!
//! For an application one of two bases is chosen, never both: by count (按件计收), over the
//! applications of one applicant to the agency in a calendar month, or by page (按量计收), over the
//! pages of that one application. Both charge each part at the price of its own band (超额累进).
//! Whether to charge at all is for the agency to decide.

use crate::domain::vocabulary::vocabulary;

vocabulary! {
    /// What the fee is charged on (计收方式).
    pub enum FeeBasis {
        /// The applications of one applicant in a calendar month (按件).
        Count = "count",
        /// The pages of one application, A4 or smaller, one side each (按量).
        Pages = "pages",
    }
}

/// A price for units numbered from the one that it starts with to the one before the next price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tier {
    first: u32,
    price_yuan: i64,
}

const fn tier(first: u32, price_yuan: i64) -> Tier {
    Tier { first, price_yuan }
}

const COUNT_TIERS: [Tier; 3] = [tier(1, 0), tier(11, 100), tier(31, 200)];
const PAGE_TIERS: [Tier; 4] = [tier(1, 0), tier(31, 10), tier(101, 20), tier(201, 40)];

/// Beyond the last tier by count, each further band of so many applications …
const FURTHER_BAND: u32 = 10;
/// … costs so much more a piece than the one before.
const FURTHER_YUAN: i64 = 100;

const FEN_PER_YUAN: i64 = 100;

/// The first year of the fee.
const IN_FORCE_FROM: i16 = 2021;

/// Units charged at one price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Band {
    /// The number of the first unit charged, from 1.
    pub first: u32,
    /// The number of the last.
    pub last: u32,
    /// The price of each, in fen.
    pub price_fen: i64,
    /// The price of all, in fen.
    pub amount_fen: i64,
}

/// The fees of an agency, or of several, in a calendar year.
///
/// A notice counts in the year of its date, a payment in the year in which it was made, with the
/// amounts of all the notices that it settles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FeeTotals {
    /// The applications of which a fee was asked.
    pub noticed_applications: u64,
    /// What was asked, in fen.
    pub noticed_fen: i64,
    /// The applications of which a fee was paid.
    pub paid_applications: u64,
    /// What was paid, in fen.
    pub paid_fen: i64,
}

impl FeeTotals {
    /// Adds those of another agency, or of another application.
    pub fn add(&mut self, other: Self) {
        self.noticed_applications =
            self.noticed_applications.saturating_add(other.noticed_applications);
        self.noticed_fen = self.noticed_fen.saturating_add(other.noticed_fen);
        self.paid_applications = self.paid_applications.saturating_add(other.paid_applications);
        self.paid_fen = self.paid_fen.saturating_add(other.paid_fen);
    }

    /// The sentence that section six owes about them: 国办函〔2020〕109号. Nothing for a year in
    /// which the fee was not yet in force and none was asked or paid.
    #[must_use]
    pub fn sentence(self, year: i16) -> Option<String> {
        let Self { noticed_applications, noticed_fen, paid_applications, paid_fen } = self;
        let paid = match paid_applications {
            0 => "未实际收取信息处理费。".to_owned(),
            _ => {
                format!("实际收取{paid_applications}件的信息处理费，共计{}。", in_yuan(paid_fen))
            }
        };
        if noticed_applications > 0 {
            let asked = in_yuan(noticed_fen);
            return Some(format!(
                "{year}年，对{noticed_applications}件政府信息公开申请发出收费通知，\
                 金额共计{asked}；{paid}"
            ));
        }
        let says = paid_applications > 0 || year >= IN_FORCE_FROM;
        let none = if paid_applications > 0 {
            "未发出收费通知；"
        } else {
            "未发出收费通知，"
        };
        says.then(|| format!("{year}年，{none}{paid}"))
    }
}

/// An amount as it is written: `2950元`, `12.50元`.
fn in_yuan(fen: i64) -> String {
    let (yuan, rest) = (fen.saturating_div(FEN_PER_YUAN), fen.wrapping_rem(FEN_PER_YUAN));
    if rest == 0 { format!("{yuan}元") } else { format!("{yuan}.{rest:02}元") }
}

/// A fee and how it comes about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fee {
    /// What it is charged on.
    pub basis: FeeBasis,
    /// The units charged, band by band; those that are free included.
    pub bands: Vec<Band>,
    /// The sum, in fen.
    pub total_fen: i64,
}

/// More units than any application has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found} units are more than the {limit} for which a fee is reckoned")]
pub struct TooManyUnits {
    /// How many were given, with those before.
    pub found: u64,
    /// How many are allowed.
    pub limit: u32,
}

impl FeeBasis {
    /// The most units for which a fee is reckoned; more are a slip of the pen.
    #[must_use]
    pub const fn most_units(self) -> u32 {
        match self {
            Self::Count => 10_000,
            Self::Pages => 1_000_000,
        }
    }

    /// The band in which a unit lies: its first, its last and the price of each in yuan.
    fn band(self, unit: u32) -> (u32, u32, i64) {
        let tiers: &[Tier] = match self {
            Self::Count => &COUNT_TIERS,
            Self::Pages => &PAGE_TIERS,
        };
        let place = tiers.partition_point(|tier| tier.first <= unit);
        let Tier { first, price_yuan } =
            place.checked_sub(1).and_then(|last| tiers.get(last)).copied().unwrap_or(tier(1, 0));
        match (tiers.get(place), self) {
            (Some(next), _) => (first, next.first.saturating_sub(1), price_yuan),
            (None, Self::Pages) => (first, u32::MAX, price_yuan),
            (None, Self::Count) => {
                let further = unit.saturating_sub(first) / FURTHER_BAND;
                let first = first.saturating_add(further.saturating_mul(FURTHER_BAND));
                let dearer = FURTHER_YUAN.saturating_mul(i64::from(further));
                let last = first.saturating_add(FURTHER_BAND).saturating_sub(1);
                (first, last, price_yuan.saturating_add(dearer))
            }
        }
    }
}

/// Reckons the fee for `units` that follow `before` others charged or free: by count those of the
/// same applicant earlier in the month, by page none.
///
/// # Errors
///
/// When the units come to more than [`FeeBasis::most_units`].
pub fn fee(basis: FeeBasis, before: u32, units: u32) -> Result<Fee, TooManyUnits> {
    let (found, limit) = (u64::from(before).saturating_add(u64::from(units)), basis.most_units());
    let Some(end) = u32::try_from(found).ok().filter(|end| *end <= limit) else {
        return Err(TooManyUnits { found, limit });
    };
    let (mut bands, mut total_fen, mut next) = (Vec::new(), 0_i64, before.saturating_add(1));
    while next <= end {
        let (_, last, price_yuan) = basis.band(next);
        let last = last.min(end);
        let price_fen = price_yuan.saturating_mul(FEN_PER_YUAN);
        let charged = i64::from(last.saturating_sub(next)).saturating_add(1);
        let amount_fen = price_fen.saturating_mul(charged);
        bands.push(Band { first: next, last, price_fen, amount_fen });
        total_fen = total_fen.saturating_add(amount_fen);
        next = last.saturating_add(1);
    }
    Ok(Fee { basis, bands, total_fen })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASES: &str = include_str!("../../tests/fixtures/calendar/fees.txt");

    #[test]
    fn the_fees_are_as_published() {
        let mut lines = 0;
        for line in CASES.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let words: Vec<_> = line.split_whitespace().collect();
            let [basis, before, units, yuan] = words[..] else { panic!("{line}") };
            let basis = FeeBasis::from_key(basis).unwrap();
            let fee = fee(basis, before.parse().unwrap(), units.parse().unwrap()).unwrap();
            assert_eq!(fee.total_fen, yuan.parse::<i64>().unwrap() * 100, "{line}");
            lines += 1;
        }
        assert_eq!(lines, 38);
    }

    #[test]
    fn the_calculation_is_shown_band_by_band() {
        let shown = |basis, before, units| -> Vec<_> {
            let fee = fee(basis, before, units).unwrap();
            let yuan = |fen: i64| fen / 100;
            fee.bands
                .iter()
                .map(|band| (band.first, band.last, yuan(band.price_fen), yuan(band.amount_fen)))
                .collect()
        };
        assert_eq!(
            shown(FeeBasis::Count, 0, 52),
            [
                (1, 10, 0, 0),
                (11, 30, 100, 2000),
                (31, 40, 200, 2000),
                (41, 50, 300, 3000),
                (51, 52, 400, 800)
            ]
        );
        assert_eq!(shown(FeeBasis::Count, 35, 6), [(36, 40, 200, 1000), (41, 41, 300, 300)]);
        assert_eq!(
            shown(FeeBasis::Pages, 0, 250),
            [(1, 30, 0, 0), (31, 100, 10, 700), (101, 200, 20, 2000), (201, 250, 40, 2000)]
        );
        assert_eq!(shown(FeeBasis::Pages, 0, 0), []);
    }

    /// The price of the i-th application as a formula, apart from the tiers.
    fn price(i: u32) -> i64 {
        match i {
            0..=10 => 0,
            11..=30 => 100,
            _ => 100 * (2 + i64::from((i - 31) / 10)),
        }
    }

    #[test]
    fn a_month_costs_the_same_however_it_is_parted() {
        let mut sum = 0;
        for i in 1..=400 {
            sum += price(i) * 100;
            let whole = fee(FeeBasis::Count, 0, i).unwrap().total_fen;
            assert_eq!(whole, sum, "{i}");
            let part = i / 3;
            let parts = fee(FeeBasis::Count, 0, part).unwrap().total_fen
                + fee(FeeBasis::Count, part, i - part).unwrap().total_fen;
            assert_eq!(parts, whole, "{i}");
        }
    }

    #[test]
    fn more_units_than_can_be_are_refused() {
        assert_eq!(
            fee(FeeBasis::Count, u32::MAX, u32::MAX).unwrap_err().to_string(),
            "8589934590 units are more than the 10000 for which a fee is reckoned"
        );
        let most = FeeBasis::Count.most_units();
        assert!(fee(FeeBasis::Count, most, 1).is_err());
        assert_eq!(fee(FeeBasis::Count, 0, most).unwrap().bands.len(), 2 + 997);
    }
}
