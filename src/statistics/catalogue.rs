//! Both official forms as data: every row, column, cell, printed label and relation.
//!
//! This is the only place where official labels stand. A further edition is a further [`Form`]
//! here, not further code. Sources: the annexes of 国办公开办函〔2019〕60号 and 〔2021〕30号.
//!
//! Labels are given as paths from the outermost label cell to the innermost. Spans follow from
//! them: rows (or columns) that begin with the same path share its cells, and the last label of a
//! path fills what is left of the label columns (or header rows).

use crate::domain::{
    ApplicantKind, Channel, Disposition, NotDisclosed, NotProcessed, Other, ReportYear, Unable,
    narrative::Section,
    remedy::{RemedyKind, RemedyResult},
};

/// One edition of the official form of the annual report (政府信息公开工作年度报告格式).
#[derive(Debug)]
pub struct Form {
    /// The permanent id: the first year of its use.
    pub id: &'static str,
    /// The notice that issued it.
    pub notice: &'static str,
    /// The first report year it is for.
    pub first_year: i16,
    /// The last report year it is for; `None` while in force.
    pub last_year: Option<i16>,
    /// Table two: proactive disclosure (主动公开政府信息情况).
    pub proactive: Proactive,
    /// Table three: applications (收到和处理政府信息公开申请情况).
    pub applications: Applications,
    /// Table four: reconsideration and litigation (行政复议、行政诉讼情况).
    pub remedies: Remedies,
    /// The relations (勾稽关系) that its cells keep, within a year and from year to year.
    pub relations: &'static [Relation],
}

/// A label path, outermost first.
pub type Path = &'static [&'static str];

/// The layout of table two.
#[derive(Debug)]
pub struct Proactive {
    /// How many grid columns the table has, the label column among them.
    pub grid_columns: usize,
    /// Its blocks, one per item of Article 20.
    pub blocks: &'static [ProactiveBlock],
}

/// One item of Article 20 in table two.
#[derive(Debug)]
pub struct ProactiveBlock {
    /// The caption row, over the full width.
    pub caption: &'static str,
    /// The header over the label column.
    pub label_header: &'static str,
    /// The headers of the data columns.
    pub headers: &'static [&'static str],
    /// How many grid columns each data column spans.
    pub span: usize,
    /// The data rows.
    pub rows: &'static [ProactiveRow],
}

/// A data row of table two.
#[derive(Debug)]
pub struct ProactiveRow {
    /// The label.
    pub label: &'static str,
    /// The cells, one per data column of the block.
    pub cells: &'static [ProactiveCell],
}

/// A cell of table two.
#[derive(Debug, PartialEq, Eq)]
pub struct ProactiveCell {
    /// The permanent key.
    pub key: &'static str,
    /// What it holds.
    pub kind: CellKind,
}

/// What a cell holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellKind {
    /// A count of things (件), never negative.
    Count,
    /// An increase, or a decrease as a negative number (本年增/减).
    Change,
    /// An amount of money, kept in fen, printed in 万元.
    Amount,
}

/// The layout of table three.
#[derive(Debug)]
pub struct Applications {
    /// The text of the corner cell above the row labels.
    pub corner: &'static str,
    /// How many label columns stand before the data columns.
    pub label_columns: usize,
    /// How many header rows stand above the data rows.
    pub header_rows: usize,
    /// The data columns.
    pub columns: &'static [Column],
    /// The data rows.
    pub rows: &'static [Row],
}

/// A data column of table three.
#[derive(Debug)]
pub struct Column {
    /// The permanent key.
    pub key: &'static str,
    /// The labels above it.
    pub path: Path,
    /// What it counts.
    pub source: ColumnSource,
}

/// What a column of table three counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnSource {
    /// Applications by one kind of applicant.
    Kind(ApplicantKind),
    /// The sum of the other columns (总计).
    Total,
}

/// A data row of table three.
#[derive(Debug)]
pub struct Row {
    /// The permanent key.
    pub key: &'static str,
    /// The labels before it.
    pub path: Path,
    /// What it counts.
    pub source: RowSource,
}

/// What a row of table three counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowSource {
    /// Applications received in the year (本年新收).
    Received,
    /// Applications open when the year began (上年结转).
    CarriedIn,
    /// Applications concluded in the year with one of these results (本年度办理结果).
    Result(&'static [Disposition]),
    /// The sum of the result rows (（七）总计).
    ResultTotal,
    /// Applications open when the year ended (结转下年度继续办理).
    CarriedOut,
}

