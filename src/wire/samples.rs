//! Events for the tests: any body, any value, of a few agencies and subjects.

use proptest::prelude::*;

use crate::domain::{
    AgencyId, ApplicantKind, ApplicationId, Body, CaseId, Channel, Disposition, Event, LegalDate,
    LongText, ReportYear, ShortText, agency,
    application::{
        self, AgencyOpinion, AmendmentBasis, ArrivalDates, CorrectionReceived, CorrectionRequested,
        DeadlineExtended, DecisionAmended, Delivery, DeliveryMethod, EntryVoided, FeeNotified,
        FeePaid, Opinion, OpinionReceived, OpinionRequested, Proceeding, ReasonsReceived,
        ReasonsRequested, Reopened, ReplyPostponed, ThirdPartyOpinion,
    },
    calendar::{Arrangement, DateRange, Notice, Scope},
    deadline::Consulted,
    fee::FeeBasis,
    narrative::{self, Section},
    proactive,
    publication::{self, Cause, CauseKind, DocumentDigest, DocumentKept, FindingKept},
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
            .prop_map(|(id, event)| Body::Application(ApplicationId::parse(id).unwrap(), event))
            .boxed(),
        2 => (sample(&IDS), any_remedy_event())
            .prop_map(|(id, event)| Body::Remedy(CaseId::parse(id).unwrap(), event)),
        2 => any_agency_event().prop_map(Body::Agency),
        1 => any_figures().prop_map(Body::Figures),
        1 => any_section().prop_map(Body::Section),
        1 => any_publication().prop_map(Body::Publication).boxed(),
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
    prop_oneof![14 => of_an_agency, 1 => notice]
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

pub(crate) fn any_application_event() -> impl Strategy<Value = application::Event> {
    let kind = || sample(ApplicantKind::ALL);
    let channel = || prop::option::of(sample(Channel::ALL));
    prop_oneof![
        3 => (kind(), any_date(), channel(), any_text(), prop::option::of(any_arrival())).prop_map(
            |(applicant_kind, receipt_date, channel, applicant_ref, arrival)| {
                application::Event::Received(application::Received {
                    applicant_kind,
                    receipt_date,
                    channel,
                    applicant_ref,
                    arrival,
                })
            }
        ),
        3 => (any_disposition(), any_date(), any_text(), any_delivery()).prop_map(
            |(disposition, decision_date, document_no, delivery)| {
                application::Event::Decided(application::Decided {
                    disposition,
                    decision_date,
                    document_no,
                    delivery,
                })
            }
        ),
        1 => any_date().prop_map(|withdrawal_date| {
            application::Event::Withdrawn(application::Withdrawn { withdrawal_date })
        }),
        2 => any_correction().prop_map(application::Event::EntryCorrected).boxed(),
        3 => any_proceeding().prop_map(application::Event::Proceeding).boxed(),
        1 => (any_date(), any_text()).prop_map(|(reopening_date, explanation)| {
            application::Event::Reopened(Reopened { reopening_date, explanation })
        }),
        1 => (any_date(), any_text()).prop_map(|(void_date, explanation)| {
            application::Event::EntryVoided(EntryVoided { void_date, explanation })
        }),
    ]
}

fn some_date() -> impl Strategy<Value = Option<LegalDate>> {
    prop::option::of(any_date())
}

fn any_arrival() -> impl Strategy<Value = ArrivalDates> {
    (any::<bool>(), some_date(), some_date(), some_date()).prop_map(
        |(is_misaddressed, submission_date, arrival_date, confirmation_date)| ArrivalDates {
            is_misaddressed,
            submission_date,
            arrival_date,
            confirmation_date,
        },
    )
}

fn any_delivery() -> impl Strategy<Value = Delivery> {
    (prop::option::of(sample(DeliveryMethod::ALL)), some_date())
        .prop_map(|(method, date)| Delivery { method, date })
}

pub(crate) fn any_proceeding() -> impl Strategy<Value = Proceeding> {
    let opinion = prop_oneof![
        sample(ThirdPartyOpinion::ALL).prop_map(Opinion::ThirdParty),
        sample(AgencyOpinion::ALL).prop_map(Opinion::Agency),
    ];
    let number = || 0_u16..=500;
    prop_oneof![
        (any_date(), some_date(), any_text()).prop_map(|(notice_date, due_date, explanation)| {
            CorrectionRequested { notice_date, due_date, explanation }.into()
        }),
        any_date().prop_map(|corrected_date| CorrectionReceived { corrected_date }.into()),
        (number(), sample(Consulted::ALL), any_date(), some_date()).prop_map(
            |(number, consulted, sent_date, delivery_date)| {
                OpinionRequested { number, consulted, sent_date, delivery_date }.into()
            }
        ),
        (number(), opinion, any_date()).prop_map(|(number, opinion, answer_date)| {
            OpinionReceived { number, opinion, answer_date }.into()
        }),
        (any_date(), number(), any_text()).prop_map(|(notice_date, working_days, explanation)| {
            DeadlineExtended { notice_date, working_days, explanation }.into()
        }),
        (any_date(), any_text()).prop_map(|(notice_date, explanation)| {
            ReasonsRequested { notice_date, explanation }.into()
        }),
        any_date().prop_map(|answer_date| ReasonsReceived { answer_date }.into()),
        (any_date(), any_date(), any_text()).prop_map(|(notice_date, due_date, explanation)| {
            ReplyPostponed { notice_date, due_date, explanation }.into()
        }),
        (any_date(), some_date(), 0_i64..100_000, prop::option::of(sample(FeeBasis::ALL)))
            .prop_map(|(notice_date, delivery_date, amount_fen, basis)| {
                FeeNotified { notice_date, delivery_date, amount_fen, basis }.into()
            }),
        any_date().prop_map(|payment_date| FeePaid { payment_date }.into()),
        any_amendment().prop_map(Proceeding::DecisionAmended),
    ]
}

fn any_amendment() -> impl Strategy<Value = DecisionAmended> {
    let values = (sample(AmendmentBasis::ALL), prop::option::of(any_disposition()));
    (any_date(), values, prop::option::of(sample(&IDS)), any_text(), any_text()).prop_map(
        |(amendment_date, (basis, disposition), case_id, document_no, explanation)| {
            DecisionAmended {
                amendment_date,
                basis,
                case_id: case_id.map(|id| CaseId::parse(id).unwrap()),
                disposition,
                document_no,
                explanation,
            }
        },
    )
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
        any_succession().prop_map(agency::Event::Succeeded),
    ]
}

