//! The style of the contracts, held against the descriptor set that the crate carries; and a
//! record of every number and type ever given out, so that the wire cannot break unseen.
#![cfg(test)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use disclosure_ledger::wire::DESCRIPTOR_SET;
use prost_reflect::{
    Cardinality, DescriptorPool, EnumDescriptor, FieldDescriptor, FileDescriptor, Kind,
    MessageDescriptor, ServiceDescriptor,
};

const EVENT: &str = "disclosure.event.v1";
const SPOKEN: &str = "disclosure.v1";

/// Messages that callers fill in, besides those named `…Request`.
const PARTS_OF_REQUESTS: [&str; 7] = [
    "WriteOptions",
    "ReportSelector",
    "ApplicationFilter",
    "ApplicationCorrection",
    "Delivery",
    "HolidayNotice",
    "ReportReading",
];

fn pool() -> DescriptorPool {
    DescriptorPool::decode(DESCRIPTOR_SET).unwrap()
}

fn is_ours(package: &str) -> bool {
    package == EVENT || package == SPOKEN
}

/// Our messages, nested ones among them.
fn messages(pool: &DescriptorPool) -> Vec<MessageDescriptor> {
    pool.all_messages().filter(|message| is_ours(message.package_name())).collect()
}

fn enums(pool: &DescriptorPool) -> Vec<EnumDescriptor> {
    pool.all_enums().filter(|kind| is_ours(kind.package_name())).collect()
}

fn services(pool: &DescriptorPool) -> Vec<ServiceDescriptor> {
    pool.services().filter(|service| is_ours(service.package_name())).collect()
}

fn fields(pool: &DescriptorPool) -> Vec<FieldDescriptor> {
    messages(pool).iter().flat_map(MessageDescriptor::fields).collect()
}

/// The comment that leads an element of a file, its lines joined; empty if there is none.
fn comment(file: &FileDescriptor, path: &[i32]) -> String {
    let file = file.file_descriptor_proto();
    let infos = file.source_code_info.as_ref().expect("source info is in the set");
    let info = infos.location.iter().find(|location| location.path == path);
    let text = info.map(|location| location.leading_comments().to_owned()).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn field_comment(field: &FieldDescriptor) -> String {
    comment(&field.parent_message().parent_file(), field.path())
}

fn is_snake_case(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(allowed)
        && !name.ends_with('_')
        && !name.contains("__")
}

fn upper_snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_uppercase());
    }
    out
}

fn is_chinese(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

fn message_name(kind: &Kind) -> Option<String> {
    kind.as_message().map(|message| message.full_name().to_owned())
}

#[track_caller]
fn assert_none(violations: &[String]) {
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

#[test]
fn a_package_is_its_directory_and_ends_in_a_version() {
    let pool = pool();
    let packages: BTreeSet<_> = pool.files().map(|file| file.package_name().to_owned()).collect();
    let expected = BTreeSet::from([EVENT, SPOKEN, "google.protobuf"].map(str::to_owned));
    assert_eq!(packages, expected);
    for file in pool.files().filter(|file| is_ours(file.package_name())) {
        let (directory, name) = file.name().rsplit_once('/').unwrap();
        assert_eq!(directory.replace('/', "."), file.package_name(), "{}", file.name());
        assert!(is_snake_case(name.strip_suffix(".proto").unwrap()), "{name}");
        let version = directory.rsplit('/').next().unwrap();
        assert!(version.strip_prefix('v').is_some_and(|n| n.parse::<u8>().is_ok()), "{version}");
    }
}

#[test]
fn what_is_written_does_not_depend_on_what_is_spoken() {
    for file in pool().files().filter(|file| file.package_name() == EVENT) {
        for dependency in file.dependencies() {
            assert_eq!(dependency.package_name(), EVENT, "{} imports", file.name());
        }
        assert_eq!(file.public_dependencies().len(), 0, "{}", file.name());
    }
}

#[test]
fn every_method_has_a_request_and_a_response_of_its_own() {
    let pool = pool();
    let mut used = BTreeMap::<String, String>::new();
    for service in services(&pool) {
        assert!(service.name().ends_with("Service"), "{}", service.full_name());
        for method in service.methods() {
            for (message, suffix) in [(method.input(), "Request"), (method.output(), "Response")] {
                assert_eq!(message.name(), format!("{}{suffix}", method.name()));
                assert_eq!(message.parent_file(), service.parent_file(), "{}", message.name());
                let earlier =
                    used.insert(message.full_name().to_owned(), method.full_name().to_owned());
                assert_eq!(earlier, None, "{} is used twice", message.full_name());
            }
        }
    }
    for message in messages(&pool) {
        let is_spoken = message.name().ends_with("Request") || message.name().ends_with("Response");
        assert!(!is_spoken || used.contains_key(message.full_name()), "{}", message.full_name());
    }
    assert!(used.len() > 40, "{}", used.len());
}

#[test]
fn the_zero_of_an_enum_is_unspecified_and_every_value_has_the_prefix() {
    for kind in enums(&pool()) {
        let prefix = upper_snake(kind.name());
        assert_eq!(kind.default_value().name(), format!("{prefix}_UNSPECIFIED"));
        let mut numbers = BTreeSet::new();
        for value in kind.values() {
            assert!(value.name().starts_with(&format!("{prefix}_")), "{}", value.full_name());
            assert_eq!(value.name(), value.name().to_ascii_uppercase());
            assert!(numbers.insert(value.number()), "{} is an alias", value.full_name());
        }
    }
}

#[test]
fn names_have_their_case() {
    let pool = pool();
    for field in fields(&pool) {
        assert!(is_snake_case(field.name()), "{}", field.full_name());
    }
    let is_pascal = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.chars().all(char::is_alphanumeric)
    };
    for message in messages(&pool) {
        assert!(is_pascal(message.name()), "{}", message.full_name());
        for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
            assert!(is_snake_case(oneof.name()), "{}", oneof.full_name());
        }
    }
    for service in services(&pool) {
        for method in service.methods() {
            assert!(is_pascal(method.name()), "{}", method.full_name());
        }
    }
}

