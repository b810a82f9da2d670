//! Publications as recorded, and back.

use std::sync::Arc;

use super::{
    codec::{DecodeError, required},
    date::{civil_date, legal_date},
    pb::event::v1::{self as pb, event_envelope::Body as Wire},
    vocabulary::Coded,
};
use crate::domain::{
    AgencyId, LegalDate, LongText, ReportYear, ShortText,
    publication::{
        Cause, CauseEvent, Cells, DocumentDigest, DocumentKept, Event, FindingKept, Published,
        Submitted, Taken,
    },
};

/// The body that records what was published or submitted.
pub(super) fn encode_publication(event: &Event) -> Wire {
    match event {
        Event::Published(published) => Wire::ReportPublished(encode_published(published)),
        Event::DocumentKept(kept) => Wire::PublishedDocumentKept(pb::PublishedDocumentKept {
            year: kept.year.get().into(),
            scope: kept.scope.code(),
            version: kept.version,
            format: kept.format.to_string(),
            part: kept.part,
            content: kept.content.to_vec(),
        }),
        Event::Taken(taken) => Wire::PublishedReportTaken(pb::PublishedReportTaken {
            year: taken.year.get().into(),
            scope: taken.scope.code(),
            version: taken.version,
            form: taken.form.to_string(),
            source: taken.source.as_str().to_owned(),
            cells: encode_cells(&taken.cells),
            documents: taken.documents.iter().map(document_digest).collect(),
            reasons: encode_texts(&taken.reasons),
        }),
        Event::Submitted(submitted) => Wire::ReportSubmitted(pb::ReportSubmitted {
            year: submitted.year.get().into(),
            scope: submitted.scope.code(),
            version: submitted.version,
            recipient: submitted.recipient.as_str().to_owned(),
        }),
    }
}

fn encode_published(published: &Published) -> pb::ReportPublished {
    let section = |(section, text): (&crate::domain::narrative::Section, &LongText)| {
        pb::PublishedSection { section: section.code(), text: text.as_str().to_owned() }
    };
    let finding = |found: &FindingKept| pb::PublishedFinding {
        id: found.id.to_string(),
        severity: found.severity.to_string(),
        place: found.place.to_string(),
        message: found.message.to_string(),
    };
    pb::ReportPublished {
        year: published.year.get().into(),
        scope: published.scope.code(),
        version: published.version,
        form: published.form.to_string(),
        agency_name: published.agency_name.as_str().to_owned(),
        contact: published.contact.as_str().to_owned(),
        position: published.position,
        root_position: published.root_position,
        root: published.root.to_vec(),
        policy: published
            .policy
            .iter()
            .map(|(name, value)| pb::PolicySetting {
                name: name.to_string(),
                value: value.to_string(),
            })
            .collect(),
        cells: encode_cells(&published.cells),
        sections: published.sections.iter().map(section).collect(),
        findings: published.findings.iter().map(finding).collect(),
        documents: published.documents.iter().map(document_digest).collect(),
        error_acceptance: published.error_acceptance.as_str().to_owned(),
        reasons: encode_texts(&published.reasons),
        causes: published.causes.iter().map(difference_cause).collect(),
    }
}

fn encode_cells(cells: &Cells) -> Vec<pb::PublishedCell> {
    let cells = cells.iter();
    cells.map(|(cell, value)| pb::PublishedCell { cell: cell.to_string(), value: *value }).collect()
}

fn encode_texts(texts: &[ShortText]) -> Vec<String> {
    texts.iter().map(|text| text.as_str().to_owned()).collect()
}

/// A document of a version, as the wire carries it.
#[must_use]
pub fn document_digest(document: &DocumentDigest) -> pb::DocumentDigest {
    pb::DocumentDigest {
        format: document.format.to_string(),
        media_type: document.media_type.to_string(),
        size_bytes: document.size,
        sha256: document.sha256.to_vec(),
    }
}

/// A cause of a difference, as the wire carries it.
#[must_use]
pub fn difference_cause(cause: &Cause) -> pb::DifferenceCause {
    let event = |event: &CauseEvent| pb::CauseEvent {
        position: event.position,
        name: event.name.to_string(),
        effective_date: Some(civil_date(event.date.date())),
    };
    pb::DifferenceCause {
        kind: cause.kind.code(),
        agency_id: cause.agency_id.to_string(),
        subject: cause.subject.to_string(),
        moves: cause
            .moves
            .iter()
            .map(|(cell, &delta)| pb::CellMove { cell: cell.to_string(), delta })
            .collect(),
        events: cause.events.iter().map(event).collect(),
    }
}

/// What a body of publications records.
///
/// # Errors
///
/// When a value cannot be, or the body is of another kind.
pub(super) fn decode_publication(body: Wire, date: LegalDate) -> Result<Event, DecodeError> {
    if let Wire::ReportPublished(body) = body {
        decode_published(body, date)
    } else if let Wire::PublishedDocumentKept(body) = body {
        decode_kept(body, date)
    } else if let Wire::PublishedReportTaken(body) = body {
        decode_taken(body, date)
    } else if let Wire::ReportSubmitted(body) = body {
        decode_submitted(&body, date)
    } else {
        Err(DecodeError::UnknownBody)
    }
}