/// The layout of table four: one data row.
#[derive(Debug)]
pub struct Remedies {
    /// How many header rows stand above it.
    pub header_rows: usize,
    /// The columns.
    pub columns: &'static [RemedyColumn],
}

/// A column of table four.
#[derive(Debug)]
pub struct RemedyColumn {
    /// The permanent key.
    pub key: &'static str,
    /// The labels above it.
    pub path: Path,
    /// Which cases it counts.
    pub kind: RemedyKind,
    /// Which of them.
    pub source: RemedySource,
}

/// Which cases of a kind a column of table four counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemedySource {
    /// Concluded in the year with this result.
    Result(RemedyResult),
    /// Pending when the year ended (尚未审结).
    Pending,
    /// The sum of the block's other columns (总计).
    Total,
}

/// The permanent name of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CheckId(pub &'static str);

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The report must not be published so.
    Error,
    /// Somebody should look.
    Warning,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// The permanent key.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// A relation between cells: the sum of the left terms equals the sum of the right ones.
#[derive(Debug)]
pub struct Relation {
    /// The check that reports a breach.
    pub id: CheckId,
    /// How much a breach weighs.
    pub severity: Severity,
    /// Over which cells the relation is repeated.
    pub scope: Scope,
    /// The key, within the scope, of the cell that a breach is reported at.
    pub place: &'static str,
    /// What the relation says, in a clerk's words.
    pub statement: &'static str,
    /// The left side.
    pub left: Side,
    /// The right side.
    pub right: Side,
}

/// Over which cells a relation is repeated, and so what the keys of its terms mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Every column of table three; keys are row keys.
    EachColumn,
    /// Every row of table three; keys are column keys.
    EachRow,
    /// Once, over cells of table two.
    Proactive,
    /// Once, over cells of table four.
    Remedies,
}

/// One side of a relation.
#[derive(Debug, Clone, Copy)]
pub enum Side {
    /// These terms.
    Terms(&'static [Term]),
    /// Every result row of the form.
    EveryResult,
    /// Every column of table three but the total.
    EveryKind,
}

/// A cell on one side of a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// The key of the cell within the relation's scope.
    pub key: &'static str,
    /// Whether it is taken away instead of added.
    pub negative: bool,
    /// Whether it is taken from the table of the year before.
    pub previous_year: bool,
}

/// The editions of the form, oldest first.
pub static FORMS: [Form; 2] = [FORM_2019, FORM_2021];

/// The form for a report year.
#[must_use]
pub fn form_for(year: ReportYear) -> &'static Form {
    let [oldest, ..] = &FORMS;
    FORMS.iter().rfind(|form| form.first_year <= year.get()).unwrap_or(oldest)
}

/// The form with this id.
#[must_use]
pub fn form_by_id(id: &str) -> Option<&'static Form> {
    FORMS.iter().find(|form| form.id == id)
}

impl Form {
    /// The cells of table two, in the order of the form.
    pub fn proactive_cells(&self) -> impl Iterator<Item = &'static ProactiveCell> + use<> {
        self.proactive.blocks.iter().flat_map(|block| block.rows).flat_map(|row| row.cells)
    }

    /// The cell of table two with this key.
    #[must_use]
    pub fn proactive_cell(&self, key: &str) -> Option<&'static ProactiveCell> {
        self.proactive_cells().find(|cell| cell.key == key)
    }

    /// Whether the form is the one for a report year.
    #[must_use]
    pub fn is_for(&self, year: ReportYear) -> bool {
        form_for(year).id == self.id
    }
}

/// The titles of the six sections (both editions), in order.
pub const SECTION_TITLES: [&str; 6] = [
    "一、总体情况",
    "二、主动公开政府信息情况",
    "三、收到和处理政府信息公开申请情况",
    "四、政府信息公开行政复议、行政诉讼情况",
    "五、存在的主要问题及改进情况",
    "六、其他需要报告的事项",
];

/// The report's own name, which follows the agency and the year in its title.
pub const REPORT_TITLE: &str = "政府信息公开工作年度报告";

/// The title under which a written section stands.
#[must_use]
pub const fn section_title(section: Section) -> &'static str {
    let [overview, _, _, _, problems, other] = SECTION_TITLES;
    match section {
        Section::Overview => overview,
        Section::Problems => problems,
        Section::Other => other,
    }
}

