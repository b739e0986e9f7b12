//! The rules, as rows: a literal, the kind of value it announces, and how to find the value from there.
//!
//! In: nothing. Out: the table from which the automaton of scan A is built, and its hash for the manifest.

use sha2::{Digest as _, Sha256};

use super::kinds::Kind;

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
    /// Anything of at least 5 characters with letters and digits.
    Serial,
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
    rule("serial number", Kind::SerialNumber, Verify::Key(Bound::Word, Test::Serial)),
    rule("serialnumber", Kind::SerialNumber, Verify::Key(Bound::Word, Test::Serial)),
    rule("serial: ", Kind::SerialNumber, Verify::Key(Bound::Word, Test::Serial)),
    rule("asset tag", Kind::SerialNumber, Verify::Key(Bound::Word, Test::Serial)),
    rule("\tuuid: ", Kind::SystemUuid, Verify::Follows(32)),
    rule("machine id ", Kind::SystemUuid, Verify::Follows(32)),
    // Places.
    rule("lat=", Kind::Gps, DEGREES),
    rule("lon=", Kind::Gps, DEGREES),
    rule("lng=", Kind::Gps, DEGREES),
    rule("\"lat\"", Kind::Gps, DEGREES),
    rule("\"lon\"", Kind::Gps, DEGREES),
    rule("\"lng\"", Kind::Gps, DEGREES),
    rule("latitude", Kind::Gps, DEGREES),
    rule("longitude", Kind::Gps, DEGREES),
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
    ("用户名", &[0xd3, 0xc3, 0xbb, 0xa7, 0xc3, 0xfb], Kind::Username),
    ("用户", &[0xd3, 0xc3, 0xbb, 0xa7], Kind::Username),
    ("账号", &[0xd5, 0xcb, 0xba, 0xc5], Kind::Username),
];

/// Name of this rule table, to be raised when a rule changes what it does.
pub(super) const NAME: &str = "default-1";

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
