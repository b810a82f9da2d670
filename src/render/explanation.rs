//! Why a deadline is what it is, in sentences: in Chinese for clerks, in English for programmers.

use crate::domain::{
    LegalDate, ShortText,
    calendar::{DayOff, NoticeOccasion},
    deadline::{
        ActKind, Article, Change, Consulted, Disregard, Disregarded, Explanation, Law, Length,
        PausedBy, PeriodKind, Receipt, ReceiptRule, Standing, StartBasis, Step, Stretch,
    },
};

/// The steps of an explanation and what would change it, one Chinese sentence each.
#[must_use]
pub fn explanation_in_chinese(explanation: &Explanation) -> Vec<String> {
    let steps = explanation.steps.iter().map(step_in_chinese);
    steps.chain(explanation.changes.iter().copied().map(change_in_chinese)).collect()
}

/// The steps of an explanation and what would change it, one short English sentence each.
#[must_use]
pub fn explanation_in_english(explanation: &Explanation) -> Vec<String> {
    let steps = explanation.steps.iter().map(step_in_english);
    steps.chain(explanation.changes.iter().copied().map(change_in_english)).collect()
}

fn step_in_chinese(step: &Step) -> String {
    match step {
        Step::Received(receipt) => received_in_chinese(*receipt),
        Step::Started(date) => format!("期限自{}的次日起计算。", day(*date)),
        Step::CorrectionRequested { notice_date, correct_by } => {
            let by = correct_by.map(|by| format!("，补正期限至{}", day(by))).unwrap_or_default();
            format!("{}告知申请人补正{by}。", day(*notice_date))
        }
        Step::FeeNotified { notice_date, pay_by } => {
            format!("{}发出收费通知，缴费期限至{}。", day(*notice_date), day(*pay_by))
        }
        Step::ReasonsRequested(date) => {
            format!("{}要求申请人说明理由（条例第三十五条），答复期限照常计算。", day(*date))
        }
        Step::ReasonsReceived(date) => {
            format!("{}收到申请人说明的理由，答复期限照常计算。", day(*date))
        }
        Step::Restarted { date, because } => {
            let (act, law) = match because {
                StartBasis::Receipt => ("收到申请", "条例第三十一条"),
                StartBasis::Correction => ("收到补正的申请", "条例第三十三条"),
                StartBasis::Payment => ("申请人缴清费用", "国办函〔2020〕109号第六条"),
            };
            format!("{}{act}，答复期限自次日起重新计算（{law}）。", day(*date))
        }
        Step::Allowed { period, length } => {
            format!(
                "{}的期限为{}（{}）。",
                period_in_chinese(*period),
                long(*length),
                source(*period)
            )
        }
        Step::Extended { notice_date, stated } => {
            format!("{}告知申请人延长答复期限{stated}个工作日。", day(*notice_date))
        }
        Step::ExtendedBy(days) => {
            format!("延长部分计{days}个工作日（合计最长20个工作日，条例第三十三条）。")
        }
        Step::Counted(stretch) => {
            format!("{}，计{}个工作日{}。", days(stretch), stretch.working_days, skipped(stretch))
        }
        Step::Paused { stretch, by } => {
            let by: Vec<_> = by.iter().map(paused_in_chinese).collect();
            format!(
                "{}，其间{}个工作日不计算在期限内（条例第三十三条）：{}。",
                days(stretch),
                stretch.working_days,
                by.join("；")
            )
        }
        Step::PutOff { stretch } => {
            format!(
                "申请数量、频次超过合理范围，答复延迟至{}（条例第三十五条）。",
                day(stretch.until)
            )
        }
        Step::Moved { nominal_date, days_off } => format!(
            "期限的最后一日{}不是工作日，顺延至次一工作日（不计：{}）。",
            day(*nominal_date),
            off_in_chinese(days_off)
        ),
        Step::Disregarded(act) => disregarded_in_chinese(*act),
        Step::Waiting(standing) => waiting_in_chinese(*standing),
        Step::Due { date, is_provisional } => {
            let provisional = if *is_provisional { "（暂定）" } else { "" };
            format!("期限届满之日为{}{provisional}。", day(*date))
        }
    }
}

