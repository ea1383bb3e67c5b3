//! Nothing: the cases stand in `cases`, with what the compiler says of each beside it.
