use super::*;

type Tested = Result<(), Failure>;

/// Reads a file: its rows, each with its line, or the error.
fn read(bytes: &[u8], reading: &Reading, wanted: &[&str]) -> Result<Vec<(u64, Vec<String>)>, Failure> {
    let broken = |error: std::io::Error| Failure::broken(error.to_string());
    let file = tempfile::NamedTempFile::new().map_err(broken)?;
    std::fs::write(file.path(), bytes).map_err(broken)?;
    let mut table = Table::open(file.path(), reading, wanted)?;
    for name in wanted {
        table.column("--text", name)?;
    }
    let (mut rows, mut row) = (Vec::new(), ByteRecord::new());
    while let Some(line) = table.next(&mut row)? {
        rows.push((line, row.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect()));
    }
    Ok(rows)
}

fn plain(bytes: &[u8]) -> Result<Vec<(u64, Vec<String>)>, Failure> {
    read(bytes, &Reading::default(), &["text"])
}

fn refused(bytes: &[u8]) -> String {
    match plain(bytes) {
        Err(failure) => format!("{failure}; {}", failure.help().unwrap_or_default()),
        Ok(rows) => format!("taken: {rows:?}"),
    }
}

#[test]
fn a_quotation_mark_that_is_not_closed_is_refused_with_its_line() {
    let rows = "5,The patient fell,W\n".repeat(20);
    let big = "x".repeat(70_000);
    for (file, expected) in [
        (format!("id,text\n1,A fall\n2,\"A fall\n{rows}"), "never closed: cell 2 of line 3 "),
        (format!("id,text,ward\n1,\"A fall,W\n{rows}"), "never closed: cell 2 of line 2 "),
        (format!("text\r\nA fall\r\n\r\n\"A fall\r\n{}", "More\r\n".repeat(9)), "cell 1 of line 4 "),
        (format!("id,text\n1,\"{big}\n2,{big}\n"), "cell 2 of line 2 "),
        // Two unclosed marks: the second one seems to close the first.
        (
            format!("id,text,ward\n1,\"A fall,W\n{rows}8,\"A fall,W\n{rows}"),
            "cell 2 of line 2 begins with one, and the next",
        ),
        (format!("id,text,ward\n1,\"A fall,W\n{rows}8,A \"fall\",W\n"), "within the text of line 23"),
        ("id,\"text\n1,A fall\n".to_owned(), "cell 2 of line 1 "),
    ] {
        let said = refused(file.as_bytes());
        assert!(said.contains(expected) && said.contains("none was used"), "{expected}: {said}");
    }
}

#[test]
fn quotation_marks_inside_a_text_are_kept() -> Tested {
    let file = "text,ward\n\"Stat\" order was written,A\nThe nurse said \"stop\",B\n\"\"\"Now\"\", he said\",C\n\"a \"\"b\"\" c\" d,D\n";
    let texts: Vec<String> =
        plain(file.as_bytes())?.into_iter().filter_map(|(_, row)| row.into_iter().next()).collect();
    assert_eq!(
        texts,
        ["\"Stat\" order was written", "The nurse said \"stop\"", "\"Now\", he said", "\"a \"\"b\"\" c\" d"]
    );
    Ok(())
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() -> Tested {
    for end in ["\n", "\r\n", "\r"] {
        let file = ["id,text", "1,one", "", "2,\"two", "lines\"", "3,three"].join(end);
        let rows = plain(file.as_bytes())?;
        let lines: Vec<u64> = rows.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [2, 4, 6], "{end:?}");
        assert_eq!(rows.get(1).map(|(_, row)| row.join("|")), Some(format!("2|two{end}lines")));
    }
    Ok(())
}

#[test]
fn encodings_and_separators_of_spreadsheets_are_detected() -> Tested {
    let text = "id;text\r\n1;سقط المريض بجوار السرير ليلا\r\n2;تم إعطاء جرعة خاطئة، ثم أُبلغ الطبيب\r\n";
    let western =
        "id;text\r\n1;Le patient est tombé à côté du lit\r\n2;La dose a été donnée deux fois à l’enfant\r\n";
    let utf16 = |text: &str, mark: bool, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        let mark = mark.then_some(0xFEFF);
        mark.into_iter().chain(text.encode_utf16()).flat_map(bytes).collect()
    };
    let rows = plain(text.as_bytes())?;
    assert_eq!(
        rows.first().and_then(|(_, row)| row.get(1)).map(String::as_str),
        Some("سقط المريض بجوار السرير ليلا")
    );
    let without_marks = text.replace('أ', "ا").replace('ُ', "");
    for (told, bytes) in [
        (text, utf16(text, true, u16::to_le_bytes)),
        (text, utf16(text, true, u16::to_be_bytes)),
        (text, utf16(text, false, u16::to_le_bytes)),
        (text, utf16(text, false, u16::to_be_bytes)),
        (text, [b"\xEF\xBB\xBF", text.as_bytes()].concat()),
        (text, [b"sep=;\r\n", text.as_bytes()].concat()),
        (&without_marks, encoding_rs::WINDOWS_1256.encode(&without_marks).0.into_owned()),
        (western, encoding_rs::WINDOWS_1252.encode(western).0.into_owned()),
    ] {
        let cells = |rows: Vec<(u64, Vec<String>)>| rows.into_iter().map(|(_, row)| row).collect::<Vec<_>>();
        assert_eq!(cells(plain(&bytes)?), cells(plain(told.as_bytes())?), "{bytes:?}");
        let tabs = told.replace(';', "\t");
        assert_eq!(cells(plain(tabs.as_bytes())?), cells(plain(told.as_bytes())?));
    }
    Ok(())
}

