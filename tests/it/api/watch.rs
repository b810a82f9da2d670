//! Deadlines watched: what an act, a notice, the tree and a new day change, told as it comes about.
#![cfg(test)]

use std::collections::BTreeMap;

use disclosure_ledger::wire::pb::{
    event::v1::{CivilDate, DateRange, Disposition, HolidayArrangement},
    v1::{self as pb, record_rows_request::Command},
};
use jiff::Timestamp;
use tonic::Streaming;

use crate::support::{
    AGENCY, Expected, History, Random, TestServer, date, decide, fresh, invalid, missing, receive,
};

/// Noon in China of a day.
fn noon(day: &str) -> Timestamp {
    format!("{day}T04:00:00Z").parse().unwrap()
}

fn all_of(agency_id: &str) -> pb::WatchDeadlinesRequest {
    pb::WatchDeadlinesRequest {
        agency_id: agency_id.to_owned(),
        include_subtree: true,
        ..Default::default()
    }
}

fn stands(deadline: Option<&pb::Deadline>) -> String {
    let Some(deadline) = deadline else { return "-".to_owned() };
    let state = deadline.state().as_str_name().trim_start_matches("DEADLINE_STATE_").to_lowercase();
    let due = deadline.due_date.map(|d| format!(" {:02}-{:02}", d.month, d.day));
    state + &due.unwrap_or_default()
}

/// `act a/1: running 03-31 -> awaiting_correction`.
fn said(update: &pb::DeadlineUpdate) -> String {
    let cause = update.cause().as_str_name().trim_start_matches("DEADLINE_UPDATE_CAUSE_");
    let pb::DeadlineUpdate { agency_id, application_id, before, after, .. } = update;
    let (before, after) = (stands(before.as_ref()), stands(after.as_ref()));
    format!("{} {agency_id}/{application_id}: {before} -> {after}", cause.to_lowercase())
}

/// A client of the watch: what it was told, and where it would go on.
struct Watcher {
    stream: Streaming<pb::WatchDeadlinesResponse>,
    position: u64,
    day: Option<CivilDate>,
    /// The last word on every application.
    known: BTreeMap<(String, String), pb::Deadline>,
}

impl Watcher {
    async fn start(server: &TestServer, request: pb::WatchDeadlinesRequest) -> Self {
        let stream = server.deadlines().watch_deadlines(request).await.unwrap().into_inner();
        Self { stream, position: 0, day: None, known: BTreeMap::new() }
    }

    async fn next(&mut self) -> Vec<String> {
        let message = self.stream.message().await.unwrap().unwrap();
        (self.position, self.day) = (message.position, message.asked_date);
        for update in &message.updates {
            let id = (update.agency_id.clone(), update.application_id.clone());
            match update.after.clone().filter(|after| after.conclusion_date.is_none()) {
                Some(after) => drop(self.known.insert(id, after)),
                None => drop(self.known.remove(&id)),
            }
        }
        message.updates.iter().map(said).collect()
    }

    /// What is told until everything up to a position has been.
    async fn up_to(&mut self, position: u64) -> Vec<String> {
        let mut told = Vec::new();
        while self.position < position {
            told.extend(self.next().await);
        }
        told
    }

    /// A request to go on where this one stopped.
    fn resumed(&self, request: pb::WatchDeadlinesRequest) -> pb::WatchDeadlinesRequest {
        pb::WatchDeadlinesRequest { after_position: self.position, after_date: self.day, ..request }
    }
}

/// Every open application as the list has it, without the days left.
async fn listed(server: &TestServer) -> BTreeMap<(String, String), pb::Deadline> {
    let request = pb::ListDeadlinesRequest {
        page_size: 1000,
        agency_id: AGENCY.to_owned(),
        include_subtree: true,
        ..Default::default()
    };
    let page = server.deadlines().list_deadlines(request).await.unwrap().into_inner();
    assert_eq!(page.next_page_token, "");
    without_days(page.deadlines.into_iter())
}

fn without_days(
    deadlines: impl Iterator<Item = pb::Deadline>,
) -> BTreeMap<(String, String), pb::Deadline> {
    deadlines
        .map(|mut deadline| {
            deadline.remaining_working_days = None;
            ((deadline.agency_id.clone(), deadline.application_id.clone()), deadline)
        })
        .collect()
}

async fn receive_at(server: &TestServer, agency_id: &str, id: &str, on: &str) -> u64 {
    let request =
        pb::ReceiveApplicationRequest { agency_id: agency_id.to_owned(), ..receive(id, on) };
    let answer = server.applications().receive_application(request).await.unwrap().into_inner();
    answer.receipt.unwrap().position
}

