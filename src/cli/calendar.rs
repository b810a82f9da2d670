//! `disclosure calendar`.

use std::path::Path;

use jiff::civil::Date;
use serde_json::{Value, json};
use tonic::transport::Channel;

use super::{
    Failure, Outcome, Output,
    args::CalendarAct,
    client::{Run, connect},
};
use crate::{
    domain::calendar::{Notice, parse_notices},
    wire::{
        civil_date, date_range, holiday_arrangement,
        pb::{
            event::v1::{CivilDate, DateRange},
            v1::{self as pb, calendar_service_client::CalendarServiceClient},
        },
    },
};

pub(super) async fn run(
    server: &str,
    act: CalendarAct,
    output: Output,
) -> Result<Outcome, Failure> {
    match act {
        CalendarAct::Notices { agency, known } => {
            let mut client = CalendarServiceClient::new(connect(server).await?);
            list(&mut client, agency, known, output).await?;
        }
        CalendarAct::Record { file } => {
            let requests = requests(&file)?;
            let mut client = CalendarServiceClient::new(connect(server).await?);
            for request in requests {
                let answer = client.record_holiday_notice(request).await?.into_inner();
                tell(output, answer);
            }
        }
        CalendarAct::Add { after, days, agency, known } => {
            let request = pb::AddWorkingDaysRequest {
                start_date: Some(civil_date(after)),
                working_days: days,
                agency_id: agency.unwrap_or_default(),
                known_date: known.map(civil_date),
            };
            let mut client = CalendarServiceClient::new(connect(server).await?);
            added(client.add_working_days(request).await?.into_inner(), output);
        }
        CalendarAct::Days { from, to, agency, known } => {
            let request = pb::GetWorkingDaysRequest {
                first_date: Some(civil_date(from)),
                last_date: Some(civil_date(to)),
                agency_id: agency.unwrap_or_default(),
                known_date: known.map(civil_date),
            };
            let mut client = CalendarServiceClient::new(connect(server).await?);
            days(client.get_working_days(request).await?.into_inner(), output);
        }
    }
    Ok(Outcome::Done)
}

/// The requests that record the notices of a file.
fn requests(path: &Path) -> Result<Vec<pb::RecordHolidayNoticeRequest>, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::file("read", path, &error))?;
    let name = path.display();
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::faults(format!("{name} is not UTF-8 text")))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let notices =
        parse_notices(text).map_err(|error| Failure::faults(format!("{name}, {error}")))?;
    if notices.is_empty() {
        return Err(Failure::faults(format!("{name} holds no notice")));
    }
    let mut run = Run::new("calendar");
    Ok(notices.iter().map(|notice| request(&mut run, notice)).collect())
}

fn request(run: &mut Run, notice: &Notice) -> pb::RecordHolidayNoticeRequest {
    let supersedes = notice.supersedes.as_ref().map(|number| number.as_str().to_owned());
    pb::RecordHolidayNoticeRequest {
        write: Some(run.write()),
        agency_id: notice.scope.agency().map(ToString::to_string).unwrap_or_default(),
        notice: Some(pb::HolidayNotice {
            number: notice.number.as_str().to_owned(),
            title: notice.title.as_str().to_owned(),
            gazetted_date: Some(civil_date(notice.gazetted_date.date())),
            known_date: Some(civil_date(notice.known_date.date())),
            supersedes_number: supersedes.unwrap_or_default(),
            settles: notice.settles.map(date_range),
            arrangements: notice.arrangements.iter().map(holiday_arrangement).collect(),
        }),
    }
}

fn tell(output: Output, answer: pb::RecordHolidayNoticeResponse) {
    let pb::HolidayNotice { number, title, .. } = answer.notice.unwrap_or_default();
    let pb::WriteReceipt { position, unchanged, .. } = answer.receipt.unwrap_or_default();
    let sentence = if unchanged {
        format!("{number} {title} is recorded so already")
    } else {
        format!("recorded {number} {title} at position {position}")
    };
    output.summary(
        sentence,
        &json!({ "number": number, "position": position, "unchanged": unchanged }),
    );
}

