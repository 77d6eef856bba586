use std::{fs, io::Write as _, path::Path, sync::Arc};

use eventstore::{
    Embedded, EmbeddedOptions, EventStore, Execution, Expected, Filter, RecordedEvent, StreamId,
    server::{Server, ServerOptions},
};
use issuers_domain::{
    ClientEvent, OrganizationCreated, OrganizationEvent, TenantCreated, TenantEvent,
};
use kernel::{Actor, CommandId, OrganizationId, Position, TenantId, Timestamp};
use keyvault::{KeyVault, Owner, RootKey};
use runtime::{Blobs, Config, Flags, FolderBlobs, config::Place};
use serde::Serialize;
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tonic::transport::server::TcpIncoming;

use super::{
    Manifest, export, import,
    import::refuse_interrupted,
    lines::FactLine,
    list,
    package::{ARTWORK, Draft, FACTS, KEYS, Package},
};

/// A cell that nobody serves.
struct Cell {
    data: TempDir,
    config: Config,
}

const PERSON: &str = "person_1";
const ERASED: &str = "person_2";

impl Cell {
    fn new() -> Self {
        runtime::install_cryptography();
        let data = tempfile::tempdir().unwrap();
        let flags = Flags { data: Some(data.path().to_owned()), ..Flags::default() };
        Self { config: Config::load(&flags).unwrap(), data }
    }

    fn events(&self) -> Embedded {
        Embedded::open(EmbeddedOptions::at(self.data.path().join("events"))).unwrap()
    }

    fn vault(&self) -> keyvault::Embedded {
        let root_key = RootKey::load_or_create(self.config.root_key_file()).unwrap();
        let path = self.data.path().join("keys/keys.sqlite");
        keyvault::Embedded::open(keyvault::EmbeddedOptions { path, root_key }).unwrap()
    }

    /// An organisation with tenants, something in each, a member and an erased person.
    async fn settle(&self, organization: OrganizationId, tenants: &[TenantId]) {
        let (events, vault, home) = (self.events(), self.vault(), organization.home());
        let name: issuers_domain::Name = "Lyceum".parse().unwrap();
        let created = OrganizationCreated { organization, name: name.clone() };
        let place = StreamId::named("organization", home, organization);
        append(&events, place, &[OrganizationEvent::Created(created)]).await;
        vault.ensure(&[Owner::new(home, "member_1")]).await.unwrap();
        vault.secret(TenantId::PLATFORM, "email-lookup").await.unwrap();
        for tenant in tenants.iter().copied() {
            let created = TenantCreated { tenant, organization, name: name.clone() };
            let place = StreamId::named("tenant", home, tenant);
            append(&events, place, &[TenantEvent::Created(created)]).await;
            for n in 0..3 {
                let place = StreamId::named("client", tenant, format!("client_{n}"));
                append(&events, place, &vec![ClientEvent::Revoked {}; n + 1]).await;
            }
            let people = [Owner::new(tenant, PERSON), Owner::new(tenant, ERASED)];
            vault.ensure(&people).await.unwrap();
            vault.destroy(&people[1]).await.unwrap();
            vault.put(tenant, "signing-key", b"the signing key").await.unwrap();
            let blobs = FolderBlobs::new(self.data.path().join("blobs"));
            blobs.put(tenant, tenant.to_string().into_bytes().into()).await.unwrap();
        }
        events.close().await;
    }

    async fn export(&self, tenant: TenantId, into: &TempDir) -> Manifest {
        let (to, key) = (into.path().join("tenant"), into.path().join("key"));
        export(&self.config, tenant, &to, &key).await.unwrap()
    }

    async fn import(&self, from: &TempDir) -> Result<super::Imported, String> {
        let (file, key) = (from.path().join("tenant"), from.path().join("key"));
        let imported = import(&self.config, &file, &key).await;
        imported.map_err(|error| format!("{error:#}"))
    }

    /// Every fact but where it stands in the log.
    async fn facts(&self) -> Vec<String> {
        let events = self.events();
        let every = Filter::every_tenant(&[]);
        let page = events.read_all(Position::START, &every, 10_000).await.unwrap();
        events.close().await;
        let told = |fact: &RecordedEvent| {
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            let (data, metadata) = (text(&fact.data), text(&fact.metadata));
            let RecordedEvent { stream, revision, id, kind, .. } = fact;
            format!("{stream} {revision} {id} {kind} {data} {metadata}")
        };
        page.facts.iter().map(told).collect()
    }
}

