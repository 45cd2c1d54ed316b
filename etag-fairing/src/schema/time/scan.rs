//! Reads a text from its beginning, part by part.

/// The rest of the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scan<'a>(&'a [u8]);

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self(text.as_bytes())
    }

    pub(super) fn is_at_end(self) -> bool {
        self.0.is_empty()
    }

    /// Reads exactly this number of digits.
    pub(super) fn digits(&mut self, number: usize) -> Option<u32> {
        let (digits, rest) = self.0.split_at_checked(number)?;
        let value = digits.iter().try_fold(0_u32, |value, byte| match byte {
            b'0'..=b'9' => value.checked_mul(10)?.checked_add(u32::from(byte - b'0')),
            _ => None,
        })?;
        self.0 = rest;
        Some(value)
    }

    /// Reads one of these bytes.
    pub(super) fn one_of(&mut self, bytes: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        bytes.contains(first).then(|| {
            self.0 = rest;
            *first
        })
    }

    /// Reads this text.
    pub(super) fn text(&mut self, text: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(text.as_bytes())?;
        Some(())
    }

    /// Reads the digits after the decimal point, at least one. Returns microseconds and the number of digits.
    /// Digits after the sixth are ignored.
    pub(super) fn fraction(&mut self) -> Option<(i64, usize)> {
        let number = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at_checked(number).filter(|_| number > 0)?;
        self.0 = rest;
        let six = digits.iter().map(|byte| i64::from(byte - b'0')).chain(std::iter::repeat(0)).take(6);
        Some((six.fold(0, |value, digit| value * 10 + digit), number))
    }

    /// Reads `YYYY-MM-DD`.
    pub(super) fn date(&mut self) -> Option<chrono::NaiveDate> {
        let year = i32::try_from(self.digits(4)?).ok()?;
        self.one_of(b"-")?;
        let month = self.digits(2)?;
        self.one_of(b"-")?;
        chrono::NaiveDate::from_ymd_opt(year, month, self.digits(2)?)
    }

    /// Reads `hh:mm`, up to 23:59. Returns minutes.
    pub(super) fn hours_and_minutes(&mut self) -> Option<i64> {
        let hours = self.digits(2).filter(|hours| *hours < 24)?;
        self.one_of(b":")?;
        let minutes = self.digits(2).filter(|minutes| *minutes < 60)?;
        Some(i64::from(hours * 60 + minutes))
    }
}
