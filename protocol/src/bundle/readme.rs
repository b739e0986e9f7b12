//! `README.txt`, the first member of a bundle: what this is, who signed it, how to verify it. Chinese first, then English.
//!
//! In: the bundle's name, the host's id and public key. Out: text, the same for the same input.
//! Never: asks the reader to trust the bundle itself: the keys must come from elsewhere, and the text says so.

use super::name::BundleName;
use crate::{
    id::HostId,
    sshsig::{Namespace, PublicKey, allowed_line},
};

/// The line before the verification script in a README.
pub const SCRIPT_BEGIN: &str = "#-----BEGIN verify.sh-----";
/// The line after it.
pub const SCRIPT_END: &str = "#-----END verify.sh-----";

/// A POSIX shell script that verifies a bundle: `sh verify.sh NAME HOST_ID`, with `allowed_signers`, `NAME.tar.gz` and
/// `NAME.tar.gz.sig` in the current folder. Exit status 0 means verified, anything else not.
pub const fn verify_sh() -> &'static str {
    include_str!("verify.sh")
}

/// The text of `README.txt`.
pub fn readme(name: BundleName, host: HostId, key: &PublicKey) -> String {
    let fingerprint = key.fingerprint();
    let line = allowed_line(&host.to_string(), Namespace::HOST, key);
    let cut = format!("sed -n '/^{SCRIPT_BEGIN}$/,/^{SCRIPT_END}$/p' README.txt > verify.sh");
    let script = verify_sh();
    format!(
        "oediag 诊断包 {name}
================================================================================

这是什么
  一台 openEuler 主机的诊断信息：主机文件按原路径存放，oediag 自己的文件在 oediag/ 下。
  敏感信息在主机上已替换；收集了什么、未收集什么及原因，见 oediag/manifest.json。

谁签名
  主机编号  {host}
  密钥指纹  {fingerprint}

如何校验
  首选：oediag verify {name}.tar.gz
  或者只用 ssh-keygen（OpenSSH 8.2 或更新）、sha256sum 和 tar：
  1. 把 {name}.tar.gz、{name}.tar.gz.sig 与 allowed_signers 放在同一目录。
  2. 取得 verify.sh：随 oediag 软件包提供；也可从文末两个标记行之间剪出：
     {cut}
  3. 运行：sh verify.sh {name} {host}
     退出码 0 表示内容与签名一致；其他值表示不可信。

allowed_signers 从哪里来
  不要使用随诊断包一起收到的公钥：能伪造诊断包的人也能伪造本文件。
  请向该主机的管理员索取（主机上 /etc/oediag/keys/host_ed25519.pub），或从支持中心下载本租户的
  allowed_signers，再核对上面的指纹。对应的一行应当是：

{line}

================================================================================
oediag bundle {name}

What this is
  Diagnostic data of one openEuler host: files of the host at their own paths, oediag's own files below oediag/.
  Sensitive values were replaced on the host. What was collected, what was not, and why: oediag/manifest.json.

Who signed it
  Host id          {host}
  Key fingerprint  {fingerprint}

How to verify it
  Best: oediag verify {name}.tar.gz
  Or with nothing but ssh-keygen (OpenSSH 8.2 or newer), sha256sum and tar:
  1. Put {name}.tar.gz, {name}.tar.gz.sig and allowed_signers into one folder.
  2. Get verify.sh: the oediag package has it; or cut it out of this file, between the two marker lines at its end:
     {cut}
  3. Run: sh verify.sh {name} {host}
     Exit status 0 means that the contents are what was signed; any other, that they must not be trusted.

Where allowed_signers comes from
  Do not use a key that came with the bundle: whoever can forge a bundle can forge this file too.
  Ask the host's administrator (/etc/oediag/keys/host_ed25519.pub on that host), or get your tenant's allowed_signers
  from the support center, and compare the fingerprint above. The line for this host should be the one shown before
  the English text.

{SCRIPT_BEGIN}
{script}{SCRIPT_END}
"
    )
}
