//! Reports for the tests: one like a published one, one on the form in force, one hostile.

use crate::{
    domain::{
        LongText, ReportYear,
        application::CountingPolicy,
        narrative::{Section, Sections},
        timeliness::{Promptness, Reply, Timeliness},
    },
    statistics::{
        Background, CellRef, Finding, Flow, Tables,
        catalogue::{CheckId, Severity, form_for},
    },
};

use super::{Block, CHARTS_TITLE, Document, Report, Shape, draw, narrative::plain};

/// Texts that must come out as they are, in every format.
pub(super) const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "</td></table><img src=x onerror=alert(1)>",
    "a | b || c",
    "=cmd|'/c calc'!A0",
    "`code` ``two`` ***x*** __y__ ~~z~~",
    "# 标题",
    "1. 一",
    "- 一",
    "+ 一",
    "====",
    "[文字](javascript:alert(1))",
    "&lt;b&gt; &amp; &#0; $x$",
    "\\ \\\\ \\*",
    "\"quoted\" 'single'",
];

/// Every sample.
pub(super) fn all() -> [Report; 3] {
    [luoyang(), small(), hostile()]
}

/// Like the report of a justice bureau for 2020, with its published figures.
pub(super) fn luoyang() -> Report {
    let mut tables = zeros(2020);
    for (key, value) in [
        ("art20_5.licences.prev_items", 2),
        ("art20_5.licences.decisions", 856),
        ("art20_5.other_services.prev_items", 26),
        ("art20_5.other_services.decisions", 1483),
        ("art20_6.penalties.prev_items", 50),
    ] {
        set(&mut tables, |form| form.find_proactive(key), value);
    }
    for row in ["new_received", "granted", "result_total"] {
        for column in ["natural_person", "total"] {
            set(&mut tables, |form| form.find_application(row, column), 1);
        }
    }
    Report {
        agency_id: "luoyang-justice".to_owned(),
        agency_name: "洛阳市司法局".to_owned(),
        contact: "河南省洛阳市，邮编 471000".to_owned(),
        year: year(2020),
        tables,
        sections: sections(&[
            (Section::Overview, OVERVIEW),
            (Section::Problems, PROBLEMS),
            (Section::Other, "无"),
        ]),
        findings: Vec::new(),
        as_of_position: 27,
        background: Background::default(),
        policy: CountingPolicy::default(),
    }
}

/// A small agency on the form in force, with blanks, an unwritten section and a finding.
pub(super) fn small() -> Report {
    let mut tables = zeros(2025);
    for (key, value) in [
        ("art20_1.normative_documents.issued", 50),
        ("art20_1.normative_documents.in_force", 420),
        ("art20_5.licences.decisions", 11_400_000),
        ("art20_8.fees.amount_wan_yuan", 59_237_244_900),
    ] {
        set(&mut tables, |form| form.find_proactive(key), value);
    }
    let blank = tables.form().find_proactive("art20_1.regulations.in_force").unwrap();
    tables.set(blank, None);
    let (rows, columns) = (tables.form().applications.rows.len(), 7);
    for row in 0..rows {
        for column in 0..columns {
            let value = i64::try_from(row * columns + column).unwrap();
            tables.set(CellRef::Applications { row, column }, Some(value));
        }
    }
    set(&mut tables, |form| form.find_remedy("review.upheld"), 88);
    set(&mut tables, |form| form.find_remedy("suit_after_review.total"), 1234);
    Report {
        agency_id: "suqian-demo".to_owned(),
        agency_name: "示例市人民政府办公室".to_owned(),
        contact: String::new(),
        year: year(2025),
        tables,
        sections: sections(&[
            (Section::Overview, "全年办理政府信息公开申请，**均在法定期限内答复**。"),
            (
                Section::Other,
                "2025年收取信息处理费400元，见[收费目录](https://example.gov.cn/fees)。",
            ),
        ]),
        findings: vec![Finding {
            id: CheckId("T3.BALANCE"),
            severity: Severity::Error,
            place: "applications.carried_out.total".to_owned(),
            cells: vec![
                "applications.new_received.total".to_owned(),
                "applications.carried_out.total".to_owned(),
            ],
            left: Some("19".to_owned()),
            right: Some("341".to_owned()),
            difference: Some("-322".to_owned()),
            message: "“总计”列：第一项加第二项之和 19，不等于第三项加第四项之和 341，相差 -322。"
                .to_owned(),
        }],
        as_of_position: 4096,
        background: background(),
        policy: CountingPolicy::default(),
    }
}

/// Four years before, one without anything, and replies of every promptness.
fn background() -> Background {
    let flow = |[new_received, carried_in, concluded, carried_out]: [i64; 4]| Flow {
        new_received,
        carried_in,
        concluded,
        carried_out,
    };
    let earlier = [
        (2021, [0, 1, 1, 0]),
        (2022, [0, 0, 0, 0]),
        (2023, [11_400_000, 0, 11_399_999, 1]),
        (2024, [2, 1, 3, 0]),
    ];
    let mut timeliness = Timeliness::default();
    for (working_days, promptness) in [
        (0, Promptness::InTime),
        (5, Promptness::InTime),
        (6, Promptness::InTime),
        (20, Promptness::InTime),
        (20, Promptness::InTime),
        (21, Promptness::Late),
        (40, Promptness::Extended),
        (217, Promptness::Late),
    ] {
        timeliness.record(Reply { working_days, promptness });
    }
    let earlier = earlier.into_iter().map(|(year, counts)| (year, flow(counts))).collect();
    Background { earlier, timeliness }
}

