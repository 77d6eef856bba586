use awarding_domain::MAX_ROWS;
use csv::{ReaderBuilder, StringRecord};
use kernel::Class;
use runtime::Refusal;

use crate::{
    terms::{Typed, TypedEvidence},
    trouble::{Outcome, Trouble},
};

/// The rows of a CSV whose frame is sound: UTF-8, a header that is understood, within the limits.
/// What is wrong within a row is that row's affair.
pub(crate) struct CsvFile {
    columns: [Option<usize>; COLUMNS.len()],
    width: usize,
    /// Each with the line it begins in.
    rows: Vec<(u32, StringRecord)>,
}

/// One row, well formed or not.
pub(crate) struct CsvRow<'a> {
    /// The line of the file, the header being line 1.
    pub(crate) line: u32,
    /// Its cells; none when it has more or fewer than the header.
    pub(crate) cells: Option<Cells<'a>>,
}

/// The cells of a row by their columns; missing columns are empty.
#[derive(Clone, Copy)]
pub(crate) struct Cells<'a> {
    pub(crate) typed: Typed<'a>,
    pub(crate) evidence_url: &'a str,
}

const COLUMNS: [&str; 6] =
    ["email", "name", "achieved_at", "expires_at", "narrative", "evidence_url"];
/// Bytes of a file.
const MAX_BYTES: usize = 8 << 20;

impl CsvFile {
    /// Checks the frame. Refusals name places, never what stands there: a file without a header
    /// has a person in its first line.
    pub(crate) fn parse(bytes: &[u8]) -> Outcome<Self> {
        if bytes.len() > MAX_BYTES {
            return Err(refuse("CSV_TOO_LARGE", "a file has at most 8 MiB: send it in parts"));
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let line =
                1 + bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').skip(1).count();
            malformed(&format!("line {line} is not UTF-8: save the file as UTF-8"))
        })?;
        let delimiter = delimiter(text);
        if let Some(line) = open_quote(text, delimiter) {
            let message =
                format!("the quotation mark that opens in line {line} never closes: close it");
            return Err(malformed(&message));
        }
        let mut reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .has_headers(false)
            .from_reader(text.as_bytes());
        let mut records = reader.records();
        let Some(Ok(header)) = records.next() else {
            return Err(malformed("the file is empty: the first line names the columns"));
        };
        let columns = columns(&header)?;
        let mut rows = Vec::new();
        let mut lines = Lines { text, at: 0, line: 1 };
        for record in records {
            if rows.len() >= MAX_ROWS as usize {
                let message = "a file has at most 20000 rows: send it in parts";
                return Err(refuse("CSV_TOO_LARGE", message));
            }
            let record = record.map_err(|_| malformed("the file cannot be read as CSV"))?;
            let start = record.position().map_or(0, csv::Position::byte);
            rows.push((lines.of(usize::try_from(start).unwrap_or(usize::MAX)), record));
        }
        if rows.is_empty() {
            return Err(malformed("there is no row below the header: add one for each person"));
        }
        Ok(Self { columns, width: header.len(), rows })
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.rows.len()).unwrap_or(MAX_ROWS)
    }

    /// That row, counted from zero.
    pub(crate) fn row(&self, number: usize, notify: bool) -> Option<CsvRow<'_>> {
        let (line, record) = self.rows.get(number)?;
        let cell = |column: usize| self.columns[column].and_then(|at| record.get(at)).unwrap_or("");
        let cells = (record.len() == self.width).then(|| Cells {
            typed: Typed {
                email: cell(0),
                name: cell(1),
                achieved_at: cell(2),
                expires_at: cell(3),
                narrative: cell(4),
                notify,
            },
            evidence_url: cell(5),
        });
        Some(CsvRow { line: *line, cells })
    }
}

/// Counts lines up to where rows begin, going forward only.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: u32,
}

impl Lines<'_> {
    /// The line of the row whose text begins there, after the ends of lines before it.
    fn of(&mut self, start: usize) -> u32 {
        while let Some(byte) = self.text.as_bytes().get(self.at) {
            let end_of_line = matches!(byte, b'\r' | b'\n');
            if self.at >= start && !end_of_line {
                break;
            }
            self.line += u32::from(*byte == b'\n');
            self.at += 1;
        }
        self.line
    }
}

impl<'a> Cells<'a> {
    /// The evidence of the row, if it has one.
    pub(crate) fn evidence(&self) -> Option<TypedEvidence<'a>> {
        let url = self.evidence_url;
        (!url.trim().is_empty()).then_some(TypedEvidence { url, ..TypedEvidence::default() })
    }
}

/// A semicolon when the header has more of them than commas.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().find(|line| !line.is_empty()).unwrap_or_default();
    let count = |wanted: char| header.matches(wanted).count();
    if count(';') > count(',') { b';' } else { b',' }
}

