//! Turns the kit's messages into functions.

fn main() {
    eovr_host_words::build("i18n", "crate::ui");
}
