//! The differences between databases, and nothing else.

mod sqlite;

pub(crate) use sqlite::{
    check_whole, is_append_only_violation, is_damaged, is_full, reader_options, system_tables, type_name,
    writer_options,
};
