//! SQLite databases of the host as text.
//!
//! In: the path of a database and the names of tables. Out: one line for each row, `table<TAB>id=1<TAB>column=value...`, the
//! oldest first. SQLite never opens a file: the bytes come through the host's own opening, with a cap, into memory, where they
//! are read-only; so no lock is taken, no journal is made, and a write-ahead log beside the file is left alone. What is in
//! the file was written by others: its views, triggers and functions are never run, and work and sizes are bounded.

use std::{
    fmt::Write as _,
    io::{self, Read, Write},
    path::Path,
};

use rusqlite::{Connection, Row, config::DbConfig, limits::Limit, types::ValueRef};

use crate::host::Host;

/// Bytes of a database that are read.
const MOST: u64 = 32 << 20;
/// Rows of a table that are told, the newest.
const ROWS: u32 = 10_000;
/// Bytes of one value that are told, and of a binary one before it is written as hexadecimal digits.
const VALUE: usize = 4096;
const BINARY: usize = 256;
/// Steps of SQLite's machine between two looks at the bound, and how many looks: some seconds of work.
const STEPS: i32 = 10_000;
const LOOKS: u32 = 20_000;
/// Bytes of the header, and where it says that a write-ahead log is used (sqlite.org/fileformat).
const HEADER: usize = 100;
const VERSIONS: std::ops::Range<usize> = 18..20;

