//! Who may do what. In: a role, an action, whether it is about the user's own case. Out: yes or no. Never: yes to what no line names.

use serde::{Deserialize, Serialize};

/// What a user is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Works on cases: asks at level basic, reads what came for them.
    Engineer,
    /// Reads every bundle of the tenant, revokes hosts.
    Lead,
    /// Sees all records and logs, and no contents.
    Auditor,
    /// The customer's own: hosts, receipts, who read what; withdraws and revokes.
    TenantAdmin,
    /// Runs the service; sees no contents and no words of people.
    Operator,
}

/// What is done. Each route of the pages names one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// To end one's own session.
    LogOut,
    /// To see which bundles there are, by name, size and state.
    ListBundles,
    /// To see what is in a bundle.
    ReadContents,
    /// To see hosts: their systems, catalogues, ledgers.
    SeeHosts,
    /// To let a host count no more.
    RevokeHost,
    /// To see what was asked, and what became of it.
    SeeRequests,
    /// To ask a host for a bundle of level basic; to take back what was asked.
    AskBasic,
    /// To approve a request of level extended, or to refuse it.
    ApproveExtended,
    /// To let somebody read a bundle of a case that is not theirs.
    GrantReading,
    /// To see cases.
    SeeCases,
    /// To accept and resolve cases.
    WorkOnCases,
    /// To see receipts, who read under them, and what was deleted.
    SeeReceipts,
    /// To withdraw a receipt for the customer.
    Withdraw,
    /// To read the tenant's lines of the audit log.
    ReadAudit,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 5] = [Self::Engineer, Self::Lead, Self::Auditor, Self::TenantAdmin, Self::Operator];

    /// The word in the database and on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Engineer => "engineer",
            Self::Lead => "lead",
            Self::Auditor => "auditor",
            Self::TenantAdmin => "tenant-admin",
            Self::Operator => "operator",
        }
    }

    /// The role of this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// Whether a user of this role may do this, within the user's own tenant. `own`: the bundle or case is one the user works on;
/// before it is known which one it is about, whether there may be such a one.
pub const fn may(role: Role, action: Action, own: bool) -> bool {
    use Action::{
        ApproveExtended, AskBasic, GrantReading, ListBundles, LogOut, ReadAudit, ReadContents, RevokeHost, SeeCases, SeeHosts,
        SeeReceipts, SeeRequests, Withdraw, WorkOnCases,
    };
    match role {
        Role::Engineer => match action {
            LogOut | ListBundles | SeeHosts | SeeRequests | SeeCases | SeeReceipts | AskBasic | WorkOnCases => true,
            ReadContents => own,
            _ => false,
        },
        Role::Lead => matches!(
            action,
            LogOut
                | ListBundles
                | SeeHosts
                | SeeRequests
                | SeeCases
                | SeeReceipts
                | AskBasic
                | WorkOnCases
                | ReadContents
                | RevokeHost
                | ApproveExtended
                | GrantReading
        ),
        Role::Auditor => matches!(action, LogOut | ListBundles | SeeHosts | SeeRequests | SeeCases | SeeReceipts | ReadAudit),
        Role::TenantAdmin => matches!(
            action,
            LogOut | ListBundles | SeeHosts | SeeRequests | SeeCases | SeeReceipts | ReadAudit | RevokeHost | Withdraw
        ),
        Role::Operator => matches!(action, LogOut | ListBundles | SeeHosts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_for_two_roles() {
        let readers: Vec<Role> = Role::ALL.into_iter().filter(|role| may(*role, Action::ReadContents, true)).collect();
        assert_eq!(readers, [Role::Engineer, Role::Lead]);
        assert!(!may(Role::Engineer, Action::ReadContents, false) && may(Role::Lead, Action::ReadContents, false));
    }

    #[test]
    fn words_name_roles() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.word()), Some(role));
            assert_eq!(serde_json::to_value(role).expect("a word"), role.word());
        }
        assert_eq!(Role::parse("root"), None);
    }
}
