//! Notices of working days by RPC: recorded, listed, repeated, contradicted, superseded; and the
//! calendars that they make, for the country and for a part of it, as known before and after.
#![cfg(test)]

use disclosure_ledger::{
    store::GlobalPosition,
    wire::{
        CALENDAR_STREAM,
        pb::{
            event::v1::{CivilDate, DateRange, HolidayArrangement, event_envelope::Body},
            v1::{self as pb, DayGround},
        },
    },
};

use crate::support::{
    Expected, TestServer, collect, contradicts, date, fresh, invalid, missing, named, section,
};

const OF_2027: &str = "国办发明电〔2026〕8号";
const BUILT_IN: usize = 10;

fn days(first: &str, last: &str) -> DateRange {
    DateRange { first_date: date(first), last_date: date(last) }
}

fn occasion(occasion: &str, off: &[(&str, &str)], worked: &[&str]) -> HolidayArrangement {
    HolidayArrangement {
        occasion: occasion.to_owned(),
        days_off: off.iter().map(|(first, last)| days(first, last)).collect(),
        days_worked: worked.iter().map(|day| date(day).unwrap()).collect(),
    }
}

/// A made-up annual notice for 2027.
fn of_2027() -> pb::HolidayNotice {
    pb::HolidayNotice {
        number: OF_2027.to_owned(),
        title: "国务院办公厅关于2027年部分节假日安排的通知".to_owned(),
        gazetted_date: date("2026-11-10"),
        known_date: date("2026-11-12"),
        settles: Some(days("2026-12-01", "2027-11-30")),
        arrangements: vec![
            occasion("元旦", &[("2027-01-01", "2027-01-03")], &["2026-12-27"]),
            occasion("春节", &[("2027-02-06", "2027-02-12")], &["2027-02-14"]),
        ],
        ..Default::default()
    }
}

fn of_xinjiang() -> pb::HolidayNotice {
    pb::HolidayNotice {
        number: "新政办明电〔2025〕1号".to_owned(),
        title: "关于2025年肉孜节放假的通知".to_owned(),
        gazetted_date: date("2025-03-10"),
        known_date: date("2025-03-12"),
        arrangements: vec![occasion("肉孜节", &[("2025-03-31", "2025-03-31")], &[])],
        ..Default::default()
    }
}

fn record(agency_id: &str, notice: pb::HolidayNotice) -> pb::RecordHolidayNoticeRequest {
    pb::RecordHolidayNoticeRequest {
        write: fresh(),
        agency_id: agency_id.to_owned(),
        notice: Some(notice),
    }
}

async fn given(
    server: &TestServer,
    agency_id: &str,
    notice: pb::HolidayNotice,
) -> pb::WriteReceipt {
    let request = record(agency_id, notice);
    let answer = server.calendar().record_holiday_notice(request).await.unwrap();
    answer.into_inner().receipt.unwrap()
}

async fn listed(
    server: &TestServer,
    request: pb::ListHolidayNoticesRequest,
) -> Vec<pb::RecordedHolidayNotice> {
    server.calendar().list_holiday_notices(request).await.unwrap().into_inner().notices
}

fn text(date: Option<CivilDate>) -> String {
    let CivilDate { year, month, day } = date.unwrap();
    format!("{year:04}-{month:02}-{day:02}")
}

/// The end of so many working days, as known on a day: `2020-02-21`, or with a `?` if provisional.
async fn added(server: &TestServer, start: &str, n: i32, agency: &str, known: &str) -> String {
    let answer = add(server, start, n, agency, known).await;
    let mark = if answer.is_provisional { "?" } else { "" };
    format!("{}{mark}", text(answer.end_date))
}

async fn add(
    server: &TestServer,
    start: &str,
    working_days: i32,
    agency_id: &str,
    known: &str,
) -> pb::AddWorkingDaysResponse {
    let request = pb::AddWorkingDaysRequest {
        start_date: date(start),
        working_days,
        agency_id: agency_id.to_owned(),
        known_date: if known == "now" { None } else { date(known) },
    };
    server.calendar().add_working_days(request).await.unwrap().into_inner()
}

/// What is said of a day: `2020-01-31 off 国办发明电〔2020〕1号 春节`.
fn said(day: &pb::CalendarDay) -> String {
    let on = text(day.calendar_date);
    let is = if day.is_working_day { "work" } else { "off" };
    let by = day.notice.clone().unwrap_or_default();
    match day.ground() {
        DayGround::Unspecified => panic!("{day:?}"),
        DayGround::Weekday => format!("{on} {is} weekday"),
        DayGround::Weekend => format!("{on} {is} weekend"),
        DayGround::Notice => format!("{on} {is} {} {}", by.number, by.occasion),
    }
}

