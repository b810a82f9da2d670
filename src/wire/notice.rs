//! Notices of working days as recorded, and back.

use super::{
    codec::DecodeError,
    date::{civil_date, legal_date},
    pb::event::v1 as pb,
};
use crate::domain::{
    LegalDate, ShortText,
    calendar::{Arrangement, DateRange, Notice, Scope},
};

/// The body that records a notice. Its scope and its day of publication stand in the envelope.
pub(super) fn encode_notice(notice: &Notice) -> pb::HolidayNoticeRecorded {
    pb::HolidayNoticeRecorded {
        number: notice.number.as_str().to_owned(),
        title: notice.title.as_str().to_owned(),
        known_date: Some(civil_date(notice.known_date.date())),
        supersedes_number: notice
            .supersedes
            .as_ref()
            .map(|number| number.as_str().to_owned())
            .unwrap_or_default(),
        settles: notice.settles.map(date_range),
        arrangements: notice.arrangements.iter().map(holiday_arrangement).collect(),
    }
}

/// The notice that a body records.
pub(super) fn decode_notice(
    recorded: &pb::HolidayNoticeRecorded,
    scope: Scope,
    gazetted_date: LegalDate,
) -> Result<Notice, DecodeError> {
    let supersedes = Some(recorded.supersedes_number.as_str()).filter(|number| !number.is_empty());
    Ok(Notice {
        number: ShortText::parse(&recorded.number)?,
        title: ShortText::parse(&recorded.title)?,
        scope,
        gazetted_date,
        known_date: date(recorded.known_date)?,
        supersedes: supersedes.map(ShortText::parse).transpose()?,
        settles: recorded.settles.map(range).transpose()?,
        arrangements: recorded.arrangements.iter().map(arrangement).collect::<Result<_, _>>()?,
    })
}

fn arrangement(said: &pb::HolidayArrangement) -> Result<Arrangement, DecodeError> {
    Ok(Arrangement {
        occasion: ShortText::parse(&said.occasion)?,
        days_off: said.days_off.iter().copied().map(range).collect::<Result<_, _>>()?,
        days_worked: said
            .days_worked
            .iter()
            .map(|day| date(Some(*day)))
            .collect::<Result<_, _>>()?,
    })
}

fn range(range: pb::DateRange) -> Result<DateRange, DecodeError> {
    Ok(DateRange { first: date(range.first_date)?, last: date(range.last_date)? })
}

fn date(date: Option<pb::CivilDate>) -> Result<LegalDate, DecodeError> {
    Ok(legal_date(date.ok_or(DecodeError::Missing("a date of the notice"))?)?)
}

/// Days from the first to the last, as the wire carries them.
#[must_use]
pub fn date_range(range: DateRange) -> pb::DateRange {
    pb::DateRange {
        first_date: Some(civil_date(range.first.date())),
        last_date: Some(civil_date(range.last.date())),
    }
}

/// What a notice says of one occasion, as the wire carries it.
#[must_use]
pub fn holiday_arrangement(said: &Arrangement) -> pb::HolidayArrangement {
    pb::HolidayArrangement {
        occasion: said.occasion.as_str().to_owned(),
        days_off: said.days_off.iter().copied().map(date_range).collect(),
        days_worked: said.days_worked.iter().map(|day| civil_date(day.date())).collect(),
    }
}
