//! Archives outside the profile: refused, whoever signed them (T63, T64).

use std::io::{self, Cursor, Read};

use oediag_protocol::{
    bundle::{
        gzip::{Caps, GzipError, MEMBER_HEADER, Members},
        name::BundleName,
        reader::{ReadError, Reader},
        ustar,
        verify::CheckName,
    },
    id::HostId,
    time::Time,
};

use crate::{
    bundle::{failed, inner, read_all},
    common::{archive, bundle_name, end, gzip, gzip_with, header, packed, some_files, start},
};

fn refused(bundle: &[u8]) -> ReadError {
    assert!(failed(&inner(bundle)).contains(&CheckName::Profile));
    read_all(bundle).expect_err("outside the profile")
}

/// A bundle of one member with this header, content and nothing else wrong.
fn with_header(header: &[u8; 512]) -> Vec<u8> {
    [packed(header, b"x"), end()].concat()
}

/// A good header that was edited and got a fresh check sum, as an attacker would.
fn edited(edit: impl FnOnce(&mut [u8; 512])) -> [u8; 512] {
    let mut block = header("etc/x", b"x");
    edit(&mut block);
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:07o}\0").as_bytes());
    block
}

/// T64: everything that is tar but not our tar.
#[test]
fn headers_outside_the_profile_are_refused() {
    assert!(read_all(&with_header(&edited(|_| {}))).is_ok(), "the editing itself is right");
    // Types: links, devices, folders, FIFO, contiguous, PAX, GNU long name and link, sparse, old regular.
    for kind in b"1234567xgLKSVM\0" {
        let found = refused(&with_header(&edited(|block| block[156] = *kind)));
        assert!(matches!(found, ReadError::Header { .. }), "{kind}: {found}");
    }
    let edits: &[fn(&mut [u8; 512])] = &[
        |block| block[106] = b'7',                             // mode
        |block| block[114] = b'1',                             // uid
        |block| block[122] = b'1',                             // gid
        |block| block[124] = 0x80,                             // size in base 256
        |block| block[124] = b' ',                             // size with a blank
        |block| block[135] = b' ',                             // size ended by a blank
        |block| block[136] = b'-',                             // time
        |block| block[157] = b'a',                             // link name
        |block| block[257..265].copy_from_slice(b"ustar  \0"), // GNU magic
        |block| block[263] = b'1',                             // version
        |block| block[265..269].copy_from_slice(b"root"),      // owner's name
        |block| block[297..301].copy_from_slice(b"root"),      // group's name
        |block| block[329] = b'0',                             // device
        |block| block[345] = b'a',                             // prefix that is not needed
        |block| block[511] = 1,                                // the unused end
        |block| block[99] = b'a',                              // behind the end of the name
    ];
    for (at, edit) in edits.iter().enumerate() {
        let found = refused(&with_header(&edited(edit)));
        assert!(matches!(found, ReadError::Header { .. }), "{at}: {found}");
    }
    let mut block = header("etc/x", b"x");
    block[148] ^= 1;
    assert!(matches!(refused(&with_header(&block)), ReadError::Header { .. }));
}

#[test]
fn names_outside_the_profile_are_refused() {
    let top = bundle_name().to_string();
    let rename = |name: &str| {
        edited(|block| {
            block[..100].fill(0);
            block[..name.len()].copy_from_slice(name.as_bytes());
        })
    };
    assert!(read_all(&with_header(&rename(&format!("{top}/etc/y")))).is_ok(), "the renaming itself is right");
    let inside = [
        "",
        "/",
        "etc/",
        "/etc/x",
        "etc//x",
        ".",
        "..",
        "./x",
        "etc/../x",
        "../x",
        "etc/.",
        "-rf",
        "etc/-rf",
        "a b",
        "a\\b",
        "a\nb",
        "a\x1bb",
        "a\u{202e}b",
        "a'b",
        "a$b",
        "a*b",
        "a%b",
        "a%2",
        "a%2f",
        "a%zz",
        "C:\\x",
        "é",
    ];
    let outside = ["etc/x", "/etc/x", "../x", "oediag-x/etc/x", "README.txt", ""];
    let upper = top.to_uppercase();
    let names = inside.iter().map(|name| format!("{top}/{name}")).chain(outside.iter().map(|name| (*name).to_owned()));
    for name in names.chain([top.clone(), format!("{upper}/etc/x"), format!("./{top}/x"), format!("{top}x/x")]) {
        let found = refused(&with_header(&rename(&name)));
        assert!(matches!(found, ReadError::Header { .. }), "{name:?}: {found}");
        let text = format!("{:?}", inner(&with_header(&rename(&name))).checks);
        assert!(!text.contains('\x1b') && !text.contains('\u{202e}'), "{text}");
    }
}

