//! Notices of working days, and the days of the calendar.

use jiff::civil::Date;

use super::{Fields, receipt, write};
use crate::{
    domain::{
        AgencyId, LegalDate, ShortText, State,
        calendar::{Arrangement, Calendar, DateRange, Ground, Notice, RecordNotice, Scope},
    },
    ledger::{Act, Entry, RecordError, Recorded, notice_request_key},
    projection::NoticeEntry,
    server::refused::Refused,
    store::GlobalPosition,
    wire::{
        civil_date, date_range, holiday_arrangement,
        pb::{event::v1 as event, v1 as pb},
    },
};

/// The entry that records a notice; one that does not say from which day it was known became known
/// today, or is known from its publication on.
pub(crate) fn record(
    request: pb::RecordHolidayNoticeRequest,
    today: Date,
) -> Result<Entry, Refused> {
    let mut fields = Fields::default();
    let agency = fields.optional_id("agency_id", &request.agency_id, AgencyId::parse);
    let scope = agency.map_or(Scope::National, Scope::Subtree);
    let key = |id: &str| Some(notice_request_key(&scope, id));
    if request.notice.is_none() {
        fields.fault("notice", "is required");
    }
    let said = request.notice.as_ref();
    let record = said.and_then(|said| notice(&mut fields, said, scope.clone(), today));
    let meta = write::meta(request, &mut fields, key);
    let whole = (|| Some((record?, meta?)))();
    let (record, meta) = fields.finish(whole)?;
    Entry::notice(record, meta).map_err(|invalid| RecordError::from(invalid).into())
}

fn notice(
    fields: &mut Fields,
    said: &pb::HolidayNotice,
    scope: Scope,
    today: Date,
) -> Option<RecordNotice> {
    let number = fields.id("notice.number", &said.number, ShortText::parse);
    let title = fields.id("notice.title", &said.title, ShortText::parse);
    let gazetted_date = fields.date("notice.gazetted_date", said.gazetted_date);
    let known_date = fields.optional_date("notice.known_date", said.known_date);
    let supersedes = said.supersedes_number.as_str();
    let supersedes = fields.optional_id("notice.supersedes_number", supersedes, ShortText::parse);
    let settles = match said.settles {
        None => Some(None),
        Some(settles) => range(fields, "notice.settles", settles).map(Some),
    };
    let mut arrangements = Some(Vec::new());
    for (index, said) in said.arrangements.iter().enumerate() {
        let read = arrangement(fields, &format!("notice.arrangements[{index}]"), said);
        arrangements = arrangements.zip(read).map(|(mut all, read)| {
            all.push(read);
            all
        });
    }
    let gazetted_date = gazetted_date?;
    let notice = Notice {
        number: number?,
        title: title?,
        scope,
        gazetted_date,
        known_date: known_date.unwrap_or_else(|| {
            LegalDate::new(today).map_or(gazetted_date, |today| today.max(gazetted_date))
        }),
        supersedes,
        settles: settles?,
        arrangements: arrangements?,
    };
    Some(RecordNotice { notice, is_known_date_stated: known_date.is_some() })
}

fn arrangement(
    fields: &mut Fields,
    path: &str,
    said: &event::HolidayArrangement,
) -> Option<Arrangement> {
    let occasion = fields.id(&format!("{path}.occasion"), &said.occasion, ShortText::parse);
    let off = said.days_off.iter().enumerate();
    let off = off.map(|(index, days)| range(fields, &format!("{path}.days_off[{index}]"), *days));
    // All of them are read before any is missed, so that every fault is told.
    let days_off: Vec<_> = off.collect();
    let worked = said.days_worked.iter().enumerate();
    let worked =
        worked.map(|(index, day)| fields.date(&format!("{path}.days_worked[{index}]"), Some(*day)));
    let days_worked: Vec<_> = worked.collect();
    Some(Arrangement {
        occasion: occasion?,
        days_off: days_off.into_iter().collect::<Option<_>>()?,
        days_worked: days_worked.into_iter().collect::<Option<_>>()?,
    })
}

fn range(fields: &mut Fields, path: &str, range: event::DateRange) -> Option<DateRange> {
    let first = fields.date(&format!("{path}.first_date"), range.first_date);
    let last = fields.date(&format!("{path}.last_date"), range.last_date);
    Some(DateRange { first: first?, last: last? })
}

/// The notice as a request left it, and what was recorded.
pub(crate) fn answer(entry: &Entry, recorded: &Recorded) -> pb::RecordHolidayNoticeResponse {
    let notice = match (&entry.act, &*recorded.state) {
        (Act::Notice(record), State::Calendar(notices)) => {
            notices.find(&record.notice.number, &record.notice.scope).map(notice_message)
        }
        _ => None,
    };
    pb::RecordHolidayNoticeResponse { notice, receipt: Some(receipt(recorded)) }
}

fn notice_message(notice: &Notice) -> pb::HolidayNotice {
    let supersedes = notice.supersedes.as_ref().map_or("", ShortText::as_str);
    pb::HolidayNotice {
        number: notice.number.as_str().to_owned(),
        title: notice.title.as_str().to_owned(),
        gazetted_date: Some(civil_date(notice.gazetted_date.date())),
        known_date: Some(civil_date(notice.known_date.date())),
        supersedes_number: supersedes.to_owned(),
        settles: notice.settles.map(date_range),
        arrangements: notice.arrangements.iter().map(holiday_arrangement).collect(),
    }
}

pub(crate) fn recorded_notice(entry: &NoticeEntry) -> pb::RecordedHolidayNotice {
    pb::RecordedHolidayNotice {
        notice: Some(notice_message(&entry.notice)),
        agency_id: scope_id(&entry.notice),
        built_in: entry.position.is_none(),
        position: entry.position.map(GlobalPosition::get).unwrap_or_default(),
        replaced: entry.is_replaced,
    }
}

fn scope_id(notice: &Notice) -> String {
    notice.scope.agency().map(ToString::to_string).unwrap_or_default()
}

/// A day of the calendar, and why it is worked or not.
pub(crate) fn day(calendar: &Calendar, day: LegalDate) -> pb::CalendarDay {
    let (ground, notice) = match calendar.ground(day) {
        Ground::Weekday => (pb::DayGround::Weekday, None),
        Ground::Weekend => (pb::DayGround::Weekend, None),
        Ground::Notice { notice, occasion } => {
            let number = notice.number.as_str().to_owned();
            let occasion = occasion.as_str().to_owned();
            let by = pb::NoticeOccasion { number, agency_id: scope_id(notice), occasion };
            (pb::DayGround::Notice, Some(by))
        }
    };
    pb::CalendarDay {
        calendar_date: Some(civil_date(day.date())),
        is_working_day: calendar.is_working_day(day),
        ground: ground.into(),
        notice,
        is_provisional: !calendar.is_settled(day, day),
    }
}

pub(crate) fn covered_until(calendar: &Calendar) -> Option<event::CivilDate> {
    calendar.covered_until().map(|day| civil_date(day.date()))
}
