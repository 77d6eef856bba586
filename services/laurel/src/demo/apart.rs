//! The demo with every role in a process of its own.

use tokio::process::Command;

use super::{Options, Scene};
use crate::{
    fleet::Fleet,
    partner::Partner,
    process,
    say::{self, say},
};

/// Starts them, seeds, says what to look at, and ends them when told to.
pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    let starter = |arguments: &[String]| {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(arguments);
        Ok(command)
    };
    let folder = options.data.join("fleet");
    let fleet = Fleet::start(&folder, options.listen, Box::new(starter)).await?;
    let outcome = seed(&fleet, options).await;
    if outcome.is_ok() && !options.once {
        return process::until_signal(async {
            if let Err(error) = fleet.stop().await {
                say::complain(format_args!("{error:#}"));
            }
        })
        .await;
    }
    fleet.stop().await?;
    outcome
}

async fn seed(fleet: &Fleet, options: &Options) -> anyhow::Result<()> {
    let observer = fleet.observer()?;
    let operator = process::operator_token(&observer).await?;
    let guest = Partner::new(&fleet.url())?;
    let data = fleet.folder().join("shared");
    let scene = Scene::play(&guest, &operator, &data).await?;
    if options.once || options.json {
        say!("{}", scene.summary(&fleet.url()))?;
    } else {
        say::text(&scene.told(&observer.public_url, &data))?;
        let folder = fleet.folder().display();
        say!("\nEach role runs apart; their logs, certificates and settings are in {folder}.")?;
    }
    Ok(())
}