#[test]
fn members_of_two_bundles_do_not_mix() {
    let other = BundleName::new(HostId([1; 16]), start().started, start().bundle_id);
    let foreign = ustar::header(&format!("{other}/etc/y"), 1, start().started).expect("good");
    let found = refused(&[packed(&header("etc/x", b"x"), b"x"), packed(&foreign, b"x"), end()].concat());
    assert!(matches!(found, ReadError::Foreign { .. }), "{found}");
    let late = ustar::header(&format!("{}/etc/y", bundle_name()), 1, Time(start().started.0 + 1)).expect("good");
    let found = refused(&[packed(&header("etc/x", b"x"), b"x"), packed(&late, b"x"), end()].concat());
    assert!(matches!(found, ReadError::Foreign { .. }), "{found}");
}

#[test]
fn a_name_may_not_come_twice_or_be_a_folder_too() {
    let member = |path: &str| packed(&header(path, b"x"), b"x");
    for (one, two) in [("etc/x", "etc/x"), ("etc/x", "etc/x/y"), ("etc/x/y/z", "etc/x")] {
        let found = refused(&[member(one), member(two), end()].concat());
        assert!(matches!(found, ReadError::Duplicate { .. }), "{found}");
    }
    assert!(read_all(&[member("etc/x"), member("etc/x.d/y"), member("etc/X"), end()].concat()).is_ok());
}

#[test]
fn padding_end_and_boundaries_are_strict() {
    let good = packed(&header("etc/x", b"x"), b"x");
    assert!(read_all(&[good.clone(), end()].concat()).is_ok());
    let mut tar = header("etc/x", b"x").to_vec();
    tar.extend(b"x");
    tar.resize(1024, 0);

    let mut dirty = tar.clone();
    dirty[1023] = 1;
    assert!(matches!(refused(&[gzip(&dirty), end()].concat()), ReadError::Boundary { .. }));
    let two = [tar.clone(), header("etc/y", b"").to_vec()].concat();
    assert!(matches!(refused(&[gzip(&two), end()].concat()), ReadError::Boundary { .. }));
    assert!(matches!(refused(&gzip(&[&tar[..], &ustar::END].concat())), ReadError::Boundary { .. }));
    assert!(matches!(refused(&[gzip(&tar[..300]), gzip(&tar[300..]), end()].concat()), ReadError::Header { .. }));

    assert!(matches!(refused(&good), ReadError::NoEnd));
    assert!(matches!(refused(&gzip(&tar[..600])), ReadError::NoEnd));
    assert!(matches!(refused(b""), ReadError::NoEnd));
    assert!(matches!(refused(&end()), ReadError::NoEnd));
    assert!(matches!(refused(&[good.clone(), gzip(&[0; 512])].concat()), ReadError::Header { .. }));
    assert!(matches!(refused(&[good.clone(), gzip(&[0; 1536])].concat()), ReadError::Header { .. }));
    assert!(matches!(refused(&[good.clone(), end(), end()].concat()), ReadError::AfterEnd { .. }));
    assert!(matches!(refused(&[good.clone(), end(), good.clone()].concat()), ReadError::AfterEnd { .. }));
    assert!(matches!(refused(&[good.clone(), end(), vec![0; 100]].concat()), ReadError::Gzip(_)));
    assert!(matches!(refused(&[good, end(), b"junk".to_vec()].concat()), ReadError::Gzip(_)));
}

#[test]
fn gzip_members_outside_the_profile_are_refused() {
    let mut tar = header("etc/x", b"x").to_vec();
    tar.extend(b"x");
    tar.resize(1024, 0);
    let bundle = |header: [u8; 10]| [gzip_with(header, &tar), end()].concat();
    assert!(read_all(&bundle(MEMBER_HEADER)).is_ok());
    for (at, values) in [
        (0, &[0x1e][..]),
        (1, &[0x8c]),
        (2, &[0, 7, 9]),
        (3, &[1, 2, 4, 8, 16, 32, 128]),
        (4, &[1]),
        (7, &[1]),
        (8, &[1, 3, 255]),
        (9, &[0, 3]),
    ] {
        for value in values {
            let mut header = MEMBER_HEADER;
            header[at] = *value;
            assert!(matches!(refused(&bundle(header)), ReadError::Gzip(_)), "{at} {value}");
        }
    }
    for xfl in [0, 2, 4] {
        let mut header = MEMBER_HEADER;
        header[8] = xfl;
        assert!(read_all(&bundle(header)).is_ok());
    }
    // Check sum and length.
    let good = gzip(&tar);
    for back in 1..=8 {
        let mut bad = good.clone();
        let at = bad.len() - back;
        bad[at] ^= 1;
        assert!(matches!(refused(&[bad, end()].concat()), ReadError::Gzip(_)), "{back}");
    }
    assert!(matches!(refused(&[gzip(b""), good.clone(), end()].concat()), ReadError::Gzip(_)));
    assert!(matches!(refused(&[good, gzip(b""), end()].concat()), ReadError::Gzip(_)));
}

