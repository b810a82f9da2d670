//! Fees by RPC: reckoned, and added up. That the prices are as published is tested where they are
//! reckoned.
#![cfg(test)]

use disclosure_ledger::wire::pb::{
    event::v1::FeeBasis,
    v1::{self as pb, record_rows_request::Command},
};

use crate::support::{AGENCY, Expected, TestServer, date, fresh, invalid, receive};

fn request(basis: FeeBasis, preceding_units: i64, units: i64) -> pb::CalculateFeeRequest {
    pb::CalculateFeeRequest { basis: basis.into(), units, preceding_units }
}

#[tokio::test]
async fn a_fee_comes_with_its_calculation() {
    let server = TestServer::start().await;
    let mut shown = Vec::new();
    for (basis, before, units) in [(FeeBasis::Count, 28, 5), (FeeBasis::Pages, 0, 250)] {
        let answer = server.fees().calculate_fee(request(basis, before, units)).await.unwrap();
        let pb::CalculateFeeResponse { total_fen, bands } = answer.into_inner();
        assert_eq!(bands.iter().map(|band| band.amount_fen).sum::<i64>(), total_fen);
        let yuan = |fen| fen / 100;
        let bands = bands.iter().map(|band| {
            format!("{}..{} at {}", band.first_unit, band.last_unit, yuan(band.price_fen))
        });
        shown.push(format!("{} = {}", bands.collect::<Vec<_>>().join(" + "), yuan(total_fen)));
    }
    let by_page = "1..30 at 0 + 31..100 at 10 + 101..200 at 20 + 201..250 at 40 = 4700";
    assert_eq!(shown, ["29..30 at 100 + 31..33 at 200 = 800", by_page]);
    assert_eq!(server.head(), 0);
}

#[tokio::test]
async fn what_no_fee_is_reckoned_for_is_refused_by_name() {
    let server = TestServer::start().await;
    let cases: [(pb::CalculateFeeRequest, Expected); 8] = [
        (request(FeeBasis::Unspecified, 0, 1), invalid(&["basis"])),
        (pb::CalculateFeeRequest { basis: 9, units: 1, preceding_units: 0 }, invalid(&["basis"])),
        (request(FeeBasis::Count, 0, 0), invalid(&["units"])),
        (request(FeeBasis::Count, -1, -1), invalid(&["units", "preceding_units"])),
        (request(FeeBasis::Count, i64::MAX, 1), invalid(&["preceding_units"])),
        (request(FeeBasis::Count, 9_999, 2), invalid(&["units"])),
        (request(FeeBasis::Pages, 0, 1_000_001), invalid(&["units"])),
        (request(FeeBasis::Pages, 1, 1), invalid(&["preceding_units"])),
    ];
    for (request, expected) in cases {
        server.check_refused(server.fees().calculate_fee(request), expected).await;
    }
}

fn notify(agency: &str, id: &str, amount_fen: i64, on: &str) -> Command {
    Command::NotifyFee(pb::NotifyFeeRequest {
        write: fresh(),
        agency_id: agency.to_owned(),
        application_id: id.to_owned(),
        notice_date: date(on),
        amount_fen,
        ..Default::default()
    })
}

fn pay(agency: &str, id: &str, on: &str) -> Command {
    Command::RegisterFeePayment(pb::RegisterFeePaymentRequest {
        write: fresh(),
        agency_id: agency.to_owned(),
        application_id: id.to_owned(),
        payment_date: date(on),
    })
}

fn received(agency: &str, id: &str, on: &str) -> Command {
    let agency_id = agency.to_owned();
    Command::ReceiveApplication(pb::ReceiveApplicationRequest { agency_id, ..receive(id, on) })
}

/// Applications and fen asked, applications and fen paid: `2 30000, 1 10000`.
async fn totals(server: &TestServer, agency: &str, year: i32, subtree: bool) -> String {
    let agency_id = agency.to_owned();
    let request = pb::GetFeeTotalsRequest { agency_id, year, include_subtree: subtree };
    let found = server.fees().get_fee_totals(request).await.unwrap().into_inner();
    let asked = format!("{} {}", found.noticed_applications, found.noticed_fen);
    format!("{asked}, {} {}", found.paid_applications, found.paid_fen)
}

async fn offered(server: &TestServer, year: i32) -> String {
    let request = pb::GetNarrativeRequest { agency_id: AGENCY.to_owned(), year, filled: false };
    let narrative = server.narrative().get_narrative(request).await.unwrap().into_inner();
    assert_eq!(narrative.sections, []);
    narrative.fee_sentence
}

#[tokio::test]
async fn the_fees_of_a_year_add_up_and_are_offered_to_section_six() {
    let server = TestServer::with_agency().await;
    server.register("b", AGENCY).await;
    let notes = |id: &str| {
        let explanation = "重复登记".to_owned();
        let (agency_id, application_id) = (AGENCY.to_owned(), id.to_owned());
        Command::VoidApplicationEntry(pb::VoidApplicationEntryRequest {
            write: fresh(),
            agency_id,
            application_id,
            explanation,
            ..Default::default()
        })
    };
    server
        .given(vec![
            received(AGENCY, "paid", "2023-11-01"),
            notify(AGENCY, "paid", 10_000, "2023-11-10"),
            notify(AGENCY, "paid", 2_050, "2023-11-20"),
            pay(AGENCY, "paid", "2023-12-01"),
            received(AGENCY, "next year", "2023-12-01"),
            notify(AGENCY, "next year", 4_000, "2023-12-20"),
            pay(AGENCY, "next year", "2024-01-03"),
            received(AGENCY, "unpaid", "2023-12-01"),
            notify(AGENCY, "unpaid", 500, "2023-12-20"),
            received(AGENCY, "void", "2023-12-01"),
            notify(AGENCY, "void", 70_000, "2023-12-20"),
            pay(AGENCY, "void", "2023-12-21"),
            notes("void"),
            received("b", "1", "2023-12-01"),
            notify("b", "1", 1_000, "2023-12-20"),
            pay("b", "1", "2023-12-21"),
        ])
        .await;
    assert_eq!(totals(&server, AGENCY, 2023, false).await, "3 16550, 1 12050");
    assert_eq!(totals(&server, AGENCY, 2024, false).await, "0 0, 1 4000");
    assert_eq!(totals(&server, "b", 2023, true).await, "1 1000, 1 1000");
    assert_eq!(totals(&server, AGENCY, 2023, true).await, "4 17550, 2 13050");
    assert_eq!(totals(&server, AGENCY, 2022, true).await, "0 0, 0 0");
    for (year, sentence) in [
        (
            2023,
            "2023年，对3件政府信息公开申请发出收费通知，金额共计165.50元；\
             实际收取1件的信息处理费，共计120.50元。",
        ),
        (2024, "2024年，未发出收费通知；实际收取1件的信息处理费，共计40元。"),
        (2022, "2022年，未发出收费通知，未实际收取信息处理费。"),
        (2020, ""),
    ] {
        assert_eq!(offered(&server, year).await, sentence);
    }
    let request = |agency: &str, year| pb::GetFeeTotalsRequest {
        agency_id: agency.to_owned(),
        year,
        include_subtree: false,
    };
    let (mut fees, expected) = (server.fees(), invalid(&["agency_id", "year"]));
    server.check_refused(fees.get_fee_totals(request("", 1999)), expected).await;
    let unknown = server.fees().get_fee_totals(request("nobody", 2023)).await;
    assert_eq!(unknown.unwrap_err().code(), tonic::Code::NotFound);
}