#[test]
fn an_ambiguous_encoding_or_separator_is_asked_for() -> Tested {
    let short = encoding_rs::WINDOWS_1256.encode("text\nنص\n").0.into_owned();
    let said = refused(&short);
    assert!(said.contains("--encoding windows-1256"), "{said}");
    let reading = Reading { encoding: Some(encoding_rs::WINDOWS_1256), ..Reading::default() };
    assert_eq!(read(&short, &reading, &["text"])?, [(2, vec!["نص".to_owned()])]);
    let said = refused(b"text,a;text\n1,2;3\n");
    assert!(said.contains("--separator"), "{said}");
    let reading = Reading { separator: Some(b';'), ..Reading::default() };
    assert_eq!(
        read(b"text,a;text\n1,2;3\n", &reading, &["text"])?,
        [(2, vec!["1,2".to_owned(), "3".to_owned()])]
    );
    for (separator, accepted) in
        [(",", true), ("tab", true), ("\\t", true), ("\"", false), ("ab", false), ("،", false)]
    {
        assert_eq!(known_separator(separator).is_ok(), accepted, "{separator}");
    }
    assert!(known_encoding("cp1256").is_ok() && known_encoding("arabic-ish").is_err());
    Ok(())
}

#[test]
fn two_columns_with_the_same_name_need_a_number() -> Tested {
    let file = b"text,ward,text\nold,A,new\n";
    let said = refused(file);
    for expected in
        ["2 columns `text`, at the places 1, 3", "`--text text#1` (place 1)", "`--text text#2` (place 3)"]
    {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    let header = ByteRecord::from(vec!["text", "ward", "text", "odd#2"]);
    for (name, place) in [
        ("text#1", vec![0]),
        ("text#2", vec![2]),
        ("ward#1", vec![1]),
        ("odd#2", vec![3]),
        ("text#3", vec![]),
        ("text#0", vec![]),
    ] {
        assert_eq!(places(&header, name), place, "{name}");
    }
    Ok(())
}

#[test]
fn one_damaged_row_does_not_change_the_detected_encoding() -> Tested {
    let mut file = "text\nسقط المريض بجوار السرير\n".as_bytes().to_vec();
    file.extend(b"not \xFF\xFE a text\n");
    let rows = plain(&file)?;
    assert_eq!(rows.first().map(|(_, row)| row.concat()), Some("سقط المريض بجوار السرير".to_owned()));
    Ok(())
}

#[test]
fn rows_between_two_stray_marks_are_rejected() -> Tested {
    let swallows = |file: &str| -> Result<Vec<bool>, Failure> {
        let broken = |error: std::io::Error| Failure::broken(error.to_string());
        let written = tempfile::NamedTempFile::new().map_err(broken)?;
        std::fs::write(written.path(), file).map_err(broken)?;
        let mut table = Table::open(written.path(), &Reading::default(), &["text"])?;
        let (mut row, mut swallows) = (ByteRecord::new(), Vec::new());
        while table.next(&mut row)?.is_some() {
            swallows.push(table.wrong_with(&row).is_some());
        }
        Ok(swallows)
    };
    for (file, expected) in [
        (
            "id,text,ward\n1,ok,A\n2,\"A fall,A\n3,A fall,B\n4,Needle 5\",C\n5,ok,D\n",
            vec![false, true, false],
        ),
        ("id,text\r\nW-1,\"A fall\r\nW-2,A fall\r\nW-13,A fall\"\r\n", vec![true]),
        (
            "id,text\n1,\"He fell.\nBP 120, pulse 80\"\n2,\"List:\n1. bed, left\n2. door\"\n",
            vec![false, false],
        ),
        ("text,ward\n\"He fell, again.\nNo harm\",A\n", vec![false]),
    ] {
        assert_eq!(swallows(file)?, expected, "{file}");
    }
    Ok(())
}

/// Marks that are part of the text count as in the file. In a quoted cell two marks count as one.
#[test]
fn the_length_limit_of_a_cell_is_the_same_with_and_without_marks() -> Tested {
    let most = cells::LONGEST;
    let longest =
        |file: String| Ok::<_, Failure>(plain(file.as_bytes())?.first().map(|(_, row)| row[0].len()));
    for whole in [
        "x".repeat(most),
        format!("\"{}\"", "\"\"".repeat(most)),
        format!("\"{}\"x", "\"\"".repeat((most - 3) / 2)),
    ] {
        assert!(longest(format!("text\n{whole}\n"))?.is_some_and(|bytes| (most - 1..=most).contains(&bytes)));
    }
    for longer in [
        "x".repeat(most + 1),
        format!("\"{}x\"", "\"\"".repeat(most)),
        format!("\"{}\"x", "\"\"".repeat(most / 2)),
        format!("\"{}\"{}", "\"\"".repeat(most - 1), "x".repeat(most)),
    ] {
        let said = refused(format!("text\n{longer}\n").as_bytes());
        assert!(!said.starts_with("taken"), "{}", said.len());
    }
    Ok(())
}
