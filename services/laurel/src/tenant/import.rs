use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, bail, ensure};
use eventstore::{Embedded, EmbeddedOptions, EventStore, Filter, Kurrent, KurrentOptions};
use kernel::{OrganizationId, Position, TenantId};
use keyvault::{Admission, Admitted, Moved, RootKey};
use runtime::{Blobs, Config, FolderBlobs};
use serde::{Deserialize, Serialize};

use super::{
    belongings::Belongings,
    lines::{FactLine, KeyLine, PictureLine},
    package::{ARTWORK, FACTS, KEYS, Package},
};

mod appending;
mod examining;

use self::{appending::Appending, examining::examine};

/// What came with a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Imported {
    /// Which tenant.
    pub tenant: TenantId,
    /// To which organisation it belongs.
    pub organization: OrganizationId,
    /// Whether that was here before; then its members and API clients are as they were.
    pub organization_was_here: bool,
    /// Facts that were appended, now or by the same import before.
    pub facts: u64,
    /// Keys of people and other owners, also those destroyed.
    pub keys: u64,
    /// Secrets, such as signing keys.
    pub secrets: u64,
    /// Pictures.
    pub pictures: u64,
}

/// An import under way: it stands in the data folder until the import ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Begun {
    tenant: TenantId,
    /// Which export.
    digest: String,
    /// Whether the organisation was here before.
    organization_was_here: bool,
    /// Whether nobody was known here.
    nobody: bool,
}

/// Before whom is the cell still without people.
const PEOPLE: [&str; 6] = ["award", "person", "earner", "earnersignin", "member", "signin"];

/// Takes a tenant in from an export. Nothing is written before all of it was examined.
///
/// # Errors
/// When the file is damaged or hostile, the tenant is here, or the stores are in use or fail.
pub async fn import(config: &Config, file: &Path, key: &Path) -> anyhow::Result<Imported> {
    ensure!(
        config.stores.keys.url().is_none(),
        "stores.keys are another role's: stop it, and import where its folder is, with stores.keys = \
         \"embedded\""
    );
    let transport = RootKey::load(key)?;
    let (file, opening) = (file.to_owned(), transport.clone());
    let package = tokio::task::spawn_blocking(move || {
        let package = Package::open(&file, &opening)?;
        examine(&package, &opening)?;
        anyhow::Ok(package)
    })
    .await??;
    let (theirs, ours) = (&package.manifest.public_url, &config.public_url);
    ensure!(
        theirs == ours,
        "its credentials say {theirs} and this cell is {ours}: they would have no status here; give \
         this cell that public_url, and have that address lead here"
    );
    Cell::open(config, package, transport)?.take_in().await
}

/// Refuses to serve where an import was cut short: letters that were sent would be sent again.
///
/// # Errors
/// When one was.
pub fn refuse_interrupted(config: &Config) -> anyhow::Result<()> {
    match Begun::read(&config.data)? {
        None => Ok(()),
        Some(begun) => bail!(
            "the import of {} was cut short: run `laurel tenant import` with the same file again",
            begun.tenant
        ),
    }
}

impl Begun {
    fn file(data: &Path) -> PathBuf {
        data.join("importing.json")
    }

    fn read(data: &Path) -> anyhow::Result<Option<Self>> {
        let file = Self::file(data);
        match fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .with_context(|| format!("cannot read {}", file.display())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
        }
    }

    fn write(&self, data: &Path) -> anyhow::Result<()> {
        let (file, draft) = (Self::file(data), data.join(".importing.partial"));
        fs::write(&draft, serde_json::to_vec(self)?)?;
        File::open(&draft)?.sync_all()?;
        fs::rename(&draft, file)?;
        Ok(File::open(data)?.sync_all()?)
    }

    fn end(data: &Path) -> anyhow::Result<()> {
        fs::remove_file(Self::file(data))?;
        Ok(File::open(data)?.sync_all()?)
    }
}

/// A cell that takes a tenant in, its stores open and nobody else at them.
struct Cell {
    data: PathBuf,
    package: Package,
    transport: RootKey,
    ours: Belongings,
    vault: Admission,
    events: Arc<dyn EventStore>,
    embedded: Option<Arc<Embedded>>,
}

impl Cell {
    fn open(config: &Config, package: Package, transport: RootKey) -> anyhow::Result<Self> {
        let data = config.data.clone();
        fs::create_dir_all(&data).with_context(|| format!("cannot make {}", data.display()))?;
        let path = data.join("keys/keys.sqlite");
        let place = config.root_key_file();
        // Where there is a vault already, a new key would be a wrong one.
        let root_key =
            if path.exists() { RootKey::load(place) } else { RootKey::load_or_create(place) }?;
        let vault = Admission::open(keyvault::EmbeddedOptions { path, root_key })
            .context("Laurel serves here")?;
        let (events, embedded): (Arc<dyn EventStore>, _) =
            if let Some(url) = config.stores.events.url() {
                (Arc::new(Kurrent::connect(&KurrentOptions::at(url))?), None)
            } else {
                let events = Embedded::open(EmbeddedOptions::at(data.join("events")));
                let events = Arc::new(events.context("Laurel serves here")?);
                (Arc::clone(&events) as _, Some(events))
            };
        let (tenant, organization) = (package.manifest.tenant, package.manifest.organization);
        let ours = Belongings { tenant, organization };
        Ok(Self { data, package, transport, ours, vault, events, embedded })
    }

