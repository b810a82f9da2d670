//! `disclosure demo`: the main job on real input, in one command.

use std::{path::PathBuf, sync::Arc};

use tokio::net::TcpListener;
use tonic::transport::Channel;

use super::{
    Failure, Outcome, Output,
    args::DemoOptions,
    client::{Run, connect},
    import::{self, Source, SourceKind},
    narrative, report,
    serve::open,
};
use crate::{
    clock::SystemClock,
    domain::narrative::Section,
    render::Format,
    server::{ServeError, ServeSettings, serve},
    wire::pb::v1::{
        self as pb, agency_service_client::AgencyServiceClient,
        narrative_service_client::NarrativeServiceClient,
    },
};

const AGENCY: &str = "luoyang-justice";
const AGENCY_NAME: &str = "洛阳市司法局";
const YEAR: i32 = 2020;

/// The year of the Luoyang Justice Bureau, as `examples/luoyang-2020` has it.
const APPLICATIONS: &str = include_str!("../../examples/luoyang-2020/applications.csv");
const REMEDIES: &str = include_str!("../../examples/luoyang-2020/remedies.csv");
const PROACTIVE: &str = include_str!("../../examples/luoyang-2020/proactive.csv");
const NARRATIVE: [(Section, &str); 3] = [
    (Section::Overview, include_str!("../../examples/luoyang-2020/s1_overview.md")),
    (Section::Problems, include_str!("../../examples/luoyang-2020/s5_problems.md")),
    (Section::Other, include_str!("../../examples/luoyang-2020/s6_other.md")),
];

pub(super) async fn run(options: DemoOptions, output: Output) -> Result<Outcome, Failure> {
    let failed = |what: &str, error: &std::io::Error| Failure::unreachable(what, error);
    let data = tempfile::tempdir()
        .map_err(|error| failed("a temporary directory cannot be made", &error))?;
    let listener = TcpListener::bind(("127.0.0.1", 0))
        .await
        .map_err(|error| failed("no free port on this machine", &error))?;
    let address = listener
        .local_addr()
        .map_err(|error| failed("the listening address cannot be read", &error))?;
    let clock = Arc::new(SystemClock);
    let store = Arc::new(open(&data.path().join("log"), clock.clone()).await?);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let until_stopped = async move {
        // The sender going away means the same as being told.
        drop(stopped.await);
    };
    let settings = ServeSettings::default();
    let server = tokio::spawn(serve(store, clock, listener, settings, until_stopped));

    let url = format!("http://{address}");
    output.note(format_args!("serving on {url}, log in {}", data.path().display()));
    let shown = show(&url, options.output, output).await;
    drop(stop);
    ended(server.await)?;
    shown?;
    Ok(Outcome::Done)
}

fn ended(
    server: Result<Result<std::net::SocketAddr, ServeError>, tokio::task::JoinError>,
) -> Result<(), Failure> {
    match server {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(Failure::unreachable("the server stopped", &error)),
        Err(error) => Err(Failure::unreachable("the server stopped", &error)),
    }
}

/// Logs the year through the public services and shows the report.
async fn show(url: &str, html: Option<PathBuf>, output: Output) -> Result<(), Failure> {
    let channel = connect(url).await?;
    log(channel.clone(), output).await?;
    let selector = pb::ReportSelector {
        agency_id: AGENCY.to_owned(),
        year: YEAR,
        ..pb::ReportSelector::default()
    };
    let text = report::fetch(channel.clone(), selector.clone(), Format::Text).await?;
    output.document(None, &text)?;
    let document = report::fetch(channel, selector, Format::Html).await?;
    let path = html.unwrap_or_else(|| std::env::temp_dir().join(format!("{AGENCY}-{YEAR}.html")));
    output.document(Some(&path), &document)?;
    output.summary(
        format_args!("The report as HTML: {}", path.display()),
        &serde_json::json!({ "html": path.display().to_string() }),
    );
    Ok(())
}

async fn log(channel: Channel, output: Output) -> Result<(), Failure> {
    let mut run = Run::new("demo");
    let request = pb::RegisterAgencyRequest {
        write: Some(run.write()),
        agency_id: AGENCY.to_owned(),
        name: AGENCY_NAME.to_owned(),
        ..pb::RegisterAgencyRequest::default()
    };
    AgencyServiceClient::new(channel.clone()).register_agency(request).await?;

    let source = |name: &str, kind, text: &str| Source {
        name: format!("examples/luoyang-2020/{name}"),
        kind,
        bytes: text.as_bytes().to_vec(),
    };
    let sources = [
        source("applications.csv", SourceKind::Applications, APPLICATIONS),
        source("remedies.csv", SourceKind::Remedies, REMEDIES),
        source("proactive.csv", SourceKind::Proactive, PROACTIVE),
    ];
    let mode = pb::IntakeMode::AllOrNothing;
    let tally = import::import(channel.clone(), AGENCY, &sources, mode, output).await?;
    if let Some(fault) = tally.faults.first() {
        return Err(Failure::faults(fault.to_string()));
    }

    let mut client = NarrativeServiceClient::new(channel);
    for (section, text) in NARRATIVE {
        let (agency, text) = (AGENCY.to_owned(), text.to_owned());
        client
            .set_section(narrative::request(Some(run.write()), agency, YEAR, section, text))
            .await?;
    }
    output.note(format_args!(
        "logged {AGENCY_NAME} {YEAR}: {} rows, {} events, {} sections",
        tally.rows,
        tally.recorded,
        NARRATIVE.len()
    ));
    Ok(())
}
