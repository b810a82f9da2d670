//! The document's properties: what file managers show, and what the page was made from.

use super::{super::document::Document, xml::Xml};

/// The key under which Office keeps the properties that users define.
const USER_DEFINED: &str = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}";

/// Title, author and language.
pub(super) fn core(document: &Document) -> String {
    let namespaces = [
        ("xmlns:cp", "http://schemas.openxmlformats.org/package/2006/metadata/core-properties"),
        ("xmlns:dc", "http://purl.org/dc/elements/1.1/"),
    ];
    let title = document.title.to_string();
    let mut xml = Xml::part();
    xml.element("cp:coreProperties", &namespaces, |xml| {
        xml.element("dc:title", &[], |xml| xml.text(&title));
        xml.element("dc:creator", &[], |xml| xml.text(&document.title.agency));
        xml.element("dc:language", &[], |xml| xml.text("zh-CN"));
    });
    xml.finish()
}

/// The page's origin.
pub(super) fn custom(document: &Document) -> String {
    let namespaces = [
        ("xmlns", "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"),
        ("xmlns:vt", "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes"),
    ];
    let mut xml = Xml::part();
    xml.element("Properties", &namespaces, |xml| {
        // The first two numbers are taken.
        for (id, (name, value)) in (2_u32..).zip(document.origin.properties()) {
            let attributes = [("fmtid", USER_DEFINED), ("pid", &id.to_string()), ("name", name)];
            xml.element("property", &attributes, |xml| {
                xml.element("vt:lpwstr", &[], |xml| xml.text(&value));
            });
        }
    });
    xml.finish()
}