/// The Chinese names of the channels, as registers write them.
pub const CHANNEL_LABELS: [(Channel, &str); 8] = [
    (Channel::InPerson, "当面"),
    (Channel::RegisteredMail, "邮寄（签收）"),
    (Channel::OrdinaryMail, "平常信函"),
    (Channel::Internet, "网络"),
    (Channel::Email, "电子邮件"),
    (Channel::Fax, "传真"),
    (Channel::Oral, "口头代填"),
    (Channel::Other, "其他"),
];

const FORM_2019: Form = Form {
    id: "2019",
    notice: "国办公开办函〔2019〕60号",
    first_year: 2019,
    last_year: Some(2020),
    proactive: Proactive { grid_columns: 7, blocks: PROACTIVE_2019 },
    applications: Applications { rows: ROWS_2019, ..APPLICATIONS },
    remedies: REMEDIES,
    relations: RELATIONS_2019,
};

const FORM_2021: Form = Form {
    id: "2021",
    notice: "国办公开办函〔2021〕30号",
    first_year: 2021,
    last_year: None,
    proactive: Proactive { grid_columns: 4, blocks: PROACTIVE_2021 },
    applications: Applications { rows: ROWS_2021, ..APPLICATIONS },
    remedies: REMEDIES,
    relations: RELATIONS_2021,
};

// Table two.

const CONTENT: &str = "信息内容";
const ITEM_1: &str = "第二十条第（一）项";
const ITEM_5: &str = "第二十条第（五）项";
const ITEM_6: &str = "第二十条第（六）项";
const ITEM_8: &str = "第二十条第（八）项";
const ITEM_9: &str = "第二十条第（九）项";

const fn count(key: &'static str) -> ProactiveCell {
    ProactiveCell { key, kind: CellKind::Count }
}

const fn change(key: &'static str) -> ProactiveCell {
    ProactiveCell { key, kind: CellKind::Change }
}

const fn amount(key: &'static str) -> ProactiveCell {
    ProactiveCell { key, kind: CellKind::Amount }
}

const PROACTIVE_2021: &[ProactiveBlock] = &[
    ProactiveBlock {
        caption: ITEM_1,
        label_header: CONTENT,
        headers: &["本年制发件数", "本年废止件数", "现行有效件数"],
        span: 1,
        rows: &[
            ProactiveRow {
                label: "规章",
                cells: &[
                    count("art20_1.regulations.issued"),
                    count("art20_1.regulations.repealed"),
                    count("art20_1.regulations.in_force"),
                ],
            },
            ProactiveRow {
                label: "行政规范性文件",
                cells: &[
                    count("art20_1.normative_documents.issued"),
                    count("art20_1.normative_documents.repealed"),
                    count("art20_1.normative_documents.in_force"),
                ],
            },
        ],
    },
    ProactiveBlock {
        caption: ITEM_5,
        label_header: CONTENT,
        headers: &["本年处理决定数量"],
        span: 3,
        rows: &[ProactiveRow {
            label: "行政许可", cells: &[count("art20_5.licences.decisions")]
        }],
    },
    ProactiveBlock {
        caption: ITEM_6,
        label_header: CONTENT,
        headers: &["本年处理决定数量"],
        span: 3,
        rows: &[
            ProactiveRow { label: "行政处罚", cells: &[count("art20_6.penalties.decisions")] },
            ProactiveRow { label: "行政强制", cells: &[count("art20_6.coercions.decisions")] },
        ],
    },
    ProactiveBlock {
        caption: ITEM_8,
        label_header: CONTENT,
        headers: &["本年收费金额（单位：万元）"],
        span: 3,
        rows: &[ProactiveRow {
            label: "行政事业性收费",
            cells: &[amount("art20_8.fees.amount_wan_yuan")],
        }],
    },
];

const ITEM_HEADERS_2019: &[&str] = &["上一年项目数量", "本年增/减", "处理决定数量"];

