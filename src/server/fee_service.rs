//! Fees for processing information.

use tonic::{Request, Response, Status};

use super::{Desk, convert::Fields, refused::Refused, respond};
use crate::{
    domain::fee::{FeeBasis, fee},
    wire::pb::v1::{self as pb, fee_service_server::FeeService},
};

fn calculate(request: &pb::CalculateFeeRequest) -> Result<pb::CalculateFeeResponse, Refused> {
    let mut fields = Fields::default();
    let basis: Option<FeeBasis> = fields.value("basis", request.basis);
    let mut number = |field: &str, number: i64, least: u32| {
        let found = u32::try_from(number).ok().filter(|number| *number >= least);
        if found.is_none() {
            fields.fault(field, format!("{number} is not a number from {least} to {}", u32::MAX));
        }
        found
    };
    let units = number("units", request.units, 1);
    let before = number("preceding_units", request.preceding_units, 0);
    if basis == Some(FeeBasis::Pages) && before.is_some_and(|before| before > 0) {
        let what = "by page each application is charged for itself; leave it out";
        fields.fault("preceding_units", what);
    }
    let whole = (|| Some((basis?, before?, units?)))();
    let (basis, before, units) = fields.finish(whole)?;
    let mut fields = Fields::default();
    let fee = fields.take("units", fee(basis, before, units));
    let fee = fields.finish(fee)?;
    let band = |band: &crate::domain::fee::Band| pb::FeeBand {
        first_unit: band.first.into(),
        last_unit: band.last.into(),
        price_fen: band.price_fen,
        amount_fen: band.amount_fen,
    };
    Ok(pb::CalculateFeeResponse {
        total_fen: fee.total_fen,
        bands: fee.bands.iter().map(band).collect(),
    })
}

#[tonic::async_trait]
impl FeeService for Desk {
    async fn calculate_fee(
        &self,
        request: Request<pb::CalculateFeeRequest>,
    ) -> Result<Response<pb::CalculateFeeResponse>, Status> {
        respond(calculate(request.get_ref()))
    }
}
