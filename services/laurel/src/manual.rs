//! `laurel completions` and `laurel man`: what shells and readers know of the command line.

use std::{fs, path::PathBuf};

use anyhow::Context;
use clap_complete::Shell;

use crate::say;

/// For which shell.
#[derive(clap::Args, Clone, Debug)]
pub struct Completions {
    /// The shell.
    shell: Shell,
}

/// Where to.
#[derive(clap::Args, Clone, Debug)]
pub struct Man {
    /// The folder that gets a page for each command, such as /usr/local/share/man/man1; the page of
    /// `laurel` alone goes to standard output when absent.
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// Prints a script that completes commands and flags.
///
/// # Errors
/// When standard output cannot be written to.
pub fn completions(options: &Completions, mut command: clap::Command) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut command, "laurel", &mut script);
    Ok(say::text(&String::from_utf8(script)?)?)
}

/// Writes the manual.
///
/// # Errors
/// When the folder or standard output cannot be written to.
pub fn man(options: &Man, command: clap::Command) -> anyhow::Result<()> {
    match &options.folder {
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page)?;
            say::text(&String::from_utf8(page)?)?;
        }
        Some(folder) => {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot make {}", folder.display()))?;
            clap_mangen::generate_to(command, folder)
                .with_context(|| format!("cannot write to {}", folder.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_and_every_shell_a_script() {
        let folder = tempfile::tempdir().unwrap();
        let options = Man { folder: Some(folder.path().to_owned()) };
        man(&options, crate::cli::described()).unwrap();
        for page in ["laurel.1", "laurel-backup.1", "laurel-config-check.1", "laurel-doctor.1"] {
            let text = fs::read_to_string(folder.path().join(page)).unwrap();
            assert!(text.contains(".TH"), "{page}");
        }
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut crate::cli::described(), "laurel", &mut script);
            assert!(String::from_utf8(script).unwrap().contains("verify-backup"), "{shell}");
        }
    }
}
