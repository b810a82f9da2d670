//! What may be typed.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;

use crate::{domain::narrative::Section, render::Format};

/// The server to talk to unless another is named.
pub(super) const DEFAULT_SERVER: &str = "http://127.0.0.1:50051";

/// A register of government-information disclosure applications (政府信息公开申请), and the annual
/// report that falls out of it.
#[derive(Debug, Parser)]
#[command(name = "disclosure", version, max_term_width = 100)]
pub(super) struct Arguments {
    #[arg(
        long,
        global = true,
        value_name = "URL",
        help = format!("The server to talk to [default: {DEFAULT_SERVER}]")
    )]
    pub(super) server: Option<String>,

    /// Print errors and summaries as JSON objects
    #[arg(long, global = true)]
    pub(super) json: bool,

    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Keep the log and answer calls until told to stop
    Serve(ServeOptions),
    /// Log the Luoyang Justice Bureau's year 2020 and print its report; needs nothing beforehand
    Demo(DemoOptions),
    /// Register agencies, and say to whom they report
    #[command(subcommand)]
    Agency(AgencyAct),
    /// Record the notices that fix working days, and look at the calendar
    #[command(subcommand)]
    Calendar(CalendarAct),
    /// List open applications by due date
    Deadlines(DeadlinesOptions),
    /// Explain, in Chinese, why the reply to an application is due when it is
    Explain(ExplainOptions),
    /// Explain, in Chinese, what a cell of a year's tables is made up of: the rule, and every
    /// application, case or figure with the event that put it there
    ExplainCell(ExplainCellOptions),
    /// Say how long the replies of a year took, in working days (答复时效)
    Timeliness(YearOptions),
    /// Say what the fees of a year come to (信息处理费), with a sentence for section six
    Fees(YearOptions),
    /// Say how a year's tables would stand on 31 December if nothing more, or everything due, were
    /// done (年末预演)
    Rehearse(RehearseOptions),
    /// Record a register kept elsewhere, from CSV files
    Import(ImportOptions),
    /// Record acts upon applications and cases, one JSON object a line, in their order
    Record(RecordOptions),
    /// Write and show the sections of a report
    #[command(subcommand)]
    Narrative(NarrativeAct),
    /// Render a year's report; or, with --below, those of an agency and everybody below it
    Report(ReportOptions),
    /// Add up a year: an agency's own figures, those below it, the sum, who reported, and who
    /// stands out (汇总)
    Rollup(RollUpOptions),
    /// Publish a year's report: freeze it as the next version (公布)
    Publish(PublishOptions),
    /// List what was published, version by version
    Publications(PublicationsOptions),
    /// Take in a report published elsewhere, record a submission, or show a version
    #[command(subcommand)]
    Publication(PublicationAct),
    /// Say how the latest version published differs from the register, cause by cause
    Drift(DriftOptions),
    /// Say how two readings of a year's report differ, and which events are behind that
    Diff(DiffOptions),
    /// Log a made-up year of many agencies, to try out and to measure
    Generate(GenerateOptions),
    /// Verify a log, of the running server unless --data or --backup is given: every frame, leaf,
    /// version and root, and both copies
    Verify(VerifyOptions),
    /// Back up the log of the running server, or only what is newer, while it goes on recording
    Backup(BackupOptions),
    /// Restore a backup into an empty directory, and verify it there
    Restore(RestoreOptions),
    /// Write the whole log as text, one event a line, as JSON
    Export(ExportOptions),
    /// Take an exported log over into an empty directory, to the same root
    ImportLog(ImportLogOptions),
    /// Check a year's tables, or a published report; one finding a line, as JSON
    Check(CheckOptions),
}

#[derive(Debug, Args)]
pub(super) struct ServeOptions {
    /// The directory that holds the log [default: disclosure-data]
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,

    /// The address to listen on [default: 127.0.0.1:50051]
    #[arg(long, value_name = "ADDRESS")]
    pub(super) listen: Option<SocketAddr>,

    /// A file of settings; what is typed takes precedence
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,

    /// Let clients ask for the contract by gRPC reflection
    #[arg(long)]
    pub(super) reflection: bool,
}