    async fn take_in(mut self) -> anyhow::Result<Imported> {
        let (begun, goes_on) = match Begun::read(&self.data)? {
            Some(begun) if begun.digest == self.package.digest => (begun, true),
            Some(begun) => {
                bail!("the import of {} was cut short: end that one first", begun.tenant)
            }
            None => {
                let begun = self.begin().await?;
                begun.write(&self.data)?;
                (begun, false)
            }
        };
        let admitted = self.keys(&begun);
        if admitted.is_err() && !goes_on {
            // All keys come or none, and they come first: nothing was written.
            Begun::end(&self.data)?;
        }
        let admitted = admitted?;
        let pictures = self.pictures().await?;
        let facts = self.facts(&begun).await?;
        if let Some(events) = &self.embedded {
            events.close().await;
        }
        Begun::end(&self.data)?;
        Ok(Imported {
            tenant: self.ours.tenant,
            organization: self.ours.organization,
            organization_was_here: begun.organization_was_here,
            facts,
            keys: admitted.live + admitted.destroyed,
            secrets: admitted.secrets,
            pictures,
        })
    }

    /// Whether the tenant may come.
    async fn begin(&self) -> anyhow::Result<Begun> {
        let Belongings { tenant, .. } = self.ours;
        let here = self.any(&Filter::tenant(tenant, &[])).await? || self.vault.knows(tenant)?;
        ensure!(!here, "{tenant} is here already: nothing was changed");
        let stream = self.ours.organization_stream();
        let here = self.events.read(&stream, 0, 1).await?;
        let organization_was_here = if let Some(here) = here.first() {
            let same = self.organization()?.is_some_and(|line| {
                line.id == here.id
                    && line.data.as_bytes() == here.data
                    && line.metadata.as_bytes() == here.metadata
            });
            ensure!(same, "another organization {} is here: nothing was changed", stream.id());
            true
        } else {
            let home = Filter::tenant(self.ours.home(), &[]);
            ensure!(!self.any(&home).await?, "its organization is half here: nothing was changed");
            false
        };
        let nobody = !self.any(&Filter::every_tenant(&PEOPLE)).await?;
        let digest = self.package.digest.clone();
        Ok(Begun { tenant, digest, organization_was_here, nobody })
    }

    async fn any(&self, filter: &Filter) -> anyhow::Result<bool> {
        let mut after = Position::START;
        loop {
            let page = self.events.read_all(after, filter, 1).await?;
            if !page.facts.is_empty() || page.at_head {
                return Ok(!page.facts.is_empty());
            }
            after = page.next;
        }
    }

    /// The first fact of the organisation in the export.
    fn organization(&self) -> anyhow::Result<Option<FactLine>> {
        let (mut lines, stream) = (self.package.part(FACTS)?, self.ours.organization_stream());
        while let Some(line) = lines.next::<FactLine>()? {
            if line.stream == stream.as_str() {
                return Ok(Some(line));
            }
        }
        Ok(None)
    }

    /// All keys or none. Where the organisation was here, its key must be the same, and the keys of
    /// its members are as they are.
    fn keys(&mut self, begun: &Begun) -> anyhow::Result<Admitted> {
        let (home, was_here) = (self.ours.home(), begun.organization_was_here);
        let stays = move |moved: &Moved| match moved {
            Moved::Owner { owner, .. } => was_here && owner.tenant == home,
            Moved::Secret { tenant, .. } => was_here && *tenant == home,
            Moved::Tenant { .. } | Moved::Lookup { .. } => false,
        };
        let mut lines = self.package.part(KEYS)?;
        let lines = std::iter::from_fn(|| lines.next::<KeyLine>().transpose());
        let keys = lines.map(|line| line.map(Moved::from));
        let keys = keys.filter(|line| !line.as_ref().is_ok_and(stays));
        Ok(self.vault.admit(&self.transport, begun.nobody, keys)?)
    }

    async fn pictures(&self) -> anyhow::Result<u64> {
        let blobs = FolderBlobs::new(self.data.join("blobs"));
        let mut lines = self.package.part(ARTWORK)?;
        let mut count = 0;
        while let Some(line) = lines.next::<PictureLine>()? {
            blobs.put(self.ours.tenant, line.picture(&mut lines)?.into()).await?;
            count += 1;
        }
        Ok(count)
    }

    /// Appends the facts, in their order and at their revisions. What stands there already, the
    /// same, is left.
    async fn facts(&self, begun: &Begun) -> anyhow::Result<u64> {
        let (home, tenants) = (self.ours.home(), self.ours.tenant_stream());
        let mut lines = self.package.part(FACTS)?;
        let mut appending = Appending::new(&*self.events);
        while let Some(line) = lines.next::<FactLine>()? {
            let stream = line.stream()?;
            ensure!(self.ours.has(&stream), "{stream} belongs to somebody else");
            if begun.organization_was_here && stream.tenant() == home && stream != tenants {
                continue;
            }
            appending.push(stream, line).await?;
        }
        appending.end().await
    }
}
