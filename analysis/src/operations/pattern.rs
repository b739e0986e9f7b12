//! Patterns of messages as data: literal text with `{name}` for what varies.
//!
//! In: a pattern and a message. Out: the values by name, or `None`. `{}` matches and is forgotten. Linear in the message
//! for each literal; never panics.

/// Values read from one message; a pattern has a handful.
#[derive(Debug, Default)]
pub(super) struct Values<'a>(Vec<(&'static str, &'a str)>);

impl<'a> Values<'a> {
    /// The value of that name, when it says something.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        let value = self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.trim());
        value.filter(|value| !value.is_empty() && *value != "?" && *value != "(null)")
    }

    /// `template` with the values in it; a value that is missing leaves nothing.
    pub(super) fn fill(&self, template: &'static str) -> String {
        let mut out = String::new();
        let mut rest = template;
        while let Some((plain, tail)) = rest.split_once('{') {
            let Some((name, tail)) = tail.split_once('}') else { break };
            out.push_str(plain);
            out.push_str(self.get(name).unwrap_or_default());
            rest = tail;
        }
        out.push_str(rest);
        out.trim().to_owned()
    }
}

/// From which end the literals between the values are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// Each value is as short as can be; the last one takes the rest.
    Left,
    /// The first value takes all that the others leave: it is somebody's choice and may hold the words that follow.
    Right,
}

/// Reads `message` by `pattern`. The pattern must match from the first byte to the last.
pub(super) fn read<'a>(pattern: &'static str, from: From, message: &'a str) -> Option<Values<'a>> {
    let (first, rest) = pattern.split_once('{').map_or((pattern, None), |(first, rest)| (first, Some(rest)));
    let mut message = message.strip_prefix(first)?;
    let Some(rest) = rest else { return message.is_empty().then(Values::default) };
    // Pairs of a name and the literal behind it.
    let parts: Vec<(&'static str, &'static str)> = rest.split('{').filter_map(|part| part.split_once('}')).collect();
    let mut values = Values::default();
    let mut keep = |name: &'static str, value: &'a str| {
        if !name.is_empty() {
            values.0.push((name, value));
        }
    };
    match from {
        From::Left => {
            let last = parts.len().saturating_sub(1);
            for (at, (name, literal)) in parts.into_iter().enumerate() {
                if at == last {
                    keep(name, message.strip_suffix(literal)?);
                    message = "";
                    continue;
                }
                let at = message.find(literal)?;
                keep(name, &message[..at]);
                message = &message[at + literal.len()..];
            }
            if !message.is_empty() {
                return None;
            }
        }
        From::Right => {
            for (at, (name, literal)) in parts.iter().enumerate().rev() {
                message = message.strip_suffix(literal)?;
                let before = at.checked_sub(1).and_then(|before| parts.get(before)).map_or("", |(_, literal)| literal);
                let start = if at == 0 { 0 } else { message.rfind(before)? + before.len() };
                keep(name, &message[start..]);
                message = &message[..start];
            }
        }
    }
    Some(values)
}

/// The longest literal of a pattern: a line without it cannot match.
pub(super) fn anchor(pattern: &'static str) -> &'static str {
    let literals = pattern.split('{').map(|part| part.split_once('}').map_or(part, |(_, literal)| literal));
    literals.max_by_key(|literal| literal.len()).unwrap_or(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_between_the_literals() {
        let pattern = "{who} : TTY={from} ; PWD={} ; USER={as} ; COMMAND={what}";
        let values =
            read(pattern, From::Left, "ops : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/a ; COMMAND=b").expect("a match");
        assert_eq!(
            (values.get("who"), values.get("as"), values.get("what")),
            (Some("ops"), Some("root"), Some("/bin/a ; COMMAND=b"))
        );
        assert_eq!(anchor(pattern), " ; COMMAND=");
        assert!(read("Reloading.", From::Left, "Reloading. x").is_none());
    }

    #[test]
    fn a_name_cannot_forge_what_follows_it() {
        let pattern = "Failed {a} for {who} from {from} port {}";
        let message = "Failed password for x from 1.1.1.1 port 1 from 2.2.2.2 port 22 ssh2";
        let values = read(pattern, From::Right, message).expect("a match");
        assert_eq!((values.get("from"), values.get("a")), (Some("2.2.2.2"), Some("password")));
        assert_eq!(values.get("who"), Some("x from 1.1.1.1 port 1"));
    }
}