#[tokio::test]
async fn the_spring_festival_of_2020_as_known_that_day_and_after_it_was_extended() {
    let server = TestServer::start().await;
    let before = add(&server, "2020-01-20", 20, "", "2020-01-20").await;
    assert_eq!(text(before.end_date), "2020-02-21");
    let worked: Vec<_> = before.worked_weekend_days.iter().map(said).collect();
    assert_eq!(worked, ["2020-02-01 work 国办发明电〔2019〕16号 春节"]);
    assert_eq!(added(&server, "2020-01-20", 20, "", "2020-01-26").await, "2020-02-21");

    let after = add(&server, "2020-01-20", 20, "", "2020-01-27").await;
    assert_eq!(text(after.end_date), "2020-02-25");
    assert_eq!(added(&server, "2020-01-20", 20, "", "now").await, "2020-02-25");
    let skipped: Vec<_> = after.skipped_days.iter().map(said).collect();
    assert_eq!(skipped.len(), 7 + 3 + 6);
    for day in ["2020-01-31", "2020-02-01", "2020-02-02"] {
        let expected = format!("{day} off 国办发明电〔2020〕1号 春节");
        assert!(skipped.contains(&expected), "{skipped:?}");
    }
    assert!(after.worked_weekend_days.is_empty());
    assert!(!after.is_provisional);
    assert_eq!(text(after.covered_until_date), "2020-11-30");
    assert_eq!(server.head(), 0, "all of this comes with the program");
}

#[tokio::test]
async fn a_notice_recorded_moves_the_calendar_from_the_day_on_which_it_was_known() {
    let server = TestServer::start().await;
    let start = "2026-12-21";
    assert_eq!(added(&server, start, 20, "", "now").await, "2027-01-18?");
    let receipt = given(&server, "", of_2027()).await;
    assert_eq!((receipt.position, receipt.unchanged), (1, false));
    assert_eq!(added(&server, start, 20, "", "now").await, "2027-01-18", "one off, one worked");
    assert_eq!(added(&server, start, 4, "", "now").await, "2026-12-25");
    assert_eq!(added(&server, start, 5, "", "now").await, "2026-12-27", "a Sunday worked");
    assert_eq!(added(&server, start, 5, "", "2026-11-12").await, "2026-12-27");
    assert_eq!(added(&server, start, 5, "", "2026-11-11").await, "2026-12-28?");

    let request = pb::GetWorkingDaysRequest {
        first_date: date("2026-12-26"),
        last_date: date("2027-01-04"),
        ..Default::default()
    };
    let answer = server.calendar().get_working_days(request.clone()).await.unwrap().into_inner();
    let off = format!("off {OF_2027} 元旦");
    assert_eq!(
        answer.days.iter().map(said).collect::<Vec<_>>(),
        [
            "2026-12-26 off weekend".to_owned(),
            format!("2026-12-27 work {OF_2027} 元旦"),
            "2026-12-28 work weekday".to_owned(),
            "2026-12-29 work weekday".to_owned(),
            "2026-12-30 work weekday".to_owned(),
            "2026-12-31 work weekday".to_owned(),
            format!("2027-01-01 {off}"),
            format!("2027-01-02 {off}"),
            format!("2027-01-03 {off}"),
            "2027-01-04 work weekday".to_owned(),
        ]
    );
    assert_eq!(answer.working_days, 6);
    assert_eq!(text(answer.covered_until_date), "2027-11-30");
    assert!(answer.days.iter().all(|day| !day.is_provisional));
    let before = pb::GetWorkingDaysRequest { known_date: date("2026-11-11"), ..request };
    let answer = server.calendar().get_working_days(before).await.unwrap().into_inner();
    assert_eq!(text(answer.covered_until_date), "2026-11-30");
    assert!(answer.days.iter().all(|day| day.is_provisional));
}