/// T63: bombs end at the caps.
#[test]
fn bombs_are_stopped() {
    let zeros = vec![0; (2 << 20) + 1];
    let big = |content: &[u8]| [&header("etc/x", content)[..], content].concat();
    let found = refused(&[gzip(&big(&zeros)), end()].concat());
    assert!(found.to_string().contains("2097152"), "{found}");
    // Exactly as much as a member may hold is fine.
    let tar = big(&zeros[..(2 << 20) - 512]);
    assert!(read_all(&[gzip(&tar), end()].concat()).is_ok());
    // 4 GiB is the most of one member: the header is refused before anything is inflated.
    let huge = edited(|block| block[124..135].copy_from_slice(b"77777777777"));
    assert!(matches!(refused(&with_header(&huge)), ReadError::Header { .. }));
}

#[test]
fn caps_on_all_gzip_members_together_hold() {
    let stream = [gzip(b"first"), gzip(b"second"), gzip(b"third")].concat();
    let count = |caps: Caps| {
        let mut members = Members::new(&stream[..], 0, caps);
        let mut count = 0;
        loop {
            match members.advance() {
                Ok(Some(_)) => count += 1,
                Ok(None) => return Ok(count),
                Err(GzipError::Cap { cap, .. }) => return Err((count, cap)),
                Err(error) => panic!("{error}"),
            }
        }
    };
    let packed = stream.len() as u64;
    assert_eq!(count(Caps { packed, inflated: 16 }), Ok(3));
    assert_eq!(count(Caps { packed, inflated: 15 }), Err((2, 15)));
    assert_eq!(count(Caps { packed, inflated: 4 }), Err((0, 4)));
    assert_eq!(count(Caps { packed: packed - 10, inflated: 16 }), Err((2, packed - 10)));
    assert_eq!(count(Caps { packed: 12, inflated: 16 }), Err((0, 12)));
}

#[test]
fn too_many_members_are_refused() {
    let mut bundle = Vec::new();
    for number in 0..50_001 {
        bundle.extend(gzip(&header(&format!("etc/{number}"), b"")));
    }
    bundle.extend(end());
    let mut reader = Reader::new(&bundle[..]);
    let mut count = 0;
    let error = loop {
        match reader.next_entry() {
            Ok(entry) => count += usize::from(entry.is_some()),
            Err(error) => break error,
        }
    };
    assert_eq!(count, 50_000);
    assert!(matches!(error, ReadError::TooMany), "{error}");
}

#[test]
fn nothing_is_read_after_an_error() {
    let good = packed(&header("etc/x", b"x"), b"x");
    let mut broken = gzip(&[&header("etc/y", b"secret")[..], b"secret"].concat());
    let at = broken.len() - 8;
    broken[at] ^= 1;
    let mut reader = Reader::new(Cursor::new([good.clone(), broken, good.clone(), end()].concat()));
    assert!(reader.next_entry().is_ok());
    for _ in 0..5 {
        assert!(reader.next_entry().is_err());
        assert_eq!(reader.content(&mut [0; 100]).ok(), Some(0));
    }
    let mut twice = Reader::new(Cursor::new([good.clone(), good.clone(), good, end()].concat()));
    assert!(twice.next_entry().is_ok());
    for _ in 0..5 {
        assert!(twice.next_entry().is_err());
        assert!(twice.content(&mut [0; 100]).is_err());
    }
}

#[test]
fn a_failing_disk_is_told_as_such() {
    struct Failing(usize);
    impl Read for Failing {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let bundle = archive(&some_files());
            if self.0 >= bundle.len() / 2 {
                return Err(io::Error::from_raw_os_error(5));
            }
            let count = buf.len().min(100).min(bundle.len() / 2 - self.0);
            buf[..count].copy_from_slice(&bundle[self.0..self.0 + count]);
            self.0 += count;
            Ok(count)
        }
    }
    let mut reader = Reader::new(Failing(0));
    let error = loop {
        if let Err(error) = reader.next_entry() {
            break io::Error::from(error);
        }
    };
    assert_eq!(error.raw_os_error(), Some(5));
}
