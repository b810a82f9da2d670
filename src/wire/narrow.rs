//! The narrow road from recorded bytes: what folding an application needs, and nothing copied.
//!
//! The walk takes bytes only as [`encode`](super::encode) lays them out, fields in the order of
//! their numbers and each once, and only news of an application. Everything else, be it another
//! body, another layout or damage, it leaves to the full decoder. So the two cannot disagree about
//! what is refused, or why.

use super::{
    application::consulted_agency,
    codec::{DecodeError, decode},
    date::legal_date,
    pb::event::v1::CivilDate,
    vocabulary::Coded,
};
use crate::domain::{
    AgencyId, ApplicationId, Body, CaseId, Event, LegalDate, ShortText,
    application::{
        self, CorrectionReceived, CorrectionRequested, DeadlineExtended, Decided, DecisionAmended,
        Delivery, EntryCorrected, EntryVoided, FeeNotified, FeePaid, Opinion, OpinionReceived,
        OpinionRequested, Proceeding, ReasonsReceived, ReasonsRequested, Received, Reopened,
        ReplyPostponed, Withdrawn,
    },
    calendar::Notice,
    deadline::Consulted,
};

/// A recorded event as far as folding needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Narrow<'a> {
    /// Something happened to an application.
    Application(ApplicationNews<'a>),
    /// Any event, read whole.
    Whole(Box<Event>),
}

/// What happened to an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationNews<'a> {
    /// The agency; valid as an [`AgencyId`].
    pub agency_id: &'a str,
    /// The application; valid as an [`ApplicationId`].
    pub id: &'a str,
    /// The event but for its texts, the case that it names and how an application arrived, which are
    /// valid and left out: no table counts them.
    pub event: application::Event,
}

impl Narrow<'_> {
    /// The agency whose register the event belongs to; empty for a notice for the whole country.
    #[must_use]
    pub fn agency_id(&self) -> &str {
        match self {
            Self::Application(news) => news.agency_id,
            Self::Whole(event) => event.agency_id.as_ref().map_or("", AgencyId::as_str),
        }
    }

    /// Whether it changes which calendar holds for which agency: a notice of working days, or an
    /// event of an agency itself.
    #[must_use]
    pub fn moves_calendars(&self) -> bool {
        match self {
            Self::Application(_) => false,
            Self::Whole(event) => matches!(event.body, Body::Notice(_) | Body::Agency(_)),
        }
    }

    /// Whether it is an event of an agency itself.
    #[must_use]
    pub fn is_of_agency(&self) -> bool {
        matches!(self, Self::Whole(event) if matches!(event.body, Body::Agency(_)))
    }

    /// Whether it is a step of a procedure that moves no clock and can change no table, and so is not
    /// folded at all.
    #[must_use]
    pub fn moves_nothing(&self) -> bool {
        let is_still = |event: &application::Event| {
            matches!(
                event,
                application::Event::Proceeding(
                    Proceeding::ReasonsRequested(_) | Proceeding::ReasonsReceived(_)
                )
            )
        };
        match self {
            Self::Application(news) => is_still(&news.event),
            Self::Whole(event) => {
                matches!(&event.body, Body::Application(_, event) if is_still(event))
            }
        }
    }

    /// The notice of working days that the event is, which belongs into no agency's register.
    #[must_use]
    pub fn notice(&self) -> Option<&Notice> {
        match self {
            Self::Application(_) => None,
            Self::Whole(event) => match &event.body {
                Body::Notice(notice) => Some(notice),
                Body::Agency(_)
                | Body::Application(..)
                | Body::Remedy(..)
                | Body::Figures(_)
                | Body::Section(_)
                | Body::Publication(_) => None,
            },
        }
    }

    /// The same agency, to keep; `None` for a notice for the whole country.
    ///
    /// # Panics
    ///
    /// When the news was not made by [`decode_narrow`] and names no agency.
    #[must_use]
    pub fn agency(&self) -> Option<AgencyId> {
        match self {
            Self::Application(news) => {
                Some(AgencyId::parse(news.agency_id).expect("it was found valid when it was read"))
            }
            Self::Whole(event) => event.agency_id.clone(),
        }
    }
}

/// The event that recorded bytes hold, without what folding does not need. News of an application
/// that is laid out as ever allocates nothing.
///
/// # Errors
///
/// Where [`decode`] does, and the same.
pub fn decode_narrow(bytes: &[u8]) -> Result<Narrow<'_>, DecodeError> {
    match walk(bytes) {
        Ok(news) => Ok(Narrow::Application(news)),
        Err(Otherwise) => decode(bytes).map(|event| Narrow::Whole(Box::new(event))),
    }
}

