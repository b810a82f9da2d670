//! The steps of procedures that move clocks, packed: 12 bytes each, and 8 to 16 more for each
//! application that has any.

use hashbrown::HashTable;

use super::{
    applications::{Day, TooManyApplications, an_eighth},
    id_hashing::IdHashing,
};
use crate::domain::{
    LegalDate, ShortText,
    application::{
        AgencyOpinion, CorrectionReceived, CorrectionRequested, DeadlineExtended, FeeNotified,
        FeePaid, Opinion, OpinionReceived, OpinionRequested, Proceeding, ReplyPostponed,
        ThirdPartyOpinion,
    },
    deadline::Consulted,
};

/// A step but for what moves no clock: which it is; whose opinion or which; the number of the
/// consultation, or of working days; its day; its other day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    kind: u8,
    detail: u8,
    number: u16,
    day: Day,
    other: Day,
}

/// The steps of an agency's applications.
#[derive(Debug, Clone, Default)]
pub(super) struct Steps {
    /// Each with the place of the one before it of the same application, [`FIRST`] if there is none.
    all: Vec<(Step, u32)>,
    /// Where applications begin, and where their last steps are.
    last: HashTable<(u32, u32)>,
    hasher: IdHashing,
}

const FIRST: u32 = u32::MAX;

impl Steps {
    /// Adds a step of the application whose record begins there.
    pub(super) fn push(&mut self, at: u32, step: Step) -> Result<(), TooManyApplications> {
        let Self { all: steps, last, hasher } = self;
        let place = u32::try_from(steps.len()).ok().filter(|place| *place != FIRST);
        let place = place.ok_or(TooManyApplications)?;
        let hash = |at: u32| hasher.hash(&at.to_le_bytes());
        let entry = last.entry(hash(at), |(known, _)| *known == at, |(known, _)| hash(*known));
        let mut before = FIRST;
        entry
            .and_modify(|(_, last)| before = std::mem::replace(last, place))
            .or_insert((at, place));
        if steps.len() == steps.capacity() {
            steps.reserve_exact(an_eighth(steps.len()));
        }
        steps.push((step, before));
        Ok(())
    }

    /// The steps of an application in the order of recording.
    pub(super) fn of(&self, at: u32) -> Vec<Step> {
        let hash = self.hasher.hash(&at.to_le_bytes());
        let last = self.last.find(hash, |(known, _)| *known == at).map(|(_, last)| *last);
        let at = |place: u32| self.all.get(place as usize);
        let backwards = std::iter::successors(last.and_then(at), |(_, before)| at(*before));
        let mut steps: Vec<_> = backwards.map(|(step, _)| *step).collect();
        steps.reverse();
        steps
    }

    /// The bytes that they have taken from the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        let steps = self.all.capacity().saturating_mul(size_of::<(Step, u32)>());
        steps.saturating_add(self.last.allocation_size())
    }
}

const CORRECTION_REQUESTED: u8 = 0;
const CORRECTION_RECEIVED: u8 = 1;
const OPINION_REQUESTED: u8 = 2;
const OPINION_RECEIVED: u8 = 3;
const EXTENDED: u8 = 4;
const POSTPONED: u8 = 5;
const FEE_NOTIFIED: u8 = 6;
const FEE_PAID: u8 = 7;

impl Step {
    /// The step, if it moves a clock.
    pub(super) fn of(step: &Proceeding) -> Option<Self> {
        let of = |kind, day| Self {
            kind,
            detail: 0,
            number: 0,
            day: Day::of(day),
            other: Day::default(),
        };
        let other = |day: Option<LegalDate>| day.map(Day::of).unwrap_or_default();
        Some(match step {
            Proceeding::CorrectionRequested(said) => {
                Self { other: other(said.due_date), ..of(CORRECTION_REQUESTED, said.notice_date) }
            }
            Proceeding::CorrectionReceived(said) => of(CORRECTION_RECEIVED, said.corrected_date),
            Proceeding::OpinionRequested(said) => Self {
                detail: place(said.consulted.index()),
                number: said.number,
                other: other(said.delivery_date),
                ..of(OPINION_REQUESTED, said.sent_date)
            },
            Proceeding::OpinionReceived(said) => {
                let detail = match said.opinion {
                    Opinion::ThirdParty(opinion) => opinion.index(),
                    Opinion::Agency(opinion) => {
                        ThirdPartyOpinion::ALL.len().saturating_add(opinion.index())
                    }
                };
                let (detail, number) = (place(detail), said.number);
                Self { detail, number, ..of(OPINION_RECEIVED, said.answer_date) }
            }
            Proceeding::DeadlineExtended(said) => {
                Self { number: said.working_days, ..of(EXTENDED, said.notice_date) }
            }
            Proceeding::ReplyPostponed(said) => {
                Self { other: Day::of(said.due_date), ..of(POSTPONED, said.notice_date) }
            }
            Proceeding::FeeNotified(said) => {
                Self { other: other(said.delivery_date), ..of(FEE_NOTIFIED, said.notice_date) }
            }
            Proceeding::FeePaid(said) => of(FEE_PAID, said.payment_date),
            Proceeding::ReasonsRequested(_)
            | Proceeding::ReasonsReceived(_)
            | Proceeding::DecisionAmended(_) => return None,
        })
    }