impl Command {
    /// Whether a directory was named in place of a server.
    pub(super) const fn needs_no_server(&self) -> bool {
        match self {
            Self::Verify(options) => options.data.is_some() || options.backup.is_some(),
            Self::Backup(BackupOptions { data, .. }) | Self::Export(ExportOptions { data, .. }) => {
                data.is_some()
            }
            Self::Serve(_)
            | Self::Demo(_)
            | Self::Agency(_)
            | Self::Calendar(_)
            | Self::Deadlines(_)
            | Self::Explain(_)
            | Self::ExplainCell(_)
            | Self::Timeliness(_)
            | Self::Fees(_)
            | Self::Rehearse(_)
            | Self::Import(_)
            | Self::Record(_)
            | Self::Narrative(_)
            | Self::Report(_)
            | Self::Rollup(_)
            | Self::Publish(_)
            | Self::Publications(_)
            | Self::Publication(_)
            | Self::Drift(_)
            | Self::Diff(_)
            | Self::Generate(_)
            | Self::Restore(_)
            | Self::ImportLog(_)
            | Self::Check(_) => false,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct VerifyOptions {
    /// Verify the log in this directory, which no server may have open [default: ask the server]
    #[arg(long, value_name = "DIR", conflicts_with = "backup")]
    pub(super) data: Option<PathBuf>,

    /// Verify the backup in this directory
    #[arg(long, value_name = "BACKUP")]
    pub(super) backup: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct BackupOptions {
    /// The directory of the backup: empty or missing, or a backup that is continued
    #[arg(long, value_name = "BACKUP")]
    pub(super) to: PathBuf,

    /// Back up the log in this directory, which no server may have open [default: ask the server]
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct RestoreOptions {
    /// The directory of the backup
    #[arg(long, value_name = "BACKUP")]
    pub(super) from: PathBuf,

    /// The directory that is to hold the log: empty or missing
    #[arg(long, value_name = "DIR")]
    pub(super) data: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct ExportOptions {
    /// Where to put it [default: standard output]
    #[arg(long, value_name = "FILE.jsonl")]
    pub(super) output: Option<PathBuf>,

    /// Export the log in this directory, which no server may have open [default: ask the server]
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ImportLogOptions {
    /// The export
    #[arg(long, value_name = "FILE.jsonl")]
    pub(super) from: PathBuf,

    /// The directory that is to hold the log: empty or missing
    #[arg(long, value_name = "DIR")]
    pub(super) data: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct DemoOptions {
    /// Where to put the report as HTML [default: the temporary directory]
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum AgencyAct {
    /// Register an agency (行政机关)
    Register {
        /// Its id: ASCII letters, digits, '-', '_' or '.'
        #[arg(long)]
        id: String,
        /// Its official name
        #[arg(long, value_name = "名称")]
        name: String,
        /// The agency it reports to
        #[arg(long, value_name = "ID")]
        parent: Option<String>,
        /// The first year in which it reports so [default: from the start]
        #[arg(long, value_name = "YEAR")]
        from_year: Option<i32>,
        /// How the public reaches it; printed at the end of its reports
        #[arg(long, value_name = "联系方式")]
        contact: Option<String>,
    },
    /// Place an agency under another one from a year on (隶属关系调整)
    Reparent {
        /// The agency to place
        #[arg(long)]
        id: String,
        /// The agency it will report to; none if left out
        #[arg(long, value_name = "ID")]
        parent: Option<String>,
        /// The first year in which it reports so
        #[arg(long, value_name = "YEAR")]
        from_year: i32,
    },
    /// Hand an agency over to others from a year on: merged, renamed, split or abolished
    /// (机构合并、更名、分设、撤销)
    Succeed {
        /// The agency that is merged, renamed, split or abolished
        #[arg(long)]
        id: String,
        /// The agency that takes over what no other does
        #[arg(long, value_name = "ID")]
        successor: String,
        /// The first year in which it does
        #[arg(long, value_name = "YEAR")]
        from_year: i32,
        /// Another agency and the application that it takes over; once for each application
        #[arg(long, value_name = "ID=APPLICATION")]
        application: Vec<String>,
        /// Another agency and the case that it takes over; once for each case
        #[arg(long, value_name = "ID=CASE")]
        case: Vec<String>,
    },
    /// List the agencies: id, name, and to whom each reports now
    List,
}

#[derive(Debug, Subcommand)]
pub(super) enum CalendarAct {
    /// List the notices (放假安排的通知): number, day of publication, agency, title
    Notices {
        /// Only those that bear on this agency's calendar
        #[arg(long, value_name = "ID")]
        agency: Option<String>,
        /// Only those known on this day
        #[arg(long, value_name = "DATE")]
        known: Option<Date>,
    },
    /// Record the notices of a file; those recorded already change nothing
    Record {
        /// The notices as text: lines notice, title, gazetted, known, settles, and one for each
        /// occasion, such as: 春节 off 2026-02-15..2026-02-23 work 2026-02-14 2026-02-28
        #[arg(value_name = "FILE", verbatim_doc_comment)]
        file: PathBuf,
    },
    /// Count working days on from a day, such as 20 for a reply
    Add {
        /// The day after which counting starts, such as 2026-02-01; not counted itself
        #[arg(long, value_name = "DATE")]
        after: Date,
        /// How many working days, 1 to 1,000
        #[arg(long, value_name = "N")]
        days: i32,
        /// The agency whose calendar is counted by [default: the country at large]
        #[arg(long, value_name = "ID")]
        agency: Option<String>,
        /// The calendar as it was known on this day [default: as it is known now]
        #[arg(long, value_name = "DATE")]
        known: Option<Date>,
    },
    /// Say of each day of a range whether it is worked, and why
    Days {
        /// The first day, such as 2026-02-01
        #[arg(long, value_name = "DATE")]
        from: Date,
        /// The last day, at most 1,000 days in all
        #[arg(long, value_name = "DATE")]
        to: Date,
        /// The agency whose calendar is asked for [default: the country at large]
        #[arg(long, value_name = "ID")]
        agency: Option<String>,
        /// The calendar as it was known on this day [default: as it is known now]
        #[arg(long, value_name = "DATE")]
        known: Option<Date>,
    },
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option that is given or not")]
pub(super) struct DeadlinesOptions {
    /// The agency
    #[arg(long, value_name = "ID")]
    pub(super) agency: String,

    /// Include every agency below it
    #[arg(long)]
    pub(super) subtree: bool,

    /// Only those of which the due date has passed
    #[arg(long, group = "selection")]
    pub(super) overdue: bool,

    /// Only those due from today on, within so many working days
    #[arg(long, value_name = "N", group = "selection")]
    pub(super) within: Option<u16>,

    /// Only those that wait for the applicant or for an opinion
    #[arg(long, group = "selection")]
    pub(super) waiting: bool,

    /// Go on to say, line by line, what changes, until stopped: how it was, how it is, and why
    #[arg(long, conflicts_with = "selection")]
    pub(super) watch: bool,

    /// With --watch: say only what changed after this position of the log
    #[arg(long, value_name = "POSITION", requires = "watch")]
    pub(super) after: Option<u64>,
}

#[derive(Debug, Args)]
pub(super) struct RehearseOptions {
    /// The agency
    #[arg(long, value_name = "ID")]
    pub(super) agency: String,

    /// The year, this one or one to come
    #[arg(long, value_name = "YEAR")]
    pub(super) year: i32,

    /// Include every agency below it
    #[arg(long)]
    pub(super) subtree: bool,

    /// Suppose that every reply due by 31 December is given [default: that nothing more is done]
    #[arg(long)]
    pub(super) due: bool,

    /// With --due: suppose that each has this result, such as granted [default: not known]
    #[arg(long, value_name = "RESULT", requires = "due")]
    pub(super) result: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ExplainOptions {
    /// The agency
    #[arg(long, value_name = "ID")]
    pub(super) agency: String,

    /// The application
    #[arg(long, value_name = "ID")]
    pub(super) application: String,

    /// Ask as on this day, with the calendar as it was known on it [default: today]
    #[arg(long, value_name = "DATE")]
    pub(super) known: Option<Date>,
}

#[derive(Debug, Args)]
pub(super) struct ExplainCellOptions {
    /// The agency
    #[arg(long, value_name = "ID")]
    pub(super) agency: String,

    /// The report year, from 2019
    #[arg(long)]
    pub(super) year: i32,

    /// The cell, by its name: applications.granted.total, remedies.review.pending
    #[arg(long, value_name = "CELL")]
    pub(super) cell: String,

    /// Include every agency below it in that year (汇总)
    #[arg(long)]
    pub(super) subtree: bool,

    /// The edition of the form [default: the one of the year]
    #[arg(long, value_parser = ["2019", "2021"])]
    pub(super) form: Option<String>,

    /// As recorded up to a position, or a time such as 2021-01-31T08:00:00Z
    #[arg(long, value_name = "POSITION|TIME")]
    pub(super) as_of: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct YearOptions {
    /// The agency
    #[arg(long, value_name = "ID")]
    pub(super) agency: String,

    /// The year
    #[arg(long)]
    pub(super) year: i32,

    /// Include every agency below it, as the tree is in that year
    #[arg(long)]
    pub(super) subtree: bool,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("files").required(true).multiple(true)
    .args(["applications", "remedies", "proactive"]))]
pub(super) struct ImportOptions {
    /// The agency whose register it is
    #[arg(long, value_name = "ID")]
    pub(super) agency: String,

    #[arg(
        long,
        value_name = "F.csv",
        help = "Applications: application_id, applicant_kind, receipt_date, conclusion_date, \
                disposition, channel, document_no"
    )]
    pub(super) applications: Option<PathBuf>,

    #[arg(
        long,
        value_name = "F.csv",
        help = "Remedies: case_id, kind, filed_date, concluded_date, result, application_id"
    )]
    pub(super) remedies: Option<PathBuf>,

    /// Declared figures of proactive disclosure: year, cell, value
    #[arg(long, value_name = "F.csv")]
    pub(super) proactive: Option<PathBuf>,

    /// Record nothing; say what would be recorded and what is wrong
    #[arg(long)]
    pub(super) dry_run: bool,

    /// Record the good rows even if others are bad
    #[arg(long)]
    pub(super) keep_going: bool,
}

#[derive(Debug, Args)]
pub(super) struct RecordOptions {
    /// The agency in whose register the acts are recorded
    #[arg(long, value_name = "ID")]
    pub(super) agency: String,

    #[arg(
        value_name = "FILE.jsonl",
        help = "The acts, one JSON object a line; - stands for standard input",
        long_help = "The acts, one JSON object a line, such as:\n  \
                     {\"accept_correction\":{\"application_id\":\"7\",\
                     \"corrected_date\":\"2026-01-04\"}}\n\
                     Names are those of RecordRowsRequest in proto/; - stands for standard input.\n\
                     The same act sent twice is recorded once. One that happened twice on a day \
                     needs a write.request_id of its own."
    )]
    pub(super) file: PathBuf,

    /// Record nothing; say what would be recorded and what is wrong
    #[arg(long)]
    pub(super) dry_run: bool,

    /// Record the good acts even if others are bad
    #[arg(long)]
    pub(super) keep_going: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum NarrativeAct {
    /// Write a section of a year's report
    Set {
        /// The agency
        #[arg(long, value_name = "ID")]
        agency: String,
        /// The report year
        #[arg(long)]
        year: i32,
        /// Which section
        #[arg(long)]
        section: SectionName,
        #[arg(
            value_name = "FILE.md",
            help = "The text, in Markdown; {{applications.new_received.total}} stands for a number \
                    of the tables"
        )]
        file: PathBuf,
    },
    /// Print the sections of a year's report as they are written
    Show {
        /// The agency
        #[arg(long, value_name = "ID")]
        agency: String,
        /// The report year
        #[arg(long)]
        year: i32,
        /// Print them as the report does, numbers filled in from the tables
        #[arg(long)]
        filled: bool,
    },
}

/// A written section, by its key.
#[derive(Debug, Clone, Copy)]
pub(super) struct SectionName(pub(super) Section);

impl ValueEnum for SectionName {
    fn value_variants<'a>() -> &'a [Self] {
        const SECTIONS: &[SectionName] = &[
            SectionName(Section::Overview),
            SectionName(Section::Problems),
            SectionName(Section::Other),
        ];
        SECTIONS
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.0.key()))
    }
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("whose").required(true).args(["agency", "below"]))]
pub(super) struct ReportOptions {
    /// The agency
    #[arg(long, value_name = "ID")]
    pub(super) agency: Option<String>,