fn received_in_chinese(receipt: Receipt) -> String {
    let rule = match receipt.rule {
        ReceiptRule::Submission => "以当面提交之日为收到申请之日",
        ReceiptRule::Signature => "以签收之日为收到申请之日",
        ReceiptRule::Confirmation => "以双方确认之日为收到申请之日",
        ReceiptRule::Stated => "以登记的日期为收到申请之日",
    };
    format!("{}收到申请（{rule}，条例第三十一条），当日不计入期限。", day(receipt.date))
}

fn change_in_chinese(change: Change) -> String {
    match change {
        Change::CalendarNotice(Some(until)) => {
            format!("{}以后的放假安排尚未全部公布，公布后可能变动。", day(until))
        }
        Change::CalendarNotice(None) => "放假安排尚未公布，公布后可能变动。".to_owned(),
        Change::EarlierOpinion(until) => {
            format!("在{}之前收到意见的，期限相应提前。", day(until))
        }
        Change::LaterOpinion => "每迟一个工作日收到意见，期限顺延一个工作日。".to_owned(),
        Change::Correction => "收到补正的申请后，答复期限重新计算。".to_owned(),
        Change::Payment => "申请人缴清费用后，答复期限重新计算。".to_owned(),
        Change::Extension { at_most, by } => {
            format!("不晚于{}告知申请人的，最长可以延长{at_most}个工作日。", day(by))
        }
        Change::CorrectionNotice(by) => {
            format!("不晚于{}可以告知申请人补正，补正后答复期限重新计算。", day(by))
        }
    }
}

fn disregarded_in_chinese(act: Disregarded) -> String {
    let what = match act.act {
        ActKind::CorrectionNotice => "告知补正",
        ActKind::Consultation => "征求意见",
        ActKind::Extension => "延长答复期限",
        ActKind::FeeNotice => "发出收费通知",
        ActKind::Postponement => "告知延迟答复",
    };
    let because = match act.because {
        Disregard::TooLate => "当时期限已经届满",
        Disregard::Superseded => "其后期限已经重新计算",
        Disregard::Repeated => "补正应当一次性告知",
        Disregard::PutOff => "答复已经延迟至确定的日期",
        Disregard::Concluded => "当时申请已经办结",
    };
    format!("{}{what}，因{because}，不影响期限。", day(act.date))
}

fn waiting_in_chinese(standing: Standing) -> String {
    match standing {
        Standing::AwaitingCorrection(Some(by)) => {
            format!("等待申请人补正（至{}），答复期限尚未起算。", day(by))
        }
        Standing::AwaitingCorrection(None) => "等待申请人补正，答复期限尚未起算。".to_owned(),
        Standing::AwaitingPayment(by) => {
            format!("等待申请人缴费（至{}），答复期限尚未起算。", day(by))
        }
        Standing::Running | Standing::AwaitingOpinion(_) | Standing::Concluded => {
            "申请已经办结，答复期限未再起算。".to_owned()
        }
    }
}

fn paused_in_chinese(by: &PausedBy) -> String {
    let asked = match by.consulted {
        Consulted::ThirdParty => "第三方",
        Consulted::CoAgency => "共同制作机关",
        Consulted::OtherAgency => "其他机关",
    };
    let answered = match (by.answer_date, by.limit_date) {
        (Some(answer), _) => format!("{}收到意见", day(answer)),
        (None, Some(limit)) => format!("提出意见的期限至{}", day(limit)),
        (None, None) => "尚未收到意见".to_owned(),
    };
    format!("{}征求{asked}意见，{answered}", day(by.sent_date))
}

