//! Adds the structure tree to a file of printpdf, which does not support one.

use lopdf::{Dictionary, Object, ObjectId};

use super::super::draw::Document;
use super::super::tags::{Node, Role};
use super::{text_object, utf16};
use crate::error::{Error, Result};

/// Adds the tree. `marked` lists, for each page, the leaf of each marked-content number.
pub(super) fn add(file: &mut lopdf::Document, document: &Document<'_>, marked: &[Vec<usize>]) -> Result<()> {
    let pages: Vec<ObjectId> = file.get_pages().into_values().collect();
    let nodes = &document.tree.nodes;
    let root = file.new_object_id();
    let ids: Vec<ObjectId> = nodes.iter().map(|_| file.new_object_id()).collect();
    let mut kids: Vec<Vec<Object>> = nodes.iter().map(|_| Vec::new()).collect();
    for ((node, id), at) in nodes.iter().zip(&ids).zip(0_usize..) {
        if let (true, Some(siblings)) = (at > 0, kids.get_mut(node.parent)) {
            siblings.push(Object::Reference(*id));
        }
    }
    let mut numbers = Vec::new();
    for ((page, marks), number) in pages.iter().zip(marked).zip(0_i64..) {
        let mut parents = Vec::new();
        for (leaf, mark) in marks.iter().zip(0_i64..) {
            let mut content = Dictionary::new();
            content.set("Type", Object::Name(b"MCR".to_vec()));
            content.set("Pg", Object::Reference(*page));
            content.set("MCID", mark);
            if let (Some(kids), Some(id)) = (kids.get_mut(*leaf), ids.get(*leaf)) {
                kids.push(content.into());
                parents.push(Object::Reference(*id));
            }
        }
        numbers.push(Object::Integer(number));
        numbers.push(Object::Reference(file.add_object(Object::Array(parents))));
        let page = file.get_dictionary_mut(*page).map_err(unlike)?;
        page.set("StructParents", number);
        page.set("Tabs", Object::Name(b"S".to_vec()));
    }
    for ((node, id), kids) in nodes.iter().zip(&ids).zip(kids) {
        let parent = match node.role {
            Role::Document => Some(root),
            _ => ids.get(node.parent).copied(),
        };
        file.objects.insert(*id, element(node, parent.unwrap_or(root), kids).into());
    }
    let mut tree = Dictionary::new();
    tree.set("Type", Object::Name(b"StructTreeRoot".to_vec()));
    tree.set("K", ids.first().map(|id| Object::Reference(*id)).into_iter().collect::<Vec<_>>());
    let mut by_page = Dictionary::new();
    by_page.set("Nums", numbers);
    tree.set("ParentTree", by_page);
    tree.set("ParentTreeNextKey", i64::try_from(pages.len()).unwrap_or(i64::MAX));
    file.objects.insert(root, tree.into());
    let catalog = file.trailer.get(b"Root").and_then(Object::as_reference);
    let catalog = catalog.and_then(|catalog| file.get_dictionary_mut(catalog)).map_err(unlike)?;
    catalog.set("StructTreeRoot", Object::Reference(root));
    let mut marks = Dictionary::new();
    marks.set("Marked", true);
    catalog.set("MarkInfo", marks);
    Ok(())
}

fn element(node: &Node, parent: ObjectId, kids: Vec<Object>) -> Dictionary {
    let mut element = Dictionary::new();
    element.set("Type", Object::Name(b"StructElem".to_vec()));
    element.set("S", Object::Name(name(node.role).as_bytes().to_vec()));
    element.set("P", Object::Reference(parent));
    element.set("K", kids);
    if !node.says.is_empty() {
        element.set("Lang", text_object(node.language()));
        // For a picture this is its alternative text; for a text it is the text in logical order.
        element.set(if node.role == Role::Figure { "Alt" } else { "ActualText" }, utf16(&node.says));
    }
    let of = match node.role {
        Role::HeadCell => Some("Column"),
        Role::RowTitle => Some("Row"),
        _ => None,
    };
    if let Some(of) = of {
        let mut scope = Dictionary::new();
        scope.set("O", Object::Name(b"Table".to_vec()));
        scope.set("Scope", Object::Name(of.as_bytes().to_vec()));
        element.set("A", scope);
    }
    element
}

/// The name of a role in the file.
pub(super) fn name(role: Role) -> &'static str {
    match role {
        Role::Document => "Document",
        Role::Title => "H1",
        Role::Section => "H2",
        Role::Heading => "H3",
        Role::Paragraph => "P",
        Role::Table => "Table",
        Role::Row => "TR",
        Role::HeadCell | Role::RowTitle => "TH",
        Role::Cell => "TD",
        Role::Figure => "Figure",
    }
}

fn unlike(error: lopdf::Error) -> Error {
    Error::bug("a PDF has pages and a catalog").because(error)
}
