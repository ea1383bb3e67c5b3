//! Lists: a table with its columns, filters above it and the way to the next page below it.

use maud::{Markup, html};

use super::form::Choice;
use super::language::Language;
use super::words::Words;

/// A column of a list.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    /// Its title.
    pub title: &'a str,
    /// Whether it holds numbers, which stand at the end of their cell.
    pub number: bool,
}

impl<'a> Column<'a> {
    /// A column of words.
    pub const fn new(title: &'a str) -> Self {
        Self { title, number: false }
    }
}

/// A list. On a phone each row becomes a card that repeats the titles of its columns.
#[derive(Debug)]
pub struct List<'a> {
    /// What the list is of, for screen readers and above the table.
    pub caption: &'a str,
    /// Its columns.
    pub columns: &'a [Column<'a>],
    /// Its rows, with as many cells as columns.
    pub rows: Vec<Vec<Markup>>,
}

impl List<'_> {
    /// The table.
    pub fn html(&self) -> Markup {
        html! {
            table.list {
                caption { (self.caption) }
                thead { tr { @for column in self.columns { th class=[column.number.then_some("num")] scope="col" { (column.title) } } } }
                tbody {
                    @for row in &self.rows {
                        tr {
                            @for (column, cell) in self.columns.iter().zip(row) {
                                td class=[column.number.then_some("num")] data-title=(column.title) { (cell) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// One filter of a list.
#[derive(Clone, Copy, Debug)]
pub struct Filter<'a> {
    /// Its name in the query.
    pub name: &'a str,
    /// Its label.
    pub label: &'a str,
    /// The answers to choose from; without any it is a field to type in.
    pub choices: &'a [Choice<'a>],
    /// The value that is chosen now; empty for none.
    pub chosen: &'a str,
}

/// The filters of a list. They are a form that sends a query, so that each state of a list has an address.
pub fn filters(language: Language, path: &str, all: &[Filter<'_>]) -> Markup {
    let words = Words(language);
    let any = all.iter().any(|filter| !filter.chosen.is_empty());
    html! {
        form.filters method="get" action=(path) role="search" aria-label=(words.filters()) {
            @for filter in all {
                label {
                    span { (filter.label) }
                    @if filter.choices.is_empty() {
                        input type="search" name=(filter.name) value=[(!filter.chosen.is_empty()).then_some(filter.chosen)] dir="auto";
                    } @else {
                        select name=(filter.name) {
                            option value="" { (words.all()) }
                            @for choice in filter.choices {
                                option value=(choice.value) selected[choice.value == filter.chosen] { (choice.text) }
                            }
                        }
                    }
                }
            }
            button.second { (words.filter()) }
            @if any { a href=(path) { (words.filters_clear()) } }
        }
    }
}

/// The way to the next page, and back to the first. Pages are found by their place in the order (keyset), so there is no
/// number of pages.
pub fn pager(language: Language, first: Option<&str>, next: Option<&str>) -> Markup {
    let words = Words(language);
    html! {
        @if first.is_some() || next.is_some() {
            nav.pager aria-label=(words.pages()) {
                @if let Some(first) = first { a href=(first) rel="first" { (words.page_first()) } }
                @if let Some(next) = next { a.button.second href=(next) rel="next" { (words.page_next()) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_the_titles_of_its_columns_for_a_phone() {
        let columns = [Column::new("Number"), Column { title: "Score", number: true }];
        let rows = vec![vec![html! { "OVR-1" }, html! { "6" }]];
        let html = List { caption: "Reports", columns: &columns, rows }.html().into_string();
        assert!(html.contains("<td data-title=\"Number\">OVR-1</td>"), "{html}");
        assert!(html.contains("<td class=\"num\" data-title=\"Score\">6</td>"), "{html}");
    }

    #[test]
    fn chosen_filters_can_be_cleared() {
        let choices = [Choice::new("a", "A")];
        let filter = |chosen| Filter { name: "state", label: "State", choices: &choices, chosen };
        let cleared =
            |chosen| filters(Language::En, "/x", &[filter(chosen)]).into_string().contains("href=\"/x\"");
        assert!(cleared("a") && !cleared(""));
        assert_eq!(pager(Language::Ar, None, None).into_string(), "");
    }
}
