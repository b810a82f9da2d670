//! The same log gives the same bytes in every format: whatever the number of the runtime's threads,
//! the host's time zone, and how often the server was started.
#![cfg(test)]

use std::{collections::BTreeMap, fs, path::Path};

use disclosure_ledger::render::Format;

use crate::support::ServeProcess;

/// What a host may have set.
const HOSTS: [&[(&str, &str)]; 4] = [
    &[("TZ", "Asia/Shanghai"), ("TOKIO_WORKER_THREADS", "1")],
    &[("TZ", "America/St_Johns"), ("TOKIO_WORKER_THREADS", "4"), ("LC_ALL", "C")],
    &[("TZ", "Pacific/Kiritimati"), ("TOKIO_WORKER_THREADS", "4"), ("LANG", "tr_TR.UTF-8")],
    &[("TZ", "Asia/Shanghai"), ("TOKIO_WORKER_THREADS", "1")],
];

/// Every report that is asked for, by what was asked.
fn reports(server: &ServeProcess, folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut reports = BTreeMap::new();
    let file = folder.join("report");
    for format in Format::ALL.iter().map(|format| format.key()) {
        for rest in [
            "--year 2019",
            "--year 2020 --subtree",
            "--year 2019 --form 2021 --as-of 500",
            "--year 2020 --as-of 2100-01-01T00:00:00Z",
        ] {
            let line = format!("report --agency a --format {format} {rest} --output");
            let arguments: Vec<&str> = line.split(' ').chain([file.to_str().unwrap()]).collect();
            server.run(&arguments).ended(0);
            reports.insert(line, fs::read(&file).unwrap());
        }
    }
    reports
}

#[test]
fn the_same_log_gives_the_same_bytes_on_every_host() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("log");
    let mut first = None;
    for host in HOSTS {
        let server = ServeProcess::start_on(host, &data);
        if first.is_none() {
            server.run(&["agency", "register", "--id", "a", "--name", "上海市政府办公厅"]).ended(0);
            let [applications, remedies] = ["applications", "remedies"]
                .map(|name| format!("examples/shanghai-office-2019/{name}.csv"));
            let files = ["--applications", &applications, "--remedies", &remedies];
            server.run(&[&["import", "--agency", "a"], &files[..]].concat()).ended(0);
            let set = "narrative set --agency a --year 2019 --section s1_overview \
                       examples/luoyang-2020/s1_overview.md";
            server.run(&set.split_whitespace().collect::<Vec<_>>()).ended(0);
        }
        let found = reports(&server, folder.path());
        assert_eq!(server.terminate(), Some(0));
        match &first {
            None => {
                assert!(found.values().all(|bytes| !bytes.is_empty()));
                let html = found.iter().find(|(asked, _)| asked.contains("html")).unwrap().1;
                assert!(String::from_utf8_lossy(html).contains("<svg"), "charts are drawn");
                first = Some(found);
            }
            Some(first) => {
                for (asked, bytes) in first {
                    assert!(found.get(asked) == Some(bytes), "{asked} on {host:?}");
                }
            }
        }
    }
}
