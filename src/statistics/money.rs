//! Amounts of money: kept in whole fen (分), printed and read in 万元.

/// How many fen make one 万元.
const FEN_PER_WAN_YUAN: u64 = 1_000_000;

/// An amount in 万元 with up to six decimals, without trailing zeros or separators.
#[must_use]
pub fn format_wan_yuan(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    let fen = fen.unsigned_abs();
    let decimals = format!("{:06}", fen % FEN_PER_WAN_YUAN);
    match decimals.trim_end_matches('0') {
        "" => format!("{sign}{}", fen / FEN_PER_WAN_YUAN),
        decimals => format!("{sign}{}.{decimals}", fen / FEN_PER_WAN_YUAN),
    }
}

/// Reads an amount in 万元 with up to six decimals; `None` if it is anything else.
#[must_use]
pub fn parse_wan_yuan(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(decimals) {
        return None;
    }
    let decimals = decimals.trim_end_matches('0');
    if decimals.len() > 6 {
        return None;
    }
    let fraction: i64 = format!("{decimals:0<6}").parse().ok()?;
    let fen = whole.parse::<i64>().ok()?.checked_mul(1_000_000)?.checked_add(fraction)?;
    Some(if negative { fen.checked_neg()? } else { fen })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_decimals_of_wan_yuan_are_exact() {
        for (text, fen) in [
            ("0", 0),
            ("316441", 316_441_000_000),
            ("59237.2449", 59_237_244_900),
            ("0.000001", 1),
            ("-25.1", -25_100_000),
        ] {
            assert_eq!(parse_wan_yuan(text), Some(fen), "{text}");
            assert_eq!(format_wan_yuan(fen), text);
        }
        assert_eq!(parse_wan_yuan("1.500000000"), Some(1_500_000));
        for bad in ["", ".", "1.", ".5", "1,000", "1e3", "+1", "0.0000001", "99999999999999999999"]
        {
            assert_eq!(parse_wan_yuan(bad), None, "{bad}");
        }
    }
}