fn decode_published(
    body: pb::ReportPublished,
    publication_date: LegalDate,
) -> Result<Event, DecodeError> {
    let section = |section: pb::PublishedSection| {
        Ok((required(section.section, "its section")?, LongText::parse(&section.text)?))
    };
    let finding = |found: pb::PublishedFinding| FindingKept {
        id: found.id.into(),
        severity: found.severity.into(),
        place: found.place.into(),
        message: found.message.into(),
    };
    let published = Published {
        year: ReportYear::new(body.year)?,
        scope: required(body.scope, "its scope")?,
        version: body.version,
        publication_date,
        form: body.form.into(),
        agency_name: ShortText::parse(&body.agency_name)?,
        contact: ShortText::parse(&body.contact)?,
        position: body.position,
        root_position: body.root_position,
        root: digest(body.root)?,
        policy: body.policy.into_iter().map(|set| (set.name.into(), set.value.into())).collect(),
        cells: decode_cells(body.cells),
        sections: body.sections.into_iter().map(section).collect::<Result<_, DecodeError>>()?,
        findings: body.findings.into_iter().map(finding).collect(),
        documents: decode_documents(body.documents)?,
        error_acceptance: ShortText::parse(&body.error_acceptance)?,
        reasons: decode_texts(&body.reasons)?,
        causes: body.causes.into_iter().map(decode_cause).collect::<Result<_, _>>()?,
    };
    Ok(Event::Published(Arc::new(published)))
}

fn decode_kept(
    body: pb::PublishedDocumentKept,
    publication_date: LegalDate,
) -> Result<Event, DecodeError> {
    Ok(Event::DocumentKept(DocumentKept {
        year: ReportYear::new(body.year)?,
        scope: required(body.scope, "its scope")?,
        version: body.version,
        publication_date,
        format: body.format.into(),
        part: body.part,
        content: body.content.into(),
    }))
}

fn decode_taken(
    body: pb::PublishedReportTaken,
    publication_date: LegalDate,
) -> Result<Event, DecodeError> {
    Ok(Event::Taken(Arc::new(Taken {
        year: ReportYear::new(body.year)?,
        scope: required(body.scope, "its scope")?,
        version: body.version,
        publication_date,
        form: body.form.into(),
        source: ShortText::parse(&body.source)?,
        cells: decode_cells(body.cells),
        documents: decode_documents(body.documents)?,
        reasons: decode_texts(&body.reasons)?,
    })))
}

fn decode_submitted(
    body: &pb::ReportSubmitted,
    submission_date: LegalDate,
) -> Result<Event, DecodeError> {
    Ok(Event::Submitted(Submitted {
        year: ReportYear::new(body.year)?,
        scope: required(body.scope, "its scope")?,
        version: body.version,
        submission_date,
        recipient: ShortText::parse(&body.recipient)?,
    }))
}

fn decode_cells(cells: Vec<pb::PublishedCell>) -> Cells {
    cells.into_iter().map(|cell| (cell.cell.into(), cell.value)).collect()
}

fn decode_texts(texts: &[String]) -> Result<Vec<ShortText>, DecodeError> {
    texts.iter().map(|text| Ok(ShortText::parse(text)?)).collect()
}

fn decode_documents(
    documents: Vec<pb::DocumentDigest>,
) -> Result<Vec<DocumentDigest>, DecodeError> {
    let document = |document: pb::DocumentDigest| {
        Ok(DocumentDigest {
            format: document.format.into(),
            media_type: document.media_type.into(),
            size: document.size_bytes,
            sha256: digest(document.sha256)?,
        })
    };
    documents.into_iter().map(document).collect()
}

fn decode_cause(cause: pb::DifferenceCause) -> Result<Cause, DecodeError> {
    let event = |event: pb::CauseEvent| {
        let date = event.effective_date.ok_or(DecodeError::Missing("the date of a cause"))?;
        let (position, name) = (event.position, event.name.into());
        Ok(CauseEvent { position, name, date: legal_date(date)? })
    };
    Ok(Cause {
        kind: required(cause.kind, "the kind of a cause")?,
        agency_id: AgencyId::parse(&cause.agency_id)?,
        subject: cause.subject.into(),
        moves: cause.moves.into_iter().map(|moved| (moved.cell.into(), moved.delta)).collect(),
        events: cause.events.into_iter().map(event).collect::<Result<_, DecodeError>>()?,
    })
}

fn digest(bytes: Vec<u8>) -> Result<[u8; 32], DecodeError> {
    bytes.try_into().map_err(|bytes: Vec<u8>| DecodeError::Digest(bytes.len()))
}
