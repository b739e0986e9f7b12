//! The kinds of values that are replaced, as rows.
//!
//! In: nothing. Out: for each kind its name in reports, the word in its stand-in and whether it is a
//! credential (gone for good) or an identity (pseudonymised).

/// Whether a value may be told apart after redaction only, or found again with the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Credential,
    Identity,
}

macro_rules! kinds {
    ($($variant:ident $name:literal $token:literal $class:ident),+ $(,)?) => {
        /// What was found.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub(super) enum Kind { $($variant),+ }

        impl Kind {
            /// All of them, in the order of the enum.
            pub(super) fn all() -> impl Iterator<Item = Kind> {
                [$(Kind::$variant),+].into_iter()
            }
        }

        /// One row per kind, in the order of the enum: name, word in the stand-in, class.
        const ROWS: &[(&str, &str, Class)] = &[$(($name, $token, Class::$class)),+];

        /// All kinds, in the order of the enum.
        pub(super) const ALL: &[Kind] = &[$(Kind::$variant),+];
    };
}

kinds! {
    PasswordKv "password_kv" "password-kv" Credential,
    PasswordJson "password_json" "password-json" Credential,
    PasswordXml "password_xml" "password-xml" Credential,
    PasswordCli "password_cli" "password-cli" Credential,
    UrlUserinfo "url_userinfo" "url-userinfo" Credential,
    AuthBasic "auth_basic" "auth-basic" Credential,
    AuthBearer "auth_bearer" "auth-bearer" Credential,
    Jwt "jwt" "jwt" Credential,
    CookieSession "cookie_session" "cookie-session" Credential,
    CloudKey "cloud_key" "cloud-key" Credential,
    ProviderToken "provider_token" "provider-token" Credential,
    GenericApiKey "generic_api_key" "generic-api-key" Credential,
    DockerAuth "docker_auth" "docker-auth" Credential,
    PrivateKey "private_key" "key" Credential,
    PwHash "pw_hash" "pw-hash" Credential,
    LdapBindpw "ldap_bindpw" "ldap-bindpw" Credential,
    Snmp "snmp_community" "snmp-community" Credential,
    WifiPsk "wifi_psk" "wifi-psk" Credential,
    VpnSecret "vpn_secret" "vpn-secret" Credential,
    LuksKey "luks_key" "luks-key" Credential,
    KernelCmdline "kernel_cmdline" "kernel-cmdline" Credential,
    KrbKeytab "krb_keytab" "krb-keytab" Credential,
    ClusterSecret "cluster_secret" "cluster-secret" Credential,
    SqlAuth "sql_auth" "sql-auth" Credential,
    LicenseKey "license_key" "license-key" Credential,
    Webhook "webhook" "webhook" Credential,
    AuditHex "audit_hex" "audit-hex" Credential,
    Base64Wrapped "base64_wrapped" "base64-wrapped" Credential,
    UrlEncoded "url_encoded" "url-encoded" Credential,
    K8sSecret "k8s_secret" "k8s-secret" Credential,
    JournalBin "journal_bin" "journal-bin" Credential,
    ZhPassword "zh_password" "zh-password" Credential,
    SiteSecret "site_secret" "site-secret" Credential,
    Ipv4 "ipv4" "ip4" Identity,
    Ipv6 "ipv6" "ip6" Identity,
    Mac "mac" "mac" Identity,
    Hostname "hostname" "host" Identity,
    Domain "domain" "dom" Identity,
    Username "username" "user" Identity,
    Email "email" "email" Identity,
    CnMobile "cn_mobile" "cn-mobile" Identity,
    CnId "cn_id" "cn-id" Identity,
    BankCard "bank_card" "bank-card" Identity,
    PersonName "person_name" "name" Identity,
    SerialNumber "serial_number" "serial" Identity,
    SystemUuid "system_uuid" "uuid" Identity,
    Gps "gps" "gps" Identity,
    Keyword "keyword" "keyword" Identity,
}

/// Number of kinds.
pub(super) const KINDS: usize = ROWS.len();

impl Kind {
    /// The name in reports and in the specification.
    pub(super) fn name(self) -> &'static str {
        ROWS[self as usize].0
    }

    /// The kind of this name.
    pub(super) fn named(name: &str) -> Option<Kind> {
        Kind::all().find(|kind| kind.name() == name)
    }

    /// The word in the stand-in.
    pub(super) fn token(self) -> &'static str {
        ROWS[self as usize].1
    }

    /// Credential or identity.
    pub(super) fn is_credential(self) -> bool {
        ROWS[self as usize].2 == Class::Credential
    }

    /// Whether the kind with this number in the enum is a credential.
    pub(super) fn is_credential_at(index: usize) -> bool {
        ROWS[index].2 == Class::Credential
    }

    /// The name of the kind with this number in the enum.
    pub(super) fn name_at(index: usize) -> &'static str {
        ROWS[index].0
    }
}
