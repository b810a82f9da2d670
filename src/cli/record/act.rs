//! One act as JSON.
//!
//! The JSON is walked along the descriptors of `proto/` before it is converted, so that what is
//! wrong is named by the path of its field, all of it at once.

use std::{collections::BTreeSet, fmt};

use prost::Message;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor,
};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::super::{Failure, import};
use crate::{
    integrity::Hash,
    wire::{
        DESCRIPTOR_SET,
        pb::{event::v1::CivilDate, v1 as pb, v1::record_rows_request::Command},
    },
};

/// The message that a date of the calendar is.
const CIVIL_DATE: &str = "disclosure.event.v1.CivilDate";

/// Something on a line that does not read as it must.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The path of the field, as the server names it; empty for the line as a whole.
    pub(super) path: String,
    /// What stands there.
    pub(super) found: String,
    /// What was expected.
    pub(super) expected: String,
}

impl Fault {
    fn new(path: &str, found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { path: path.to_owned(), found: found.into(), expected: expected.into() }
    }
}

/// Reads acts for the register of one agency.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    agency_id: &'a str,
    row: MessageDescriptor,
    command: OneofDescriptor,
}

impl<'a> Reader<'a> {
    /// A reader for the register of this agency.
    ///
    /// # Errors
    ///
    /// The program was built without its own contract.
    pub(super) fn new(agency_id: &'a str) -> Result<Self, Failure> {
        let missing = || Failure::damaged("the program does not hold the contract of its calls");
        let pool = DescriptorPool::decode(DESCRIPTOR_SET).map_err(|_| missing())?;
        let row = pool.get_message_by_name("disclosure.v1.RecordRowsRequest");
        let row = row.ok_or_else(missing)?;
        let command = row.oneofs().find(|oneof| oneof.name() == "command").ok_or_else(missing)?;
        Ok(Self { agency_id, row, command })
    }

    /// The act of a line, addressed to the agency and with a request id; or all that is wrong.
    pub(super) fn read(&self, line: &[u8]) -> Result<Command, Vec<Fault>> {
        self.command(line).map_err(|fault| vec![fault]).and_then(|(field, mut request)| {
            let mut faults = Vec::new();
            self.address(&field, &mut request, &mut faults);
            if let Kind::Message(message) = field.kind() {
                check(&message, &mut request, field.name(), &mut faults);
            }
            if !faults.is_empty() {
                return Err(faults);
            }
            let act = self.convert(&field, request);
            act.map_err(|error| vec![Fault::new("", error, "an act of the contract")])
        })
    }

    /// The one member of a line: the field of the row that it is, and what the field holds.
    fn command(&self, line: &[u8]) -> Result<(FieldDescriptor, Map<String, Value>), Fault> {
        let text = str::from_utf8(line);
        let text = text
            .map_err(|_| Fault::new("", String::from_utf8_lossy(line).trim(), "text in UTF-8"))?;
        let value = serde_json::from_str::<Distinct>(text).and_then(|_| serde_json::from_str(text));
        let object = match value {
            Ok(Value::Object(object)) => object,
            Ok(_) => return Err(Fault::new("", text.trim(), "a JSON object")),
            Err(error) => {
                let expected = format!("one JSON object ({})", within_line(&error.to_string()));
                return Err(Fault::new("", text.trim(), expected));
            }
        };
        let commands = || listed(self.command.fields().map(|field| field.name().to_owned()));
        let mut members = object.into_iter();
        let Some((name, value)) = members.next() else {
            return Err(Fault::new("", "{}", format!("one of {}", commands())));
        };
        let Some(field) = self.command.fields().find(|field| is_named(field, &name)) else {
            return Err(Fault::new(&name, &name, format!("one of {}", commands())));
        };
        if let Some((second, _)) = members.next() {
            let expected = format!("one act a line, which is {}", field.name());
            return Err(Fault::new(&second, &second, expected));
        }
        if let Value::Object(request) = value {
            return Ok((field, request));
        }
        Err(Fault::new(field.name(), shown(&value), "an object"))
    }

    /// Fills in the agency, and refuses another one.
    fn address(
        &self,
        field: &FieldDescriptor,
        request: &mut Map<String, Value>,
        faults: &mut Vec<Fault>,
    ) {
        let stated = ["agency_id", "agencyId"].into_iter().find(|name| request.contains_key(*name));
        match stated.and_then(|name| request.get(name)) {
            None | Some(Value::Null) => {
                request.insert(stated.unwrap_or("agency_id").to_owned(), json!(self.agency_id));
            }
            Some(Value::String(id)) if id != self.agency_id => {
                let path = format!("{}.agency_id", field.name());
                let expected = format!("{:?}, the --agency, or nothing", self.agency_id);
                faults.push(Fault::new(&path, id, expected));
            }
            Some(_) => {}
        }
    }

