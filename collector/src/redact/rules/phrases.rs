//! Secrets in sentences, and those written into programs.

use super::{Rule, Verify, rule};
use crate::redact::kinds::Kind;

pub(super) const ROWS: &[Rule] = &[
    // Passwords in sentences and behind options.
    rule("temporary password", Kind::PasswordKv, Verify::Announced),
    rule("initial password", Kind::PasswordKv, Verify::Announced),
    rule("generated password", Kind::PasswordKv, Verify::Announced),
    rule("random password", Kind::PasswordKv, Verify::Announced),
    rule("root password is", Kind::PasswordKv, Verify::Announced),
    rule("password of user", Kind::PasswordKv, Verify::Announced),
    rule("set password for", Kind::PasswordKv, Verify::Announced),
    rule("password for the", Kind::PasswordKv, Verify::Announced),
    rule("new password is", Kind::PasswordKv, Verify::Announced),
    rule("default password", Kind::PasswordKv, Verify::Announced),
    rule("password for user", Kind::PasswordKv, Verify::Announced),
    rule("secret key is", Kind::PasswordKv, Verify::Directive(&[1])),
    rule("login code is", Kind::PasswordKv, Verify::Directive(&[1])),
    rule("password -v", Kind::PasswordCli, Verify::Directive(&[1])),
    rule("password_in -v", Kind::PasswordCli, Verify::Directive(&[1])),
    rule("password --value", Kind::PasswordCli, Verify::Directive(&[1])),
    rule("password_in --value", Kind::PasswordCli, Verify::Directive(&[1])),
    rule("--user", Kind::AuthBasic, Verify::BehindName),
    rule("--proxy-user", Kind::AuthBasic, Verify::BehindName),
    rule("--creds", Kind::AuthBasic, Verify::BehindName),
    rule("--src-creds", Kind::AuthBasic, Verify::BehindName),
    rule("--dest-creds", Kind::AuthBasic, Verify::BehindName),
    rule("--basic-auth", Kind::AuthBasic, Verify::BehindName),
    rule("--http-auth", Kind::AuthBasic, Verify::BehindName),
    rule("login=", Kind::AuthBasic, Verify::BehindName),
    rule("auth=", Kind::AuthBasic, Verify::BehindName),
    rule("userpwd=", Kind::AuthBasic, Verify::BehindName),
    rule("cachemgr_passwd", Kind::PasswordKv, Verify::Directive(&[1])),
    rule("insecure-password", Kind::PasswordKv, Verify::Directive(&[1])),
    rule("netroot=iscsi:", Kind::KernelCmdline, Verify::Userinfo),
    rule("curlftpfs#", Kind::UrlUserinfo, Verify::Userinfo),
    rule("@unix(", Kind::UrlUserinfo, Verify::DsnLeft),
    // Written into programs that read a secret.
    rule("echo ", Kind::PasswordCli, Verify::Piped),
    rule("printf ", Kind::PasswordCli, Verify::Piped),
    rule("<<<", Kind::PasswordCli, Verify::HereString),
];