/// Writes the rows of those of the tables that are there.
pub(super) fn tables(host: &Host, path: &str, tables: &[&str], out: &mut dyn Write) -> io::Result<()> {
    let database = open(host, path)?;
    let failed = |error: rusqlite::Error| io::Error::other(format!("{path}: {error}"));
    let mut there = Vec::new();
    for table in tables {
        // A view or a virtual table of that name is none: it would run what somebody else wrote.
        let known = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1 AND sql LIKE 'CREATE TABLE%'";
        if database.query_row(known, [table], |row| row.get::<_, i64>(0)).map_err(failed)? == 1 {
            there.push(*table);
        }
    }
    for table in there {
        // `table` is a constant of the catalogue.
        let first = format!("SELECT rowid FROM \"{table}\" ORDER BY rowid DESC LIMIT 1 OFFSET {}", ROWS - 1);
        let first = match database.query_row(&first, [], |row| row.get::<_, i64>(0)) {
            Err(rusqlite::Error::QueryReturnedNoRows) => i64::MIN,
            first => first.map_err(failed)?,
        };
        let sql = format!("SELECT rowid, * FROM \"{table}\" WHERE rowid >= ?1 ORDER BY rowid");
        let mut query = database.prepare(&sql).map_err(failed)?;
        let columns: Vec<String> = query.column_names().iter().map(|name| plain(name.as_bytes())).collect();
        let mut rows = query.query([first]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let line = line(table, &columns, row).map_err(failed)?;
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

/// The database as a copy in memory.
fn open(host: &Host, path: &str) -> io::Result<Connection> {
    let mut file = host.open(Path::new(path))?;
    if file.size > MOST {
        return Err(io::Error::other(format!("{path}: {} bytes, more than the {MOST} that are read", file.size)));
    }
    let size = file.size as usize;
    let mut header = [0; HEADER];
    if size < HEADER {
        return Err(io::Error::other(format!("{path}: too short for a database")));
    }
    file.read_exact(&mut header)?;
    // A database that uses a write-ahead log cannot be opened without one; without it, it is what it was at the last
    // checkpoint.
    if header[VERSIONS] == [2, 2] {
        header[VERSIONS].copy_from_slice(&[1, 1]);
    }
    let bytes = header.as_slice().chain(file);
    load(bytes, size).map_err(|error| io::Error::other(format!("{path}: {error}")))
}

fn load(bytes: impl Read, size: usize) -> rusqlite::Result<Connection> {
    let mut database = Connection::open_in_memory()?;
    database.deserialize_read_exact("main", bytes, size, true)?;
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    for (limit, most) in [
        (Limit::SQLITE_LIMIT_LENGTH, 1 << 20),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, 1 << 16),
        (Limit::SQLITE_LIMIT_COLUMN, 200),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 20),
        (Limit::SQLITE_LIMIT_VDBE_OP, 25_000),
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
    ] {
        database.set_limit(limit, most)?;
    }
    let mut looks = 0;
    let bound = move || {
        looks += 1;
        looks > LOOKS
    };
    database.progress_handler(STEPS, Some(bound))?;
    // Nothing is ever put into a file beside.
    database.pragma_update(None, "temp_store", "MEMORY")?;
    database.pragma_update(None, "query_only", true)?;
    database.pragma_update(None, "cell_size_check", true)?;
    Ok(database)
}

/// One row. Empty values and what a column of the row's id repeats are left out.
fn line(table: &str, columns: &[String], row: &Row<'_>) -> rusqlite::Result<String> {
    let mut line = format!("{table}\tid={}", row.get::<_, i64>(0)?);
    for (at, name) in columns.iter().enumerate().skip(1).filter(|(_, name)| *name != "id") {
        let value = match row.get_ref(at)? {
            ValueRef::Null => continue,
            ValueRef::Integer(number) => number.to_string(),
            ValueRef::Real(number) => number.to_string(),
            ValueRef::Text(text) => plain(text),
            ValueRef::Blob(bytes) => hex(bytes),
        };
        line.extend(["\t", name, "=", &value]);
    }
    Ok(line)
}

/// Text on one line.
fn plain(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(&text[..text.len().min(VALUE)]);
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes.iter().take(BINARY) {
        // Writing to a string cannot fail.
        if write!(text, "{byte:02x}").is_err() {
            break;
        }
    }
    if bytes.len() > BINARY { text + "..." } else { text }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the tests make their own files")]
mod tests {
    use std::{fs, path::PathBuf};

    use super::*;

    /// A root with one database, made by the statements.
    fn root(name: &str, statements: &str) -> (PathBuf, Host) {
        let root = std::env::temp_dir().join(format!("oediag-database-{name}-{}", std::process::id()));
        fs::create_dir_all(&root).expect("a folder for the test");
        let database = root.join("a.db");
        if database.exists() {
            fs::remove_file(&database).expect("an old database can be removed");
        }
        Connection::open(&database).expect("a database").execute_batch(statements).expect("the statements are right");
        let host = Host::at(&root, None).expect("a root");
        (root, host)
    }

    fn read(host: &Host, names: &[&str]) -> io::Result<String> {
        let mut out = Vec::new();
        tables(host, "/a.db", names, &mut out)?;
        Ok(String::from_utf8(out).expect("our own text"))
    }

    #[test]
    fn rows_are_lines_whatever_is_in_them() {
        let statements = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b BLOB, c REAL, d);\n\
                          INSERT INTO t VALUES (1, 'x\ty\nz', x'00ff', 1.5, NULL), (7, '\u{6c49}', zeroblob(300), 2, -3);\n\
                          CREATE TABLE u (id INTEGER PRIMARY KEY);";
        let (root, host) = root("rows", statements);
        let zeros = "00".repeat(256);
        let expected = format!("t\tid=1\ta=x?y?z\tb=00ff\tc=1.5\nt\tid=7\ta=\u{6c49}\tb={zeros}...\tc=2\td=-3\n");
        assert_eq!(read(&host, &["t", "u", "not_there"]).expect("a sound database"), expected);
        let mut left: Vec<_> = fs::read_dir(&root).expect("the root").map(|entry| entry.expect("an entry").file_name()).collect();
        left.sort();
        assert_eq!(left, ["a.db"], "nothing was made beside the database");
    }

    #[test]
    fn only_the_newest_rows_of_a_large_table_are_told() {
        let statements = "CREATE TABLE t (id INTEGER PRIMARY KEY, a);\n\
                          WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10050)\n\
                          INSERT INTO t SELECT i, i FROM n;";
        let (_, host) = root("many", statements);
        let text = read(&host, &["t"]).expect("a sound database");
        assert_eq!(text.lines().count(), ROWS as usize);
        assert!(text.starts_with("t\tid=51\ta=51\n") && text.ends_with("t\tid=10050\ta=10050\n"));
    }

    #[test]
    fn a_database_with_a_log_beside_it_is_read_without_it_and_left_alone() {
        let (root, host) =
            root("wal", "PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER PRIMARY KEY, a); INSERT INTO t VALUES (1, 2);");
        let before = fs::read(root.join("a.db")).expect("the database");
        assert_eq!(before[VERSIONS], [2, 2]);
        assert_eq!(read(&host, &["t"]).expect("a sound database"), "t\tid=1\ta=2\n");
        assert_eq!(fs::read(root.join("a.db")).expect("the database"), before);
    }

    #[test]
    fn what_others_wrote_into_the_schema_is_not_run() {
        let statements = "CREATE VIEW t AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n;\n\
                          CREATE TABLE u (id INTEGER PRIMARY KEY, a);\n\
                          CREATE TABLE v (a TEXT PRIMARY KEY) WITHOUT ROWID;";
        let (_, host) = root("hostile", statements);
        assert_eq!(read(&host, &["t", "u"]).expect("views are passed over"), "");
        assert!(read(&host, &["v"]).is_err());
    }

    #[test]
    fn a_broken_database_is_an_error_with_its_path() {
        let rows = "CREATE TABLE t (id INTEGER PRIMARY KEY, a); INSERT INTO t VALUES (1, zeroblob(20000));";
        let (root, host) = root("broken", rows);
        let path = root.join("a.db");
        let sound = fs::read(&path).expect("the database");
        let mut torn = sound.clone();
        torn[4096..].fill(0xa5);
        for (bytes, why) in
            [(&b"not a database at all"[..], "too short"), (&[7; 5000][..], "not a database"), (&torn, ""), (&sound[..5000], "")]
        {
            fs::write(&path, bytes).expect("the test's own file");
            let error = read(&host, &["t"]).expect_err("it is broken").to_string();
            assert!(error.contains("a.db") && error.contains(why), "{error}");
        }
        fs::remove_file(&path).expect("the test's own file");
        assert_eq!(read(&host, &["t"]).expect_err("it is not there").kind(), io::ErrorKind::NotFound);
    }
}
