//! Histories as text, for tests: one act a line, what follows from them after `=`.

use super::*;
use crate::domain::{
    LegalDate,
    calendar::{Calendar, Notices},
};

/// A history read from text.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) facts: Facts,
    pub(crate) policy: Policy,
    pub(crate) calendar: Calendar,
    pub(crate) today: LegalDate,
    /// The lines after `=`.
    pub(crate) expected: Vec<String>,
}

pub(crate) fn day(text: &str) -> LegalDate {
    LegalDate::new(text.parse().unwrap_or_else(|_| panic!("{text}"))).unwrap()
}

/// The cases of a text, parted by blank lines.
pub(crate) fn cases(text: &str) -> Vec<Case> {
    let text: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let text = text.join("\n");
    text.split("\n\n").filter(|case| !case.trim().is_empty()).map(case).collect()
}

fn case(text: &str) -> Case {
    let (acts, expected): (Vec<_>, Vec<_>) =
        text.trim().lines().partition(|line| !line.starts_with("= "));
    let received = acts[1..].iter().find_map(|line| line.strip_prefix("received ")).unwrap();
    let mut case = Case {
        name: acts[0].to_owned(),
        facts: Facts::new(receipt(received)),
        policy: Policy::default(),
        calendar: Notices::built_in().calendar(),
        today: receipt(received).date,
        expected: expected.into_iter().map(|line| line[2..].to_owned()).collect(),
    };
    for line in &acts[1..] {
        act(&mut case, &line.split_whitespace().collect::<Vec<_>>());
    }
    case
}

fn receipt(text: &str) -> Receipt {
    let (date, rule) = text.split_once(' ').unwrap_or((text, "stated"));
    Receipt { date: day(date), rule: ReceiptRule::from_key(rule).unwrap() }
}

fn act(case: &mut Case, words: &[&str]) {
    let after = |word: &str| {
        let place = words.iter().position(|found| *found == word)?;
        Some(day(words[place + 1]))
    };
    let facts = &mut case.facts;
    match *words {
        ["received", ..] => {}
        ["today", date] => case.today = day(date),
        ["known", date] => case.calendar = Notices::built_in().as_known_on(day(date)).calendar(),
        ["policy", "repeated_correction", key] => {
            case.policy.repeated_correction = RepeatedCorrection::from_key(key).unwrap();
        }
        ["policy", "payment", key] => case.policy.payment = Payment::from_key(key).unwrap(),
        ["correction", date, ..] => facts.corrections.push(CorrectionRequest {
            notice_date: day(date),
            correct_by: after("by"),
            corrected_date: after("corrected"),
        }),
        ["consulted", key, date, ..] => facts.consultations.push(Consultation {
            sent_date: day(date),
            consulted: Consulted::from_key(key).unwrap(),
            delivery_date: after("delivered"),
            answer_date: after("answered"),
        }),
        ["extended", date, days] => facts
            .extensions
            .push(Extension { notice_date: day(date), working_days: days.parse().unwrap() }),
        ["fee", date, ..] => facts.fees.push(FeeNotice {
            notice_date: day(date),
            delivery_date: after("delivered"),
            payment_date: after("paid"),
        }),
        ["reasons", date, ..] => facts
            .reasons
            .push(ReasonsNotice { notice_date: day(date), answer_date: after("received") }),
        ["postponed", date, "until", until] => {
            facts.postponements.push(Postponement { notice_date: day(date), until: day(until) });
        }
        [key, date] => {
            let kind = ConclusionKind::from_key(key).unwrap_or_else(|| panic!("{words:?}"));
            facts.conclusion = Some(Conclusion { kind, date: day(date) });
        }
        _ => panic!("{words:?}"),
    }
}

impl Case {
    pub(crate) fn deadline(&self) -> Deadline {
        reply_deadline(&self.facts, self.policy, &self.calendar, self.today).unwrap()
    }

    pub(crate) fn explanation(&self) -> Explanation {
        explain(&self.facts, &self.deadline(), &self.calendar, self.today).unwrap()
    }

    /// What follows from the acts, one line each.
    pub(crate) fn found(&self) -> Vec<String> {
        let deadline = self.deadline();
        let mut lines = Vec::new();
        lines.push(match (deadline.due_date, deadline.is_provisional) {
            (None, _) => "no due date".to_owned(),
            (Some(date), false) => format!("due {date}"),
            (Some(date), true) => format!("due {date} provisional"),
        });
        lines.extend(standing(deadline.standing));
        if deadline.start.basis != StartBasis::Receipt {
            lines.push(format!("start {} {}", deadline.start.date, deadline.start.basis));
        }
        for pause in &deadline.pauses {
            let days = pause.len(&self.calendar);
            lines.push(format!("pause {}..{} {days}", pause.after, pause.until));
        }
        if deadline.extension > 0 {
            lines.push(format!("extension {}", deadline.extension));
        }
        if let Some(left) = deadline.remaining(&self.calendar, self.today)
            && deadline.standing != Standing::Concluded
        {
            let taken = deadline.taken(&self.calendar, self.today);
            lines.push(format!("left {left} taken {taken}"));
        }
        for act in &deadline.disregarded {
            lines.push(format!("disregarded {} {} {}", act.act, act.date, act.because));
        }
        let findings =
            findings(&self.facts, self.policy, &deadline, &self.calendar, self.today).unwrap();
        lines.extend(findings.iter().map(finding));
        lines
    }
}

fn standing(standing: Standing) -> Option<String> {
    let (what, by) = match standing {
        Standing::Running => return None,
        Standing::Concluded => return Some("concluded".to_owned()),
        Standing::AwaitingOpinion(by) => ("opinion", by),
        Standing::AwaitingCorrection(by) => ("correction", by),
        Standing::AwaitingPayment(by) => ("payment", Some(by)),
    };
    let by = by.map(|by| format!(" {by}")).unwrap_or_default();
    Some(format!("awaits {what}{by}"))
}

fn finding(finding: &Finding) -> String {
    let limit = finding.limit_date.map(|limit| format!(" after {limit}")).unwrap_or_default();
    let days = finding.working_days.map(|days| format!(" by {days}")).unwrap_or_default();
    format!("{} {}{limit}{days}", finding.id, finding.date)
}