async fn list(
    client: &mut CalendarServiceClient<Channel>,
    agency: Option<String>,
    known: Option<Date>,
    output: Output,
) -> Result<(), Failure> {
    let agency_id = agency.unwrap_or_default();
    let mut page_token = String::new();
    loop {
        let request = pb::ListHolidayNoticesRequest {
            page_size: 1000,
            page_token,
            agency_id: agency_id.clone(),
            known_date: known.map(civil_date),
        };
        let page = client.list_holiday_notices(request).await?.into_inner();
        for recorded in page.notices {
            let notice = recorded.notice.clone().unwrap_or_default();
            let gazetted = date(notice.gazetted_date).unwrap_or_default();
            let replaced = if recorded.replaced { "replaced" } else { "" };
            output.summary(
                format_args!(
                    "{}\t{gazetted}\t{}\t{}\t{replaced}",
                    notice.number, recorded.agency_id, notice.title
                ),
                &notice_json(&recorded, &notice),
            );
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(());
        }
    }
}

fn notice_json(recorded: &pb::RecordedHolidayNotice, notice: &pb::HolidayNotice) -> Value {
    let range = |range: &DateRange| json!([date(range.first_date), date(range.last_date)]);
    let said = |said: &crate::wire::pb::event::v1::HolidayArrangement| {
        json!({
            "occasion": said.occasion,
            "days_off": said.days_off.iter().map(range).collect::<Vec<_>>(),
            "days_worked":
                said.days_worked.iter().map(|day| date(Some(*day))).collect::<Vec<_>>(),
        })
    };
    json!({
        "number": notice.number,
        "title": notice.title,
        "agency": recorded.agency_id,
        "gazetted_date": date(notice.gazetted_date),
        "known_date": date(notice.known_date),
        "supersedes": notice.supersedes_number,
        "settles": notice.settles.as_ref().map(range),
        "arrangements": notice.arrangements.iter().map(said).collect::<Vec<_>>(),
        "built_in": recorded.built_in,
        "position": recorded.position,
        "replaced": recorded.replaced,
    })
}

fn days(answer: pb::GetWorkingDaysResponse, output: Output) {
    for day in answer.days {
        let on = date(day.calendar_date);
        let ground = day.ground();
        let by = day.notice.unwrap_or_default();
        let why = match ground {
            pb::DayGround::Weekday | pb::DayGround::Unspecified => "weekday".to_owned(),
            pb::DayGround::Weekend => "weekend".to_owned(),
            pb::DayGround::Notice => format!("{} {}", by.number, by.occasion),
        };
        let is_worked = if day.is_working_day { "work" } else { "off" };
        let provisional = if day.is_provisional { "\tprovisional" } else { "" };
        output.summary(
            format_args!("{}\t{is_worked}\t{why}{provisional}", on.as_deref().unwrap_or_default()),
            &json!({
                "date": on,
                "working_day": day.is_working_day,
                "notice": by.number,
                "agency": by.agency_id,
                "occasion": by.occasion,
                "provisional": day.is_provisional,
            }),
        );
    }
    let covered = date(answer.covered_until_date);
    let worked = answer.working_days;
    let until = covered.as_deref().unwrap_or("no day");
    output.summary(
        format_args!("{worked} working days; the notices leave nothing open until {until}"),
        &json!({ "working_days": worked, "covered_until_date": covered }),
    );
}

/// The day that was come to, and what made it differ from counting Monday to Friday.
fn added(answer: pb::AddWorkingDaysResponse, output: Output) {
    let object = json!({
        "date": date(answer.end_date),
        "provisional": answer.is_provisional,
        "days_off": answer.skipped_days.iter().map(named_day).collect::<Vec<_>>(),
        "weekends_worked": answer.worked_weekend_days.iter().map(named_day).collect::<Vec<_>>(),
        "covered_until_date": date(answer.covered_until_date),
    });
    if output.json {
        return output.line(object);
    }
    let end = date(answer.end_date).unwrap_or_default();
    let provisional = if answer.is_provisional { "\tprovisional" } else { "" };
    output.line(format_args!("{end}{provisional}"));
    let noticed = |day: &&pb::CalendarDay| day.ground() == pb::DayGround::Notice;
    for (what, days) in [("off", answer.skipped_days), ("work", answer.worked_weekend_days)] {
        for day in days.iter().filter(noticed) {
            let on = date(day.calendar_date).unwrap_or_default();
            let by = day.notice.clone().unwrap_or_default();
            output.line(format_args!("{on}\t{what}\t{} {}", by.number, by.occasion));
        }
    }
}

/// A day with the notice that made it what it is, if one did.
pub(super) fn named_day(day: &pb::CalendarDay) -> Value {
    let by = day.notice.clone().unwrap_or_default();
    json!({
        "date": date(day.calendar_date),
        "notice": by.number,
        "occasion": by.occasion,
    })
}

/// A date as people write it.
pub(super) fn date(date: Option<CivilDate>) -> Option<String> {
    date.map(|date| format!("{:04}-{:02}-{:02}", date.year, date.month, date.day))
}