/// The line of a quotation mark that opens a cell and never closes: the reader would take the rest
/// of the file for one cell.
fn open_quote(text: &str, delimiter: u8) -> Option<usize> {
    let (mut line, mut opened, mut at_start, mut closed) = (1, None, true, None);
    for byte in text.bytes() {
        let starts = std::mem::replace(&mut at_start, false);
        // A second mark right after a closing one stands for the mark itself: the cell goes on.
        let reopens = closed.take();
        match (byte, opened) {
            (b'"', Some(_)) => closed = opened.take(),
            (b'"', None) if starts => opened = Some(line),
            (b'"', None) => opened = reopens,
            (byte, None) => at_start = matches!(byte, b'\n' | b'\r') || byte == delimiter,
            _ => {}
        }
        if byte == b'\n' {
            line += 1;
        }
    }
    opened
}

fn columns(header: &StringRecord) -> Outcome<[Option<usize>; COLUMNS.len()]> {
    let mut columns = [None; COLUMNS.len()];
    for (at, name) in header.iter().enumerate() {
        let known = COLUMNS.iter().position(|known| name.trim().eq_ignore_ascii_case(known));
        let Some(column) = known else {
            let message =
                format!("column {} has no known name: use {}", at + 1, COLUMNS.join(", "));
            return Err(refuse("CSV_COLUMN_UNKNOWN", &message));
        };
        if columns[column].replace(at).is_some() {
            let message = format!("there are two columns {}: keep one", COLUMNS[column]);
            return Err(malformed(&message));
        }
    }
    if columns[0].is_none() {
        let message = "the column email is missing: add it to the first line";
        return Err(refuse("CSV_COLUMN_MISSING", message));
    }
    Ok(columns)
}

fn malformed(message: &str) -> Trouble {
    refuse("CSV_MALFORMED", message)
}

fn refuse(code: &str, message: &str) -> Trouble {
    Trouble::Refused(Class::Invalid, Refusal::new(code, message).at("/csv"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(bytes: &[u8]) -> String {
        match CsvFile::parse(bytes) {
            Err(Trouble::Refused(_, refusal)) => refusal.code,
            _ => panic!("it was accepted"),
        }
    }

    fn cells(text: &str) -> Vec<(u32, Option<(String, String)>)> {
        let file = CsvFile::parse(text.as_bytes()).unwrap_or_else(|_| panic!("sound"));
        (0..file.len() as usize)
            .filter_map(|number| file.row(number, false))
            .map(|row| {
                let cells = row.cells.map(|c| (c.typed.email.to_owned(), c.typed.name.to_owned()));
                (row.line, cells)
            })
            .collect()
    }

    #[test]
    fn a_byte_order_mark_semicolons_and_capitals_make_no_difference() {
        let one = |email: &str, name: &str| Some((email.to_owned(), name.to_owned()));
        let expected = vec![(2, one("a@x.org", "A, B")), (3, one("c@x.org", ""))];
        assert_eq!(cells("email,name\na@x.org,\"A, B\"\nc@x.org,\n"), expected);
        assert_eq!(cells("\u{feff}Name;EMAIL\r\nA, B;a@x.org\r\n;c@x.org"), expected);
    }

    #[test]
    fn lines_are_those_of_the_file() {
        let text = "email,name\na@x.org,\"two\nlines\"\n\nb@x.org,B\nc@x.org\n";
        let lines: Vec<(u32, bool)> =
            cells(text).into_iter().map(|(line, cells)| (line, cells.is_some())).collect();
        assert_eq!(lines, [(2, true), (5, true), (6, false)]);
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        for (bytes, expected) in [
            (&b""[..], "CSV_MALFORMED"),
            (b"email\n", "CSV_MALFORMED"),
            (b"email,email\na@x.org,b\n", "CSV_MALFORMED"),
            (b"email\n\"a@x.org\nb@x.org\n", "CSV_MALFORMED"),
            (b"email\n\xff\xfe\n", "CSV_MALFORMED"),
            (b"name\nAda\n", "CSV_COLUMN_MISSING"),
            (b"email,grade\na@x.org,1\n", "CSV_COLUMN_UNKNOWN"),
        ] {
            assert_eq!(code(bytes), expected, "{bytes:?}");
        }
        let many = format!("email\n{}", "a@x.org\n".repeat(20_001));
        assert_eq!(code(many.as_bytes()), "CSV_TOO_LARGE");
        assert_eq!(code(&vec![b'x'; MAX_BYTES + 1]), "CSV_TOO_LARGE");
    }

    #[test]
    fn a_refusal_repeats_nothing_of_the_file() {
        let Err(Trouble::Refused(_, refusal)) = CsvFile::parse(b"ada@example.org,Ada\nx,y\n")
        else {
            panic!("there is no header");
        };
        assert!(!format!("{refusal:?}").contains("ada"));
    }

    proptest! {
        #[test]
        fn no_file_panics(bytes: Vec<u8>) {
            let _ = CsvFile::parse(&bytes);
        }

        #[test]
        fn cells_read_back_as_written(rows in prop::collection::vec(("[a-z\" ,;\n]{1,8}", "[a-z\",;\n]{0,8}"), 1..20)) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(["email", "name"]).expect("memory");
            for (email, name) in &rows {
                writer.write_record([email, name]).expect("memory");
            }
            let text = String::from_utf8(writer.into_inner().expect("memory")).expect("utf-8");
            let read: Vec<_> = cells(&text).into_iter().filter_map(|(_, cells)| cells).collect();
            prop_assert_eq!(read, rows);
        }
    }
}
