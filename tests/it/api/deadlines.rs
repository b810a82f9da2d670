//! Deadlines by RPC: derived with the calendar as it was and is known, explained, listed over an
//! agency and a subtree.
#![cfg(test)]

use std::sync::Arc;

use disclosure_ledger::{
    server::ServeSettings,
    wire::pb::{
        event::v1::{Arrival, CivilDate, DateRange, Disposition, HolidayArrangement},
        v1::{self as pb, DeadlineSelection as Selection},
    },
};
use jiff::Timestamp;

use crate::support::{
    AGENCY, Expected, TestServer, check_refusal, contradicts, date, decide, fresh, invalid,
    missing, receive, withdraw,
};

fn text(date: Option<CivilDate>) -> String {
    date.map(|CivilDate { year, month, day }| format!("{year:04}-{month:02}-{day:02}"))
        .unwrap_or_default()
}

/// Noon in China of a day.
fn noon(day: &str) -> Timestamp {
    format!("{day}T04:00:00Z").parse().unwrap()
}

async fn get(server: &TestServer, id: &str, known: &str) -> pb::GetDeadlineResponse {
    let request = pb::GetDeadlineRequest {
        agency_id: AGENCY.to_owned(),
        application_id: id.to_owned(),
        known_date: if known.is_empty() { None } else { date(known) },
        as_of_position: 0,
    };
    server.deadlines().get_deadline(request).await.unwrap().into_inner()
}

async fn explain(server: &TestServer, id: &str, known: &str) -> pb::ExplainDeadlineResponse {
    let request = pb::ExplainDeadlineRequest {
        agency_id: AGENCY.to_owned(),
        application_id: id.to_owned(),
        known_date: if known.is_empty() { None } else { date(known) },
        as_of_position: 0,
    };
    server.deadlines().explain_deadline(request).await.unwrap().into_inner()
}

/// State, due date and days left: `overdue 2024-02-01 -3`, the date with a `?` if provisional.
fn said(deadline: &pb::Deadline) -> String {
    let state = deadline.state().as_str_name().trim_start_matches("DEADLINE_STATE_").to_lowercase();
    let mark = if deadline.is_provisional { "?" } else { "" };
    let left = deadline.remaining_working_days.map(|left| format!(" {left}")).unwrap_or_default();
    format!("{state} {}{mark}{left}", text(deadline.due_date))
}

/// What is known of it on a day.
async fn on(server: &TestServer, id: &str, known: &str) -> String {
    said(&get(server, id, known).await.deadline.unwrap())
}

fn all(selection: Selection) -> pb::ListDeadlinesRequest {
    pb::ListDeadlinesRequest {
        agency_id: AGENCY.to_owned(),
        selection: selection.into(),
        ..Default::default()
    }
}

async fn list(server: &TestServer, request: pb::ListDeadlinesRequest) -> pb::ListDeadlinesResponse {
    server.deadlines().list_deadlines(request).await.unwrap().into_inner()
}

/// The ids of a list: `a/1 a/2`.
async fn listed(server: &TestServer, request: pb::ListDeadlinesRequest) -> String {
    let page = list(server, request).await;
    let ids = page.deadlines.iter().map(|d| format!("{}/{}", d.agency_id, d.application_id));
    ids.collect::<Vec<_>>().join(" ")
}

async fn receive_at(server: &TestServer, agency_id: &str, id: &str, on: &str) {
    let request =
        pb::ReceiveApplicationRequest { agency_id: agency_id.to_owned(), ..receive(id, on) };
    server.applications().receive_application(request).await.unwrap();
}

