//! Questions on the terminal.
//!
//! They go to standard error, answers come from standard input, and only where both are a terminal. The runtime waits for an
//! answer, so that a signal ends the wait like any other work; whatever ends it, the terminal shows again what is typed.

use std::io::{self, IsTerminal, Write, stderr, stdin};

use nix::sys::termios::{
    LocalFlags, SetArg, SpecialCharacterIndices, Termios, tcgetattr, tcsetattr,
};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::cli::failure::Failure;

/// A terminal gives no longer line (termios(3), canonical mode).
const LONGEST: usize = 4096;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskError {
    /// Ctrl-D, or nobody is there any more.
    #[error("no answer came; nothing is written")]
    Ended,
    /// It is not UTF-8.
    #[error("what was typed is not text; nothing is written")]
    NotText,
    /// The terminal failed.
    #[error("the terminal can't be asked: {0}; nothing is written")]
    Io(#[from] io::Error),
}

impl From<AskError> for Failure {
    fn from(error: AskError) -> Self {
        Self::other(error.to_string())
    }
}

/// Somebody who can be asked.
pub(super) struct Terminal(());

impl Terminal {
    /// Whoever started the program, if it is a person.
    pub(super) fn find() -> Option<Self> {
        (stdin().is_terminal() && stderr().is_terminal()).then_some(Self(()))
    }

    /// Asks for a line; without blanks around it.
    ///
    /// # Errors
    /// See [`AskError`].
    pub(super) async fn ask(&self, question: &str) -> Result<Zeroizing<String>, AskError> {
        say(question)?;
        answer().await
    }

    /// Asks for a line that is not shown while it is typed.
    ///
    /// # Errors
    /// See [`AskError`].
    pub(super) async fn ask_hidden(&self, question: &str) -> Result<Zeroizing<String>, AskError> {
        // Before the question: whoever sees that may type at once. What was typed already is kept.
        let _hidden = Hidden::begin()?;
        say(question)?;
        answer().await
    }

    /// Asks for a yes; anything else is a no.
    ///
    /// # Errors
    /// See [`AskError`].
    pub(super) async fn agrees(&self, question: &str) -> Result<bool, AskError> {
        let said = self.ask(question).await?.to_lowercase();
        Ok(matches!(said.as_str(), "y" | "yes" | "是"))
    }
}

fn say(question: &str) -> io::Result<()> {
    let mut stderr = stderr().lock();
    stderr.write_all(question.as_bytes())?;
    stderr.flush()
}

/// One line from the terminal. A thread of its own reads it, for whose end nobody waits: it hangs until somebody types, also
/// where the answer is no longer wanted, and the program ends then.
async fn answer() -> Result<Zeroizing<String>, AskError> {
    let (give, take) = oneshot::channel();
    std::thread::spawn(move || {
        if give.send(line()).is_err() {
            tracing::trace!("nobody waits for the answer any more");
        }
    });
    take.await.unwrap_or(Err(AskError::Ended))
}

fn line() -> Result<Zeroizing<String>, AskError> {
    let mut line = Zeroizing::new(vec![0; LONGEST]);
    let length = loop {
        // Not through the standard library's buffer, which would keep the key.
        match nix::unistd::read(stdin(), line.as_mut_slice()) {
            Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(io::Error::from(error).into()),
            Ok(0) => return Err(AskError::Ended),
            Ok(length) => break length,
        }
    };
    let text = std::str::from_utf8(&line[..length]).map_err(|_| AskError::NotText)?;
    Ok(Zeroizing::new(text.trim().to_owned()))
}

/// While this lives, the terminal does not show what is typed. It can't be stopped either (Ctrl-Z), which would leave it so.
struct Hidden {
    before: Termios,
}

impl Hidden {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(stdin())?;
        let mut hidden = before.clone();
        hidden.local_flags.remove(LocalFlags::ECHO);
        hidden.local_flags.insert(LocalFlags::ECHONL);
        // 0 stands for no key at all.
        hidden.control_chars[SpecialCharacterIndices::VSUSP as usize] = 0;
        tcsetattr(stdin(), SetArg::TCSANOW, &hidden)?;
        Ok(Self { before })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Err(error) = tcsetattr(stdin(), SetArg::TCSANOW, &self.before) {
            eprintln!("evercert: the terminal can't be put back ({error}); type `stty sane`");
        }
    }
}
