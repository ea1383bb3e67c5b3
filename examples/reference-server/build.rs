//! Turns the messages of the server's pages into functions.

fn main() {
    eovr_host_words::build("i18n", "eovr_host::ui");
}
