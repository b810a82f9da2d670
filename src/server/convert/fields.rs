//! Reading the fields of a request, all of them before any is complained of.

use std::fmt::Display;

use crate::{
    domain::{LegalDate, ShortText},
    server::refused::{FieldFault, Refused},
    wire::{Coded, legal_date, pb::event::v1::CivilDate},
};

/// The largest page that is given.
const MAX_PAGE: usize = 1000;
/// The page that is given unless another size is asked for.
const DEFAULT_PAGE: usize = 100;

/// The fields of one request, read so far.
#[derive(Default)]
pub(crate) struct Fields {
    faults: Vec<FieldFault>,
}

impl Fields {
    /// Notes a fault.
    pub(crate) fn fault(&mut self, field: &str, description: impl Display) {
        self.faults
            .push(FieldFault { field: field.to_owned(), description: description.to_string() });
    }

    /// The value, or a fault noted at `field`.
    pub(crate) fn take<T, E: Display>(&mut self, field: &str, read: Result<T, E>) -> Option<T> {
        read.map_err(|error| self.fault(field, error)).ok()
    }

    /// A required identifier or text.
    pub(crate) fn id<T, E: Display>(
        &mut self,
        field: &str,
        text: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        if text.is_empty() {
            self.fault(field, "is required");
            return None;
        }
        self.take(field, parse(text))
    }

    /// An identifier that may be left out. `None` also after a fault, which [`Self::finish`] tells.
    pub(crate) fn optional_id<T, E: Display>(
        &mut self,
        field: &str,
        text: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        if text.is_empty() { None } else { self.take(field, parse(text)) }
    }

    /// One line of text that may be empty.
    pub(crate) fn short(&mut self, field: &str, text: &str) -> Option<ShortText> {
        self.take(field, ShortText::parse(text))
    }

    /// A required date.
    pub(crate) fn date(&mut self, field: &str, date: Option<CivilDate>) -> Option<LegalDate> {
        if date.is_none() {
            self.fault(field, "is required");
        }
        self.optional_date(field, date)
    }

    /// A date that may be left out. `None` also after a fault.
    pub(crate) fn optional_date(
        &mut self,
        field: &str,
        date: Option<CivilDate>,
    ) -> Option<LegalDate> {
        date.and_then(|date| self.take(field, legal_date(date)))
    }

    /// A required value of a closed list.
    pub(crate) fn value<T: Coded>(&mut self, field: &str, code: i32) -> Option<T> {
        if code == 0 {
            self.fault(field, "is required, and is unspecified");
        }
        self.optional_value(field, code)
    }

    /// A value of a closed list that may be left out. `None` also after a fault.
    pub(crate) fn optional_value<T: Coded>(&mut self, field: &str, code: i32) -> Option<T> {
        self.take(field, T::from_code(code)).flatten()
    }

    /// The whole, if every part of it could be read.
    pub(crate) fn finish<T>(self, whole: Option<T>) -> Result<T, Refused> {
        match whole {
            Some(whole) if self.faults.is_empty() => Ok(whole),
            Some(_) | None => Err(Refused::invalid_fields(self.faults)),
        }
    }
}

/// Where the page asked for begins: after what the page before named as its end.
pub(crate) fn page_start(token: &str) -> Option<&str> {
    Some(token).filter(|token| !token.is_empty())
}

/// The size of the page asked for.
pub(crate) fn page_size(fields: &mut Fields, asked: i32) -> Option<usize> {
    match usize::try_from(asked) {
        Ok(0) => Some(DEFAULT_PAGE),
        Ok(size) => Some(size.min(MAX_PAGE)),
        Err(_) => {
            fields.fault("page_size", format!("{asked} is negative"));
            None
        }
    }
}