const PROACTIVE_2019: &[ProactiveBlock] = &[
    ProactiveBlock {
        caption: ITEM_1,
        label_header: CONTENT,
        headers: &["本年新制作数量", "本年新公开数量", "对外公开总数量"],
        span: 2,
        rows: &[
            ProactiveRow {
                label: "规章",
                cells: &[
                    count("art20_1.regulations.made"),
                    count("art20_1.regulations.disclosed"),
                    count("art20_1.regulations.total_disclosed"),
                ],
            },
            ProactiveRow {
                label: "规范性文件",
                cells: &[
                    count("art20_1.normative_documents.made"),
                    count("art20_1.normative_documents.disclosed"),
                    count("art20_1.normative_documents.total_disclosed"),
                ],
            },
        ],
    },
    ProactiveBlock {
        caption: ITEM_5,
        label_header: CONTENT,
        headers: ITEM_HEADERS_2019,
        span: 2,
        rows: &[
            ProactiveRow {
                label: "行政许可",
                cells: &[
                    count("art20_5.licences.prev_items"),
                    change("art20_5.licences.change"),
                    count("art20_5.licences.decisions"),
                ],
            },
            ProactiveRow {
                label: "其他对外管理服务事项",
                cells: &[
                    count("art20_5.other_services.prev_items"),
                    change("art20_5.other_services.change"),
                    count("art20_5.other_services.decisions"),
                ],
            },
        ],
    },
    ProactiveBlock {
        caption: ITEM_6,
        label_header: CONTENT,
        headers: ITEM_HEADERS_2019,
        span: 2,
        rows: &[
            ProactiveRow {
                label: "行政处罚",
                cells: &[
                    count("art20_6.penalties.prev_items"),
                    change("art20_6.penalties.change"),
                    count("art20_6.penalties.decisions"),
                ],
            },
            ProactiveRow {
                label: "行政强制",
                cells: &[
                    count("art20_6.coercions.prev_items"),
                    change("art20_6.coercions.change"),
                    count("art20_6.coercions.decisions"),
                ],
            },
        ],
    },
    ProactiveBlock {
        caption: ITEM_8,
        label_header: CONTENT,
        headers: &["上一年项目数量", "本年增/减"],
        span: 3,
        rows: &[ProactiveRow {
            label: "行政事业性收费",
            cells: &[count("art20_8.fees.prev_items"), change("art20_8.fees.change")],
        }],
    },
    ProactiveBlock {
        caption: ITEM_9,
        label_header: CONTENT,
        headers: &["采购项目数量", "采购总金额（单位：万元）"],
        span: 3,
        rows: &[ProactiveRow {
            label: "政府集中采购",
            cells: &[
                count("art20_9.procurement.projects"),
                amount("art20_9.procurement.amount_wan_yuan"),
            ],
        }],
    },
];

// Table three.

const APPLICANTS: &str = "申请人情况";
const ORGANIZATIONS: &str = "法人或其他组织";
const RESULTS: &str = "三、本年度办理结果";
const NOT_DISCLOSED: &str = "（三）不予公开";
const UNABLE: &str = "（四）无法提供";
const NOT_PROCESSED: &str = "（五）不予处理";
const OTHER: &str = "（六）其他处理";

const APPLICATIONS: Applications = Applications {
    corner: "（本列数据的勾稽关系为：第一项加第二项之和，等于第三项加第四项之和）",
    label_columns: 3,
    header_rows: 3,
    columns: &[
        column(ApplicantKind::NaturalPerson, &[APPLICANTS, "自然人"]),
        column(ApplicantKind::CommercialEnterprise, &[APPLICANTS, ORGANIZATIONS, "商业企业"]),
        column(ApplicantKind::ResearchInstitution, &[APPLICANTS, ORGANIZATIONS, "科研机构"]),
        column(ApplicantKind::PublicWelfareOrg, &[APPLICANTS, ORGANIZATIONS, "社会公益组织"]),
        column(ApplicantKind::LegalServiceOrg, &[APPLICANTS, ORGANIZATIONS, "法律服务机构"]),
        column(ApplicantKind::OtherOrg, &[APPLICANTS, ORGANIZATIONS, "其他"]),
        Column { key: "total", path: &[APPLICANTS, "总计"], source: ColumnSource::Total },
    ],
    rows: &[],
};

const fn column(kind: ApplicantKind, path: Path) -> Column {
    Column { key: kind.key(), path, source: ColumnSource::Kind(kind) }
}

const fn result(key: &'static str, path: Path, counts: &'static [Disposition]) -> Row {
    Row { key, path, source: RowSource::Result(counts) }
}

