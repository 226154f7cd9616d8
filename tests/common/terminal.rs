//! The binary on a terminal, with somebody who reads and types.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use nix::pty::openpty;
use nix::sys::termios::{LocalFlags, tcgetattr};
use nix::unistd::Pid;

use super::{SOON, wait_for};

/// A command with a terminal of its own. It is killed with the test.
pub struct OnTerminal {
    child: Child,
    keyboard: File,
    said: Arc<Mutex<String>>,
    reader: JoinHandle<()>,
}

impl OnTerminal {
    /// Starts this command, with its environment and folder, as the one that the terminal's signals go to (`setsid` of
    /// util-linux).
    pub fn start(command: &Command) -> Self {
        let pty = openpty(None, None).unwrap();
        let end = |end: &OwnedFd| Stdio::from(end.try_clone().unwrap());
        let mut on_terminal = Command::new("/usr/bin/setsid");
        on_terminal
            .args(["--ctty", "--wait"])
            .arg(command.get_program())
            .args(command.get_args())
            .env_clear()
            .envs(
                command
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .stdin(end(&pty.slave))
            .stdout(end(&pty.slave))
            .stderr(end(&pty.slave));
        if let Some(folder) = command.get_current_dir() {
            on_terminal.current_dir(folder);
        }
        let child = on_terminal.spawn().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let heard = Arc::clone(&said);
        let mut screen = File::from(pty.master.try_clone().unwrap());
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = screen.read(&mut buffer) {
                let text = String::from_utf8_lossy(&buffer[..count]);
                let mut said = heard.lock().unwrap_or_else(PoisonError::into_inner);
                said.push_str(&text);
            }
        });
        Self {
            child,
            keyboard: File::from(pty.master),
            said,
            reader,
        }
    }

    /// All that stood on the screen so far.
    pub fn said(&self) -> String {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.replace('\r', "")
    }

    /// Waits until this stands there.
    pub fn wait(&self, text: &str) {
        let what = format!("{text:?} on the terminal");
        let clock = evercert::clock::SystemClock::new();
        while !self.said().contains(text) {
            let waited = evercert::clock::Clock::monotonic(&clock);
            assert!(
                waited < SOON,
                "waited in vain for {what}; it said:\n{}",
                self.said()
            );
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// Types this.
    pub fn types(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
    }

    /// Whether the terminal shows what is typed.
    pub fn echoes(&self) -> bool {
        let settings = tcgetattr(&self.keyboard).unwrap();
        settings.local_flags.contains(LocalFlags::ECHO)
    }

    /// The command's process.
    pub fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap())
    }

    /// Waits for its end, and until all that it said was read.
    pub fn ended(&mut self) -> ExitStatus {
        let status = wait_for("the end of the command", SOON, || {
            self.child.try_wait().unwrap()
        });
        wait_for("the end of the terminal", SOON, || {
            self.reader.is_finished().then_some(())
        });
        status
    }
}

impl Drop for OnTerminal {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}
