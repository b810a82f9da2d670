//! Numbers as words: Chinese numerals (一百二十三) written, and read as people type them.

const DIGITS: [char; 10] = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'];

/// The units that part a number, largest first: what stands before 亿 may itself have 万 and 亿.
const UNITS: [(u64, char); 5] =
    [(100_000_000, '亿'), (10_000, '万'), (1_000, '千'), (100, '百'), (10, '十')];

/// A whole number in Chinese numerals, as it is read: 零 once for each gap, 十 and not 一十 at the
/// beginning, 负 before a negative one.
#[must_use]
pub fn in_chinese(number: i64) -> String {
    let mut out = String::new();
    if number < 0 {
        out.push('负');
    }
    let begins_at = out.len();
    push(&mut out, number.unsigned_abs());
    // A number that begins with ten of something is read without the one.
    if out.get(begins_at..).is_some_and(|digits| digits.starts_with("一十")) {
        out.replace_range(begins_at..begins_at.saturating_add('一'.len_utf8()), "");
    }
    out
}

/// Digits one by one, as they stand after 点.
pub(super) fn digits_in_chinese(digits: &str) -> String {
    digits.chars().filter_map(|digit| digit_in_chinese(digit.to_digit(10)?)).collect()
}

fn digit_in_chinese(digit: u32) -> Option<char> {
    DIGITS.get(usize::try_from(digit).ok()?).copied()
}

fn push(out: &mut String, number: u64) {
    let unit = UNITS.iter().find(|(size, _)| number >= *size);
    let Some(&(size, name)) = unit else {
        out.extend(DIGITS.get(usize::try_from(number).unwrap_or(0)));
        return;
    };
    let high = number.checked_div(size).unwrap_or(0);
    let low = number.saturating_sub(high.saturating_mul(size));
    push(out, high);
    out.push(name);
    if low == 0 {
        return;
    }
    // A gap: the next lower unit is not taken.
    if low.saturating_mul(10) < size {
        out.push('零');
    }
    push(out, low);
}

/// A number found at the beginning of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Typed {
    /// How much of the text it takes, in bytes.
    pub(super) length: usize,
    /// What it says; nothing if that is not a whole number.
    pub(super) value: Option<i64>,
    /// By how much less than this what is meant may differ: 1, or the last place given before 万.
    pub(super) slack: u64,
}

/// Reads the number that a text begins with: digits, also with separators and before 万 or 亿, or
/// Chinese numerals.
pub(super) fn typed_number(text: &str) -> Option<Typed> {
    match text.chars().next()? {
        '0'..='9' => Some(in_digits(text)),
        c if is_numeral(c) => {
            let end = text.find(|c| !is_numeral(c)).unwrap_or(text.len());
            let words = text.get(..end)?;
            let slack = words.chars().next_back().and_then(multiplier).unwrap_or(1);
            let value = of_numerals(words);
            Some(Typed { length: end, value, slack: slack.unsigned_abs() })
        }
        _ => None,
    }
}

/// Whether a number may have this character, its separators aside.
pub(super) const fn is_number(c: char) -> bool {
    c.is_ascii_digit() || is_numeral(c)
}

fn in_digits(text: &str) -> Typed {
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let mut length = digits(text);
    let mut whole = text.get(..length).unwrap_or_default().to_owned();
    // Separated thousands: three digits after each mark, and no more than three before the first.
    while whole.len() <= 3 || length > whole.len() {
        let Some(rest) = text.get(length..) else { break };
        let Some(group) = rest.strip_prefix([',', '，']) else { break };
        if digits(group) != 3 {
            break;
        }
        whole.push_str(group.get(..3).unwrap_or_default());
        let mark = rest.len().saturating_sub(group.len());
        length = length.saturating_add(mark).saturating_add(3);
    }
    let mut decimals = "";
    if let Some(fraction) = text.get(length..).and_then(|rest| rest.strip_prefix('.')) {
        let end = digits(fraction);
        if end > 0 {
            decimals = fraction.get(..end).unwrap_or_default();
            length = length.saturating_add(end).saturating_add(1);
        }
    }
    let unit =
        text.get(length..).and_then(|rest| rest.chars().next()).filter(|c| "万亿".contains(*c));
    length = length.saturating_add(unit.map_or(0, char::len_utf8));
    let scale = unit.and_then(multiplier).unwrap_or(1);
    let place = u32::try_from(decimals.len()).ok().and_then(|n| 10_i64.checked_pow(n));
    let last_place =
        place.filter(|place| *place <= scale).and_then(|place| scale.checked_div(place));
    let value = last_place
        .and_then(|last| format!("{whole}{decimals}").parse::<i64>().ok()?.checked_mul(last));
    Typed { length, value, slack: last_place.unwrap_or(1).unsigned_abs() }
}

const fn is_numeral(c: char) -> bool {
    digit(c).is_some() || matches!(c, '十' | '百' | '千' | '万' | '亿')
}

const fn digit(c: char) -> Option<i64> {
    Some(match c {
        '零' | '〇' => 0,
        '一' => 1,
        '二' | '两' => 2,
        '三' => 3,
        '四' => 4,
        '五' => 5,
        '六' => 6,
        '七' => 7,
        '八' => 8,
        '九' => 9,
        _ => return None,
    })
}