    /// Instead of one: this agency and everybody below it in that year, each its own report, into a
    /// directory; what is there already and whole is kept
    #[arg(long, value_name = "ID", requires = "output", conflicts_with_all = ["subtree", "as_of"])]
    pub(super) below: Option<String>,

    /// The report year, from 2019
    #[arg(long)]
    pub(super) year: i32,

    /// Add the figures of every agency below it in that year (汇总)
    #[arg(long)]
    pub(super) subtree: bool,

    /// The edition of the form [default: the one of the year]
    #[arg(long, value_parser = ["2019", "2021"])]
    pub(super) form: Option<String>,

    /// As recorded up to a position, or a time such as 2021-01-31T08:00:00Z
    #[arg(long, value_name = "POSITION|TIME")]
    pub(super) as_of: Option<String>,

    /// The version that was published, as it was
    #[arg(long, value_name = "N", conflicts_with_all = ["form", "as_of", "below"])]
    pub(super) published: Option<u32>,

    /// The format; with --below, once for each that is wanted
    #[arg(long, required = true)]
    pub(super) format: Vec<FormatName>,

    /// Where to put it [default: standard output]; with --below, a directory
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

/// Which report: agency, year and whose figures.
#[derive(Debug, Args)]
pub(super) struct ReportName {
    /// The agency
    #[arg(long, value_name = "ID")]
    pub(super) agency: String,