/// Records a notice of days off for the country or an agency.
async fn notice(server: &TestServer, agency_id: &str, number: &str, off: &str) -> u64 {
    let (day, published) = (date(off), date(&format!("{}-03-03", off.split_at(4).0)));
    let notice = pb::HolidayNotice {
        number: number.to_owned(),
        title: "关于放假的通知".to_owned(),
        gazetted_date: published,
        known_date: published,
        arrangements: vec![HolidayArrangement {
            occasion: "节".to_owned(),
            days_off: vec![DateRange { first_date: day, last_date: day }],
            days_worked: Vec::new(),
        }],
        ..Default::default()
    };
    let request = pb::RecordHolidayNoticeRequest {
        write: fresh(),
        agency_id: agency_id.to_owned(),
        notice: Some(notice),
    };
    let answer = server.calendar().record_holiday_notice(request).await.unwrap().into_inner();
    answer.receipt.unwrap().position
}

fn request_correction(id: &str, on: &str) -> Command {
    Command::RequestCorrection(pb::RequestCorrectionRequest {
        write: fresh(),
        agency_id: AGENCY.to_owned(),
        application_id: id.to_owned(),
        notice_date: date(on),
        ..Default::default()
    })
}

#[tokio::test]
async fn every_change_is_told_with_what_brought_it_about() {
    let server = TestServer::with_agency().await;
    server.register("b", AGENCY).await;
    server.clock.set(noon("2025-03-10"));
    receive_at(&server, AGENCY, "1", "2025-03-03").await;
    let head = receive_at(&server, "b", "1", "2025-03-04").await;
    let mut watcher = Watcher::start(&server, all_of(AGENCY)).await;
    let standing = [
        format!("standing {AGENCY}/1: - -> running 03-31"),
        "standing b/1: - -> running 04-01".to_owned(),
    ];
    assert_eq!(watcher.up_to(head).await, standing);
    assert_eq!((watcher.position, watcher.day), (head, date("2025-03-10")));

    // An act; one that changes nothing; one elsewhere; an end.
    let asked = server.given(vec![request_correction("1", "2025-03-07")]).await.position;
    let told = watcher.up_to(asked).await;
    assert_eq!(told, [format!("act {AGENCY}/1: running 03-31 -> awaiting_correction")]);
    server.given(vec![request_correction("1", "2025-03-10")]).await;
    let extend = pb::ExtendDeadlineRequest {
        write: fresh(),
        agency_id: "b".to_owned(),
        application_id: "1".to_owned(),
        notice_date: date("2025-03-10"),
        working_days: 5,
        explanation: String::new(),
    };
    let extended = server.applications().extend_deadline(extend).await.unwrap().into_inner();
    let position = extended.receipt.unwrap().position;
    let told = watcher.up_to(position).await;
    assert_eq!(told, ["act b/1: running 04-01 -> running 04-09"]);
    let ended = server.given(vec![Command::DecideApplication(decide(
        "1",
        Disposition::Granted,
        "2025-03-10",
    ))]);
    let ended = ended.await.position;
    let told = watcher.up_to(ended).await;
    assert_eq!(told, [format!("act {AGENCY}/1: awaiting_correction -> in_time")]);

    // A notice for the country moves what is open; one for a part of it only what is there.
    let position = notice(&server, "", "放假1号", "2025-03-20").await;
    assert_eq!(watcher.up_to(position).await, ["notice b/1: running 04-09 -> running 04-10"]);
    server.register("far", "").await;
    let position = receive_at(&server, AGENCY, "2", "2025-03-10").await;
    watcher.up_to(position).await;
    let position = notice(&server, "b", "放假2号", "2025-03-24").await;
    assert_eq!(watcher.up_to(position).await, ["notice b/1: running 04-10 -> running 04-11"]);

    // Midnight: the last day is over.
    server.clock.set(noon("2025-04-11"));
    let told = watcher.next().await;
    assert_eq!(told, [format!("day {AGENCY}/2: running 04-09 -> overdue 04-09")]);
    server.clock.set("2025-04-11T16:00:00Z".parse().unwrap());
    assert_eq!(watcher.next().await, ["day b/1: running 04-11 -> overdue 04-11"]);
    assert_eq!(watcher.day, date("2025-04-12"));

    // An entry made in error is gone.
    let void = pb::VoidApplicationEntryRequest {
        write: fresh(),
        agency_id: "b".to_owned(),
        application_id: "1".to_owned(),
        void_date: date("2025-04-12"),
        explanation: "登记有误".to_owned(),
    };
    let void = server.applications().void_application_entry(void).await.unwrap().into_inner();
    let told = watcher.up_to(void.receipt.unwrap().position).await;
    assert_eq!(told, ["act b/1: overdue 04-11 -> -"]);
    assert_eq!(without_days(watcher.known.clone().into_values()), listed(&server).await);
}

