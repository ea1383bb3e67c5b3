//! The process of a server: its folder, its port, its account, and its end together with the test.

use std::fs::{self, File, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Mutex, OnceLock, mpsc};
use std::time::{Duration, Instant};

/// Longer than any server here needs, even on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// A server's own folder, and the account it runs as.
#[derive(Debug)]
pub(super) struct Home {
    folder: PathBuf,
    /// Removes the folder when its standard input closes: when this process drops it, and also when this process is
    /// killed.
    janitor: Child,
    /// Set only for root, because no database server runs as root.
    account: Option<Account>,
}

#[derive(Debug)]
struct Account {
    user: u32,
    group: u32,
}

impl Home {
    /// Creates a folder in the system's temporary folder. A test that runs as root gives it to the first of these
    /// accounts that exists.
    pub(super) fn new(accounts: &[&str]) -> Self {
        let root = fs::metadata("/proc/self").expect("Linux").uid() == 0;
        let account = accounts.iter().filter(|_| root).find_map(|name| {
            let number = |what| said(Command::new("id").args([what, *name]))?.trim().parse().ok();
            Some(Account { user: number("-u")?, group: number("-g")? })
        });
        let folder = tempfile::Builder::new().prefix("eovr-server-").tempdir().expect("a folder").keep();
        let janitor = Command::new("sh")
            .args(["-c", r#"cat; rm -rf "$0" || { sleep 1; rm -rf "$0"; }"#])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0) // a Ctrl-C does not reach it
            .spawn()
            .expect("a shell");
        if let Some(account) = &account {
            std::os::unix::fs::chown(&folder, Some(account.user), Some(account.group))
                .expect("root may give a folder away");
        }
        // PostgreSQL needs a private data folder, which is a folder inside this one.
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).expect("the folder is ours");
        Self { folder, janitor, account }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A command under that account; the kernel kills it when the thread that started it ends.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "SIGKILL"]);
        if let Some(Account { user, group }) = self.account {
            command.arg(format!("--reuid={user}")).arg(format!("--regid={group}")).arg("--clear-groups");
        }
        command.arg("--").arg(program);
        // Its own folder, because an account without rights may not read ours.
        command.current_dir(&self.folder).env("LC_ALL", "C.UTF-8");
        // A starting MariaDB removes temporary files of other running servers.
        command.env("TMPDIR", &self.folder);
        command
    }

    /// Makes a self-signed certificate for 127.0.0.1, with its key in the same file.
    pub(super) fn certify(&self) -> PathBuf {
        let certified =
            rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a name that can be");
        let file = self.certificate();
        fs::write(&file, certified.cert.pem() + &certified.signing_key.serialize_pem())
            .expect("the folder is ours");
        // PostgreSQL refuses a key that others can read.
        fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("the file is ours");
        if let Some(Account { user, group }) = self.account {
            std::os::unix::fs::chown(&file, Some(user), Some(group)).expect("root may give a file away");
        }
        file
    }

    /// The path of the certificate, if there is one.
    pub(super) fn certificate(&self) -> PathBuf {
        self.path("certificate.pem")
    }

    /// Runs a command to its end, such as one that creates the data folder.
    pub(super) fn run(&self, program: &Path, arguments: &[&str]) {
        let output = self.command(program).args(arguments).output().expect("`setpriv`, of util-linux");
        if !output.status.success() {
            let told = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
            panic!("`{} {}` failed:\n{told}", program.display(), arguments.join(" "));
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // `wait` closes the janitor's input first. A remaining folder is no error.
        let _ = self.janitor.wait();
    }
}

/// A running server, killed when dropped.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    running: bool,
}