    /// The report year, from 2019
    #[arg(long)]
    pub(super) year: i32,

    /// The report that adds the figures of every agency below it (汇总)
    #[arg(long)]
    pub(super) subtree: bool,
}

#[derive(Debug, Args)]
pub(super) struct PublishOptions {
    /// The agency
    #[arg(long, value_name = "ID")]
    pub(super) agency: String,

    /// The report year, from 2019; it has to be over
    #[arg(long)]
    pub(super) year: i32,

    /// Add the figures of every agency below it in that year (汇总)
    #[arg(long)]
    pub(super) subtree: bool,

    /// The day of publication [default: today]
    #[arg(long, value_name = "DATE")]
    pub(super) date: Option<Date>,

    /// The day on which it was submitted to the office in charge
    #[arg(long, value_name = "DATE")]
    pub(super) submitted: Option<Date>,

    /// As recorded up to this position [default: now]
    #[arg(long, value_name = "POSITION")]
    pub(super) position: Option<u64>,

    /// A format to keep a document of, besides JSON; may be repeated [default: what is filed]
    #[arg(long = "format", value_name = "FORMAT")]
    pub(super) formats: Vec<FormatName>,

    /// Why there is another version; needed from the second on, may be repeated
    #[arg(long = "reason", value_name = "原因")]
    pub(super) reasons: Vec<String>,