/// The rows of table three: the twenty that both editions share, then the given ones of （六）.
macro_rules! application_rows {
    ($($other:expr),+ $(,)?) => {
        &[
            Row { key: "new_received", path: &["一、本年新收政府信息公开申请数量"], source: RowSource::Received },
            Row { key: "carried_in", path: &["二、上年结转政府信息公开申请数量"], source: RowSource::CarriedIn },
            result("granted", &[RESULTS, "（一）予以公开"], &[Disposition::Granted]),
            result(
                "partial",
                &[RESULTS, "（二）部分公开（区分处理的，只计这一情形，不计其他情形）"],
                &[Disposition::Partial],
            ),
            result(NotDisclosed::StateSecret.key(), &[RESULTS, NOT_DISCLOSED, "1.属于国家秘密"], &[Disposition::NotDisclosed(NotDisclosed::StateSecret)]),
            result(NotDisclosed::ProhibitedByLaw.key(), &[RESULTS, NOT_DISCLOSED, "2.其他法律行政法规禁止公开"], &[Disposition::NotDisclosed(NotDisclosed::ProhibitedByLaw)]),
            result(NotDisclosed::SecurityStability.key(), &[RESULTS, NOT_DISCLOSED, "3.危及“三安全一稳定”"], &[Disposition::NotDisclosed(NotDisclosed::SecurityStability)]),
            result(NotDisclosed::ThirdPartyRights.key(), &[RESULTS, NOT_DISCLOSED, "4.保护第三方合法权益"], &[Disposition::NotDisclosed(NotDisclosed::ThirdPartyRights)]),
            result(NotDisclosed::InternalAffairs.key(), &[RESULTS, NOT_DISCLOSED, "5.属于三类内部事务信息"], &[Disposition::NotDisclosed(NotDisclosed::InternalAffairs)]),
            result(NotDisclosed::ProcessInformation.key(), &[RESULTS, NOT_DISCLOSED, "6.属于四类过程性信息"], &[Disposition::NotDisclosed(NotDisclosed::ProcessInformation)]),
            result(NotDisclosed::EnforcementFile.key(), &[RESULTS, NOT_DISCLOSED, "7.属于行政执法案卷"], &[Disposition::NotDisclosed(NotDisclosed::EnforcementFile)]),
            result(NotDisclosed::AdministrativeInquiry.key(), &[RESULTS, NOT_DISCLOSED, "8.属于行政查询事项"], &[Disposition::NotDisclosed(NotDisclosed::AdministrativeInquiry)]),
            result(Unable::NotHeld.key(), &[RESULTS, UNABLE, "1.本机关不掌握相关政府信息"], &[Disposition::Unable(Unable::NotHeld)]),
            result(Unable::RequiresCreation.key(), &[RESULTS, UNABLE, "2.没有现成信息需要另行制作"], &[Disposition::Unable(Unable::RequiresCreation)]),
            result(Unable::UnclearAfterCorrection.key(), &[RESULTS, UNABLE, "3.补正后申请内容仍不明确"], &[Disposition::Unable(Unable::UnclearAfterCorrection)]),
            result(NotProcessed::PetitionComplaint.key(), &[RESULTS, NOT_PROCESSED, "1.信访举报投诉类申请"], &[Disposition::NotProcessed(NotProcessed::PetitionComplaint)]),
            result(NotProcessed::Duplicate.key(), &[RESULTS, NOT_PROCESSED, "2.重复申请"], &[Disposition::NotProcessed(NotProcessed::Duplicate)]),
            result(NotProcessed::Publication.key(), &[RESULTS, NOT_PROCESSED, "3.要求提供公开出版物"], &[Disposition::NotProcessed(NotProcessed::Publication)]),
            result(NotProcessed::Excessive.key(), &[RESULTS, NOT_PROCESSED, "4.无正当理由大量反复申请"], &[Disposition::NotProcessed(NotProcessed::Excessive)]),
            result(NotProcessed::ConfirmOrReissue.key(), &[RESULTS, NOT_PROCESSED, "5.要求行政机关确认或重新出具已获取信息"], &[Disposition::NotProcessed(NotProcessed::ConfirmOrReissue)]),
            $($other,)+
            Row { key: "result_total", path: &[RESULTS, "（七）总计"], source: RowSource::ResultTotal },
            Row { key: "carried_out", path: &["四、结转下年度继续办理"], source: RowSource::CarriedOut },
        ]
    };
}

