//! The executable contract of a store.
