//! What a page means, for who hears it read: headings, paragraphs, tables with headers, pictures with words.
//!
//! A text on a page is part of a leaf of this tree, or decoration (rules, repeated headers, feet), which a screen
//! reader leaves out. Each leaf carries its text in the order in which it was written: on the page
//! Arabic stands in the order in which it is seen.

use super::isolate::runs_right_to_left;

/// What a part of a document is, by the names of PDF 1.7.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Document,
    Title,
    Section,
    Heading,
    Paragraph,
    Table,
    Row,
    /// The title of a column.
    HeadCell,
    /// The title of what stands beside it.
    RowTitle,
    Cell,
    Figure,
}

#[cfg(feature = "printpdf")]
impl Role {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Document => "Document",
            Self::Title => "H1",
            Self::Section => "H2",
            Self::Heading => "H3",
            Self::Paragraph => "P",
            Self::Table => "Table",
            Self::Row => "TR",
            Self::HeadCell | Self::RowTitle => "TH",
            Self::Cell => "TD",
            Self::Figure => "Figure",
        }
    }
}

/// A part of a document.
pub(super) struct Node {
    pub(super) role: Role,
    pub(super) parent: usize,
    /// What a leaf says; of a picture, what it shows.
    pub(super) says: String,
}

impl Node {
    pub(super) fn language(&self) -> &'static str {
        if runs_right_to_left(&self.says) { "ar" } else { "en" }
    }
}

/// The tree, as a list in reading order; the first is the document, and its own parent.
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    open: Vec<usize>,
}

impl Tree {
    pub(super) fn new() -> Self {
        let document = Node { role: Role::Document, parent: 0, says: String::new() };
        Self { nodes: vec![document], open: vec![0] }
    }

    /// Begins a part of the part that is open.
    pub(super) fn begin(&mut self, role: Role, says: impl Into<String>) -> usize {
        let parent = self.open.last().copied().unwrap_or(0);
        let node = self.nodes.len();
        self.nodes.push(Node { role, parent, says: says.into() });
        self.open.push(node);
        node
    }

    /// Ends the part that is open.
    pub(super) fn end(&mut self) {
        if self.open.len() > 1 {
            self.open.pop();
        }
    }

    /// The leaf that is open; a text elsewhere is decoration.
    pub(super) fn leaf(&self) -> Option<usize> {
        let open = self.open.last().copied().filter(|node| *node > 0)?;
        let role = self.nodes.get(open)?.role;
        (!matches!(role, Role::Document | Role::Table | Role::Row)).then_some(open)
    }
}