fn period_in_chinese(period: PeriodKind) -> &'static str {
    match period {
        PeriodKind::CorrectionNotice => "告知补正",
        PeriodKind::ApplicantCorrection => "申请人补正",
        PeriodKind::Reply => "答复",
        PeriodKind::Extension => "延长答复",
        PeriodKind::ThirdParty => "第三方提出意见",
        PeriodKind::CoAgency => "共同制作机关提出意见",
        PeriodKind::ExcessiveDelay => "延迟答复",
        PeriodKind::FeePayment => "缴费",
        PeriodKind::ProactivePublication => "公开",
        PeriodKind::ReviewFiling => "申请复议",
        PeriodKind::ReviewDecision => "作出复议决定",
        PeriodKind::ReviewDecisionSimplified => "以简易程序作出复议决定",
        PeriodKind::ReviewExtension => "延长复议",
        PeriodKind::SuitAfterReviewFiling => "不服复议决定起诉",
        PeriodKind::SuitDirectFiling => "直接起诉",
        PeriodKind::FirstInstance => "一审审理",
    }
}

fn long(length: Length) -> String {
    match length {
        Length::WorkingDays(days) => format!("{days}个工作日"),
        Length::Days(days) => format!("{days}日"),
        Length::Months(months) => format!("{months}个月"),
        Length::SetByAgency => "行政机关确定的合理期限".to_owned(),
    }
}

/// The article that fixes a period: 条例第三十三条.
fn source(period: PeriodKind) -> String {
    let Article { law, number } = period.law().1;
    let law = match law {
        Law::Regulation => "条例",
        Law::FeeMeasures => "国办函〔2020〕109号",
        Law::ReconsiderationAct => "行政复议法",
        Law::LitigationAct => "行政诉讼法",
    };
    format!("{law}第{}条", numeral(number))
}

/// A number below a hundred in Chinese numerals: 三十三.
fn numeral(number: u8) -> String {
    let digit = |digit: u8| "零一二三四五六七八九".chars().nth(usize::from(digit)).unwrap_or('零');
    let tens = match number / 10 {
        0 => String::new(),
        1 => "十".to_owned(),
        tens => format!("{}十", digit(tens)),
    };
    match number % 10 {
        0 if number > 0 => tens,
        ones => format!("{tens}{}", digit(ones)),
    }
}

/// A date as it is written in Chinese: 2025年3月3日.
fn day(date: LegalDate) -> String {
    let date = date.date();
    format!("{}年{}月{}日", date.year(), date.month(), date.day())
}

/// The first and the last day of a stretch.
fn days(stretch: &Stretch) -> String {
    match stretch.after.plus_days(1) {
        Some(first) if first < stretch.until => {
            format!("{}至{}", day(first), day(stretch.until))
        }
        _ => day(stretch.until),
    }
}

/// What a stretch passes over, and the weekends that it does not.
fn skipped(stretch: &Stretch) -> String {
    let off = Some(off_in_chinese(&stretch.days_off)).filter(|off| !off.is_empty());
    let worked = by_notice(stretch.weekends_worked.iter().map(|(date, by)| (*date, Some(by))));
    let worked = Some(worked.iter().map(group_in_chinese).collect::<Vec<_>>().join("、"));
    let off = off.map(|off| format!("；不计{off}")).unwrap_or_default();
    let worked = worked.filter(|worked| !worked.is_empty());
    off + &worked.map(|worked| format!("；调休上班{worked}")).unwrap_or_default()
}

fn off_in_chinese(days_off: &[DayOff]) -> String {
    let groups = by_notice(days_off.iter().map(|off| (off.date, off.by.as_ref())));
    groups.iter().map(group_in_chinese).collect::<Vec<_>>().join("、")
}

/// Days that one notice made so, or none, under one occasion.
type Group<'a> = (Option<&'a NoticeOccasion>, Vec<LegalDate>);