#[tokio::test]
async fn a_notice_is_written_in_full_and_listed_as_it_was_written() {
    let server = TestServer::start().await;
    server.register("xinjiang", "").await;
    given(&server, "", of_2027()).await;
    let receipt = given(&server, "xinjiang", of_xinjiang()).await;

    let read = pb::ReadStreamRequest { stream_id: CALENDAR_STREAM.to_owned() };
    let parts = server.events().read_stream(read).await.unwrap().into_inner();
    let events: Vec<_> =
        collect(parts).await.unwrap().into_iter().flat_map(|part| part.events).collect();
    let envelopes: Vec<_> = events.iter().map(|event| event.event.clone().unwrap()).collect();
    assert_eq!(events[0].event_type, "disclosure.event.v1.HolidayNoticeRecorded");
    let ids: Vec<_> = envelopes.iter().map(|envelope| envelope.agency_id.as_str()).collect();
    assert_eq!(ids, ["", "xinjiang"]);
    assert_eq!(envelopes[0].effective_date, date("2026-11-10"));
    let Some(Body::HolidayNoticeRecorded(recorded)) = &envelopes[0].body else { panic!() };
    assert_eq!(recorded.arrangements, of_2027().arrangements);
    assert_eq!((recorded.known_date, recorded.settles), (date("2026-11-12"), of_2027().settles));
    let below = pb::ReadAllRequest { agency_id: "xinjiang".to_owned(), ..Default::default() };
    let parts = server.events().read_all(below).await.unwrap().into_inner();
    let below: Vec<_> =
        collect(parts).await.unwrap().into_iter().flat_map(|part| part.events).collect();
    assert_eq!(below.last().unwrap().position, receipt.position);
    assert_eq!(below.len(), 2, "its registration and its notice");

    let all = listed(&server, pb::ListHolidayNoticesRequest::default()).await;
    assert_eq!(all.len(), BUILT_IN + 2);
    assert!(all[..BUILT_IN].iter().all(|n| n.built_in && n.position == 0 && !n.replaced));
    let recorded: Vec<_> = all[BUILT_IN..].iter().cloned().map(|n| n.notice.unwrap()).collect();
    assert_eq!(recorded, [of_2027(), of_xinjiang()]);
    let places: Vec<_> = all[BUILT_IN..].iter().map(|n| (n.position, &*n.agency_id)).collect();
    assert_eq!(places, [(2, ""), (3, "xinjiang")]);
    assert!(all[BUILT_IN..].iter().all(|notice| !notice.built_in));

    for page_size in [1, 5, 11, 12] {
        let (mut found, mut page_token) = (Vec::new(), String::new());
        loop {
            let request =
                pb::ListHolidayNoticesRequest { page_size, page_token, ..Default::default() };
            let page = server.calendar().list_holiday_notices(request).await.unwrap().into_inner();
            assert_eq!(page.version, receipt.version);
            found.extend(page.notices);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(found, all, "{page_size} a page");
    }
    let known =
        pb::ListHolidayNoticesRequest { known_date: date("2020-01-26"), ..Default::default() };
    let known = listed(&server, known).await;
    assert_eq!(known.last().unwrap().notice.as_ref().unwrap().number, "国办发明电〔2019〕16号");
    assert_eq!(known.len(), 3);
}

#[tokio::test]
async fn what_is_said_again_changes_nothing() {
    let server = TestServer::start().await;
    let built_in: Vec<_> = listed(&server, pb::ListHolidayNoticesRequest::default()).await;
    for recorded in built_in {
        let notice = recorded.notice.unwrap();
        for known_date in [notice.known_date, None] {
            let again = pb::HolidayNotice { known_date, ..notice.clone() };
            let receipt = given(&server, "", again).await;
            assert_eq!((receipt.position, receipt.unchanged), (0, true), "{}", notice.number);
        }
    }
    let first = given(&server, "", of_2027()).await;
    let unstated = pb::HolidayNotice { known_date: None, ..of_2027() };
    for notice in [of_2027(), unstated] {
        let again = given(&server, "", notice).await;
        assert_eq!((again.position, again.unchanged), (first.position, true));
        assert_eq!(again.version, first.version);
    }
    assert_eq!(server.head(), 1);
}

#[tokio::test]
async fn a_request_sent_again_gets_its_first_answer_and_shares_its_id_with_nobody() {
    let server = TestServer::start().await;
    server.register("xinjiang", "").await;
    let request = |agency, notice| pb::RecordHolidayNoticeRequest {
        write: named("r1"),
        ..record(agency, notice)
    };
    let unstated = || pb::HolidayNotice { known_date: None, ..of_2027() };
    let mut calendar = server.calendar();
    let first = calendar.record_holiday_notice(request("", unstated())).await.unwrap().into_inner();
    // The clock stands at 2024: a notice cannot have been known before it was published.
    assert_eq!(first.notice.as_ref().unwrap().known_date, date("2026-11-10"));
    let again = calendar.record_holiday_notice(request("", unstated())).await.unwrap().into_inner();
    assert_eq!(again.notice, first.notice);
    assert!(again.receipt.unwrap().unchanged);
    calendar.record_holiday_notice(request("xinjiang", of_xinjiang())).await.unwrap();
    let other = server.calendar().record_holiday_notice(request("", of_xinjiang())).await;
    let reused: Expected = (tonic::Code::AlreadyExists, "REQUEST_ID_REUSED", &["write.request_id"]);
    server.check_refused(async { other }, reused).await;
    let mut stale = record("", pb::HolidayNotice { number: "别号".to_owned(), ..of_2027() });
    stale.write.as_mut().unwrap().expected_version = "1".to_owned();
    let conflict: Expected =
        (tonic::Code::Aborted, "VERSION_CONFLICT", &["write.expected_version"]);
    server.check_refused(server.calendar().record_holiday_notice(stale), conflict).await;
    assert_eq!(server.head(), 3);
}

#[tokio::test]
async fn the_day_of_recording_is_the_day_from_which_a_notice_is_known_if_none_is_stated() {
    let server = TestServer::start().await;
    let late = pb::HolidayNotice {
        number: "国办发明电〔2023〕99号".to_owned(),
        title: "关于临时放假的通知".to_owned(),
        gazetted_date: date("2023-12-20"),
        arrangements: vec![occasion("临时", &[("2024-01-04", "2024-01-04")], &[])],
        ..Default::default()
    };
    let answer = server.calendar().record_holiday_notice(record("", late)).await.unwrap();
    assert_eq!(answer.into_inner().notice.unwrap().known_date, date("2024-01-02"));
    assert_eq!(added(&server, "2024-01-03", 1, "", "2024-01-01").await, "2024-01-04");
    assert_eq!(added(&server, "2024-01-03", 1, "", "2024-01-02").await, "2024-01-05");
}

#[tokio::test]
async fn other_content_under_a_number_is_refused_naming_both_and_replaced_only_by_name() {
    let server = TestServer::start().await;
    given(&server, "", of_2027()).await;
    let mut mistyped = of_2027();
    mistyped.arrangements[1] = occasion("春节", &[("2027-02-06", "2027-02-11")], &["2027-02-14"]);
    let call = server.calendar().record_holiday_notice(record("", mistyped.clone())).await;
    let status = call.as_ref().unwrap_err();
    for part in [OF_2027, "春节 off 2027-02-06..2027-02-12", "春节 off 2027-02-06..2027-02-11"]
    {
        assert!(status.message().contains(part), "{}", status.message());
    }
    let expected = contradicts("HOLIDAY_NOTICE_ALREADY_RECORDED", &["notice.number"]);
    server.check_refused(async { call }, expected).await;

    assert_eq!(added(&server, "2027-02-05", 1, "", "now").await, "2027-02-14");
    let mended = pb::HolidayNotice {
        supersedes_number: OF_2027.to_owned(),
        known_date: date("2026-12-01"),
        ..mistyped
    };
    assert!(!given(&server, "", mended.clone()).await.unchanged);
    assert!(given(&server, "", mended).await.unchanged);
    assert_eq!(added(&server, "2027-02-05", 1, "", "now").await, "2027-02-12");
    assert_eq!(added(&server, "2027-02-05", 1, "", "2026-11-30").await, "2027-02-14");
    let all = listed(&server, pb::ListHolidayNoticesRequest::default()).await;
    let replaced: Vec<_> = all[BUILT_IN..].iter().map(|notice| notice.replaced).collect();
    assert_eq!(replaced, [true, false]);

    let ghost = pb::HolidayNotice { supersedes_number: "无".to_owned(), ..of_xinjiang() };
    let expected = missing("HOLIDAY_NOTICE_NOT_FOUND", &["notice.supersedes_number"]);
    let call = server.calendar().record_holiday_notice(record("", ghost)).await;
    server.check_refused(async { call }, expected).await;
}

#[tokio::test]
async fn a_regional_notice_holds_below_its_agency_only() {
    let server = TestServer::start().await;
    for (id, parent) in
        [("cn", ""), ("xinjiang", "cn"), ("hotan", "xinjiang"), ("henan", "cn"), ("moved", "henan")]
    {
        server.register(id, parent).await;
    }
    let reparent = pb::ReparentAgencyRequest {
        write: fresh(),
        agency_id: "moved".to_owned(),
        parent_id: "xinjiang".to_owned(),
        from_year: 2025,
    };
    server.agencies().reparent_agency(reparent).await.unwrap();
    given(&server, "xinjiang", of_xinjiang()).await;
    for (agency, end) in [
        ("", "2025-03-31"),
        ("cn", "2025-03-31"),
        ("henan", "2025-03-31"),
        ("xinjiang", "2025-04-01"),
        ("hotan", "2025-04-01"),
        ("moved", "2025-04-01"),
    ] {
        assert_eq!(added(&server, "2025-03-28", 1, agency, "now").await, end, "{agency}");
        assert_eq!(added(&server, "2025-03-28", 1, agency, "2025-03-11").await, "2025-03-31");
    }
    let skipped = add(&server, "2025-03-28", 1, "hotan", "now").await.skipped_days;
    let by = skipped.last().unwrap().notice.clone().unwrap();
    assert_eq!((by.agency_id.as_str(), by.occasion.as_str()), ("xinjiang", "肉孜节"));

    let of = |agency: &str| pb::ListHolidayNoticesRequest {
        agency_id: agency.to_owned(),
        ..Default::default()
    };
    assert_eq!(listed(&server, of("hotan")).await.len(), BUILT_IN + 1);
    assert_eq!(listed(&server, of("henan")).await.len(), BUILT_IN);
    // The same number for the whole country is another notice.
    assert!(!given(&server, "", of_xinjiang()).await.unchanged);
    assert_eq!(added(&server, "2025-03-28", 1, "henan", "now").await, "2025-04-01");
}

#[tokio::test]
async fn notices_are_there_after_a_restart_and_reports_do_not_mind_them() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("log");
    let server = TestServer::on_disk(&data).await;
    server.register("a", "").await;
    given(&server, "", of_2027()).await;
    given(&server, "a", of_xinjiang()).await;
    let text = section(2024, 1.try_into().unwrap(), "一");
    server.narrative().set_section(text).await.unwrap();
    let all = || pb::ListHolidayNoticesRequest::default();
    let before = listed(&server, all()).await;
    let head = server.head();
    server.stop().await;
    let server = TestServer::on_disk(&data).await;
    assert_eq!(listed(&server, all()).await, before);
    assert_eq!(added(&server, "2026-12-21", 5, "", "now").await, "2026-12-27");
    assert_eq!(added(&server, "2025-03-28", 1, "a", "now").await, "2025-04-01");
    assert!(given(&server, "", of_2027()).await.unchanged);
    assert_eq!(server.head(), head);
    let agencies = server.agencies().list_agencies(pb::ListAgenciesRequest::default()).await;
    assert_eq!(agencies.unwrap().into_inner().agencies.len(), 1, "a notice is no agency");
    let selector = pb::ReportSelector {
        agency_id: "a".to_owned(),
        year: 2024,
        subtree: true,
        ..Default::default()
    };
    let now = server.tables(selector.clone()).await;
    let then = pb::ReportSelector {
        as_of: Some(pb::report_selector::AsOf::AsOfPosition(GlobalPosition::new(head).get())),
        ..selector
    };
    assert_eq!(server.tables(then).await, now);
    server.stop().await;
}

