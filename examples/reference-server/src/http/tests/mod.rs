//! The API, as a client sees it, without a socket.