#[rustfmt::skip]
const ROWS_2021: &[Row] = application_rows![
    result(Other::CorrectionOverdue.key(), &[RESULTS, OTHER, "1.申请人无正当理由逾期不补正、行政机关不再处理其政府信息公开申请"], &[Disposition::Other(Other::CorrectionOverdue)]),
    result(Other::FeeOverdue.key(), &[RESULTS, OTHER, "2.申请人逾期未按收费通知要求缴纳费用、行政机关不再处理其政府信息公开申请"], &[Disposition::Other(Other::FeeOverdue)]),
    result(Other::Misc.key(), &[RESULTS, OTHER, "3.其他"], &[Disposition::Other(Other::Misc)]),
];

const ROWS_2019: &[Row] = application_rows![result(
    "other",
    &[RESULTS, OTHER],
    &[
        Disposition::Other(Other::CorrectionOverdue),
        Disposition::Other(Other::FeeOverdue),
        Disposition::Other(Other::Misc),
    ],
)];

// Table four.

const REVIEW: Path = &["行政复议"];
const LITIGATION: &str = "行政诉讼";
const DIRECT: &str = "未经复议直接起诉";
const AFTER_REVIEW: &str = "复议后起诉";

/// The five columns of one block of table four.
macro_rules! remedy_columns {
    ($($kind:ident, $key:literal, [$($outer:expr),+];)+) => {
        &[$(
            RemedyColumn { key: concat!($key, ".upheld"), path: &[$($outer,)+ "结果维持"], kind: RemedyKind::$kind, source: RemedySource::Result(RemedyResult::Upheld) },
            RemedyColumn { key: concat!($key, ".corrected"), path: &[$($outer,)+ "结果纠正"], kind: RemedyKind::$kind, source: RemedySource::Result(RemedyResult::Corrected) },
            RemedyColumn { key: concat!($key, ".other"), path: &[$($outer,)+ "其他结果"], kind: RemedyKind::$kind, source: RemedySource::Result(RemedyResult::Other) },
            RemedyColumn { key: concat!($key, ".pending"), path: &[$($outer,)+ "尚未审结"], kind: RemedyKind::$kind, source: RemedySource::Pending },
            RemedyColumn { key: concat!($key, ".total"), path: &[$($outer,)+ "总计"], kind: RemedyKind::$kind, source: RemedySource::Total },
        )+]
    };
}

const REMEDIES: Remedies = Remedies {
    header_rows: 3,
    columns: remedy_columns![
        Review, "review", ["行政复议"];
        SuitDirect, "suit_direct", [LITIGATION, DIRECT];
        SuitAfterReview, "suit_after_review", [LITIGATION, AFTER_REVIEW];
    ],
};

/// The Chinese names of the kinds of remedy.
pub const REMEDY_KIND_LABELS: [(RemedyKind, &[&str]); 3] = [
    (RemedyKind::Review, REVIEW),
    (RemedyKind::SuitDirect, &[LITIGATION, DIRECT]),
    (RemedyKind::SuitAfterReview, &[LITIGATION, AFTER_REVIEW]),
];

// Relations.

const fn term(key: &'static str) -> Term {
    Term { key, negative: false, previous_year: false }
}

const fn minus(key: &'static str) -> Term {
    Term { key, negative: true, previous_year: false }
}

const fn previous(key: &'static str) -> Term {
    Term { key, negative: false, previous_year: true }
}

const BALANCE: Relation = Relation {
    id: CheckId("T3.BALANCE"),
    severity: Severity::Error,
    scope: Scope::EachColumn,
    place: "carried_out",
    statement: "第一项加第二项之和，等于第三项加第四项之和",
    left: Side::Terms(&[term("new_received"), term("carried_in")]),
    right: Side::Terms(&[term("result_total"), term("carried_out")]),
};

const RESULT_SUM: Relation = Relation {
    id: CheckId("T3.RESULT_SUM"),
    severity: Severity::Error,
    scope: Scope::EachColumn,
    place: "result_total",
    statement: "本年度办理结果总计等于各项结果之和",
    left: Side::Terms(&[term("result_total")]),
    right: Side::EveryResult,
};

const ROW_SUM: Relation = Relation {
    id: CheckId("T3.ROW_SUM"),
    severity: Severity::Error,
    scope: Scope::EachRow,
    place: "total",
    statement: "总计等于各类申请人之和",
    left: Side::Terms(&[term("total")]),
    right: Side::EveryKind,
};

const CARRY: Relation = Relation {
    id: CheckId("T3.CARRY"),
    severity: Severity::Error,
    scope: Scope::EachColumn,
    place: "carried_in",
    statement: "上年结转等于上年度报告的结转下年度继续办理",
    left: Side::Terms(&[term("carried_in")]),
    right: Side::Terms(&[previous("carried_out")]),
};

