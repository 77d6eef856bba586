//! Digests of contexts as their publishers serve them.
//!
//! Copies in packages are often formatted otherwise, so these are facts of their own and not
//! computed from what is bundled. The SHA-256 of each current one is printed by a W3C
//! Recommendation.

/// What is known of one revision: URL, SHA-256, SHA-384, SHA-512.
type Row = (&'static str, [&'static str; 3]);

/// The second revision of credentials 2.0 is that of 2024-07-20: documents written before the
/// Recommendation refer to it. It is known by its digests only; nothing is ever expanded with it.
const KNOWN: &[Row] = &[
    (
        "https://www.w3.org/ns/credentials/v2",
        [
            "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734",
            "97f1eb8e5042356c805fdd61afa2c557663785e0794dcafa21e138fd38def18cb360133c221aa31d6896a6bf3e65b614",
            "5d55452bd2dcf8a29f5a290473eb242b1c5fb77d4e68f1a0aa87baa4dba2694852d65ec63d48ac04a99d956f9f7153b9406f84d2d04c74869b02c239a1d81305",
        ],
    ),
    (
        "https://www.w3.org/ns/credentials/v2",
        [
            "24a18c90e9856d526111f29376e302d970b2bd10182e33959995b0207d7043b9",
            "35239c36999d2155312091af194a1edb61634d6ad789a5e5b19f2aebdd762dd9d1dcaada40eda7ef921c6b8c0ae107a0",
            "cb1336dfa8670d80d03344b3b0cc25faf4d45201823c35f39bb1afe5a9f911f615ff4ec80ec5f2f89e33d14e96bec8be78e38df35b918c9cd5f3b3449bd6c88f",
        ],
    ),
    (
        "https://www.w3.org/ns/credentials/status/v1",
        [
            "fda5add353231e6a6884a46b12e6c75464281900cb348284d9c360f62381d9f7",
            "ac0ef813833ebd666b6170a61c5adacc6d7d2f5a040d16c2928e8414d4fa07f64d70313021e02bf4f97bdd123ed9a84e",
            "ff2ca7667b990373b46b12535e6b8de8eae270143278715ad935b159216521e514cb1ccd8517410a2429527e24d8fc96f88f8b734887a2602e6ee07b83b66fed",
        ],
    ),
    (
        "https://w3id.org/security/data-integrity/v2",
        [
            "67f21e6e33a6c14e5ccfd2fc7865f7474fb71a04af7e94136cb399dfac8ae8f4",
            "0ee2d7626717f8b07cd449b525d5e2b71fe27209fc99e53089e0169dd2944d793feea4526fc60bb9cca1cd96512391f6",
            "39cd7a9a4047b74b8524640fe35633e81e8286d14bdbb7e77d0e08d850b00d6a35b0185d5de35c479baedb23a17989d9f628ac95531fdd79c0c5a0f632d9fa95",
        ],
    ),
    (
        "https://w3id.org/security/multikey/v1",
        [
            "ba2c182de2d92f7e47184bcca8fcf0beaee6d3986c527bf664c195bbc7c58597",
            "0fa51641d12fb8c701b2e6a9492556f25d32bb4af84a96f11808f0a623b972434dd18a8f1f1865bc68d8ee046c4e5a3e",
            "127d1338ea7f702d745ed5bf6900eda8aac4419da5463181fca02c27e05085106e7d3eece9ea0e156bcff5c3f99eead397785c453bc579f7dd5496a991e10b5f",
        ],
    ),
    (
        "https://w3id.org/security/jwk/v1",
        [
            "0f14b62f6071aafe00df265770ea0c7508e118247d79b7d861a406d2aa00bece",
            "762dc55ce79f361e3bbeb7d3cb0ddb3e44b8e2885261f8283183959d1aaa33904af6a8005059ed9641500eab7d8ddae5",
            "0efbff84523d720a2f331fec4fbedc969ee2e75764c0ed325c72cb56bc539d3a9c642023c958735afd5357554ab1f7e13111f0dcf861f59b2bc045126cd85211",
        ],
    ),
    (
        "https://www.w3.org/ns/cid/v1",
        [
            "ea216ecc1cb02cd39b693dba2250141e270ba0bf95890be107dd9a9e8e43de85",
            "327d924d4a48518eb5425e8a9430a3f20d9678bb1111cddbf0ff2a67b854ee485c2ef149dfcd4516dfc1af7e733bec18",
            "2b46fc794597baa8e55b85621e7ba3829ac89cda777496b60fe44c0aa1cbbffd0c4ee7709a2d9fb4d6255380342b49a15ac0b3d6e6084a5505c6cc4253c357cb",
        ],
    ),
];

/// Gives the digests known of a URL, in hexadecimal, revision by revision; none when it is unknown.
pub(super) fn of(url: &str) -> impl Iterator<Item = &'static [&'static str; 3]> {
    KNOWN.iter().filter(move |(known, _)| *known == url).map(|(_, digests)| digests)
}