#[tokio::test]
async fn the_spring_festival_of_2020_as_known_that_day_and_after_its_notice() {
    let server = TestServer::with_agency().await;
    server.clock.set(noon("2020-02-10"));
    receive_at(&server, AGENCY, "1", "2020-01-20").await;
    assert_eq!(on(&server, "1", "2020-01-20").await, "running 2020-02-21 20");
    assert_eq!(on(&server, "1", "2020-01-26").await, "running 2020-02-21 17");
    assert_eq!(on(&server, "1", "2020-01-27").await, "running 2020-02-25 17");
    let now = get(&server, "1", "").await;
    assert_eq!(said(now.deadline.as_ref().unwrap()), "running 2020-02-25 11");
    assert_eq!(text(now.asked_date), "2020-02-10");
    assert_eq!(now.known_date, None);
    assert_eq!(now.receipt_rule(), pb::DeadlineReceiptRule::Stated);

    let numbers = |answer: &pb::ExplainDeadlineResponse| {
        let days = answer.steps.iter().flat_map(|step| step.days_off.iter());
        let mut numbers: Vec<_> =
            days.filter_map(|day| Some(day.notice.as_ref()?.number.clone())).collect();
        numbers.dedup();
        numbers
    };
    let then = explain(&server, "1", "2020-01-20").await;
    assert_eq!(numbers(&then), ["国办发明电〔2019〕16号"]);
    let now = explain(&server, "1", "").await;
    assert!(numbers(&now).contains(&"国办发明电〔2020〕1号".to_owned()), "{:?}", numbers(&now));
    for answer in [&then, &now] {
        let counted: i32 = answer
            .steps
            .iter()
            .filter(|step| step.kind() == pb::DeadlineStepKind::Counted)
            .map(|step| step.working_days)
            .sum();
        assert_eq!(counted, 20, "the stretches add up");
        let last = answer.steps.last().unwrap();
        assert_eq!(last.kind(), pb::DeadlineStepKind::Due);
        assert_eq!(last.step_date, answer.deadline.as_ref().unwrap().due_date);
        assert!(answer.steps.iter().all(|step| step.chinese.ends_with('。')));
        let due = format!("due {}", text(last.step_date));
        assert_eq!(last.english, due);
    }
    assert_eq!(now.steps.last().unwrap().chinese, "期限届满之日为2020年2月25日。");
    let changes: Vec<_> = now.changes.iter().map(pb::DeadlineChange::kind).collect();
    assert_eq!(changes, [pb::DeadlineChangeKind::Extension]);
    server.stop().await;
}

#[tokio::test]
async fn a_concluded_application_keeps_the_judgement_of_its_day() {
    let server = TestServer::with_agency().await;
    server.clock.set(noon("2020-03-02"));
    for (id, concluded) in
        [("early", "2020-01-23"), ("in-time", "2020-02-25"), ("late", "2020-02-26")]
    {
        receive_at(&server, AGENCY, id, "2020-01-20").await;
        let request = decide(id, Disposition::Granted, concluded);
        server.applications().decide_application(request).await.unwrap();
    }
    receive_at(&server, AGENCY, "gone", "2020-01-20").await;
    server.applications().withdraw_application(withdraw("gone", "2020-02-28")).await.unwrap();
    let early = get(&server, "early", "").await;
    assert_eq!(said(early.deadline.as_ref().unwrap()), "in_time 2020-02-21");
    assert_eq!(text(early.known_date), "2020-01-23", "before the notice of the 27th");
    assert_eq!(early.deadline.unwrap().taken_working_days, Some(3));
    assert_eq!(on(&server, "in-time", "").await, "in_time 2020-02-25");
    assert_eq!(on(&server, "late", "").await, "late 2020-02-25");
    assert_eq!(on(&server, "gone", "").await, "withdrawn 2020-02-25");
    let findings = get(&server, "late", "").await.findings;
    let [finding] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!(finding.id, "DEADLINE.REPLY_LATE");
    assert_eq!((text(finding.limit_date).as_str(), finding.working_days), ("2020-02-25", Some(1)));
    assert_eq!(list(&server, all(Selection::Unspecified)).await.deadlines, []);

    let whole = explain(&server, "late", "").await;
    let then = pb::GetDeadlineRequest {
        agency_id: AGENCY.to_owned(),
        application_id: "late".to_owned(),
        known_date: None,
        as_of_position: whole.position - 3,
    };
    let then = server.deadlines().get_deadline(then).await.unwrap().into_inner();
    assert_eq!(said(then.deadline.as_ref().unwrap()), "overdue 2020-02-25 -4");
    assert_eq!(then.position, whole.position - 3);
    assert_eq!(then.findings[0].id, "DEADLINE.REPLY_OVERDUE");
    server.stop().await;
}

