//! The agent against centers of our own making: honest ones, slow ones, broken ones and lying ones. Everything is real but the
//! center: the binary, its child process, its terminal, its files. In: nothing. Out: verdicts.

mod agent;
mod broker;
mod center;
mod consent;
mod enroll;
mod fake_broker;
mod host;
mod http;
mod ledger;
mod lies;
mod proxy;
mod resume;
mod tls;
mod units;
mod withdraw;
mod without;
