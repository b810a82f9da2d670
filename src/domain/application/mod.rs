//! The application (政府信息公开申请): the aggregate whose results table three counts.

mod command;
mod counted;
mod counting;
mod decide;
mod event;
mod facts;
mod proceeding;
mod rejection;
#[cfg(test)]
mod scenarios;
mod state;

pub use command::{Command, CorrectEntry, Decide, Lapse, LapseCause, Receive, Withdraw};
pub use counted::Counted;
pub use counting::{ConclusionBasis, ConclusionDetails, CountingPolicy, ReworkPolicy};
pub use decide::decide;
pub use event::{
    ArrivalDates, Decided, Delivery, DeliveryMethod, EntryCorrected, EntryVoided, Event, Received,
    Reopened, Withdrawn,
};
pub use proceeding::{
    AgencyOpinion, AmendmentBasis, Consultation, Correction, CorrectionReceived,
    CorrectionRequested, DeadlineExtended, DecisionAmended, Fee, FeeNotified, FeePaid, Opinion,
    OpinionReceived, OpinionRequested, Proceeding, Proceedings, Reasons, ReasonsReceived,
    ReasonsRequested, ReplyPostponed, ThirdPartyOpinion,
};
pub use rejection::Rejection;
pub use state::{Application, Conclusion, Stage, evolve};