    /// The act, with the request id that follows from it unless the line states one.
    fn convert(
        &self,
        field: &FieldDescriptor,
        mut request: Map<String, Value>,
    ) -> Result<Command, String> {
        let row = |request: &Map<String, Value>| {
            let row = json!({ (field.name()): request });
            let row = DynamicMessage::deserialize(self.row.clone(), row);
            row.map_err(|error| error.to_string())
        };
        let mut write = match request.remove("write") {
            Some(Value::Object(write)) => write,
            _ => Map::new(),
        };
        let is_id = |name: &str| matches!(name, "request_id" | "requestId");
        let stated = |(name, id): (&String, &Value)| {
            is_id(name) && id.as_str().is_some_and(|id| !id.is_empty())
        };
        if !write.iter().any(stated) {
            write.retain(|name, _| !is_id(name));
            request.insert("write".to_owned(), json!(write));
            let digest: [u8; 32] = Sha256::new()
                .chain_update(self.agency_id.as_bytes())
                .chain_update([0])
                .chain_update(row(&request)?.encode_to_vec())
                .finalize()
                .into();
            write.insert("request_id".to_owned(), json!(format!("record-{}", Hash(digest))));
        }
        request.insert("write".to_owned(), Value::Object(write));
        let row: pb::RecordRowsRequest =
            row(&request)?.transcode_to().map_err(|error| error.to_string())?;
        row.command.ok_or_else(|| "no act".to_owned())
    }
}

/// Checks an object against a message, turns dates written as text into what the contract has for
/// them, and notes everything that is wrong.
fn check(
    message: &MessageDescriptor,
    object: &mut Map<String, Value>,
    path: &str,
    faults: &mut Vec<Fault>,
) {
    let mut seen = BTreeSet::new();
    for (name, value) in object {
        let Some(field) = message.fields().find(|field| is_named(field, name)) else {
            let known = listed(message.fields().map(|field| field.name().to_owned()));
            let expected = format!("one of {known}");
            faults.push(Fault::new(&format!("{path}.{name}"), name, expected));
            continue;
        };
        let path = format!("{path}.{}", field.name());
        if !seen.insert(field.number()) {
            faults.push(Fault::new(&path, name, "each field once"));
        }
        if value.is_null() {
            continue;
        }
        if !field.is_list() {
            check_value(message, &field, value, &path, faults);
        } else if let Some(values) = value.as_array_mut() {
            for (place, value) in values.iter_mut().enumerate() {
                check_value(message, &field, value, &format!("{path}[{place}]"), faults);
            }
        } else {
            faults.push(Fault::new(&path, shown(value), "a list"));
        }
    }
}

/// Checks one value of a field of a message.
fn check_value(
    message: &MessageDescriptor,
    field: &FieldDescriptor,
    value: &mut Value,
    path: &str,
    faults: &mut Vec<Fault>,
) {
    let kind = field.kind();
    if let Some(inner) = kind.as_message() {
        let is_date = inner.full_name() == CIVIL_DATE;
        let date = value.as_str().filter(|_| is_date).and_then(import::date);
        if let Some(CivilDate { year, month, day }) = date {
            *value = json!({ "year": year, "month": month, "day": day });
        } else if let Some(object) = value.as_object_mut() {
            check(inner, object, path, faults);
        } else {
            let expected = if is_date { import::DATE } else { "an object" };
            faults.push(Fault::new(path, shown(value), expected));
        }
        return;
    }
    let alone = if field.is_list() { json!([value]) } else { value.clone() };
    let alone = json!({ (field.name()): alone });
    if DynamicMessage::deserialize(message.clone(), alone).is_err() {
        faults.push(Fault::new(path, shown(value), expected(&kind)));
    }
}

