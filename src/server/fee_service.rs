//! Fees for processing information.

use tonic::{Request, Response, Status};

use super::{
    Desk,
    convert::{Fields, year::report_year},
    refused::Refused,
    respond,
};
use crate::{
    domain::{
        AgencyId,
        fee::{FeeBasis, FeeTotals, fee},
    },
    projection::{AsOf, Register},
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

impl Desk {
    async fn fee_totals(
        &self,
        request: pb::GetFeeTotalsRequest,
    ) -> Result<pb::GetFeeTotalsResponse, Refused> {
        let mut fields = Fields::default();
        let agency_id = fields.id("agency_id", &request.agency_id, AgencyId::parse);
        let year = report_year(&mut fields, request.year);
        let (agency_id, year) = fields.finish(agency_id.zip(year))?;
        let sum = |register: &Register| register.fees(&agency_id, year, request.include_subtree);
        let (totals, position) = self.projection.ask(AsOf::Now, sum).await?;
        let totals = totals?;
        let FeeTotals { noticed_applications, noticed_fen, paid_applications, paid_fen } = totals;
        Ok(pb::GetFeeTotalsResponse {
            noticed_applications,
            noticed_fen,
            paid_applications,
            paid_fen,
            sentence: totals.sentence(year.get()).unwrap_or_default(),
            position: position.get(),
        })
    }
}

#[tonic::async_trait]
impl FeeService for Desk {
    async fn calculate_fee(
        &self,
        request: Request<pb::CalculateFeeRequest>,
    ) -> Result<Response<pb::CalculateFeeResponse>, Status> {
        respond(calculate(request.get_ref()))
    }

    async fn get_fee_totals(
        &self,
        request: Request<pb::GetFeeTotalsRequest>,
    ) -> Result<Response<pb::GetFeeTotalsResponse>, Status> {
        respond(self.fee_totals(request.into_inner()).await)
    }
}
