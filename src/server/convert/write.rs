//! How a request writes, and what it wrote.

use prost::Message;
use sha2::{Digest, Sha256};

use super::Fields;
use crate::{
    domain::{AgencyId, ShortText},
    ledger::{Act, Entry, RecordError, Recorded, WriteMeta, request_key},
    server::refused::Refused,
    wire::pb::v1 as pb,
};

/// A request that writes.
pub(crate) trait Written: Message + Clone + Default {
    /// The full name of the method, which is part of what the request says.
    const METHOD: &'static str;

    /// How to write.
    fn write_options(&mut self) -> &mut Option<pb::WriteOptions>;

    /// The agency whose register is written in.
    fn agency_id(&self) -> &str;
}

macro_rules! written {
    ($($request:ident = $method:literal,)+) => {
        $(impl Written for pb::$request {
            const METHOD: &'static str = $method;

            fn write_options(&mut self) -> &mut Option<pb::WriteOptions> {
                &mut self.write
            }

            fn agency_id(&self) -> &str {
                &self.agency_id
            }
        })+
    };
}

written! {
    RegisterAgencyRequest = "AgencyService/RegisterAgency",
    ReparentAgencyRequest = "AgencyService/ReparentAgency",
    SucceedAgencyRequest = "AgencyService/SucceedAgency",
    ReceiveApplicationRequest = "ApplicationService/ReceiveApplication",
    DecideApplicationRequest = "ApplicationService/DecideApplication",
    WithdrawApplicationRequest = "ApplicationService/WithdrawApplication",
    CorrectApplicationEntryRequest = "ApplicationService/CorrectApplicationEntry",
    RequestCorrectionRequest = "ApplicationService/RequestCorrection",
    AcceptCorrectionRequest = "ApplicationService/AcceptCorrection",
    ConsultThirdPartyRequest = "ApplicationService/ConsultThirdParty",
    RegisterThirdPartyOpinionRequest = "ApplicationService/RegisterThirdPartyOpinion",
    ConsultAgencyRequest = "ApplicationService/ConsultAgency",
    RegisterAgencyOpinionRequest = "ApplicationService/RegisterAgencyOpinion",
    ExtendDeadlineRequest = "ApplicationService/ExtendDeadline",
    RequestReasonsRequest = "ApplicationService/RequestReasons",
    AcceptReasonsRequest = "ApplicationService/AcceptReasons",
    PostponeReplyRequest = "ApplicationService/PostponeReply",
    NotifyFeeRequest = "ApplicationService/NotifyFee",
    RegisterFeePaymentRequest = "ApplicationService/RegisterFeePayment",
    LapseApplicationRequest = "ApplicationService/LapseApplication",
    AmendDecisionRequest = "ApplicationService/AmendDecision",
    ReopenApplicationRequest = "ApplicationService/ReopenApplication",
    VoidApplicationEntryRequest = "ApplicationService/VoidApplicationEntry",
    FileReconsiderationRequest = "RemedyService/FileReconsideration",
    ConcludeReconsiderationRequest = "RemedyService/ConcludeReconsideration",
    FileLitigationRequest = "RemedyService/FileLitigation",
    ConcludeLitigationRequest = "RemedyService/ConcludeLitigation",
    DeclareFiguresRequest = "ProactiveService/DeclareFigures",
    SetSectionRequest = "NarrativeService/SetSection",
    PublishReportRequest = "PublicationService/PublishReport",
    TakePublishedReportRequest = "PublicationService/TakePublishedReport",
    RecordSubmissionRequest = "PublicationService/RecordSubmission",
    RecordHolidayNoticeRequest = "CalendarService/RecordHolidayNotice",
}

/// The entry that a request asks to record; `act` reads what it says besides how to write.
pub(crate) fn entry<R: Written>(
    request: R,
    act: impl FnOnce(&R, &mut Fields) -> Option<Act>,
) -> Result<Entry, Refused> {
    let mut fields = Fields::default();
    let agency_id = fields.id("agency_id", request.agency_id(), AgencyId::parse);
    let act = act(&request, &mut fields);
    let key = |id: &str| agency_id.as_ref().map(|agency| request_key(agency, id));
    let meta = meta(request, &mut fields, key);
    let whole = (|| Some((agency_id?, act?, meta?)))();
    let (agency_id, act, meta) = fields.finish(whole)?;
    Entry::new(agency_id, act, meta).map_err(|invalid| RecordError::from(invalid).into())
}

/// How a request asks to write; `key` makes its id the key under which it is remembered.
pub(super) fn meta<R: Written>(
    mut request: R,
    fields: &mut Fields,
    key: impl FnOnce(&str) -> Option<[u8; 16]>,
) -> Option<WriteMeta> {
    let options = request.write_options().take().unwrap_or_default();
    let expected_version = match options.expected_version.as_str() {
        "" => None,
        version => fields.take("write.expected_version", version.parse()),
    };
    let actor = fields.short("write.actor", &options.actor);
    check_request_id(fields, &options.request_id);
    Some(WriteMeta {
        request_key: key(&options.request_id)?,
        fingerprint: fingerprint(&request, &options),
        expected_version,
        actor: actor?,
    })
}

fn check_request_id(fields: &mut Fields, id: &str) {
    if id.is_empty() {
        fields.fault("write.request_id", "is required: a name of the caller's for this request");
    } else if id.chars().count() > 128 || ShortText::parse(id).is_err() {
        fields.fault("write.request_id", "is not 1 to 128 printable characters");
    }
}

/// A digest of all that a request says but its id.
fn fingerprint<R: Written>(content: &R, options: &pb::WriteOptions) -> [u8; 16] {
    let digest: [u8; 32] = Sha256::new()
        .chain_update(R::METHOD)
        .chain_update([0])
        .chain_update(&options.expected_version)
        .chain_update([0])
        .chain_update(&options.actor)
        .chain_update([0])
        .chain_update(content.encode_to_vec())
        .finalize()
        .into();
    digest.first_chunk().copied().unwrap_or_default()
}

/// What was recorded, as the caller is told.
pub(crate) fn receipt(recorded: &Recorded) -> pb::WriteReceipt {
    pb::WriteReceipt {
        version: version(recorded),
        position: recorded.position.get(),
        record_time: recorded.record_time.map(super::event::timestamp),
        unchanged: recorded.unchanged,
    }
}

/// The version of what was recorded; empty if nothing was.
pub(super) fn version(recorded: &Recorded) -> String {
    recorded.version.map(|version| version.to_string()).unwrap_or_default()
}