impl Process {
    /// Starts a server and waits until `ready` returns true; `ready` receives the process id.
    pub(super) fn start(home: &Home, mut command: Command, ready: impl Fn(u32) -> bool) -> Self {
        let log = home.path("log");
        let file = File::options().create(true).append(true).open(&log).expect("the folder is ours");
        command.stdin(Stdio::null()).stderr(file.try_clone().expect("a handle")).stdout(file);
        // A Ctrl-C at the keyboard is for the test process, which stops the servers itself.
        command.process_group(0);
        let child = keep(command).expect("`setpriv`, of util-linux");
        let mut process = Self { child, running: true };
        let began = Instant::now();
        while !ready(process.pid()) {
            let ended = process.child.try_wait().expect("our own child");
            process.running = ended.is_none();
            if ended.is_some() || began.elapsed() > PATIENCE {
                let log = fs::read_to_string(&log).unwrap_or_default();
                let lines: Vec<_> = log.lines().collect();
                let last = lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n");
                panic!("a server did not start ({ended:?}); its last words:\n{last}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        process
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn is_running(&self) -> bool {
        self.running
    }

    /// SIGKILL for the server and its child processes, which would continue to write and answer for a while; returns
    /// when all are gone.
    pub(super) fn kill(&mut self) {
        if !self.running {
            return;
        }
        let pid = self.pid();
        signal("STOP", &[pid]); // from now on it starts no child process
        let mut all: Vec<_> = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))
            .unwrap_or_default()
            .split_whitespace()
            .filter_map(|pid| pid.parse().ok())
            .collect();
        all.push(pid);
        signal("KILL", &all);
        self.child.wait().expect("our own child");
        self.running = false;
        while all.iter().any(|pid| exists(*pid)) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Asks the server to stop and waits; a server that does not stop is killed.
    pub(super) fn stop(&mut self, how: &str) {
        let began = Instant::now();
        if self.running {
            signal(how, &[self.pid()]);
        }
        while self.running && began.elapsed() < PATIENCE {
            self.running = self.child.try_wait().expect("our own child").is_none();
            std::thread::sleep(Duration::from_millis(5));
        }
        self.kill();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Whether a process with this id exists and is not a zombie.
pub fn exists(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // `PID (NAME) STATE …`; a name may contain brackets. A zombie has ended already.
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['Z', 'X']))
}

/// A free port of this machine, below the range of ephemeral ports. A client that retries a dead server could otherwise
/// receive the server's port as its own.
pub(super) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = (std::process::id() % 1_000) as u16 * 12;
    std::iter::repeat_with(|| 20_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000)
        .take(12_000)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("one of twelve thousand ports is free")
}

/// The program of this name, on the PATH or in one of these folders.
pub(super) fn find(program: &str, more: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(more.iter().cloned());
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Starts a process from a thread that lives as long as this process. `--pdeathsig` watches the starting thread, and
/// the thread of one test ends when the next begins.
fn keep(command: Command) -> std::io::Result<Child> {
    type Order = (Command, mpsc::Sender<std::io::Result<Child>>);
    static KEEPER: OnceLock<Mutex<mpsc::Sender<Order>>> = OnceLock::new();
    let keeper = KEEPER.get_or_init(|| {
        let (orders, taken) = mpsc::channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, answer) in taken {
                // The caller may be gone; then the kernel ends the child.
                let _ = answer.send(command.spawn());
            }
        });
        Mutex::new(orders)
    });
    let (answer, started) = mpsc::channel();
    keeper.lock().expect("no test panics here").send((command, answer)).expect("the keeper lives");
    started.recv().expect("the keeper answers")
}

/// Sends a signal such as `TERM` to these processes. Uses the shell, because the standard library can only kill.
pub fn signal(name: &str, pids: &[u32]) {
    let pids: Vec<_> = pids.iter().map(u32::to_string).collect();
    // An ended process needs no signal.
    said(Command::new("sh").arg("-c").arg(format!("kill -s {name} {} 2>/dev/null", pids.join(" "))));
}

/// Stops a process, and waits until each of its threads has stopped, which takes a while on a busy machine.
pub fn halt(pid: u32) {
    signal("STOP", &[pid]);
    let is_stopped = |task: fs::DirEntry| {
        let stat = fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        // The state follows the name, which is in brackets and may have any character.
        stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('T'))
    };
    while fs::read_dir(format!("/proc/{pid}/task")).is_ok_and(|tasks| !tasks.flatten().all(is_stopped)) {
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}