#[test]
fn everything_has_a_comment() {
    let pool = pool();
    let mut missing = Vec::new();
    let mut look = |name: &str, file: FileDescriptor, path: &[i32]| {
        if comment(&file, path).is_empty() {
            missing.push(format!("{}: {name} has no comment", file.name()));
        }
    };
    for message in messages(&pool) {
        look(message.full_name(), message.parent_file(), message.path());
        for field in message.fields() {
            look(field.full_name(), message.parent_file(), field.path());
        }
        for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
            look(oneof.full_name(), message.parent_file(), oneof.path());
        }
    }
    for kind in enums(&pool) {
        look(kind.full_name(), kind.parent_file(), kind.path());
        for value in kind.values() {
            look(value.full_name(), kind.parent_file(), value.path());
        }
    }
    for service in services(&pool) {
        look(service.full_name(), service.parent_file(), service.path());
        for method in service.methods() {
            look(method.full_name(), service.parent_file(), method.path());
        }
    }
    assert_none(&missing);
}

#[test]
fn dates_are_civil_and_times_are_instants() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for field in fields(&pool()) {
        let name = field.name();
        let is_time = name.ends_with("_time");
        let expected = match message_name(&field.kind()).as_deref() {
            Some("disclosure.event.v1.CivilDate") if field.is_list() => name.starts_with("days_"),
            Some("disclosure.event.v1.CivilDate") => name.ends_with("_date"),
            Some("google.protobuf.Timestamp") => is_time,
            _ => !name.ends_with("_date") && !is_time,
        };
        seen += usize::from(name.ends_with("_date") || is_time);
        if !expected {
            wrong.push(format!("{}: {:?}", field.full_name(), field.kind()));
        }
    }
    assert_none(&wrong);
    assert!(seen > 20, "{seen}");
}

#[test]
fn what_is_written_is_encoded_one_way_only() {
    for field in fields(&pool()).iter().filter(|f| f.parent_message().package_name() == EVENT) {
        assert!(!field.is_map(), "{} is a map", field.full_name());
        assert!(!field.is_group(), "{} is a group", field.full_name());
        let is_float = matches!(field.kind(), Kind::Float | Kind::Double);
        assert!(!is_float, "{} is a float", field.full_name());
        let foreign = message_name(&field.kind()).filter(|name| !name.starts_with(EVENT));
        assert_eq!(foreign, None, "{}", field.full_name());
    }
}

#[test]
fn bodies_are_numbered_from_ten_and_the_envelope_below() {
    let envelope = pool().get_message_by_name("disclosure.event.v1.EventEnvelope").unwrap();
    for field in envelope.fields() {
        let in_body = field.containing_oneof().is_some_and(|oneof| oneof.name() == "body");
        assert_eq!(field.number() >= 10, in_body, "{} = {}", field.full_name(), field.number());
    }
}

