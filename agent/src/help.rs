//! Help in the user's language. In: the command tree clap derives from [`crate::cli`], the texts. Out: the same
//! tree with every text, heading and built-in option replaced by a message.

use clap::{Arg, ArgAction, Command, CommandFactory as _};

use crate::{cli::Cli, texts::Texts};

/// The command tree with its texts.
pub fn command(texts: &Texts) -> Command {
    let global = texts.named("heading-global");
    let help = Arg::new("help").short('h').long("help").global(true).action(ArgAction::Help).help_heading(global.clone());
    let version = Arg::new("version").short('V').long("version").action(ArgAction::Version).help_heading(global.clone());
    let tree = Cli::command().mut_args(|arg| arg.help_heading(global.clone())).arg(help).arg(version);
    localised(tree, None, texts).after_help(texts.named("help-after"))
}

/// Sets the texts of a command and of everything below it.
fn localised(command: Command, name: Option<&str>, texts: &Texts) -> Command {
    let subcommands: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let about = texts.named(&command_message(name));
    let mut command = command
        .about(about)
        .long_about(None::<&str>)
        .subcommand_help_heading(texts.named("heading-commands"))
        .help_template(format!(
            "{{about-with-newline}}\n{}: {{usage}}\n\n{{all-args}}{{after-help}}",
            texts.named("heading-usage")
        ))
        .mut_args(|arg| {
            let heading = match (arg.get_help_heading(), arg.is_positional()) {
                (Some(heading), _) => heading.to_owned(),
                (None, true) => texts.named("heading-arguments"),
                (None, false) => texts.named("heading-options"),
            };
            let text = argument_text(name, arg.get_id().as_str(), texts);
            // The messages name defaults and possible values themselves, so that they can be in Chinese too.
            let valued = arg.get_action().takes_values();
            arg.help(text).long_help(None::<&str>).help_heading(heading).hide_possible_values(valued).hide_default_value(valued)
        });
    for sub in subcommands {
        let path = name.map_or_else(|| sub.clone(), |name| format!("{name}-{sub}"));
        command = command.mut_subcommand(&sub, |below| localised(below, Some(&path), texts));
    }
    command
}

fn command_message(name: Option<&str>) -> String {
    name.map_or_else(|| "help".to_owned(), |name| format!("help-{name}"))
}

/// The text of one option: the command's own message if there is one, else the one all commands share.
fn argument_text(command: Option<&str>, argument: &str, texts: &Texts) -> String {
    let argument = argument.replace('_', "-");
    let own = format!("arg-{}-{argument}", command.unwrap_or_default());
    if texts.has(&own) { texts.named(&own) } else { texts.named(&format!("arg-{argument}")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Language;

    #[test]
    fn every_command_and_option_has_a_text_in_both_languages() {
        for language in [Language::En, Language::ZhCn] {
            let texts = Texts::new(language);
            let mut command = command(&texts);
            command.build();
            let mut missing = Vec::new();
            for sub in std::iter::once(&command).chain(command.get_subcommands()) {
                let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
                if about.is_empty() || about.starts_with("help") {
                    missing.push(sub.get_name().to_owned());
                }
                for arg in sub.get_arguments() {
                    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                    if help.is_empty() || help.starts_with("arg-") {
                        missing.push(format!("{} {}", sub.get_name(), arg.get_id()));
                    }
                    if language == Language::ZhCn && help.is_ascii() {
                        missing.push(format!("{} {} in Chinese", sub.get_name(), arg.get_id()));
                    }
                    for value in arg.get_possible_values().iter().filter(|_| arg.get_action().takes_values()) {
                        if !help.contains(value.get_name()) && !value.get_name().starts_with('P') {
                            missing.push(format!("{} {}: value {}", sub.get_name(), arg.get_id(), value.get_name()));
                        }
                    }
                }
            }
            assert!(missing.is_empty(), "{language:?}: {missing:#?}");
        }
    }

    #[test]
    fn the_command_tree_is_sound() {
        command(&Texts::new(Language::En)).debug_assert();
    }

    #[test]
    fn chinese_help_has_no_english_headings() {
        let mut command = command(&Texts::new(Language::ZhCn));
        for help in [
            command.render_help().to_string(),
            command.find_subcommand_mut("collect").expect("collect").render_help().to_string(),
        ] {
            assert!(
                help.contains("用法") && !help.contains("Usage") && !help.contains("Options:") && !help.contains("Print"),
                "{help}"
            );
        }
    }
}
