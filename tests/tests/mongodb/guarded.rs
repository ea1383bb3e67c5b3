//! A server with authentication.

use super::*;

/// A replica set of one node with authentication and fault injection.
pub(super) struct Guarded {
    server: Child,
    pub(super) port: u16,
    _folder: tempfile::TempDir,
}

impl Guarded {
    pub(super) async fn start() -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key");
        std::fs::write(&key, "c3VyZWx5LW5vdC1hLXNlY3JldA==").unwrap();
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let program = std::env::var_os("EOVR_MONGOD").unwrap_or_else(|| "mongod".into());
        let server = Program::new("setpriv")
            .args(["--pdeathsig", "SIGKILL", "--"])
            .arg(program)
            .args([
                "--replSet",
                "rs0",
                "--bind_ip",
                "127.0.0.1",
                "--nounixsocket",
                "--wiredTigerCacheSizeGB",
                "0.25",
            ])
            .args(["--port", &port.to_string(), "--keyFile"])
            .arg(&key)
            .args(["--setParameter", "enableTestCommands=1", "--dbpath"])
            .arg(folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let guarded = Self { server, port, _folder: folder };
        // Before the first user exists, any caller from the same machine may create it.
        let admin =
            Client::with_uri_str(format!("mongodb://127.0.0.1:{port}/?directConnection=true")).await.unwrap();
        let admin = admin.database("admin");
        let config = doc! { "_id": "rs0", "members": [{ "_id": 0, "host": format!("127.0.0.1:{port}") }] };
        admin.run_command(doc! { "replSetInitiate": config }).await.unwrap();
        let root = doc! { "createUser": "root", "pwd": "wheel", "roles": ["root"] };
        let began = Instant::now();
        while admin.run_command(root.clone()).await.is_err() {
            assert!(began.elapsed() < Duration::from_secs(30), "no primary was elected");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        guarded
    }

    pub(super) fn url(&self, user: &str, password: &str, of: &str) -> String {
        format!("mongodb://{user}:{password}@127.0.0.1:{}/hospital?replicaSet=rs0&authSource={of}", self.port)
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}