fn by_notice<'a>(
    days: impl Iterator<Item = (LegalDate, Option<&'a NoticeOccasion>)>,
) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for (date, by) in days {
        match groups.iter_mut().find(|(group, _)| *group == by) {
            Some((_, dates)) => dates.push(date),
            None => groups.push((by, vec![date])),
        }
    }
    groups
}

/// 周末4天, or 春节2天（1月31日、2月1日，国办发明电…号）.
fn group_in_chinese((by, dates): &Group<'_>) -> String {
    match by {
        None => format!("周末{}天", dates.len()),
        Some(NoticeOccasion { number, occasion }) => named_days(occasion, number, dates),
    }
}

fn named_days(occasion: &ShortText, number: &ShortText, dates: &[LegalDate]) -> String {
    let short = |date: &LegalDate| format!("{}月{}日", date.date().month(), date.date().day());
    let dates: Vec<_> = dates.iter().map(short).collect();
    format!("{}{}天（{}，{}）", occasion.as_str(), dates.len(), dates.join("、"), number.as_str())
}

fn step_in_english(step: &Step) -> String {
    match step {
        Step::Received(receipt) => format!("received on {} (by {})", receipt.date, receipt.rule),
        Step::Started(date) => format!("counted from the day after {date}"),
        Step::CorrectionRequested { notice_date, correct_by } => {
            let by = correct_by.map(|by| format!(" by {by}")).unwrap_or_default();
            format!("asked on {notice_date} to correct{by}")
        }
        Step::FeeNotified { notice_date, pay_by } => {
            format!("told on {notice_date} to pay by {pay_by}")
        }
        Step::ReasonsRequested(date) => {
            format!("asked on {date} for reasons; the period goes on (Regulation Art. 35)")
        }
        Step::ReasonsReceived(date) => {
            format!("reasons received on {date}; the period goes on")
        }
        Step::Restarted { date, because } => {
            format!("counted afresh from the day after {date} ({because})")
        }
        Step::Allowed { period, length } => {
            let Article { law, number } = period.law().1;
            format!("{period}: {} allowed ({law:?} Art. {number})", long_in_english(*length))
        }
        Step::Extended { notice_date, stated } => {
            format!("extended on {notice_date} by {stated} working days")
        }
        Step::ExtendedBy(days) => format!("extensions count for {days} working days"),
        Step::Counted(stretch) => {
            format!("counted {}{}", stretch_in_english(stretch), off_in_english(&stretch.days_off))
        }
        Step::Paused { stretch, by } => {
            let by: Vec<_> = by.iter().map(paused_in_english).collect();
            format!("not counted {}: {}", stretch_in_english(stretch), by.join("; "))
        }
        Step::PutOff { stretch } => format!("put off to {}", stretch.until),
        Step::Moved { nominal_date, days_off } => {
            format!("moved from {nominal_date}{}", off_in_english(days_off))
        }
        Step::Disregarded(Disregarded { date, act, because }) => {
            format!("{act} of {date} has no effect: {because}")
        }
        Step::Waiting(standing) => match standing {
            Standing::AwaitingCorrection(_) => "nothing runs until it is corrected".to_owned(),
            Standing::AwaitingPayment(_) => "nothing runs until the fee is paid".to_owned(),
            Standing::Running | Standing::AwaitingOpinion(_) | Standing::Concluded => {
                "nothing runs".to_owned()
            }
        },
        Step::Due { date, is_provisional: false } => format!("due {date}"),
        Step::Due { date, is_provisional: true } => format!("due {date}, provisional"),
    }
}

fn change_in_english(change: Change) -> String {
    match change {
        Change::CalendarNotice(Some(until)) => {
            format!("may change: a notice of working days after {until}")
        }
        Change::CalendarNotice(None) => "may change: any notice of working days".to_owned(),
        Change::EarlierOpinion(until) => format!("earlier: an opinion before {until}"),
        Change::LaterOpinion => "later: each day without the opinion".to_owned(),
        Change::Correction => "afresh: the corrected application".to_owned(),
        Change::Payment => "afresh: the payment".to_owned(),
        Change::Extension { at_most, by } => {
            format!("later: an extension of up to {at_most} working days, told by {by}")
        }
        Change::CorrectionNotice(by) => format!("afresh: a correction, asked for by {by}"),
    }
}