async fn append<E: Serialize>(events: &Embedded, stream: StreamId, facts: &[E]) {
    let execution = Execution {
        tenant: stream.tenant(),
        actor: Actor::system("tests"),
        command: CommandId::derived(&[stream.as_str().as_bytes()]),
        fingerprint: None,
        causation: None,
        traceparent: None,
        at: Timestamp::from_unix_millis(1_700_000_000_000),
    };
    let write = execution.write(stream, Expected::NoStream, facts).unwrap();
    events.append(vec![write]).await.remove(0).unwrap();
}

fn organization() -> OrganizationId {
    OrganizationId::derived([1; 16])
}

fn tenant(n: u8) -> TenantId {
    TenantId::derived([n; 16])
}

fn of(facts: &[String], tenant: TenantId) -> Vec<&String> {
    let (streams, own) = (format!("-{tenant}."), format!(".{tenant} "));
    facts.iter().filter(|fact| fact.contains(&streams) || fact.contains(&own)).collect()
}

#[tokio::test]
async fn a_tenant_arrives_as_it_was_and_alone() {
    let (old, new, file) = (Cell::new(), Cell::new(), tempfile::tempdir().unwrap());
    old.settle(organization(), &[tenant(2), tenant(3)]).await;
    assert_eq!(list(&old.config).await.unwrap().len(), 2);
    let manifest = old.export(tenant(2), &file).await;
    let imported = new.import(&file).await.unwrap();
    assert_eq!((imported.facts, imported.keys, imported.secrets), (8, 3, 1), "{imported:?}");
    assert_eq!((manifest.facts, manifest.streams, imported.pictures), (8, 5, 1));
    assert!(!imported.organization_was_here);

    let (before, after) = (old.facts().await, new.facts().await);
    assert_eq!(of(&before, tenant(2)), of(&after, tenant(2)));
    assert_eq!(of(&after, tenant(3)), Vec::<&String>::new());
    assert_eq!(before[0], after[0], "the organisation");

    let (one, other) = (old.vault(), new.vault());
    for (owner, lives) in [
        (Owner::new(tenant(2), PERSON), true),
        (Owner::new(tenant(2), ERASED), false),
        (Owner::new(organization().home(), "member_1"), true),
        (Owner::new(tenant(3), PERSON), false),
    ] {
        let keys = (one.key(&owner, 1).await.unwrap(), other.key(&owner, 1).await.unwrap());
        assert_eq!(keys.1.is_some(), lives, "{owner:?}");
        if let (Some(one), Some(other)) = keys {
            let sealed = one.seal(&owner, "test", b"Ada", [7; 24]);
            assert_eq!(other.unseal(&owner, "test", &sealed).unwrap(), b"Ada");
        }
    }
    let secrets = [
        (tenant(2), "award-id"),
        (TenantId::PLATFORM, "email-lookup"),
        (TenantId::PLATFORM, "member-sign-in"),
    ];
    for (whose, purpose) in secrets {
        let (one, other) = (one.secret(whose, purpose).await, other.secret(whose, purpose).await);
        assert_eq!(one.unwrap().expose(), other.unwrap().expose(), "{purpose}");
    }
    let cells =
        (one.secret(TenantId::PLATFORM, "x").await, other.secret(TenantId::PLATFORM, "x").await);
    assert_ne!(cells.0.unwrap().expose(), cells.1.unwrap().expose(), "cells stay two");
    let renewed = other.ensure(&[Owner::new(tenant(2), ERASED)]).await.unwrap();
    assert_eq!(renewed[0].version, 2, "the number of a destroyed key is not given again");
}

#[tokio::test]
async fn a_tenant_that_is_here_stays_as_it_is() {
    let (old, new, file) = (Cell::new(), Cell::new(), tempfile::tempdir().unwrap());
    old.settle(organization(), &[tenant(2)]).await;
    old.export(tenant(2), &file).await;
    new.import(&file).await.unwrap();
    let facts = new.facts().await;
    for cell in [&new, &new, &old] {
        let said = cell.import(&file).await.unwrap_err();
        assert!(said.contains("is here already: nothing was changed"), "{said}");
    }
    assert_eq!(new.facts().await, facts);
}

