//! `laurel completions` and `laurel man`: what shells and readers know of the command line.

use std::{fs, io, path::PathBuf};

use anyhow::Context;
use clap_complete::Shell;

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
pub fn completions(options: &Completions, mut command: clap::Command) {
    clap_complete::generate(options.shell, &mut command, "laurel", &mut io::stdout());
}

/// Writes the manual.
///
/// # Errors
/// When the folder cannot be written to.
pub fn man(options: &Man, command: clap::Command) -> anyhow::Result<()> {
    match &options.folder {
        None => clap_mangen::Man::new(command).render(&mut io::stdout())?,
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
