//! Addresses in hexadecimal that a word before them announces: `saddr=` of an audit record, the reference of chrony.
//!
//! In: text. Out: the spans of the digits that are the address. Never here: tables of sockets, which are files of their own.

use memchr::memmem;

use super::{
    super::{
        address::{v4_is_public_knowledge, v6_names_a_host},
        kinds::Kind,
        span::{Form, Span},
    },
    execve::unhex,
};

const SOCKET: &[u8] = b"saddr=";
const REFERENCE: &[u8] = b"Reference ID";

/// Finds addresses in `text[from..to]`, which is whole lines.
pub(in super::super) fn walk(text: &[u8], from: usize, to: usize, spans: &mut Vec<Span>) {
    for hit in memmem::find_iter(&text[from..to], SOCKET) {
        socket(&text[..to], from + hit + SOCKET.len(), spans);
    }
    for hit in memmem::find_iter(&text[from..to], REFERENCE) {
        reference(&text[..to], from + hit + REFERENCE.len(), spans);
    }
}

/// Family in the byte order of the host, port, address; of IPv6 the flow before it.
fn socket(text: &[u8], i: usize, spans: &mut Vec<Span>) {
    match text.get(i..i + 4) {
        Some(b"0200" | b"0002") => v4(text, i + 8, spans),
        Some(b"0A00" | b"000A" | b"0a00" | b"000a") => {
            let Some(address) = text.get(i + 16..i + 48).and_then(unhex).and_then(|bytes| <[u8; 16]>::try_from(bytes).ok())
            else {
                return;
            };
            if v6_names_a_host(address) {
                spans.push(Span::new(&(i + 16..i + 48), Kind::Ipv6, Form::Ip6Hex { address, words: false }));
            }
        }
        _ => {}
    }
}

/// `    : CB007109 (ntp.example.net)`: not where the digits are the letters of a clock, as `47505300 (GPS)`.
fn reference(text: &[u8], i: usize, spans: &mut Vec<Span>) {
    let start = i + text[i..].iter().take(16).take_while(|b| matches!(b, b' ' | b':')).count();
    let (Some(digits), Some(b" (")) = (text.get(start..start + 8), text.get(start + 8..start + 10)) else { return };
    let letters = unhex(digits).unwrap_or_default();
    let clock = letters.iter().take_while(|b| **b != 0).count();
    if clock == 0 || !text[start + 10..].starts_with(&letters[..clock]) {
        v4(text, start, spans);
    }
}

fn v4(text: &[u8], start: usize, spans: &mut Vec<Span>) {
    let Some(address) = text.get(start..start + 8).and_then(unhex).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok()) else {
        return;
    };
    if !v4_is_public_knowledge(address) {
        spans.push(Span::new(&(start..start + 8), Kind::Ipv4, Form::Ip4Hex { address, network: true }));
    }
}