#[tokio::test]
async fn the_second_tenant_of_an_organisation_leaves_its_members_as_they_are() {
    let (old, new) = (Cell::new(), Cell::new());
    let (file, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    old.settle(organization(), &[tenant(2), tenant(3)]).await;
    old.export(tenant(2), &file).await;
    new.import(&file).await.unwrap();
    let here = new.events();
    let stream = StreamId::named("client", organization().home(), "client_new");
    append(&here, stream, &[ClientEvent::Revoked {}]).await;
    here.close().await;
    old.export(tenant(3), &second).await;
    let imported = new.import(&second).await.unwrap();
    assert!(imported.organization_was_here);
    assert_eq!((imported.facts, imported.keys), (7, 2), "{imported:?}");
    assert_eq!(of(&new.facts().await, tenant(3)), of(&old.facts().await, tenant(3)));
    assert_eq!(list(&new.config).await.unwrap().len(), 2);
}

#[tokio::test]
async fn cells_that_know_people_by_other_names_exchange_no_tenants() {
    let (old, new, file) = (Cell::new(), Cell::new(), tempfile::tempdir().unwrap());
    old.settle(organization(), &[tenant(2)]).await;
    old.export(tenant(2), &file).await;
    let here = new.events();
    let stream = StreamId::named("earner", TenantId::PLATFORM, "earner_1");
    append(
        &here,
        stream,
        &[backpack_domain::EarnerEvent::Erased(backpack_domain::EarnerErased {})],
    )
    .await;
    here.close().await;
    let said = new.import(&file).await.unwrap_err();
    assert!(said.contains("lookup keys"), "{said}");
    assert_eq!(new.facts().await.len(), 1, "nothing else came");
    assert!(refuse_interrupted(&new.config).is_ok(), "and Laurel starts");
}

#[tokio::test]
async fn a_cell_at_another_address_takes_no_tenant_whose_credentials_lead_elsewhere() {
    let (old, mut new, file) = (Cell::new(), Cell::new(), tempfile::tempdir().unwrap());
    old.settle(organization(), &[tenant(2)]).await;
    old.export(tenant(2), &file).await;
    new.config.public_url = "https://other.example".into();
    let said = new.import(&file).await.unwrap_err();
    assert!(said.contains("give this cell that public_url"), "{said}");
    assert_eq!(fs::read_dir(new.data.path()).unwrap().count(), 0, "nothing was written");
}

#[tokio::test]
async fn a_damaged_export_is_refused_before_anything_is_written() {
    let (old, file) = (Cell::new(), tempfile::tempdir().unwrap());
    old.settle(organization(), &[tenant(2)]).await;
    old.export(tenant(2), &file).await;
    let path = file.path().join("tenant");
    let sound = fs::read(&path).unwrap();
    let new = Cell::new();
    for at in (0..sound.len()).step_by(97).chain(sound.len() - 165..sound.len()) {
        let mut damaged = sound.clone();
        damaged[at] ^= 1;
        fs::write(&path, damaged).unwrap();
        assert!(new.import(&file).await.is_err(), "byte {at}");
    }
    for length in [0, 10, sound.len() / 2, sound.len() - 1] {
        fs::write(&path, &sound[..length]).unwrap();
        assert!(new.import(&file).await.is_err(), "{length} bytes");
    }
    fs::write(&path, [&sound[..], b"\n"].concat()).unwrap();
    assert!(new.import(&file).await.is_err(), "more bytes");
    fs::write(&path, &sound).unwrap();
    let key = file.path().join("key");
    let right = fs::read(&key).unwrap();
    fs::write(&key, [9; 32]).unwrap();
    let said = new.import(&file).await.unwrap_err();
    assert!(said.contains("not made with this transport key"), "{said}");
    let left = fs::read_dir(new.data.path()).unwrap().count();
    assert_eq!(left, 0, "nothing was written");
    fs::write(&key, right).unwrap();
    new.import(&file).await.unwrap();
}

/// Writes the export again with other facts, as somebody could who has the transport key.
fn forge(file: &TempDir, change: impl FnOnce(&mut Vec<FactLine>)) {
    let (path, key) = (file.path().join("tenant"), file.path().join("key"));
    let key = RootKey::load(key).unwrap();
    let package = Package::open(&path, &key).unwrap();
    let mut facts = Vec::new();
    let mut lines = package.part(FACTS).unwrap();
    while let Some(line) = lines.next::<FactLine>().unwrap() {
        facts.push(line);
    }
    change(&mut facts);
    let forged = file.path().join("forged");
    let mut draft = Draft::create(&forged).unwrap();
    for line in &facts {
        draft.line(line).unwrap();
    }
    draft.end_part(FACTS);
    for part in [KEYS, ARTWORK] {
        std::io::copy(&mut package.part(part).unwrap(), &mut draft).unwrap();
        draft.end_part(part);
    }
    draft.flush().unwrap();
    let mut manifest = package.manifest.clone();
    manifest.facts = facts.len() as u64;
    manifest.streams = facts.iter().filter(|line| line.revision == 0).count() as u64;
    draft.finish(&forged, &key, manifest).unwrap();
    fs::rename(forged, path).unwrap();
}

fn strange(stream: &StreamId, like: &FactLine) -> FactLine {
    FactLine {
        stream: stream.to_string(),
        revision: 0,
        id: uuid::Uuid::max(),
        kind: "client-revoked.v1".into(),
        metadata: like.metadata.clone(),
        data: "{}".into(),
    }
}

type Change = Box<dyn FnOnce(&mut Vec<FactLine>)>;

#[tokio::test]
async fn a_hostile_export_writes_nothing_into_another_tenant() {
    let (victim, home) = (tenant(9), OrganizationId::derived([8; 16]).home());
    let add = |category: &'static str, whose: TenantId| -> Change {
        let stream = StreamId::named(category, whose, "client_9");
        Box::new(move |facts| facts.push(strange(&stream, &facts[0])))
    };
    let changes: Vec<(&str, Change)> = vec![
        ("which is not of", add("client", victim)),
        ("which is not of", add("client", home)),
        ("which is not of", add("member", TenantId::PLATFORM)),
        ("which is not of", add("award", organization().home())),
        ("which is not of", add("tenant", organization().home())),
        // The envelope says another tenant than the stream.
        ("cannot be read", add("client", tenant(2))),
        ("is missing in the export", Box::new(|facts| facts[2].revision = 5)),
        ("does not tell how", Box::new(|facts| drop(facts.remove(1)))),
        ("no stream", Box::new(|facts| facts[2].stream = "$$settings".into())),
    ];
    for (expected, change) in changes {
        let (old, new, file) = (Cell::new(), Cell::new(), tempfile::tempdir().unwrap());
        old.settle(organization(), &[tenant(2)]).await;
        old.export(tenant(2), &file).await;
        forge(&file, change);
        let said = new.import(&file).await.unwrap_err();
        assert!(said.contains(expected), "{expected}: {said}");
        assert_eq!(fs::read_dir(new.data.path()).unwrap().count(), 0, "nothing was written");
    }
}