/// What a field of a kind holds.
fn expected(kind: &Kind) -> String {
    match kind {
        Kind::String => "text".to_owned(),
        Kind::Bool => "true or false".to_owned(),
        Kind::Bytes => "bytes in base64".to_owned(),
        Kind::Float | Kind::Double => "a number".to_owned(),
        Kind::Enum(values) => {
            let stated = values.values().filter(|value| value.number() != 0);
            format!("one of {}", listed(stated.map(|value| value.name().to_owned())))
        }
        Kind::Message(_) => "an object".to_owned(),
        Kind::Int32
        | Kind::Int64
        | Kind::Uint32
        | Kind::Uint64
        | Kind::Sint32
        | Kind::Sint64
        | Kind::Fixed32
        | Kind::Fixed64
        | Kind::Sfixed32
        | Kind::Sfixed64 => "a whole number of the field's range".to_owned(),
    }
}

/// Whether a member is a field, under its name in `proto/` or in camel case.
fn is_named(field: &FieldDescriptor, member: &str) -> bool {
    field.name() == member || field.json_name() == member
}

fn listed(names: impl Iterator<Item = String>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// A value as a message shows it.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What the reader of JSON says of a line, which is the only one that it saw.
fn within_line(error: &str) -> String {
    error.replace("line 1 column", "column")
}

/// JSON of which no object has two members of one name, the first of which would be lost.
struct Distinct;

impl<'de> Deserialize<'de> for Distinct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Values;

        impl<'de> Visitor<'de> for Values {
            type Value = Distinct;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Distinct, A::Error> {
                let mut names = BTreeSet::new();
                while let Some(name) = map.next_key::<String>()? {
                    map.next_value::<Distinct>()?;
                    if let Some(name) = names.replace(name) {
                        return Err(A::Error::custom(format_args!("{name} stands twice")));
                    }
                }
                Ok(Distinct)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Distinct, A::Error> {
                while seq.next_element::<Distinct>()?.is_some() {}
                Ok(Distinct)
            }

            fn visit_bool<E>(self, _: bool) -> Result<Distinct, E> {
                Ok(Distinct)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Distinct, E> {
                Ok(Distinct)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Distinct, E> {
                Ok(Distinct)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Distinct, E> {
                Ok(Distinct)
            }

            fn visit_str<E>(self, _: &str) -> Result<Distinct, E> {
                Ok(Distinct)
            }

            fn visit_unit<E>(self) -> Result<Distinct, E> {
                Ok(Distinct)
            }
        }

        deserializer.deserialize_any(Values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Command, Vec<String>> {
        Reader::new("a").unwrap().read(line.as_bytes()).map_err(|faults| {
            let said = |Fault { path, found, expected }| format!("{path}: {found}: {expected}");
            faults.into_iter().map(said).collect()
        })
    }

    #[track_caller]
    fn fault(line: &str) -> String {
        let Err(faults) = read(line) else { panic!("{line} was read") };
        let [fault] = &faults[..] else { panic!("{faults:?}") };
        fault.clone()
    }

    #[track_caller]
    fn correction(line: &str) -> pb::AcceptCorrectionRequest {
        match read(line) {
            Ok(Command::AcceptCorrection(request)) => request,
            other => panic!("{other:?}"),
        }
    }

    const CORRECTED: &str =
        r#"{"accept_correction":{"application_id":"7","corrected_date":"2026-01-04"}}"#;

    #[test]
    fn the_agency_and_the_request_id_are_filled_in() {
        let request = correction(CORRECTED);
        assert_eq!((request.agency_id.as_str(), request.application_id.as_str()), ("a", "7"));
        assert_eq!(request.corrected_date, Some(CivilDate { year: 2026, month: 1, day: 4 }));
        let id = request.write.unwrap().request_id;
        assert!(id.starts_with("record-") && id.len() == 71, "{id}");
    }

    #[test]
    fn the_request_id_follows_from_what_is_said_and_to_whom() {
        let id = |line: &str| correction(line).write.unwrap().request_id;
        let same = [
            r#" {"acceptCorrection": {"correctedDate": {"year":2026,"month":1,"day":4},
                "applicationId": "7", "agencyId": "a", "write": null}} "#,
            r#"{"accept_correction":{"agency_id":null,"write":{"request_id":""},
                "application_id":"7","corrected_date":"2026年1月4日"}}"#,
        ];
        for line in same {
            assert_eq!(id(line), id(CORRECTED), "{line}");
        }
        let stated = CORRECTED.replace(r#":{"app"#, r#":{"write":{"request_id":"mine"},"app"#);
        assert_eq!(id(&stated), "mine");
        let acted = CORRECTED.replace(r#":{"app"#, r#":{"write":{"actor":"李"},"app"#);
        assert_eq!(correction(&acted).write.unwrap().actor, "李");
        for other in [acted, CORRECTED.replace("\"7\"", "\"8\""), CORRECTED.replace("04", "05")] {
            assert_ne!(id(&other), id(CORRECTED), "{other}");
        }
        let elsewhere = Reader::new("b").unwrap().read(CORRECTED.as_bytes()).unwrap();
        let Command::AcceptCorrection(elsewhere) = elsewhere else { panic!("{elsewhere:?}") };
        assert_ne!(elsewhere.write.unwrap().request_id, id(CORRECTED));
    }

    #[test]
    fn what_a_line_gets_wrong_is_named_by_the_path_of_its_field() {
        for (line, expected) in [
            (r#"{"decide":{}}"#, "decide: decide: one of receive_application, "),
            (r#"{"mode":"INTAKE_MODE_EACH"}"#, "mode: mode: one of receive_application, "),
            (r"{}", ": {}: one of receive_application, "),
            (r"[1]", ": [1]: a JSON object"),
            (r#"{"accept_correction":7}"#, "accept_correction: 7: an object"),
            (
                r#"{"accept_correction":{},"extend_deadline":{}}"#,
                "extend_deadline: extend_deadline: one act a line, which is accept_correction",
            ),
            (
                r#"{"accept_correction":{"corected_date":"2026-01-04"}}"#,
                "accept_correction.corected_date: corected_date: one of write, agency_id, ",
            ),
            (
                r#"{"accept_correction":{"corrected_date":"2026-02-30"}}"#,
                "accept_correction.corrected_date: 2026-02-30: a date of the calendar",
            ),
            (
                r#"{"accept_correction":{"corrected_date":20260104}}"#,
                "accept_correction.corrected_date: 20260104: a date of the calendar",
            ),
            (
                r#"{"accept_correction":{"corrected_date":{"year":"x"}}}"#,
                "accept_correction.corrected_date.year: x: a whole number of the field's range",
            ),
            (
                r#"{"accept_correction":{"agency_id":"b"}}"#,
                "accept_correction.agency_id: b: \"a\", the --agency, or nothing",
            ),
            (
                r#"{"accept_correction":{"application_id":7}}"#,
                "accept_correction.application_id: 7: text",
            ),
            (
                r#"{"accept_correction":{"applicationId":"7","application_id":"8"}}"#,
                "accept_correction.application_id: application_id: each field once",
            ),
            (r#"{"accept_correction":{"write":"me"}}"#, "accept_correction.write: me: an object"),
            (
                r#"{"decide_application":{"disposition":"granted"}}"#,
                "decide_application.disposition: granted: one of DISPOSITION_GRANTED, ",
            ),
            (
                r#"{"consult_agency":{"made_jointly":1}}"#,
                "consult_agency.made_jointly: 1: true or false",
            ),
            (
                r#"{"extend_deadline":{"working_days":99999999999}}"#,
                "extend_deadline.working_days: 99999999999: a whole number of the field's range",
            ),
            (r#"{"declare_figures":{"figures":{}}}"#, "declare_figures.figures: {}: a list"),
            (
                r#"{"declare_figures":{"figures":[{},{"value":true}]}}"#,
                "declare_figures.figures[1].value: true: a whole number of the field's range",
            ),
        ] {
            let said = fault(line);
            assert!(said.starts_with(expected), "{line}\nsaid {said}\nnot  {expected}");
        }
        assert!(fault("{\"accept_correction\":{").contains("one JSON object (EOF"));
        let twice = fault(r#"{"accept_correction":{"application_id":"7","application_id":"8"}}"#);
        assert!(twice.contains("one JSON object (application_id stands twice at"), "{twice}");
    }

    #[test]
    fn everything_that_is_wrong_with_a_line_is_said_at_once() {
        let line = r#"{"extend_deadline":{"days":1,"notice_date":"soon","working_days":"many"}}"#;
        assert_eq!(read(line).unwrap_err().len(), 3);
    }

    #[test]
    fn numbers_and_enumerations_are_read_as_the_json_form_has_them() {
        let line = r#"{"notify_fee":{"amount_fen":"4000","basis":"FEE_BASIS_COUNT"}}"#;
        let number = line.replace("\"4000\"", "4000").replace("\"FEE_BASIS_COUNT\"", "1");
        let fee = |line: &str| match read(line) {
            Ok(Command::NotifyFee(request)) => request,
            other => panic!("{other:?}"),
        };
        assert_eq!(fee(line).amount_fen, 4000);
        assert_eq!(fee(line), fee(&number));
    }
}