#[tokio::test]
async fn lists_are_by_due_date_agency_and_id_in_pages_and_follow_what_happens() {
    let server = TestServer::with_agency().await;
    server.register("b", AGENCY).await;
    server.register("other", "").await;
    server.clock.set(noon("2025-04-01"));
    // Due on 2025-03-31, 04-01, 04-02 and 04-15.
    for (agency, id, on) in [
        (AGENCY, "2", "2025-03-03"),
        ("b", "1", "2025-03-03"),
        (AGENCY, "1", "2025-03-03"),
        (AGENCY, "0", "2025-03-04"),
        ("b", "0", "2025-03-05"),
        (AGENCY, "9", "2025-03-17"),
        ("other", "1", "2025-03-03"),
    ] {
        receive_at(&server, agency, id, on).await;
    }
    let subtree = |selection| pb::ListDeadlinesRequest { include_subtree: true, ..all(selection) };
    let within = |within_working_days| pb::ListDeadlinesRequest {
        within_working_days,
        ..subtree(Selection::Due)
    };
    let everything = "a/1 a/2 b/1 a/0 b/0 a/9";
    assert_eq!(listed(&server, subtree(Selection::Unspecified)).await, everything);
    assert_eq!(listed(&server, all(Selection::Unspecified)).await, "a/1 a/2 a/0 a/9");
    assert_eq!(listed(&server, subtree(Selection::Overdue)).await, "a/1 a/2 b/1");
    assert_eq!(listed(&server, all(Selection::Overdue)).await, "a/1 a/2");
    assert_eq!(listed(&server, within(0)).await, "a/0");
    assert_eq!(listed(&server, within(1)).await, "a/0 b/0");
    assert_eq!(listed(&server, within(8)).await, "a/0 b/0");
    assert_eq!(listed(&server, within(1000)).await, "a/0 b/0 a/9");
    assert_eq!(listed(&server, subtree(Selection::Waiting)).await, "");
    for size in 1..=7 {
        let mut found = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = pb::ListDeadlinesRequest {
                page_size: size,
                page_token,
                ..subtree(Selection::Unspecified)
            };
            let page = list(&server, request).await;
            assert!(page.deadlines.len() <= usize::try_from(size).unwrap());
            found.extend(
                page.deadlines.iter().map(|d| format!("{}/{}", d.agency_id, d.application_id)),
            );
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(found.join(" "), everything, "pages of {size}");
    }
    for one in list(&server, subtree(Selection::Unspecified)).await.deadlines {
        if one.agency_id == AGENCY {
            let id = one.application_id.clone();
            assert_eq!(Some(one), get(&server, &id, "").await.deadline, "as asked for alone");
        }
    }

    // A decision, a corrected receipt date, a new application.
    let request = decide("1", Disposition::Granted, "2025-03-20");
    server.applications().decide_application(request).await.unwrap();
    let correction = pb::ApplicationCorrection {
        receipt_date: date("2025-02-03"),
        explanation: "登记错误".to_owned(),
        ..Default::default()
    };
    let request = crate::support::correct("9", correction);
    server.applications().correct_application_entry(request).await.unwrap();
    receive_at(&server, "b", "new", "2025-03-03").await;
    assert_eq!(listed(&server, subtree(Selection::Unspecified)).await, "a/9 a/2 b/1 b/new a/0 b/0");
    // Another day.
    server.clock.set(noon("2025-04-03"));
    assert_eq!(listed(&server, subtree(Selection::Overdue)).await, "a/9 a/2 b/1 b/new a/0 b/0");
    server.stop().await;
}

