//! What a leak may be: names for the manifest.

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident $name:literal),+ $(,)?) => {
        /// What was found behind the redactor.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Kind { $($(#[$doc])* $variant),+ }

        const NAMES: &[&str] = &[$($name),+];
        const ALL: &[Kind] = &[$(Kind::$variant),+];
    };
}

kinds! {
    /// A word of the customer's own list.
    Keyword "keyword",
    /// A host of the site.
    Hostname "hostname",
    /// A domain of the site.
    Domain "domain",
    /// An account.
    Username "username",
    /// A person.
    PersonName "person_name",
    /// The number of a machine or a part of it.
    SerialNumber "serial_number",
    /// The id of a machine.
    SystemUuid "system_uuid",
    /// A credential that its issuer marks.
    ProviderToken "provider_token",
    /// The body of a private key.
    PrivateKey "private_key",
    /// The hash of a password.
    PwHash "pw_hash",
    /// A Chinese identity number.
    CnId "cn_id",
    /// The number of a bank card.
    BankCard "bank_card",
    /// A Chinese mobile number.
    CnMobile "cn_mobile",
    /// An IPv4 address that is no stand-in.
    Ipv4 "ipv4",
    /// An IPv6 address that is no stand-in.
    Ipv6 "ipv6",
    /// A hardware address that is no stand-in.
    Mac "mac",
}

impl Kind {
    /// The kind of this name.
    pub fn named(name: &str) -> Option<Kind> {
        ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// The word in the manifest.
    pub fn name(self) -> &'static str {
        NAMES[self as usize]
    }
}