    /// Publish although a check finds an error, for this reason
    #[arg(long, value_name = "说明")]
    pub(super) accept_errors: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct PublicationsOptions {
    /// The agency
    #[arg(long, value_name = "ID")]
    pub(super) agency: String,

    /// Only of this report year
    #[arg(long)]
    pub(super) year: Option<i32>,
}

#[derive(Debug, Subcommand)]
pub(super) enum PublicationAct {
    /// Take in a report that was published elsewhere, as given
    Take {
        #[command(flatten)]
        of: ReportName,
        /// The day of its publication
        #[arg(long, value_name = "DATE")]
        date: Date,
        /// Where it was found, such as an address
        #[arg(long, value_name = "来源")]
        source: String,
        /// Why there is another version; needed from the second on, may be repeated
        #[arg(long = "reason", value_name = "原因")]
        reasons: Vec<String>,
        /// The report, in the shape of `report --format json`, or csv with columns cell and value
        #[arg(value_name = "FILE.json|FILE.csv")]
        file: PathBuf,
    },
    /// Record the day on which a version was submitted to the office in charge
    Submit {
        #[command(flatten)]
        of: ReportName,
        /// The version [default: the latest]
        #[arg(long, value_name = "N")]
        version: Option<u32>,
        /// The day
        #[arg(long, value_name = "DATE")]
        date: Date,
        /// To whom
        #[arg(long, value_name = "主管部门")]
        to: Option<String>,
    },
    /// Show a version: its documents, the log's root, what the checks found
    Show {
        #[command(flatten)]
        of: ReportName,
        /// The version [default: the latest]
        #[arg(long, value_name = "N")]
        version: Option<u32>,
    },
}

#[derive(Debug, Args)]
pub(super) struct DriftOptions {
    #[command(flatten)]
    pub(super) of: ReportName,
}

#[derive(Debug, Args)]
pub(super) struct DiffOptions {
    #[command(flatten)]
    pub(super) of: ReportName,