const fn multiplier(c: char) -> Option<i64> {
    match c {
        '万' => Some(10_000),
        '亿' => Some(100_000_000),
        _ => None,
    }
}

/// What Chinese numerals say; nothing if they are not one number.
fn of_numerals(words: &str) -> Option<i64> {
    let (mut sum, mut section, mut last) = (0_i64, 0_i64, None);
    for c in words.chars() {
        let unit = match c {
            '十' => 10,
            '百' => 100,
            '千' => 1_000,
            _ => 1,
        };
        match (digit(c), multiplier(c)) {
            // A 零 marks a gap; alone it is a number.
            (Some(0), _) if last.is_none() => last = (words.len() == c.len_utf8()).then_some(0),
            (Some(digit), _) if last.is_none() => last = Some(digit),
            (Some(_), _) => return None,
            (None, Some(multiplier)) => {
                section = section.checked_add(last.take().unwrap_or(0))?;
                if section == 0 && sum == 0 {
                    return None;
                }
                let scaled = if multiplier > 10_000 { sum.checked_add(section)? } else { section };
                let kept = if multiplier > 10_000 { 0 } else { sum };
                sum = kept.checked_add(scaled.checked_mul(multiplier)?)?;
                section = 0;
            }
            (None, None) => {
                let ten_alone = unit == 10 && section == 0;
                let digit = last.take().or(ten_alone.then_some(1))?;
                section = section.checked_add(digit.checked_mul(unit)?)?;
            }
        }
    }
    sum.checked_add(section)?.checked_add(last.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_they_are_read() {
        for (number, words) in [
            (0, "零"),
            (7, "七"),
            (10, "十"),
            (12, "十二"),
            (20, "二十"),
            (100, "一百"),
            (101, "一百零一"),
            (110, "一百一十"),
            (111, "一百一十一"),
            (123, "一百二十三"),
            (859, "八百五十九"),
            (1_000, "一千"),
            (1_001, "一千零一"),
            (1_010, "一千零一十"),
            (1_100, "一千一百"),
            (1_483, "一千四百八十三"),
            (10_000, "一万"),
            (10_001, "一万零一"),
            (10_500, "一万零五百"),
            (20_010, "二万零一十"),
            (100_000, "十万"),
            (105_000, "十万五千"),
            (100_010, "十万零一十"),
            (120_034, "十二万零三十四"),
            (1_010_101, "一百零一万零一百零一"),
            (11_400_000, "一千一百四十万"),
            (20_005_000, "二千万五千"),
            (100_000_000, "一亿"),
            (100_000_001, "一亿零一"),
            (100_010_000, "一亿零一万"),
            (1_000_000_000, "十亿"),
            (1_020_304_050, "十亿二千零三十万四千零五十"),
            (1_000_000_000_000, "一万亿"),
            (-15, "负十五"),
        ] {
            assert_eq!(in_chinese(number), words, "{number}");
        }
        assert!(in_chinese(i64::MIN).starts_with("负九百二十二亿"));
    }

    #[test]
    fn decimals_are_written_digit_by_digit() {
        assert_eq!(digits_in_chinese("2449"), "二四四九");
        assert_eq!(digits_in_chinese("000001"), "零零零零零一");
    }

    #[test]
    fn typed_numbers_are_read_as_people_write_them() {
        for (text, length, value, slack) in [
            ("859件", 3, Some(859), 1),
            ("1,483件", 5, Some(1_483), 1),
            ("1，483件", 7, Some(1_483), 1),
            ("11,400,000件", 10, Some(11_400_000), 1),
            ("1,48件", 1, Some(1), 1),
            ("2020,265件", 4, Some(2_020), 1),
            ("1.5件", 3, None, 1),
            ("1.2万件", 6, Some(12_000), 1_000),
            ("3万件", 4, Some(30_000), 10_000),
            ("1.23456万件", 10, None, 1),
            ("1.", 1, Some(1), 1),
            ("一百二十三件", 15, Some(123), 1),
            ("八百五十九", 15, Some(859), 1),
            ("十件", 3, Some(10), 1),
            ("十二件", 6, Some(12), 1),
            ("两件", 3, Some(2), 1),
            ("零件", 3, Some(0), 1),
            ("一千零一十件", 15, Some(1_010), 1),
            ("三万件", 6, Some(30_000), 10_000),
            ("一万二千件", 12, Some(12_000), 1),
            ("十亿二千零三十万四千零五十", 39, Some(1_020_304_050), 1),
            ("二〇二〇年", 12, None, 1),
            ("万件", 3, None, 10_000),
        ] {
            assert_eq!(typed_number(text), Some(Typed { length, value, slack }), "{text}");
        }
        assert_eq!(typed_number("件"), None);
        assert_eq!(typed_number(""), None);
    }

    #[test]
    fn what_is_written_in_numerals_is_read_back() {
        for number in (0..20_000).chain((0..60).map(|shift| (1_i64 << shift) + shift)) {
            let words = in_chinese(number);
            assert_eq!(of_numerals(&words), Some(number), "{words}");
        }
    }
}