macro_rules! remedy_sum {
    ($key:literal) => {
        Relation {
            id: CheckId("T4.SUM"),
            severity: Severity::Error,
            scope: Scope::Remedies,
            place: concat!($key, ".total"),
            statement: "总计等于维持、纠正、其他结果与尚未审结之和",
            left: Side::Terms(&[term(concat!($key, ".total"))]),
            right: Side::Terms(&[
                term(concat!($key, ".upheld")),
                term(concat!($key, ".corrected")),
                term(concat!($key, ".other")),
                term(concat!($key, ".pending")),
            ]),
        }
    };
}

macro_rules! stock {
    ($key:literal) => {
        Relation {
            id: CheckId("T2.STOCK"),
            severity: Severity::Warning,
            scope: Scope::Proactive,
            place: concat!($key, ".in_force"),
            statement: "现行有效件数等于上年现行有效件数加本年制发件数减本年废止件数",
            left: Side::Terms(&[term(concat!($key, ".in_force"))]),
            right: Side::Terms(&[
                previous(concat!($key, ".in_force")),
                term(concat!($key, ".issued")),
                minus(concat!($key, ".repealed")),
            ]),
        }
    };
}

macro_rules! items {
    ($key:literal) => {
        Relation {
            id: CheckId("T2.ITEMS"),
            severity: Severity::Warning,
            scope: Scope::Proactive,
            place: concat!($key, ".prev_items"),
            statement: "上一年项目数量等于上年度报告的上一年项目数量加本年增/减",
            left: Side::Terms(&[term(concat!($key, ".prev_items"))]),
            right: Side::Terms(&[
                previous(concat!($key, ".prev_items")),
                previous(concat!($key, ".change")),
            ]),
        }
    };
}

const RELATIONS_2019: &[Relation] = &[
    BALANCE,
    RESULT_SUM,
    ROW_SUM,
    CARRY,
    remedy_sum!("review"),
    remedy_sum!("suit_direct"),
    remedy_sum!("suit_after_review"),
    items!("art20_5.licences"),
    items!("art20_5.other_services"),
    items!("art20_6.penalties"),
    items!("art20_6.coercions"),
    items!("art20_8.fees"),
];

const RELATIONS_2021: &[Relation] = &[
    BALANCE,
    RESULT_SUM,
    ROW_SUM,
    CARRY,
    remedy_sum!("review"),
    remedy_sum!("suit_direct"),
    remedy_sum!("suit_after_review"),
    stock!("art20_1.regulations"),
    stock!("art20_1.normative_documents"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_form_follows_the_year() {
        let form = |year| form_for(ReportYear::new(year).unwrap()).id;
        assert_eq!(
            [form(2019), form(2020), form(2021), form(2026)],
            ["2019", "2019", "2021", "2021"]
        );
    }

    #[test]
    fn every_disposition_stands_in_exactly_one_row_of_each_form() {
        for form in &FORMS {
            let counted: Vec<_> = form
                .applications
                .rows
                .iter()
                .filter_map(|row| match row.source {
                    RowSource::Result(counts) => Some(counts),
                    RowSource::Received
                    | RowSource::CarriedIn
                    | RowSource::ResultTotal
                    | RowSource::CarriedOut => None,
                })
                .flatten()
                .copied()
                .collect();
            assert_eq!(counted, Disposition::all().collect::<Vec<_>>(), "form {}", form.id);
        }
    }

    #[test]
    fn the_forms_have_the_official_number_of_rows_and_cells() {
        let [first, second] = &FORMS;
        assert_eq!((first.applications.rows.len(), second.applications.rows.len()), (23, 25));
        assert_eq!((first.proactive_cells().count(), second.proactive_cells().count()), (22, 10));
        assert_eq!(second.remedies.columns.len(), 15);
        for form in &FORMS {
            let keys: BTreeSet<_> = form.proactive_cells().map(|cell| cell.key).collect();
            assert_eq!(keys.len(), form.proactive_cells().count());
            for block in form.proactive.blocks {
                let width = 1 + block.span * block.headers.len();
                assert_eq!(width, form.proactive.grid_columns, "{}", block.caption);
                assert!(block.rows.iter().all(|row| row.cells.len() == block.headers.len()));
            }
        }
    }
}