    /// The one reading: a version such as 1, now, or @ and a position or a time
    #[arg(long, value_name = "READING")]
    pub(super) from: String,

    /// The other reading
    #[arg(long, value_name = "READING")]
    pub(super) to: String,
}

/// A format, by its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FormatName(pub(super) Format);

impl ValueEnum for FormatName {
    fn value_variants<'a>() -> &'a [Self] {
        const FORMATS: &[FormatName] = &[
            FormatName(Format::Json),
            FormatName(Format::Csv),
            FormatName(Format::Markdown),
            FormatName(Format::Html),
            FormatName(Format::Text),
            FormatName(Format::Docx),
            FormatName(Format::Xlsx),
            FormatName(Format::Pdf),
        ];
        FORMATS
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.0.key()))
    }
}

#[derive(Debug, Args)]
pub(super) struct GenerateOptions {
    /// The year of the applications
    #[arg(long, default_value_t = 2024, value_parser = clap::value_parser!(i16).range(2019..=2099))]
    pub(super) year: i16,

    /// How many agencies: a province, its cities, their offices
    #[arg(long, default_value_t = 100)]
    pub(super) agencies: usize,

    /// How many applications, over all agencies
    #[arg(long, default_value_t = 10_000)]
    pub(super) applications: usize,

    /// What makes one made-up year differ from another
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("subject").required(true).args(["agency", "published"]))]
pub(super) struct CheckOptions {
    /// The agency
    #[arg(long, value_name = "ID", requires = "year")]
    pub(super) agency: Option<String>,

    /// The report year, from 2019
    #[arg(long, requires = "agency")]
    pub(super) year: Option<i32>,

    /// Check the report of every agency below it as well, as the tree is in that year
    #[arg(long, requires = "agency")]
    pub(super) subtree: bool,

    /// Only findings that weigh so; may be given several times
    #[arg(long, requires = "agency")]
    pub(super) severity: Vec<SeverityName>,

    /// Only findings of this check, such as T3.CARRY; may be given several times
    #[arg(long, value_name = "CHECK", requires = "agency")]
    pub(super) id: Vec<String>,

    /// A published report as JSON; no server is needed
    #[arg(long, value_name = "FILE.json")]
    pub(super) published: Option<PathBuf>,
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SeverityName {
    /// The report must not be published so
    Error,
    /// Somebody should look
    Warning,
    /// Worth knowing
    Info,
}

#[derive(Debug, Args)]
pub(super) struct RollUpOptions {
    /// The agency
    #[arg(long, value_name = "ID")]
    pub(super) agency: String,

    /// The report year, from 2019
    #[arg(long)]
    pub(super) year: i32,

    /// The edition of the form [default: the one of the year]
    #[arg(long, value_parser = ["2019", "2021"])]
    pub(super) form: Option<String>,

    /// As recorded up to a position, or a time such as 2021-01-31T08:00:00Z
    #[arg(long, value_name = "POSITION|TIME")]
    pub(super) as_of: Option<String>,

    /// List instead the agencies whose report has come so far
    #[arg(long, value_name = "STATE", conflicts_with_all = ["form", "as_of"])]
    pub(super) coverage: Option<ReportingName>,

    /// Compare instead a published total, a report as JSON, with the sum of its parts (AGG.SUM)
    #[arg(long, value_name = "FILE.json", conflicts_with_all = ["form", "as_of", "coverage"])]
    pub(super) published: Option<PathBuf>,
}

/// How far a report has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportingName {
    /// Whatever has come or not
    All,
    /// Figures and sections are complete
    Reported,
    /// The same, and every figure is zero
    Nil,
    /// Figures or sections are missing
    Incomplete,
    /// Nothing is recorded
    Missing,
}