#[tokio::test]
async fn a_notice_recorded_later_moves_what_is_open_in_its_part_of_the_country_only() {
    let server = TestServer::with_agency().await;
    for (agency, parent) in [("region", ""), ("county", "region"), ("far", "")] {
        server.register(agency, parent).await;
    }
    server.clock.set(noon("2025-03-20"));
    for agency in [AGENCY, "county", "far"] {
        receive_at(&server, agency, "1", "2025-03-03").await;
    }
    let due = async |agency_id: &str| {
        let request = pb::ListDeadlinesRequest {
            agency_id: agency_id.to_owned(),
            include_subtree: true,
            ..Default::default()
        };
        let page = list(&server, request).await;
        page.deadlines.iter().map(said).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(due("region").await, "running 2025-03-31 7");
    assert_eq!(due("far").await, "running 2025-03-31 7");
    let festival = DateRange { first_date: date("2025-03-31"), last_date: date("2025-03-31") };
    let notice = pb::HolidayNotice {
        number: "新政办明电〔2025〕1号".to_owned(),
        title: "关于2025年肉孜节放假的通知".to_owned(),
        gazetted_date: date("2025-03-10"),
        arrangements: vec![HolidayArrangement {
            occasion: "肉孜节".to_owned(),
            days_off: vec![festival],
            days_worked: Vec::new(),
        }],
        ..Default::default()
    };
    let request = pb::RecordHolidayNoticeRequest {
        write: fresh(),
        agency_id: "region".to_owned(),
        notice: Some(notice),
    };
    server.calendar().record_holiday_notice(request).await.unwrap();
    assert_eq!(due("region").await, "running 2025-04-01 7");
    assert_eq!(due("far").await, "running 2025-03-31 7");

    // Moved into the region, an agency works by its calendar, and is in its lists.
    let request = pb::ReparentAgencyRequest {
        write: fresh(),
        agency_id: "far".to_owned(),
        parent_id: "region".to_owned(),
        from_year: 2025,
    };
    server.agencies().reparent_agency(request).await.unwrap();
    assert_eq!(due("far").await, "running 2025-04-01 7");
    assert_eq!(due("region").await, "running 2025-04-01 7 running 2025-04-01 7");
    let request = pb::ReparentAgencyRequest {
        write: fresh(),
        agency_id: "county".to_owned(),
        parent_id: String::new(),
        from_year: 2026,
    };
    server.agencies().reparent_agency(request).await.unwrap();
    assert_eq!(due("region").await, "running 2025-04-01 7 running 2025-04-01 7");
    server.clock.set(noon("2026-01-05"));
    assert_eq!(due("region").await, "overdue 2025-04-01 -190");
    server.stop().await;
}

#[tokio::test]
async fn after_a_restart_every_answer_is_the_same() {
    let server = TestServer::with_agency().await;
    server.register("b", AGENCY).await;
    server.clock.set(noon("2025-04-01"));
    for (agency, id) in [(AGENCY, "1"), ("b", "1"), (AGENCY, "2")] {
        receive_at(&server, agency, id, "2025-03-03").await;
    }
    let request = || pb::ListDeadlinesRequest { include_subtree: true, ..all(Selection::Overdue) };
    let before = (list(&server, request()).await, explain(&server, "1", "").await);
    assert_eq!(before.0.deadlines.len(), 3);
    let (store, clock) = (Arc::clone(&server.store), Arc::clone(&server.clock));
    let again = TestServer::over(store, clock, ServeSettings::default()).await;
    let after = (list(&again, request()).await, explain(&again, "1", "").await);
    assert_eq!(after, before);
    again.stop().await;
}

#[tokio::test]
async fn bad_questions_are_told_what_is_wrong_with_them() {
    let server = TestServer::with_agency().await;
    receive_at(&server, AGENCY, "1", "2100-12-20").await;
    receive_at(&server, AGENCY, "2", "2024-01-02").await;
    let one = |agency: &str, id: &str| pb::GetDeadlineRequest {
        agency_id: agency.to_owned(),
        application_id: id.to_owned(),
        ..Default::default()
    };
    let refused = async |request, expected: Expected| {
        check_refusal(&server.deadlines().get_deadline(request).await.unwrap_err(), expected);
    };
    refused(one("", "1"), invalid(&["agency_id"])).await;
    refused(one(AGENCY, ""), invalid(&["application_id"])).await;
    refused(one(AGENCY, "3"), missing("APPLICATION_NOT_FOUND", &["application_id"])).await;
    let beyond = contradicts("DEADLINE_BEYOND_LEDGER", &["application_id"]);
    refused(one(AGENCY, "1"), beyond).await;
    let page = list(&server, all(Selection::Unspecified)).await;
    let said: Vec<_> = page.deadlines.iter().map(said).collect();
    assert_eq!(said, ["running 2024-01-30 20", "running "]);

    let refused = async |request, expected: Expected| {
        check_refusal(&server.deadlines().list_deadlines(request).await.unwrap_err(), expected);
    };
    let unknown = pb::ListDeadlinesRequest { agency_id: "z".to_owned(), ..Default::default() };
    refused(unknown, missing("AGENCY_NOT_FOUND", &["agency_id"])).await;
    let due = |within_working_days| pb::ListDeadlinesRequest {
        within_working_days,
        ..all(Selection::Due)
    };
    refused(due(-1), invalid(&["within_working_days"])).await;
    refused(due(1001), invalid(&["within_working_days"])).await;
    let overdue = pb::ListDeadlinesRequest { within_working_days: 1, ..all(Selection::Overdue) };
    refused(overdue, invalid(&["within_working_days"])).await;
    let token = pb::ListDeadlinesRequest {
        page_token: "tomorrow".to_owned(),
        ..all(Selection::Unspecified)
    };
    refused(token, invalid(&["page_token"])).await;
    let unlisted = pb::ListDeadlinesRequest { selection: 9, ..all(Selection::Unspecified) };
    refused(unlisted, invalid(&["selection"])).await;
    server.stop().await;
}

#[tokio::test]
async fn every_act_moves_the_list_and_the_explanation_adds_up() {
    let server = TestServer::with_agency().await;
    server.clock.set(noon("2025-03-03"));
    let request = pb::ReceiveApplicationRequest {
        receipt_date: None,
        arrival: Some(Arrival { confirmation_date: date("2025-03-03"), ..Default::default() }),
        ..receive("1", "2025-03-03")
    };
    server.applications().receive_application(request).await.unwrap();
    receive_at(&server, AGENCY, "2", "2025-03-03").await;
    let both = async |id: &str| {
        let page = list(&server, all(Selection::Unspecified)).await;
        let listed = page.deadlines.into_iter().find(|found| found.application_id == id);
        let alone = get(&server, id, "").await.deadline;
        assert_eq!(listed, alone);
        let explained = explain(&server, id, "").await;
        assert_eq!(explained.deadline, alone);
        let due = explained.steps.iter().find(|step| step.kind() == pb::DeadlineStepKind::Due);
        assert_eq!(due.and_then(|step| step.step_date), alone.as_ref().unwrap().due_date);
        said(&alone.unwrap())
    };
    assert_eq!(both("1").await, "running 2025-03-31 20");
    let rule = get(&server, "1", "").await.receipt_rule();
    assert_eq!(rule, pb::DeadlineReceiptRule::Confirmation);

    let request = pb::RequestCorrectionRequest {
        write: fresh(),
        agency_id: AGENCY.to_owned(),
        application_id: "1".to_owned(),
        notice_date: date("2025-03-07"),
        due_date: date("2025-03-21"),
        explanation: String::new(),
    };
    server.applications().request_correction(request).await.unwrap();
    server.clock.set(noon("2025-03-10"));
    assert_eq!(both("1").await, "awaiting_correction ");
    assert_eq!(listed(&server, all(Selection::Waiting)).await, "a/1");
    assert_eq!(listed(&server, all(Selection::Unspecified)).await, "a/2 a/1");
    let request = pb::AcceptCorrectionRequest {
        write: fresh(),
        agency_id: AGENCY.to_owned(),
        application_id: "1".to_owned(),
        corrected_date: date("2025-03-17"),
    };
    server.applications().accept_correction(request).await.unwrap();
    server.clock.set(noon("2025-03-17"));
    assert_eq!(both("1").await, "running 2025-04-15 20");
    assert_eq!(listed(&server, all(Selection::Waiting)).await, "");

    let request = pb::ConsultThirdPartyRequest {
        write: fresh(),
        agency_id: AGENCY.to_owned(),
        application_id: "1".to_owned(),
        consultation: 1,
        sent_date: date("2025-03-18"),
        delivery_date: date("2025-03-19"),
    };
    server.applications().consult_third_party(request).await.unwrap();
    server.clock.set(noon("2025-03-20"));
    // Of 15 working days from the 19th the last is 10 April; from the 18th on 16 do not count.
    assert_eq!(both("1").await, "awaiting_opinion 2025-05-09 19");
    assert_eq!(listed(&server, all(Selection::Waiting)).await, "a/1");
    let request = pb::ExtendDeadlineRequest {
        write: fresh(),
        agency_id: AGENCY.to_owned(),
        application_id: "1".to_owned(),
        notice_date: date("2025-03-20"),
        working_days: 5,
        explanation: String::new(),
    };
    server.applications().extend_deadline(request).await.unwrap();
    assert_eq!(both("1").await, "awaiting_opinion 2025-05-16 24");
    let explained = explain(&server, "1", "").await;
    let sum = |kind: pb::DeadlineStepKind| -> i32 {
        let steps = explained.steps.iter().filter(|step| step.kind() == kind);
        steps.map(|step| step.working_days).sum()
    };
    assert_eq!(sum(pb::DeadlineStepKind::Counted), 25);
    assert_eq!(sum(pb::DeadlineStepKind::Paused), 16);
    assert_eq!(sum(pb::DeadlineStepKind::ExtendedBy), 5);

    let request = pb::VoidApplicationEntryRequest {
        write: fresh(),
        agency_id: AGENCY.to_owned(),
        application_id: "2".to_owned(),
        explanation: "重复登记".to_owned(),
        void_date: date("2025-03-20"),
    };
    server.applications().void_application_entry(request).await.unwrap();
    assert_eq!(listed(&server, all(Selection::Unspecified)).await, "a/1");
    let request = pb::GetDeadlineRequest {
        agency_id: AGENCY.to_owned(),
        application_id: "2".to_owned(),
        ..Default::default()
    };
    let refused = server.deadlines().get_deadline(request).await.unwrap_err();
    check_refusal(&refused, contradicts("ENTRY_VOIDED", &["application_id"]));
    server.stop().await;
}

async fn timeliness(
    server: &TestServer,
    agency_id: &str,
    year: i32,
    include_subtree: bool,
) -> String {
    let agency_id = agency_id.to_owned();
    let request = pb::GetTimelinessRequest { agency_id, year, include_subtree };
    let found = server.deadlines().get_timeliness(request).await.unwrap().into_inner();
    let counts = found.counts.iter().map(|count| (count.working_days, count.replies));
    let days: Vec<_> = counts.map(|(days, replies)| format!("{days}x{replies}")).collect();
    let whole: u64 = found.counts.iter().map(|count| count.replies).sum();
    assert_eq!(whole, found.replies);
    let pb::GetTimelinessResponse { prompt_replies, extended_replies, late_replies, .. } = found;
    let (median, ninetieth) = (found.median_working_days, found.ninetieth_working_days);
    let day = |day: Option<i32>| day.map_or("-".to_owned(), |day| day.to_string());
    let (median, ninetieth) = (day(median), day(ninetieth));
    format!(
        "{prompt_replies}/{extended_replies}/{late_replies} {median} {ninetieth}: {}",
        days.join(" ")
    )
}

#[tokio::test]
async fn timeliness_is_exact_over_a_subtree_and_counts_replies_only() {
    let server = TestServer::with_agency().await;
    server.register("b", AGENCY).await;
    server.clock.set(noon("2025-06-30"));
    // Due on 2025-03-31; working days 1, 20 and 21; and 2025-04-14 with the extension.
    for (agency_id, id, ended) in [
        (AGENCY, "1", "2025-03-04"),
        (AGENCY, "2", "2025-03-31"),
        ("b", "1", "2025-04-01"),
        ("b", "2", "2025-03-04"),
        ("b", "extended", "2025-04-08"),
        ("b", "before", "2026-01-05"),
    ] {
        receive_at(&server, agency_id, id, "2025-03-03").await;
        if id == "extended" {
            let request = pb::ExtendDeadlineRequest {
                write: fresh(),
                agency_id: agency_id.to_owned(),
                application_id: id.to_owned(),
                notice_date: date("2025-03-20"),
                working_days: 10,
                explanation: String::new(),
            };
            server.applications().extend_deadline(request).await.unwrap();
        }
        let request = pb::DecideApplicationRequest {
            agency_id: agency_id.to_owned(),
            ..decide(id, Disposition::Granted, ended)
        };
        server.applications().decide_application(request).await.unwrap();
    }
    receive_at(&server, AGENCY, "gone", "2025-03-03").await;
    server.applications().withdraw_application(withdraw("gone", "2025-05-08")).await.unwrap();
    receive_at(&server, AGENCY, "open", "2025-03-03").await;
    assert_eq!(timeliness(&server, AGENCY, 2025, false).await, "2/0/0 1 20: 1x1 20x1");
    assert_eq!(timeliness(&server, "b", 2025, false).await, "1/1/1 21 25: 1x1 21x1 25x1");
    assert_eq!(timeliness(&server, AGENCY, 2025, true).await, "3/1/1 20 25: 1x2 20x1 21x1 25x1");
    assert_eq!(timeliness(&server, AGENCY, 2024, true).await, "0/0/0 - -: ");
    let request = pb::GetTimelinessRequest { year: 1999, ..Default::default() };
    let refused = server.deadlines().get_timeliness(request).await.unwrap_err();
    check_refusal(&refused, invalid(&["agency_id", "year"]));
    server.stop().await;
}
