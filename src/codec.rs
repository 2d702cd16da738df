//! Which numbers are in these bytes? Variable-length integers (LEB128), lists of them, and nothing else.
//!
//! The reader trusts nothing: a length is compared with what is left before anything is allocated, an id with its bound.

/// Bytes that are not what a [`Writer`] wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Malformed(pub(crate) &'static str);

impl Malformed {
    /// What was read takes more memory than allowed.
    pub(crate) const LIMIT: Self = Self("it takes more memory than the limit");

    /// Refuses what takes more memory than allowed.
    pub(crate) fn beyond(limit: usize, bytes: usize) -> Result<(), Self> {
        if bytes <= limit { Ok(()) } else { Err(Self::LIMIT) }
    }
}

/// Writes numbers.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// What was written.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    /// A number: one byte below 128, at most five.
    pub(crate) fn number(&mut self, mut number: u32) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    /// The length of what follows, or another index.
    ///
    /// # Panics
    /// If it does not fit 32 bits; tables are bounded far below that.
    pub(crate) fn count(&mut self, count: usize) {
        self.number(u32::try_from(count).expect("invariant: tables hold fewer than 2^32 entries"));
    }

    /// Numbers that ascend strictly, each once, with their count: differences are small.
    pub(crate) fn ascending(&mut self, numbers: &[u32]) {
        self.count(numbers.len());
        let mut least = 0;
        for &number in numbers {
            self.number(number - least);
            least = number + 1;
        }
    }

    /// Bytes as they are, without their count.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// What another writer wrote, with its length: to be read by itself.
    pub(crate) fn section(&mut self, content: Self) {
        self.count(content.bytes.len());
        self.raw(&content.bytes);
    }
}

/// Reads what a [`Writer`] wrote, or says that it did not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader of these bytes.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// A number.
    #[inline]
    pub(crate) fn number(&mut self) -> Result<u32, Malformed> {
        match *self.rest {
            // Most are small.
            [byte, ref rest @ ..] if byte < 0x80 => {
                self.rest = rest;
                Ok(u32::from(byte))
            }
            [low, high, ref rest @ ..] if high < 0x80 => {
                self.rest = rest;
                Ok(u32::from(low & 0x7f) | u32::from(high) << 7)
            }
            _ => self.larger_number(),
        }
    }

    fn larger_number(&mut self) -> Result<u32, Malformed> {
        let mut number = 0;
        for shift in [0, 7, 14, 21, 28] {
            let (&byte, rest) = self.rest.split_first().ok_or(Malformed("it ends too early"))?;
            self.rest = rest;
            let bits = u32::from(byte & 0x7f);
            if shift == 28 && bits > 0xf {
                break;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Malformed("a number is too large"))
    }

    /// An id below a bound.
    #[inline]
    pub(crate) fn below(&mut self, bound: usize) -> Result<u32, Malformed> {
        let number = self.number()?;
        match (number as usize) < bound {
            true => Ok(number),
            false => Err(Malformed("an id is out of range")),
        }
    }

    /// The number of things that follow, each of which takes at least `each` bytes.
    pub(crate) fn count(&mut self, each: usize) -> Result<usize, Malformed> {
        let count = self.number()? as usize;
        match count.checked_mul(each) {
            Some(bytes) if bytes <= self.rest.len() => Ok(count),
            _ => Err(Malformed("a length is larger than the rest")),
        }
    }

    /// Numbers below a bound that ascend strictly.
    pub(crate) fn ascending(&mut self, bound: usize) -> Result<Vec<u32>, Malformed> {
        let mut numbers = Vec::new();
        self.ascending_to(bound, &mut numbers)?;
        Ok(numbers)
    }

    /// As [`Self::ascending`], appended to others.
    pub(crate) fn ascending_to(
        &mut self,
        bound: usize,
        numbers: &mut Vec<u32>,
    ) -> Result<(), Malformed> {
        let count = self.count(1)?;
        numbers.reserve(count);
        let bound = (bound as u64).min(1 << 32);
        let (mut from, mut least) = (*self, 0u64);
        for _ in 0..count {
            let number = least + u64::from(from.number()?);
            if number >= bound {
                return Err(Malformed("an id is out of range"));
            }
            numbers.push(number as u32);
            least = number + 1;
        }
        *self = from;
        Ok(())
    }

    /// So many bytes.
    pub(crate) fn raw(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (bytes, rest) =
            self.rest.split_at_checked(count).ok_or(Malformed("it ends too early"))?;
        self.rest = rest;
        Ok(bytes)
    }

    /// A reader of what was written as a section.
    pub(crate) fn section(&mut self) -> Result<Self, Malformed> {
        let length = self.count(1)?;
        self.raw(length).map(Self::new)
    }

    /// Some things with their count, each of which takes at least `each` bytes.
    pub(crate) fn list<T>(
        &mut self,
        each: usize,
        mut read: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Box<[T]>, Malformed> {
        /// Things that are made room for before they are read.
        const BELIEVED: usize = 1 << 10;
        let count = self.count(each)?;
        let mut list = Vec::with_capacity(count.min(BELIEVED));
        for _ in 0..count {
            list.push(read(self)?);
        }
        Ok(list.into())
    }

    /// Nothing may be left.
    pub(crate) fn end(&self) -> Result<(), Malformed> {
        match self.rest.is_empty() {
            true => Ok(()),
            false => Err(Malformed("something follows its end")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        let mut writer = Writer::default();
        let numbers = [0, 1, 127, 128, 300, 16_383, 16_384, 1 << 28, u32::MAX];
        for number in numbers {
            writer.number(number);
        }
        writer.ascending(&numbers[..8]);
        writer.raw(b"abc");
        let mut whole = Writer::default();
        whole.section(writer);
        whole.number(9);
        let bytes = whole.finish();
        let mut whole = Reader::new(&bytes);
        let mut reader = whole.section().unwrap();
        assert_eq!(whole.number(), Ok(9));
        assert!(Reader::new(&bytes[..9]).section().is_err(), "it ends too early");
        for number in numbers {
            assert_eq!(reader.number(), Ok(number));
        }
        assert_eq!(reader.ascending((1 << 28) + 1).unwrap(), numbers[..8]);
        assert!(reader.end().is_err());
        assert_eq!(reader.raw(3), Ok(&b"abc"[..]));
        assert!(reader.end().is_ok() && reader.number().is_err() && reader.raw(1).is_err());
    }

    #[test]
    fn nothing_is_allocated_for_what_is_not_there() {
        for bytes in [&[0xff; 5][..], &[0xff, 0xff, 0xff, 0xff, 0x1f], &[0x80], &[]] {
            assert!(Reader::new(bytes).number().is_err(), "{bytes:?}");
            assert!(Reader::new(bytes).ascending(usize::MAX).is_err(), "{bytes:?}");
        }
        let billions = [0xff, 0xff, 0xff, 0xff, 0x0f, 1, 2];
        assert!(Reader::new(&billions).count(1).is_err());
        assert!(Reader::new(&billions).ascending(usize::MAX).is_err());
        assert_eq!(Reader::new(&[2, 0, 0]).count(1), Ok(2));
        assert!(Reader::new(&billions).list(1, Reader::number).is_err());
        assert_eq!(Reader::new(&[2, 5, 6]).list(1, Reader::number).as_deref(), Ok(&[5, 6][..]));
        assert!(Reader::new(&[2, 0, 0]).count(2).is_err());
        assert!(Reader::new(&[1, 7]).ascending(7).is_err());
        assert!(Reader::new(&[7]).below(7).is_err());
    }
}
