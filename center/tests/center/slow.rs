//! Clients that take their time: they hold a connection, not the center.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use crate::common::Center;

#[test]
fn half_a_head_ends_with_its_connection_and_too_much_of_one_is_refused() {
    let center = Center::start("slow");
    let connect = || {
        let stream = TcpStream::connect(center.address()).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_mins(2))).expect("a timeout");
        stream
    };
    let mut half = connect();
    half.write_all(b"POST /v1/enroll HTTP/1.1\r\nHost: x\r\n").expect("half a head");
    // Others are served meanwhile.
    assert_eq!(center.send_as(None, "GET", "/healthz", &[], b"").status, 200);
    let mut rest = Vec::new();
    half.read_to_end(&mut rest).expect("the center ends the connection");
    assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&rest));

    let mut long = connect();
    let line = format!("X-A: {}\r\n", "a".repeat(8000));
    let head = format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{}\r\n", line.repeat(20));
    drop(long.write_all(head.as_bytes()));
    let mut reply = String::new();
    drop(long.read_to_string(&mut reply));
    assert!(!reply.starts_with("HTTP/1.1 200"), "{reply}");
    assert_eq!(center.send_as(None, "GET", "/healthz", &[], b"").status, 200);
}
