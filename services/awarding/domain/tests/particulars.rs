//! What of an award is about the person: the forms in which it is sealed.

use awarding_domain::{Particulars, Stated};
use kernel::Timestamp;
use openbadges::Evidence;
use proptest::prelude::*;
use serde_json::Value;

const FIRST: &str = include_str!("../golden/particulars.json");
/// The second form as it was first written.
const SECOND: &str = concat!(
    "02",
    "00000000000000000000000000000000000000000000000000000000000000000000000000000000",
    "000000000000000000000000000000000000000000000000",
    "07070707070707070707070707070707",
    "0f616461406578616d706c652e6f7267",
    "0c416461204c6f76656c616365",
    "01",
    "1857726f7465207468652066697273742070726f6772616d2e",
    "49",
    "5b7b226964223a2268747470733a2f2f6578616d706c652e6f72672f6e6f74652d67222c2274797065223a",
    "5b2245766964656e6365225d2c226e616d65223a224e6f74652047227d5d",
);

fn first() -> Particulars {
    Particulars::read(FIRST.as_bytes()).expect("the first form")
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

/// What the award of the golden files says in the clear.
fn stated() -> Stated {
    Stated {
        credential_id: "https://badges.example/c/award_01h455vb4pex5vsknk084sn02q".to_owned(),
        achieved_at: at("2026-11-20T00:00:00.5Z"),
        issued_at: at("2026-11-23T14:05:06.789Z"),
        expires_at: Some(at("2027-11-23T14:05:06Z")),
        index: 74_211,
    }
}

fn second() -> Particulars {
    let mut second =
        Particulars::new("ada@example.org".to_owned(), "Ada Lovelace".to_owned(), [7; 16]);
    second.narrative = Some("Wrote the first program.".to_owned());
    second.evidence = first().evidence;
    second
}

#[test]
fn each_form_reads_and_writes_as_it_did() {
    let value = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).expect("JSON");
    assert_eq!(value(&first().bytes()), value(FIRST.as_bytes()));
    assert_eq!(hex::encode(second().bytes()), SECOND);
    let bytes = hex::decode(SECOND).expect("hexadecimal");
    assert!(Particulars::read(&bytes) == Some(second()));
}

#[test]
fn the_first_form_fills_the_template_with_what_stands_in_it() {
    let elsewhere = Stated { index: 1, credential_id: String::new(), ..stated() };
    let fill = serde_json::to_value(first().fill(elsewhere)).expect("JSON");
    let golden: Value = serde_json::from_str(FIRST).expect("JSON");
    assert_eq!(fill, golden["fill"]);
}

#[test]
fn the_second_form_fills_the_template_as_the_first_does() {
    let fill = second().fill(stated());
    assert_eq!(fill.salt, "07".repeat(16));
    assert_eq!(fill.identity_hash, openbadges::identity_hash("ada@example.org", &fill.salt));
    let first = first().fill(stated());
    let same = openbadges::Fill { salt: first.salt.clone(), ..fill };
    let same = openbadges::Fill { identity_hash: first.identity_hash.clone(), ..same };
    assert_eq!(same, first);
}

#[test]
fn nothing_is_sealed_that_the_award_says_in_the_clear() {
    let plain = Particulars::new("e".repeat(26), "n".repeat(20), [7; 16]);
    assert_eq!(plain.bytes().len(), 26 + 20 + 64 + 16 + 5);
}

proptest! {
    #[test]
    fn what_is_to_be_sealed_reads_back(
        (email, name) in (".{0,60}", ".{0,200}"), narrative in prop::option::of(".{0,300}"),
        names in prop::collection::vec(prop::option::of(".{0,30}"), 0..4), salt: [u8; 16], half: [u8; 32],
    ) {
        let mut particulars = Particulars::new(email, name, salt);
        particulars.narrative = narrative;
        let evidence = |name| Evidence { name, ..Evidence::new() };
        particulars.evidence = names.into_iter().map(evidence).collect();
        particulars.signature[..32].copy_from_slice(&half);
        prop_assert!(Particulars::read(&particulars.bytes()) == Some(particulars));
    }

    #[test]
    fn bytes_of_any_kind_are_particulars_or_none(
        mut bytes in prop::collection::vec(any::<u8>(), 0..200), second: bool,
    ) {
        if second {
            bytes.insert(0, 2);
        }
        let _ = Particulars::read(&bytes);
    }
}
