//! The frame of each page: head, menu, main part.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::assets;
use super::language::{Language, without_isolates};
use super::words::Words;

/// One entry of the main menu.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The path of its page.
    pub path: &'a str,
    /// Its words.
    pub text: &'a str,
}

/// What the frame of a page shows.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// The language of the page.
    pub language: Language,
    /// The nonce of the response, without which browsers ignore style and script.
    pub nonce: &'a str,
    /// The name of the host's product.
    pub product: &'a str,
    /// The main menu: the pages that this reader may open.
    pub menu: &'a [Entry<'a>],
    /// The path of this page.
    pub here: &'a str,
    /// The name of the person who is signed in.
    pub person: Option<&'a str>,
    /// After how many seconds the session ends unless something is asked before. A warning appears two minutes earlier. It
    /// is no moment, because the clock of a phone may be wrong.
    pub session_seconds: Option<i64>,
    /// Whether a form came back with mistakes: the title then begins with that.
    pub mistaken: bool,
}

/// The address that keeps a session alive.
pub(crate) const SESSION: &str = "/session";

/// The warning before a session ends. A script opens it; without script the next form says that the session has ended.
fn warning(words: Words, seconds: i64) -> Markup {
    html! {
        dialog data-session=(SESSION) data-seconds=(seconds) aria-labelledby="session-ends" {
            h2 #session-ends { (words.session_ends()) }
            p { (words.session_nothing_lost()) }
            button type="button" { (words.session_stay()) }
        }
    }
}

impl Page<'_> {
    /// The whole page.
    pub fn html(&self, title: &str, main: &Markup) -> Markup {
        let words = Words(self.language);
        let title_text = without_isolates(title);
        html! {
            (DOCTYPE)
            html lang=(self.language.locale()) dir=(self.language.direction()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="robots" content="noindex";
                    title { @if self.mistaken { (words.error_prefix()) " " } (title_text) " · " (self.product) }
                    style nonce=(self.nonce) { (PreEscaped(assets::css())) }
                    link rel="icon" href=(assets::ICON);
                    @if self.language == Language::Ar {
                        link rel="preload" as="font" type="font/woff2" crossorigin href=(assets::ARABIC);
                    }
                    script type="module" nonce=(self.nonce) src=(assets::script()) {}
                }
                body {
                    a.skip href="#main" { (words.skip()) }
                    (self.bar(words))
                    main #main tabindex="-1" { h1 { (title) } (main) }
                    footer { bdi { (self.product) } }
                    @if let Some(seconds) = self.session_seconds { (warning(words, seconds)) }
                }
            }
        }
    }

    fn bar(&self, words: Words) -> Markup {
        let other = self.language.other();
        html! {
            header.bar {
                a.product href="/" { (self.product) }
                @if !self.menu.is_empty() {
                    nav aria-label=(words.menu()) {
                        ul {
                            @for entry in self.menu {
                                li {
                                    a href=(entry.path) aria-current=[(entry.path == self.here).then_some("page")] {
                                        (entry.text)
                                    }
                                }
                            }
                        }
                    }
                }
                div.end {
                    a href={ "?lang=" (other.tag()) } lang=(other.tag()) dir=(other.direction()) hreflang=(other.tag()) {
                        (other.name())
                    }
                    @if let Some(person) = self.person {
                        a href="/account" { bdi { (person) } }
                        form method="post" action="/logout" { button.second { (words.sign_out()) } }
                    }
                }
            }
        }
    }
}
