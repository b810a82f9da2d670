//! Fees by RPC. That the sums are as published is tested where they are reckoned.
#![cfg(test)]

use disclosure_ledger::wire::pb::{event::v1::FeeBasis, v1 as pb};

use crate::support::{Expected, TestServer, invalid};

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
