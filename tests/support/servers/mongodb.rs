//! MongoDB, always as a replica set, because a single node has no transactions.

use std::net::TcpStream;
use std::path::PathBuf;

use mongodb::Client;
use mongodb::bson::{Document, doc};

use super::process::{self, Home, Process};
use super::{until, wait_for};

/// A replica set; dropping it kills its nodes and removes their folders.
#[derive(Debug)]
pub struct ReplicaSet {
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    process: Process,
    home: Home,
    port: u16,
}

impl ReplicaSet {
    /// Starts this many nodes, one or three, and returns when a primary is elected.
    pub fn start(nodes: usize) -> Self {
        let nodes = std::iter::repeat_with(Node::start).take(nodes).collect();
        let set = Self { nodes };
        let members: Vec<_> = (0_i32..)
            .zip(&set.nodes)
            .map(|(id, node)| doc! { "_id": id, "host": format!("127.0.0.1:{}", node.port) })
            .collect();
        // A fifth of the default timeouts, so that a test of a lost primary is fast.
        let settings = doc! { "electionTimeoutMillis": 2000, "heartbeatIntervalMillis": 500 };
        let config = doc! { "_id": "rs0", "members": members, "settings": settings };
        let first = set.nodes.first().expect("a set has nodes");
        first.ask(doc! { "replSetInitiate": config }).expect("a sound configuration");
        set.primary();
        set
    }

    /// The URL of this database of the set.
    pub fn url(&self, database: &str) -> String {
        let hosts: Vec<_> = self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
        format!("mongodb://{}/{database}?replicaSet=rs0", hosts.join(","))
    }

    /// Restarts the only node with a certificate, for callers who want TLS; returns the path of the certificate.
    pub fn certify(&mut self) -> PathBuf {
        let certificate = self.nodes.first().expect("a set has nodes").home.certify();
        self.restart(0);
        self.primary();
        certificate
    }

    /// The process ids of the nodes.
    pub fn pids(&self) -> Vec<u32> {
        self.nodes.iter().map(|node| node.process.pid()).collect()
    }

    /// The index of the primary; waits for an election.
    pub fn primary(&self) -> usize {
        let mut found = None;
        until("a primary is elected", || {
            found = self.nodes.iter().position(Node::is_primary);
            found.is_some()
        });
        found.expect("it was waited for")
    }

    /// Kills the primary with SIGKILL, and returns its index.
    pub fn kill_primary(&mut self) -> usize {
        let index = self.primary();
        self.kill(index);
        index
    }

    /// Kills this node with SIGKILL, and returns when it is gone.
    pub fn kill(&mut self, index: usize) {
        self.nodes.get_mut(index).expect("a node of the set").process.kill();
    }

    /// Restarts this node on its port; a running node is killed first. It catches up by itself.
    pub fn restart(&mut self, index: usize) {
        let node = self.nodes.get_mut(index).expect("a node of the set");
        node.process.kill();
        node.process = launch(&node.home, node.port);
    }
}

impl Node {
    fn start() -> Self {
        let home = Home::new(&[]);
        std::fs::create_dir(home.path("data")).expect("the folder is ours");
        let port = process::free_port();
        Self { process: launch(&home, port), home, port }
    }

    fn is_primary(&self) -> bool {
        let hello = || self.ask(doc! { "hello": 1 }).ok();
        self.process.is_running()
            && hello().is_some_and(|hello| hello.get_bool("isWritablePrimary").unwrap_or(false))
    }

    fn ask(&self, command: Document) -> mongodb::error::Result<Document> {
        let url =
            format!("mongodb://127.0.0.1:{}/?directConnection=true&serverSelectionTimeoutMS=5000", self.port);
        wait_for(async move || Client::with_uri_str(url).await?.database("admin").run_command(command).await)
    }
}

fn launch(home: &Home, port: u16) -> Process {
    let mut command = home.command(&program());
    command
        .args(["--replSet", "rs0", "--bind_ip", "127.0.0.1", "--nounixsocket"])
        // By default each node would take half of the machine's memory.
        .args(["--wiredTigerCacheSizeGB", "0.25"])
        .arg("--dbpath")
        .arg(home.path("data"))
        .arg("--port")
        .arg(port.to_string());
    let certificate = home.certificate();
    if certificate.exists() {
        command.args(["--tlsMode", "preferTLS", "--tlsCertificateKeyFile"]).arg(certificate);
    }
    Process::start(home, command, |_| TcpStream::connect(("127.0.0.1", port)).is_ok())
}

fn program() -> PathBuf {
    let told = std::env::var_os("EOVR_MONGOD").map(PathBuf::from);
    told.or_else(|| process::find("mongod", &[])).and_then(|file| file.canonicalize().ok()).unwrap_or_else(|| {
        panic!("`mongod` is not on the PATH and EOVR_MONGOD names none: `. tests/tools` fetches one and sets it")
    })
}
