//! Events for the tests: any body, any value, of a few agencies and subjects.

use proptest::prelude::*;

use crate::domain::{
    AgencyId, ApplicantKind, ApplicationId, Body, CaseId, Channel, Disposition, Event, LegalDate,
    LongText, ReportYear, ShortText, agency, application,
    calendar::{Arrangement, DateRange, Notice, Scope},
    narrative::{self, Section},
    proactive,
    remedy::{self, RemedyKind, RemedyResult},
};

const AGENCIES: [&str; 5] = ["a", "luoyang", "b.2", "c-3", "luoyang-justice_bureau"];
const IDS: [&str; 6] =
    ["2024-000001", "2024-000002", "2024-000010", "洛司公开〔2020〕1号", "1", "Z"];
const TEXTS: [&str; 3] = ["", "clerk-7", "〔2020〕2号"];

pub(crate) fn any_date() -> impl Strategy<Value = LegalDate> {
    prop_oneof![4 => 2018_i16..=2024, 1 => 2008_i16..=2100].prop_flat_map(|year| {
        (1_i16..=365).prop_map(move |day| {
            let first = jiff::civil::date(year, 1, 1);
            LegalDate::new(first.with().day_of_year(day).build().unwrap()).unwrap()
        })
    })
}

/// An event of any body. One after another they make no history that `decide` would allow, which
/// folding must take as well.
pub(crate) fn any_event() -> impl Strategy<Value = Event> {
    let body = prop_oneof![
        8 => (sample(&IDS), any_application_event())
            .prop_map(|(id, event)| Body::Application(ApplicationId::parse(id).unwrap(), event)),
        2 => (sample(&IDS), any_remedy_event())
            .prop_map(|(id, event)| Body::Remedy(CaseId::parse(id).unwrap(), event)),
        2 => any_agency_event().prop_map(Body::Agency),
        1 => any_figures().prop_map(Body::Figures),
        1 => any_section().prop_map(Body::Section),
    ];
    let of_an_agency =
        (sample(&AGENCIES), any_text(), body).prop_map(|(agency_id, actor, body)| Event {
            agency_id: Some(AgencyId::parse(agency_id).unwrap()),
            actor,
            body,
        });
    let notice = (any_notice(), any_text()).prop_map(|(notice, actor)| Event {
        agency_id: notice.scope.agency().cloned(),
        actor,
        body: Body::Notice(Box::new(notice)),
    });
    prop_oneof![13 => of_an_agency, 1 => notice]
}

/// A notice of any scope, new or replacing another; not one that could be recorded always.
fn any_notice() -> impl Strategy<Value = Notice> {
    let scope = prop::option::of(sample(&AGENCIES)).prop_map(|agency| {
        agency.map_or(Scope::National, |id| Scope::Subtree(AgencyId::parse(id).unwrap()))
    });
    let range = || (any_date(), any_date()).prop_map(|(first, last)| DateRange { first, last });
    let days = prop::collection::vec(range(), 0..3);
    let arrangement = (any_text(), days, prop::collection::vec(any_date(), 0..3)).prop_map(
        |(occasion, days_off, days_worked)| Arrangement { occasion, days_off, days_worked },
    );
    let said = (prop::option::of(range()), prop::collection::vec(arrangement, 0..3));
    let supersedes = prop::option::of(Just(ShortText::parse("〔2020〕2号").unwrap()));
    (any_text(), any_text(), scope, any_date(), any_date(), supersedes, said).prop_map(
        |(number, title, scope, gazetted_date, known_date, supersedes, said)| {
            let (settles, arrangements) = said;
            Notice {
                number,
                title,
                scope,
                gazetted_date,
                known_date,
                supersedes,
                settles,
                arrangements,
            }
        },
    )
}

fn sample<T: Copy + std::fmt::Debug + 'static>(from: &'static [T]) -> impl Strategy<Value = T> {
    prop::sample::select(from)
}

fn any_text() -> impl Strategy<Value = ShortText> {
    sample(&TEXTS).prop_map(|text| ShortText::parse(text).unwrap())
}

