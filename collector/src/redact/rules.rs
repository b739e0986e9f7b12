//! The rules, as rows: a literal, the kind of value it announces, and how to find the value from there.
//!
//! In: nothing. Out: the table from which the automaton of scan A is built, and its hash for the manifest.

use sha2::{Digest as _, Sha256};

use super::{identity::Field, kinds::Kind};

/// What the key may be part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    /// Anything may stand before: `DBPassword`, `ansible_become_password`.
    Loose,
    /// The word stands alone or begins a part of a name: `db_pass`, `dbPass`, not `bypass`.
    Word,
}

/// What the value has to look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Test {
    /// Anything that is not masked, a word or a path.
    Secret,
    /// As `Secret`, at least 8 characters, with digits or mixed case.
    Token,
    /// The name of an account.
    Account,
    /// As `Token`, at least 32 characters of padded base64.
    Base64,
    /// At least 40 characters of base64 in its alphabet for addresses, and no hexadecimal.
    KeyPart,
    /// `user:password` in base64.
    Login,
    /// A number with at least four decimals.
    Degrees,
}

/// An option of a program that takes a secret or a name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opt {
    pub(super) flag: &'static str,
    pub(super) kind: Kind,
    pub(super) how: How,
}

/// Where an option's value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// In the next argument.
    Next,
    /// Behind the flag in the same argument only; `-p` alone asks.
    Attached,
    /// Either.
    Either,
    /// In the next argument or attached, behind the first `:`.
    AfterColon,
    /// As `Either`, behind the first `%`.
    AfterPercent,
}

