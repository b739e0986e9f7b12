//! SSHSIG.