/// A report whose every free text tries to be more than text.
pub(super) fn hostile() -> Report {
    let narrative = HOSTILE.join("\n\n")
        + "\n\n写\u{202E}反\u{2066}了\n\n|a|b|\n|-|-|\n|`x`|</td>|\n\n- 甲\n  > 乙\n\n```\n</pre>\n```\n";
    Report {
        agency_id: "x\"><script>".to_owned(),
        agency_name: "=甲<script>alert(1)</script>|\u{202E}*局*".to_owned(),
        contact: "\"><img src=x>\u{202E}|".to_owned(),
        year: year(2021),
        tables: Tables::blank(form_for(year(2021))),
        sections: sections(&[
            (Section::Overview, &narrative),
            (Section::Problems, "   \n"),
            (Section::Other, &narrative),
        ]),
        findings: Vec::new(),
        as_of_position: 0,
        background: Background::default(),
        policy: CountingPolicy::default(),
    }
}

/// Every word of a page, in the order in which it is read.
pub(in crate::render) fn words(document: &Document) -> String {
    let mut words = document.title.to_string() + &words_of(&document.blocks);
    if !document.charts.is_empty() {
        words += CHARTS_TITLE;
    }
    for chart in &document.charts {
        words += &chart.title;
        for shape in draw(chart).shapes {
            if let Shape::Words { text, .. } = shape {
                words += &text;
            }
        }
        words += &chart.summary;
    }
    words
}

fn words_of(blocks: &[Block]) -> String {
    blocks.iter().map(words_in).collect()
}

fn words_in(block: &Block) -> String {
    match block {
        Block::Heading { text, .. } | Block::Preformatted(text) | Block::Note(text) => text.clone(),
        Block::Paragraph(inlines) => plain(inlines),
        Block::List { first, items } => {
            let numbers = first.unwrap_or_default()..;
            let label = |number: u64| first.map_or("•".to_owned(), |_| format!("{number}."));
            numbers.zip(items).map(|(number, item)| label(number) + &words_of(item)).collect()
        }
        Block::Quote(blocks) => words_of(blocks),
        Block::Table(table) => {
            table.placed().iter().map(|place| place.cell.text.as_str()).collect()
        }
    }
}

fn year(year: i32) -> ReportYear {
    ReportYear::new(year).unwrap()
}

fn zeros(of: i32) -> Tables {
    let form = form_for(year(of));
    let mut tables = Tables::blank(form);
    form.cells().for_each(|cell| tables.set(cell, Some(0)));
    tables
}

fn set(
    tables: &mut Tables,
    find: impl Fn(&crate::statistics::catalogue::Form) -> Option<CellRef>,
    value: i64,
) {
    let cell = find(tables.form()).unwrap();
    tables.set(cell, Some(value));
}

fn sections(texts: &[(Section, &str)]) -> Sections {
    texts.iter().map(|&(section, text)| (section, LongText::parse(text).unwrap())).collect()
}

const OVERVIEW: &str = "2020 年是全面建成小康社会和“十三五”规划收官之年。洛阳市司法局在市委市政府的坚强领导下，以习近平新时代中国特色社会主义思想为指导，深入落实政府信息公开条例和市委市政府有关决策部署，结合司法行政特色不断深化基层政务公开。本年报所列数据的统计期限为 2020 年 1 月 1 日至 2020 年 12 月 31 日。

### （一）基层政务公开标准化规范化推进情况

一是高度重视，形成工作合力。根据《国务院办公厅关于全面推进基层政务公开标准化规范化工作的指导意见》（国办发〔2019〕54 号）要求，市司法局办公室牵头，4 个业务科室配合，在规定时间内梳理制定基层政务公开标准目录。二是迅速着手，积极沟通部署。三是全面梳理，应公开尽公开。编制了包括法律知识普及服务、推广法治文化服务在内的共 9 项公开事项，明确了公开内容、依据、时限、主体、渠道和载体、对象、方式等要素，逐项认定公开属性。

### （二）主动公开情况

严格遵循“先审查、后发布，谁公开、谁负责”的原则，确保了信息公开及时、全面、准确、安全，全年共主动公开信息 1992 条，未出现泄密情况。

### （三）依申请公开办理情况

2020年，共收到政府信息公开申请1件，已答复并公开1件。
";

const PROBLEMS: &str = "2020年，洛阳市司法局政府信息公开工作还存在一些不足和问题，主要表现在：

1. 政务公开规范化建设需进一步完善；
2. 政策解读的水平有待提升；
3. 信息发布渠道还需进一步拓宽。

（一）突出重点，推进政务公开制度化、规范化、常态化。对公开事项、公开流程、公开方式、公开平台等进一步规范，不断提升信息公开深度、广度。

（二）优化提升，及时规范开展政策解读。优化洛阳司法行政网站及微信微博政策解读版块建设，提升解读质量。
";