fn any_disposition() -> impl Strategy<Value = Disposition> {
    prop::sample::select(Disposition::all().collect::<Vec<_>>())
}

fn any_year() -> impl Strategy<Value = ReportYear> {
    (2019..=2024).prop_map(|year| ReportYear::new(year).unwrap())
}

fn any_application_event() -> impl Strategy<Value = application::Event> {
    let kind = || sample(ApplicantKind::ALL);
    let channel = || prop::option::of(sample(Channel::ALL));
    prop_oneof![
        3 => (kind(), any_date(), channel(), any_text()).prop_map(
            |(applicant_kind, receipt_date, channel, applicant_ref)| {
                application::Event::Received(application::Received {
                    applicant_kind,
                    receipt_date,
                    channel,
                    applicant_ref,
                })
            }
        ),
        3 => (any_disposition(), any_date(), any_text()).prop_map(
            |(disposition, decision_date, document_no)| {
                application::Event::Decided(application::Decided {
                    disposition,
                    decision_date,
                    document_no,
                })
            }
        ),
        1 => any_date().prop_map(|withdrawal_date| {
            application::Event::Withdrawn(application::Withdrawn { withdrawal_date })
        }),
        2 => any_correction().prop_map(application::Event::EntryCorrected),
    ]
}

fn any_correction() -> impl Strategy<Value = application::EntryCorrected> {
    let dates = (any_date(), prop::option::of(any_date()), prop::option::of(any_date()));
    let values = (
        prop::option::of(sample(ApplicantKind::ALL)),
        prop::option::of(sample(Channel::ALL)),
        prop::option::of(any_disposition()),
    );
    (dates, values, prop::option::of(any_text()), any_text()).prop_map(
        |(dates, values, document_no, explanation)| {
            let (correction_date, receipt_date, conclusion_date) = dates;
            let (applicant_kind, channel, disposition) = values;
            application::EntryCorrected {
                correction_date,
                applicant_kind,
                receipt_date,
                channel,
                conclusion_date,
                disposition,
                document_no,
                explanation,
            }
        },
    )
}

fn any_remedy_event() -> impl Strategy<Value = remedy::Event> {
    let filed = (sample(RemedyKind::ALL), any_date(), prop::option::of(sample(&IDS)));
    let concluded = (sample(RemedyResult::ALL), any_date(), any_text());
    prop_oneof![
        filed.prop_map(|(kind, filing_date, about)| {
            let application_id = about.map(|id| ApplicationId::parse(id).unwrap());
            remedy::Event::Filed(remedy::Filed { kind, filing_date, application_id })
        }),
        concluded.prop_map(|(result, conclusion_date, document_no)| {
            remedy::Event::Concluded(remedy::Concluded { result, conclusion_date, document_no })
        }),
    ]
}

fn any_agency_event() -> impl Strategy<Value = agency::Event> {
    let parent = || prop::option::of(sample(&AGENCIES).prop_map(|id| AgencyId::parse(id).unwrap()));
    prop_oneof![
        (any_text(), any_text(), parent(), 2008_i16..=2024).prop_map(
            |(name, contact, parent, from_year)| {
                agency::Event::Registered(agency::Register { name, contact, parent, from_year })
            }
        ),
        (parent(), 2008_i16..=2024).prop_map(|(parent, from_year)| {
            agency::Event::Reparented(agency::Reparent { parent, from_year })
        }),
    ]
}

fn any_figures() -> impl Strategy<Value = proactive::FiguresDeclared> {
    let figures = prop::collection::btree_map("[a-c]", -5_i64..1000, 0..3);
    (any_year(), figures).prop_map(|(year, figures)| proactive::FiguresDeclared { year, figures })
}

fn any_section() -> impl Strategy<Value = narrative::SectionSet> {
    (any_year(), sample(Section::ALL), sample(&TEXTS)).prop_map(|(year, section, text)| {
        let text = LongText::parse(text).unwrap();
        narrative::SectionSet { year, section, text }
    })
}
