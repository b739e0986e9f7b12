//! TLS in front of a center, and authorities of our own. In: a port behind. Out: a port with TLS; certificates as PEM.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer},
};

/// An authority.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key.
pub(crate) struct Certified {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a certificate"))
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for a name up to the end of a year.
    pub(crate) fn certify(&self, name: &str, until: i32) -> Certified {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(until, 12, 31));
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        Certified { chain: vec![certificate.der().clone()], key }
    }
}

/// A port on loopback that speaks TLS with this certificate and hands all to the port behind it; it lives as long as the process.
pub(crate) fn in_front_of(behind: SocketAddr, certified: Certified) -> u16 {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let config = config.with_no_client_auth().with_single_cert(certified.chain, certified.key).expect("a pair");
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let config = Arc::clone(&config);
            // A client that does not trust us goes away: that is what some tests are about.
            thread::spawn(move || carry(stream, behind, config).unwrap_or_default());
        }
    });
    port
}

fn carry(stream: TcpStream, behind: SocketAddr, config: Arc<ServerConfig>) -> std::io::Result<()> {
    let mut plain = TcpStream::connect(behind)?;
    let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut secure = StreamOwned::new(connection, stream);
    while secure.conn.is_handshaking() {
        secure.conn.complete_io(&mut secure.sock)?;
    }
    // One after the other, each for a moment: a request and its reply do not come at once.
    let moment = Some(Duration::from_millis(5));
    secure.sock.set_read_timeout(moment)?;
    plain.set_read_timeout(moment)?;
    let mut buffer = vec![0; 64 << 10];
    loop {
        match secure.read(&mut buffer) {
            Ok(0) => return plain.shutdown(Shutdown::Both),
            Ok(count) => plain.write_all(&buffer[..count])?,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error),
        }
        match plain.read(&mut buffer) {
            Ok(0) => {
                secure.conn.send_close_notify();
                return secure.flush();
            }
            Ok(count) => secure.write_all(&buffer[..count])?,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error),
        }
    }
}