/// Laid out otherwise than the walk expects, or holding what it need not know.
struct Otherwise;

fn walk(bytes: &[u8]) -> Result<ApplicationNews<'_>, Otherwise> {
    let mut fields = Fields(bytes);
    let agency_id = fields.text(delimited(1))?;
    let id = fields.text(delimited(2))?;
    let date = fields.date(delimited(3))?.ok_or(Otherwise)?;
    fields.unread_text(delimited(4))?;
    let event = fields.body(date)?;
    let valid = AgencyId::is_valid(agency_id) && ApplicationId::is_valid(id) && fields.0.is_empty();
    if valid { Ok(ApplicationNews { agency_id, id, event }) } else { Err(Otherwise) }
}

/// The key of a field of bytes with a number below 16.
const fn delimited(number: u8) -> u8 {
    (number << 3) | 2
}

/// The key of a field that is a varint, with a number below 16.
const fn varint(number: u8) -> u8 {
    number << 3
}

/// The rest of a message, from which one field after the other is taken; one that is absent reads
/// as its default.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn body(&mut self, date: LegalDate) -> Result<application::Event, Otherwise> {
        // Fields 20 to 42: the key of a field above 15 takes two bytes.
        let (key, rest) = self.0.split_first_chunk().ok_or(Otherwise)?;
        self.0 = rest;
        let mut body = Fields(self.bytes()?);
        let event = match key {
            [0xa2, 1] => body.received(date),
            [0xaa, 1] => body.decided(date),
            [0xb2, 1] => Ok(application::Event::Withdrawn(Withdrawn { withdrawal_date: date })),
            [0xba, 1] => body.corrected(date),
            [0xc2, 1] => body.unread_text(delimited(1)).map(|explanation| {
                application::Event::Reopened(Reopened { reopening_date: date, explanation })
            }),
            [0xca, 1] => body.unread_text(delimited(1)).map(|explanation| {
                application::Event::EntryVoided(EntryVoided { void_date: date, explanation })
            }),
            &key => body.proceeding(key, date).map(application::Event::Proceeding),
        };
        if body.0.is_empty() { event } else { Err(Otherwise) }
    }

    /// A step of the procedure, kept apart from what is common.
    #[inline(never)]
    fn proceeding(&mut self, key: [u8; 2], date: LegalDate) -> Result<Proceeding, Otherwise> {
        Ok(match key {
            [0xf2, 1] => CorrectionRequested {
                notice_date: date,
                due_date: self.date(delimited(1))?,
                explanation: self.unread_text(delimited(2))?,
            }
            .into(),
            [0xfa, 1] => CorrectionReceived { corrected_date: date }.into(),
            [0x82, 2] => OpinionRequested {
                number: self.small(varint(1))?,
                consulted: Consulted::ThirdParty,
                sent_date: date,
                delivery_date: self.date(delimited(2))?,
            }
            .into(),
            [0x8a, 2] => OpinionReceived {
                number: self.small(varint(1))?,
                opinion: Opinion::ThirdParty(self.value(varint(2))?.ok_or(Otherwise)?),
                answer_date: date,
            }
            .into(),
            [0x92, 2] => {
                let number = self.small(varint(1))?;
                let delivery_date = self.date(delimited(2))?;
                let consulted = consulted_agency(self.flag(varint(3))?);
                OpinionRequested { number, consulted, sent_date: date, delivery_date }.into()
            }
            [0x9a, 2] => OpinionReceived {
                number: self.small(varint(1))?,
                opinion: Opinion::Agency(self.value(varint(2))?.ok_or(Otherwise)?),
                answer_date: date,
            }
            .into(),
            [0xa2, 2] => DeadlineExtended {
                notice_date: date,
                working_days: self.small(varint(1))?,
                explanation: self.unread_text(delimited(2))?,
            }
            .into(),
            [0xaa, 2] => {
                let explanation = self.unread_text(delimited(1))?;
                ReasonsRequested { notice_date: date, explanation }.into()
            }
            [0xb2, 2] => ReplyPostponed {
                notice_date: date,
                due_date: self.date(delimited(1))?.ok_or(Otherwise)?,
                explanation: self.unread_text(delimited(2))?,
            }
            .into(),
            [0xba, 2] => FeeNotified {
                notice_date: date,
                delivery_date: self.date(delimited(1))?,
                amount_fen: self.number(varint(2))?.into(),
                basis: self.value(varint(3))?,
            }
            .into(),
            [0xc2, 2] => FeePaid { payment_date: date }.into(),
            [0xca, 2] => self.amended(date)?.into(),
            [0xd2, 2] => ReasonsReceived { answer_date: date }.into(),
            _ => return Err(Otherwise),
        })
    }

    fn amended(&mut self, amendment_date: LegalDate) -> Result<DecisionAmended, Otherwise> {
        let basis = self.value(varint(1))?.ok_or(Otherwise)?;
        let case_id = self.text(delimited(2))?;
        if !case_id.is_empty() && !CaseId::is_valid(case_id) {
            return Err(Otherwise);
        }
        Ok(DecisionAmended {
            amendment_date,
            basis,
            case_id: None,
            disposition: self.value(varint(3))?,
            document_no: self.unread_text(delimited(4))?,
            explanation: self.unread_text(delimited(5))?,
        })
    }

    fn received(&mut self, receipt_date: LegalDate) -> Result<application::Event, Otherwise> {
        Ok(application::Event::Received(Received {
            applicant_kind: self.value(varint(1))?.ok_or(Otherwise)?,
            receipt_date,
            channel: self.value(varint(2))?,
            applicant_ref: self.unread_text(delimited(3))?,
            arrival: self.unread_arrival(delimited(4)).map(|()| None)?,
        }))
    }

    /// Checks how an application arrived and leaves it out.
    fn unread_arrival(&mut self, key: u8) -> Result<(), Otherwise> {
        if !self.begins_with(key) {
            return Ok(());
        }
        let mut arrival = Fields(self.bytes()?);
        arrival.flag(varint(1))?;
        for key in [delimited(2), delimited(3), delimited(4)] {
            arrival.date(key)?;
        }
        if arrival.0.is_empty() { Ok(()) } else { Err(Otherwise) }
    }

    fn decided(&mut self, effective_date: LegalDate) -> Result<application::Event, Otherwise> {
        let disposition = self.value(varint(1))?.ok_or(Otherwise)?;
        let document_no = self.unread_text(delimited(2))?;
        let decision_date = self.date(delimited(3))?;
        let method = self.value(varint(4))?;
        Ok(application::Event::Decided(Decided {
            disposition,
            decision_date: decision_date.unwrap_or(effective_date),
            document_no,
            delivery: Delivery { method, date: decision_date.map(|_| effective_date) },
        }))
    }

    fn corrected(&mut self, correction_date: LegalDate) -> Result<application::Event, Otherwise> {
        Ok(application::Event::EntryCorrected(EntryCorrected {
            correction_date,
            applicant_kind: self.value(varint(1))?,
            receipt_date: self.date(delimited(2))?,
            channel: self.value(varint(3))?,
            conclusion_date: self.date(delimited(4))?,
            disposition: self.value(varint(5))?,
            document_no: self.unread_text(delimited(6)).map(|_| None)?,
            explanation: self.unread_text(delimited(7))?,
        }))
    }

    fn date(&mut self, key: u8) -> Result<Option<LegalDate>, Otherwise> {
        if !self.begins_with(key) {
            return Ok(None);
        }
        let mut date = Fields(self.bytes()?);
        let [year, month, day] =
            [date.number(varint(1))?, date.number(varint(2))?, date.number(varint(3))?];
        if !date.0.is_empty() {
            return Err(Otherwise);
        }
        legal_date(CivilDate { year, month, day }).map(Some).map_err(|_| Otherwise)
    }

    fn value<T: Coded>(&mut self, key: u8) -> Result<Option<T>, Otherwise> {
        T::from_code(self.number(key)?).map_err(|_| Otherwise)
    }

    fn small(&mut self, key: u8) -> Result<u16, Otherwise> {
        u16::try_from(self.number(key)?).map_err(|_| Otherwise)
    }

    fn flag(&mut self, key: u8) -> Result<bool, Otherwise> {
        match self.number(key)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Otherwise),
        }
    }

    fn number(&mut self, key: u8) -> Result<i32, Otherwise> {
        if !self.begins_with(key) {
            return Ok(0);
        }
        i32::try_from(self.varint()?).map_err(|_| Otherwise)
    }

    /// Checks a text and leaves it out.
    fn unread_text(&mut self, key: u8) -> Result<ShortText, Otherwise> {
        if self.begins_with(key) {
            let bytes = self.bytes()?;
            // Mostly it is short and plain, which is seen without reading it as text.
            let plain =
                bytes.len() <= ShortText::LIMIT && bytes.iter().all(|b| matches!(b, b' '..=b'~'));
            if !plain {
                let text = str::from_utf8(bytes).map_err(|_| Otherwise)?;
                ShortText::check(text).map_err(|_| Otherwise)?;
            }
        }
        Ok(ShortText::default())
    }

    fn text(&mut self, key: u8) -> Result<&'a str, Otherwise> {
        if !self.begins_with(key) {
            return Ok("");
        }
        str::from_utf8(self.bytes()?).map_err(|_| Otherwise)
    }

    fn bytes(&mut self) -> Result<&'a [u8], Otherwise> {
        let length = usize::try_from(self.varint()?).map_err(|_| Otherwise)?;
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Otherwise)?;
        self.0 = rest;
        Ok(taken)
    }

    /// A number of up to four bytes of seven bits.
    fn varint(&mut self) -> Result<u32, Otherwise> {
        let mut number = 0;
        for shift in [0, 7, 14, 21] {
            let (&byte, rest) = self.0.split_first().ok_or(Otherwise)?;
            self.0 = rest;
            number |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Otherwise)
    }

    fn begins_with(&mut self, key: u8) -> bool {
        match self.0.split_first() {
            Some((&first, rest)) if first == key => {
                self.0 = rest;
                true
            }
            Some(_) | None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use prost::Message as _;

    use super::{
        super::{codec::encode, pb::event::v1 as pb, samples::any_event},
        *,
    };

    /// What the walk makes of an event that the full decoder read: the same without its texts.
    fn narrowed(event: &Event) -> Narrow<'_> {
        let Body::Application(id, news) = &event.body else {
            return Narrow::Whole(Box::new(event.clone()));
        };
        Narrow::Application(ApplicationNews {
            agency_id: event.agency_id.as_ref().unwrap().as_str(),
            id: id.as_str(),
            event: without_texts(news),
        })
    }

    fn without_texts(event: &application::Event) -> application::Event {
        match event.clone() {
            application::Event::Received(received) => application::Event::Received(Received {
                applicant_ref: ShortText::default(),
                arrival: None,
                ..received
            }),
            application::Event::Decided(decided) => application::Event::Decided(Decided {
                document_no: ShortText::default(),
                ..decided
            }),
            withdrawn @ application::Event::Withdrawn(_) => withdrawn,
            application::Event::EntryCorrected(corrected) => {
                application::Event::EntryCorrected(EntryCorrected {
                    document_no: None,
                    explanation: ShortText::default(),
                    ..corrected
                })
            }
            application::Event::Reopened(reopened) => application::Event::Reopened(Reopened {
                explanation: ShortText::default(),
                ..reopened
            }),
            application::Event::EntryVoided(voided) => {
                application::Event::EntryVoided(EntryVoided {
                    explanation: ShortText::default(),
                    ..voided
                })
            }
            application::Event::Proceeding(step) => {
                application::Event::Proceeding(step_without_texts(step))
            }
        }
    }

    fn step_without_texts(step: Proceeding) -> Proceeding {
        let explanation = ShortText::default();
        match step {
            Proceeding::CorrectionRequested(step) => {
                CorrectionRequested { explanation, ..step }.into()
            }
            Proceeding::DeadlineExtended(step) => DeadlineExtended { explanation, ..step }.into(),
            Proceeding::ReasonsRequested(step) => ReasonsRequested { explanation, ..step }.into(),
            Proceeding::ReplyPostponed(step) => ReplyPostponed { explanation, ..step }.into(),
            Proceeding::DecisionAmended(step) => DecisionAmended {
                case_id: None,
                document_no: ShortText::default(),
                explanation,
                ..step
            }
            .into(),
            step @ (Proceeding::CorrectionReceived(_)
            | Proceeding::OpinionRequested(_)
            | Proceeding::OpinionReceived(_)
            | Proceeding::ReasonsReceived(_)
            | Proceeding::FeeNotified(_)
            | Proceeding::FeePaid(_)) => step,
        }
    }

    /// Holds the walk to the full decoder: the same event without its texts, or the same refusal.
    #[track_caller]
    fn check(bytes: &[u8]) {
        match (decode_narrow(bytes), decode(bytes)) {
            (Ok(Narrow::Whole(found)), Ok(event)) => assert_eq!(*found, event),
            (Ok(found @ Narrow::Application(_)), Ok(event)) => {
                assert_eq!(found, narrowed(&event));
            }
            (Err(found), Err(refusal)) => {
                assert_eq!(format!("{found:?}"), format!("{refusal:?}"));
            }
            (found, full) => panic!("{found:?} is not {full:?}"),
        }
    }

    /// Bytes that look like an envelope more often than chance has it.
    fn any_message() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![
            Just(0_u8),
            0_u8..=12,
            prop::sample::select(vec![
                0x08, 0x0a, 0x10, 0x12, 0x18, 0x1a, 0x20, 0x22, 0x28, 0x32, 0x3a, 0x82, 0x8a, 0x92,
                0x9a, 0xa2, 0xaa, 0xb2, 0xba, 0xc2, 0xca, 0xd2, 0xf2, 0xfa, 0x01, 0x02, b'a', b'b',
            ]),
            any::<u8>(),
        ];
        prop::collection::vec(byte, 0..60)
    }

    #[test]
    fn news_of_applications_takes_the_narrow_road_and_nothing_else_does() {
        proptest!(|(event in any_event())| {
            let bytes = encode(&event);
            let narrow = decode_narrow(&bytes).unwrap();
            let narrowed = matches!(narrow, Narrow::Application(_));
            prop_assert_eq!(narrowed, matches!(event.body, Body::Application(..)));
            prop_assert_eq!(narrow.agency(), event.agency_id.clone());
            prop_assert_eq!(narrow.agency_id(), event.agency_id.as_ref().map_or("", AgencyId::as_str));
        });
    }

    #[test]
    fn a_body_from_a_newer_version_is_refused() {
        let date = Some(CivilDate { year: 2020, month: 1, day: 1 });
        let envelope = |agency_id: &str| pb::EventEnvelope {
            agency_id: agency_id.to_owned(),
            subject_id: "1".to_owned(),
            effective_date: date,
            ..Default::default()
        };
        for field in 11..69_u32 {
            let mut bytes = envelope("a").encode_to_vec();
            prost::encoding::encode_key(
                field,
                prost::encoding::WireType::LengthDelimited,
                &mut bytes,
            );
            bytes.push(0);
            check(&bytes);
            let known = matches!(field, 11 | 12 | 20..=25 | 30..=42 | 50 | 51 | 60..=65);
            let unknown = matches!(decode_narrow(&bytes), Err(DecodeError::UnknownBody));
            assert_eq!(unknown, !known, "{field}");
        }
    }

    #[test]
    fn fields_twice_or_out_of_order_read_as_the_full_decoder_reads_them() {
        let event = |agency_id: &str, body| pb::EventEnvelope {
            agency_id: agency_id.to_owned(),
            subject_id: "1".to_owned(),
            effective_date: Some(CivilDate { year: 2020, month: 1, day: 1 }),
            actor: String::new(),
            body: Some(body),
        };
        let withdrawn =
            || pb::event_envelope::Body::ApplicationWithdrawn(pb::ApplicationWithdrawn {});
        let decided = pb::event_envelope::Body::ApplicationDecided(pb::ApplicationDecided {
            disposition: 10,
            ..Default::default()
        });
        let first = event("a", decided).encode_to_vec();
        let second = event("b", withdrawn()).encode_to_vec();
        for bytes in [[first.clone(), second.clone()].concat(), [second, first].concat()] {
            check(&bytes);
            assert!(matches!(decode_narrow(&bytes), Ok(Narrow::Whole(_))));
        }
    }

    #[test]
    fn an_amount_too_large_for_the_walk_is_read_by_the_full_decoder() {
        let date = LegalDate::new(jiff::civil::date(2026, 2, 9)).unwrap();
        for amount_fen in [(1 << 28) - 1, 1 << 28, i64::MAX, -1] {
            let (delivery_date, basis) = (None, None);
            let fee = FeeNotified { notice_date: date, delivery_date, amount_fen, basis };
            let step = application::Event::Proceeding(fee.into());
            let body = Body::Application(ApplicationId::parse("1").unwrap(), step);
            let agency_id = Some(AgencyId::parse("a").unwrap());
            let bytes = encode(&Event { agency_id, actor: ShortText::default(), body });
            check(&bytes);
            let read = decode_narrow(&bytes).unwrap();
            assert!(!read.moves_nothing());
            let is_walked = matches!(read, Narrow::Application(_));
            assert_eq!(is_walked, (0..1 << 28).contains(&amount_fen), "{amount_fen}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1024))]

        #[test]
        fn the_walk_agrees_with_the_full_decoder_on_every_event(event in any_event()) {
            check(&encode(&event));
        }

        #[test]
        fn the_walk_agrees_on_damaged_events(
            event in any_event(),
            at: prop::sample::Index,
            with: u8,
            cut: prop::sample::Index,
        ) {
            let mut bytes = encode(&event);
            let (at, cut) = (at.index(bytes.len()), cut.index(bytes.len()));
            check(&bytes[..cut]);
            bytes[at] = with;
            check(&bytes);
            bytes.remove(at);
            check(&bytes);
        }

        #[test]
        fn the_walk_agrees_on_any_bytes(bytes: Vec<u8>, message in any_message()) {
            check(&bytes);
            check(&message);
        }
    }
}
