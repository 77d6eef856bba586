//! What processes write to standard error: JSON, at every level, and nothing of the people whom
//! Laurel serves.

use std::{
    fs::{self, File},
    process::Stdio,
    time::Duration,
};

use laurel::{demo, partner::Partner, process};
use serde_json::{Value, json};
use tests::{member, payload};
use tokio::io::{AsyncBufReadExt, BufReader};

use super::{ERRORS, award_create, mailed_link};

/// An earner who was made up, in an address and a name that stand nowhere else.
pub const NAME: &str = "Zaphira Quillon";
pub const ADDRESS: &str = "zaphira.quillon@nowhere.example";
/// What gives the earner away, however it is written.
const TELLING: [&str; 3] = ["zaphira", "quillon", "nowhere.example"];

/// The earner gets an award with a letter, signs in, stands in a batch, and in requests that are
/// refused.
pub async fn journey(partner: &Partner, guest: &Partner, badge: &str, outbox: &std::path::Path) {
    let give = json!({ "input": {
        "idempotencyKey": ADDRESS,
        "badgeId": badge,
        "recipient": { "email": { "address": ADDRESS, "displayName": NAME } },
        "notify": true,
    } });
    for _ in 0..2 {
        payload(partner, "awardCreate", &award_create(), give.clone()).await.unwrap();
    }
    let link = mailed_link(guest, outbox, ADDRESS).await;
    let redeem = format!(
        "mutation($input: SignInLinkRedeemInput!) {{ signInLinkRedeem(input: $input) {{
           session {{ accessTokens {{ token }} }} {ERRORS} }} }}"
    );
    for token in [link.clone(), link, format!("{NAME} {ADDRESS}")] {
        let input = json!({ "input": { "token": token, "audience": "EARNER" } });
        payload(guest, "signInLinkRedeem", &redeem, input).await.unwrap();
    }
    let batch = format!(
        "mutation {{ awardBatchCreate(input: {{ badgeId: {badge:?}, idempotencyKey: {NAME:?},
           csv: \"email,name\\n{ADDRESS},{NAME}\\nno address of {NAME},{NAME}\\n\" }}) {{
           start {{ batch {{ id }} }} {ERRORS} }} }}"
    );
    let started = payload(partner, "awardBatchCreate", &batch, json!({})).await.unwrap();
    let id = started["start"]["batch"]["id"].as_str().expect("a batch").to_owned();
    tests::load::finished(partner, &id).await;
    for wrong in [
        format!("query ZaphiraQuillon($x: Int) {{ earner(email: {ADDRESS:?}) {{ id }} }}"),
        format!("{{ earner(email: \"{NAME}\") {{ id }} }} # {ADDRESS}"),
        format!("{{ {} }}", TELLING[0]),
    ] {
        partner.send(&wrong, json!({})).await.unwrap();
    }
    let paths = [format!("/c/{ADDRESS}"), format!("/zaphira/quillon?email={ADDRESS}")];
    for path in paths {
        let url = format!("{}{path}", guest.base());
        let request = guest.http().get(url).header("x-request-id", "zaphira-quillon");
        request.header("user-agent", NAME).send().await.unwrap();
    }
}

/// Whether something tells of the earner; says what.
pub fn tells(text: &str) -> Option<&str> {
    let lower = text.to_lowercase();
    let told = |line: &&str| {
        let line = line.to_lowercase();
        TELLING.iter().any(|word| line.contains(word))
    };
    TELLING.iter().any(|word| lower.contains(word)).then(|| text.lines().find(told)).flatten()
}

/// The lines of a log, each of which is one JSON object.
pub fn lines(log: &str) -> Vec<Value> {
    let parsed = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
    log.lines().filter(|line| !line.is_empty()).map(parsed).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_an_earner_is_logged_at_any_level() {
    let folder = tempfile::tempdir().unwrap();
    let (data, log) = (folder.path().join("data"), folder.path().join("log"));
    let arguments =
        ["serve", "--json", "--listen", "127.0.0.1:0", "--log-level", "debug", "--data"];
    let mut arguments: Vec<String> = arguments.map(str::to_owned).into();
    arguments.push(data.display().to_string());
    let mut serving = member::starter("the_member")(&arguments).unwrap();
    serving.env("LAUREL__LOG__FORMAT", "json").stdin(Stdio::null()).kill_on_drop(true);
    serving.stdout(Stdio::piped()).stderr(File::create(&log).unwrap());
    let mut serving = serving.spawn().unwrap();
    let mut said = BufReader::new(serving.stdout.take().unwrap()).lines();
    let url = loop {
        let line = said.next_line().await.unwrap().expect("it says where it listens");
        if let Some(at) = line.find('{') {
            let addresses: Value = serde_json::from_str(&line[at..]).unwrap();
            break addresses["listening"].as_str().unwrap().to_owned();
        }
    };
    let guest = Partner::new(&url).unwrap();
    let config = tests::config(&data).unwrap();
    let operator = process::operator_token(&config).await.unwrap();
    let seeded = demo::organization(&guest, &operator, &data).await.unwrap();
    let outbox = data.join("outbox");
    journey(&seeded.partner, &guest, &seeded.badge, &outbox).await;
    serving.kill().await.unwrap();
    let log = fs::read_to_string(log).unwrap();
    assert_eq!(tells(&log), None);
    let lines = lines(&log);
    let levels: Vec<_> = lines.iter().map(|line| line["level"].as_str().unwrap()).collect();
    assert!(levels.contains(&"DEBUG") && levels.contains(&"INFO"), "{levels:?}");
    let letter = |line: &Value| line["message"] == "a letter lies in the outbox";
    assert!(lines.iter().any(letter), "the journey was logged");
    tokio::time::timeout(Duration::from_secs(5), serving.wait()).await.unwrap().unwrap();
}
