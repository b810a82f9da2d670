//! The command line: a thin door before the services, and the server itself.

mod agency;
mod args;
mod backup;
mod calendar;
mod cell;
mod check;
mod client;
mod deadlines;
mod demo;
mod export;
mod failure;
mod fees;
mod frames;
mod generate;
mod import;
mod narrative;
mod output;
mod progress;
mod publication;
mod rehearse;
mod report;
mod reports;
mod roll_up;
mod serve;
mod verify;

use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command, DEFAULT_SERVER};
use failure::Failure;
use output::Output;

/// How a command that did not fail ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It did what it was asked.
    Done,
    /// It found faults in what it looked at.
    Faults,
}

/// Runs the command line and says how it ended: 0 done, 1 faults found, 2 usage, 3 server or data
/// unreachable.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(usage) => return usage_exit(&usage),
    };
    let output = Output { json: arguments.json };
    let outcome = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime.block_on(run(arguments, output)),
        Err(error) => Err(Failure::unreachable("the runtime cannot be started", &error)),
    };
    match outcome {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Faults) => ExitCode::from(1),
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Prints a usage error, or the help asked for. With `--json`, an error is one JSON object.
fn usage_exit(usage: &clap::Error) -> ExitCode {
    let json = std::env::args_os().any(|argument| argument == "--json");
    if usage.use_stderr() && json {
        let sentence = usage.render().to_string();
        let sentence = sentence.split("\n\n").next().unwrap_or_default();
        let sentence = sentence.trim_start_matches("error: ").replace('\n', " ");
        let failure = Failure::usage(sentence);
        Output { json }.failure(&failure);
        return ExitCode::from(failure.exit_code());
    }
    // There is nobody to tell if even this cannot be printed.
    drop(usage.print());
    ExitCode::from(if usage.use_stderr() { 2 } else { 0 })
}

async fn run(arguments: Arguments, output: Output) -> Result<Outcome, Failure> {
    let Arguments { server, command, .. } = arguments;
    if server.is_some() && command.needs_no_server() {
        return Err(Failure::usage("choose a directory or a --server, not both"));
    }
    let server = server.unwrap_or_else(|| DEFAULT_SERVER.to_owned());
    match command {
        Command::Serve(options) => serve::run(options, output).await,
        Command::Demo(options) => demo::run(options, output).await,
        Command::Agency(act) => agency::run(&server, act, output).await,
        Command::Calendar(act) => calendar::run(&server, act, output).await,
        Command::Deadlines(options) => deadlines::run(&server, options, output).await,
        Command::Explain(options) => deadlines::explain(&server, options, output).await,
        Command::ExplainCell(options) => cell::run(&server, options, output).await,
        Command::Timeliness(options) => deadlines::timeliness(&server, options, output).await,
        Command::Fees(options) => fees::run(&server, options, output).await,
        Command::Rehearse(options) => rehearse::run(&server, options, output).await,
        Command::Import(options) => import::run(&server, options, output).await,
        Command::Narrative(act) => narrative::run(&server, act, output).await,
        Command::Publish(options) => publication::publish(&server, options, output).await,
        Command::Publications(options) => publication::list(&server, options, output).await,
        Command::Publication(act) => publication::run(&server, act, output).await,
        Command::Drift(options) => publication::drift(&server, options, output).await,
        Command::Diff(options) => publication::diff(&server, options, output).await,
        Command::Report(options) => report::run(&server, options, output).await,
        Command::Rollup(options) => roll_up::run(&server, options, output).await,
        Command::Generate(options) => generate::run(&server, options, output).await,
        Command::Verify(options) => verify::run(&server, options, output).await,
        Command::Backup(options) => backup::run(&server, options, output).await,
        Command::Restore(options) => backup::run_restore(options, output).await,
        Command::Export(options) => export::run(&server, options, output).await,
        Command::ImportLog(options) => export::run_import(options, output).await,
        Command::Check(options) => check::run(&server, options, output).await,
    }
}