#[tokio::test]
async fn a_watch_that_goes_on_is_told_what_it_missed_and_only_that() {
    let server = TestServer::with_agency().await;
    server.clock.set(noon("2025-03-10"));
    receive_at(&server, AGENCY, "1", "2025-03-03").await;
    let head = receive_at(&server, AGENCY, "2", "2025-03-10").await;
    let mut watcher = Watcher::start(&server, all_of(AGENCY)).await;
    watcher.up_to(head).await;
    let again = watcher.resumed(all_of(AGENCY));
    drop(watcher);

    let asked = server.given(vec![request_correction("2", "2025-03-11")]).await.position;
    let moved = notice(&server, "", "放假1号", "2025-03-20").await;
    server.clock.set(noon("2025-04-02"));
    let mut watcher = Watcher::start(&server, again.clone()).await;
    let mut told = watcher.up_to(moved).await;
    told.extend(watcher.next().await);
    let expected = [
        format!("act {AGENCY}/2: running 04-08 -> awaiting_correction"),
        format!("notice {AGENCY}/1: running 03-31 -> running 04-01"),
        format!("day {AGENCY}/1: running 04-01 -> overdue 04-01"),
    ];
    assert_eq!(told, expected);
    drop(watcher);
    let after_the_act = pb::WatchDeadlinesRequest { after_position: asked, ..again };
    let mut watcher = Watcher::start(&server, after_the_act).await;
    assert_eq!(watcher.up_to(moved).await, expected[1..2]);

    let watch = async |request| server.deadlines().watch_deadlines(request).await;
    let beyond: Expected = (tonic::Code::OutOfRange, "POSITION_BEYOND_END", &["after_position"]);
    let request = || all_of(AGENCY);
    let position = pb::WatchDeadlinesRequest { after_position: moved + 1, ..request() };
    server.check_refused(watch(position), beyond).await;
    let expected = missing("AGENCY_NOT_FOUND", &["agency_id"]);
    server.check_refused(watch(all_of("nobody")), expected).await;
    for (after_position, after_date) in [(1, "2025-04-03"), (1, "2025-13-01"), (0, "2025-04-01")] {
        let after_date = date(after_date);
        let ahead = pb::WatchDeadlinesRequest { after_position, after_date, ..request() };
        server.check_refused(watch(ahead), invalid(&["after_date"])).await;
    }
}

/// Reads until an application received now has been told.
async fn settle(server: &TestServer, watcher: &mut Watcher, id: &str) {
    let position = receive_at(server, AGENCY, id, "2022-05-31").await;
    watcher.up_to(position).await;
}

/// Whoever keeps the last word on every application knows what the list says, read slowly and after
/// any interruption.
#[tokio::test]
async fn the_last_word_on_every_application_is_what_the_list_says() {
    for seed in 0..12 {
        let server = TestServer::with_agency().await;
        server.register("b", AGENCY).await;
        server.clock.set(noon("2022-06-01"));
        let mut random = Random::new(seed);
        let history = History::random(&mut random, 40);
        let mut watcher = Watcher::start(&server, all_of(AGENCY)).await;
        for (number, act) in history.acts.iter().enumerate() {
            let agency_id = if act.subject().1 % 3 == 0 { "b" } else { AGENCY };
            server.given(vec![act.request(agency_id)]).await;
            match random.below(24) {
                0 => settle(&server, &mut watcher, &format!("m{number}")).await,
                1 if watcher.position > 0 => {
                    let request = watcher.resumed(all_of(AGENCY));
                    watcher.stream =
                        server.deadlines().watch_deadlines(request).await.unwrap().into_inner();
                }
                2 => {
                    let off = format!("2022-07-{:02}", 4 + number % 5);
                    let of = if number % 2 == 0 { "b" } else { "" };
                    notice(&server, of, &format!("{number}号"), &off).await;
                }
                _ => {}
            }
        }
        settle(&server, &mut watcher, "last").await;
        let known = without_days(watcher.known.clone().into_values());
        assert_eq!(known, listed(&server).await, "seed {seed}");
    }
}
