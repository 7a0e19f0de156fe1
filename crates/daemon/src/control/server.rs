//! The daemon's side of the socket: one thread for each command that asks.

use super::{Answer, Progress, Refusal, RefusalKind, Reply, Request, socket};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tracing::{debug, warn};

/// The longest question.
const LONGEST_REQUEST: u64 = 1 << 20;
/// Whoever does not take its answer in this time is gone.
const TAKE: Duration = Duration::from_secs(30);

/// Tells a step on the way. Answers whether anybody still listens.
pub(crate) type Tell<'t> = &'t mut dyn FnMut(Progress) -> bool;

/// Whoever knows the answers.
pub(crate) trait Answerer: Send + Sync {
    /// Answers.
    fn answer(&self, request: Request, tell: Tell<'_>) -> Result<Answer, Refusal>;
}

/// The open socket. It closes when this is dropped.
pub(crate) struct Server {
    state: PathBuf,
    is_ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Opens it.
    pub(crate) fn start(state: &Path, answerer: Arc<dyn Answerer>) -> io::Result<Self> {
        let listener = socket::listen(state)?;
        let is_ended = Arc::new(AtomicBool::new(false));
        let of_thread = is_ended.clone();
        let thread = thread::Builder::new()
            .name("control".to_string())
            .spawn(move || accept(&listener, &of_thread, &answerer))?;
        Ok(Self { state: state.to_owned(), is_ended, thread: Some(thread) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_ended.store(true, Ordering::SeqCst);
        // The thread waits for somebody; it is us.
        let woken = socket::connect(&self.state).is_ok();
        if let Some(thread) = self.thread.take().filter(|_| woken) {
            let _ = thread.join();
        }
        let _ = socket::remove(&self.state);
    }
}

fn accept(listener: &UnixListener, is_ended: &AtomicBool, answerer: &Arc<dyn Answerer>) {
    for stream in listener.incoming() {
        if is_ended.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        if !crate::platform::is_same_user(&stream) {
            warn!("another user asked, and got no answer");
            continue;
        }
        let answerer = answerer.clone();
        let spawned = thread::Builder::new().name("answer".to_string()).spawn(move || {
            if let Err(error) = serve(stream, &*answerer) {
                debug!(%error, "a command went away");
            }
        });
        if let Err(error) = spawned {
            warn!(%error, "no thread can be started for a command");
        }
    }
}

fn serve(stream: UnixStream, answerer: &dyn Answerer) -> io::Result<()> {
    stream.set_write_timeout(Some(TAKE))?;
    let mut answers = stream.try_clone()?;
    let mut questions = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if questions.by_ref().take(LONGEST_REQUEST).read_line(&mut line)? == 0 {
            return Ok(());
        }
        let reply = match serde_json::from_str(&line) {
            Ok(request) => {
                let mut tell = |step| send(&mut answers, &Reply::Progress(step)).is_ok();
                match answerer.answer(request, &mut tell) {
                    Ok(answer) => Reply::Done(Box::new(answer)),
                    Err(refusal) => Reply::Refused(refusal),
                }
            }
            Err(error) => Reply::Refused(Refusal::new(
                RefusalKind::Usage,
                format!("this version of the daemon does not know what is asked: {error}"),
            )),
        };
        send(&mut answers, &reply)?;
    }
}

fn send(stream: &mut UnixStream, reply: &Reply) -> io::Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    stream.write_all(&line)
}
