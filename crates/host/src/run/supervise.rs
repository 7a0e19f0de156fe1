//! Follows a program from start to end: moves its streams, watches its limit, stops it in steps.

use std::io;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::group::Group;
use super::streams::Streams;
use super::{Limit, Output, Program, RunError, output, spawn};
use crate::interrupt::{Deferred, Keyboard};

/// How soon a pulled switch, or the end of a program whose output others keep open, is noticed.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
/// The first pause when only the program's end is awaited: it closed its output and is usually gone in microseconds.
const SHORTEST_PAUSE: Duration = Duration::from_micros(200);
/// After a kill, output that is still open belongs to a process that left the group.
const LAST_WORDS: Duration = Duration::from_millis(250);
/// After a kill, a leader that is still there hangs in the kernel.
const UNKILLABLE: Duration = Duration::from_secs(5);

/// Why a program was stopped before its end.
#[derive(Clone, Copy)]
enum Stop {
    Limit,
    Request,
}

/// The times of what has happened so far.
struct Course {
    started: Instant,
    last_output: Instant,
    /// When the leader was seen to have ended.
    ended: Option<Instant>,
    /// When the group was asked to end.
    asked: Option<Instant>,
    /// When the group was killed.
    killed: Option<Instant>,
    stop: Option<Stop>,
}

/// Runs the program.
pub(super) fn run(program: Program) -> Result<Output, RunError> {
    let result = supervised(&program);
    record(&program, &result);
    result
}

fn supervised(program: &Program) -> Result<Output, RunError> {
    if program.cancel.is_pulled() {
        return Err(RunError::Cancelled { program: program.text() });
    }
    let lost = |source| RunError::Lost { program: program.text(), source };
    // From here on a request to end this process ends the program first.
    let deferred = Deferred::begin(Keyboard::Ours).map_err(lost)?;
    let is_cancelled = || program.cancel.is_pulled() || deferred.was_asked();
    let mut child = spawn::supervised(program)?;
    let streams = Streams::new(&mut child, program.input.bytes(), program.cap);
    let group = Group::new(child);
    let mut streams = streams.map_err(lost)?;
    let now = Instant::now();
    let mut course =
        Course { started: now, last_output: now, ended: None, asked: None, killed: None, stop: None };
    follow(&group, &mut streams, &mut course, program, &is_cancelled).map_err(lost)?;
    streams.abandon();

    let redactor = program.redactor();
    let truncated = streams.stdout.truncated || streams.stderr.truncated;
    if let Some(stop) = course.stop {
        // Whoever ignored the request and closed its output is still there. Dropping the group kills it.
        drop(group);
        let program_text = program.text();
        return Err(match stop {
            Stop::Request => RunError::Cancelled { program: program_text },
            Stop::Limit => RunError::TimedOut {
                program: program_text,
                limit: program.limit,
                stderr: output::text(&streams.stderr.kept, truncated, &redactor),
            },
        });
    }
    Ok(Output {
        status: group.reap().map_err(lost)?,
        stdout: streams.stdout.kept,
        stderr: streams.stderr.kept,
        truncated,
        duration: course.started.elapsed(),
        program: program.text(),
        redactor,
    })
}

/// Returns when the leader has ended and its output is closed, or when nothing more can be done about that.
fn follow(
    group: &Group,
    streams: &mut Streams<'_>,
    course: &mut Course,
    program: &Program,
    is_cancelled: &dyn Fn() -> bool,
) -> io::Result<()> {
    let mut pause = SHORTEST_PAUSE;
    loop {
        if course.ended.is_none() && group.has_ended()? {
            course.ended = Some(Instant::now());
        }
        if course.ended.is_some() && streams.are_finished() {
            return Ok(());
        }
        if course.step(group, program.limit, program.grace, is_cancelled) {
            return Ok(());
        }
        let longest = if streams.are_finished() {
            pause = (pause * 2).min(LONGEST_PAUSE);
            pause
        } else {
            LONGEST_PAUSE
        };
        let limit = program.limit.left(course.started.elapsed(), course.last_output.elapsed());
        // A limit that is over has been acted on: it must not turn the waiting for the end into a busy loop.
        let longest =
            if course.asked.is_some() || course.ended.is_some() { longest } else { longest.min(limit) };
        if streams.exchange(longest)? {
            course.last_output = Instant::now();
        }
    }
}

impl Course {
    /// Takes the next step towards the end when its time has come. Returns whether there is none left.
    fn step(
        &mut self,
        group: &Group,
        limit: Limit,
        grace: Duration,
        is_cancelled: &dyn Fn() -> bool,
    ) -> bool {
        let now = Instant::now();
        if let Some(killed) = self.killed {
            let patience = if self.ended.is_some() { LAST_WORDS } else { UNKILLABLE };
            return now - killed >= patience;
        }
        if let Some(asked) = self.asked {
            if now - asked >= grace {
                group.signal(Signal::KILL);
                self.killed = Some(now);
            }
            return false;
        }
        let limit_is_over = limit.left(now - self.started, now - self.last_output).is_zero();
        match self.ended {
            None if is_cancelled() => self.stop = Some(Stop::Request),
            None if limit_is_over => self.stop = Some(Stop::Limit),
            // It ended by itself, but something that it started keeps its output open.
            Some(ended) if now - ended >= grace || is_cancelled() => {}
            None | Some(_) => return false,
        }
        group.signal(Signal::TERM);
        self.asked = Some(now);
        false
    }
}

/// Leaves a trace of the run: what, how it ended, how long it took; at the finest level also what it said.
fn record(program: &Program, result: &Result<Output, RunError>) {
    let output = match result {
        Ok(output) => output,
        Err(error) => {
            tracing::debug!(
                program = program.text(),
                error = error as &dyn std::error::Error,
                "a program did not run to its end"
            );
            return;
        }
    };
    tracing::debug!(
        program = output.program,
        status = %output.status,
        milliseconds = u64::try_from(output.duration.as_millis()).unwrap_or(u64::MAX),
        stdout_bytes = output.stdout.len(),
        stderr_bytes = output.stderr.len(),
        truncated = output.truncated,
        "ran a program"
    );
    if tracing::enabled!(tracing::Level::TRACE) {
        tracing::trace!(
            program = output.program,
            stdout = output.stdout_text(),
            stderr = output.stderr_text(),
            "it said"
        );
    }
}