#[tokio::test]
async fn an_export_cannot_pretend_to_be_of_an_organisation_that_is_here() {
    let (old, new, file) = (Cell::new(), Cell::new(), tempfile::tempdir().unwrap());
    old.settle(organization(), &[tenant(2)]).await;
    old.export(tenant(2), &file).await;
    new.settle(organization(), &[tenant(5)]).await;
    forge(&file, |facts| facts[0].id = uuid::Uuid::max());
    let said = new.import(&file).await.unwrap_err();
    assert!(said.contains("another organization"), "{said}");
    assert_eq!(of(&new.facts().await, tenant(2)), Vec::<&String>::new());
}

fn begun(new: &Cell, package: &Package) {
    let text = format!(
        r#"{{"tenant":"{}","digest":"{}","organizationWasHere":false,"nobody":true}}"#,
        package.manifest.tenant, package.digest
    );
    fs::write(new.data.path().join("importing.json"), text).unwrap();
}

#[tokio::test]
async fn an_import_that_was_cut_short_goes_on_and_nothing_serves_before() {
    let (old, file) = (Cell::new(), tempfile::tempdir().unwrap());
    old.settle(organization(), &[tenant(2)]).await;
    old.export(tenant(2), &file).await;
    let key = RootKey::load(file.path().join("key")).unwrap();
    let package = Package::open(&file.path().join("tenant"), &key).unwrap();
    let mut whole = old.facts().await;
    whole.sort();
    for there in 0..=8 {
        let new = Cell::new();
        begun(&new, &package);
        let mut lines = package.part(FACTS).unwrap();
        let events = new.events();
        for _ in 0..there {
            let line = lines.next::<FactLine>().unwrap().unwrap();
            let (stream, expected) = (line.stream().unwrap(), Expected::after(line.revision));
            let events_ = vec![line.event()];
            let write = eventstore::Write { stream, expected, events: events_ };
            events.append(vec![write]).await.remove(0).unwrap();
        }
        events.close().await;
        assert!(refuse_interrupted(&new.config).is_err(), "half a tenant is not served");
        assert_eq!(new.import(&file).await.unwrap().facts, 8);
        assert!(refuse_interrupted(&new.config).is_ok());
        let mut facts = new.facts().await;
        facts.sort();
        assert_eq!(facts, whole, "after {there}");
    }
    let (other, new) = (tempfile::tempdir().unwrap(), Cell::new());
    begun(&new, &package);
    old.export(tenant(2), &other).await;
    let said = new.import(&other).await.unwrap_err();
    assert!(said.contains("end that one first"), "{said}");
}