fn long_in_english(length: Length) -> String {
    match length {
        Length::WorkingDays(days) => format!("{days} working days"),
        Length::Days(days) => format!("{days} days"),
        Length::Months(months) => format!("{months} months"),
        Length::SetByAgency => "what the agency sets".to_owned(),
    }
}

fn stretch_in_english(stretch: &Stretch) -> String {
    format!("{} working days after {} to {}", stretch.working_days, stretch.after, stretch.until)
}

fn paused_in_english(by: &PausedBy) -> String {
    let until = match (by.answer_date, by.limit_date) {
        (Some(answer), _) => format!("answered on {answer}"),
        (None, Some(limit)) => format!("to answer by {limit}"),
        (None, None) => "not answered".to_owned(),
    };
    format!("{} asked on {}, {until}", by.consulted, by.sent_date)
}

fn off_in_english(days_off: &[DayOff]) -> String {
    let groups = by_notice(days_off.iter().map(|off| (off.date, off.by.as_ref())));
    let groups: Vec<_> = groups.iter().map(group_in_english).collect();
    if groups.is_empty() { String::new() } else { format!("; off: {}", groups.join(", ")) }
}

fn group_in_english((by, dates): &Group<'_>) -> String {
    let Some(NoticeOccasion { number, occasion }) = by else {
        return format!("{} of weekends", dates.len());
    };
    let dates: Vec<_> = dates.iter().map(ToString::to_string).collect();
    format!("{} by {} ({})", dates.join(" "), number.as_str(), occasion.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::deadline::script::cases;

    const HISTORIES: &str = include_str!("../../tests/fixtures/calendar/histories.txt");
    const WRITTEN: &str = include_str!("../../tests/fixtures/calendar/explanations.txt");

    #[test]
    fn the_sentences_are_as_written() {
        let cases = cases(HISTORIES);
        let written: Vec<_> = WRITTEN.trim().split("\n\n").collect();
        assert_eq!(written.len(), 9);
        for written in written {
            let (name, _) = written.split_once('\n').unwrap();
            let case =
                cases.iter().find(|case| case.name == name).unwrap_or_else(|| panic!("{name}"));
            let explanation = case.explanation();
            let chinese = explanation_in_chinese(&explanation).join("\n");
            let english = explanation_in_english(&explanation).join("\n");
            assert_eq!(written, format!("{name}\n{chinese}\n{english}"));
        }
    }

    #[test]
    fn every_history_is_told_in_both_languages_step_by_step() {
        for case in cases(HISTORIES) {
            let explanation = case.explanation();
            let sentences = explanation.steps.len() + explanation.changes.len();
            let (chinese, english) =
                (explanation_in_chinese(&explanation), explanation_in_english(&explanation));
            assert_eq!((chinese.len(), english.len()), (sentences, sentences));
            assert!(chinese.iter().all(|line| line.ends_with('。')), "{chinese:?}");
            assert!(english.iter().all(|line| !line.contains("LegalDate")), "{english:?}");
            let due = explanation.due_date().map(|date| format!("期限届满之日为{}", day(date)));
            assert!(due.is_none_or(|due| chinese.iter().any(|line| line.starts_with(&due))));
        }
    }

    #[test]
    fn articles_are_numbered_in_chinese() {
        let numerals = [0, 6, 10, 15, 20, 33, 81].map(numeral);
        assert_eq!(numerals, ["零", "六", "十", "十五", "二十", "三十三", "八十一"]);
        assert_eq!(source(PeriodKind::Reply), "条例第三十三条");
        assert_eq!(source(PeriodKind::FirstInstance), "行政诉讼法第八十一条");
    }
}
