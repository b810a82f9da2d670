//! `disclosure fees`.

use serde_json::json;

use super::{Failure, Outcome, Output, args::YearOptions, client::connect};
use crate::wire::pb::v1::{self as pb, fee_service_client::FeeServiceClient};

pub(super) async fn run(
    server: &str,
    options: YearOptions,
    output: Output,
) -> Result<Outcome, Failure> {
    let YearOptions { agency, year, subtree } = options;
    let request =
        pb::GetFeeTotalsRequest { agency_id: agency.clone(), year, include_subtree: subtree };
    let mut client = FeeServiceClient::new(connect(server).await?);
    let found = client.get_fee_totals(request).await?.into_inner();
    let said =
        if found.sentence.is_empty() { "当年没有信息处理费。" } else { &found.sentence };
    output.summary(
        said,
        &json!({
            "agency": agency,
            "year": year,
            "subtree": subtree,
            "noticed_applications": found.noticed_applications,
            "noticed_fen": found.noticed_fen,
            "paid_applications": found.paid_applications,
            "paid_fen": found.paid_fen,
            "sentence": found.sentence,
            "position": found.position,
        }),
    );
    Ok(Outcome::Done)
}