#[tokio::test]
async fn an_export_holds_no_key_in_the_clear_and_never_travels_under_the_root_key() {
    let (old, file) = (Cell::new(), tempfile::tempdir().unwrap());
    old.settle(organization(), &[tenant(2)]).await;
    old.export(tenant(2), &file).await;
    let text = fs::read(file.path().join("tenant")).unwrap();
    let holds = |part: &[u8]| text.windows(part.len()).any(|window| window == part);
    assert!(!holds(b"the signing key"));
    let root = old.config.root_key_file();
    for key in [&root, &file.path().join("key")] {
        assert!(!holds(&fs::read(key).unwrap()));
    }
    for (whose, to, key, said) in [
        (tenant(2), "again", &root, "is the root key"),
        (tenant(2), "tenant", &file.path().join("key"), "there already"),
        (tenant(7), "none", &file.path().join("key"), "there is no tenant"),
    ] {
        let refused = export(&old.config, whose, &file.path().join(to), key).await.unwrap_err();
        assert!(refused.to_string().contains(said), "{refused}");
    }
    assert_eq!(names(file.path()), ["key", "tenant"], "nothing is left over");
}

/// Serves the log of a cell behind KurrentDB's protocol, and lets the cell find it there.
async fn behind_the_protocol(cell: &mut Cell, servers: &mut JoinSet<()>, end: &CancellationToken) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = Server::new(Arc::new(cell.events()), ServerOptions::at("127.0.0.1", port));
    let ended = end.clone().cancelled_owned();
    servers.spawn(async move { server.serve(TcpIncoming::from(listener), ended).await.unwrap() });
    cell.config.stores.events = Place::At(format!("kurrentdb://127.0.0.1:{port}?tls=false"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_moves_between_logs_behind_kurrentdbs_protocol() {
    let (mut old, mut new, file) = (Cell::new(), Cell::new(), tempfile::tempdir().unwrap());
    old.settle(organization(), &[tenant(2), tenant(3)]).await;
    let (mut servers, end) = (JoinSet::new(), CancellationToken::new());
    behind_the_protocol(&mut old, &mut servers, &end).await;
    behind_the_protocol(&mut new, &mut servers, &end).await;
    assert_eq!(list(&old.config).await.unwrap().len(), 2);
    let manifest = old.export(tenant(2), &file).await;
    let imported = new.import(&file).await.unwrap();
    assert_eq!((manifest.facts, imported.facts, imported.keys), (8, 8, 3));
    let said = new.import(&file).await.unwrap_err();
    assert!(said.contains("is here already"), "{said}");
    end.cancel();
    servers.join_all().await;
    let (before, after) = (old.facts().await, new.facts().await);
    assert_eq!(of(&before, tenant(2)), of(&after, tenant(2)));
    assert_eq!(after.len(), 8);
}

fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}