    /// The step, if the register needs nothing beside it; of a fee it needs the amount.
    pub(super) fn alone(step: &Proceeding) -> Option<Self> {
        let is_fee = matches!(step, Proceeding::FeeNotified(_) | Proceeding::FeePaid(_));
        if is_fee { None } else { Self::of(step) }
    }

    /// The same step without what moves no clock.
    pub(super) fn proceeding(self) -> Proceeding {
        let Self { kind, number, .. } = self;
        let (date, other) = (self.day.date(), self.other);
        let optional = || Some(other).filter(|day| *day != Day::default()).map(Day::date);
        let explanation = ShortText::default();
        match kind {
            CORRECTION_REQUESTED => {
                CorrectionRequested { notice_date: date, due_date: optional(), explanation }.into()
            }
            CORRECTION_RECEIVED => CorrectionReceived { corrected_date: date }.into(),
            OPINION_REQUESTED => OpinionRequested {
                number,
                consulted: listed(Consulted::ALL, self.detail.into()),
                sent_date: date,
                delivery_date: optional(),
            }
            .into(),
            OPINION_RECEIVED => {
                let place = usize::from(self.detail);
                let opinion = match place.checked_sub(ThirdPartyOpinion::ALL.len()) {
                    None => Opinion::ThirdParty(listed(ThirdPartyOpinion::ALL, place)),
                    Some(place) => Opinion::Agency(listed(AgencyOpinion::ALL, place)),
                };
                OpinionReceived { number, opinion, answer_date: date }.into()
            }
            EXTENDED => {
                DeadlineExtended { notice_date: date, working_days: number, explanation }.into()
            }
            POSTPONED => {
                ReplyPostponed { notice_date: date, due_date: other.date(), explanation }.into()
            }
            FEE_NOTIFIED => FeeNotified {
                notice_date: date,
                delivery_date: optional(),
                amount_fen: 0,
                basis: None,
            }
            .into(),
            _ => FeePaid { payment_date: date }.into(),
        }
    }
}

fn place(index: usize) -> u8 {
    u8::try_from(index).expect("the lists of the law are short")
}

fn listed<T: Copy>(all: &[T], place: usize) -> T {
    *all.get(place).expect("packed from its place in the list")
}

#[cfg(test)]
#[expect(clippy::wildcard_enum_match_arm, reason = "a test looks for some of the events")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        domain::{Body, application::Event},
        wire::samples::any_event,
    };

    /// Steps at random, taken out of events at random.
    fn any_step() -> impl Strategy<Value = Proceeding> {
        any_event().prop_filter_map("no step", |event| match event.body {
            Body::Application(_, Event::Proceeding(step)) => Some(step),
            _ => None,
        })
    }

    proptest! {
        #[test]
        fn a_step_keeps_all_that_moves_clocks(step in any_step()) {
            let Some(packed) = Step::of(&step) else {
                let still = matches!(
                    step,
                    Proceeding::ReasonsRequested(_)
                        | Proceeding::ReasonsReceived(_)
                        | Proceeding::DecisionAmended(_)
                );
                prop_assert!(still, "{step:?}");
                return Ok(());
            };
            let again = packed.proceeding();
            prop_assert_eq!(again.date(), step.date());
            prop_assert_eq!(Step::of(&again), Some(packed));
            let bare = |step: &Proceeding| {
                let mut step = step.clone();
                match &mut step {
                    Proceeding::CorrectionRequested(said) => said.explanation = ShortText::default(),
                    Proceeding::DeadlineExtended(said) => said.explanation = ShortText::default(),
                    Proceeding::ReplyPostponed(said) => said.explanation = ShortText::default(),
                    Proceeding::FeeNotified(said) => (said.amount_fen, said.basis) = (0, None),
                    _ => {}
                }
                step
            };
            prop_assert_eq!(again, bare(&step));
        }

        #[test]
        fn each_application_has_its_own_in_order(
            steps in prop::collection::vec((0_u32..8, any_step()), 0..60),
        ) {
            let mut held = Steps::default();
            let mut expected = vec![Vec::new(); 8];
            for (at, step) in steps {
                if let Some(step) = Step::of(&step) {
                    held.push(at, step).unwrap();
                    expected[at as usize].push(step);
                }
            }
            for (at, expected) in (0_u32..).zip(expected) {
                prop_assert_eq!(held.of(at), expected);
            }
        }
    }
}
