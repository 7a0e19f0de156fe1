//! `homesync doctor`

mod checks;

use crate::arguments::JsonArgument;
use crate::context::Context;
use crate::error::CommandResult;
use crate::exit_code::Exit;
use crate::output::{ATTENTION, BAD, GOOD};
use checks::{Finding, Verdict};
use clap::Args;
use serde_json::json;

/// Look for what could get in the way on this machine
///
/// Changes nothing. Ends with 1 when something is wrong.
#[derive(Args, Debug)]
#[group(skip)]
pub struct Arguments {
    #[command(flatten)]
    json: JsonArgument,
}

pub fn run(context: &Context, arguments: &Arguments) -> CommandResult {
    let mut findings = checks::all(context);
    for next in findings.iter_mut().flat_map(|finding| &mut finding.next) {
        *next = context.output.hint(next);
    }
    if arguments.json.json {
        context.output.print_json(&json!({ "version": 1, "findings": findings }))?;
    } else {
        for finding in &findings {
            print(context, finding)?;
        }
    }
    let wrong = findings.iter().any(|finding| finding.verdict == Verdict::Wrong);
    Ok(if wrong { Exit::Failed } else { Exit::Done })
}

fn print(context: &Context, finding: &Finding) -> CommandResult<()> {
    let (style, sign) = match finding.verdict {
        Verdict::Good => (GOOD, "✓"),
        Verdict::Attention => (ATTENTION, "!"),
        Verdict::Wrong => (BAD, "✗"),
    };
    context.output.print(format_args!("{style}{sign}{style:#} {:<11} {}", finding.subject, finding.text))?;
    for next in &finding.next {
        context.output.print(format_args!("              {GOOD}next:{GOOD:#} {next}"))?;
    }
    Ok(())
}