#[tokio::test]
async fn what_no_notice_can_be_is_refused_by_its_path() {
    let server = TestServer::start().await;
    let spoilt = |spoil: fn(&mut pb::HolidayNotice)| {
        let mut notice = of_2027();
        spoil(&mut notice);
        record("", notice)
    };
    let none = pb::RecordHolidayNoticeRequest { notice: None, ..record("", of_2027()) };
    let unnamed = pb::RecordHolidayNoticeRequest { write: None, ..record("", of_2027()) };
    let regional = |notice: pb::HolidayNotice| record("ghost", notice);
    let cases: [(pb::RecordHolidayNoticeRequest, Expected); 16] = [
        (none, invalid(&["notice"])),
        (unnamed, invalid(&["write.request_id"])),
        (record("a/b", of_2027()), invalid(&["agency_id"])),
        (regional(of_xinjiang()), missing("AGENCY_NOT_FOUND", &["agency_id"])),
        (spoilt(|n| n.number.clear()), invalid(&["notice.number"])),
        (spoilt(|n| n.title = "一\n二".to_owned()), invalid(&["notice.title"])),
        (spoilt(|n| n.gazetted_date = None), invalid(&["notice.gazetted_date"])),
        (spoilt(|n| n.known_date = date("2026-11-09")), invalid(&["notice.known_date"])),
        (
            spoilt(|n| n.settles = Some(DateRange::default())),
            invalid(&["notice.settles.first_date", "notice.settles.last_date"]),
        ),
        (
            spoilt(|n| n.settles = Some(days("2027-02-01", "2027-01-01"))),
            invalid(&["notice.settles"]),
        ),
        (
            spoilt(|n| {
                n.arrangements[0].occasion.clear();
                n.arrangements[1].days_worked[0].day = 30;
            }),
            invalid(&["notice.arrangements[0].occasion", "notice.arrangements[1].days_worked[0]"]),
        ),
        (
            spoilt(|n| n.arrangements[1].days_off.push(DateRange::default())),
            invalid(&[
                "notice.arrangements[1].days_off[1].first_date",
                "notice.arrangements[1].days_off[1].last_date",
            ]),
        ),
        (
            spoilt(|n| n.arrangements[1].days_off.push(days("2027-02-12", "2027-02-12"))),
            invalid(&["notice.arrangements[1].days_off[1]"]),
        ),
        (
            spoilt(|n| n.arrangements[0].days_off[0].last_date = date("2027-03-01")),
            invalid(&["notice.arrangements[0].days_off[0]"]),
        ),
        (
            spoilt(|n| n.arrangements[1].days_worked[0].year = 2029),
            invalid(&["notice.arrangements[1].days_worked[0]"]),
        ),
        (
            spoilt(|n| {
                n.arrangements.clear();
                n.settles = None;
            }),
            invalid(&["notice.arrangements"]),
        ),
    ];
    for (request, expected) in cases {
        let call = server.calendar().record_holiday_notice(request).await;
        server.check_refused(async { call }, expected).await;
    }
}