/// A succession of agencies, one that could not be decided now and then.
fn any_succession() -> impl Strategy<Value = agency::Succession> {
    let agency = || sample(&AGENCIES).prop_map(|id| AgencyId::parse(id).unwrap());
    let applications = prop::collection::btree_set(sample(&IDS), 0..3);
    let handover =
        (applications, any::<bool>()).prop_map(|(applications, case)| agency::Handover {
            applications: applications.iter().map(|id| ApplicationId::parse(id).unwrap()).collect(),
            cases: case.then(|| CaseId::parse(IDS[0]).unwrap()).into_iter().collect(),
        });
    let handovers = prop::collection::btree_map(agency(), handover, 0..3);
    (agency(), 2009_i16..=2024, handovers).prop_map(|(successor, from_year, handovers)| {
        agency::Succession { successor, from_year, handovers }
    })
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

fn any_cells() -> impl Strategy<Value = publication::Cells> {
    let cell = prop_oneof!["[a-c]", Just("applications.granted.total".to_owned())];
    let cells = prop::collection::btree_map(cell, prop::option::of(-5_i64..1000), 0..4);
    cells.prop_map(|cells| cells.into_iter().map(|(cell, value)| (cell.into(), value)).collect())
}

fn any_digest() -> impl Strategy<Value = DocumentDigest> {
    let format = sample(&["json", "html"]);
    (format, any::<u64>(), any::<[u8; 32]>()).prop_map(|(format, size, sha256)| DocumentDigest {
        format: format.into(),
        media_type: format!("text/{format}").into(),
        size,
        sha256,
    })
}

fn any_cause() -> impl Strategy<Value = Cause> {
    let event = (any::<u64>(), sample(&TEXTS), any_date()).prop_map(|(position, name, date)| {
        publication::CauseEvent { position, name: name.into(), date }
    });
    let moves = prop::collection::btree_map("[a-c]", -3_i64..3, 0..3);
    let events = prop::collection::vec(event, 0..3);
    (sample(CauseKind::ALL), sample(&AGENCIES), sample(&IDS), moves, events).prop_map(
        |(kind, agency_id, subject, moves, events)| Cause {
            kind,
            agency_id: AgencyId::parse(agency_id).unwrap(),
            subject: subject.into(),
            moves: moves.into_iter().map(|(cell, delta)| (cell.into(), delta)).collect(),
            events,
        },
    )
}

fn any_about() -> impl Strategy<Value = (ReportYear, publication::Scope, u32, LegalDate)> {
    (any_year(), sample(publication::Scope::ALL), any::<u32>(), any_date())
}

fn any_documents() -> impl Strategy<Value = Vec<DocumentDigest>> {
    prop::collection::vec(any_digest(), 0..3)
}

fn any_reasons() -> impl Strategy<Value = Vec<ShortText>> {
    prop::collection::vec(any_text(), 0..3)
}

fn any_form() -> impl Strategy<Value = &'static str> {
    sample(&["2019", "2021", "2099"])
}

