//! Working days, and the notices that fix them.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::{
    Desk,
    convert::{Fields, calendar as convert, page_size, page_start},
    refused::Refused,
    respond,
};
use crate::{
    domain::{
        AgencyId, LegalDate,
        calendar::{Calendar, DateRange},
    },
    projection::{AsOf, NoticeFilter, QueryError, Register},
    wire::{
        civil_date,
        pb::v1::{self as pb, calendar_service_server::CalendarService},
    },
};

/// The most days that one answer names.
const MOST_DAYS: usize = 1000;
/// The most working days that are counted at once.
const MOST_WORKING_DAYS: i32 = 1000;

/// Whose calendar is asked for.
struct CalendarOf {
    agency_id: Option<AgencyId>,
    /// The year in which the agency's place under others counts.
    year: i16,
    known_date: Option<LegalDate>,
}

impl CalendarOf {
    /// The agency, if one is named; it must be registered.
    fn agency(&self, register: &Register) -> Result<Option<&AgencyId>, QueryError> {
        match &self.agency_id {
            Some(id) if register.book(id).is_none() => Err(QueryError::UnknownAgency(id.clone())),
            named => Ok(named.as_ref()),
        }
    }
}

impl Desk {
    async fn record_notice(
        &self,
        request: pb::RecordHolidayNoticeRequest,
    ) -> Result<pb::RecordHolidayNoticeResponse, Refused> {
        let (entry, recorded) = self.record(convert::record(request, self.clock.today())?).await?;
        Ok(convert::answer(&entry, &recorded))
    }

    async fn notices(
        &self,
        request: pb::ListHolidayNoticesRequest,
    ) -> Result<pb::ListHolidayNoticesResponse, Refused> {
        let mut fields = Fields::default();
        let size = page_size(&mut fields, request.page_size);
        let agency_id = fields.optional_id("agency_id", &request.agency_id, AgencyId::parse);
        let known_date = fields.optional_date("known_date", request.known_date);
        let size = fields.finish(size)?;
        let of = CalendarOf { agency_id, year: self.clock.today().year(), known_date };
        let after = page_start(&request.page_token);
        let (found, _) = self
            .projection
            .ask(AsOf::Now, |register| {
                let lineage = of.agency(register)?.map(|id| register.lineage(id, of.year));
                let filter = NoticeFilter { lineage: lineage.as_deref(), known_date };
                let calendar = register.calendar();
                Ok::<_, QueryError>((calendar.page(filter, after, size), calendar.version()))
            })
            .await?;
        let (page, version) = found?;
        Ok(pb::ListHolidayNoticesResponse {
            notices: page.items.iter().map(convert::recorded_notice).collect(),
            next_page_token: page.next_after.unwrap_or_default(),
            version: version.map(|version| version.to_string()).unwrap_or_default(),
        })
    }

    async fn working_days(
        &self,
        request: pb::GetWorkingDaysRequest,
    ) -> Result<pb::GetWorkingDaysResponse, Refused> {
        let mut fields = Fields::default();
        let first = fields.date("first_date", request.first_date);
        let last = fields.date("last_date", request.last_date);
        let agency_id = fields.optional_id("agency_id", &request.agency_id, AgencyId::parse);
        let known_date = fields.optional_date("known_date", request.known_date);
        let range = first.zip(last).map(|(first, last)| DateRange { first, last });
        if let Some(DateRange { first, last }) = range.filter(|range| range.last < range.first) {
            fields.fault("last_date", format!("{last} lies before {first}, the first day"));
        } else if range.is_some_and(|range| range.days().nth(MOST_DAYS).is_some()) {
            fields.fault("last_date", format!("a range has at most {MOST_DAYS} days"));
        }
        let range = fields.finish(range)?;
        let of = CalendarOf { agency_id, year: range.first.year(), known_date };
        let calendar = self.calendar(of).await?;
        let days: Vec<_> = range.days().map(|day| convert::day(&calendar, day)).collect();
        let worked = days.iter().filter(|day| day.is_working_day).count();
        Ok(pb::GetWorkingDaysResponse {
            working_days: i32::try_from(worked).unwrap_or(i32::MAX),
            days,
            covered_until_date: convert::covered_until(&calendar),
        })
    }

    async fn count_working_days(
        &self,
        request: pb::AddWorkingDaysRequest,
    ) -> Result<pb::AddWorkingDaysResponse, Refused> {
        let mut fields = Fields::default();
        let start = fields.date("start_date", request.start_date);
        let number = match request.working_days {
            number @ 1..=MOST_WORKING_DAYS => u16::try_from(number).ok(),
            number => {
                let what = format!("{number} is not a number from 1 to {MOST_WORKING_DAYS}");
                fields.fault("working_days", what);
                None
            }
        };
        let agency_id = fields.optional_id("agency_id", &request.agency_id, AgencyId::parse);
        let known_date = fields.optional_date("known_date", request.known_date);
        let (start, number) = fields.finish(start.zip(number))?;
        let of = CalendarOf { agency_id, year: start.year(), known_date };
        let calendar = self.calendar(of).await?;
        let Some(end) = calendar.add_working_days(start, number) else {
            let mut fields = Fields::default();
            let last = LegalDate::LAST_YEAR;
            let what = format!("working day {number} after {start} lies beyond the year {last}");
            fields.fault("working_days", what);
            return fields.finish(None);
        };
        let skipped = calendar.days_off(start, end);
        let weekends = calendar.weekends_worked(start, end);
        Ok(pb::AddWorkingDaysResponse {
            end_date: Some(civil_date(end.date())),
            is_provisional: !calendar.is_settled(start, end),
            skipped_days: skipped.iter().map(|off| convert::day(&calendar, off.date)).collect(),
            worked_weekend_days: weekends
                .iter()
                .map(|(day, _)| convert::day(&calendar, *day))
                .collect(),
            covered_until_date: convert::covered_until(&calendar),
        })
    }

    async fn calendar(&self, of: CalendarOf) -> Result<Arc<Calendar>, Refused> {
        let (calendar, _) = self
            .projection
            .ask(AsOf::Now, |register| {
                Ok::<_, QueryError>(match of.agency(register)? {
                    Some(id) => register.calendar_of(id, of.year, of.known_date),
                    None => register.calendar().calendar_of(&[], of.known_date),
                })
            })
            .await?;
        Ok(calendar?)
    }
}

#[tonic::async_trait]
impl CalendarService for Desk {
    async fn record_holiday_notice(
        &self,
        request: Request<pb::RecordHolidayNoticeRequest>,
    ) -> Result<Response<pb::RecordHolidayNoticeResponse>, Status> {
        respond(self.record_notice(request.into_inner()).await)
    }

    async fn list_holiday_notices(
        &self,
        request: Request<pb::ListHolidayNoticesRequest>,
    ) -> Result<Response<pb::ListHolidayNoticesResponse>, Status> {
        respond(self.notices(request.into_inner()).await)
    }

    async fn get_working_days(
        &self,
        request: Request<pb::GetWorkingDaysRequest>,
    ) -> Result<Response<pb::GetWorkingDaysResponse>, Status> {
        respond(self.working_days(request.into_inner()).await)
    }

    async fn add_working_days(
        &self,
        request: Request<pb::AddWorkingDaysRequest>,
    ) -> Result<Response<pb::AddWorkingDaysResponse>, Status> {
        respond(self.count_working_days(request.into_inner()).await)
    }
}