#[tokio::test]
async fn what_no_calendar_answers_is_refused_by_name() {
    let server = TestServer::start().await;
    let range = |first: &str, last: &str| pb::GetWorkingDaysRequest {
        first_date: date(first),
        last_date: date(last),
        ..Default::default()
    };
    let ghost = || "ghost".to_owned();
    for (request, expected) in [
        (pb::GetWorkingDaysRequest::default(), invalid(&["first_date", "last_date"])),
        (range("2026-01-02", "2026-01-01"), invalid(&["last_date"])),
        (range("2008-01-01", "2100-12-31"), invalid(&["last_date"])),
        (range("2026-02-29", "2026-03-01"), invalid(&["first_date"])),
        (
            pb::GetWorkingDaysRequest { agency_id: ghost(), ..range("2026-01-01", "2026-01-01") },
            missing("AGENCY_NOT_FOUND", &["agency_id"]),
        ),
    ] {
        server.check_refused(server.calendar().get_working_days(request), expected).await;
    }
    let whole = range("2024-01-01", "2026-09-26");
    let answer = server.calendar().get_working_days(whole).await.unwrap().into_inner();
    assert_eq!(answer.days.len(), 1000);

    let count = |start: &str, working_days| pb::AddWorkingDaysRequest {
        start_date: date(start),
        working_days,
        ..Default::default()
    };
    for (request, expected) in [
        (pb::AddWorkingDaysRequest::default(), invalid(&["start_date", "working_days"])),
        (count("2026-01-01", -1), invalid(&["working_days"])),
        (count("2026-01-01", 1001), invalid(&["working_days"])),
        (count("2100-12-31", 1), invalid(&["working_days"])),
        (
            pb::AddWorkingDaysRequest { agency_id: ghost(), ..count("2026-01-01", 1) },
            missing("AGENCY_NOT_FOUND", &["agency_id"]),
        ),
        (
            pb::AddWorkingDaysRequest { known_date: date("2026-02-30"), ..count("2026-01-01", 1) },
            invalid(&["known_date"]),
        ),
    ] {
        server.check_refused(server.calendar().add_working_days(request), expected).await;
    }
    for (request, expected) in [
        (
            pb::ListHolidayNoticesRequest { page_size: -1, ..Default::default() },
            invalid(&["page_size"]),
        ),
        (
            pb::ListHolidayNoticesRequest { agency_id: ghost(), ..Default::default() },
            missing("AGENCY_NOT_FOUND", &["agency_id"]),
        ),
    ] {
        server.check_refused(server.calendar().list_holiday_notices(request), expected).await;
    }
}
