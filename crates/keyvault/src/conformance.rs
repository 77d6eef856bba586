//! What every vault must do. An adapter's test calls [`all`] on an empty vault.

use kernel::TenantId;

use crate::{KeyVault, Owner, VaultError, unseal};

/// Runs every check.
///
/// # Panics
/// When a promise is broken.
pub async fn all(vault: &dyn KeyVault) {
    an_owner_keeps_its_key(vault).await;
    many_owners_get_keys_in_their_order(vault).await;
    a_destroyed_key_is_gone_and_its_number_too(vault).await;
    a_tenant_is_a_world_of_its_own(vault).await;
    a_secret_is_put_once(vault).await;
    what_is_out_of_bounds_is_refused(vault).await;
}

fn tenant(n: u8) -> TenantId {
    TenantId::derived([n; 16])
}

async fn ensure(vault: &dyn KeyVault, owner: &Owner) -> crate::DataKey {
    let mut keys = vault.ensure(std::slice::from_ref(owner)).await.expect("the vault answers");
    keys.pop().expect("a key for the owner")
}

async fn an_owner_keeps_its_key(vault: &dyn KeyVault) {
    let owner = Owner::new(tenant(1), "person_a");
    let sealed = ensure(vault, &owner).await.seal(&owner, "name", b"Ada", [1; 24]);
    assert_eq!(sealed.key_version, 1);
    assert_eq!(
        ensure(vault, &owner).await.unseal(&owner, "name", &sealed).as_deref(),
        Ok(&b"Ada"[..])
    );
    let found = unseal(vault, owner.tenant, "name", &sealed).await.expect("the vault answers");
    assert_eq!(found.as_deref(), Some(&b"Ada"[..]));
    let other = unseal(vault, owner.tenant, "email", &sealed).await;
    assert!(matches!(other, Err(VaultError::Corrupt(_))), "purposes are bound");
    assert!(vault.key(&owner, 2).await.expect("the vault answers").is_none(), "never made");
}

async fn many_owners_get_keys_in_their_order(vault: &dyn KeyVault) {
    let mut owners: Vec<_> =
        (0..300).map(|n| Owner::new(tenant(2), format!("person_{n}"))).collect();
    owners.push(owners[7].clone());
    let keys = vault.ensure(&owners).await.expect("the vault answers");
    assert_eq!(keys.len(), owners.len());
    for (owner, key) in owners.iter().zip(&keys) {
        let sealed = key.seal(owner, "name", b"x", [1; 24]);
        assert_eq!(
            ensure(vault, owner).await.unseal(owner, "name", &sealed).as_deref(),
            Ok(&b"x"[..])
        );
    }
    assert_eq!(vault.ensure(&[]).await.expect("the vault answers").len(), 0);
}

async fn a_destroyed_key_is_gone_and_its_number_too(vault: &dyn KeyVault) {
    let owner = Owner::new(tenant(3), "person_a");
    let neighbour = Owner::new(tenant(3), "person_b");
    let sealed = ensure(vault, &owner).await.seal(&owner, "name", b"Ada", [1; 24]);
    let kept = ensure(vault, &neighbour).await.seal(&neighbour, "name", b"Bob", [1; 24]);
    vault.destroy(&owner).await.expect("destroyed");
    vault.destroy(&owner).await.expect("destroying twice is destroying once");
    assert!(unseal(vault, owner.tenant, "name", &sealed).await.expect("answers").is_none());
    let again = ensure(vault, &owner).await;
    assert_eq!(again.version, 2);
    assert!(vault.key(&owner, 1).await.expect("answers").is_none());
    assert!(unseal(vault, owner.tenant, "name", &sealed).await.expect("answers").is_none());
    let kept = unseal(vault, neighbour.tenant, "name", &kept).await.expect("answers");
    assert_eq!(kept.as_deref(), Some(&b"Bob"[..]));
    let stranger = Owner::new(tenant(3), "person_never");
    vault.destroy(&stranger).await.expect("nothing to destroy");
    assert_eq!(ensure(vault, &stranger).await.version, 1);
}

async fn a_tenant_is_a_world_of_its_own(vault: &dyn KeyVault) {
    let here = Owner::new(tenant(4), "person_a");
    let there = Owner::new(tenant(5), "person_a");
    let sealed = ensure(vault, &here).await.seal(&here, "name", b"Ada", [1; 24]);
    let key = ensure(vault, &there).await;
    assert!(
        key.unseal(&here, "name", &sealed).is_err() && key.unseal(&there, "name", &sealed).is_err()
    );
    let secret = async |tenant, purpose| {
        vault.secret(tenant, purpose).await.expect("answers").expose().to_vec()
    };
    let lookup = secret(here.tenant, "email-lookup").await;
    assert_eq!(lookup.len(), 32);
    assert_eq!(lookup, secret(here.tenant, "email-lookup").await);
    assert_ne!(lookup, secret(here.tenant, "another").await);
    assert_ne!(lookup, secret(there.tenant, "email-lookup").await);
}

async fn a_secret_is_put_once(vault: &dyn KeyVault) {
    let get = async |tenant, name| {
        let found = vault.get(tenant, name).await.expect("answers");
        found.map(|secret| secret.expose().to_vec())
    };
    assert_eq!(get(tenant(6), "seed").await, None);
    vault.put(tenant(6), "seed", b"first").await.expect("put");
    vault.put(tenant(6), "seed", b"first").await.expect("the same again");
    assert!(matches!(vault.put(tenant(6), "seed", b"second").await, Err(VaultError::Taken)));
    assert_eq!(get(tenant(6), "seed").await.as_deref(), Some(&b"first"[..]));
    assert_eq!(get(tenant(7), "seed").await, None);
    vault.put(tenant(7), "seed", b"second").await.expect("another tenant's name is free");
}

async fn what_is_out_of_bounds_is_refused(vault: &dyn KeyVault) {
    let refused = async |subject: String| {
        let outcome = vault.ensure(&[Owner::new(tenant(8), subject)]).await;
        assert!(matches!(outcome, Err(VaultError::Invalid(_))));
    };
    refused(String::new()).await;
    refused("x".repeat(201)).await;
    let large = vault.put(tenant(8), "large", &vec![0; 65 * 1024]).await;
    assert!(matches!(large, Err(VaultError::Invalid(_))));
    assert!(matches!(vault.put(tenant(8), "", b"x").await, Err(VaultError::Invalid(_))));
    assert!(matches!(vault.secret(tenant(8), "").await, Err(VaultError::Invalid(_))));
    let many = vec![Owner::new(tenant(8), "person_a"); 10_001];
    assert!(matches!(vault.ensure(&many).await, Err(VaultError::Invalid(_))));
}