/// How to find the value from the literal.
#[derive(Debug, Clone, Copy)]
pub(super) enum Verify {
    /// The literal ends a key; `=`, `:` or markup and the value follow.
    Key(Bound, Test),
    /// The literal is a directive; the values are these words after it, options not counted.
    Directive(&'static [u8]),
    /// `Authorization:` and its like: a scheme, then the value.
    Header,
    /// The value follows directly, base64 or token characters, at least this many.
    Follows(usize),
    /// The literal begins the secret itself, which has at least this many characters in all.
    Prefix(usize),
    /// A crypt hash begins here.
    Hash,
    /// A JSON web token may begin here.
    Jwt,
    /// `scheme://user:password@host`.
    Userinfo,
    /// `user:password` stands before.
    DsnLeft,
    /// The name of an account follows.
    Account,
    /// `cn=NAME` or `uid=NAME` follows.
    BindDn,
    /// A command line in hexadecimal follows.
    Hex,
    /// The arguments of a command in an audit record follow.
    Arguments,
    /// Bytes as a list of numbers follow.
    Numbers,
    /// `user%3Apassword%40host` follows.
    PercentUserinfo,
    /// An identity of this shape follows.
    Field(Field),
    /// A program; its options are in the row.
    Program(&'static [Opt]),
}

/// One rule.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) word: &'static str,
    pub(super) kind: Kind,
    pub(super) verify: Verify,
}

const fn rule(word: &'static str, kind: Kind, verify: Verify) -> Rule {
    Rule { word, kind, verify }
}

const fn opt(flag: &'static str, kind: Kind, how: How) -> Opt {
    Opt { flag, kind, how }
}

const LOOSE: Verify = Verify::Key(Bound::Loose, Test::Secret);
const WORD: Verify = Verify::Key(Bound::Word, Test::Secret);
const TOKEN: Verify = Verify::Key(Bound::Word, Test::Token);
const DEGREES: Verify = Verify::Key(Bound::Word, Test::Degrees);
const KEY_PART: Verify = Verify::Key(Bound::Loose, Test::KeyPart);
const ACCOUNT: Verify = Verify::Key(Bound::Word, Test::Account);

const MYSQL: &[Opt] = &[opt("-p", Kind::PasswordCli, How::Attached), opt("-u", Kind::Username, How::Either)];
const LDAP: &[Opt] = &[opt("-w", Kind::LdapBindpw, How::Either)];
const SNMP: &[Opt] =
    &[opt("-c", Kind::Snmp, How::Either), opt("-A", Kind::Snmp, How::Either), opt("-X", Kind::Snmp, How::Either)];
const FENCE: &[Opt] = &[opt("-p", Kind::PasswordCli, How::Either), opt("-l", Kind::Username, How::Next)];
const USER_COLON: &[Opt] = &[
    opt("-u", Kind::AuthBasic, How::AfterColon),
    opt("--user", Kind::AuthBasic, How::AfterColon),
    opt("-U", Kind::AuthBasic, How::AfterColon),
    opt("--proxy-user", Kind::AuthBasic, How::AfterColon),
];
const MONGO: &[Opt] = &[opt("-p", Kind::PasswordCli, How::Either), opt("-u", Kind::Username, How::Next)];

/// The rule table.
pub(super) const RULES: &[Rule] = &[
    // Passwords as assignments.
    rule("password", Kind::PasswordKv, LOOSE),
    rule("passwd", Kind::PasswordKv, LOOSE),
    // iSCSI calls those of the other direction so.
    rule("password_in", Kind::PasswordKv, LOOSE),
    rule("passphrase", Kind::PasswordKv, LOOSE),
    rule("passwort", Kind::PasswordKv, LOOSE),
    rule("pass", Kind::PasswordKv, WORD),
    rule("pwd", Kind::PasswordKv, WORD),
    // Short words are written with their sign, or they would be hit in half of all words.
    rule("pw=", Kind::PasswordKv, WORD),
    rule("pw:", Kind::PasswordKv, WORD),
    rule("pw =", Kind::PasswordKv, WORD),
    rule("pw\"", Kind::PasswordKv, WORD),
    rule("psk", Kind::WifiPsk, WORD),
    rule("wep-key", Kind::WifiPsk, WORD),
    rule("wep_key", Kind::WifiPsk, WORD),
    rule("mka-cak", Kind::WifiPsk, WORD),
    rule("mka_cak", Kind::WifiPsk, WORD),
    rule("secret", Kind::PasswordKv, WORD),
    rule("authtok", Kind::LdapBindpw, LOOSE),
    rule("rootpw", Kind::LdapBindpw, WORD),
    rule("luks.key", Kind::LuksKey, LOOSE),
    rule("inst.rootpw", Kind::KernelCmdline, LOOSE),
    rule("set_credential", Kind::KernelCmdline, LOOSE),
    rule("erlang_cookie", Kind::ClusterSecret, LOOSE),
    // Directives: the value is a word further on the line.
    rule("requirepass", Kind::SqlAuth, Verify::Directive(&[1])),
    rule("masterauth", Kind::SqlAuth, Verify::Directive(&[1])),
    rule("bindpw", Kind::LdapBindpw, Verify::Directive(&[1])),
    rule("auth_pass", Kind::ClusterSecret, Verify::Directive(&[1])),
    rule("rocommunity", Kind::Snmp, Verify::Directive(&[1])),
    rule("rwcommunity", Kind::Snmp, Verify::Directive(&[1])),
    rule("rocommunity6", Kind::Snmp, Verify::Directive(&[1])),
    rule("rwcommunity6", Kind::Snmp, Verify::Directive(&[1])),
    rule("community string", Kind::Snmp, WORD),
    rule("authcommunity", Kind::Snmp, Verify::Directive(&[2])),
    rule("com2sec", Kind::Snmp, Verify::Directive(&[3])),
    rule("com2sec6", Kind::Snmp, Verify::Directive(&[3])),
    rule("createuser", Kind::Snmp, Verify::Directive(&[3, 5])),
    rule(": psk", Kind::VpnSecret, Verify::Directive(&[1])),
    rule("shared-secret", Kind::ClusterSecret, Verify::Directive(&[1])),
    rule("identified by", Kind::SqlAuth, Verify::Directive(&[1])),
    rule("with password", Kind::SqlAuth, Verify::Directive(&[1])),
    rule("with encrypted password", Kind::SqlAuth, Verify::Directive(&[1])),
    // Keys and tokens as assignments.
    rule("token", Kind::GenericApiKey, TOKEN),
    rule("authtoken", Kind::ProviderToken, Verify::Key(Bound::Loose, Test::Token)),
    rule("api_key", Kind::GenericApiKey, TOKEN),
    rule("api-key", Kind::GenericApiKey, TOKEN),
    rule("apikey", Kind::GenericApiKey, TOKEN),
    rule("api key", Kind::GenericApiKey, TOKEN),
    rule("app_key", Kind::GenericApiKey, TOKEN),
    rule("appkey", Kind::GenericApiKey, TOKEN),
    rule("secret_key", Kind::CloudKey, TOKEN),
    rule("secret-key", Kind::CloudKey, TOKEN),
    rule("secretkey", Kind::CloudKey, TOKEN),
    rule("access_key", Kind::CloudKey, TOKEN),
    rule("access-key", Kind::CloudKey, TOKEN),
    rule("accesskey", Kind::CloudKey, TOKEN),
    rule("access_key_id", Kind::CloudKey, TOKEN),
    rule("accesskeyid", Kind::CloudKey, TOKEN),
    rule("accesskeysecret", Kind::CloudKey, TOKEN),
    rule("access_key_secret", Kind::CloudKey, TOKEN),
    rule("secret_id", Kind::CloudKey, TOKEN),
    rule("secretid", Kind::CloudKey, TOKEN),
    rule("accountkey", Kind::CloudKey, TOKEN),
    rule("private_key_id", Kind::CloudKey, TOKEN),
    rule("ak=", Kind::CloudKey, TOKEN),
    rule("ak =", Kind::CloudKey, TOKEN),
    rule("ak:", Kind::CloudKey, TOKEN),
    rule("\"ak\"", Kind::CloudKey, TOKEN),
    rule("sk=", Kind::CloudKey, TOKEN),
    rule("sk =", Kind::CloudKey, TOKEN),
    rule("sk:", Kind::CloudKey, TOKEN),
    rule("\"sk\"", Kind::CloudKey, TOKEN),
    rule("&sig=", Kind::CloudKey, Verify::Follows(20)),
    rule("license_key", Kind::LicenseKey, TOKEN),
    rule("licence_key", Kind::LicenseKey, TOKEN),
    rule("product key", Kind::LicenseKey, TOKEN),
    rule("license", Kind::LicenseKey, TOKEN),
    rule("client-key-data", Kind::PrivateKey, TOKEN),
    rule("privatekey", Kind::VpnSecret, TOKEN),
    rule("presharedkey", Kind::VpnSecret, TOKEN),
    rule("preshared-key", Kind::VpnSecret, TOKEN),
    rule("preshared_key", Kind::VpnSecret, TOKEN),
    rule("pre-shared-key", Kind::VpnSecret, TOKEN),
    rule("pre_shared_key", Kind::VpnSecret, TOKEN),
    rule("authkey", Kind::VpnSecret, LOOSE),
    rule("auth_key", Kind::VpnSecret, LOOSE),
    rule("auth-key", Kind::VpnSecret, LOOSE),
    rule("fastopen_key", Kind::ClusterSecret, WORD),
    rule("shared_secret", Kind::ClusterSecret, WORD),
    rule("key", Kind::ClusterSecret, Verify::Key(Bound::Word, Test::Base64)),
    rule("?key=", Kind::Webhook, Verify::Follows(20)),
    rule("\"auth\"", Kind::DockerAuth, Verify::Key(Bound::Loose, Test::Token)),
    // Sessions.
    rule("session=", Kind::CookieSession, TOKEN),
    rule("jsessionid", Kind::CookieSession, TOKEN),
    rule("phpsessid", Kind::CookieSession, TOKEN),
    rule("sessionid", Kind::CookieSession, TOKEN),
    rule("session_id", Kind::CookieSession, TOKEN),
    rule("connect.sid", Kind::CookieSession, TOKEN),
    rule("csrftoken", Kind::CookieSession, TOKEN),
    // Headers.
    rule("authorization", Kind::AuthBearer, Verify::Header),
    rule("bearer ", Kind::AuthBearer, Verify::Follows(16)),
    rule("auth login ", Kind::AuthBasic, Verify::Follows(8)),
    rule("auth plain ", Kind::AuthBasic, Verify::Follows(8)),
    rule("auth-token", Kind::GenericApiKey, Verify::Key(Bound::Loose, Test::Secret)),
    rule("subject-token", Kind::GenericApiKey, TOKEN),
    rule("private-token", Kind::ProviderToken, TOKEN),
    // Secrets that say themselves who issued them.
    rule("AKIA", Kind::CloudKey, Verify::Prefix(20)),
    rule("ASIA", Kind::CloudKey, Verify::Prefix(20)),
    rule("AIza", Kind::CloudKey, Verify::Prefix(30)),
    rule("LTAI", Kind::CloudKey, Verify::Prefix(16)),
    rule("AKID", Kind::CloudKey, Verify::Prefix(32)),
    rule("ghp_", Kind::ProviderToken, Verify::Prefix(36)),
    rule("gho_", Kind::ProviderToken, Verify::Prefix(36)),
    rule("ghs_", Kind::ProviderToken, Verify::Prefix(36)),
    rule("github_pat_", Kind::ProviderToken, Verify::Prefix(40)),
    rule("glpat-", Kind::ProviderToken, Verify::Prefix(20)),
    rule("glrt-", Kind::ProviderToken, Verify::Prefix(20)),
    rule("xoxb-", Kind::ProviderToken, Verify::Prefix(30)),
    rule("xoxp-", Kind::ProviderToken, Verify::Prefix(30)),
    rule("sk-", Kind::ProviderToken, Verify::Prefix(32)),
    rule("sk-proj-", Kind::ProviderToken, Verify::Prefix(32)),
    rule("sk-ant-", Kind::ProviderToken, Verify::Prefix(32)),
    rule("sk_live_", Kind::GenericApiKey, Verify::Prefix(20)),
    rule("npm_", Kind::ProviderToken, Verify::Prefix(36)),
    rule("pypi-Ag", Kind::ProviderToken, Verify::Prefix(40)),
    rule("hvs.", Kind::ProviderToken, Verify::Prefix(28)),
    rule("hvb.", Kind::ProviderToken, Verify::Prefix(28)),
    rule("eyJ", Kind::Jwt, Verify::Jwt),
    // Hashes of passwords.
    rule("$1$", Kind::PwHash, Verify::Hash),
    rule("$2a$", Kind::PwHash, Verify::Hash),
    rule("$2b$", Kind::PwHash, Verify::Hash),
    rule("$2y$", Kind::PwHash, Verify::Hash),
    rule("$5$", Kind::PwHash, Verify::Hash),
    rule("$6$", Kind::PwHash, Verify::Hash),
    rule("$7$", Kind::PwHash, Verify::Hash),
    rule("$y$", Kind::PwHash, Verify::Hash),
    rule("$gy$", Kind::PwHash, Verify::Hash),
    rule("$apr1$", Kind::PwHash, Verify::Hash),
    rule("$sm3$", Kind::PwHash, Verify::Hash),
    rule("$argon2", Kind::PwHash, Verify::Hash),
    rule("grub.pbkdf2.", Kind::PwHash, Verify::Prefix(40)),
    rule("{SSHA}", Kind::LdapBindpw, Verify::Hash),
    rule("{SSHA512}", Kind::LdapBindpw, Verify::Hash),
    rule("{SHA}", Kind::LdapBindpw, Verify::Hash),
    rule("{SMD5}", Kind::LdapBindpw, Verify::Hash),
    // Addresses of services. Those of mail are found by their sign, which is too short for a literal.
    rule("://", Kind::UrlUserinfo, Verify::Userinfo),
    rule("@tcp(", Kind::UrlUserinfo, Verify::DsnLeft),
    // Names of accounts where a field says so.
    rule("user", Kind::Username, ACCOUNT),
    rule("username", Kind::Username, ACCOUNT),
    rule("user_name", Kind::Username, ACCOUNT),
    rule("username_in", Kind::Username, ACCOUNT),
    rule("login", Kind::Username, ACCOUNT),
    rule("logname", Kind::Username, ACCOUNT),
    rule("acct", Kind::Username, ACCOUNT),
    rule("uid=\"", Kind::Username, ACCOUNT),
    rule("invalid user ", Kind::Username, Verify::Account),
    rule("illegal user ", Kind::Username, Verify::Account),
    rule("for user ", Kind::Username, Verify::Account),
    rule("of user ", Kind::Username, Verify::Account),
    rule("password for ", Kind::Username, Verify::Account),
    rule("publickey for ", Kind::Username, Verify::Account),
    rule("authenticating user ", Kind::Username, Verify::Account),
    rule("new user: name=", Kind::Username, Verify::Account),
    rule("delete user '", Kind::Username, Verify::Account),
    rule("add '", Kind::Username, Verify::Account),
    rule("/home/", Kind::Username, Verify::Account),
    rule("bind_dn", Kind::Username, Verify::BindDn),
    rule("binddn", Kind::Username, Verify::BindDn),
    // Hardware.
    rule("serial", Kind::SerialNumber, Verify::Field(Field::Serial)),
    rule("asset tag", Kind::SerialNumber, Verify::Field(Field::Serial)),
    rule("asset_tag", Kind::SerialNumber, Verify::Field(Field::Serial)),
    rule("assettag", Kind::SerialNumber, Verify::Field(Field::Serial)),
    rule("service tag", Kind::SerialNumber, Verify::Field(Field::Serial)),
    rule("s/n", Kind::SerialNumber, Verify::Field(Field::Serial)),
    rule("sn:", Kind::SerialNumber, Verify::Field(Field::Serial)),
    rule("sn=", Kind::SerialNumber, Verify::Field(Field::Serial)),
    rule("sn :", Kind::SerialNumber, Verify::Field(Field::Serial)),
    rule("sn =", Kind::SerialNumber, Verify::Field(Field::Serial)),
    rule("\"sn\"", Kind::SerialNumber, Verify::Field(Field::Serial)),
    rule("sn        :", Kind::SerialNumber, Verify::Field(Field::Serial)),
    rule("barcode", Kind::SerialNumber, Verify::Field(Field::Serial)),
    rule("\tuuid: ", Kind::SystemUuid, Verify::Follows(32)),
    rule("machine id", Kind::SystemUuid, Verify::Field(Field::Uuid)),
    rule("machine-id", Kind::SystemUuid, Verify::Field(Field::Uuid)),
    rule("machine_id", Kind::SystemUuid, Verify::Field(Field::Uuid)),
    rule("machineid", Kind::SystemUuid, Verify::Field(Field::Uuid)),
    rule("machine uuid", Kind::SystemUuid, Verify::Field(Field::Uuid)),
    rule("system uuid", Kind::SystemUuid, Verify::Field(Field::Uuid)),
    rule("system-uuid", Kind::SystemUuid, Verify::Field(Field::Uuid)),
    rule("system_uuid", Kind::SystemUuid, Verify::Field(Field::Uuid)),
    rule("systemuuid", Kind::SystemUuid, Verify::Field(Field::Uuid)),
    rule("product_uuid", Kind::SystemUuid, Verify::Field(Field::Uuid)),
    rule("product uuid", Kind::SystemUuid, Verify::Field(Field::Uuid)),
    rule("vm_uuid", Kind::SystemUuid, Verify::Field(Field::Uuid)),
    rule("vm uuid", Kind::SystemUuid, Verify::Field(Field::Uuid)),
    rule("vmuuid", Kind::SystemUuid, Verify::Field(Field::Uuid)),
    rule("instance_uuid", Kind::SystemUuid, Verify::Field(Field::Uuid)),
    rule("instance uuid", Kind::SystemUuid, Verify::Field(Field::Uuid)),
    rule("[instance: ", Kind::SystemUuid, Verify::Field(Field::Uuid)),
    rule("system identity", Kind::SystemUuid, Verify::Field(Field::Uuid)),
    rule("<uuid>", Kind::SystemUuid, Verify::Field(Field::Uuid)),
    rule(" -uuid ", Kind::SystemUuid, Verify::Field(Field::Uuid)),
    // Also the file systems have one: these say by their own spelling or by their line whose it is.
    rule("\"uuid\"", Kind::SystemUuid, Verify::Field(Field::UuidOfMachine)),
    rule("uuid:           ", Kind::SystemUuid, Verify::Field(Field::UuidOfMachine)),
    rule("uuid=", Kind::SystemUuid, Verify::Field(Field::UuidOfMachine)),
    // Hardware addresses without separators.
    rule("mac", Kind::Mac, Verify::Field(Field::Mac)),
    rule("macaddr", Kind::Mac, Verify::Field(Field::Mac)),
    rule("macaddress", Kind::Mac, Verify::Field(Field::Mac)),
    rule("hwaddr", Kind::Mac, Verify::Field(Field::Mac)),
    rule("enx", Kind::Mac, Verify::Field(Field::MacInName)),
    rule("wlx", Kind::Mac, Verify::Field(Field::MacInName)),
    rule("guid", Kind::Mac, Verify::Field(Field::Guid)),
    // Places.
    rule("lat=", Kind::Gps, DEGREES),
    rule("lon=", Kind::Gps, DEGREES),
    rule("lng=", Kind::Gps, DEGREES),
    rule("\"lat\"", Kind::Gps, DEGREES),
    rule("\"lon\"", Kind::Gps, DEGREES),
    rule("\"lng\"", Kind::Gps, DEGREES),
    rule("latitude", Kind::Gps, DEGREES),
    rule("longitude", Kind::Gps, DEGREES),
    rule("lat:", Kind::Gps, Verify::Field(Field::Degrees)),
    rule("lon:", Kind::Gps, Verify::Field(Field::Degrees)),
    rule("lng:", Kind::Gps, Verify::Field(Field::Degrees)),
    rule("long:", Kind::Gps, Verify::Field(Field::Degrees)),
    rule("lat ", Kind::Gps, Verify::Field(Field::Degrees)),
    rule("lon ", Kind::Gps, Verify::Field(Field::Degrees)),
    rule("gps", Kind::Gps, Verify::Field(Field::Degrees)),
    rule("location", Kind::Gps, Verify::Field(Field::Degrees)),
    rule("coord", Kind::Gps, Verify::Field(Field::Degrees)),
    rule("coords", Kind::Gps, Verify::Field(Field::Degrees)),
    rule("coordinate", Kind::Gps, Verify::Field(Field::Degrees)),
    rule("coordinates", Kind::Gps, Verify::Field(Field::Degrees)),
    rule("position", Kind::Gps, Verify::Field(Field::Degrees)),
    rule("geo:", Kind::Gps, Verify::Field(Field::Degrees)),
    rule("latlng", Kind::Gps, Verify::Field(Field::Degrees)),
    rule("latlon", Kind::Gps, Verify::Field(Field::Degrees)),
    rule("RMC,", Kind::Gps, Verify::Field(Field::Nmea)),
    rule("GGA,", Kind::Gps, Verify::Field(Field::Nmea)),
    rule("GLL,", Kind::Gps, Verify::Field(Field::Nmea)),
    rule("GNS,", Kind::Gps, Verify::Field(Field::Nmea)),
    // People.
    rule("phone", Kind::CnMobile, Verify::Field(Field::Phone)),
    rule("tel:", Kind::CnMobile, Verify::Field(Field::Phone)),
    rule("tel=", Kind::CnMobile, Verify::Field(Field::Phone)),
    rule("tel ", Kind::CnMobile, Verify::Field(Field::Phone)),
    rule("tel\"", Kind::CnMobile, Verify::Field(Field::Phone)),
    rule("tel.", Kind::CnMobile, Verify::Field(Field::Phone)),
    rule("mobile", Kind::CnMobile, Verify::Field(Field::Phone)),
    rule("telephone", Kind::CnMobile, Verify::Field(Field::Phone)),
    rule("cellphone", Kind::CnMobile, Verify::Field(Field::Phone)),
    rule("msisdn", Kind::CnMobile, Verify::Field(Field::Phone)),
    rule("+86", Kind::CnMobile, Verify::Field(Field::Phone)),
    rule("card", Kind::BankCard, Verify::Field(Field::Card)),
    rule("cardno", Kind::BankCard, Verify::Field(Field::Card)),
    rule("bankcard", Kind::BankCard, Verify::Field(Field::Card)),
    rule("pan", Kind::BankCard, Verify::Field(Field::Card)),
    rule("cn:: ", Kind::PersonName, Verify::Field(Field::NameInBase64)),
    rule("sn:: ", Kind::PersonName, Verify::Field(Field::NameInBase64)),
    rule("givenname:: ", Kind::PersonName, Verify::Field(Field::NameInBase64)),
    rule("displayname:: ", Kind::PersonName, Verify::Field(Field::NameInBase64)),
    rule("gecos:: ", Kind::PersonName, Verify::Field(Field::NameInBase64)),
    // Audit records.
    rule(" a0=", Kind::AuditHex, Verify::Hex),
    rule(" a1=", Kind::AuditHex, Verify::Hex),
    rule(" a2=", Kind::AuditHex, Verify::Hex),
    rule(" a3=", Kind::AuditHex, Verify::Hex),
    rule(" a4=", Kind::AuditHex, Verify::Hex),
    rule(" a5=", Kind::AuditHex, Verify::Hex),
    rule(" a6=", Kind::AuditHex, Verify::Hex),
    rule(" a7=", Kind::AuditHex, Verify::Hex),
    rule(" a8=", Kind::AuditHex, Verify::Hex),
    rule(" a9=", Kind::AuditHex, Verify::Hex),
    rule(" a10=", Kind::AuditHex, Verify::Hex),
    rule(" a11=", Kind::AuditHex, Verify::Hex),
    rule(" a12=", Kind::AuditHex, Verify::Hex),
    rule(" a13=", Kind::AuditHex, Verify::Hex),
    rule(" a14=", Kind::AuditHex, Verify::Hex),
    rule(" a15=", Kind::AuditHex, Verify::Hex),
    rule(" argc=", Kind::AuditHex, Verify::Arguments),
    rule("type=execve", Kind::AuditHex, Verify::Arguments),
    // Bytes in the JSON of the journal.
    rule("\":[", Kind::JournalBin, Verify::Numbers),
    rule("\": [", Kind::JournalBin, Verify::Numbers),
    rule("\" : [", Kind::JournalBin, Verify::Numbers),
    // Addresses in addresses.
    rule("%3a%2f%2f", Kind::UrlEncoded, Verify::PercentUserinfo),
    rule("%253a%252f%252f", Kind::UrlEncoded, Verify::PercentUserinfo),
    // Keys of Kubernetes.
    rule("certificatekey", Kind::K8sSecret, TOKEN),
    rule("certificate-key", Kind::K8sSecret, TOKEN),
    rule("certificate key", Kind::K8sSecret, TOKEN),
    // The private numbers of a key in JSON (JWK).
    rule("\"d\"", Kind::PrivateKey, KEY_PART),
    rule("\"p\"", Kind::PrivateKey, KEY_PART),
    rule("\"q\"", Kind::PrivateKey, KEY_PART),
    rule("\"dp\"", Kind::PrivateKey, KEY_PART),
    rule("\"dq\"", Kind::PrivateKey, KEY_PART),
    rule("\"qi\"", Kind::PrivateKey, KEY_PART),
    rule("\"k\"", Kind::PrivateKey, KEY_PART),
    rule("auth", Kind::DockerAuth, Verify::Key(Bound::Word, Test::Login)),
    rule("identitytoken", Kind::DockerAuth, TOKEN),
    rule("registrytoken", Kind::DockerAuth, TOKEN),
    rule("private_key", Kind::PrivateKey, TOKEN),
    rule("private-key", Kind::PrivateKey, TOKEN),
    rule("proctitle=", Kind::AuditHex, Verify::Hex),
    rule("cmd=", Kind::AuditHex, Verify::Hex),
    rule("data=", Kind::AuditHex, Verify::Hex),
    // Programs whose options carry secrets.
    rule("mysql", Kind::PasswordCli, Verify::Program(MYSQL)),
    rule("mysqldump", Kind::PasswordCli, Verify::Program(MYSQL)),
    rule("mysqladmin", Kind::PasswordCli, Verify::Program(MYSQL)),
    rule("mysqlimport", Kind::PasswordCli, Verify::Program(MYSQL)),
    rule("mariadb", Kind::PasswordCli, Verify::Program(MYSQL)),
    rule("mariadb-dump", Kind::PasswordCli, Verify::Program(MYSQL)),
    rule("xtrabackup", Kind::PasswordCli, Verify::Program(MYSQL)),
    rule("sshpass", Kind::PasswordCli, Verify::Program(&[opt("-p", Kind::PasswordCli, How::Either)])),
    rule(
        "ipmitool",
        Kind::PasswordCli,
        Verify::Program(&[
            opt("-P", Kind::PasswordCli, How::Either),
            opt("-U", Kind::Username, How::Next),
            opt("-y", Kind::PasswordCli, How::Next),
        ]),
    ),
    rule("curl", Kind::AuthBasic, Verify::Program(USER_COLON)),
    rule("ctr", Kind::AuthBasic, Verify::Program(USER_COLON)),
    rule("redis-cli", Kind::PasswordCli, Verify::Program(&[opt("-a", Kind::PasswordCli, How::Either)])),
    rule(
        "openssl",
        Kind::PasswordCli,
        Verify::Program(&[opt("-k", Kind::PasswordCli, How::Next), opt("-K", Kind::PasswordCli, How::Next)]),
    ),
    rule("ldapsearch", Kind::LdapBindpw, Verify::Program(LDAP)),
    rule("ldapadd", Kind::LdapBindpw, Verify::Program(LDAP)),
    rule("ldapmodify", Kind::LdapBindpw, Verify::Program(LDAP)),
    rule("ldapwhoami", Kind::LdapBindpw, Verify::Program(LDAP)),
    rule("ldapdelete", Kind::LdapBindpw, Verify::Program(LDAP)),
    rule(
        "kadmin",
        Kind::PasswordCli,
        Verify::Program(&[opt("-w", Kind::PasswordCli, How::Next), opt("-pw", Kind::PasswordCli, How::Next)]),
    ),
    rule("snmpwalk", Kind::Snmp, Verify::Program(SNMP)),
    rule("snmpget", Kind::Snmp, Verify::Program(SNMP)),
    rule("snmpset", Kind::Snmp, Verify::Program(SNMP)),
    rule("snmpbulkwalk", Kind::Snmp, Verify::Program(SNMP)),
    rule("snmptrap", Kind::Snmp, Verify::Program(SNMP)),
    rule("fence_ipmilan", Kind::PasswordCli, Verify::Program(FENCE)),
    rule("smbclient", Kind::PasswordCli, Verify::Program(&[opt("-U", Kind::PasswordCli, How::AfterPercent)])),
    rule("mongo", Kind::PasswordCli, Verify::Program(MONGO)),
    rule("mongosh", Kind::PasswordCli, Verify::Program(MONGO)),
    rule("mongodump", Kind::PasswordCli, Verify::Program(MONGO)),
    rule("docker login", Kind::PasswordCli, Verify::Program(MONGO)),
    rule("podman login", Kind::PasswordCli, Verify::Program(MONGO)),
    rule("isula login", Kind::PasswordCli, Verify::Program(MONGO)),
    rule("zip", Kind::PasswordCli, Verify::Program(&[opt("-P", Kind::PasswordCli, How::Either)])),
];

/// Keys in Chinese, in UTF-8 and in GB18030, and the kind of what follows `：`, `:`, `=`, `是`, `为` or a blank.
pub(super) const WIDE_RULES: &[(&str, &[u8], Kind)] = &[
    ("密码", &[0xc3, 0xdc, 0xc2, 0xeb], Kind::ZhPassword),
    ("口令", &[0xbf, 0xda, 0xc1, 0xee], Kind::ZhPassword),
    ("密钥", &[0xc3, 0xdc, 0xd4, 0xbf], Kind::ZhPassword),
    ("秘钥", &[0xc3, 0xd8, 0xd4, 0xbf], Kind::ZhPassword),
    ("验证码", &[0xd1, 0xe9, 0xd6, 0xa4, 0xc2, 0xeb], Kind::ZhPassword),
    ("校验码", &[0xd0, 0xa3, 0xd1, 0xe9, 0xc2, 0xeb], Kind::ZhPassword),
    ("动态码", &[0xb6, 0xaf, 0xcc, 0xac, 0xc2, 0xeb], Kind::ZhPassword),
    ("授权码", &[0xca, 0xda, 0xc8, 0xa8, 0xc2, 0xeb], Kind::ZhPassword),
    ("提取码", &[0xcc, 0xe1, 0xc8, 0xa1, 0xc2, 0xeb], Kind::ZhPassword),
    ("激活码", &[0xbc, 0xa4, 0xbb, 0xee, 0xc2, 0xeb], Kind::ZhPassword),
    ("令牌", &[0xc1, 0xee, 0xc5, 0xc6], Kind::ZhPassword),
    ("用户名", &[0xd3, 0xc3, 0xbb, 0xa7, 0xc3, 0xfb], Kind::Username),
    ("用户", &[0xd3, 0xc3, 0xbb, 0xa7], Kind::Username),
    ("账号", &[0xd5, 0xcb, 0xba, 0xc5], Kind::Username),
    ("帐号", &[0xd5, 0xca, 0xba, 0xc5], Kind::Username),
    ("账户", &[0xd5, 0xcb, 0xbb, 0xa7], Kind::Username),
    ("登录名", &[0xb5, 0xc7, 0xc2, 0xbc, 0xc3, 0xfb], Kind::Username),
    ("联系人", &[0xc1, 0xaa, 0xcf, 0xb5, 0xc8, 0xcb], Kind::PersonName),
    ("姓名", &[0xd0, 0xd5, 0xc3, 0xfb], Kind::PersonName),
    ("名字", &[0xc3, 0xfb, 0xd7, 0xd6], Kind::PersonName),
    ("员工", &[0xd4, 0xb1, 0xb9, 0xa4], Kind::PersonName),
    ("负责人", &[0xb8, 0xba, 0xd4, 0xf0, 0xc8, 0xcb], Kind::PersonName),
    ("经办人", &[0xbe, 0xad, 0xb0, 0xec, 0xc8, 0xcb], Kind::PersonName),
    ("值班人", &[0xd6, 0xb5, 0xb0, 0xe0, 0xc8, 0xcb], Kind::PersonName),
    ("值班员", &[0xd6, 0xb5, 0xb0, 0xe0, 0xd4, 0xb1], Kind::PersonName),
    ("操作员", &[0xb2, 0xd9, 0xd7, 0xf7, 0xd4, 0xb1], Kind::PersonName),
    ("操作人", &[0xb2, 0xd9, 0xd7, 0xf7, 0xc8, 0xcb], Kind::PersonName),
    ("责任人", &[0xd4, 0xf0, 0xc8, 0xce, 0xc8, 0xcb], Kind::PersonName),
    ("收款人", &[0xca, 0xd5, 0xbf, 0xee, 0xc8, 0xcb], Kind::PersonName),
    ("付款人", &[0xb8, 0xb6, 0xbf, 0xee, 0xc8, 0xcb], Kind::PersonName),
    ("审批人", &[0xc9, 0xf3, 0xc5, 0xfa, 0xc8, 0xcb], Kind::PersonName),
    ("申请人", &[0xc9, 0xea, 0xc7, 0xeb, 0xc8, 0xcb], Kind::PersonName),
    ("户名", &[0xbb, 0xa7, 0xc3, 0xfb], Kind::PersonName),
    ("持卡人", &[0xb3, 0xd6, 0xbf, 0xa8, 0xc8, 0xcb], Kind::PersonName),
    ("客户", &[0xbf, 0xcd, 0xbb, 0xa7], Kind::PersonName),
    ("收件人", &[0xca, 0xd5, 0xbc, 0xfe, 0xc8, 0xcb], Kind::PersonName),
    ("寄件人", &[0xbc, 0xc4, 0xbc, 0xfe, 0xc8, 0xcb], Kind::PersonName),
    ("管理员", &[0xb9, 0xdc, 0xc0, 0xed, 0xd4, 0xb1], Kind::PersonName),
    ("法人", &[0xb7, 0xa8, 0xc8, 0xcb], Kind::PersonName),
    ("接口人", &[0xbd, 0xd3, 0xbf, 0xda, 0xc8, 0xcb], Kind::PersonName),
    ("对接人", &[0xb6, 0xd4, 0xbd, 0xd3, 0xc8, 0xcb], Kind::PersonName),
    ("维护人", &[0xce, 0xac, 0xbb, 0xa4, 0xc8, 0xcb], Kind::PersonName),
    ("处理人", &[0xb4, 0xa6, 0xc0, 0xed, 0xc8, 0xcb], Kind::PersonName),
    ("提交人", &[0xcc, 0xe1, 0xbd, 0xbb, 0xc8, 0xcb], Kind::PersonName),
    ("创建人", &[0xb4, 0xb4, 0xbd, 0xa8, 0xc8, 0xcb], Kind::PersonName),
    ("修改人", &[0xd0, 0xde, 0xb8, 0xc4, 0xc8, 0xcb], Kind::PersonName),
    ("报告人", &[0xb1, 0xa8, 0xb8, 0xe6, 0xc8, 0xcb], Kind::PersonName),
    ("工程师", &[0xb9, 0xa4, 0xb3, 0xcc, 0xca, 0xa6], Kind::PersonName),
    ("开户人", &[0xbf, 0xaa, 0xbb, 0xa7, 0xc8, 0xcb], Kind::PersonName),
    ("签收人", &[0xc7, 0xa9, 0xca, 0xd5, 0xc8, 0xcb], Kind::PersonName),
    ("审核人", &[0xc9, 0xf3, 0xba, 0xcb, 0xc8, 0xcb], Kind::PersonName),
    ("发布人", &[0xb7, 0xa2, 0xb2, 0xbc, 0xc8, 0xcb], Kind::PersonName),
    ("执行人", &[0xd6, 0xb4, 0xd0, 0xd0, 0xc8, 0xcb], Kind::PersonName),
    ("汇报人", &[0xbb, 0xe3, 0xb1, 0xa8, 0xc8, 0xcb], Kind::PersonName),
    ("主管", &[0xd6, 0xf7, 0xb9, 0xdc], Kind::PersonName),
    ("值班", &[0xd6, 0xb5, 0xb0, 0xe0], Kind::PersonName),
    ("手机", &[0xca, 0xd6, 0xbb, 0xfa], Kind::CnMobile),
    ("电话", &[0xb5, 0xe7, 0xbb, 0xb0], Kind::CnMobile),
    ("联系方式", &[0xc1, 0xaa, 0xcf, 0xb5, 0xb7, 0xbd, 0xca, 0xbd], Kind::CnMobile),
    ("手机号", &[0xca, 0xd6, 0xbb, 0xfa, 0xba, 0xc5], Kind::CnMobile),
    ("手机号码", &[0xca, 0xd6, 0xbb, 0xfa, 0xba, 0xc5, 0xc2, 0xeb], Kind::CnMobile),
    ("电话号码", &[0xb5, 0xe7, 0xbb, 0xb0, 0xba, 0xc5, 0xc2, 0xeb], Kind::CnMobile),
    ("卡", &[0xbf, 0xa8], Kind::BankCard),
    ("卡号", &[0xbf, 0xa8, 0xba, 0xc5], Kind::BankCard),
    ("银行账号", &[0xd2, 0xf8, 0xd0, 0xd0, 0xd5, 0xcb, 0xba, 0xc5], Kind::BankCard),
    ("银行账户", &[0xd2, 0xf8, 0xd0, 0xd0, 0xd5, 0xcb, 0xbb, 0xa7], Kind::BankCard),
    ("纬度", &[0xce, 0xb3, 0xb6, 0xc8], Kind::Gps),
    ("经度", &[0xbe, 0xad, 0xb6, 0xc8], Kind::Gps),
    ("坐标", &[0xd7, 0xf8, 0xb1, 0xea], Kind::Gps),
    ("经纬度", &[0xbe, 0xad, 0xce, 0xb3, 0xb6, 0xc8], Kind::Gps),
    ("密 码", &[0xc3, 0xdc, 0x20, 0xc2, 0xeb], Kind::ZhPassword),
    ("口 令", &[0xbf, 0xda, 0x20, 0xc1, 0xee], Kind::ZhPassword),
    ("访问码", &[0xb7, 0xc3, 0xce, 0xca, 0xc2, 0xeb], Kind::ZhPassword),
    ("解压码", &[0xbd, 0xe2, 0xd1, 0xb9, 0xc2, 0xeb], Kind::ZhPassword),
    ("凭据", &[0xc6, 0xbe, 0xbe, 0xdd], Kind::ZhPassword),
    ("姓 名", &[0xd0, 0xd5, 0x20, 0xc3, 0xfb], Kind::PersonName),
    ("姓　名", &[0xd0, 0xd5, 0xa1, 0xa1, 0xc3, 0xfb], Kind::PersonName),
    ("作者", &[0xd7, 0xf7, 0xd5, 0xdf], Kind::PersonName),
    ("报修人", &[0xb1, 0xa8, 0xd0, 0xde, 0xc8, 0xcb], Kind::PersonName),
    ("办理人", &[0xb0, 0xec, 0xc0, 0xed, 0xc8, 0xcb], Kind::PersonName),
    ("微信", &[0xce, 0xa2, 0xd0, 0xc5], Kind::CnMobile),
    ("机主", &[0xbb, 0xfa, 0xd6, 0xf7], Kind::PersonName),
    // Keys of other texts, looked for only beside characters beyond ASCII.
    ("ame\"", b"ame\"", Kind::PersonName),
    ("ame'", b"ame'", Kind::PersonName),
    ("user\"", b"user\"", Kind::PersonName),
    ("user=", b"user=", Kind::PersonName),
    ("user: ", b"user: ", Kind::PersonName),
    ("uthor: ", b"uthor: ", Kind::PersonName),
    ("uthor\"", b"uthor\"", Kind::PersonName),
    ("operator\"", b"operator\"", Kind::PersonName),
    ("operator=", b"operator=", Kind::PersonName),
    ("ame=", b"ame=", Kind::PersonName),
    ("ame: ", b"ame: ", Kind::PersonName),
    ("ame>", b"ame>", Kind::PersonName),
    ("cn: ", b"cn: ", Kind::PersonName),
    ("cn=", b"cn=", Kind::PersonName),
    ("CN=", b"CN=", Kind::PersonName),
    ("sn: ", b"sn: ", Kind::PersonName),
    ("owner\"", b"owner\"", Kind::PersonName),
    ("contact\"", b"contact\"", Kind::PersonName),
    ("employee\"", b"employee\"", Kind::PersonName),
    ("gecos: ", b"gecos: ", Kind::PersonName),
];

/// Name of this rule table, to be raised when a rule changes what it does.
pub(super) const NAME: &str = "default-1";
/// The same with rules of the customer's beside it.
pub(super) const NAME_WITH_SITE: &str = "default-1+site";

/// SHA-256 over the rows.
pub(super) fn digest() -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(NAME);
    for rule in RULES {
        hash.update(format!("{}\t{}\t{:?}\n", rule.word, rule.kind.name(), rule.verify));
    }
    for (word, _, kind) in WIDE_RULES {
        hash.update(format!("{word}\t{}\n", kind.name()));
    }
    hash.finalize().into()
}