#[test]
fn every_field_of_a_request_says_whether_it_is_required() {
    let mut silent = Vec::new();
    for message in messages(&pool()).iter().filter(|message| {
        message.package_name() == SPOKEN
            && (message.name().ends_with("Request") || PARTS_OF_REQUESTS.contains(&message.name()))
    }) {
        let file = message.parent_file();
        for field in message.fields() {
            let oneof = field.containing_oneof().filter(|oneof| !oneof.is_synthetic());
            let said = match &oneof {
                Some(oneof) => comment(&file, oneof.path()),
                None => field_comment(&field),
            };
            let says = ["Required. ", "Optional. ", "Required on the first row. "];
            if !says.iter().any(|start| said.starts_with(start)) {
                silent.push(format!("{}: {said}", field.full_name()));
            }
        }
    }
    assert_none(&silent);
}

#[test]
fn every_word_of_the_vocabulary_has_its_chinese() {
    let pool = pool();
    for kind in enums(&pool) {
        let file = kind.parent_file();
        let is_vocabulary = file.name() == "disclosure/event/v1/vocabulary.proto";
        for value in kind.values().filter(|value| is_vocabulary && value.number() != 0) {
            let said = comment(&file, value.path());
            assert!(said.chars().any(is_chinese), "{}: {said}", value.full_name());
            assert!(said.contains("external key `"), "{}: {said}", value.full_name());
        }
    }
}

/// Every number given out, one line each: where, number, name, type.
fn contract(pool: &DescriptorPool) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for message in messages(pool) {
        for field in message.fields() {
            let kind = field.kind();
            let named = match (kind.as_message(), kind.as_enum()) {
                (Some(message), _) => Some(message.full_name().to_owned()),
                (_, Some(kind)) => Some(kind.full_name().to_owned()),
                (None, None) => None,
            };
            let kind = named.unwrap_or_else(|| format!("{kind:?}").to_lowercase());
            let manner = match field.containing_oneof() {
                Some(oneof) if oneof.is_synthetic() => "optional ".to_owned(),
                Some(oneof) => format!("oneof {} ", oneof.name()),
                None if field.cardinality() == Cardinality::Repeated => "repeated ".to_owned(),
                None => String::new(),
            };
            let (number, name) = (field.number(), field.name());
            lines.insert(format!("{} {number:03} {name} {manner}{kind}", message.full_name()));
        }
    }
    for kind in enums(pool) {
        for value in kind.values() {
            let (number, name) = (value.number(), value.name());
            lines.insert(format!("{} {number:03} {name}", kind.full_name()));
        }
    }
    for method in services(pool).iter().flat_map(ServiceDescriptor::methods) {
        let stream = |streams| if streams { "stream " } else { "" };
        lines.insert(format!(
            "{} {}{} -> {}{}",
            method.full_name(),
            stream(method.is_client_streaming()),
            method.input().full_name(),
            stream(method.is_server_streaming()),
            method.output().full_name(),
        ));
    }
    lines
}

fn record() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/proto/contract.txt")
}

#[test]
fn no_number_type_or_method_ever_given_out_is_taken_back() {
    let recorded = fs::read_to_string(record()).unwrap();
    let recorded: BTreeSet<_> = recorded.lines().map(str::to_owned).collect();
    let now = contract(&pool());
    let broken: Vec<_> = recorded.difference(&now).map(|line| format!("gone: {line}")).collect();
    assert_none(&broken);
    let new: Vec<_> = now.difference(&recorded).map(|line| format!("new: {line}")).collect();
    assert!(
        new.is_empty(),
        "\n{}\nadd them with: cargo test --test it -- --ignored additions_to_the_contract\n",
        new.join("\n")
    );
}

/// Adds what is new in `proto/` to the record; what is gone stays in it and goes on failing.
#[test]
#[ignore = "rewrites tests/fixtures/proto/contract.txt"]
fn additions_to_the_contract_are_recorded() {
    let recorded = fs::read_to_string(record()).unwrap_or_default();
    let mut lines = contract(&pool());
    lines.extend(recorded.lines().map(str::to_owned));
    let text: String = lines.into_iter().map(|line| line + "\n").collect();
    fs::create_dir_all(record().parent().unwrap()).unwrap();
    fs::write(record(), text).unwrap();
}