fn any_published() -> impl Strategy<Value = publication::Event> {
    let finding = sample(&TEXTS).prop_map(|text| FindingKept {
        id: "T3.CARRY".into(),
        severity: "error".into(),
        place: text.into(),
        message: text.into(),
    });
    let drawn_up = (any::<u64>(), any::<u64>(), any::<[u8; 32]>(), any_form());
    let texts = (any_text(), any_text(), any_text(), any_reasons());
    let text = sample(&TEXTS).prop_map(|text| LongText::parse(text).unwrap());
    let said = (
        any_cells(),
        prop::collection::btree_map(sample(Section::ALL), text, 0..3),
        prop::collection::vec(finding, 0..2),
        any_documents(),
        prop::collection::vec(any_cause(), 0..3),
        prop::collection::btree_map("[a-c]", "[a-c]", 0..3),
    );
    (any_about(), drawn_up, texts, said).prop_map(|(about, drawn_up, texts, said)| {
        let (year, scope, version, publication_date) = about;
        let (position, root_position, root, form) = drawn_up;
        let (agency_name, contact, error_acceptance, reasons) = texts;
        let (cells, sections, findings, documents, causes, policy) = said;
        publication::Event::Published(std::sync::Arc::new(publication::Published {
            year,
            scope,
            version,
            publication_date,
            form: form.into(),
            agency_name,
            contact,
            position,
            root_position,
            root,
            policy: policy.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
            cells,
            sections,
            findings,
            documents,
            error_acceptance,
            reasons,
            causes,
        }))
    })
}

fn any_publication() -> impl Strategy<Value = publication::Event> {
    let kept = (any_about(), any::<u32>(), prop::collection::vec(any::<u8>(), 0..20)).prop_map(
        |((year, scope, version, publication_date), part, content)| {
            let (format, content) = ("html".into(), content.into());
            publication::Event::DocumentKept(DocumentKept {
                year,
                scope,
                version,
                publication_date,
                format,
                part,
                content,
            })
        },
    );
    let said = (any_form(), any_text(), any_cells(), any_documents(), any_reasons());
    let taken = (any_about(), said).prop_map(
        |((year, scope, version, publication_date), (form, source, cells, documents, reasons))| {
            publication::Event::Taken(std::sync::Arc::new(publication::Taken {
                year,
                scope,
                version,
                publication_date,
                form: form.into(),
                source,
                cells,
                documents,
                reasons,
            }))
        },
    );
    let submitted = (any_about(), any_text()).prop_map(
        |((year, scope, version, submission_date), recipient)| {
            let submitted =
                publication::Submitted { year, scope, version, submission_date, recipient };
            publication::Event::Submitted(submitted)
        },
    );
    prop_oneof![2 => any_published().boxed(), 1 => kept, 1 => taken.boxed(), 1 => submitted]
}
